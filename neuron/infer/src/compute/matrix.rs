//! Aligned numbers, matrices of weights, and their product with rows of activations.

use std::ops::{Deref, DerefMut};

#[cfg(test)]
use pulp::Arch;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{Compute, LANES};

/// A cache line holds this many numbers.
const LINE: usize = 16;

/// Weight rows that are multiplied together.
const PANEL: usize = 4;

/// Weight rows that stay in the second-level cache while all rows of activations pass over them.
const STRIP_ROWS: usize = 32;

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

/// Weights, one row for each output, in panels of [`PANEL`] rows: [`LANES`] numbers of the first
/// row, as many of the second, and so on. A product with one row of activations then reads memory
/// from front to back, which is as fast as memory goes.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
	numbers: Aligned,
	count: usize,
	columns: usize,
	stride: usize,
}

impl Matrix {
	/// All zero.
	pub(crate) fn zeros(count: usize, columns: usize) -> Self {
		let stride = columns.next_multiple_of(LANES);
		Self {
			numbers: Aligned::zeros(count.next_multiple_of(PANEL) * stride),
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

	/// Where the numbers of a row stand, [`LANES`] from each place on.
	fn places(&self, index: usize) -> impl Iterator<Item = usize> + use<> {
		let first = index / PANEL * PANEL * self.stride + index % PANEL * LANES;
		(0..self.stride / LANES).map(move |group| first + group * PANEL * LANES)
	}

	pub(crate) fn set_row(&mut self, index: usize, row: &[f32]) {
		for (place, numbers) in self.places(index).zip(row.chunks(LANES)) {
			self.numbers[place..][..numbers.len()].copy_from_slice(numbers);
		}
	}

	pub(crate) fn copy_row(&self, index: usize, row: &mut [f32]) {
		for (place, numbers) in self.places(index).zip(row.chunks_mut(LANES)) {
			numbers.copy_from_slice(&self.numbers[place..][..numbers.len()]);
		}
	}

	/// Fills the rows from `first` on with those of a flat slice.
	pub(crate) fn fill(&mut self, first: usize, flat: &[f32]) {
		for (offset, row) in flat.chunks_exact(self.columns).enumerate() {
			self.set_row(first + offset, row);
		}
	}

	/// Row after row.
	pub(crate) fn flat(&self) -> Vec<f32> {
		let mut flat = vec![0.0; self.count * self.columns];
		for (index, row) in flat.chunks_exact_mut(self.columns).enumerate() {
			self.copy_row(index, row);
		}
		flat
	}

	/// The panel that starts with row `index`.
	fn panel(&self, index: usize) -> &[f32] {
		&self.numbers[index * self.stride..][..PANEL * self.stride]
	}
}

/// `output[t][o] = Σ input[t][i] · weights[o][i]`, for every row `t` of the input.
pub(crate) fn multiply(compute: &Compute, weights: &Matrix, input: &Rows, output: &mut Rows) {
	let count = input.count;
	if count == 0 {
		return;
	}
	let tasks = compute.threads() * TASKS_PER_THREAD;
	let rows = weights.count.div_ceil(tasks).next_multiple_of(PANEL);
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
		// Sums for a panel and four rows of activations fill the registers of the widest kind;
		// the others have room for one row's.
		match S::F32_LANES {
			16 => part::<S, 1, 4>(simd, self),
			8 => part::<S, 2, 1>(simd, self),
			4 => part::<S, 4, 1>(simd, self),
			_ => part::<pulp::Scalar, LANES, 1>(pulp::Scalar::new(), self),
		}
	}
}

/// `N` registers make up the lanes; `C` rows of activations at a time.
#[inline(always)]
fn part<S: Simd, const N: usize, const C: usize>(simd: S, work: Part<'_>) {
	let count = work.input.count;
	let rows = work.output.len() / count;
	for start in (0..rows).step_by(STRIP_ROWS) {
		let end = rows.min(start + STRIP_ROWS);
		for block in (0..count).step_by(BLOCK_ROWS) {
			let block_end = count.min(block + BLOCK_ROWS);
			let mut column = block;
			while column + C <= block_end {
				let place = (work.first, start, end, column);
				strip::<S, N, C>(simd, work.weights, work.input, work.output, place);
				column += C;
			}
			while column < block_end {
				let place = (work.first, start, end, column);
				strip::<S, N, 1>(simd, work.weights, work.input, work.output, place);
				column += 1;
			}
		}
	}
}

/// `C` rows of activations against some panels.
#[inline(always)]
fn strip<S: Simd, const N: usize, const C: usize>(
	simd: S,
	weights: &Matrix,
	input: &Rows,
	output: &mut [f32],
	(first, start, end, column): (usize, usize, usize, usize),
) {
	let count = input.count;
	let mut right: [&[[S::f32s; N]]; C] = [&[]; C];
	for (offset, row) in right.iter_mut().enumerate() {
		*row = lanes::<S, N>(input.padded(column + offset));
	}
	for row in (start..end).step_by(PANEL) {
		let panel = lanes::<S, N>(weights.panel(first + row)).as_chunks::<PANEL>().0;
		let sums = tile::<S, N, PANEL, C>(simd, panel, right);
		for (offset, sums) in sums.iter().enumerate().take(end - row) {
			output[(row + offset) * count + column..][..C].copy_from_slice(sums);
		}
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
	left: &[[[S::f32s; N]; R]],
	right: [&[[S::f32s; N]]; C],
) -> [[f32; C]; R] {
	let groups = left.len().min(right[0].len());
	let left = &left[..groups];
	let mut right = right;
	for row in &mut right {
		*row = &row[..groups];
	}
	let mut sums = [[[simd.splat_f32s(0.0); N]; C]; R];
	for group in 0..groups {
		for column in 0..C {
			let inputs = right[column][group];
			for row in 0..R {
				for part in 0..N {
					sums[row][column][part] =
						simd.mul_add_f32s(left[group][row][part], inputs[part], sums[row][column][part]);
				}
			}
		}
	}
	// Loops, not `map`: a closure's body would be compiled without the instruction set.
	let mut folded = [[0.0; C]; R];
	for row in 0..R {
		for column in 0..C {
			folded[row][column] = fold(simd, sums[row][column]);
		}
	}
	folded
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
		16 => dot_of::<S, 1>(simd, left, right),
		8 => dot_of::<S, 2>(simd, left, right),
		4 => dot_of::<S, 4>(simd, left, right),
		_ => dot_of::<pulp::Scalar, LANES>(pulp::Scalar::new(), left, right),
	}
}

#[inline(always)]
fn dot_of<S: Simd, const N: usize>(simd: S, left: &[f32], right: &[f32]) -> f32 {
	let left = lanes::<S, N>(left).as_chunks::<1>().0;
	tile::<S, N, 1, 1>(simd, left, [lanes::<S, N>(right)])[0][0]
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
