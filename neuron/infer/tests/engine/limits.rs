//! What an engine refuses, bounds and survives.

use crate::*;

/// Never more blocks than the budget holds, and yet everybody is served; what can never fit is
/// refused.
#[test]
fn the_memory_budget_holds() {
	let model = plain();
	// Bytes of a block of 16 tokens: 2 layers, 2 heads, keys and values of 16 numbers.
	let block = 2 * 2 * 2 * 16 * 16 * 4;
	let engine = engine(&model, |options| options.kv_budget_bytes = 7 * block);
	let generations: Vec<Generation> = (0..12)
		.map(|index| engine.submit(request(prompt(index, 20 + index as usize), 16)).unwrap())
		.collect();
	for (index, mut generation) in (0..).zip(generations) {
		let mut tokens = Vec::new();
		while let Some(event) = generation.blocking_next() {
			let stats = engine.stats();
			assert!(stats.kv_used_bytes <= 7 * block && stats.running <= 3, "{stats:?}");
			match event {
				Event::Token(token) => tokens.push(token.id),
				Event::Finished(finished) => assert_eq!(finished.reason, FinishReason::Length),
				Event::Failed(error) => panic!("{error}"),
			}
		}
		let mut session = model.session();
		assert_eq!(
			tokens[0],
			argmax(&session.append(&prompt(index, 20 + index as usize)).unwrap())
		);
	}
	wait_for("an idle engine", || engine.stats().running == 0);
	let stats = engine.stats();
	assert!(
		stats.prefix_cache_bytes == stats.kv_used_bytes && stats.kv_used_bytes > 0,
		"{stats:?}"
	);
	let refused = engine.submit(request(prompt(0, 100), 14)).unwrap_err();
	assert!(matches!(refused, EngineError::ExceedsBudget { needed_bytes, .. } if needed_bytes == 8 * block));
	assert!(
		engine
			.submit(request(prompt(0, 100), 13))
			.unwrap()
			.blocking_complete()
			.is_ok()
	);
}

#[test]
fn a_full_queue_refuses_and_dropped_requests_free_their_places() {
	let model = plain();
	let engine = engine(&model, |options| {
		options.max_batch = 1;
		options.max_waiting = 2;
	});
	let (sampling, permits) = gated();
	let mut blocking = request(prompt(0, 4), 100);
	blocking.sampling = sampling;
	let mut running = engine.submit(blocking).unwrap();
	permits.send(()).unwrap();
	first_token(&mut running);
	let waiting = engine.submit(request(prompt(1, 4), 3)).unwrap();
	let given_up = engine.submit(request(prompt(2, 4), 3)).unwrap();
	let full = engine.submit(request(prompt(3, 4), 3)).unwrap_err();
	assert!(
		matches!(full, EngineError::QueueFull { waiting: 2, limit: 2 }),
		"{full}"
	);
	drop(given_up);
	drop(running);
	drop(permits);
	assert_eq!(waiting.blocking_complete().unwrap().tokens.len(), 3);
	wait_for("both are gone", || engine.stats().abandoned == 2);
	assert_eq!((engine.stats().running, engine.stats().waiting), (0, 0));
}

#[test]
fn cancelled_and_late_requests_end_with_what_they_have() {
	let model = plain();
	let clock = ManualClock::new();
	let engine = engine(&model, |options| {
		options.clock = clock.clone();
		options.max_batch = 2;
	});
	let start = |deadline| {
		let (sampling, permits) = gated();
		let mut request = request(prompt(1, 4), 100);
		request.sampling = sampling;
		request.deadline = deadline;
		let mut generation = engine.submit(request).unwrap();
		permits.send(()).unwrap();
		first_token(&mut generation);
		(generation, permits)
	};
	let end = |mut generation: Generation| loop {
		if let Some(Event::Finished(finished)) = generation.blocking_next() {
			return finished;
		}
	};
	let (generation, permits) = start(None);
	generation.canceller().cancel();
	drop(permits);
	assert_eq!(end(generation).reason, FinishReason::Cancelled);

	let (generation, permits) = start(Some(clock.now() + Duration::from_secs(5)));
	clock.advance(Duration::from_secs(5));
	drop(permits);
	let finished = end(generation);
	assert_eq!(
		(finished.reason, finished.reason.openai_name()),
		(FinishReason::Deadline, "length")
	);
	assert_eq!(finished.usage.total, Duration::from_secs(5));

	// In the queue, too.
	let mut late = request(prompt(1, 4), 5);
	late.deadline = Some(clock.now());
	let late = engine.submit(late).unwrap().blocking_complete().unwrap();
	assert_eq!((late.finished.reason, late.tokens.len()), (FinishReason::Deadline, 0));
	assert_eq!(engine.stats().kv_used_bytes, engine.stats().prefix_cache_bytes);
}

