//! How a subnet's TAO meets its alpha in the pool; pure.

use ganglion_primitives::{AlphaBalance, TaoBalance, U64F64, mul_div_floor};

/// One, as a price.
const ONE: u128 = 1 << 64;

/// What a subnet's share of the block emission does to its pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Injection {
	/// TAO that is added to the pool.
	pub(crate) tao: TaoBalance,
	/// Alpha that is minted and added with it.
	pub(crate) alpha: AlphaBalance,
	/// TAO that buys alpha from the pool.
	pub(crate) excess: TaoBalance,
}

impl Injection {
	/// As much alpha as the TAO is worth at the price, rounded down, but no more than `cap`. The TAO that the cap leaves
	/// without alpha is the excess. A pool without a price gets TAO only.
	pub(crate) fn of(tao: TaoBalance, price: U64F64, cap: AlphaBalance) -> Self {
		let alone = Self {
			tao,
			alpha: AlphaBalance::ZERO,
			excess: TaoBalance::ZERO,
		};
		if price.is_zero() {
			return alone;
		}
		let alpha = mul_div_floor(u128::from(tao.get()), ONE, price.bits);
		match alpha.and_then(|alpha| u64::try_from(alpha).ok()).map(AlphaBalance::new) {
			Some(alpha) if alpha <= cap => Self { alpha, ..alone },
			_ => {
				let worth = mul_div_floor(u128::from(cap.get()), price.bits, ONE);
				let worth = worth.and_then(|worth| u64::try_from(worth).ok()).unwrap_or(u64::MAX);
				let added = TaoBalance::new(worth).min(tao);
				Self {
					tao: added,
					alpha: cap,
					excess: tao.saturating_sub(added),
				}
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use ganglion_primitives::RAO_PER_TAO;
	use proptest::prelude::*;

	fn price(tao: u64, alpha: u64) -> U64F64 {
		U64F64::from_bits(mul_div_floor(u128::from(tao), ONE, u128::from(alpha)).unwrap())
	}

	fn inject(tao: u64, price: U64F64, cap: u64) -> (u64, u64, u64) {
		let injection = Injection::of(TaoBalance::new(tao), price, AlphaBalance::new(cap));
		(injection.tao.get(), injection.alpha.get(), injection.excess.get())
	}

	#[test]
	fn alpha_comes_at_the_price_up_to_the_cap() {
		assert_eq!(inject(100, price(1, 1), 100), (100, 100, 0));
		assert_eq!(inject(100, price(2, 1), 100), (100, 50, 0));
		assert_eq!(inject(100, price(1, 2), 100), (50, 100, 50));
		assert_eq!(inject(100, price(1, 4), 0), (0, 0, 100));
		assert_eq!(inject(100, U64F64::ZERO, 100), (100, 0, 0));
		assert_eq!(inject(0, price(1, 3), 100), (0, 0, 0));
		assert_eq!(
			inject(u64::MAX, U64F64::from_bits(1), u64::MAX),
			(0, u64::MAX, u64::MAX)
		);
		let dear = inject(u64::MAX, U64F64::from_bits(u128::MAX), u64::MAX);
		assert_eq!((dear.0, dear.2), (u64::MAX, 0));
	}

	proptest! {
		#[test]
		fn tao_is_conserved_and_alpha_capped(
			tao in 0..RAO_PER_TAO,
			pool_tao in 1_000_000..u64::MAX >> 8,
			pool_alpha in 1_000_000..u64::MAX >> 8,
			cap in 0..RAO_PER_TAO,
		) {
			let price = price(pool_tao, pool_alpha);
			let (added, alpha, excess) = inject(tao, price, cap);
			prop_assert_eq!(added + excess, tao);
			prop_assert!(alpha <= cap);
			// What is added has the price, to less than one unit of either.
			let (added, alpha) = (u128::from(added), u128::from(alpha));
			let worth = |alpha: u128| mul_div_floor(alpha, price.bits, ONE).unwrap();
			prop_assert!(worth(alpha) <= added + 1 && added <= worth(alpha + 1) + 1);
			// The excess begins at the cap.
			prop_assert!(excess == 0 || alpha == u128::from(cap));
		}
	}
}
