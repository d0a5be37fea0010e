//! Tokens that are matched whole, and how what users say is kept from becoming one.

use std::collections::HashMap;

/// Special tokens of one vocabulary; each is looked for at every character of a text.
pub(crate) const MAX_SPECIALS: usize = 16_384;

/// No special token is longer; bounds the search at the end of a text.
const MAX_SPECIAL_EDGE: usize = 64;

/// Stands inside a special token that a user spelled, until the text around it has been searched
/// for real ones. A code point that Unicode sets aside for such inner uses.
pub(super) const MARK: char = '\u{fdd0}';

/// A token that is matched whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Special {
	pub(crate) text: String,
	pub(crate) id: u32,
	/// Whether it steers the model and is not text.
	pub(crate) control: bool,
	/// Whether it swallows the white space before it.
	pub(crate) strips_left: bool,
	/// Whether it swallows the white space after it.
	pub(crate) strips_right: bool,
}

/// The special tokens of a vocabulary.
#[derive(Debug)]
pub(super) struct Specials {
	/// Longest first, so that the longest of two that match wins.
	list: Vec<Special>,
	/// Places in the list by the first byte.
	by_first: HashMap<u8, Vec<usize>>,
}

impl Specials {
	pub(super) fn new(mut list: Vec<Special>) -> Self {
		list.retain(|special| !special.text.is_empty());
		list.sort_by_key(|special| std::cmp::Reverse(special.text.len()));
		let mut by_first: HashMap<u8, Vec<usize>> = HashMap::new();
		for (place, special) in list.iter().enumerate() {
			by_first.entry(special.text.as_bytes()[0]).or_default().push(place);
		}
		Self { list, by_first }
	}

	/// Those that begin with the first byte of `rest`.
	fn starting(&self, rest: &[u8]) -> impl Iterator<Item = &Special> {
		let places = rest.first().and_then(|first| self.by_first.get(first));
		places.into_iter().flatten().map(|&place| &self.list[place])
	}

	/// The longest one that `rest` begins with.
	pub(super) fn at(&self, rest: &[u8]) -> Option<&Special> {
		self.starting(rest)
			.find(|special| rest.starts_with(special.text.as_bytes()))
	}

	/// The text of a special token.
	pub(super) fn text(&self, token: u32) -> Option<&str> {
		let special = self.list.iter().find(|special| special.id == token)?;
		Some(&special.text)
	}

	/// Breaks up the special tokens in a user's text with marks that [`unmarked`] takes out again,
	/// so that they stay text wherever a template puts them. What could become one together with
	/// the template's text around it is broken up too. With `controls_only`, special tokens that
	/// are text (`</think>`) are left whole.
	pub(super) fn mark(&self, text: &str, controls_only: bool) -> String {
		let broken = |special: &&Special| special.control || !controls_only;
		let mut marked = String::with_capacity(text.len());
		let inner = text.trim();
		let inner_start = text.len() - text.trim_start().len();
		let inner_end = inner_start + inner.len();
		for (position, character) in text.char_indices() {
			let rest = &text[position..];
			// The last character of the text might start one that the template completes.
			let tail = position < inner_end && rest.len() < MAX_SPECIAL_EDGE;
			let completed = |special: &Special| {
				let end = &text[position..inner_end];
				end.len() < special.text.len() && special.text.starts_with(end)
			};
			marked.push(if character == MARK {
				char::REPLACEMENT_CHARACTER
			} else {
				character
			});
			let mut starting = self.starting(rest.as_bytes()).filter(broken);
			if starting.any(|special| rest.starts_with(special.text.as_str()) || (tail && completed(special))) {
				marked.push(MARK);
			}
		}
		// The first characters might end one that the template began.
		let begun = |special: &Special| {
			let ends = special.text.char_indices().skip(1);
			ends.map(|(index, _)| &special.text[index..])
				.any(|end| inner.starts_with(end))
		};
		if self.list.iter().filter(broken).any(begun) {
			marked.insert(inner_start, MARK);
		}
		marked
	}
}

/// The text without the marks of [`Specials::mark`].
pub(super) fn unmarked(text: &str) -> std::borrow::Cow<'_, str> {
	if text.contains(MARK) {
		text.replace(MARK, "").into()
	} else {
		text.into()
	}
}
