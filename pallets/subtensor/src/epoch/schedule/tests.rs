//! Tests of when epochs run, and of when they are paid out.

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok, pallet_prelude::Weight};
use ganglion_primitives::{MechanismIndex, NetUid};

type Info = PalletWeight<Test>;

fn block() -> u64 {
	SubtensorModule::block_number()
}

/// Makes blocks so long that epochs may use this much time in one.
fn set_budget(ref_time: u64) {
	let percent = u64::from(EPOCH_SHARE * 100_u32);
	block_length((ref_time * 100).div_ceil(percent));
	assert_eq!(SubtensorModule::epoch_budget().ref_time(), ref_time);
}

/// What an epoch and as many payments weigh.
fn paid_epoch(neurons: u32, validators: u32, entries: u32, payments: u32) -> Weight {
	Info::epoch(neurons, validators, entries).saturating_add(Info::payout(payments))
}

/// What the epoch of a subnet that has its owner's neuron only takes: exactly (there is nothing to pay), and at most.
fn smallest_epoch() -> (u64, u64) {
	(paid_epoch(1, 1, 0, 0).ref_time(), paid_epoch(1, 1, 2, 1).ref_time())
}

fn three_subnets() -> [NetUid; 3] {
	[subnet(), subnet(), subnet()]
}

fn epochs(netuids: [NetUid; 3]) -> [u64; 3] {
	netuids.map(SubnetEpochIndex::<Test>::get)
}

fn deferred() -> Vec<(NetUid, u64)> {
	let events = events().into_iter();
	events
		.filter_map(|event| match event {
			Event::EpochDeferred { netuid, due } => Some((netuid, due)),
			_ => None,
		})
		.collect()
}

#[test]
fn an_epoch_can_be_asked_for() {
	run(|| {
		subnet();
		let trigger = |number: u8| SubtensorModule::trigger_epoch(signed(cold(number)), NETUID);
		assert_noop!(trigger(2), Error::<Test>::NotSubnetOwner);
		next_blocks(4);
		assert_noop!(trigger(1), Error::<Test>::TxRateLimitExceeded);
		next_blocks(1);
		assert_ok!(trigger(1));
		assert!(events().contains(&Event::EpochTriggered(NETUID, block() + 1)));
		assert_noop!(trigger(1), Error::<Test>::EpochTriggerAlreadyPending);
		assert_eq!(SubtensorModule::next_epoch_block(NETUID), Some(block() + 1));
		next_blocks(1);
		assert_eq!(SubnetEpochIndex::<Test>::get(NETUID), 1);
		assert_eq!(PendingEpochAt::<Test>::get(NETUID), 0);
		next_blocks(u64::from(TEMPO) - 1);
		assert_noop!(trigger(1), Error::<Test>::AutoEpochAlreadyImminent);
	});
}

#[test]
fn epochs_run_in_one_block_as_long_as_the_next_one_surely_fits() {
	run(|| {
		let netuids = three_subnets();
		let (exactly, at_most) = smallest_epoch();
		set_budget(2 * exactly + at_most);
		next_blocks(u64::from(TEMPO));
		assert_eq!(epochs(netuids), [1, 1, 1]);
		assert_eq!(deferred(), vec![]);
		set_budget(2 * exactly + at_most - 1);
		next_blocks(u64::from(TEMPO));
		assert_eq!(epochs(netuids), [2, 2, 1]);
		assert_eq!(deferred(), vec![(netuids[2], block())]);
		assert_eq!(SubtensorModule::next_epoch_block(netuids[2]), Some(block() + 1));
		next_blocks(1);
		assert_eq!(epochs(netuids), [2, 2, 2]);
		assert_eq!(deferred(), vec![]);
	});
}

