//! Any bytes, where another machine's bytes come in: for fuzz targets and property tests of mechanisms.
//!
//! [`feed`] makes of one string of bytes what a validator could send to a miner, or a miner to a validator: rubbish, or
//! sound messages with damage. `subnets/fuzz` runs it over this repository's mechanisms.
//!
//! ```
//! # use core::time::Duration;
//! # use subnet_sdk::*;
//! # struct Digest;
//! # impl Mechanism for Digest {
//! #     type Task = [u8; 32];
//! #     type Chunk = [u8; 32];
//! #     fn descriptor(&self) -> Descriptor {
//! #         Descriptor { name: "digest", version: 1 }
//! #     }
//! #     fn deadline(&self) -> Duration {
//! #         Duration::from_secs(5)
//! #     }
//! #     fn task(&self, context: &ChallengeContext, _: &Epoch) -> Result<[u8; 32], MechanismError> {
//! #         Ok(context.seed(b"digest/task"))
//! #     }
//! #     fn solve(
//! #         &self,
//! #         context: &ChallengeContext,
//! #         task: [u8; 32],
//! #         sink: &mut dyn FnMut([u8; 32]) -> Result<(), SinkClosed>,
//! #     ) -> Result<(), MechanismError> {
//! #         Ok(sink(context.seed(&task))?)
//! #     }
//! #     fn score(
//! #         &self,
//! #         context: &ChallengeContext,
//! #         task: &[u8; 32],
//! #         transcript: &Transcript<[u8; 32]>,
//! #     ) -> Result<Score, MechanismError> {
//! #         match transcript.complete_chunks() {
//! #             Err(zero) => Ok(zero),
//! #             Ok([only]) if only.chunk == context.seed(task) => Ok(Score::full("right digest")),
//! #             Ok(_) => Ok(Score::zero("wrong digest")),
//! #         }
//! #     }
//! # }
//! // The first byte says what is damaged: here the first chunk of the answer, at its third byte.
//! assert_eq!(untrusted::feed(&Digest, &[3, 0, 0, 2, 0, 0xff]), Ok(()));
//! ```

use codec::DecodeLimit;

use crate::{
	ChallengeContext, DynMechanism, Epoch, Hotkey, MAX_CHUNKS, MAX_DECODE_DEPTH, Mechanism, MechanismError, Nonce,
	Outcome, SinkClosed, TimedChunk, Transcript,
};

/// Chunks of an answer after which whoever asked goes away, so that a task cannot ask for much.
const CHUNKS_TAKEN: usize = 64;
/// Time between two chunks, in microseconds.
const CHUNK_INTERVAL_US: u64 = 1_000;
/// The context of everything.
const CONTEXT: ChallengeContext = ChallengeContext {
	nonce: Nonce([1; 32]),
	validator: Hotkey([200; 32]),
	miner: Hotkey([1; 32]),
};
const EPOCH: Epoch = Epoch {
	block: 1,
	hash: [100; 32],
};

/// Gives the bytes to a mechanism in one of four ways, by the remainder of the first one:
/// 0. a task for its miner's side; 1. its own task with damage, for the same;
/// 2. chunks, each behind its length in two bytes, for its validator's side; 3. an honest answer with damage, for the same.
///
/// Damage is a list of five bytes each: what is done, to which piece, at which place (two bytes), with which value.
///
/// # Errors
/// Names the rule that does not hold: a task or chunk has two encodings, so that hashes of transcripts say nothing; the
/// miner's side goes on after its caller has gone, or calls a sound task's work a fault of its own code; the validator's
/// side takes an answer for a fault of its own, which leaves a cheat's score as it was, or scores it two ways.
pub fn feed<M: Mechanism>(mechanism: &M, bytes: &[u8]) -> Result<(), &'static str> {
	let Some((way, rest)) = bytes.split_first() else {
		return Ok(());
	};
	let own = DynMechanism::task(mechanism, &CONTEXT, &EPOCH).map_err(|_| "it gives no task")?;
	match way % 4 {
		0 => solve(mechanism, rest).map(drop),
		1 => {
			let mut pieces = vec![own];
			damage(&mut pieces, rest);
			pieces.iter().try_for_each(|task| solve(mechanism, task).map(drop))
		}
		2 => score(mechanism, &own, split(rest)),
		_ => {
			let mut chunks = solve(mechanism, &own)?;
			damage(&mut chunks, rest);
			score(mechanism, &own, chunks)
		}
	}
}

