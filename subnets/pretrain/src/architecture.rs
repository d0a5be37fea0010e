//! The sizes of the model, and where each of its tensors lies among all weights.

use core::ops::Range;

/// Tokens are bytes.
pub const VOCABULARY: usize = 256;
/// Most weights of a model.
pub const MAX_WEIGHTS: usize = 1_000_000;
/// Most layers.
pub const MAX_LAYERS: usize = 32;
/// Longest context, in bytes.
pub const MAX_CONTEXT: usize = 1_024;
/// The width of the matrix kernels: the width of a model is a multiple of it.
pub(crate) const LANES: usize = 16;

/// The sizes of a byte transformer: every submission of a subnet has the same.
///
/// A decoder with learnt positions, RMS norms before attention and feed-forward, causal attention, a feed-forward part of
/// four times the width with squared ReLU, no biases, and an output that is the transposed embedding.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Architecture {
	/// Layers, 1 to [`MAX_LAYERS`].
	pub layers: usize,
	/// Numbers a position, a multiple of 16.
	pub width: usize,
	/// Heads, which divide the width.
	pub heads: usize,
	/// The most bytes that a prediction looks back on, 2 to [`MAX_CONTEXT`].
	pub context: usize,
}

/// About 480,000 weights, 1.9 MB.
impl Default for Architecture {
	fn default() -> Self {
		Self {
			layers: 4,
			width: 96,
			heads: 3,
			context: 128,
		}
	}
}

/// Sizes that no model has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("pretrain: the architecture {architecture:?} cannot be used: {fault}")]
pub struct ArchitectureError {
	architecture: Architecture,
	fault: &'static str,
}

/// A tensor: its name in a file, its shape, and where it lies among the weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
	/// Name in safetensors.
	pub name: String,
	/// One or two dimensions; matrices are inputs × outputs, row by row.
	pub shape: Vec<usize>,
	/// Its numbers among all weights.
	pub range: Range<usize>,
}

/// Where the tensors of a layer begin.
#[derive(Copy, Clone, Debug)]
pub(crate) struct LayerOffsets {
	pub(crate) attention_norm: usize,
	pub(crate) queries_keys_values: usize,
	pub(crate) attention_output: usize,
	pub(crate) feed_forward_norm: usize,
	pub(crate) up: usize,
	pub(crate) down: usize,
}

impl Architecture {
	/// Checks every size.
	///
	/// # Errors
	///
	/// The first that is out of range.
	pub fn validate(&self) -> Result<(), ArchitectureError> {
		let fault = if !(1..=MAX_LAYERS).contains(&self.layers) {
			"1 to 32 layers are allowed"
		} else if self.width == 0 || !self.width.is_multiple_of(LANES) || self.width > MAX_CONTEXT {
			"the width must be a multiple of 16, 1,024 at most"
		} else if self.heads == 0 || !self.width.is_multiple_of(self.heads) {
			"the number of heads must divide the width"
		} else if !(2..=MAX_CONTEXT).contains(&self.context) {
			"the context must be 2 to 1,024 bytes"
		} else if self.weights() > MAX_WEIGHTS {
			"a model has at most 1,000,000 weights"
		} else {
			return Ok(());
		};
		Err(ArchitectureError {
			architecture: *self,
			fault,
		})
	}

	/// How many weights there are.
	pub fn weights(&self) -> usize {
		let layer = 2 * self.width + 12 * self.width * self.width;
		(VOCABULARY + self.context + 1) * self.width + self.layers * layer
	}

	/// Every tensor, in the order in which they lie.
	pub fn tensors(&self) -> Vec<Tensor> {
		let width = self.width;
		let mut list: Vec<(String, Vec<usize>)> = vec![
			("embedding".into(), vec![VOCABULARY, width]),
			("positions".into(), vec![self.context, width]),
		];
		for layer in 0..self.layers {
			let mut add = |name: &str, shape: Vec<usize>| list.push((format!("layers.{layer}.{name}"), shape));
			add("attention_norm", vec![width]);
			add("queries_keys_values", vec![width, 3 * width]);
			add("attention_output", vec![width, width]);
			add("feed_forward_norm", vec![width]);
			add("up", vec![width, 4 * width]);
			add("down", vec![4 * width, width]);
		}
		list.push(("norm".into(), vec![width]));
		let mut start = 0;
		let placed = list.into_iter().map(|(name, shape)| {
			let range = start..start + shape.iter().product::<usize>();
			start = range.end;
			Tensor { name, shape, range }
		});
		placed.collect()
	}

	pub(crate) fn embedding(&self) -> Range<usize> {
		0..VOCABULARY * self.width
	}

	pub(crate) fn positions(&self) -> usize {
		VOCABULARY * self.width
	}

	pub(crate) fn layer(&self, index: usize) -> LayerOffsets {
		let (width, square) = (self.width, self.width * self.width);
		let attention_norm = (VOCABULARY + self.context) * width + index * (2 * width + 12 * square);
		let queries_keys_values = attention_norm + width;
		let attention_output = queries_keys_values + 3 * square;
		let feed_forward_norm = attention_output + square;
		let up = feed_forward_norm + width;
		LayerOffsets {
			attention_norm,
			queries_keys_values,
			attention_output,
			feed_forward_norm,
			up,
			down: up + 4 * square,
		}
	}

	pub(crate) fn norm(&self) -> usize {
		self.weights() - self.width
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn tensors_lie_where_the_offsets_say_and_fill_everything() {
		let sizes = Architecture::default();
		sizes.validate().unwrap();
		let tensors = sizes.tensors();
		assert_eq!(tensors.last().unwrap().range.end, sizes.weights());
		assert!(
			sizes.weights() > 400_000 && sizes.weights() < 500_000,
			"{}",
			sizes.weights()
		);
		let start = |name: &str| tensors.iter().find(|tensor| tensor.name == name).unwrap().range.start;
		let layer = sizes.layer(2);
		assert_eq!(start("layers.2.attention_norm"), layer.attention_norm);
		assert_eq!(start("layers.2.queries_keys_values"), layer.queries_keys_values);
		assert_eq!(start("layers.2.attention_output"), layer.attention_output);
		assert_eq!(start("layers.2.feed_forward_norm"), layer.feed_forward_norm);
		assert_eq!(start("layers.2.up"), layer.up);
		assert_eq!(start("layers.2.down"), layer.down);
		assert_eq!((start("positions"), start("norm")), (sizes.positions(), sizes.norm()));
	}

	#[test]
	fn impossible_sizes_are_refused() {
		let good = Architecture::default();
		let bad = [
			Architecture { layers: 0, ..good },
			Architecture {
				layers: usize::MAX,
				..good
			},
			Architecture { width: 100, ..good },
			Architecture { width: 0, ..good },
			Architecture { heads: 5, ..good },
			Architecture { heads: 0, ..good },
			Architecture { context: 1, ..good },
			Architecture {
				context: usize::MAX,
				..good
			},
			Architecture { width: 256, ..good },
		];
		for sizes in bad {
			assert!(sizes.validate().is_err(), "{sizes:?} was taken");
		}
	}
}
