//! Is this a sound mechanism? A suite for implementers: one call in a test of the mechanism's crate.
//!
//! It plays an honest miner, a miner that relays another one's answer, several that send rubbish, a validator that sends
//! rubbish and a peer that goes away, all from fixed contexts, so that a failure repeats.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{
	ChallengeContext, DynMechanism, Epoch, Hotkey, MAX_CHUNK_BYTES, MAX_CHUNKS, MAX_TASK_BYTES, MechanismError, Nonce,
	Outcome, Score, SinkClosed, TimedChunk, Transcript,
};

/// The epoch of all tasks.
const EPOCH: Epoch = Epoch {
	block: 1,
	hash: [100; 32],
};
/// Synthetic time between two chunks, in microseconds: quick, so that a mechanism that pays for speed pays in full.
const CHUNK_INTERVAL_US: u64 = 1_000;
/// The share of the honest score that a relayed answer may still get.
const RELAY_SHARE: f64 = 0.05;
/// How many nonces, and how many hotkeys, are tried before tasks count as independent of them.
const TRIES: u8 = 4;
/// Sizes of the rubbish messages, in bytes.
const GARBAGE_BYTES: [usize; 7] = [1, 2, 5, 31, 64, 300, MAX_CHUNK_BYTES];

type Answer = Transcript<Vec<u8>>;

/// Checks `mechanism` against the rules in the crate's documentation.
///
/// It solves about ten tasks and scores about thirty answers, so give a slow mechanism a small model.
///
/// # Errors
///
/// The first rule that does not hold, in words.
pub fn check(mechanism: &dyn DynMechanism) -> Result<(), String> {
	let context = context(1, 1);
	let task = check_tasks(mechanism, &context)?;
	let (answer, honest) = check_honest(mechanism, &context, &task)?;
	check_relay(mechanism, &context, &task, honest)?;
	check_hostile_answers(mechanism, &context, &task, &answer, honest)?;
	check_hostile_tasks(mechanism, &context, &task)?;
	check_cancellation(mechanism, &context, &task)
}

fn context(nonce: u8, miner: u8) -> ChallengeContext {
	ChallengeContext {
		nonce: Nonce([nonce; 32]),
		validator: Hotkey([200; 32]),
		miner: Hotkey([miner; 32]),
	}
}

/// `task` is a pure function of the context, and both parts of the context matter.
fn check_tasks(mechanism: &dyn DynMechanism, context_: &ChallengeContext) -> Result<Vec<u8>, String> {
	let task_of = |context: &ChallengeContext| {
		mechanism
			.task(context, &EPOCH)
			.map_err(|error| format!("task() failed: {error}"))
	};
	let task = task_of(context_)?;
	ensure(task == task_of(context_)?, || {
		"task() gave two tasks for one context: use no clock and no random source".into()
	})?;
	let mut by_nonce = false;
	let mut by_miner = false;
	for other in 2..2 + TRIES {
		by_nonce |= task_of(&context(other, 1))? != task;
		by_miner |= task_of(&context(1, other))? != task;
	}
	ensure(by_nonce, || {
		"the task does not depend on the nonce: derive it from context.seed(…)".into()
	})?;
	ensure(by_miner, || {
		"the task does not depend on the miner's hotkey: derive it from context.seed(…)".into()
	})?;
	Ok(task)
}

/// An honest miner earns something, and the same every time the answer is scored.
fn check_honest(
	mechanism: &dyn DynMechanism,
	context: &ChallengeContext,
	task: &[u8],
) -> Result<(Answer, f64), String> {
	let answer = solve(mechanism, context, task)?;
	ensure(!answer.chunks.is_empty(), || "solve() sent no chunk".into())?;
	let first = score(mechanism, context, task, &answer, "an honest answer")?;
	let second = score(mechanism, context, task, &answer, "an honest answer")?;
	ensure(first.value() > 0.0, || {
		format!("an honest answer scores 0: {}", first.reason)
	})?;
	ensure(first == second, || {
		format!("one answer was scored twice, {first} and {second}: use no clock in score()")
	})?;
	ensure(!first.reason.is_empty(), || "a score came without a reason".into())?;
	Ok((answer, first.value()))
}

