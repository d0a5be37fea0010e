//! The mechanism that the neuron sees.

use core::time::Duration;
use std::time::Instant;

use subnet_sdk::{
	ChallengeContext, Descriptor, DynMechanism, Epoch, Evidence, Listener, MAX_CHUNK_BYTES, MAX_CHUNKS, MAX_TASK_BYTES,
	MechanismError, Score, SinkClosed, Transcript,
};

use crate::hangs::Hangs;
use crate::options::{ProcessError, ProcessOptions};
use crate::pool::{LOOK, Patience, Pool};
use crate::protocol::{self, ErrorKind, Reply, Request};
use crate::worker::{Failure, Worker};

/// Most bytes of one answer that are handed to a process for its score.
pub const MAX_ANSWER_BYTES: usize = 8 << 20;
/// Processes that an answer may fail before it is worth nothing. One that keeps a process until its time is over gets no
/// second one.
const SCORE_ATTEMPTS: usize = 2;
/// Characters of a program's words that are logged for one answer.
const MAX_LOGGED_CHARS: usize = 300;

/// A mechanism whose work another program does.
pub struct ProcessMechanism {
	pool: Pool,
	options: ProcessOptions,
	descriptor: Descriptor,
	hangs: Hangs,
}

/// What became of one exchange with a process: its answer, or why there is none.
type Exchange<T> = Result<Result<T, MechanismError>, Failure>;

impl ProcessMechanism {
	/// Starts the command and waits for its hello. Takes as long as the process takes: call it on a thread that may block.
	///
	/// # Errors
	/// [`ProcessError`], which says what the process did instead of a hello.
	pub fn start(options: ProcessOptions) -> Result<Self, ProcessError> {
		let pool = Pool::start(options.clone())?;
		let descriptor = Descriptor {
			// A few bytes once in a mechanism's life: names are part of what lives as long as the program.
			name: String::leak(pool.hello().name.clone()),
			version: pool.hello().version,
		};
		Ok(Self {
			pool,
			options,
			descriptor,
			hangs: Hangs::default(),
		})
	}

	/// Lets one process have one exchange, for as long as the listener waits for a free one. A process that fails is ended.
	fn exchange<T>(
		&self,
		patience: Patience,
		listener: &Listener,
		talk: impl FnOnce(&mut Worker) -> Exchange<T>,
	) -> Result<Result<T, Failure>, MechanismError> {
		// In this order: where `talk` panics, the process is ended before its place is free.
		let (place, mut worker) = self.pool.acquire(patience, listener)?;
		match talk(&mut worker) {
			Ok(answer) => {
				self.pool.release(place, worker);
				answer.map(Ok)
			}
			Err(failure) => {
				place.discard(worker, &failure);
				Ok(Err(failure))
			}
		}
	}

	/// How long a validator's own request waits for a process: a miner's answer that keeps one must not cost another miner
	/// its challenge or its score.
	fn own_patience(&self) -> Patience {
		Patience::ForThoseBefore(self.options.limits.score)
	}

	/// Asks once for a score, for which there is so much time; the outer error is the validator's own fault.
	fn try_score(
		&self,
		context: &ChallengeContext,
		task: &[u8],
		transcript: &Transcript<Vec<u8>>,
		left: &mut Duration,
	) -> Result<Result<Score, Failure>, MechanismError> {
		self.exchange(self.own_patience(), &Listener::default(), |worker| {
			let (limit, begun) = (*left, Instant::now());
			let scored = Self::ask_for_score(worker, context, task, transcript, limit);
			*left = limit.saturating_sub(begun.elapsed());
			scored
		})
	}

	fn ask_for_score(
		worker: &mut Worker,
		context: &ChallengeContext,
		task: &[u8],
		transcript: &Transcript<Vec<u8>>,
		limit: Duration,
	) -> Exchange<Score> {
		let id = worker.next_id();
		worker.send(&Request::Score {
			id,
			context: context.into(),
			task: protocol::encode(task),
			answer: transcript.into(),
		})?;
		match worker.receive_for(id, Instant::now() + limit, limit)? {
			Reply::Score {
				score,
				reason,
				trials,
				failures,
				..
			} => {
				let reason = if reason.is_empty() {
					"no reason given".into()
				} else {
					reason
				};
				let evidence = Evidence { trials, failures };
				Ok(Ok(match Score::new(score, reason) {
					Ok(score) => score.with_evidence(evidence),
					Err(error) => Score::zero(format!("the mechanism failed over this answer: {error}")),
				}))
			}
			Reply::Error {
				kind: ErrorKind::Fault,
				message,
				..
			} => Ok(Err(said(ErrorKind::Fault, message))),
			// Whoever can make the scorer stumble must not gain by it: only a fault of its own leaves scores alone.
			Reply::Error { kind, message, .. } => Ok(Ok(Score::zero(format!(
				"the mechanism failed over this answer: {}",
				said(kind, message)
			)))),
			other => Err(unexpected(&other, "score")),
		}
	}
}

