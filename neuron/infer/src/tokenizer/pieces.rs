//! Vocabularies of sentence pieces: spaces are written `▁`, one is put before a text, and what has
//! no piece is spelled in bytes (`<0x0A>`).

use tokenizers::Model as _;
use tokenizers::models::bpe::BPE;

use super::scored::ScoredPieces;
use crate::InferError;
use crate::error::Fault;

/// What stands for a space.
pub(super) const SPACE: char = '\u{2581}';

/// Where a space is put before a text that is encoded. Special tokens cut a text into parts.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
	/// Nowhere.
	Never,
	/// At the very beginning, unless the text begins with a space.
	First,
	/// Before every part that does not begin with a space.
	Lacking,
	/// Before every part.
	Each,
}

/// Which pieces are put together first.
#[derive(Debug)]
pub(crate) enum Merges {
	/// By the rank of the pair, as `tokenizer.json` lists them.
	Ranked(Box<BPE>),
	/// By the score of what they make, as GGUF and SentencePiece's own files keep them.
	Scored(ScoredPieces),
}

/// Makes sentence pieces of text.
#[derive(Debug)]
pub(crate) struct Pieces {
	pub(crate) prefix: Prefix,
	pub(crate) merges: Merges,
	/// Whether no piece goes on from a word to the next space. Then words merge by themselves, with
	/// the same outcome as together and in much less time.
	pub(crate) word_by_word: bool,
}

impl Pieces {
	/// The tokens of a part of a text; `first` if it is the very beginning.
	pub(super) fn encode(&self, text: &str, first: bool) -> Result<Vec<u32>, InferError> {
		let text = self.written(text, first);
		let mut tokens = Vec::new();
		let mut rest = text.as_str();
		while !rest.is_empty() {
			let end = word_end(rest).filter(|_| self.word_by_word);
			let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
			rest = after;
			match &self.merges {
				Merges::Scored(pieces) => tokens.extend(pieces.encode(part)),
				Merges::Ranked(bpe) => {
					let found = bpe.tokenize(part).map_err(super::tokenizer_error)?;
					tokens.extend(found.into_iter().map(|token| token.id));
				}
			}
		}
		Ok(tokens)
	}

	/// The text as the vocabulary writes it.
	fn written(&self, text: &str, first: bool) -> String {
		let lacks = !text.starts_with([' ', SPACE]);
		let prefixed = match self.prefix {
			Prefix::Never => false,
			Prefix::First => first && lacks,
			Prefix::Lacking => lacks,
			Prefix::Each => true,
		};
		let spaced = text
			.chars()
			.map(|character| if character == ' ' { SPACE } else { character });
		prefixed.then_some(SPACE).into_iter().chain(spaced).collect()
	}
}

/// Where the first space comes that follows something else.
pub(super) fn word_end(text: &str) -> Option<usize> {
	let word = text.find(|character| character != SPACE)?;
	Some(word + text[word..].find(SPACE)?)
}

/// The bytes that a piece stands for.
pub(super) fn bytes_of(piece: &str) -> Box<[u8]> {
	match byte_of(piece) {
		Some(byte) => Box::new([byte]),
		None => piece.replace(SPACE, " ").into_bytes().into(),
	}
}

/// The byte that a piece such as `<0x0A>` stands for.
pub(super) fn byte_of(piece: &str) -> Option<u8> {
	let digits = piece.strip_prefix("<0x")?.strip_suffix('>')?;
	let is_digit = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
	let canonical = digits.len() == 2 && digits.bytes().all(is_digit);
	u8::from_str_radix(digits, 16).ok().filter(|_| canonical)
}

/// The tokens of all 256 bytes, so that every text can be spelled.
pub(super) fn byte_tokens<'a>(vocabulary: impl Iterator<Item = (&'a str, u32)>) -> Result<[u32; 256], Fault> {
	let mut tokens = [None; 256];
	for (piece, id) in vocabulary {
		if let Some(byte) = byte_of(piece) {
			tokens[usize::from(byte)].get_or_insert(id);
		}
	}
	let mut all = [0; 256];
	for (byte, token) in tokens.into_iter().enumerate() {
		all[byte] = token.ok_or_else(|| {
			Fault::unsupported(format!(
				"its vocabulary has no token <0x{byte:02X}>; supported are sentence pieces with tokens for all 256 bytes"
			))
		})?;
	}
	Ok(all)
}
