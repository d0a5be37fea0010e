//! An embedder of hashed words: deterministic, quick, and good enough to find some neighbours.

#![allow(dead_code, reason = "every test file uses a part of it")]

pub(crate) mod untrusted;

use std::sync::Arc;

use subnet_embedding::{
	Chunk, Corpus, EmbedderError, EmbeddingMechanism, EmbeddingParameters, Task, TextEmbedder, seal,
};
use subnet_sdk::{
	ChallengeContext, Epoch, Hotkey, Mechanism, Nonce, Outcome, Score, TimedChunk, Transcript, ValidatorSecret,
};

pub(crate) const DIMENSIONS: usize = 128;
pub(crate) const EPOCH: Epoch = Epoch {
	block: 5,
	hash: [5; 32],
};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Toy {
	pub hash: u8,
	/// Size of an error that is the same for the same word, as other weights would make.
	pub damage: f32,
}

impl Default for Toy {
	fn default() -> Self {
		Self { hash: 9, damage: 0.0 }
	}
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
	text.bytes().fold(0xcbf2_9ce4_8422_2325, |state, byte| {
		(state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
	})
}

impl TextEmbedder for Toy {
	fn model_hash(&self) -> [u8; 32] {
		[self.hash; 32]
	}

	fn dimensions(&self) -> usize {
		DIMENSIONS
	}

	fn embed(&self, text: &str) -> Result<Vec<f32>, EmbedderError> {
		let mut vector = vec![0.0_f32; DIMENSIONS];
		// Short words say little about what a passage is about.
		for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 3) {
			let word = word.to_lowercase();
			let place = hash(&word);
			vector[(place % DIMENSIONS as u64) as usize] += 1.0;
			vector[(place / 1_000 % DIMENSIONS as u64) as usize] += self.damage;
		}
		if vector.iter().all(|number| *number == 0.0) {
			return Err(EmbedderError("no words".into()));
		}
		Ok(unit(vector))
	}
}

pub(crate) fn unit(mut vector: Vec<f32>) -> Vec<f32> {
	let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
	vector.iter_mut().for_each(|number| *number /= length);
	vector
}

pub(crate) fn parameters() -> EmbeddingParameters {
	EmbeddingParameters {
		target_reciprocal_rank: 0.3,
		..EmbeddingParameters::default()
	}
}

pub(crate) fn mechanism(models: &[Toy]) -> EmbeddingMechanism {
	let models = models
		.iter()
		.map(|toy| Arc::new(*toy) as Arc<dyn TextEmbedder>)
		.collect();
	EmbeddingMechanism::new(models, Corpus::bundled(), ValidatorSecret::new([42; 32]), parameters())
		.expect("sound parameters")
}

pub(crate) fn context(nonce: u8, miner: u8) -> ChallengeContext {
	ChallengeContext {
		nonce: Nonce([nonce; 32]),
		validator: Hotkey([150; 32]),
		miner: Hotkey([miner; 32]),
	}
}

/// All vectors of `model` for `task`.
pub(crate) fn vectors(model: Toy, task: &Task) -> Vec<Vec<f32>> {
	task.passages
		.iter()
		.map(|text| model.embed(text).expect("words"))
		.collect()
}

/// A well-formed, sealed answer of these vectors in the name of `model_hash`, a chunk every `interval_us`.
pub(crate) fn sealed(
	context: &ChallengeContext,
	task: &Task,
	model_hash: [u8; 32],
	vectors: &[Vec<f32>],
	interval_us: u64,
) -> Transcript<Chunk> {
	let end = seal(context, task, &model_hash, vectors.iter().map(Vec::as_slice));
	let mut chunks = vec![Chunk::Header { model_hash }];
	chunks.extend(vectors.iter().cloned().map(Chunk::Vector));
	chunks.push(Chunk::Seal(end));
	transcript(chunks, interval_us)
}

pub(crate) fn transcript(chunks: Vec<Chunk>, interval_us: u64) -> Transcript<Chunk> {
	let at = |(index, chunk)| TimedChunk {
		elapsed_us: interval_us * (index as u64 + 1),
		chunk,
	};
	Transcript {
		chunks: chunks.into_iter().enumerate().map(at).collect(),
		outcome: Outcome::Complete,
	}
}

/// What the validator says to a quick answer.
pub(crate) fn judge(
	mechanism: &EmbeddingMechanism,
	context: &ChallengeContext,
	task: &Task,
	chunks: Vec<Chunk>,
) -> Score {
	mechanism
		.score(context, task, &transcript(chunks, 1_000))
		.expect("a score, whatever the miner sends")
}
