//! Sampling that two machines can repeat: the Gumbel-max trick with counter-based noise.

use core::f64::consts::LN_2;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Slack on a bound that is exact in real arithmetic, far above the rounding of `f64` and far below any tolerance.
const ROUNDING_SLACK: f64 = 1e-9;

/// Picks the token of a position from its logits, the same one wherever it runs.
///
/// At position `t` (0 for the first generated token) it picks
///
/// ```text
/// argmax over v of   logit[v] / temperature + g(t, v)
/// g(t, v) = -ln(-ln(u)),   u = (w(t, v) + 1/2) / 2³²
/// w(t, v) = word v of the ChaCha8 key stream with key = seed, 64-bit stream number = t, 64-bit block counter from 0
/// ```
///
/// with ties going to the lowest token. `g` has the standard Gumbel distribution, so that the pick has exactly the
/// distribution `softmax(logits / temperature)` (the "Gumbel-max trick": E. J. Gumbel, *Statistical Theory of Extreme Values
/// and Some Practical Applications*, 1954; C. J. Maddison, D. Tarlow, T. Minka, *A\* Sampling*, 2014, section 2). With 32
/// bits the noise ends at 22.9, which cuts off tokens less likely than about 1 in 10¹⁰.
///
/// # What determinism is relied upon
///
/// The key stream and `u` are exact: integers, and a fraction of 33 bits in an `f64`. Divisions and additions are IEEE 754.
/// Only `ln` may differ between platforms, by about 1e-15, and logits by their own rounding: both far below the tolerance
/// with which a verifier compares scores, so that no part of the protocol needs two machines to agree to the last bit.
///
/// Counter-based means that any `g(t, v)` can be computed alone: a verifier may start at any position.
#[derive(Clone, Debug)]
pub struct Sampler {
	seed: [u8; 32],
	temperature: f64,
}

/// The token of a position.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Pick {
	/// The token.
	pub token: u32,
	/// Its perturbed score, `logit / temperature + g`.
	pub perturbed: f64,
}

/// Why nothing can be sampled.
#[derive(Copy, Clone, Debug, PartialEq, thiserror::Error)]
pub enum SamplerError {
	/// The temperature is not a positive number.
	#[error("the temperature must be a number above 0, not {0}")]
	Temperature(f32),
	/// A logit is not a number, or plus infinity: the model is broken.
	#[error("the logit of token {token} is {logit}: the model file or its loader is broken")]
	Logit {
		/// The token.
		token: u32,
		/// Its logit.
		logit: f32,
	},
	/// There are no logits, or all are minus infinity.
	#[error("no token has a finite logit: the model file or its loader is broken")]
	Nothing,
}

impl Sampler {
	/// A sampler for one answer; take a seed of its own from the challenge's context.
	///
	/// # Errors
	///
	/// [`SamplerError::Temperature`] when `temperature` is not a finite number above 0.
	pub fn new(seed: [u8; 32], temperature: f32) -> Result<Self, SamplerError> {
		if temperature > 0.0 && temperature.is_finite() {
			Ok(Self {
				seed,
				temperature: f64::from(temperature),
			})
		} else {
			Err(SamplerError::Temperature(temperature))
		}
	}

	/// The noise `g` of one token at one position.
	pub fn noise(&self, position: u32, token: u32) -> f64 {
		let mut words = self.words(position);
		words.set_word_pos(u128::from(token));
		gumbel(words.next_u32())
	}

	/// The perturbed score of one token at one position.
	pub fn perturbed(&self, position: u32, token: u32, logit: f32) -> f64 {
		f64::from(logit) / self.temperature + self.noise(position, token)
	}

	/// The token of `position`, given the logit of every token (index = token). Minus infinity rules a token out.
	///
	/// The noise of a token is only computed where it could make it the best, which is seldom: the cost is that of the
	/// key stream, some 0.1 ms for 49,152 tokens.
	///
	/// # Errors
	///
	/// [`SamplerError::Logit`] or [`SamplerError::Nothing`] when there is nothing sound to pick from.
	pub fn pick(&self, position: u32, logits: &[f32]) -> Result<Pick, SamplerError> {
		let mut words = self.words(position);
		let mut best: Option<Pick> = None;
		let mut best_perturbed = f64::NEG_INFINITY;
		for (token, &logit) in (0_u32..).zip(logits) {
			let word = words.next_u32();
			if logit.is_nan() || logit == f32::INFINITY {
				return Err(SamplerError::Logit { token, logit });
			}
			let scaled = f64::from(logit) / self.temperature;
			if scaled + noise_bound(word) < best_perturbed {
				continue;
			}
			let perturbed = scaled + gumbel(word);
			if perturbed > best_perturbed {
				best_perturbed = perturbed;
				best = Some(Pick { token, perturbed });
			}
		}
		best.ok_or(SamplerError::Nothing)
	}

	/// How far the perturbed score of `token` is below the best one of `position`, in logits (0 for the pick itself).
	/// `None` when the token has no logit.
	///
	/// # Errors
	///
	/// As [`Sampler::pick`].
	pub fn shortfall(&self, position: u32, token: u32, logits: &[f32]) -> Result<Option<f64>, SamplerError> {
		let pick = self.pick(position, logits)?;
		let logit = usize::try_from(token).ok().and_then(|index| logits.get(index));
		Ok(logit.map(|&logit| (pick.perturbed - self.perturbed(position, token, logit)) * self.temperature))
	}

	fn words(&self, position: u32) -> ChaCha8Rng {
		let mut words = ChaCha8Rng::from_seed(self.seed);
		words.set_stream(u64::from(position));
		words
	}
}

/// A standard Gumbel variate from a uniform word.
fn gumbel(word: u32) -> f64 {
	let uniform = (f64::from(word) + 0.5) / 4_294_967_296.0;
	-(-uniform.ln()).ln()
}

/// A number that [`gumbel`] never exceeds, without a logarithm: with c = 1 - u, -ln(u) ≥ c, hence g ≤ -ln(c); and
/// c = (!word + 1/2) / 2³² ≥ 2^-(1 + leading zeros of !word).
fn noise_bound(word: u32) -> f64 {
	f64::from(1 + (!word).leading_zeros()) * LN_2 + ROUNDING_SLACK
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_bound_holds() {
		let mut word = 0_u32;
		for step in 0..2_000_000_u32 {
			assert!(gumbel(word) <= noise_bound(word), "word {word}");
			assert!(gumbel(!word) <= noise_bound(!word), "word {}", !word);
			// Small steps near the ends, where the bound is tight, then large ones.
			word = if step < 1_000_000 {
				word + 1
			} else {
				word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)
			};
		}
		assert!(gumbel(0).is_finite() && gumbel(u32::MAX).is_finite());
	}
}
