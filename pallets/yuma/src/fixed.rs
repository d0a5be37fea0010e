//! Signed fixed-point numbers with 32 fractional bits.
//!
//! The rounding is part of the protocol: products round towards minus infinity, quotients are cut towards zero,
//! and every conversion to an integer rounds down. A result that does not exist or does not fit is zero.

use crate::divisor::Divisor;

/// How many bits stand behind the binary point.
const FRACTIONAL_BITS: u32 = 32;
/// The integer that stands for a share of one in the `u16` format.
const PROPORTION_SCALE: u64 = u16::MAX as u64;

/// A signed number with 32 fractional bits, most often a share between zero and one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fixed(i64);

impl Fixed {
	pub(crate) const ZERO: Self = Self(0);
	pub(crate) const ONE: Self = Self(1 << FRACTIONAL_BITS);
	#[cfg(test)]
	pub(crate) const HALF: Self = Self(1 << (FRACTIONAL_BITS - 1));

	/// The number whose representation, in units of 2⁻³², is `bits`.
	pub(crate) const fn from_bits(bits: i64) -> Self {
		Self(bits)
	}

	/// The representation in units of 2⁻³².
	pub(crate) const fn to_bits(self) -> i64 {
		self.0
	}

	/// An unscaled `u16` in units of 2⁻³²: for values that only ever appear as ratios to one another.
	pub(crate) fn unscaled(value: u16) -> Self {
		Self(i64::from(value))
	}

	/// `value / 65535`, cut.
	pub(crate) fn proportion(value: u16) -> Self {
		Self::ratio(u64::from(value), u128::from(PROPORTION_SCALE))
	}

	/// `numerator / denominator`, cut; zero where the denominator is zero or the quotient does not fit.
	pub(crate) fn ratio(numerator: u64, denominator: u128) -> Self {
		let shifted = u128::from(numerator) << FRACTIONAL_BITS;
		Self::narrow_unsigned(divide(shifted, denominator))
	}

	/// The sum, saturating.
	pub(crate) const fn plus(self, other: Self) -> Self {
		Self(self.0.saturating_add(other.0))
	}

	/// The difference, saturating.
	pub(crate) const fn minus(self, other: Self) -> Self {
		Self(self.0.saturating_sub(other.0))
	}

	/// The product, rounded towards minus infinity; zero where it does not fit.
	pub(crate) fn times(self, other: Self) -> Self {
		let product = i128::from(self.0).saturating_mul(i128::from(other.0));
		Self(i64::try_from(product >> FRACTIONAL_BITS).unwrap_or(0))
	}

	/// The quotient, cut towards zero; zero where `other` is zero or the quotient does not fit.
	pub(crate) fn over(self, other: Self) -> Self {
		let shifted = u128::from(self.0.unsigned_abs()) << FRACTIONAL_BITS;
		let magnitude = Self::narrow_unsigned(divide(shifted, u128::from(other.0.unsigned_abs())));
		if (self.0 < 0) == (other.0 < 0) {
			magnitude
		} else {
			Self(magnitude.0.saturating_neg())
		}
	}

	/// The product with an integer, saturating.
	pub(crate) fn times_integer(self, factor: i16) -> Self {
		Self(self.0.saturating_mul(i64::from(factor)))
	}

	/// The quotient by an integer, cut towards zero; zero where `divisor` is zero.
	pub(crate) fn over_integer(self, divisor: i64) -> Self {
		Self(self.0.checked_div(divisor).unwrap_or(0))
	}

	/// `floor(self · 65535)`, held between 0 and 65535.
	pub(crate) fn to_proportion(self) -> u16 {
		u16::try_from(self.share_of(PROPORTION_SCALE)).unwrap_or(u16::MAX)
	}

	/// `floor(self · amount)`; zero for a negative share, saturating for one that is too large.
	pub(crate) fn share_of(self, amount: u64) -> u64 {
		let share = u128::from(u64::try_from(self.0).unwrap_or(0));
		let product = share.saturating_mul(u128::from(amount));
		u64::try_from(product >> FRACTIONAL_BITS).unwrap_or(u64::MAX)
	}

