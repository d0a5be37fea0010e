//! Keys and values of the tokens seen so far, in blocks of [`LANES`] tokens.
//!
//! A sequence is a list of blocks. Full blocks are never written again, so that sequences with the
//! same beginning can share them; the last block belongs to one sequence alone. All blocks of a
//! [`Pool`] are counted against its budget, whoever holds them.

use std::sync::Arc;

use crate::InferError;
use crate::compute::{Aligned, LANES};

/// The most blocks of a pool: their tokens are counted in 32 bits on a device.
const MAX_BLOCKS: usize = 1 << 27;

/// What the sizes of a block follow from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KvShape {
	pub(crate) layers: usize,
	pub(crate) kv_heads: usize,
	pub(crate) head_size: usize,
	/// The head size, rounded up to a multiple of [`LANES`] where this crate's own kernels read it.
	pub(crate) head_stride: usize,
	/// Whether a block is memory of its own, not a place in a device's slabs.
	hosted: bool,
}

impl KvShape {
	pub(crate) fn new(layers: usize, kv_heads: usize, head_size: usize) -> Self {
		Self {
			layers,
			kv_heads,
			head_size,
			head_stride: head_size.next_multiple_of(LANES),
			hosted: true,
		}
	}

	/// The shape of blocks that are places in a device's slabs.
	pub(crate) fn on_device(layers: usize, kv_heads: usize, head_size: usize) -> Self {
		Self {
			layers,
			kv_heads,
			head_size,
			head_stride: head_size,
			hosted: false,
		}
	}

	/// Numbers for one head of one layer: keys, then values.
	fn head_numbers(&self) -> usize {
		(self.head_size + self.head_stride) * LANES
	}

	fn block_numbers(&self) -> usize {
		self.layers * self.kv_heads * self.head_numbers()
	}

	/// Memory of one block.
	pub(crate) fn block_bytes(&self) -> usize {
		self.block_numbers() * size_of::<f32>()
	}
}

/// Keys and values of [`LANES`] tokens in all layers.
///
/// Keys stand component by component, (head size, tokens): sixteen scores come out of one run of
/// multiplications. Values stand token by token, (tokens, head stride).
///
/// On a device a block is only the name of a place; the numbers are in the slabs there.
#[derive(Clone, Debug)]
pub(crate) struct Block {
	/// Empty for a block on a device.
	numbers: Aligned,
	place: u32,
	/// Whether numbers that are not finite may be left in it.
	unsound: bool,
}

impl Block {
	/// The block of `place`, which no other block of the same owner has.
	pub(crate) fn new(shape: &KvShape, place: usize) -> Self {
		let numbers = if shape.hosted { shape.block_numbers() } else { 0 };
		Self {
			numbers: Aligned::zeros(numbers),
			place: u32::try_from(place).unwrap_or(u32::MAX),
			unsound: false,
		}
	}

	/// Where it stands among the blocks of its owner.
	pub(crate) fn place(&self) -> u32 {
		self.place
	}

	fn head<'a>(&'a self, shape: &KvShape, layer: usize, head: usize) -> &'a [f32] {
		let numbers = shape.head_numbers();
		&self.numbers[(layer * shape.kv_heads + head) * numbers..][..numbers]
	}

	/// Keys of one head, (head size, [`LANES`]).
	pub(crate) fn keys<'a>(&'a self, shape: &KvShape, layer: usize, head: usize) -> &'a [f32] {
		&self.head(shape, layer, head)[..shape.head_size * LANES]
	}

	/// Values of one head, ([`LANES`], head stride).
	pub(crate) fn values<'a>(&'a self, shape: &KvShape, layer: usize, head: usize) -> &'a [f32] {
		&self.head(shape, layer, head)[shape.head_size * LANES..]
	}

	/// Writes one token's keys and values (each kv heads · head size) into `slot`.
	fn write(&mut self, shape: &KvShape, layer: usize, slot: usize, keys: &[f32], values: &[f32]) {
		let numbers = shape.head_numbers();
		let (size, stride) = (shape.head_size, shape.head_stride);
		let heads = keys.chunks_exact(size).zip(values.chunks_exact(size));
		for (head, (keys, values)) in heads.enumerate() {
			let place = &mut self.numbers[(layer * shape.kv_heads + head) * numbers..][..numbers];
			let (key_place, value_place) = place.split_at_mut(size * LANES);
			for (component, &key) in keys.iter().enumerate() {
				key_place[component * LANES + slot] = key;
			}
			value_place[slot * stride..][..size].copy_from_slice(values);
		}
	}
}

/// One sequence's blocks.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
	blocks: Vec<Arc<Block>>,
	length: usize,
}

impl Sequence {
	/// Tokens held.
	pub(crate) fn length(&self) -> usize {
		self.length
	}

	pub(crate) fn blocks(&self) -> &[Arc<Block>] {
		&self.blocks
	}

	/// Starts from full blocks that others computed for the same tokens.
	pub(crate) fn from_shared(blocks: Vec<Arc<Block>>) -> Self {
		let length = blocks.len() * LANES;
		Self { blocks, length }
	}

	/// Blocks that are missing before `count` more tokens have a place.
	pub(crate) fn missing_blocks(&self, count: usize) -> usize {
		(self.length + count).div_ceil(LANES).saturating_sub(self.blocks.len())
	}

