//! Questions with known answers, for those who have no model at hand when the answer comes.

use std::sync::Arc;

use subnet_sdk::{Epoch, MechanismError};

use crate::answer::AnswerReader;
use crate::mechanism::{check_logits, encode_prompt};
use crate::model::LanguageModel;
use crate::sampler::Sampler;
use crate::wire::{Emitted, Leaf, Prompt, Sampling, Task};

/// Gap between the two largest logits below which either may be an honest miner's choice: that of
/// [`TextParameters::margin_tolerance`](crate::TextParameters::margin_tolerance).
pub const UNDECIDED_GAP: f32 = 0.005;

/// A question at temperature 0 with its only right answer.
///
/// At temperature 0 the answer depends on neither nonce nor hotkeys, so that one canary, made once with the model, can be
/// sent to any miner among applications' requests and checked without it: by a gateway, or by a validator that is too busy
/// for a pass. It says less than [`check_tokens`](crate::check_tokens): a relayed answer is as right as one's own. Use each
/// canary seldom, or miners learn it.
#[derive(Clone, Debug, PartialEq)]
pub struct Canary {
	task: Task,
	/// The tokens, each with how far the second largest logit was from the largest.
	expected: Vec<(u32, f32)>,
	/// Whether the answer ends with them.
	whole: bool,
}

/// What a canary says about an answer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum CanaryVerdict {
	/// It is the known answer.
	Right,
	/// It leaves the known answer where two tokens are about equally likely: this says nothing.
	Undecided {
		/// The first position that differs.
		position: usize,
	},
	/// It is another model's answer.
	Wrong {
		/// The first position that differs.
		position: usize,
	},
}

impl Canary {
	/// The canary that asks `prompt`, answered by `model` in at most `max_tokens` tokens. Takes as long as any answer.
	///
	/// # Errors
	///
	/// When the task is out of bounds, or the model fails.
	pub fn new(model: Arc<dyn LanguageModel>, prompt: Prompt, max_tokens: u16) -> Result<Self, MechanismError> {
		Self::begun(model, prompt, max_tokens, usize::MAX)
	}

	/// As [`Canary::new`], but at most the first `known` tokens of the answer (at least one) are made and compared: a long
	/// answer can be asked for at the price of a short one.
	///
	/// # Errors
	///
	/// As [`Canary::new`].
	pub fn begun(
		model: Arc<dyn LanguageModel>,
		prompt: Prompt,
		max_tokens: u16,
		known: usize,
	) -> Result<Self, MechanismError> {
		let task = Task {
			model_hash: model.model_hash(),
			epoch: Epoch::default(),
			prompt,
			max_tokens,
			sampling: Sampling {
				temperature: 0.0,
				..Sampling::PLAIN
			},
			stop: Vec::new(),
		};
		task.validate()?;
		// Without noise the seed does not matter.
		let sampler = Sampler::new([0; 32], &task.sampling)?;
		let tokens = encode_prompt(&*model, &task)?;
		let mut reader = AnswerReader::new(model.clone(), task.clone());
		let mut session = model.start()?;
		let mut logits = session.append(&tokens)?;
		let mut expected = Vec::new();
		loop {
			check_logits(&*model, &logits)?;
			let token = sampler.pick(0, &logits)?.token;
			expected.push((token, gap(&logits, token)));
			reader.push_token(Emitted {
				token,
				logprob: 0.0,
				leaf: Leaf::default(),
			})?;
			let whole = reader.finish().is_some();
			if whole || expected.len() >= known {
				return Ok(Self { task, expected, whole });
			}
			logits = session.append(&[token])?;
		}
	}

	/// The task to send, with the randomness of now so that it looks like any other.
	pub fn task(&self, epoch: Epoch) -> Task {
		Task {
			epoch,
			..self.task.clone()
		}
	}

	/// How many tokens of the answer are known.
	pub fn known_tokens(&self) -> usize {
		self.expected.len()
	}

	/// Compares an answer's tokens with the known ones.
	pub fn check(&self, tokens: &[Emitted]) -> CanaryVerdict {
		let given = tokens.iter().map(|emitted| Some(emitted.token)).chain([None]);
		let known = self
			.expected
			.iter()
			.map(|(token, gap)| (Some(*token), *gap))
			.chain(self.whole.then_some((None, f32::INFINITY)));
		let first = given
			.zip(known)
			.enumerate()
			.find(|(_, (given, (known, _)))| given != known);
		match first {
			None => CanaryVerdict::Right,
			Some((position, (_, (_, gap)))) if gap <= UNDECIDED_GAP => CanaryVerdict::Undecided { position },
			Some((position, _)) => CanaryVerdict::Wrong { position },
		}
	}
}

/// How far the largest logit besides that of `token` is below it.
fn gap(logits: &[f32], token: u32) -> f32 {
	let own = logits.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
	let others = (0_u32..).zip(logits).filter(|(other, _)| *other != token);
	own - others.fold(f32::NEG_INFINITY, |largest, (_, logit)| largest.max(*logit))
}
