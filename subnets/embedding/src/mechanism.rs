//! The mechanism itself: the task on one side, the vectors on the other.

use core::time::Duration;
use std::sync::Arc;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use codec::Encode;
use subnet_sdk::{
	ChallengeContext, Descriptor, Epoch, Mechanism, MechanismError, Score, SinkClosed, Transcript, ValidatorSecret,
};

use crate::challenge::{Challenge, Draws, draw};
use crate::corpus::Corpus;
use crate::model::TextEmbedder;
use crate::parameters::{EmbeddingParameters, ParameterError};
use crate::verify;
use crate::wire::{Chunk, MAX_DIMENSIONS, MAX_MODELS, Task};

/// The mechanism's name and version.
pub const DESCRIPTOR: Descriptor = Descriptor {
	name: "embedding",
	version: 1,
};

/// Domain of the secret seed that draws passages and pairs.
const CHALLENGE_DOMAIN: &[u8] = b"embedding/1/challenge";
/// Domain of the secret seed that draws which vectors the validator computes itself.
const SAMPLE_DOMAIN: &[u8] = b"embedding/1/sample";
/// Domain of the seal; the hash of task, model and vectors follows.
const SEAL_DOMAIN: &[u8] = b"embedding/1/seal";

/// Verified embeddings. See the crate's documentation.
pub struct EmbeddingMechanism {
	models: Vec<Arc<dyn TextEmbedder>>,
	corpus: Arc<Corpus>,
	secret: ValidatorSecret,
	parameters: EmbeddingParameters,
}

/// Why a mechanism could not be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SetupError {
	/// A parameter is out of range.
	#[error(transparent)]
	Parameter(#[from] ParameterError),
	/// Too few or too many models.
	#[error("embedding mechanism: {0} models were given, 1 to {MAX_MODELS} are taken")]
	Models(usize),
	/// A model with vectors that do not travel.
	#[error("embedding mechanism: a model has vectors of {0} numbers, 1 to {MAX_DIMENSIONS} are taken")]
	Dimensions(usize),
}

impl EmbeddingMechanism {
	/// A mechanism for `models`: those whose answers a validator accepts and can check, or those that a miner has. Where a
	/// miner has several that the task accepts, it answers with the first. `corpus` is where a validator takes its passages
	/// from, `secret` draws them; a miner has a use for neither.
	///
	/// # Errors
	///
	/// [`SetupError`].
	pub fn new(
		models: Vec<Arc<dyn TextEmbedder>>,
		corpus: Arc<Corpus>,
		secret: ValidatorSecret,
		parameters: EmbeddingParameters,
	) -> Result<Self, SetupError> {
		parameters.validate()?;
		if models.is_empty() || models.len() > MAX_MODELS {
			return Err(SetupError::Models(models.len()));
		}
		if let Some(model) = models
			.iter()
			.find(|model| !(1..=MAX_DIMENSIONS).contains(&model.dimensions()))
		{
			return Err(SetupError::Dimensions(model.dimensions()));
		}
		Ok(Self {
			models,
			corpus,
			secret,
			parameters,
		})
	}

	fn draw(&self, context: &ChallengeContext) -> Challenge {
		let seed = self.secret.seed(context, CHALLENGE_DOMAIN);
		draw(seed, &self.corpus, self.parameters.pairs)
	}
}

/// What the last chunk of an answer must be: a hash of the challenge, the task, the model and every bit of every vector.
pub fn seal<'a>(
	context: &ChallengeContext,
	task: &Task,
	model_hash: &[u8; 32],
	vectors: impl IntoIterator<Item = &'a [f32]>,
) -> [u8; 32] {
	let mut hasher = Sealing::new(task, model_hash);
	vectors.into_iter().for_each(|vector| hasher.add(vector));
	hasher.finish(context)
}

/// A seal in the making, vector by vector.
struct Sealing(Blake2b<U32>);

impl Sealing {
	fn new(task: &Task, model_hash: &[u8; 32]) -> Self {
		let mut hasher = Blake2b::<U32>::new();
		hasher.update(Blake2b::<U32>::digest(task.encode()));
		hasher.update(model_hash);
		Self(hasher)
	}

	fn add(&mut self, vector: &[f32]) {
		self.0.update((vector.len() as u64).to_le_bytes());
		vector.iter().for_each(|number| self.0.update(number.to_le_bytes()));
	}

	fn finish(self, context: &ChallengeContext) -> [u8; 32] {
		context.seed(&[SEAL_DOMAIN, &self.0.finalize()].concat())
	}
}

/// The vector of a passage, of the length that the model promises.
pub(crate) fn embed(model: &dyn TextEmbedder, passage: &str) -> Result<Vec<f32>, MechanismError> {
	let vector = model.embed(passage)?;
	let (expected, actual) = (model.dimensions(), vector.len());
	if actual == expected {
		return Ok(vector);
	}
	Err(MechanismError::Model(format!(
		"expected a vector of {expected} numbers, the model gave {actual}"
	)))
}

impl Mechanism for EmbeddingMechanism {
	type Task = Task;
	type Chunk = Chunk;

	fn descriptor(&self) -> Descriptor {
		DESCRIPTOR
	}

	fn deadline(&self) -> Duration {
		self.parameters.deadline
	}

	fn model_hash(&self) -> Option<[u8; 32]> {
		self.models.first().map(|model| model.model_hash())
	}

	fn task(&self, context: &ChallengeContext, epoch: &Epoch) -> Result<Task, MechanismError> {
		Ok(Task {
			epoch: *epoch,
			models: self.models.iter().map(|model| model.model_hash()).collect(),
			passages: self.draw(context).passages,
		})
	}

	fn solve(
		&self,
		context: &ChallengeContext,
		task: Task,
		sink: &mut dyn FnMut(Chunk) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		task.validate()?;
		let accepted = self
			.models
			.iter()
			.find(|model| task.models.contains(&model.model_hash()));
		let Some(model) = accepted else {
			return Err(MechanismError::InvalidTask(
				"none of the models asked for is served by this miner".into(),
			));
		};
		let model_hash = model.model_hash();
		let mut sealing = Sealing::new(&task, &model_hash);
		// The header goes out before any inference: a caller that went away costs none.
		sink(Chunk::Header { model_hash })?;
		for passage in &task.passages {
			let vector = embed(&**model, passage)?;
			sealing.add(&vector);
			sink(Chunk::Vector(vector))?;
		}
		Ok(sink(Chunk::Seal(sealing.finish(context)))?)
	}

	fn score(
		&self,
		context: &ChallengeContext,
		task: &Task,
		transcript: &Transcript<Chunk>,
	) -> Result<Score, MechanismError> {
		task.validate()?;
		// Everything that can be told without a model comes first: rubbish must not cost the validator an inference.
		let answer = match verify::read_answer(&self.models, context, task, transcript) {
			Ok(answer) => answer,
			Err(zero) => return Ok(zero),
		};
		let mut draws = Draws::new(self.secret.seed(context, SAMPLE_DOMAIN));
		let sample = draws.sample(task.passages.len(), self.parameters.samples);
		let agreement = verify::check_sample(task, &answer, &sample, self.parameters.tolerance)?;
		// An application's own passages have no neighbours that are known.
		let drawn = self.draw(context);
		let neighbours = (drawn.passages == task.passages).then_some(drawn.neighbours);
		verify::conclude(&answer, &agreement, neighbours.as_deref(), &self.parameters)
	}
}
