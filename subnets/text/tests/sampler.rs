//! The sampler picks what softmax would, and picks it again.

use proptest::prelude::*;
use subnet_text::{Sampler, SamplerError};

fn sampler(temperature: f32) -> Sampler {
	let seed = core::array::from_fn(|index| index as u8);
	Sampler::new(seed, temperature).expect("a sound temperature")
}

/// Computed with an independent implementation (Python, from Bernstein's description of ChaCha with 8 rounds).
#[test]
fn the_noise_is_pinned() {
	for (position, token, expected) in [
		(0, 0, 0.549_081_442_798_834_5),
		(0, 49_151, 1.212_660_613_872_697_4),
		(3, 1_000, 3.358_025_999_913_655_5),
		(511, 17, -0.947_666_619_231_780_7),
	] {
		let noise = sampler(1.0).noise(position, token);
		assert!(
			(noise - expected).abs() < 1e-12,
			"g({position}, {token}) = {noise}, expected {expected}"
		);
	}
}

/// Pearson's statistic of `draws` picks against `softmax(logits / expected_temperature)`.
fn chi_square(logits: &[f32], temperature: f32, expected_temperature: f64, draws: u32) -> f64 {
	let sampler = sampler(temperature);
	let mut counts = vec![0.0; logits.len()];
	for position in 0..draws {
		counts[sampler.pick(position, logits).expect("a pick").token as usize] += 1.0;
	}
	let exponentials: Vec<f64> = logits
		.iter()
		.map(|logit| (f64::from(*logit) / expected_temperature).exp())
		.collect();
	let sum: f64 = exponentials.iter().sum();
	let term = |(count, exponential): (&f64, &f64)| {
		let expected = exponential / sum * f64::from(draws);
		(count - expected).powi(2) / expected
	};
	counts.iter().zip(&exponentials).map(term).sum()
}

/// 15 degrees of freedom: a true sampler exceeds 44.3 once in 10,000 seeds, and this seed is fixed.
#[test]
fn picks_have_softmax_probabilities() {
	let logits: Vec<f32> = (0..16).map(|token| (token as f32 * 0.77).sin() * 1.5).collect();
	for temperature in [0.7_f32, 1.0, 1.6] {
		let right = chi_square(&logits, temperature, f64::from(temperature), 40_000);
		assert!(right < 44.3, "temperature {temperature}: chi-square {right}");
		// The test has the power to see a temperature that is off by a tenth.
		let wrong = chi_square(&logits, temperature, f64::from(temperature) * 1.1, 40_000);
		assert!(
			wrong > 100.0,
			"temperature {temperature}: chi-square against the wrong one is only {wrong}"
		);
	}
}

#[test]
fn positions_and_seeds_are_independent() {
	let logits = [0.0; 1_000];
	let other = Sampler::new([9; 32], 1.0).expect("a sound temperature");
	let same = (0..200)
		.filter(|position| sampler(1.0).pick(*position, &logits) == other.pick(*position, &logits))
		.count();
	assert!(same <= 2, "two seeds agreed at {same} of 200 positions");
	let mut picks: Vec<u32> = (0..200)
		.map(|position| sampler(1.0).pick(position, &logits).expect("a pick").token)
		.collect();
	picks.sort_unstable();
	picks.dedup();
	assert!(picks.len() > 150, "200 positions gave {} tokens", picks.len());
}

#[test]
fn broken_logits_are_refused() {
	let sampler = sampler(1.0);
	assert_eq!(sampler.pick(0, &[]), Err(SamplerError::Nothing));
	assert_eq!(sampler.pick(0, &[f32::NEG_INFINITY; 3]), Err(SamplerError::Nothing));
	assert_eq!(sampler.pick(0, &[f32::NEG_INFINITY, 1.0]).map(|pick| pick.token), Ok(1));
	assert!(matches!(
		sampler.pick(0, &[0.0, f32::NAN]),
		Err(SamplerError::Logit { token: 1, .. })
	));
	assert!(matches!(
		sampler.pick(0, &[f32::INFINITY]),
		Err(SamplerError::Logit { token: 0, .. })
	));
	for temperature in [0.0, -1.0, f32::NAN, f32::INFINITY] {
		assert!(Sampler::new([0; 32], temperature).is_err());
	}
}

proptest! {
	/// The shortcut that skips most logarithms never changes the pick.
	#[test]
	fn the_pick_is_the_best_of_all(
		seed in any::<[u8; 32]>(),
		position in any::<u32>(),
		temperature in 0.05_f32..4.0,
		logits in prop::collection::vec(-30.0_f32..30.0, 1..400),
	) {
		let sampler = Sampler::new(seed, temperature).expect("a sound temperature");
		let pick = sampler.pick(position, &logits).expect("a pick");
		let all = (0_u32..).zip(&logits).map(|(token, logit)| (token, sampler.perturbed(position, token, *logit)));
		let best = all.fold((0, f64::NEG_INFINITY), |best, next| if next.1 > best.1 { next } else { best });
		prop_assert_eq!((pick.token, pick.perturbed), best);
		prop_assert_eq!(sampler.shortfall(position, pick.token, &logits), Ok(Some(0.0)));
		prop_assert_eq!(sampler.shortfall(position, logits.len() as u32, &logits), Ok(None));
	}
}
