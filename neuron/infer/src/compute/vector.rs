//! What is done to one row: norms, gates, the exponential, the softmax.

use pulp::{Arch, Simd, WithSimd};

use super::matrix::{Rows, dot};

/// `exp(-NEGATIVE_LIMIT)` is the smallest normal number, about.
const NEGATIVE_LIMIT: f32 = -87.0;
const POSITIVE_LIMIT: f32 = 88.0;

/// Adding it to a small number rounds that to an integer, which then stands in the low bits.
const ROUNDING: f32 = 12_582_912.0;

/// ln 2, in two parts of which the first has few bits, so that its multiples are exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// e to the power `x`, to about one unit in the last place; not a number stays so.
///
/// `x = n ln 2 + r`, and `exp r` by its Taylor series, economised; the coefficients are those of
/// Cephes' `expf` (Moshier). Without branches, so that a loop over it becomes vector code.
#[inline(always)]
fn exponential(x: f32) -> f32 {
	let x = if x < NEGATIVE_LIMIT { NEGATIVE_LIMIT } else { x };
	let x = if x > POSITIVE_LIMIT { POSITIVE_LIMIT } else { x };
	let shifted = x * std::f32::consts::LOG2_E + ROUNDING;
	let whole = shifted - ROUNDING;
	let rest = (x - whole * LN_2_HIGH) - whole * LN_2_LOW;
	let mut series = 1.987_569_1e-4;
	for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
		series = series * rest + coefficient;
	}
	let mantissa = series * rest * rest + rest + 1.0;
	let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits()));
	mantissa * power
}

macro_rules! dispatched {
	($arch:expr, [$($name:ident : $kind:ty),*], |$simd:ident| $body:expr) => {{
		struct Work<'a>($(dispatched!(@field $name, $kind)),*, std::marker::PhantomData<&'a ()>);
		impl<'a> WithSimd for Work<'a> {
			type Output = ();
			#[inline(always)]
			fn with_simd<S: Simd>(self, $simd: S) {
				let Self($($name),*, _) = self;
				$body
			}
		}
		$arch.dispatch(Work($($name),*, std::marker::PhantomData));
	}};
	(@field $name:ident, $kind:ty) => { $kind };
}

