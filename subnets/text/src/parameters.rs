//! What a subnet owner can tune.

use core::time::Duration;

use subnet_sdk::TestParameters;

use crate::leaf::LEAF_STEP;
use crate::wire::{MAX_TEMPERATURE, MAX_TOKENS, MIN_TEMPERATURE};

/// How long, how random, how strict, how fast. [`Default`] suits a 135 M parameter model on CPUs.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct TextParameters {
	/// Most tokens that a challenge asks for, 1 to [`MAX_TOKENS`]; the least are three quarters of it.
	pub tokens: u16,
	/// Sampling temperature of half of the challenges. Near 1 the noise decides often enough that a relayed answer stands
	/// out.
	pub temperature: f32,
	/// How large, in logits, a token's margin and the error of its log-probability may be. The default, 0.005, is 50 times
	/// the rounding measured in F32 on one machine, which leaves room for other instruction sets, and is some 20 times less
	/// than what 8-bit weights do to most logits.
	pub margin_tolerance: f32,
	/// How large, in logits, the error of each logit in a leaf may be; at most half of [`LEAF_STEP`].
	pub leaf_tolerance: f32,
	/// How often an honest miner's token may fail, and how sure the verdict on an answer must be.
	pub test: TestParameters,
	/// The rate that earns the full score; a faster answer earns no more.
	pub target_tokens_per_second: f64,
	/// The longest that an answer may take.
	pub deadline: Duration,
}

impl Default for TextParameters {
	fn default() -> Self {
		Self {
			tokens: 32,
			temperature: 1.0,
			margin_tolerance: 0.005,
			leaf_tolerance: 0.002,
			test: TestParameters::STANDARD,
			target_tokens_per_second: 10.0,
			deadline: Duration::from_secs(30),
		}
	}
}

/// A parameter that no subnet can run with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("text mechanism: {name} must be {allowed}, not {actual}")]
pub struct ParameterError {
	/// The parameter.
	pub name: &'static str,
	/// What it may be.
	pub allowed: String,
	/// What it was.
	pub actual: String,
}

impl TextParameters {
	/// Checks every field.
	///
	/// # Errors
	///
	/// The first field that is out of range.
	pub fn validate(&self) -> Result<(), ParameterError> {
		let check = |holds: bool, name: &'static str, allowed: &str, actual: String| {
			if holds {
				Ok(())
			} else {
				Err(ParameterError {
					name,
					allowed: allowed.into(),
					actual,
				})
			}
		};
		check(
			(1..=MAX_TOKENS).contains(&self.tokens),
			"tokens",
			&format!("1 to {MAX_TOKENS}"),
			self.tokens.to_string(),
		)?;
		check(
			(MIN_TEMPERATURE..=MAX_TEMPERATURE).contains(&self.temperature),
			"temperature",
			&format!("{MIN_TEMPERATURE} to {MAX_TEMPERATURE}"),
			self.temperature.to_string(),
		)?;
		check(
			self.margin_tolerance > 0.0 && self.margin_tolerance <= 1.0,
			"margin_tolerance",
			"above 0 and at most 1 logit",
			self.margin_tolerance.to_string(),
		)?;
		check(
			self.leaf_tolerance > 0.0 && f64::from(self.leaf_tolerance) <= LEAF_STEP / 2.0,
			"leaf_tolerance",
			&format!("above 0 and at most {}", LEAF_STEP / 2.0),
			self.leaf_tolerance.to_string(),
		)?;
		check(
			self.test.is_sound(),
			"test",
			"rates between 0 and 1, those of cheats above the honest one",
			format!("{:?}", self.test),
		)?;
		check(
			self.target_tokens_per_second > 0.0 && self.target_tokens_per_second.is_finite(),
			"target_tokens_per_second",
			"above 0 and finite",
			self.target_tokens_per_second.to_string(),
		)?;
		check(
			!self.deadline.is_zero(),
			"deadline",
			"above 0",
			format!("{:?}", self.deadline),
		)
	}
}
