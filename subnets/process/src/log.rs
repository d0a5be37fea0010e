//! What a process writes to its standard error, in the neuron's log.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::protocol::one_line;

/// Longest line that is logged whole; the rest of a longer one is left out.
pub const MAX_LOG_LINE_BYTES: usize = 1024;
/// Most lines that are logged in a second; the others are counted.
pub const MAX_LOG_LINES_PER_SECOND: u32 = 100;

/// The last line that a process has written, for the error that tells of its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastWords(Arc<Mutex<String>>);

impl LastWords {
	/// Empty, or a phrase with the line in it.
	pub(crate) fn phrase(&self) -> String {
		let line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
		if line.is_empty() {
			return String::new();
		}
		format!("; its last line on standard error: {line}")
	}
}

/// Lets so many lines a second through.
struct Gate {
	opened: Instant,
	passed: u32,
	held_back: u64,
}

impl Gate {
	fn new(now: Instant) -> Self {
		Self {
			opened: now,
			passed: 0,
			held_back: 0,
		}
	}

	/// Whether a line may pass, and how many were held back in the second that ended with it.
	fn admits(&mut self, now: Instant) -> (bool, u64) {
		let mut missed = 0;
		if now.saturating_duration_since(self.opened) >= Duration::from_secs(1) {
			missed = self.held_back;
			*self = Self::new(now);
		}
		let admitted = self.passed < MAX_LOG_LINES_PER_SECOND;
		if admitted {
			self.passed += 1;
		} else {
			self.held_back += 1;
		}
		(admitted, missed)
	}
}

/// Logs lines until the stream ends. A process must be able to write as much as it likes without waiting.
pub(crate) fn forward(stream: impl Read, process: u32, last: &LastWords) {
	let mut reader = BufReader::new(stream);
	let mut gate = Gate::new(Instant::now());
	let mut line = Vec::new();
	while let Ok(true) = read_line(&mut reader, &mut line) {
		let text = one_line(String::from_utf8_lossy(&line).trim_end());
		if text.is_empty() {
			continue;
		}
		let (admitted, missed) = gate.admits(Instant::now());
		if missed > 0 {
			tracing::warn!(
				process,
				missed,
				"lines of the mechanism's process were not logged: there were too many"
			);
		}
		if admitted {
			tracing::info!(process, "mechanism: {text}");
		}
		*last.0.lock().unwrap_or_else(PoisonError::into_inner) = text;
	}
}

/// Reads up to the end of a line, keeping at most [`MAX_LOG_LINE_BYTES`]; false at the end of the stream.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
	line.clear();
	loop {
		let buffer = reader.fill_buf()?;
		if buffer.is_empty() {
			return Ok(!line.is_empty());
		}
		let end = buffer.iter().position(|byte| *byte == b'\n');
		let taken = end.unwrap_or(buffer.len());
		let kept = taken.min(MAX_LOG_LINE_BYTES.saturating_sub(line.len()));
		line.extend_from_slice(&buffer[..kept]);
		// The end of the line goes too; a blank line still counts as one, so it keeps a space.
		reader.consume(end.map_or(taken, |end| end + 1));
		if end.is_some() {
			if line.is_empty() {
				line.push(b' ');
			}
			return Ok(true);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn lines_are_cut_and_the_last_one_is_kept() {
		let text = format!("first\n\n{}\nlast\x1b[31m\n", "x".repeat(5000));
		let (mut reader, mut line, mut lengths) = (text.as_bytes(), Vec::new(), Vec::new());
		while read_line(&mut reader, &mut line).unwrap() {
			lengths.push(line.len());
		}
		assert_eq!(lengths, [5, 1, MAX_LOG_LINE_BYTES, 9]);
		let last = LastWords::default();
		assert_eq!(last.phrase(), "");
		forward(text.as_bytes(), 1, &last);
		assert_eq!(last.phrase(), "; its last line on standard error: last [31m");
	}

	#[test]
	fn a_flood_is_held_back_and_counted() {
		let start = Instant::now();
		let mut gate = Gate::new(start);
		let passed = (0..1000).filter(|_| gate.admits(start).0).count();
		assert_eq!(passed, MAX_LOG_LINES_PER_SECOND as usize);
		let later = start + Duration::from_secs(1);
		assert_eq!(gate.admits(later), (true, 900));
		assert_eq!(gate.admits(later), (true, 0));
	}
}
