//! What trades pay.

use super::{oracle::*, *};
use crate::{FEE_RATE_ONE, Fill, Refusal};
use num_rational::BigRational;
use num_traits::{ToPrimitive, pow};

/// The most that may be given for what a trade takes less its fee, by the oracle: the given amount is not above it, and
/// two rao more would be.
fn check_given(pool: &Pool, direction: Direction, fill: &Fill) {
	let ((taking, taking_weight), (giving, giving_weight)) = sides(pool, direction);
	let net = fill.taken - fill.fee;
	let gain = ln(taking + net, taking).times(taking_weight);
	let loss = |given: u64| ln(giving, giving - given).times(giving_weight);
	assert!(
		gain.high >= loss(fill.given).low,
		"too much: {pool:?} {direction:?} {fill:?}"
	);
	if fill.given + 2 < giving {
		assert!(
			gain.high < loss(fill.given + 2).low,
			"too little: {pool:?} {direction:?} {fill:?}"
		);
	}
}

#[test]
fn known_trades() {
	// The textbook's: 100 for 1,000, and equal weights.
	let pool = Pool::new(1_000, 1_000).unwrap();
	let fill = pool.quote(Direction::Buy, 1_000, 0, None).unwrap();
	assert_eq!(
		fill,
		Fill {
			taken: 1_000,
			given: 500,
			fee: 0
		}
	);
	let fill = pool.quote(Direction::Sell, 100, FEE_RATE_ONE / 10, None).unwrap();
	assert_eq!(
		fill,
		Fill {
			taken: 100,
			given: 82,
			fee: 10
		}
	);
	// Weights of 3/4 and 1/4: A · (1 - (1/2)^3) and T · (1 - (1/8)^(1/3)).
	let weight = TaoWeight::from_bits(TaoWeight::ONE_BITS / 4 * 3).unwrap();
	let pool = Pool::with_weight(1 << 40, 1 << 40, weight).unwrap();
	let fill = pool.quote(Direction::Buy, 1 << 40, 0, None).unwrap();
	assert!((7 << 37) - fill.given <= 1, "{fill:?}");
	let fill = pool.quote(Direction::Sell, 7 << 40, 0, None).unwrap();
	assert!((1 << 39) - fill.given <= 1, "{fill:?}");
}

#[test]
fn trades_of_nothing_and_for_nothing() {
	let pool = Pool::new(1 << 40, 1 << 20).unwrap();
	for direction in [Direction::Buy, Direction::Sell] {
		assert_eq!(pool.quote(direction, 0, 33, None), Ok(Fill::default()));
		// The fee is the whole rao.
		assert_eq!(pool.quote(direction, 1, 33, None), Err(Refusal::NothingGiven));
		assert_eq!(
			pool.quote(direction, 1 << 20, FEE_RATE_ONE, None),
			Err(Refusal::NothingGiven)
		);
		assert_eq!(pool.quote(direction, u64::MAX, 33, None), Err(Refusal::Overflow));
	}
	assert_eq!(pool.quote(Direction::Buy, 1 << 19, 0, None), Err(Refusal::NothingGiven));
	assert!(pool.quote(Direction::Buy, 1 << 21, 0, None).is_ok());
	assert_eq!(Pool::new(0, 1), None);
	assert_eq!(Pool::new(1, 0), None);
}

