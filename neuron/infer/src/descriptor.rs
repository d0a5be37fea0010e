//! What a model is, in a line.

use std::fmt;

use crate::config::Family;
use crate::file::hexadecimal;
use crate::precision::Precision;

/// What a loaded model is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelDescriptor {
	/// Its family.
	pub family: Family,
	/// Numbers in all its tensors.
	pub parameters: u64,
	/// The most tokens of a sequence.
	pub context_length: usize,
	/// Tokens in its vocabulary.
	pub vocabulary_size: usize,
	/// Arithmetic of its linear weights.
	pub precision: Precision,
	/// Hash of its content: of the GGUF file, or of the folder's files
	/// ([`crate::Model::sha256`]).
	pub sha256: [u8; 32],
}

impl fmt::Display for ModelDescriptor {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		let Self {
			family,
			parameters,
			context_length,
			precision,
			sha256,
			..
		} = self;
		let millions = *parameters as f64 / 1e6;
		write!(
			formatter,
			"{family}, {millions:.1} M parameters in {precision}, context of {context_length} tokens, sha256 {}",
			hexadecimal(sha256)
		)
	}
}
