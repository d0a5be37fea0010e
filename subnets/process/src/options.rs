//! What a process is started from, and how long it may take for what.

use core::time::Duration;

/// Most processes of one mechanism.
pub const MAX_PROCESSES: usize = 64;
/// Memory of one process with all that it starts, unless told otherwise, in MiB.
pub const DEFAULT_MEMORY_MIB: u64 = 16 << 10;
/// The least and the most that such a limit may be, in MiB: a language's run time must fit in.
pub const MEMORY_MIB: core::ops::RangeInclusive<u64> = 32..=16 << 20;

/// How long a process may take, and how soon another start follows one that failed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Limits {
	/// From the start to the `hello`: loading a model goes here.
	pub startup: Duration,
	/// For one task.
	pub task: Duration,
	/// For one score.
	pub score: Duration,
	/// From `cancel` to the end of the answer.
	pub cancel: Duration,
	/// From the end of its input to its own end; then it is killed.
	pub farewell: Duration,
	/// Between the second failed start in a row and the next; it doubles with each further one. The first has none.
	pub first_pause: Duration,
	/// The longest such pause.
	pub longest_pause: Duration,
}

impl Limits {
	/// Two minutes to start, 10 seconds a task, 60 seconds a score, 2 seconds to cancel, one to end, pauses of 1 to 60
	/// seconds.
	pub const STANDARD: Self = Self {
		startup: Duration::from_secs(120),
		task: Duration::from_secs(10),
		score: Duration::from_secs(60),
		cancel: Duration::from_secs(2),
		farewell: Duration::from_secs(1),
		first_pause: Duration::from_secs(1),
		longest_pause: Duration::from_secs(60),
	};
}

impl Default for Limits {
	fn default() -> Self {
		Self::STANDARD
	}
}

/// Which command is run, how often at once, and within which limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessOptions {
	/// The program and its arguments; at least the program.
	pub command: Vec<String>,
	/// Processes at once, 1 to [`MAX_PROCESSES`]: each works on one request at a time.
	pub processes: usize,
	/// How long it may take.
	pub limits: Limits,
	/// Memory of one process with all that it starts, in bytes; `None` leaves it unbounded. Linux only.
	pub memory_limit_bytes: Option<u64>,
}

impl ProcessOptions {
	/// One process of a command, whose words are separated and quoted as in a shell. No shell runs: `~`, `$NAME` and `|`
	/// mean themselves.
	///
	/// # Errors
	/// [`ProcessError::Command`] for a command without words, or with a quote that is not closed.
	///
	/// ```
	/// use subnet_process::ProcessOptions;
	/// let options = ProcessOptions::new("python3 'my mechanism.py' --fast")?;
	/// assert_eq!(options.command, ["python3", "my mechanism.py", "--fast"]);
	/// assert!(ProcessOptions::new("  ").is_err() && ProcessOptions::new("python3 'my.py").is_err());
	/// # Ok::<(), subnet_process::ProcessError>(())
	/// ```
	pub fn new(command: &str) -> Result<Self, ProcessError> {
		match shlex::split(command).filter(|words| !words.is_empty()) {
			Some(command) => Ok(Self {
				command,
				processes: 1,
				limits: Limits::STANDARD,
				memory_limit_bytes: Some(DEFAULT_MEMORY_MIB << 20),
			}),
			None => Err(ProcessError::Command {
				given: command.to_owned(),
			}),
		}
	}

	/// The same with this many processes at once.
	///
	/// # Errors
	/// [`ProcessError::Processes`] outside 1 to [`MAX_PROCESSES`].
	pub fn with_processes(self, processes: usize) -> Result<Self, ProcessError> {
		if !(1..=MAX_PROCESSES).contains(&processes) {
			return Err(ProcessError::Processes { given: processes });
		}
		Ok(Self { processes, ..self })
	}

	/// The same with so much memory, in MiB, for each process with all that it starts; 0 leaves it unbounded.
	///
	/// # Errors
	/// [`ProcessError::Memory`] outside [`MEMORY_MIB`].
	pub fn with_memory_mib(self, mib: u64) -> Result<Self, ProcessError> {
		let memory_limit_bytes = match mib {
			0 => None,
			mib if MEMORY_MIB.contains(&mib) => Some(mib << 20),
			given => return Err(ProcessError::Memory { given }),
		};
		Ok(Self {
			memory_limit_bytes,
			..self
		})
	}
}

/// Why there is no mechanism.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
	/// The command cannot be split into words.
	#[error("`{given}` is no command: give a program and its arguments, quoted as in a shell, such as `python3 my.py`")]
	Command {
		/// What was given.
		given: String,
	},
	/// A number of processes that is not offered.
	#[error("{given} processes: expected 1 to {MAX_PROCESSES}")]
	Processes {
		/// What was given.
		given: usize,
	},
	/// A limit of memory that no program can run in.
	#[error("{given} MiB of memory: expected {} to {}, or 0 for no limit", MEMORY_MIB.start(), MEMORY_MIB.end())]
	Memory {
		/// What was given, in MiB.
		given: u64,
	},
	/// The program cannot be run.
	#[error("cannot run `{program}`: {source}; give the path of a program that this account may run")]
	Spawn {
		/// The program.
		program: String,
		/// What the system said.
		source: std::io::Error,
	},
	/// The process did not say who it is, or not in a form that can be used.
	#[error("`{command}` {reason}")]
	Handshake {
		/// The command.
		command: String,
		/// What it did instead, and what to do.
		reason: String,
	},
}
