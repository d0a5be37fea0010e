//! The contract of a mechanism, hostile bytes, hostile tasks, broken models, bad parameters.

mod common;

use core::time::Duration;
use std::sync::Arc;

use codec::{Decode, Encode};
use common::{MODEL_HASH, Toy, context, mechanism};
use proptest::prelude::*;
use subnet_sdk::{DynMechanism, Mechanism, MechanismError, Outcome, TimedChunk, Transcript, conformance};
use subnet_text::{Chunk, Emitted, MAX_PROMPT_BYTES, MAX_TOKENS, Task, TextMechanism, TextParameters};

fn sound_task() -> Task {
	Mechanism::task(&mechanism(Toy::default()), &context(1, 1)).expect("a task")
}

#[test]
fn conforms() {
	assert_eq!(conformance::check(&mechanism(Toy::default())), Ok(()));
}

#[test]
fn prompts_are_short_and_drawn_from_the_corpus() {
	for nonce in 0..=255 {
		let task = Mechanism::task(&mechanism(Toy::default()), &context(nonce, 1)).expect("a task");
		assert!(
			task.prompt.starts_with("Continue this passage: ") && task.prompt.len() <= 143,
			"{}",
			task.prompt
		);
		assert_eq!((task.model_hash, task.tokens), (MODEL_HASH, 32));
	}
}

#[test]
fn a_miner_refuses_tasks_that_are_not_for_it_or_ask_too_much() {
	let miner = mechanism(Toy::default());
	let refused = |edit: &dyn Fn(&mut Task), reason: &str| {
		let mut task = sound_task();
		edit(&mut task);
		let solved = Mechanism::solve(&miner, &context(1, 1), task, &mut |_| panic!("it began to answer"));
		let message = solved.expect_err(reason).to_string();
		assert!(
			message.starts_with("invalid task: ") && message.contains(reason),
			"{message}"
		);
	};
	refused(&|task| task.tokens = 0, "0 tokens asked for");
	refused(&|task| task.tokens = MAX_TOKENS + 1, "513 tokens asked for");
	refused(&|task| task.prompt.clear(), "a prompt of 0 bytes");
	refused(
		&|task| task.prompt = "x".repeat(MAX_PROMPT_BYTES + 1),
		"a prompt of 2049 bytes",
	);
	refused(
		&|task| task.prompt = "x".repeat(MAX_PROMPT_BYTES),
		"a prompt of 2049 tokens",
	);
	for temperature in [0.0, -1.0, 5.0, f32::NAN, f32::INFINITY] {
		refused(&|task| task.temperature = temperature, "temperature");
	}
	refused(
		&|task| task.model_hash = [1; 32],
		"model 01010101… asked for, this miner serves 07070707…",
	);
}

#[test]
fn a_broken_model_is_an_error_on_this_side_and_not_the_miners_zero() {
	let honest = common::answer(&mechanism(Toy::default()), &context(1, 1), &context(1, 1), 1_000);
	for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
		let text = mechanism(Toy {
			broken: Some(broken),
			..Toy::default()
		});
		let solved = Mechanism::solve(&text, &context(1, 1), sound_task(), &mut |_| Ok(()));
		assert!(matches!(solved, Err(MechanismError::Model(_))), "{solved:?}");
		let scored = Mechanism::score(&text, &context(1, 1), &sound_task(), &honest);
		assert!(matches!(scored, Err(MechanismError::Model(_))), "{scored:?}");
	}
}

#[test]
fn senseless_parameters_are_named() {
	let base = TextParameters::default();
	for (name, parameters) in [
		("tokens", TextParameters { tokens: 0, ..base }),
		(
			"tokens",
			TextParameters {
				tokens: MAX_TOKENS + 1,
				..base
			},
		),
		(
			"temperature",
			TextParameters {
				temperature: 0.0,
				..base
			},
		),
		(
			"margin_tolerance",
			TextParameters {
				margin_tolerance: f32::NAN,
				..base
			},
		),
		(
			"min_verified_share",
			TextParameters {
				min_verified_share: 1.5,
				..base
			},
		),
		(
			"target_tokens_per_second",
			TextParameters {
				target_tokens_per_second: 0.0,
				..base
			},
		),
		(
			"deadline",
			TextParameters {
				deadline: Duration::ZERO,
				..base
			},
		),
	] {
		let error = TextMechanism::new(Arc::new(Toy::default()), parameters)
			.err()
			.expect(name);
		assert_eq!(error.name, name);
	}
}

fn any_emitted() -> impl Strategy<Value = Emitted> {
	(any::<u32>(), any::<u8>(), any::<u32>(), any::<bool>()).prop_map(|(wide, narrow, bits, in_range)| Emitted {
		token: if in_range { u32::from(narrow) } else { wide },
		logit: f32::from_bits(bits),
	})
}

fn any_chunk() -> impl Strategy<Value = Chunk> {
	prop_oneof![
		Just(Chunk::Header { model_hash: MODEL_HASH }),
		any::<[u8; 32]>().prop_map(|model_hash| Chunk::Header { model_hash }),
		prop::collection::vec(any_emitted(), 0..40).prop_map(Chunk::Tokens),
	]
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	/// Random bytes decode to nothing or to something that encodes to the same bytes.
	#[test]
	fn decoding_random_bytes_is_canonical(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
		let input = &mut &bytes[..];
		if let Ok(chunk) = Chunk::decode(input) {
			prop_assert_eq!(chunk.encode(), &bytes[..bytes.len() - input.len()]);
		}
		let input = &mut &bytes[..];
		if let Ok(task) = Task::decode(input) {
			prop_assert_eq!(task.encode(), &bytes[..bytes.len() - input.len()]);
		}
	}

	#[test]
	fn random_bytes_score_zero(chunks in prop::collection::vec((any::<u64>(), prop::collection::vec(any::<u8>(), 0..100)), 0..6)) {
		let text: &dyn DynMechanism = &mechanism(Toy::default());
		let task = text.task(&context(1, 1)).expect("a task");
		let chunks = chunks.into_iter().map(|(elapsed_us, chunk)| TimedChunk { elapsed_us, chunk }).collect();
		let score = text.score(&context(1, 1), &task, &Transcript { chunks, outcome: Outcome::Complete }).expect("a score");
		prop_assert_eq!(score.value(), 0.0);
		prop_assert!(!score.reason.is_empty());
	}

	/// Well-formed chunks with senseless contents, often behind a true header.
	#[test]
	fn random_chunks_score_zero(with_header in any::<bool>(), chunks in prop::collection::vec((any::<u64>(), any_chunk()), 0..6)) {
		let text = mechanism(Toy::default());
		let header = with_header.then_some((0, Chunk::Header { model_hash: MODEL_HASH }));
		let chunks = header.into_iter().chain(chunks);
		let chunks = chunks.map(|(elapsed_us, chunk)| TimedChunk { elapsed_us, chunk }).collect();
		let transcript = Transcript { chunks, outcome: Outcome::Complete };
		let score = Mechanism::score(&text, &context(1, 1), &sound_task(), &transcript).expect("a score");
		prop_assert_eq!(score.value(), 0.0);
		prop_assert!(!score.reason.is_empty());
	}
}
