//! Real processes for end-to-end runs: each dies with its handle, logs to a file, and can be asked to
//! stop as a user would ask it.

use rustix::process::{Pid, Signal, kill_process};
use std::{
	ffi::OsStr,
	fs::File,
	io::{self, Read, Seek, SeekFrom},
	net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
	path::{Path, PathBuf},
	process::{Child, Command, ExitStatus, Stdio},
	thread,
	time::{Duration, Instant},
};

/// How often a process or a port is looked at while waiting for it.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// The most bytes of a log that are shown with an error.
const LOG_TAIL_BYTES: u64 = 4_096;

/// Something about a process went wrong.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
	/// The program does not exist.
	#[error("{path} does not exist: build it with `cargo build --workspace --bins`, or name it in {variable}")]
	Missing {
		/// Where it was looked for.
		path: PathBuf,
		/// The environment variable that overrides the path.
		variable: &'static str,
	},
	/// It could not be started, or its log could not be written.
	#[error("{name}: {source}")]
	Io {
		/// The process.
		name: String,
		/// Why.
		source: io::Error,
	},
	/// It ended before it was ready.
	#[error("{name} ended with {status} before it was ready; the end of its log:\n{log}")]
	Ended {
		/// The process.
		name: String,
		/// How it ended.
		status: ExitStatus,
		/// The end of its log.
		log: String,
	},
	/// It was not ready, or did not end, in time.
	#[error("{name}: {what} took longer than {limit:?}; the end of its log:\n{log}")]
	TimedOut {
		/// The process.
		name: String,
		/// What was waited for.
		what: &'static str,
		/// For how long.
		limit: Duration,
		/// The end of its log.
		log: String,
	},
}

/// A running process. Dropping it kills the process and waits for its end.
#[derive(Debug)]
pub struct Process {
	name: String,
	child: Child,
	log: PathBuf,
}

impl Process {
	/// Starts `program` with `arguments`; standard output and standard error go to `<folder>/<name>.log`.
	///
	/// # Errors
	/// The log file cannot be made or the program cannot be started.
	pub fn start<A: AsRef<OsStr>>(
		name: &str,
		program: &Path,
		arguments: impl IntoIterator<Item = A>,
		folder: &Path,
	) -> Result<Self, ProcessError> {
		Self::start_with(name, program, arguments, &[], folder)
	}

	/// Like [`Process::start`], with variables added to the environment.
	///
	/// # Errors
	/// As [`Process::start`].
	pub fn start_with<A: AsRef<OsStr>>(
		name: &str,
		program: &Path,
		arguments: impl IntoIterator<Item = A>,
		environment: &[(&str, &str)],
		folder: &Path,
	) -> Result<Self, ProcessError> {
		let failed = |source| ProcessError::Io {
			name: name.into(),
			source,
		};
		let log = folder.join(format!("{name}.log"));
		let output = File::create(&log).map_err(failed)?;
		let child = Command::new(program)
			.args(arguments)
			.envs(environment.iter().copied())
			.stdin(Stdio::null())
			.stdout(output.try_clone().map_err(failed)?)
			.stderr(output)
			.spawn()
			.map_err(failed)?;
		Ok(Self {
			name: name.into(),
			child,
			log,
		})
	}

	/// The name it was started under.
	#[must_use]
	pub fn name(&self) -> &str {
		&self.name
	}

	/// The operating system's number for it.
	#[must_use]
	pub fn id(&self) -> u32 {
		self.child.id()
	}

	/// The file it logs to.
	#[must_use]
	pub fn log(&self) -> &Path {
		&self.log
	}

	/// The last part of its log, at most 4 KiB.
	#[must_use]
	pub fn log_tail(&self) -> String {
		tail(&self.log).unwrap_or_else(|error| format!("({}: {error})", self.log.display()))
	}

	/// The most memory that it has had resident so far, in bytes; `None` where the system does not tell.
	#[must_use]
	pub fn peak_memory(&self) -> Option<u64> {
		let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
		let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
		let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
		kibibytes.checked_mul(1024)
	}

