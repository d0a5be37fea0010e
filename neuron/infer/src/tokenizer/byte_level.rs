//! Vocabularies of bytes: GPT-2's way of writing them, and how text is cut into words before merges.

use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;

use crate::error::Fault;

/// Words for the vocabularies of Qwen2 and of Llama 3, which differ in how many digits go together.
const QWEN2_WORDS: &str =
	r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const LLAMA3_WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The bytes that a token of a byte-level vocabulary stands for. Such a vocabulary writes printable
/// bytes as themselves and the others, in order, as U+0100 and up.
pub(super) fn bytes_of(token: &str) -> Box<[u8]> {
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

/// How text is cut before merges apply, by the name in a GGUF file.
pub(super) fn pre_tokenizer(name: &str) -> Result<Sequence, Fault> {
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
