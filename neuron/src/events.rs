//! One JSON object a line for each thing that happened, so that another program can follow along.

use std::{
	fs::{self, File, OpenOptions},
	io::{self, Write},
	path::{Path, PathBuf},
	sync::Mutex,
	time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// The longest text that came from a peer or a node and is logged or written, in characters.
pub const MAX_FOREIGN_TEXT: usize = 240;

/// The most bytes in an events file; the next event then begins a new one, and the full one is kept beside it.
pub const MAX_EVENTS_BYTES: u64 = 64 << 20;

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
	/// Absent where the output is no file, which somebody else has to bound.
	bound: Option<Bound>,
	broken: bool,
}

/// How far a file may grow.
struct Bound {
	path: PathBuf,
	bytes: u64,
	limit: u64,
}

impl Writer {
	fn write(&mut self, line: &[u8]) -> io::Result<()> {
		let bytes = u64::try_from(line.len()).unwrap_or(u64::MAX);
		if let Some(bound) = &mut self.bound
			&& bound.bytes > 0
			&& bound.bytes.saturating_add(bytes) > bound.limit
		{
			self.out = Box::new(begin_anew(&bound.path)?);
			bound.bytes = 0;
		}
		// One write call a line, so that a reader of the file never sees two lines mixed.
		self.out.write_all(line)?;
		self.out.flush()?;
		if let Some(bound) = &mut self.bound {
			bound.bytes = bound.bytes.saturating_add(bytes);
		}
		Ok(())
	}
}

/// Moves a file to its name with `.old` behind it, replacing what was there, and opens a new one.
fn begin_anew(path: &Path) -> io::Result<File> {
	let mut old = path.to_owned().into_os_string();
	old.push(".old");
	match fs::rename(path, old) {
		// Somebody has moved it away, or it could not be opened anew after the last move.
		Err(error) if error.kind() == io::ErrorKind::NotFound => {}
		moved => moved?,
	}
	append(path)
}

fn append(path: &Path) -> io::Result<File> {
	OpenOptions::new().create(true).append(true).open(path)
}

impl JsonLines {
	/// Writes to anything, without end.
	pub fn new(out: Box<dyn Write + Send>) -> Self {
		Self::with_bound(out, None)
	}

	/// Opens the place that `--events` names: `-` is standard output, all else a file that is appended to. A file that
	/// has grown to [`MAX_EVENTS_BYTES`] gets `.old` behind its name, replacing an older one, and a new one is begun.
	///
	/// # Errors
	/// Where the file cannot be opened for appending.
	pub fn open(place: &str) -> io::Result<Self> {
		if place == "-" {
			return Ok(Self::new(Box::new(io::stdout())));
		}
		Self::open_file(Path::new(place), MAX_EVENTS_BYTES)
	}

	fn open_file(path: &Path, limit: u64) -> io::Result<Self> {
		let file = append(path)?;
		let metadata = file.metadata()?;
		// A pipe or a device is not there to be moved; of a link, what it leads to is.
		let bound = if metadata.is_file() {
			Some(Bound {
				path: fs::canonicalize(path)?,
				bytes: metadata.len(),
				limit,
			})
		} else {
			None
		};
		Ok(Self::with_bound(Box::new(file), bound))
	}

	fn with_bound(out: Box<dyn Write + Send>, bound: Option<Bound>) -> Self {
		Self {
			writer: Mutex::new(Writer {
				out,
				bound,
				broken: false,
			}),
		}
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
		if let Err(error) = writer.write(format!("{line}\n").as_bytes())
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

	fn rounds_in(path: &Path) -> Vec<u64> {
		let number = |line| match Event::from_line(line).unwrap() {
			Event::Round { round, .. } => round,
			other => panic!("{other:?} was never written"),
		};
		fs::read_to_string(path).unwrap().lines().map(number).collect()
	}

	#[test]
	fn a_full_file_is_kept_once_and_a_new_one_begun() {
		let folder = tempfile::tempdir().unwrap();
		let (path, old) = (folder.path().join("events"), folder.path().join("events.old"));
		let emit = |sink: &JsonLines, round| {
			sink.emit(Event::Round {
				round,
				block: 2,
				miners: 3,
			});
		};
		emit(&JsonLines::open_file(&path, u64::MAX).unwrap(), 1);
		let line = fs::metadata(&path).unwrap().len();
		let limit = 2 * line + line / 2;
		// What is there already counts.
		let sink = JsonLines::open_file(&path, limit).unwrap();
		emit(&sink, 2);
		assert!(!old.exists());
		emit(&sink, 3);
		assert_eq!((rounds_in(&old), rounds_in(&path)), (vec![1, 2], vec![3]));
		emit(&sink, 4);
		emit(&sink, 5);
		assert_eq!((rounds_in(&old), rounds_in(&path)), (vec![3, 4], vec![5]));
		// One that was moved away is begun anew too.
		emit(&sink, 6);
		fs::remove_file(&path).unwrap();
		emit(&sink, 7);
		assert_eq!((rounds_in(&old), rounds_in(&path)), (vec![3, 4], vec![7]));
	}

	#[test]
	fn a_file_that_cannot_be_moved_does_not_grow() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("events");
		fs::create_dir_all(folder.path().join("events.old/taken")).unwrap();
		let sink = JsonLines::open_file(&path, 1).unwrap();
		for round in 1..4 {
			sink.emit(Event::Round {
				round,
				block: 2,
				miners: 3,
			});
		}
		assert_eq!(rounds_in(&path), [1]);
		assert!(sink.writer.lock().unwrap().broken);
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
