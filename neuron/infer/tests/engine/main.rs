//! The serving engine on tiny generated models.

mod limits;

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
