//! The forward pass of a decoder by this crate's own kernels, on the CPU: tokens of several sequences in, hidden states and
//! logits out.
//!
//! The new tokens of all sequences of a batch stand below each other as the rows of one matrix, so
//! that each weight is read from memory once for all of them. Only the attention looks at one
//! sequence at a time.

use crate::InferError;
use crate::cache::{KvShape, Sequence};
use crate::compute::{Attend, Compute, Rows, add_bias, add_to, attend, gate, multiply, rms_norm};
use crate::config::Config;
use crate::rotary::{self, RotaryPairs};
use crate::weights::{Layer, OnProcessor, Weights};

/// New tokens of one sequence. There must be blocks for them ([`Sequence::missing_blocks`]).
#[derive(Debug)]
pub(crate) struct Slice<'a> {
	pub(crate) tokens: &'a [u32],
	pub(crate) sequence: &'a mut Sequence,
}

/// A decoder of the llama or Qwen family.
#[derive(Debug)]
pub(crate) struct Transformer {
	config: Config,
	weights: Weights<OnProcessor>,
	shape: KvShape,
	compute: Compute,
	/// Radians a position, one for each pair of a head's components.
	frequencies: Vec<f64>,
}

/// Buffers that all layers use in turn.
struct Scratch {
	normed: Rows,
	attention_input: Rows,
	attended: Rows,
	sums: Rows,
	feed_forward: Rows,
	gated: Rows,
	/// Cosines and sines, (row, pair).
	rotations: Vec<(f32, f32)>,
	/// The sequence of each row, and its position there.
	places: Vec<(usize, usize)>,
}

impl Transformer {
	pub(crate) fn new(config: Config, weights: Weights<OnProcessor>, compute: Compute) -> Self {
		let divisors = weights.frequency_factors.as_deref();
		let frequencies = rotary::frequencies(config.head_size, config.rope_base, config.rotary_scaling, divisors);
		Self {
			shape: KvShape::new(config.layers, config.kv_heads, config.head_size),
			frequencies,
			config,
			weights,
			compute,
		}
	}

	pub(crate) fn config(&self) -> &Config {
		&self.config
	}

	pub(crate) fn shape(&self) -> &KvShape {
		&self.shape
	}

	pub(crate) fn parameters(&self) -> u64 {
		self.weights.parameters
	}

	/// Runs the tokens (valid ids) of each slice after those in its sequence: their hidden states
	/// before the output norm, all slices below each other. If it fails, the sequences are
	/// unusable.
	pub(crate) fn forward(&self, batch: &mut [Slice<'_>]) -> Result<Rows, InferError> {
		self.compute.run(|| self.forward_here(batch))
	}

	/// Runs `work` on the threads of this model.
	pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
		self.compute.run(work)
	}

	/// The logits of some rows of hidden states.
	pub(crate) fn project(&self, hidden: &Rows, rows: &[usize]) -> Result<Rows, InferError> {
		self.compute.run(|| {
			let mut picked = Rows::zeros(rows.len(), self.config.embedding);
			for (target, &row) in rows.iter().enumerate() {
				picked.row_mut(target).copy_from_slice(hidden.row(row));
			}
			let mut normed = Rows::zeros(rows.len(), self.config.embedding);
			self.norm(&picked, &self.weights.output_norm, &mut normed);
			let mut logits = Rows::zeros(rows.len(), self.config.vocabulary);
			match &self.weights.head {
				Some(head) => head.apply(&self.compute, &normed, &mut logits)?,
				None => multiply(&self.compute, &self.weights.embedding, &normed, &mut logits),
			}
			Ok(logits)
		})
	}

