//! Sentence pieces, against what SentencePiece itself makes of the same texts (`tests/pieces/make.py`).

use std::collections::BTreeMap;
use std::io::Cursor;

use candle_core::quantized::gguf_file;
use serde_json::{Value, json};

use super::TextTokenizer;
use crate::error::Fault;
use crate::folder::Folder;
use crate::gguf::Gguf;

/// A small vocabulary of our own texts.
const SMALL: &str = include_str!("../../tests/pieces/small.json");

const BEGINNING: u32 = 1;

fn small() -> Value {
	serde_json::from_str(SMALL).unwrap()
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
	list.as_array().unwrap().iter().map(|text| text.as_str().unwrap())
}

fn ids(list: &Value) -> Vec<u32> {
	let ids = list.as_array().unwrap().iter();
	ids.map(|id| u32::try_from(id.as_u64().unwrap()).unwrap()).collect()
}

/// The vocabulary as a GGUF file has it, with other entries in place of some or besides.
fn from_gguf(vectors: &Value, more: &[(&str, gguf_file::Value)]) -> Result<TextTokenizer, Fault> {
	use gguf_file::Value as Entry;
	let tokens = texts(&vectors["tokens"]).map(|text| Entry::String(text.to_owned()));
	let scores = vectors["scores"].as_array().unwrap().iter();
	let mut entries = BTreeMap::from([
		("tokenizer.ggml.model", Entry::String("llama".to_owned())),
		("tokenizer.ggml.tokens", Entry::Array(tokens.collect())),
		(
			"tokenizer.ggml.scores",
			Entry::Array(scores.map(|score| Entry::F32(score.as_f64().unwrap() as f32)).collect()),
		),
		(
			"tokenizer.ggml.token_type",
			Entry::Array(ids(&vectors["token_types"]).into_iter().map(Entry::U32).collect()),
		),
		("tokenizer.ggml.bos_token_id", Entry::U32(BEGINNING)),
		("tokenizer.ggml.eos_token_id", Entry::U32(2)),
	]);
	entries.extend(more.iter().cloned());
	let entries: Vec<(&str, &Entry)> = entries.iter().map(|(key, value)| (*key, value)).collect();
	let mut bytes = Cursor::new(Vec::new());
	gguf_file::write(&mut bytes, &entries, &[]).unwrap();
	TextTokenizer::read(&Gguf::parse(bytes.get_ref()).unwrap())
}

/// The vocabulary as a folder has it.
fn from_folder(vectors: &Value, change: impl FnOnce(&mut Value)) -> Result<TextTokenizer, Fault> {
	let mut tokenizer = vectors["tokenizer"].clone();
	change(&mut tokenizer);
	let config = json!({ "eos_token_id": 2 });
	let settings = json!({ "add_bos_token": true, "bos_token": "<s>" });
	let files = [
		("tokenizer.json", tokenizer),
		("config.json", config),
		("tokenizer_config.json", settings),
	];
	let files = files.map(|(name, json)| (name.to_owned(), json.to_string().into_bytes()));
	TextTokenizer::from_folder(&Folder::of(files.into())?, vectors["tokens"].as_array().unwrap().len())
}

/// The rule of newer files: a space before the very beginning alone.
fn newer(vectors: &Value) -> TextTokenizer {
	from_folder(vectors, |json| {
		json["normalizer"] = Value::Null;
		json["pre_tokenizer"] = vectors["newer_pre_tokenizer"].clone();
		json["decoder"] = vectors["newer_decoder"].clone();
	})
	.unwrap()
}

fn decoded(tokenizer: &TextTokenizer, tokens: &[u32]) -> String {
	tokenizer.decode(&[&[BEGINNING], tokens].concat()).unwrap()
}

