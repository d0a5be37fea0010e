//! Attention of single positions over keys and values in blocks.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::matrix::lanes;
use super::vector::softmax;
use super::{Compute, LANES};
use crate::cache::{Block, KvShape};

/// Below this many multiplications the work is not worth sharing among threads.
const PARALLEL_WORK: usize = 1 << 15;

/// One position that looks back.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Attend<'a> {
	/// Its queries: heads · head size, scaled.
	pub(crate) query: &'a [f32],
	/// The blocks of its sequence.
	pub(crate) blocks: &'a [std::sync::Arc<Block>],
	/// How many positions it sees; at least 1.
	pub(crate) seen: usize,
}

/// For each position, in `output` (rows of heads · head size): the values of what it sees,
/// weighted by the softmax of its queries' products with their keys.
pub(crate) fn attend(compute: &Compute, shape: &KvShape, layer: usize, positions: &[Attend<'_>], output: &mut [f32]) {
	let Some(first) = positions.first() else { return };
	let group_width = first.query.len() / shape.kv_heads;
	let arch = compute.arch;
	let one = |(index, output): (usize, &mut [f32])| {
		let (position, head) = (&positions[index / shape.kv_heads], index % shape.kv_heads);
		arch.dispatch(Group {
			shape,
			layer,
			head,
			query: &position.query[head * group_width..][..group_width],
			blocks: position.blocks,
			seen: position.seen,
			output,
		});
	};
	let work: usize = positions.iter().map(|position| position.seen * first.query.len()).sum();
	if work < PARALLEL_WORK {
		output.chunks_mut(group_width).enumerate().for_each(one);
	} else {
		output.par_chunks_mut(group_width).enumerate().for_each(one);
	}
}

/// The query heads that share one head of keys and values.
struct Group<'a> {
	shape: &'a KvShape,
	layer: usize,
	head: usize,
	query: &'a [f32],
	blocks: &'a [std::sync::Arc<Block>],
	seen: usize,
	output: &'a mut [f32],
}

impl WithSimd for Group<'_> {
	type Output = ();

	#[inline(always)]
	fn with_simd<S: Simd>(self, simd: S) {
		match S::F32_LANES {
			16 => group::<S, 1>(simd, self),
			8 => group::<S, 2>(simd, self),
			4 => group::<S, 4>(simd, self),
			_ => group::<pulp::Scalar, LANES>(pulp::Scalar::new(), self),
		}
	}
}

#[inline(always)]
fn group<S: Simd, const N: usize>(simd: S, work: Group<'_>) {
	let size = work.shape.head_size;
	let used = work.seen.div_ceil(LANES);
	let blocks = &work.blocks[..used];
	let mut scores = vec![0.0f32; used * LANES];
	let mut sums = vec![0.0f32; work.shape.head_stride];
	for (query, output) in work.query.chunks(size).zip(work.output.chunks_mut(size)) {
		for (block, scores) in blocks.iter().zip(scores.chunks_mut(LANES)) {
			score_block::<S, N>(simd, query, block.keys(work.shape, work.layer, work.head), scores);
		}
		softmax(&mut scores[..work.seen]);
		for (index, sums) in sums.chunks_mut(LANES).enumerate() {
			let mut sum = [simd.splat_f32s(0.0); N];
			for (block, weights) in blocks.iter().zip(scores[..work.seen].chunks(LANES)) {
				let values = lanes::<S, N>(block.values(work.shape, work.layer, work.head));
				let step = work.shape.head_stride / LANES;
				for (value, &weight) in values.iter().skip(index).step_by(step).zip(weights) {
					let weight = simd.splat_f32s(weight);
					for part in 0..N {
						sum[part] = simd.mul_add_f32s(weight, value[part], sum[part]);
					}
				}
			}
			let target = S::as_mut_simd_f32s(sums).0;
			target.copy_from_slice(&sum);
		}
		output.copy_from_slice(&sums[..size]);
	}
}

/// Products of one query with the [`LANES`] keys of a block, which stand component by component.
#[inline(always)]
fn score_block<S: Simd, const N: usize>(simd: S, query: &[f32], keys: &[f32], scores: &mut [f32]) {
	const CHAINS: usize = 4;
	let keys = lanes::<S, N>(keys);
	let mut sums = [[simd.splat_f32s(0.0); N]; CHAINS];
	let (queries, odd_queries) = query.as_chunks::<CHAINS>();
	let (groups, odd_keys) = keys.as_chunks::<CHAINS>();
	for (queries, keys) in queries.iter().zip(groups) {
		for chain in 0..CHAINS {
			let component = simd.splat_f32s(queries[chain]);
			for part in 0..N {
				sums[chain][part] = simd.mul_add_f32s(component, keys[chain][part], sums[chain][part]);
			}
		}
	}
	for (&query, key) in odd_queries.iter().zip(odd_keys) {
		for part in 0..N {
			sums[0][part] = simd.mul_add_f32s(simd.splat_f32s(query), key[part], sums[0][part]);
		}
	}
	let target = S::as_mut_simd_f32s(scores).0;
	for part in 0..N {
		let low = simd.add_f32s(sums[0][part], sums[1][part]);
		let high = simd.add_f32s(sums[2][part], sums[3][part]);
		target[part] = simd.add_f32s(low, high);
	}
}