	fn narrow_unsigned(bits: u128) -> Self {
		Self(i64::try_from(bits).unwrap_or(0))
	}
}

/// Cut division, zero by zero, that avoids the slow 128-bit routine where both sides fit a word.
fn divide(numerator: u128, denominator: u128) -> u128 {
	match (u64::try_from(numerator), u64::try_from(denominator)) {
		(Ok(numerator), Ok(denominator)) => u128::from(numerator.checked_div(denominator).unwrap_or(0)),
		_ => numerator.checked_div(denominator).unwrap_or(0),
	}
}

/// The sum of `values`, saturating.
pub(crate) fn total<'a>(values: impl IntoIterator<Item = &'a Fixed>) -> Fixed {
	values.into_iter().fold(Fixed::ZERO, |sum, value| sum.plus(*value))
}

/// Divides each value by the sum of all, unless that sum is zero.
pub(crate) fn normalise(values: &mut [Fixed]) {
	let sum = total(values.iter());
	if sum != Fixed::ZERO {
		let divisor = Divisor::new(sum);
		for value in values {
			*value = divisor.divide(*value);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn fixed(integer: i64) -> Fixed {
		Fixed::from_bits(integer << 32)
	}

	#[test]
	fn products_round_down_also_when_negative() {
		let least = Fixed::from_bits(1);
		assert_eq!(least.times(Fixed::HALF), Fixed::ZERO);
		assert_eq!(Fixed::from_bits(-1).times(Fixed::HALF), Fixed::from_bits(-1));
		assert_eq!(fixed(-3).times(fixed(4)), fixed(-12));
	}

	#[test]
	fn quotients_are_cut_towards_zero() {
		assert_eq!(Fixed::ONE.over(fixed(3)), Fixed::from_bits(1_431_655_765));
		assert_eq!(fixed(-1).over(fixed(3)), Fixed::from_bits(-1_431_655_765));
		assert_eq!(fixed(-1).over(fixed(-3)), Fixed::from_bits(1_431_655_765));
		assert_eq!(fixed(7).over_integer(-2), Fixed::from_bits(-(7 << 31)));
	}

	#[test]
	fn what_does_not_exist_or_fit_is_zero() {
		assert_eq!(Fixed::ONE.over(Fixed::ZERO), Fixed::ZERO);
		assert_eq!(Fixed::ONE.over_integer(0), Fixed::ZERO);
		assert_eq!(Fixed::ratio(5, 0), Fixed::ZERO);
		assert_eq!(Fixed::ratio(u64::MAX, 1), Fixed::ZERO);
		assert_eq!(fixed(1 << 20).times(fixed(1 << 20)), Fixed::ZERO);
	}

	#[test]
	fn proportions_survive_only_downwards() {
		assert_eq!(Fixed::proportion(u16::MAX), Fixed::ONE);
		assert_eq!(Fixed::ONE.to_proportion(), u16::MAX);
		assert_eq!(Fixed::proportion(32_768).to_proportion(), 32_767);
		assert_eq!(fixed(-2).to_proportion(), 0);
		assert_eq!(fixed(2).to_proportion(), u16::MAX);
	}

	#[test]
	fn shares_of_an_amount_round_down() {
		assert_eq!(Fixed::ONE.share_of(u64::MAX), u64::MAX);
		assert_eq!(Fixed::HALF.share_of(3), 1);
		assert_eq!(fixed(2).share_of(u64::MAX), u64::MAX);
		assert_eq!(fixed(-1).share_of(10), 0);
	}

	#[test]
	fn wide_and_narrow_division_agree() {
		assert_eq!(Fixed::ratio(1 << 40, 1 << 41), Fixed::HALF);
		assert_eq!(Fixed::ratio(u64::MAX, u128::from(u64::MAX) * 2), Fixed::HALF);
	}

	#[test]
	fn normalising_leaves_zeros_alone() {
		let mut values = [Fixed::ZERO; 3];
		normalise(&mut values);
		assert_eq!(values, [Fixed::ZERO; 3]);
		let mut values = [fixed(1), fixed(3)];
		normalise(&mut values);
		assert_eq!(values, [Fixed::from_bits(1 << 30), Fixed::from_bits(3 << 30)]);
	}
}
