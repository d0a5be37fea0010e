//! The serving engine on tiny generated models.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use neuron_infer::engine::{
	Clock, Completion, EVENT_CAPACITY, Engine, EngineError, EngineOptions, Event, FinishReason, Generation, Request,
	Sampler, Sampling, SamplingOptions,
};
use neuron_infer::tiny::{TinySpec, VOCABULARY_SIZE, write_gguf};
use neuron_infer::{InferError, LoadOptions, Model};

fn model(seed: u64, spec: &TinySpec) -> Model {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("tiny.gguf");
	write_gguf(&path, seed, spec).unwrap();
	Model::load(&path, &LoadOptions::default()).unwrap()
}

fn plain() -> Model {
	model(21, &TinySpec::default())
}

fn engine(model: &Model, change: impl FnOnce(&mut EngineOptions)) -> Engine {
	let mut options = EngineOptions::default();
	change(&mut options);
	Engine::start(model.clone(), options).unwrap()
}

/// A prompt of that many tokens, unlike those of other seeds from the first token on.
fn prompt(seed: u32, length: usize) -> Vec<u32> {
	(0..length as u32)
		.map(|index| 3 + (seed * 31 + index * (7 + seed)) % 256)
		.collect()
}

/// A request that goes on past the end of a turn.
fn request(prompt: Vec<u32>, max_tokens: usize) -> Request {
	let mut request = Request::new(prompt, max_tokens);
	request.stop_at_end_of_turn = false;
	request
}

fn drawn(seed: u64) -> Sampling {
	Sampling::Options(SamplingOptions {
		temperature: 1.0,
		top_p: 0.95,
		top_k: 100,
		seed,
	})
}

fn ids(completion: &Completion) -> Vec<u32> {
	completion.tokens.iter().map(|token| token.id).collect()
}

fn argmax(logits: &[f32]) -> u32 {
	let best = (0..).zip(logits).fold((0, f32::NEG_INFINITY), |best, (token, &logit)| {
		if logit > best.1 { (token, logit) } else { best }
	});
	best.0
}

/// Greedy, and remembers or waits.
struct Probe {
	seen: Seen,
	name: u32,
	gate: Option<Receiver<()>>,
}

impl Sampler for Probe {
	fn sample(&mut self, logits: &[f32], _: usize) -> Result<u32, String> {
		if let Some(gate) = &self.gate {
			gate.recv().ok();
		}
		self.seen.lock().unwrap().push((self.name, logits.to_vec()));
		Ok(argmax(logits))
	}
}

type Seen = Arc<Mutex<Vec<(u32, Vec<f32>)>>>;

fn probe(seen: &Seen, name: u32) -> Sampling {
	Sampling::Custom(Box::new(Probe {
		seen: Arc::clone(seen),
		name,
		gate: None,
	}))
}

/// A sampler that waits for a permit before each token.
fn gated() -> (Sampling, Sender<()>) {
	let (sender, gate) = channel();
	let sampler = Probe {
		seen: Seen::default(),
		name: 0,
		gate: Some(gate),
	};
	(Sampling::Custom(Box::new(sampler)), sender)
}

/// A clock that stands until it is moved.
struct ManualClock {
	start: Instant,
	passed: Mutex<Duration>,
}

impl ManualClock {
	fn new() -> Arc<Self> {
		Arc::new(Self {
			start: Instant::now(),
			passed: Mutex::default(),
		})
	}

	fn advance(&self, by: Duration) {
		*self.passed.lock().unwrap() += by;
	}
}

impl Clock for ManualClock {
	fn now(&self) -> Instant {
		self.start + *self.passed.lock().unwrap()
	}
}

fn wait_for(what: &str, condition: impl Fn() -> bool) {
	for _ in 0..20_000 {
		if condition() {
			return;
		}
		std::thread::sleep(Duration::from_millis(1));
	}
	panic!("{what} did not come about");
}

fn first_token(generation: &mut Generation) {
	assert!(matches!(generation.blocking_next(), Some(Event::Token(_))));
}

/// Each request sees the logits that a session of its own sees, to the bit, however many others
/// run with it, wherever they come and go, and however its prompt is cut.
#[test]
fn company_changes_no_logit() {
	let model = plain();
	let engine = engine(&model, |options| {
		options.max_batch = 5;
		options.prefill_tokens = 7;
	});
	let seen = Seen::default();
	let sizes = [(3, 9), (40, 4), (1, 20), (129, 6), (17, 1), (64, 12), (33, 8), (200, 3)];
	let generations: Vec<Generation> = (0..)
		.zip(sizes)
		.map(|(name, (length, count))| {
			let mut request = request(prompt(name, length), count);
			request.sampling = probe(&seen, name);
			engine.submit(request).unwrap()
		})
		.collect();
	let answers: Vec<Completion> = generations
		.into_iter()
		.map(|one| one.blocking_complete().unwrap())
		.collect();
	let seen = seen.lock().unwrap();
	for ((name, (length, count)), answer) in (0..).zip(sizes).zip(&answers) {
		let mut session = model.session();
		let mut logits = session.append(&prompt(name, length)).unwrap();
		let own: Vec<&Vec<f32>> = seen
			.iter()
			.filter(|(other, _)| *other == name)
			.map(|(_, row)| row)
			.collect();
		assert_eq!(own.len(), count);
		for (row, token) in own.iter().zip(ids(answer)) {
			assert_eq!(**row, logits, "request {name}");
			assert_eq!(token, argmax(&logits));
			logits = session.append(&[token]).unwrap();
		}
		assert_eq!(answer.finished.reason, FinishReason::Length);
		assert_eq!(answer.finished.usage.prompt_tokens, length);
		assert_eq!(answer.finished.usage.completion_tokens, count);
		assert!(answer.finished.usage.time_to_first_token.is_some());
	}
	let stats = engine.stats();
	assert_eq!(
		stats.completion_tokens,
		sizes.iter().map(|(_, count)| *count as u64).sum::<u64>()
	);
	assert_eq!(
		(stats.finished, stats.failed, stats.abandoned),
		(sizes.len() as u64, 0, 0)
	);
}

