//! A miner's answers come out of one batch, bit for bit as if each had been made alone.

use std::{
	sync::{
		Arc, Barrier,
		atomic::{AtomicU32, Ordering},
		mpsc,
	},
	time::{Duration, Instant},
};

use neuron::{
	model::GgufModel,
	registry::{self, MechanismOptions, Serving},
};
use neuron_infer::{
	LoadOptions, Model,
	engine::{Clock, EngineOptions, EngineStats},
	tiny::{TinySpec, write_gguf},
};
use subnet_sdk::{
	ChallengeContext, Epoch, Hotkey, Listener, Mechanism, MechanismError, Nonce, Outcome, SinkClosed, TimedChunk,
	Transcript,
};
use subnet_text::{Chunk, LanguageModel, Prompt, Sampling, Task, TextMechanism, TextParameters};

/// More than the events that the engine buffers, so that nobody is done before everybody has begun.
const TOKENS: u16 = 120;
const TOGETHER: u8 = 4;

fn tiny() -> Model {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("tiny.gguf");
	write_gguf(&path, 1, &TinySpec::default()).unwrap();
	Model::load(&path, &LoadOptions::default()).unwrap()
}

fn mechanism(model: Arc<GgufModel>) -> TextMechanism {
	let parameters = TextParameters {
		target_tokens_per_second: 0.001,
		..TextParameters::default()
	};
	TextMechanism::new(model, parameters).unwrap()
}

fn alone(model: &Model) -> TextMechanism {
	mechanism(Arc::new(GgufModel::new(model.clone(), None)))
}

fn serving(model: &Model) -> (TextMechanism, Arc<GgufModel>) {
	let options = EngineOptions {
		max_batch: TOGETHER.into(),
		..EngineOptions::default()
	};
	let served = Arc::new(GgufModel::serving(model.clone(), options, None).unwrap());
	(mechanism(served.clone()), served)
}

fn context(request: u8) -> ChallengeContext {
	ChallengeContext {
		nonce: Nonce([request; 32]),
		validator: Hotkey([150; 32]),
		miner: Hotkey([5; 32]),
	}
}

/// Requests of different lengths and kinds of sampling, which share a beginning.
fn task(model: &Model, request: u8) -> Task {
	let asked = "and then ".repeat(usize::from(request) * 9);
	let temperature = [0.0, 0.7, 1.0, 1.3][usize::from(request % 4)];
	Task {
		model_hash: model.sha256(),
		epoch: Epoch::default(),
		prompt: Prompt::user(format!("Go on with this story: once upon a time {asked}")),
		max_tokens: TOKENS,
		sampling: Sampling {
			temperature,
			top_p: if request.is_multiple_of(2) { 1.0 } else { 0.9 },
			seed: 1,
		},
		stop: vec!["never to be said".into()],
	}
}

/// The answer of `miner`; `meet` is called with the number of tokens sent before each.
fn solve(miner: &TextMechanism, task: Task, request: u8, meet: &dyn Fn(usize)) -> Transcript<Chunk> {
	let mut chunks = Vec::new();
	miner
		.solve(&context(request), task, &mut |chunk| {
			if matches!(chunk, Chunk::Tokens(_)) {
				meet(chunks.len() - 1);
			}
			chunks.push(TimedChunk {
				elapsed_us: 1_000 * (chunks.len() as u64 + 1),
				chunk,
			});
			Ok(())
		})
		.unwrap();
	Transcript {
		chunks,
		outcome: Outcome::Complete,
	}
}

#[test]
fn answers_of_one_batch_are_those_made_alone_and_pass_the_check() {
	let model = tiny();
	let (miner, served) = serving(&model);
	let start = Barrier::new(TOGETHER.into());
	let together: Vec<Transcript<Chunk>> = std::thread::scope(|scope| {
		let answering: Vec<_> = (0..TOGETHER)
			.map(|request| {
				let (miner, model, start) = (&miner, &model, &start);
				scope.spawn(move || {
					// Nobody goes on before all have their first token: all are in the batch then.
					let meet = |sent| {
						if sent == 0 {
							start.wait();
						}
					};
					solve(miner, task(model, request), request, &meet)
				})
			})
			.collect();
		answering.into_iter().map(|answer| answer.join().unwrap()).collect()
	});
	let validator = alone(&model);
	let mut lengths = Vec::new();
	for (request, answer) in (0..TOGETHER).zip(&together) {
		let by_itself = solve(&validator, task(&model, request), request, &|_| {});
		assert_eq!(answer.chunks, by_itself.chunks, "request {request}");
		let score = validator
			.score(&context(request), &task(&model, request), answer)
			.unwrap();
		assert!(score.value() > 0.99, "request {request}: {score}");
		assert_eq!(score.evidence().failures, 0);
		lengths.push(answer.chunks.len() - 1);
	}
	assert!(
		lengths.iter().all(|length| *length > 64),
		"{lengths:?}: some may have been alone"
	);
	let stats = served.engine().unwrap().stats();
	assert_eq!((stats.finished, stats.failed, stats.running), (TOGETHER.into(), 0, 0));
	assert!(stats.steps < stats.completion_tokens, "{stats:?}");
}

#[test]
fn an_answer_that_nobody_reads_any_more_leaves_the_batch() {
	let model = tiny();
	let (miner, served) = serving(&model);
	let mut sent = 0;
	let ended = miner.solve(&context(1), task(&model, 1), &mut |_| {
		sent += 1;
		if sent < 4 { Ok(()) } else { Err(SinkClosed) }
	});
	assert_eq!((ended, sent), (Err(MechanismError::Cancelled), 4));
	let engine = served.engine().unwrap();
	// The engine lets go of it at its next step.
	for _ in 0..10_000 {
		if engine.stats().abandoned == 1 {
			break;
		}
		std::thread::sleep(Duration::from_millis(1));
	}
	let stats = engine.stats();
	assert_eq!((stats.abandoned, stats.running), (1, 0));
	assert_eq!(stats.kv_used_bytes, stats.prefix_cache_bytes, "{stats:?}");
}

