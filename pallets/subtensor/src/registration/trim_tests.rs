//! Tests of making a subnet smaller.

use crate::{counter, mock::*, weight_info::accesses, *};
use frame_support::{assert_noop, assert_ok};
use ganglion_primitives::{AccountId32, AlphaBalance, MechanismIndex};
use std::collections::{BTreeMap, BTreeSet};

const INDEX: MechanismIndex = MechanismIndex::main(NETUID);

type ByHotkey<Value> = BTreeMap<AccountId32, Value>;

/// A subnet's neurons by their hotkeys: columns, and rows whose destinations are hotkeys too.
#[derive(Debug, PartialEq)]
struct Picture {
	columns: ByHotkey<(AlphaBalance, u16, u64, u64, bool)>,
	weights: ByHotkey<ByHotkey<u16>>,
	bonds: ByHotkey<ByHotkey<u16>>,
	revealed: ByHotkey<u64>,
}

fn key(uid: u16) -> AccountId32 {
	Keys::<Test>::get(NETUID, uid).unwrap()
}

fn rows(rows: impl Iterator<Item = (u16, SparseRow)>) -> ByHotkey<ByHotkey<u16>> {
	let named = |row: SparseRow| row.iter().map(|(uid, value)| (key(*uid), *value)).collect();
	rows.map(|(uid, row)| (key(uid), named(row))).collect()
}

impl Picture {
	fn take() -> Self {
		let uids = 0..SubnetworkN::<Test>::get(NETUID);
		let column = |uid: u16| {
			let at = usize::from(uid);
			(
				Emission::<Test>::get(NETUID)[at],
				Consensus::<Test>::get(NETUID)[at],
				LastUpdate::<Test>::get(INDEX)[at],
				BlockAtRegistration::<Test>::get(NETUID)[at],
				ValidatorPermit::<Test>::get(NETUID)[at],
			)
		};
		Self {
			columns: uids.map(|uid| (key(uid), column(uid))).collect(),
			weights: rows(Weights::<Test>::iter_prefix(INDEX)),
			bonds: rows(Bonds::<Test>::iter_prefix(INDEX)),
			revealed: RevealedCommitBlock::<Test>::iter_prefix(INDEX)
				.map(|(uid, block)| (key(uid), block))
				.collect(),
		}
	}

	/// What is left when these hotkeys are gone.
	fn without(mut self, gone: &BTreeSet<AccountId32>) -> Self {
		let stays = |hotkey: &AccountId32| !gone.contains(hotkey);
		self.columns.retain(|hotkey, _| stays(hotkey));
		self.revealed.retain(|hotkey, _| stays(hotkey));
		for rows in [&mut self.weights, &mut self.bonds] {
			rows.retain(|hotkey, row| {
				row.retain(|destination, _| stays(destination));
				stays(hotkey) && !row.is_empty()
			});
		}
		self
	}
}

/// Twelve neurons, of which validators sit in low and high places and weigh all others; emissions fall with the uid's
/// last digit, so that those who go are spread.
fn spread_subnet() {
	crowded_subnet(12, 3);
	for uid in 1..=3 {
		assert_ok!(set_all_weights(uid));
	}
	next_epoch(NETUID);
	// A validator among those who have to move.
	ValidatorPermit::<Test>::mutate(NETUID, |column| column[10] = true);
	let row: SparseRow = vec![(2, 7), (5, 8), (11, 9)].try_into().unwrap();
	Weights::<Test>::insert(INDEX, 10, row.clone());
	Bonds::<Test>::insert(INDEX, 10, row);
	RevealedCommitBlock::<Test>::insert(INDEX, 10, 3);
	RevealedCommitBlock::<Test>::insert(INDEX, 4, 2);
	ImmunityPeriod::<Test>::insert(NETUID, 0);
	let worth = [9, 90, 80, 70, 1, 60, 2, 50, 3, 40, 30, 20];
	Emission::<Test>::mutate(NETUID, |column| {
		for (slot, worth) in column.iter_mut().zip(worth) {
			*slot = AlphaBalance::new(worth);
		}
	});
}

