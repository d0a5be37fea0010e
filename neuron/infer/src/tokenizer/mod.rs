//! Text to tokens and back, from the vocabulary and merges that the model carries.

mod byte_level;
mod folder;
mod gguf;
mod piece_rules;
mod pieces;
mod scored;
mod special;

#[cfg(test)]
mod piece_tests;

use self::pieces::Pieces;
use self::special::{Special, Specials, unmarked};
use crate::InferError;

/// The longest text that is tokenised, in bytes (1 MiB).
pub const MAX_TEXT_BYTES: usize = 1 << 20;

/// Makes tokens of text in which nothing is special.
#[derive(Debug)]
enum Encoder {
	/// Words, whose bytes are put together.
	ByteLevel(Box<tokenizers::Tokenizer>),
	/// Characters, of which sentence pieces are put together.
	Pieces(Pieces),
}

/// What a tokenizer is put together from.
struct Parts {
	/// Without special tokens.
	encoder: Encoder,
	/// As the vocabulary writes them, in the order of the ids; `None` for ids without a token.
	vocabulary: Vec<Option<String>>,
	specials: Vec<Special>,
	/// The token that a chat template may put first.
	named_beginning: Option<u32>,
	/// Put before every encoded text.
	beginning: Option<u32>,
	/// Whether decoding takes away the space that encoding puts before a text.
	strips_prefix: bool,
	/// Tokens that end an answer, the usual one first.
	ends: Vec<u32>,
}

/// A BPE tokenizer of bytes or of sentence pieces.
///
/// Special tokens are kept apart from the BPE model, so that text from outside can be encoded
/// without them: a user who types `<|im_end|>` does not end his turn.
#[derive(Debug)]
pub(crate) struct TextTokenizer {
	encoder: Encoder,
	specials: Specials,
	/// What each token stands for; nothing for control tokens.
	pieces: Vec<Box<[u8]>>,
	named_beginning: Option<u32>,
	beginning: Option<u32>,
	strips_prefix: bool,
	ends: Vec<u32>,
}

impl TextTokenizer {
	fn new(parts: Parts) -> Self {
		let Parts {
			encoder,
			vocabulary,
			specials,
			named_beginning,
			beginning,
			strips_prefix,
			ends,
		} = parts;
		let bytes_of = match encoder {
			Encoder::ByteLevel(_) => byte_level::bytes_of,
			Encoder::Pieces(_) => pieces::bytes_of,
		};
		let mut pieces: Vec<Box<[u8]>> = vocabulary
			.iter()
			.map(|token| token.as_deref().map_or_else(Box::default, bytes_of))
			.collect();
		for special in &specials {
			if let Some(piece) = pieces.get_mut(special.id as usize) {
				let text = if special.control { "" } else { special.text.as_str() };
				*piece = text.as_bytes().into();
			}
		}
		Self {
			encoder,
			specials: Specials::new(specials),
			pieces,
			named_beginning,
			beginning,
			strips_prefix,
			ends,
		}
	}

	pub(crate) fn vocabulary_size(&self) -> usize {
		self.pieces.len()
	}

	pub(crate) fn end_of_turn(&self) -> Option<u32> {
		self.ends.first().copied()
	}

	pub(crate) fn ends_turn(&self, token: u32) -> bool {
		self.ends.contains(&token)
	}

	/// What a token adds to a text of the tokens `before` it, in bytes that may be a part of a
	/// character; nothing for control tokens and ids outside the vocabulary.
	///
	/// The space that encoding puts before a text is no part of the text. Only the token that
	/// starts every sequence tells that a text begins after it: without it the tokens go on from
	/// others, as an answer does from its prompt, and their first space is theirs.
	pub(crate) fn piece_after(&self, before: &[u32], token: u32) -> &[u8] {
		let piece = self.pieces.get(token as usize).map_or(&[][..], |piece| piece);
		let begins = self.strips_prefix && self.beginning.is_some_and(|beginning| before == [beginning]);
		piece.strip_prefix(b" ").filter(|_| begins).unwrap_or(piece)
	}

