//! Tests of orders with a price limit, of stake on root, and of the smallest stakes.

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use ganglion_primitives::{AlphaBalance, NetUid, SubnetPools, TaoBalance};
use sp_runtime::DispatchResult;

fn buy(limit: u64, allow_partial: bool, amount: u64, netuid: NetUid) -> DispatchResult {
	let (amount, limit) = (TaoBalance::new(amount), TaoBalance::new(limit));
	SubtensorModule::add_stake_limit(signed(cold(2)), hot(1), netuid, amount, limit, allow_partial)
}

fn sell(limit: u64, allow_partial: bool, amount: u64, netuid: NetUid) -> DispatchResult {
	let (amount, limit) = (AlphaBalance::new(amount), TaoBalance::new(limit));
	SubtensorModule::remove_stake_limit(signed(cold(2)), hot(1), netuid, amount, limit, allow_partial)
}

/// Rao of TAO for one alpha.
fn price() -> u64 {
	SubtensorModule::worth(NETUID, AlphaBalance::new(TAO)).get()
}

#[test]
fn stake_on_root_is_tao() {
	run(|| {
		subnet();
		let free = Balances::balance(&cold(2));
		let root = NetUid::ROOT;
		let amount = TaoBalance::new(5 * TAO);
		assert_ok!(SubtensorModule::add_stake(signed(cold(2)), hot(1), root, amount));
		let stake = || SubtensorModule::stake_of(&hot(1), &cold(2), root).get();
		assert_eq!((stake(), Balances::balance(&cold(2))), (5 * TAO, free - 5 * TAO));
		assert_eq!(TotalAlphaStaked::<Test>::get(root).get(), 5 * TAO);
		assert_noop!(buy(TAO - 1, true, TAO, root), Error::<Test>::ZeroMaxAmount);
		assert_ok!(buy(TAO, false, TAO, root));
		assert_noop!(sell(TAO + 1, true, TAO, root), Error::<Test>::ZeroMaxAmount);
		assert_ok!(sell(TAO, false, TAO, root));
		let all = AlphaBalance::MAX;
		assert_ok!(SubtensorModule::remove_stake(signed(cold(2)), hot(1), root, all));
		assert_eq!((stake(), Balances::balance(&cold(2))), (0, free));
		// The account of root lives on without stake.
		let account = SubtensorModule::subnet_account(root);
		assert_eq!(Balances::balance(&account), EXISTENTIAL_DEPOSIT);
		let call = SubtensorModule::add_stake(signed(cold(2)), hot(9), root, amount);
		assert_noop!(call, Error::<Test>::HotKeyAccountNotExists);
	});
}

#[test]
fn a_hotkey_needs_no_uid_to_be_staked_on() {
	run(|| {
		subnet();
		assert_ok!(SubtensorModule::try_associate_hotkey(signed(cold(3)), hot(3)));
		assert_eq!(Owner::<Test>::get(hot(3)), cold(3));
		assert_ok!(SubtensorModule::try_associate_hotkey(signed(cold(3)), hot(3)));
		let call = SubtensorModule::try_associate_hotkey(signed(cold(4)), hot(3));
		assert_noop!(call, Error::<Test>::NonAssociatedColdKey);
		let account = SubtensorModule::subnet_account(NETUID);
		let call = SubtensorModule::try_associate_hotkey(signed(cold(4)), account);
		assert_noop!(call, Error::<Test>::CannotUseSystemAccount);
		let amount = TaoBalance::new(TAO);
		assert_ok!(SubtensorModule::add_stake(signed(cold(2)), hot(3), NETUID, amount));
		assert_ok!(SubtensorModule::add_stake(
			signed(cold(2)),
			hot(3),
			NetUid::ROOT,
			amount
		));
	});
}

