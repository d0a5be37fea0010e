//! Processes that wait for work: handed out, taken back, replaced.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::backoff::Backoff;
use crate::options::{ProcessError, ProcessOptions};
use crate::protocol::{MAX_NAME_BYTES, PROTOCOL, Reply, Request, decode_hash, quote};
use crate::worker::{Failure, Worker};

/// Characters that an error quotes of a name or a hash that is none.
const MAX_QUOTE_CHARS: usize = 80;

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
	backoff: Backoff,
}

/// At most [`ProcessOptions::processes`] processes of one command, all of which say the same hello.
pub(crate) struct Pool {
	options: ProcessOptions,
	hello: Hello,
	state: Mutex<State>,
	returned: Condvar,
}

impl Pool {
	/// Starts the first process and learns from it what it is.
	pub(crate) fn start(options: ProcessOptions) -> Result<Self, ProcessError> {
		let (worker, hello) = greet(&options)?;
		let backoff = Backoff::new(options.limits.first_pause, options.limits.longest_pause);
		Ok(Self {
			options,
			hello,
			state: Mutex::new(State {
				idle: vec![worker],
				live: 1,
				backoff,
			}),
			returned: Condvar::new(),
		})
	}

	pub(crate) fn hello(&self) -> &Hello {
		&self.hello
	}

	/// A process of one's own and its place: an idle one, a new one, or the next that is given back until `until`.
	///
	/// # Errors
	/// In words that are fit for other machines: none became free in time, or none can be started now.
	pub(crate) fn acquire(&self, until: Instant) -> Result<(Place<'_>, Worker), String> {
		let mut state = self.lock();
		loop {
			while let Some(mut worker) = state.idle.pop() {
				if worker.is_alive() {
					return Ok((Place::of(self), worker));
				}
				tracing::warn!(
					process = worker.id(),
					"a process of the mechanism ended while it had nothing to do"
				);
				state.live -= 1;
			}
			let now = Instant::now();
			let left = until.saturating_duration_since(now);
			let wait = if state.live < self.options.processes {
				match state.backoff.pause(now) {
					None => {
						state.live += 1;
						drop(state);
						let place = Place::of(self);
						return self.start_another().map(|worker| (place, worker));
					}
					Some(pause) if pause > left => {
						return Err(format!(
							"the mechanism's process cannot be started: it is tried again in {pause:.1?}"
						));
					}
					Some(pause) => pause,
				}
			} else if left.is_zero() {
				return Err("all processes of the mechanism are busy: let it have more of them".into());
			} else {
				left
			};
			let waited = self.returned.wait_timeout(state, wait);
			state = waited.unwrap_or_else(PoisonError::into_inner).0;
		}
	}

	/// Starts a process, whose place among the live ones is taken already.
	fn start_another(&self) -> Result<Worker, String> {
		let started = match greet(&self.options) {
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
		self.returned.notify_one();
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
			self.pool.returned.notify_one();
		}
	}
}

impl Drop for Pool {
	fn drop(&mut self) {
		let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
		state.idle.drain(..).for_each(Worker::retire);
	}
}

/// Starts a process and exchanges hellos with it.
fn greet(options: &ProcessOptions) -> Result<(Worker, Hello), ProcessError> {
	let mut worker = Worker::spawn(&options.command)?;
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

fn understand(reply: Reply) -> Result<Hello, String> {
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
