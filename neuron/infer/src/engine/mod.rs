//! Serving many requests at once: continuous batching over one model.
//!
//! One worker thread owns the batch. Between two steps (at a token boundary) requests join it,
//! leave it, are cancelled or run out of time; a step computes the next token of every request
//! that answers already and a bounded piece of the prompts of those that have just come, so that
//! a long prompt does not hold up the others.
//!
//! ```text
//! Engine::submit ─▶ queue (bounded) ─▶ admission (blocks of the cache) ─▶ batch ─▶ Generation
//!                                        ▲ blocks of equal beginnings ◀── prefix cache
//! ```
//!
//! # Memory
//!
//! All keys and values, those of the prefix cache too, live in blocks under
//! [`EngineOptions::kv_budget_bytes`]. A request is admitted when the blocks of its prompt and of
//! its longest possible answer can be set aside, so it never has to be thrown out again. Until
//! then it waits, first come first served; a request that could never fit is refused at once.
//!
//! # Slow readers
//!
//! A [`Generation`] buffers [`EVENT_CAPACITY`] events. When the buffer is full, its request pauses:
//! it keeps its blocks and its place, others go on, its deadline still counts. After
//! [`EngineOptions::stall_limit`] without a free place in the buffer it fails with
//! [`EngineError::SlowReader`]. The last event always has a place of its own.
//!
//! # Reproducibility
//!
//! With [`crate::Precision::F32`] on the processor the logits of a request have the same bits whatever
//! company it runs in, however its prompt was cut into pieces, and whether its beginning came from
//! the prefix cache. A seeded request therefore gives the same tokens each time. On a GPU its
//! company changes the last bits, and with them now and then a token.

mod admission;
mod prefix;
mod request;
mod running;
mod sampling;
mod text;
mod worker;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use request::{
	Canceller, Completion, EVENT_CAPACITY, Event, FinishReason, Finished, Generation, MAX_STOP_BYTES, MAX_STOPS,
	MAX_TOP_LOGPROBS, Request, Token, TokenLogprob, Usage,
};
pub use sampling::{Sampler, Sampling, SamplingOptions};

use crate::cache::Pool;
use crate::decoder::Store;
use crate::{InferError, Model};
use request::Submission;

/// The most requests that a batch may be given.
pub const MAX_BATCH: usize = 1_024;

/// What the time is. Tests bring their own.
pub trait Clock: Send + Sync {
	/// Now.
	fn now(&self) -> Instant;
}

/// The clock of the machine.
#[derive(Copy, Clone, Debug, Default)]
pub struct MonotonicClock;

impl Clock for MonotonicClock {
	fn now(&self) -> Instant {
		Instant::now()
	}
}

/// Bounds of an [`Engine`].
#[derive(Clone)]
pub struct EngineOptions {
	/// Requests that are computed together.
	pub max_batch: usize,
	/// Requests that wait for a place.
	pub max_waiting: usize,
	/// Memory for keys and values, the prefix cache included. A model on a GPU has all of it set aside there when the
	/// engine starts.
	pub kv_budget_bytes: usize,
	/// Prompt tokens in a step in which others answer: more of them bring first tokens sooner and
	/// make the gaps between the others' tokens longer.
	pub prefill_tokens: usize,
	/// Whether beginnings of prompts are kept for later requests. The time to the first token then
	/// tells who asks whether somebody sent the same beginning; turn it off where that matters.
	pub prefix_cache: bool,
	/// How long a request waits for a reader that does not read.
	pub stall_limit: Duration,
	/// What the time is.
	pub clock: Arc<dyn Clock>,
}

impl Default for EngineOptions {
	fn default() -> Self {
		Self {
			max_batch: 16,
			max_waiting: 256,
			kv_budget_bytes: 1 << 30,
			prefill_tokens: 64,
			prefix_cache: true,
			stall_limit: Duration::from_secs(30),
			clock: Arc::new(MonotonicClock),
		}
	}
}

impl fmt::Debug for EngineOptions {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter
			.debug_struct("EngineOptions")
			.field("max_batch", &self.max_batch)
			.field("max_waiting", &self.max_waiting)
			.field("kv_budget_bytes", &self.kv_budget_bytes)
			.field("prefill_tokens", &self.prefill_tokens)
			.field("prefix_cache", &self.prefix_cache)
			.field("stall_limit", &self.stall_limit)
			.finish_non_exhaustive()
	}
}

/// Why a request is refused or fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
	/// An option or a field of the request is out of range.
	#[error("{0}")]
	Invalid(String),
	/// Too many requests wait already.
	#[error("{waiting} requests wait already, the limit is {limit}; try again later")]
	QueueFull {
		/// Requests that wait.
		waiting: usize,
		/// The limit.
		limit: usize,
	},
	/// The request could never be admitted.
	#[error(
		"the prompt and its longest answer need {needed_bytes} bytes of keys and values, the budget is {budget_bytes}; \
		 shorten the prompt, ask for fewer tokens or raise the budget"
	)]
	ExceedsBudget {
		/// Memory for the prompt and the longest answer.
		needed_bytes: usize,
		/// The engine's budget.
		budget_bytes: usize,
	},
	/// The model returned a logit that is not a finite number.
	#[error(
		"the model's logits for token {place} of the answer are not numbers; the weights or the prompt are damaged"
	)]
	NotANumber {
		/// Index into the answer.
		place: usize,
	},
	/// The request's own sampler failed.
	#[error("the sampler failed at token {place} of the answer: {detail}")]
	Sampler {
		/// Index into the answer.
		place: usize,
		/// What it said.
		detail: String,
	},
	/// Nobody took the events for too long.
	#[error("nobody read the answer for {0:?}; read faster or ask for fewer tokens")]
	SlowReader(Duration),
	/// The engine has stopped.
	#[error("the engine has stopped; start a new one")]
	Stopped,
	/// The model refused the tokens or failed.
	#[error(transparent)]
	Model(#[from] InferError),
}

