//! The mechanism itself: what the miner sends, and what the validator makes of it.

use core::time::Duration;
use std::sync::Arc;

use subnet_sdk::{
	ChallengeContext, Descriptor, Epoch, Mechanism, MechanismError, Score, SinkClosed, Transcript, ValidatorSecret,
};

use crate::judge::{Comparison, compare};
use crate::ledger::{Candidate, Ledger};
use crate::parameters::{ParameterError, PretrainParameters};
use crate::text::Text;
use crate::transfer::FileReceiver;
use crate::weights::{Weights, WeightsError};
use crate::wire::{Award, Best, Chunk, Manifest, PIECE_BYTES, Task};

/// The mechanism's name and version.
pub const DESCRIPTOR: Descriptor = Descriptor {
	name: "pretrain",
	version: 1,
};

/// Domain of the seed that tells tasks apart.
const SALT_DOMAIN: &[u8] = b"pretrain/1/salt";
/// Domain of the secret seed that draws windows; the manifest's root follows, so that there are no windows before there is
/// a submission.
const WINDOWS_DOMAIN: &[u8] = b"pretrain/1/windows";

/// A miner's present model, as a file.
pub trait SubmissionSource: Send + Sync + 'static {
	/// The safetensors file. Asked for at each challenge, so that training may go on meanwhile.
	///
	/// # Errors
	///
	/// Why there is none, in words.
	fn file(&self) -> Result<Vec<u8>, String>;
}

/// Always the same file.
impl SubmissionSource for Vec<u8> {
	fn file(&self) -> Result<Vec<u8>, String> {
		Ok(self.clone())
	}
}

/// Pretraining as a contest. See the crate's documentation.
pub struct PretrainMechanism {
	parameters: PretrainParameters,
	initial: Arc<Weights>,
	submission: Arc<dyn SubmissionSource>,
	text: Arc<Text>,
	ledger: Arc<Ledger>,
	secret: ValidatorSecret,
}

/// Why a mechanism could not be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SetupError {
	/// A parameter is out of range.
	#[error(transparent)]
	Parameter(#[from] ParameterError),
	/// The untrained model could not be made.
	#[error(transparent)]
	Weights(#[from] WeightsError),
}

impl PretrainMechanism {
	/// A miner's mechanism, which submits what `submission` has.
	///
	/// # Errors
	///
	/// [`SetupError`].
	pub fn miner(submission: Arc<dyn SubmissionSource>, parameters: PretrainParameters) -> Result<Self, SetupError> {
		// A miner draws and judges nothing.
		let secret = ValidatorSecret::new([0; 32]);
		let ledger = Arc::new(Ledger::in_memory());
		Self::new(submission, Text::bundled(), ledger, secret, parameters)
	}

	/// A validator's mechanism, which measures on `text` and remembers in `ledger`.
	///
	/// # Errors
	///
	/// [`SetupError`].
	pub fn validator(
		text: Arc<Text>,
		ledger: Arc<Ledger>,
		secret: ValidatorSecret,
		parameters: PretrainParameters,
	) -> Result<Self, SetupError> {
		let untrained = Weights::initial(parameters.architecture, parameters.initial_seed)?.to_file()?;
		Self::new(Arc::new(untrained), text, ledger, secret, parameters)
	}

	/// Both sides in one.
	///
	/// # Errors
	///
	/// [`SetupError`].
	pub fn new(
		submission: Arc<dyn SubmissionSource>,
		text: Arc<Text>,
		ledger: Arc<Ledger>,
		secret: ValidatorSecret,
		parameters: PretrainParameters,
	) -> Result<Self, SetupError> {
		parameters.validate()?;
		let initial = Arc::new(Weights::initial(parameters.architecture, parameters.initial_seed)?);
		Ok(Self {
			parameters,
			initial,
			submission,
			text,
			ledger,
			secret,
		})
	}

	/// The model that the task says is to be beaten.
	fn champion(&self, best: Option<&Best>) -> Result<Arc<Weights>, MechanismError> {
		match best {
			None => Ok(self.initial.clone()),
			Some(best) => self.ledger.weights(&best.weights).ok_or_else(|| {
				let id = best.weights;
				MechanismError::Internal(format!(
					"the task's best model {id} is no longer kept: the task is too old"
				))
			}),
		}
	}

	/// A file that came whole and sound, as weights.
	fn receive(&self, manifest: &Manifest, pieces: &[&[u8]]) -> Result<Weights, String> {
		let limit = Weights::max_file_bytes(&self.parameters.architecture);
		let mut receiver = FileReceiver::new(manifest.clone(), limit).map_err(|error| error.to_string())?;
		for piece in pieces {
			receiver.push(piece).map_err(|error| error.to_string())?;
		}
		let file = receiver.finish().map_err(|error| error.to_string())?;
		let weights = Weights::from_file(self.parameters.architecture, &file).map_err(|error| error.to_string())?;
		let (id, claimed) = (weights.id(), manifest.weights);
		if id == claimed {
			Ok(weights)
		} else {
			Err(format!("the file has the weights {id}, the manifest says {claimed}"))
		}
	}

	/// What is left of an award for a model that was paid before.
	fn standing(&self, task: &Task, award: &Award) -> Result<Score, MechanismError> {
		let blocks = task.epoch.block.saturating_sub(award.block);
		let value = self.parameters.decayed(award.value, blocks).clamp(0.0, 1.0);
		let id = award.weights;
		let reason = format!(
			"improved the best model with {id} {blocks} blocks ago; then worth {:.3}",
			award.value
		);
		Ok(Score::new(value, reason)?)
	}

	/// What a model that came whole is worth, and a note in the ledger where it is worth anything.
	fn judge(
		&self,
		context: &ChallengeContext,
		task: &Task,
		manifest: &Manifest,
		weights: Weights,
	) -> Result<Score, MechanismError> {
		let champion = self.champion(task.best.as_ref())?;
		if *champion == weights {
			return Ok(Score::zero("a copy of the best model so far"));
		}
		let seed = self.secret.seed(context, &[WINDOWS_DOMAIN, &manifest.root()].concat());
		let length = self.parameters.architecture.context + 1;
		let windows = self.text.windows(seed, self.parameters.windows, length);
		let weights = Arc::new(weights);
		let Some(comparison) = compare(&weights, &champion, &windows) else {
			return Ok(Score::zero("the model's loss is no number"));
		};
		let value = comparison.value(&self.parameters);
		if value > 0.0 {
			let best = Best {
				weights: manifest.weights,
				loss: comparison.loss,
			};
			let candidate = Candidate {
				miner: context.miner,
				weights: weights.clone(),
				best,
				value,
				block: task.epoch.block,
				beaten: task.best.map(|best| best.weights),
			};
			self.ledger.note(candidate, |noted| {
				compare(&weights, noted, &windows).is_some_and(|against| against.value(&self.parameters) > 0.0)
			});
		}
		Ok(Score::new(value, self.reason(&comparison))?)
	}

	fn reason(&self, comparison: &Comparison) -> String {
		let Comparison {
			windows,
			best_loss,
			loss,
			improvement,
			error,
		} = comparison;
		let (percent, error) = (improvement * 100.0, error * 100.0);
		let margin = self.parameters.margin * 100.0;
		format!(
			"loss {loss:.4} nats a byte, the best so far {best_loss:.4} on the same {windows} windows: {percent:+.2}% ± \
			 {error:.2}, paid from {margin:.2}% for certain"
		)
	}
}

/// The manifest and the pieces of an answer, whatever they are worth.
fn parts<'a>(
	task_context: &ChallengeContext,
	transcript: &'a Transcript<Chunk>,
) -> Result<(&'a Manifest, Vec<&'a [u8]>), Score> {
	let chunks = transcript.complete_chunks()?;
	let Some((first, rest)) = chunks.split_first() else {
		return Err(Score::zero("the answer is empty"));
	};
	let Chunk::Manifest { manifest, binding } = &first.chunk else {
		return Err(Score::zero("the answer does not begin with a manifest"));
	};
	if *binding != manifest.binding(task_context) {
		return Err(Score::zero(
			"the manifest is bound to another miner, validator or nonce",
		));
	}
	let pieces: Option<Vec<&[u8]>> = rest
		.iter()
		.map(|timed| match &timed.chunk {
			Chunk::Piece(bytes) => Some(bytes.as_slice()),
			Chunk::Manifest { .. } => None,
		})
		.collect();
	match pieces {
		Some(pieces) => Ok((manifest, pieces)),
		None => Err(Score::zero("a second manifest came")),
	}
}

