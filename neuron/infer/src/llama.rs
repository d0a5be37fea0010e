//! The llama forward pass on the CPU: weights in, hidden states and logits out.
//!
//! One sequence at a time; tensors have no batch dimension. `t` is the number of new tokens, `s`
//! the number of tokens in the cache after them. Dequantised weights give the same logits for one
//! batch of `t` tokens and for `t` single tokens up to the order of summation.

use candle_core::quantized::{QMatMul, QTensor};
use candle_core::{D, Device, Module, Tensor};
use candle_nn::kv_cache::KvCache;
use candle_nn::ops::{rms_norm, softmax_last_dim};
use candle_nn::rotary_emb::rope_i;

use crate::config::Config;
use crate::error::Fault;
use crate::gguf::Gguf;
use crate::precision::{Precision, QuantType};

/// Tokens by which a key/value cache grows.
const CACHE_STEP: usize = 256;

/// A matrix of `outputs` rows that is applied to the last dimension of its input.
#[derive(Debug)]
enum Linear {
	Dense(Tensor),
	Quantized(QMatMul),
}

impl Linear {
	fn new(weight: Tensor, precision: Precision) -> Result<Self, Fault> {
		let Precision::Quantized(quant) = precision else {
			return Ok(Self::Dense(weight));
		};
		let columns = weight.dim(D::Minus1)?;
		if columns % QuantType::BLOCK != 0 {
			return Err(Fault::unsupported(format!(
				"a weight has rows of {columns}, which {quant} cannot hold (blocks of {}); load it as f32",
				QuantType::BLOCK
			)));
		}
		Ok(Self::Quantized(QMatMul::from_qtensor(QTensor::quantize(
			&weight,
			quant.ggml(),
		)?)?))
	}

	/// (t, inputs) to (t, outputs).
	fn forward(&self, input: &Tensor) -> candle_core::Result<Tensor> {
		match self {
			Self::Dense(weight) => input.matmul(&weight.t()?),
			Self::Quantized(weight) => weight.forward(input),
		}
	}
}

#[derive(Debug)]
struct Layer {
	attention_norm: Tensor,
	query: Linear,
	key: Linear,
	value: Linear,
	attention_output: Linear,
	feed_forward_norm: Tensor,
	gate: Linear,
	up: Linear,
	down: Linear,
}

/// All weights of a model.
#[derive(Debug)]
pub(crate) struct Llama {
	config: Config,
	embedding: Tensor,
	layers: Vec<Layer>,
	output_norm: Tensor,
	head: Linear,
	/// Radians a position, one for each pair of a head's components.
	frequencies: Vec<f64>,
}

/// Keys and values of the tokens seen so far, one cache a layer.
#[derive(Debug)]
pub(crate) struct Cache {
	layers: Vec<KvCache>,
	length: usize,
}

impl Cache {
	/// Tokens held.
	pub(crate) fn length(&self) -> usize {
		self.length
	}
}

/// Takes tensors out of the file as F32 and remembers which were taken.
struct Loader<'a> {
	file: &'a Gguf<'a>,
	taken: Vec<String>,
	precision: Precision,
}