	/// The text of a special token.
	pub(crate) fn special_text(&self, token: u32) -> Option<&str> {
		self.specials.text(token)
	}

	/// The token that starts every sequence, for models that want one.
	pub(crate) fn beginning(&self) -> Option<u32> {
		self.beginning
	}

	/// The token that chat templates know as the beginning, whether it starts every sequence or not.
	pub(crate) fn named_beginning(&self) -> Option<u32> {
		self.named_beginning
	}

	/// Encodes text in which special tokens are recognised.
	pub(crate) fn encode(&self, text: &str) -> Result<Vec<u32>, InferError> {
		let mut tokens: Vec<u32> = self.beginning.into_iter().collect();
		tokens.extend(self.encode_specials(text)?);
		Ok(tokens)
	}

	/// As [`Self::encode`], without the token that starts every sequence; special tokens that
	/// [`Self::mark`] has marked are spelled out.
	pub(crate) fn encode_specials(&self, text: &str) -> Result<Vec<u32>, InferError> {
		check_length(text)?;
		let mut tokens = Vec::new();
		let (mut start, mut position) = (0, 0);
		while position < text.len() {
			let Some(special) = self.specials.at(&text.as_bytes()[position..]) else {
				position += 1;
				continue;
			};
			let before = &text[start..position];
			let before = if special.strips_left { before.trim_end() } else { before };
			tokens.extend(self.encode_plain(before, start == 0)?);
			tokens.push(special.id);
			position += special.text.len();
			if special.strips_right {
				let after = &text[position..];
				position += after.len() - after.trim_start().len();
			}
			start = position;
		}
		tokens.extend(self.encode_plain(&text[start..], start == 0)?);
		Ok(tokens)
	}

	/// Encodes text as text: special tokens in it are spelled out. `first` if nothing comes before it.
	fn encode_plain(&self, text: &str, first: bool) -> Result<Vec<u32>, InferError> {
		let text = unmarked(text);
		if text.is_empty() {
			return Ok(Vec::new());
		}
		match &self.encoder {
			Encoder::Pieces(pieces) => pieces.encode(&text, first),
			Encoder::ByteLevel(bpe) => {
				let encoding = bpe.encode_fast(text.as_ref(), false).map_err(tokenizer_error)?;
				Ok(encoding.get_ids().to_vec())
			}
		}
	}

	/// Breaks up the special tokens in a user's text with a mark that [`Self::encode_specials`]
	/// takes out again; with `controls_only`, not those that are text (`</think>`).
	pub(crate) fn mark(&self, text: &str, controls_only: bool) -> String {
		self.specials.mark(text, controls_only)
	}

	/// Decodes tokens, leaving out control tokens; bytes that are no UTF-8 become U+FFFD.
	pub(crate) fn decode(&self, tokens: &[u32]) -> Result<String, InferError> {
		let vocabulary_size = self.vocabulary_size();
		if let Some(&token) = tokens.iter().find(|&&token| token as usize >= vocabulary_size) {
			return Err(InferError::UnknownToken { token, vocabulary_size });
		}
		let pieces = tokens.iter().enumerate();
		let bytes: Vec<u8> = pieces
			.flat_map(|(place, &token)| self.piece_after(&tokens[..place], token))
			.copied()
			.collect();
		Ok(String::from_utf8_lossy(&bytes).into_owned())
	}
}

fn check_length(text: &str) -> Result<(), InferError> {
	if text.len() > MAX_TEXT_BYTES {
		return Err(InferError::TextTooLong {
			found: text.len(),
			limit: MAX_TEXT_BYTES,
		});
	}
	Ok(())
}

fn tokenizer_error(error: tokenizers::Error) -> InferError {
	InferError::Tokenizer(error.to_string())
}
