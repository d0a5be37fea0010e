//! Tokenizers from the `tokenizer.json` of a model folder, and what the files beside it say about special tokens.

use std::collections::BTreeMap;

use serde_json::Value;

use super::pieces::{Merges, Pieces, SPACE};
use super::special::{MAX_SPECIALS, Special};
use super::{Encoder, Parts, TextTokenizer, piece_rules};
use crate::error::Fault;
use crate::folder::Folder;
use crate::tokenizer_parts::{self, too_many_specials};

impl TextTokenizer {
	/// Builds the tokenizer from the files of a folder, for a model of so many tokens.
	pub(crate) fn from_folder(folder: &Folder, vocabulary_size: usize) -> Result<Self, Fault> {
		let json = folder.tokenizer()?;
		let mut specials = added_tokens(&json)?;
		let begins = template_beginning(&json["post_processor"], &specials);
		let vocabulary = vocabulary(&json["model"], &specials, vocabulary_size)?;
		let (encoder, strips_prefix) = encoder(json, &mut specials)?;
		let config = folder.optional("tokenizer_config.json")?;
		let named = |key: &str| {
			let text = config[key].as_str().or(config[key]["content"].as_str())?;
			specials
				.iter()
				.find(|special| special.text == text)
				.map(|special| special.id)
		};
		let beginning = match config["add_bos_token"].as_bool() {
			Some(true) => named("bos_token"),
			Some(false) => None,
			None => begins,
		};
		Ok(Self::new(Parts {
			encoder,
			vocabulary,
			ends: ends(folder, named("eos_token"), vocabulary_size)?,
			named_beginning: named("bos_token").or(begins),
			beginning,
			strips_prefix,
			specials,
		}))
	}
}

/// What makes tokens of text, and whether decoding takes a space away again.
fn encoder(json: Value, specials: &mut [Special]) -> Result<(Encoder, bool), Fault> {
	let model = &json["model"];
	let byte_level = [&json["decoder"], &json["pre_tokenizer"]]
		.iter()
		.any(|part| part.to_string().contains("\"ByteLevel\""));
	if model["type"].as_str() == Some("BPE") && byte_level {
		return Ok((byte_level_encoder(json)?, false));
	}
	if model["type"].as_str() != Some("BPE") || model["byte_fallback"].as_bool() != Some(true) {
		return Err(Fault::unsupported(format!(
			"its tokenizer.json is of type {}; supported are byte-level BPE, and BPE of sentence pieces with byte_fallback",
			model["type"]
		)));
	}
	let rules = piece_rules::rules(&json)?;
	let (bpe, word_by_word) = piece_rules::ranked(model, specials)?;
	for special in specials {
		special.text = special.text.replace(SPACE, " ");
	}
	let pieces = Pieces {
		prefix: rules.prefix,
		merges: Merges::Ranked(Box::new(bpe)),
		word_by_word,
	};
	Ok((Encoder::Pieces(pieces), rules.strips_prefix))
}

/// Words of bytes, as the file describes them.
fn byte_level_encoder(mut json: Value) -> Result<Encoder, Fault> {
	tokenizer_parts::check_preparation(&json)?;
	tokenizer_parts::check_byte_pairs(&json["model"])?;
	// Special tokens are found apart from the rest; length is not the tokenizer's to change.
	for key in ["added_tokens", "post_processor", "decoder", "truncation", "padding"] {
		json[key] = if key == "added_tokens" {
			Value::Array(Vec::new())
		} else {
			Value::Null
		};
	}
	let bpe = tokenizers::Tokenizer::from_bytes(json.to_string())
		.map_err(|error| Fault::malformed(format!("tokenizer.json cannot be used: {error}")))?;
	Ok(Encoder::ByteLevel(Box::new(bpe)))
}

/// All tokens, in the order of their ids.
fn vocabulary(model: &Value, specials: &[Special], size: usize) -> Result<Vec<Option<String>>, Fault> {
	let mut vocabulary: Vec<Option<String>> = vec![None; size];
	let known = model["vocab"].as_object().into_iter().flatten();
	let ids = known.map(|(text, id)| (text.clone(), id.as_u64(), false));
	let added = specials
		.iter()
		.map(|special| (special.text.clone(), Some(u64::from(special.id)), true));
	for (text, id, is_added) in ids.chain(added) {
		let place = id.and_then(|id| vocabulary.get_mut(usize::try_from(id).ok()?));
		let Some(place) = place else {
			return Err(Fault::malformed(format!(
				"tokenizer.json gives {text:?} the id {id:?}, but the model has {size} tokens: they do not belong together"
			)));
		};
		if let Some(other) = place.as_ref().filter(|_| !is_added) {
			return Err(Fault::malformed(format!(
				"tokenizer.json gives {text:?} and {other:?} the same id"
			)));
		}
		*place = Some(text);
	}
	Ok(vocabulary)
}

/// The tokens that are matched whole.
fn added_tokens(json: &Value) -> Result<Vec<Special>, Fault> {
	let entries = json["added_tokens"].as_array().map_or(&[][..], Vec::as_slice);
	if entries.len() > MAX_SPECIALS {
		return Err(too_many_specials(entries.len(), MAX_SPECIALS));
	}
	entries
		.iter()
		.map(|entry| {
			let id = entry["id"].as_u64().and_then(|id| u32::try_from(id).ok());
			match (entry["content"].as_str(), id) {
				(Some(text), Some(id)) => Ok(Special {
					text: text.to_owned(),
					id,
					control: entry["special"].as_bool() == Some(true),
					strips_left: entry["lstrip"].as_bool() == Some(true),
					strips_right: entry["rstrip"].as_bool() == Some(true),
				}),
				_ => Err(Fault::malformed(format!(
					"tokenizer.json has the added token {entry}, expected content and id"
				))),
			}
		})
		.collect()
}

/// The special token that a template puts before every text.
fn template_beginning(processor: &Value, specials: &[Special]) -> Option<u32> {
	let mut processors = processor["processors"]
		.as_array()
		.into_iter()
		.flatten()
		.chain([processor]);
	let single = processors.find_map(|processor| processor["single"].as_array())?;
	let text = single.first()?["SpecialToken"]["id"].as_str()?;
	specials
		.iter()
		.find(|special| special.text == text)
		.map(|special| special.id)
}

/// Tokens that end an answer: the tokenizer's own, then those of the other two files.
fn ends(folder: &Folder, own: Option<u32>, vocabulary_size: usize) -> Result<Vec<u32>, Fault> {
	let mut ends: BTreeMap<u32, ()> = BTreeMap::new();
	for json in [folder.optional("generation_config.json")?, folder.config()?] {
		let ids = match &json["eos_token_id"] {
			Value::Array(ids) => ids.clone(),
			Value::Null => Vec::new(),
			id => vec![id.clone()],
		};
		for id in ids {
			match id.as_u64().and_then(|id| u32::try_from(id).ok()) {
				Some(id) if (id as usize) < vocabulary_size => ends.insert(id, ()),
				_ => {
					return Err(Fault::malformed(format!(
						"eos_token_id is {id}, expected less than {vocabulary_size}"
					)));
				}
			};
		}
	}
	let others = ends.into_keys().filter(|id| Some(*id) != own);
	Ok(own.into_iter().chain(others).collect())
}
