//! Pools open, trade, grow and close.

use crate::{mock::*, *};
use frame_support::assert_storage_noop;
use ganglion_primitives::{AlphaBalance, NetUid, PoolRefusal, PriceLimit, SubnetPools, TaoBalance, Trade, U64F64};

fn tao(amount: u64) -> TaoBalance {
	TaoBalance::new(amount)
}

fn alpha(amount: u64) -> AlphaBalance {
	AlphaBalance::new(amount)
}

fn limit(price: u64, allow_partial: bool) -> Option<PriceLimit> {
	Some(PriceLimit {
		price: tao(price),
		allow_partial,
	})
}

#[test]
fn a_pool_opens_once_with_enough_of_both() {
	run(|| {
		assert_eq!(Swap::reserves(NETUID), None);
		assert_eq!(Swap::price(NETUID), U64F64::ZERO);
		let refused = [
			(NETUID, amounts(0, 0), PoolRefusal::InsufficientLiquidity),
			(
				NETUID,
				amounts(MINIMUM_RESERVE - 1, TAO),
				PoolRefusal::InsufficientLiquidity,
			),
			(
				NETUID,
				amounts(TAO, MINIMUM_RESERVE - 1),
				PoolRefusal::InsufficientLiquidity,
			),
			(NetUid::ROOT, amounts(TAO, TAO), PoolRefusal::NoPool),
		];
		for (netuid, reserves, refusal) in refused {
			assert_storage_noop!(assert_eq!(Swap::open(netuid, reserves), Err(refusal)));
		}
		open(MINIMUM_RESERVE, 4 * MINIMUM_RESERVE);
		assert_storage_noop!(assert_eq!(
			Swap::open(NETUID, amounts(TAO, TAO)),
			Err(PoolRefusal::PoolExists)
		));
		assert_eq!(
			Swap::reserves(NETUID),
			Some(amounts(MINIMUM_RESERVE, 4 * MINIMUM_RESERVE))
		);
		assert_eq!(Swap::price(NETUID), U64F64::from_bits(1 << 62));
		let reserves = amounts(MINIMUM_RESERVE, 4 * MINIMUM_RESERVE);
		System::assert_last_event(
			Event::PoolOpened {
				netuid: NETUID,
				reserves,
			}
			.into(),
		);
	});
}

#[test]
fn root_costs_one_and_has_no_pool() {
	run(|| {
		assert_eq!(Swap::price(NetUid::ROOT), U64F64::from_integer(1));
		assert_eq!(Swap::reserves(NetUid::ROOT), None);
		assert_eq!(Swap::buy(NetUid::ROOT, tao(1), None), Err(PoolRefusal::NoPool));
		assert_eq!(Swap::inject(NetUid::ROOT, amounts(1, 1)), Err(PoolRefusal::NoPool));
	});
}

#[test]
fn a_purchase_and_a_sale_change_the_books_as_they_say() {
	run(|| {
		open(1_000 * TAO, 1_000 * TAO);
		let quote = Swap::quote_buy(NETUID, tao(100 * TAO), None).unwrap();
		let bought = Swap::buy(NETUID, tao(100 * TAO), None).unwrap();
		assert_eq!(quote, bought);
		// 33 of 65535 of 100 TAO, rounded up; 1,000 · 99.9496 / 1,099.9496 alpha.
		let expected = Trade {
			taken: tao(100_000_000_000),
			given: alpha(90_867_473_489),
			fee: tao(50_354_773),
		};
		assert_eq!(bought, expected);
		let reserves = amounts(1_100 * TAO, 1_000 * TAO - 90_867_473_489);
		assert_eq!(Swap::reserves(NETUID), Some(reserves));
		assert_eq!(
			Swap::quote_sell(NETUID, bought.given, None),
			Swap::sell(NETUID, bought.given, None)
		);
		let reserves = Swap::reserves(NETUID).unwrap();
		assert_eq!(reserves.alpha, alpha(1_000 * TAO));
		assert!(reserves.tao > tao(1_000 * TAO), "the fees stay");
	});
}

