//! Where passages come from: public-domain prose that is part of the crate (see `corpus/README.md` for its licence).

use std::sync::LazyLock;

/// Longest passage, in bytes: about 30 tokens of a small vocabulary, so that a prompt with its chat template stays near 60.
pub const MAX_PASSAGE_BYTES: usize = 120;
/// A sentence counts as a start only when the rest of its paragraph has this many bytes.
const MIN_PASSAGE_BYTES: usize = 40;

static TEXTS: [&str; 2] = [
	include_str!("../corpus/moby-dick.txt"),
	include_str!("../corpus/state-of-the-union.txt"),
];

/// For each sentence that can open a passage: the rest of its paragraph.
static SENTENCES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
	TEXTS
		.iter()
		.flat_map(|text| text.lines())
		.flat_map(sentence_starts)
		.collect()
});

/// The passage that `seed` picks: from the start of a sentence, whole words, at most [`MAX_PASSAGE_BYTES`], never empty.
/// Every sentence of the corpus is equally likely (to within 1 in 2⁵⁰).
pub fn passage(seed: &[u8; 32]) -> &'static str {
	let [a, b, c, d, e, f, g, h, ..] = *seed;
	let draw = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
	let index = draw % SENTENCES.len().max(1) as u64;
	SENTENCES
		.get(index as usize)
		.map_or("Call me Ishmael.", |paragraph| cut(paragraph))
}

/// The suffixes of `paragraph` that begin with a sentence.
fn sentence_starts(paragraph: &'static str) -> impl Iterator<Item = &'static str> {
	let after_stop = paragraph.match_indices(' ').filter_map(|(space, _)| {
		let (before, after) = (paragraph.get(..space)?, paragraph.get(space + 1..)?);
		let stops = before.trim_end_matches(['"', '\'', ')']).ends_with(['.', '!', '?']);
		(stops && after.starts_with(|c: char| c.is_ascii_uppercase() || c == '"')).then_some(after)
	});
	core::iter::once(paragraph)
		.chain(after_stop)
		.filter(|rest| rest.len() >= MIN_PASSAGE_BYTES)
}

/// The longest prefix of whole words within [`MAX_PASSAGE_BYTES`].
fn cut(text: &str) -> &str {
	if text.len() <= MAX_PASSAGE_BYTES {
		return text;
	}
	let fits = |(space, _): &(usize, &str)| *space <= MAX_PASSAGE_BYTES;
	let end = text
		.match_indices(' ')
		.take_while(fits)
		.last()
		.map_or(0, |(space, _)| space);
	match text.get(..end) {
		Some(prefix) if !prefix.is_empty() => prefix,
		// One word longer than the limit: cut it at a character.
		_ => text
			.char_indices()
			.take_while(|(at, c)| at + c.len_utf8() <= MAX_PASSAGE_BYTES)
			.last()
			.map_or(text, |(at, c)| text.get(..at + c.len_utf8()).unwrap_or(text)),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn every_sentence_gives_a_decent_passage() {
		assert!(SENTENCES.len() > 5_000, "only {} sentences", SENTENCES.len());
		for paragraph in SENTENCES.iter() {
			let passage = cut(paragraph);
			assert!((20..=MAX_PASSAGE_BYTES).contains(&passage.len()), "{passage:?}");
			assert!(
				paragraph.starts_with(passage) && passage == passage.trim(),
				"{passage:?}"
			);
		}
	}

	#[test]
	fn seeds_spread_over_the_corpus() {
		let mut seen: Vec<&str> = (0..=255_u8).map(|byte| passage(&[byte; 32])).collect();
		seen.sort_unstable();
		seen.dedup();
		assert!(seen.len() > 250, "256 seeds gave {} passages", seen.len());
		assert_eq!(passage(&[9; 32]), passage(&[9; 32]));
	}

	#[test]
	fn long_words_are_cut_at_a_character() {
		let word = "—".repeat(100);
		assert_eq!(cut(&word).len(), MAX_PASSAGE_BYTES);
		assert_eq!(cut("short"), "short");
	}
}
