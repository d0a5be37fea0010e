//! The lines that go over the pipes. The crate's README describes them for authors of the other end.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use subnet_sdk::{ChallengeContext, Epoch, MAX_CHUNK_BYTES, Outcome, Transcript};

/// The version of the protocol. A process that speaks another one is refused.
pub const PROTOCOL: u16 = 1;
/// Longest line that a process may print: a chunk in base64, with room for the rest of the line.
pub const MAX_REPLY_BYTES: usize = MAX_CHUNK_BYTES.div_ceil(3) * 4 + 4096;
/// Longest name of a mechanism.
pub const MAX_NAME_BYTES: usize = 32;
/// Most characters that an error quotes of what a process printed.
const MAX_QUOTE_CHARS: usize = 60;
/// Most characters of what the reader of a line says about it.
const MAX_ERROR_CHARS: usize = 200;

/// A line to the process.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Request {
	Hello {
		protocol: u16,
	},
	Task {
		id: u64,
		context: Context,
		epoch: WireEpoch,
	},
	Solve {
		id: u64,
		context: Context,
		task: String,
	},
	Score {
		id: u64,
		context: Context,
		task: String,
		answer: Answer,
	},
	Cancel {
		id: u64,
	},
}

impl Request {
	/// The line, with its end.
	pub(crate) fn line(&self) -> Result<Vec<u8>, String> {
		let mut line = serde_json::to_vec(self).map_err(|error| format!("a request cannot be written: {error}"))?;
		line.push(b'\n');
		Ok(line)
	}
}

/// A line from the process. Fields that this version does not know are left unread.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Reply {
	Hello {
		protocol: u16,
		name: String,
		version: u16,
		deadline_ms: u64,
		#[serde(default)]
		model_hash: Option<String>,
	},
	Task {
		id: u64,
		task: String,
	},
	Chunk {
		id: u64,
		chunk: String,
	},
	Done {
		id: u64,
	},
	Score {
		id: u64,
		score: f64,
		reason: String,
		#[serde(default)]
		trials: u32,
		#[serde(default)]
		failures: u32,
	},
	Error {
		id: u64,
		kind: ErrorKind,
		message: String,
	},
}

/// What an `error` line is about.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorKind {
	InvalidTask,
	Model,
	Cancelled,
	Fault,
}

impl Reply {
	pub(crate) fn parse(line: &[u8]) -> Result<Self, String> {
		// By way of a value: with the feature `arbitrary_precision`, which another crate of a program may turn on, a tagged
		// enum cannot take a fraction from text.
		let parsed = serde_json::from_slice::<serde_json::Value>(line).and_then(serde_json::from_value);
		parsed.map_err(|error| {
			format!(
				"printed `{}`, which is no line of the protocol: {}",
				quote(&String::from_utf8_lossy(line), MAX_QUOTE_CHARS),
				// It names what it found, which may be as long as the line.
				quote(&error.to_string(), MAX_ERROR_CHARS)
			)
		})
	}

	/// The request that it answers; `None` for a hello.
	pub(crate) fn id(&self) -> Option<u64> {
		match self {
			Self::Hello { .. } => None,
			Self::Task { id, .. }
			| Self::Chunk { id, .. }
			| Self::Done { id }
			| Self::Score { id, .. }
			| Self::Error { id, .. } => Some(*id),
		}
	}

	pub(crate) fn kind(&self) -> &'static str {
		match self {
			Self::Hello { .. } => "hello",
			Self::Task { .. } => "task",
			Self::Chunk { .. } => "chunk",
			Self::Done { .. } => "done",
			Self::Score { .. } => "score",
			Self::Error { .. } => "error",
		}
	}
}

/// [`ChallengeContext`] in hexadecimal digits.
#[derive(Debug, Serialize)]
pub(crate) struct Context {
	nonce: String,
	validator: String,
	miner: String,
}

impl From<&ChallengeContext> for Context {
	fn from(context: &ChallengeContext) -> Self {
		Self {
			nonce: context.nonce.to_string(),
			validator: context.validator.to_string(),
			miner: context.miner.to_string(),
		}
	}
}

/// [`Epoch`] with its hash in hexadecimal digits.
#[derive(Debug, Serialize)]
pub(crate) struct WireEpoch {
	block: u64,
	hash: String,
}

impl From<&Epoch> for WireEpoch {
	fn from(epoch: &Epoch) -> Self {
		Self {
			block: epoch.block,
			hash: epoch.hash.iter().map(|byte| format!("{byte:02x}")).collect(),
		}
	}
}

