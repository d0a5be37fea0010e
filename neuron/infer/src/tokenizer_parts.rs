//! Which parts a `tokenizer.json` may be put together from.
//!
//! The library that runs them trusts the file: some parts panic over settings that make no sense, some make tokens by chance,
//! and some need memory without bound. So only what models of the families here are made of gets to it, checked.

use std::collections::HashSet;

use serde_json::Value;

use crate::error::Fault;

/// Merges of one vocabulary.
const MAX_MERGES: usize = 4 << 20;
/// Parts within parts.
const MAX_DEPTH: usize = 4;
/// Characters that an error quotes of a file.
const MAX_QUOTE_CHARS: usize = 64;

/// Normalizers that change characters by Unicode's rules alone.
const NORMALIZERS: [&str; 7] = [
	"NFC",
	"NFD",
	"NFKC",
	"NFKD",
	"Lowercase",
	"StripAccents",
	"BertNormalizer",
];
const PRE_TOKENIZERS: [&str; 7] = [
	"ByteLevel",
	"Digits",
	"Split",
	"Punctuation",
	"Whitespace",
	"WhitespaceSplit",
	"BertPreTokenizer",
];
const PROCESSORS: [&str; 2] = ["TemplateProcessing", "BertProcessing"];

/// Checks what comes before the model of a tokenizer: normalizer and pre-tokenizer.
pub(crate) fn check_preparation(json: &Value) -> Result<(), Fault> {
	each(&json["normalizer"], ("normalizer", "normalizers"), MAX_DEPTH, &|part| {
		known(part, "normalizer", &NORMALIZERS)
	})?;
	let keys = ("pre_tokenizer", "pretokenizers");
	each(&json["pre_tokenizer"], keys, MAX_DEPTH, &|part| {
		known(part, "pre_tokenizer", &PRE_TOKENIZERS)?;
		let pattern = &part["pattern"];
		let is_empty = [&pattern["String"], &pattern["Regex"]]
			.iter()
			.any(|text| text.as_str() == Some(""));
		if part["type"] == "Split" && is_empty {
			return Err(Fault::malformed("tokenizer.json splits at a pattern of no characters"));
		}
		Ok(())
	})
}

/// Checks a model of byte pairs.
pub(crate) fn check_byte_pairs(model: &Value) -> Result<(), Fault> {
	check_off(
		model,
		&[
			"dropout",
			"continuing_subword_prefix",
			"end_of_word_suffix",
			"byte_fallback",
		],
	)?;
	let vocabulary: HashSet<&str> = model["vocab"]
		.as_object()
		.into_iter()
		.flatten()
		.map(|(text, _)| text.as_str())
		.collect();
	for merge in merges(model)? {
		let (left, right) = merge?;
		check_merge(left, right, |text| vocabulary.contains(text))?;
	}
	Ok(())
}

/// Checks that a model does without some of what the library can do.
pub(crate) fn check_off(model: &Value, keys: &[&str]) -> Result<(), Fault> {
	let is_off = |value: &Value| value.is_null() || value == "" || value == false || value.as_f64() == Some(0.0);
	match keys.iter().find(|key| !is_off(&model[**key])) {
		None => Ok(()),
		Some(key) => Err(Fault::unsupported(format!(
			"{key} of tokenizer.json is {}; supported are models of its kind without it",
			quoted(&model[*key])
		))),
	}
}

/// The merges of a model of byte pairs, in the order of their ranks.
pub(crate) fn merges(model: &Value) -> Result<impl Iterator<Item = Result<(&str, &str), Fault>>, Fault> {
	let merges = model["merges"].as_array().map_or(&[][..], Vec::as_slice);
	if merges.len() > MAX_MERGES {
		return Err(Fault::unsupported(format!(
			"its tokenizer.json has {} merges; supported are {MAX_MERGES}",
			merges.len()
		)));
	}
	Ok(merges.iter().map(|merge| {
		let pair = match merge {
			Value::String(text) => text.split_once(' '),
			pair => pair[0].as_str().zip(pair[1].as_str()),
		};
		pair.ok_or_else(|| Fault::malformed(format!("the merge {} is not two tokens", quoted(merge))))
	}))
}

