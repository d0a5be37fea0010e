//! Tests of the block emission.

use super::{ISSUANCE_CAP, Split};
use crate::{mock::*, *};
use frame_support::traits::fungible::Inspect;
use ganglion_primitives::AlphaBalance;
use proptest::prelude::*;

fn backing(netuid: ganglion_primitives::NetUid) -> u64 {
	Balances::balance(&SubtensorModule::subnet_account(netuid))
}

#[test]
fn without_subnets_nothing_is_minted() {
	run(|| {
		let issuance = Balances::total_issuance();
		next_blocks(3);
		assert_eq!(Balances::total_issuance(), issuance);
	});
}

#[test]
fn a_block_mints_one_tao_into_the_only_subnet() {
	run(|| {
		subnet();
		let issuance = Balances::total_issuance();
		next_blocks(1);
		assert_eq!(Balances::total_issuance(), issuance + TAO);
		assert_eq!(backing(NETUID), LOCK_COST + TAO);
		assert_eq!(SubnetTaoInEmission::<Test>::get(NETUID).get(), TAO);
		assert_eq!(SubnetAlphaOut::<Test>::get(NETUID).get(), TAO);
		let owner = PendingOwnerCut::<Test>::get(NETUID).get();
		assert_eq!(owner, (u128::from(TAO) * 11_796 / 65_535) as u64);
		let validators = PendingValidatorEmission::<Test>::get(NETUID).get();
		assert_eq!(validators, (TAO - owner) / 2);
		assert_eq!(
			PendingServerEmission::<Test>::get(NETUID).get(),
			TAO - owner - validators
		);
		assert_eq!(SubnetEmissionTotals::<Test>::get(NETUID).emitted.get(), TAO);
	});
}

#[test]
fn subnets_share_equally_and_the_odd_rao_goes_round() {
	run(|| {
		let netuids = [subnet(), subnet(), subnet()];
		let issuance = Balances::total_issuance();
		next_blocks(1);
		let shares: Vec<u64> = netuids
			.iter()
			.map(|netuid| SubnetTaoInEmission::<Test>::get(netuid).get())
			.collect();
		assert_eq!(shares.iter().sum::<u64>(), TAO);
		assert!(shares.iter().all(|share| [TAO / 3, TAO / 3 + 1].contains(share)));
		next_blocks(2);
		assert_eq!(Balances::total_issuance(), issuance + 3 * TAO);
		assert!(netuids.iter().all(|netuid| backing(*netuid) == LOCK_COST + TAO));
	});
}

#[test]
fn a_subnet_without_emission_leaves_its_share_to_the_others() {
	run(|| {
		let (first, second) = (subnet(), subnet());
		next_blocks(1);
		SubnetEmissionEnabled::<Test>::insert(first, false);
		let before = backing(first);
		next_blocks(1);
		assert_eq!(backing(first), before);
		assert_eq!(SubnetTaoInEmission::<Test>::get(first).get(), 0);
		assert_eq!(SubnetTaoInEmission::<Test>::get(second).get(), TAO);
	});
}

#[test]
fn without_owner_cut_all_goes_to_miners_and_validators() {
	run(|| {
		subnet();
		OwnerCutEnabled::<Test>::insert(NETUID, false);
		next_blocks(1);
		assert_eq!(PendingOwnerCut::<Test>::get(NETUID).get(), 0);
		assert_eq!(pending(NETUID), TAO);
	});
}

#[test]
fn emission_halves_with_the_issuance_and_stops_at_the_cap() {
	run(|| {
		subnet();
		let missing = |target: u64| target - Balances::total_issuance();
		mint_to_stranger(missing(ISSUANCE_CAP / 2) - TAO);
		next_blocks(1);
		assert_eq!(SubnetTaoInEmission::<Test>::get(NETUID).get(), TAO);
		next_blocks(1);
		assert_eq!(SubnetTaoInEmission::<Test>::get(NETUID).get(), TAO / 2);
		mint_to_stranger(missing(ISSUANCE_CAP / 4 * 3));
		next_blocks(1);
		assert_eq!(SubnetTaoInEmission::<Test>::get(NETUID).get(), TAO / 4);
		mint_to_stranger(missing(ISSUANCE_CAP));
		next_blocks(2);
		assert_eq!(SubnetTaoInEmission::<Test>::get(NETUID).get(), 0);
		assert_eq!(Balances::total_issuance(), ISSUANCE_CAP);
	});
}

proptest! {
	#[test]
	fn a_split_loses_nothing(alpha: u64, owner_cut: u16) {
		let split = Split::of(AlphaBalance::new(alpha), owner_cut);
		let sum = u128::from(split.owner.get())
			+ u128::from(split.servers.get())
			+ u128::from(split.validators.get());
		prop_assert_eq!(sum, u128::from(alpha));
		prop_assert!(split.servers.get() - split.validators.get() <= 1);
		prop_assert_eq!(
			u128::from(split.owner.get()),
			u128::from(alpha) * u128::from(owner_cut) / 65_535
		);
	}
}
