//! The sizes of a llama model, read from metadata and checked before anything is allocated.

use crate::error::Fault;
use crate::gguf::{Gguf, Value};

const MAX_LAYERS: usize = 512;
const MAX_EMBEDDING: usize = 1 << 16;
const MAX_FEED_FORWARD: usize = 1 << 18;
const MAX_HEADS: usize = 1 << 10;
const MAX_CONTEXT: usize = 1 << 20;
const MAX_VOCABULARY: usize = 1 << 20;
const DEFAULT_ROPE_BASE: f64 = 10_000.0;

/// What the forward pass needs to know. All sizes are at least 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
	pub(crate) layers: usize,
	pub(crate) embedding: usize,
	pub(crate) feed_forward: usize,
	pub(crate) heads: usize,
	/// Heads of keys and values; divides `heads`.
	pub(crate) kv_heads: usize,
	/// Width of a head; even.
	pub(crate) head_size: usize,
	pub(crate) context_length: usize,
	pub(crate) vocabulary: usize,
	pub(crate) norm_epsilon: f32,
	pub(crate) rope_base: f64,
}

impl Config {
	/// Reads the `llama.*` keys; `vocabulary` is the length of the tokenizer's list.
	pub(crate) fn read(file: &Gguf<'_>, vocabulary: usize) -> Result<Self, Fault> {
		let architecture = file.text("general.architecture")?;
		if architecture != "llama" {
			return Err(Fault::unsupported(format!(
				"its architecture is {:?}; supported is \"llama\"",
				architecture.chars().take(64).collect::<String>()
			)));
		}
		refuse_variants(file)?;
		let embedding = file.size("llama.embedding_length", MAX_EMBEDDING)?;
		let heads = file.size("llama.attention.head_count", MAX_HEADS)?;
		let kv_heads = match file.get("llama.attention.head_count_kv") {
			None => heads,
			Some(_) => file.size("llama.attention.head_count_kv", MAX_HEADS)?,
		};
		if embedding % heads != 0 || heads % kv_heads != 0 || (embedding / heads) % 2 != 0 {
			return Err(Fault::malformed(format!(
				"embedding length {embedding}, {heads} heads and {kv_heads} key/value heads do not fit: expected each to divide \
				 the one before and heads of even width"
			)));
		}
		let head_size = embedding / heads;
		for key in [
			"llama.rope.dimension_count",
			"llama.attention.key_length",
			"llama.attention.value_length",
		] {
			let found = file.integer_or(key, 1, MAX_EMBEDDING as u64, head_size as u64)?;
			if found != head_size as u64 {
				return Err(Fault::unsupported(format!(
					"{key} is {found}; supported is the head's width, {head_size}"
				)));
			}
		}
		if vocabulary > MAX_VOCABULARY {
			return Err(Fault::malformed(format!(
				"{vocabulary} tokens in the vocabulary, the limit is {MAX_VOCABULARY}"
			)));
		}
		Ok(Self {
			layers: file.size("llama.block_count", MAX_LAYERS)?,
			embedding,
			feed_forward: file.size("llama.feed_forward_length", MAX_FEED_FORWARD)?,
			heads,
			kv_heads,
			head_size,
			context_length: file.size("llama.context_length", MAX_CONTEXT)?,
			vocabulary,
			norm_epsilon: file.positive_or("llama.attention.layer_norm_rms_epsilon", None)? as f32,
			rope_base: file.positive_or("llama.rope.freq_base", Some(DEFAULT_ROPE_BASE))?,
		})
	}
}

/// Members of the llama family whose forward pass differs from the plain one.
fn refuse_variants(file: &Gguf<'_>) -> Result<(), Fault> {
	if file.integer_or("llama.expert_count", 0, u64::MAX, 0)? > 0 {
		return Err(Fault::unsupported(
			"it is a mixture of experts; supported are dense models",
		));
	}
	match file.get("llama.rope.scaling.type") {
		None => Ok(()),
		Some(Value::Text(kind)) if kind == "none" => Ok(()),
		Some(_) => Err(Fault::unsupported(
			"it scales its rotary positions (llama.rope.scaling.type); supported are plain ones and rope_freqs.weight",
		)),
	}
}