pub(crate) fn too_many_specials(count: usize, limit: usize) -> Fault {
	Fault::unsupported(format!("it has {count} special tokens; supported are {limit}"))
}

/// Checks that a merge makes a token of two tokens.
pub(crate) fn check_merge(left: &str, right: &str, is_token: impl Fn(&str) -> bool) -> Result<(), Fault> {
	let joined = format!("{left}{right}");
	match [left, right, &joined].into_iter().find(|text| !is_token(text)) {
		None => Ok(()),
		Some(missing) => Err(Fault::malformed(format!(
			"its merges do not fit its vocabulary: the merge of {} and {} needs the token {}, which is not there",
			shortened(left),
			shortened(right),
			shortened(missing)
		))),
	}
}

/// Checks a model of word pieces, and what is put around a text.
pub(crate) fn check_word_pieces(json: &Value) -> Result<(), Fault> {
	let kind = &json["model"]["type"];
	if kind != "WordPiece" {
		return Err(Fault::unsupported(format!(
			"its tokenizer.json is of type {}; supported is WordPiece",
			quoted(kind)
		)));
	}
	let keys = ("post_processor", "processors");
	each(&json["post_processor"], keys, MAX_DEPTH, &|part| {
		known(part, "post_processor", &PROCESSORS)?;
		if part["type"] != "TemplateProcessing" {
			return Ok(());
		}
		let mut pieces = part["single"].as_array().into_iter().flatten();
		pieces.try_for_each(|piece| check_piece(piece, &part["special_tokens"]))
	})
}

/// A piece of what is put around a text: the text, or a token that the part describes.
fn check_piece(piece: &Value, specials: &Value) -> Result<(), Fault> {
	let is_text = piece["Sequence"]["id"] == "A";
	let special = piece["SpecialToken"]["id"].as_str();
	if is_text || special.is_some_and(|id| specials[id].is_object()) {
		return Ok(());
	}
	Err(Fault::malformed(format!(
		"the post_processor of tokenizer.json has the piece {}, expected the text A or one of its special tokens",
		quoted(piece)
	)))
}

/// The part, or all parts of a sequence, in order.
pub(crate) fn parts<'a>(part: &'a Value, keys: (&str, &str)) -> Result<Vec<&'a Value>, Fault> {
	let found = std::cell::RefCell::new(Vec::new());
	each(part, keys, MAX_DEPTH, &|part| {
		found.borrow_mut().push(part);
		Ok(())
	})?;
	Ok(found.into_inner())
}

/// Looks at a part, or at all parts of a sequence.
fn each<'a>(
	part: &'a Value,
	(key, parts): (&str, &str),
	depth: usize,
	check: &dyn Fn(&'a Value) -> Result<(), Fault>,
) -> Result<(), Fault> {
	if part.is_null() {
		return Ok(());
	}
	if part["type"] != "Sequence" {
		return check(part);
	}
	if depth == 0 {
		return Err(Fault::malformed(format!(
			"the {key} of tokenizer.json has sequences within sequences, {MAX_DEPTH} deep are taken"
		)));
	}
	let mut inner = part[parts].as_array().into_iter().flatten();
	inner.try_for_each(|part| each(part, (key, parts), depth - 1, check))
}

fn known(part: &Value, key: &str, names: &[&str]) -> Result<(), Fault> {
	match part["type"].as_str() {
		Some(name) if names.contains(&name) => Ok(()),
		_ => Err(Fault::unsupported(format!(
			"the {key} of tokenizer.json is of type {}; supported are {}",
			quoted(&part["type"]),
			names.join(", ")
		))),
	}
}

