//! Tests of subnets and their registration.

use crate::{mock::*, *};
use frame_support::{
	assert_noop, assert_ok,
	traits::{Get, fungible::Inspect},
};
use ganglion_primitives::{I96F32, NetUid, SubnetPools, TaoBalance};
use sp_runtime::{DispatchError, DispatchResult};

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

/// Registers a subnet of coldkey `number` with hotkey `number`.
fn register_of(number: u8) -> DispatchResult {
	SubtensorModule::register_network(signed(cold(number)), hot(number))
}

fn netuids() -> Vec<u16> {
	SubtensorModule::subnets().into_iter().map(NetUid::get).collect()
}

#[test]
fn registrations_keep_a_distance() {
	run(|| {
		NetworkRateLimit::<Test>::put(10);
		assert_ok!(register_of(1));
		assert_noop!(register_of(2), Error::<Test>::NetworkTxRateLimitExceeded);
		next_blocks(9);
		assert_noop!(register_of(2), Error::<Test>::NetworkTxRateLimitExceeded);
		next_blocks(1);
		assert_ok!(register_of(2));
		assert_noop!(register_of(3), Error::<Test>::NetworkTxRateLimitExceeded);
		NetworkRateLimit::<Test>::put(u64::MAX);
		next_blocks(100);
		assert_noop!(register_of(3), Error::<Test>::NetworkTxRateLimitExceeded);
	});
}

#[test]
fn an_owner_starts_a_subnet_once_when_it_is_old_enough() {
	run(|| {
		StartCallDelay::<Test>::put(5);
		assert_eq!(<Test as Config>::InitialStartCallDelay::get(), 5);
		assert_ok!(register_of(1));
		let start = |origin, netuid| SubtensorModule::start_call(origin, netuid);
		assert_noop!(start(signed(cold(1)), NETUID), Error::<Test>::StartCallNotReady);
		next_blocks(4);
		assert_noop!(start(signed(cold(1)), NETUID), Error::<Test>::StartCallNotReady);
		assert_eq!(SubnetEmissionTotals::<Test>::get(NETUID).emitted.get(), 0);
		next_blocks(1);
		assert_noop!(start(signed(cold(2)), NETUID), Error::<Test>::NotSubnetOwner);
		assert_noop!(start(signed(hot(1)), NETUID), Error::<Test>::NotSubnetOwner);
		assert_noop!(start(RuntimeOrigin::root(), NETUID), DispatchError::BadOrigin);
		assert_noop!(start(signed(cold(1)), NetUid::new(7)), Error::<Test>::SubnetNotExists);
		assert_noop!(
			start(signed(ZeroAccount::get()), NetUid::ROOT),
			Error::<Test>::NotSubnetOwner
		);
		assert!(!SubtokenEnabled::<Test>::get(NETUID));
		assert_ok!(start(signed(cold(1)), NETUID));
		assert!(SubtokenEnabled::<Test>::get(NETUID));
		assert_eq!(FirstEmissionBlockNumber::<Test>::get(NETUID), Some(7));
		assert!(events().contains(&Event::FirstEmissionBlockNumberSet(NETUID, 7)));
		let again = start(signed(cold(1)), NETUID);
		assert_noop!(again, Error::<Test>::FirstEmissionBlockNumberAlreadySet);
		next_blocks(1);
		assert!(SubnetEmissionTotals::<Test>::get(NETUID).emitted.get() > 0);
	});
}

/// Three subnets, as many as there may be, of which the second has the lowest moving price; all are beyond their immunity.
fn full() {
	NetworkImmunityPeriod::<Test>::put(5);
	for number in 1..=3 {
		assert_ok!(register_of(number));
		let netuid = NetUid::new(u16::from(number));
		assert_ok!(SubtensorModule::start_call(signed(cold(number)), netuid));
	}
	next_blocks(5);
	for (netuid, tao) in [(1, 3), (2, 1), (3, 2)] {
		SubnetMovingPrice::<Test>::insert(NetUid::new(netuid), I96F32::from_integer(tao));
	}
}

