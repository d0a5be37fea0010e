//! The tutorial mechanism: the smallest thing a subnet can pay for. Read it top to bottom, copy it, change it.
//!
//! The validator sends 32 bytes, the miner returns them hashed with its own identity, a right answer is worth 1. That is
//! useless as work, and complete as a mechanism: it has a task, an answer and a score, and an answer that was relayed from
//! another miner is worth nothing.
//!
//! # The five decisions
//!
//! 1. *What is a task?* A type that encodes as SCALE: here [`Payload`].
//! 2. *What is a piece of an answer?* Another such type: here 32 bytes. Long answers come in many pieces; this one in one.
//! 3. *Where does the task come from?* From the challenge's context and from nothing else: no clock, no random source.
//!    The context is the validator's nonce and both hotkeys. The epoch is public randomness for mechanisms whose answers
//!    could be prepared; this one has no use for it.
//! 4. *What does the miner do?* It solves the task, and it mixes the context into the answer. A miner that passes the task
//!    on to another one gets back an answer with the other one's hotkey in it.
//! 5. *What is an answer worth?* A number from 0 to 1, with the reason in words. Whatever a miner sends is a score; errors
//!    are for the validator's own faults.
//!
//! What this mechanism does *not* do: it cannot stop one machine from answering under two hotkeys that it owns, since the
//! work costs nothing. A real mechanism asks for work that costs something; see `subnet-text`.
//!
//! # Example
//!
//! Playing both sides by hand; the neuron does the same over the network:
//!
//! ```
//! use subnet_echo::Echo;
//! use subnet_sdk::{ChallengeContext, Epoch, Hotkey, Mechanism, Nonce, Outcome, TimedChunk, Transcript};
//!
//! let (validator, miner) = (Hotkey([3; 32]), Hotkey([2; 32]));
//! let context = ChallengeContext { nonce: Nonce([1; 32]), validator, miner };
//! let task = Echo.task(&context, &Epoch::default()).unwrap(); // the validator
//!
//! let mut chunks = Vec::new(); // the miner
//! Echo.solve(&context, task, &mut |chunk| {
//!     chunks.push(TimedChunk { elapsed_us: 1_000, chunk });
//!     Ok(())
//! })
//! .unwrap();
//!
//! let transcript = Transcript { chunks, outcome: Outcome::Complete }; // the validator again
//! let task = Echo.task(&context, &Epoch::default()).unwrap();
//! assert_eq!(Echo.score(&context, &task, &transcript).unwrap().value(), 1.0);
//! ```

use core::time::Duration;

use codec::{Decode, Encode};
use subnet_sdk::{ChallengeContext, Descriptor, Epoch, Mechanism, MechanismError, Score, SinkClosed, Transcript};

/// The task: some bytes to send back. `Encode` and `Decode` are all that the wire needs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Payload(pub [u8; 32]);

/// The mechanism. It holds no state; one that needs a model or a corpus keeps it here.
#[derive(Copy, Clone, Debug, Default)]
pub struct Echo;

/// The right answer. Both sides compute it: the miner to send it, the validator to compare.
///
/// `seed` hashes its argument together with the nonce and both hotkeys, so this is a hash of all four.
fn echo(context: &ChallengeContext, payload: &Payload) -> [u8; 32] {
	context.seed(&[b"echo/answer", &payload.0[..]].concat())
}

impl Mechanism for Echo {
	type Task = Payload;
	type Chunk = [u8; 32];

	fn descriptor(&self) -> Descriptor {
		// The name that people write in configuration files. Raise the version when anything below changes meaning.
		Descriptor {
			name: "echo",
			version: 2,
		}
	}

	fn deadline(&self) -> Duration {
		Duration::from_secs(5)
	}

	fn task(&self, context: &ChallengeContext, _: &Epoch) -> Result<Payload, MechanismError> {
		// Every purpose gets a domain of its own, so that knowing the task says nothing about the answer.
		Ok(Payload(context.seed(b"echo/task")))
	}

	fn solve(
		&self,
		context: &ChallengeContext,
		task: Payload,
		sink: &mut dyn FnMut([u8; 32]) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		// `?` turns a closed sink into `MechanismError::Cancelled`: when the validator goes away, so does the work.
		Ok(sink(echo(context, &task))?)
	}

	fn score(
		&self,
		context: &ChallengeContext,
		task: &Payload,
		transcript: &Transcript<[u8; 32]>,
	) -> Result<Score, MechanismError> {
		// A transcript that timed out or failed becomes a zero score here, with the reason.
		let chunks = match transcript.complete_chunks() {
			Ok(chunks) => chunks,
			Err(zero) => return Ok(zero),
		};
		// Insist on exactly what was asked: an answer with extra pieces is wrong too.
		Ok(match chunks {
			[only] if only.chunk == echo(context, task) => Score::full("the payload came back"),
			[_] => Score::zero("another payload came back, or another miner's"),
			_ => Score::zero(format!("{} chunks came instead of 1", chunks.len())),
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// One line tests honesty, relaying, rubbish in both directions, panics and cancellation.
	#[test]
	fn conforms() {
		assert_eq!(subnet_sdk::conformance::check(&Echo), Ok(()));
	}
}