#[test]
fn trades_that_are_refused_change_nothing() {
	run(|| {
		open(1_000 * TAO, 1_000 * TAO);
		assert_eq!(Swap::buy(UNKNOWN, tao(TAO), None), Err(PoolRefusal::NoPool));
		assert_eq!(Swap::sell(UNKNOWN, alpha(TAO), None), Err(PoolRefusal::NoPool));
		assert_storage_noop!({
			// A rao is the fee alone.
			assert_eq!(Swap::buy(NETUID, tao(1), None), Err(PoolRefusal::InsufficientLiquidity));
			assert_eq!(
				Swap::sell(NETUID, alpha(1), None),
				Err(PoolRefusal::InsufficientLiquidity)
			);
			assert_eq!(Swap::buy(NETUID, TaoBalance::MAX, None), Err(PoolRefusal::Overflow));
			assert_eq!(Swap::sell(NETUID, AlphaBalance::MAX, None), Err(PoolRefusal::Overflow));
			let strict = limit(TAO + TAO / 20, false);
			assert_eq!(
				Swap::buy(NETUID, tao(100 * TAO), strict),
				Err(PoolRefusal::PriceLimitPassed)
			);
			let strict = limit(TAO - TAO / 20, false);
			assert_eq!(
				Swap::sell(NETUID, alpha(100 * TAO), strict),
				Err(PoolRefusal::PriceLimitPassed)
			);
			for partial in [true, false] {
				let limit = limit(TAO, partial);
				assert_eq!(Swap::buy(NETUID, tao(TAO), limit), Err(PoolRefusal::NothingWithinLimit));
				assert_eq!(
					Swap::sell(NETUID, alpha(TAO), limit),
					Err(PoolRefusal::NothingWithinLimit)
				);
			}
		});
		let nothing = Swap::buy(NETUID, tao(0), limit(0, false)).unwrap();
		assert_eq!((nothing.taken, nothing.given, nothing.fee), (tao(0), alpha(0), tao(0)));
	});
}

#[test]
fn a_partial_trade_stops_at_the_limit() {
	run(|| {
		open(1_000 * TAO, 1_000 * TAO);
		let bought = Swap::buy(NETUID, tao(500 * TAO), limit(TAO + TAO / 10, true)).unwrap();
		assert!(
			bought.taken < tao(500 * TAO) && bought.taken > tao(48 * TAO),
			"{bought:?}"
		);
		assert_eq!(Swap::current_alpha_price(NETUID), TAO + TAO / 10);
		let sold = Swap::sell(NETUID, alpha(500 * TAO), limit(TAO / 2, true)).unwrap();
		assert!(sold.taken < alpha(500 * TAO), "{sold:?}");
		assert_eq!(Swap::current_alpha_price(NETUID), TAO / 2);
		// The limit is out of reach: the whole is sold.
		let sold = Swap::sell(NETUID, alpha(TAO), limit(1, true)).unwrap();
		assert_eq!(sold.taken, alpha(TAO));
	});
}

#[test]
fn a_reserve_never_falls_below_the_minimum() {
	run(|| {
		open(2 * MINIMUM_RESERVE, 2 * MINIMUM_RESERVE);
		assert_storage_noop!({
			let sold = Swap::sell(NETUID, alpha(3 * MINIMUM_RESERVE), None);
			assert_eq!(sold, Err(PoolRefusal::InsufficientLiquidity));
			let bought = Swap::buy(NETUID, tao(1_000 * TAO), None);
			assert_eq!(bought, Err(PoolRefusal::InsufficientLiquidity));
		});
		assert!(Swap::sell(NETUID, alpha(2 * MINIMUM_RESERVE), None).is_ok());
		assert!(Swap::price(NETUID) > U64F64::ZERO);
	});
}

#[test]
fn liquidity_leaves_the_price() {
	run(|| {
		open(1_000 * TAO, 3_000 * TAO);
		let price = Swap::price(NETUID);
		for added in [
			amounts(TAO, 3 * TAO),
			amounts(0, 0),
			amounts(700 * TAO, 0),
			amounts(0, 1),
			amounts(3, 900 * TAO),
		] {
			Swap::inject(NETUID, added).unwrap();
			assert_eq!(Swap::price(NETUID), price);
			assert_eq!(Swap::set_aside(NETUID), amounts(0, 0));
		}
		assert_eq!(Swap::reserves(NETUID), Some(amounts(1_701 * TAO + 3, 3_903 * TAO + 1)));
		assert_eq!(Swap::inject(UNKNOWN, amounts(1, 1)), Err(PoolRefusal::NoPool));
		assert_storage_noop!({
			assert_eq!(Swap::inject(NETUID, amounts(u64::MAX, 0)), Err(PoolRefusal::Overflow));
			assert_eq!(Swap::inject(NETUID, amounts(0, u64::MAX)), Err(PoolRefusal::Overflow));
		});
	});
}

