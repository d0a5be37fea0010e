//! The forward pass of a decoder on candle's tensors, on any device that candle has.
//!
//! It computes what [`crate::transformer`] computes, but its sums run in the order of the device's
//! kernels, which may depend on the batch: the last bits of a logit do too.
//!
//! A device is fast when it gets few and large pieces of work, so the rows of all sequences go
//! through each linear weight together, keys and values are written by one call a layer, and
//! sequences of similar length attend together ([`plan`]). Between the tokens that go in and the
//! logits that come out nothing is copied to the machine's memory.

mod attention;
mod keep;
mod plan;
mod slabs;

#[cfg(test)]
mod engine_tests;
#[cfg(test)]
mod tests;

use candle_core::{Device, Tensor};
use candle_nn::ops::{rms_norm, swiglu};
use candle_nn::rotary_emb::{rope, rope_i};

pub(crate) use keep::OnDevice;
use plan::{Limits, Plan};
use slabs::Slab;
pub(crate) use slabs::Slabs;

use crate::InferError;
use crate::cache::KvShape;
use crate::compute::{Compute, Rows};
use crate::config::Config;
use crate::rotary::{self, RotaryPairs};
use crate::transformer::Slice;
use crate::weights::{Layer, Weights};
use attention::Look;

/// A decoder of the llama or Qwen family.
#[derive(Debug)]
pub(crate) struct Transformer {
	config: Config,
	weights: Weights<OnDevice>,
	shape: KvShape,
	device: Device,
	/// Radians a position, one for each pair of a head's components.
	frequencies: Vec<f64>,
	limits: Limits,
	/// For what is done with logits on the processor.
	compute: Compute,
}

/// Hidden states before the output norm.
#[derive(Debug)]
pub(crate) struct Hidden {
	/// (rows, embedding), in the order of the plan.
	rows: Tensor,
	/// Where each row of the batch stands in `rows`.
	order: Vec<u32>,
}

/// What all layers need for one forward pass, on the device.
struct Step {
	/// Cosines and sines, (rows, head size / 2).
	cosines: Tensor,
	sines: Tensor,
	/// The slot of each row, (kv heads, rows, head size).
	slots: Tensor,
	looks: Vec<Look>,
}