impl Loader<'_> {
	fn dense(&mut self, name: String, dimensions: &[usize]) -> Result<Tensor, Fault> {
		let tensor = self.file.tensor(&name, dimensions)?.dequantize(&Device::Cpu)?;
		self.taken.push(name);
		Ok(tensor)
	}

	fn linear(&mut self, name: String, outputs: usize, inputs: usize) -> Result<Linear, Fault> {
		Linear::new(self.dense(name, &[outputs, inputs])?, self.precision)
	}

	fn layer(&mut self, index: usize, config: &Config) -> Result<Layer, Fault> {
		let name = |part: &str| format!("blk.{index}.{part}.weight");
		let (width, inner) = (config.embedding, config.feed_forward);
		let kv_width = config.kv_heads * config.head_size;
		Ok(Layer {
			attention_norm: self.dense(name("attn_norm"), &[width])?,
			query: self.linear(name("attn_q"), width, width)?,
			key: self.linear(name("attn_k"), kv_width, width)?,
			value: self.linear(name("attn_v"), kv_width, width)?,
			attention_output: self.linear(name("attn_output"), width, width)?,
			feed_forward_norm: self.dense(name("ffn_norm"), &[width])?,
			gate: self.linear(name("ffn_gate"), inner, width)?,
			up: self.linear(name("ffn_up"), inner, width)?,
			down: self.linear(name("ffn_down"), width, inner)?,
		})
	}

	/// A tensor that the forward pass does not use (a bias, an adapter) would make its logits
	/// wrong without a word.
	fn refuse_leftovers(&self) -> Result<(), Fault> {
		match self
			.file
			.tensor_names()
			.find(|name| !self.taken.iter().any(|taken| taken == name))
		{
			None => Ok(()),
			Some(name) => Err(Fault::unsupported(format!(
				"it has the tensor {:?}, which a plain llama does not have",
				name.chars().take(64).collect::<String>()
			))),
		}
	}
}

impl Llama {
	/// Dequantises every weight; re-quantises the linear ones if `precision` asks for it.
	pub(crate) fn load(file: &Gguf<'_>, config: Config, precision: Precision) -> Result<Self, Fault> {
		let mut loader = Loader {
			file,
			taken: Vec::new(),
			precision,
		};
		let (width, vocabulary) = (config.embedding, config.vocabulary);
		let embedding = loader.dense("token_embd.weight".to_owned(), &[vocabulary, width])?;
		let head = match file.tensor_entry("output.weight") {
			Some(_) => loader.linear("output.weight".to_owned(), vocabulary, width)?,
			// Tied: the clone shares the embedding's memory.
			None => Linear::new(embedding.clone(), precision)?,
		};
		let output_norm = loader.dense("output_norm.weight".to_owned(), &[width])?;
		let factors = match file.tensor_entry("rope_freqs.weight") {
			Some(_) => Some(
				loader
					.dense("rope_freqs.weight".to_owned(), &[config.head_size / 2])?
					.to_vec1::<f32>()?,
			),
			None => None,
		};
		let frequencies = (0..config.head_size / 2)
			.map(|pair| {
				let exponent = 2.0 * pair as f64 / config.head_size as f64;
				let factor = factors.as_ref().map_or(1.0, |factors| f64::from(factors[pair]));
				1.0 / (config.rope_base.powf(exponent) * factor)
			})
			.collect();
		let mut layers = Vec::new();
		for index in 0..config.layers {
			layers.push(loader.layer(index, &config)?);
		}
		loader.refuse_leftovers()?;
		Ok(Self {
			config,
			embedding,
			layers,
			output_norm,
			head,
			frequencies,
		})
	}

	pub(crate) fn config(&self) -> &Config {
		&self.config
	}

	/// A cache without tokens; takes no memory before the first token.
	pub(crate) fn empty_cache(&self) -> Cache {
		// Keys and values are (kv_heads, s, head_size): they grow along dimension 1.
		let step = CACHE_STEP.min(self.config.context_length);
		Cache {
			layers: vec![KvCache::new(1, step); self.config.layers],
			length: 0,
		}
	}

	/// Runs `tokens` (valid ids, at least one) after those in the cache: their hidden states
	/// before the output norm, (t, embedding). If it fails, the cache is unusable.
	pub(crate) fn hidden(&self, tokens: &[u32], cache: &mut Cache) -> candle_core::Result<Tensor> {
		let count = tokens.len();
		let ids = Tensor::new(tokens, &Device::Cpu)?;
		let (cosine, sine) = self.rotations(cache.length, count)?;
		let mask = causal_mask(cache.length, count)?;
		let mut hidden = self.embedding.index_select(&ids, 0)?;
		for (layer, layer_cache) in self.layers.iter().zip(&mut cache.layers) {
			let normed = rms_norm(&hidden, &layer.attention_norm, self.config.norm_epsilon)?;
			let attended = self.attention(layer, &normed, layer_cache, (&cosine, &sine), mask.as_ref())?;
			hidden = (hidden + attended)?;
			let normed = rms_norm(&hidden, &layer.feed_forward_norm, self.config.norm_epsilon)?;
			let gated = (layer.gate.forward(&normed)?.silu()? * layer.up.forward(&normed)?)?;
			hidden = (hidden + layer.down.forward(&gated)?)?;
		}
		cache.length += count;
		Ok(hidden)
	}

