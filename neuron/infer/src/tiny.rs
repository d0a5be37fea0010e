//! Tiny random llama models, for tests that need a model file but not a model that makes sense.
//!
//! The weights come from a seed: the same seed and [`TinySpec`] give the same bytes on every
//! machine. The vocabulary is `<|endoftext|>`, `<|im_start|>`, `<|im_end|>`, the 256 bytes and two
//! merges, or one of sentence pieces ([`TinyVocabulary`]); the tokenizer and the chat template are
//! of the kind that [`crate::Model`] supports.

use std::io::Cursor;
use std::path::Path;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

pub use crate::tiny_folder::{write_embedder, write_folder};
use crate::{Family, InferError, Precision, tiny_pieces};

/// The three special tokens, ids 0 to 2.
pub(crate) const SPECIALS: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

/// Merges, so that tokenising does more than spell; the merged tokens end the vocabulary.
pub(crate) const MERGES: [(&str, &str); 2] = [("t", "h"), ("th", "e")];

pub(crate) const TEMPLATE: &str = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}\
    {{ '<|im_start|>system\nYou are tiny<|im_end|>\n' }}{% endif %}\
    {{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}\
    {% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// Tokens in the vocabulary of every tiny model of [`TinyVocabulary::ByteLevel`].
pub const VOCABULARY_SIZE: usize = SPECIALS.len() + 256 + MERGES.len();

/// What a tiny model makes tokens of.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum TinyVocabulary {
	/// Bytes, as GPT-2 and its followers.
	#[default]
	ByteLevel,
	/// Sentence pieces, as Llama 2 and Mistral: `<unk>`, `<s>`, `</s>`, `[INST]`, `[/INST]`, the 256
	/// bytes and a few pieces. Every text begins with `<s>`, and a space is put before each part.
	SentencePieces,
}

/// The sizes of a tiny model. `Default` gives 2 layers of width 64, about 250 KB.
#[derive(Clone, Debug)]
pub struct TinySpec {
	/// Transformer layers.
	pub layers: usize,
	/// Width of the hidden state; a multiple of 32 and of `2 * heads`.
	pub embedding: usize,
	/// Width inside the feed-forward network; a multiple of 32.
	pub feed_forward: usize,
	/// Query heads.
	pub heads: usize,
	/// Key/value heads; divides `heads`.
	pub kv_heads: usize,
	/// Tokens in the context.
	pub context_length: usize,
	/// Whether the output projection is the embedding (no `output.weight` in the file).
	pub tied: bool,
	/// How the file stores its matrices.
	pub storage: Precision,
	/// The family; what it has besides a plain llama (biases, norms) is random too.
	pub family: Family,
	/// A token whose embedding is not a number.
	pub damaged_token: Option<u32>,
	/// What it makes tokens of.
	pub vocabulary: TinyVocabulary,
}

impl TinySpec {
	/// Tokens in the vocabulary.
	pub fn vocabulary_size(&self) -> usize {
		match self.vocabulary {
			TinyVocabulary::ByteLevel => VOCABULARY_SIZE,
			TinyVocabulary::SentencePieces => tiny_pieces::vocabulary().len(),
		}
	}
}

impl Default for TinySpec {
	fn default() -> Self {
		Self {
			layers: 2,
			embedding: 64,
			feed_forward: 128,
			heads: 4,
			kv_heads: 2,
			context_length: 2048,
			tied: true,
			storage: Precision::F32,
			family: Family::Llama,
			damaged_token: None,
			vocabulary: TinyVocabulary::default(),
		}
	}
}

/// Writes a tiny model to `path`, replacing what is there.
///
/// # Errors
///
/// [`InferError::File`] if the file cannot be written, [`InferError::Backend`] if the sizes of
/// `spec` do not fit its `storage`.
pub fn write_gguf(path: &Path, seed: u64, spec: &TinySpec) -> Result<(), InferError> {
	let bytes = gguf(seed, spec)?;
	std::fs::write(path, bytes).map_err(|error| InferError::file(path, error))
}

/// The file that [`write_gguf`] writes.
pub(crate) fn gguf(seed: u64, spec: &TinySpec) -> Result<Vec<u8>, InferError> {
	let metadata = metadata(spec);
	let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(key, value)| (key.as_str(), value)).collect();
	let tensors = tensors(seed, spec)?;
	let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
	let mut bytes = Cursor::new(Vec::new());
	gguf_file::write(&mut bytes, &metadata, &tensors)?;
	Ok(bytes.into_inner())
}

