//! The mechanism itself: the task on one side, the generation loop on the other.

use core::time::Duration;
use std::sync::Arc;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use codec::Encode;
use subnet_sdk::{
	ChallengeContext, Descriptor, Epoch, Listener, Mechanism, MechanismError, Score, SinkClosed, Transcript,
};

use crate::answer::{AnswerError, AnswerReader, hex};
use crate::leaf::Leaves;
use crate::model::{LanguageModel, ModelError, Picked, Picker};
use crate::parameters::{ParameterError, TextParameters};
use crate::sampler::{Sampler, SamplerError, logprob};
use crate::verify;
use crate::wire::{Chunk, Emitted, MAX_PROMPT_TOKENS, Prompt, Task};

/// The mechanism's name and version.
pub const DESCRIPTOR: Descriptor = Descriptor {
	name: "text",
	version: 2,
};

/// Domain of the seed that draws the challenge.
pub const CHALLENGE_DOMAIN: &[u8] = b"text/2/challenge";
/// Domain of the seed of the sampling noise; the hash of the task follows.
pub const SAMPLING_DOMAIN: &[u8] = b"text/2/sampling";
/// Domain of the salt of the leaves; the hash of the task follows.
pub const LEAF_DOMAIN: &[u8] = b"text/2/leaf";

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

	/// What the tokens of an answer that broke off are worth as evidence: the share of them that holds, 0 where they condemn the
	/// miner. Each token is checked by itself, so that an honest miner's are worth 1 wherever they end, and whoever ended them.
	/// Not for pay: an answer that is not whole earns nothing.
	///
	/// # Errors
	///
	/// As [`Mechanism::score`]; [`MechanismError::Model`] for a token that does not exist, which an
	/// [`AnswerReader`] refuses.
	pub fn score_beginning(
		&self,
		context: &ChallengeContext,
		task: &Task,
		tokens: &[Emitted],
	) -> Result<Score, MechanismError> {
		task.validate()?;
		verify::score_beginning(&*self.model, &self.parameters, context, task, tokens)
	}

	/// The model: for an application that reads answers with an [`AnswerReader`].
	pub fn model(&self) -> &Arc<dyn LanguageModel> {
		&self.model
	}
}

impl From<SamplerError> for MechanismError {
	fn from(error: SamplerError) -> Self {
		Self::Model(error.to_string())
	}
}

impl From<AnswerError> for MechanismError {
	fn from(error: AnswerError) -> Self {
		Self::Model(error.to_string())
	}
}

/// 32 bytes for one purpose of one answer: a hash of the domain, the nonce, both hotkeys and the whole task (and so the
/// epoch, the model, the prompt and the way of sampling).
fn answer_seed(context: &ChallengeContext, task: &Task, domain: &[u8]) -> [u8; 32] {
	let task_hash = Blake2b::<U32>::digest(task.encode());
	context.seed(&[domain, &task_hash].concat())
}

/// What picks the tokens of the answer to `task` in `context`.
///
/// # Errors
///
/// When the task's way of sampling is none; [`Task::validate`] says so first.
pub fn answer_sampler(context: &ChallengeContext, task: &Task) -> Result<Sampler, SamplerError> {
	Sampler::new(answer_seed(context, task, SAMPLING_DOMAIN), &task.sampling)
}

/// What makes and checks the leaves of the answer to `task` in `context`.
pub fn answer_leaves(context: &ChallengeContext, task: &Task) -> Leaves {
	Leaves::new(answer_seed(context, task, LEAF_DOMAIN))
}

/// The encoded prompt of `task`, within bounds.
///
/// # Errors
///
/// [`MechanismError::InvalidTask`] for a prompt that is empty or does not fit into the model's context together with its
/// answer; [`MechanismError::Model`] where the model cannot encode it.
pub fn encode_prompt(model: &dyn LanguageModel, task: &Task) -> Result<Vec<u32>, MechanismError> {
	let prompt = match &task.prompt {
		Prompt::Chat(messages) => model.encode_chat(messages)?,
		Prompt::Text(text) => model.encode_text(text)?,
	};
	let room = model.context_length().saturating_sub(usize::from(task.max_tokens));
	let allowed = room.min(MAX_PROMPT_TOKENS);
	if prompt.is_empty() || prompt.len() > allowed {
		let (count, answer) = (prompt.len(), task.max_tokens);
		return Err(MechanismError::InvalidTask(format!(
			"a prompt of {count} tokens, 1 to {allowed} are allowed with an answer of {answer}"
		)));
	}
	Ok(prompt)
}