/// Compares every text of the file; returns how many there are.
fn compare(vectors: &Value) -> usize {
	let scored = from_gguf(vectors, &[]).unwrap();
	let ranked = from_folder(vectors, |_| ()).unwrap();
	let newer = newer(vectors);
	let encode = |tokenizer: &TextTokenizer, text: &str| tokenizer.encode_specials(text).unwrap();
	let plain = vectors["plain"].as_array().unwrap();
	for case in plain {
		let (text, back) = (case[0].as_str().unwrap(), case[3].as_str().unwrap());
		let (own, first) = (ids(&case[1]), ids(&case[2]));
		assert_eq!(encode(&scored, text), own, "scores: {text:?}");
		assert_eq!(encode(&ranked, text), own, "ranks: {text:?}");
		assert_eq!(encode(&newer, text), first, "newer rule: {text:?}");
		assert_eq!(decoded(&scored, &own), back, "{text:?}");
		assert_eq!(decoded(&ranked, &own), back, "{text:?}");
		let begun = [&[BEGINNING], own.as_slice()].concat();
		assert_eq!(scored.encode(text).unwrap(), begun, "{text:?}");
	}
	let special = vectors["special"].as_array().unwrap();
	let kinds = ids(&vectors["token_types"]);
	for case in special {
		let text = case[0].as_str().unwrap();
		assert_eq!(encode(&scored, text), ids(&case[1]), "scores: {text:?}");
		assert_eq!(encode(&ranked, text), ids(&case[1]), "ranks: {text:?}");
		assert_eq!(encode(&newer, text), ids(&case[2]), "newer rule: {text:?}");
		// What a user spells stays text.
		let shown = text.replace('▁', " ");
		for tokenizer in [&scored, &ranked, &newer] {
			let tokens = encode(tokenizer, &tokenizer.mark(text, false));
			let is_text = |token: &u32| kinds[*token as usize] == 1 || kinds[*token as usize] == 6;
			assert!(tokens.iter().all(is_text), "{text:?}: {tokens:?}");
			let back = decoded(tokenizer, &tokens);
			// The newer rule takes a text's own space for the one that it puts there.
			let own = shown.strip_prefix(' ').unwrap_or(&shown);
			assert!(back == shown || back == own, "{text:?}: {back:?}");
		}
	}
	plain.len() + special.len()
}

#[test]
fn sentence_pieces_are_those_that_sentencepiece_makes() {
	assert_eq!(compare(&small()), 120);
}

#[test]
#[ignore = "needs SENTENCE_PIECE_VECTORS, a file that tests/pieces/make.py writes of a model that is not ours"]
fn real_vocabularies() {
	let path = std::env::var("SENTENCE_PIECE_VECTORS").expect("SENTENCE_PIECE_VECTORS names a file");
	let vectors: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
	let tokens = vectors["tokens"].as_array().unwrap().len();
	println!("{path}: {tokens} tokens, {} texts agree", compare(&vectors));
}

/// Only where a text begins is the space in front of it no part of it.
#[test]
fn an_answer_keeps_its_first_space_and_a_text_does_not_get_one() {
	let scored = from_gguf(&small(), &[]).unwrap();
	let tokens = scored.encode("the network is there").unwrap();
	assert_eq!(scored.decode(&tokens).unwrap(), "the network is there");
	assert_eq!(scored.decode(&tokens[1..]).unwrap(), " the network is there");
	// An answer and its prompt put together are one text again.
	for cut in 2..tokens.len() {
		let (prompt, answer) = tokens.split_at(cut);
		let [prompt, answer] = [prompt, answer].map(|tokens| scored.decode(tokens).unwrap());
		assert_eq!(prompt + &answer, "the network is there");
	}
	// Token by token it is the same, also where a model begins anew.
	for tokens in [
		&tokens[..],
		&tokens[1..],
		&[&tokens[3..], &tokens[..4]].concat(),
		&[BEGINNING, BEGINNING, tokens[1]],
	] {
		let pieces = (0..tokens.len()).flat_map(|place| scored.piece_after(&tokens[..place], tokens[place]));
		let streamed: Vec<u8> = pieces.copied().collect();
		assert_eq!(String::from_utf8(streamed).unwrap(), scored.decode(tokens).unwrap());
	}
	let bare = from_gguf(
		&small(),
		&[("tokenizer.ggml.add_space_prefix", gguf_file::Value::Bool(false))],
	)
	.unwrap();
	assert_ne!(bare.encode("the").unwrap(), scored.encode("the").unwrap());
	for text in ["the", " the", ""] {
		assert_eq!(bare.decode(&bare.encode(text).unwrap()).unwrap(), text);
	}
	let late = from_gguf(
		&small(),
		&[("tokenizer.ggml.add_bos_token", gguf_file::Value::Bool(false))],
	)
	.unwrap();
	assert_eq!(late.encode("the").unwrap(), scored.encode("the").unwrap()[1..]);
	assert_eq!((late.beginning(), late.named_beginning()), (None, Some(BEGINNING)));
}

/// Where newer files want the space: before every part that has none.
#[test]
fn spaces_are_put_where_they_lack() {
	let with = |scheme: Value| {
		from_folder(&small(), |json| {
			json["normalizer"] = Value::Null;
			json["pre_tokenizer"] = json!({ "type": "Metaspace", "replacement": "▁", "split": false });
			let part = json["pre_tokenizer"].as_object_mut().unwrap();
			part.extend(scheme.as_object().unwrap().clone());
		})
		.unwrap()
	};
	let parts = |tokenizer: &TextTokenizer| {
		let tokens = tokenizer.encode_specials("a</s>a</s> a").unwrap();
		let parts = tokens.split(|token| *token == 2);
		let texts: Vec<String> = parts.map(|part| tokenizer.decode(part).unwrap()).collect();
		texts.concat()
	};
	assert_eq!(parts(&with(json!({ "prepend_scheme": "always" }))), " a a a");
	assert_eq!(parts(&with(json!({ "add_prefix_space": true }))), " a a a");
	assert_eq!(parts(&with(json!({ "prepend_scheme": "first" }))), " aa a");
	assert_eq!(parts(&with(json!({ "prepend_scheme": "never" }))), "aa a");
	assert_eq!(parts(&from_folder(&small(), |_| ()).unwrap()), " a a  a");
}

