//! What a subnet owner can tune.

use core::time::Duration;

use crate::architecture::{Architecture, ArchitectureError};

/// Most windows that a model is measured on.
pub const MAX_WINDOWS: usize = 4_096;

/// What is trained, how well it is measured, what an improvement is worth and for how long. Miners and validators of one
/// subnet use the same.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct PretrainParameters {
	/// The sizes of the model.
	pub architecture: Architecture,
	/// Seed of the untrained model, which is the first to be beaten.
	pub initial_seed: [u8; 32],
	/// Windows that a submission is measured on, [`MIN_WINDOWS`] to [`MAX_WINDOWS`].
	pub windows: usize,
	/// The least improvement that is paid, as a share of the best loss: 0 to 1. Below it are noise, and copies with noise.
	pub margin: f64,
	/// Standard errors that are taken off a measured improvement, so that luck with the windows is not paid.
	pub confidence: f64,
	/// The improvement that earns the full score, as a share of the best loss: above the margin, at most 1.
	pub full_improvement: f64,
	/// Blocks in which an award loses half of its worth, at least 1.
	pub half_life_blocks: u64,
	/// The longest that an answer may take, the transfer of the file included.
	pub deadline: Duration,
}

/// Fewest windows of a measurement: a standard error needs some.
pub const MIN_WINDOWS: usize = 16;

impl Default for PretrainParameters {
	fn default() -> Self {
		Self {
			architecture: Architecture::default(),
			initial_seed: *b"ganglion pretrain, first weights",
			windows: 64,
			margin: 0.005,
			confidence: 2.0,
			full_improvement: 0.05,
			half_life_blocks: 7_200,
			deadline: Duration::from_secs(60),
		}
	}
}

/// A parameter that no subnet can run with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParameterError {
	/// The sizes of the model.
	#[error(transparent)]
	Architecture(#[from] ArchitectureError),
	/// Any other.
	#[error("pretrain mechanism: {name} must be {allowed}, not {actual}")]
	Value {
		/// The parameter.
		name: &'static str,
		/// What it may be.
		allowed: &'static str,
		/// What it was.
		actual: String,
	},
}

impl PretrainParameters {
	/// Checks every field.
	///
	/// # Errors
	///
	/// The first field that is out of range.
	pub fn validate(&self) -> Result<(), ParameterError> {
		self.architecture.validate()?;
		let check = |holds: bool, name, allowed, actual: String| {
			if holds {
				Ok(())
			} else {
				Err(ParameterError::Value { name, allowed, actual })
			}
		};
		let windows = (MIN_WINDOWS..=MAX_WINDOWS).contains(&self.windows);
		check(windows, "windows", "16 to 4,096", self.windows.to_string())?;
		let margin = (0.0..1.0).contains(&self.margin);
		check(margin, "margin", "0 to less than 1", self.margin.to_string())?;
		let confidence = (0.0..=10.0).contains(&self.confidence);
		check(confidence, "confidence", "0 to 10", self.confidence.to_string())?;
		check(
			self.full_improvement > self.margin && self.full_improvement <= 1.0,
			"full_improvement",
			"above the margin and at most 1",
			self.full_improvement.to_string(),
		)?;
		check(self.half_life_blocks > 0, "half_life_blocks", "at least 1", "0".into())?;
		check(!self.deadline.is_zero(), "deadline", "above 0", "0".into())
	}

	/// What is left of an award of `value` after so many blocks: half after each half-life.
	pub fn decayed(&self, value: f64, blocks: u64) -> f64 {
		value * (-(blocks as f64) / self.half_life_blocks as f64).exp2()
	}
}