/// Who does not read stands still while others go on, and fails in the end.
#[test]
fn a_slow_reader_holds_up_nobody() {
	let model = plain();
	let clock = ManualClock::new();
	let engine = engine(&model, |options| options.clock = clock.clone());
	let mut slow = engine.submit(request(prompt(1, 4), 500)).unwrap();
	let patient = engine.submit(request(prompt(2, 4), 500)).unwrap();
	assert_eq!(patient.blocking_complete().unwrap().tokens.len(), 500);
	wait_for("the buffer is full", || {
		engine.stats().completion_tokens == 500 + EVENT_CAPACITY as u64
	});
	// It goes on when there is room again.
	for _ in 0..100 {
		first_token(&mut slow);
	}
	wait_for("it stands again", || {
		engine.stats().completion_tokens == 600 + EVENT_CAPACITY as u64
	});
	clock.advance(Duration::from_secs(29));
	assert_eq!(engine.stats().failed, 0);
	clock.advance(Duration::from_secs(1));
	wait_for("it fails", || engine.stats().failed == 1);
	let error = slow.blocking_complete().unwrap_err();
	assert!(matches!(error, EngineError::SlowReader(_)), "{error}");
}

/// A token whose embedding is no number spoils the request that names it, and no other.
#[test]
fn what_is_no_number_fails_one_request_only() {
	let spec = TinySpec {
		tied: false,
		damaged_token: Some(77),
		..TinySpec::default()
	};
	let model = model(22, &spec);
	let engine = engine(&model, |_| ());
	let mut poisoned = prompt(1, 40);
	poisoned[33] = 77;
	let clean = |seed| {
		prompt(seed, 40)
			.into_iter()
			.map(|token| if token == 77 { 78 } else { token })
			.collect::<Vec<_>>()
	};
	let before = engine.submit(request(clean(2), 6)).unwrap();
	let bad = engine.submit(request(poisoned.clone(), 6)).unwrap();
	let after = engine.submit(request(clean(3), 6)).unwrap();
	let error = bad.blocking_complete().unwrap_err();
	assert!(matches!(error, EngineError::NotANumber { place: 0 }), "{error}");
	for (seed, answer) in [(2, before), (3, after)] {
		let answer = answer.blocking_complete().unwrap();
		assert_eq!(ids(&answer)[0], argmax(&model.session().append(&clean(seed)).unwrap()));
	}
	// Nothing of it is kept for others.
	poisoned.truncate(33);
	let answer = engine
		.submit(request(poisoned, 1))
		.unwrap()
		.blocking_complete()
		.unwrap();
	assert_eq!(answer.finished.usage.cached_tokens, 0);
}

/// While a long prompt is read, those who answer go on, and a short prompt overtakes it.
#[test]
fn a_long_prompt_stalls_nobody() {
	let model = plain();
	let engine = engine(&model, |options| options.prefill_tokens = 16);
	let seen = Seen::default();
	let (sampling, permits) = gated();
	let mut first = request(prompt(1, 4), 60);
	first.sampling = sampling;
	let mut answering = engine.submit(first).unwrap();
	permits.send(()).unwrap();
	first_token(&mut answering);
	// The worker stands at the gate: both come into the same step.
	let mut held = Vec::new();
	for (name, length) in [(1, 400), (2, 10)] {
		let mut request = request(prompt(name + 10, length), 3);
		request.sampling = probe(&seen, name);
		held.push(engine.submit(request).unwrap());
	}
	drop(permits);
	let answer = answering.blocking_complete().unwrap();
	assert_eq!(answer.tokens.len(), 59);
	wait_for("both have answered", || engine.stats().finished == 3);
	let order: Vec<u32> = seen.lock().unwrap().iter().map(|(name, _)| *name).collect();
	assert_eq!(order, [2, 2, 2, 1, 1, 1]);
	// 400 tokens at 8 to 16 a step: the other one answered some 25 times meanwhile.
	assert!(engine.stats().steps < 80, "{:?}", engine.stats());
	drop(held);
}

