//! The sizes of a decoder, read from metadata and checked before anything is allocated.

use std::fmt;

use crate::error::Fault;
use crate::gguf::{Gguf, Value};
use crate::rotary::{RotaryPairs, RotaryScaling};

pub(crate) const MAX_LAYERS: usize = 512;
pub(crate) const MAX_EMBEDDING: usize = 1 << 16;
pub(crate) const MAX_FEED_FORWARD: usize = 1 << 18;
pub(crate) const MAX_HEADS: usize = 1 << 10;
pub(crate) const MAX_CONTEXT: usize = 1 << 20;
pub(crate) const MAX_VOCABULARY: usize = 1 << 20;
pub(crate) const DEFAULT_ROPE_BASE: f64 = 10_000.0;

/// A family of models, by its forward pass.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
	/// Llama and what is built like it (SmolLM2, TinyLlama, Mistral).
	Llama,
	/// Qwen2 and Qwen2.5: biases on queries, keys and values.
	Qwen2,
	/// Qwen3: norms on the heads of queries and keys.
	Qwen3,
}

impl Family {
	/// The name that GGUF's `general.architecture` and Hugging Face's `model_type` use.
	pub fn name(self) -> &'static str {
		match self {
			Self::Llama => "llama",
			Self::Qwen2 => "qwen2",
			Self::Qwen3 => "qwen3",
		}
	}

	/// The family of that name.
	pub(crate) fn read(name: &str) -> Result<Self, Fault> {
		match name {
			"llama" => Ok(Self::Llama),
			"qwen2" => Ok(Self::Qwen2),
			"qwen3" => Ok(Self::Qwen3),
			_ => Err(Fault::unsupported(format!(
				"its architecture is {:?}; supported are \"llama\", \"qwen2\" and \"qwen3\"",
				name.chars().take(64).collect::<String>()
			))),
		}
	}

	pub(crate) fn has_attention_bias(self) -> bool {
		self == Self::Qwen2
	}

	pub(crate) fn has_head_norm(self) -> bool {
		self == Self::Qwen3
	}
}

impl fmt::Display for Family {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter.write_str(self.name())
	}
}

/// What the forward pass needs to know. All sizes are at least 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
	pub(crate) family: Family,
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
	pub(crate) rotary_pairs: RotaryPairs,
	pub(crate) rotary_scaling: RotaryScaling,
	/// Whether the output projection is the embedding; None where the file decides by having one.
	pub(crate) tied: Option<bool>,
}

impl Config {
	/// Reads the keys of the architecture; `vocabulary` is the length of the tokenizer's list.
	pub(crate) fn read(file: &Gguf<'_>, vocabulary: usize) -> Result<Self, Fault> {
		let family = Family::read(file.text("general.architecture")?)?;
		let key = |name: &str| format!("{family}.{name}");
		refuse_variants(file, family)?;
		let embedding = file.size(&key("embedding_length"), MAX_EMBEDDING)?;
		let heads = file.size(&key("attention.head_count"), MAX_HEADS)?;
		let kv_key = key("attention.head_count_kv");
		let kv_heads = match file.get(&kv_key) {
			None => heads,
			Some(_) => file.size(&kv_key, MAX_HEADS)?,
		};
		let derived = (embedding / heads).max(1) as u64;
		let head_size = file.integer_or(&key("attention.key_length"), 1, MAX_EMBEDDING as u64, derived)?;
		for name in ["rope.dimension_count", "attention.value_length"] {
			let found = file.integer_or(&key(name), 1, MAX_EMBEDDING as u64, head_size)?;
			if found != head_size {
				return Err(Fault::unsupported(format!(
					"{} is {found}; supported is the head's width, {head_size}",
					key(name)
				)));
			}
		}
		let context_length = file.size(&key("context_length"), MAX_CONTEXT)?;
		// Attention looks back to the beginning, which is the same within the window; 0 stands for none.
		let window = file.integer_or(&key("attention.sliding_window"), 0, u64::MAX, 0)?;
		let window = usize::try_from(window).ok().filter(|tokens| *tokens > 0);
		Self {
			family,
			layers: file.size(&key("block_count"), MAX_LAYERS)?,
			embedding,
			feed_forward: file.size(&key("feed_forward_length"), MAX_FEED_FORWARD)?,
			heads,
			kv_heads,
			head_size: usize::try_from(head_size).unwrap_or(MAX_EMBEDDING),
			context_length: window.map_or(context_length, |tokens| tokens.min(context_length)),
			vocabulary,
			norm_epsilon: file.positive_or(&key("attention.layer_norm_rms_epsilon"), None)? as f32,
			rope_base: file.positive_or(&key("rope.freq_base"), Some(DEFAULT_ROPE_BASE))?,
			rotary_pairs: match family {
				Family::Llama => RotaryPairs::Neighbours,
				Family::Qwen2 | Family::Qwen3 => RotaryPairs::Halves,
			},
			rotary_scaling: rotary_scaling(file, family)?,
			tied: None,
		}
		.checked(file.get(&key("attention.key_length")).is_some())
	}

	/// The sizes, if they fit each other. A head size that is not `explicit` was divided out.
	pub(crate) fn checked(self, explicit: bool) -> Result<Self, Fault> {
		let Self {
			embedding,
			heads,
			kv_heads,
			head_size,
			..
		} = self;
		let whole = explicit || embedding == heads * head_size;
		if !whole || heads % kv_heads != 0 || head_size % 2 != 0 {
			return Err(Fault::malformed(format!(
				"embedding length {embedding}, {heads} heads of width {head_size} and {kv_heads} key/value heads do not fit: \
				 expected key/value heads that divide the heads, heads that divide the embedding, and an even width"
			)));
		}
		if heads * head_size > 2 * MAX_EMBEDDING {
			return Err(Fault::malformed(format!(
				"{heads} heads of width {head_size}; the limit is {} together",
				2 * MAX_EMBEDDING
			)));
		}
		if self.vocabulary > MAX_VOCABULARY {
			return Err(Fault::malformed(format!(
				"{} tokens in the vocabulary, the limit is {MAX_VOCABULARY}",
				self.vocabulary
			)));
		}
		Ok(self)
	}
}

/// Members of a family whose forward pass differs from the plain one.
fn refuse_variants(file: &Gguf<'_>, family: Family) -> Result<(), Fault> {
	if file.integer_or(&format!("{family}.expert_count"), 0, u64::MAX, 0)? > 0 {
		return Err(Fault::unsupported(
			"it is a mixture of experts; supported are dense models",
		));
	}
	Ok(())
}

/// What a file says of long texts. Llama 3.1's way is in a tensor of divisors instead.
fn rotary_scaling(file: &Gguf<'_>, family: Family) -> Result<RotaryScaling, Fault> {
	let key = |name: &str| format!("{family}.rope.scaling.{name}");
	let kind = match file.get(&key("type")) {
		None => return Ok(RotaryScaling::Plain),
		Some(Value::Text(kind)) => kind.as_str(),
		Some(_) => "no text",
	};
	match kind {
		"none" => Ok(RotaryScaling::Plain),
		"linear" => Ok(RotaryScaling::Linear {
			factor: file.positive_or(&key("factor"), None)?,
		}),
		_ => Err(Fault::unsupported(format!(
			"it scales its rotary positions by {kind:?} ({}); supported are \"none\", \"linear\" and rope_freqs.weight",
			key("type")
		))),
	}
}
