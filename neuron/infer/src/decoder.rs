//! A decoder on what computes it: this crate's own kernels on the processor, or candle's on a
//! device.

use crate::InferError;
use crate::cache::KvShape;
use crate::compute::Rows;
use crate::config::Config;
use crate::device::Hardware;
use crate::error::Fault;
use crate::precision::Precision;
use crate::source::TensorSource;
use crate::tensors::{self, Slabs};
use crate::transformer::{Slice, Transformer};
use crate::weights::{Naming, OnProcessor, Weights};

/// A decoder of the llama or Qwen family.
#[derive(Debug)]
pub(crate) enum Decoder {
	Processor(Transformer),
	Tensors(tensors::Transformer),
}

/// Hidden states before the output norm, where they were computed.
#[derive(Debug)]
pub(crate) enum Hidden {
	Processor(Rows),
	Tensors(tensors::Hidden),
}

/// Where the numbers of one owner's blocks are.
#[derive(Debug)]
pub(crate) enum Store {
	/// In the blocks themselves.
	Processor,
	/// On a device.
	Tensors(Slabs),
}

impl Store {
	/// Makes room for `blocks` blocks in all.
	pub(crate) fn reserve(&mut self, blocks: usize) -> Result<(), InferError> {
		match self {
			Self::Processor => Ok(()),
			Self::Tensors(slabs) => slabs.reserve(blocks),
		}
	}
}

impl Decoder {
	/// Reads the weights of a model to where it is computed.
	pub(crate) fn load(
		source: &dyn TensorSource,
		naming: Naming,
		config: Config,
		precision: Precision,
		hardware: &Hardware,
	) -> Result<Self, Fault> {
		Ok(match hardware {
			Hardware::Processor(compute) => {
				let weights = Weights::load(&OnProcessor, source, naming, &config, precision)?;
				Self::Processor(Transformer::new(config, weights, compute.clone()))
			}
			Hardware::Tensors(device) => {
				let keep = tensors::OnDevice(device.clone());
				let weights = Weights::load(&keep, source, naming, &config, precision)?;
				Self::Tensors(tensors::Transformer::new(config, weights, device.clone()))
			}
		})
	}

	pub(crate) fn config(&self) -> &Config {
		match self {
			Self::Processor(transformer) => transformer.config(),
			Self::Tensors(transformer) => transformer.config(),
		}
	}

	pub(crate) fn shape(&self) -> &KvShape {
		match self {
			Self::Processor(transformer) => transformer.shape(),
			Self::Tensors(transformer) => transformer.shape(),
		}
	}

	pub(crate) fn parameters(&self) -> u64 {
		match self {
			Self::Processor(transformer) => transformer.parameters(),
			Self::Tensors(transformer) => transformer.parameters(),
		}
	}

	/// A store that has no room yet and grows by what is reserved in it.
	pub(crate) fn growing_store(&self) -> Store {
		match self {
			Self::Processor(_) => Store::Processor,
			Self::Tensors(transformer) => Store::Tensors(transformer.slabs()),
		}
	}

	/// A store with room for `blocks` blocks.
	pub(crate) fn store(&self, blocks: usize) -> Result<Store, InferError> {
		let mut store = self.growing_store();
		store.reserve(blocks)?;
		Ok(store)
	}

	/// Runs the tokens (valid ids) of each slice after those in its sequence, whose blocks are in
	/// `store`: their hidden states, all slices below each other. If it fails, the sequences are
	/// unusable.
	pub(crate) fn forward(&self, store: &Store, batch: &mut [Slice<'_>]) -> Result<Hidden, InferError> {
		match (self, store) {
			(Self::Processor(transformer), _) => transformer.forward(batch).map(Hidden::Processor),
			(Self::Tensors(transformer), Store::Tensors(slabs)) => {
				transformer.forward(slabs, batch).map(Hidden::Tensors)
			}
			(Self::Tensors(_), Store::Processor) => Err(elsewhere("the keys and values")),
		}
	}

	/// The logits of some rows of hidden states.
	pub(crate) fn project(&self, hidden: &Hidden, rows: &[usize]) -> Result<Rows, InferError> {
		match (self, hidden) {
			(Self::Processor(transformer), Hidden::Processor(hidden)) => transformer.project(hidden, rows),
			(Self::Tensors(transformer), Hidden::Tensors(hidden)) => transformer.project(hidden, rows),
			_ => Err(elsewhere("the hidden states")),
		}
	}

	/// Runs `work` on the processor's threads that belong to this model.
	pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
		match self {
			Self::Processor(transformer) => transformer.run(work),
			Self::Tensors(transformer) => transformer.run(work),
		}
	}
}

fn elsewhere(what: &str) -> InferError {
	InferError::Backend(format!("{what} are on another device than the model"))
}
