//! Tiny random llama models, for tests that need a model file but not a model that makes sense.
//!
//! The weights come from a seed: the same seed and [`TinySpec`] give the same bytes on every
//! machine. The vocabulary is `<|endoftext|>`, `<|im_start|>`, `<|im_end|>`, the 256 bytes and two
//! merges; the tokenizer and the chat template are of the kind that [`crate::Model`] supports.

use std::fs::File;
use std::io::{BufWriter, Cursor, Write};
use std::path::Path;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use crate::{InferError, Precision};

/// The three special tokens, ids 0 to 2.
const SPECIALS: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

/// Merges, so that tokenising does more than spell; the merged tokens end the vocabulary.
const MERGES: [(&str, &str); 2] = [("t", "h"), ("th", "e")];

const TEMPLATE: &str = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}\
    {{ '<|im_start|>system\nYou are tiny<|im_end|>\n' }}{% endif %}\
    {{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}\
    {% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// Tokens in the vocabulary of every tiny model.
pub const VOCABULARY_SIZE: usize = SPECIALS.len() + 256 + MERGES.len();

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
	let metadata = metadata(spec);
	let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(key, value)| (key.as_str(), value)).collect();
	let tensors = tensors(seed, spec)?;
	let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
	let mut bytes = Cursor::new(Vec::new());
	gguf_file::write(&mut bytes, &metadata, &tensors)?;
	let save = || {
		let mut file = BufWriter::new(File::create(path)?);
		file.write_all(bytes.get_ref())?;
		file.flush()
	};
	save().map_err(|error| InferError::file(path, error))
}

/// The vocabulary in the order of the ids.
fn vocabulary() -> Vec<String> {
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
	let tokens = vocabulary();
	let kinds = (0..tokens.len()).map(|id| Value::I32(if id < SPECIALS.len() { 3 } else { 1 }));
	let merges = MERGES.map(|(left, right)| Value::String(format!("{left} {right}")));
	let entries = [
		("general.architecture", text("llama")),
		("general.name", text("tiny random model")),
		("llama.block_count", size(spec.layers)),
		("llama.context_length", size(spec.context_length)),
		("llama.embedding_length", size(spec.embedding)),
		("llama.feed_forward_length", size(spec.feed_forward)),
		("llama.attention.head_count", size(spec.heads)),
		("llama.attention.head_count_kv", size(spec.kv_heads)),
		("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
		("llama.rope.freq_base", Value::F32(10_000.0)),
		("tokenizer.ggml.model", text("gpt2")),
		("tokenizer.ggml.pre", text("smollm")),
		("tokenizer.ggml.token_type", Value::Array(kinds.collect())),
		(
			"tokenizer.ggml.tokens",
			Value::Array(tokens.into_iter().map(Value::String).collect()),
		),
		("tokenizer.ggml.merges", Value::Array(merges.to_vec())),
		("tokenizer.ggml.bos_token_id", Value::U32(1)),
		("tokenizer.ggml.eos_token_id", Value::U32(2)),
		("tokenizer.chat_template", text(TEMPLATE)),
	];
	entries.map(|(key, value)| (key.to_owned(), value)).to_vec()
}

fn tensors(seed: u64, spec: &TinySpec) -> Result<Vec<(String, QTensor)>, InferError> {
	let mut numbers = SplitMix64(seed);
	let storage = match spec.storage {
		Precision::F32 => GgmlDType::F32,
		Precision::Quantized(quant) => quant.ggml(),
	};
	let mut tensors = Vec::new();
	let mut matrix = |name: String, rows: usize, columns: usize, deviation: f32| {
		let values: Vec<f32> = (0..rows * columns).map(|_| deviation * numbers.next()).collect();
		let tensor = Tensor::from_vec(values, (rows, columns), &Device::Cpu)?;
		tensors.push((name, QTensor::quantize(&tensor, storage)?));
		Ok::<(), candle_core::Error>(())
	};
	let (width, inner) = (spec.embedding, spec.feed_forward);
	let kv_width = spec.kv_heads * (width / spec.heads.max(1));
	// Keeps the variance of what passes through; the embedding gives logits of deviation 2.
	let unit = |columns: usize| 1.0 / (columns as f32).sqrt();
	matrix(
		"token_embd.weight".to_owned(),
		VOCABULARY_SIZE,
		width,
		2.0 * unit(width),
	)?;
	if !spec.tied {
		matrix("output.weight".to_owned(), VOCABULARY_SIZE, width, 2.0 * unit(width))?;
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
			matrix(format!("blk.{layer}.{part}.weight"), rows, columns, unit(columns))?;
		}
	}
	let mut norms = vec!["output_norm.weight".to_owned()];
	for layer in 0..spec.layers {
		norms.extend(["attn_norm", "ffn_norm"].map(|part| format!("blk.{layer}.{part}.weight")));
	}
	for name in norms {
		let ones = Tensor::ones(width, candle_core::DType::F32, &Device::Cpu)?;
		tensors.push((name, QTensor::quantize(&ones, GgmlDType::F32)?));
	}
	Ok(tensors)
}

/// Steele, Lea and Flood's SplitMix64: a few lines, and the same on every machine.
struct SplitMix64(u64);

impl SplitMix64 {
	/// Uniform with mean 0 and deviation 1.
	fn next(&mut self) -> f32 {
		self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
		// 24 bits fit an f32 exactly.
		let unit = ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1u32 << 24) as f32;
		(2.0 * unit - 1.0) * 3f32.sqrt()
	}
}
