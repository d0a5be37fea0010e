//! Byte-pair merges by score, as SentencePiece makes them.
//!
//! Of all neighbours whose texts together are a piece, those that make the piece of the highest score
//! are merged first, the leftmost of several. A list of merges with ranks cannot say that: two pairs
//! that make the same piece would have different ranks there, and equal scores an order.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use crate::error::Fault;

/// The longest piece, in bytes. Each look-up reads as many bytes at most, so the work for a text is
/// bounded whatever the vocabulary is.
const MAX_PIECE_BYTES: usize = 512;

/// No neighbour.
const NONE: u32 = u32::MAX;

/// A vocabulary whose pieces have scores.
#[derive(Debug)]
pub(crate) struct ScoredPieces {
	pieces: HashMap<Box<str>, Scored>,
	/// The token of each byte.
	bytes: Box<[u32; 256]>,
	/// Length of the longest piece, in bytes.
	longest: usize,
}

#[derive(Copy, Clone, Debug)]
struct Scored {
	id: u32,
	score: f32,
}

/// A part of the text, in a list linked both ways; merged into its left neighbour when empty.
struct Symbol {
	start: u32,
	end: u32,
	left: u32,
	right: u32,
}

/// Two neighbours that make a piece.
struct Candidate {
	score: f32,
	left: u32,
	right: u32,
	/// Bytes of both; differs from what they have once either was merged with another.
	size: u32,
}

impl Ord for Candidate {
	fn cmp(&self, other: &Self) -> Ordering {
		let score = self.score.total_cmp(&other.score);
		score.then_with(|| other.left.cmp(&self.left))
	}
}

impl PartialOrd for Candidate {
	fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
		Some(self.cmp(other))
	}
}

impl PartialEq for Candidate {
	fn eq(&self, other: &Self) -> bool {
		self.cmp(other).is_eq()
	}
}

impl Eq for Candidate {}

impl ScoredPieces {
	/// The vocabulary of those pieces (text, id, score) that text may become, and of all bytes.
	pub(super) fn new<'a>(pieces: impl Iterator<Item = (&'a str, u32, f32)>, bytes: [u32; 256]) -> Result<Self, Fault> {
		let mut known = HashMap::new();
		let mut longest = 0;
		for (text, id, score) in pieces {
			let quoted = || text.chars().take(64).collect::<String>();
			if text.is_empty() || text.len() > MAX_PIECE_BYTES {
				return Err(Fault::unsupported(format!(
					"token {id} has {} bytes; supported are sentence pieces of 1 to {MAX_PIECE_BYTES}",
					text.len()
				)));
			}
			if !score.is_finite() {
				return Err(Fault::malformed(format!(
					"the token {:?} has the score {score}, expected a number",
					quoted()
				)));
			}
			longest = longest.max(text.len());
			// Adding makes one zero of two.
			let scored = Scored { id, score: score + 0.0 };
			if known.insert(text.into(), scored).is_some() {
				return Err(Fault::malformed(format!(
					"expected a vocabulary without repetitions, found the token {:?} twice",
					quoted()
				)));
			}
		}
		Ok(Self {
			pieces: known,
			bytes: Box::new(bytes),
			longest,
		})
	}

	/// The tokens of a text. Time is in the order of the text's length times its logarithm.
	pub(super) fn encode(&self, text: &str) -> Vec<u32> {
		let mut symbols = characters(text);
		let mut candidates = BinaryHeap::new();
		for left in 0..symbols.len().saturating_sub(1) {
			candidates.extend(self.candidate(text, &symbols, left as u32, left as u32 + 1));
		}
		while let Some(Candidate { left, right, size, .. }) = candidates.pop() {
			let (first, second) = (&symbols[left as usize], &symbols[right as usize]);
			let is_gone = first.start == first.end || second.start == second.end;
			if is_gone || second.end - first.start != size {
				continue;
			}
			let (before, after, end) = (first.left, second.right, second.end);
			symbols[left as usize].end = end;
			symbols[left as usize].right = after;
			symbols[right as usize].start = end;
			if let Some(after) = symbols.get_mut(after as usize) {
				after.left = left;
			}
			candidates.extend(self.candidate(text, &symbols, before, left));
			candidates.extend(self.candidate(text, &symbols, left, after));
		}
		let parts = symbols.iter().filter(|symbol| symbol.start < symbol.end);
		let mut tokens = Vec::new();
		for symbol in parts {
			let part = &text[symbol.start as usize..symbol.end as usize];
			match self.pieces.get(part) {
				Some(piece) => tokens.push(piece.id),
				None => tokens.extend(part.bytes().map(|byte| self.bytes[usize::from(byte)])),
			}
		}
		tokens
	}

	/// What two neighbours make, if it is a piece.
	fn candidate(&self, text: &str, symbols: &[Symbol], left: u32, right: u32) -> Option<Candidate> {
		let start = symbols.get(left as usize)?.start;
		let end = symbols.get(right as usize)?.end;
		let size = end - start;
		if size as usize > self.longest {
			return None;
		}
		let piece = self.pieces.get(&text[start as usize..end as usize])?;
		Some(Candidate {
			score: piece.score,
			left,
			right,
			size,
		})
	}
}

