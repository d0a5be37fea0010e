//! Bounds of the exponential: what the series of [`exponential`](crate::exponential) is at least and at most, found with
//! a fraction of its multiplications.
//!
//! A payout needs the series to the last bit only where a bit decides how something is cut. Nearly everywhere the two
//! bounds lead to the same result, which is then that of the series (Ziv, "Fast Evaluation of Elementary Mathematical
//! Functions with Correctly Rounded Last Bit", 1991).
//!
//! # Why the bounds hold
//!
//! *What the series lacks.* Let `T_k = 2³² · xᵏ / k!` be the true terms and `t_k` the cut ones: `t_k = t_(k-1) · x / k - f_k`
//! with `0 ≤ f_k < 1`. Each `f_k` is missing in all later terms as well, so that up to the 31st term
//! `Σ T_k - Σ t_k = Σ f_k · A_k` with `A_31 = 1` and `A_k = 1 + A_(k+1) · x / (k + 1)`. Once a true term is below one, the cut
//! one is zero and nothing is cut off any more. So the series lacks, of `2³² · eˣ`, between nothing and `D = Σ A_k`, over
//! `k` from 2 to the first true term below one, plus what is behind the 31st term: less than `T_32 / (1 - x / 33)`. Per unit
//! of the exponential that is at most [`LOSSES`], which takes `D` at the upper end of each eighth and `eˣ` at the lower one.
//! A loss `ρ = D / (2³² eˣ - D)` of the series raises its inverse by at most the same `ρ`, and `D / 2³² eˣ < ρ`.
//!
//! *What the estimate is off.* The exponent is `i + j / 256 + 1 / 512 + r` with `|r| ≤ 2⁻⁹`. In units of 2⁻⁴⁰, `eʳ - 1` is
//! `r + r²/2 + r³/6`, off by less than one for cutting `r²`, 1.1 for cutting `r³`, and 0.7 for the terms left out:
//! together less than 3. The product with `e^(j / 256 + 1 / 512)`, which is from 1 to e, adds 1 for that number's rounding,
//! 2 for leaving out its last bits in the product, and 1 for cutting the product. Rounding `eⁱ` to 40 bits adds 1, and cutting
//! the last product next to nothing. All in all less than 9 units of 2⁻⁴⁰, relatively, and [`MARGIN`] allows for 16.

use crate::exponential::LAST_POWER;

/// Exponents lie between plus and minus this.
const LARGEST: u64 = 20;
/// The relative error of an estimate is less than one in `2ᴹ`.
const MARGIN: u32 = 36;
/// Bits behind the point of the numbers between 1 and e.
const PRECISION: u32 = 40;
/// How many of them are enough for a product with what is left.
const LEADING: u32 = 30;
/// The middle of the steps of 1/256.
const HALF_STEP: i64 = 1 << 23;

/// The least and the most that the network's exponential of an exponent can be, in units of 2⁻³²: the series if the
/// exponent is not negative, and the inverse of the series otherwise.
///
/// The exponent lies between -20 and 20.
#[inline(always)]
pub(crate) fn bounds(exponent: i64) -> (u64, u64) {
	let estimate = Estimate::of(exponent);
	let off = (estimate.mantissa >> MARGIN).wrapping_add(1);
	let size = exponent.unsigned_abs();
	let loss = LOSSES.get((size >> 29) as usize).copied().unwrap_or(u64::MAX);
	// A part of the estimate, rounded up.
	let loss = ((estimate.mantissa >> 40).wrapping_add(1).wrapping_mul(loss) >> 4).wrapping_add(1);
	let (less, more) = if exponent < 0 { (0, loss) } else { (loss, 0) };
	let least = estimate.mantissa.wrapping_sub(off).wrapping_sub(less);
	let most = estimate.mantissa.wrapping_add(off).wrapping_add(more);
	(least >> estimate.shift, most >> estimate.shift)
}

/// A number `mantissa / 2ˢ` in units of 2⁻³².
struct Estimate {
	/// From 2⁶⁰ to 2⁶³.
	mantissa: u64,
	shift: u32,
}

