//! The tiny models of [`crate::tiny`] as folders, and a tiny embedder.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

use crate::tiny::{MERGES, Plain, SPECIALS, SplitMix64, TEMPLATE, TinySpec, TinyVocabulary, plain_tensors, vocabulary};
use crate::{Family, InferError, tiny_pieces};

/// Files by their names.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Writes the model that [`crate::tiny::write_gguf`] writes for the same seed and sizes as a
/// folder, with its weights in `shards` safetensors files (and an index if more than one).
///
/// # Errors
///
/// [`InferError::File`] if a file cannot be written, [`InferError::Unsupported`] for a storage
/// other than F32.
pub fn write_folder(folder: &Path, seed: u64, spec: &TinySpec, shards: usize) -> Result<(), InferError> {
	if spec.storage != crate::Precision::F32 {
		let detail = format!("tiny folders hold f32, {} was asked for", spec.storage);
		return Err(crate::error::Fault::unsupported(detail).at(folder));
	}
	write(folder, model_files(seed, spec, shards)?)
}

/// The files that [`write_folder`] writes.
pub(crate) fn model_files(seed: u64, spec: &TinySpec, shards: usize) -> Result<Files, InferError> {
	let tensors = plain_tensors(seed, spec).into_iter();
	let tensors: Vec<Plain> = tensors.map(|tensor| renamed(tensor, spec)).collect();
	let shards = shards.clamp(1, tensors.len());
	let mut files = Files::new();
	let mut weight_map = BTreeMap::new();
	for (index, part) in tensors.chunks(tensors.len().div_ceil(shards)).enumerate() {
		let name = match shards {
			1 => "model.safetensors".to_owned(),
			_ => format!("model-{:05}-of-{shards:05}.safetensors", index + 1),
		};
		weight_map.extend(part.iter().map(|(tensor, _, _)| (tensor.clone(), name.clone())));
		files.insert(name, tensors_file(part)?);
	}
	if shards > 1 {
		let index = json!({ "metadata": {}, "weight_map": weight_map });
		add(&mut files, "model.safetensors.index.json", &index);
	}
	add(&mut files, "config.json", &config(spec));
	let (tokenizer, settings) = match spec.vocabulary {
		TinyVocabulary::ByteLevel => (
			tokenizer(spec),
			json!({ "bos_token": SPECIALS[1], "eos_token": { "content": SPECIALS[2] }, "chat_template": TEMPLATE }),
		),
		TinyVocabulary::SentencePieces => (tiny_pieces::tokenizer(), tiny_pieces::settings()),
	};
	add(&mut files, "tokenizer.json", &tokenizer);
	add(&mut files, "tokenizer_config.json", &settings);
	Ok(files)
}

fn add(files: &mut Files, name: &str, json: &Value) {
	files.insert(name.to_owned(), json.to_string().into_bytes());
}

fn write(folder: &Path, files: Files) -> Result<(), InferError> {
	files.into_iter().try_for_each(|(name, bytes)| {
		let path = folder.join(name);
		std::fs::write(&path, bytes).map_err(|error| InferError::file(&path, error))
	})
}

