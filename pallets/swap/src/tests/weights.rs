//! The accesses that weights charge for are those that happen.

use crate::{counter, mock::*, weight_info::accesses, *};
use ganglion_primitives::{AlphaBalance, PriceLimit, SubnetPools, TaoBalance};

#[test]
fn work_is_charged_for_what_it_touches() {
	type Work = (&'static str, u64, u64, fn() -> bool);
	let works: [Work; 4] = [
		// The owner is looked up by the runtime.
		(
			"set_fee_rate",
			accesses::SET_FEE_RATE_READS,
			accesses::SET_FEE_RATE_WRITES,
			|| Swap::set_fee_rate(RuntimeOrigin::signed(OWNER), NETUID, 3).is_ok(),
		),
		("buy", accesses::TRADE_READS, accesses::TRADE_WRITES, || {
			let limit = PriceLimit {
				price: TaoBalance::new(2 * TAO),
				allow_partial: true,
			};
			Swap::buy(NETUID, TaoBalance::new(90 * TAO), Some(limit)).is_ok()
		}),
		("sell", accesses::TRADE_READS, accesses::TRADE_WRITES, || {
			Swap::sell(NETUID, AlphaBalance::new(TAO), None).is_ok()
		}),
		("inject", accesses::INJECTION_READS, accesses::INJECTION_WRITES, || {
			Swap::inject(NETUID, amounts(0, 1_000 * TAO)).is_ok()
		}),
	];
	for (name, reads, writes, work) in works {
		let mut storage = storage();
		storage.execute_with(|| {
			open(TAO, TAO);
			Swap::inject(NETUID, amounts(200 * TAO, 0)).unwrap();
		});
		let counted = counter::count(&mut storage, || assert!(work(), "{name} is refused"));
		assert_eq!((counted.reads, counted.writes), (reads, writes), "{name}");
	}
}

#[test]
fn a_partial_trade_weighs_more_than_a_whole_one() {
	type Info = PalletWeight<Test>;
	assert!(Info::trade(true).ref_time() > Info::trade(false).ref_time());
	assert_eq!(Info::trade(true), <() as WeightInfo>::trade(true));
	let database = <Test as frame_system::Config>::DbWeight::get();
	assert!(Info::inject().ref_time() > 3 * (database.read + database.write));
}
