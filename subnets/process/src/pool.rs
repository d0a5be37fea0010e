//! Processes that wait for work: handed out, taken back, replaced.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use subnet_sdk::{Listener, MechanismError};

use crate::backoff::Backoff;
use crate::memory::MemoryWatch;
use crate::options::{ProcessError, ProcessOptions};
use crate::protocol::{MAX_NAME_BYTES, PROTOCOL, Reply, Request, decode_hash, quote};
use crate::worker::{Failure, Worker};

/// Characters that an error quotes of a name or a hash that is none.
const MAX_QUOTE_CHARS: usize = 80;

/// The longest that anybody waits for a process.
const MAX_WAIT: Duration = Duration::from_secs(24 * 3600);

/// From one look at whether a silent caller still listens to the next.
pub(crate) const LOOK: Duration = Duration::from_millis(100);

/// What a process says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
	pub(crate) name: String,
	pub(crate) version: u16,
	pub(crate) deadline: Duration,
	pub(crate) model_hash: Option<[u8; 32]>,
}

struct State {
	idle: Vec<Worker>,
	/// Processes that run or are being started, idle or not.
	live: usize,
	/// Who waits for one, first come first served; as many as the neuron lets call at once.
	waiting: VecDeque<u64>,
	last_ticket: u64,
	backoff: Backoff,
}

impl State {
	/// A process that has nothing to do and still runs.
	fn idle_worker(&mut self) -> Option<Worker> {
		while let Some(worker) = self.idle.pop() {
			if worker.is_alive() {
				return Some(worker);
			}
			tracing::warn!(
				process = worker.id(),
				used_too_much_bytes = worker.used_too_much_bytes(),
				"a process of the mechanism ended while it had nothing to do"
			);
			self.live -= 1;
		}
		None
	}
}

/// At most [`ProcessOptions::processes`] processes of one command, all of which say the same hello.
pub(crate) struct Pool {
	options: ProcessOptions,
	hello: Hello,
	memory: Option<MemoryWatch>,
	state: Mutex<State>,
	returned: Condvar,
}

/// How long somebody waits for a process.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Patience {
	/// So long.
	For(Duration),
	/// As long as those before it may take, if each takes so long and leaves a process that has to be replaced: who waits
	/// must not pay for others' answers, however many of them hang.
	ForThoseBefore(Duration),
}

impl Pool {
	/// Starts the first process and learns from it what it is.
	pub(crate) fn start(options: ProcessOptions) -> Result<Self, ProcessError> {
		let memory = options.memory_limit_bytes.map(MemoryWatch::start);
		let (worker, hello) = greet(&options, memory.as_ref())?;
		let backoff = Backoff::new(options.limits.first_pause, options.limits.longest_pause);
		Ok(Self {
			options,
			hello,
			memory,
			state: Mutex::new(State {
				idle: vec![worker],
				live: 1,
				waiting: VecDeque::new(),
				last_ticket: 0,
				backoff,
			}),
			returned: Condvar::new(),
		})
	}

	pub(crate) fn hello(&self) -> &Hello {
		&self.hello
	}

	/// A process of one's own and its place: an idle one, a new one, or the next that is given back in time.
	///
	/// # Errors
	/// [`MechanismError::Cancelled`] once the listener has left; otherwise in words that are fit for other machines: none
	/// became free in time, or none can be started now.
	pub(crate) fn acquire(
		&self,
		patience: Patience,
		listener: &Listener,
	) -> Result<(Place<'_>, Worker), MechanismError> {
		let mut state = self.lock();
		state.last_ticket += 1;
		let ticket = state.last_ticket;
		let until = Instant::now() + self.longest_wait(patience, &state);
		state.waiting.push_back(ticket);
		let outcome = loop {
			if listener.has_left() {
				break Err(MechanismError::Cancelled);
			}
			let now = Instant::now();
			let left = until.saturating_duration_since(now);
			let is_next = state.waiting.front() == Some(&ticket);
			if is_next && let Some(worker) = state.idle_worker() {
				break Ok(Some(worker));
			}
			let wait = if is_next && state.live < self.options.processes {
				match state.backoff.pause(now) {
					None => {
						state.live += 1;
						break Ok(None);
					}
					Some(pause) if pause > left => {
						break Err(MechanismError::Model(format!(
							"the mechanism's process cannot be started: it is tried again in {pause:.1?}"
						)));
					}
					Some(pause) => pause,
				}
			} else if left.is_zero() {
				let reason = "all processes of the mechanism are busy: let it have more of them";
				break Err(MechanismError::Model(reason.into()));
			} else {
				left
			};
			let waited = self.returned.wait_timeout(state, wait.min(LOOK));
			state = waited.unwrap_or_else(PoisonError::into_inner).0;
		};
		state.waiting.retain(|waiting| *waiting != ticket);
		drop(state);
		// Somebody else is the next one now, and there may be more than one process.
		self.returned.notify_all();
		let place = match outcome? {
			Some(worker) => return Ok((Place::of(self), worker)),
			None => Place::of(self),
		};
		let started = self.start_another().map_err(MechanismError::Model)?;
		Ok((place, started))
	}

