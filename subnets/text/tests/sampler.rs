//! The sampler picks what softmax would, and picks it again.

use proptest::prelude::*;
use subnet_text::{Sampler, SamplerError, Sampling, logprob};

fn nucleus_sampler(temperature: f32, top_p: f32) -> Sampler {
	let seed = core::array::from_fn(|index| index as u8);
	let sampling = Sampling {
		temperature,
		top_p,
		seed: 0,
	};
	Sampler::new(seed, &sampling).expect("a sound way of sampling")
}

fn sampler(temperature: f32) -> Sampler {
	nucleus_sampler(temperature, 1.0)
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
	let other = Sampler::new([9; 32], &Sampling::PLAIN).expect("a sound way of sampling");
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
	for temperature in [-1.0, f32::NAN, f32::INFINITY] {
		let sampling = Sampling {
			temperature,
			..Sampling::PLAIN
		};
		assert!(Sampler::new([0; 32], &sampling).is_err());
	}
	for top_p in [0.0, -1.0, 1.1, f32::NAN] {
		let sampling = Sampling {
			top_p,
			..Sampling::PLAIN
		};
		assert!(Sampler::new([0; 32], &sampling).is_err());
	}
}

#[test]
fn temperature_zero_takes_the_largest_logit() {
	let logits = [0.5, 3.0, 2.999, -1.0, 3.0];
	for position in 0..50 {
		assert_eq!(sampler(0.0).pick(position, &logits).map(|pick| pick.token), Ok(1));
		let margin = sampler(0.0)
			.margin(position, 2, &logits)
			.expect("sound")
			.expect("a token");
		assert!((margin - 0.001).abs() < 1e-6, "{margin}");
	}
}

#[test]
fn a_nucleus_leaves_out_the_unlikely() {
	// Probabilities 0.5, 0.3, 0.15, 0.05.
	let logits: Vec<f32> = [0.5_f32, 0.3, 0.15, 0.05].iter().map(|share| share.ln()).collect();
	let seen = |top_p: f32| {
		let mut seen = [0; 4];
		for position in 0..2_000 {
			let token = nucleus_sampler(1.0, top_p)
				.pick(position, &logits)
				.expect("a pick")
				.token;
			seen[token as usize] += 1;
		}
		seen
	};
	assert!(seen(0.4)[1..] == [0, 0, 0], "{:?}", seen(0.4));
	let two = seen(0.7);
	assert!(two[2..] == [0, 0] && (650..850).contains(&two[1]), "{two:?}");
	assert!(seen(0.9)[3] == 0 && seen(0.9)[2] > 200, "{:?}", seen(0.9));
	assert!(seen(1.0)[3] > 50, "{:?}", seen(1.0));
	// A token outside is as far off as its logit is below the nucleus.
	let margin = nucleus_sampler(1.0, 0.7)
		.margin(0, 3, &logits)
		.expect("sound")
		.expect("a token");
	assert!(margin >= f64::from(logits[1] - logits[3]) - 1e-6, "{margin}");
}

/// Whoever has slightly other logits may have another nucleus; the margin stays as small as the difference.
#[test]
fn margins_stay_small_at_the_border_of_a_nucleus() {
	let logits: Vec<f32> = (0..400).map(|token| (token as f32 * 0.7).sin() * 4.0).collect();
	for position in 0..400 {
		let error = |token: usize| 1e-4 * ((token as f32 + position as f32) * 1.3).sin();
		let other: Vec<f32> = logits
			.iter()
			.enumerate()
			.map(|(token, logit)| logit + error(token))
			.collect();
		for top_p in [0.5, 0.8, 0.95] {
			let sampler = nucleus_sampler(0.8, top_p);
			let token = sampler.pick(position, &other).expect("a pick").token;
			let margin = sampler
				.margin(position, token, &logits)
				.expect("sound")
				.expect("a token");
			assert!(margin < 4e-4, "position {position}, nucleus {top_p}: {margin}");
		}
	}
}