/// An answer that was made for somebody else, or by somebody else, is worth nothing.
fn check_relay(
	mechanism: &dyn DynMechanism,
	context_: &ChallengeContext,
	task: &[u8],
	honest: f64,
) -> Result<(), String> {
	let other_miner = context(1, 7);
	let other_nonce = context(7, 1);
	let other_validator = ChallengeContext {
		validator: Hotkey([201; 32]),
		..*context_
	};
	let mut relays = vec![
		// The relay hands on the task itself, and the other miner solves it under its own hotkey.
		(
			"this task solved by another miner",
			solve(mechanism, &other_miner, task)?,
		),
		(
			"this task solved under another nonce",
			solve(mechanism, &other_nonce, task)?,
		),
		(
			"this task solved for another validator",
			solve(mechanism, &other_validator, task)?,
		),
	];
	for (what, theirs) in [
		("another miner's answer to its own task", other_miner),
		("this miner's answer under another nonce", other_nonce),
	] {
		let their_task = mechanism
			.task(&theirs, &EPOCH)
			.map_err(|error| format!("task() failed: {error}"))?;
		relays.push((what, solve(mechanism, &theirs, &their_task)?));
	}
	for (what, answer) in relays {
		let relayed = score(mechanism, context_, task, &answer, what)?;
		ensure(relayed.value() <= honest * RELAY_SHARE, || {
			format!("{what} scores {relayed}, an honest one {honest}: make the answer depend on context.seed(…)")
		})?;
	}
	Ok(())
}

/// Rubbish scores zero; a damaged answer never more than the whole one; nothing panics.
fn check_hostile_answers(
	mechanism: &dyn DynMechanism,
	context: &ChallengeContext,
	task: &[u8],
	honest: &Answer,
	honest_score: f64,
) -> Result<(), String> {
	for (what, answer) in worthless(honest) {
		let result = score(mechanism, context, task, &answer, what)?;
		ensure(result.value() == 0.0, || format!("{what} scores {result}, not 0"))?;
		ensure(!result.reason.is_empty(), || {
			format!("{what} scores 0 without a reason")
		})?;
	}
	for (what, answer) in damaged(honest) {
		let result = score(mechanism, context, task, &answer, what)?;
		ensure(result.value() <= honest_score, || {
			format!("{what} scores {result}, more than the honest {honest_score}")
		})?;
	}
	Ok(())
}

/// Answers that hold nothing of value.
fn worthless(honest: &Answer) -> Vec<(&'static str, Answer)> {
	let answer = |chunks: Vec<Vec<u8>>| timed(chunks, Outcome::Complete);
	let bytes = || honest.chunks.iter().map(|timed| timed.chunk.clone());
	let cut = bytes().map(|mut chunk| {
		chunk.pop();
		chunk
	});
	let padded = bytes().map(|mut chunk| {
		chunk.push(0);
		chunk
	});
	let mut list = vec![
		("an answer without chunks", answer(Vec::new())),
		(
			"an answer that failed before its first chunk",
			timed(Vec::new(), Outcome::Failed("reset".into())),
		),
		(
			"an answer that timed out before its first chunk",
			timed(Vec::new(), Outcome::TimedOut),
		),
		("an answer of one empty chunk", answer(vec![Vec::new()])),
		("an answer whose chunks lack their last byte", answer(cut.collect())),
		("an answer whose chunks carry an extra byte", answer(padded.collect())),
		(
			"an answer with an oversized chunk",
			answer(vec![vec![0; MAX_CHUNK_BYTES + 1]]),
		),
		(
			"an answer with too many chunks",
			answer(vec![Vec::new(); MAX_CHUNKS + 1]),
		),
		(
			"an answer of zeros",
			answer(bytes().map(|chunk| vec![0; chunk.len()]).collect()),
		),
		(
			"an answer of ones",
			answer(bytes().map(|chunk| vec![0xff; chunk.len()]).collect()),
		),
	];
	list.extend(GARBAGE_BYTES.map(|length| ("an answer of random bytes", answer(vec![garbage(length)]))));
	list
}

/// Answers that hold a part of an honest one.
fn damaged(honest: &Answer) -> Vec<(&'static str, Answer)> {
	let edited = |edit: &dyn Fn(&mut Vec<Vec<u8>>)| {
		let mut chunks = honest.chunks.iter().map(|timed| timed.chunk.clone()).collect();
		edit(&mut chunks);
		timed(chunks, Outcome::Complete)
	};
	vec![
		(
			"an answer without its first chunk",
			edited(&|chunks| drop(chunks.remove(0))),
		),
		("an answer without its last chunk", edited(&|chunks| drop(chunks.pop()))),
		("a reversed answer", edited(&|chunks| chunks.reverse())),
		("an answer sent twice", edited(&|chunks| chunks.extend(chunks.clone()))),
		(
			"an answer that timed out",
			Answer {
				outcome: Outcome::TimedOut,
				..honest.clone()
			},
		),
		(
			"an answer that failed",
			Answer {
				outcome: Outcome::Failed("reset".into()),
				..honest.clone()
			},
		),
	]
}

