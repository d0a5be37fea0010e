//! Texts to vectors, by an encoder of the BERT family.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::compute::{Compute, Matrix, Rows, add_bias, add_to, gelu, layer_norm, multiply, softmax};
use crate::config::{MAX_CONTEXT, MAX_EMBEDDING, MAX_FEED_FORWARD, MAX_HEADS, MAX_LAYERS, MAX_VOCABULARY};
use crate::error::Fault;
use crate::file::{check_hash, hexadecimal};
use crate::folder::Folder;
use crate::folder_config::{positive, size};
use crate::source::Loader;
use crate::tokenizer::MAX_TEXT_BYTES;
use crate::tokenizer_parts;
use crate::{InferError, LoadOptions, Precision};

/// An encoder that turns a text into a vector of length 1. Cheap to clone.
///
/// The vector is the mean over the text's tokens (those that the tokenizer puts around it
/// included) of the last layer, divided by its length, as the sentence-transformers models want
/// it. The same text gives the same bits each time.
#[derive(Clone, Debug)]
pub struct Embedder {
	inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
	sha256: [u8; 32],
	tokenizer: tokenizers::Tokenizer,
	encoder: Encoder,
}

impl Embedder {
	/// Reads a folder with `config.json`, `tokenizer.json` and safetensors. Padding and truncation
	/// that the tokenizer's file asks for are turned off.
	///
	/// # Errors
	///
	/// As [`crate::Model::load`]; [`InferError::Unsupported`] for a precision other than F32,
	/// [`InferError::ProcessorOnly`] for a GPU.
	pub fn load(path: &Path, options: &LoadOptions) -> Result<Self, InferError> {
		let compute = options.device.processor()?;
		let folder = Folder::read(path)?;
		if let Some(expected) = &options.expected_sha256 {
			check_hash(path, &folder.sha256, expected)?;
		}
		let inner = Inner::read(&folder, options.precision, compute).map_err(|fault| fault.at(path))?;
		tracing::info!(path = %path.display(), sha256 = hexadecimal(&folder.sha256), "embedder loaded");
		Ok(Self { inner: Arc::new(inner) })
	}

	/// An embedder of a folder in memory.
	pub(crate) fn from_folder(folder: &Folder, compute: Compute) -> Result<Self, Fault> {
		let inner = Inner::read(folder, Precision::F32, compute)?;
		Ok(Self { inner: Arc::new(inner) })
	}

	/// Hash of the folder's content, as [`crate::Model::sha256`] describes it.
	pub fn sha256(&self) -> [u8; 32] {
		self.inner.sha256
	}

	/// Numbers in a vector.
	pub fn dimensions(&self) -> usize {
		self.inner.encoder.width
	}

	/// The most tokens of a text.
	pub fn context_length(&self) -> usize {
		self.inner.encoder.positions.count()
	}

	/// Tokens of a text, those that the tokenizer puts around it included.
	///
	/// # Errors
	///
	/// [`InferError::TextTooLong`] beyond [`MAX_TEXT_BYTES`].
	pub fn encode(&self, text: &str) -> Result<Vec<u32>, InferError> {
		if text.len() > MAX_TEXT_BYTES {
			return Err(InferError::TextTooLong {
				found: text.len(),
				limit: MAX_TEXT_BYTES,
			});
		}
		let encoding = self.inner.tokenizer.encode_fast(text, true);
		let encoding = encoding.map_err(|error| InferError::Tokenizer(error.to_string()))?;
		Ok(encoding.get_ids().to_vec())
	}

	/// The vector of a text.
	///
	/// # Errors
	///
	/// [`InferError::TextTooLong`] beyond [`MAX_TEXT_BYTES`], [`InferError::ContextFull`] beyond
	/// [`Self::context_length`], [`InferError::NoTokens`] if nothing is left of the text.
	pub fn embed(&self, text: &str) -> Result<Vec<f32>, InferError> {
		let tokens = self.encode(text)?;
		if tokens.is_empty() {
			return Err(InferError::NoTokens("the text has none"));
		}
		if tokens.len() > self.context_length() {
			return Err(InferError::ContextFull {
				limit: self.context_length(),
				held: 0,
				asked: tokens.len(),
			});
		}
		let vocabulary_size = self.inner.encoder.words.count();
		if let Some(&token) = tokens.iter().find(|&&token| token as usize >= vocabulary_size) {
			return Err(InferError::UnknownToken { token, vocabulary_size });
		}
		let encoder = &self.inner.encoder;
		Ok(encoder.compute.run(|| mean(&encoder.forward(&tokens))))
	}
}

/// The mean of all rows, divided by its length.
fn mean(rows: &Rows) -> Vec<f32> {
	let mut sum = vec![0.0f64; rows.columns()];
	for index in 0..rows.count() {
		for (sum, &x) in sum.iter_mut().zip(rows.row(index)) {
			*sum += f64::from(x);
		}
	}
	let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
	sum.iter().map(|x| (x / length) as f32).collect()
}

