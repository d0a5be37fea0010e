//! Texts of which neighbouring passages are known: who wrote one sentence after another meant them to belong together.

use std::sync::{Arc, LazyLock};

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
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
	"the text has {sections} sections of at least {MIN_SECTION_WORDS} words, at least {expected} are needed: sections \
	are chapters (lines that begin with `{CHAPTER}` part them) or, without such lines, lines"
)]
pub struct CorpusError {
	/// How many there are.
	pub sections: usize,
	/// How many there should be.
	pub expected: usize,
}

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
	/// [`CorpusError`] for fewer than 8 sections of 200 words.
	pub fn from_text(text: &str) -> Result<Self, CorpusError> {
		let sections: Vec<Vec<String>> = if text.lines().any(|line| line.starts_with(CHAPTER)) {
			chapters(text).collect()
		} else {
			text.lines().filter_map(section).collect()
		};
		if sections.len() < MIN_SECTIONS {
			return Err(CorpusError {
				sections: sections.len(),
				expected: MIN_SECTIONS,
			});
		}
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
