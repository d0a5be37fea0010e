//! Divisions of many numbers by the same one.

use crate::fixed::Fixed;
use crate::share::{self, ONE, Whole};

/// A number that many others are divided by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Divisor {
	number: Fixed,
	/// Divides parts up to `most`.
	whole: Whole,
	/// Larger dividends, and negative ones, are divided directly.
	most: u64,
}

impl Divisor {
	pub(crate) fn new(number: Fixed) -> Self {
		let value = share::from_fixed(number);
		Self {
			number,
			whole: Whole::new(value),
			most: value.min(ONE),
		}
	}

	/// [`Fixed::over`] this number: `dividend / number`, without a division where the dividend is a share of it.
	#[inline(always)]
	pub(crate) fn divide(&self, dividend: Fixed) -> Fixed {
		match u64::try_from(dividend.to_bits()) {
			Ok(part) if part <= self.most => share::to_fixed(self.whole.share(part)),
			_ => dividend.over(self.number),
		}
	}
}

#[cfg(test)]
mod tests {
	use proptest::prelude::*;

	use super::*;

	proptest! {
		#[test]
		fn a_divisor_divides_as_a_division_does(
			number in prop_oneof![any::<i64>(), 0..=1_i64 << 33, -3..3_i64, (1_i64 << 48) - 3..(1_i64 << 48) + 3],
			dividends in prop::collection::vec(prop_oneof![any::<i64>(), 0..=1_i64 << 33, -3..3_i64], 1..50),
			off in -2..3_i64,
		) {
			let number = Fixed::from_bits(number);
			let divisor = Divisor::new(number);
			let near = [number.to_bits().saturating_add(off), (ONE as i64) + off];
			for dividend in dividends.into_iter().chain(near).map(Fixed::from_bits) {
				prop_assert_eq!(divisor.divide(dividend), dividend.over(number));
			}
		}
	}
}
