//! Keys and values on a device: one tensor each for a layer, in which blocks are places.

use candle_core::{DType, Device, Tensor};

use crate::InferError;
use crate::cache::KvShape;
use crate::compute::LANES;

/// The most numbers of a tensor that is looked up in: candle's kernels count them in 32 bits.
pub(super) const MAX_NUMBERS: usize = u32::MAX as usize;

/// The keys and values of one owner's blocks: an engine's, or a session's.
#[derive(Debug)]
pub(crate) struct Slabs {
	device: Device,
	shape: KvShape,
	/// Blocks of the longest sequence.
	longest: usize,
	/// Blocks that there is room for.
	blocks: usize,
	/// Empty until there is room.
	layers: Vec<Slab>,
}

/// Of one layer.
#[derive(Debug)]
pub(super) struct Slab {
	/// (kv heads, slots, head size), with [`LANES`] slots a block.
	pub(super) keys: Tensor,
	/// As the keys.
	pub(super) values: Tensor,
}

impl Slabs {
	/// Without room, for sequences of at most `context_length` tokens if it is to grow.
	pub(super) fn new(device: Device, shape: KvShape, context_length: usize) -> Self {
		Self {
			device,
			shape,
			longest: context_length.div_ceil(LANES),
			blocks: 0,
			layers: Vec::new(),
		}
	}

	pub(super) fn layers(&self) -> &[Slab] {
		&self.layers
	}

	/// Makes room for `blocks` blocks in all, and when it grows for more, up to a whole context. What was written stays.
	/// If it fails, the slabs are unusable.
	pub(crate) fn reserve(&mut self, blocks: usize) -> Result<(), InferError> {
		if blocks <= self.blocks {
			return Ok(());
		}
		let most = MAX_NUMBERS / (self.shape.kv_heads * LANES * self.shape.head_size).max(1);
		let blocks = blocks.max((2 * self.blocks).min(self.longest).min(most));
		if blocks > most {
			return Err(InferError::OutOfMemory(format!(
				"{} bytes of keys and values were asked for, of this model a device's kernels can address {}",
				blocks.saturating_mul(self.shape.block_bytes()),
				most.saturating_mul(self.shape.block_bytes())
			)));
		}
		self.resize(blocks).map_err(|error| match InferError::from(error) {
			InferError::OutOfMemory(detail) => InferError::OutOfMemory(format!(
				"{} bytes of keys and values were asked for: {detail}",
				blocks.saturating_mul(self.shape.block_bytes())
			)),
			other => other,
		})
	}

	fn resize(&mut self, blocks: usize) -> Result<(), candle_core::Error> {
		let old = std::mem::take(&mut self.layers);
		let sizes = (self.shape.kv_heads, blocks * LANES, self.shape.head_size);
		let room = || Tensor::zeros(sizes, DType::F32, &self.device);
		let mut old = old.into_iter();
		for _ in 0..self.shape.layers {
			let slab = Slab {
				keys: room()?,
				values: room()?,
			};
			// The old one of this layer goes before the next layer grows.
			if let Some(old) = old.next() {
				slab.keys.slice_set(&old.keys, 1, 0)?;
				slab.values.slice_set(&old.values, 1, 0)?;
			}
			self.layers.push(slab);
		}
		self.blocks = blocks;
		Ok(())
	}

	/// Refuses blocks that there is no room for: a GPU's kernels do not look, or stop for good.
	pub(super) fn check<'a>(&self, places: impl Iterator<Item = &'a u32>) -> Result<(), InferError> {
		match places.max() {
			Some(&place) if place as usize >= self.blocks => Err(InferError::Backend(format!(
				"block {place} of the key/value cache was asked for, there are {}",
				self.blocks
			))),
			_ => Ok(()),
		}
	}

	/// Makes all numbers of some blocks zero. A masked value counts zero times, which is only nothing if it is a number.
	pub(super) fn clear(&self, places: &[u32]) -> Result<(), candle_core::Error> {
		if places.is_empty() {
			return Ok(());
		}
		let slots: Vec<u32> = places.iter().flat_map(|&place| slots_of(place)).collect();
		let sizes = (self.shape.kv_heads, slots.len(), self.shape.head_size);
		let slots = Tensor::new(slots, &self.device)?.reshape((1, sizes.1, 1))?;
		let slots = slots.broadcast_as(sizes)?.contiguous()?;
		let zeros = Tensor::zeros(sizes, DType::F32, &self.device)?;
		self.layers
			.iter()
			.try_for_each(|slab| slab.write(&slots, &zeros, &zeros))
	}
}

/// The slots of a block.
fn slots_of(place: u32) -> impl Iterator<Item = u32> {
	(0..LANES).map(move |offset| slot(place, offset))
}

/// The slot of the token at `offset` in a block. Fits, since a pool has a bound.
pub(super) fn slot(place: u32, offset: usize) -> u32 {
	place.saturating_mul(LANES as u32).saturating_add(offset as u32)
}

impl Slab {
	/// Writes keys and values, each (kv heads, rows, head size), to the slots of their rows, which `slots` repeats for
	/// each number.
	pub(super) fn write(&self, slots: &Tensor, keys: &Tensor, values: &Tensor) -> Result<(), candle_core::Error> {
		self.keys.scatter_set(slots, keys, 1)?;
		self.values.scatter_set(slots, values, 1)
	}
}