/// The evidence that goes with `token`, from the logits that it was picked from.
pub(crate) fn emit(leaves: &Leaves, position: u32, token: u32, logits: &[f32]) -> Result<Emitted, SamplerError> {
	Ok(Emitted {
		token,
		logprob: logprob(token, logits)?.unwrap_or(f64::NEG_INFINITY) as f32,
		leaf: leaves.leaf(position, logits),
	})
}

/// An error unless there is one logit a token.
pub(crate) fn check_logits(model: &dyn LanguageModel, logits: &[f32]) -> Result<(), MechanismError> {
	check_row(model.vocabulary_size(), logits)
}

fn check_row(vocabulary: usize, logits: &[f32]) -> Result<(), MechanismError> {
	let actual = logits.len();
	if actual == vocabulary && actual > 0 {
		return Ok(());
	}
	Err(MechanismError::Model(format!(
		"expected a row of {vocabulary} logits, the model gave {actual}"
	)))
}

/// Picks an answer's tokens with the task's seed, with their evidence, and knows where the answer ends.
struct AnswerPicker {
	vocabulary_size: usize,
	sampler: Sampler,
	leaves: Leaves,
	reader: AnswerReader,
}

impl AnswerPicker {
	fn next(&mut self, logits: &[f32]) -> Result<Picked, MechanismError> {
		check_row(self.vocabulary_size, logits)?;
		let position = u32::try_from(self.reader.tokens().len()).unwrap_or(u32::MAX);
		let token = self.sampler.pick(position, logits)?.token;
		let emitted = emit(&self.leaves, position, token, logits)?;
		self.reader.push_token(emitted)?;
		Ok(Picked {
			emitted,
			last: self.reader.finish().is_some(),
		})
	}
}

impl Picker for AnswerPicker {
	fn pick(&mut self, logits: &[f32]) -> Result<Picked, ModelError> {
		self.next(logits).map_err(|error| match error {
			MechanismError::Model(reason) => ModelError(reason),
			other => ModelError(other.to_string()),
		})
	}
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

	fn model_hash(&self) -> Option<[u8; 32]> {
		Some(self.model.model_hash())
	}

	fn task(&self, context: &ChallengeContext, epoch: &Epoch) -> Result<Task, MechanismError> {
		let seed = context.seed(CHALLENGE_DOMAIN);
		Ok(crate::challenge::draw(
			seed,
			epoch,
			self.model.model_hash(),
			&self.parameters,
		))
	}

	fn solve(
		&self,
		context: &ChallengeContext,
		task: Task,
		sink: &mut dyn FnMut(Chunk) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		self.solve_for(&Listener::default(), context, task, sink)
	}

	fn solve_for(
		&self,
		listener: &Listener,
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
		let sampler = answer_sampler(context, &task)?;
		let leaves = answer_leaves(context, &task);
		let max_tokens = usize::from(task.max_tokens);
		let picker = AnswerPicker {
			vocabulary_size: self.model.vocabulary_size(),
			sampler,
			leaves,
			reader: AnswerReader::new(self.model.clone(), task),
		};
		// The header goes out before any inference: a caller that went away costs none.
		sink(Chunk::Header { model_hash })?;
		// One token a chunk: the validator stamps each as it arrives, and a closed sink stops the work at once.
		let mut send = |emitted| sink(Chunk::Tokens(vec![emitted]));
		self.model
			.generate_for(listener, &prompt, max_tokens, Box::new(picker), &mut send)
	}

	fn score(
		&self,
		context: &ChallengeContext,
		task: &Task,
		transcript: &Transcript<Chunk>,
	) -> Result<Score, MechanismError> {
		task.validate()?;
		// Everything that can be told without the model comes first: rubbish must not cost the validator an inference.
		match verify::read_answer(self.model.clone(), task, transcript)? {
			Err(zero) => Ok(zero),
			Ok(answer) => verify::score_answer(&*self.model, &self.parameters, context, task, &answer),
		}
	}
}
