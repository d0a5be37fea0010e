//! Tests of leaving a hotkey, and of destroying alpha.

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok, dispatch::PostDispatchInfo, traits::fungible::Inspect};
use ganglion_primitives::{AlphaBalance, NetUid, SubnetPools, TaoBalance};
use sp_runtime::{DispatchResult, DispatchResultWithInfo};

const ROOT: NetUid = NetUid::ROOT;

/// Three subnets and root, on each of which coldkey 2 has 2 alpha on hotkey 1.
fn spread() -> [NetUid; 3] {
	let netuids = [subnet(), subnet(), subnet()];
	for netuid in netuids {
		give_alpha(&cold(2), &hot(1), netuid, 2 * TAO);
	}
	let amount = TaoBalance::new(2 * TAO);
	assert_ok!(SubtensorModule::add_stake(signed(cold(2)), hot(1), ROOT, amount));
	netuids
}

fn worth_of_two(netuid: NetUid) -> u64 {
	let alpha = AlphaBalance::new(2 * TAO);
	Swap::quote_sell(netuid, alpha, None).unwrap().given.get()
}

fn refusal(call: DispatchResultWithInfo<PostDispatchInfo>) -> DispatchResult {
	call.map(|_| ()).map_err(|refusal| refusal.error)
}

fn unstake_all(hotkey: u8) -> DispatchResult {
	refusal(SubtensorModule::unstake_all(signed(cold(2)), hot(hotkey)))
}

fn unstake_all_alpha(hotkey: u8) -> DispatchResult {
	refusal(SubtensorModule::unstake_all_alpha(signed(cold(2)), hot(hotkey)))
}

fn stake_on(netuid: NetUid) -> u64 {
	SubtensorModule::stake_of(&hot(1), &cold(2), netuid).get()
}

#[test]
fn all_stake_on_a_hotkey_is_paid_out() {
	run(|| {
		let netuids = spread();
		let expected: u64 = netuids.iter().copied().map(worth_of_two).sum();
		let free = Balances::balance(&cold(2));
		let paid = SubtensorModule::unstake_all(signed(cold(2)), hot(1)).unwrap();
		assert_eq!(paid.actual_weight, Some(PalletWeight::<Test>::unstake_all(4)));
		assert_eq!(Balances::balance(&cold(2)), free + expected + 2 * TAO);
		assert!(SubtensorModule::netuids_of(&hot(1), &cold(2)).is_empty());
		assert!(!StakingHotkeys::<Test>::contains_key(cold(2)));
		assert_noop!(unstake_all(1), Error::<Test>::NotEnoughStakeToWithdraw);
		assert_noop!(unstake_all(9), Error::<Test>::HotKeyAccountNotExists);
	});
}

#[test]
fn alpha_can_be_turned_into_stake_on_root() {
	run(|| {
		let netuids = spread();
		let expected: u64 = netuids.iter().copied().map(worth_of_two).sum();
		let free = Balances::balance(&cold(2));
		assert_ok!(unstake_all_alpha(1));
		assert_eq!(Balances::balance(&cold(2)), free);
		assert_eq!(stake_on(ROOT), 2 * TAO + expected);
		assert_eq!(SubtensorModule::netuids_of(&hot(1), &cold(2)), vec![ROOT]);
		let (tao, alpha) = (TaoBalance::new(expected), AlphaBalance::new(expected));
		assert!(events().contains(&Event::StakeAdded(cold(2), hot(1), tao, alpha, ROOT, 0)));
		// Root's stake is no alpha.
		assert_noop!(unstake_all_alpha(1), Error::<Test>::NotEnoughStakeToWithdraw);
	});
}

#[test]
fn what_cannot_be_sold_stays() {
	run(|| {
		let [first, second, _] = spread();
		SubtokenEnabled::<Test>::remove(first);
		assert_ok!(unstake_all(1));
		assert_eq!((stake_on(first), stake_on(second), stake_on(ROOT)), (2 * TAO, 0, 0));
		assert_noop!(unstake_all(1), Error::<Test>::NotEnoughStakeToWithdraw);
	});
}

#[test]
fn positions_that_cannot_be_sold_do_not_stand_before_others() {
	run(|| {
		SubnetLimit::<Test>::put(MAX_SUBNETS);
		let netuids: Vec<NetUid> = (0..=MAX_UNSTAKE_ALL_LEGS)
			.map(|_| {
				mint_to(&cold(1), 1_000 * TAO);
				subnet()
			})
			.collect();
		let (last, shut) = netuids.split_last().unwrap();
		for netuid in &netuids {
			give_alpha(&cold(2), &hot(1), *netuid, TAO);
		}
		for netuid in shut {
			SubtokenEnabled::<Test>::insert(netuid, false);
		}
		assert_ok!(unstake_all(1));
		assert_eq!(stake_on(*last), 0);
		assert_eq!(stake_on(shut[0]), TAO);
	});
}