#[test]
fn log_probabilities_are_those_of_softmax() {
	let logits = [1.0, 2.0, 3.0];
	let sum: f64 = logits.iter().map(|logit| f64::from(*logit).exp()).sum();
	for token in 0..3 {
		let expected = f64::from(logits[token as usize]) - sum.ln();
		let found = logprob(token, &logits).expect("sound").expect("a token");
		assert!((found - expected).abs() < 1e-12);
	}
	assert_eq!(logprob(3, &logits), Ok(None));
	assert!(logprob(0, &[f32::NAN]).is_err());
	assert_eq!(logprob(1, &[0.0, f32::NEG_INFINITY]), Ok(Some(f64::NEG_INFINITY)));
}

proptest! {
	/// The shortcut that skips most logarithms never changes the pick.
	#[test]
	fn the_pick_is_the_best_of_all(
		seed in any::<[u8; 32]>(),
		position in any::<u32>(),
		temperature in prop_oneof![Just(0.0_f32), 0.05_f32..2.0],
		logits in prop::collection::vec(-30.0_f32..30.0, 1..400),
	) {
		let sampler = Sampler::new(seed, &Sampling { temperature, ..Sampling::PLAIN }).expect("a sound way of sampling");
		let pick = sampler.pick(position, &logits).expect("a pick");
		let all = (0_u32..).zip(&logits).map(|(token, logit)| (token, sampler.perturbed(position, token, *logit)));
		let best = all.fold((0, f64::NEG_INFINITY), |best, next| if next.1 > best.1 { next } else { best });
		prop_assert_eq!((pick.token, pick.perturbed), best);
		prop_assert_eq!(sampler.margin(position, pick.token, &logits), Ok(Some(0.0)));
		prop_assert_eq!(sampler.margin(position, logits.len() as u32, &logits), Ok(None));
	}

	/// With a nucleus too the pick has no margin, and every other token has the one that its definition says.
	#[test]
	fn margins_follow_their_definition(
		seed in any::<[u8; 32]>(),
		top_p in 0.05_f32..1.0,
		temperature in 0.05_f32..2.0,
		logits in prop::collection::vec(-5.0_f32..5.0, 2..60),
	) {
		let sampler = Sampler::new(seed, &Sampling { temperature, top_p, seed: 0 }).expect("a sound way of sampling");
		let pick = sampler.pick(3, &logits).expect("a pick");
		prop_assert_eq!(sampler.margin(3, pick.token, &logits), Ok(Some(0.0)));
		let weight = |logit: f32| (f64::from(logit) / f64::from(temperature)).exp();
		let total: f64 = logits.iter().map(|logit| weight(*logit)).sum();
		// In the nucleus is who has less than top_p before it.
		let before = |logit: f32| logits.iter().filter(|other| **other > logit).map(|other| weight(*other)).sum::<f64>() / total;
		let inside: Vec<f32> = logits.iter().copied().filter(|logit| before(*logit) < f64::from(top_p) - 1e-9).collect();
		let cut = f64::from(inside.iter().copied().fold(f32::INFINITY, f32::min));
		// A token right at the border belongs to either side by rounding: leave such cases out.
		prop_assume!(logits.iter().all(|logit| (before(*logit) - f64::from(top_p)).abs() > 1e-6));
		for (token, logit) in (0_u32..).zip(&logits) {
			let own = sampler.perturbed(3, token, *logit);
			let below = (cut - f64::from(*logit)).max(0.0);
			let margin = (0_u32..).zip(&logits).filter(|(_, other)| f64::from(**other) >= cut).fold(below, |margin, (other, logit)| {
				margin.max((sampler.perturbed(3, other, *logit) - own).min(f64::from(*logit) - cut))
			});
			let found = sampler.margin(3, token, &logits).expect("sound").expect("a token");
			prop_assert!((found - margin).abs() < 1e-9, "token {}: {} and {}", token, found, margin);
		}
	}
}
