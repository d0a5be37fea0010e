//! From a request to a streamed answer: check, queue, solve on a blocking thread, send with back-pressure.
//!
//! Every bound is here: how many requests are solved at once, how many wait, how many chunks lie between the
//! solver and the wire, how long one request may take. A caller that goes away, a deadline that passes and a
//! shutdown all end a solver the same way: its sink closes and its [`Listener`] leaves, and it stops at its next chunk, or
//! before where the mechanism looks.

use std::{
	sync::{
		Arc,
		atomic::{AtomicU64, Ordering},
	},
	time::Duration,
};

use async_trait::async_trait;
use neuron_net::{Caller, Refusal, Request};
use subnet_sdk::{ChallengeContext, DynMechanism, Hotkey, Listener, MechanismError, Nonce, SinkClosed};
use tokio::{
	sync::{OwnedSemaphorePermit, Semaphore, mpsc},
	time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{events::foreign_text, metrics::Metrics, registry::TokenCounter};

/// Chunks between the solver and the wire.
pub const CHUNK_BUFFER: usize = 4;
/// What a caller is told to wait where the queue is full, in milliseconds.
pub const BUSY_RETRY_AFTER_MS: u32 = 1_000;

/// How long the last frame of an answer may take to be written; a caller that never reads must not hold a task.
const FAREWELL_LIMIT: Duration = Duration::from_secs(2);

/// The way back to the caller of one request.
#[async_trait]
pub trait Reply: Send + Sync + 'static {
	/// Tells the caller that work has begun.
	async fn accept(&mut self) -> Result<(), CallerGone>;
	/// Sends a chunk; waits while the caller is slow.
	async fn send(&mut self, chunk: Vec<u8>) -> Result<(), CallerGone>;
	/// Ends a whole answer.
	async fn finish(self: Box<Self>);
	/// Says no, before the first chunk or, with [`Refusal::Failed`], after it.
	async fn refuse(self: Box<Self>, refusal: Refusal);
	/// Waits until nobody waits for the answer any more.
	async fn closed(&self);
}

/// The caller has gone away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerGone;

/// A request that passed admission.
pub struct Job {
	/// Who asks.
	pub caller: Caller,
	/// What is asked.
	pub request: Request,
	/// The way back.
	pub reply: Box<dyn Reply>,
}

/// How requests have ended so far.
#[derive(Debug, Default)]
pub struct Counters {
	/// Answered whole.
	pub answered: AtomicU64,
	/// Refused before any work.
	pub refused: AtomicU64,
	/// Given up: the caller went away, the deadline passed, or the miner shut down.
	pub cancelled: AtomicU64,
	/// Failed in the mechanism.
	pub failed: AtomicU64,
}

/// Takes jobs and answers them with one mechanism.
pub struct Dispatcher {
	mechanism: Arc<dyn DynMechanism>,
	hotkey: Hotkey,
	/// One permit for each request that is solved or waits.
	places: Arc<Semaphore>,
	/// One permit for each request that is solved.
	workers: Arc<Semaphore>,
	tasks: TaskTracker,
	stop: CancellationToken,
	counters: Arc<Counters>,
	metrics: Arc<Metrics>,
	token_counter: Option<TokenCounter>,
}

impl Dispatcher {
	/// A dispatcher for the miner with this hotkey that solves `workers` requests at once and lets `queue` more wait.
	pub fn new(mechanism: Arc<dyn DynMechanism>, hotkey: Hotkey, workers: usize, queue: usize) -> Self {
		Self {
			mechanism,
			hotkey,
			places: Arc::new(Semaphore::new(
				workers.saturating_add(queue).min(Semaphore::MAX_PERMITS),
			)),
			workers: Arc::new(Semaphore::new(workers.min(Semaphore::MAX_PERMITS))),
			tasks: TaskTracker::new(),
			stop: CancellationToken::new(),
			counters: Arc::default(),
			metrics: Metrics::new(),
			token_counter: None,
		}
	}

