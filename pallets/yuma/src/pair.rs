//! A pair of a validator and a miner, in one word.

use crate::share::ONE;

/// The bit that is the sign of a 32-bit number.
const SIGN: u32 = 1 << 31;

/// What a validator says of a miner and holds in it: the normalised weight, the stored bond, and the validator's place
/// in the list.
///
/// In one word, weight first, so that pairs are ordered by weight. A weight of one is held as the largest 32-bit
/// number, which is no weight: the largest below one is at most `1 - 2⁻³¹`, a quotient of sums below 2³².
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair(u64);

impl Pair {
	#[inline(always)]
	pub(crate) const fn new(weight: u64, bond: u16, validator: u16) -> Self {
		Self::with_weight_below_one(weight.wrapping_sub(weight >> 32), bond, validator)
	}

	/// The same for a weight that is not one.
	#[inline(always)]
	pub(crate) const fn with_weight_below_one(weight: u64, bond: u16, validator: u16) -> Self {
		Self(weight << 32 | (bond as u64) << 16 | validator as u64)
	}

	/// The normalised weight, as a share of one.
	#[inline(always)]
	pub(crate) const fn weight(self) -> u64 {
		let weight = self.0 >> 32;
		weight.wrapping_add((weight == ONE - 1) as u64)
	}

	/// The same, if no weight is one.
	#[inline(always)]
	pub(crate) const fn weight_among<const ONES: bool>(self) -> u64 {
		if ONES { self.weight() } else { self.0 >> 32 }
	}

	/// The weight or what is most of it, whichever is less, if neither is one.
	#[inline(always)]
	pub(crate) const fn clipped_below_one(self, most: u64) -> u64 {
		// All ones in the upper half if the weight is less; what is below is cut off.
		let is_less = (self.0 >> 32).wrapping_sub(most);
		(self.0 & is_less | most << 32 & !is_less) >> 32
	}

	/// What weights are compared by.
	#[inline(always)]
	pub(crate) const fn ordinal(self) -> Ordinal {
		Ordinal(((self.0 >> 32) as u32 ^ SIGN) as i32)
	}

	/// The bond as it is stored.
	#[inline(always)]
	pub(crate) const fn bond(self) -> u16 {
		(self.0 >> 16) as u16
	}

	/// The same as a word. Zero where `mask` is, not 65535.
	#[inline(always)]
	pub(crate) const fn bond_within(self, mask: u16) -> u64 {
		self.0 >> 16 & mask as u64
	}

	/// The bond twice over, `bond · 65537`: the share that it stands for, or one less. Zero where `mask` is, not 65535.
	///
	/// Put together from two halves, so that compilers do not make a wide product of it.
	#[inline(always)]
	pub(crate) const fn bond_twice(self, mask: u16) -> u64 {
		let mask = mask as u64;
		self.0 & mask << 16 | self.0 >> 16 & mask
	}

	/// The place of the validator.
	#[inline(always)]
	pub(crate) const fn validator(self) -> usize {
		(self.0 & 0xffff) as usize
	}

	/// What takes the pair's place: the validator's new bond, at most one.
	#[inline(always)]
	pub(crate) const fn with_new_bond(self, bond: u64) -> Self {
		Self(bond << 16 | (self.0 & 0xffff))
	}

	/// The new bond that took the pair's place.
	#[inline(always)]
	pub(crate) const fn new_bond(self) -> u64 {
		self.0 >> 16
	}
}

/// A weight to be compared: signed, as it is signed numbers that processors compare several at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ordinal(pub(crate) i32);

impl Ordinal {
	/// Of a weight of zero.
	pub(crate) const ZERO: Self = Self(i32::MIN);
	/// Of a weight of one.
	pub(crate) const MAX: Self = Self(i32::MAX);

	/// The weight.
	pub(crate) const fn weight(self) -> u64 {
		Pair(((self.0 as u32 ^ SIGN) as u64) << 32).weight()
	}

	/// What lies in the middle, rounded down.
	pub(crate) const fn middle(self, other: Self) -> Self {
		Self(((self.0 as i64).wrapping_add(other.0 as i64) >> 1) as i32)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_pair_holds_what_was_put_into_it() {
		for weight in [0, 1, ONE / 3, ONE - 2, ONE] {
			let pair = Pair::new(weight, 0xabcd, 0xfedc);
			assert_eq!((pair.weight(), pair.bond(), pair.validator()), (weight, 0xabcd, 0xfedc));
			assert_eq!(pair.ordinal().weight(), weight);
			for most in [0, 1, ONE / 3, ONE - 1] {
				assert!(weight == ONE || pair.clipped_below_one(most) == weight.min(most));
			}
			let pair = pair.with_new_bond(weight);
			assert_eq!((pair.new_bond(), pair.validator()), (weight, 0xfedc));
		}
		assert!(Pair::new(5, 9, 9) < Pair::new(6, 0, 0) && Pair::new(ONE - 2, 0, 0).ordinal() < Ordinal::MAX);
	}
}
