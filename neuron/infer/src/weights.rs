//! The weights of a decoder, under the names that GGUF and Hugging Face give them.

use std::fmt::Debug;

use crate::compute::Matrix;
use crate::config::Config;
use crate::error::Fault;
use crate::linear::Linear;
use crate::precision::Precision;
use crate::source::{Loader, TensorSource};

/// Who named the tensors.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(crate) enum Naming {
	Gguf,
	HuggingFace,
}

impl Naming {
	fn model(self, part: &str) -> String {
		match (self, part) {
			(Self::Gguf, _) => format!("{part}.weight"),
			(Self::HuggingFace, "token_embd") => "model.embed_tokens.weight".to_owned(),
			(Self::HuggingFace, "output") => "lm_head.weight".to_owned(),
			(Self::HuggingFace, "output_norm") => "model.norm.weight".to_owned(),
			(Self::HuggingFace, part) => format!("model.{part}.weight"),
		}
	}

	/// `part` by its GGUF name, with `weight` or `bias` after it.
	fn layer(self, index: usize, part: &str, what: &str) -> String {
		if self == Self::Gguf {
			return format!("blk.{index}.{part}.{what}");
		}
		let part = match part {
			"attn_norm" => "input_layernorm",
			"attn_q" => "self_attn.q_proj",
			"attn_k" => "self_attn.k_proj",
			"attn_v" => "self_attn.v_proj",
			"attn_q_norm" => "self_attn.q_norm",
			"attn_k_norm" => "self_attn.k_norm",
			"attn_output" => "self_attn.o_proj",
			"ffn_norm" => "post_attention_layernorm",
			"ffn_gate" => "mlp.gate_proj",
			"ffn_up" => "mlp.up_proj",
			"ffn_down" => "mlp.down_proj",
			other => other,
		};
		format!("model.layers.{index}.{part}.{what}")
	}
}

/// Where weights are kept, and how. Each goes there as soon as it is read.
pub(crate) trait Keep: Debug {
	/// The embedding, whose rows are looked up; a tied model's head too.
	type Table: Debug;
	/// What is applied to activations.
	type Linear: Debug;
	/// Norms and biases.
	type Vector: Debug;

	fn table(&self, weight: Matrix) -> Result<Self::Table, Fault>;

	fn linear(&self, weight: Matrix, precision: Precision) -> Result<Self::Linear, Fault>;

	fn vector(&self, numbers: Vec<f32>) -> Result<Self::Vector, Fault>;
}

/// In the machine's memory, for this crate's own kernels.
#[derive(Debug)]
pub(crate) struct OnProcessor;

impl Keep for OnProcessor {
	type Table = Matrix;
	type Linear = Linear;
	type Vector = Vec<f32>;

	fn table(&self, weight: Matrix) -> Result<Matrix, Fault> {
		Ok(weight)
	}

	fn linear(&self, weight: Matrix, precision: Precision) -> Result<Linear, Fault> {
		Linear::new(weight, precision)
	}

	fn vector(&self, numbers: Vec<f32>) -> Result<Vec<f32>, Fault> {
		Ok(numbers)
	}
}

/// One layer. Matrices that are applied to the same input stand below each other as one.
#[derive(Debug)]
pub(crate) struct Layer<K: Keep> {
	pub(crate) attention_norm: K::Vector,
	/// Queries, keys, values.
	pub(crate) attention_input: K::Linear,
	pub(crate) attention_bias: Option<K::Vector>,
	pub(crate) query_norm: Option<K::Vector>,
	pub(crate) key_norm: Option<K::Vector>,
	pub(crate) attention_output: K::Linear,
	pub(crate) feed_forward_norm: K::Vector,
	/// Gate, up.
	pub(crate) feed_forward_input: K::Linear,
	pub(crate) down: K::Linear,
}

/// All weights.
#[derive(Debug)]
pub(crate) struct Weights<K: Keep> {
	pub(crate) embedding: K::Table,
	pub(crate) layers: Vec<Layer<K>>,
	pub(crate) output_norm: K::Vector,
	/// None: the embedding.
	pub(crate) head: Option<K::Linear>,
	/// What the rotary frequencies are divided by.
	pub(crate) frequency_factors: Option<Vec<f32>>,
	/// Numbers in all tensors.
	pub(crate) parameters: u64,
}