	/// Hidden states (rows, embedding) to logits (rows, vocabulary).
	pub(crate) fn project(&self, hidden: &Tensor) -> candle_core::Result<Tensor> {
		let normed = rms_norm(&hidden.contiguous()?, &self.output_norm, self.config.norm_epsilon)?;
		self.head.forward(&normed)
	}

	/// Cosines and sines of positions `start..start + count`, each (count, head_size / 2).
	fn rotations(&self, start: usize, count: usize) -> candle_core::Result<(Tensor, Tensor)> {
		let angles: Vec<f64> = (start..start + count)
			.flat_map(|position| self.frequencies.iter().map(move |step| position as f64 * step))
			.collect();
		let table = |function: fn(f64) -> f64| {
			let values: Vec<f32> = angles.iter().map(|&angle| function(angle) as f32).collect();
			Tensor::from_vec(values, (count, self.frequencies.len()), &Device::Cpu)
		};
		Ok((table(f64::cos)?, table(f64::sin)?))
	}

	/// Grouped-query attention: each group of `heads / kv_heads` query heads is stacked into the
	/// rows of one matrix, so that keys and values need not be repeated.
	fn attention(
		&self,
		layer: &Layer,
		input: &Tensor,
		cache: &mut KvCache,
		(cosine, sine): (&Tensor, &Tensor),
		mask: Option<&Tensor>,
	) -> candle_core::Result<Tensor> {
		let Config {
			heads,
			kv_heads,
			head_size,
			embedding,
			..
		} = self.config;
		let count = input.dim(0)?;
		let stacked = heads / kv_heads * count;
		// (t, heads · head_size) to (1, heads, t, head_size), as the rotation wants it.
		let split = |flat: Tensor, heads: usize| {
			flat.reshape((1, count, heads, head_size))?
				.transpose(1, 2)?
				.contiguous()
		};
		let query = rope_i(&split(layer.query.forward(input)?, heads)?, cosine, sine)?;
		let key = rope_i(&split(layer.key.forward(input)?, kv_heads)?, cosine, sine)?;
		let value = split(layer.value.forward(input)?, kv_heads)?;
		let (key, value) = cache.append(&key.squeeze(0)?, &value.squeeze(0)?)?;
		let seen = key.dim(1)?;

		let scale = 1.0 / (head_size as f64).sqrt();
		let query = (query * scale)?.reshape((kv_heads, stacked, head_size))?;
		let mut scores = query.matmul(&key.t()?)?;
		if let Some(mask) = mask {
			let apart = scores.reshape((heads, count, seen))?;
			scores = apart.broadcast_add(mask)?.reshape((kv_heads, stacked, seen))?;
		}
		let mixed = softmax_last_dim(&scores)?.matmul(&value)?;
		let joined = mixed.reshape((heads, count, head_size))?.transpose(0, 1)?;
		layer.attention_output.forward(&joined.reshape((count, embedding))?)
	}
}

/// (count, start + count), zero where a token may look and minus infinity ahead of it; none is
/// needed for a single token.
fn causal_mask(start: usize, count: usize) -> candle_core::Result<Option<Tensor>> {
	if count == 1 {
		return Ok(None);
	}
	let seen = start + count;
	let values: Vec<f32> = (0..count)
		.flat_map(|row| (0..seen).map(move |column| if column <= start + row { 0.0 } else { f32::NEG_INFINITY }))
		.collect();
	Tensor::from_vec(values, (count, seen), &Device::Cpu).map(Some)
}