#[test]
fn a_block_without_room_runs_one_epoch_so_that_no_subnet_starves() {
	run(|| {
		let netuids = three_subnets();
		set_budget(0);
		next_blocks(u64::from(TEMPO));
		let due = block();
		assert_eq!(epochs(netuids), [1, 0, 0]);
		assert_eq!(deferred(), vec![(netuids[1], due), (netuids[2], due)]);
		next_blocks(1);
		assert_eq!(epochs(netuids), [1, 1, 0]);
		assert_eq!(deferred(), vec![], "told twice");
		next_blocks(1);
		assert_eq!(epochs(netuids), [1, 1, 1]);
		// Two blocks late the first time; from then on they are due in different blocks.
		next_blocks(u64::from(TEMPO) * 9);
		assert_eq!(epochs(netuids), [10, 10, 10]);
	});
}

#[test]
fn who_asks_for_epochs_all_the_time_does_not_starve_others() {
	run(|| {
		let netuids = three_subnets();
		set_budget(0);
		for _ in 0..200 {
			// Refused where it is pending, too soon, or due anyway; that is the owner's problem.
			if SubtensorModule::trigger_epoch(signed(cold(1)), netuids[0]).is_ok() {
				assert_eq!(PendingEpochAt::<Test>::get(netuids[0]), block() + 1);
			}
			next_blocks(1);
		}
		let [first, second, third] = epochs(netuids);
		assert!(first > 30, "{first}");
		assert!(second >= 18 && third >= 18, "{second} {third}");
	});
}

#[test]
fn who_has_waited_longest_runs_first() {
	run(|| {
		let netuids = three_subnets();
		set_budget(0);
		for (netuid, last) in netuids.into_iter().zip([8, 4, 6]) {
			LastEpochBlock::<Test>::insert(netuid, last);
		}
		System::set_block_number(u64::from(TEMPO) * 2);
		next_blocks(1);
		assert_eq!(epochs(netuids), [0, 1, 0]);
		next_blocks(1);
		assert_eq!(epochs(netuids), [0, 1, 1]);
		next_blocks(1);
		assert_eq!(epochs(netuids), [1, 1, 1]);
	});
}

#[test]
fn an_epoch_that_does_not_fit_defers_those_behind_it() {
	run_with(crowded(40, 3), || {
		let small = subnet();
		assert_eq!(small, NETUID);
		// The crowd joins subnet 1; subnets 2 and 3 are small and in turn behind it.
		let others = [subnet(), subnet()];
		for uid in 1..40 {
			assert_ok!(SubtensorModule::associate_hotkey(
				&cold(uid % 20 + 1),
				&crowd(uid.into())
			));
			assert_ok!(SubtensorModule::append_neuron(NETUID, &crowd(uid.into())));
		}
		let netuids = [others[0], NETUID, others[1]];
		for (netuid, last) in netuids.into_iter().zip([1, 2, 3]) {
			LastEpochBlock::<Test>::insert(netuid, last);
		}
		let (exactly, at_most) = smallest_epoch();
		set_budget(exactly + at_most);
		System::set_block_number(u64::from(TEMPO) * 2);
		next_blocks(1);
		assert_eq!(epochs(netuids), [1, 0, 0]);
		next_blocks(1);
		assert_eq!(epochs(netuids), [1, 1, 0]);
		next_blocks(1);
		assert_eq!(epochs(netuids), [1, 1, 1]);
	});
}

#[test]
fn epochs_report_what_they_weighed() {
	run_with(crowded(20, 4), || {
		crowded_subnet(20, 4);
		for uid in 1..=4 {
			assert_ok!(set_all_weights(uid));
		}
		next_blocks(2);
		System::set_block_number(LastEpochBlock::<Test>::get(NETUID) + u64::from(TEMPO));
		let bound = paid_epoch(20, 5, 2 * 20 * 5, 20);
		let paid = || {
			let emission = Emission::<Test>::get(NETUID).into_iter();
			u32::try_from(emission.filter(|amount| !amount.is_zero()).count()).unwrap()
		};
		// Four validators with 19 weights each, and the owner; nobody has bonds yet.
		let weighed = SubtensorModule::run_due_epochs(&[NETUID]);
		assert_eq!(weighed, paid_epoch(20, 5, 4 * 19, paid()));
		assert_eq!(paid(), 20);
		let index = MechanismIndex::main(NETUID);
		let bonds: usize = (0..20).map(|uid| Bonds::<Test>::get(index, uid).len()).sum();
		assert!(bonds > 0);
		System::set_block_number(block() + u64::from(TEMPO));
		let weighed = SubtensorModule::run_due_epochs(&[NETUID]);
		assert_eq!(
			weighed,
			paid_epoch(20, 5, 4 * 19 + u32::try_from(bonds).unwrap(), paid())
		);
		assert!(weighed.all_lte(bound));
		assert_eq!(SubtensorModule::run_due_epochs(&[NETUID]), Weight::zero());
	});
}

