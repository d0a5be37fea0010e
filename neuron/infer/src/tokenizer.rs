//! Text to tokens and back, from the vocabulary and merges that the model carries.

use std::collections::HashSet;

use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;

use crate::InferError;
use crate::error::Fault;
use crate::gguf::{Gguf, Value};
use crate::tokenizer_parts::check_merge;

/// The longest text that is tokenised, in bytes (1 MiB).
pub const MAX_TEXT_BYTES: usize = 1 << 20;

/// Special tokens of one vocabulary; each is looked for at every character of a text.
pub(crate) const MAX_SPECIALS: usize = 16_384;

/// `tokenizer.ggml.token_type` of tokens that steer the model and are not text.
const CONTROL: i128 = 3;
/// `tokenizer.ggml.token_type` of tokens that are matched whole, though they are text.
const USER_DEFINED: i128 = 4;

/// Stands inside a special token that a user spelled, until the text around it has been searched
/// for real ones. A code point that Unicode sets aside for such inner uses.
const MARK: char = '\u{fdd0}';

/// Words for the vocabularies of Qwen2 and of Llama 3, which differ in how many digits go together.
const QWEN2_WORDS: &str =
	r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const LLAMA3_WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// A token that is matched whole.
#[derive(Clone, Debug)]
pub(crate) struct Special {
	pub(crate) text: String,
	pub(crate) id: u32,
	/// Whether it steers the model and is not text.
	pub(crate) control: bool,
}

/// What a tokenizer is put together from.
pub(crate) struct Parts {
	/// Without special tokens.
	pub(crate) bpe: tokenizers::Tokenizer,
	/// As the vocabulary writes them, in the order of the ids; `None` for ids without a token.
	pub(crate) vocabulary: Vec<Option<String>>,
	pub(crate) specials: Vec<Special>,
	/// Put before every encoded text.
	pub(crate) beginning: Option<u32>,
	/// Tokens that end an answer, the usual one first.
	pub(crate) ends: Vec<u32>,
}

/// A byte-level BPE tokenizer.
///
/// Special tokens are kept apart from the BPE model, so that text from outside can be encoded
/// without them: a user who types `<|im_end|>` does not end his turn.
#[derive(Debug)]
pub(crate) struct TextTokenizer {
	bpe: tokenizers::Tokenizer,
	/// Longest first, so that the longest of two that match wins.
	specials: Vec<Special>,
	/// First bytes of the specials.
	special_starts: HashSet<u8>,
	/// What each token stands for; nothing for control tokens.
	pieces: Vec<Box<[u8]>>,
	beginning: Option<u32>,
	ends: Vec<u32>,
}

impl TextTokenizer {
	pub(crate) fn new(parts: Parts) -> Self {
		let Parts {
			bpe,
			vocabulary,
			mut specials,
			beginning,
			ends,
		} = parts;
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
		specials.retain(|special| !special.text.is_empty());
		specials.sort_by_key(|special| std::cmp::Reverse(special.text.len()));
		let starts = specials.iter().filter_map(|special| special.text.bytes().next());
		Self {
			special_starts: starts.collect(),
			bpe,
			specials,
			pieces,
			beginning,
			ends,
		}
	}

	/// Builds the tokenizer from the `tokenizer.ggml.*` metadata.
	pub(crate) fn read(file: &Gguf<'_>) -> Result<Self, Fault> {
		let kind = file.text("tokenizer.ggml.model")?;
		if kind != "gpt2" {
			return Err(Fault::unsupported(format!(
				"its tokenizer is {kind:?}; supported is \"gpt2\" (byte-level BPE)"
			)));
		}
		let pre = file.text("tokenizer.ggml.pre")?;
		let pre_tokenizer = pre_tokenizer(pre)?;
		let tokens = file.texts("tokenizer.ggml.tokens")?;
		let mut bpe = tokenizers::Tokenizer::new(bpe_model(file, tokens)?);
		bpe.with_pre_tokenizer(Some(pre_tokenizer));
		if pre == "qwen2" {
			bpe.with_normalizer(Some(NFC))
				.map_err(|error| Fault::malformed(error.to_string()))?;
		}
		let last = (tokens.len() as u64).saturating_sub(1);
		let id = |key: &str| -> Result<Option<u32>, Fault> {
			Ok(file.integer(key, 0, last)?.and_then(|id| u32::try_from(id).ok()))
		};
		let add_beginning = file.flag_or("tokenizer.ggml.add_bos_token", false)?;
		let beginning = id("tokenizer.ggml.bos_token_id")?;
		let mut ends: Vec<u32> = Vec::new();
		for key in ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"] {
			ends.extend(id(key)?);
		}
		Ok(Self::new(Parts {
			bpe,
			vocabulary: tokens.iter().cloned().map(Some).collect(),
			specials: specials(file, tokens)?,
			beginning: beginning.filter(|_| add_beginning),
			ends,
		}))
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