#[test]
fn the_cheapest_subnet_beyond_its_immunity_has_to_go() {
	run(|| {
		full();
		assert_eq!(SubtensorModule::subnet_to_prune(), Some(NetUid::new(2)));
		NetworkRegisteredAt::<Test>::insert(NetUid::new(2), SubtensorModule::block_number());
		let prunable = SubtensorModule::subnet_to_prune();
		assert!(prunable.is_some_and(|netuid| netuid != NetUid::new(2)), "{prunable:?}");
		NetworkImmunityPeriod::<Test>::put(u64::MAX);
		assert_eq!(SubtensorModule::subnet_to_prune(), None);
		assert_noop!(register_of(4), Error::<Test>::SubnetLimitReached);
	});
}

#[test]
fn a_registration_waits_for_the_subnet_that_has_to_go() {
	run(|| {
		full();
		block_length(200_000_000_000);
		NetworkLockReductionInterval::<Test>::put(1_000);
		let cost = SubtensorModule::network_registration_cost();
		let free = Balances::balance(&cold(4));
		let asked = SubtensorModule::block_number();
		assert_ok!(register_of(4));
		let events_of_call = events();
		assert!(events_of_call.contains(&Event::NetworkRemoved(NetUid::new(2))));
		let queued = Event::NetworkRegistrationQueued {
			coldkey: cold(4),
			hotkey: hot(4),
			registration_block: asked,
			lock_amount: cost,
		};
		assert!(events_of_call.contains(&queued));
		assert_eq!(netuids(), vec![1, 3]);
		assert_eq!(Balances::balance(&cold(4)), free - cost.get());
		assert_eq!(Balances::balance(&SubtensorModule::registration_escrow()), cost.get());
		assert_eq!(NetworkRegistrationQueue::<Test>::get().len(), 1);
		// It raises the cost at once.
		assert!(SubtensorModule::network_registration_cost() > cost);

		while !netuids().contains(&2) {
			next_blocks(1);
			assert_ok!(SubtensorModule::do_try_state());
		}
		assert!(events().contains(&Event::NetworkAdded(NetUid::new(2), 0)));
		assert!(NetworkRegistrationQueue::<Test>::get().is_empty());
		assert_eq!(SubnetOwner::<Test>::get(NetUid::new(2)), cold(4));
		assert_eq!(SubnetOwnerHotkey::<Test>::get(NetUid::new(2)), hot(4));
		assert_eq!(SubnetLocked::<Test>::get(NetUid::new(2)), cost);
		assert_eq!(Balances::balance(&SubtensorModule::registration_escrow()), 0);
		assert_eq!(
			Balances::balance(&SubtensorModule::subnet_account(NetUid::new(2))),
			cost.get()
		);
	});
}

#[test]
fn each_registration_makes_one_subnet_go_and_none_goes_twice() {
	run(|| {
		full();
		block_length(200_000_000_000);
		for number in 4..=6 {
			assert_ok!(register_of(number));
		}
		assert_eq!(netuids(), Vec::<u16>::new());
		// All numbers are promised, and nobody is left who could go.
		assert_noop!(register_of(7), Error::<Test>::SubnetLimitReached);
		let mut added = Vec::new();
		for _ in 0..100 {
			next_blocks(1);
			assert_ok!(SubtensorModule::do_try_state());
			added.extend(events().into_iter().filter_map(|event| match event {
				Event::NetworkAdded(netuid, _) => Some(SubnetOwner::<Test>::get(netuid)),
				_ => None,
			}));
		}
		assert_eq!(added, vec![cold(4), cold(5), cold(6)]);
		assert_eq!(netuids(), vec![1, 2, 3]);
	});
}

#[test]
fn a_registration_waits_for_a_clean_up_that_goes_on_already() {
	run(|| {
		full();
		block_length(200_000_000_000);
		assert_ok!(SubtensorModule::root_dissolve_network(RuntimeOrigin::root(), NETUID));
		assert_ok!(register_of(4));
		assert_eq!(netuids(), vec![2, 3]);
		assert_ok!(register_of(5));
		assert_eq!(netuids(), vec![3]);
		for _ in 0..100 {
			next_blocks(1);
			assert_ok!(SubtensorModule::do_try_state());
		}
		assert_eq!(SubnetOwner::<Test>::get(NETUID), cold(4));
		assert_eq!(SubnetOwner::<Test>::get(NetUid::new(2)), cold(5));
	});
}

