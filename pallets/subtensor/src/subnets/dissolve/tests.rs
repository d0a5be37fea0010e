//! Tests of dissolving subnets and cleaning up.

use super::map_tests::maps;
use crate::{mock::*, *};
use frame_support::{
	assert_noop, assert_ok,
	traits::{
		Get,
		fungible::{Inspect, Mutate},
		tokens::Preservation,
	},
};
use ganglion_primitives::{NetUid, SubnetPools, TaoBalance};
use sp_io::hashing::twox_128;
use sp_runtime::DispatchError;
use std::collections::{BTreeMap, BTreeSet};

/// A block so short that a clean-up takes several.
pub(super) const SHORT_BLOCK: u64 = 200_000_000_000;

pub(super) fn dissolve(netuid: NetUid) {
	assert_ok!(SubtensorModule::root_dissolve_network(RuntimeOrigin::root(), netuid));
}

/// Begins blocks until no clean-up is left, and checks the invariants in each. Returns their number.
pub(super) fn clean_up() -> u64 {
	let mut blocks = 0;
	while !DissolveCleanupQueue::<Test>::get().is_empty() {
		next_blocks(1);
		assert_ok!(SubtensorModule::do_try_state());
		blocks += 1;
		assert!(blocks < 1_000, "{:?}", CurrentDissolveCleanupStatus::<Test>::get());
	}
	blocks
}

/// What the last clean-up paid and burned.
pub(super) fn paid_and_burned(netuid: NetUid) -> (u64, u64) {
	let told = events().into_iter().find_map(|event| match event {
		Event::NetworkCleanedUp {
			netuid: cleaned,
			paid,
			burned,
			..
		} if cleaned == netuid => Some((paid.get(), burned.get())),
		_ => None,
	});
	told.expect("the clean-up ended in this block")
}

/// All keys of the pallet and of the pools.
fn keys() -> BTreeSet<Vec<u8>> {
	let prefixes = [twox_128(b"SubtensorModule"), twox_128(b"Swap")];
	let mut keys = BTreeSet::new();
	for prefix in prefixes {
		let mut key = prefix.to_vec();
		while let Some(next) = sp_io::storage::next_key(&key).filter(|next| next.starts_with(&prefix)) {
			keys.insert(next.clone());
			key = next;
		}
	}
	keys
}

pub(super) fn account(netuid: NetUid) -> u64 {
	Balances::balance(&SubtensorModule::subnet_account(netuid))
}

/// The alpha of a subnet, in the pool and outside.
pub(super) fn all_alpha(netuid: NetUid) -> u128 {
	let pooled = Swap::reserves(netuid).unwrap().alpha.get();
	u128::from(pooled) + u128::from(SubnetAlphaOut::<Test>::get(netuid).get())
}

/// What this part of the alpha is paid of a pot.
fn share(pot: u64, alpha: u64, all: u128) -> u64 {
	(u128::from(pot) * u128::from(alpha) / all) as u64
}

#[test]
fn holders_are_paid_in_proportion_and_the_rest_is_burned() {
	run(|| {
		subnet();
		register(2);
		register(3);
		stake(2, 2, 3 * TAO);
		stake(9, 2, 2 * TAO);
		stake(3, 3, TAO);
		let pot = account(NETUID) - EXISTENTIAL_DEPOSIT;
		let before = [2, 3, 9].map(|number| Balances::balance(&cold(number)));
		let issuance = Balances::total_issuance();
		let all = all_alpha(NETUID);
		assert!(all > u128::from(6 * TAO));
		dissolve(NETUID);
		clean_up();
		let after = [2, 3, 9].map(|number| Balances::balance(&cold(number)));
		let shares = [3, 1, 2].map(|part| share(pot, part * TAO, all));
		let got: Vec<u64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
		assert_eq!(got, shares);
		let (paid, burned) = paid_and_burned(NETUID);
		assert_eq!(paid, shares.iter().sum::<u64>());
		assert_eq!(paid + burned, pot + EXISTENTIAL_DEPOSIT);
		assert_eq!(Balances::total_issuance(), issuance - burned);
		assert_eq!(account(NETUID), 0);
	});
}