/// A miner gets tasks from other machines: rubbish is refused or solved, and never panics or grows without bound.
fn check_hostile_tasks(mechanism: &dyn DynMechanism, context: &ChallengeContext, task: &[u8]) -> Result<(), String> {
	let mut padded = task.to_vec();
	padded.push(0);
	let mut tasks = vec![("a task with an extra byte", padded, true)];
	tasks.push(("an oversized task", vec![0; MAX_TASK_BYTES + 1], true));
	tasks.push((
		"a task without its last byte",
		task[..task.len().saturating_sub(1)].to_vec(),
		false,
	));
	tasks.push(("an empty task", Vec::new(), false));
	// In SCALE a zero is an empty list, a first variant, a number out of range: these often decode, and then ask for nonsense.
	tasks.push(("a task of one zero byte", vec![0], false));
	tasks.push(("a task of zeros", vec![0; task.len()], false));
	tasks.push(("a task of ones", vec![0xff; task.len()], false));
	tasks.extend(GARBAGE_BYTES.map(|length| ("a task of random bytes", garbage(length), false)));
	for (what, bytes, must_fail) in tasks {
		let solved = guarded(&format!("solve() of {what}"), || {
			mechanism.solve(context, &bytes, &mut |_| Ok(()))
		})?;
		ensure(!must_fail || solved.is_err(), || {
			format!("{what} was solved, not refused")
		})?;
	}
	Ok(())
}

/// Once the sink is closed the miner stops.
fn check_cancellation(mechanism: &dyn DynMechanism, context: &ChallengeContext, task: &[u8]) -> Result<(), String> {
	let mut calls = 0_usize;
	let solved = guarded("solve() with a closed sink", || {
		mechanism.solve(context, task, &mut |_| {
			calls += 1;
			Err(SinkClosed)
		})
	})?;
	ensure(calls == 1, || {
		format!("solve() called a closed sink {calls} times: return at the first SinkClosed (use `?`)")
	})?;
	ensure(solved == Err(MechanismError::Cancelled), || {
		format!("solve() with a closed sink gave {solved:?}, not Err(Cancelled): use `?` on the sink's result")
	})
}

fn solve(mechanism: &dyn DynMechanism, context: &ChallengeContext, task: &[u8]) -> Result<Answer, String> {
	let mut chunks = Vec::new();
	guarded("solve()", || {
		mechanism.solve(context, task, &mut |chunk| {
			chunks.push(chunk);
			Ok(())
		})
	})?
	.map_err(|error| format!("solve() of an honest task failed: {error}"))?;
	Ok(timed(chunks, Outcome::Complete))
}

fn score(
	mechanism: &dyn DynMechanism,
	context: &ChallengeContext,
	task: &[u8],
	answer: &Answer,
	what: &str,
) -> Result<Score, String> {
	guarded(&format!("score() of {what}"), || mechanism.score(context, task, answer))?
		.map_err(|error| format!("score() of {what} failed: {error}: whatever a miner sends is a score, not an error"))
}

fn guarded<T>(what: &str, call: impl FnOnce() -> T) -> Result<T, String> {
	catch_unwind(AssertUnwindSafe(call)).map_err(|_| format!("{what} panicked"))
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
	if holds { Ok(()) } else { Err(otherwise()) }
}

fn timed(chunks: Vec<Vec<u8>>, outcome: Outcome) -> Answer {
	let at = |(index, chunk)| TimedChunk {
		elapsed_us: CHUNK_INTERVAL_US.saturating_mul(index as u64 + 1),
		chunk,
	};
	Transcript {
		chunks: chunks.into_iter().enumerate().map(at).collect(),
		outcome,
	}
}

/// `length` bytes that mean nothing and are the same every time.
fn garbage(length: usize) -> Vec<u8> {
	let mut bytes = Vec::with_capacity(length + 32);
	let mut counter = 0_u64;
	while bytes.len() < length {
		bytes.extend_from_slice(
			&context(9, 9).seed(&[&(length as u64).to_le_bytes()[..], &counter.to_le_bytes()[..]].concat()),
		);
		counter += 1;
	}
	bytes.truncate(length);
	bytes
}
