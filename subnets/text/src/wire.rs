//! What travels: the task, and the chunks of an answer. Changing anything here raises the mechanism's version.

use codec::{Decode, Encode};
use subnet_sdk::{Epoch, MechanismError};

/// Most tokens a task may ask for: with one token a chunk, an answer stays within what the framework takes.
pub const MAX_TOKENS: u16 = 2_048;
/// Most messages in a chat.
pub const MAX_MESSAGES: usize = 128;
/// Most bytes of all messages, or of a raw prompt, together.
pub const MAX_PROMPT_BYTES: usize = 32 * 1024;
/// Longest prompt once encoded, chat template included, in tokens; a model's context may hold less.
pub const MAX_PROMPT_TOKENS: usize = 8_192;
/// Most stop sequences.
pub const MAX_STOPS: usize = 4;
/// Longest stop sequence, in bytes.
pub const MAX_STOP_BYTES: usize = 64;
/// Lowest sampling temperature besides 0, which takes the most likely token.
pub const MIN_TEMPERATURE: f32 = 0.01;
/// Highest sampling temperature.
pub const MAX_TEMPERATURE: f32 = 2.0;
/// Lowest nucleus.
pub const MIN_TOP_P: f32 = 0.01;
/// Bytes of a [`Leaf`].
pub const LEAF_BYTES: usize = 8;

/// Who speaks.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Role {
	/// Sets the rules of the conversation.
	System,
	/// Asks.
	User,
	/// Is the model, in an earlier turn.
	Assistant,
}

/// One turn of a chat, without template.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Message {
	/// Who speaks.
	pub role: Role,
	/// What is said; special tokens spelled in it are plain text.
	pub content: String,
}

/// What the model goes on from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Prompt {
	/// A chat in which the assistant speaks next: 1 to [`MAX_MESSAGES`] messages, rendered with the model's own template.
	Chat(Vec<Message>),
	/// Text to be continued, without a template.
	Text(String),
}

/// How tokens are picked.
#[derive(Copy, Clone, Debug, PartialEq, Encode, Decode)]
pub struct Sampling {
	/// 0 (the most likely token), or [`MIN_TEMPERATURE`] to [`MAX_TEMPERATURE`].
	pub temperature: f32,
	/// Only the most likely tokens that together have this probability are picked from: [`MIN_TOP_P`] to 1.
	pub top_p: f32,
	/// The caller's own seed. It goes into the noise like all of the task.
	pub seed: u64,
}

/// What a validator or an application asks for. A miner cannot tell the two apart.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Task {
	/// The sha256 of the model file that has to answer.
	pub model_hash: [u8; 32],
	/// Public randomness of the time of asking.
	pub epoch: Epoch,
	/// What the model goes on from, 1 to [`MAX_PROMPT_BYTES`] bytes of text in all.
	pub prompt: Prompt,
	/// The most tokens to generate, 1 to [`MAX_TOKENS`]; fewer only where the sampler picks end-of-turn, which counts, or
	/// the text comes to a stop sequence.
	pub max_tokens: u16,
	/// How tokens are picked.
	pub sampling: Sampling,
	/// Text that ends the answer, at most [`MAX_STOPS`] of 1 to [`MAX_STOP_BYTES`] bytes. The token that completes one is
	/// the last of the answer.
	pub stop: Vec<String>,
}

/// A salted hash of what the model computed at one position: see the crate's documentation.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Leaf(pub [u8; LEAF_BYTES]);

/// A generated token with the evidence that the model made it.
#[derive(Copy, Clone, Debug, PartialEq, Encode, Decode)]
pub struct Emitted {
	/// The token.
	pub token: u32,
	/// The natural logarithm of the probability that the model gave it, before temperature, nucleus and noise.
	pub logprob: f32,
	/// The commitment to the model's other logits at this position.
	pub leaf: Leaf,
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

impl Sampling {
	/// Samples from the model's own distribution.
	pub const PLAIN: Self = Self {
		temperature: 1.0,
		top_p: 1.0,
		seed: 0,
	};

	fn validate(&self) -> Result<(), String> {
		if self.temperature != 0.0 && !(MIN_TEMPERATURE..=MAX_TEMPERATURE).contains(&self.temperature) {
			return Err(format!(
				"temperature {}, 0 or {MIN_TEMPERATURE} to {MAX_TEMPERATURE} are allowed",
				self.temperature
			));
		}
		if !(MIN_TOP_P..=1.0).contains(&self.top_p) {
			return Err(format!("top_p {}, {MIN_TOP_P} to 1 are allowed", self.top_p));
		}
		Ok(())
	}
}

impl Prompt {
	/// A chat of one message from the user.
	pub fn user(content: impl Into<String>) -> Self {
		Self::Chat(vec![Message {
			role: Role::User,
			content: content.into(),
		}])
	}

	/// Bytes of text in all.
	pub fn bytes(&self) -> usize {
		match self {
			Self::Text(text) => text.len(),
			Self::Chat(messages) => messages.iter().map(|message| message.content.len()).sum(),
		}
	}

	fn validate(&self) -> Result<(), String> {
		if let Self::Chat(messages) = self
			&& (messages.is_empty() || messages.len() > MAX_MESSAGES)
		{
			return Err(format!(
				"a chat of {} messages, 1 to {MAX_MESSAGES} are allowed",
				messages.len()
			));
		}
		let bytes = self.bytes();
		if bytes == 0 || bytes > MAX_PROMPT_BYTES {
			return Err(format!(
				"a prompt of {bytes} bytes, 1 to {MAX_PROMPT_BYTES} are allowed"
			));
		}
		Ok(())
	}
}

impl Task {
	/// Whether a miner should do this at all.
	///
	/// # Errors
	///
	/// [`MechanismError::InvalidTask`] with the field, its value and what is allowed.
	pub fn validate(&self) -> Result<(), MechanismError> {
		self.check().map_err(MechanismError::InvalidTask)
	}

	fn check(&self) -> Result<(), String> {
		if self.max_tokens == 0 || self.max_tokens > MAX_TOKENS {
			return Err(format!(
				"{} tokens asked for, 1 to {MAX_TOKENS} are allowed",
				self.max_tokens
			));
		}
		self.prompt.validate()?;
		self.sampling.validate()?;
		if self.stop.len() > MAX_STOPS {
			return Err(format!(
				"{} stop sequences, at most {MAX_STOPS} are allowed",
				self.stop.len()
			));
		}
		match self
			.stop
			.iter()
			.find(|stop| stop.is_empty() || stop.len() > MAX_STOP_BYTES)
		{
			Some(bad) => Err(format!(
				"a stop sequence of {} bytes, 1 to {MAX_STOP_BYTES} are allowed",
				bad.len()
			)),
			None => Ok(()),
		}
	}
}
