//! The suite passes a sound mechanism and catches each way of being unsound; decoding is strict and bounded.

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

use codec::Encode;
use proptest::prelude::*;
use subnet_sdk::{
	ChallengeContext, Descriptor, DynMechanism, Epoch, Hotkey, MAX_CHUNK_BYTES, MAX_CHUNKS, Mechanism, MechanismError,
	Nonce, Outcome, Score, SinkClosed, TimedChunk, Transcript, conformance,
};

#[derive(Copy, Clone, PartialEq)]
enum Defect {
	None,
	TaskFromCounter,
	TaskIgnoresMiner,
	TaskIgnoresNonce,
	AnswerIgnoresMiner,
	HonestEarnsNothing,
	ScoreFromCounter,
	PaysForNothing,
	PanicsOnNothing,
	PaysTwice,
	PanicsOnShortTask,
	IgnoresClosedSink,
	ErrorOnBadAnswer,
}

/// Two chunks, each the seed of its index and the task; half a point each.
struct Pair {
	defect: Defect,
	counter: AtomicU32,
}

impl Pair {
	fn new(defect: Defect) -> Self {
		Self {
			defect,
			counter: AtomicU32::new(0),
		}
	}

	fn is(&self, defect: Defect) -> bool {
		self.defect == defect
	}

	fn piece(&self, context: &ChallengeContext, task: &[u8], index: u8) -> [u8; 32] {
		let mut context = *context;
		if self.is(Defect::AnswerIgnoresMiner) {
			context.miner = Hotkey([0; 32]);
		}
		context.seed(&[&[index], task].concat())
	}
}

impl Mechanism for Pair {
	type Task = Vec<u8>;
	type Chunk = (u8, [u8; 32]);

	fn descriptor(&self) -> Descriptor {
		Descriptor {
			name: "pair",
			version: 1,
		}
	}

	fn deadline(&self) -> Duration {
		Duration::from_secs(1)
	}

	fn task(&self, context: &ChallengeContext, _: &Epoch) -> Result<Vec<u8>, MechanismError> {
		let mut context = *context;
		match self.defect {
			Defect::TaskIgnoresMiner => context.miner = Hotkey([0; 32]),
			Defect::TaskIgnoresNonce => context.nonce = Nonce([0; 32]),
			Defect::TaskFromCounter => {
				return Ok(self.counter.fetch_add(1, Ordering::Relaxed).encode());
			}
			_ => {}
		}
		Ok(context.seed(b"task").to_vec())
	}

	fn solve(
		&self,
		context: &ChallengeContext,
		task: Vec<u8>,
		sink: &mut dyn FnMut(Self::Chunk) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		if self.is(Defect::PanicsOnShortTask) {
			assert!(task.len() >= 32, "a short task");
		}
		for index in 0..2 {
			let sent = sink((index, self.piece(context, &task, index)));
			if !self.is(Defect::IgnoresClosedSink) {
				sent?;
			}
		}
		Ok(())
	}

	fn score(
		&self,
		context: &ChallengeContext,
		task: &Vec<u8>,
		transcript: &Transcript<Self::Chunk>,
	) -> Result<Score, MechanismError> {
		let chunks = match transcript.complete_chunks() {
			Ok(chunks) => chunks,
			Err(zero) => return Ok(zero),
		};
		if chunks.is_empty() {
			assert!(!self.is(Defect::PanicsOnNothing), "nothing came");
			return Ok(if self.is(Defect::PaysForNothing) {
				Score::full("paid")
			} else {
				Score::zero("nothing came")
			});
		}
		let is_right = |timed: &&TimedChunk<Self::Chunk>| {
			timed.chunk.0 < 2 && timed.chunk.1 == self.piece(context, task, timed.chunk.0)
		};
		let right = chunks.iter().filter(is_right).count();
		if self.is(Defect::ErrorOnBadAnswer) && right < chunks.len() {
			return Err(MechanismError::Internal("bad answer".into()));
		}
		if self.is(Defect::HonestEarnsNothing) {
			return Ok(Score::zero("stingy"));
		}
		if self.is(Defect::ScoreFromCounter) {
			return Ok(Score::new(
				1.0 / f64::from(2 + self.counter.fetch_add(1, Ordering::Relaxed)),
				"moody",
			)?);
		}
		if chunks.len() > 2 && !self.is(Defect::PaysTwice) {
			return Ok(Score::zero("too many chunks"));
		}
		let points = right as f64 / 4.0;
		Ok(Score::new(points, format!("{right} right"))?)
	}
}

