//! Whatever comes over the wire: a score of zero with a reason, or a refusal; never a panic.

mod common;

use common::{DIMENSIONS, EPOCH, Toy, context, judge, mechanism, sealed, vectors};
use proptest::prelude::*;
use subnet_embedding::{Chunk, MAX_MODELS, MAX_PASSAGES, MAX_TEXT_BYTES, Task, seal};
use subnet_sdk::{DynMechanism, Mechanism, MechanismError, Outcome, TimedChunk, Transcript};

const MODEL: [u8; 32] = [9; 32];

#[test]
fn malformed_answers_score_zero_and_say_why() {
	let mechanism = mechanism(&[Toy::default()]);
	let context_ = context(1, 2);
	let task = Mechanism::task(&mechanism, &context_, &EPOCH).unwrap();
	let good = vectors(Toy::default(), &task);
	let resealed = |edit: &dyn Fn(&mut Vec<Vec<f32>>)| {
		let mut answer = good.clone();
		edit(&mut answer);
		sealed(&context_, &task, MODEL, &answer, 1_000)
			.chunks
			.into_iter()
			.map(|timed| timed.chunk)
			.collect::<Vec<Chunk>>()
	};
	let other_task = Mechanism::task(&mechanism, &context(9, 2), &EPOCH).unwrap();
	let other_answer = vectors(Toy::default(), &other_task);
	let other = sealed(&context_, &other_task, MODEL, &other_answer, 1_000);
	let mut swapped = resealed(&|_| ());
	swapped.swap(0, 1);
	let mut unsealed = resealed(&|_| ());
	unsealed.pop();
	let mut twice = resealed(&|_| ());
	twice.insert(1, Chunk::Header { model_hash: MODEL });
	let mut header_inside = resealed(&|_| ());
	header_inside[3] = Chunk::Header { model_hash: MODEL };
	let cases: Vec<(&str, Vec<Chunk>, &str)> = vec![
		("NaN", resealed(&|all| all[0][0] = f32::NAN), "length²"),
		("infinity", resealed(&|all| all[3][5] = f32::INFINITY), "length²"),
		("zeros", resealed(&|all| all[2].fill(0.0)), "length²"),
		("huge", resealed(&|all| all[2].fill(f32::MAX)), "length²"),
		("short vector", resealed(&|all| all[1].truncate(3)), "numbers"),
		(
			"long vector",
			resealed(&|all| all[1].resize(DIMENSIONS + 1, 0.0)),
			"numbers",
		),
		("empty vector", resealed(&|all| all[1].clear()), "numbers"),
		("one vector less", resealed(&|all| drop(all.pop())), "chunks came"),
		(
			"one vector more",
			resealed(&|all| all.push(all[0].clone())),
			"chunks came",
		),
		("no seal", unsealed, "chunks came"),
		("header second", swapped, "header"),
		("two headers", twice, "chunks came"),
		("a header among the vectors", header_inside, "no vector"),
		("nothing", Vec::new(), "chunks came"),
		(
			"answer to another task",
			other.chunks.into_iter().map(|timed| timed.chunk).collect(),
			"seal",
		),
		(
			"vectors in another order",
			resealed(&|all| all.reverse()),
			"not the declared model",
		),
	];
	for (what, chunks, expected) in cases {
		let score = judge(&mechanism, &context_, &task, chunks);
		assert_eq!(score.value(), 0.0, "{what}: {score}");
		assert!(score.reason.contains(expected), "{what}: {score}");
	}
}

#[test]
fn a_seal_fits_one_miner_one_validator_one_task_one_model() {
	let mechanism = mechanism(&[Toy::default()]);
	let own = context(1, 2);
	let task = Mechanism::task(&mechanism, &own, &EPOCH).unwrap();
	let answer = vectors(Toy::default(), &task);
	let end = |context, task: &Task, model| seal(context, task, model, answer.iter().map(Vec::as_slice));
	let mut other_task = task.clone();
	other_task.epoch.block += 1;
	let seals = [
		end(&own, &task, &MODEL),
		end(&context(1, 3), &task, &MODEL),
		end(&context(2, 2), &task, &MODEL),
		end(&own, &other_task, &MODEL),
		end(&own, &task, &[8; 32]),
	];
	for (index, left) in seals.iter().enumerate() {
		assert!(!seals[index + 1..].contains(left), "seal {index} came twice");
	}
}

#[test]
fn tasks_out_of_bounds_are_refused_before_any_work() {
	let mechanism = mechanism(&[Toy::default()]);
	let context = context(1, 2);
	let task = |models: usize, passages: Vec<String>| Task {
		epoch: EPOCH,
		models: vec![MODEL; models],
		passages,
	};
	let text = || "some words".to_owned();
	let cases = [
		("models", task(0, vec![text()])),
		("models", task(MAX_MODELS + 1, vec![text()])),
		("passages", task(1, Vec::new())),
		("passages", task(1, vec![text(); MAX_PASSAGES + 1])),
		("passage 1 is empty", task(1, vec![text(), " \n".into()])),
		("bytes of text", task(1, vec!["a".repeat(MAX_TEXT_BYTES + 1)])),
	];
	for (expected, task) in cases {
		let mut sent = 0;
		let error = Mechanism::solve(&mechanism, &context, task, &mut |_| {
			sent += 1;
			Ok(())
		})
		.unwrap_err();
		assert!(matches!(error, MechanismError::InvalidTask(_)), "{error}");
		assert!(error.to_string().contains(expected) && sent == 0, "{error}");
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(200))]

	/// Bytes instead of chunks.
	#[test]
	fn random_bytes_never_earn_or_panic(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..40)) {
		let mechanism = mechanism(&[Toy::default()]);
		let context = context(1, 2);
		let task = DynMechanism::task(&mechanism, &context, &EPOCH).unwrap();
		let chunks = chunks.into_iter().map(|chunk| TimedChunk { elapsed_us: 1, chunk }).collect();
		let answer = Transcript { chunks, outcome: Outcome::Complete };
		let score = DynMechanism::score(&mechanism, &context, &task, &answer).unwrap();
		prop_assert!(score.value() == 0.0 && !score.reason.is_empty());
	}

	/// Well-formed chunks of arbitrary numbers.
	#[test]
	fn random_numbers_never_earn_or_panic(numbers in prop::collection::vec(any::<f32>(), DIMENSIONS)) {
		let mechanism = mechanism(&[Toy::default()]);
		let context = context(1, 2);
		let task = Mechanism::task(&mechanism, &context, &EPOCH).unwrap();
		let answer = vec![numbers; task.passages.len()];
		let answer = sealed(&context, &task, MODEL, &answer, 1_000);
		let score = Mechanism::score(&mechanism, &context, &task, &answer).unwrap();
		prop_assert!(score.value() == 0.0, "{score}");
	}
}