	/// Counts into these metrics, tokens too where answers have any.
	#[must_use]
	pub fn with_metrics(mut self, metrics: Arc<Metrics>, token_counter: Option<TokenCounter>) -> Self {
		self.metrics = metrics;
		self.token_counter = token_counter;
		self
	}

	/// How requests have ended so far.
	pub fn counters(&self) -> Arc<Counters> {
		self.counters.clone()
	}

	/// Waits until a job would get a place.
	pub async fn room(&self) {
		// The semaphore is never closed; whoever waits here is the only one who takes places.
		drop(self.places.acquire().await);
	}

	/// Takes a job: refuses it at once, or answers it on a task of its own.
	pub fn dispatch(&self, job: Job) {
		let descriptor = self.mechanism.descriptor();
		let Job { caller, request, reply } = job;
		let place = if request.mechanism != descriptor.name || request.version != descriptor.version {
			let requested = foreign_text(&format!("{}/{}", request.mechanism, request.version));
			Err(Refusal::UnsupportedMechanism {
				requested,
				served: descriptor.to_string(),
			})
		} else if self.stop.is_cancelled() {
			Err(Refusal::Failed("shutting down".into()))
		} else {
			let busy = Refusal::Busy {
				retry_after_ms: BUSY_RETRY_AFTER_MS,
			};
			self.places.clone().try_acquire_owned().map_err(|_| busy)
		};
		match place {
			Ok(place) => {
				let answer = Answering {
					mechanism: self.mechanism.clone(),
					context: ChallengeContext {
						nonce: Nonce(request.nonce),
						validator: Hotkey(caller.hotkey),
						miner: self.hotkey,
					},
					deadline: Instant::now()
						+ self
							.mechanism
							.deadline()
							.min(Duration::from_millis(request.deadline_ms.into())),
					caller,
					counters: self.counters.clone(),
					metrics: self.metrics.clone(),
					token_counter: self.token_counter,
					stop: self.stop.clone(),
				};
				let workers = self.workers.clone();
				self.tasks.spawn(answer.run(request.body, reply, workers, place));
			}
			Err(refusal) => {
				tracing::info!(uid = caller.uid, ?refusal, "request refused");
				self.counters.refused.fetch_add(1, Ordering::Relaxed);
				self.metrics.miner.refused(match refusal {
					Refusal::UnsupportedMechanism { .. } => "unsupported",
					Refusal::Busy { .. } => "busy",
					_ => "stopping",
				});
				self.tasks
					.spawn(tokio::time::timeout(FAREWELL_LIMIT, reply.refuse(refusal)));
			}
		}
	}

	/// Waits up to `grace` for running answers, then cancels them; returns whether all ended by themselves.
	///
	/// A mechanism that does not reach its sink cannot be interrupted; its thread is left behind.
	pub async fn shutdown(&self, grace: Duration) -> bool {
		self.tasks.close();
		let finished = tokio::time::timeout(grace, self.tasks.wait()).await.is_ok();
		self.stop.cancel();
		self.tasks.wait().await;
		finished
	}
}

/// One request that has a place.
struct Answering {
	mechanism: Arc<dyn DynMechanism>,
	context: ChallengeContext,
	deadline: Instant,
	caller: Caller,
	counters: Arc<Counters>,
	metrics: Arc<Metrics>,
	token_counter: Option<TokenCounter>,
	stop: CancellationToken,
}

/// Why an answer ended early.
enum Ended {
	CallerGone,
	TooLate,
	Stopped,
	Failed(String),
}

