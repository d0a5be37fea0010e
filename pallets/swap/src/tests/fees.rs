//! The fee rate of a pool.

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use ganglion_primitives::{NetUid, SubnetPools, TaoBalance};
use sp_runtime::DispatchError::BadOrigin;

fn fee() -> u64 {
	let trade = Swap::quote_buy(NETUID, TaoBalance::new(TAO), None).unwrap();
	trade.fee.get()
}

#[test]
fn the_owner_and_root_set_it() {
	run(|| {
		open(1_000 * TAO, 1_000 * TAO);
		// 33 of 65535 of a TAO, rounded up.
		assert_eq!(fee(), 503_548);
		assert_ok!(Swap::set_fee_rate(RuntimeOrigin::signed(OWNER), NETUID, 0));
		assert_eq!(fee(), 0);
		assert_ok!(Swap::set_fee_rate(RuntimeOrigin::root(), NETUID, MAX_FEE_RATE));
		assert_eq!(fee(), 15_259_022);
		System::assert_last_event(
			Event::FeeRateSet {
				netuid: NETUID,
				rate: MAX_FEE_RATE,
			}
			.into(),
		);
	});
}

#[test]
fn nobody_else_does() {
	run(|| {
		open(TAO, TAO);
		for origin in [RuntimeOrigin::signed(OWNER + 1), RuntimeOrigin::none()] {
			assert_noop!(Swap::set_fee_rate(origin, NETUID, 1), BadOrigin);
		}
	});
}

#[test]
fn it_has_a_bound_and_needs_a_pool() {
	run(|| {
		open(TAO, TAO);
		for rate in [MAX_FEE_RATE + 1, u16::MAX] {
			let call = Swap::set_fee_rate(RuntimeOrigin::root(), NETUID, rate);
			assert_noop!(call, Error::<Test>::FeeRateTooHigh);
		}
		for netuid in [UNKNOWN, NetUid::ROOT, NetUid::new(u16::MAX)] {
			let call = Swap::set_fee_rate(RuntimeOrigin::root(), netuid, 1);
			assert_noop!(call, Error::<Test>::MechanismDoesNotExist);
		}
	});
}