/// A moment of an engine's life, for metrics.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineStats {
	/// Requests in the batch.
	pub running: usize,
	/// Requests that wait.
	pub waiting: usize,
	/// Memory of keys and values in use, the prefix cache included.
	pub kv_used_bytes: usize,
	/// The budget for it, in whole blocks.
	pub kv_budget_bytes: usize,
	/// Part of the used memory that only the prefix cache holds.
	pub prefix_cache_bytes: usize,
	/// Steps computed.
	pub steps: u64,
	/// Prompt tokens computed.
	pub prompt_tokens: u64,
	/// Prompt tokens found in the prefix cache.
	pub cached_tokens: u64,
	/// Tokens answered.
	pub completion_tokens: u64,
	/// Requests that ended with an answer.
	pub finished: u64,
	/// Requests that were cancelled or ran out of time.
	pub abandoned: u64,
	/// Requests that failed.
	pub failed: u64,
}

/// A handle to a running engine. Cheap to clone; the engine stops when the last one is dropped.
#[derive(Clone)]
pub struct Engine {
	handle: Arc<Handle>,
}

impl fmt::Debug for Engine {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter
			.debug_struct("Engine")
			.field("stats", &self.stats())
			.finish_non_exhaustive()
	}
}

struct Handle {
	model: Model,
	options: EngineOptions,
	shared: Arc<Shared>,
}

impl Drop for Handle {
	fn drop(&mut self) {
		self.shared.state().closed = true;
		self.shared.wake.notify_all();
	}
}

/// What handles and the worker share.
struct Shared {
	state: Mutex<State>,
	wake: Condvar,
}

#[derive(Default)]
struct State {
	queue: VecDeque<Submission>,
	/// Requests that the worker has taken and not yet admitted.
	held: usize,
	stats: EngineStats,
	closed: bool,
}

impl Shared {
	fn state(&self) -> MutexGuard<'_, State> {
		self.state.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

impl Engine {
	/// Starts the worker thread for `model`.
	///
	/// # Errors
	///
	/// [`EngineError::Invalid`] for options out of range, [`EngineError::ExceedsBudget`] if the
	/// budget is less than one block, [`EngineError::Model`] if the thread cannot be started or the
	/// model's device has no room for the budget.
	pub fn start(model: Model, options: EngineOptions) -> Result<Self, EngineError> {
		if !(1..=MAX_BATCH).contains(&options.max_batch) || options.max_waiting == 0 || options.prefill_tokens == 0 {
			return Err(EngineError::Invalid(format!(
				"max_batch is {}, max_waiting {} and prefill_tokens {}; expected each to be at least 1 and the batch at most {MAX_BATCH}",
				options.max_batch, options.max_waiting, options.prefill_tokens
			)));
		}
		let block_bytes = model.decoder().shape().block_bytes();
		if options.kv_budget_bytes < block_bytes {
			return Err(EngineError::ExceedsBudget {
				needed_bytes: block_bytes,
				budget_bytes: options.kv_budget_bytes,
			});
		}
		let pool = Pool::new(model.decoder().shape().clone(), options.kv_budget_bytes);
		let store = model.decoder().store(pool.limit())?;
		Self::start_on(model, options, pool, store)
	}

	/// As [`Self::start`], with blocks of `pool` whose numbers are in `store`.
	pub(crate) fn start_on(
		model: Model,
		options: EngineOptions,
		pool: Pool,
		store: Store,
	) -> Result<Self, EngineError> {
		let shared = Arc::new(Shared {
			state: Mutex::default(),
			wake: Condvar::new(),
		});
		let worker = worker::Worker::new(model.clone(), options.clone(), Arc::clone(&shared), pool, store);
		std::thread::Builder::new()
			.name("infer-engine".to_owned())
			.spawn(move || worker.run())
			.map_err(|error| InferError::Backend(format!("cannot start the engine's thread: {error}")))?;
		Ok(Self {
			handle: Arc::new(Handle { model, options, shared }),
		})
	}

	/// The model that answers.
	pub fn model(&self) -> &Model {
		&self.handle.model
	}

	/// Puts a request into the queue. Does not block.
	///
	/// # Errors
	///
	/// [`EngineError::Invalid`], [`EngineError::Model`] and [`EngineError::ExceedsBudget`] for
	/// requests that could never be answered, [`EngineError::QueueFull`] when too many wait,
	/// [`EngineError::Stopped`].
	pub fn submit(&self, request: Request) -> Result<Generation, EngineError> {
		let Handle { model, options, shared } = &*self.handle;
		request.check(model, options.kv_budget_bytes)?;
		let (submission, generation) = Submission::new(request, options.clock.now());
		let mut state = shared.state();
		if state.closed {
			return Err(EngineError::Stopped);
		}
		let waiting = state.queue.len() + state.held;
		if waiting >= options.max_waiting {
			return Err(EngineError::QueueFull {
				waiting,
				limit: options.max_waiting,
			});
		}
		state.queue.push_back(submission);
		drop(state);
		shared.wake.notify_all();
		Ok(generation)
	}

	/// How the engine does.
	pub fn stats(&self) -> EngineStats {
		let state = self.handle.shared.state();
		EngineStats {
			waiting: state.queue.len() + state.held,
			..state.stats
		}
	}
}