impl Estimate {
	/// e to the power of an exponent, nearly.
	#[inline(always)]
	fn of(exponent: i64) -> Self {
		let above_least = exponent.wrapping_add((LARGEST as i64) << 32) as u64;
		let step = (above_least >> 24) as u8;
		let rest = ((above_least & 0xff_ffff) as i64).wrapping_sub(HALF_STEP);
		// In units of 2⁻⁴⁰.
		let square = rest.wrapping_mul(rest) >> 25;
		let cube = square.wrapping_mul(rest).wrapping_mul(THIRD) >> 48;
		let growth = (rest << 8).wrapping_add(square).wrapping_add(cube);
		let start = STEPS.get(usize::from(step)).copied().unwrap_or_default();
		let grown = (start >> (PRECISION - LEADING)).wrapping_mul(growth) >> LEADING;
		let fraction = start.wrapping_add(grown) as u64;
		let power = POWERS.get((above_least >> 32) as usize).copied().unwrap_or_default();
		let high = fraction.wrapping_mul(power.high.into()) << 1;
		let low = fraction.wrapping_mul(power.low.into()) >> 19;
		Self {
			mantissa: high.wrapping_add(low),
			shift: power.shift,
		}
	}
}

/// A third, in units of 2⁻¹⁶.
const THIRD: i64 = 0x5555;

/// `e^(j / 256 + 1 / 512)`, in units of 2⁻⁴⁰.
static STEPS: [i64; 256] = steps();

/// A whole power of e: 40 bits, and where its point is.
#[derive(Clone, Copy, Debug, Default)]
struct Power {
	/// The upper 20 bits.
	high: u32,
	/// The lower 20 bits.
	low: u32,
	/// By how much the product of the 40 bits and a number in units of 2⁻⁴⁰, less its last 19 bits, has to be moved to the
	/// right to count units of 2⁻³².
	shift: u32,
}

/// `e⁻²⁰` to `e²⁰`.
static POWERS: [Power; 2 * LARGEST as usize + 1] = powers();

/// For each eighth of an exponent's size, by how much the series falls short of the exponential at most, in units of
/// 2⁻⁴⁴ of the series.
static LOSSES: [u64; 8 * LARGEST as usize + 1] = losses();

#[expect(
	clippy::arithmetic_side_effects,
	clippy::indexing_slicing,
	reason = "computed by the compiler, which refuses what overflows or is out of range"
)]
const fn steps() -> [i64; 256] {
	let mut steps = [0; 256];
	let mut step = 0;
	while step < steps.len() {
		let exponential = series(2 * step as u128 + 1, 512, 60, 30);
		steps[step] = ((exponential + (1 << 19)) >> 20) as i64;
		step += 1;
	}
	steps
}

#[expect(
	clippy::arithmetic_side_effects,
	clippy::indexing_slicing,
	reason = "computed by the compiler, which refuses what overflows or is out of range"
)]
const fn powers() -> [Power; 2 * LARGEST as usize + 1] {
	let mut powers = [Power {
		high: 0,
		low: 0,
		shift: 0,
	}; 2 * LARGEST as usize + 1];
	let mut place = 0;
	while place < powers.len() {
		let exponent = place as i64 - LARGEST as i64;
		// In units of 2⁻⁸⁰: from below 2⁵² to above 2¹⁰⁷.
		let size = series(exponent.unsigned_abs() as u128, 1, 80, 120);
		let power = if exponent < 0 {
			// (2¹⁶⁰ / size) by two steps, as 2¹⁶⁰ does not fit; 2⁻⁸⁰ is fine enough for 40 bits of e⁻¹⁹.
			let quotient = (1 << 127) / size;
			let rest = (1 << 127) % size;
			(quotient << 33) + (((rest >> 40) << 33) / (size >> 40))
		} else {
			size
		};
		let bits = u128::BITS - power.leading_zeros();
		let rounded = (power + (1 << (bits - 41))) >> (bits - 40);
		powers[place] = Power {
			high: (rounded >> 20) as u32,
			low: (rounded & 0xf_ffff) as u32,
			// The number is rounded · 2^(bits - 120), the product has units of 2^(19 - 40 + bits - 120), and 2⁻³² is asked.
			shift: 109 - bits,
		};
		place += 1;
	}
	powers
}