	/// What a token stands for, in bytes that may be a part of a character; nothing for control
	/// tokens and ids outside the vocabulary.
	pub(crate) fn piece(&self, token: u32) -> &[u8] {
		self.pieces.get(token as usize).map_or(&[], |piece| piece)
	}

	/// The text of a special token.
	pub(crate) fn special_text(&self, token: u32) -> Option<&str> {
		let special = self.specials.iter().find(|special| special.id == token)?;
		Some(&special.text)
	}

	/// The token that starts every sequence, for models that want one.
	pub(crate) fn beginning(&self) -> Option<u32> {
		self.beginning
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
			match self.special_at(&text.as_bytes()[position..]) {
				Some(special) => {
					tokens.extend(self.encode_plain(&text[start..position])?);
					tokens.push(special.id);
					position += special.text.len();
					start = position;
				}
				None => position += 1,
			}
		}
		tokens.extend(self.encode_plain(&text[start..])?);
		Ok(tokens)
	}

	fn special_at(&self, rest: &[u8]) -> Option<&Special> {
		if !self.special_starts.contains(rest.first()?) {
			return None;
		}
		self.specials
			.iter()
			.find(|special| rest.starts_with(special.text.as_bytes()))
	}

	/// Encodes text as text: special tokens in it are spelled out.
	fn encode_plain(&self, text: &str) -> Result<Vec<u32>, InferError> {
		if text.is_empty() {
			return Ok(Vec::new());
		}
		let unmarked;
		let text = if text.contains(MARK) {
			unmarked = text.replace(MARK, "");
			&unmarked
		} else {
			text
		};
		let encoding = self.bpe.encode_fast(text, false).map_err(tokenizer_error)?;
		Ok(encoding.get_ids().to_vec())
	}

	/// Breaks up the special tokens in a user's text with a mark that [`Self::encode_specials`]
	/// takes out again, so that they stay text wherever a template puts them. What could become
	/// one together with the template's text around it is broken up too. With `controls_only`,
	/// special tokens that are text (`</think>`) are left whole.
	pub(crate) fn mark(&self, text: &str, controls_only: bool) -> String {
		let specials = || self.specials.iter().filter(|special| special.control || !controls_only);
		let mut marked = String::with_capacity(text.len());
		let inner = text.trim();
		let (inner_start, inner_end) = (
			text.len() - text.trim_start().len(),
			text.trim_start().len() - inner.len(),
		);
		let inner_end = text.len() - inner_end;
		for (position, character) in text.char_indices() {
			let rest = &text[position..];
			// The last character of the text might start one that the template completes.
			let tail = position < inner_end && text.len() - position < MAX_SPECIAL_EDGE;
			let completed = |special: &Special| {
				let end = &text[position..inner_end];
				end.len() < special.text.len() && special.text.starts_with(end)
			};
			marked.push(if character == MARK {
				char::REPLACEMENT_CHARACTER
			} else {
				character
			});
			if specials().any(|special| rest.starts_with(special.text.as_str())) || (tail && specials().any(completed))
			{
				marked.push(MARK);
			}
		}
		// The first characters might end one that the template began.
		let begun = |special: &Special| {
			let ends = special.text.char_indices().skip(1);
			ends.map(|(index, _)| &special.text[index..])
				.any(|end| inner.starts_with(end))
		};
		if specials().any(begun) {
			marked.insert(inner_start, MARK);
		}
		marked
	}

	/// Decodes tokens, leaving out control tokens; bytes that are no UTF-8 become U+FFFD.
	pub(crate) fn decode(&self, tokens: &[u32]) -> Result<String, InferError> {
		let vocabulary_size = self.vocabulary_size();
		if let Some(&token) = tokens.iter().find(|&&token| token as usize >= vocabulary_size) {
			return Err(InferError::UnknownToken { token, vocabulary_size });
		}
		let bytes: Vec<u8> = tokens.iter().flat_map(|&token| self.piece(token)).copied().collect();
		Ok(String::from_utf8_lossy(&bytes).into_owned())
	}
}

/// No special token is longer; bounds the search at the end of a text.
const MAX_SPECIAL_EDGE: usize = 64;

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

