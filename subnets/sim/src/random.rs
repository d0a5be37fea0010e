//! Randomness: every draw belongs to a seed, a purpose, an epoch and somebody, so that a run in which one team behaves
//! otherwise gives all others the same luck.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// What a stream of numbers is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Purpose {
	/// Stakes and qualities at the start.
	Start = 1,
	/// How qualities wander, and who is up.
	Work = 2,
	/// A validator's measurements.
	Measure = 3,
	/// Strangers who register.
	Churn = 4,
	/// The constructions of published results.
	Published = 5,
}

/// The stream of a purpose, an epoch and somebody's number, of which 24 bits count.
pub(crate) fn stream(seed: u64, purpose: Purpose, epoch: u32, who: u32) -> ChaCha8Rng {
	let mut rng = ChaCha8Rng::seed_from_u64(seed);
	let stream = (u64::from(purpose as u8) << 56) | (u64::from(epoch) << 24) | u64::from(who & 0x00ff_ffff);
	rng.set_stream(stream);
	rng
}

/// A draw from the standard normal distribution.
pub(crate) fn normal(rng: &mut impl Rng) -> f64 {
	rng.sample(StandardNormal)
}

/// A value whose standard deviation is `spread` of its mean; never below zero.
pub(crate) fn around(rng: &mut impl Rng, mean: f64, spread: f64) -> f64 {
	if spread == 0.0 {
		return mean;
	}
	(mean * (1.0 + spread * normal(rng))).max(0.0)
}

/// A number from 0 to 1, below 1.
pub(crate) fn share(rng: &mut impl Rng) -> f64 {
	rng.random::<f64>()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn streams_differ_and_repeat() {
		let draw = |seed, purpose, epoch, who| share(&mut stream(seed, purpose, epoch, who));
		let first = draw(1, Purpose::Work, 2, 3);
		assert_eq!(first, draw(1, Purpose::Work, 2, 3));
		let others = [
			draw(2, Purpose::Work, 2, 3),
			draw(1, Purpose::Start, 2, 3),
			draw(1, Purpose::Work, 3, 3),
			draw(1, Purpose::Work, 2, 4),
		];
		assert!(others.iter().all(|other| *other != first), "{others:?}");
	}

	#[test]
	fn normal_draws_have_mean_zero_and_deviation_one() {
		let mut rng = stream(7, Purpose::Work, 0, 0);
		let draws: Vec<f64> = (0..20_000).map(|_| normal(&mut rng)).collect();
		let mean = draws.iter().sum::<f64>() / 20_000.0;
		let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 20_000.0;
		assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
	}
}
