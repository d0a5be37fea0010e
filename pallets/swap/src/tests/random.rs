//! Random sequences of everything that changes a pool: no token appears or vanishes, and no trade moves the price the
//! wrong way.

use crate::mock::*;
use frame_support::assert_ok;
use ganglion_primitives::{AlphaBalance, PriceLimit, SubnetPools, TaoBalance};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Step {
	Buy(u64, Option<PriceLimit>),
	Sell(u64, Option<PriceLimit>),
	Inject(u64, u64),
	SetFee(u16),
}

/// An amount of any magnitude, nothing and the largest included.
fn amount() -> impl Strategy<Value = u64> {
	prop_oneof![
		1 => Just(0),
		1 => Just(u64::MAX),
		14 => (0u32..46, any::<u64>()).prop_map(|(bits, low)| (1 << bits) | (low & ((1 << bits) - 1))),
	]
}

fn limit() -> impl Strategy<Value = Option<PriceLimit>> {
	prop::option::of((amount(), any::<bool>()).prop_map(|(price, allow_partial)| PriceLimit {
		price: TaoBalance::new(price),
		allow_partial,
	}))
}

fn step() -> impl Strategy<Value = Step> {
	prop_oneof![
		(amount(), limit()).prop_map(|(tao, limit)| Step::Buy(tao, limit)),
		(amount(), limit()).prop_map(|(alpha, limit)| Step::Sell(alpha, limit)),
		(amount(), amount()).prop_map(|(tao, alpha)| Step::Inject(tao, alpha)),
		any::<u16>().prop_map(Step::SetFee),
	]
}

/// What went in and out.
#[derive(Default)]
struct Books {
	tao: i128,
	alpha: i128,
}

fn take(books: &mut Books, step: Step) {
	let before = Swap::price(NETUID);
	match step {
		Step::Buy(tao, limit) => {
			let quote = Swap::quote_buy(NETUID, TaoBalance::new(tao), limit);
			let trade = Swap::buy(NETUID, TaoBalance::new(tao), limit);
			assert_eq!(trade, quote);
			if let Ok(trade) = trade {
				assert!(trade.fee <= trade.taken && trade.taken.get() <= tao);
				assert!(Swap::price(NETUID) >= before);
				books.tao += i128::from(trade.taken.get());
				books.alpha -= i128::from(trade.given.get());
			}
		}
		Step::Sell(alpha, limit) => {
			let quote = Swap::quote_sell(NETUID, AlphaBalance::new(alpha), limit);
			let trade = Swap::sell(NETUID, AlphaBalance::new(alpha), limit);
			assert_eq!(trade, quote);
			if let Ok(trade) = trade {
				assert!(trade.fee <= trade.taken && trade.taken.get() <= alpha);
				assert!(Swap::price(NETUID) <= before);
				books.tao -= i128::from(trade.given.get());
				books.alpha += i128::from(trade.taken.get());
			}
		}
		Step::Inject(tao, alpha) => {
			if Swap::inject(NETUID, amounts(tao, alpha)).is_ok() {
				books.tao += i128::from(tao);
				books.alpha += i128::from(alpha);
				// The last of 128 bits may be rounded the other way.
				let (before, after) = (before.bits, Swap::price(NETUID).bits);
				assert!(before.abs_diff(after) <= 1 + (before >> 100), "{before} {after}");
			}
		}
		Step::SetFee(rate) => {
			let set = Swap::set_fee_rate(RuntimeOrigin::signed(OWNER), NETUID, rate);
			assert_eq!(set.is_ok(), rate <= crate::MAX_FEE_RATE);
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(400))]

	#[test]
	fn books_balance(
		tao in 1_000_000u64..1 << 50,
		alpha in 1_000_000u64..1 << 50,
		steps in prop::collection::vec(step(), 1..60),
	) {
		run(|| {
			open(tao, alpha);
			let mut books = Books { tao: tao.into(), alpha: alpha.into() };
			for step in steps {
				take(&mut books, step);
				assert_ok!(Swap::do_try_state());
			}
			let left = Swap::close(NETUID);
			assert_eq!(i128::from(left.tao.get()), books.tao);
			assert_eq!(i128::from(left.alpha.get()), books.alpha);
		});
	}
}
