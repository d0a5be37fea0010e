//! Rotary positions: how fast each pair of a head's components turns from one position to the next.

use std::f64::consts::TAU;

/// Which components of a head turn together.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(crate) enum RotaryPairs {
	/// 0 with 1, 2 with 3: llama's weights as GGUF orders them.
	Neighbours,
	/// The first half with the second.
	Halves,
}

/// How a model that was trained on short texts reads long ones.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(crate) enum RotaryScaling {
	/// It does not.
	Plain,
	/// Positions are divided by `factor` (Chen et al., 2023, arXiv:2306.15595).
	Linear {
		/// Above 0, and above 1 in practice.
		factor: f64,
	},
	/// Llama 3.1's: pairs that turn seldom within the `trained` positions are slowed down by `factor`, those that turn
	/// often are left alone, and those between lie between (Llama 3.1's `config.json`, type `llama3`).
	Llama3 {
		/// Above 0, and above 1 in practice.
		factor: f64,
		/// Turns within the `trained` positions up to which a pair is slowed down by the whole factor.
		seldom: f64,
		/// Turns from which on it is left alone; more than `seldom`.
		often: f64,
		/// Positions that the model was trained on at first.
		trained: f64,
	},
}

impl RotaryScaling {
	/// What a pair that turns by `frequency` radians a position turns by instead.
	pub(crate) fn apply(self, frequency: f64) -> f64 {
		match self {
			Self::Plain => frequency,
			Self::Linear { factor } => frequency / factor,
			Self::Llama3 {
				factor,
				seldom,
				often,
				trained,
			} => {
				let turns = trained * frequency / TAU;
				let kept = ((turns - seldom) / (often - seldom)).clamp(0.0, 1.0);
				frequency * (kept + (1.0 - kept) / factor)
			}
		}
	}
}

/// The angle by which each of `size / 2` pairs turns from one position to the next, in radians. `divisors` are what a model
/// file may bring along, one for each pair.
pub(crate) fn frequencies(size: usize, base: f64, scaling: RotaryScaling, divisors: Option<&[f32]>) -> Vec<f64> {
	let divisor = |pair: usize| divisors.map_or(1.0, |divisors| f64::from(divisors[pair]));
	(0..size / 2)
		.map(|pair| {
			let exponent = 2.0 * pair as f64 / size as f64;
			scaling.apply(1.0 / (base.powf(exponent) * divisor(pair)))
		})
		.collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	/// Llama 3.2 of 1B parameters.
	const LLAMA3: RotaryScaling = RotaryScaling::Llama3 {
		factor: 32.0,
		seldom: 1.0,
		often: 4.0,
		trained: 8192.0,
	};

	#[test]
	fn plain_positions_turn_by_powers_of_the_base() {
		let plain = frequencies(8, 10_000.0, RotaryScaling::Plain, None);
		for (found, expected) in plain.iter().zip([1.0, 0.1, 0.01, 0.001]) {
			assert!((found - expected).abs() < 1e-12, "{plain:?}");
		}
		let slower = frequencies(8, 10_000.0, RotaryScaling::Linear { factor: 4.0 }, None);
		let divided = frequencies(8, 10_000.0, RotaryScaling::Plain, Some(&[4.0; 4]));
		assert!(slower.iter().zip(&plain).all(|(slow, plain)| slow * 4.0 == *plain));
		assert!(
			divided
				.iter()
				.zip(&slower)
				.all(|(one, other)| (one - other).abs() < 1e-15)
		);
	}

	#[test]
	fn llama_3_slows_down_what_turns_seldom() {
		let plain = frequencies(64, 500_000.0, RotaryScaling::Plain, None);
		let scaled = frequencies(64, 500_000.0, LLAMA3, None);
		let ratios: Vec<f64> = plain
			.iter()
			.zip(&scaled)
			.map(|(plain, scaled)| plain / scaled)
			.collect();
		assert!(ratios.is_sorted_by(|left, right| left <= &(right + 1e-9)), "{ratios:?}");
		assert_eq!((ratios[0], scaled.len()), (1.0, 32));
		assert!((ratios[31] - 32.0).abs() < 1e-9, "{ratios:?}");
		// Pair 16 turns 8192 / (2π · √500000) = 1.8438… times: 0.2812… of it is kept.
		let kept = (8192.0 / (TAU * 500_000_f64.sqrt()) - 1.0) / 3.0;
		assert!((kept - 0.281_3).abs() < 1e-3, "{kept}");
		assert!((1.0 / ratios[16] - (kept + (1.0 - kept) / 32.0)).abs() < 1e-12);
	}
}
