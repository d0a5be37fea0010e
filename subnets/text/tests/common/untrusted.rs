//! What the fuzz target and the property test give any bytes to.

use std::sync::{Arc, LazyLock};

use subnet_sdk::untrusted;
use subnet_text::{AnswerReader, Emitted, Leaf, Sampling, TextMechanism};

use super::{Toy, VOCABULARY, mechanism, request};

static MECHANISM: LazyLock<TextMechanism> = LazyLock::new(|| mechanism(Toy::default()));
/// Makes the reader of answers look for what the bytes spell, instead of feeding the mechanism.
const READING: u8 = 0x80;

/// Both sides of the mechanism, and the reader of answers to applications.
pub(crate) fn feed(bytes: &[u8]) -> Result<(), &'static str> {
	match bytes.split_first() {
		Some((first, rest)) if first & READING != 0 => read(*first, rest),
		_ => untrusted::feed(&*MECHANISM, bytes),
	}
}

/// Reads tokens with stop sequences, all taken from the bytes: what an application sees piece by piece is the answer.
fn read(first: u8, bytes: &[u8]) -> Result<(), &'static str> {
	let mut task = request(Sampling::PLAIN);
	let (stops, tokens) = bytes.split_at(bytes.len().min(usize::from(first & 0x0f)));
	task.stop = String::from_utf8_lossy(stops)
		.split(' ')
		.filter(|stop| !stop.is_empty())
		.take(4)
		.map(str::to_owned)
		.collect();
	if task.validate().is_err() {
		return Ok(());
	}
	let mut reader = AnswerReader::new(Arc::new(Toy::default()), task.clone());
	let mut shown = String::new();
	for pair in tokens.chunks(2) {
		// Most tokens are bytes; now and then one is the end of the turn, or none.
		let token = u32::from(pair[0]) + u32::from(pair.get(1).is_some_and(|more| *more > 0xfc)) * 0x100;
		let emitted = Emitted {
			token,
			logprob: 0.0,
			leaf: Leaf::default(),
		};
		let ended = reader.finish().is_some();
		match reader.push_token(emitted) {
			Ok(_) if ended || token as usize >= VOCABULARY => {
				return Err("it takes a token that no honest miner sends");
			}
			Ok(added) => shown.push_str(&added),
			Err(_) if ended || token as usize >= VOCABULARY => break,
			Err(_) => return Err("it refuses an honest miner's token"),
		}
	}
	if task.stop.iter().any(|stop| shown.contains(stop.as_str())) {
		return Err("it shows a stop sequence");
	}
	match reader.end() {
		Ok(answer) if answer.text != shown => Err("what it shows piece by piece is not the answer"),
		_ => Ok(()),
	}
}