/// The bytes that a token of a byte-level vocabulary stands for. Such a vocabulary writes printable
/// bytes as themselves and the others, in order, as U+0100 and up.
fn bytes_of(token: &str) -> Box<[u8]> {
	let moved = |character: char| {
		let index = u32::from(character).checked_sub(0x100)?;
		let mut hidden = (0..=u8::MAX).filter(|byte| !is_printable(*byte));
		hidden.nth(usize::try_from(index).ok()?)
	};
	let byte = |character: char| match u8::try_from(character) {
		Ok(byte) if is_printable(byte) => Some(byte),
		_ => moved(character),
	};
	// A token that is not written that way stands for its own text.
	let bytes: Option<Box<[u8]>> = token.chars().map(byte).collect();
	bytes.unwrap_or_else(|| token.as_bytes().into())
}

fn is_printable(byte: u8) -> bool {
	matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff)
}

/// Byte-level without a space put before the text; with GPT-2's word pattern or none.
fn byte_level(words: bool) -> ByteLevel {
	ByteLevel::new(false, true, words)
}

/// How text is cut before merges apply, by the name in the file.
fn pre_tokenizer(name: &str) -> Result<Sequence, Fault> {
	let words = |pattern: &str| {
		let pattern = SplitPattern::Regex(pattern.to_owned());
		let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false)
			.map_err(|error| Fault::malformed(format!("the word pattern cannot be built: {error}")))?;
		Ok(Sequence::new(vec![split.into(), byte_level(false).into()]))
	};
	match name {
		// Digits one by one, then as GPT-2.
		"smollm" => Ok(Sequence::new(vec![Digits::new(true).into(), byte_level(true).into()])),
		"gpt-2" => Ok(Sequence::new(vec![byte_level(true).into()])),
		"qwen2" => words(QWEN2_WORDS),
		"llama-bpe" => words(LLAMA3_WORDS),
		_ => Err(Fault::unsupported(format!(
			"its tokenizer.ggml.pre is {:?}; supported are \"smollm\", \"gpt-2\", \"qwen2\" and \"llama-bpe\"",
			name.chars().take(64).collect::<String>()
		))),
	}
}

fn specials(file: &Gguf<'_>, tokens: &[String]) -> Result<Vec<Special>, Fault> {
	let kinds = match file.get("tokenizer.ggml.token_type") {
		None => &[][..],
		Some(Value::Integers(kinds)) if kinds.len() == tokens.len() => kinds,
		Some(_) => {
			return Err(Fault::malformed(format!(
				"expected one tokenizer.ggml.token_type for each of the {} tokens",
				tokens.len()
			)));
		}
	};
	let is_special = |kind: &&i128| [CONTROL, USER_DEFINED].contains(kind);
	let count = kinds.iter().filter(is_special).count();
	if count > MAX_SPECIALS {
		return Err(too_many_specials(count));
	}
	let known = tokens.iter().zip(kinds).zip(0..);
	Ok(known
		.filter(|((_, kind), _)| is_special(kind))
		.map(|((text, kind), id)| Special {
			text: text.clone(),
			id,
			control: *kind == CONTROL,
		})
		.collect())
}

pub(crate) fn too_many_specials(count: usize) -> Fault {
	Fault::unsupported(format!("it has {count} special tokens; supported are {MAX_SPECIALS}"))
}

fn bpe_model(file: &Gguf<'_>, tokens: &[String]) -> Result<BPE, Fault> {
	let vocabulary: Vocab = tokens.iter().cloned().zip(0..).collect();
	if vocabulary.len() != tokens.len() || tokens.is_empty() {
		return Err(Fault::malformed(format!(
			"expected a vocabulary without repetitions, found {} different tokens among {}",
			vocabulary.len(),
			tokens.len()
		)));
	}
	let merges = file.texts("tokenizer.ggml.merges")?.iter().map(|merge| {
		let pair = merge.split_once(' ');
		let (left, right) = pair.ok_or_else(|| Fault::malformed(format!("the merge {merge:?} is not two tokens")))?;
		check_merge(left, right, |text| vocabulary.contains_key(text))?;
		Ok((left.to_owned(), right.to_owned()))
	});
	let merges = merges.collect::<Result<Vec<_>, Fault>>()?;
	BPE::builder()
		.vocab_and_merges(vocabulary, merges)
		.build()
		.map_err(|error| Fault::malformed(format!("its merges do not fit its vocabulary: {error}")))
}
