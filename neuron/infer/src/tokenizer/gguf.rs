//! Tokenizers from the `tokenizer.ggml.*` metadata of a GGUF file.

use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::NFC;

use super::pieces::{Merges, Pieces, Prefix, SPACE, byte_of, byte_tokens, word_end};
use super::scored::ScoredPieces;
use super::special::{MAX_SPECIALS, Special};
use super::{Encoder, Parts, TextTokenizer, byte_level};
use crate::error::Fault;
use crate::gguf::{Gguf, Value};
use crate::tokenizer_parts::{check_merge, too_many_specials};

/// `tokenizer.ggml.token_type` of sentence pieces that text may become.
const NORMAL: i128 = 1;
/// `tokenizer.ggml.token_type` of what stands for text without a piece, where there are no bytes.
const UNKNOWN: i128 = 2;
/// `tokenizer.ggml.token_type` of tokens that steer the model and are not text.
const CONTROL: i128 = 3;
/// `tokenizer.ggml.token_type` of tokens that are matched whole, though they are text.
const USER_DEFINED: i128 = 4;
/// `tokenizer.ggml.token_type` of the bytes of characters without a piece.
const BYTE: i128 = 6;

impl TextTokenizer {
	/// Builds the tokenizer from the metadata.
	pub(crate) fn read(file: &Gguf<'_>) -> Result<Self, Fault> {
		let tokens = file.texts("tokenizer.ggml.tokens")?;
		let kind = file.text("tokenizer.ggml.model")?;
		let (encoder, specials) = match kind {
			"gpt2" => (byte_level(file, tokens)?, specials(file, tokens, &[CONTROL])?),
			"llama" => sentence_pieces(file, tokens)?,
			_ => {
				return Err(Fault::unsupported(format!(
					"its tokenizer is {:?}; supported are \"gpt2\" (byte-level BPE) and \"llama\" (sentence pieces)",
					kind.chars().take(64).collect::<String>()
				)));
			}
		};
		let last = (tokens.len() as u64).saturating_sub(1);
		let id = |key: &str| -> Result<Option<u32>, Fault> {
			Ok(file.integer(key, 0, last)?.and_then(|id| u32::try_from(id).ok()))
		};
		// Where the file does not say so, only sentence pieces begin with it.
		let add_beginning = file.flag_or("tokenizer.ggml.add_bos_token", kind == "llama")?;
		let beginning = id("tokenizer.ggml.bos_token_id")?;
		let mut ends: Vec<u32> = Vec::new();
		for key in ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"] {
			ends.extend(id(key)?);
		}
		Ok(Self::new(Parts {
			strips_prefix: matches!(&encoder, Encoder::Pieces(pieces) if pieces.prefix != Prefix::Never),
			encoder,
			vocabulary: tokens.iter().cloned().map(Some).collect(),
			specials,
			named_beginning: beginning,
			beginning: beginning.filter(|_| add_beginning),
			ends,
		}))
	}
}

/// Words of bytes, with merges by rank.
fn byte_level(file: &Gguf<'_>, tokens: &[String]) -> Result<Encoder, Fault> {
	let pre = file.text("tokenizer.ggml.pre")?;
	let pre_tokenizer = byte_level::pre_tokenizer(pre)?;
	let mut bpe = tokenizers::Tokenizer::new(bpe_model(file, tokens)?);
	bpe.with_pre_tokenizer(Some(pre_tokenizer));
	if pre == "qwen2" {
		bpe.with_normalizer(Some(NFC))
			.map_err(|error| Fault::malformed(error.to_string()))?;
	}
	Ok(Encoder::ByteLevel(Box::new(bpe)))
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

/// Sentence pieces by their scores, and the special tokens among them.
fn sentence_pieces(file: &Gguf<'_>, tokens: &[String]) -> Result<(Encoder, Vec<Special>), Fault> {
	let Some(Value::Floats(scores)) = file.get("tokenizer.ggml.scores").filter(|_| !tokens.is_empty()) else {
		return Err(Fault::malformed(
			"a tokenizer of sentence pieces needs tokenizer.ggml.scores, a list of numbers",
		));
	};
	let kinds = kinds(file, tokens)?;
	if scores.len() != tokens.len() || kinds.len() != tokens.len() {
		return Err(Fault::malformed(format!(
			"expected one of tokenizer.ggml.scores and tokenizer.ggml.token_type for each of the {} tokens, found {} and {}",
			tokens.len(),
			scores.len(),
			kinds.len()
		)));
	}
	let ids = tokens.iter().map(String::as_str).zip(0..);
	let text = ids.zip(kinds).filter(|(_, kind)| [NORMAL, BYTE].contains(kind));
	let bytes = byte_tokens(text.map(|(token, _)| token))?;
	let known = tokens.iter().zip(scores).zip(kinds).zip(0..);
	let normal = known
		.filter(|(((text, _), kind), _)| **kind == NORMAL && byte_of(text).is_none())
		.map(|(((text, score), _), id)| (text.as_str(), id, *score));
	let word_by_word = normal.clone().all(|(text, ..)| word_end(text).is_none());
	let merges = Merges::Scored(ScoredPieces::new(normal, bytes)?);
	let prefix = match file.flag_or("tokenizer.ggml.add_space_prefix", true)? {
		true => Prefix::Each,
		false => Prefix::Never,
	};
	let mut specials = specials(file, tokens, &[CONTROL, UNKNOWN])?;
	for special in &mut specials {
		special.text = special.text.replace(SPACE, " ");
	}
	let pieces = Pieces {
		prefix,
		merges,
		word_by_word,
	};
	Ok((Encoder::Pieces(pieces), specials))
}

/// What kind each token is of; nothing where the file does not say.
fn kinds<'a>(file: &'a Gguf<'_>, tokens: &[String]) -> Result<&'a [i128], Fault> {
	match file.get("tokenizer.ggml.token_type") {
		None => Ok(&[]),
		Some(Value::Integers(kinds)) if kinds.len() == tokens.len() => Ok(kinds),
		Some(_) => Err(Fault::malformed(format!(
			"expected one tokenizer.ggml.token_type for each of the {} tokens",
			tokens.len()
		))),
	}
}

/// The tokens that are matched whole: those of the kinds `controls`, and text that the model's maker defined.
fn specials(file: &Gguf<'_>, tokens: &[String], controls: &[i128]) -> Result<Vec<Special>, Fault> {
	let kinds = kinds(file, tokens)?;
	let is_special = |kind: &i128| *kind == USER_DEFINED || controls.contains(kind);
	let count = kinds.iter().filter(|kind| is_special(kind)).count();
	if count > MAX_SPECIALS {
		return Err(too_many_specials(count, MAX_SPECIALS));
	}
	let known = tokens.iter().zip(kinds).zip(0..);
	Ok(known
		.filter(|((_, kind), _)| is_special(kind))
		.map(|((text, kind), id)| Special {
			text: text.clone(),
			id,
			control: *kind != USER_DEFINED,
			..Special::default()
		})
		.collect())
}
