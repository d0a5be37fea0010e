//! Who attends together.
//!
//! Rows that answer, one of each sequence, attend together if their sequences have about the same
//! length: the shorter ones are padded to the longest. The rows of a longer slice attend by
//! themselves, in pieces whose scores are bounded. The rows of a forward pass stand in the order of
//! these groups, so that each group is one piece of every tensor.

use std::cmp::Reverse;

use super::slabs::slot;
use crate::compute::LANES;
use crate::transformer::Slice;

/// Scores of one group, over all heads (256 MiB of them).
const MAX_SCORES: usize = 1 << 26;

/// Numbers of keys, and as many of values, that are gathered for one group (256 MiB of them). The
/// keys of a single sequence may be more.
const MAX_GATHERED: usize = 1 << 26;

/// The longest sequence of a group has at most this many times the blocks of the shortest, so that
/// padding costs at most as much again.
const MAX_STRETCH: usize = 2;

/// Bounds of a group, from the sizes of the model.
#[derive(Copy, Clone, Debug)]
pub(super) struct Limits {
	/// Rows times blocks.
	scored: usize,
	/// Sequences times blocks.
	gathered: usize,
}

impl Limits {
	pub(super) fn new(heads: usize, kv_width: usize) -> Self {
		Self {
			scored: MAX_SCORES / (heads * LANES).max(1),
			gathered: MAX_GATHERED / (kv_width * LANES).max(1),
		}
	}
}

/// What a forward pass does, row by row.
#[derive(Debug)]
pub(super) struct Plan {
	pub(super) tokens: Vec<u32>,
	/// In the sequence of the row.
	pub(super) positions: Vec<usize>,
	/// Where the row's keys and values go.
	pub(super) slots: Vec<u32>,
	/// Where each row of the batch, its slices below each other, stands here.
	pub(super) order: Vec<u32>,
	pub(super) groups: Vec<Group>,
}

/// Rows that attend together: one of each of several sequences, or several of one.
#[derive(Debug, PartialEq)]
pub(super) struct Group {
	/// The first row.
	pub(super) start: usize,
	/// Places of what the rows see: for each sequence as many as the longest has.
	pub(super) blocks: Vec<u32>,
	/// Sequences: as many as rows, or 1.
	pub(super) sequences: usize,
	/// How many tokens each row sees.
	pub(super) seen: Vec<usize>,
}