pub(crate) fn quoted(value: &Value) -> String {
	value.to_string().chars().take(MAX_QUOTE_CHARS).collect()
}

pub(crate) fn shortened(text: &str) -> String {
	format!("{:?}", text.chars().take(MAX_QUOTE_CHARS).collect::<String>())
}

#[cfg(test)]
mod tests {
	use serde_json::json;

	use super::*;

	fn refusal(result: Result<(), Fault>) -> String {
		format!("{:?}", result.unwrap_err())
	}

	/// Each of them made the library panic, or fill memory, or take tokens by chance.
	#[test]
	fn parts_that_nobody_here_is_made_of_are_refused_by_name() {
		let prepared = |key: &str, part: Value| check_preparation(&json!({ key: part }));
		for (key, part, expected) in [
			(
				"normalizer",
				json!({"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
				"Precompiled",
			),
			(
				"normalizer",
				json!({"type": "Replace", "pattern": {"String": ""}, "content": "xx"}),
				"Replace",
			),
			(
				"normalizer",
				json!({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Prepend"}]}),
				"Prepend",
			),
			("normalizer", json!({"kind": 7}), "null"),
			(
				"pre_tokenizer",
				json!({"type": "FixedLength", "length": 0}),
				"FixedLength",
			),
			(
				"pre_tokenizer",
				json!({"type": "Split", "pattern": {"String": ""}}),
				"no characters",
			),
		] {
			let refused = refusal(prepared(key, part));
			assert!(refused.contains(expected), "{refused}");
		}
		let mut deep = json!({"type": "NFC"});
		for _ in 0..=MAX_DEPTH {
			deep = json!({"type": "Sequence", "normalizers": [deep]});
		}
		assert!(refusal(prepared("normalizer", deep)).contains("4 deep"));
		let real = json!({"type": "Sequence", "pretokenizers": [{"type": "Digits"}, {"type": "Split", "pattern": {"Regex": "\\s"}}, {"type": "ByteLevel"}]});
		assert!(prepared("pre_tokenizer", real).is_ok() && check_preparation(&json!({})).is_ok());
	}

	#[test]
	fn merges_make_tokens_of_tokens() {
		let model = |more: Value| {
			let mut model = json!({"vocab": {"T": 0, "h": 1, "e": 2, "he": 3}, "merges": ["h e"]});
			model.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
			check_byte_pairs(&model)
		};
		for sound in [
			json!({}),
			json!({"merges": [["h", "e"]], "dropout": null, "byte_fallback": false, "end_of_word_suffix": ""}),
		] {
			assert!(model(sound).is_ok());
		}
		for (more, expected) in [
			(json!({"merges": [["h", "e"], ["T", "he"]]}), "\\\"The\\\""),
			(json!({"merges": ["x e"]}), "\\\"x\\\""),
			(json!({"merges": ["h"]}), "not two tokens"),
			(json!({"merges": [7]}), "not two tokens"),
			(json!({"continuing_subword_prefix": "##"}), "continuing_subword_prefix"),
			(json!({"dropout": 0.5}), "dropout"),
		] {
			let refused = refusal(model(more));
			assert!(refused.contains(expected), "{refused}");
		}
	}

	#[test]
	fn templates_name_tokens_that_they_describe() {
		let with = |single: Value| {
			check_word_pieces(&json!({
				"model": {"type": "WordPiece"},
				"post_processor": {"type": "TemplateProcessing", "single": single, "special_tokens": {"[CLS]": {}}},
			}))
		};
		let token = |id: &str| json!({"SpecialToken": {"id": id, "type_id": 0}});
		let text = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
		assert!(with(json!([token("[CLS]"), text("A")])).is_ok());
		for single in [json!([token("[SEP]")]), json!([text("B")]), json!(["$B"])] {
			assert!(refusal(with(single)).contains("expected the text A"));
		}
		assert!(refusal(check_word_pieces(&json!({"model": {"type": "Unigram"}}))).contains("Unigram"));
	}
}
