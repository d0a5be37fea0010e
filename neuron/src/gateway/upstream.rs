//! What stands behind the HTTP interface.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::stream::BoxStream;
use subnet_text::Prompt;

/// A model that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
	/// The name that applications give it.
	pub name: String,
	/// Hexadecimal sha256 of its file.
	pub hash: String,
}

/// Text to be generated.
#[derive(Clone, Debug, PartialEq)]
pub struct Generate {
	/// What to go on from.
	pub prompt: Prompt,
	/// The most tokens.
	pub max_tokens: u16,
	/// 0 takes the most likely token.
	pub temperature: f32,
	/// Share of probability that is picked from.
	pub top_p: f32,
	/// The application's own seed; it makes answers alike, not the same.
	pub seed: u64,
	/// Texts that end the answer.
	pub stop: Vec<String>,
}

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answerer {
	/// The miner's uid.
	pub uid: u16,
	/// Its hotkey's address.
	pub hotkey: String,
}

/// A token and how likely the model found it.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenLogprob {
	/// The token's text.
	pub text: String,
	/// The natural logarithm of its probability.
	pub logprob: f32,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
	/// The model was done, or came to a stop sequence.
	Stop,
	/// All tokens asked for are there.
	Length,
}

/// A part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
	/// The next text, which may be empty, and the tokens that came.
	Text {
		/// What they add to the text.
		text: String,
		/// The tokens, at least one.
		tokens: Vec<TokenLogprob>,
	},
	/// The last one.
	End {
		/// Why.
		finish: Finish,
		/// Tokens of the prompt.
		prompt_tokens: u32,
	},
}

/// An answer on its way; dropping it stops the miner.
pub struct Generation {
	/// Who answers.
	pub answerer: Answerer,
	/// How many miners were asked.
	pub attempts: u32,
	/// The parts, [`Piece::End`] last; an error ends them.
	pub pieces: BoxStream<'static, Result<Piece, UpstreamError>>,
}

/// Vectors for texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
	/// Who made them.
	pub answerer: Answerer,
	/// One for each text.
	pub vectors: Vec<Vec<f32>>,
	/// Tokens of all texts.
	pub prompt_tokens: u32,
}

/// Why there is no answer, or no more of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
	/// The request makes no sense to the model.
	#[error("{0}")]
	Invalid(String),
	/// Nobody serves this.
	#[error("{0}")]
	Unsupported(String),
	/// Nobody can serve it now.
	#[error("{reason}; try again in {} s", retry_after.as_secs().max(1))]
	Unavailable {
		/// Why.
		reason: String,
		/// When to try again.
		retry_after: Duration,
	},
	/// It took too long.
	#[error("no complete answer within {} s", .0.as_secs())]
	TooLate(Duration),
	/// Miners were asked and failed.
	#[error("{0}")]
	Failed(String),
}

/// Answers what applications ask for.
#[async_trait]
pub trait Upstream: Send + Sync + 'static {
	/// The models that can be asked for.
	fn models(&self) -> Vec<Model>;

	/// Begins an answer: returns once its first part is there, so that until then another miner can be asked.
	///
	/// # Errors
	/// [`UpstreamError`], where no miner began an answer within `deadline`.
	async fn generate(&self, request: Arc<Generate>, deadline: Duration) -> Result<Generation, UpstreamError>;

	/// Makes vectors of texts.
	///
	/// # Errors
	/// [`UpstreamError::Unsupported`] unless the subnet's miners do such work.
	async fn embed(&self, _texts: Vec<String>, _deadline: Duration) -> Result<Embeddings, UpstreamError> {
		Err(UpstreamError::Unsupported(
			"no miner of this subnet makes embeddings".into(),
		))
	}
}
