//! What this mechanism needs from an embedder. The neuron supplies it; tests bring a toy.

use subnet_sdk::MechanismError;

/// The embedder could not do what it was asked; the text says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EmbedderError(pub String);

impl From<EmbedderError> for MechanismError {
	fn from(error: EmbedderError) -> Self {
		Self::Model(error.0)
	}
}

/// A model that turns a text into a vector of length 1, shared by all challenges.
///
/// Verification rests on one promise: the same text gives the same vector up to rounding (1e-5 in F32) on the miner's
/// machine and on the validator's, whatever was embedded before or at the same time.
pub trait TextEmbedder: Send + Sync + 'static {
	/// The hash by which the model is declared: of its files, config and tokenizer included.
	fn model_hash(&self) -> [u8; 32];

	/// Numbers in a vector, 1 to [`MAX_DIMENSIONS`](crate::MAX_DIMENSIONS).
	fn dimensions(&self) -> usize;

	/// The vector of `text`: [`TextEmbedder::dimensions`] numbers whose squares add up to 1.
	///
	/// # Errors
	///
	/// When the text is longer than the model takes, or has nothing in it.
	fn embed(&self, text: &str) -> Result<Vec<f32>, EmbedderError>;
}