/// [`Transcript`] of bytes.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
	outcome: &'static str,
	reason: String,
	chunks: Vec<WireChunk>,
}

#[derive(Debug, Serialize)]
struct WireChunk {
	elapsed_us: u64,
	chunk: String,
}

impl From<&Transcript<Vec<u8>>> for Answer {
	fn from(transcript: &Transcript<Vec<u8>>) -> Self {
		let (outcome, reason) = match &transcript.outcome {
			Outcome::Complete => ("complete", String::new()),
			Outcome::TimedOut => ("timed_out", String::new()),
			Outcome::Failed(reason) => ("failed", reason.clone()),
		};
		let chunk = |timed: &subnet_sdk::TimedChunk<Vec<u8>>| WireChunk {
			elapsed_us: timed.elapsed_us,
			chunk: encode(&timed.chunk),
		};
		Self {
			outcome,
			reason,
			chunks: transcript.chunks.iter().map(chunk).collect(),
		}
	}
}

pub(crate) fn encode(bytes: &[u8]) -> String {
	STANDARD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Result<Vec<u8>, String> {
	STANDARD
		.decode(text)
		.map_err(|error| format!("printed bytes that are no base64: {error}"))
}

/// 32 bytes from 64 hexadecimal digits.
pub(crate) fn decode_hash(text: &str) -> Option<[u8; 32]> {
	let digits: Option<Vec<u8>> = text
		.chars()
		.map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
		.collect();
	let bytes: Vec<u8> = digits?
		.chunks(2)
		.filter(|pair| pair.len() == 2)
		.map(|pair| pair[0] << 4 | pair[1])
		.collect();
	(text.len() == 64).then(|| bytes.try_into().ok()).flatten()
}

/// What another program printed, fit for one line of a log or an error.
pub(crate) fn one_line(text: &str) -> String {
	text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The beginning of what another program printed, on one line.
pub(crate) fn quote(text: &str, chars: usize) -> String {
	let start: String = text.chars().take(chars).collect();
	one_line(&start)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn lines_are_as_documented() {
		let line = Request::Hello { protocol: PROTOCOL }.line().unwrap();
		assert_eq!(line, b"{\"type\":\"hello\",\"protocol\":1}\n");
		let line = Request::Cancel { id: 7 }.line().unwrap();
		assert_eq!(line, b"{\"type\":\"cancel\",\"id\":7}\n");
		let chunk = Reply::parse(br#"{"type":"chunk","id":3,"chunk":"AAE=","more":[]}"#).unwrap();
		assert!(matches!(&chunk, Reply::Chunk { id: 3, chunk } if decode(chunk) == Ok(vec![0, 1])));
	}

	#[test]
	fn hashes_are_64_digits() {
		assert_eq!(decode_hash(&"0f".repeat(32)), Some([15; 32]));
		for text in [
			"",
			"0f",
			&"0f".repeat(33),
			&"0g".repeat(32),
			&"é".repeat(32),
			&"0f".repeat(31),
		] {
			assert_eq!(decode_hash(text), None, "{text}");
		}
	}

	#[test]
	fn the_largest_chunk_fits_on_a_line() {
		let chunk = encode(&vec![0xff; MAX_CHUNK_BYTES]);
		assert!(chunk.len() + r#"{"type":"chunk","id":18446744073709551615,"chunk":""}"#.len() < MAX_REPLY_BYTES);
	}

	#[test]
	fn rubbish_is_quoted_on_one_line_and_not_whole() {
		let error = Reply::parse(format!("a\nb{}", "x".repeat(1000)).as_bytes()).unwrap_err();
		assert!(
			error.contains("`a bxxx") && !error.contains('\n') && error.len() < 200,
			"{error}"
		);
		let dance = format!("{{\"type\":\"da\u{1b}nce{}\",\"id\":1}}", "x".repeat(80_000)).replace('\u{1b}', "\\u001b");
		let error = Reply::parse(dance.as_bytes()).unwrap_err();
		assert!(
			error.contains("unknown variant `da nce") && error.chars().count() < 350,
			"{error}"
		);
		for line in [
			&b"{}"[..],
			b"[1]",
			b"{\"type\":\"dance\",\"id\":1}",
			b"{\"type\":\"score\",\"id\":1,\"score\":NaN,\"reason\":\"\"}",
			b"\xff\xfe",
		] {
			assert!(Reply::parse(line).is_err());
		}
	}
}
