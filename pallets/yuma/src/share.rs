//! Shares of one in units of 2⁻³², as plain words: the arithmetic of the loops over all weights and bonds.
//!
//! [`Fixed`](crate::fixed::Fixed) is for any number; here every number lies between zero and one, so that products and
//! quotients need no more than 64 bits at a time. The rounding is the same: products and quotients are cut.

use core::hint::cold_path;

use crate::fixed::Fixed;

/// A share of one.
pub(crate) const ONE: u64 = 1 << 32;
/// The bits behind the point.
const FRACTION: u64 = ONE - 1;

/// The share as a plain word; zero for a negative number.
pub(crate) fn from_fixed(value: Fixed) -> u64 {
	u64::try_from(value.to_bits()).unwrap_or(0)
}

/// A plain word as a number.
pub(crate) fn to_fixed(share: u64) -> Fixed {
	Fixed::from_bits(i64::try_from(share).unwrap_or(i64::MAX))
}

/// The product of two shares, cut. Neither may exceed one, and without `ONES` none may be one.
///
/// One times one is the only product that does not fit a word. It wraps to zero, and the bit that both have stands in.
#[inline(always)]
pub(crate) const fn product<const ONES: bool>(left: u64, right: u64) -> u64 {
	if ONES {
		(left.wrapping_mul(right) >> 32) | (left & right & ONE)
	} else {
		// The masks say that half a word is enough, of which processors multiply several at a time.
		(left & FRACTION).wrapping_mul(right & FRACTION) >> 32
	}
}

/// The product of two shares, cut. `right` has to be less than one.
#[inline(always)]
pub(crate) const fn product_below_one(left: u64, right: u64) -> u64 {
	left.wrapping_mul(right) >> 32
}

/// The product of a share and `proportion / 65535`, cut, where `twice` is `proportion · 65537`. Without `ONES` the share may
/// be neither zero nor one.
#[inline(always)]
pub(crate) const fn product_with_proportion<const ONES: bool>(share: u64, twice: u64) -> u64 {
	// 65535 · 65537 is one less than one, which takes one from the product.
	let lack = twice.wrapping_add(1) >> 32;
	if ONES {
		product::<true>(share, twice.wrapping_add(lack))
	} else {
		product::<false>(share, twice).wrapping_add(lack)
	}
}

/// The product of two shares, rounded up. `right` has to be less than one.
#[inline(always)]
pub(crate) const fn product_rounded_up(left: u64, right: u64) -> u64 {
	// At most 2⁶⁴ - 1.
	left.wrapping_mul(right).wrapping_add(FRACTION) >> 32
}

/// `value / 65535` as a share, cut.
#[inline(always)]
pub(crate) const fn from_proportion(value: u16) -> u64 {
	// 2³² = 65535 · 65537 + 1
	(value as u64)
		.wrapping_mul(65_537)
		.wrapping_add((value == u16::MAX) as u64)
}

/// `floor(share · 65535)`.
#[inline(always)]
pub(crate) const fn to_proportion(share: u64) -> u16 {
	((share << 16).wrapping_sub(share) >> 32) as u16
}

/// A whole that parts are divided by, again and again.
///
/// Multiplications take a fraction of the time of a division. The product of a part and the reciprocal of the whole,
/// both cut, is the quotient or one less, and what is left tells which (Granlund and Montgomery, "Division by Invariant
/// Integers using Multiplication", 1994). All products fit a word, so that processors without wide ones are as fast.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Whole {
	/// The sum of at most 65535 shares is less than 2⁴⁸; [`Whole::share`] divides by what is less than 2⁶³.
	value: u64,
	/// `floor((2⁶⁴ - 1) / value)`
	reciprocal: u64,
}

impl Whole {
	/// A whole with parts that exceed neither the whole nor one.
	///
	/// Parts of a whole of zero are zero, and so are their quotients: the same as by a whole of one.
	pub(crate) fn new(value: u64) -> Self {
		let value = value.max(1);
		Self {
			value,
			reciprocal: u64::MAX.checked_div(value).unwrap_or(0),
		}
	}

	/// `part / whole`, cut.
	///
	/// The reciprocal falls short of `2⁶⁴ / whole` by at most one, and the product of that and a part, which is at most 2³²,
	/// by one in the quotient. The rest is less than two wholes, which fits a word even if what it is the rest of does not.
	#[inline(always)]
	pub(crate) const fn share(self, part: u64) -> u64 {
		let quotient = part.wrapping_mul(self.reciprocal) >> 32;
		let rest = (part << 32).wrapping_sub(quotient.wrapping_mul(self.value));
		quotient.wrapping_add((rest >= self.value) as u64)
	}