/// Pieces of more than a word (`s▁`) merge too, where a vocabulary has them.
#[test]
fn pieces_may_go_on_after_a_space() {
	let mut vectors = small();
	let last = vectors["tokens"].as_array().unwrap().len();
	let ends = texts(&vectors["tokens"])
		.filter(|piece| ["s", "t", "▁"].contains(piece))
		.count();
	assert_eq!(ends, 3, "the parts of the new piece");
	for (key, value) in [
		("tokens", json!("s▁")),
		("scores", json!(1.0)),
		("token_types", json!(1)),
	] {
		vectors[key].as_array_mut().unwrap().push(value);
	}
	vectors["tokenizer"]["model"]["vocab"]["s▁"] = json!(last);
	let merges = vectors["tokenizer"]["model"]["merges"].as_array_mut().unwrap();
	merges.insert(0, json!(["s", "▁"]));
	for tokenizer in [
		from_gguf(&vectors, &[]).unwrap(),
		from_folder(&vectors, |_| ()).unwrap(),
	] {
		let tokens = tokenizer.encode("is this it").unwrap();
		assert_eq!(
			tokens.iter().filter(|token| **token as usize == last).count(),
			2,
			"{tokens:?}"
		);
		assert_eq!(tokenizer.decode(&tokens).unwrap(), "is this it");
	}
}

/// Bytes of one character come in several tokens.
#[test]
fn bytes_become_characters() {
	let scored = from_gguf(&small(), &[]).unwrap();
	let tokens = scored.encode_specials("🙂").unwrap();
	assert_eq!(tokens.len(), 5, "a space and four bytes: {tokens:?}");
	assert_eq!(scored.decode(&tokens[1..]).unwrap(), "🙂");
	assert_eq!(scored.decode(&tokens[1..3]).unwrap(), "\u{fffd}");
	assert_eq!(scored.piece_after(&[], tokens[1]), [0xf0]);
}

/// Special tokens that are text, and those that swallow the white space around them.
#[test]
fn special_tokens_keep_their_habits() {
	let strip = from_folder(&small(), |json| {
		let added = json["added_tokens"].as_array_mut().unwrap();
		let inst = added.iter_mut().find(|entry| entry["content"] == "[INST]").unwrap();
		inst["rstrip"] = json!(true);
		inst["lstrip"] = json!(true);
		inst["special"] = json!(false);
	})
	.unwrap();
	let tokens = strip.encode("a \n[INST]\n b").unwrap();
	assert_eq!(strip.decode(&tokens).unwrap(), "a[INST] b");
	assert_eq!(tokens.iter().filter(|token| **token == 3).count(), 1, "{tokens:?}");
	let spelled = strip.encode(&strip.mark("a [INST] b", false)).unwrap();
	assert!(!spelled.contains(&3));
	assert_eq!(strip.decode(&spelled).unwrap(), "a [INST] b");
	assert!(strip.encode(&strip.mark("a [INST] b", true)).unwrap().contains(&3));
}

fn refusal(result: Result<TextTokenizer, Fault>) -> String {
	format!("{:?}", result.unwrap_err())
}

#[test]
fn gguf_vocabularies_that_cannot_be_right_are_refused() {
	use gguf_file::Value as Entry;
	let vectors = small();
	let count = vectors["tokens"].as_array().unwrap().len();
	let refused = |key: &str, entry: Entry| refusal(from_gguf(&vectors, &[(key, entry)]));
	let scores = |score: f32, count: usize| Entry::Array(vec![Entry::F32(score); count]);
	for (key, entry, expected) in [
		("tokenizer.ggml.scores", Entry::U32(1), "a list of numbers"),
		("tokenizer.ggml.scores", scores(0.0, count - 1), "expected one of"),
		("tokenizer.ggml.scores", scores(f32::NAN, count), "NaN"),
		(
			"tokenizer.ggml.token_type",
			Entry::Array(vec![Entry::I32(1); 3]),
			"token_type for each",
		),
		(
			"tokenizer.ggml.token_type",
			Entry::Array(vec![Entry::I32(3); count]),
			"no token <0x00>",
		),
		(
			"tokenizer.ggml.model",
			Entry::String("t5".to_owned()),
			"supported are \\\"gpt2\\\"",
		),
		("tokenizer.ggml.add_space_prefix", Entry::U32(1), "a flag"),
	] {
		let refused = refused(key, entry);
		assert!(refused.contains(expected), "{refused}");
	}
	let mut changed = small();
	changed["tokens"][count - 1] = changed["tokens"][count - 2].clone();
	assert!(refusal(from_gguf(&changed, &[])).contains("twice"));
}