#[expect(
	clippy::arithmetic_side_effects,
	clippy::indexing_slicing,
	reason = "computed by the compiler, which refuses what overflows or is out of range"
)]
const fn losses() -> [u64; 8 * LARGEST as usize + 1] {
	let mut losses = [0; 8 * LARGEST as usize + 1];
	let mut eighth = 0;
	while eighth < losses.len() {
		// Both in units of 2⁻³² of a unit of the series, the first rounded up and the second down.
		let upper = if eighth + 1 < losses.len() { eighth + 1 } else { eighth };
		let lacking = lacking(upper as u128);
		let least = series(eighth as u128, 8, 64, LAST_POWER as u128);
		losses[eighth] = (((lacking >> 16) + 1) << 44).div_ceil((least - lacking) >> 16) as u64;
		eighth += 1;
	}
	losses
}

/// The Taylor series of e to the power of a fraction, each term cut, in units of `2⁻ᵇ`.
#[expect(
	clippy::arithmetic_side_effects,
	reason = "computed by the compiler, which refuses what overflows"
)]
const fn series(numerator: u128, denominator: u128, bits: u32, last_power: u128) -> u128 {
	let (mut term, mut sum, mut power) = (1 << bits, 1 << bits, 1);
	while power <= last_power {
		term = term * numerator / (denominator * power);
		sum += term;
		power += 1;
	}
	sum
}

/// `D` at some eighths, in units of 2⁻³², rounded up.
#[expect(
	clippy::arithmetic_side_effects,
	reason = "computed by the compiler, which refuses what overflows"
)]
const fn lacking(eighths: u128) -> u128 {
	const UNIT: u128 = 1 << 32;
	let last = LAST_POWER as u128;
	// The first true term below one, and the term behind the last power.
	let (mut term, mut power, mut first_below_one) = (UNIT * UNIT, 0, last);
	while power < last + 1 {
		power += 1;
		term = (term * eighths).div_ceil(8 * power);
		if term < UNIT && power < first_below_one {
			first_below_one = power;
		}
	}
	let mut sum = (term * 33 * 8).div_ceil(33 * 8 - eighths);
	let (mut factor, mut power) = (UNIT, last);
	while power >= 2 {
		if power < last {
			factor = UNIT + (factor * eighths).div_ceil(8 * (power + 1));
		}
		if power <= first_below_one {
			sum += factor;
		}
		power -= 1;
	}
	sum
}

#[cfg(test)]
mod tests {
	use proptest::prelude::*;

	use super::*;
	use crate::exponential::plain;
	use crate::share::{ONE, inverse};

	const MOST: i64 = (LARGEST as i64) << 32;

	fn network_exponential(exponent: i64) -> u64 {
		let series = plain::exponential(exponent.unsigned_abs());
		if exponent < 0 { inverse(series) } else { series }
	}

	fn check(exponent: i64) {
		let (least, most) = bounds(exponent);
		let exact = network_exponential(exponent);
		assert!(
			least <= exact && exact <= most,
			"{exponent}: {least} <= {exact} <= {most}"
		);
	}

	#[test]
	fn the_series_is_between_the_bounds_at_all_ends_of_steps() {
		let step = 1_i64 << 24;
		for end in (-MOST..=MOST).step_by(step as usize) {
			for off in [-1, 0, 1, step / 2 - 1, step / 2] {
				check((end + off).clamp(-MOST, MOST));
			}
		}
	}

	proptest! {
		#![proptest_config(ProptestConfig::with_cases(20_000))]
		#[test]
		fn the_series_is_between_the_bounds(exponent in -MOST..=MOST, shift in 0..36_u32) {
			check(exponent);
			check(exponent >> shift);
		}
	}

	/// Between -8 and 8 the bounds are as close as the series is to the exponential.
	#[test]
	fn bounds_are_close() {
		for exponent in (-8 << 32..=8_i64 << 32).step_by(1_234_567) {
			let (least, most) = bounds(exponent);
			let (low, high) = (inverse(ONE + most), inverse(ONE + least));
			assert!(high - low <= 4, "{exponent}: {low} to {high}");
		}
	}
}