#[test]
fn holders_are_told() {
	run(|| {
		subnet();
		register(2);
		stake(2, 2, 3 * TAO);
		let paid = share(account(NETUID) - EXISTENTIAL_DEPOSIT, 3 * TAO, all_alpha(NETUID));
		dissolve(NETUID);
		assert!(events().contains(&Event::NetworkRemoved(NETUID)));
		clean_up();
		let told = Event::StakeRemoved(cold(2), hot(2), TaoBalance::new(paid), (3 * TAO).into(), NETUID, 0);
		assert!(events().contains(&told), "{:?}", events());
	});
}

#[test]
fn without_holders_all_is_burned() {
	run(|| {
		let free = Balances::balance(&cold(1));
		subnet();
		let issuance = Balances::total_issuance();
		dissolve(NETUID);
		clean_up();
		assert_eq!(paid_and_burned(NETUID), (0, LOCK_COST));
		assert_eq!(Balances::total_issuance(), issuance - LOCK_COST);
		assert_eq!(Balances::balance(&cold(1)), free - LOCK_COST);
	});
}

#[test]
fn nothing_of_a_subnet_is_left_and_its_number_is_free() {
	run(|| {
		let before = keys();
		working_subnet();
		assert_ok!(set_weights(2, &[(3, 3), (4, 1)]));
		let key = vec![1, 2, 3];
		let (origin, ip) = (signed(hot(4)), 0x7f00_0001);
		assert_ok!(SubtensorModule::serve_axon_tls(
			origin, NETUID, 1, ip, 9_000, 4, 4, 0, 0, key
		));
		stake(9, 2, 5 * TAO);
		next_epoch(NETUID);
		next_blocks(3);
		dissolve(NETUID);
		clean_up();
		let kept: BTreeSet<[u8; 16]> = ["Owner", "OwnedHotkeys", "StakingHotkeys"]
			.into_iter()
			.chain([
				"NetworkLastLockCost",
				"NetworkLastRegistered",
				"DissolveCleanupQueue",
				"OpenPayouts",
			])
			.map(|item| twox_128(item.as_bytes()))
			.collect();
		let left: Vec<Vec<u8>> = keys()
			.difference(&before)
			.filter(|key| !kept.iter().any(|item| key[16..].starts_with(item)))
			.cloned()
			.collect();
		assert!(left.is_empty(), "{}", named(&left));
		assert_eq!(SubtensorModule::subnets(), vec![]);
		// Nobody stakes on a stranger's hotkey any more.
		assert!(StakingHotkeys::<Test>::get(cold(9)).is_empty());

		assert_eq!(subnet(), NETUID);
		assert_eq!(SubnetworkN::<Test>::get(NETUID), 1);
		assert_eq!(SubnetEpochIndex::<Test>::get(NETUID), 0);
		working(NETUID);
	});
}