impl Transformer {
	pub(crate) fn new(config: Config, weights: Weights<OnDevice>, device: Device) -> Self {
		let divisors = weights.frequency_factors.as_deref();
		let frequencies = rotary::frequencies(config.head_size, config.rope_base, config.rotary_scaling, divisors);
		Self {
			shape: KvShape::on_device(config.layers, config.kv_heads, config.head_size),
			limits: Limits::new(config.heads, config.kv_heads * config.head_size),
			frequencies,
			config,
			weights,
			device,
			compute: Compute::shared(),
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

	/// Slabs without room.
	pub(crate) fn slabs(&self) -> Slabs {
		Slabs::new(self.device.clone(), self.shape.clone(), self.config.context_length)
	}

	/// Runs `work` on the processor's threads.
	pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
		self.compute.run(work)
	}

	/// As [`crate::decoder::Decoder::forward`].
	pub(crate) fn forward(&self, slabs: &Slabs, batch: &mut [Slice<'_>]) -> Result<Hidden, InferError> {
		let unsound: Vec<u32> = batch
			.iter_mut()
			.flat_map(|slice| slice.sequence.take_unsound())
			.collect();
		let plan = Plan::new(batch, &self.limits);
		slabs.check(plan.groups.iter().flat_map(|group| &group.blocks))?;
		slabs.clear(&unsound)?;
		let step = self.step(&plan)?;
		let tokens = Tensor::new(plan.tokens.as_slice(), &self.device)?;
		let mut rows = self.weights.embedding.index_select(&tokens, 0)?;
		for (layer, slab) in self.weights.layers.iter().zip(slabs.layers()) {
			let normed = self.norm(&rows, &layer.attention_norm)?;
			rows = (rows + self.attention(layer, slab, &step, &normed)?)?;
			let normed = self.norm(&rows, &layer.feed_forward_norm)?;
			let gated = swiglu(&layer.feed_forward_input.apply(&normed)?)?;
			rows = (rows + layer.down.apply(&gated)?)?;
		}
		for slice in batch {
			slice.sequence.advance(slice.tokens.len());
		}
		Ok(Hidden {
			rows,
			order: plan.order,
		})
	}

	/// The logits of some rows of hidden states, in the machine's memory.
	pub(crate) fn project(&self, hidden: &Hidden, rows: &[usize]) -> Result<Rows, InferError> {
		let mut logits = Rows::zeros(rows.len(), self.config.vocabulary);
		if rows.is_empty() {
			return Ok(logits);
		}
		let places: Vec<u32> = rows.iter().map(|&row| hidden.order[row]).collect();
		let picked = hidden.rows.index_select(&Tensor::new(places, &self.device)?, 0)?;
		let normed = self.norm(&picked, &self.weights.output_norm)?;
		let found = match &self.weights.head {
			Some(head) => head.apply(&normed)?,
			None => normed.matmul(&self.weights.embedding.t()?)?,
		};
		logits.fill(0, &found.flatten_all()?.to_vec1::<f32>()?);
		Ok(logits)
	}

	/// Takes what the plan says to the device.
	fn step(&self, plan: &Plan) -> Result<Step, candle_core::Error> {
		let (count, pairs) = (plan.tokens.len(), self.frequencies.len());
		let turn = |number: fn(f64) -> f64| {
			let angles = plan
				.positions
				.iter()
				.flat_map(|&position| self.frequencies.iter().map(move |step| position as f64 * step));
			let numbers = angles.map(|angle| number(angle) as f32).collect::<Vec<_>>();
			Tensor::from_vec(numbers, (count, pairs), &self.device)
		};
		let slots = Tensor::from_slice(&plan.slots, (1, count, 1), &self.device)?;
		let wide = (self.config.kv_heads, count, self.config.head_size);
		let looks = plan.groups.iter().map(|group| Look::new(group, &self.device));
		Ok(Step {
			cosines: turn(f64::cos)?,
			sines: turn(f64::sin)?,
			slots: slots.broadcast_as(wide)?.contiguous()?,
			looks: looks.collect::<Result<_, _>>()?,
		})
	}

	fn norm(&self, input: &Tensor, weight: &Tensor) -> Result<Tensor, candle_core::Error> {
		rms_norm(input, weight, self.config.norm_epsilon)
	}

	/// What the layer's attention makes of normed rows; their keys and values go into the slab.
	fn attention(
		&self,
		layer: &Layer<OnDevice>,
		slab: &Slab,
		step: &Step,
		normed: &Tensor,
	) -> Result<Tensor, candle_core::Error> {
		let (heads, kv_heads, size) = (self.config.heads, self.config.kv_heads, self.config.head_size);
		let count = normed.dim(0)?;
		let mut inputs = layer.attention_input.apply(normed)?;
		if let Some(bias) = &layer.attention_bias {
			inputs = inputs.broadcast_add(bias)?;
		}
		// Head by head, as the slabs have it, so that everything after this is in one piece.
		let inputs = inputs.reshape((count, heads + 2 * kv_heads, size))?;
		let inputs = inputs.transpose(0, 1)?.contiguous()?;
		let values = inputs.narrow(0, heads + kv_heads, kv_heads)?;
		let (queries, keys) = match (&layer.query_norm, &layer.key_norm) {
			(Some(query_norm), Some(key_norm)) => {
				let queries = self.norm(&inputs.narrow(0, 0, heads)?, query_norm)?;
				let keys = self.norm(&inputs.narrow(0, heads, kv_heads)?, key_norm)?;
				(self.turn(&queries, step)?, self.turn(&keys, step)?)
			}
			_ => {
				let turned = self.turn(&inputs.narrow(0, 0, heads + kv_heads)?, step)?;
				(turned.narrow(0, 0, heads)?, turned.narrow(0, heads, kv_heads)?)
			}
		};
		slab.write(&step.slots, &keys, &values)?;
		let queries = queries.reshape((kv_heads, heads / kv_heads, count, size))?;
		let attended: Vec<Tensor> = step
			.looks
			.iter()
			.map(|look| look.attend(slab, &queries))
			.collect::<Result<_, _>>()?;
		let attended = match attended.as_slice() {
			[alone] => alone.clone(),
			several => Tensor::cat(several, 0)?,
		};
		layer.attention_output.apply(&attended)
	}

	/// Turns heads, (heads, rows, head size), by the positions of their rows.
	fn turn(&self, heads: &Tensor, step: &Step) -> Result<Tensor, candle_core::Error> {
		let heads = heads.unsqueeze(0)?;
		let turned = match self.config.rotary_pairs {
			RotaryPairs::Neighbours => rope_i(&heads, &step.cosines, &step.sines),
			RotaryPairs::Halves => rope(&heads, &step.cosines, &step.sines),
		};
		turned?.squeeze(0)
	}
}