#[test]
fn an_order_beyond_its_limit_is_refused_or_made_in_part() {
	run(|| {
		subnet();
		let limit = price() / 100 * 105;
		assert_noop!(buy(price() - 1, true, TAO, NETUID), Error::<Test>::ZeroMaxAmount);
		assert_noop!(buy(limit, false, 5 * TAO, NETUID), Error::<Test>::SlippageTooHigh);
		let free = Balances::balance(&cold(2));
		assert_ok!(buy(limit, true, 5 * TAO, NETUID));
		let paid = free - Balances::balance(&cold(2));
		assert!(MIN_STAKE < paid && paid < TAO, "{paid}");
		assert!(price() <= limit);
		assert_ok!(buy(price() * 2, false, TAO, NETUID));

		let (limit, had) = (price() / 100 * 95, stake_of(2, 1));
		assert_noop!(sell(price() * 2, true, TAO, NETUID), Error::<Test>::ZeroMaxAmount);
		assert_noop!(sell(limit, false, had, NETUID), Error::<Test>::SlippageTooHigh);
		assert_ok!(sell(limit, true, had, NETUID));
		assert!(stake_of(2, 1) < had);
		assert!(price() >= limit);
		let all = |limit: Option<u64>| {
			let limit = limit.map(TaoBalance::new);
			SubtensorModule::remove_stake_full_limit(signed(cold(2)), hot(1), NETUID, limit)
		};
		assert_noop!(all(Some(price() / 100 * 99)), Error::<Test>::SlippageTooHigh);
		assert_ok!(all(Some(1)));
		assert_eq!(stake_of(2, 1), 0);
		stake(2, 1, TAO);
		assert_ok!(all(None));
	});
}

#[test]
fn a_limit_never_leaves_a_tiny_rest() {
	run(|| {
		subnet();
		stake(2, 1, 2 * TAO);
		// A limit that allows all but a few rao.
		let all = AlphaBalance::new(2 * TAO);
		let mut least = 0;
		let mut above = price();
		while above - least > 1 {
			let middle = least.midpoint(above);
			let limit = ganglion_primitives::PriceLimit {
				price: TaoBalance::new(middle),
				allow_partial: true,
			};
			let whole = Swap::quote_sell(NETUID, all, Some(limit)).is_ok_and(|trade| trade.taken == all);
			if whole {
				least = middle;
			} else {
				above = middle;
			}
		}
		assert_ok!(sell(above, true, u64::MAX, NETUID));
		assert!(stake_of(2, 1) >= MIN_STAKE, "{}", stake_of(2, 1));
	});
}

#[test]
fn a_small_nomination_is_refused_and_a_small_rest_is_paid_out() {
	run(|| {
		subnet();
		assert_ok!(SubtensorModule::set_nominator_min_required_stake(TAO / 10));
		let add = |from: u8, amount: u64| {
			SubtensorModule::add_stake(signed(cold(from)), hot(1), NETUID, TaoBalance::new(amount))
		};
		assert_noop!(add(2, TAO / 20), Error::<Test>::AmountTooLow);
		assert_ok!(add(2, TAO / 5));
		// The owner is no nominator.
		assert_ok!(add(1, TAO / 20));
		let remove = |from: u8, amount: u64| {
			SubtensorModule::remove_stake(signed(cold(from)), hot(1), NETUID, AlphaBalance::new(amount))
		};
		let half = stake_of(2, 1) / 3 * 2;
		assert_ok!(remove(2, half));
		assert_eq!(stake_of(2, 1), 0);
		let half = stake_of(1, 1) / 2;
		assert_ok!(remove(1, half));
		assert!(stake_of(1, 1) >= half);
		// Nobody is paid out who only burns.
		assert_ok!(add(2, TAO / 5));
		let most = AlphaBalance::new(stake_of(2, 1) / 3 * 2);
		assert_ok!(SubtensorModule::burn_alpha(signed(cold(2)), hot(1), most, NETUID));
		assert!(stake_of(2, 1) > 0);
	});
}

#[test]
fn stake_of_a_subnet_that_has_not_started_stays_where_it_is() {
	run(|| {
		subnet();
		stake(2, 1, TAO);
		let set = SubtensorModule::set_subtoken_enabled;
		assert_noop!(set(NetUid::new(9), true), Error::<Test>::SubnetNotExists);
		assert_ok!(set(NETUID, false));
		assert!(events().contains(&Event::SubtokenToggled(NETUID, false)));
		assert_noop!(buy(u64::MAX, true, TAO, NETUID), Error::<Test>::SubtokenDisabled);
		assert_noop!(sell(0, true, TAO, NETUID), Error::<Test>::SubtokenDisabled);
		assert_ok!(set(NETUID, true));
		assert_ok!(sell(0, true, TAO, NETUID));
	});
}
