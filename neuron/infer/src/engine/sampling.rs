//! From logits to a token.

use std::fmt;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::{EngineError, TokenLogprob};

/// A request's own way to pick tokens, for answers that somebody will check.
pub trait Sampler: Send {
	/// Picks the token at index `place` of the answer from one finite logit a token of the
	/// vocabulary.
	///
	/// # Errors
	///
	/// A text, which fails the request.
	fn sample(&mut self, logits: &[f32], place: usize) -> Result<u32, String>;

	/// Whether the answer ends with the token picked last, whatever the model would go on with.
	fn is_done(&self) -> bool {
		false
	}
}

/// How tokens are picked.
pub enum Sampling {
	/// In one of the usual ways.
	Options(SamplingOptions),
	/// By the request itself.
	Custom(Box<dyn Sampler>),
}

impl Default for Sampling {
	fn default() -> Self {
		Self::Options(SamplingOptions::default())
	}
}

impl fmt::Debug for Sampling {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Options(options) => options.fmt(formatter),
			Self::Custom(_) => formatter.write_str("Custom"),
		}
	}
}

/// Temperature, cuts and seed. `Default` is greedy: the most likely token, the first of equals.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct SamplingOptions {
	/// Logits are divided by it; 0 is greedy. At most 100.
	pub temperature: f32,
	/// Only the most likely tokens whose probabilities sum up to this; above 0, at most 1.
	pub top_p: f32,
	/// Only this many of the most likely tokens; 0 for all.
	pub top_k: usize,
	/// Which of the possible answers. The caller brings the entropy.
	pub seed: u64,
}

impl Default for SamplingOptions {
	fn default() -> Self {
		Self {
			temperature: 0.0,
			top_p: 1.0,
			top_k: 0,
			seed: 0,
		}
	}
}

const MAX_TEMPERATURE: f32 = 100.0;

impl Sampling {
	pub(super) fn check(&self) -> Result<(), EngineError> {
		let Self::Options(options) = self else { return Ok(()) };
		if !(0.0..=MAX_TEMPERATURE).contains(&options.temperature) {
			return Err(EngineError::Invalid(format!(
				"the temperature is {}, expected 0 to {MAX_TEMPERATURE}",
				options.temperature
			)));
		}
		if !(options.top_p > 0.0 && options.top_p <= 1.0) {
			return Err(EngineError::Invalid(format!(
				"top_p is {}, expected more than 0 and at most 1",
				options.top_p
			)));
		}
		Ok(())
	}

	/// Whether the request's own sampler wants no more tokens.
	pub(super) fn is_done(&self) -> bool {
		match self {
			Self::Options(_) => false,
			Self::Custom(sampler) => sampler.is_done(),
		}
	}

	/// The token at `place` of the answer.
	pub(super) fn pick(&mut self, logits: &[f32], place: usize) -> Result<u32, EngineError> {
		if !logits.iter().all(|logit| logit.is_finite()) {
			return Err(EngineError::NotANumber { place });
		}
		match self {
			Self::Options(options) if options.temperature == 0.0 => Ok(greedy(logits)),
			Self::Options(options) => Ok(draw(logits, options, place)),
			Self::Custom(sampler) => {
				let failed = |detail: String| EngineError::Sampler { place, detail };
				let token = sampler.sample(logits, place).map_err(failed)?;
				if token as usize >= logits.len() {
					return Err(failed(format!(
						"it picked {token} from a vocabulary of {}",
						logits.len()
					)));
				}
				Ok(token)
			}
		}
	}
}

fn greedy(logits: &[f32]) -> u32 {
	let mut best = (0, f32::NEG_INFINITY);
	for (token, &logit) in (0..).zip(logits) {
		if logit > best.1 {
			best = (token, logit);
		}
	}
	best.0
}

/// A draw with weights `exp(logit / temperature)`, among the tokens that pass the cuts.
fn draw(logits: &[f32], options: &SamplingOptions, place: usize) -> u32 {
	let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
	// Where a tiny temperature makes the quotient infinite, the weight is 0.
	let weight = |logit: f32| ((logit - largest) / options.temperature).exp();
	let mut candidates: Vec<(u32, f32)> = (0..).zip(logits.iter().map(|&logit| weight(logit))).collect();
	let order = |left: &(u32, f32), right: &(u32, f32)| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0));
	if (1..candidates.len()).contains(&options.top_k) {
		candidates.select_nth_unstable_by(options.top_k - 1, order);
		candidates.truncate(options.top_k);
	}
	if options.top_p < 1.0 {
		keep_nucleus(&mut candidates, f64::from(options.top_p), order);
	} else {
		candidates.sort_unstable_by_key(|&(token, _)| token);
	}
	let total: f64 = candidates.iter().map(|&(_, weight)| f64::from(weight)).sum();
	let mut left = uniform(options.seed, place) * total;
	for &(token, weight) in &candidates {
		left -= f64::from(weight);
		if left < 0.0 {
			return token;
		}
	}
	// Rounding may leave a remainder: the last token that has any weight.
	let last = candidates.iter().rev().find(|(_, weight)| *weight > 0.0);
	last.map_or(0, |&(token, _)| token)
}

/// Keeps the most likely candidates that together reach the share `top_p`, sorted.
fn keep_nucleus(
	candidates: &mut Vec<(u32, f32)>,
	top_p: f64,
	order: impl Fn(&(u32, f32), &(u32, f32)) -> std::cmp::Ordering,
) {
	let total: f64 = candidates.iter().map(|&(_, weight)| f64::from(weight)).sum();
	// All that lie below this line together weigh less than what is cut off, so that only the few
	// above it need sorting.
	let line = (1.0 - top_p) * total / candidates.len() as f64;
	candidates.retain(|&(_, weight)| f64::from(weight) >= line);
	candidates.sort_unstable_by(order);
	let mut sum = 0.0;
	let enough = candidates.iter().position(|&(_, weight)| {
		sum += f64::from(weight);
		sum >= top_p * total
	});
	candidates.truncate(enough.map_or(candidates.len(), |index| index + 1));
}

/// In 0 to 1, by the seed and the place alone.
fn uniform(seed: u64, place: usize) -> f64 {
	let mut generator = ChaCha8Rng::seed_from_u64(seed);
	generator.set_stream(place as u64);
	(generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// The natural logarithm of the token's probability and of the `count` most likely ones'.
pub(super) fn logprobs(logits: &[f32], token: u32, count: usize) -> TokenLogprob {
	let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
	let sum: f64 = logits.iter().map(|&logit| f64::from((logit - largest).exp())).sum();
	let shift = f64::from(largest) + sum.ln();
	let logprob = |token: u32| (f64::from(logits[token as usize]) - shift) as f32;
	let mut tokens: Vec<u32> = (0..).take(logits.len()).collect();
	let order = |&left: &u32, &right: &u32| {
		let (one, other) = (logits[left as usize], logits[right as usize]);
		other.total_cmp(&one).then(left.cmp(&right))
	};
	if (1..tokens.len()).contains(&count) {
		tokens.select_nth_unstable_by(count - 1, order);
	}
	tokens.truncate(count);
	tokens.sort_unstable_by(order);
	TokenLogprob {
		logprob: logprob(token),
		top: tokens.into_iter().map(|token| (token, logprob(token))).collect(),
	}
}

#[cfg(test)]
#[path = "sampling_tests.rs"]
mod tests;