impl Plan {
	pub(super) fn new(batch: &[Slice<'_>], limits: &Limits) -> Self {
		let rows = batch.iter().map(|slice| slice.tokens.len()).sum();
		let mut plan = Self {
			tokens: Vec::with_capacity(rows),
			positions: Vec::with_capacity(rows),
			slots: Vec::with_capacity(rows),
			order: vec![0; rows],
			groups: Vec::new(),
		};
		let mut firsts = Vec::with_capacity(batch.len());
		let mut first = 0;
		for slice in batch {
			firsts.push(first);
			first += slice.tokens.len();
		}
		let (mut single, many): (Vec<usize>, Vec<usize>) =
			(0..batch.len()).partition(|&index| batch[index].tokens.len() == 1);
		single.sort_by_key(|&index| Reverse(blocks_seen(&batch[index], 0)));
		let mut left = single.as_slice();
		while let Some(&longest) = left.first() {
			let longest = blocks_seen(&batch[longest], 0);
			let fits = |(count, &index): (usize, &usize)| {
				let all = (count + 1) * longest;
				let bounded = all <= limits.gathered && all <= limits.scored;
				count == 0 || bounded && longest <= MAX_STRETCH * blocks_seen(&batch[index], 0)
			};
			let count = left.iter().enumerate().take_while(|&place| fits(place)).count();
			let (group, rest) = left.split_at(count);
			plan.add_group(batch, group, &firsts);
			left = rest;
		}
		for index in many {
			plan.add_pieces(&batch[index], firsts[index], limits);
		}
		plan
	}

	/// One row of each of some slices.
	fn add_group(&mut self, batch: &[Slice<'_>], group: &[usize], firsts: &[usize]) {
		let start = self.tokens.len();
		let width = group.iter().map(|&index| blocks_seen(&batch[index], 0)).max();
		let width = width.unwrap_or_default();
		let mut blocks = Vec::with_capacity(width * group.len());
		for &index in group {
			let own = places(&batch[index], 0);
			// Padding is of the sequence's own numbers, so that nobody else's can disturb it.
			let padding = own.first().copied().into_iter().cycle();
			blocks.extend(own.iter().copied().chain(padding).take(width));
			self.add_row(&batch[index], 0, firsts[index]);
		}
		self.groups.push(Group {
			start,
			blocks,
			sequences: group.len(),
			seen: self.positions[start..].iter().map(|position| position + 1).collect(),
		});
	}

	/// All rows of one slice.
	fn add_pieces(&mut self, slice: &Slice<'_>, first: usize, limits: &Limits) {
		let count = slice.tokens.len();
		let mut done = 0;
		while done < count {
			let start = self.tokens.len();
			// By the blocks that the last row sees; a piece that ends earlier sees fewer.
			let rows = (limits.scored / blocks_seen(slice, count - 1)).clamp(1, count - done);
			for row in done..done + rows {
				self.add_row(slice, row, first + row);
			}
			done += rows;
			self.groups.push(Group {
				start,
				blocks: places(slice, done - 1),
				sequences: 1,
				seen: self.positions[start..].iter().map(|position| position + 1).collect(),
			});
		}
	}

	fn add_row(&mut self, slice: &Slice<'_>, row: usize, place_in_batch: usize) {
		let position = slice.sequence.length() + row;
		let block = &slice.sequence.blocks()[position / LANES];
		self.order[place_in_batch] = self.tokens.len() as u32;
		self.tokens.push(slice.tokens[row]);
		self.positions.push(position);
		self.slots.push(slot(block.place(), position % LANES));
	}
}

/// Blocks that a row of a slice sees, its own included.
fn blocks_seen(slice: &Slice<'_>, row: usize) -> usize {
	(slice.sequence.length() + row) / LANES + 1
}

/// Their places.
fn places(slice: &Slice<'_>, row: usize) -> Vec<u32> {
	let blocks = slice.sequence.blocks().iter();
	blocks
		.take(blocks_seen(slice, row))
		.map(|block| block.place())
		.collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::cache::{Block, KvShape, Sequence};

	/// A sequence of `length` tokens with room for `more`, whose blocks count up from `place`.
	fn sequence(length: usize, more: usize, place: usize) -> Sequence {
		let shape = KvShape::on_device(1, 1, 2);
		let mut sequence = Sequence::default();
		for index in 0..(length + more).div_ceil(LANES) {
			sequence.push_block(Block::new(&shape, place + index));
		}
		sequence.advance(length);
		sequence
	}

	#[test]
	fn sequences_of_similar_length_attend_together_and_prompts_in_bounded_pieces() {
		let mut sequences = [
			sequence(3, 1, 0),
			sequence(20, 40, 10),
			sequence(100, 1, 20),
			sequence(63, 1, 30),
		];
		let tokens: [&[u32]; 4] = [&[1], &[2; 40], &[3], &[4]];
		let batch: Vec<Slice<'_>> = sequences
			.iter_mut()
			.zip(tokens)
			.map(|(sequence, tokens)| Slice { tokens, sequence })
			.collect();
		let limits = Limits {
			scored: 64,
			gathered: 64,
		};
		let plan = Plan::new(&batch, &limits);
		assert_eq!(plan.tokens[..3], [3, 4, 1]);
		assert_eq!(plan.positions[..4], [100, 63, 3, 20]);
		assert_eq!(plan.slots[..4], [26 * 16 + 4, 33 * 16 + 15, 3, 11 * 16 + 4]);
		assert_eq!((plan.order[0], plan.order[1], plan.order[40]), (2, 3, 42));
		assert_eq!(plan.order[41..], [0, 1]);
		let together = Group {
			start: 0,
			blocks: vec![20, 21, 22, 23, 24, 25, 26, 30, 31, 32, 33, 30, 30, 30],
			sequences: 2,
			seen: vec![101, 64],
		};
		assert_eq!(plan.groups[0], together);
		assert_eq!((plan.groups[1].blocks.as_slice(), plan.groups[1].start), (&[0][..], 2));
		// 64 / 4 blocks: 16 rows at once, of which the first ones see fewer blocks.
		let pieces: Vec<(usize, usize, usize)> = plan.groups[2..]
			.iter()
			.map(|group| (group.start, group.seen.len(), group.blocks.len()))
			.collect();
		assert_eq!(pieces, [(3, 16, 3), (19, 16, 4), (35, 8, 4)]);
		let narrow = Limits {
			scored: 13,
			gathered: 64,
		};
		assert!(
			Plan::new(&batch, &narrow)
				.groups
				.iter()
				.all(|group| group.seen.len() <= 3)
		);
	}
}