impl Inner {
	fn read(folder: &Folder, precision: Precision, compute: Compute) -> Result<Self, Fault> {
		if precision != Precision::F32 {
			return Err(Fault::unsupported(format!(
				"an embedder runs in f32, {precision} was asked for"
			)));
		}
		let json = folder.tokenizer()?;
		tokenizer_parts::check_preparation(&json)?;
		tokenizer_parts::check_word_pieces(&json)?;
		let mut tokenizer = tokenizers::Tokenizer::from_bytes(json.to_string())
			.map_err(|error| Fault::malformed(format!("tokenizer.json cannot be used: {error}")))?;
		tokenizer.with_padding(None);
		tokenizer
			.with_truncation(None)
			.map_err(|error| Fault::malformed(error.to_string()))?;
		let encoder = Encoder::load(folder, compute)?;
		let tokens = tokenizer.get_vocab_size(true);
		if tokens > encoder.words.count() {
			return Err(Fault::malformed(format!(
				"tokenizer.json has {tokens} tokens, the model {}: they do not belong together",
				encoder.words.count()
			)));
		}
		Ok(Self {
			sha256: folder.sha256,
			tokenizer,
			encoder,
		})
	}
}

/// A linear layer with a bias.
#[derive(Debug)]
struct Dense {
	weight: Matrix,
	bias: Vec<f32>,
}

/// Weight and bias of a layer norm.
#[derive(Debug)]
struct Norm {
	weight: Vec<f32>,
	bias: Vec<f32>,
}

#[derive(Debug)]
struct Layer {
	/// Queries, keys, values.
	input: Dense,
	output: Dense,
	attention_norm: Norm,
	up: Dense,
	down: Dense,
	norm: Norm,
}

#[derive(Debug)]
struct Encoder {
	words: Matrix,
	positions: Matrix,
	/// The row of the first kind of text; there is one text.
	kind: Vec<f32>,
	norm: Norm,
	layers: Vec<Layer>,
	width: usize,
	heads: usize,
	epsilon: f32,
	compute: Compute,
}

impl Encoder {
	fn load(folder: &Folder, compute: Compute) -> Result<Self, Fault> {
		let config = folder.config()?;
		check_kind(&config)?;
		let width = size(&config, "hidden_size", MAX_EMBEDDING)?;
		let heads = size(&config, "num_attention_heads", MAX_HEADS)?;
		if width % heads != 0 {
			return Err(Fault::malformed(format!(
				"{heads} heads do not divide a width of {width}"
			)));
		}
		let inner = size(&config, "intermediate_size", MAX_FEED_FORWARD)?;
		let tensors = folder.tensors()?;
		let mut loader = Loader::new(&tensors);
		let prefix = if loader.has("bert.embeddings.word_embeddings.weight") {
			"bert."
		} else {
			""
		};
		let name = |part: &str| format!("{prefix}{part}");
		let mut table = |key: &str, part: &str, most: usize| -> Result<Matrix, Fault> {
			let rows = size(&config, key, most)?;
			loader.matrix(&name(&format!("embeddings.{part}_embeddings.weight")), rows, width)
		};
		let words = table("vocab_size", "word", MAX_VOCABULARY)?;
		let positions = table("max_position_embeddings", "position", MAX_CONTEXT)?;
		let mut kind = vec![0.0; width];
		table("type_vocab_size", "token_type", MAX_VOCABULARY)?.copy_row(0, &mut kind);
		let norm = Norm::load(&mut loader, &name("embeddings.LayerNorm"), width)?;
		let mut layers = Vec::new();
		for index in 0..size(&config, "num_hidden_layers", MAX_LAYERS)? {
			let prefix = name(&format!("encoder.layer.{index}"));
			layers.push(Layer::load(&mut loader, &prefix, width, inner)?);
		}
		// For other uses than embedding.
		for unused in ["pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids"] {
			loader.ignore(&name(unused));
		}
		loader.refuse_leftovers("bert")?;
		Ok(Self {
			words,
			positions,
			kind,
			norm,
			layers,
			width,
			heads,
			epsilon: positive(&config["layer_norm_eps"], "layer_norm_eps", Some(1e-12))? as f32,
			compute,
		})
	}

