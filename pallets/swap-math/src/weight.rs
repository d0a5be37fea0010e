//! The weights of a pool's two sides.

/// The weight of TAO in a pool, from one to ninety-nine hundredths; that of alpha is the rest of one.
///
/// Outside these bounds a small trade would move the price of the heavier side's token too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaoWeight(u128);

impl TaoWeight {
	/// Fractional bits of a weight.
	pub const FRACTION_BITS: u32 = 127;
	/// One, which is the sum of the two weights, in units of 2^-127.
	pub const ONE_BITS: u128 = 1 << Self::FRACTION_BITS;
	/// One hundredth.
	pub const MIN: Self = Self(Self::ONE_BITS.div_ceil(100));
	/// Ninety-nine hundredths.
	pub const MAX: Self = Self(Self::ONE_BITS - Self::MIN.0);
	/// One half.
	pub const HALF: Self = Self(Self::ONE_BITS / 2);

	/// A weight in units of 2^-127; `None` where it is out of bounds.
	pub const fn from_bits(bits: u128) -> Option<Self> {
		if Self::MIN.0 <= bits && bits <= Self::MAX.0 {
			Some(Self(bits))
		} else {
			None
		}
	}

	/// The weight of TAO in units of 2^-127.
	pub const fn bits(self) -> u128 {
		self.0
	}

	/// The weight of alpha in units of 2^-127.
	pub const fn alpha_bits(self) -> u128 {
		Self::ONE_BITS.saturating_sub(self.0)
	}
}