#[test]
fn an_owner_leaves_its_own_hotkey() {
	run(|| {
		spread();
		stake(1, 1, TAO);
		let origin = signed(cold(1));
		assert_ok!(refusal(SubtensorModule::unstake_all(origin, hot(1))));
		assert_eq!(stake_of(1, 1), 0);
		assert_eq!(stake_on(NETUID), 2 * TAO);
		assert!(StakingHotkeys::<Test>::get(cold(1)).contains(&hot(1)));
	});
}

#[test]
fn recycled_alpha_leaves_circulation_and_burned_alpha_does_not() {
	run(|| {
		subnet();
		stake(2, 1, 4 * TAO);
		let (origin, amount) = (|| signed(cold(2)), AlphaBalance::new(TAO));
		let out = || SubnetAlphaOut::<Test>::get(NETUID).get();
		let pool = Swap::reserves(NETUID);
		assert_ok!(SubtensorModule::recycle_alpha(origin(), hot(1), amount, NETUID));
		assert_eq!((stake_of(2, 1), out()), (3 * TAO, 3 * TAO));
		assert!(events().contains(&Event::AlphaRecycled(cold(2), hot(1), amount, NETUID)));
		assert_ok!(SubtensorModule::burn_alpha(origin(), hot(1), amount, NETUID));
		assert_eq!((stake_of(2, 1), out()), (2 * TAO, 3 * TAO));
		assert_eq!(SubnetAlphaBurned::<Test>::get(NETUID), amount);
		assert!(events().contains(&Event::AlphaBurned(cold(2), hot(1), amount, NETUID)));
		let all = AlphaBalance::MAX;
		assert_ok!(SubtensorModule::burn_alpha(origin(), hot(1), all, NETUID));
		assert_eq!((stake_of(2, 1), out()), (0, 3 * TAO));
		assert_eq!(Swap::reserves(NETUID), pool);
	});
}

#[test]
fn refusals_of_burns() {
	run(|| {
		subnet();
		stake(2, 1, TAO);
		let origin = || signed(cold(2));
		let burn =
			|netuid, amount: u64| SubtensorModule::burn_alpha(origin(), hot(1), AlphaBalance::new(amount), netuid);
		let recycle =
			|netuid, amount: u64| SubtensorModule::recycle_alpha(origin(), hot(1), AlphaBalance::new(amount), netuid);
		let on_root = || Error::<Test>::CannotBurnOrRecycleOnRootSubnet;
		assert_noop!(burn(ROOT, TAO), on_root());
		assert_noop!(recycle(ROOT, TAO), on_root());
		assert_noop!(burn(NetUid::new(9), TAO), Error::<Test>::SubnetNotExists);
		assert_noop!(burn(NETUID, 0), Error::<Test>::AmountTooLow);
		assert_noop!(recycle(NETUID, TAO + 1), Error::<Test>::NotEnoughStakeToWithdraw);
		let amount = TaoBalance::new(TAO);
		let buy = |netuid, limit| SubtensorModule::add_stake_burn(origin(), hot(1), netuid, amount, limit);
		assert_noop!(buy(ROOT, None), on_root());
		assert_noop!(buy(NETUID, Some(TaoBalance::new(1))), Error::<Test>::ZeroMaxAmount);
		SubtokenEnabled::<Test>::remove(NETUID);
		assert_noop!(burn(NETUID, TAO), Error::<Test>::SubtokenDisabled);
	});
}

#[test]
fn bought_alpha_is_burned_at_once() {
	run(|| {
		subnet();
		let (free, amount) = (Balances::balance(&cold(2)), TaoBalance::new(TAO));
		let alpha = Swap::quote_buy(NETUID, amount, None).unwrap().given;
		assert_ok!(SubtensorModule::add_stake_burn(
			signed(cold(2)),
			hot(1),
			NETUID,
			amount,
			None
		));
		assert_eq!(Balances::balance(&cold(2)), free - TAO);
		assert_eq!(stake_of(2, 1), 0);
		assert_eq!(SubnetAlphaBurned::<Test>::get(NETUID), alpha);
		assert_eq!(SubnetAlphaOut::<Test>::get(NETUID), alpha);
		let hotkey = hot(1);
		assert!(events().contains(&Event::AddStakeBurn {
			netuid: NETUID,
			hotkey,
			amount,
			alpha
		}));
	});
}
