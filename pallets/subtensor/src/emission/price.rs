//! The moving price of a subnet's alpha; pure.

use ganglion_primitives::{I96F32, U64F64, mul_div_floor};

/// Fractional bits that a pool's price has and the moving price has not.
const EXTRA_BITS: u32 = 32;
/// One, as a moving price.
const ONE: u128 = 1 << 32;

/// How fast a moving price follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
	/// The most of the distance that a block covers, of one; reached by an old subnet only.
	pub(crate) alpha: I96F32,
	/// Blocks since the subnet's first emission.
	pub(crate) age: u64,
	/// Age at which a block covers half of that most.
	pub(crate) halving: u64,
}

/// The moving price after a block that ends with this price: `moving + a · (min(price, 1) - moving)` with
/// `a = alpha · age / (age + halving)`, the network's own rule. A price above one counts as one, so that a pool that is
/// driven up for a moment earns no more than one whose alpha is worth as much as TAO.
///
/// A step is often smaller than the last bit of the result. It is rounded up or down by turns, as a low-discrepancy
/// sequence of the block number says, so that many steps add up to what they should.
pub(crate) fn next(moving: I96F32, price: U64F64, pace: Pace, block: u64) -> I96F32 {
	let price = price.bits.min(ONE << EXTRA_BITS);
	let before = u128::try_from(moving.bits).unwrap_or_default() << EXTRA_BITS;
	let alpha = u128::try_from(pace.alpha.bits).unwrap_or_default().min(ONE);
	let parts = u128::from(pace.age)
		.saturating_add(u128::from(pace.halving))
		.saturating_mul(ONE);
	let step =
		|distance: u128| mul_div_floor(distance, alpha.saturating_mul(u128::from(pace.age)), parts).unwrap_or_default();
	let after = if price >= before {
		before.saturating_add(step(price.saturating_sub(before)))
	} else {
		before.saturating_sub(step(before.saturating_sub(price)))
	};
	let rounded = after.saturating_add(dither(block)) >> EXTRA_BITS;
	I96F32 {
		bits: i128::try_from(rounded).unwrap_or(i128::MAX),
	}
}

/// A number below 2^32 whose values over any run of blocks are spread evenly: multiples of the golden ratio's fraction.
fn dither(block: u64) -> u128 {
	const GOLDEN: u32 = 2_654_435_769;
	// The low bits are all that the product needs.
	let low = u32::try_from(block & u64::from(u32::MAX)).unwrap_or_default();
	u128::from(low.wrapping_mul(GOLDEN))
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	const USUAL: I96F32 = I96F32 { bits: 12_884 };
	const MONTH: u64 = 201_600;

	fn run(mut moving: I96F32, price: U64F64, blocks: core::ops::Range<u64>) -> I96F32 {
		for age in blocks {
			let pace = Pace {
				alpha: USUAL,
				age,
				halving: MONTH,
			};
			moving = next(moving, price, pace, age);
		}
		moving
	}

	/// The same with floats and no rounding.
	fn exact(mut moving: f64, price: f64, blocks: core::ops::Range<u64>) -> f64 {
		let alpha = USUAL.bits as f64 / ONE as f64;
		for age in blocks {
			moving += alpha * age as f64 / (age + MONTH) as f64 * (price - moving);
		}
		moving
	}

	#[test]
	fn it_grows_from_nothing_as_exact_arithmetic_says() {
		for price in [1.0, 0.013] {
			let bits = (price * 2_f64.powi(64)) as u128;
			let moving = run(I96F32::default(), U64F64::from_bits(bits), 0..50_000);
			let exact = exact(0.0, price, 0..50_000);
			let moving = moving.bits as f64 / ONE as f64;
			assert!((moving / exact - 1.0).abs() < 1e-5, "{moving} for {exact}");
		}
	}

	#[test]
	fn it_falls_to_a_price_far_below_a_step() {
		let moving = I96F32 { bits: 1 << 20 };
		let (blocks, price) = (1_000_000..1_300_000, 1e-5);
		let after = run(
			moving,
			U64F64::from_bits((price * 2_f64.powi(64)) as u128),
			blocks.clone(),
		);
		let exact = exact((1 << 20) as f64 / ONE as f64, price, blocks);
		let after = after.bits as f64 / ONE as f64;
		assert!((after / exact - 1.0).abs() < 1e-3, "{after} for {exact}");
	}

	#[test]
	fn hostile_parameters_do_no_harm() {
		for alpha in [i128::MIN, -1, i128::MAX] {
			let pace = Pace {
				alpha: I96F32 { bits: alpha },
				age: u64::MAX,
				halving: 0,
			};
			let price = U64F64::from_bits(u128::MAX);
			let after = next(I96F32::default(), price, pace, 0);
			assert_eq!(after.bits, if alpha > 0 { 1 << 32 } else { 0 });
		}
		let pace = Pace {
			alpha: USUAL,
			age: 0,
			halving: 0,
		};
		assert_eq!(next(I96F32 { bits: 5 }, U64F64::ZERO, pace, u64::MAX).bits, 5);
		assert_eq!(next(I96F32 { bits: -5 }, U64F64::ZERO, pace, 1).bits, 0);
	}

	proptest! {
		#[test]
		fn it_never_passes_the_price(moving in 0_i128..1 << 33, price in 0_u128..1 << 65, age: u64, block: u64) {
			let pace = Pace { alpha: I96F32::from_integer(1), age, halving: MONTH };
			let after = next(I96F32 { bits: moving }, U64F64::from_bits(price), pace, block).bits;
			let target = price.min(1 << 64);
			let (floor, ceiling) = ((target >> 32) as i128, target.div_ceil(1 << 32) as i128);
			prop_assert!(after >= moving.min(floor) && after <= moving.max(ceiling));
		}
	}
}
