//! The serving engine over a model on tensors, judged by what the own kernels say of its answers.

use std::time::{Duration, Instant};

use super::tests::{TOLERANCE, both_tiny};
use crate::cache::Pool;
use crate::compute::LANES;
use crate::engine::{
	Completion, EVENT_CAPACITY, Engine, EngineError, EngineOptions, Event, FinishReason, Generation, Request,
};
use crate::tiny::TinySpec;
use crate::{InferError, Model, Precision};

/// How long a test waits for what must come about; ample, since nothing is measured.
const PATIENCE: Duration = Duration::from_secs(60);

fn models(spec: &TinySpec) -> (Model, Model) {
	both_tiny(90, spec, Precision::F32)
}

fn engine(model: &Model, change: impl FnOnce(&mut EngineOptions)) -> Engine {
	let mut options = EngineOptions {
		// What is set aside on the device is all zeroed.
		kv_budget_bytes: 1 << 20,
		..EngineOptions::default()
	};
	change(&mut options);
	Engine::start(model.clone(), options).unwrap()
}

/// Unlike those of other seeds from the first token on, and without the token 3.
fn prompt(seed: u32, length: usize) -> Vec<u32> {
	(0..length as u32)
		.map(|index| 4 + (seed * 31 + index * (7 + seed)) % 255)
		.collect()
}

fn request(prompt: Vec<u32>, max_tokens: usize) -> Request {
	let mut request = Request::new(prompt, max_tokens);
	request.stop_at_end_of_turn = false;
	request
}

/// Greedy answers are right if each token's logit is, but for the tolerance, the largest that the own kernels find.
fn check(own: &Model, prompt: &[u32], answer: &Completion) {
	let tokens: Vec<u32> = answer.tokens.iter().map(|token| token.id).collect();
	let scored = own.score(prompt, &tokens).unwrap();
	for (place, (row, &token)) in scored.chunks(own.vocabulary_size()).zip(&tokens).enumerate() {
		let best = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
		let short = best - row[token as usize];
		assert!(
			short <= 2.0 * TOLERANCE,
			"token {place} of the answer to {} tokens is {short} below the best",
			prompt.len()
		);
	}
}

fn complete(engine: &Engine, prompt: &[u32], count: usize) -> Completion {
	let generation = engine.submit(request(prompt.to_vec(), count)).unwrap();
	generation.blocking_complete().unwrap()
}

#[test]
fn answers_of_a_crowded_batch_are_those_of_the_own_kernels() {
	let (own, tensors) = models(&TinySpec::default());
	let engine = engine(&tensors, |options| {
		options.max_batch = 5;
		options.prefill_tokens = 7;
	});
	let sizes = [(3, 9), (40, 4), (1, 20), (129, 6), (17, 1), (64, 12), (33, 8), (200, 3)];
	let generations: Vec<(Vec<u32>, usize, Generation)> = (0..)
		.zip(sizes)
		.map(|(seed, (length, count))| {
			let prompt = prompt(seed, length);
			let generation = engine.submit(request(prompt.clone(), count)).unwrap();
			(prompt, count, generation)
		})
		.collect();
	for (prompt, count, generation) in generations {
		let answer = generation.blocking_complete().unwrap();
		assert_eq!(
			(answer.tokens.len(), answer.finished.reason),
			(count, FinishReason::Length)
		);
		check(&own, &prompt, &answer);
	}
	let stats = engine.stats();
	assert_eq!((stats.finished, stats.failed), (sizes.len() as u64, 0));
}

#[test]
fn a_shared_beginning_is_computed_once() {
	let (own, tensors) = models(&TinySpec::default());
	let engine = engine(&tensors, |_| ());
	let mut cached = Vec::new();
	for tail in [5, 5, 6] {
		let tokens = [prompt(4, 100), prompt(tail, 10)].concat();
		let answer = complete(&engine, &tokens, 25);
		check(&own, &tokens, &answer);
		cached.push(answer.finished.usage.cached_tokens);
	}
	assert_eq!(cached, [0, 96, 96]);
	// Two that run at once read the same blocks.
	let both: Vec<(Vec<u32>, Generation)> = [7, 8]
		.map(|tail| {
			let tokens = [prompt(4, 100), prompt(tail, 3)].concat();
			(tokens.clone(), engine.submit(request(tokens, 30)).unwrap())
		})
		.into();
	for (tokens, generation) in both {
		check(&own, &tokens, &generation.blocking_complete().unwrap());
	}
}