impl DynMechanism for ProcessMechanism {
	fn descriptor(&self) -> Descriptor {
		self.descriptor
	}

	fn deadline(&self) -> Duration {
		self.pool.hello().deadline
	}

	fn model_hash(&self) -> Option<[u8; 32]> {
		self.pool.hello().model_hash
	}

	fn task(&self, context: &ChallengeContext, epoch: &Epoch) -> Result<Vec<u8>, MechanismError> {
		let limit = self.options.limits.task;
		let exchanged = self.exchange(self.own_patience(), &Listener::default(), |worker| {
			let id = worker.next_id();
			worker.send(&Request::Task {
				id,
				context: context.into(),
				epoch: epoch.into(),
			})?;
			match worker.receive_for(id, Instant::now() + limit, limit)? {
				Reply::Task { task, .. } => Ok(Ok(protocol::decode(&task).map_err(Failure::Rubbish)?)),
				Reply::Error { kind, message, .. } => Ok(Err(said(kind, message))),
				other => Err(unexpected(&other, "task")),
			}
		})?;
		let task = exchanged.map_err(failed)?;
		check_size("the task, in bytes,", task.len(), MAX_TASK_BYTES)?;
		Ok(task)
	}

	fn solve(
		&self,
		context: &ChallengeContext,
		task: &[u8],
		sink: &mut dyn FnMut(Vec<u8>) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		self.solve_for(&Listener::default(), context, task, sink)
	}

	fn solve_for(
		&self,
		listener: &Listener,
		context: &ChallengeContext,
		task: &[u8],
		sink: &mut dyn FnMut(Vec<u8>) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		if task.len() > MAX_TASK_BYTES {
			let reason = format!("{} bytes came, at most {MAX_TASK_BYTES} are taken", task.len());
			return Err(MechanismError::InvalidTask(reason));
		}
		let until = Instant::now() + self.deadline();
		let limit = self.options.limits.cancel;
		self.exchange(Patience::For(self.deadline()), listener, |worker| {
			let id = worker.next_id();
			worker.send(&Request::Solve {
				id,
				context: context.into(),
				task: protocol::encode(task),
			})?;
			let ended = stream(worker, id, (until, listener), sink)?;
			if let Err(Stopped::ByUs(_)) = &ended {
				cancel(worker, id, limit)?;
			}
			Ok(ended.map_err(|stopped| match stopped {
				Stopped::ByUs(error) | Stopped::ByProcess(error) => error,
			}))
		})?
		.map_err(failed)
	}

	fn score(
		&self,
		context: &ChallengeContext,
		task: &[u8],
		transcript: &Transcript<Vec<u8>>,
	) -> Result<Score, MechanismError> {
		if let Err(reason) = check_answer(transcript) {
			return Ok(Score::zero(reason));
		}
		let limit = self.hangs.limit(&context.miner, self.options.limits.score);
		// Both attempts share it.
		let mut left = limit;
		let mut last = String::new();
		for _ in 0..SCORE_ATTEMPTS {
			match self.try_score(context, task, transcript, &mut left)? {
				Ok(score) => {
					self.hangs.ended(&context.miner, limit.saturating_sub(left));
					return Ok(score);
				}
				Err(Failure::Hung(_)) => {
					self.hangs.hung(&context.miner);
					return Ok(Score::zero(format!(
						"a process of the mechanism had no score for this answer within {limit:?}"
					)));
				}
				Err(failure) => last = failure.to_string(),
			}
		}
		Ok(Score::zero(format!(
			"{SCORE_ATTEMPTS} processes of the mechanism failed over this answer; the last one {last}"
		)))
	}
}

/// Why an answer ended before it was whole.
enum Stopped {
	/// The process goes on until it is told.
	ByUs(MechanismError),
	/// The process has ended the answer itself.
	ByProcess(MechanismError),
}

