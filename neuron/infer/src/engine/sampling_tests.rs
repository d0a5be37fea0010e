use super::*;

fn options(temperature: f32, top_p: f32, top_k: usize, seed: u64) -> SamplingOptions {
	SamplingOptions {
		temperature,
		top_p,
		top_k,
		seed,
	}
}

/// How often each of the tokens comes, in 20,000 draws.
fn shares(logits: &[f32], options: SamplingOptions) -> Vec<f64> {
	let mut sampling = Sampling::Options(options);
	let mut counts = vec![0u32; logits.len()];
	for place in 0..20_000 {
		counts[sampling.pick(logits, place).unwrap() as usize] += 1;
	}
	counts.into_iter().map(|count| f64::from(count) / 20_000.0).collect()
}

fn close(found: &[f64], expected: &[f64]) {
	for (found, expected) in found.iter().zip(expected) {
		// Five deviations of the share of 20,000 draws, at most.
		assert!((found - expected).abs() < 0.018, "{found} against {expected}");
		assert!(*expected > 0.0 || *found == 0.0);
	}
}

#[test]
fn draws_follow_the_probabilities_the_temperature_and_the_cuts() {
	// Probabilities 0.4, 0.1, 0.3, 0.2.
	let logits = [0.4f32.ln(), 0.1f32.ln(), 0.3f32.ln(), 0.2f32.ln()];
	close(&shares(&logits, options(1.0, 1.0, 0, 1)), &[0.4, 0.1, 0.3, 0.2]);
	close(
		&shares(&logits, options(0.5, 1.0, 0, 2)),
		&[16.0 / 30.0, 1.0 / 30.0, 9.0 / 30.0, 4.0 / 30.0],
	);
	close(
		&shares(&logits, options(1.0, 1.0, 2, 3)),
		&[4.0 / 7.0, 0.0, 3.0 / 7.0, 0.0],
	);
	close(
		&shares(&logits, options(1.0, 0.69, 0, 4)),
		&[4.0 / 7.0, 0.0, 3.0 / 7.0, 0.0],
	);
	close(
		&shares(&logits, options(1.0, 0.71, 0, 5)),
		&[4.0 / 9.0, 0.0, 3.0 / 9.0, 2.0 / 9.0],
	);
	close(&shares(&logits, options(1.0, 1e-6, 0, 6)), &[1.0, 0.0, 0.0, 0.0]);
	close(&shares(&logits, options(1e-30, 1.0, 0, 7)), &[1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn the_nucleus_is_that_of_a_full_sort() {
	let logits: Vec<f32> = (0..500).map(|index| ((index * 7919) % 500) as f32 / 40.0).collect();
	let total: f64 = logits.iter().map(|logit| f64::from(logit.exp())).sum();
	let mut sorted: Vec<f64> = logits.iter().map(|logit| f64::from(logit.exp()) / total).collect();
	sorted.sort_by(|left, right| right.total_cmp(left));
	for top_p in [0.05, 0.5, 0.9, 0.99] {
		let mut sum = 0.0;
		let expected = 1 + sorted
			.iter()
			.take_while(|share| {
				sum += **share;
				sum < top_p
			})
			.count();
		let mut candidates: Vec<(u32, f32)> = (0..).zip(logits.iter().map(|logit| logit.exp())).collect();
		keep_nucleus(&mut candidates, top_p, |left, right| right.1.total_cmp(&left.1));
		assert_eq!(candidates.len(), expected, "top_p {top_p}");
	}
}

#[test]
fn a_seed_and_a_place_give_one_token_and_others_give_others() {
	let logits = vec![0.0; 1_000];
	let pick = |seed, place| {
		Sampling::Options(options(1.0, 1.0, 0, seed))
			.pick(&logits, place)
			.unwrap()
	};
	let answer = |seed| (0..20).map(|place| pick(seed, place)).collect::<Vec<_>>();
	assert_eq!(answer(1), answer(1));
	assert_ne!(answer(1), answer(2));
	assert!(answer(1).windows(2).any(|pair| pair[0] != pair[1]));
}

#[test]
fn what_is_no_number_and_bad_options_are_refused() {
	let mut greedy = Sampling::default();
	assert_eq!(greedy.pick(&[1.0, 3.0, 3.0], 0).unwrap(), 1);
	for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
		let error = greedy.pick(&[1.0, bad], 4);
		assert!(matches!(error, Err(EngineError::NotANumber { place: 4 })));
	}
	for bad in [
		options(-0.1, 1.0, 0, 0),
		options(f32::NAN, 1.0, 0, 0),
		options(1.0, 0.0, 0, 0),
		options(1.0, 1.1, 0, 0),
	] {
		assert!(matches!(Sampling::Options(bad).check(), Err(EngineError::Invalid(_))));
	}
	struct Wild;
	impl Sampler for Wild {
		fn sample(&mut self, _: &[f32], place: usize) -> Result<u32, String> {
			if place == 0 { Ok(2) } else { Err("no".to_owned()) }
		}
	}
	let mut wild = Sampling::Custom(Box::new(Wild));
	assert!(
		wild.pick(&[0.0, 0.0], 0)
			.unwrap_err()
			.to_string()
			.contains("vocabulary of 2")
	);
	assert!(wild.pick(&[0.0, 0.0], 1).unwrap_err().to_string().contains("no"));
}

#[test]
fn logprobs_are_those_of_the_softmax() {
	let logits = [
		0.4f32.ln() + 7.0,
		0.1f32.ln() + 7.0,
		0.3f32.ln() + 7.0,
		0.2f32.ln() + 7.0,
	];
	let found = logprobs(&logits, 1, 2);
	assert!((found.logprob - 0.1f32.ln()).abs() < 1e-6);
	assert_eq!(found.top.iter().map(|(token, _)| *token).collect::<Vec<_>>(), [0, 2]);
	assert!((found.top[1].1 - 0.3f32.ln()).abs() < 1e-6);
	assert!(logprobs(&logits, 0, 0).top.is_empty());
	assert_eq!(logprobs(&logits, 0, 20).top.len(), 4);
}