	/// The same, faster for parts that are small in themselves.
	///
	/// What the product lacks is at most the part, which is seldom enough to change the quotient.
	#[inline(always)]
	pub(crate) const fn share_of_little(self, part: u64) -> u64 {
		let product = part.wrapping_mul(self.reciprocal);
		let left = !(product as u32) as u64;
		if part <= left {
			product >> 32
		} else {
			cold_path();
			self.share(part)
		}
	}

	/// The product of a part's share and a factor below one, both cut.
	///
	/// What the share is without a look at the rest lacks one at most, and the product then the factor at most, which is
	/// seldom enough to change it.
	#[inline(always)]
	pub(crate) const fn share_times(self, part: u64, factor: u64) -> u64 {
		let product = (part.wrapping_mul(self.reciprocal) >> 32).wrapping_mul(factor);
		let (_, may_carry) = (product as u32).overflowing_add(factor as u32);
		if may_carry {
			cold_path();
			product_below_one(self.share(part), factor)
		} else {
			product >> 32
		}
	}
}

/// A sum of 16-bit numbers that each of them is divided by.
///
/// One product is enough: the reciprocal is rounded up, or if that is too much, rounded down with a little on top of the
/// product (Robison, "N-Bit Unsigned Division via N-Bit Multiply-Add", 2005).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Total {
	/// Less than 2³².
	value: u64,
	/// `2⁴⁷⁺ᵇ / value`, rounded, for the `b` with `2ᵇ⁻¹ < value ≤ 2ᵇ`: at most 2⁴⁸.
	reciprocal: u64,
	addend: u64,
	/// `15 + b`
	shift: u32,
}

impl Total {
	/// Of which every part is nothing.
	pub(crate) const VOID: Self = Self {
		value: 1,
		reciprocal: 0,
		addend: 0,
		shift: 0,
	};

	/// Parts of a total of zero are zero, and so are their quotients: the same as by a total of one.
	pub(crate) fn new(value: u64) -> Self {
		let value = value.max(1);
		let bits = u64::BITS.wrapping_sub(value.wrapping_sub(1).leading_zeros());
		let divide = |dividend: u64| (dividend.checked_div(value), dividend.checked_rem(value).unwrap_or(0));
		let (upper, rest) = divide(1_u64.wrapping_shl(bits.wrapping_add(31)));
		let (lower, rest) = divide(rest << 16);
		let cut = (upper.unwrap_or(0) << 16).wrapping_add(lower.unwrap_or(0));
		let shift = bits.wrapping_add(15);
		// Fractions of quotients are multiples of `1 / value`, and what rounding up adds has to be less than one of them. If it
		// is not, what rounding down takes from a product is at most the addend, which is less than one as well.
		let lift = u64::from(u16::MAX).wrapping_mul(value.wrapping_sub(rest));
		let (reciprocal, addend) = if rest == 0 {
			(cut, 0)
		} else if lift >> shift == 0 {
			(cut.wrapping_add(1), 0)
		} else {
			(cut, cut >> 32)
		};
		Self {
			value,
			reciprocal,
			addend,
			shift,
		}
	}

	/// The total itself; one where it is zero.
	pub(crate) const fn value(self) -> u64 {
		self.value
	}

	/// `part / total`, cut, of a part that is not more than the total; anything if it is.
	#[inline(always)]
	pub(crate) const fn share(self, part: u16) -> u64 {
		let product = (part as u64).wrapping_mul(self.reciprocal);
		product.wrapping_add(self.addend) >> (self.shift & 63)
	}
}

/// `1 / value`, cut, for a value above zero in units of 2⁻³².
#[inline(always)]
pub(crate) fn inverse(value: u64) -> u64 {
	// 2⁶⁴ does not fit a word; 2⁶⁴ - 1 has the same quotient, unless 2⁶⁴ is a multiple.
	let quotient = u64::MAX.checked_div(value).unwrap_or(0);
	quotient.wrapping_add(value.is_power_of_two() as u64)
}

#[cfg(test)]
mod tests {
	use proptest::prelude::*;

	use super::*;

	fn exact(part: u64, whole: u64) -> u64 {
		((u128::from(part) << 32) / u128::from(whole)) as u64
	}

	fn check(part: u64, whole: u64) {
		let expected = exact(part, whole);
		assert_eq!(Whole::new(whole).share(part), expected, "{part} of {whole}");
		assert_eq!(Whole::new(whole).share_of_little(part), expected, "{part} of {whole}");
		for factor in [0, 1, expected / 3, ONE / 3, ONE - 1] {
			let product = Whole::new(whole).share_times(part, factor);
			assert_eq!(
				product,
				product_below_one(expected, factor),
				"{part} of {whole}, times {factor}"
			);
		}
	}

