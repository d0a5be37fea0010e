//! Child processes in three manners: *quiet* (output kept, a heartbeat while it runs, a time limit), *visible*
//! (shares our terminal) and *probes* (a question with a short answer).

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often a quiet step says that it is still at work.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often a quiet step is looked at.
const POLL: Duration = Duration::from_millis(100);
/// How much of a quiet step's output is kept for its error.
const KEPT_LINES: usize = 30;
/// The longest line that is kept for an error, in bytes.
const KEPT_LINE_BYTES: usize = 400;

/// The last lines that a process printed.
type Tail = Arc<Mutex<VecDeque<String>>>;

/// Runs `command` with its output kept back: prints what is being done, a heartbeat, and how long it took.
/// Its last lines are part of the error when it fails or is still running after `limit`.
pub(crate) fn quiet(what: &str, command: &mut Command, limit: Duration) -> Result<()> {
	println!("  {what} ...");
	let started = Instant::now();
	let mut child = command
		.stdin(Stdio::null())
		.stdout(Stdio::piped())
		.stderr(Stdio::piped())
		.spawn()
		.with_context(|| format!("{what}: `{}` cannot be started", line(command)))?;
	let tail = Tail::default();
	let readers = [
		child.stdout.take().map(|pipe| collect(pipe, Arc::clone(&tail))),
		child.stderr.take().map(|pipe| collect(pipe, Arc::clone(&tail))),
	];
	let mut next_heartbeat = HEARTBEAT;
	let status = loop {
		if let Some(status) = child.try_wait().with_context(|| format!("{what}: cannot wait"))? {
			break status;
		}
		let elapsed = started.elapsed();
		if elapsed > limit {
			child.kill().with_context(|| format!("{what}: cannot be stopped"))?;
			child.wait().with_context(|| format!("{what}: cannot be reaped"))?;
			bail!(
				"{what}: `{}` was still running after {} and was stopped; its last lines:\n{}",
				line(command),
				duration(limit),
				printed(&tail)
			);
		}
		if elapsed >= next_heartbeat {
			println!("  {what} ... still running after {}", duration(elapsed));
			next_heartbeat += HEARTBEAT;
		}
		std::thread::sleep(POLL);
	};
	for reader in readers.into_iter().flatten() {
		// A reader ends with its pipe; one that panicked has nothing more to tell.
		drop(reader.join());
	}
	if !status.success() {
		bail!(
			"{what}: `{}` failed ({status}); its last lines:\n{}",
			line(command),
			printed(&tail)
		);
	}
	println!("  {what}: done in {}", duration(started.elapsed()));
	Ok(())
}

/// Runs `command` on our own terminal. Returns whether it succeeded.
pub(crate) fn visible(command: &mut Command) -> Result<bool> {
	let status = command
		.status()
		.with_context(|| format!("`{}` cannot be started", line(command)))?;
	Ok(status.success())
}

/// What `command` printed on standard output, or nothing where it cannot be started or fails.
pub(crate) fn probe(command: &mut Command) -> Option<String> {
	let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
	if !output.status.success() {
		return None;
	}
	String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
}

/// `command` as a person would type it.
pub(crate) fn line(command: &Command) -> String {
	let mut words = vec![command.get_program().to_string_lossy().into_owned()];
	words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
	words.join(" ")
}

/// `duration` for people: `0.4 s`, `12 s`, `3 min 05 s`.
pub(crate) fn duration(duration: Duration) -> String {
	let seconds = duration.as_secs();
	match seconds {
		0..10 => format!("{:.1} s", duration.as_secs_f64()),
		10..60 => format!("{seconds} s"),
		_ => format!("{} min {:02} s", seconds / 60, seconds % 60),
	}
}

fn collect(pipe: impl Read + Send + 'static, tail: Tail) -> std::thread::JoinHandle<()> {
	std::thread::spawn(move || {
		let mut reader = BufReader::new(pipe);
		let mut buffer = Vec::new();
		while reader.read_until(b'\n', &mut buffer).is_ok_and(|count| count > 0) {
			buffer.truncate(KEPT_LINE_BYTES);
			let text = String::from_utf8_lossy(&buffer).trim_end().to_owned();
			buffer.clear();
			let mut lines = tail.lock().unwrap_or_else(PoisonError::into_inner);
			if lines.len() == KEPT_LINES {
				lines.pop_front();
			}
			lines.push_back(text);
		}
	})
}

fn printed(tail: &Tail) -> String {
	let lines = tail.lock().unwrap_or_else(PoisonError::into_inner);
	if lines.is_empty() {
		return "    (it printed nothing)".to_owned();
	}
	lines
		.iter()
		.map(|line| format!("    {line}"))
		.collect::<Vec<_>>()
		.join("\n")
}

#[cfg(test)]
mod tests {
	use super::*;

	fn shell(script: &str) -> Command {
		let mut command = Command::new("sh");
		command.args(["-c", script]);
		command
	}

	#[test]
	fn quiet_succeeds_and_a_failure_shows_its_last_lines() {
		quiet("fine", &mut shell("echo yes"), Duration::from_secs(60)).unwrap();
		let error = quiet("broken", &mut shell("echo one; echo two >&2; exit 3"), HEARTBEAT)
			.unwrap_err()
			.to_string();
		for part in ["broken", "one", "two", "exit 3"] {
			assert!(error.contains(part), "{part} is missing in: {error}");
		}
	}

	#[test]
	fn quiet_keeps_only_the_last_lines() {
		let error = quiet("long", &mut shell("seq 1000; exit 1"), HEARTBEAT).unwrap_err();
		let error = error.to_string();
		assert!(error.contains("    1000"), "{error}");
		assert!(!error.contains("    970\n"), "{error}");
	}

	#[test]
	fn quiet_stops_what_runs_too_long() {
		let error = quiet("slow", &mut shell("exec sleep 600"), Duration::from_millis(50))
			.unwrap_err()
			.to_string();
		assert!(error.contains("still running"), "{error}");
	}

	#[test]
	fn a_program_that_is_not_there_is_named() {
		let mut command = Command::new("no-such-program-here");
		let error = quiet("absent", &mut command, HEARTBEAT).unwrap_err().to_string();
		assert!(error.contains("no-such-program-here"), "{error}");
		assert_eq!(probe(&mut command), None);
		assert!(visible(&mut command).is_err());
	}

	#[test]
	fn probes_answer_with_trimmed_output() {
		assert_eq!(probe(&mut shell("echo ' x '")), Some("x".to_owned()));
		assert_eq!(probe(&mut shell("echo x; exit 1")), None);
		assert!(visible(&mut shell("true")).unwrap());
		assert!(!visible(&mut shell("false")).unwrap());
	}

	#[test]
	fn durations_read_well() {
		assert_eq!(duration(Duration::from_millis(420)), "0.4 s");
		assert_eq!(duration(Duration::from_secs(59)), "59 s");
		assert_eq!(duration(Duration::from_secs(185)), "3 min 05 s");
	}
}