/// The text of the pieces is that of the tokens; seeds repeat; log-probabilities fit the choice.
#[test]
fn pieces_seeds_and_logprobs_fit_together() {
	let model = plain();
	let engine = engine(&model, |_| ());
	let answer = |seed| {
		let mut request = request(prompt(1, 10), 60);
		request.sampling = drawn(seed);
		request.top_logprobs = Some(3);
		engine.submit(request).unwrap().blocking_complete().unwrap()
	};
	let (one, again, other) = (answer(1), answer(1), answer(2));
	assert_eq!((&one.text, ids(&one)), (&again.text, ids(&again)));
	assert_ne!(ids(&one), ids(&other));
	assert_eq!(one.text, model.decode(&ids(&one)).unwrap());
	for token in &one.tokens {
		let logprob = token.logprob.as_ref().unwrap();
		assert_eq!(logprob.top.len(), 3);
		assert!(logprob.top.windows(2).all(|pair| pair[0].1 >= pair[1].1));
		assert!(logprob.logprob <= logprob.top[0].1 && logprob.logprob < 0.0);
	}
	let scored = model.score(&prompt(1, 10), &ids(&one)).unwrap();
	for (row, token) in scored.chunks(VOCABULARY_SIZE).zip(&one.tokens) {
		let total: f64 = row.iter().map(|&logit| f64::from(logit).exp()).sum();
		let expected = f64::from(row[token.id as usize]) - total.ln();
		assert!((f64::from(token.logprob.as_ref().unwrap().logprob) - expected).abs() < 1e-4);
	}
}

#[test]
fn stop_sequences_end_the_answer_before_them() {
	let model = plain();
	let engine = engine(&model, |_| ());
	let mut seed = 0;
	// An answer with a stretch of plain text to stop at, over several tokens.
	let (whole, place) = loop {
		seed += 1;
		let mut request = request(prompt(2, 5), 80);
		request.sampling = drawn(seed);
		let whole = engine.submit(request).unwrap().blocking_complete().unwrap().text;
		let places = whole.char_indices().map(|(place, _)| place).skip(20);
		let place = places.clone().find(|&place| {
			let stretch = whole.get(place..place + 3);
			stretch.is_some_and(|stretch| stretch.is_ascii() && whole.find(stretch) == Some(place))
		});
		if let Some(place) = place {
			break (whole, place);
		}
		assert!(seed < 100, "no seed gives plain text");
	};
	let mut request = request(prompt(2, 5), 80);
	request.sampling = drawn(seed);
	request.stop = vec!["no such text".to_owned(), whole[place..place + 3].to_owned()];
	let stopped = engine.submit(request).unwrap().blocking_complete().unwrap();
	assert_eq!(stopped.finished.reason, FinishReason::StopSequence(1));
	assert_eq!(stopped.finished.reason.openai_name(), "stop");
	assert_eq!(stopped.text, whole[..place]);
}

/// A model's end of turn ends the answer and is no part of it.
#[test]
fn the_end_of_a_turn_ends_the_answer() {
	struct Scripted;
	impl Sampler for Scripted {
		fn sample(&mut self, _: &[f32], place: usize) -> Result<u32, String> {
			Ok(if place < 3 { 70 } else { 2 })
		}
	}
	let model = plain();
	let engine = engine(&model, |_| ());
	for (stops, expected) in [(true, 3), (false, 10)] {
		let mut request = Request::new(prompt(3, 4), 10);
		request.stop_at_end_of_turn = stops;
		request.sampling = Sampling::Custom(Box::new(Scripted));
		let answer = engine.submit(request).unwrap().blocking_complete().unwrap();
		assert_eq!(answer.tokens.len(), expected);
		assert_eq!(answer.finished.reason == FinishReason::EndOfTurn, stops);
	}
}

/// The second request of the same beginning computes only what differs, to the same answer.
#[test]
fn a_shared_beginning_is_computed_once() {
	let model = plain();
	for cache in [true, false] {
		let engine = engine(&model, |options| options.prefix_cache = cache);
		let beginning = prompt(4, 100);
		let mut answers = Vec::new();
		for tail in [5, 5, 6] {
			let mut tokens = beginning.clone();
			tokens.extend(prompt(tail, 10));
			let answer = engine
				.submit(request(tokens.clone(), 5))
				.unwrap()
				.blocking_complete()
				.unwrap();
			let mut session = model.session();
			assert_eq!(ids(&answer)[0], argmax(&session.append(&tokens).unwrap()));
			answers.push(answer);
		}
		assert_eq!(ids(&answers[0]), ids(&answers[1]));
		let cached: Vec<usize> = answers
			.iter()
			.map(|answer| answer.finished.usage.cached_tokens)
			.collect();
		assert_eq!(cached, if cache { [0, 96, 96] } else { [0, 0, 0] });
		let computed = 330 - cached.iter().sum::<usize>();
		assert_eq!(engine.stats().prompt_tokens, computed as u64);
	}
}

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
