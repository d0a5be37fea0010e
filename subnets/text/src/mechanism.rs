//! The mechanism itself: the task on one side, the generation loop on the other.

use core::time::Duration;
use std::sync::Arc;

use subnet_sdk::{ChallengeContext, Descriptor, Mechanism, MechanismError, Score, SinkClosed, Transcript};

use crate::model::LanguageModel;
use crate::parameters::{ParameterError, TextParameters};
use crate::sampler::{Sampler, SamplerError};
use crate::verify;
use crate::wire::{Chunk, Emitted, MAX_PROMPT_TOKENS, Task};

/// The mechanism's name and version.
pub const DESCRIPTOR: Descriptor = Descriptor {
	name: "text",
	version: 1,
};

/// Domain of the seed that picks the passage.
pub const PASSAGE_DOMAIN: &[u8] = b"text/1/passage";
/// Domain of the seed of the sampling noise.
pub const SAMPLING_DOMAIN: &[u8] = b"text/1/sampling";

/// Verified text generation with one model. See the crate's documentation.
pub struct TextMechanism {
	model: Arc<dyn LanguageModel>,
	parameters: TextParameters,
}

impl TextMechanism {
	/// A mechanism for `model`: the one that the miner serves, or the validator's copy of it.
	///
	/// # Errors
	///
	/// When a parameter is out of range.
	pub fn new(model: Arc<dyn LanguageModel>, parameters: TextParameters) -> Result<Self, ParameterError> {
		parameters.validate()?;
		Ok(Self { model, parameters })
	}
}

impl From<SamplerError> for MechanismError {
	fn from(error: SamplerError) -> Self {
		Self::Model(error.to_string())
	}
}

/// The encoded prompt of `task`, within bounds.
pub(crate) fn encode_prompt(model: &dyn LanguageModel, task: &Task) -> Result<Vec<u32>, MechanismError> {
	let prompt = model.encode_chat(&task.prompt)?;
	if prompt.is_empty() || prompt.len() > MAX_PROMPT_TOKENS {
		let count = prompt.len();
		return Err(MechanismError::InvalidTask(format!(
			"a prompt of {count} tokens, 1 to {MAX_PROMPT_TOKENS} are allowed"
		)));
	}
	Ok(prompt)
}

/// An error unless there is one logit a token.
pub(crate) fn check_logits(rows: usize, model: &dyn LanguageModel, logits: &[f32]) -> Result<(), MechanismError> {
	let expected = rows.checked_mul(model.vocabulary_size());
	if expected == Some(logits.len()) && !logits.is_empty() {
		return Ok(());
	}
	let (vocabulary, actual) = (model.vocabulary_size(), logits.len());
	Err(MechanismError::Model(format!(
		"expected {rows} rows of {vocabulary} logits, the model gave {actual} in all"
	)))
}

impl Mechanism for TextMechanism {
	type Task = Task;
	type Chunk = Chunk;

	fn descriptor(&self) -> Descriptor {
		DESCRIPTOR
	}

	fn deadline(&self) -> Duration {
		self.parameters.deadline
	}

	fn task(&self, context: &ChallengeContext) -> Result<Task, MechanismError> {
		let passage = crate::corpus::passage(&context.seed(PASSAGE_DOMAIN));
		Ok(Task {
			model_hash: self.model.model_hash(),
			prompt: format!("Continue this passage: {passage}"),
			tokens: self.parameters.tokens,
			temperature: self.parameters.temperature,
		})
	}

	fn solve(
		&self,
		context: &ChallengeContext,
		task: Task,
		sink: &mut dyn FnMut(Chunk) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		task.validate()?;
		let model_hash = self.model.model_hash();
		if task.model_hash != model_hash {
			let (asked, served) = (hex(&task.model_hash), hex(&model_hash));
			return Err(MechanismError::InvalidTask(format!(
				"model {asked} asked for, this miner serves {served}"
			)));
		}
		let prompt = encode_prompt(&*self.model, &task)?;
		let sampler = Sampler::new(context.seed(SAMPLING_DOMAIN), task.temperature)?;
		// The header goes out before any inference: a caller that went away costs none.
		sink(Chunk::Header { model_hash })?;
		let mut session = self.model.start()?;
		let mut logits = session.append(&prompt)?;
		for position in 0..u32::from(task.tokens) {
			check_logits(1, &*self.model, &logits)?;
			let token = sampler.pick(position, &logits)?.token;
			let logit = logits.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
			// One token a chunk: the validator stamps each as it arrives, and a closed sink stops the work at once.
			sink(Chunk::Tokens(vec![Emitted { token, logit }]))?;
			if Some(token) == self.model.end_of_turn() || position + 1 == u32::from(task.tokens) {
				break;
			}
			logits = session.append(&[token])?;
		}
		Ok(())
	}

	fn score(
		&self,
		context: &ChallengeContext,
		task: &Task,
		transcript: &Transcript<Chunk>,
	) -> Result<Score, MechanismError> {
		task.validate()?;
		// Everything that can be told without the model comes first: rubbish must not cost the validator an inference.
		match verify::read_answer(&*self.model, task, transcript) {
			Err(zero) => Ok(zero),
			Ok(answer) => verify::score_answer(&*self.model, &self.parameters, context, task, &answer),
		}
	}
}

/// The first 4 bytes in hexadecimal: enough to tell two model files apart in a message.
pub(crate) fn hex(hash: &[u8; 32]) -> String {
	hash.iter()
		.take(4)
		.map(|byte| format!("{byte:02x}"))
		.chain(["…".to_owned()])
		.collect()
}
