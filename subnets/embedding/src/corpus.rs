//! Texts of which neighbouring passages are known: who wrote one sentence after another meant them to belong together.

use std::sync::{Arc, LazyLock};

use crate::challenge::WORDS;
use crate::wire::{MAX_PASSAGES, MAX_TEXT_BYTES};

/// Fewest words of a section that passages are taken from.
const MIN_SECTION_WORDS: usize = 200;
/// How a chapter's heading begins, as printed books have it.
const CHAPTER: &str = "CHAPTER ";

/// Public-domain prose that comes with the mechanisms (see `subnets/text/corpus/README.md` for its licence).
static BUNDLED: LazyLock<Arc<Corpus>> = LazyLock::new(|| {
	let book = include_str!("../../text/corpus/moby-dick.txt");
	let speeches = include_str!("../../text/corpus/state-of-the-union.txt");
	Arc::new(Corpus {
		sections: chapters(book).chain(speeches.lines().filter_map(section)).collect(),
	})
});

/// Sections (chapters, speeches), each as its words in order. Passages of one section that touch are neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corpus {
	sections: Vec<Vec<String>>,
}

/// A text has nothing to take passages from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CorpusError {
	/// It has too few sections.
	#[error(
		"the text has {sections} sections of at least {MIN_SECTION_WORDS} words, at least {expected} are needed: sections \
		are chapters (lines that begin with `{CHAPTER}` part them) or, without such lines, lines"
	)]
	Sections {
		/// How many there are.
		sections: usize,
		/// How many there should be.
		expected: usize,
	},
	/// A passage may be so long that miners refuse the challenge.
	#[error(
		"{words} words in a row have {bytes} bytes, at most {MAX_PASSAGE_BYTES} fit into a challenge; the longest of them \
		begins with `{longest}`: words are parted by spaces, so part it or take it out"
	)]
	Passage {
		/// How many words.
		words: usize,
		/// How many bytes they have, with the spaces between them.
		bytes: usize,
		/// The beginning of the longest one.
		longest: String,
	},
}

/// Most bytes of a passage: a challenge with as many passages as there may be is one that miners take.
const MAX_PASSAGE_BYTES: usize = MAX_TEXT_BYTES / MAX_PASSAGES;
/// Characters of a word that an error shows.
const SHOWN_CHARACTERS: usize = 24;

/// Fewest sections of a corpus: passages of a challenge come from many places.
const MIN_SECTIONS: usize = 8;

impl Corpus {
	/// Half of a novel and thirty speeches, about 190,000 words; a part of the program.
	pub fn bundled() -> Arc<Self> {
		BUNDLED.clone()
	}

	/// A validator's own text, which miners have not seen. Sections are chapters, where lines begin with `CHAPTER `, else
	/// lines.
	///
	/// # Errors
	///
	/// [`CorpusError`] for fewer than 8 sections of 200 words, and for 32 words in a row that are longer than 768 bytes.
	pub fn from_text(text: &str) -> Result<Self, CorpusError> {
		let sections: Vec<Vec<String>> = if text.lines().any(|line| line.starts_with(CHAPTER)) {
			chapters(text).collect()
		} else {
			text.lines().filter_map(section).collect()
		};
		if sections.len() < MIN_SECTIONS {
			return Err(CorpusError::Sections {
				sections: sections.len(),
				expected: MIN_SECTIONS,
			});
		}
		sections.iter().try_for_each(|section| check_passages(section))?;
		Ok(Self { sections })
	}

	/// The sections, each of at least 200 words.
	pub(crate) fn sections(&self) -> &[Vec<String>] {
		&self.sections
	}
}

/// The words of a section that is long enough.
fn section(text: &str) -> Option<Vec<String>> {
	let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
	(words.len() >= MIN_SECTION_WORDS).then_some(words)
}

/// An error unless the longest passages of a section fit into a challenge, and so all.
fn check_passages(section: &[String]) -> Result<(), CorpusError> {
	let most = *WORDS.end();
	for passage in section.windows(most) {
		let bytes = passage.iter().map(String::len).sum::<usize>() + most - 1;
		if bytes > MAX_PASSAGE_BYTES {
			let longest = passage.iter().max_by_key(|word| word.len());
			return Err(CorpusError::Passage {
				words: most,
				bytes,
				longest: longest.map_or_else(String::new, |word| word.chars().take(SHOWN_CHARACTERS).collect()),
			});
		}
	}
	Ok(())
}

fn chapters(text: &str) -> impl Iterator<Item = Vec<String>> + '_ {
	let mut chapters = vec![String::new()];
	for line in text.lines() {
		if line.starts_with(CHAPTER) {
			chapters.push(String::new());
		} else if let Some(chapter) = chapters.last_mut() {
			chapter.push_str(line);
			chapter.push(' ');
		}
	}
	chapters.into_iter().filter_map(|chapter| section(&chapter))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_bundled_texts_have_chapters_and_speeches() {
		let corpus = Corpus::bundled();
		let words: usize = corpus.sections().iter().map(Vec::len).sum();
		assert!(corpus.sections().len() > 80, "{} sections", corpus.sections().len());
		assert!(words > 180_000, "{words} words");
		assert!(
			corpus
				.sections()
				.iter()
				.all(|section| section.len() >= MIN_SECTION_WORDS)
		);
		assert_eq!(corpus.sections()[0][..3], ["Call", "me", "Ishmael."]);
		for section in corpus.sections() {
			check_passages(section).unwrap();
		}
	}

	#[test]
	fn a_word_that_no_challenge_has_room_for_is_named() {
		let line = |word: &str| format!("{} {word}\n", "word ".repeat(MIN_SECTION_WORDS)).repeat(MIN_SECTIONS);
		// 31 other words with a space after each leave this much.
		let room = MAX_PASSAGE_BYTES - 31 * 5;
		assert!(Corpus::from_text(&line(&"x".repeat(room))).is_ok());
		for long in [room + 1, 50_000] {
			let error = Corpus::from_text(&line(&"x".repeat(long))).unwrap_err().to_string();
			let shown = format!("{} bytes, at most 768", 31 * 5 + long);
			assert!(
				error.contains(&shown) && error.contains("`xxxxxxxxxxxxxxxxxxxxxxxx`"),
				"{error}"
			);
		}
	}

	#[test]
	fn own_texts_are_taken_by_chapter_or_by_line() {
		let long = "word ".repeat(MIN_SECTION_WORDS);
		let lines = format!("{long}\nshort\n").repeat(MIN_SECTIONS);
		assert_eq!(Corpus::from_text(&lines).unwrap().sections().len(), MIN_SECTIONS);
		let chapters = format!("CHAPTER 1\n{}\n", lines.replace('\n', " ")).repeat(MIN_SECTIONS);
		assert_eq!(Corpus::from_text(&chapters).unwrap().sections().len(), MIN_SECTIONS);
		for bad in ["", "a\nb\nc", &long] {
			assert!(Corpus::from_text(bad).unwrap_err().to_string().contains("at least 8"));
		}
	}
}