/// Each character by itself. Texts are of a few MiB at most, so their places fit 32 bits.
fn characters(text: &str) -> Vec<Symbol> {
	let mut symbols: Vec<Symbol> = text
		.char_indices()
		.zip(0..)
		.map(|((start, character), index): (_, u32)| Symbol {
			start: start as u32,
			end: (start + character.len_utf8()) as u32,
			left: index.checked_sub(1).unwrap_or(NONE),
			right: index + 1,
		})
		.collect();
	if let Some(last) = symbols.last_mut() {
		last.right = NONE;
	}
	symbols
}

#[cfg(test)]
mod tests {
	use super::*;

	const A: u32 = 300;

	/// The pieces get the ids 300 and up.
	fn vocabulary(pieces: &[(&str, f32)]) -> Result<ScoredPieces, Fault> {
		let bytes = std::array::from_fn(|byte| byte as u32);
		let pieces = pieces.iter().zip(A..).map(|(&(text, score), id)| (text, id, score));
		ScoredPieces::new(pieces, bytes)
	}

	#[test]
	fn the_best_score_merges_first_and_the_leftmost_of_equals() {
		let ties = vocabulary(&[("a", 0.0), ("aa", -1.0), ("aaa", -2.0)]).unwrap();
		assert_eq!(ties.encode("aaaaa"), [A + 1, A + 2]);
		assert_eq!(ties.encode("aaaa"), [A + 1, A + 1]);
		// "ab" and "ba" of one score: the left one wins; with a better score the right one does.
		let pairs = |right: f32| vocabulary(&[("ab", -1.0), ("ba", right)]).unwrap().encode("aba");
		assert_eq!(pairs(-1.0), [A, 97]);
		assert_eq!(pairs(-0.5), [97, A + 1]);
		assert_eq!(vocabulary(&[("ab", 0.0), ("ba", -0.0)]).unwrap().encode("aba"), [A, 97]);
		// What was merged is looked at again with its neighbours.
		let ways = vocabulary(&[("aba", -3.0), ("ab", -1.0), ("ba", -2.0), ("xb", -1.5)]).unwrap();
		assert_eq!(ways.encode("ababa"), [A + 1, A]);
	}

	/// Characters without a piece of their own may be part of one, and are bytes otherwise.
	#[test]
	fn what_has_no_piece_is_bytes() {
		let pieces = vocabulary(&[("né", -1.0)]).unwrap();
		assert_eq!(pieces.encode("né!é"), [A, 33, 0xc3, 0xa9]);
		assert_eq!(pieces.encode(""), [0_u32; 0]);
		assert_eq!(pieces.encode("🙂"), [0xf0, 0x9f, 0x99, 0x82]);
	}

	/// The same as looking through all neighbours for the best ones again and again.
	#[test]
	fn it_is_what_the_slow_way_gives() {
		let texts = ["a", "b", "ab", "ba", "aab", "bb", "abab", "abb", "baab", "aa", "aabab"];
		let pieces: Vec<(&str, f32)> = texts
			.iter()
			.enumerate()
			.map(|(index, text)| (*text, -((index * 7 % 5) as f32)))
			.collect();
		let fast = vocabulary(&pieces).unwrap();
		let score = |text: &str| pieces.iter().find(|piece| piece.0 == text).map(|piece| piece.1);
		for number in 0..4_096_u32 {
			let text: String = (0..12)
				.map(|bit| if number >> bit & 1 == 1 { 'a' } else { 'b' })
				.collect();
			let mut parts: Vec<String> = text.chars().map(String::from).collect();
			loop {
				let joined = parts.windows(2).map(|pair| pair.concat()).enumerate();
				let scored = joined.filter_map(|(place, text)| Some((place, score(&text)?)));
				let best = scored.fold(None, |best: Option<(usize, f32)>, found| match best {
					Some(best) if best.1 >= found.1 => Some(best),
					_ => Some(found),
				});
				let Some((place, _)) = best else { break };
				let right = parts.remove(place + 1);
				parts[place].push_str(&right);
			}
			let id = |part: &String| A + texts.iter().position(|text| text == part).unwrap() as u32;
			assert_eq!(fast.encode(&text), parts.iter().map(id).collect::<Vec<_>>(), "{text}");
		}
	}

	#[test]
	fn vocabularies_that_would_cost_too_much_or_say_too_little_are_refused() {
		let refusal = |pieces: &[(&str, f32)]| format!("{:?}", vocabulary(pieces).unwrap_err());
		let long = "x".repeat(MAX_PIECE_BYTES + 1);
		assert!(refusal(&[(&long, 0.0)]).contains("513 bytes"));
		assert!(refusal(&[("", 0.0)]).contains("0 bytes"));
		assert!(refusal(&[("a", f32::NAN)]).contains("NaN"));
		assert!(refusal(&[("a", 0.0), ("a", 1.0)]).contains("twice"));
		// The costliest text: every length of one run is a piece.
		let runs: Vec<String> = (1..=MAX_PIECE_BYTES).map(|length| "x".repeat(length)).collect();
		let pieces: Vec<(&str, f32)> = runs.iter().map(|run| (run.as_str(), run.len() as f32)).collect();
		let tokens = vocabulary(&pieces).unwrap().encode(&"x".repeat(100 * MAX_PIECE_BYTES));
		assert_eq!(tokens, [A + MAX_PIECE_BYTES as u32 - 1; 100]);
	}
}