#[test]
fn those_worth_least_go_and_the_others_keep_all_they_have() {
	run_with(crowded(12, 3), || {
		spread_subnet();
		let gone: BTreeSet<_> = [4, 6, 8].map(key).into();
		let expected = Picture::take().without(&gone);
		assert_eq!(SubtensorModule::trim_neurons(NETUID, 9), Ok((12, 3)));
		assert_eq!(Picture::take(), expected);
		assert_eq!(SubnetworkN::<Test>::get(NETUID), 9);
		for hotkey in gone {
			assert_eq!(Uids::<Test>::get(NETUID, &hotkey), None);
			assert!(events().iter().any(|event| matches!(
				event,
				Event::NeuronTrimmed(NETUID, _, trimmed) if *trimmed == hotkey
			)));
		}
		let moved = events()
			.into_iter()
			.filter(|event| matches!(event, Event::NeuronRenumbered(..)));
		assert_eq!(moved.count(), 3, "only those from uid 9 on move");
		next_epoch(NETUID);
	});
}

#[test]
fn any_size_can_be_reached_and_the_books_stay_right() {
	for most in 1..12 {
		run_with(crowded(12, 3), || {
			spread_subnet();
			let before = Picture::take();
			let all: BTreeSet<_> = before.columns.keys().cloned().collect();
			assert_ok!(SubtensorModule::trim_neurons(NETUID, most));
			let after = Picture::take();
			let left: BTreeSet<_> = after.columns.keys().cloned().collect();
			assert_eq!(left.len(), usize::from(most));
			assert!(left.contains(&key(SubtensorModule::owner_uid(NETUID).unwrap())));
			assert_eq!(after, before.without(&all.difference(&left).cloned().collect()));
			next_epoch(NETUID);
		});
	}
}

#[test]
fn the_immune_stay_and_too_many_at_once_are_refused() {
	run_with(crowded(400, 3), || {
		crowded_subnet(400, 3);
		ImmunityPeriod::<Test>::insert(NETUID, u16::MAX);
		assert_noop!(
			SubtensorModule::trim_neurons(NETUID, 399),
			Error::<Test>::TrimmingWouldExceedMaxImmunePercentage
		);
		ImmunityPeriod::<Test>::insert(NETUID, 0);
		assert_noop!(
			SubtensorModule::trim_neurons(NETUID, 143),
			Error::<Test>::TooManyNeuronsToTrim
		);
		assert_ok!(SubtensorModule::trim_neurons(NETUID, 144));
		assert_eq!(SubtensorModule::trim_neurons(NETUID, 144), Ok((0, 0)));
		assert_eq!(SubtensorModule::trim_neurons(NETUID, u16::MAX), Ok((0, 0)));
	});
}

#[test]
fn making_a_subnet_smaller_is_charged_for_what_it_touches() {
	let (neurons, validators, trimmed) = (64, 8, 24);
	let mut storage = storage_with(crowded(neurons, validators));
	storage.execute_with(|| {
		crowded_subnet(neurons, validators);
		for uid in 1..=validators {
			assert_ok!(set_all_weights(uid));
		}
		next_epoch(NETUID);
		ImmunityPeriod::<Test>::insert(NETUID, 0);
	});
	let counted = counter::count(&mut storage, || {
		let trim = SubtensorModule::trim_neurons(NETUID, neurons - trimmed);
		assert_eq!(trim, Ok((neurons.into(), trimmed.into())));
	});
	println!("{counted:?}");
	let (rows, trimmed) = (2 * u64::from(validators), u64::from(trimmed));
	let reads = accesses::TRIM_READS + rows * accesses::REPLACED_ROW_READS + trimmed * accesses::TRIMMED_READS;
	let writes = accesses::TRIM_WRITES + rows + trimmed * accesses::TRIMMED_WRITES;
	assert!(counted.reads <= reads, "{counted:?} of {reads} reads");
	assert!(counted.writes <= writes, "{counted:?} of {writes} writes");
	let worst = <() as WeightInfo>::trim_neurons(MAX_UIDS_PER_SUBNET, MAX_TRIMMED_PER_CALL.into());
	assert!(worst.ref_time() < 1_500_000_000_000, "{worst:?}");
}
