//! Trades with a limit on the price at which they end.

use super::*;
use crate::{Fill, Limit, Refusal};

fn limit(price: u64) -> Limit {
	Limit {
		price,
		allow_partial: true,
	}
}

/// The pool after a trade of this amount, whatever it gives; `None` where it does not fit.
fn after(pool: &Pool, way: Direction, taken: u64, rate: u16) -> Option<Pool> {
	let fill = match pool.quote(way, taken, rate, None) {
		Ok(fill) => fill,
		Err(Refusal::NothingGiven) => Fill {
			taken,
			..Fill::default()
		},
		Err(_) => return None,
	};
	pool.after(way, &fill)
}

#[test]
fn whole_partial_and_refused() {
	let pool = Pool::new(1_000_000_000, 1_000_000_000).unwrap();
	let strict = Limit {
		price: 1_100_000_000,
		allow_partial: false,
	};
	let small = pool.quote(Direction::Buy, 1_000_000, 33, Some(strict)).unwrap();
	assert_eq!(small, pool.quote(Direction::Buy, 1_000_000, 33, None).unwrap());
	let large = pool.quote(Direction::Buy, 100_000_000, 33, Some(strict));
	assert_eq!(large, Err(Refusal::PriceLimitPassed));
	let partial = pool
		.quote(Direction::Buy, 100_000_000, 33, Some(limit(1_100_000_000)))
		.unwrap();
	assert!(partial.taken > 48_000_000 && partial.taken < 49_000_000, "{partial:?}");
	for price in [0, 999_999_999, 1_000_000_000] {
		for allow_partial in [true, false] {
			let limit = Limit { price, allow_partial };
			let fill = pool.quote(Direction::Buy, 1_000_000, 33, Some(limit));
			assert_eq!(fill, Err(Refusal::NothingWithinLimit));
		}
	}
	let fill = pool.quote(Direction::Sell, 1_000_000, 33, Some(limit(1_000_000_000)));
	assert_eq!(fill, Err(Refusal::NothingWithinLimit));
	assert!(pool.quote(Direction::Sell, 1_000_000, 33, Some(limit(0))).is_ok());
	assert_eq!(pool.quote(Direction::Buy, 0, 33, Some(limit(0))), Ok(Fill::default()));
}

#[test]
fn more_than_fits_is_an_overflow_unless_the_limit_stops_it() {
	let pool = Pool::new(1_000_000_000, 1_000_000_000).unwrap();
	let strict = Limit {
		price: 2_000_000_000,
		allow_partial: false,
	};
	assert_eq!(
		pool.quote(Direction::Buy, u64::MAX, 33, Some(strict)),
		Err(Refusal::PriceLimitPassed)
	);
	assert!(
		pool.quote(Direction::Buy, u64::MAX, 33, Some(limit(2_000_000_000)))
			.is_ok()
	);
	assert_eq!(
		pool.quote(Direction::Sell, u64::MAX, 33, Some(limit(0))),
		Err(Refusal::Overflow)
	);
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(1_000))]

	#[test]
	fn a_partial_trade_ends_at_the_limit(pool in pool(), way in direction(), offered in amount(), percent in 1u64..300, rate in fee_rate()) {
		let price = (u128::from(pool.price_rao()) * u128::from(percent) / 100).min(u128::from(u64::MAX)) as u64;
		let taken = pool.amount_within(way, offered, rate, price);
		prop_assert!(taken <= offered);
		match pool.quote(way, offered, rate, Some(limit(price))) {
			Ok(fill) => {
				prop_assert_eq!(fill.taken, taken);
				prop_assert!(pool.after(way, &fill).unwrap().is_within(way, price));
			}
			Err(Refusal::NothingGiven) => prop_assert_eq!(taken, offered),
			Err(refusal) => prop_assert_eq!(refusal, Refusal::NothingWithinLimit),
		}
		if taken > 0 {
			prop_assert!(after(&pool, way, taken, rate).unwrap().is_within(way, price));
		}
		if taken < offered {
			prop_assert!(!after(&pool, way, taken + 1, rate).is_some_and(|pool| pool.is_within(way, price)));
		}
	}

	#[test]
	fn a_limit_that_may_not_be_passed_changes_nothing_or_refuses(pool in pool(), way in direction(), offered in amount(), price in amount(), rate in fee_rate()) {
		let strict = Limit { price, allow_partial: false };
		let free = pool.quote(way, offered, rate, None);
		match pool.quote(way, offered, rate, Some(strict)) {
			Err(Refusal::PriceLimitPassed | Refusal::NothingWithinLimit) => {
				prop_assert!(!after(&pool, way, offered, rate).unwrap().is_within(way, price));
			}
			other => {
				prop_assert_eq!(other, free);
				prop_assert!(after(&pool, way, offered, rate).unwrap().is_within(way, price));
			}
		}
	}
}
