//! A language model of hash values: deterministic, quick, and with rounding between its two ways of computing, as real ones have.

#![allow(dead_code, reason = "every test file uses a part of it")]

use std::sync::Arc;

use subnet_sdk::{ChallengeContext, Hotkey, Mechanism, Nonce, Outcome, TimedChunk, Transcript};
use subnet_text::{Chunk, Emitted, LanguageModel, ModelError, Session, TextMechanism, TextParameters};

pub(crate) const MODEL_HASH: [u8; 32] = [7; 32];
/// Bytes are tokens, and one more ends the turn.
pub(crate) const VOCABULARY: usize = 257;
pub(crate) const END_OF_TURN: u32 = 256;

#[derive(Clone)]
pub(crate) struct Toy {
	/// Largest error of each logit, as another quantisation would make.
	pub damage: f32,
	/// Added to the logit of end-of-turn.
	pub end_bias: f32,
	/// What every logit is replaced with, if anything.
	pub broken: Option<f32>,
}

impl Default for Toy {
	fn default() -> Self {
		Self {
			damage: 0.0,
			end_bias: -1_000.0,
			broken: None,
		}
	}
}

/// SplitMix64's finaliser, to -1..1.
fn hash(parts: &[u64]) -> f32 {
	let mixed = parts.iter().fold(0x9e37_79b9_7f4a_7c15_u64, |state, part| {
		let mut z = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
		z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
		z ^ (z >> 31)
	});
	(mixed >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
}

impl Toy {
	/// Logits after `tokens`; `rounding` tells the two ways of computing them apart.
	pub(crate) fn logits(&self, tokens: &[u32], rounding: u64) -> Vec<f32> {
		let last = &tokens[tokens.len().saturating_sub(4)..];
		let state = last.iter().fold(tokens.len() as u64, |state, token| {
			state.wrapping_mul(1_009) + u64::from(*token)
		});
		(0..VOCABULARY as u64)
			.map(|token| {
				let bias = if token == u64::from(END_OF_TURN) {
					self.end_bias
				} else {
					0.0
				};
				let damage = self.damage * hash(&[state, token, 1]);
				let rounding = 1e-4 * hash(&[state, token, 2 + rounding]);
				self.broken
					.unwrap_or(6.0 * hash(&[state, token, 0]) + bias + damage + rounding)
			})
			.collect()
	}
}

struct Conversation<'a> {
	model: &'a Toy,
	tokens: Vec<u32>,
}

impl Session for Conversation<'_> {
	fn append(&mut self, tokens: &[u32]) -> Result<Vec<f32>, ModelError> {
		self.tokens.extend_from_slice(tokens);
		Ok(self.model.logits(&self.tokens, 0))
	}
}

impl LanguageModel for Toy {
	fn model_hash(&self) -> [u8; 32] {
		MODEL_HASH
	}

	fn vocabulary_size(&self) -> usize {
		VOCABULARY
	}

	fn encode_chat(&self, user: &str) -> Result<Vec<u32>, ModelError> {
		Ok(user.bytes().map(u32::from).chain([u32::from(b'\n')]).collect())
	}

	fn decode(&self, tokens: &[u32]) -> Result<String, ModelError> {
		Ok(tokens.iter().filter_map(|token| char::from_u32(*token)).collect())
	}

	fn end_of_turn(&self) -> Option<u32> {
		Some(END_OF_TURN)
	}

	fn start(&self) -> Result<Box<dyn Session + '_>, ModelError> {
		Ok(Box::new(Conversation {
			model: self,
			tokens: Vec::new(),
		}))
	}

	fn score(&self, prompt: &[u32], continuation: &[u32]) -> Result<Vec<f32>, ModelError> {
		let all = [prompt, continuation].concat();
		Ok((prompt.len()..all.len())
			.flat_map(|length| self.logits(&all[..length], 1))
			.collect())
	}
}

pub(crate) fn mechanism(model: Toy) -> TextMechanism {
	TextMechanism::new(Arc::new(model), TextParameters::default()).expect("the default parameters are sound")
}

pub(crate) fn context(nonce: u8, miner: u8) -> ChallengeContext {
	ChallengeContext {
		nonce: Nonce([nonce; 32]),
		miner: Hotkey([miner; 32]),
	}
}

/// The answer of `miner` to the validator's task for `asked`, solved under `solved_as`, a chunk every `interval_us`.
pub(crate) fn answer(
	miner: &TextMechanism,
	asked: &ChallengeContext,
	solved_as: &ChallengeContext,
	interval_us: u64,
) -> Transcript<Chunk> {
	let task = mechanism(Toy::default()).task(asked).expect("a task");
	let mut chunks = Vec::new();
	miner
		.solve(solved_as, task, &mut |chunk| {
			chunks.push(TimedChunk {
				elapsed_us: interval_us * (chunks.len() as u64 + 1),
				chunk,
			});
			Ok(())
		})
		.expect("an answer");
	Transcript {
		chunks,
		outcome: Outcome::Complete,
	}
}

/// All tokens of an answer, in order, to be edited.
pub(crate) fn tokens(transcript: &Transcript<Chunk>) -> Vec<Emitted> {
	let of = |timed: &TimedChunk<Chunk>| match &timed.chunk {
		Chunk::Header { .. } => Vec::new(),
		Chunk::Tokens(tokens) => tokens.clone(),
	};
	transcript.chunks.iter().flat_map(of).collect()
}

/// A quick answer of one header and one chunk of tokens.
pub(crate) fn transcript(model_hash: [u8; 32], tokens: Vec<Emitted>) -> Transcript<Chunk> {
	let chunks = vec![
		TimedChunk {
			elapsed_us: 1_000,
			chunk: Chunk::Header { model_hash },
		},
		TimedChunk {
			elapsed_us: 2_000,
			chunk: Chunk::Tokens(tokens),
		},
	];
	Transcript {
		chunks,
		outcome: Outcome::Complete,
	}
}
