//! Every reader of what a process prints, in one place: for the fuzz target and for the property test.
//!
//! A program is its owner's, yet what it prints may follow what strangers sent to it.

use std::sync::mpsc::sync_channel;

use subnet_sdk::Score;

use crate::log::{self, LastWords, MAX_LOG_LINE_BYTES};
use crate::pool::understand;
use crate::protocol::{self, MAX_REPLY_BYTES, Reply};
use crate::worker::{Failure, read_replies};

/// The longest that an error may be that quotes a program.
const MAX_FAILURE_BYTES: usize = 2_048;

/// Takes the bytes for all that a process ever prints, on its standard output and on its standard error.
///
/// # Errors
/// Names the bound that does not hold.
pub fn read_everything(bytes: &[u8]) -> Result<(), &'static str> {
	let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
	// One a line and one for what is left over, so that the reader never waits.
	let (sender, replies) = sync_channel(lines + 2);
	read_replies(bytes, &sender);
	drop(sender);
	for reply in replies {
		match reply {
			Ok(reply) => take(reply)?,
			Err(failure) => short(&failure)?,
		}
	}
	let last = LastWords::default();
	log::forward(bytes, 0, &last);
	// A replaced byte takes three.
	ensure(
		last.phrase().len() <= 3 * MAX_LOG_LINE_BYTES + 100,
		"a line of the log is too long",
	)
}

fn take(reply: Reply) -> Result<(), &'static str> {
	match reply {
		Reply::Hello { .. } => {
			if let Err(reason) = understand(reply) {
				ensure(
					reason.len() <= MAX_FAILURE_BYTES,
					"the reason against a hello is too long",
				)?;
			}
		}
		Reply::Task { task: text, .. } | Reply::Chunk { chunk: text, .. } => match protocol::decode(&text) {
			Ok(bytes) => ensure(
				bytes.len() < MAX_REPLY_BYTES && protocol::encode(&bytes) == text,
				"bytes have two encodings",
			)?,
			Err(reason) => ensure(
				reason.len() <= MAX_FAILURE_BYTES,
				"the reason against bytes is too long",
			)?,
		},
		Reply::Score { score, reason, .. } => {
			if let Ok(score) = Score::new(score, reason) {
				ensure((0.0..=1.0).contains(&score.value()), "a score is none")?;
			}
		}
		Reply::Error { message, .. } => ensure(
			!protocol::one_line(&message).chars().any(char::is_control),
			"a message has more than one line",
		)?,
		Reply::Done { .. } => {}
	}
	Ok(())
}

/// What is said about a failure is one short line, to this machine and to others.
fn short(failure: &Failure) -> Result<(), &'static str> {
	let told = [failure.to_string(), failure.in_full()];
	let sound = |text: &String| text.len() <= MAX_FAILURE_BYTES && !text.chars().any(char::is_control);
	ensure(
		told.iter().all(sound),
		"a failure is told at length, or on several lines",
	)
}

fn ensure(holds: bool, what: &'static str) -> Result<(), &'static str> {
	if holds { Ok(()) } else { Err(what) }
}

#[cfg(test)]
mod tests {
	use proptest::prelude::*;

	use super::*;

	proptest! {
		#[test]
		fn nothing_printed_panics_or_is_told_at_length(
			start in prop::sample::select(vec![
				"", "{\"type\":\"hello\",\"protocol\":1,\"name\":\"", "{\"type\":\"chunk\",\"id\":1,\"chunk\":\"",
				"{\"type\":\"score\",\"id\":1,\"reason\":\"\",\"score\":", "{\"type\":\"", "{\"type\":\"done\",\"id\":1}\n",
			]),
			text in ".{0,80}",
			end in prop::sample::select(vec!["", "\n", "\"}\n", "}\n", "\",\"version\":1,\"deadline_ms\":1}\n"]),
			rest in prop::collection::vec(any::<u8>(), 0..80),
		) {
			let mut bytes = [start, &text, end].concat().into_bytes();
			bytes.extend(rest);
			prop_assert_eq!(read_everything(&bytes), Ok(()));
		}
	}
}