impl Answering {
	async fn run(self, body: Vec<u8>, mut reply: Box<dyn Reply>, workers: Arc<Semaphore>, place: OwnedSemaphorePermit) {
		let started = Instant::now();
		let mut waiting = self.metrics.miner.waits();
		let ended = match self.wait_for_worker(&*reply, workers).await {
			Ok(worker) => {
				waiting.runs();
				self.solve(body, &mut *reply, (worker, place)).await
			}
			Err(ended) => Err(ended),
		};
		drop(waiting);
		let uid = self.caller.uid;
		let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
		match ended {
			Ok(chunks) => {
				self.counters.answered.fetch_add(1, Ordering::Relaxed);
				self.metrics.miner.ended("answered", started.elapsed());
				tracing::info!(uid, chunks, elapsed_ms, "answered");
				farewell(reply.finish()).await;
			}
			Err(ended) => {
				let (outcome, reason) = match ended {
					Ended::Failed(reason) => ("failed", reason),
					Ended::CallerGone => ("cancelled", "the caller went away".into()),
					Ended::TooLate => ("cancelled", "the deadline passed".into()),
					Ended::Stopped => ("cancelled", "the miner is shutting down".into()),
				};
				match outcome {
					"failed" => &self.counters.failed,
					_ => &self.counters.cancelled,
				}
				.fetch_add(1, Ordering::Relaxed);
				self.metrics.miner.ended(outcome, started.elapsed());
				tracing::warn!(uid, elapsed_ms, reason, "answer ended early");
				farewell(reply.refuse(Refusal::Failed(reason))).await;
			}
		}
	}

	async fn wait_for_worker(&self, reply: &dyn Reply, workers: Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Ended> {
		tokio::select! {
			permit = workers.acquire_owned() => permit.map_err(|_| Ended::Stopped),
			ended = self.ends_early(reply) => Err(ended),
		}
	}

	/// Solves on a blocking thread and forwards chunks; the permits are held until that thread has ended.
	async fn solve(
		&self,
		body: Vec<u8>,
		reply: &mut dyn Reply,
		permits: (OwnedSemaphorePermit, OwnedSemaphorePermit),
	) -> Result<u64, Ended> {
		let (sender, mut receiver) = mpsc::channel::<Vec<u8>>(CHUNK_BUFFER);
		let (mechanism, context) = (self.mechanism.clone(), self.context);
		let leaving = Leaving(Listener::default());
		let listener = leaving.0.clone();
		let solver = tokio::task::spawn_blocking(move || {
			let _permits = permits;
			mechanism.solve_for(&listener, &context, &body, &mut |chunk| {
				sender.blocking_send(chunk).map_err(|_| SinkClosed)
			})
		});
		reply.accept().await.map_err(|CallerGone| Ended::CallerGone)?;
		let mut chunks = 0_u64;
		loop {
			let chunk = tokio::select! {
				chunk = receiver.recv() => chunk,
				ended = self.ends_early(&*reply) => return Err(ended),
			};
			let Some(chunk) = chunk else { break };
			let tokens = self.token_counter.map_or(0, |count| count(&chunk));
			tokio::select! {
				sent = reply.send(chunk) => sent.map_err(|CallerGone| Ended::CallerGone)?,
				() = self.stop.cancelled() => return Err(Ended::Stopped),
				() = tokio::time::sleep_until(self.deadline) => return Err(Ended::TooLate),
			}
			chunks += 1;
			self.metrics.miner.sent(tokens);
		}
		match solver.await {
			Ok(Ok(())) => Ok(chunks),
			Ok(Err(MechanismError::Cancelled)) => Err(Ended::CallerGone),
			Ok(Err(error)) => Err(Ended::Failed(foreign_text(&error.to_string()))),
			Err(error) => {
				tracing::error!(%error, "the mechanism panicked");
				Err(Ended::Failed("internal error".into()))
			}
		}
	}

	/// Resolves once there is no more use in answering.
	async fn ends_early(&self, reply: &dyn Reply) -> Ended {
		tokio::select! {
			() = reply.closed() => Ended::CallerGone,
			() = self.stop.cancelled() => Ended::Stopped,
			() = tokio::time::sleep_until(self.deadline) => Ended::TooLate,
		}
	}
}

/// The caller leaves when this is dropped: however an answer ends, nobody listens to its solver any more.
struct Leaving(Listener);

impl Drop for Leaving {
	fn drop(&mut self) {
		self.0.leave();
	}
}

async fn farewell(last_frame: impl Future<Output = ()>) {
	if tokio::time::timeout(FAREWELL_LIMIT, last_frame).await.is_err() {
		tracing::debug!("the caller did not read the end of its answer");
	}
}
