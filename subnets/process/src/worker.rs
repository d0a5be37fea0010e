//! One process: its pipes, its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::group::Group;
use crate::log::{self, LastWords};
use crate::memory::MemoryWatch;
use crate::options::ProcessError;
use crate::protocol::{MAX_REPLY_BYTES, Reply, Request};

/// Lines of a process that are read before somebody wants them; then its writes wait.
const LINES_AHEAD: usize = 4;
/// Lines that may wait for a process to read them: a request and its cancellation.
const LINES_WAITING: usize = 2;
/// How long a process that has closed its output gets to end, and its last words to come.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long one look at whether it has ended is from the next.
const GLANCE: Duration = Duration::from_millis(10);

/// Why a process is of no more use.
#[derive(Debug)]
pub(crate) enum Failure {
	/// It ended, or closed its output.
	Ended {
		/// Its exit status, or what is known in place of one.
		how: String,
		/// Empty, or a phrase with the last line that it wrote to its standard error.
		last_words: String,
	},
	/// It did not answer in time.
	Hung(Duration),
	/// It was ended because it used so much memory, with all that it had started.
	Memory {
		/// What it used.
		used_bytes: u64,
	},
	/// It printed what is no answer.
	Rubbish(String),
	/// It printed what is no line of the protocol: a phrase that quotes it.
	NoLine(String),
}

impl Failure {
	/// With the program's own words, which may hold paths or what other callers sent: for this machine's eyes alone.
	pub(crate) fn in_full(&self) -> String {
		match self {
			Self::Ended { last_words, .. } => format!("{self}{last_words}"),
			Self::NoLine(quote) => quote.clone(),
			Self::Hung(_) | Self::Memory { .. } | Self::Rubbish(_) => self.to_string(),
		}
	}
}

/// Without the program's own words: fit for other machines.
impl core::fmt::Display for Failure {
	fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		match self {
			Self::Ended { how, .. } => write!(formatter, "ended: {how}"),
			Self::Hung(limit) => write!(formatter, "did not answer within {limit:?}"),
			Self::Memory { used_bytes } => write!(
				formatter,
				"was ended: it used {} MiB of memory together with what it started, more than --mechanism-memory-mib allows",
				used_bytes >> 20
			),
			Self::Rubbish(what) => formatter.write_str(what),
			Self::NoLine(_) => formatter.write_str("printed what is no line of the protocol"),
		}
	}
}

/// A process that works on one request at a time. It is killed when dropped, and all that it started with it.
pub(crate) struct Worker {
	process: Child,
	group: Arc<Group>,
	requests: Option<SyncSender<Vec<u8>>>,
	replies: Receiver<Result<Reply, Failure>>,
	last_words: LastWords,
	log: Option<JoinHandle<()>>,
	last_id: u64,
}

impl Worker {
	/// Starts the command, whose first word is the program, under this watch.
	pub(crate) fn spawn(command: &[String], memory: Option<&MemoryWatch>) -> Result<Self, ProcessError> {
		let program = command.first().map_or("", String::as_str);
		let spawned = Command::new(program)
			.args(command.get(1..).unwrap_or_default())
			.stdin(Stdio::piped())
			.stdout(Stdio::piped())
			.stderr(Stdio::piped())
			// A group of its own: Ctrl-C in the terminal is for the neuron to handle, and the whole group can be killed.
			.process_group(0)
			.spawn();
		let mut process = spawned.map_err(|source| ProcessError::Spawn {
			program: program.to_owned(),
			source,
		})?;
		let id = process.id();
		let group = Arc::new(Group::of(&process));
		if let Some(memory) = memory {
			memory.add(&group);
		}
		let (requests, waiting) = sync_channel::<Vec<u8>>(LINES_WAITING);
		let (sender, replies) = sync_channel(LINES_AHEAD);
		let last_words = LastWords::default();
		if let Some(mut stdin) = process.stdin.take() {
			thread::spawn(move || {
				for line in waiting {
					if stdin.write_all(&line).and_then(|()| stdin.flush()).is_err() {
						break;
					}
				}
			});
		}
		if let Some(stdout) = process.stdout.take() {
			thread::spawn(move || read_replies(stdout, &sender));
		}
		let log = process.stderr.take().map(|stderr| {
			let last_words = last_words.clone();
			thread::spawn(move || log::forward(stderr, id, &last_words))
		});
		Ok(Self {
			process,
			group,
			requests: Some(requests),
			replies,
			last_words,
			log,
			last_id: 0,
		})
	}

	/// The process's id.
	pub(crate) fn id(&self) -> u32 {
		self.process.id()
	}

