//! What came back from a miner, and when.

use crate::Score;

/// One chunk of an answer with its arrival time.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct TimedChunk<C> {
	/// Microseconds since the request was sent, on the validator's clock. The miner has no say in it.
	pub elapsed_us: u64,
	/// The chunk itself.
	pub chunk: C,
}

/// How an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
	/// The miner said that it was done.
	Complete,
	/// The deadline passed first.
	TimedOut,
	/// It was refused or broke off; the text says how and may come from the miner.
	Failed(String),
}

/// A whole answer as the validator saw it: every chunk in order of arrival, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript<C> {
	/// In order of arrival.
	pub chunks: Vec<TimedChunk<C>>,
	/// How it ended.
	pub outcome: Outcome,
}

impl<C> Transcript<C> {
	/// The chunks of an answer that was finished.
	///
	/// # Errors
	///
	/// The zero score, with its reason, for one that timed out or failed: most mechanisms pay nothing for half an answer.
	pub fn complete_chunks(&self) -> Result<&[TimedChunk<C>], Score> {
		match &self.outcome {
			Outcome::Complete => Ok(&self.chunks),
			Outcome::TimedOut => Err(Score::zero(format!(
				"no complete answer before the deadline ({} chunks came)",
				self.chunks.len()
			))),
			Outcome::Failed(reason) => Err(Score::zero(format!("the answer broke off: {reason}"))),
		}
	}

	/// Microseconds from the request to the last chunk; `None` without chunks.
	pub fn last_arrival_us(&self) -> Option<u64> {
		self.chunks.iter().map(|timed| timed.elapsed_us).max()
	}
}
