//! What a subnet owner can tune.

use core::time::Duration;

use crate::wire::MAX_PASSAGES;

/// How much is asked, how much of it is checked, how well and how fast it must be done. [`Default`] suits all-MiniLM-L6-v2
/// on CPUs.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct EmbeddingParameters {
	/// Pairs of neighbours in a challenge, 2 to [`MAX_PASSAGES`] / 2; it has twice as many passages.
	pub pairs: usize,
	/// Passages that the validator embeds itself, 1 to all.
	pub samples: usize,
	/// How far a vector may be from the validator's own: the length of their difference. The default, 0.001, is some 1,000
	/// times the rounding measured in F32, and some 10 times less than what 8-bit weights do.
	pub tolerance: f32,
	/// The mean reciprocal rank of the right neighbours that earns the full share for retrieval, above 0 and at most 1.
	pub target_reciprocal_rank: f64,
	/// The rate that earns the full share for speed.
	pub target_passages_per_second: f64,
	/// The longest that an answer may take.
	pub deadline: Duration,
}

impl Default for EmbeddingParameters {
	fn default() -> Self {
		Self {
			pairs: 16,
			samples: 8,
			tolerance: 1e-3,
			target_reciprocal_rank: 0.5,
			target_passages_per_second: 20.0,
			deadline: Duration::from_secs(30),
		}
	}
}

/// A parameter that no subnet can run with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("embedding mechanism: {name} must be {allowed}, not {actual}")]
pub struct ParameterError {
	/// The parameter.
	pub name: &'static str,
	/// What it may be.
	pub allowed: String,
	/// What it was.
	pub actual: String,
}

impl EmbeddingParameters {
	/// Checks every field.
	///
	/// # Errors
	///
	/// The first field that is out of range.
	pub fn validate(&self) -> Result<(), ParameterError> {
		let check = |holds: bool, name: &'static str, allowed: String, actual: String| {
			if holds {
				Ok(())
			} else {
				Err(ParameterError { name, allowed, actual })
			}
		};
		let most = MAX_PASSAGES / 2;
		let pairs = (2..=most).contains(&self.pairs);
		check(pairs, "pairs", format!("2 to {most}"), self.pairs.to_string())?;
		check(
			(1..=2 * self.pairs).contains(&self.samples),
			"samples",
			format!("1 to {}, as many as there are passages", 2 * self.pairs),
			self.samples.to_string(),
		)?;
		check(
			self.tolerance > 0.0 && self.tolerance < 1.0,
			"tolerance",
			"between 0 and 1".into(),
			self.tolerance.to_string(),
		)?;
		check(
			self.target_reciprocal_rank > 0.0 && self.target_reciprocal_rank <= 1.0,
			"target_reciprocal_rank",
			"above 0 and at most 1".into(),
			self.target_reciprocal_rank.to_string(),
		)?;
		check(
			self.target_passages_per_second > 0.0 && self.target_passages_per_second.is_finite(),
			"target_passages_per_second",
			"above 0 and finite".into(),
			self.target_passages_per_second.to_string(),
		)?;
		check(
			!self.deadline.is_zero(),
			"deadline",
			"above 0".into(),
			format!("{:?}", self.deadline),
		)
	}
}
