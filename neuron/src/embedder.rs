//! The embedder of `neuron-infer` as the mechanism `embedding` wants it.

use std::{
	path::{Path, PathBuf},
	sync::Arc,
};

use neuron_infer::Embedder;
use subnet_embedding::{
	Corpus, CorpusError, EmbedderError, EmbeddingMechanism, EmbeddingParameters, SetupError, TextEmbedder,
};
use subnet_sdk::ValidatorSecret;

use crate::pretraining::{PretrainError, read};

/// An embedder's folder, loaded.
pub struct FolderEmbedder(Embedder);

impl FolderEmbedder {
	/// An embedder that answers as fast as it can.
	pub fn new(embedder: Embedder) -> Self {
		Self(embedder)
	}
}

impl TextEmbedder for FolderEmbedder {
	fn model_hash(&self) -> [u8; 32] {
		self.0.sha256()
	}

	fn dimensions(&self) -> usize {
		self.0.dimensions()
	}

	fn embed(&self, text: &str) -> Result<Vec<f32>, EmbedderError> {
		self.0.embed(text).map_err(|error| EmbedderError(error.to_string()))
	}
}

/// Largest text that passages are taken from, in bytes.
pub const MAX_CORPUS_BYTES: usize = 64 << 20;

/// Why a file has no passages.
#[derive(Debug, thiserror::Error)]
pub enum CorpusFileError {
	/// It cannot be read.
	#[error(transparent)]
	File(#[from] PretrainError),
	/// It is not UTF-8.
	#[error("{0} is not text in UTF-8: convert it")]
	NotText(PathBuf),
	/// It has too little in it.
	#[error("{path}: {source}")]
	Corpus {
		/// The file.
		path: PathBuf,
		/// What is wrong.
		source: CorpusError,
	},
}

/// The corpus in a file, or the bundled one.
///
/// # Errors
/// [`CorpusFileError`], with the file.
pub fn corpus(path: Option<&Path>) -> Result<Arc<Corpus>, CorpusFileError> {
	let Some(path) = path else { return Ok(Corpus::bundled()) };
	let text = String::from_utf8(read(path, MAX_CORPUS_BYTES)?).map_err(|_| CorpusFileError::NotText(path.into()))?;
	let corpus = Corpus::from_text(&text).map_err(|source| CorpusFileError::Corpus {
		path: path.into(),
		source,
	})?;
	Ok(Arc::new(corpus))
}

/// The mechanism with one model. `secret` comes from the operating system's entropy.
///
/// # Errors
/// A model whose vectors are too long to travel.
pub fn mechanism(embedder: Embedder, corpus: Arc<Corpus>, secret: [u8; 32]) -> Result<EmbeddingMechanism, SetupError> {
	EmbeddingMechanism::new(
		vec![Arc::new(FolderEmbedder::new(embedder))],
		corpus,
		ValidatorSecret::new(secret),
		EmbeddingParameters::default(),
	)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn texts_that_do_not_fit_are_named() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("text");
		let error = |contents: &[u8]| {
			std::fs::write(&path, contents).unwrap();
			corpus(Some(&path)).unwrap_err().to_string()
		};
		assert!(error(b"a few words").contains("sections"));
		assert!(error(&[0xff; 9]).contains("UTF-8"));
		std::fs::remove_file(&path).unwrap();
		assert!(corpus(Some(&path)).unwrap_err().to_string().contains("check the path"));
		assert!(corpus(None).is_ok());
	}
}
