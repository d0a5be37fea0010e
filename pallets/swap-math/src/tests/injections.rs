//! Liquidity that is added.

use super::{oracle::*, *};
use num_rational::BigRational;
use num_traits::Signed;

/// How far an injection may move the price, as a part of it: one in 2^118.
fn tolerance() -> BigRational {
	BigRational::new(1.into(), num_bigint::BigInt::from(1) << 118)
}

#[test]
fn proportional_liquidity_keeps_equal_weights() {
	let pool = Pool::new(3_000_000_007, 9_000_000_021).unwrap();
	let injection = pool.inject(1_000_000_000, 3_000_000_000).unwrap();
	assert_eq!(injection.pool, Pool::new(4_000_000_007, 12_000_000_021).unwrap());
	assert_eq!((injection.excess_tao, injection.excess_alpha), (0, 0));
}

#[test]
fn tao_alone_raises_its_weight_and_not_the_price() {
	let pool = Pool::new(1_000_000_000, 1_000_000_000).unwrap();
	let injection = pool.inject(2_000_000_000, 0).unwrap();
	assert_eq!(injection.pool.weight().bits(), TaoWeight::ONE_BITS / 4 * 3);
	assert_eq!(injection.pool.price_rao(), 1_000_000_000);
	assert_eq!(injection.pool.price_bits(), 1 << 64);
}

#[test]
fn what_a_bound_does_not_allow_is_handed_back() {
	let pool = Pool::new(1_000_000, 1_000_000).unwrap();
	let injection = pool.inject(200_000_000, 0).unwrap();
	// At 99 to 1 there is 99 times as much TAO as alpha at a price of one.
	assert_eq!(injection.pool.tao(), 98_999_999);
	assert_eq!(injection.excess_tao, 102_000_001);
	let again = injection.pool.inject(injection.excess_tao, 1_000_000).unwrap();
	assert_eq!(again.pool.tao(), 197_999_999);
	let injection = pool.inject(1_000_000, 400_000_000).unwrap();
	assert_eq!((injection.pool.tao(), injection.pool.alpha()), (2_000_000, 197_999_999));
	assert_eq!(injection.excess_alpha, 203_000_001);
}

#[test]
fn nothing_changes_nothing_and_too_much_is_refused() {
	for weight in [TaoWeight::MIN, TaoWeight::HALF, TaoWeight::MAX] {
		let pool = Pool::with_weight(17, 1 << 60, weight).unwrap();
		let injection = pool.inject(0, 0).unwrap();
		assert_eq!(injection.pool, pool);
		assert_eq!(pool.inject(u64::MAX, 0), None);
		assert_eq!(pool.inject(0, u64::MAX), None);
	}
}

#[test]
fn a_year_of_blocks_leaves_the_price() {
	let mut pool = Pool::new(1_000_000_000_000, 3_000_000_000_000).unwrap();
	let price = pool.price_bits();
	for block in 0..100_000u64 {
		pool = pool
			.inject(block % 7 * 100_000_000, block % 11 * 100_000_000)
			.unwrap()
			.pool;
	}
	assert_eq!(pool.price_bits(), price);
	assert_ne!(pool.weight(), TaoWeight::HALF);
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(2_000))]

	#[test]
	fn the_price_stays_and_nothing_is_lost(pool in pool(), tao in prop_oneof![Just(0), amount()], alpha in prop_oneof![Just(0), amount()]) {
		let injection = pool.inject(tao, alpha).unwrap();
		let after = injection.pool;
		prop_assert_eq!(after.tao() + injection.excess_tao, pool.tao() + tao);
		prop_assert_eq!(after.alpha() + injection.excess_alpha, pool.alpha() + alpha);
		prop_assert!(after.tao() >= pool.tao() && after.alpha() >= pool.alpha());
		let (before, now) = (price(&pool), price(&after));
		prop_assert!((&now - &before).abs() <= before * tolerance(), "{pool:?} {after:?}");
	}

	#[test]
	fn an_excess_is_no_more_than_the_bound_demands(pool in pool(), tao in amount(), alpha in amount()) {
		let injection = pool.inject(tao, alpha).unwrap();
		let after = injection.pool;
		prop_assert!(injection.excess_tao == 0 || injection.excess_alpha == 0);
		// One rao more and the price could not be kept.
		let price = price(&pool);
		let (heavy, light) = (whole(TaoWeight::MAX.bits()), whole(TaoWeight::MIN.bits()));
		if injection.excess_tao > 0 {
			prop_assert!(whole(after.tao() + 1) * light > price * whole(after.alpha()) * heavy);
		} else if injection.excess_alpha > 0 {
			prop_assert!(whole(after.alpha() + 1) * price * light > whole(after.tao()) * heavy);
		}
	}
}