	/// Of the largest parts and those around whole quotients, where a reciprocal that is off shows.
	fn check_total(value: u64) {
		let total = Total::new(value);
		let largest = value.min(u64::from(u16::MAX));
		for part in [1, 2, 3, largest / 3, largest / 2, largest - largest.min(1), largest] {
			let step = value / gcd(value, part.max(1));
			for part in [part, largest / step.min(largest) * step.min(largest), part.min(largest)] {
				assert_eq!(total.share(part as u16), exact(part, value), "{part} of {value}");
			}
		}
	}

	fn gcd(left: u64, right: u64) -> u64 {
		if right == 0 { left } else { gcd(right, left % right) }
	}

	#[test]
	fn shares_of_totals_are_cut_at_the_edges() {
		for bits in 0..32_u32 {
			for off in 0..400_u64 {
				let edges = [1_u64 << bits, 1 << (bits + 1), 3 << bits >> 1];
				for value in edges
					.into_iter()
					.flat_map(|edge| [edge.saturating_sub(off), edge + off])
				{
					if (1..1 << 32).contains(&value) {
						check_total(value);
					}
				}
			}
		}
		assert_eq!(Total::new(0).share(0), 0);
	}

	#[test]
	fn one_is_neutral() {
		for share in [0, 1, 77, ONE - 1, ONE] {
			assert_eq!(product::<true>(share, ONE), share);
			assert_eq!(product::<true>(ONE, share), share);
			check(share, ONE);
		}
		assert_eq!(Whole::new(0).share(0), 0);
	}

	#[test]
	fn proportions_are_what_fixed_makes_of_them() {
		for value in 0..=u16::MAX {
			assert_eq!(to_fixed(from_proportion(value)), Fixed::proportion(value));
			let back = to_proportion(from_proportion(value));
			assert_eq!(back, Fixed::proportion(value).to_proportion());
		}
		assert_eq!(to_proportion(ONE), u16::MAX);
	}

	#[test]
	fn quotients_are_cut_at_the_edges() {
		let wholes = (0..48).flat_map(|bits| [1_u64 << bits, (1 << bits) + 1, (1 << (bits + 1)) - 1, 3 << bits >> 1]);
		for whole in wholes.filter(|whole| (1..1 << 48).contains(whole)) {
			for part in [0, 1, 2, whole / 3, whole / 2, whole - 1, whole, ONE - 1, ONE] {
				if part <= whole && part <= ONE {
					check(part, whole);
				}
			}
		}
	}

	proptest! {
		#[test]
		fn products_are_cut(left in 0..=ONE, right in 0..=ONE) {
			let exact = u128::from(left) * u128::from(right);
			prop_assert_eq!(u128::from(product::<true>(left, right)), exact >> 32);
			let below_one = right.min(ONE - 1);
			let exact = u128::from(left) * u128::from(below_one);
			if left < ONE {
				prop_assert_eq!(u128::from(product::<false>(left, below_one)), exact >> 32);
			}
			prop_assert_eq!(u128::from(product_below_one(left, below_one)), exact >> 32);
			prop_assert_eq!(u128::from(product_rounded_up(left, below_one)), (exact + u128::from(FRACTION)) >> 32);
		}

		#[test]
		fn products_with_proportions_are_cut(share in 0..=ONE, proportion in prop_oneof![Just(0), Just(u16::MAX), any::<u16>()]) {
			let exact = product::<true>(share, from_proportion(proportion));
			let twice = u64::from(proportion) * 65_537;
			prop_assert_eq!(product_with_proportion::<true>(share, twice), exact);
			if share > 0 && share < ONE {
				prop_assert_eq!(product_with_proportion::<false>(share, twice), exact);
			}
		}

		#[test]
		fn shares_of_totals_are_cut(value in 1..1_u64 << 32, shift in 0..32_u32, part: u16) {
			let value = (value >> shift).max(1);
			let part = part.min(u16::try_from(value).unwrap_or(u16::MAX));
			prop_assert_eq!(Total::new(value).share(part), exact(part.into(), value));
			check_total(value);
		}

		#[test]
		fn quotients_are_cut(part in 0..=ONE, more in prop_oneof![0..10_u64, 0..ONE, 0..ONE << 15], shift in 0..32) {
			let part = part >> shift;
			check(part, (part + more).max(1));
		}

		/// Parts that are a multiple, or just not one: where a reciprocal that is too large shows.
		#[test]
		fn quotients_are_cut_around_whole_numbers(quotient in 0..=ONE, whole in 1..ONE << 16, shift in 0..48_u32, off in 0..3_u64) {
			let whole = (whole >> shift).max(1);
			let part = ((u128::from(quotient) * u128::from(whole)) >> 32) as u64 + off;
			if part <= whole && part <= ONE {
				check(part, whole);
			}
		}
	}
}
