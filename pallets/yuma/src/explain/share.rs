//! The numbers of an explanation.

use alloc::format;
use core::fmt;

use crate::fixed::Fixed;

/// How many binary digits stand behind the point.
const FRACTIONAL_BITS: u32 = 32;
/// How many units make one.
const UNITS_OF_ONE: u64 = 1 << FRACTIONAL_BITS;
/// The bits behind the point.
const FRACTION: u64 = UNITS_OF_ONE - 1;
/// How many decimal digits are printed unless the format asks for another number; enough to tell any two shares apart.
const DEFAULT_DIGITS: u32 = 10;

/// An exact number, mostly between zero and one, in units of 2⁻³².
///
/// Prints as a decimal number, rounded to ten digits or as many as the format's precision asks for. There are no more
/// than 32, so that `{:.32}` is exact. Serialises as the number of units.
///
/// ```
/// let half = yuma::Share::from_bits(1 << 31);
/// assert_eq!(half.to_string(), "0.5000000000");
/// assert_eq!(format!("{half:>8.3}"), "   0.500");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct Share(i64);

impl Share {
	/// Zero.
	pub const ZERO: Self = Self(0);
	/// One, the whole.
	pub const ONE: Self = Self(1 << FRACTIONAL_BITS);

	/// `bits · 2⁻³²`.
	pub const fn from_bits(bits: i64) -> Self {
		Self(bits)
	}

	/// The number in units of 2⁻³².
	pub const fn bits(self) -> i64 {
		self.0
	}
}

impl From<Fixed> for Share {
	fn from(number: Fixed) -> Self {
		let magnitude = number.max(Fixed::ZERO.minus(number)).share_of(UNITS_OF_ONE);
		let magnitude = i64::try_from(magnitude).unwrap_or(i64::MAX);
		Self(if number < Fixed::ZERO {
			magnitude.saturating_neg()
		} else {
			magnitude
		})
	}
}

impl fmt::Display for Share {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		let magnitude = self.0.unsigned_abs();
		let digits = formatter
			.precision()
			.and_then(|digits| u32::try_from(digits).ok())
			.unwrap_or(DEFAULT_DIGITS)
			.min(FRACTIONAL_BITS);
		// fraction · 10^digits / 2^32, with the powers of two cancelled so that it fits.
		let scaled = u128::from(magnitude & FRACTION).saturating_mul(5_u128.saturating_pow(digits));
		let excess = FRACTIONAL_BITS.saturating_sub(digits);
		let half = (1_u128 << excess) >> 1;
		let rounded = scaled.saturating_add(half) >> excess;
		let one = 10_u128.saturating_pow(digits);
		let carry = u64::from(rounded >= one);
		let rest = if rounded >= one { 0 } else { rounded };
		let whole = (magnitude >> FRACTIONAL_BITS).saturating_add(carry);
		let text = match digits {
			0 => format!("{whole}"),
			_ => format!("{whole}.{rest:0width$}", width = digits as usize),
		};
		formatter.pad_integral(self.0 >= 0, "", &text)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn shares_print_as_decimals() {
		let third = Share::from(Fixed::ratio(1, 3));
		assert_eq!(format!("{third}"), "0.3333333333");
		assert_eq!(format!("{third:.4}"), "0.3333");
		assert_eq!(format!("{:.0}", Share::ONE), "1");
		assert_eq!(format!("{:.0}", Share::from_bits(1 << 31)), "1");
		assert_eq!(format!("{:9.3}|", Share::from_bits(-(3 << 31))), "   -1.500|");
		assert_eq!(format!("{:.6}", Share::from_bits((1 << 32) - 1)), "1.000000");
		assert_eq!(
			format!("{:.32}", Share::from_bits(1)),
			"0.00000000023283064365386962890625"
		);
		assert_eq!(format!("{:.99}", Share::from_bits(1)).len(), 34);
		assert_eq!(format!("{:.1}", Share::from_bits(i64::MIN)), "-2147483648.0");
		assert_eq!(format!("{:.1}", Share::from_bits(i64::MAX)), "2147483648.0");
	}

	#[test]
	fn fixed_numbers_become_the_same_shares() {
		for bits in [0, 1, -1, 1 << 32, -(5 << 32), i64::MAX] {
			assert_eq!(Share::from(Fixed::from_bits(bits)).bits(), bits);
		}
	}
}
