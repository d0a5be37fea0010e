//! The few loops that take the time. They are plain loops over fixed blocks, which the compiler turns into the widest
//! instructions of the processor (`pulp` picks at run time).

use pulp::Arch;

use crate::architecture::LANES;

/// Rows that are computed together, so that a row of `right` is loaded once for all of them.
const ROWS: usize = 4;
/// Columns that are computed together where there are so many.
const WIDE: usize = 2 * LANES;

/// Guards roots and divisions of norms.
const EPSILON: f32 = 1e-5;

/// A matrix product's sizes: rows × inner times inner × columns.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Sizes {
	pub(crate) rows: usize,
	pub(crate) inner: usize,
	/// A multiple of 16.
	pub(crate) columns: usize,
}

/// `output += left · right`, all of them row by row.
pub(crate) fn multiply_add(arch: Arch, output: &mut [f32], left: &[f32], right: &[f32], sizes: Sizes) {
	let Sizes { rows, inner, columns } = sizes;
	debug_assert!(output.len() == rows * columns && left.len() == rows * inner && right.len() == inner * columns);
	let packed = pack(left, inner);
	arch.dispatch(
		#[inline(always)]
		|| {
			// Columns first: the strip of `right` stays in the nearest cache while all rows go over it.
			let wide = columns / WIDE * WIDE;
			for column in (0..wide).step_by(WIDE) {
				strip::<WIDE>(output, &packed, right, sizes, column);
			}
			for column in (wide..columns).step_by(LANES) {
				strip::<LANES>(output, &packed, right, sizes, column);
			}
		},
	);
}

/// The rows of `left`, [`ROWS`] side by side: a group for each of `inner`. The last rows are made up to [`ROWS`] with zeros.
fn pack(left: &[f32], inner: usize) -> Vec<[f32; ROWS]> {
	let mut packed = vec![[0.0; ROWS]; left.len().div_ceil(ROWS * inner) * inner];
	for (block, groups) in left.chunks(ROWS * inner).zip(packed.chunks_exact_mut(inner)) {
		for (index, row) in block.chunks_exact(inner).enumerate() {
			groups
				.iter_mut()
				.zip(row)
				.for_each(|(group, number)| group[index] = *number);
		}
	}
	packed
}

/// The columns from `column` on, `W` of them, of all rows.
#[inline(always)]
fn strip<const W: usize>(
	output: &mut [f32],
	packed: &[[f32; ROWS]],
	right: &[f32],
	Sizes { inner, columns, .. }: Sizes,
	column: usize,
) {
	for (groups, rows) in packed.chunks_exact(inner).zip(output.chunks_mut(ROWS * columns)) {
		let mut sums = [[0.0_f32; W]; ROWS];
		for (factors, line) in groups.iter().zip(right.chunks_exact(columns)) {
			let Some(line) = line.get(column..).and_then(|line| line.first_chunk::<W>()) else {
				continue;
			};
			for (sums, factor) in sums.iter_mut().zip(factors) {
				for (sum, number) in sums.iter_mut().zip(line) {
					*sum += factor * number;
				}
			}
		}
		for (sums, row) in sums.iter().zip(rows.chunks_exact_mut(columns)) {
			let targets = row.iter_mut().skip(column);
			targets.zip(sums).for_each(|(target, sum)| *target += sum);
		}
	}
}

/// The transposed matrix: columns become rows.
pub(crate) fn transpose(matrix: &[f32], columns: usize) -> Vec<f32> {
	let rows = matrix.len() / columns.max(1);
	let mut transposed = vec![0.0; matrix.len()];
	for (row, line) in matrix.chunks_exact(columns).enumerate() {
		for (column, number) in line.iter().enumerate() {
			transposed[column * rows + row] = *number;
		}
	}
	transposed
}

pub(crate) fn dot(one: &[f32], other: &[f32]) -> f32 {
	let mut sums = [0.0_f32; LANES];
	let (ones, others) = (one.chunks_exact(LANES), other.chunks_exact(LANES));
	let rest: f32 = ones
		.remainder()
		.iter()
		.zip(others.remainder())
		.map(|(a, b)| a * b)
		.sum();
	for (a, b) in ones.zip(others) {
		for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
			*sum += a * b;
		}
	}
	sums.iter().sum::<f32>() + rest
}