/// The engine's figures, once this holds of them.
fn stats_when(served: &GgufModel, holds: impl Fn(&EngineStats) -> bool) -> EngineStats {
	let engine = served.engine().unwrap();
	for _ in 0..10_000 {
		if holds(&engine.stats()) {
			break;
		}
		std::thread::sleep(Duration::from_millis(1));
	}
	engine.stats()
}

#[test]
fn a_caller_that_goes_while_its_request_waits_takes_it_along() {
	let options = EngineOptions {
		max_batch: 1,
		..EngineOptions::default()
	};
	let model = tiny();
	let served = Arc::new(GgufModel::serving(model.clone(), options, None).unwrap());
	let miner = mechanism(served.clone());
	let (begun, has_begun) = mpsc::channel();
	let (go_on, may_go_on) = mpsc::channel::<()>();
	let listener = Listener::default();
	std::thread::scope(|scope| {
		// The first answer keeps the only place, for its reader does not read on.
		let first = scope.spawn(|| {
			let (may_go_on, mut sent) = (may_go_on, 0);
			miner.solve(&context(1), task(&model, 1), &mut |_| {
				sent += 1;
				if sent == 2 {
					begun.send(()).unwrap();
					may_go_on.recv().unwrap();
				}
				Ok(())
			})
		});
		has_begun.recv().unwrap();
		let second = scope.spawn(|| {
			let mut chunks = 0;
			let ended = miner.solve_for(&listener, &context(2), task(&model, 2), &mut |_| {
				chunks += 1;
				Ok(())
			});
			(ended, chunks)
		});
		assert_eq!(stats_when(&served, |stats| stats.waiting == 1).waiting, 1);
		listener.leave();
		// The header alone was sent: it is no token that has told.
		assert_eq!(second.join().unwrap(), (Err(MechanismError::Cancelled), 1));
		let stats = served.engine().unwrap().stats();
		assert_eq!((stats.waiting, stats.abandoned, stats.running), (0, 1, 1), "{stats:?}");
		go_on.send(()).unwrap();
		assert_eq!(first.join().unwrap(), Ok(()));
	});
}

/// A caller that goes when the engine looks at the time for the last of so many times: in the middle of a prompt.
struct LeavingClock {
	listener: Listener,
	left: AtomicU32,
}

impl Clock for LeavingClock {
	fn now(&self) -> Instant {
		if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
			self.listener.leave();
		}
		Instant::now()
	}
}

#[test]
fn a_caller_that_goes_while_its_prompt_is_read_ends_that() {
	let model = tiny();
	let listener = Listener::default();
	let options = EngineOptions {
		clock: Arc::new(LeavingClock {
			listener: listener.clone(),
			left: AtomicU32::new(12),
		}),
		..EngineOptions::default()
	};
	let served = Arc::new(GgufModel::serving(model.clone(), options, None).unwrap());
	let miner = mechanism(served.clone());
	// 1,800 tokens, which take eight steps, each of which looks at the time several times.
	let long = Task {
		prompt: Prompt::user("x".repeat(1_800)),
		..task(&model, 1)
	};
	let mut chunks = 0;
	let ended = miner.solve_for(&listener, &context(1), long, &mut |_| {
		chunks += 1;
		Ok(())
	});
	assert_eq!((ended, chunks), (Err(MechanismError::Cancelled), 1));
	let stats = stats_when(&served, |stats| stats.abandoned == 1);
	assert_eq!((stats.abandoned, stats.completion_tokens), (1, 0), "{stats:?}");
	assert!((1..6).contains(&stats.steps), "{stats:?}");
}

#[test]
fn an_answer_that_does_not_fit_the_memory_is_refused_and_says_why() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("tiny.gguf");
	let spec = TinySpec {
		layers: 8,
		embedding: 256,
		..TinySpec::default()
	};
	write_gguf(&path, 1, &spec).unwrap();
	let model = Model::load(&path, &LoadOptions::default()).unwrap();
	let options = MechanismOptions {
		name: "text".into(),
		model: Some(path),
		serving: Some(Serving {
			batch: 2,
			kv_memory_mib: 1,
		}),
		..MechanismOptions::default()
	};
	let miner = registry::build(&options).unwrap();
	assert_eq!(miner.model_hash(), Some(model.sha256()), "what answers are signed for");
	let long = Task {
		max_tokens: 1_500,
		..task(&model, 1)
	};
	let ended = miner.solve(&context(1), &codec::Encode::encode(&long), &mut |_| Ok(()));
	assert!(
		ended.as_ref().is_err_and(|error| error.to_string().contains("budget")),
		"{ended:?}"
	);
	let none = MechanismOptions {
		serving: Some(Serving {
			batch: 0,
			kv_memory_mib: 1,
		}),
		..options
	};
	let refused = registry::build(&none).err().map(|error| error.to_string());
	assert!(refused.is_some_and(|error| error.contains("--workers")));
}

#[test]
fn a_ceiling_on_the_rate_holds_for_all_answers_together_and_changes_none() {
	let model = tiny();
	let engine = EngineOptions::default();
	let slow = GgufModel::serving(model.clone(), engine, Some(5_000.0)).unwrap();
	assert_eq!(slow.model_hash(), model.sha256());
	let slow = mechanism(Arc::new(slow));
	let answer = solve(&slow, task(&model, 2), 2, &|_| {});
	assert_eq!(answer.chunks, solve(&alone(&model), task(&model, 2), 2, &|_| {}).chunks);
}
