//! The trait that subnet owners implement.

use core::fmt;
use core::time::Duration;

use crate::{ChallengeContext, Epoch, Listener, Score, Transcript};

/// How a mechanism is called on the wire and in configuration files.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Descriptor {
	/// Short, lower case, unique among the mechanisms of one neuron.
	pub name: &'static str,
	/// Raised whenever tasks, chunks or scores change meaning: two versions do not talk to each other.
	pub version: u16,
}

impl fmt::Display for Descriptor {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(formatter, "{}/{}", self.name, self.version)
	}
}

/// The caller of [`Mechanism::solve`] went away: stop working.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other side no longer listens")]
pub struct SinkClosed;

/// What can go wrong besides a bad answer (which is a [`Score`] of zero).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MechanismError {
	/// The task cannot be solved as it stands: malformed, out of bounds, or for another model.
	#[error("invalid task: {0}")]
	InvalidTask(String),
	/// The model (or whatever does the work) failed.
	#[error("the model failed: {0}")]
	Model(String),
	/// The other side went away, so the work was stopped.
	#[error("cancelled: the other side no longer listens")]
	Cancelled,
	/// The mechanism produced something larger than the wire takes.
	#[error("{what} has {actual}, the limit is {limit}: make the mechanism produce less, or smaller pieces")]
	TooLarge {
		/// What was too large, with its unit.
		what: &'static str,
		/// Its size.
		actual: usize,
		/// The largest size allowed.
		limit: usize,
	},
	/// A fault of the mechanism itself, such as a score outside 0 to 1.
	#[error("fault in the mechanism: {0}")]
	Internal(String),
}

impl From<SinkClosed> for MechanismError {
	fn from(_: SinkClosed) -> Self {
		Self::Cancelled
	}
}

impl From<crate::InvalidScore> for MechanismError {
	fn from(error: crate::InvalidScore) -> Self {
		Self::Internal(error.to_string())
	}
}

/// The work a subnet pays for, on both sides of the wire.
///
/// All calls may block; the neuron makes them on threads of their own. One value serves many challenges at once.
pub trait Mechanism: Send + Sync + 'static {
	/// What the validator sends. Encoded: at most [`MAX_TASK_BYTES`](crate::MAX_TASK_BYTES). Avoid collections of types
	/// that encode to nothing (`Vec<()>`): their length is not bounded by the message's.
	type Task: codec::Codec + Send;
	/// One piece of what the miner streams back. Encoded: at most [`MAX_CHUNK_BYTES`](crate::MAX_CHUNK_BYTES), and at
	/// most [`MAX_CHUNKS`](crate::MAX_CHUNKS) of them an answer.
	type Chunk: codec::Codec + Send;

	/// Name and version.
	fn descriptor(&self) -> Descriptor;

	/// The longest that one whole answer may take, from the request to the last chunk.
	fn deadline(&self) -> Duration;

	/// The hash of the model that answers come from, which a miner signs with each answer; `None` where there is none.
	fn model_hash(&self) -> Option<[u8; 32]> {
		None
	}

	/// Validator: the task of this challenge, a pure function of `context` and `epoch`. A mechanism that wants the epoch
	/// in its seeds puts it into the task: the miner has it from there.
	///
	/// # Errors
	///
	/// When the mechanism itself is at fault; the miner is not involved yet.
	fn task(&self, context: &ChallengeContext, epoch: &Epoch) -> Result<Self::Task, MechanismError>;

	/// Miner: does the work and hands each piece of the answer to `sink` as soon as it exists.
	///
	/// `task` comes from another machine: check every bound before spending work on it.
	///
	/// # Errors
	///
	/// [`MechanismError::InvalidTask`] for a task that cannot or should not be done, [`MechanismError::Cancelled`] once
	/// `sink` is closed (do not call it again), [`MechanismError::Model`] when the work fails.
	fn solve(
		&self,
		context: &ChallengeContext,
		task: Self::Task,
		sink: &mut dyn FnMut(Self::Chunk) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError>;

	/// [`Mechanism::solve`] for a caller that can be asked whether it still listens; this is what a miner calls. As it stands
	/// only the sink tells: enough for work that sends its next chunk soon.
	///
	/// # Errors
	///
	/// See [`Mechanism::solve`].
	fn solve_for(
		&self,
		_listener: &Listener,
		context: &ChallengeContext,
		task: Self::Task,
		sink: &mut dyn FnMut(Self::Chunk) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		self.solve(context, task, sink)
	}

	/// Validator: what the answer to `task` is worth. A pure function of its arguments: no clock, no other answers.
	///
	/// `transcript` comes from another machine. Whatever is wrong with it is a [`Score::zero`] with a reason.
	///
	/// # Errors
	///
	/// Only faults on this side: they say nothing about the miner, whose score then stays as it was.
	fn score(
		&self,
		context: &ChallengeContext,
		task: &Self::Task,
		transcript: &Transcript<Self::Chunk>,
	) -> Result<Score, MechanismError>;
}
