//! Tests of moving stake.

use crate::{mock::*, *};
use frame_support::{
	assert_noop, assert_ok,
	traits::{Get, fungible::Inspect},
};
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid, RAO_PER_TAO, SubnetPools, TaoBalance};
use sp_runtime::DispatchResult;

const OTHER: NetUid = NetUid::new(2);

/// Two subnets of coldkey 1; coldkey 2 owns hotkey 2 and has 3 alpha there on the first.
fn two_subnets() {
	assert_eq!((subnet(), subnet()), (NETUID, OTHER));
	register(2);
	stake(2, 2, 3 * TAO);
}

fn stake_on(coldkey: u8, hotkey: u8, netuid: NetUid) -> u64 {
	SubtensorModule::stake_of(&hot(hotkey), &cold(coldkey), netuid).get()
}

fn moved(to: u8, netuids: (NetUid, NetUid), amount: u64) -> DispatchResult {
	let amount = AlphaBalance::new(amount);
	SubtensorModule::move_stake(signed(cold(2)), hot(2), hot(to), netuids.0, netuids.1, amount)
}

fn swapped(netuids: (NetUid, NetUid), amount: u64) -> DispatchResult {
	let amount = AlphaBalance::new(amount);
	SubtensorModule::swap_stake(signed(cold(2)), hot(2), netuids.0, netuids.1, amount)
}

fn swapped_within(limit: u64, allow_partial: bool, amount: u64) -> DispatchResult {
	let (amount, limit) = (AlphaBalance::new(amount), TaoBalance::new(limit));
	SubtensorModule::swap_stake_limit(signed(cold(2)), hot(2), NETUID, OTHER, amount, limit, allow_partial)
}

fn transferred(to: AccountId32, netuids: (NetUid, NetUid), amount: u64) -> DispatchResult {
	let amount = AlphaBalance::new(amount);
	SubtensorModule::transfer_stake(signed(cold(2)), to, hot(2), netuids.0, netuids.1, amount)
}

/// What so much alpha of the first subnet sells for, and what that buys on the second.
fn exchanged(alpha: u64) -> (TaoBalance, AlphaBalance) {
	let tao = Swap::quote_sell(NETUID, AlphaBalance::new(alpha), None).unwrap().given;
	(tao, Swap::quote_buy(OTHER, tao, None).unwrap().given)
}

/// Origin's price in that of the destination, times 1e9.
fn rate() -> u128 {
	Swap::price(NETUID).bits * u128::from(RAO_PER_TAO) / Swap::price(OTHER).bits
}

#[test]
fn within_a_subnet_alpha_moves_as_it_is() {
	run(|| {
		two_subnets();
		let pool = Swap::reserves(NETUID);
		assert_ok!(moved(1, (NETUID, NETUID), TAO));
		assert_eq!((stake_on(2, 2, NETUID), stake_on(2, 1, NETUID)), (2 * TAO, TAO));
		let worth = SubtensorModule::worth(NETUID, AlphaBalance::new(TAO));
		let event = Event::StakeMoved(cold(2), hot(2), NETUID, hot(1), NETUID, worth);
		assert!(events().contains(&event));
		assert_eq!(Swap::reserves(NETUID), pool);
		assert_ok!(moved(1, (NETUID, NETUID), u64::MAX));
		assert_eq!((stake_on(2, 2, NETUID), stake_on(2, 1, NETUID)), (0, 3 * TAO));
	});
}

#[test]
fn between_subnets_alpha_is_sold_and_bought() {
	run(|| {
		two_subnets();
		let (tao, alpha) = exchanged(TAO);
		let accounts = [NETUID, OTHER].map(SubtensorModule::subnet_account);
		let before = [0, 1].map(|index: usize| Balances::balance(&accounts[index]));
		let free = Balances::balance(&cold(2));
		assert_ok!(moved(1, (NETUID, OTHER), TAO));
		assert_eq!((stake_on(2, 2, NETUID), stake_on(2, 1, OTHER)), (2 * TAO, alpha.get()));
		assert!(events().contains(&Event::StakeMoved(cold(2), hot(2), NETUID, hot(1), OTHER, tao)));
		assert_eq!(Balances::balance(&accounts[0]), before[0] - tao.get());
		assert_eq!(Balances::balance(&accounts[1]), before[1] + tao.get());
		assert_eq!(Balances::balance(&cold(2)), free);
		assert_eq!(SubnetAlphaOut::<Test>::get(OTHER), alpha);

		let (tao, alpha) = exchanged(2 * TAO);
		assert_ok!(swapped((NETUID, OTHER), u64::MAX));
		assert_eq!((stake_on(2, 2, NETUID), stake_on(2, 2, OTHER)), (0, alpha.get()));
		assert!(events().contains(&Event::StakeSwapped(cold(2), hot(2), NETUID, OTHER, tao)));
	});
}