#[test]
fn the_start_of_a_block_weighs_its_epochs_too() {
	run(|| {
		let netuid = subnet();
		next_blocks(u64::from(TEMPO) - 1);
		let next = || {
			System::set_block_number(block() + 1);
			SubtensorModule::begin_block()
		};
		let begun = Info::begin_block(1).saturating_add(Info::look_for_rounds(0));
		assert_eq!(next(), begun.saturating_add(paid_epoch(1, 1, 0, 0)));
		assert_eq!(next(), begun);
		assert_eq!(SubnetEpochIndex::<Test>::get(netuid), 1);
	});
}

#[test]
fn the_epoch_of_the_largest_subnet_fits_its_share_of_a_block() {
	run(|| {
		let validators = u32::from(MAX_VALIDATORS_PER_SUBNET) + 1;
		let entries = 2 * MAX_UIDS_PER_SUBNET * validators;
		let largest = paid_epoch(MAX_UIDS_PER_SUBNET, validators, entries, PAYMENTS_PER_BLOCK);
		let share = EPOCH_SHARE * BlockLength::get();
		assert!(largest.ref_time() <= share, "{largest:?} of {share}");
		SubtensorModule::check_epochs_fit();
	});
}

#[test]
#[should_panic(expected = "EPOCH_SHARE of a block is")]
fn a_block_too_short_for_the_largest_subnet_is_noticed() {
	run(|| {
		block_length(BlockLength::get() / 16);
		SubtensorModule::check_epochs_fit();
	});
}

#[test]
fn the_bound_of_an_epoch_has_room_for_what_the_last_one_has_still_to_pay() {
	let neurons = u16::try_from(PAYMENTS_PER_BLOCK).unwrap() * 3;
	run_with(crowded(neurons, 2), || {
		crowded_subnet(neurons, 2);
		let second = subnet();
		assert_ok!(set_all_weights(1));
		assert_ok!(set_all_weights(2));
		let bound = SubtensorModule::largest_epoch(NETUID);
		next_epoch(NETUID);
		let page = Info::payout(PAYMENTS_PER_BLOCK);
		let rest = page.saturating_mul(2);
		assert_eq!(SubtensorModule::largest_epoch(NETUID), bound.saturating_add(rest));
		// Both are due again, the other first: the payout and the epoch run behind it, or wait together.
		let (exactly, at_most) = smallest_epoch();
		let due = block() + 1;
		for (netuid, since) in [(second, due - 1), (NETUID, due)] {
			LastEpochBlock::<Test>::insert(netuid, since - u64::from(TEMPO));
		}
		set_budget(exactly + bound.ref_time() + rest.ref_time() - 1);
		next_blocks(1);
		assert_eq!(SubnetEpochIndex::<Test>::get(second), 2);
		assert_eq!(deferred(), vec![(NETUID, due)]);
		let left = || UnpaidEmission::<Test>::get(NETUID).unwrap();
		// A page of it is paid all the same.
		assert_eq!((left().epoch, left().rest()), (2, 1));
		LastEpochBlock::<Test>::insert(second, due - 1 - u64::from(TEMPO));
		set_budget(at_most + bound.ref_time() + page.ref_time());
		next_blocks(1);
		assert_eq!(SubnetEpochIndex::<Test>::get(second), 3);
		assert_eq!(SubnetEpochIndex::<Test>::get(NETUID), 3);
		assert_eq!(deferred(), vec![]);
		assert_eq!((left().epoch, left().rest()), (3, 2));
	});
}
