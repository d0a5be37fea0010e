//! The contract of a mechanism, hostile bytes, hostile tasks, broken models, bad parameters.

mod common;

use core::time::Duration;
use std::sync::Arc;

use codec::{Decode, Encode};
use common::{EPOCH, MODEL_HASH, Toy, challenge, context, mechanism};
use proptest::prelude::*;
use subnet_sdk::{DynMechanism, Mechanism, MechanismError, Outcome, TimedChunk, Transcript, conformance};
use subnet_text::{
	Chunk, Emitted, Leaf, MAX_MESSAGES, MAX_PROMPT_BYTES, MAX_STOP_BYTES, MAX_STOPS, MAX_TOKENS, Message, Prompt, Role,
	Sampling, Task, TextMechanism, TextParameters,
};

fn sound_task() -> Task {
	challenge(&context(1, 1))
}

#[test]
fn conforms() {
	assert_eq!(conformance::check(&mechanism(Toy::default())), Ok(()));
}

#[test]
fn challenges_come_in_every_shape_that_applications_use() {
	let (mut texts, mut chats, mut systems, mut turns, mut stops, mut greedy, mut nuclei) = (0, 0, 0, 0, 0, 0, 0);
	for nonce in 0..=255 {
		let task = challenge(&context(nonce, 1));
		task.validate().expect("a sound task");
		assert_eq!((task.model_hash, task.epoch), (MODEL_HASH, EPOCH));
		assert!((24..=32).contains(&task.max_tokens), "{}", task.max_tokens);
		assert!(task.prompt.bytes() < 500, "{:?}", task.prompt);
		match &task.prompt {
			Prompt::Text(_) => texts += 1,
			Prompt::Chat(messages) => {
				chats += 1;
				systems += usize::from(messages[0].role == Role::System);
				turns += usize::from(messages.len() > 2);
				assert_eq!(messages.last().map(|message| message.role), Some(Role::User));
			}
		}
		stops += usize::from(!task.stop.is_empty());
		greedy += usize::from(task.sampling.temperature == 0.0);
		nuclei += usize::from(task.sampling.top_p < 1.0);
	}
	for (what, count) in [
		("texts", texts),
		("chats", chats),
		("systems", systems),
		("turns", turns),
		("stops", stops),
		("greedy", greedy),
		("nuclei", nuclei),
	] {
		assert!((10..250).contains(&count), "{what}: {count} of 256");
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
	let message = |content: String| Message {
		role: Role::User,
		content,
	};
	refused(&|task| task.max_tokens = 0, "0 tokens asked for");
	refused(&|task| task.max_tokens = MAX_TOKENS + 1, "2049 tokens asked for");
	refused(&|task| task.prompt = Prompt::Text(String::new()), "a prompt of 0 bytes");
	refused(&|task| task.prompt = Prompt::Chat(Vec::new()), "a chat of 0 messages");
	refused(&|task| task.prompt = Prompt::user(""), "a prompt of 0 bytes");
	refused(
		&|task| task.prompt = Prompt::Chat(vec![message("x".into()); MAX_MESSAGES + 1]),
		"a chat of 129 messages",
	);
	refused(
		&|task| task.prompt = Prompt::user("x".repeat(MAX_PROMPT_BYTES + 1)),
		"a prompt of 32769 bytes",
	);
	refused(
		&|task| task.prompt = Prompt::Text("x".repeat(4_090)),
		"a prompt of 4090 tokens, 1 to",
	);
	for temperature in [0.001, -1.0, 2.1, f32::NAN, f32::INFINITY] {
		refused(&|task| task.sampling.temperature = temperature, "temperature");
	}
	for top_p in [0.0, -1.0, 1.1, f32::NAN] {
		refused(&|task| task.sampling.top_p = top_p, "top_p");
	}
	refused(&|task| task.stop = vec!["x".into(); MAX_STOPS + 1], "5 stop sequences");
	refused(&|task| task.stop = vec![String::new()], "a stop sequence of 0 bytes");
	refused(
		&|task| task.stop = vec!["x".repeat(MAX_STOP_BYTES + 1)],
		"a stop sequence of 65 bytes",
	);
	refused(
		&|task| task.model_hash = [1; 32],
		"model 01010101… asked for, this miner serves 07070707…",
	);
}

/// The largest task that is allowed travels.
#[test]
fn limits_fit_the_framework() {
	let messages = (0..MAX_MESSAGES).map(|_| Message {
		role: Role::Assistant,
		content: "x".repeat(MAX_PROMPT_BYTES / MAX_MESSAGES),
	});
	let task = Task {
		prompt: Prompt::Chat(messages.collect()),
		max_tokens: MAX_TOKENS,
		sampling: Sampling::PLAIN,
		stop: vec!["x".repeat(MAX_STOP_BYTES); MAX_STOPS],
		..sound_task()
	};
	task.validate().expect("a sound task");
	assert!(task.encode().len() <= subnet_sdk::MAX_TASK_BYTES);
	assert!(usize::from(MAX_TOKENS) < subnet_sdk::MAX_CHUNKS);
}

#[test]
fn a_broken_model_is_an_error_on_this_side_and_not_the_miners_zero() {
	let honest = common::answer(&mechanism(Toy::default()), &sound_task(), &context(1, 1), 1_000);
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
				temperature: 0.001,
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
			"leaf_tolerance",
			TextParameters {
				leaf_tolerance: 0.5,
				..base
			},
		),
		(
			"test",
			TextParameters {
				test: subnet_sdk::TestParameters {
					false_alarm: 0.0,
					..base.test
				},
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
	(any::<u32>(), any::<u8>(), any::<u32>(), any::<bool>(), any::<[u8; 8]>()).prop_map(
		|(wide, narrow, bits, in_range, leaf)| Emitted {
			token: if in_range { u32::from(narrow) } else { wide },
			logprob: f32::from_bits(bits),
			leaf: Leaf(leaf),
		},
	)
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
		let task = text.task(&context(1, 1), &EPOCH).expect("a task");
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
