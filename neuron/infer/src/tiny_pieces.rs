//! The vocabulary of tiny models that make sentence pieces of text.

use std::collections::BTreeMap;

use candle_core::quantized::gguf_file;
use serde_json::{Value, json};

use crate::tiny_folder::special_tokens;

/// Tokens that steer the model, ids 0 to 4.
pub(crate) const SPECIALS: [&str; 5] = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]"];

/// Pieces, those that are merged first before the others.
const PIECES: [&str; 18] = [
	"▁t", "he", "in", "▁the", "▁▁", "an", "ing", "▁", "t", "h", "e", "i", "n", "g", "a", "é", "!", "\n",
];

const TEMPLATE: &str = "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %}\
    {{ ' ' + message['content'].strip() + eos_token }}{% else %}\
    {{ '[INST] ' + message['content'].strip() + ' [/INST]' }}{% endif %}{% endfor %}";

/// The vocabulary in the order of the ids.
pub(crate) fn vocabulary() -> Vec<String> {
	let bytes = (0..=u8::MAX).map(|byte| format!("<0x{byte:02X}>"));
	let specials = SPECIALS.into_iter().map(str::to_owned);
	specials.chain(bytes).chain(PIECES.map(str::to_owned)).collect()
}

/// The entries of a GGUF file. That texts begin with `<s>` and a space is what their absence says.
pub(crate) fn metadata() -> Vec<(&'static str, gguf_file::Value)> {
	use gguf_file::Value;
	let text = |text: &str| Value::String(text.to_owned());
	let tokens = vocabulary();
	let first_piece = tokens.len() - PIECES.len();
	let kind = |id: usize| match id {
		0 => 2,
		id if id < SPECIALS.len() => 3,
		id if id < first_piece => 6,
		_ => 1,
	};
	let kinds = (0..tokens.len()).map(|id| Value::I32(kind(id)));
	let scores = (0..tokens.len()).map(|id| Value::F32(-(id.saturating_sub(first_piece) as f32)));
	vec![
		("tokenizer.ggml.model", text("llama")),
		("tokenizer.ggml.pre", text("default")),
		("tokenizer.ggml.token_type", Value::Array(kinds.collect())),
		("tokenizer.ggml.scores", Value::Array(scores.collect())),
		(
			"tokenizer.ggml.tokens",
			Value::Array(tokens.into_iter().map(Value::String).collect()),
		),
		("tokenizer.chat_template", text(TEMPLATE)),
	]
}

/// The same as a `tokenizer.json`.
pub(crate) fn tokenizer() -> Value {
	let ids: BTreeMap<String, usize> = vocabulary().into_iter().zip(0..).collect();
	let halves = |piece: &'static str| {
		let cuts = piece.char_indices().skip(1);
		let pairs = cuts.map(move |(place, _)| piece.split_at(place));
		pairs.filter(|(left, right)| PIECES.contains(left) && PIECES.contains(right))
	};
	let merges: Vec<String> = PIECES
		.into_iter()
		.flat_map(halves)
		.map(|(left, right)| format!("{left} {right}"))
		.collect();
	let replace = |from: &str, to: &str| json!({ "type": "Replace", "pattern": { "String": from }, "content": to });
	json!({
		"version": "1.0",
		"truncation": null,
		"padding": null,
		"added_tokens": special_tokens(&SPECIALS),
		"normalizer": { "type": "Sequence", "normalizers": [{ "type": "Prepend", "prepend": "▁" }, replace(" ", "▁")] },
		"pre_tokenizer": null,
		"post_processor": null,
		"decoder": { "type": "Sequence", "decoders": [
			replace("▁", " "), { "type": "ByteFallback" }, { "type": "Fuse" },
			{ "type": "Strip", "content": " ", "start": 1, "stop": 0 },
		] },
		"model": {
			"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
			"end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true,
			"vocab": ids, "merges": merges,
		},
	})
}

/// What `tokenizer_config.json` says besides.
pub(crate) fn settings() -> Value {
	json!({ "add_bos_token": true, "bos_token": SPECIALS[1], "eos_token": { "content": SPECIALS[2] }, "chat_template": TEMPLATE })
}