#[test]
fn worth_is_the_amount_at_the_spot_price() {
	let pool = Pool::new(1_000, 4_000).unwrap();
	assert_eq!(pool.worth(Direction::Buy, 10), 40);
	assert_eq!(pool.worth(Direction::Sell, 10), 2);
	assert_eq!(pool.worth(Direction::Buy, u64::MAX), u64::MAX);
	assert_eq!((pool.price_rao(), pool.price_bits()), (250_000_000, 1 << 62));
	assert_eq!(Pool::new(u64::MAX, 1).unwrap().price_rao(), u64::MAX);
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(2_000))]

	#[test]
	fn equal_weights_are_exact(tao in amount(), alpha in amount(), offered in amount(), rate in fee_rate()) {
		let pool = Pool::new(tao, alpha).unwrap();
		for direction in [Direction::Buy, Direction::Sell] {
			let ((taking, _), (giving, _)) = sides(&pool, direction);
			let fee = (whole(offered) * whole(rate) / whole(FEE_RATE_ONE)).ceil();
			let net = whole(offered) - &fee;
			let given = (whole(giving) * &net / (whole(taking) + &net)).floor();
			match pool.quote(direction, offered, rate, None) {
				Ok(fill) => {
					prop_assert_eq!(whole(fill.fee), fee);
					prop_assert_eq!(whole(fill.given), given);
					prop_assert_eq!(fill.taken, offered);
				}
				Err(refusal) => {
					prop_assert_eq!(refusal, Refusal::NothingGiven);
					prop_assert_eq!(given.to_u64(), Some(0));
				}
			}
		}
	}

	#[test]
	fn any_weights_round_down_by_at_most_one(pool in pool(), way in direction(), offered in amount(), rate in fee_rate()) {
		match pool.quote(way, offered, rate, None) {
			Ok(fill) => check_given(&pool, way, &fill),
			Err(refusal) => prop_assert_eq!(refusal, Refusal::NothingGiven),
		}
	}

	#[test]
	fn whole_exponents_are_checked_in_rationals(tao in amount(), alpha in amount(), offered in amount(), way in direction()) {
		// w_T = 3/4: T^3 · A is what must not fall, and it does with two rao more.
		let weight = TaoWeight::from_bits(TaoWeight::ONE_BITS / 4 * 3).unwrap();
		let pool = Pool::with_weight(tao, alpha, weight).unwrap();
		let value = |tao: u64, alpha: u64| pow(whole(tao), 3) * whole(alpha);
		if let Ok(fill) = pool.quote(way, offered, 0, None) {
			let after = pool.after(way, &fill).unwrap();
			prop_assert!(value(after.tao(), after.alpha()) >= value(tao, alpha));
			let greedy = Fill { given: fill.given + 2, ..fill };
			if let Some(after) = pool.after(way, &greedy) {
				prop_assert!(value(after.tao(), after.alpha()) < value(tao, alpha));
			}
		}
	}

	#[test]
	fn value_never_falls_and_the_price_follows_the_trade(
		pool in pool(),
		trades in prop::collection::vec((direction(), amount(), fee_rate()), 1..12),
	) {
		let first = pool;
		let mut pool = pool;
		for (direction, offered, rate) in trades {
			let Ok(fill) = pool.quote(direction, offered, rate, None) else { continue };
			let after = pool.after(direction, &fill).unwrap();
			prop_assert!(!value_fell(&pool, &after), "{pool:?} {after:?}");
			prop_assert!(!value_fell(&first, &after), "{first:?} {after:?}");
			match direction {
				Direction::Buy => prop_assert!(price(&after) > price(&pool)),
				Direction::Sell => prop_assert!(price(&after) < price(&pool)),
			}
			pool = after;
		}
	}

	#[test]
	fn a_round_trip_never_profits(pool in pool(), way in direction(), offered in amount(), rate in fee_rate()) {
		let back = match way { Direction::Buy => Direction::Sell, Direction::Sell => Direction::Buy };
		if let Ok(fill) = pool.quote(way, offered, rate, None) {
			let between = pool.after(way, &fill).unwrap();
			if let Ok(returned) = between.quote(back, fill.given, rate, None) {
				prop_assert!(returned.given <= offered, "{pool:?} {fill:?} {returned:?}");
			}
		}
	}

	#[test]
	fn splitting_a_trade_does_not_pay(pool in pool(), way in direction(), a in amount(), b in amount(), rate in fee_rate()) {
		let Ok(whole) = pool.quote(way, a + b, rate, None) else { return Ok(()) };
		let Ok(first) = pool.quote(way, a, rate, None) else { return Ok(()) };
		let between = pool.after(way, &first).unwrap();
		let Ok(second) = between.quote(way, b, rate, None) else { return Ok(()) };
		// Each amount is at most the exact one; the whole's is at most a rao and a fraction below it.
		prop_assert!(first.given + second.given <= whole.given + 2, "{pool:?} {whole:?} {first:?} {second:?}");
	}

	#[test]
	fn a_higher_fee_gives_less_and_more_gives_more(pool in pool(), way in direction(), offered in amount(), more in amount(), rate in 0u16..1_000) {
		prop_assume!(pool.quote(way, offered + more, 0, None) != Err(Refusal::Overflow));
		let given = |offered, rate| pool.quote(way, offered, rate, None).map_or(0, |fill| fill.given);
		prop_assert!(given(offered, rate + 1) <= given(offered, rate) + 1);
		prop_assert!(given(offered, rate) <= given(offered + more, rate) + 1);
	}

	#[test]
	fn prices_are_the_nearest(pool in pool()) {
		let exact = price(&pool);
		let half = BigRational::new(1.into(), 2.into());
		let bits = pool.price_bits();
		if bits < u128::MAX {
			let scaled = &exact * whole(1u128 << 64);
			prop_assert_eq!(whole(bits), (scaled + &half).floor());
		}
		if pool.price_rao() < u64::MAX {
			prop_assert_eq!(whole(pool.price_rao()), (exact * whole(1_000_000_000u64) + half).floor());
		}
	}
}