/// Sentence pieces are told by parts that the library runs for others; here only the known ones are taken.
#[test]
fn files_that_do_more_to_a_text_are_refused() {
	let vectors = small();
	let refused = |key: &str, part: Value| refusal(from_folder(&vectors, |json| json[key] = part));
	let replace = |pattern: Value, content: &str| json!({ "type": "Replace", "pattern": pattern, "content": content });
	let space = json!({ "String": " " });
	let metaspace = |more: Value| {
		let mut part = json!({ "type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false });
		part.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
		part
	};
	let normalizers = [
		Value::Null,
		json!({ "type": "Prepend", "prepend": "▁" }),
		replace(json!({ "Regex": " " }), "▁"),
		replace(json!({ "String": "" }), "▁"),
		replace(space.clone(), &"▁".repeat(1_000)),
		json!({ "type": "Sequence", "normalizers": [{ "type": "Prepend", "prepend": "▁▁" }, replace(space.clone(), "▁")] }),
		json!({ "type": "Sequence", "normalizers": [{ "type": "NFKC" }, replace(space, "▁")] }),
	];
	for part in normalizers {
		assert!(refused("normalizer", part).contains("normalizer"));
	}
	assert!(refused("pre_tokenizer", metaspace(json!({}))).contains("beside a normalizer"));
	for more in [
		json!({ "split": true }),
		json!({ "split": null }),
		json!({ "replacement": "_" }),
		json!({ "prepend_scheme": "last" }),
		json!({ "add_prefix_space": false }),
		json!({ "type": "Whitespace" }),
	] {
		let change = |json: &mut Value| {
			json["normalizer"] = Value::Null;
			json["pre_tokenizer"] = metaspace(more.clone());
		};
		assert!(
			refusal(from_folder(&vectors, change)).contains("pre_tokenizer"),
			"{more}"
		);
	}
	for part in [
		Value::Null,
		json!({ "type": "ByteFallback" }),
		json!({ "type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false }),
	] {
		assert!(refused("decoder", part).contains("decoder"));
	}
	for (key, value, expected) in [
		("dropout", json!(0.1), "dropout"),
		("ignore_merges", json!(true), "ignore_merges"),
		("byte_fallback", json!(false), "byte_fallback"),
		("type", json!("Unigram"), "Unigram"),
		("merges", json!(["▁ xyzzy"]), "xyzzy"),
		("vocab", json!({ "a": 7 }), "needs the token"),
		("vocab", json!({ "a": 7, "b": 7 }), "the same id"),
	] {
		let refused = refusal(from_folder(&vectors, |json| json["model"][key] = value));
		assert!(refused.contains(expected), "{refused}");
	}
	let bare = refusal(from_folder(&vectors, |json| {
		json["model"] = json!({ "type": "BPE", "byte_fallback": true, "vocab": {} })
	}));
	assert!(bare.contains("no token <0x00>"), "{bare}");
}

/// A file whose merges make a special token of what users type does not get its way.
#[test]
fn merges_make_neither_special_tokens_nor_bytes() {
	let mut vectors = small();
	let count = vectors["tokens"].as_array().unwrap().len();
	let more = ["<", "/s>", "/s", "s", ">", "/"];
	let vocabulary = vectors["tokenizer"]["model"]["vocab"].as_object_mut().unwrap();
	let missing: Vec<&str> = more
		.into_iter()
		.filter(|piece| !vocabulary.contains_key(*piece))
		.collect();
	for (piece, id) in missing.iter().zip(count..) {
		vocabulary.insert((*piece).to_owned(), json!(id));
	}
	for piece in missing {
		vectors["tokens"].as_array_mut().unwrap().push(json!(piece));
	}
	let tokenizer = from_folder(&vectors, |json| {
		let merges = json["model"]["merges"].as_array_mut().unwrap();
		merges.insert(0, json!(["/", "s"]));
		merges.insert(1, json!(["/s", ">"]));
		merges.insert(2, json!(["<", "/s>"]));
	})
	.unwrap();
	assert!(tokenizer.encode("x</s>").unwrap().contains(&2));
	let spelled = tokenizer.encode(&tokenizer.mark("x</s>", false)).unwrap();
	assert!(!spelled.contains(&2), "{spelled:?}");
	assert_eq!(tokenizer.decode(&spelled).unwrap(), "x</s>");
}
