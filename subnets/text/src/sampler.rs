//! Sampling that two machines can repeat: the Gumbel-max trick with counter-based noise.

use core::f64::consts::LN_2;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::wire::Sampling;

/// Slack on a bound that is exact in real arithmetic, far above the rounding of `f64` and far below any tolerance.
const ROUNDING_SLACK: f64 = 1e-9;

/// Picks the token of a position from its logits, the same one wherever it runs.
///
/// At position `t` (0 for the first generated token) and temperature `T` it picks
///
/// ```text
/// argmax over v in the nucleus of   logit[v] + T · g(t, v)
/// g(t, v) = -ln(-ln(u)),   u = (w(t, v) + 1/2) / 2³²
/// w(t, v) = word v of the ChaCha8 key stream with key = seed, 64-bit stream number = t, 64-bit block counter from 0
/// ```
///
/// with ties going to the lowest token. `g` has the standard Gumbel distribution, so that the pick has exactly the
/// distribution `softmax(logits / T)` over the nucleus (the "Gumbel-max trick": E. J. Gumbel, *Statistical Theory of Extreme
/// Values and Some Practical Applications*, 1954; C. J. Maddison, D. Tarlow, T. Minka, *A\* Sampling*, 2014, section 2). With
/// 32 bits the noise ends at 22.9, which cuts off tokens less likely than about 1 in 10¹⁰. Temperature 0 takes the largest
/// logit.
///
/// The nucleus (A. Holtzman, J. Buys, L. Du, M. Forbes, Y. Choi, *The Curious Case of Neural Text Degeneration*, 2020) is
/// the smallest set of the most likely tokens, at this temperature, whose probabilities sum to `top_p`, together with all
/// that are as likely as the last of them. At temperature 0 and for `top_p = 1` it is everything.
///
/// # What determinism is relied upon
///
/// The key stream and `u` are exact: integers, and a fraction of 33 bits in an `f64`. Divisions and additions are IEEE 754.
/// Only `ln` and `exp` may differ between platforms, by about 1e-15, and logits by their own rounding: both far below the
/// tolerance with which a verifier compares scores, so that no part of the protocol needs two machines to agree to the
/// last bit.
///
/// Counter-based means that any `g(t, v)` can be computed alone: positions do not depend on each other, and a verifier may
/// start at any of them.
#[derive(Clone, Debug)]
pub struct Sampler {
	seed: [u8; 32],
	temperature: f64,
	top_p: f64,
}

/// The token of a position.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Pick {
	/// The token.
	pub token: u32,
	/// Its perturbed score in logits, `logit + T · g`.
	pub perturbed: f64,
}

/// Why nothing can be sampled.
#[derive(Copy, Clone, Debug, PartialEq, thiserror::Error)]
pub enum SamplerError {
	/// The temperature is negative or no number.
	#[error("the temperature must be 0 or a number above it, not {0}")]
	Temperature(f32),
	/// The nucleus is empty or no number.
	#[error("top_p must be above 0 and at most 1, not {0}")]
	TopP(f32),
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
	/// [`SamplerError::Temperature`] when the temperature is not a finite number from 0, [`SamplerError::TopP`] when the
	/// nucleus is not above 0 and at most 1.
	pub fn new(seed: [u8; 32], sampling: &Sampling) -> Result<Self, SamplerError> {
		let Sampling { temperature, top_p, .. } = *sampling;
		if !(temperature >= 0.0 && temperature.is_finite()) {
			return Err(SamplerError::Temperature(temperature));
		}
		if !(top_p > 0.0 && top_p <= 1.0) {
			return Err(SamplerError::TopP(top_p));
		}
		Ok(Self {
			seed,
			temperature: f64::from(temperature),
			top_p: f64::from(top_p),
		})
	}

	/// The noise `g` of one token at one position.
	pub fn noise(&self, position: u32, token: u32) -> f64 {
		let mut words = self.words(position);
		words.set_word_pos(u128::from(token));
		gumbel(words.next_u32())
	}

	/// The perturbed score of one token at one position, in logits.
	pub fn perturbed(&self, position: u32, token: u32, logit: f32) -> f64 {
		f64::from(logit) + self.temperature * self.noise(position, token)
	}

