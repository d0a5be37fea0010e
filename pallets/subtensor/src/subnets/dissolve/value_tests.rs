//! A property of dissolving: value is conserved.

use super::tests::{SHORT_BLOCK, account, all_alpha, clean_up, dissolve, paid_and_burned};
use crate::mock::*;
use frame_support::{assert_ok, traits::fungible::Inspect};
use proptest::prelude::*;

proptest! {
	#![proptest_config(ProptestConfig { cases: 48, ..Default::default() })]

	/// Whoever holds how much alpha: what is paid and burned is what was there, nobody gets more than their share, and
	/// nobody loses more than what rounding takes.
	#[test]
	fn value_is_conserved(
		stakes in prop::collection::vec((2..10_u8, 2..6_u8, 1..1_000_000_000_000_u64), 0..30),
		rewards in prop::collection::vec((2..6_u8, 0..1_000_000_000_u64), 0..8),
		gift in 0..1_000_000_000_000_u64,
		short: bool,
	) {
		run(|| {
			subnet();
			for number in 2..=5 {
				register(number);
			}
			for (coldkey, hotkey, amount) in stakes {
				// A share pool that has earned may refuse a small deposit.
				let _refused = try_give_alpha(&cold(coldkey), &hot(hotkey), NETUID, amount);
			}
			for (hotkey, amount) in rewards {
				reward(&hot(hotkey), NETUID, amount);
			}
			mint_to(&SubtensorModule::subnet_account(NETUID), gift);
			if short {
				block_length(SHORT_BLOCK);
			}
			assert_ok!(SubtensorModule::do_try_state());
			let pot = u128::from(account(NETUID) - EXISTENTIAL_DEPOSIT);
			let all = all_alpha(NETUID);
			let held: Vec<(u8, u128, u64, usize)> = (2..10)
				.map(|coldkey| {
					let on = |hotkey| u128::from(stake_of(coldkey, hotkey));
					let alpha = (2..6).map(on).sum();
					let positions = (2..6).filter(|hotkey| on(*hotkey) > 0).count();
					(coldkey, alpha, Balances::balance(&cold(coldkey)), positions)
				})
				.collect();
			let issuance = Balances::total_issuance();
			dissolve(NETUID);
			clean_up();
			let (paid, burned) = paid_and_burned(NETUID);
			assert_eq!(u128::from(paid) + u128::from(burned), pot + u128::from(EXISTENTIAL_DEPOSIT));
			assert_eq!(Balances::total_issuance(), issuance - burned);
			let mut sum = 0;
			for (coldkey, alpha, before, positions) in held {
				let got = u128::from(Balances::balance(&cold(coldkey)) - before);
				sum += got;
				let exact = (pot * alpha).checked_div(all).unwrap_or_default();
				assert!(got <= exact, "{got} of {exact}");
				assert!(got + positions as u128 >= exact, "{got} of {exact}");
			}
			assert_eq!(sum, u128::from(paid));
		});
	}
}
