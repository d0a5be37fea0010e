//! Aligned numbers, matrices of weights, and their product with rows of activations.

use std::ops::{Deref, DerefMut};

#[cfg(test)]
use pulp::Arch;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{Compute, LANES};

/// A cache line holds this many numbers.
const LINE: usize = 16;

/// Weight rows that stay in the second-level cache while all rows of activations pass over them.
const PANEL_ROWS: usize = 32;

/// Rows of activations that stay there while a panel passes over them.
const BLOCK_ROWS: usize = 64;

/// Tasks a thread, so that a thread that is held up does not hold up the others for long.
const TASKS_PER_THREAD: usize = 4;

/// Numbers that start at a cache line; zero at first.
#[derive(Debug)]
pub(crate) struct Aligned {
	raw: Vec<f32>,
	start: usize,
	length: usize,
}

impl Aligned {
	pub(crate) fn zeros(length: usize) -> Self {
		let raw = vec![0.0; length + LINE - 1];
		// `align_offset` may decline; unaligned numbers are slower, not wrong.
		let start = raw.as_ptr().align_offset(LINE * size_of::<f32>());
		let start = if start < LINE { start } else { 0 };
		Self { raw, start, length }
	}
}

impl Clone for Aligned {
	fn clone(&self) -> Self {
		let mut copy = Self::zeros(self.length);
		copy.copy_from_slice(self);
		copy
	}
}

impl Deref for Aligned {
	type Target = [f32];

	fn deref(&self) -> &[f32] {
		&self.raw[self.start..self.start + self.length]
	}
}

impl DerefMut for Aligned {
	fn deref_mut(&mut self) -> &mut [f32] {
		&mut self.raw[self.start..self.start + self.length]
	}
}

/// Rows of numbers; each row is padded with zeros to a multiple of [`LANES`].
#[derive(Clone, Debug)]
pub(crate) struct Rows {
	numbers: Aligned,
	count: usize,
	columns: usize,
	stride: usize,
}

/// Weights, one row for each output.
pub(crate) type Matrix = Rows;

impl Rows {
	/// All zero.
	pub(crate) fn zeros(count: usize, columns: usize) -> Self {
		let stride = columns.next_multiple_of(LANES);
		Self {
			numbers: Aligned::zeros(count * stride),
			count,
			columns,
			stride,
		}
	}

	pub(crate) fn count(&self) -> usize {
		self.count
	}

	pub(crate) fn columns(&self) -> usize {
		self.columns
	}

	/// Row `index` without its padding.
	pub(crate) fn row(&self, index: usize) -> &[f32] {
		&self.numbers[index * self.stride..][..self.columns]
	}

	pub(crate) fn row_mut(&mut self, index: usize) -> &mut [f32] {
		&mut self.numbers[index * self.stride..][..self.columns]
	}

	/// Fills the rows from `first` on with those of a flat slice without padding.
	pub(crate) fn fill(&mut self, first: usize, flat: &[f32]) {
		for (offset, source) in flat.chunks_exact(self.columns).enumerate() {
			self.row_mut(first + offset).copy_from_slice(source);
		}
	}

	/// Without padding, row after row.
	pub(crate) fn flat(&self) -> Vec<f32> {
		(0..self.count).flat_map(|index| self.row(index)).copied().collect()
	}

	/// Row `index` with its padding of zeros.
	pub(super) fn padded_row(&self, index: usize) -> &[f32] {
		self.padded(index)
	}

	fn padded(&self, index: usize) -> &[f32] {
		&self.numbers[index * self.stride..][..self.stride]
	}
}