/// The names of the items that these keys belong to.
fn named(keys: &[Vec<u8>]) -> String {
	let names: BTreeMap<[u8; 16], &str> = maps()
		.into_iter()
		.map(|map| (twox_128(map.name.as_bytes()), map.name))
		.collect();
	let name = |key: &Vec<u8>| {
		names
			.get(&key[16..32])
			.map_or_else(|| format!("{key:?}"), ToString::to_string)
	};
	keys.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// A registered subnet works: its neurons register, hold alpha, and are paid.
fn working(netuid: NetUid) {
	for number in 2..=4 {
		assert_ok!(try_register(number, netuid, hot(number)));
	}
	stake(2, 2, 100 * TAO);
	next_epoch(netuid);
	next_epoch(netuid);
	assert!(SubnetEmissionTotals::<Test>::get(netuid).emitted.get() > 0);
}

#[test]
fn a_subnet_that_is_cleaned_up_does_not_exist_for_calls() {
	run(|| {
		working_subnet();
		for (coldkey, hotkey) in (1..=20).flat_map(|coldkey| (2..=5).map(move |hotkey| (coldkey, hotkey))) {
			give_alpha(&cold(coldkey), &hot(hotkey), NETUID, TAO);
		}
		block_length(SHORT_BLOCK);
		dissolve(NETUID);
		let error: DispatchError = Error::<Test>::WaitingForDissolvedSubnetCleanup.into();
		for _ in 0..2 {
			assert!(!NetworksAdded::<Test>::get(NETUID));
			assert_noop!(try_register(7, NETUID, hot(7)), error);
			assert_noop!(set_weights(2, &[(3, 1)]), error);
			let add = SubtensorModule::add_stake(signed(cold(2)), hot(2), NETUID, TAO.into());
			assert_noop!(add, error);
			let remove = SubtensorModule::remove_stake(signed(cold(2)), hot(2), NETUID, TAO.into());
			assert_noop!(remove, error);
			assert_noop!(SubtensorModule::start_call(signed(cold(1)), NETUID), error);
			assert_noop!(SubtensorModule::trigger_epoch(signed(cold(1)), NETUID), error);
			let twice = SubtensorModule::root_dissolve_network(RuntimeOrigin::root(), NETUID);
			assert_noop!(twice, Error::<Test>::NetworkDissolveAlreadyQueued);
			let twice = SubtensorModule::dissolve_network(signed(cold(1)), cold(1), NETUID);
			assert_noop!(twice, Error::<Test>::NetworkDissolveAlreadyQueued);
			next_blocks(1);
			assert!(
				CurrentDissolveCleanupStatus::<Test>::exists(),
				"the clean-up was too quick"
			);
		}
		let epochs = SubnetEpochIndex::<Test>::get(NETUID);
		let issuance = Balances::total_issuance();
		clean_up();
		assert!(SubnetEpochIndex::<Test>::get(NETUID) <= epochs);
		assert!(Balances::total_issuance() <= issuance);
	});
}

#[test]
fn an_owner_or_root_dissolves_and_nobody_else() {
	run(|| {
		subnet();
		let call = |origin, coldkey, netuid| SubtensorModule::dissolve_network(origin, coldkey, netuid);
		assert_noop!(call(signed(cold(2)), cold(1), NETUID), Error::<Test>::NotSubnetOwner);
		assert_noop!(call(signed(cold(2)), cold(2), NETUID), Error::<Test>::NotSubnetOwner);
		assert_noop!(call(signed(hot(1)), hot(1), NETUID), Error::<Test>::NotSubnetOwner);
		assert_noop!(
			call(RuntimeOrigin::root(), cold(2), NETUID),
			Error::<Test>::NotSubnetOwner
		);
		assert_noop!(call(RuntimeOrigin::none(), cold(1), NETUID), DispatchError::BadOrigin);
		assert_noop!(
			call(signed(cold(1)), cold(1), NetUid::new(9)),
			Error::<Test>::SubnetNotExists
		);
		let root = call(RuntimeOrigin::root(), ZeroAccount::get(), NetUid::ROOT);
		assert_noop!(root, Error::<Test>::SubnetNotExists);
		let by_root = |netuid| SubtensorModule::root_dissolve_network(RuntimeOrigin::root(), netuid);
		assert_noop!(by_root(NetUid::ROOT), Error::<Test>::SubnetNotExists);
		assert_noop!(by_root(NetUid::new(u16::MAX)), Error::<Test>::SubnetNotExists);
		let by_owner = SubtensorModule::root_dissolve_network(signed(cold(1)), NETUID);
		assert_noop!(by_owner, DispatchError::BadOrigin);

		assert_ok!(call(signed(cold(1)), cold(1), NETUID));
		let second = subnet();
		assert_ok!(call(RuntimeOrigin::root(), cold(1), second));
	});
}

#[test]
fn payments_that_an_epoch_put_aside_and_the_owners_cut_take_part() {
	run_with(crowded(200, 3), || {
		crowded_subnet(200, 3);
		for uid in 1..=3 {
			assert_ok!(set_all_weights(uid));
		}
		next_epoch(NETUID);
		let payout = UnpaidEmission::<Test>::get(NETUID).expect("there are pages to pay");
		assert!(payout.rest() > 0);
		let owed: u64 = UnpaidPayments::<Test>::iter_prefix(NETUID)
			.flat_map(|(_, page)| page)
			.map(|payment| payment.server.get())
			.sum();
		assert!(owed > 0);
		next_blocks(1);
		let staked = TotalAlphaStaked::<Test>::get(NETUID).get();
		let cut = PendingOwnerCut::<Test>::get(NETUID).get();
		let rest: u64 = UnpaidPayments::<Test>::iter_prefix(NETUID)
			.flat_map(|(_, page)| page)
			.map(|payment| payment.server.get())
			.sum();
		let owner = Balances::balance(&cold(1));
		let (all, outside) = (all_alpha(NETUID), SubnetAlphaOut::<Test>::get(NETUID).get());
		assert!(outside >= staked + cut + rest);
		dissolve(NETUID);
		clean_up();
		let cleaned = events().into_iter().find_map(|event| match event {
			Event::NetworkCleanedUp { alpha, .. } => Some(alpha.get()),
			_ => None,
		});
		assert_eq!(cleaned.map(u128::from), Some(all));
		assert!(cut > 0 && rest > 0);
		assert!(Balances::balance(&cold(1)) > owner);
	});
}

#[test]
fn a_clean_up_takes_its_share_of_each_block_and_others_go_on() {
	let paid = [u64::MAX / 4, SHORT_BLOCK].map(|length| {
		let mut paid = Vec::new();
		run_with(crowded(120, 3), || {
			crowded_subnet(120, 3);
			let second = subnet();
			assert_ok!(try_register(2, second, hot(2)));
			let netuids: Vec<_> = (0..100_u8).collect();
			for number in netuids {
				give_alpha(
					&cold(number % 20 + 1),
					&crowd(u16::from(number) + 1),
					NETUID,
					TAO + u64::from(number),
				);
				give_alpha(&cold(2), &crowd(u16::from(number) + 1), second, TAO);
			}
			block_length(length);
			let before: Vec<u64> = (2..=20).map(|number| Balances::balance(&cold(number))).collect();
			dissolve(NETUID);
			let budget = SubtensorModule::cleanup_budget();
			let mut blocks = 0;
			while !DissolveCleanupQueue::<Test>::get().is_empty() {
				next_blocks(1);
				blocks += 1;
				assert!(blocks < 1_000);
				assert_ok!(SubtensorModule::do_try_state());
			}
			assert_eq!(blocks > 1, length == SHORT_BLOCK, "{blocks} blocks, {budget:?} each");
			assert!(SubtensorModule::subnets().contains(&second));
			paid = (2..=20_u8)
				.zip(before)
				.map(|(number, before)| Balances::balance(&cold(number)) - before)
				.collect();
		});
		paid
	});
	assert!(paid[0].iter().sum::<u64>() > 0);
	// The TAO that the subnet got in the meantime is none.
	assert_eq!(paid[0], paid[1]);
}

#[test]
fn several_subnets_are_cleaned_up_in_the_order_of_their_ends() {
	run(|| {
		block_length(SHORT_BLOCK);
		let netuids = [subnet(), subnet(), subnet()];
		dissolve(netuids[2]);
		dissolve(netuids[0]);
		assert_eq!(
			DissolveCleanupQueue::<Test>::get().into_inner(),
			vec![netuids[2], netuids[0]]
		);
		assert_eq!(SubtensorModule::subnets(), vec![netuids[1]]);
		let mut ended = Vec::new();
		while !DissolveCleanupQueue::<Test>::get().is_empty() {
			let first = DissolveCleanupQueue::<Test>::get()[0];
			next_blocks(1);
			assert_ok!(SubtensorModule::do_try_state());
			let status = CurrentDissolveCleanupStatus::<Test>::get();
			assert!(status.is_none_or(|status| status.netuid == first));
			ended.extend(events().into_iter().filter_map(|event| match event {
				Event::NetworkCleanedUp { netuid, .. } => Some(netuid),
				_ => None,
			}));
		}
		assert_eq!(ended, vec![netuids[2], netuids[0]]);
		assert_eq!(subnet(), netuids[0]);
	});
}

#[test]
fn a_holder_whose_account_cannot_be_paid_loses_no_more_than_dust() {
	run(|| {
		subnet();
		register(2);
		stake(2, 2, 1_000_000 * TAO);
		// So little that its share is below the existential deposit, for an account that does not exist.
		give_alpha(&cold(100), &hot(2), NETUID, 10_000 * TAO / LOCK_COST * 1_000);
		let issuance = Balances::total_issuance();
		let (pot, all) = (LOCK_COST - EXISTENTIAL_DEPOSIT, all_alpha(NETUID));
		let (alone, dust) = (stake_of(2, 2), stake_of(100, 2));
		assert!((1..EXISTENTIAL_DEPOSIT).contains(&share(pot, dust, all)));
		dissolve(NETUID);
		clean_up();
		assert_eq!(Balances::balance(&cold(100)), 0);
		let (paid, burned) = paid_and_burned(NETUID);
		assert_eq!(paid + burned, LOCK_COST);
		assert_eq!(paid, share(pot, alone, all));
		assert_eq!(Balances::total_issuance(), issuance - burned);
	});
}

#[test]
fn tao_that_somebody_sent_there_is_divided_too() {
	run(|| {
		subnet();
		register(2);
		stake(2, 2, TAO);
		let gift = 5 * TAO;
		assert_ok!(<Balances as Mutate<_>>::transfer(
			&cold(3),
			&SubtensorModule::subnet_account(NETUID),
			gift,
			Preservation::Preserve
		));
		let before = Balances::balance(&cold(2));
		let paid = share(LOCK_COST - EXISTENTIAL_DEPOSIT + gift, TAO, all_alpha(NETUID));
		dissolve(NETUID);
		clean_up();
		assert_eq!(Balances::balance(&cold(2)), before + paid);
	});
}

#[test]
fn roots_dividends_are_paid_to_those_who_may_claim_them() {
	run(|| {
		working_subnet();
		give_root(&cold(8), &hot(2), 100 * TAO);
		give_root(&cold(9), &hot(2), 300 * TAO);
		give_root(&cold(2), &hot(2), 100 * TAO);
		assert_ok!(set_weights(2, &[(3, 1)]));
		assert_ok!(set_weights(3, &[(3, 1)]));
		next_epoch(NETUID);
		next_epoch(NETUID);
		// One leaves root, and is still owed what they earned.
		assert_ok!(take_root(&cold(9), &hot(2), 300 * TAO));
		block_length(SHORT_BLOCK);
		let owed = [8, 9].map(|number| {
			let settled = SubtensorModule::settled_claims(&hot(2), &cold(number)).unwrap();
			settled.rows.iter().map(|row| row.alpha.get()).sum::<u64>()
		});
		assert!(owed[0] > 0 && owed[1].abs_diff(3 * owed[0]) <= 3, "{owed:?}");
		dissolve(NETUID);
		let before = [8, 9].map(|number| Balances::balance(&cold(number)));
		let mut known = None;
		while !DissolveCleanupQueue::<Test>::get().is_empty() {
			next_blocks(1);
			assert_ok!(SubtensorModule::do_try_state());
			known = CurrentDissolveCleanupStatus::<Test>::get()
				.filter(|status| !status.pot.is_zero())
				.or(known);
			// Who stakes on root now is owed nothing.
			if known.is_some() && !StakingHotkeys::<Test>::get(cold(10)).contains(&hot(2)) {
				give_root(&cold(10), &hot(2), 1_000 * TAO);
			}
		}
		let status = known.expect("the clean-up took more than a block");
		for ((number, owed), before) in [8, 9].into_iter().zip(owed).zip(before) {
			let got = Balances::balance(&cold(number)) - before;
			let due = status.share_of(owed.into()).get();
			assert!(got.abs_diff(due) <= 1, "{number}: {got} for {due}");
		}
		assert!(RootPots::<Test>::get(hot(2)).is_empty());
		assert_eq!(RootClaims::<Test>::iter().count(), 0);
		assert!(StakingHotkeys::<Test>::get(cold(9)).is_empty());
		assert_eq!(
			SubtensorModule::stake_of(&hot(2), &cold(8), NetUid::ROOT).get(),
			100 * TAO
		);
	});
}

#[test]
fn each_step_of_a_clean_up_fits_into_a_block() {
	storage_with(parameters()).execute_with(SubtensorModule::check_cleanup_fits);
}

#[test]
#[should_panic(expected = "a step of a clean-up weighs")]
fn a_block_that_is_too_short_for_a_step_is_noticed() {
	storage_with(parameters()).execute_with(|| {
		block_length(1_000_000_000);
		SubtensorModule::check_cleanup_fits();
	});
}