	/// How it ended, or `None` while it runs.
	///
	/// # Errors
	/// The operating system cannot tell.
	pub fn ended(&mut self) -> Result<Option<ExitStatus>, ProcessError> {
		self.child.try_wait().map_err(|source| ProcessError::Io {
			name: self.name.clone(),
			source,
		})
	}

	/// Waits until it accepts TCP connections at `address`.
	///
	/// # Errors
	/// It ended, or `limit` passed.
	pub fn wait_for_port(&mut self, address: SocketAddr, limit: Duration) -> Result<(), ProcessError> {
		let deadline = Instant::now() + limit;
		loop {
			if TcpStream::connect_timeout(&address, POLL_INTERVAL).is_ok() {
				return Ok(());
			}
			if let Some(status) = self.ended()? {
				return Err(ProcessError::Ended {
					name: self.name.clone(),
					status,
					log: self.log_tail(),
				});
			}
			self.check(deadline, "listening", limit)?;
			thread::sleep(POLL_INTERVAL);
		}
	}

	/// Waits for its end.
	///
	/// # Errors
	/// `limit` passed; the process still runs then.
	pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus, ProcessError> {
		let deadline = Instant::now() + limit;
		loop {
			if let Some(status) = self.ended()? {
				return Ok(status);
			}
			self.check(deadline, "ending", limit)?;
			thread::sleep(POLL_INTERVAL);
		}
	}

	/// Asks it to end (SIGTERM) and waits for that; kills it if it does not within `grace`.
	///
	/// # Errors
	/// It had to be killed, or the operating system cannot tell.
	pub fn stop(mut self, grace: Duration) -> Result<ExitStatus, ProcessError> {
		if let Some(status) = self.ended()? {
			return Ok(status);
		}
		if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
			// It may have ended since it was looked at: then there is nobody to signal.
			kill_process(pid, Signal::TERM).ok();
		}
		self.wait(grace)
	}

	fn check(&self, deadline: Instant, what: &'static str, limit: Duration) -> Result<(), ProcessError> {
		if Instant::now() < deadline {
			return Ok(());
		}
		Err(ProcessError::TimedOut {
			name: self.name.clone(),
			what,
			limit,
			log: self.log_tail(),
		})
	}
}

impl Drop for Process {
	fn drop(&mut self) {
		// Both fail only for a process that has ended already.
		self.child.kill().ok();
		self.child.wait().ok();
	}
}

/// A development chain's node that seals blocks by the clock.
#[derive(Debug)]
pub struct NodeProcess {
	process: Process,
	url: String,
}

impl NodeProcess {
	/// How long a node may take until it answers.
	const START_LIMIT: Duration = Duration::from_secs(90);

	/// Starts the node `program` with its database below `folder`, a block every `sealing_ms`
	/// milliseconds, `genesis_patch` merged into the development genesis, and `more` arguments, and waits until it listens.
	///
	/// # Errors
	/// It cannot be started or does not listen in time.
	pub fn start(
		program: &Path,
		folder: &Path,
		sealing_ms: u64,
		genesis_patch: Option<&Path>,
		more: &[String],
	) -> Result<Self, ProcessError> {
		let port = free_port().map_err(|source| ProcessError::Io {
			name: "node".into(),
			source,
		})?;
		let mut arguments: Vec<String> = [
			"--chain=development",
			"--alice",
			"--force-authoring",
			"--unsafe-force-node-key-generation",
			"--no-telemetry",
			"--no-prometheus",
			"--no-mdns",
			"--listen-addr=/ip4/127.0.0.1/tcp/0",
			"--rpc-max-connections=64",
		]
		.map(String::from)
		.to_vec();
		arguments.push(format!("--base-path={}", folder.join("node").display()));
		arguments.push(format!("--rpc-port={port}"));
		arguments.push(format!("--sealing={sealing_ms}"));
		if let Some(path) = genesis_patch {
			arguments.push(format!("--genesis-patch={}", path.display()));
		}
		arguments.extend_from_slice(more);
		let mut process = Process::start("node", program, arguments, folder)?;
		process.wait_for_port((Ipv4Addr::LOCALHOST, port).into(), Self::START_LIMIT)?;
		Ok(Self {
			process,
			url: format!("ws://127.0.0.1:{port}"),
		})
	}

