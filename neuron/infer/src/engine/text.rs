//! Bytes of tokens to text that may be shown.

/// Collects the bytes of an answer and lets out what is certain: whole characters that cannot be
/// part of a stop sequence.
#[derive(Debug)]
pub(super) struct TextStream {
	stops: Vec<String>,
	/// The beginning of a character.
	bytes: Vec<u8>,
	/// Text that might become a stop sequence.
	held: String,
}

impl TextStream {
	pub(super) fn new(stops: Vec<String>) -> Self {
		Self {
			stops,
			bytes: Vec::new(),
			held: String::new(),
		}
	}

	/// Adds a token's bytes. Returns the text that is certain now, and the index of the stop
	/// sequence that came, if one did; then the text ends before it and nothing more will come.
	pub(super) fn push(&mut self, bytes: &[u8]) -> (String, Option<usize>) {
		self.bytes.extend_from_slice(bytes);
		self.take_characters();
		if let Some((place, index)) = self.first_stop() {
			self.bytes.clear();
			let mut text = std::mem::take(&mut self.held);
			text.truncate(place);
			return (text, Some(index));
		}
		let certain = self.held.len() - self.possible_stop();
		let rest = self.held.split_off(certain);
		(std::mem::replace(&mut self.held, rest), None)
	}

	/// What was held back; a character that never became whole is U+FFFD.
	pub(super) fn finish(&mut self) -> String {
		let mut text = std::mem::take(&mut self.held);
		if !self.bytes.is_empty() {
			text.push(char::REPLACEMENT_CHARACTER);
			self.bytes.clear();
		}
		text
	}

	/// Moves whole characters from `bytes` to `held`; bytes that no character starts with become
	/// U+FFFD.
	fn take_characters(&mut self) {
		let mut used = 0;
		for chunk in self.bytes.utf8_chunks() {
			self.held.push_str(chunk.valid());
			used += chunk.valid().len();
			let invalid = chunk.invalid();
			// Only at the end can more bytes make a character of it.
			let incomplete = used + invalid.len() == self.bytes.len() && may_continue(invalid);
			if !invalid.is_empty() && !incomplete {
				self.held.push(char::REPLACEMENT_CHARACTER);
				used += invalid.len();
			}
		}
		self.bytes.drain(..used);
	}

	/// The stop sequence that begins first.
	fn first_stop(&self) -> Option<(usize, usize)> {
		let found = self.stops.iter().enumerate();
		found
			.filter_map(|(index, stop)| Some((self.held.find(stop.as_str())?, index)))
			.min()
	}

	/// Length of the longest end of `held` that is the beginning of a stop sequence.
	fn possible_stop(&self) -> usize {
		let beginning = |stop: &String| {
			(1..stop.len().min(self.held.len() + 1))
				.rev()
				.find(|&length| self.held.as_bytes().ends_with(&stop.as_bytes()[..length]))
		};
		let longest = self.stops.iter().filter_map(beginning).max().unwrap_or(0);
		// A beginning of a stop sequence may end inside one of its characters, `held` does not.
		(longest..=self.held.len())
			.find(|length| self.held.is_char_boundary(self.held.len() - length))
			.unwrap_or(longest)
	}
}

/// Whether bytes that are no character may be the beginning of one.
fn may_continue(bytes: &[u8]) -> bool {
	match std::str::from_utf8(bytes) {
		Ok(_) => false,
		Err(error) => error.error_len().is_none(),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn stream(stops: &[&str]) -> TextStream {
		TextStream::new(stops.iter().map(|&stop| stop.to_owned()).collect())
	}

	/// Every text, cut in every way into two or three pieces, comes out as it went in.
	#[test]
	fn characters_cut_in_pieces_come_out_whole() {
		let text = "aé漢🙂z";
		for first in 0..=text.len() {
			for second in first..=text.len() {
				let mut stream = stream(&["zzz"]);
				let mut shown = String::new();
				for part in [
					&text.as_bytes()[..first],
					&text.as_bytes()[first..second],
					&text.as_bytes()[second..],
				] {
					shown.push_str(&stream.push(part).0);
				}
				assert_eq!(shown + &stream.finish(), text);
			}
		}
	}

	#[test]
	fn bytes_that_are_no_text_are_replaced_and_the_rest_goes_on() {
		let mut stream = stream(&[]);
		assert_eq!(stream.push(&[b'a', 0xff, b'b', 0xf0]).0, "a\u{fffd}b");
		assert_eq!(stream.push(&[0x9f]).0, "");
		assert_eq!(stream.push(b"c").0, "\u{fffd}c");
		assert_eq!(stream.push(&[0xe6]).0, "");
		assert_eq!(stream.finish(), "\u{fffd}");
		assert_eq!(stream.finish(), "");
	}

	#[test]
	fn a_stop_sequence_is_found_across_pieces_and_never_shown() {
		let text = "one two STOP three";
		for cut in 0..text.len() {
			let mut stream = stream(&["nothing", "STOP"]);
			let (first, early) = stream.push(&text.as_bytes()[..cut]);
			let found = early;
			let (second, late) = if found.is_some() {
				(String::new(), None)
			} else {
				stream.push(&text.as_bytes()[cut..])
			};
			assert_eq!(first + &second, "one two ", "cut at {cut}");
			assert_eq!(found.or(late), Some(1));
			assert_eq!(stream.finish(), "");
		}
	}

	#[test]
	fn what_might_be_a_stop_sequence_is_held_and_released() {
		let mut stream = stream(&["\n\nUser:", "é!"]);
		assert_eq!(stream.push(b"hello\n").0, "hello");
		assert_eq!(stream.push(b"\nUse").0, "");
		assert_eq!(stream.push(b"ful").0, "\n\nUseful");
		assert_eq!(stream.push("é".as_bytes()).0, "");
		assert_eq!(stream.push("é".as_bytes()).0, "é");
		assert_eq!(stream.finish(), "é");
		// The earliest wins.
		let mut two = super::TextStream::new(vec!["b".to_owned(), "ab".to_owned()]);
		assert_eq!(two.push(b"xab"), ("x".to_owned(), Some(1)));
	}
}