#[test]
fn the_budget_holds_and_those_who_wait_get_their_turn() {
	let (own, tensors) = models(&TinySpec::default());
	let block_bytes = tensors.decoder().shape().block_bytes();
	// Keys and values, 2 layers, 2 heads of 16 numbers, 16 tokens.
	assert_eq!(block_bytes, 2 * 2 * 2 * 16 * 16 * 4);
	let engine = engine(&tensors, |options| options.kv_budget_bytes = 10 * block_bytes);
	let never = engine.submit(request(prompt(0, 100), 100));
	assert!(matches!(never, Err(EngineError::ExceedsBudget { .. })));
	let generations: Vec<(Vec<u32>, Generation)> = (0..12)
		.map(|seed| {
			let prompt = prompt(seed, 10 + 5 * seed as usize);
			let generation = engine.submit(request(prompt.clone(), 20)).unwrap();
			(prompt, generation)
		})
		.collect();
	for (prompt, generation) in generations {
		check(&own, &prompt, &generation.blocking_complete().unwrap());
		assert!(engine.stats().kv_used_bytes <= 10 * block_bytes);
	}
	let stats = engine.stats();
	assert_eq!((stats.kv_used_bytes, stats.running), (stats.prefix_cache_bytes, 0));
}

#[test]
fn a_cancelled_request_frees_its_blocks() {
	let (own, tensors) = models(&TinySpec::default());
	let engine = engine(&tensors, |options| options.prefix_cache = false);
	let mut generation = engine.submit(request(prompt(1, 40), 1_000)).unwrap();
	assert!(matches!(generation.blocking_next(), Some(Event::Token(_))));
	generation.canceller().cancel();
	while generation.blocking_next().is_some() {}
	let started = Instant::now();
	while engine.stats().kv_used_bytes > 0 {
		assert!(started.elapsed() < PATIENCE, "the blocks were not freed");
		std::thread::yield_now();
	}
	assert_eq!(engine.stats().abandoned, 1);
	let tokens = prompt(2, 50);
	check(&own, &tokens, &complete(&engine, &tokens, 10));
}

#[test]
fn numbers_that_are_none_harm_nobody_else() {
	let spec = TinySpec {
		damaged_token: Some(3),
		tied: false,
		..TinySpec::default()
	};
	let (own, tensors) = models(&spec);
	let block_bytes = tensors.decoder().shape().block_bytes();
	// So few blocks that all that were used are used again.
	let engine = engine(&tensors, |options| options.kv_budget_bytes = 12 * block_bytes);
	for round in 0..3 {
		let mut damaged = prompt(round, 60);
		damaged[30] = 3;
		let bad = engine.submit(request(damaged, 10)).unwrap();
		let tokens = prompt(10 + round, 35);
		let good = engine.submit(request(tokens.clone(), 20)).unwrap();
		assert!(matches!(
			bad.blocking_complete(),
			Err(EngineError::NotANumber { place: 0 })
		));
		check(&own, &tokens, &good.blocking_complete().unwrap());
		// Short of its block's end, so that what was left there is next to what it writes.
		let tokens = prompt(20 + round, 100);
		check(&own, &tokens, &complete(&engine, &tokens, 3));
	}
}

/// A device that fails, here for want of a block that the pool believes in, costs the requests of that step only.
#[test]
fn a_step_that_fails_ends_its_requests_and_the_engine_goes_on() {
	let (own, tensors) = models(&TinySpec::default());
	let decoder = tensors.decoder();
	let options = EngineOptions {
		kv_budget_bytes: 12 * decoder.shape().block_bytes(),
		prefix_cache: false,
		..EngineOptions::default()
	};
	let pool = Pool::new(decoder.shape().clone(), options.kv_budget_bytes);
	// One whose reader lags has five blocks and needs no more of them.
	let (length, count) = (8, EVENT_CAPACITY + 6);
	let store = decoder.store((length + count).div_ceil(LANES)).unwrap();
	assert_eq!(
		(length + count).div_ceil(LANES),
		(length + EVENT_CAPACITY - 1).div_ceil(LANES)
	);
	let engine = Engine::start_on(tensors.clone(), options, pool, store).unwrap();
	let patient = engine.submit(request(prompt(1, length), count)).unwrap();
	let started = Instant::now();
	while engine.stats().completion_tokens < EVENT_CAPACITY as u64 {
		assert!(
			started.elapsed() < PATIENCE,
			"the first request did not fill its buffer"
		);
		std::thread::yield_now();
	}
	let failed = engine.submit(request(prompt(2, 5), 5)).unwrap().blocking_complete();
	assert!(
		matches!(failed, Err(EngineError::Model(InferError::Backend(_)))),
		"{failed:?}"
	);
	check(&own, &prompt(1, length), &patient.blocking_complete().unwrap());
	let tokens = prompt(3, 20);
	check(&own, &tokens, &complete(&engine, &tokens, 10));
	assert_eq!((engine.stats().failed, engine.stats().finished), (1, 2));
}
