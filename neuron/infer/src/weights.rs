//! The weights of a decoder, under the names that GGUF and Hugging Face give them.

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

/// One layer. Matrices that are applied to the same input stand below each other as one.
#[derive(Debug)]
pub(crate) struct Layer {
	pub(crate) attention_norm: Vec<f32>,
	/// Queries, keys, values.
	pub(crate) attention_input: Linear,
	pub(crate) attention_bias: Option<Vec<f32>>,
	pub(crate) query_norm: Option<Vec<f32>>,
	pub(crate) key_norm: Option<Vec<f32>>,
	pub(crate) attention_output: Linear,
	pub(crate) feed_forward_norm: Vec<f32>,
	/// Gate, up.
	pub(crate) feed_forward_input: Linear,
	pub(crate) down: Linear,
}

/// All weights.
#[derive(Debug)]
pub(crate) struct Weights {
	pub(crate) embedding: Matrix,
	pub(crate) layers: Vec<Layer>,
	pub(crate) output_norm: Vec<f32>,
	/// None: the embedding.
	pub(crate) head: Option<Linear>,
	/// What the rotary frequencies are divided by.
	pub(crate) frequency_factors: Option<Vec<f32>>,
	/// Numbers in all tensors.
	pub(crate) parameters: u64,
}

impl Weights {
	/// Reads every weight as F32; quantises the linear ones if `precision` asks for it.
	pub(crate) fn load(
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
			Some(Linear::new(loader.matrix(&output, vocabulary, width)?, precision)?)
		} else {
			None
		};
		let head = match (head, precision) {
			(None, Precision::Quantized(_)) => Some(Linear::new(embedding.clone(), precision)?),
			(head, _) => head,
		};
		let output_norm = loader.vector(&naming.model("output_norm"), width)?;
		let frequency_factors = loader.optional_vector(&naming.model("rope_freqs"), config.head_size / 2)?;
		let mut layers = Vec::new();
		for index in 0..config.layers {
			layers.push(Layer::load(&mut loader, naming, index, config, precision)?);
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

impl Layer {
	fn load(
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
		let attention_norm = loader.vector(&name("attn_norm"), width)?;
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
			attention_bias = Some(bias);
		}
		let mut head_norm = |part: &str| {
			let normed = config.family.has_head_norm();
			normed.then(|| loader.vector(&name(part), config.head_size)).transpose()
		};
		Ok(Self {
			query_norm: head_norm("attn_q_norm")?,
			key_norm: head_norm("attn_k_norm")?,
			attention_norm,
			attention_input: Linear::new(attention_input, precision)?,
			attention_bias,
			attention_output: Linear::new(loader.matrix(&name("attn_output"), width, query_width)?, precision)?,
			feed_forward_norm: loader.vector(&name("ffn_norm"), width)?,
			feed_forward_input: Linear::new(
				loader.stacked(&[(name("ffn_gate"), inner), (name("ffn_up"), inner)], width)?,
				precision,
			)?,
			down: Linear::new(loader.matrix(&name("ffn_down"), width, inner)?, precision)?,
		})
	}
}