#[test]
fn stake_moves_to_root_and_back() {
	run(|| {
		two_subnets();
		let tao = Swap::quote_sell(NETUID, AlphaBalance::new(3 * TAO), None)
			.unwrap()
			.given;
		assert_ok!(swapped((NETUID, NetUid::ROOT), u64::MAX));
		assert_eq!(stake_on(2, 2, NetUid::ROOT), tao.get());
		let alpha = Swap::quote_buy(OTHER, tao, None).unwrap().given;
		assert_ok!(swapped((NetUid::ROOT, OTHER), u64::MAX));
		assert_eq!((stake_on(2, 2, NetUid::ROOT), stake_on(2, 2, OTHER)), (0, alpha.get()));
	});
}

#[test]
fn a_move_within_its_limit_is_made_and_one_beyond_is_not() {
	run(|| {
		two_subnets();
		let now = u64::try_from(rate()).unwrap();
		assert_noop!(swapped_within(now + 1, true, TAO), Error::<Test>::ZeroMaxAmount);
		assert_noop!(swapped_within(u64::MAX, true, TAO), Error::<Test>::ZeroMaxAmount);
		let least = now / 100 * 95;
		assert_noop!(swapped_within(least, false, TAO), Error::<Test>::SlippageTooHigh);
		assert_ok!(swapped_within(least, false, TAO / 100));
		assert_ok!(swapped_within(0, false, TAO / 100));
	});
}

#[test]
fn a_move_in_part_goes_as_far_as_its_limit() {
	run(|| {
		two_subnets();
		let least = u64::try_from(rate()).unwrap() / 100 * 95;
		let before = stake_on(2, 2, NETUID);
		assert_ok!(swapped_within(least, true, 2 * TAO));
		let part = before - stake_on(2, 2, NETUID);
		assert!(TAO / 20 < part && part < TAO, "{part}");
		assert!(rate() >= u128::from(least));
		assert!(rate() - u128::from(least) <= 10, "{} for {least}", rate());
		// What is left of a position that a limit cuts is never tiny.
		let rest = stake_on(2, 2, NETUID);
		let least = u64::try_from(rate()).unwrap() / 1_000 * 999;
		assert_ok!(swapped_within(least, true, rest));
		assert!(stake_on(2, 2, NETUID) >= MIN_STAKE);
	});
}

#[test]
fn a_limit_does_not_bind_within_a_subnet() {
	run(|| {
		two_subnets();
		let (amount, limit) = (AlphaBalance::new(TAO), TaoBalance::new(u64::MAX));
		let (from, to) = (hot(2), hot(1));
		let origin = signed(cold(2));
		assert_ok!(SubtensorModule::move_stake_limit(
			origin, from, to, NETUID, NETUID, amount, limit, false
		));
		assert_eq!(stake_on(2, 1, NETUID), TAO);
	});
}

#[test]
fn stake_is_given_to_another_coldkey() {
	run(|| {
		two_subnets();
		let worth = SubtensorModule::worth(NETUID, AlphaBalance::new(TAO));
		assert_ok!(transferred(cold(3), (NETUID, NETUID), TAO));
		assert_eq!((stake_on(2, 2, NETUID), stake_on(3, 2, NETUID)), (2 * TAO, TAO));
		let event = Event::StakeTransferred(cold(2), cold(3), hot(2), NETUID, NETUID, worth);
		assert!(events().contains(&event));
		assert!(StakingHotkeys::<Test>::get(cold(3)).contains(&hot(2)));

		let (tao, alpha) = exchanged(TAO);
		assert_ok!(transferred(cold(3), (NETUID, OTHER), TAO));
		assert_eq!(stake_on(3, 2, OTHER), alpha.get());
		assert!(events().contains(&Event::StakeTransferred(cold(2), cold(3), hot(2), NETUID, OTHER, tao)));

		let all = AlphaBalance::MAX;
		let worth = SubtensorModule::worth(NETUID, AlphaBalance::new(TAO));
		let (origin, to) = (signed(cold(2)), cold(4));
		let call = SubtensorModule::transfer_stake_and_hotkey(origin, to, hot(2), hot(1), NETUID, NETUID, all);
		assert_ok!(call);
		assert_eq!((stake_on(2, 2, NETUID), stake_on(4, 1, NETUID)), (0, TAO));
		let event = Event::StakeAndHotkeyTransferred(cold(2), cold(4), hot(2), hot(1), NETUID, NETUID, worth);
		assert!(events().contains(&event));
	});
}