/// The vocabulary in the order of the ids.
pub(crate) fn vocabulary() -> Vec<String> {
	let mut tokens: Vec<String> = SPECIALS.map(str::to_owned).to_vec();
	// Byte-level BPE writes printable bytes as themselves and the others as U+0100 and up.
	let mut moved = (0x100..).filter_map(char::from_u32);
	for byte in 0..=u8::MAX {
		let printable = matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
		let shown = if printable {
			Some(char::from(byte))
		} else {
			moved.next()
		};
		tokens.extend(shown.map(String::from));
	}
	tokens.extend(MERGES.map(|(left, right)| format!("{left}{right}")));
	tokens
}

fn metadata(spec: &TinySpec) -> Vec<(String, Value)> {
	let text = |text: &str| Value::String(text.to_owned());
	let size = |size: usize| Value::U32(u32::try_from(size).unwrap_or(u32::MAX));
	let mut entries = vec![
		("general.architecture", text(spec.family.name())),
		("general.name", text("tiny random model")),
		("FAMILY.block_count", size(spec.layers)),
		("FAMILY.context_length", size(spec.context_length)),
		("FAMILY.embedding_length", size(spec.embedding)),
		("FAMILY.feed_forward_length", size(spec.feed_forward)),
		("FAMILY.attention.head_count", size(spec.heads)),
		("FAMILY.attention.head_count_kv", size(spec.kv_heads)),
		("FAMILY.attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
		("FAMILY.rope.freq_base", Value::F32(10_000.0)),
	];
	entries.extend(match spec.vocabulary {
		TinyVocabulary::ByteLevel => byte_level(spec),
		TinyVocabulary::SentencePieces => tiny_pieces::metadata(),
	});
	entries.extend([
		("tokenizer.ggml.bos_token_id", Value::U32(1)),
		("tokenizer.ggml.eos_token_id", Value::U32(2)),
	]);
	let own = |key: &str| key.replace("FAMILY", spec.family.name());
	entries.into_iter().map(|(key, value)| (own(key), value)).collect()
}

/// The entries of a vocabulary of bytes.
fn byte_level(spec: &TinySpec) -> Vec<(&'static str, Value)> {
	let text = |text: &str| Value::String(text.to_owned());
	let pre = match spec.family {
		Family::Llama => "smollm",
		Family::Qwen2 | Family::Qwen3 => "qwen2",
	};
	let tokens = vocabulary();
	let kinds = (0..tokens.len()).map(|id| Value::I32(if id < SPECIALS.len() { 3 } else { 1 }));
	let merges = MERGES.map(|(left, right)| Value::String(format!("{left} {right}")));
	vec![
		("tokenizer.ggml.model", text("gpt2")),
		("tokenizer.ggml.pre", text(pre)),
		("tokenizer.ggml.token_type", Value::Array(kinds.collect())),
		(
			"tokenizer.ggml.tokens",
			Value::Array(tokens.into_iter().map(Value::String).collect()),
		),
		("tokenizer.ggml.merges", Value::Array(merges.to_vec())),
		("tokenizer.chat_template", text(TEMPLATE)),
	]
}

fn tensors(seed: u64, spec: &TinySpec) -> Result<Vec<(String, QTensor)>, InferError> {
	let storage = match spec.storage {
		Precision::F32 => GgmlDType::F32,
		Precision::Quantized(quant) => quant.ggml(),
	};
	let stored = |(name, dimensions, values): Plain| {
		let kind = if dimensions.len() == 1 { GgmlDType::F32 } else { storage };
		let tensor = Tensor::from_vec(values, dimensions, &Device::Cpu)?;
		Ok((name, QTensor::quantize(&tensor, kind)?))
	};
	plain_tensors(seed, spec).into_iter().map(stored).collect()
}

/// Name, dimensions, numbers.
pub(crate) type Plain = (String, Vec<usize>, Vec<f32>);

/// Every tensor under its GGUF name.
pub(crate) fn plain_tensors(seed: u64, spec: &TinySpec) -> Vec<Plain> {
	let mut numbers = SplitMix64(seed);
	let mut tensors: Vec<Plain> = Vec::new();
	let mut matrix = |name: String, rows: usize, columns: usize, deviation: f32| {
		let values = (0..rows * columns).map(|_| deviation * numbers.next()).collect();
		tensors.push((name, vec![rows, columns], values));
	};
	let (width, inner) = (spec.embedding, spec.feed_forward);
	let head_size = width / spec.heads.max(1);
	let kv_width = spec.kv_heads * head_size;
	// Keeps the variance of what passes through; the embedding gives logits of deviation 2.
	let unit = |columns: usize| 1.0 / (columns as f32).sqrt();
	let tokens = spec.vocabulary_size();
	matrix("token_embd.weight".to_owned(), tokens, width, 2.0 * unit(width));
	if !spec.tied {
		matrix("output.weight".to_owned(), tokens, width, 2.0 * unit(width));
	}
	for layer in 0..spec.layers {
		let parts = [
			("attn_q", width, width),
			("attn_k", kv_width, width),
			("attn_v", kv_width, width),
			("attn_output", width, width),
			("ffn_gate", inner, width),
			("ffn_up", inner, width),
			("ffn_down", width, inner),
		];
		for (part, rows, columns) in parts {
			matrix(format!("blk.{layer}.{part}.weight"), rows, columns, unit(columns));
		}
	}
	let mut vectors = vec![("output_norm.weight".to_owned(), width, 1.0, 0.0)];
	for layer in 0..spec.layers {
		let mut vector = |part: &str, length, mean, deviation| {
			vectors.push((format!("blk.{layer}.{part}"), length, mean, deviation));
		};
		vector("attn_norm.weight", width, 1.0, 0.0);
		vector("ffn_norm.weight", width, 1.0, 0.0);
		if spec.family.has_attention_bias() {
			vector("attn_q.bias", width, 0.0, 0.5);
			vector("attn_k.bias", kv_width, 0.0, 0.5);
			vector("attn_v.bias", kv_width, 0.0, 0.5);
		}
		if spec.family.has_head_norm() {
			vector("attn_q_norm.weight", head_size, 1.0, 0.2);
			vector("attn_k_norm.weight", head_size, 1.0, 0.2);
		}
	}
	for (name, length, mean, deviation) in vectors {
		let values = (0..length).map(|_| mean + deviation * numbers.next()).collect();
		tensors.push((name, vec![length], values));
	}
	if let Some(token) = spec.damaged_token {
		let row = tensors[0].2.chunks_mut(width).nth(token as usize);
		row.into_iter().flatten().for_each(|number| *number = f32::NAN);
	}
	tensors
}

/// Steele, Lea and Flood's SplitMix64: a few lines, and the same on every machine.
pub(crate) struct SplitMix64(pub(crate) u64);

impl SplitMix64 {
	/// Uniform with mean 0 and deviation 1.
	pub(crate) fn next(&mut self) -> f32 {
		self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
		// 24 bits fit an f32 exactly.
		let unit = ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1u32 << 24) as f32;
		(2.0 * unit - 1.0) * 3f32.sqrt()
	}
}