	/// Where clients reach it.
	#[must_use]
	pub fn url(&self) -> &str {
		&self.url
	}

	/// The process.
	pub fn process(&mut self) -> &mut Process {
		&mut self.process
	}

	/// See [`Process::stop`].
	///
	/// # Errors
	/// As [`Process::stop`].
	pub fn stop(self, grace: Duration) -> Result<ExitStatus, ProcessError> {
		self.process.stop(grace)
	}
}

/// The path of a binary of this workspace: what `variable` names, else the one built beside the running
/// program or test.
///
/// # Errors
/// There is no such file.
pub fn binary(variable: &'static str, name: &str) -> Result<PathBuf, ProcessError> {
	let path = match std::env::var_os(variable) {
		Some(path) => PathBuf::from(path),
		None => {
			let own = std::env::current_exe().map_err(|source| ProcessError::Io {
				name: name.into(),
				source,
			})?;
			let folder = own.parent().unwrap_or(Path::new("."));
			// Tests lie one folder below the binaries.
			let folder = if folder.ends_with("deps") {
				folder.parent().unwrap_or(folder)
			} else {
				folder
			};
			folder.join(name)
		}
	};
	if path.is_file() {
		Ok(path)
	} else {
		Err(ProcessError::Missing { path, variable })
	}
}

/// A TCP port of the loopback address that was free a moment ago.
///
/// # Errors
/// No port is free.
pub fn free_port() -> io::Result<u16> {
	Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn tail(path: &Path) -> io::Result<String> {
	let mut file = File::open(path)?;
	let length = file.metadata()?.len();
	file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)))?;
	let mut bytes = Vec::new();
	file.take(LOG_TAIL_BYTES).read_to_end(&mut bytes)?;
	Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
	use super::*;

	fn shell(name: &str, script: &str, folder: &Path) -> Process {
		Process::start(name, Path::new("/bin/sh"), ["-c", script], folder).unwrap()
	}

	#[test]
	fn a_process_dies_with_its_handle() {
		let folder = tempfile::tempdir().unwrap();
		let process = shell("sleeper", "exec sleep 600", folder.path());
		let pid = Pid::from_raw(i32::try_from(process.id()).unwrap()).unwrap();
		assert!(rustix::process::test_kill_process(pid).is_ok());
		drop(process);
		assert!(rustix::process::test_kill_process(pid).is_err());
	}

	#[test]
	fn stop_is_a_polite_request() {
		let folder = tempfile::tempdir().unwrap();
		let script = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done";
		let process = shell("polite", script, folder.path());
		while !process.log_tail().contains("ready") {
			thread::sleep(POLL_INTERVAL);
		}
		let log = process.log().to_owned();
		let status = process.stop(Duration::from_secs(60)).unwrap();
		assert_eq!(status.code(), Some(7));
		assert!(tail(&log).unwrap().contains("bye"));
	}

	#[test]
	fn an_early_end_shows_the_log() {
		let folder = tempfile::tempdir().unwrap();
		let mut process = shell("broken", "echo no such model >&2; exit 3", folder.path());
		process.wait(Duration::from_secs(60)).unwrap();
		let port = free_port().unwrap();
		let error = process
			.wait_for_port((Ipv4Addr::LOCALHOST, port).into(), Duration::from_secs(60))
			.unwrap_err();
		assert!(error.to_string().contains("no such model"), "{error}");
	}

	#[test]
	fn a_missing_binary_names_the_remedy() {
		let error = binary("GANGLION_NO_SUCH_VARIABLE", "no-such-binary").unwrap_err();
		assert!(error.to_string().contains("cargo build"), "{error}");
	}
}
