//! One JSON object a line for each thing that happened, so that another program can follow along.

use std::{
	fs::{File, OpenOptions},
	io::{self, Write},
	path::Path,
	sync::Mutex,
	time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// The longest text that came from a peer or a node and is logged or written, in characters.
pub const MAX_FOREIGN_TEXT: usize = 240;

/// What happened.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
	/// The validator is ready.
	Started {
		/// The subnet.
		netuid: u16,
		/// Its uid.
		uid: u16,
		/// Its hotkey's address.
		hotkey: String,
		/// The mechanism that it scores.
		mechanism: String,
		/// Where it listens.
		listen: String,
	},
	/// A miner was scored.
	Score {
		/// The round, counted from 1 since the start.
		round: u64,
		/// The miner's uid.
		uid: u16,
		/// The miner's hotkey's address.
		hotkey: String,
		/// The score of this answer, 0 to 1.
		score: f64,
		/// The moving average after it.
		average: f64,
		/// Why this score.
		reason: String,
		/// Chunks received.
		chunks: u64,
		/// From the request to the last chunk, in milliseconds.
		elapsed_ms: u64,
		/// Tokens per second from the request to the last chunk; absent where there were none.
		tokens_per_second: Option<f64>,
	},
	/// A round is over.
	Round {
		/// The round, counted from 1 since the start.
		round: u64,
		/// Block at its start.
		block: u64,
		/// Miners scored in it.
		miners: u64,
	},
	/// Weights are on chain.
	WeightsSet {
		/// Best block before the submission.
		block: u64,
		/// (uid, weight / 65535).
		weights: Vec<(u16, u16)>,
	},
	/// The chain did not take the weights, or they were not worth sending.
	WeightsRefused {
		/// Best block before the submission.
		block: u64,
		/// Why.
		reason: String,
	},
}

impl Event {
	/// Reads a line that [`JsonLines`] wrote.
	///
	/// # Errors
	/// The line is no event.
	pub fn from_line(line: &str) -> serde_json::Result<Self> {
		// By way of a value: where a dependency turns on serde_json's arbitrary precision, a tagged enum cannot read
		// fractions from text directly.
		serde_json::from_value(serde_json::from_str(line)?)
	}
}

#[derive(Serialize)]
struct Line<'a> {
	time_ms: u64,
	#[serde(flatten)]
	event: &'a Event,
}

/// Takes events. Never fails: a record that cannot be written must not stop what it records.
pub trait EventSink: Send + Sync + 'static {
	/// Takes one event.
	fn emit(&self, event: Event);
}

/// Throws events away.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvents;

impl EventSink for NoEvents {
	fn emit(&self, _event: Event) {}
}

/// Writes events as lines of JSON.
pub struct JsonLines {
	writer: Mutex<Writer>,
}

struct Writer {
	out: Box<dyn Write + Send>,
	broken: bool,
}

impl JsonLines {
	/// Writes to anything.
	pub fn new(out: Box<dyn Write + Send>) -> Self {
		Self {
			writer: Mutex::new(Writer { out, broken: false }),
		}
	}

	/// Opens the place that `--events` names: `-` is standard output, all else a file that is appended to.
	///
	/// # Errors
	/// Where the file cannot be opened for appending.
	pub fn open(place: &str) -> io::Result<Self> {
		if place == "-" {
			return Ok(Self::new(Box::new(io::stdout())));
		}
		let file: File = OpenOptions::new().create(true).append(true).open(Path::new(place))?;
		Ok(Self::new(Box::new(file)))
	}
}

impl EventSink for JsonLines {
	fn emit(&self, event: Event) {
		let time_ms = SystemTime::now()
			.duration_since(UNIX_EPOCH)
			.map_or(0, |elapsed| u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
		let line = match serde_json::to_string(&Line { time_ms, event: &event }) {
			Ok(line) => line,
			Err(error) => return tracing::warn!(%error, "event not written"),
		};
		let mut writer = self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
		// One write call a line, so that a reader of the file never sees two lines mixed.
		let written = writer
			.out
			.write_all(format!("{line}\n").as_bytes())
			.and_then(|()| writer.out.flush());
		if let Err(error) = written
			&& !std::mem::replace(&mut writer.broken, true)
		{
			tracing::warn!(%error, "cannot write events; further failures are not logged");
		}
	}
}

/// Makes text that came from a peer or a node fit for a log line: bounded, without control characters.
///
/// ```
/// assert_eq!(neuron::events::foreign_text("no\nway\u{1b}[31m"), "no way [31m");
/// ```
pub fn foreign_text(text: &str) -> String {
	let mut characters = text.chars();
	let mut clean: String = characters
		.by_ref()
		.take(MAX_FOREIGN_TEXT)
		.map(|character| if character.is_control() { ' ' } else { character })
		.collect();
	if characters.next().is_some() {
		clean.push('…');
	}
	clean
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_line_reads_back_as_the_event() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("events");
		let sink = JsonLines::open(path.to_str().unwrap()).unwrap();
		let score = Event::Score {
			round: 1,
			uid: 2,
			hotkey: "5F".into(),
			score: 0.1,
			average: 1.0 / 3.0,
			reason: "slow".into(),
			chunks: 3,
			elapsed_ms: 4,
			tokens_per_second: Some(1e-7),
		};
		let events = [
			score,
			Event::WeightsSet {
				block: 4,
				weights: vec![(1, 65_535), (2, 3)],
			},
			Event::WeightsRefused {
				block: 5,
				reason: "too\nfast".into(),
			},
		];
		events.iter().cloned().for_each(|event| sink.emit(event));
		let text = std::fs::read_to_string(&path).unwrap();
		let read: Vec<Event> = text.lines().map(|line| Event::from_line(line).unwrap()).collect();
		assert_eq!(read, events);
		assert!(
			text.starts_with("{\"time_ms\":") && text.contains("\"event\":\"weights_set\""),
			"{text}"
		);
	}

	#[test]
	fn a_sink_that_cannot_write_only_warns() {
		struct Full;
		impl Write for Full {
			fn write(&mut self, _: &[u8]) -> io::Result<usize> {
				Err(io::Error::other("disk full"))
			}
			fn flush(&mut self) -> io::Result<()> {
				Ok(())
			}
		}
		let sink = JsonLines::new(Box::new(Full));
		sink.emit(Event::Round {
			round: 1,
			block: 2,
			miners: 3,
		});
		sink.emit(Event::Round {
			round: 2,
			block: 3,
			miners: 3,
		});
		assert!(sink.writer.lock().unwrap().broken);
	}

	#[test]
	fn foreign_text_is_bounded() {
		assert_eq!(foreign_text(&"x".repeat(10_000)).chars().count(), MAX_FOREIGN_TEXT + 1);
	}
}