/// The chunks of a miner's answer to a task, the first [`CHUNKS_TAKEN`] of them.
fn solve<M: Mechanism>(mechanism: &M, task: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
	canonical::<M::Task>(task, "a task has two encodings")?;
	let (mut chunks, mut called_after_end) = (Vec::new(), false);
	let solved = DynMechanism::solve(mechanism, &CONTEXT, task, &mut |chunk| {
		called_after_end |= chunks.len() >= CHUNKS_TAKEN;
		chunks.push(chunk);
		if chunks.len() < CHUNKS_TAKEN {
			Ok(())
		} else {
			Err(SinkClosed)
		}
	});
	match solved {
		_ if called_after_end => Err("it works on for a caller that has gone"),
		Err(MechanismError::Internal(_) | MechanismError::TooLarge { .. }) => Err("a task makes it a fault of its own"),
		_ => Ok(chunks),
	}
}

fn score<M: Mechanism>(mechanism: &M, task: &[u8], chunks: Vec<Vec<u8>>) -> Result<(), &'static str> {
	for chunk in &chunks {
		canonical::<M::Chunk>(chunk, "a chunk has two encodings")?;
	}
	let timed = |(index, chunk)| TimedChunk {
		elapsed_us: CHUNK_INTERVAL_US * (index as u64 + 1),
		chunk,
	};
	let transcript = Transcript {
		chunks: chunks.into_iter().enumerate().map(timed).collect(),
		outcome: Outcome::Complete,
	};
	let score = || DynMechanism::score(mechanism, &CONTEXT, task, &transcript);
	let (Ok(first), Ok(second)) = (score(), score()) else {
		return Err("an answer makes it a fault of the validator");
	};
	if first != second {
		return Err("one answer has two scores");
	}
	if first.reason.is_empty() {
		return Err("a score has no reason");
	}
	Ok(())
}

/// Whatever decodes must be encoded to the same bytes again.
fn canonical<T: codec::Codec>(bytes: &[u8], otherwise: &'static str) -> Result<(), &'static str> {
	match T::decode_all_with_depth_limit(MAX_DECODE_DEPTH, &mut &bytes[..]) {
		Ok(value) if value.encode() != bytes => Err(otherwise),
		_ => Ok(()),
	}
}

/// Pieces, each behind its length in two little-endian bytes; the last one may be shorter than it says.
fn split(mut bytes: &[u8]) -> Vec<Vec<u8>> {
	let mut pieces = Vec::new();
	while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
		let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
		let (piece, rest) = rest.split_at(length);
		pieces.push(piece.to_vec());
		bytes = rest;
	}
	pieces
}

/// Does to the pieces what five bytes at a time say.
fn damage(pieces: &mut Vec<Vec<u8>>, bytes: &[u8]) {
	for &[what, which, low, high, value] in bytes.as_chunks::<5>().0 {
		if pieces.is_empty() || pieces.len() >= MAX_CHUNKS {
			return;
		}
		let index = usize::from(which) % pieces.len();
		let piece = &mut pieces[index];
		let place = usize::from(u16::from_le_bytes([low, high])) % (piece.len() + 1);
		match what % 8 {
			0..=2 => piece.iter_mut().skip(place).take(1).for_each(|byte| *byte = value),
			3 => piece
				.iter_mut()
				.skip(place)
				.take(1)
				.for_each(|byte| *byte ^= 1 << (value % 8)),
			4 => piece.truncate(place),
			5 => piece.insert(place, value),
			6 => drop(pieces.remove(index)),
			_ => {
				let copy = piece.clone();
				pieces.insert(index, copy);
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn pieces_are_split_and_damaged_as_described() {
		assert_eq!(split(&[2, 0, 7, 8, 0, 0, 9, 0, 1]), [vec![7, 8], vec![], vec![1]]);
		let mut pieces = vec![vec![1, 2], vec![3]];
		damage(
			&mut pieces,
			&[0, 0, 1, 0, 9, 7, 1, 0, 0, 0, 4, 2, 0, 0, 0, 5, 1, 1, 0, 8],
		);
		assert_eq!(pieces, [vec![1, 9], vec![3, 8], vec![]]);
		damage(
			&mut pieces,
			&[6, 0, 0, 0, 0, 6, 0, 0, 0, 0, 6, 0, 0, 0, 0, 6, 0, 0, 0, 0],
		);
		assert!(pieces.is_empty());
	}
}