/// Root-mean-square norm of each row: `x / sqrt(mean(x²) + epsilon) · weight`.
pub(crate) fn rms_norm(arch: Arch, input: &Rows, weight: &[f32], epsilon: f32, output: &mut Rows) {
	dispatched!(
		arch,
		[input: &'a Rows, weight: &'a [f32], epsilon: f32, output: &'a mut Rows],
		|simd| {
			for index in 0..input.count() {
				let padded = input.padded_row(index);
				let mean = dot(simd, padded, padded) / input.columns() as f32;
				let scale = 1.0 / (mean + epsilon).sqrt();
				for ((out, &x), &weight) in output.row_mut(index).iter_mut().zip(input.row(index)).zip(weight) {
					*out = x * scale * weight;
				}
			}
		}
	);
}

/// Layer norm of each row in place: `(x - mean) / sqrt(variance + epsilon) · weight + bias`.
pub(crate) fn layer_norm(rows: &mut Rows, weight: &[f32], bias: &[f32], epsilon: f32) {
	for index in 0..rows.count() {
		let row = rows.row_mut(index);
		let length = row.len() as f32;
		let mean = row.iter().sum::<f32>() / length;
		let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / length;
		let scale = 1.0 / (variance + epsilon).sqrt();
		for ((x, &weight), &bias) in row.iter_mut().zip(weight).zip(bias) {
			*x = (*x - mean) * scale * weight + bias;
		}
	}
}

/// The gated unit of each row: the first half is the gate, the second what it lets through;
/// `silu(gate) · up`, with `silu(x) = x / (1 + exp(-x))`.
pub(crate) fn gate(arch: Arch, input: &Rows, output: &mut Rows) {
	dispatched!(arch, [input: &'a Rows, output: &'a mut Rows], |_simd| {
		for index in 0..input.count() {
			let (gates, ups) = input.row(index).split_at(output.columns());
			for ((out, &gate), &up) in output.row_mut(index).iter_mut().zip(gates).zip(ups) {
				*out = gate / (1.0 + exponential(-gate)) * up;
			}
		}
	});
}

/// `x · Φ(x)` for each number, with Φ the normal distribution.
pub(crate) fn gelu(rows: &mut Rows) {
	for index in 0..rows.count() {
		for x in rows.row_mut(index) {
			*x = (f64::from(*x) * normal_distribution(f64::from(*x))) as f32;
		}
	}
}

/// Φ(x): a series near zero, a continued fraction further out (Abramowitz and Stegun 26.2.11 and
/// 26.2.14), to about 1e-12.
fn normal_distribution(x: f64) -> f64 {
	let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
	if x.abs() > 38.0 {
		return if x > 0.0 { 1.0 } else { 0.0 };
	}
	if x.abs() < 3.0 {
		let (mut term, mut sum, mut odd) = (x, x, 1.0);
		while term.abs() > 1e-16 * sum.abs() {
			odd += 2.0;
			term *= x * x / odd;
			sum += term;
		}
		return 0.5 + density * sum;
	}
	let mut fraction = 0.0;
	for step in (1..60).rev() {
		fraction = f64::from(step) / (x.abs() + fraction);
	}
	let tail = density / (x.abs() + fraction);
	if x > 0.0 { 1.0 - tail } else { tail }
}

/// Adds rows to rows.
pub(crate) fn add_to(target: &mut Rows, other: &Rows) {
	for index in 0..target.count() {
		for (sum, &x) in target.row_mut(index).iter_mut().zip(other.row(index)) {
			*sum += x;
		}
	}
}

/// Adds the same numbers to each row.
pub(crate) fn add_bias(target: &mut Rows, bias: &[f32]) {
	for index in 0..target.count() {
		for (sum, &x) in target.row_mut(index).iter_mut().zip(bias) {
			*sum += x;
		}
	}
}

/// Softmax in place. A row with a number that is none becomes such numbers.
#[inline(always)]
pub(crate) fn softmax(scores: &mut [f32]) {
	let mut lanes = [f32::NEG_INFINITY; super::LANES];
	for chunk in scores.chunks(super::LANES) {
		for (lane, &score) in lanes.iter_mut().zip(chunk) {
			*lane = if score > *lane { score } else { *lane };
		}
	}
	let largest = lanes.iter().copied().fold(f32::NEG_INFINITY, f32::max);
	let mut lanes = [0.0f32; super::LANES];
	let (whole, rest) = scores.as_chunks_mut::<{ super::LANES }>();
	for chunk in whole {
		for (lane, score) in lanes.iter_mut().zip(chunk) {
			*score = exponential(*score - largest);
			*lane += *score;
		}
	}
	for (lane, score) in lanes.iter_mut().zip(rest) {
		*score = exponential(*score - largest);
		*lane += *score;
	}
	let mut width = super::LANES;
	while width > 1 {
		width /= 2;
		for index in 0..width {
			lanes[index] += lanes[index + width];
		}
	}
	let scale = 1.0 / lanes[0];
	for score in scores {
		*score *= scale;
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_exponential_is_close_and_keeps_what_is_no_number() {
		for step in -8_600..8_700 {
			let x = step as f32 / 100.0;
			let exact = f64::from(x).exp();
			let error = (f64::from(exponential(x)) - exact).abs() / exact;
			assert!(error < 2e-7, "exp({x}) is off by {error:e}");
		}
		assert!(exponential(f32::NAN).is_nan());
		assert!(exponential(f32::NEG_INFINITY) < 1e-37);
		assert!(exponential(f32::INFINITY) > 1e37);
	}

	#[test]
	fn the_normal_distribution_matches_its_table() {
		for (x, expected) in [
			(0.0, 0.5),
			(1.0, 0.841_344_746_068_543),
			(-1.0, 0.158_655_253_931_457),
			(2.5, 0.993_790_334_674_224),
			(3.5, 0.999_767_370_920_964),
			(-4.0, 3.167_124_183_311_99e-5),
			(50.0, 1.0),
		] {
			assert!(
				(normal_distribution(x) - expected).abs() < 1e-12,
				"{x}: {}",
				normal_distribution(x)
			);
		}
	}

	#[test]
	fn a_softmax_sums_to_one_and_orders_as_its_scores() {
		let mut scores: Vec<f32> = (0..37).map(|index| (index as f32 * 1.7).sin() * 30.0).collect();
		let before = scores.clone();
		softmax(&mut scores);
		assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-6);
		let largest = |row: &[f32]| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
		assert_eq!(largest(&scores), largest(&before));
		let mut poisoned = [0.0, f32::NAN, 1.0];
		softmax(&mut poisoned);
		assert!(poisoned.iter().all(|score| score.is_nan()));
	}
}