#[test]
fn what_cannot_be_added_waits_until_it_can() {
	run(|| {
		open(TAO, TAO);
		Swap::inject(NETUID, amounts(199 * TAO, 0)).unwrap();
		// At a price of one and weights of 99 to 1 there is room for 99 TAO.
		let waiting = Swap::set_aside(NETUID);
		assert!(
			waiting.tao >= tao(101 * TAO) && waiting.tao <= tao(101 * TAO + 1),
			"{waiting:?}"
		);
		assert_eq!(waiting.alpha, alpha(0));
		assert_eq!(Swap::current_alpha_price(NETUID), TAO);
		// No trade reaches it.
		let reserves = Swap::reserves(NETUID).unwrap();
		assert_eq!(reserves.tao.checked_add(waiting.tao), Some(tao(200 * TAO)));
		// Alpha makes room.
		Swap::inject(NETUID, amounts(0, TAO / 2)).unwrap();
		assert_eq!(Swap::current_alpha_price(NETUID), TAO);
		assert!(Swap::set_aside(NETUID).tao < tao(52 * TAO));
		// A trade does not: it leaves the weights.
		let before = Swap::set_aside(NETUID).tao;
		Swap::sell(NETUID, alpha(TAO / 100), None).unwrap();
		let price = Swap::price(NETUID);
		Swap::inject(NETUID, amounts(0, 0)).unwrap();
		let moved = before.saturating_sub(Swap::set_aside(NETUID).tao);
		assert!(moved <= tao(1), "{moved}");
		assert_eq!(Swap::price(NETUID), price);
		Swap::inject(NETUID, amounts(0, 10 * TAO)).unwrap();
		assert_eq!(Swap::set_aside(NETUID), amounts(0, 0));
	});
}

#[test]
fn alpha_waits_like_tao() {
	run(|| {
		open(TAO, TAO);
		Swap::inject(NETUID, amounts(0, 199 * TAO)).unwrap();
		assert!(Swap::set_aside(NETUID).alpha >= alpha(101 * TAO));
		assert_eq!(Swap::current_alpha_price(NETUID), TAO);
		Swap::inject(NETUID, amounts(2 * TAO, 0)).unwrap();
		assert_eq!(Swap::set_aside(NETUID), amounts(0, 0));
	});
}

#[test]
fn closing_returns_everything() {
	run(|| {
		assert_storage_noop!(assert_eq!(Swap::close(NETUID), amounts(0, 0)));
		open(TAO, TAO);
		Swap::set_fee_rate(RuntimeOrigin::root(), NETUID, 5).unwrap();
		Swap::inject(NETUID, amounts(199 * TAO, 0)).unwrap();
		assert_eq!(Swap::close(NETUID), amounts(200 * TAO, TAO));
		assert_eq!(Swap::reserves(NETUID), None);
		assert_eq!(Swap::set_aside(NETUID), amounts(0, 0));
		assert_eq!(FeeRate::<Test>::get(NETUID), DEFAULT_FEE_RATE);
		let reserves = amounts(200 * TAO, TAO);
		System::assert_last_event(
			Event::PoolClosed {
				netuid: NETUID,
				reserves,
			}
			.into(),
		);
		open(TAO, TAO);
	});
}

#[test]
fn pools_do_not_share() {
	run(|| {
		open(TAO, TAO);
		Swap::open(UNKNOWN, amounts(5 * TAO, TAO)).unwrap();
		Swap::buy(UNKNOWN, tao(TAO), None).unwrap();
		assert_eq!(Swap::reserves(NETUID), Some(amounts(TAO, TAO)));
		Swap::close(UNKNOWN);
		assert_eq!(Swap::reserves(NETUID), Some(amounts(TAO, TAO)));
	});
}
