//! A cheat: a miner of embeddings that computes every other vector and makes up the rest, for half of the work. A
//! validator embeds a sample of the passages itself, so that it hardly ever gets through.

use anyhow::Result;
use neuron::embedder::FolderEmbedder;
use neuron_infer::{Embedder, LoadOptions};
use rand::random;
use std::{path::Path, sync::Arc};
use subnet_embedding::{Corpus, EmbedderError, EmbeddingMechanism, EmbeddingParameters, TextEmbedder};
use subnet_sdk::ValidatorSecret;

/// The declared model for texts of an even number of bytes, and any vector for others.
struct Careless(FolderEmbedder);

impl TextEmbedder for Careless {
	fn model_hash(&self) -> [u8; 32] {
		self.0.model_hash()
	}

	fn dimensions(&self) -> usize {
		self.0.dimensions()
	}

	fn embed(&self, text: &str) -> Result<Vec<f32>, EmbedderError> {
		if text.len().is_multiple_of(2) {
			return self.0.embed(text);
		}
		let share = 1.0 / (self.dimensions() as f32).sqrt();
		Ok((0..self.dimensions())
			.map(|_| if random() { share } else { -share })
			.collect())
	}
}

/// The mechanism with the embedder in `folder`, half of it made up.
///
/// # Errors
/// The embedder cannot be loaded.
pub fn mechanism(folder: &Path) -> Result<EmbeddingMechanism> {
	let embedder = Embedder::load(folder, &LoadOptions::default())?;
	let careless = Careless(FolderEmbedder::new(embedder));
	Ok(EmbeddingMechanism::new(
		vec![Arc::new(careless)],
		Corpus::bundled(),
		ValidatorSecret::new(random()),
		EmbeddingParameters::default(),
	)?)
}
