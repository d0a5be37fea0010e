//! Tests of subnets and their registration.

use crate::{mock::*, *};
use frame_support::{
	assert_noop, assert_ok,
	traits::{Get, fungible::Inspect},
};
use ganglion_primitives::{NetUid, SubnetPools, TaoBalance};
use sp_runtime::DispatchError;

#[test]
fn registering_a_subnet_gives_its_owner_uid_0() {
	run(|| {
		let free = Balances::balance(&cold(1));
		let issuance = Balances::total_issuance();
		assert_ok!(SubtensorModule::register_network(signed(cold(1)), hot(1)));

		assert!(NetworksAdded::<Test>::get(NETUID));
		assert_eq!(SubtensorModule::subnets(), vec![NETUID]);
		assert_eq!(SubnetOwner::<Test>::get(NETUID), cold(1));
		assert_eq!(SubnetOwnerHotkey::<Test>::get(NETUID), hot(1));
		assert_eq!(Uids::<Test>::get(NETUID, hot(1)), Some(0));
		assert_eq!(Hyperparameters::load::<Test>(NETUID), parameters());
		assert_eq!(TokenSymbol::<Test>::get(NETUID).into_inner(), "α".as_bytes());
		assert_eq!(NetworkRegisteredAt::<Test>::get(NETUID), 1);
		let events = events();
		assert!(
			matches!(events.last(), Some(Event::NetworkAdded(NETUID, 0))),
			"{events:?}"
		);

		let account = SubtensorModule::subnet_account(NETUID);
		assert_eq!(Balances::balance(&account), LOCK_COST);
		assert_eq!(Balances::balance(&cold(1)), free - LOCK_COST);
		assert_eq!(Balances::total_issuance(), issuance);
		let pool = Swap::reserves(NETUID).unwrap();
		assert_eq!(pool.tao.get(), LOCK_COST - EXISTENTIAL_DEPOSIT);
		assert_eq!(pool.alpha.get(), LOCK_COST - EXISTENTIAL_DEPOSIT);
		assert_eq!(SubnetLocked::<Test>::get(NETUID), TaoBalance::new(LOCK_COST));
	});
}

#[test]
fn a_subnet_must_be_affordable() {
	run(|| {
		mint_to_stranger(LOCK_COST + EXISTENTIAL_DEPOSIT - 1);
		let call = SubtensorModule::register_network(signed(cold(200)), hot(200));
		assert_noop!(call, Error::<Test>::CannotAffordLockCost);
		mint_to_stranger(1);
		assert_ok!(SubtensorModule::register_network(signed(cold(200)), hot(200)));
		assert_eq!(Balances::balance(&cold(200)), EXISTENTIAL_DEPOSIT);
	});
}

#[test]
fn a_cost_below_the_existential_deposit_registers_nothing() {
	run(|| {
		NetworkMinLockCost::<Test>::put(TaoBalance::new(EXISTENTIAL_DEPOSIT - 1));
		let call = SubtensorModule::register_network(signed(cold(1)), hot(1));
		assert_noop!(call, Error::<Test>::CannotAffordLockCost);
	});
}

#[test]
fn there_are_at_most_as_many_subnets_as_the_limit_says() {
	run(|| {
		for _ in 0..3 {
			subnet();
		}
		let call = SubtensorModule::register_network(signed(cold(1)), hot(1));
		assert_noop!(call, Error::<Test>::SubnetLimitReached);
	});
}

#[test]
fn a_hotkey_of_another_coldkey_or_of_the_chain_cannot_own_a_subnet() {
	run(|| {
		subnet();
		let call = SubtensorModule::register_network(signed(cold(2)), hot(1));
		assert_noop!(call, Error::<Test>::NonAssociatedColdKey);
		for netuid in [0, 1, 77] {
			let account = SubtensorModule::subnet_account(NetUid::new(netuid));
			let call = SubtensorModule::register_network(signed(cold(2)), account);
			assert_noop!(call, Error::<Test>::CannotUseSystemAccount);
		}
		let call = SubtensorModule::register_network(signed(cold(2)), ZeroAccount::get());
		assert_noop!(call, Error::<Test>::CannotUseSystemAccount);
		let call = SubtensorModule::register_network(RuntimeOrigin::root(), hot(2));
		assert_noop!(call, DispatchError::BadOrigin);
	});
}

#[test]
fn subnet_accounts_differ() {
	run(|| {
		let accounts: std::collections::BTreeSet<_> = (0..200)
			.map(|netuid| SubtensorModule::subnet_account(NetUid::new(netuid)))
			.collect();
		assert_eq!(accounts.len(), 200);
	});
}