/// Hands chunks to the sink until the answer ends.
fn stream(
	worker: &mut Worker,
	id: u64,
	(until, listener): (Instant, &Listener),
	sink: &mut dyn FnMut(Vec<u8>) -> Result<(), SinkClosed>,
) -> Result<Result<(), Stopped>, Failure> {
	let mut sent = 0_usize;
	loop {
		let look = until.min(Instant::now() + LOOK);
		let reply = match worker.receive_for(id, look, Duration::ZERO) {
			// Not the end of the process yet: it is asked to stop first.
			Err(Failure::Hung(_)) if listener.has_left() => {
				return Ok(Err(Stopped::ByUs(MechanismError::Cancelled)));
			}
			Err(Failure::Hung(_)) if Instant::now() < until => continue,
			Err(Failure::Hung(_)) => {
				let late = MechanismError::Model("no whole answer before the deadline".into());
				return Ok(Err(Stopped::ByUs(late)));
			}
			other => other?,
		};
		let chunk = match reply {
			Reply::Chunk { chunk, .. } => protocol::decode(&chunk).map_err(Failure::Rubbish)?,
			Reply::Done { .. } => return Ok(Ok(())),
			Reply::Error { kind, message, .. } => {
				let words = protocol::quote(&message, MAX_LOGGED_CHARS);
				tracing::warn!(
					process = worker.id(),
					?kind,
					words,
					"the mechanism's process gave no answer"
				);
				return Ok(Err(Stopped::ByProcess(told(kind))));
			}
			other => return Err(unexpected(&other, "chunk")),
		};
		sent += 1;
		let handed_on = check_size("the answer, in chunks,", sent, MAX_CHUNKS)
			.and_then(|()| check_size("a chunk, in bytes,", chunk.len(), MAX_CHUNK_BYTES))
			.and_then(|()| Ok(sink(chunk)?));
		if let Err(error) = handed_on {
			return Ok(Err(Stopped::ByUs(error)));
		}
	}
}

/// Tells the process to stop, and waits until it has.
fn cancel(worker: &mut Worker, id: u64, limit: Duration) -> Result<(), Failure> {
	worker.send(&Request::Cancel { id })?;
	let until = Instant::now() + limit;
	loop {
		match worker.receive_for(id, until, limit)? {
			Reply::Done { .. } | Reply::Error { .. } => return Ok(()),
			Reply::Chunk { .. } => {}
			other => return Err(unexpected(&other, "done")),
		}
	}
}

fn failed(failure: Failure) -> MechanismError {
	MechanismError::Model(format!("the mechanism's process {failure}"))
}

/// What a caller on another machine is told: the kind. The program's words may hold paths, other callers' requests, or what
/// this caller wants to be repeated in this neuron's name.
fn told(kind: ErrorKind) -> MechanismError {
	match kind {
		ErrorKind::InvalidTask => MechanismError::InvalidTask("the mechanism's program does not take it".into()),
		ErrorKind::Model => MechanismError::Model("the mechanism's program could not do the work".into()),
		ErrorKind::Cancelled => MechanismError::Cancelled,
		ErrorKind::Fault => MechanismError::Internal("of its program".into()),
	}
}

/// What the process itself says is wrong, for this machine alone.
fn said(kind: ErrorKind, message: String) -> MechanismError {
	let message = protocol::one_line(&message);
	match kind {
		ErrorKind::InvalidTask => MechanismError::InvalidTask(message),
		ErrorKind::Model => MechanismError::Model(message),
		ErrorKind::Cancelled => MechanismError::Cancelled,
		ErrorKind::Fault => MechanismError::Internal(message),
	}
}

fn unexpected(reply: &Reply, expected: &str) -> Failure {
	Failure::Rubbish(format!("answered `{}` where `{expected}` was expected", reply.kind()))
}

fn check_size(what: &'static str, actual: usize, limit: usize) -> Result<(), MechanismError> {
	if actual <= limit {
		Ok(())
	} else {
		Err(MechanismError::TooLarge { what, actual, limit })
	}
}

/// The bounds of an answer, which comes from another machine.
fn check_answer(transcript: &Transcript<Vec<u8>>) -> Result<(), String> {
	let chunks = &transcript.chunks;
	if chunks.len() > MAX_CHUNKS {
		return Err(format!("{} chunks came, at most {MAX_CHUNKS} are taken", chunks.len()));
	}
	if let Some(large) = chunks
		.iter()
		.map(|timed| timed.chunk.len())
		.find(|bytes| *bytes > MAX_CHUNK_BYTES)
	{
		return Err(format!(
			"a chunk of {large} bytes came, at most {MAX_CHUNK_BYTES} are taken"
		));
	}
	let bytes: usize = chunks.iter().map(|timed| timed.chunk.len()).sum();
	if bytes > MAX_ANSWER_BYTES {
		return Err(format!(
			"an answer of {bytes} bytes came, at most {MAX_ANSWER_BYTES} are taken"
		));
	}
	Ok(())
}
