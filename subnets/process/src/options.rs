//! What a process is started from, and how long it may take for what.

use core::time::Duration;

/// Most processes of one mechanism.
pub const MAX_PROCESSES: usize = 64;

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
	/// Between the second failed start in a row and the next; it doubles with each further one. The first has none.
	pub first_pause: Duration,
	/// The longest such pause.
	pub longest_pause: Duration,
}

impl Limits {
	/// Two minutes to start, 10 seconds a task, 60 seconds a score, 2 seconds to cancel, pauses of 1 to 60 seconds.
	pub const STANDARD: Self = Self {
		startup: Duration::from_secs(120),
		task: Duration::from_secs(10),
		score: Duration::from_secs(60),
		cancel: Duration::from_secs(2),
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