	/// How long a caller that comes now may have to wait.
	fn longest_wait(&self, patience: Patience, state: &State) -> Duration {
		match patience {
			Patience::For(wait) => wait,
			Patience::ForThoseBefore(each) => {
				let busy = state.live - state.idle.len().min(state.live);
				let turns = (busy + state.waiting.len()).div_ceil(self.options.processes) + 1;
				let each = each.saturating_add(self.options.limits.startup);
				each.saturating_mul(u32::try_from(turns).unwrap_or(u32::MAX))
					.min(MAX_WAIT)
			}
		}
	}

	/// Starts a process, whose place among the live ones is taken already.
	fn start_another(&self) -> Result<Worker, String> {
		let started = match greet(&self.options, self.memory.as_ref()) {
			Ok((worker, hello)) if hello == self.hello => Ok(worker),
			Ok((_, hello)) => Err(format!(
				"the mechanism's new process says that it is {}/{} with {:?}, the first one was {}/{} with {:?}: restart the neuron",
				hello.name, hello.version, hello.deadline, self.hello.name, self.hello.version, self.hello.deadline
			)),
			Err(error) => {
				// The error has the command and the program's last words, which are no caller's business.
				tracing::error!(%error, "the mechanism's process does not start");
				Err("the mechanism's process could not be started: the log of its neuron says why".to_owned())
			}
		};
		// Only starts count: were failures at work to count, whoever can break the program with an answer or a task could
		// keep it from those of others.
		match &started {
			Ok(worker) => {
				tracing::info!(process = worker.id(), "another process of the mechanism runs");
				self.lock().backoff.succeeded();
			}
			Err(reason) => {
				tracing::error!(reason, "no other process of the mechanism runs");
				self.lock().backoff.failed(Instant::now());
			}
		}
		started
	}

	/// Takes back a process that has done its work.
	pub(crate) fn release(&self, place: Place<'_>, worker: Worker) {
		place.keep();
		self.lock().idle.push(worker);
		self.returned.notify_all();
	}

	fn lock(&self) -> MutexGuard<'_, State> {
		self.state.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

/// A place among the live processes. It becomes free when dropped, after a panic too, unless the process is given back.
pub(crate) struct Place<'a> {
	pool: &'a Pool,
	is_kept: bool,
}

impl<'a> Place<'a> {
	/// Of a process that is counted already.
	fn of(pool: &'a Pool) -> Self {
		Self { pool, is_kept: false }
	}

	fn keep(mut self) {
		self.is_kept = true;
	}

	/// Ends a process that has failed, and then frees its place.
	pub(crate) fn discard(self, worker: Worker, failure: &Failure) {
		let reason = failure.in_full();
		tracing::error!(
			process = worker.id(),
			reason,
			"a process of the mechanism failed and is ended"
		);
		drop(worker);
	}
}

impl Drop for Place<'_> {
	fn drop(&mut self) {
		if !self.is_kept {
			self.pool.lock().live -= 1;
			self.pool.returned.notify_all();
		}
	}
}

impl Drop for Pool {
	fn drop(&mut self) {
		let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
		Worker::retire(std::mem::take(&mut state.idle), self.options.limits.farewell);
	}
}

/// Starts a process and exchanges hellos with it.
fn greet(options: &ProcessOptions, memory: Option<&MemoryWatch>) -> Result<(Worker, Hello), ProcessError> {
	let mut worker = Worker::spawn(&options.command, memory)?;
	let limit = options.limits.startup;
	let until = Instant::now() + limit;
	let said = worker
		.send(&Request::Hello { protocol: PROTOCOL })
		.and_then(|()| worker.receive(until, limit));
	let hello = match said {
		Ok(reply) => understand(reply),
		Err(failure) => Err(failure.in_full()),
	};
	match hello {
		Ok(hello) => Ok((worker, hello)),
		Err(reason) => Err(ProcessError::Handshake {
			command: options.command.join(" "),
			reason,
		}),
	}
}

pub(crate) fn understand(reply: Reply) -> Result<Hello, String> {
	let Reply::Hello {
		protocol,
		name,
		version,
		deadline_ms,
		model_hash,
	} = reply
	else {
		return Err(format!("said `{}` before its hello", reply.kind()));
	};
	if protocol != PROTOCOL {
		return Err(format!(
			"speaks protocol {protocol}, this neuron {PROTOCOL}: use a release of both that fits"
		));
	}
	let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
	if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.chars().all(fits) {
		return Err(format!(
			"calls itself {:?}: expected 1 to {MAX_NAME_BYTES} lower-case letters, digits, - and _",
			quote(&name, MAX_QUOTE_CHARS)
		));
	}
	if deadline_ms == 0 || deadline_ms > u64::from(u32::MAX) {
		return Err(format!(
			"has a deadline of {deadline_ms} ms: expected 1 to {}",
			u32::MAX
		));
	}
	let model_hash = match model_hash {
		None => None,
		Some(text) => match decode_hash(&text) {
			Some(hash) => Some(hash),
			None => {
				return Err(format!(
					"has the model hash {:?}: expected 64 hexadecimal digits",
					quote(&text, MAX_QUOTE_CHARS)
				));
			}
		},
	};
	Ok(Hello {
		model_hash,
		name,
		version,
		deadline: Duration::from_millis(deadline_ms),
	})
}