/// `output[t][o] = Σ input[t][i] · weights[o][i]`, for every row `t` of the input.
pub(crate) fn multiply(compute: &Compute, weights: &Matrix, input: &Rows, output: &mut Rows) {
	let count = input.count;
	if count == 0 {
		return;
	}
	let tasks = compute.threads() * TASKS_PER_THREAD;
	let rows = weights.count.div_ceil(tasks).next_multiple_of(4);
	let arch = compute.arch;
	let task = |index: usize, part: &mut [f32]| {
		arch.dispatch(Part {
			weights,
			input,
			first: index * rows,
			output: part,
		});
	};
	// Each task owns a run of outputs; for one row that is a run of the output's memory too.
	if count == 1 {
		let flat = output.row_mut(0);
		flat.par_chunks_mut(rows)
			.enumerate()
			.for_each(|(index, part)| task(index, part));
		return;
	}
	let mut turned = vec![0.0; weights.count * count];
	turned
		.par_chunks_mut(rows * count)
		.enumerate()
		.for_each(|(index, part)| task(index, part));
	turn(&turned, count, output);
}

/// (outputs, count) to rows of outputs.
fn turn(turned: &[f32], count: usize, output: &mut Rows) {
	let (columns, stride) = (output.columns, output.stride);
	let numbers: &mut [f32] = &mut output.numbers;
	let per_task = LANES;
	numbers
		.par_chunks_mut(stride * per_task)
		.enumerate()
		.for_each(|(task, rows)| {
			for (column, values) in turned.chunks_exact(count).enumerate().take(columns) {
				for (offset, row) in rows.chunks_mut(stride).enumerate() {
					row[column] = values[task * per_task + offset];
				}
			}
		});
}

/// The outputs of weight rows `first..first + output.len() / input.count`, as (outputs, count).
struct Part<'a> {
	weights: &'a Matrix,
	input: &'a Rows,
	first: usize,
	output: &'a mut [f32],
}

impl WithSimd for Part<'_> {
	type Output = ();

	#[inline(always)]
	fn with_simd<S: Simd>(self, simd: S) {
		match S::F32_LANES {
			16 => part::<S, 1, 4, 4>(simd, self),
			8 => part::<S, 2, 2, 2>(simd, self),
			4 => part::<S, 4, 2, 2>(simd, self),
			_ => part_scalar(self),
		}
	}
}

/// As `part` with registers of one number; the same sums.
fn part_scalar(part: Part<'_>) {
	part_of::<pulp::Scalar, LANES, 1, 1>(pulp::Scalar::new(), part);
}

#[inline(always)]
fn part<S: Simd, const N: usize, const R: usize, const C: usize>(simd: S, work: Part<'_>) {
	part_of::<S, N, R, C>(simd, work);
}

/// `N` registers make up the lanes; tiles of `R` weight rows and `C` rows of activations.
#[inline(always)]
fn part_of<S: Simd, const N: usize, const R: usize, const C: usize>(simd: S, work: Part<'_>) {
	let count = work.input.count;
	let rows = work.output.len() / count;
	for panel in (0..rows).step_by(PANEL_ROWS) {
		let panel_end = rows.min(panel + PANEL_ROWS);
		for block in (0..count).step_by(BLOCK_ROWS) {
			let block_end = count.min(block + BLOCK_ROWS);
			let mut column = block;
			while column + C <= block_end {
				strip::<S, N, R, C>(
					simd,
					work.weights,
					work.input,
					work.output,
					(work.first, panel, panel_end, column),
				);
				column += C;
			}
			while column < block_end {
				strip::<S, N, R, 1>(
					simd,
					work.weights,
					work.input,
					work.output,
					(work.first, panel, panel_end, column),
				);
				column += 1;
			}
		}
	}
}