	/// The token of `position`, given the logit of every token (index = token). Minus infinity rules a token out.
	///
	/// The noise of a token is only computed where it could make it the best, which is seldom: the cost is that of the
	/// key stream, some 0.1 ms for 49,152 tokens; a nucleus adds an exponential for each token.
	///
	/// # Errors
	///
	/// [`SamplerError::Logit`] or [`SamplerError::Nothing`] when there is nothing sound to pick from.
	pub fn pick(&self, position: u32, logits: &[f32]) -> Result<Pick, SamplerError> {
		let cut = self.nucleus_cut(logits)?;
		let mut words = self.words(position);
		let mut best: Option<Pick> = None;
		let mut best_perturbed = f64::NEG_INFINITY;
		for (token, &logit) in (0_u32..).zip(logits) {
			let word = words.next_u32();
			let logit = f64::from(logit);
			if logit < cut || logit + self.temperature * noise_bound(word) < best_perturbed {
				continue;
			}
			let perturbed = logit + self.temperature * gumbel(word);
			if perturbed > best_perturbed {
				best_perturbed = perturbed;
				best = Some(Pick { token, perturbed });
			}
		}
		best.ok_or(SamplerError::Nothing)
	}

	/// The margin of `token` at `position`, in logits: the least error of logits that explains that somebody picked it, 0
	/// for the pick itself. `None` when the token has no logit.
	///
	/// It is the larger of two: how far the token is below the nucleus, and how far its perturbed score is below that of
	/// each better token in the nucleus, where a token that is itself only just in the nucleus excuses by that distance.
	///
	/// # Errors
	///
	/// As [`Sampler::pick`].
	pub fn margin(&self, position: u32, token: u32, logits: &[f32]) -> Result<Option<f64>, SamplerError> {
		let cut = self.nucleus_cut(logits)?;
		let Some(&own_logit) = usize::try_from(token).ok().and_then(|index| logits.get(index)) else {
			return Ok(None);
		};
		let own = self.perturbed(position, token, own_logit);
		let mut margin = (cut - f64::from(own_logit)).max(0.0);
		let mut words = self.words(position);
		for &logit in logits {
			let word = words.next_u32();
			let logit = f64::from(logit);
			if logit < cut || logit + self.temperature * noise_bound(word) < own + margin {
				continue;
			}
			let gap = logit + self.temperature * gumbel(word) - own;
			margin = margin.max(gap.min(logit - cut));
		}
		Ok(Some(margin))
	}

	/// The smallest logit in the nucleus, minus infinity where everything is in it. Checks the logits.
	fn nucleus_cut(&self, logits: &[f32]) -> Result<f64, SamplerError> {
		let largest = largest(logits)?;
		if self.top_p >= 1.0 || self.temperature == 0.0 {
			return Ok(f64::NEG_INFINITY);
		}
		let weight = |logit: f32| ((f64::from(logit) - largest) / self.temperature).exp();
		let weights: Vec<f64> = logits.iter().map(|logit| weight(*logit)).collect();
		let total: f64 = weights.iter().sum();
		// All that are less likely than this have less than 1 - top_p together, so they need not be sorted.
		let negligible = (1.0 - self.top_p) * total / logits.len() as f64;
		let mut likely: Vec<(f32, f64)> = logits
			.iter()
			.copied()
			.zip(weights)
			.filter(|(_, weight)| *weight >= negligible)
			.collect();
		likely.sort_unstable_by(|left, right| right.0.total_cmp(&left.0));
		let mut sum = 0.0;
		let last = likely.iter().find(|(_, weight)| {
			sum += weight;
			sum >= self.top_p * total
		});
		Ok(last.or(likely.last()).map_or(largest, |(logit, _)| f64::from(*logit)))
	}

	fn words(&self, position: u32) -> ChaCha8Rng {
		let mut words = ChaCha8Rng::from_seed(self.seed);
		words.set_stream(u64::from(position));
		words
	}
}

/// The natural logarithm of the probability of `token`, of the softmax of all logits; `None` when it has no logit.
///
/// # Errors
///
/// As [`Sampler::pick`].
pub fn logprob(token: u32, logits: &[f32]) -> Result<Option<f64>, SamplerError> {
	let largest = largest(logits)?;
	let total: f64 = logits.iter().map(|logit| (f64::from(*logit) - largest).exp()).sum();
	let logit = usize::try_from(token).ok().and_then(|index| logits.get(index));
	Ok(logit.map(|logit| f64::from(*logit) - largest - total.ln()))
}

/// The largest logit; an error where one is no number, or none is finite.
fn largest(logits: &[f32]) -> Result<f64, SamplerError> {
	let mut largest = f32::NEG_INFINITY;
	for (token, &logit) in (0_u32..).zip(logits) {
		if logit.is_nan() || logit == f32::INFINITY {
			return Err(SamplerError::Logit { token, logit });
		}
		largest = largest.max(logit);
	}
	if largest == f32::NEG_INFINITY {
		return Err(SamplerError::Nothing);
	}
	Ok(f64::from(largest))
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
