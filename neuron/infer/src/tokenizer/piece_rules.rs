//! What a `tokenizer.json` of sentence pieces says: where spaces go, and which pieces merge.
//!
//! Such files say with normalizers, pre-tokenizers and decoders what is done here without them, so of each
//! only the ways that sentence pieces are written in are taken.

use std::collections::HashSet;

use serde_json::{Value, json};
use tokenizers::models::bpe::{BPE, Vocab};

use super::pieces::{Prefix, SPACE, byte_of, byte_tokens, word_end};
use super::special::Special;
use crate::error::Fault;
use crate::tokenizer_parts::{check_merge, check_off, merges, parts, quoted, shortened};

/// The longest piece, in bytes.
const MAX_PIECE_BYTES: usize = 1 << 16;

/// Where spaces are put before texts, and taken away.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct PieceRules {
	pub(super) prefix: Prefix,
	/// Whether decoding takes away a space before a text.
	pub(super) strips_prefix: bool,
}

/// Reads the parts around the model.
pub(super) fn rules(json: &Value) -> Result<PieceRules, Fault> {
	let prefix = match &json["pre_tokenizer"] {
		Value::Null => normalizer(&json["normalizer"])?,
		part if json["normalizer"].is_null() => metaspace(part)?,
		part => return Err(unsupported("pre_tokenizer beside a normalizer", part)),
	};
	Ok(PieceRules {
		prefix,
		strips_prefix: decoder(&json["decoder"])?,
	})
}

fn unsupported(what: &str, part: &Value) -> Fault {
	Fault::unsupported(format!(
		"its tokenizer.json has the {what} {}; supported are those that write a space as {SPACE:?}",
		quoted(part)
	))
}

/// `▁` for spaces, and perhaps before each part.
fn normalizer(part: &Value) -> Result<Prefix, Fault> {
	let replace = json!({ "type": "Replace", "pattern": { "String": " " }, "content": SPACE });
	let prepend = json!({ "type": "Prepend", "prepend": SPACE });
	match parts(part, ("normalizer", "normalizers"))?.as_slice() {
		[only] if **only == replace => Ok(Prefix::Never),
		[first, second] if **first == prepend && **second == replace => Ok(Prefix::Each),
		_ => Err(unsupported("normalizer", part)),
	}
}

/// `▁` for spaces, and perhaps before a text, without cutting it.
fn metaspace(part: &Value) -> Result<Prefix, Fault> {
	let [part] = parts(part, ("pre_tokenizer", "pretokenizers"))?[..] else {
		return Err(unsupported("pre_tokenizer", part));
	};
	if part["type"] != "Metaspace" || part["replacement"] != json!(SPACE) || part["split"] != false {
		return Err(unsupported("pre_tokenizer", part));
	}
	match (part["prepend_scheme"].as_str(), &part["add_prefix_space"]) {
		(Some("first"), Value::Null | Value::Bool(true)) => Ok(Prefix::First),
		(Some("always"), Value::Null | Value::Bool(true)) => Ok(Prefix::Lacking),
		(Some("never"), Value::Null | Value::Bool(false)) => Ok(Prefix::Never),
		(None, Value::Bool(true)) if part["prepend_scheme"].is_null() => Ok(Prefix::Lacking),
		_ => Err(unsupported("pre_tokenizer", part)),
	}
}

/// Spaces for `▁`, bytes for what spells them, and perhaps no space at the beginning.
fn decoder(part: &Value) -> Result<bool, Fault> {
	let replace = json!({ "type": "Replace", "pattern": { "String": SPACE }, "content": " " });
	let strip = json!({ "type": "Strip", "content": " ", "start": 1, "stop": 0 });
	let kind = |kind: &str| json!({ "type": kind });
	let common = [replace, kind("ByteFallback"), kind("Fuse")];
	let found = parts(part, ("decoder", "decoders"))?;
	let (shared, rest) = found.split_at(found.len().min(common.len()));
	match rest {
		_ if !shared.iter().copied().eq(&common) => Err(unsupported("decoder", part)),
		[] => Ok(false),
		[last] if **last == strip => Ok(true),
		_ => Err(unsupported("decoder", part)),
	}
}

/// The merges, by their ranks, and whether none makes a piece that goes on from a word to the next space. What
/// steers the model, and bytes, cannot be put together of text.
pub(super) fn ranked(model: &Value, specials: &[Special]) -> Result<(BPE, bool), Fault> {
	let others = [
		"dropout",
		"continuing_subword_prefix",
		"end_of_word_suffix",
		"ignore_merges",
	];
	check_off(model, &others)?;
	let controls: HashSet<&str> = specials
		.iter()
		.filter(|special| special.control)
		.map(|special| special.text.as_str())
		.collect();
	let mut vocabulary = Vocab::default();
	for (text, id) in model["vocab"].as_object().into_iter().flatten() {
		let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
		match id {
			Some(id) if text.len() <= MAX_PIECE_BYTES => vocabulary.insert(text.clone(), id),
			_ => {
				return Err(Fault::malformed(format!(
					"tokenizer.json has the token {} of {} bytes, expected an id and {MAX_PIECE_BYTES} bytes at most",
					shortened(text),
					text.len()
				)));
			}
		};
	}
	let mut pairs = Vec::new();
	for merge in merges(model)? {
		let (left, right) = merge?;
		check_merge(left, right, |text| vocabulary.contains_key(text))?;
		let joined = format!("{left}{right}");
		let is_text = |text: &str| !controls.contains(text) && byte_of(text).is_none();
		if [left, right, joined.as_str()].into_iter().all(is_text) {
			pairs.push((left.to_owned(), right.to_owned()));
		}
	}
	vocabulary.retain(|text, _| !controls.contains(text.as_str()));
	byte_tokens(vocabulary.iter().map(|(text, id)| (text.as_str(), *id)))?;
	let word_by_word = vocabulary.keys().all(|text| word_end(text).is_none());
	// Texts may come whole, which seldom come again: a cache of them would only hold on to them.
	let bpe = BPE::builder()
		.vocab_and_merges(vocabulary, pairs)
		.byte_fallback(true)
		.cache_capacity(0)
		.build()
		.map_err(|error| Fault::malformed(format!("its merges do not fit its vocabulary: {error}")))?;
	Ok((bpe, word_by_word))
}