	/// What it used when it was ended for using too much memory.
	pub(crate) fn used_too_much_bytes(&self) -> Option<u64> {
		self.group.used_too_much_bytes()
	}

	/// An id that no request of this process has had.
	pub(crate) fn next_id(&mut self) -> u64 {
		self.last_id += 1;
		self.last_id
	}

	/// Hands over a line; it is written as the process reads.
	pub(crate) fn send(&mut self, request: &Request) -> Result<(), Failure> {
		let line = request.line().map_err(Failure::Rubbish)?;
		let sent = self.requests.as_ref().map(|requests| requests.try_send(line));
		match sent {
			Some(Ok(())) => Ok(()),
			Some(Err(TrySendError::Full(_))) => Err(Failure::Rubbish("does not read its input".into())),
			Some(Err(TrySendError::Disconnected(_))) | None => Err(self.ended()),
		}
	}

	/// The next line, which has to come until `until`; `limit` is for the error.
	pub(crate) fn receive(&mut self, until: Instant, limit: Duration) -> Result<Reply, Failure> {
		let left = until.saturating_duration_since(Instant::now());
		match self.replies.recv_timeout(left) {
			Ok(reply) => reply,
			Err(RecvTimeoutError::Timeout) => Err(Failure::Hung(limit)),
			Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
		}
	}

	/// The next line, which has to answer the request `id`.
	pub(crate) fn receive_for(&mut self, id: u64, until: Instant, limit: Duration) -> Result<Reply, Failure> {
		let reply = self.receive(until, limit)?;
		if reply.id() == Some(id) {
			return Ok(reply);
		}
		let which = reply.id().map_or("no request".to_owned(), |id| format!("request {id}"));
		Err(Failure::Rubbish(format!(
			"printed a `{}` for {which} while it works on request {id}",
			reply.kind()
		)))
	}

	/// Whether it still runs.
	pub(crate) fn is_alive(&self) -> bool {
		self.group.is_running()
	}

	/// Its output is closed: how it ended, with its last words. Ends it where it has not.
	fn ended(&mut self) -> Failure {
		let until = Instant::now() + FAREWELL;
		let has_ended = self.ends_until(until);
		let status = self.group.end(&mut self.process);
		if let Some(used_bytes) = self.group.used_too_much_bytes() {
			return Failure::Memory { used_bytes };
		}
		let how = match status.filter(|_| has_ended) {
			Some(status) => status.to_string(),
			None => "it closed its output and went on".to_owned(),
		};
		// Its last words may still be on their way, unless something that has left its group keeps the stream open.
		let until = Instant::now() + FAREWELL;
		while self.log.as_ref().is_some_and(|log| !log.is_finished()) && Instant::now() < until {
			thread::sleep(GLANCE);
		}
		Failure::Ended {
			how,
			last_words: self.last_words.phrase(),
		}
	}

	/// Whether it ends by itself until then.
	fn ends_until(&self, until: Instant) -> bool {
		while self.group.is_running() {
			if Instant::now() >= until {
				return false;
			}
			thread::sleep(GLANCE);
		}
		true
	}

	/// Asks them all to end by closing their input, and ends those that do not in time.
	pub(crate) fn retire(mut workers: Vec<Self>, limit: Duration) {
		workers.iter_mut().for_each(|worker| worker.requests = None);
		let until = Instant::now() + limit;
		for worker in &workers {
			worker.ends_until(until);
		}
	}
}

impl Drop for Worker {
	fn drop(&mut self) {
		self.group.end(&mut self.process);
	}
}

/// Reads lines, bounded, until the stream ends, a line is none, or nobody wants them any more.
pub(crate) fn read_replies(stdout: impl Read, sender: &SyncSender<Result<Reply, Failure>>) {
	let mut reader = BufReader::new(stdout);
	let mut line = Vec::new();
	loop {
		line.clear();
		let limit = MAX_REPLY_BYTES as u64;
		match reader.by_ref().take(limit).read_until(b'\n', &mut line) {
			Err(_) | Ok(0) => return,
			Ok(_) => {}
		}
		let reply = if line.last() == Some(&b'\n') {
			Reply::parse(&line).map_err(Failure::NoLine)
		} else if line.len() == MAX_REPLY_BYTES {
			let endless = format!("printed a line that has no end within {MAX_REPLY_BYTES} bytes");
			Err(Failure::Rubbish(endless))
		} else {
			// It ended in the middle of a line: how it ended says more than the half of the line.
			return;
		};
		let is_rubbish = reply.is_err();
		if sender.send(reply).is_err() || is_rubbish {
			return;
		}
	}
}