	fn forward_here(&self, batch: &mut [Slice<'_>]) -> Result<Rows, InferError> {
		let count = batch.iter().map(|slice| slice.tokens.len()).sum();
		let mut hidden = Rows::zeros(count, self.config.embedding);
		let tokens = batch.iter().flat_map(|slice| slice.tokens);
		for (row, &token) in tokens.enumerate() {
			self.weights.embedding.copy_row(token as usize, hidden.row_mut(row));
		}
		let mut scratch = self.scratch(batch, count);
		for (index, layer) in self.weights.layers.iter().enumerate() {
			self.norm(&hidden, &layer.attention_norm, &mut scratch.normed);
			self.attention(index, layer, batch, &mut scratch)?;
			add_to(&mut hidden, &scratch.sums);

			self.norm(&hidden, &layer.feed_forward_norm, &mut scratch.normed);
			let (compute, input) = (&self.compute, &scratch.normed);
			layer
				.feed_forward_input
				.apply(compute, input, &mut scratch.feed_forward)?;
			gate(compute.arch, &scratch.feed_forward, &mut scratch.gated);
			layer.down.apply(compute, &scratch.gated, &mut scratch.sums)?;
			add_to(&mut hidden, &scratch.sums);
		}
		for slice in batch {
			slice.sequence.advance(slice.tokens.len());
		}
		Ok(hidden)
	}

	fn scratch(&self, batch: &[Slice<'_>], count: usize) -> Scratch {
		let config = &self.config;
		let query_width = config.heads * config.head_size;
		let kv_width = config.kv_heads * config.head_size;
		let places: Vec<(usize, usize)> = batch
			.iter()
			.enumerate()
			.flat_map(|(index, slice)| {
				let start = slice.sequence.length();
				(start..start + slice.tokens.len()).map(move |position| (index, position))
			})
			.collect();
		let rotations = places
			.iter()
			.flat_map(|&(_, position)| self.frequencies.iter().map(move |step| position as f64 * step))
			.map(|angle| (angle.cos() as f32, angle.sin() as f32))
			.collect();
		Scratch {
			normed: Rows::zeros(count, config.embedding),
			attention_input: Rows::zeros(count, query_width + 2 * kv_width),
			attended: Rows::zeros(count, query_width),
			sums: Rows::zeros(count, config.embedding),
			feed_forward: Rows::zeros(count, 2 * config.feed_forward),
			gated: Rows::zeros(count, config.feed_forward),
			rotations,
			places,
		}
	}

	fn norm(&self, input: &Rows, weight: &[f32], output: &mut Rows) {
		rms_norm(self.compute.arch, input, weight, self.config.norm_epsilon, output);
	}

	/// From `scratch.normed` to `scratch.sums`; the new keys and values go into the sequences.
	fn attention(
		&self,
		index: usize,
		layer: &Layer<OnProcessor>,
		batch: &mut [Slice<'_>],
		scratch: &mut Scratch,
	) -> Result<(), InferError> {
		let config = &self.config;
		let query_width = config.heads * config.head_size;
		let kv_width = config.kv_heads * config.head_size;
		layer
			.attention_input
			.apply(&self.compute, &scratch.normed, &mut scratch.attention_input)?;
		if let Some(bias) = &layer.attention_bias {
			add_bias(&mut scratch.attention_input, bias);
		}
		let scale = 1.0 / (config.head_size as f32).sqrt();
		for (row, &(slice, position)) in scratch.places.iter().enumerate() {
			let rotation = &scratch.rotations[row * self.frequencies.len()..][..self.frequencies.len()];
			let (query, rest) = scratch.attention_input.row_mut(row).split_at_mut(query_width);
			let (key, value) = rest.split_at_mut(kv_width);
			self.prepare_heads(query, layer.query_norm.as_deref(), rotation);
			self.prepare_heads(key, layer.key_norm.as_deref(), rotation);
			query.iter_mut().for_each(|component| *component *= scale);
			batch[slice].sequence.write(&self.shape, index, position, key, value)?;
		}
		let inputs = &scratch.attention_input;
		let positions: Vec<Attend<'_>> = scratch
			.places
			.iter()
			.enumerate()
			.map(|(row, &(slice, position))| Attend {
				query: &inputs.row(row)[..query_width],
				blocks: batch[slice].sequence.blocks(),
				seen: position + 1,
			})
			.collect();
		let mut output = vec![0.0; positions.len() * query_width];
		attend(&self.compute, &self.shape, index, &positions, &mut output);
		scratch.attended.fill(0, &output);
		layer
			.attention_output
			.apply(&self.compute, &scratch.attended, &mut scratch.sums)
	}

	/// Norms (where the family does) and turns each head by its position.
	fn prepare_heads(&self, heads: &mut [f32], norm: Option<&[f32]>, rotation: &[(f32, f32)]) {
		for head in heads.chunks_exact_mut(self.config.head_size) {
			if let Some(weight) = norm {
				let squares: f32 = head.iter().map(|x| x * x).sum();
				let scale = 1.0 / (squares / head.len() as f32 + self.config.norm_epsilon).sqrt();
				for (x, weight) in head.iter_mut().zip(weight) {
					*x = *x * scale * weight;
				}
			}
			let half = head.len() / 2;
			for (pair, &(cosine, sine)) in rotation.iter().enumerate() {
				let (first, second) = match self.config.rotary_pairs {
					RotaryPairs::Neighbours => (2 * pair, 2 * pair + 1),
					RotaryPairs::Halves => (pair, pair + half),
				};
				let (x, y) = (head[first], head[second]);
				head[first] = x * cosine - y * sine;
				head[second] = x * sine + y * cosine;
			}
		}
	}
}
