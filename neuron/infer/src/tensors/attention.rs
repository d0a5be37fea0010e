//! Attention of a group of rows over what their sequences hold.

use candle_core::{Device, Error, Tensor};
use candle_nn::ops::softmax_last_dim;

use super::plan::Group;
use super::slabs::Slab;
use crate::compute::LANES;

/// One group of a plan, on the device.
#[derive(Debug)]
pub(super) struct Look {
	start: usize,
	rows: usize,
	sequences: usize,
	/// Tokens of each sequence, those that only pad included.
	tokens: usize,
	place: Place,
	/// What is added to scores: 0, or minus infinity where a row must not look. None if all rows see everything.
	mask: Option<Tensor>,
}

/// Where the blocks of a group are.
#[derive(Debug)]
enum Place {
	/// One after another, from this slot on: they can be read where they are.
	Run(usize),
	/// Anywhere: they are copied together.
	Scattered(Tensor),
}

impl Look {
	pub(super) fn new(group: &Group, device: &Device) -> Result<Self, Error> {
		let rows = group.seen.len();
		let tokens = group.blocks.len() / group.sequences * LANES;
		let follow = group.blocks.windows(2).all(|pair| pair[0] + 1 == pair[1]);
		let place = match group.blocks.first() {
			Some(&first) if group.sequences == 1 && follow => Place::Run(first as usize * LANES),
			_ => Place::Scattered(Tensor::new(group.blocks.as_slice(), device)?),
		};
		let mask = if group.seen.iter().all(|&seen| seen == tokens) {
			None
		} else {
			let row = |&seen: &usize| {
				let hidden = std::iter::repeat_n(f32::NEG_INFINITY, tokens - seen);
				std::iter::repeat_n(0.0, seen).chain(hidden)
			};
			let mask: Vec<f32> = group.seen.iter().flat_map(row).collect();
			// One row of each sequence: (1, sequences, 1, tokens); rows of one: (1, 1, rows, tokens).
			let (sequences, rows) = if group.sequences == 1 { (1, rows) } else { (rows, 1) };
			Some(Tensor::from_vec(mask, (1, sequences, rows, tokens), device)?)
		};
		Ok(Self {
			start: group.start,
			rows,
			sequences: group.sequences,
			tokens,
			place,
			mask,
		})
	}

	/// The blocks of the group in one of a layer's tensors: (kv heads · sequences, tokens, head size).
	fn read(&self, slab: &Tensor) -> Result<Tensor, Error> {
		let (kv_heads, slots, size) = slab.dims3()?;
		match &self.place {
			Place::Run(first) => slab.narrow(1, *first, self.tokens),
			Place::Scattered(blocks) => slab
				.reshape((kv_heads, slots / LANES, LANES * size))?
				.index_select(blocks, 1)?
				.reshape((kv_heads * self.sequences, self.tokens, size)),
		}
	}

	/// For the rows of this group: the values of what they see, weighted by the softmax of their queries' products with
	/// the keys, (rows, heads · head size). The queries are those of all rows, (kv heads, heads of each, rows, head size).
	pub(super) fn attend(&self, slab: &Slab, queries: &Tensor) -> Result<Tensor, Error> {
		let (kv_heads, group, _, size) = queries.dims4()?;
		let alone = self.sequences == 1;
		let own = queries.narrow(2, self.start, self.rows)?;
		// Rows of one sequence see the same keys, as do the heads of a group.
		let own = if alone { own } else { own.transpose(1, 2)? };
		let sizes = own.dims4()?;
		// Scales, and brings into one piece.
		let own = own.affine(1.0 / (size as f64).sqrt(), 0.0)?;
		let products = group * self.rows / self.sequences;
		let own = own.reshape((kv_heads * self.sequences, products, size))?;
		let mut scores = own.matmul(&self.read(&slab.keys)?.transpose(1, 2)?)?;
		if let Some(mask) = &self.mask {
			scores = scores
				.reshape((sizes.0, sizes.1, sizes.2, self.tokens))?
				.broadcast_add(mask)?
				.reshape((kv_heads * self.sequences, products, self.tokens))?;
		}
		let mixed = softmax_last_dim(&scores)?.matmul(&self.read(&slab.values)?)?;
		let mixed = mixed.reshape(sizes)?;
		let mixed = if alone {
			mixed.permute((2, 0, 1, 3))?
		} else {
			mixed.transpose(0, 1)?
		};
		mixed.contiguous()?.flatten_from(1)
	}
}
