//! What this mechanism needs from a language model. The neuron supplies it; tests bring a toy.

use subnet_sdk::{Listener, MechanismError, SinkClosed};

use crate::wire::{Emitted, Message};

/// The model could not do what it was asked; the text says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ModelError(pub String);

impl From<ModelError> for MechanismError {
	fn from(error: ModelError) -> Self {
		Self::Model(error.0)
	}
}

/// A causal language model with its tokenizer, shared by all challenges.
///
/// Verification rests on one promise: for the same tokens, [`Session::append`] and [`LanguageModel::score`] give the same
/// logits up to rounding (1e-4 in F32), on the miner's machine and on the validator's.
pub trait LanguageModel: Send + Sync + 'static {
	/// The sha256 of the model file.
	fn model_hash(&self) -> [u8; 32];

	/// How many tokens there are; the length of every row of logits.
	fn vocabulary_size(&self) -> usize;

	/// The most tokens of a prompt and its answer together.
	fn context_length(&self) -> usize;

	/// The tokens of a chat in which the assistant is to speak next. Text in `messages` never becomes a special token.
	///
	/// # Errors
	///
	/// When the chat cannot be encoded, or the model has no chat template.
	fn encode_chat(&self, messages: &[Message]) -> Result<Vec<u32>, ModelError>;

	/// The tokens of text to be continued. Text never becomes a special token.
	///
	/// # Errors
	///
	/// When it cannot be encoded.
	fn encode_text(&self, text: &str) -> Result<Vec<u32>, ModelError>;

	/// The text of `tokens`; control tokens are left out, incomplete characters become U+FFFD.
	///
	/// # Errors
	///
	/// When a token does not exist.
	fn decode(&self, tokens: &[u32]) -> Result<String, ModelError>;

	/// The token that ends the assistant's turn, if the model has one.
	fn end_of_turn(&self) -> Option<u32>;

	/// A new, empty conversation.
	///
	/// # Errors
	///
	/// When there is no memory for one more.
	fn start(&self) -> Result<Box<dyn Session + '_>, ModelError>;

	/// Answers `prompt` with at most `max_tokens` tokens, which `picker` picks, and hands each to `visit`, on this thread, as
	/// soon as it is picked. Blocks until the last one.
	///
	/// A model that serves many answers at once does so here, and calls `picker` on a thread of its own. As it stands, one
	/// answer is made by itself in a [`Session`].
	///
	/// # Errors
	///
	/// [`MechanismError::Model`] when the model or the picker fails, [`MechanismError::Cancelled`] when `visit` does: then
	/// the answer goes no further.
	fn generate(
		&self,
		prompt: &[u32],
		max_tokens: usize,
		picker: Box<dyn Picker>,
		visit: &mut dyn FnMut(Emitted) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		generate_alone(self, prompt, max_tokens, picker, visit)
	}

	/// [`LanguageModel::generate`] for a caller that can be asked whether it still listens. A model whose requests wait for a
	/// turn, or that takes long over a prompt, gives up here when it does not; as it stands only `visit` tells.
	///
	/// # Errors
	///
	/// As [`LanguageModel::generate`]; [`MechanismError::Cancelled`] once the caller has gone.
	fn generate_for(
		&self,
		_listener: &Listener,
		prompt: &[u32],
		max_tokens: usize,
		picker: Box<dyn Picker>,
		visit: &mut dyn FnMut(Emitted) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		self.generate(prompt, max_tokens, picker, visit)
	}

	/// The logits before each token of `continuation`, when it follows `prompt`: one teacher-forced pass, whose rows (index
	/// into `continuation`, [`LanguageModel::vocabulary_size`] logits) are handed to `visit` in order.
	///
	/// # Errors
	///
	/// When the tokens do not fit into the model's context, or one does not exist.
	fn score(
		&self,
		prompt: &[u32],
		continuation: &[u32],
		visit: &mut dyn FnMut(usize, &[f32]),
	) -> Result<(), ModelError>;
}

/// A conversation in progress (tokens with their cached keys and values).
pub trait Session: Send {
	/// Appends `tokens` and returns the logits after the last of them: [`LanguageModel::vocabulary_size`] values.
	///
	/// # Errors
	///
	/// When the conversation outgrows the model's context, or a token does not exist.
	fn append(&mut self, tokens: &[u32]) -> Result<Vec<f32>, ModelError>;
}

/// Picks the tokens of one answer, one after the other.
pub trait Picker: Send {
	/// The next token, from the logits after the prompt and all tokens picked before
	/// ([`LanguageModel::vocabulary_size`] values).
	///
	/// A model may call it between two steps of a batch: it must not wait for anything.
	///
	/// # Errors
	///
	/// When there is nothing sound to pick from. The answer fails then.
	fn pick(&mut self, logits: &[f32]) -> Result<Picked, ModelError>;
}

/// A token that was picked.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Picked {
	/// The token, with what is told about it.
	pub emitted: Emitted,
	/// Whether the answer ends with it.
	pub last: bool,
}

/// [`LanguageModel::generate`] for one answer by itself, in a [`Session`] of its own.
///
/// # Errors
///
/// As [`LanguageModel::generate`].
pub fn generate_alone<M: LanguageModel + ?Sized>(
	model: &M,
	prompt: &[u32],
	max_tokens: usize,
	mut picker: Box<dyn Picker>,
	visit: &mut dyn FnMut(Emitted) -> Result<(), SinkClosed>,
) -> Result<(), MechanismError> {
	let mut session = model.start()?;
	let mut logits = session.append(prompt)?;
	for count in 1..=max_tokens {
		let Picked { emitted, last } = picker.pick(&logits)?;
		visit(emitted)?;
		if last || count == max_tokens {
			break;
		}
		logits = session.append(&[emitted.token])?;
	}
	Ok(())
}