/// `C` rows of activations against the weight rows of one panel.
#[inline(always)]
fn strip<S: Simd, const N: usize, const R: usize, const C: usize>(
	simd: S,
	weights: &Matrix,
	input: &Rows,
	output: &mut [f32],
	(first, start, end, column): (usize, usize, usize, usize),
) {
	let count = input.count;
	let right: [&[[S::f32s; N]]; C] = std::array::from_fn(|offset| lanes::<S, N>(input.padded(column + offset)));
	let mut row = start;
	while row + R <= end {
		let left: [&[[S::f32s; N]]; R] =
			std::array::from_fn(|offset| lanes::<S, N>(weights.padded(first + row + offset)));
		let sums = tile::<S, N, R, C>(simd, left, right);
		for (offset, sums) in sums.iter().enumerate() {
			output[(row + offset) * count + column..][..C].copy_from_slice(sums);
		}
		row += R;
	}
	while row < end {
		let sums = tile::<S, N, 1, C>(simd, [lanes::<S, N>(weights.padded(first + row))], right);
		output[row * count + column..][..C].copy_from_slice(&sums[0]);
		row += 1;
	}
}

/// A padded row as groups of [`LANES`] numbers, each in `N` registers.
#[inline(always)]
pub(super) fn lanes<S: Simd, const N: usize>(padded: &[f32]) -> &[[S::f32s; N]] {
	S::as_simd_f32s(padded).0.as_chunks::<N>().0
}

#[inline(always)]
fn tile<S: Simd, const N: usize, const R: usize, const C: usize>(
	simd: S,
	left: [&[[S::f32s; N]]; R],
	right: [&[[S::f32s; N]]; C],
) -> [[f32; C]; R] {
	let groups = left[0].len().min(right[0].len());
	let left = left.map(|row| &row[..groups]);
	let right = right.map(|row| &row[..groups]);
	let mut sums = [[[simd.splat_f32s(0.0); N]; C]; R];
	for group in 0..groups {
		let weights: [[S::f32s; N]; R] = std::array::from_fn(|row| left[row][group]);
		for column in 0..C {
			let inputs = right[column][group];
			for row in 0..R {
				for part in 0..N {
					sums[row][column][part] =
						simd.mul_add_f32s(weights[row][part], inputs[part], sums[row][column][part]);
				}
			}
		}
	}
	sums.map(|row| row.map(|lanes| fold(simd, lanes)))
}

/// The sum of [`LANES`] numbers: the upper half onto the lower one, until one is left.
#[inline(always)]
pub(super) fn fold<S: Simd, const N: usize>(simd: S, mut lanes: [S::f32s; N]) -> f32 {
	let mut width = N;
	while width > 1 {
		width /= 2;
		for index in 0..width {
			lanes[index] = simd.add_f32s(lanes[index], lanes[index + width]);
		}
	}
	simd.reduce_sum_f32s(lanes[0])
}

/// The dot product of two padded rows.
#[inline(always)]
pub(super) fn dot<S: Simd>(simd: S, left: &[f32], right: &[f32]) -> f32 {
	match S::F32_LANES {
		16 => tile::<S, 1, 1, 1>(simd, [lanes::<S, 1>(left)], [lanes::<S, 1>(right)])[0][0],
		8 => tile::<S, 2, 1, 1>(simd, [lanes::<S, 2>(left)], [lanes::<S, 2>(right)])[0][0],
		4 => tile::<S, 4, 1, 1>(simd, [lanes::<S, 4>(left)], [lanes::<S, 4>(right)])[0][0],
		_ => {
			let (left, right) = (lanes::<pulp::Scalar, LANES>(left), lanes::<pulp::Scalar, LANES>(right));
			tile::<pulp::Scalar, LANES, 1, 1>(pulp::Scalar::new(), [left], [right])[0][0]
		}
	}
}

/// As [`dot`], with the best registers.
#[cfg(test)]
pub(super) fn dot_dispatched(arch: Arch, left: &[f32], right: &[f32]) -> f32 {
	struct Dot<'a>(&'a [f32], &'a [f32]);
	impl WithSimd for Dot<'_> {
		type Output = f32;
		#[inline(always)]
		fn with_simd<S: Simd>(self, simd: S) -> f32 {
			dot(simd, self.0, self.1)
		}
	}
	arch.dispatch(Dot(left, right))
}

#[cfg(test)]
#[path = "matrix_tests.rs"]
mod tests;