#[test]
fn a_sound_mechanism_passes() {
	assert_eq!(conformance::check(&Pair::new(Defect::None)), Ok(()));
}

#[test]
fn every_defect_is_caught() {
	for (defect, complaint) in [
		(Defect::TaskFromCounter, "two tasks for one context"),
		(Defect::TaskIgnoresMiner, "does not depend on the miner"),
		(Defect::TaskIgnoresNonce, "does not depend on the nonce"),
		(Defect::AnswerIgnoresMiner, "this task solved by another miner scores"),
		(Defect::HonestEarnsNothing, "an honest answer scores 0"),
		(Defect::ScoreFromCounter, "was scored twice"),
		(Defect::PaysForNothing, "without chunks scores"),
		(Defect::PanicsOnNothing, "without chunks panicked"),
		(Defect::PaysTwice, "sent twice scores"),
		(Defect::PanicsOnShortTask, "panicked"),
		(Defect::IgnoresClosedSink, "called a closed sink 2 times"),
		(Defect::ErrorOnBadAnswer, "is a score, not an error"),
	] {
		let error = conformance::check(&Pair::new(defect)).expect_err(complaint);
		assert!(error.contains(complaint), "expected '{complaint}', got '{error}'");
	}
}

const CONTEXT: ChallengeContext = ChallengeContext {
	nonce: Nonce([1; 32]),
	validator: Hotkey([3; 32]),
	miner: Hotkey([2; 32]),
};

/// Sends as many chunks of as many bytes as it is told to.
struct Flood;

impl Mechanism for Flood {
	type Task = (u32, u32);
	type Chunk = Vec<u8>;

	fn descriptor(&self) -> Descriptor {
		Descriptor {
			name: "flood",
			version: 1,
		}
	}

	fn deadline(&self) -> Duration {
		Duration::from_secs(1)
	}

	fn task(&self, _: &ChallengeContext, _: &Epoch) -> Result<(u32, u32), MechanismError> {
		Ok((1, 1))
	}

	fn solve(
		&self,
		_: &ChallengeContext,
		(count, length): (u32, u32),
		sink: &mut dyn FnMut(Vec<u8>) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		for _ in 0..count {
			sink(vec![0; length as usize])?;
		}
		Ok(())
	}

	fn score(
		&self,
		_: &ChallengeContext,
		_: &(u32, u32),
		transcript: &Transcript<Vec<u8>>,
	) -> Result<Score, MechanismError> {
		Ok(Score::full(format!("{} chunks", transcript.chunks.len())))
	}
}

#[test]
fn an_answer_that_outgrows_the_limits_is_stopped_on_the_sending_side() {
	let flood: &dyn DynMechanism = &Flood;
	let mut sent = 0;
	let solved = flood.solve(&CONTEXT, &(u32::MAX, 1_u32).encode(), &mut |_| {
		sent += 1;
		Ok(())
	});
	assert_eq!(sent, MAX_CHUNKS);
	assert!(
		matches!(solved, Err(MechanismError::TooLarge { actual, limit, .. }) if actual == limit + 1),
		"{solved:?}"
	);

	let solved = flood.solve(&CONTEXT, &(1_u32, MAX_CHUNK_BYTES as u32).encode(), &mut |_| {
		panic!("sent")
	});
	assert!(matches!(solved, Err(MechanismError::TooLarge { .. })), "{solved:?}");
}

proptest! {
	/// Whatever bytes come, decoding ends in a score or an error; only a canonical chunk reaches the mechanism.
	#[test]
	fn random_bytes_never_panic(task in prop::collection::vec(any::<u8>(), 0..64), chunk in prop::collection::vec(any::<u8>(), 0..64)) {
		let pair: &dyn DynMechanism = &Pair::new(Defect::None);
		let outcome = Outcome::Complete;
		let transcript = Transcript { chunks: vec![TimedChunk { elapsed_us: 1, chunk }], outcome };
		let own_task = pair.task(&CONTEXT, &Epoch::default()).expect("a task");
		let score = pair.score(&CONTEXT, &own_task, &transcript).expect("a score");
		prop_assert_eq!(score.value(), 0.0);
		if let Err(error) = pair.score(&CONTEXT, &task, &transcript) {
			prop_assert!(matches!(error, MechanismError::InvalidTask(_)));
		}
		if let Err(error) = pair.solve(&CONTEXT, &task, &mut |_| Ok(())) {
			prop_assert!(matches!(error, MechanismError::InvalidTask(_)));
		}
	}
}