	/// The last layer, a row for each token.
	fn forward(&self, tokens: &[u32]) -> Rows {
		let mut hidden = Rows::zeros(tokens.len(), self.width);
		let mut position = vec![0.0; self.width];
		for (place, &token) in tokens.iter().enumerate() {
			let row = hidden.row_mut(place);
			self.words.copy_row(token as usize, row);
			self.positions.copy_row(place, &mut position);
			for ((x, kind), position) in row.iter_mut().zip(&self.kind).zip(&position) {
				*x += kind + position;
			}
		}
		self.norm.apply(&mut hidden, self.epsilon);
		for layer in &self.layers {
			let attended = self.attention(layer, &hidden);
			let sums = layer.output.apply(&self.compute, &attended);
			add_to(&mut hidden, &sums);
			layer.attention_norm.apply(&mut hidden, self.epsilon);
			let mut inner = layer.up.apply(&self.compute, &hidden);
			gelu(&mut inner);
			let sums = layer.down.apply(&self.compute, &inner);
			add_to(&mut hidden, &sums);
			layer.norm.apply(&mut hidden, self.epsilon);
		}
		hidden
	}

	/// Every token looks at every token.
	fn attention(&self, layer: &Layer, hidden: &Rows) -> Rows {
		let inputs = layer.input.apply(&self.compute, hidden);
		let (count, size) = (hidden.count(), self.width / self.heads);
		let scale = 1.0 / (size as f32).sqrt();
		let mut output = Rows::zeros(count, self.width);
		for head in 0..self.heads {
			let mut queries = Rows::zeros(count, size);
			let mut keys = Matrix::zeros(count, size);
			let mut values = Matrix::zeros(size, count);
			let mut components = vec![vec![0.0; count]; size];
			for token in 0..count {
				let part = |which: usize| &inputs.row(token)[which * self.width + head * size..][..size];
				for (target, x) in queries.row_mut(token).iter_mut().zip(part(0)) {
					*target = x * scale;
				}
				keys.set_row(token, part(1));
				for (component, &x) in components.iter_mut().zip(part(2)) {
					component[token] = x;
				}
			}
			for (index, component) in components.iter().enumerate() {
				values.set_row(index, component);
			}
			let mut scores = Rows::zeros(count, count);
			multiply(&self.compute, &keys, &queries, &mut scores);
			for token in 0..count {
				softmax(scores.row_mut(token));
			}
			let mut mixed = Rows::zeros(count, size);
			multiply(&self.compute, &values, &scores, &mut mixed);
			for token in 0..count {
				output.row_mut(token)[head * size..][..size].copy_from_slice(mixed.row(token));
			}
		}
		output
	}
}

fn check_kind(config: &Value) -> Result<(), Fault> {
	for (key, expected) in [
		("model_type", "bert"),
		("hidden_act", "gelu"),
		("position_embedding_type", "absolute"),
	] {
		let found = &config[key];
		let absent = found.is_null() && key != "model_type";
		if !absent && found.as_str() != Some(expected) {
			return Err(Fault::unsupported(format!(
				"{key} is {found}; supported is {expected:?}"
			)));
		}
	}
	Ok(())
}

impl Layer {
	fn load(loader: &mut Loader<'_>, prefix: &str, width: usize, inner: usize) -> Result<Self, Fault> {
		let inputs = ["query", "key", "value"].map(|part| format!("{prefix}.attention.self.{part}"));
		let parts = inputs.clone().map(|name| (format!("{name}.weight"), width));
		let weight = loader.stacked(&parts, width)?;
		let mut bias = Vec::new();
		for name in inputs {
			bias.extend(loader.vector(&format!("{name}.bias"), width)?);
		}
		Ok(Self {
			input: Dense { weight, bias },
			output: Dense::load(loader, &format!("{prefix}.attention.output.dense"), width, width)?,
			attention_norm: Norm::load(loader, &format!("{prefix}.attention.output.LayerNorm"), width)?,
			up: Dense::load(loader, &format!("{prefix}.intermediate.dense"), inner, width)?,
			down: Dense::load(loader, &format!("{prefix}.output.dense"), width, inner)?,
			norm: Norm::load(loader, &format!("{prefix}.output.LayerNorm"), width)?,
		})
	}
}

impl Dense {
	fn load(loader: &mut Loader<'_>, name: &str, outputs: usize, inputs: usize) -> Result<Self, Fault> {
		Ok(Self {
			weight: loader.matrix(&format!("{name}.weight"), outputs, inputs)?,
			bias: loader.vector(&format!("{name}.bias"), outputs)?,
		})
	}

	fn apply(&self, compute: &Compute, input: &Rows) -> Rows {
		let mut output = Rows::zeros(input.count(), self.weight.count());
		multiply(compute, &self.weight, input, &mut output);
		add_bias(&mut output, &self.bias);
		output
	}
}

impl Norm {
	fn load(loader: &mut Loader<'_>, name: &str, width: usize) -> Result<Self, Fault> {
		Ok(Self {
			weight: loader.vector(&format!("{name}.weight"), width)?,
			bias: loader.vector(&format!("{name}.bias"), width)?,
		})
	}

	fn apply(&self, rows: &mut Rows, epsilon: f32) {
		layer_norm(rows, &self.weight, &self.bias, epsilon);
	}
}