#[test]
fn transfers_can_be_switched_off_on_either_side() {
	run(|| {
		two_subnets();
		for netuid in [NETUID, OTHER] {
			TransferToggle::<Test>::insert(netuid, false);
			let call = transferred(cold(3), (NETUID, OTHER), TAO);
			assert_noop!(call, Error::<Test>::TransferDisallowed);
			TransferToggle::<Test>::insert(netuid, true);
		}
		TransferToggle::<Test>::insert(NETUID, false);
		assert_ok!(moved(1, (NETUID, NETUID), TAO));
		assert_ok!(swapped((NETUID, OTHER), TAO));
	});
}

#[test]
fn refusals_of_moves() {
	run(|| {
		two_subnets();
		let same = (NETUID, NETUID);
		let nowhere = NetUid::new(9);
		assert_noop!(swapped((nowhere, NETUID), TAO), Error::<Test>::SubnetNotExists);
		assert_noop!(swapped((NETUID, nowhere), TAO), Error::<Test>::SubnetNotExists);
		assert_noop!(swapped(same, TAO), Error::<Test>::SameNetuid);
		assert_noop!(moved(2, same, TAO), Error::<Test>::SameNetuid);
		assert_noop!(transferred(cold(2), same, TAO), Error::<Test>::SameNetuid);
		assert_noop!(moved(9, same, TAO), Error::<Test>::HotKeyAccountNotExists);
		assert_noop!(moved(1, same, 0), Error::<Test>::AmountTooLow);
		assert_noop!(moved(1, same, 1_000), Error::<Test>::AmountTooLow);
		assert_noop!(swapped((NETUID, OTHER), 1_000), Error::<Test>::AmountTooLow);
		assert_noop!(moved(1, same, 3 * TAO + 1), Error::<Test>::NotEnoughStakeToWithdraw);
		assert_noop!(swapped((OTHER, NETUID), TAO), Error::<Test>::NotEnoughStakeToWithdraw);
		let others = SubtensorModule::move_stake(signed(cold(3)), hot(2), hot(1), NETUID, NETUID, AlphaBalance::MAX);
		assert_noop!(others, Error::<Test>::NotEnoughStakeToWithdraw);
		let account = SubtensorModule::subnet_account(NETUID);
		for to in [account, ZeroAccount::get()] {
			assert_noop!(transferred(to, same, TAO), Error::<Test>::CannotUseSystemAccount);
		}
		for netuid in [NETUID, OTHER] {
			SubtokenEnabled::<Test>::remove(netuid);
			assert_noop!(swapped((NETUID, OTHER), TAO), Error::<Test>::SubtokenDisabled);
			SubtokenEnabled::<Test>::insert(netuid, true);
		}
	});
}

#[test]
fn others_cannot_fill_the_list_of_a_coldkeys_hotkeys() {
	run(|| {
		subnet();
		let hotkey = |number: usize| {
			let mut bytes = [9; 32];
			bytes[..8].copy_from_slice(&number.to_le_bytes());
			AccountId32::new(bytes)
		};
		let give = |number: usize| {
			let coldkey = if number.is_multiple_of(2) { 5 } else { 6 };
			assert_ok!(SubtensorModule::associate_hotkey(&cold(coldkey), &hotkey(number)));
			give_alpha(&cold(coldkey), &hotkey(number), NETUID, TAO);
			let (origin, to, all) = (signed(cold(coldkey)), cold(3), AlphaBalance::MAX);
			SubtensorModule::transfer_stake(origin, to, hotkey(number), NETUID, NETUID, all)
		};
		for number in 0..MAX_HOTKEYS_FROM_OTHERS {
			assert_ok!(give(number));
		}
		assert_eq!(
			give(MAX_HOTKEYS_FROM_OTHERS),
			Err(Error::<Test>::TooManyStakingHotkeys.into())
		);
		// The coldkey itself may stake on further hotkeys, and still be given more where it has stake.
		let amount = TaoBalance::new(TAO);
		assert_ok!(SubtensorModule::add_stake(signed(cold(3)), hot(1), NETUID, amount));
		give_alpha(&cold(5), &hotkey(0), NETUID, TAO);
		let all = AlphaBalance::MAX;
		let call = SubtensorModule::transfer_stake(signed(cold(5)), cold(3), hotkey(0), NETUID, NETUID, all);
		assert_ok!(call);
	});
}