#[test]
fn requests_that_make_no_sense_are_refused() {
	let spec = TinySpec {
		context_length: 32,
		..TinySpec::default()
	};
	let model = model(23, &spec);
	let engine = engine(&model, |_| ());
	let invalid = |change: &dyn Fn(&mut Request)| {
		let mut request = request(prompt(1, 4), 5);
		change(&mut request);
		engine.submit(request).unwrap_err().to_string()
	};
	assert!(invalid(&|request| request.max_tokens = 0).contains("at least one"));
	assert!(invalid(&|request| request.prompt.clear()).contains("at least one"));
	assert!(invalid(&|request| request.prompt = vec![9_999]).contains("vocabulary"));
	assert!(invalid(&|request| request.prompt = prompt(1, 33)).contains("context holds 32"));
	assert!(invalid(&|request| request.stop = vec![String::new()]).contains("stop sequence of 0"));
	assert!(invalid(&|request| request.stop = vec!["x".to_owned(); 17]).contains("17 stop sequences"));
	assert!(invalid(&|request| request.top_logprobs = Some(21)).contains("limit is 20"));
	let options = SamplingOptions {
		top_p: 0.0,
		..SamplingOptions::default()
	};
	assert!(invalid(&|request| request.sampling = Sampling::Options(options)).contains("top_p"));
	// The context's end ends the answer: its last token needs no place.
	let answer = engine
		.submit(request(prompt(1, 30), 100))
		.unwrap()
		.blocking_complete()
		.unwrap();
	assert_eq!((answer.tokens.len(), answer.finished.reason), (3, FinishReason::Length));
	assert!(matches!(
		Engine::start(
			model.clone(),
			EngineOptions {
				max_batch: 0,
				..EngineOptions::default()
			}
		),
		Err(EngineError::Invalid(_))
	));
	assert!(matches!(
		Engine::start(
			model,
			EngineOptions {
				kv_budget_bytes: 100,
				..EngineOptions::default()
			}
		),
		Err(EngineError::ExceedsBudget { .. })
	));
}

#[test]
fn an_engine_that_stops_says_so() {
	let model = plain();
	let engine = engine(&model, |_| ());
	let clone = engine.clone();
	let (sampling, permits) = gated();
	let mut blocking = request(prompt(1, 4), 50);
	blocking.sampling = sampling;
	let mut running = engine.submit(blocking).unwrap();
	permits.send(()).unwrap();
	first_token(&mut running);
	drop(engine);
	permits.send(()).unwrap();
	first_token(&mut running);
	drop(clone);
	drop(permits);
	let error = running.blocking_complete().unwrap_err();
	assert!(matches!(error, EngineError::Stopped), "{error}");
}

/// A sampler of the caller's that panics takes the worker with it; nobody waits for ever.
#[test]
fn a_worker_that_dies_is_noticed() {
	struct Panics;
	impl Sampler for Panics {
		fn sample(&mut self, _: &[f32], _: usize) -> Result<u32, String> {
			panic!("a test wants the worker to die");
		}
	}
	let model = plain();
	let engine = engine(&model, |_| ());
	let mut request = request(prompt(1, 4), 5);
	request.sampling = Sampling::Custom(Box::new(Panics));
	let error = engine.submit(request).unwrap().blocking_complete().unwrap_err();
	assert!(matches!(error, EngineError::Stopped), "{error}");
	wait_for("it refuses others", || {
		matches!(engine.submit(Request::new(prompt(1, 4), 1)), Err(EngineError::Stopped))
	});
	let unknown = model.session().append(&[u32::MAX]);
	assert!(matches!(unknown, Err(InferError::UnknownToken { .. })));
}