#[test]
fn a_registration_for_which_no_place_is_left_is_paid_back() {
	run(|| {
		full();
		block_length(200_000_000_000);
		let free = Balances::balance(&cold(4));
		assert_ok!(register_of(4));
		// Number 2 is about to become free, and root takes it away.
		assert_ok!(SubtensorModule::set_subnet_limit(1));
		next_blocks(1);
		assert_eq!(Balances::balance(&cold(4)), free);
		assert!(NetworkRegistrationQueue::<Test>::get().is_empty());
		assert_eq!(netuids(), vec![1, 3]);
	});
}

#[test]
fn a_registration_that_cannot_be_made_is_paid_back() {
	run(|| {
		full();
		let free = Balances::balance(&cold(4));
		assert_ok!(register_of(4));
		// In the meantime the hotkey comes to belong to somebody else.
		OwnedHotkeys::<Test>::remove(cold(4));
		OwnedHotkeys::<Test>::insert(cold(5), frame_support::BoundedVec::truncate_from(vec![hot(4)]));
		StakingHotkeys::<Test>::insert(cold(5), frame_support::BoundedVec::truncate_from(vec![hot(4)]));
		Owner::<Test>::insert(hot(4), cold(5));
		let refunded = Event::NetworkRegistrationRefunded {
			coldkey: cold(4),
			hotkey: hot(4),
			lock_amount: TaoBalance::new(LOCK_COST),
		};
		let mut told = false;
		for _ in 0..5 {
			next_blocks(1);
			told |= events().contains(&refunded);
		}
		assert!(told);
		assert_eq!(Balances::balance(&cold(4)), free);
		assert_eq!(netuids(), vec![1, 3]);
		assert!(NetworkRegistrationQueue::<Test>::get().is_empty());
		assert_ok!(register_of(5));
		assert_eq!(netuids(), vec![1, 2, 3]);
	});
}

#[test]
fn a_registration_that_is_refused_at_the_limit_dissolves_nothing() {
	run(|| {
		full();
		let poor = SubtensorModule::register_network(signed(cold(200)), hot(200));
		assert_noop!(poor, Error::<Test>::CannotAffordLockCost);
		let others = SubtensorModule::register_network(signed(cold(4)), hot(1));
		assert_noop!(others, Error::<Test>::NonAssociatedColdKey);
		let escrow = SubtensorModule::registration_escrow();
		let reserved = SubtensorModule::register_network(signed(cold(4)), escrow);
		assert_noop!(reserved, Error::<Test>::CannotUseSystemAccount);
		SubnetLimit::<Test>::put(1);
		assert_noop!(register_of(4), Error::<Test>::SubnetLimitReached);
		SubnetLimit::<Test>::put(0);
		assert_noop!(register_of(4), Error::<Test>::SubnetLimitReached);
	});
}

#[test]
fn where_there_is_room_for_more_nobody_takes_what_others_wait_for() {
	run(|| {
		full();
		block_length(200_000_000_000);
		assert_ok!(register_of(4));
		SubnetLimit::<Test>::put(4);
		// Number 2 is promised, number 4 is not.
		assert_ok!(register_of(5));
		assert_eq!(SubnetOwner::<Test>::get(NetUid::new(4)), cold(5));
		assert_eq!(NetworkRegistrationQueue::<Test>::get().len(), 1);
		NetworkImmunityPeriod::<Test>::put(u64::MAX);
		assert_noop!(register_of(6), Error::<Test>::SubnetLimitReached);
		for _ in 0..100 {
			next_blocks(1);
		}
		assert_eq!(netuids(), vec![1, 2, 3, 4]);
		assert_eq!(SubnetOwner::<Test>::get(NetUid::new(2)), cold(4));
	});
}