	pub(crate) fn push_block(&mut self, block: Block) {
		self.blocks.push(Arc::new(block));
	}

	/// Writes the token at `position`, for which there must be a block.
	pub(crate) fn write(
		&mut self,
		shape: &KvShape,
		layer: usize,
		position: usize,
		keys: &[f32],
		values: &[f32],
	) -> Result<(), InferError> {
		let block = self.blocks.get_mut(position / LANES);
		let Some(block) = block.and_then(Arc::get_mut) else {
			return Err(InferError::Backend(format!(
				"position {position} has no block of its own in the key/value cache"
			)));
		};
		block.write(shape, layer, position % LANES, keys, values);
		Ok(())
	}

	/// The places of blocks that are about to be written first and have unsound numbers in them, which from now on count
	/// as sound.
	pub(crate) fn take_unsound(&mut self) -> Vec<u32> {
		let own = self.blocks.iter_mut().skip(self.length / LANES);
		own.filter_map(Arc::get_mut)
			.filter_map(|block| std::mem::take(&mut block.unsound).then_some(block.place))
			.collect()
	}

	pub(crate) fn advance(&mut self, count: usize) {
		self.length += count;
	}

	pub(crate) fn into_blocks(self) -> Vec<Arc<Block>> {
		self.blocks
	}
}

/// Blocks under a budget. A block that comes back is kept for the next taker.
#[derive(Debug)]
pub(crate) struct Pool {
	shape: KvShape,
	limit: usize,
	/// Blocks that exist, whoever holds them.
	taken: usize,
	free: Vec<Block>,
}

impl Pool {
	/// As many blocks as fit `budget_bytes`.
	pub(crate) fn new(shape: KvShape, budget_bytes: usize) -> Self {
		let limit = (budget_bytes / shape.block_bytes().max(1)).min(MAX_BLOCKS);
		Self {
			shape,
			limit,
			taken: 0,
			free: Vec::new(),
		}
	}

	/// The most blocks that may exist.
	pub(crate) fn limit(&self) -> usize {
		self.limit
	}

	/// Blocks held by sequences or by the prefix cache.
	pub(crate) fn taken(&self) -> usize {
		self.taken
	}

	pub(crate) fn take(&mut self) -> Option<Block> {
		if self.taken == self.limit {
			return None;
		}
		self.taken += 1;
		// Blocks that exist and are not free are taken: places count up from 0.
		let place = self.taken - 1;
		Some(self.free.pop().unwrap_or_else(|| Block::new(&self.shape, place)))
	}

	/// Gives back one holder's share in a block; the last one frees it. What is in an unsound one is cleared before it
	/// is used again where that matters.
	pub(crate) fn give_back(&mut self, block: Arc<Block>, sound: bool) {
		if let Ok(mut block) = Arc::try_unwrap(block) {
			block.unsound |= !sound;
			self.taken -= 1;
			self.free.push(block);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_pool_keeps_its_budget_and_shared_blocks_are_freed_by_the_last_holder() {
		let shape = KvShape::new(2, 1, 8);
		assert_eq!(shape.block_bytes(), 2 * (8 + 16) * 16 * 4);
		let mut pool = Pool::new(shape.clone(), 2 * shape.block_bytes() + 1);
		assert_eq!(pool.limit(), 2);
		let first = Arc::new(pool.take().unwrap());
		let second = Arc::new(pool.take().unwrap());
		assert!(pool.take().is_none());
		let shared = Arc::clone(&first);
		pool.give_back(first, true);
		assert_eq!(pool.taken(), 2);
		pool.give_back(shared, true);
		pool.give_back(second, false);
		assert_eq!((pool.taken(), pool.free.len()), (0, 2));
		// The one that came back last, with its place, and known to be unsound.
		let mut sequence = Sequence::default();
		sequence.push_block(pool.take().unwrap());
		sequence.push_block(pool.take().unwrap());
		assert_eq!(sequence.take_unsound(), [1]);
		assert!(sequence.take_unsound().is_empty());
	}

	#[test]
	fn a_token_is_found_where_it_was_written_and_shared_blocks_are_not_written() {
		let shape = KvShape::new(1, 2, 4);
		let mut sequence = Sequence::default();
		assert_eq!(sequence.missing_blocks(17), 2);
		sequence.push_block(Block::new(&shape, 0));
		let keys: Vec<f32> = (0..8).map(|index| index as f32).collect();
		let values: Vec<f32> = (0..8).map(|index| 10.0 + index as f32).collect();
		sequence.write(&shape, 0, 3, &keys, &values).unwrap();
		let block = &sequence.blocks()[0];
		assert_eq!(block.keys(&shape, 0, 1)[2 * LANES + 3], 6.0);
		assert_eq!(block.values(&shape, 0, 1)[3 * 16..][..4], [14.0, 15.0, 16.0, 17.0]);
		assert!(sequence.write(&shape, 0, 16, &keys, &values).is_err());
		let mut other = Sequence::from_shared(sequence.blocks().to_vec());
		assert_eq!(other.length(), 16);
		assert!(other.write(&shape, 0, 3, &keys, &values).is_err());
	}
}