impl Mechanism for PretrainMechanism {
	type Task = Task;
	type Chunk = Chunk;

	fn descriptor(&self) -> Descriptor {
		DESCRIPTOR
	}

	fn deadline(&self) -> Duration {
		self.parameters.deadline
	}

	fn task(&self, context: &ChallengeContext, epoch: &Epoch) -> Result<Task, MechanismError> {
		let (best, award) = self
			.ledger
			.at(epoch.block, &context.miner, &self.parameters)
			.map_err(|error| MechanismError::Internal(error.to_string()))?;
		Ok(Task {
			epoch: *epoch,
			best,
			award,
			salt: context.seed(SALT_DOMAIN),
		})
	}

	fn solve(
		&self,
		context: &ChallengeContext,
		task: Task,
		sink: &mut dyn FnMut(Chunk) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		let file = self.submission.file().map_err(MechanismError::Model)?;
		let weights = Weights::from_file(self.parameters.architecture, &file)
			.map_err(|error| MechanismError::Model(error.to_string()))?
			.id();
		let manifest = Manifest::of(weights, &file);
		let binding = manifest.binding(context);
		sink(Chunk::Manifest { manifest, binding })?;
		// The validator has paid for this model, or knows it from somebody else: sending it again gains nothing.
		let known = task.award.is_some_and(|award| award.weights == weights)
			|| task.best.is_some_and(|best| best.weights == weights);
		if !known {
			for piece in file.chunks(PIECE_BYTES) {
				sink(Chunk::Piece(piece.to_vec()))?;
			}
		}
		Ok(())
	}

	fn score(
		&self,
		context: &ChallengeContext,
		task: &Task,
		transcript: &Transcript<Chunk>,
	) -> Result<Score, MechanismError> {
		let (manifest, pieces) = match parts(context, transcript) {
			Ok(parts) => parts,
			Err(zero) => return Ok(zero),
		};
		if let Some(award) = &task.award
			&& award.weights == manifest.weights
		{
			return self.standing(task, award);
		}
		if task.best.is_some_and(|best| best.weights == manifest.weights) {
			return Ok(Score::zero("a copy of the best model so far"));
		}
		if pieces.is_empty() {
			return Ok(Score::zero("nothing new, and nothing that was paid before"));
		}
		match self.receive(manifest, &pieces) {
			Ok(weights) => self.judge(context, task, manifest, weights),
			Err(reason) => Ok(Score::zero(reason)),
		}
	}
}
