//! A language model of hash values: deterministic, quick, and with rounding between its two ways of computing, as real ones have.

#![allow(dead_code, reason = "every test file uses a part of it")]

pub(crate) mod untrusted;

use std::sync::Arc;

use subnet_sdk::{ChallengeContext, Epoch, Hotkey, Mechanism, Nonce, Outcome, TimedChunk, Transcript};
use subnet_text::{
	Chunk, Emitted, LanguageModel, Leaves, Message, ModelError, Prompt, Sampling, Session, Task, TextMechanism,
	TextParameters, answer_leaves, encode_prompt, logprob,
};

pub(crate) const MODEL_HASH: [u8; 32] = [7; 32];
/// Bytes are tokens, and one more ends the turn.
pub(crate) const VOCABULARY: usize = 257;
pub(crate) const END_OF_TURN: u32 = 256;
pub(crate) const EPOCH: Epoch = Epoch {
	block: 5,
	hash: [5; 32],
};

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

	fn context_length(&self) -> usize {
		4_096
	}

	fn encode_chat(&self, messages: &[Message]) -> Result<Vec<u32>, ModelError> {
		let turn = |message: &Message| [&[message.role as u8], message.content.as_bytes(), b"\n"].concat();
		Ok(messages.iter().flat_map(turn).map(u32::from).collect())
	}

	fn encode_text(&self, text: &str) -> Result<Vec<u32>, ModelError> {
		Ok(text.bytes().map(u32::from).collect())
	}

	fn decode(&self, tokens: &[u32]) -> Result<String, ModelError> {
		let bytes: Vec<u8> = tokens.iter().filter_map(|token| u8::try_from(*token).ok()).collect();
		Ok(String::from_utf8_lossy(&bytes).into_owned())
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

	fn score(
		&self,
		prompt: &[u32],
		continuation: &[u32],
		visit: &mut dyn FnMut(usize, &[f32]),
	) -> Result<(), ModelError> {
		let all = [prompt, continuation].concat();
		for row in 0..continuation.len() {
			visit(row, &self.logits(&all[..prompt.len() + row], 1));
		}
		Ok(())
	}
}

pub(crate) fn mechanism(model: Toy) -> TextMechanism {
	TextMechanism::new(Arc::new(model), TextParameters::default()).expect("the default parameters are sound")
}

pub(crate) fn context(nonce: u8, miner: u8) -> ChallengeContext {
	ChallengeContext {
		nonce: Nonce([nonce; 32]),
		validator: Hotkey([150; 32]),
		miner: Hotkey([miner; 32]),
	}
}

/// The challenge of `context`.
pub(crate) fn challenge(context: &ChallengeContext) -> Task {
	mechanism(Toy::default()).task(context, &EPOCH).expect("a task")
}

/// A task of an application: 32 tokens, sampled like this.
pub(crate) fn request(sampling: Sampling) -> Task {
	Task {
		model_hash: MODEL_HASH,
		epoch: EPOCH,
		prompt: Prompt::user("Tell me about whales."),
		max_tokens: 32,
		sampling,
		stop: Vec::new(),
	}
}

/// The answer of `miner` to `task`, solved under `context`, a chunk every `interval_us`.
pub(crate) fn answer(
	miner: &TextMechanism,
	task: &Task,
	context: &ChallengeContext,
	interval_us: u64,
) -> Transcript<Chunk> {
	let mut chunks = Vec::new();
	miner
		.solve(context, task.clone(), &mut |chunk| {
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

/// What the true model says about `tokens`, as somebody who owns it too could report for tokens from elsewhere.
pub(crate) fn proved(context: &ChallengeContext, task: &Task, tokens: &[Emitted]) -> Vec<Emitted> {
	let model = Toy::default();
	let leaves: Leaves = answer_leaves(context, task);
	let prompt = encode_prompt(&model, task).expect("a prompt");
	let ids: Vec<u32> = tokens.iter().map(|emitted| emitted.token).collect();
	let mut proved = Vec::new();
	model
		.score(&prompt, &ids, &mut |row, logits| {
			let logprob = logprob(ids[row], logits).expect("sound logits").expect("a token");
			proved.push(Emitted {
				token: ids[row],
				logprob: logprob as f32,
				leaf: leaves.leaf(row as u32, logits),
			});
		})
		.expect("logits");
	proved
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
