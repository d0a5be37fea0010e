//! Shares of one in units of 2⁻³², as plain words: the arithmetic of the loops over all weights and bonds.
//!
//! [`Fixed`](crate::fixed::Fixed) is for any number; here every number lies between zero and one, so that products and
//! quotients need no more than 64 bits at a time. The rounding is the same: products and quotients are cut.

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

/// The product of a share and `proportion / 65535`, cut. Without `ONES` the share may be neither zero nor one.
#[inline(always)]
pub(crate) const fn product_with_proportion<const ONES: bool>(share: u64, proportion: u16) -> u64 {
	if ONES {
		return product::<true>(share, from_proportion(proportion));
	}
	// 65535 · 65537 is one less than one, which takes one from the product.
	let product = product::<false>(share, (proportion as u64).wrapping_mul(65_537));
	product.wrapping_add((proportion == u16::MAX) as u64)
}

/// The product of two shares, rounded up. `right` has to be less than one.
#[inline(always)]
pub(crate) const fn product_rounded_up(left: u64, right: u64) -> u64 {
	let product = left.wrapping_mul(right);
	(product >> 32).wrapping_add((product & FRACTION != 0) as u64)
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
/// A multiplication takes a fraction of the time of a division, so that parts are multiplied by a reciprocal that is
/// rounded up. The product, cut, is the quotient, cut, as long as the error is too small to lift it to the next whole
/// number, and at most one too much otherwise (Granlund and Montgomery, "Division by Invariant Integers using
/// Multiplication", 1994). Which of the two it is depends on the largest part.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Whole {
	/// Less than 2⁴⁸: the sum of at most 65535 shares.
	value: u64,
	/// How many bits the whole lacks to 33.
	lacking: u32,
	/// How many bits it has beyond 33.
	beyond: u32,
	/// `ceil(2⁹⁶⁺ᵇ / (value · 2ˡ))`, for the `l` that are lacking and the `b` beyond; it has all 64 bits.
	reciprocal: u64,
	/// Whether the quotient by the reciprocal is never too much.
	is_exact: bool,
	/// Whether no part is the whole, so that no share is one.
	is_divided: bool,
}

impl Whole {
	/// A whole with parts of at most `most`, which exceeds neither the whole nor one. A whole of less than 2⁴⁸ with parts of
	/// at most 16 bits is always exact.
	///
	/// Parts of a whole of zero are zero, and so are their quotients: the same as by a whole of one.
	pub(crate) fn new(value: u64, most: u64) -> Self {
		let value = value.max(1);
		// A power of two counts as the bits below it: its reciprocal would just not fit.
		let bits = u64::BITS.wrapping_sub(value.wrapping_sub(1).leading_zeros());
		let (lacking, beyond) = (33_u32.saturating_sub(bits), bits.saturating_sub(33));
		let (reciprocal, error) = reciprocal(value << lacking, beyond);
		// The quotient of a part is a multiple of `1 / value`, and may be lifted by less than that.
		let lift = u128::from(most).wrapping_mul(error.into()) >> 64_u32.wrapping_add(beyond);
		Self {
			value,
			lacking,
			beyond,
			reciprocal,
			is_exact: lift == 0,
			is_divided: most < value,
		}
	}

	/// The whole itself; one where it is zero.
	pub(crate) const fn whole(self) -> u64 {
		self.value
	}

	/// Whether [`Self::exact_share`] is right for all parts.
	pub(crate) const fn is_exact(self) -> bool {
		self.is_exact
	}

	/// Whether, on top of that, no share is one.
	pub(crate) const fn is_exact_below_one(self) -> bool {
		self.is_exact && self.is_divided
	}

	/// `part / whole`, cut, where the whole is exact.
	#[inline(always)]
	pub(crate) fn exact_share(self, part: u64) -> u64 {
		if cfg!(target_family = "wasm") {
			self.divide(part)
		} else {
			self.estimate(part)
		}
	}

	/// `part / whole`, cut.
	#[inline(always)]
	pub(crate) fn share(self, part: u64) -> u64 {
		if cfg!(target_family = "wasm") {
			return self.divide(part);
		}
		let quotient = self.estimate(part);
		let rest = (part << 32).wrapping_sub(quotient.wrapping_mul(self.value)) as i64;
		quotient.wrapping_sub((rest < 0) as u64)
	}

	/// The quotient, or at most one more.
	#[inline(always)]
	fn estimate(self, part: u64) -> u64 {
		let product = u128::from(part << self.lacking).wrapping_mul(u128::from(self.reciprocal));
		(product >> 64) as u64 >> self.beyond
	}

	/// The quotient by the processor's own division, which is the faster way where there are no wide multiplications.
	#[inline(always)]
	fn divide(self, part: u64) -> u64 {
		if part < ONE {
			(part << 32).checked_div(self.value).unwrap_or(0)
		} else {
			inverse(self.value)
		}
	}
}

/// `ceil(2⁹⁶⁺ᵇ / value)` for a value above 2³² and up to 2⁴⁸ that has `b` bits `beyond` 33, and by how much the product of
/// both exceeds the dividend.
fn reciprocal(value: u64, beyond: u32) -> (u64, u64) {
	// Long division: what is left is less than 2⁴⁸, so that 16 bits at a time come down.
	let (mut quotient, mut rest) = (0_u64, 1_u64 << 47);
	for bits in [16, 16, 16, 1, beyond] {
		let dividend = rest << bits;
		let digits = dividend.checked_div(value).unwrap_or(0);
		quotient = (quotient << bits).wrapping_add(digits);
		rest = dividend.wrapping_sub(digits.wrapping_mul(value));
	}
	if rest == 0 {
		(quotient, 0)
	} else {
		(quotient.wrapping_add(1), value.wrapping_sub(rest))
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
		for most in [part, whole.min(ONE)] {
			let parts = Whole::new(whole, most);
			assert_eq!(parts.divide(part), exact(part, whole), "{part} of {whole}");
			assert_eq!(
				parts.share(part),
				exact(part, whole),
				"{part} of {whole}, at most {most}"
			);
			if parts.is_exact() {
				assert_eq!(
					parts.exact_share(part),
					exact(part, whole),
					"{part} of {whole}, at most {most}"
				);
			}
		}
	}

	#[test]
	fn one_is_neutral() {
		for share in [0, 1, 77, ONE - 1, ONE] {
			assert_eq!(product::<true>(share, ONE), share);
			assert_eq!(product::<true>(ONE, share), share);
			check(share, ONE);
		}
		assert_eq!(Whole::new(0, 0).share(0), 0);
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
			prop_assert_eq!(u128::from(product_rounded_up(left, below_one)), (exact + u128::from(FRACTION)) >> 32);
		}

		#[test]
		fn products_with_proportions_are_cut(share in 0..=ONE, proportion in prop_oneof![Just(0), Just(u16::MAX), any::<u16>()]) {
			let exact = product::<true>(share, from_proportion(proportion));
			prop_assert_eq!(product_with_proportion::<true>(share, proportion), exact);
			if share > 0 && share < ONE {
				prop_assert_eq!(product_with_proportion::<false>(share, proportion), exact);
			}
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
