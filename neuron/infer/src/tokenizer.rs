//! Text to tokens and back, from the vocabulary and merges that the model file carries.

use std::collections::HashSet;

use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;

use crate::InferError;
use crate::error::Fault;
use crate::gguf::{Gguf, Value};

/// The longest text that is tokenised, in bytes (1 MiB).
pub const MAX_TEXT_BYTES: usize = 1 << 20;

/// `tokenizer.ggml.token_type` of tokens that steer the model and are not text.
const CONTROL: i128 = 3;
/// `tokenizer.ggml.token_type` of tokens that are matched whole, though they are text.
const USER_DEFINED: i128 = 4;

/// A byte-level BPE tokenizer.
///
/// Special tokens are kept apart from the BPE model, so that text from outside can be encoded
/// without them: a user who types `<|im_end|>` does not end his turn.
#[derive(Debug)]
pub(crate) struct TextTokenizer {
	bpe: tokenizers::Tokenizer,
	/// Longest first, so that the longest of two that match wins.
	specials: Vec<(String, u32)>,
	/// First bytes of the specials.
	special_starts: HashSet<u8>,
	controls: HashSet<u32>,
	vocabulary_size: usize,
	/// Put before every encoded text.
	beginning: Option<u32>,
	end_of_turn: Option<u32>,
}

impl TextTokenizer {
	/// Builds the tokenizer from the `tokenizer.ggml.*` metadata.
	pub(crate) fn read(file: &Gguf<'_>) -> Result<Self, Fault> {
		let kind = file.text("tokenizer.ggml.model")?;
		if kind != "gpt2" {
			return Err(Fault::unsupported(format!(
				"its tokenizer is {kind:?}; supported is \"gpt2\" (byte-level BPE)"
			)));
		}
		let pre_tokenizer = pre_tokenizer(file.text("tokenizer.ggml.pre")?)?;
		let tokens = file.texts("tokenizer.ggml.tokens")?;
		let mut bpe = tokenizers::Tokenizer::new(bpe_model(file, tokens)?);
		bpe.with_pre_tokenizer(Some(pre_tokenizer))
			.with_decoder(Some(byte_level()));

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
		let of_kind = |wanted: &[i128]| -> Vec<(String, u32)> {
			let pairs = tokens.iter().zip(kinds).zip(0..);
			pairs
				.filter(|((text, kind), _)| wanted.contains(kind) && !text.is_empty())
				.map(|((text, _), id)| (text.clone(), id))
				.collect()
		};
		let mut specials = of_kind(&[CONTROL, USER_DEFINED]);
		specials.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
		let controls: HashSet<u32> = of_kind(&[CONTROL]).into_iter().map(|(_, id)| id).collect();
		let last = (tokens.len() as u64).saturating_sub(1);
		let id = |key: &str| -> Result<Option<u32>, Fault> {
			Ok(file.integer(key, 0, last)?.and_then(|id| u32::try_from(id).ok()))
		};
		let add_beginning = file.flag_or("tokenizer.ggml.add_bos_token", false)?;
		let beginning = id("tokenizer.ggml.bos_token_id")?;
		Ok(Self {
			bpe,
			special_starts: specials.iter().filter_map(|(text, _)| text.bytes().next()).collect(),
			specials,
			controls,
			vocabulary_size: tokens.len(),
			beginning: beginning.filter(|_| add_beginning),
			end_of_turn: id("tokenizer.ggml.eos_token_id")?,
		})
	}

	pub(crate) fn vocabulary_size(&self) -> usize {
		self.vocabulary_size
	}

	pub(crate) fn end_of_turn(&self) -> Option<u32> {
		self.end_of_turn
	}

	/// The id of a special token, by its text.
	pub(crate) fn special(&self, text: &str) -> Option<u32> {
		self.specials
			.iter()
			.find(|(special, _)| special == text)
			.map(|&(_, id)| id)
	}

	/// The token that starts every sequence, for models that want one.
	pub(crate) fn beginning(&self) -> Option<u32> {
		self.beginning
	}

	/// Encodes text in which special tokens are recognised.
	pub(crate) fn encode(&self, text: &str) -> Result<Vec<u32>, InferError> {
		check_length(text)?;
		let mut tokens: Vec<u32> = self.beginning.into_iter().collect();
		let (mut start, mut position) = (0, 0);
		while position < text.len() {
			match self.special_at(&text.as_bytes()[position..]) {
				Some((length, id)) => {
					tokens.extend(self.encode_plain(&text[start..position])?);
					tokens.push(id);
					position += length;
					start = position;
				}
				None => position += 1,
			}
		}
		tokens.extend(self.encode_plain(&text[start..])?);
		Ok(tokens)
	}

	fn special_at(&self, rest: &[u8]) -> Option<(usize, u32)> {
		if !self.special_starts.contains(rest.first()?) {
			return None;
		}
		let (text, id) = self
			.specials
			.iter()
			.find(|(special, _)| rest.starts_with(special.as_bytes()))?;
		Some((text.len(), *id))
	}

	/// Encodes text as text: special tokens in it are spelled out.
	pub(crate) fn encode_plain(&self, text: &str) -> Result<Vec<u32>, InferError> {
		check_length(text)?;
		if text.is_empty() {
			return Ok(Vec::new());
		}
		let encoding = self.bpe.encode_fast(text, false).map_err(tokenizer_error)?;
		Ok(encoding.get_ids().to_vec())
	}

	/// Decodes tokens, leaving out control tokens; bytes that are no UTF-8 become U+FFFD.
	pub(crate) fn decode(&self, tokens: &[u32]) -> Result<String, InferError> {
		let size = self.vocabulary_size;
		if let Some(&token) = tokens.iter().find(|&&token| token as usize >= size) {
			return Err(InferError::UnknownToken {
				token,
				vocabulary_size: size,
			});
		}
		let text: Vec<u32> = tokens
			.iter()
			.copied()
			.filter(|token| !self.controls.contains(token))
			.collect();
		self.bpe.decode(&text, false).map_err(tokenizer_error)
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

/// Byte-level without a space put before the text, with GPT-2's word pattern.
fn byte_level() -> ByteLevel {
	ByteLevel::new(false, true, true)
}

/// How text is cut before merges apply, by the name in the file.
fn pre_tokenizer(name: &str) -> Result<Sequence, Fault> {
	match name {
		// Digits one by one, then as GPT-2.
		"smollm" => Ok(Sequence::new(vec![Digits::new(true).into(), byte_level().into()])),
		"gpt-2" => Ok(Sequence::new(vec![byte_level().into()])),
		_ => Err(Fault::unsupported(format!(
			"its tokenizer.ggml.pre is {:?}; supported are \"smollm\" and \"gpt-2\"",
			name.chars().take(64).collect::<String>()
		))),
	}
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
		merge
			.split_once(' ')
			.map(|(left, right)| (left.to_owned(), right.to_owned()))
			.ok_or_else(|| Fault::malformed(format!("the merge {merge:?} is not two tokens")))
	});
	BPE::builder()
		.vocab_and_merges(vocabulary, merges.collect::<Result<Vec<_>, _>>()?)
		.build()
		.map_err(|error| Fault::malformed(format!("its merges do not fit its vocabulary: {error}")))
}
