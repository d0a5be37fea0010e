//! The object-safe face of a mechanism: the same four calls over bytes.

use core::time::Duration;

use codec::{DecodeLimit, Encode};

use crate::{
	ChallengeContext, Descriptor, Epoch, Listener, Mechanism, MechanismError, Score, SinkClosed, TimedChunk, Transcript,
};

/// Largest encoded task, in bytes.
pub const MAX_TASK_BYTES: usize = 64 * 1024;
/// Largest encoded chunk, in bytes.
pub const MAX_CHUNK_BYTES: usize = 64 * 1024;
/// Most chunks in one answer.
pub const MAX_CHUNKS: usize = 4096;
/// Deepest nesting of encoded types that is followed before a message counts as malformed.
pub const MAX_DECODE_DEPTH: u32 = 16;

/// A [`Mechanism`] whose task and chunks are bytes, so that a neuron can hold any of them behind one pointer.
///
/// Every `Mechanism` is one. Decoding is strict: bytes left over, nesting deeper than [`MAX_DECODE_DEPTH`] and anything
/// larger than the limits of this module are refused.
pub trait DynMechanism: Send + Sync {
	/// See [`Mechanism::descriptor`].
	fn descriptor(&self) -> Descriptor;

	/// See [`Mechanism::deadline`].
	fn deadline(&self) -> Duration;

	/// See [`Mechanism::model_hash`].
	fn model_hash(&self) -> Option<[u8; 32]> {
		None
	}

	/// The encoded task of this challenge, at most [`MAX_TASK_BYTES`].
	///
	/// # Errors
	///
	/// See [`Mechanism::task`]; [`MechanismError::TooLarge`] for a task that no miner would accept.
	fn task(&self, context: &ChallengeContext, epoch: &Epoch) -> Result<Vec<u8>, MechanismError>;

	/// Decodes and solves `task`, handing encoded chunks to `sink`.
	///
	/// # Errors
	///
	/// See [`Mechanism::solve`]; [`MechanismError::InvalidTask`] when `task` does not decode;
	/// [`MechanismError::TooLarge`] when the answer outgrows [`MAX_CHUNK_BYTES`] or [`MAX_CHUNKS`].
	fn solve(
		&self,
		context: &ChallengeContext,
		task: &[u8],
		sink: &mut dyn FnMut(Vec<u8>) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError>;

	/// See [`Mechanism::solve_for`].
	///
	/// # Errors
	///
	/// See [`DynMechanism::solve`].
	fn solve_for(
		&self,
		_listener: &Listener,
		context: &ChallengeContext,
		task: &[u8],
		sink: &mut dyn FnMut(Vec<u8>) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		self.solve(context, task, sink)
	}

	/// Decodes and scores an answer. One that does not decode scores zero.
	///
	/// # Errors
	///
	/// See [`Mechanism::score`]; [`MechanismError::InvalidTask`] when `task`, which is the validator's own, does not decode.
	fn score(
		&self,
		context: &ChallengeContext,
		task: &[u8],
		transcript: &Transcript<Vec<u8>>,
	) -> Result<Score, MechanismError>;
}

impl<M: Mechanism> DynMechanism for M {
	fn descriptor(&self) -> Descriptor {
		Mechanism::descriptor(self)
	}

	fn deadline(&self) -> Duration {
		Mechanism::deadline(self)
	}

	fn model_hash(&self) -> Option<[u8; 32]> {
		Mechanism::model_hash(self)
	}

	fn task(&self, context: &ChallengeContext, epoch: &Epoch) -> Result<Vec<u8>, MechanismError> {
		let bytes = Mechanism::task(self, context, epoch)?.encode();
		check_size("the task, in bytes,", bytes.len(), MAX_TASK_BYTES)?;
		Ok(bytes)
	}

	fn solve(
		&self,
		context: &ChallengeContext,
		task: &[u8],
		sink: &mut dyn FnMut(Vec<u8>) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		DynMechanism::solve_for(self, &Listener::default(), context, task, sink)
	}

	fn solve_for(
		&self,
		listener: &Listener,
		context: &ChallengeContext,
		task: &[u8],
		sink: &mut dyn FnMut(Vec<u8>) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		let task: M::Task = decode(task, MAX_TASK_BYTES).map_err(MechanismError::InvalidTask)?;
		let mut sent = 0_usize;
		let mut fault = None;
		// An answer that is too large is this side's fault, yet the mechanism can only be stopped by closing its sink:
		// the fault is put aside and takes the place of the `Cancelled` that comes back.
		let solved = Mechanism::solve_for(self, listener, context, task, &mut |chunk| {
			let bytes = chunk.encode();
			sent += 1;
			let checked = check_size("the answer, in chunks,", sent, MAX_CHUNKS)
				.and_then(|()| check_size("a chunk, in bytes,", bytes.len(), MAX_CHUNK_BYTES));
			match checked {
				Ok(()) => sink(bytes),
				Err(error) => {
					fault = Some(error);
					Err(SinkClosed)
				}
			}
		});
		fault.map_or(solved, Err)
	}

	fn score(
		&self,
		context: &ChallengeContext,
		task: &[u8],
		transcript: &Transcript<Vec<u8>>,
	) -> Result<Score, MechanismError> {
		let task: M::Task = decode(task, MAX_TASK_BYTES).map_err(MechanismError::InvalidTask)?;
		match decode_transcript(transcript) {
			Ok(transcript) => Mechanism::score(self, context, &task, &transcript),
			Err(reason) => Ok(Score::zero(reason)),
		}
	}
}

fn check_size(what: &'static str, actual: usize, limit: usize) -> Result<(), MechanismError> {
	if actual <= limit {
		Ok(())
	} else {
		Err(MechanismError::TooLarge { what, actual, limit })
	}
}

/// Decodes all of `bytes`; the error is a phrase for people.
fn decode<T: codec::Decode>(bytes: &[u8], limit: usize) -> Result<T, String> {
	if bytes.len() > limit {
		return Err(format!("{} bytes came, at most {limit} are taken", bytes.len()));
	}
	T::decode_all_with_depth_limit(MAX_DECODE_DEPTH, &mut &bytes[..])
		.map_err(|error| format!("{} bytes do not decode: {error}", bytes.len()))
}

fn decode_transcript<C: codec::Decode>(transcript: &Transcript<Vec<u8>>) -> Result<Transcript<C>, String> {
	if transcript.chunks.len() > MAX_CHUNKS {
		return Err(format!(
			"{} chunks came, at most {MAX_CHUNKS} are taken",
			transcript.chunks.len()
		));
	}
	let decode_one = |(index, timed): (usize, &TimedChunk<Vec<u8>>)| {
		decode(&timed.chunk, MAX_CHUNK_BYTES)
			.map(|chunk| TimedChunk {
				elapsed_us: timed.elapsed_us,
				chunk,
			})
			.map_err(|reason| format!("malformed chunk {index}: {reason}"))
	};
	let chunks = transcript
		.chunks
		.iter()
		.enumerate()
		.map(decode_one)
		.collect::<Result<_, _>>()?;
	Ok(Transcript {
		chunks,
		outcome: transcript.outcome.clone(),
	})
}