/// `target += factor · source`.
pub(crate) fn add_scaled(target: &mut [f32], factor: f32, source: &[f32]) {
	target
		.iter_mut()
		.zip(source)
		.for_each(|(target, number)| *target += factor * number);
}

/// Each row over its root mean square, times `gains`.
pub(crate) fn rms_norm(rows: &[f32], gains: &[f32]) -> Vec<f32> {
	let mut output = Vec::with_capacity(rows.len());
	for row in rows.chunks_exact(gains.len()) {
		let scale = inverse_rms(row);
		output.extend(row.iter().zip(gains).map(|(x, gain)| x * scale * gain));
	}
	output
}

fn inverse_rms(row: &[f32]) -> f32 {
	1.0 / (dot(row, row) / row.len() as f32 + EPSILON).sqrt()
}

/// The derivative of [`rms_norm`]: adds to those of its rows and gains, given that of its output.
pub(crate) fn rms_norm_backward(
	rows: &[f32],
	gains: &[f32],
	output: &[f32],
	to_rows: &mut [f32],
	to_gains: &mut [f32],
) {
	let width = gains.len();
	let lines = rows.chunks_exact(width).zip(output.chunks_exact(width));
	for ((row, output), to_row) in lines.zip(to_rows.chunks_exact_mut(width)) {
		let scale = inverse_rms(row);
		let weighted: f32 = row
			.iter()
			.zip(output)
			.zip(gains)
			.map(|((x, dy), gain)| x * dy * gain)
			.sum();
		let pull = weighted * scale * scale * scale / width as f32;
		let numbers = row.iter().zip(output).zip(gains);
		for (((x, dy), gain), (to_row, to_gain)) in numbers.zip(to_row.iter_mut().zip(to_gains.iter_mut())) {
			*to_row += dy * gain * scale - x * pull;
			*to_gain += dy * x * scale;
		}
	}
}

/// In place: exponentials that add up to 1. Returns the largest number, and the sum of the exponentials of how far the
/// others are below it, at least 1. What they were divided by is `largest + ln(sum)`; as one `f32` it would lose the sum
/// where the numbers are large.
pub(crate) fn softmax(numbers: &mut [f32]) -> (f32, f32) {
	let largest = numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max);
	let mut sum = 0.0;
	for number in numbers.iter_mut() {
		*number = (*number - largest).exp();
		sum += *number;
	}
	numbers.iter_mut().for_each(|number| *number /= sum);
	(largest, sum)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn numbers(count: usize, seed: u32) -> Vec<f32> {
		let next = |state: &mut u32| {
			*state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
			Some((*state >> 8) as f32 / (1 << 23) as f32 - 1.0)
		};
		(0..count).scan(seed, |state, _| next(state)).collect()
	}

	#[test]
	fn products_are_those_of_the_definition() {
		for (rows, inner, columns) in [(1, 3, 16), (4, 16, 32), (7, 5, 48), (9, 33, 16)] {
			let (left, right) = (numbers(rows * inner, 1), numbers(inner * columns, 2));
			let mut output = numbers(rows * columns, 3);
			let before = output.clone();
			multiply_add(Arch::new(), &mut output, &left, &right, Sizes { rows, inner, columns });
			for row in 0..rows {
				for column in 0..columns {
					let sum: f64 = (0..inner)
						.map(|k| f64::from(left[row * inner + k]) * f64::from(right[k * columns + column]))
						.sum();
					let expected = sum + f64::from(before[row * columns + column]);
					assert!((expected - f64::from(output[row * columns + column])).abs() < 1e-5);
				}
			}
		}
	}

	#[test]
	fn small_helpers_do_what_they_say() {
		assert_eq!(
			transpose(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3),
			[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
		);
		let (one, other) = (numbers(37, 4), numbers(37, 5));
		let expected: f32 = one.iter().zip(&other).map(|(a, b)| a * b).sum();
		assert!((dot(&one, &other) - expected).abs() < 1e-5);
		let mut logits = [0.0, 2.0_f32.ln(), 1_000.0];
		let (largest, sum) = softmax(&mut logits[..2]);
		assert!((largest + sum.ln() - 3.0_f32.ln()).abs() < 1e-6);
		assert!((logits[1] - 2.0 / 3.0).abs() < 1e-6);
		let normed = rms_norm(&[3.0, 4.0], &[1.0, 2.0]);
		assert!((normed[0] - 0.848_528).abs() < 1e-4 && (normed[1] - 2.262_741).abs() < 1e-4);
	}
}
