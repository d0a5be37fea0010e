//! Random sequences of staking calls: nothing appears, nothing vanishes, nobody gains by trading to and fro.

use crate::{mock::*, *};
use frame_support::{assert_ok, traits::fungible::Inspect};
use ganglion_primitives::{AlphaBalance, NetUid, SubnetPools, TaoBalance};
use proptest::prelude::*;

/// Who acts, which hotkeys and which subnets (0 is root) are concerned, and how much, as a part of what there is (of 100).
#[derive(Clone, Copy, Debug)]
struct Step {
	action: u8,
	who: u8,
	to: u8,
	hotkeys: (u8, u8),
	netuids: (u16, u16),
	part: u64,
	limit: u64,
	allow_partial: bool,
}

const ACTIONS: u8 = 15;
const PEOPLE: u8 = 4;

fn step() -> impl Strategy<Value = Step> {
	let whom = (0..ACTIONS, 1..=PEOPLE, 1..=PEOPLE, (1..=3_u8, 1..=3_u8));
	let much = ((0..=2_u16, 0..=2_u16), 0..=101_u64, 0..3 * TAO, any::<bool>());
	(whom, much).prop_map(
		|((action, who, to, hotkeys), (netuids, part, limit, allow_partial))| Step {
			action,
			who,
			to,
			hotkeys,
			netuids,
			part,
			limit,
			allow_partial,
		},
	)
}

impl Step {
	/// Makes the call; refusals are part of the game.
	fn make(self) -> bool {
		let origin = signed(cold(self.who));
		let (from, to) = (hot(self.hotkeys.0), hot(self.hotkeys.1));
		let (here, there) = (NetUid::new(self.netuids.0), NetUid::new(self.netuids.1));
		let stake = SubtensorModule::stake_of(&from, &cold(self.who), here).get();
		let alpha = match self.part {
			101 => AlphaBalance::MAX,
			part => AlphaBalance::new(stake / 100 * part),
		};
		let tao = TaoBalance::new(20 * TAO / 100 * self.part);
		let limit = TaoBalance::new(self.limit);
		let (someone, part) = (cold(self.to), self.allow_partial);
		match self.action {
			0 | 1 => SubtensorModule::add_stake(origin, from, here, tao).is_ok(),
			2 => SubtensorModule::add_stake_limit(origin, from, here, tao, limit, part).is_ok(),
			3 => SubtensorModule::remove_stake(origin, from, here, alpha).is_ok(),
			4 => SubtensorModule::remove_stake_limit(origin, from, here, alpha, limit, part).is_ok(),
			5 => SubtensorModule::remove_stake_full_limit(origin, from, here, Some(limit)).is_ok(),
			6 => SubtensorModule::move_stake(origin, from, to, here, there, alpha).is_ok(),
			7 => SubtensorModule::move_stake_limit(origin, from, to, here, there, alpha, limit, part).is_ok(),
			8 => SubtensorModule::swap_stake(origin, from, here, there, alpha).is_ok(),
			9 => SubtensorModule::swap_stake_limit(origin, from, here, there, alpha, limit, part).is_ok(),
			10 => SubtensorModule::transfer_stake(origin, someone, from, here, there, alpha).is_ok(),
			11 => SubtensorModule::transfer_stake_and_hotkey(origin, someone, from, to, here, there, alpha).is_ok(),
			12 => SubtensorModule::unstake_all(origin, from).is_ok(),
			13 => SubtensorModule::unstake_all_alpha(origin, from).is_ok(),
			_ if self.part < 50 => SubtensorModule::recycle_alpha(origin, from, alpha, here).is_ok(),
			_ => SubtensorModule::burn_alpha(origin, from, alpha, here).is_ok(),
		}
	}
}

/// Two subnets, and three hotkeys of coldkeys 1 to 3.
fn world() {
	subnet();
	subnet();
	register(2);
	register(3);
}

/// The product of a pool's reserves.
fn product(netuid: u16) -> u128 {
	let pool = Swap::reserves(NetUid::new(netuid)).unwrap();
	u128::from(pool.tao.get()) * u128::from(pool.alpha.get())
}

fn balances() -> u64 {
	(1..=PEOPLE).map(|number| Balances::balance(&cold(number))).sum()
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(96))]

	#[test]
	fn trades_conserve_value(steps in prop::collection::vec(step(), 1..40)) {
		run(|| {
			world();
			let issuance = Balances::total_issuance();
			let accounts = || -> u64 {
				(0..=2)
					.map(|netuid| Balances::balance(&SubtensorModule::subnet_account(NetUid::new(netuid))))
					.sum()
			};
			let total = balances() + accounts();
			let alpha = |netuid: u16| {
				let netuid = NetUid::new(netuid);
				let pooled = Swap::reserves(netuid).unwrap().alpha.get();
				pooled + SubnetAlphaOut::<Test>::get(netuid).get()
			};
			let created = [1, 2].map(alpha);
			let mut recycled = [0, 0];
			for step in steps {
				let products = [1, 2].map(product);
				let before = [1, 2].map(alpha);
				step.make();
				for index in 0..2 {
					assert!(product(index as u16 + 1) >= products[index], "the product fell: {step:?}");
					recycled[index] += before[index] - alpha(index as u16 + 1);
				}
				assert_ok!(SubtensorModule::do_try_state());
			}
			assert_eq!(Balances::total_issuance(), issuance);
			assert_eq!(balances() + accounts(), total);
			for index in 0..2 {
				assert_eq!(alpha(index as u16 + 1) + recycled[index], created[index]);
			}
		});
	}

	/// One person trades in an otherwise quiet market, without giving anything away, and sells all at the end.
	#[test]
	fn nobody_gains_by_trading_to_and_fro(steps in prop::collection::vec(step(), 1..30)) {
		run(|| {
			world();
			let free = Balances::balance(&cold(2));
			for step in steps {
				Step { who: 2, to: 2, ..step }.make();
			}
			for number in 1..=3 {
				for netuid in 0..=2 {
					let all = AlphaBalance::MAX;
					let had = SubtensorModule::stake_of(&hot(number), &cold(2), NetUid::new(netuid));
					let call = SubtensorModule::remove_stake(signed(cold(2)), hot(number), NetUid::new(netuid), all);
					assert!(call.is_ok() || had.get() < 100, "{call:?}");
				}
			}
			assert!(Balances::balance(&cold(2)) <= free);
		});
	}
}
