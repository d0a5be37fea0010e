//! What travels: the task, and the chunks of an answer. Changing anything here raises the mechanism's version.

use codec::{Decode, Encode};
use subnet_sdk::{Epoch, MechanismError};

/// Most passages in a task.
pub const MAX_PASSAGES: usize = 64;
/// Most bytes of all passages together.
pub const MAX_TEXT_BYTES: usize = 48 * 1024;
/// Most models that a task accepts answers of.
pub const MAX_MODELS: usize = 4;
/// Most numbers in a vector: an encoded one stays within what the framework takes as a chunk.
pub const MAX_DIMENSIONS: usize = 8_192;

/// What a validator or an application asks for. A miner cannot tell the two apart.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Task {
	/// Public randomness of the time of asking.
	pub epoch: Epoch,
	/// Hashes of the models that may answer, 1 to [`MAX_MODELS`].
	pub models: Vec<[u8; 32]>,
	/// What to embed, each on its own: 1 to [`MAX_PASSAGES`] texts, none of them empty, [`MAX_TEXT_BYTES`] in all.
	pub passages: Vec<String>,
}

/// A piece of an answer: one [`Chunk::Header`], a [`Chunk::Vector`] for each passage in the order of the task, one
/// [`Chunk::Seal`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Chunk {
	/// First and only once.
	Header {
		/// The model that answers, one of those in the task.
		model_hash: [u8; 32],
	},
	/// The vector of the next passage, of length 1.
	Vector(Vec<f32>),
	/// Last: a hash of the challenge and all vectors. It binds them to one miner, one validator, one task.
	Seal([u8; 32]),
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
		let (models, passages) = (self.models.len(), self.passages.len());
		if models == 0 || models > MAX_MODELS {
			return Err(format!("{models} models, 1 to {MAX_MODELS} are allowed"));
		}
		if passages == 0 || passages > MAX_PASSAGES {
			return Err(format!("{passages} passages, 1 to {MAX_PASSAGES} are allowed"));
		}
		if let Some(index) = self.passages.iter().position(|text| text.trim().is_empty()) {
			return Err(format!("passage {index} is empty"));
		}
		let bytes: usize = self.passages.iter().map(String::len).sum();
		if bytes > MAX_TEXT_BYTES {
			return Err(format!("{bytes} bytes of text, at most {MAX_TEXT_BYTES} are allowed"));
		}
		Ok(())
	}
}