fn tensors_file(tensors: &[Plain]) -> Result<Vec<u8>, InferError> {
	let bytes: Vec<Vec<u8>> = tensors
		.iter()
		.map(|(_, _, numbers)| numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
		.collect();
	let mut views = Vec::new();
	for ((name, dimensions, _), bytes) in tensors.iter().zip(&bytes) {
		let view = TensorView::new(Dtype::F32, dimensions.clone(), bytes);
		views.push((
			name.as_str(),
			view.map_err(|error| InferError::Backend(error.to_string()))?,
		));
	}
	safetensors::serialize(views, None).map_err(|error| InferError::Backend(error.to_string()))
}

/// A tensor under its Hugging Face name, its rows in the order that belongs to it.
fn renamed((name, dimensions, numbers): Plain, spec: &TinySpec) -> Plain {
	let mut parts = name.splitn(3, '.');
	let (first, layer, rest) = (parts.next(), parts.next(), parts.next());
	let Some(rest) = rest.filter(|_| first == Some("blk")) else {
		let name = match name.as_str() {
			"token_embd.weight" => "model.embed_tokens.weight",
			"output.weight" => "lm_head.weight",
			_ => "model.norm.weight",
		};
		return (name.to_owned(), dimensions, numbers);
	};
	let parts = [
		("attn_norm", "input_layernorm"),
		("ffn_norm", "post_attention_layernorm"),
		("attn_q_norm", "self_attn.q_norm"),
		("attn_k_norm", "self_attn.k_norm"),
		("attn_output", "self_attn.o_proj"),
		("attn_q", "self_attn.q_proj"),
		("attn_k", "self_attn.k_proj"),
		("attn_v", "self_attn.v_proj"),
		("ffn_gate", "mlp.gate_proj"),
		("ffn_up", "mlp.up_proj"),
		("ffn_down", "mlp.down_proj"),
	];
	let (part, kind) = rest.split_once('.').unwrap_or((rest, "weight"));
	let own = parts
		.iter()
		.find(|(gguf, _)| *gguf == part)
		.map_or(part, |(_, own)| own);
	let name = format!("model.layers.{}.{own}.{kind}", layer.unwrap_or_default());
	let turned = spec.family == Family::Llama && matches!(part, "attn_q" | "attn_k");
	let numbers = if turned {
		halves(&numbers, &dimensions, spec)
	} else {
		numbers
	};
	(name, dimensions, numbers)
}

/// GGUF keeps the rows of llama's queries and keys so that neighbours turn together; here the two
/// halves of a head do.
fn halves(numbers: &[f32], dimensions: &[usize], spec: &TinySpec) -> Vec<f32> {
	let columns = dimensions[1];
	let size = spec.embedding / spec.heads.max(1);
	let heads = numbers.chunks(size * columns);
	heads
		.flat_map(|head| {
			let places = (0..2).flat_map(move |half| (0..size / 2).map(move |pair| 2 * pair + half));
			places.flat_map(move |row| &head[row * columns..][..columns])
		})
		.copied()
		.collect()
}

fn config(spec: &TinySpec) -> Value {
	json!({
		"model_type": spec.family.name(),
		"hidden_size": spec.embedding,
		"num_hidden_layers": spec.layers,
		"num_attention_heads": spec.heads,
		"num_key_value_heads": spec.kv_heads,
		"intermediate_size": spec.feed_forward,
		"max_position_embeddings": spec.context_length,
		"vocab_size": spec.vocabulary_size(),
		"rms_norm_eps": 1e-5,
		"rope_theta": 10_000.0,
		"hidden_act": "silu",
		"tie_word_embeddings": spec.tied,
		"eos_token_id": 2,
	})
}

/// Tokens that steer a model, the first of its vocabulary, as a `tokenizer.json` lists them.
pub(crate) fn special_tokens(texts: &[&str]) -> Vec<Value> {
	let listed = |(id, text): (usize, &&str)| {
		json!({
			"id": id, "content": text, "special": true,
			"single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
		})
	};
	texts.iter().enumerate().map(listed).collect()
}

fn tokenizer(spec: &TinySpec) -> Value {
	let ids: BTreeMap<String, usize> = vocabulary().into_iter().zip(0..).skip(SPECIALS.len()).collect();
	let merges = MERGES.map(|(left, right)| format!("{left} {right}"));
	let byte_level = |words: bool| json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": words });
	let digits = json!({ "type": "Digits", "individual_digits": true });
	json!({
		"version": "1.0",
		"truncation": null,
		"padding": null,
		"added_tokens": special_tokens(&SPECIALS),
		"normalizer": if spec.family == Family::Llama { Value::Null } else { json!({ "type": "NFC" }) },
		"pre_tokenizer": { "type": "Sequence", "pretokenizers": [digits, byte_level(true)] },
		"post_processor": null,
		"decoder": byte_level(true),
		"model": {
			"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
			"end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
			"vocab": ids, "merges": merges,
		},
	})
}

/// Words of the tiny embedder, with those that every such vocabulary has.
const WORDS: [&str; 12] = [
	"[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "cat", "dog", "##s", "the", "sat", "ran",
];

/// Tokens of the longest text of the tiny embedder.
const EMBEDDER_CONTEXT: usize = 512;

/// Writes a tiny BERT encoder of two layers, width 32 and four heads. Its `tokenizer.json` pads and
/// truncates to 8 tokens, as files from elsewhere do.
///
/// # Errors
///
/// [`InferError::File`] if a file cannot be written.
pub fn write_embedder(folder: &Path, seed: u64) -> Result<(), InferError> {
	write(folder, embedder_files(seed)?)
}

/// The files that [`write_embedder`] writes.
pub(crate) fn embedder_files(seed: u64) -> Result<Files, InferError> {
	let mut files = Files::from([("model.safetensors".to_owned(), tensors_file(&embedder_tensors(seed))?)]);
	let config = json!({
		"model_type": "bert", "hidden_act": "gelu", "hidden_size": 32, "num_attention_heads": 4,
		"num_hidden_layers": 2, "intermediate_size": 64, "max_position_embeddings": EMBEDDER_CONTEXT,
		"vocab_size": WORDS.len(), "type_vocab_size": 2, "layer_norm_eps": 1e-12,
	});
	add(&mut files, "config.json", &config);
	let special = |id: usize| {
		json!({
			"id": id, "content": WORDS[id], "special": true,
			"single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
		})
	};
	let token = |id: &str| json!({ "SpecialToken": { "id": id, "type_id": 0 } });
	let single = json!([token("[CLS]"), { "Sequence": { "id": "A", "type_id": 0 } }, token("[SEP]")]);
	let ids: BTreeMap<&str, usize> = WORDS.into_iter().zip(0..).collect();
	let tokenizer = json!({
		"version": "1.0",
		"truncation": { "direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0 },
		"padding": {
			"strategy": { "Fixed": 8 }, "direction": "Right", "pad_to_multiple_of": null,
			"pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]",
		},
		"added_tokens": (0..4).map(special).collect::<Vec<_>>(),
		"normalizer": {
			"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
			"strip_accents": null, "lowercase": true,
		},
		"pre_tokenizer": { "type": "BertPreTokenizer" },
		"post_processor": {
			"type": "TemplateProcessing", "single": single, "pair": single,
			"special_tokens": {
				"[CLS]": { "id": "[CLS]", "ids": [2], "tokens": ["[CLS]"] },
				"[SEP]": { "id": "[SEP]", "ids": [3], "tokens": ["[SEP]"] },
			},
		},
		"decoder": { "type": "WordPiece", "prefix": "##", "cleanup": true },
		"model": {
			"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
			"max_input_chars_per_word": 100, "vocab": ids,
		},
	});
	add(&mut files, "tokenizer.json", &tokenizer);
	Ok(files)
}

pub(crate) fn embedder_tensors(seed: u64) -> Vec<Plain> {
	let mut numbers = SplitMix64(seed);
	let mut tensors: Vec<Plain> = Vec::new();
	let mut tensor = |name: String, dimensions: &[usize], mean: f32, deviation: f32| {
		let count = dimensions.iter().product();
		let values = (0..count).map(|_| mean + deviation * numbers.next()).collect();
		tensors.push((name, dimensions.to_vec(), values));
	};
	let tables = [("word", WORDS.len()), ("position", EMBEDDER_CONTEXT), ("token_type", 2)];
	for (table, rows) in tables {
		tensor(format!("embeddings.{table}_embeddings.weight"), &[rows, 32], 0.0, 0.5);
	}
	let mut norms = vec!["embeddings".to_owned()];
	for layer in 0..2 {
		let name = |part: &str| format!("encoder.layer.{layer}.{part}");
		let parts = [
			("attention.self.query", 32, 32),
			("attention.self.key", 32, 32),
			("attention.self.value", 32, 32),
			("attention.output.dense", 32, 32),
			("intermediate.dense", 64, 32),
			("output.dense", 32, 64),
		];
		for (part, outputs, inputs) in parts {
			tensor(name(&format!("{part}.weight")), &[outputs, inputs], 0.0, 0.3);
			tensor(name(&format!("{part}.bias")), &[outputs], 0.0, 0.2);
		}
		norms.extend(["attention.output", "output"].map(name));
	}
	for norm in norms {
		tensor(format!("{norm}.LayerNorm.weight"), &[32], 1.0, 0.2);
		tensor(format!("{norm}.LayerNorm.bias"), &[32], 0.0, 0.2);
	}
	tensors
}
