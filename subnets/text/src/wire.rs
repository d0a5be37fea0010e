//! What travels: the task, and the chunks of an answer. Changing anything here raises the mechanism's version.

use codec::{Decode, Encode};
use subnet_sdk::MechanismError;

/// Most tokens a task may ask for.
pub const MAX_TOKENS: u16 = 512;
/// Longest prompt in a task, in bytes.
pub const MAX_PROMPT_BYTES: usize = 2_048;
/// Longest prompt once encoded, chat template included, in tokens.
pub const MAX_PROMPT_TOKENS: usize = 1_024;
/// Lowest sampling temperature. Below it the noise hardly matters, and neither does the miner's hotkey.
pub const MIN_TEMPERATURE: f32 = 0.05;
/// Highest sampling temperature. Above it the model hardly matters.
pub const MAX_TEMPERATURE: f32 = 4.0;

/// What a validator asks for.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Task {
	/// The sha256 of the model file that has to answer.
	pub model_hash: [u8; 32],
	/// What the user says, without chat template: 1 to [`MAX_PROMPT_BYTES`] bytes.
	pub prompt: String,
	/// How many tokens to generate, 1 to [`MAX_TOKENS`]; fewer only where the sampler picks end-of-turn, which counts.
	pub tokens: u16,
	/// Sampling temperature, [`MIN_TEMPERATURE`] to [`MAX_TEMPERATURE`].
	pub temperature: f32,
}

/// A generated token with the evidence that the model made it.
#[derive(Copy, Clone, Debug, PartialEq, Encode, Decode)]
pub struct Emitted {
	/// The token.
	pub token: u32,
	/// The logit that the model gave it, before temperature and noise.
	pub logit: f32,
}

/// A piece of an answer: one [`Chunk::Header`], then [`Chunk::Tokens`] as they are made.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Chunk {
	/// First and only once.
	Header {
		/// The sha256 of the model file that answers.
		model_hash: [u8; 32],
	},
	/// The next tokens, at least one.
	Tokens(Vec<Emitted>),
}

impl Task {
	/// Whether a miner should do this at all.
	///
	/// # Errors
	///
	/// [`MechanismError::InvalidTask`] with the field, its value and what is allowed.
	pub fn validate(&self) -> Result<(), MechanismError> {
		let invalid = |what: String| Err(MechanismError::InvalidTask(what));
		if self.tokens == 0 || self.tokens > MAX_TOKENS {
			return invalid(format!(
				"{} tokens asked for, 1 to {MAX_TOKENS} are allowed",
				self.tokens
			));
		}
		if self.prompt.is_empty() || self.prompt.len() > MAX_PROMPT_BYTES {
			return invalid(format!(
				"a prompt of {} bytes, 1 to {MAX_PROMPT_BYTES} are allowed",
				self.prompt.len()
			));
		}
		if !(MIN_TEMPERATURE..=MAX_TEMPERATURE).contains(&self.temperature) {
			return invalid(format!(
				"temperature {}, {MIN_TEMPERATURE} to {MAX_TEMPERATURE} are allowed",
				self.temperature
			));
		}
		Ok(())
	}
}