impl<K: Keep> Weights<K> {
	/// Reads every weight as F32; quantises the linear ones if `precision` asks for it.
	pub(crate) fn load(
		keep: &K,
		source: &dyn TensorSource,
		naming: Naming,
		config: &Config,
		precision: Precision,
	) -> Result<Self, Fault> {
		let mut loader = Loader::new(source);
		let (width, vocabulary) = (config.embedding, config.vocabulary);
		let embedding = loader.matrix(&naming.model("token_embd"), vocabulary, width)?;
		let output = naming.model("output");
		let head = if config.tied == Some(true) && naming == Naming::HuggingFace {
			// A tied folder may repeat the embedding under the other name.
			loader.ignore(&output);
			None
		} else if loader.has(&output) || config.tied == Some(false) {
			Some(keep.linear(loader.matrix(&output, vocabulary, width)?, precision)?)
		} else {
			None
		};
		let head = match (head, precision) {
			(None, Precision::Quantized(_)) => Some(keep.linear(embedding.clone(), precision)?),
			(head, _) => head,
		};
		let embedding = keep.table(embedding)?;
		let output_norm = keep.vector(loader.vector(&naming.model("output_norm"), width)?)?;
		let frequency_factors = loader.optional_vector(&naming.model("rope_freqs"), config.head_size / 2)?;
		let mut layers = Vec::new();
		for index in 0..config.layers {
			layers.push(Layer::load(keep, &mut loader, naming, index, config, precision)?);
			// Old checkpoints carry the table that the forward pass computes.
			loader.ignore(&format!("model.layers.{index}.self_attn.rotary_emb.inv_freq"));
		}
		loader.refuse_leftovers(config.family.name())?;
		Ok(Self {
			embedding,
			layers,
			output_norm,
			head,
			frequency_factors,
			parameters: loader.parameters(),
		})
	}
}

impl<K: Keep> Layer<K> {
	fn load(
		keep: &K,
		loader: &mut Loader<'_>,
		naming: Naming,
		index: usize,
		config: &Config,
		precision: Precision,
	) -> Result<Self, Fault> {
		let name = |part: &str| naming.layer(index, part, "weight");
		let (width, inner) = (config.embedding, config.feed_forward);
		let query_width = config.heads * config.head_size;
		let kv_width = config.kv_heads * config.head_size;
		let inputs = [("attn_q", query_width), ("attn_k", kv_width), ("attn_v", kv_width)];
		let attention_norm = keep.vector(loader.vector(&name("attn_norm"), width)?)?;
		let attention_input = loader.stacked(&inputs.map(|(part, rows)| (name(part), rows)), width)?;
		let has_bias = config.family.has_attention_bias()
			|| inputs
				.iter()
				.any(|(part, _)| loader.has(&naming.layer(index, part, "bias")));
		let mut attention_bias = None;
		if has_bias {
			let mut bias = Vec::new();
			for (part, rows) in inputs {
				bias.extend(loader.vector(&naming.layer(index, part, "bias"), rows)?);
			}
			attention_bias = Some(keep.vector(bias)?);
		}
		let mut head_norm = |part: &str| {
			let normed = config.family.has_head_norm();
			let norm = || keep.vector(loader.vector(&name(part), config.head_size)?);
			normed.then(norm).transpose()
		};
		Ok(Self {
			query_norm: head_norm("attn_q_norm")?,
			key_norm: head_norm("attn_k_norm")?,
			attention_norm,
			attention_input: keep.linear(attention_input, precision)?,
			attention_bias,
			attention_output: keep.linear(loader.matrix(&name("attn_output"), width, query_width)?, precision)?,
			feed_forward_norm: keep.vector(loader.vector(&name("ffn_norm"), width)?)?,
			feed_forward_input: keep.linear(
				loader.stacked(&[(name("ffn_gate"), inner), (name("ffn_up"), inner)], width)?,
				precision,
			)?,
			down: keep.linear(loader.matrix(&name("ffn_down"), width, inner)?, precision)?,
		})
	}
}
