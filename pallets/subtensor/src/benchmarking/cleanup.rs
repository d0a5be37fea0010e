//! What a block does for a subnet that is dissolved, stage by stage, and for registrations that wait for that.
//!
//! Each stage has more to do than a block has time for, or as much as there can be. What it is charged is what its meter
//! says.

use super::world::*;
use crate::{
	CleanupStage, DissolveCleanupStatus, MAX_QUEUED_REGISTRATIONS, MAX_SUBNETS, NetworkRegistrationInfo,
	PAYMENTS_PER_BLOCK, Paid, Pallet as Subtensor, Payment, Payout, pallet::*,
};
use alloc::{vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::{BoundedVec, pallet_prelude::Weight, traits::fungible::Mutate};
use ganglion_primitives::{
	AlphaBalance, MechanismIndex, NetUid, RAO_PER_TAO, TaoBalance, U64F64, benchmarking::declare,
};

/// The benchmarks of this module.
pub struct Pallet<T: Config>(crate::Pallet<T>);

/// What a holder has, in rao.
const AMOUNT: u64 = RAO_PER_TAO;

/// A chain full of subnets.
fn full_chain<T: Config>() -> Vec<NetUid> {
	chain::<T>();
	subnets::<T>(u32::from(MAX_SUBNETS))
}

/// Dissolves the first subnet, whose clean-up is at this stage.
fn dissolve<T: Config>(stage: CleanupStage) {
	Subtensor::<T>::do_dissolve_network(NETUID).expect("the subnet exists");
	let balance = 1_000 * RAO_PER_TAO;
	T::Currency::mint_into(&Subtensor::<T>::subnet_account(NETUID), balance).expect("there is room in the issuance");
	CurrentDissolveCleanupStatus::<T>::put(DissolveCleanupStatus {
		netuid: NETUID,
		stage,
		pot: TaoBalance::new(balance),
		alpha: SubnetAlphaOut::<T>::get(NETUID),
		..Default::default()
	});
}

/// So many hotkeys that nobody owns anything of but their owners.
fn hotkeys<T: Config>(count: u32) {
	for number in 1..=count {
		Subtensor::<T>::associate_hotkey(&coldkey(number), &hotkey(number)).expect("the hotkey is free");
	}
}

/// Stakers on root, of so many hotkeys, each with pots of all subnets and a claim on each.
fn root_stakers<T: Config>(netuids: &[NetUid], count: u32) {
	hotkeys::<T>(count);
	for number in 1..=count {
		let staker = stranger(number);
		give_root::<T>(&hotkey(number), &staker, AMOUNT);
		pots::<T>(&hotkey(number), netuids, U64F64::from_bits(1 << 63));
		// Settles, and so notes a claim.
		Subtensor::<T>::before_root_stake_change(&hotkey(number), &staker).expect("the claims fit");
	}
}

/// Goes on with the clean-up, and says in which stage it stands then.
fn stage<T: Config>() -> Option<CleanupStage> {
	CurrentDissolveCleanupStatus::<T>::get().map(|status| status.stage)
}

#[benchmarks]
mod benchmarks {
	use super::*;

	/// Nothing is cleaned up; the queues are looked at.
	#[benchmark]
	fn nothing_to_renew() {
		full_chain::<T>();
		let weight: Weight;
		#[block]
		{
			weight = Subtensor::<T>::renew_subnets();
		}
		declare(weight);
		assert_eq!(stage::<T>(), None);
	}

	/// `p` pages of payments are paid, and what is divided is noted.
	#[benchmark]
	fn settlement(p: Linear<1, 8>) {
		full_chain::<T>();
		neurons::<T>(NETUID, (p * PAYMENTS_PER_BLOCK) as u16 + 1);
		let each = AlphaBalance::new(AMOUNT);
		for page in 0..p {
			let payment = |place: u32| Payment {
				hotkey: hotkey(page * PAYMENTS_PER_BLOCK + place),
				stakers: each,
				take: each,
				server: each,
			};
			let payments: Vec<Payment> = (1..=PAYMENTS_PER_BLOCK).map(payment).collect();
			UnpaidPayments::<T>::insert(NETUID, page as u16, BoundedVec::truncate_from(payments));
		}
		let all = AlphaBalance::new(10_000 * RAO_PER_TAO);
		PendingServerEmission::<T>::insert(NETUID, all);
		PendingOwnerCut::<T>::insert(NETUID, each);
		SubnetAlphaOut::<T>::mutate(NETUID, |total| *total = total.saturating_add(all));
		UnpaidEmission::<T>::insert(
			NETUID,
			Payout {
				epoch: 1,
				emission: all,
				paid: Paid::default(),
				next_page: 0,
				pages: p as u16,
			},
		);
		dissolve::<T>(CleanupStage::Settlement);
		let weight: Weight;
		#[block]
		{
			weight = Subtensor::<T>::renew_subnets();
		}
		declare(weight);
		assert!(UnpaidEmission::<T>::get(NETUID).is_none_or(|payout| payout.next_page > 0));
	}

	/// `r` nominators of the subnet are paid, each with stake on as many hotkeys as there may be.
	#[benchmark]
	fn nominators(r: Linear<0, 600>) {
		full_chain::<T>();
		hotkeys::<T>(1);
		for number in 1..=r {
			give_alpha::<T>(&hotkey(1), &stranger(number), NETUID, AMOUNT);
			fill_staking_hotkeys::<T>(&stranger(number));
		}
		dissolve::<T>(CleanupStage::Nominators);
		let weight: Weight;
		#[block]
		{
			weight = Subtensor::<T>::renew_subnets();
		}
		declare(weight);
		if r > 0 {
			assert!(Alpha::<T>::iter().count() < r as usize);
		}
	}

	/// `r` positions on another subnet are passed.
	#[benchmark]
	fn positions_of_others(r: Linear<0, 6_000>) {
		full_chain::<T>();
		hotkeys::<T>(1);
		for number in 1..=r {
			Alpha::<T>::insert(
				(hotkey(1), stranger(number), NetUid::new(2)),
				U64F64::from_bits(1 << 64),
			);
		}
		dissolve::<T>(CleanupStage::Nominators);
		let weight: Weight;
		#[block]
		{
			weight = Subtensor::<T>::renew_subnets();
		}
		declare(weight);
		assert!(CurrentDissolveCleanupStatus::<T>::get().is_none_or(|status| status.paid.is_zero()));
	}

	/// `r` stakers on root are paid what they are owed, and have claims on all other subnets.
	#[benchmark]
	fn root_positions(r: Linear<0, 600>) {
		let netuids = full_chain::<T>();
		root_stakers::<T>(&netuids, r);
		dissolve::<T>(CleanupStage::Nominators);
		let weight: Weight;
		#[block]
		{
			weight = Subtensor::<T>::renew_subnets();
		}
		declare(weight);
		if r > 0 {
			// Paid, or forgotten already where the block had time for that too.
			let mut claims = RootClaims::<T>::iter_values();
			assert!(claims.any(|claims| claims.get(&NETUID).is_none_or(|claim| claim.owed == 0)));
		}
	}

	/// `r` owners of hotkeys are paid.
	#[benchmark]
	fn owners(r: Linear<0, 600>) {
		full_chain::<T>();
		hotkeys::<T>(r);
		for number in 1..=r {
			give_alpha::<T>(&hotkey(number), &coldkey(number), NETUID, AMOUNT);
		}
		dissolve::<T>(CleanupStage::Owners);
		let weight: Weight;
		#[block]
		{
			weight = Subtensor::<T>::renew_subnets();
		}
		declare(weight);
		assert!(HotkeyShares::<T>::iter().count() == 0 || stage::<T>() == Some(CleanupStage::Owners));
	}

	/// `r` claims on root are paid.
	#[benchmark]
	fn root_claims(r: Linear<0, 600>) {
		let netuids = full_chain::<T>();
		root_stakers::<T>(&netuids, r);
		dissolve::<T>(CleanupStage::RootClaims);
		let weight: Weight;
		#[block]
		{
			weight = Subtensor::<T>::renew_subnets();
		}
		declare(weight);
		if r > 0 {
			let mut claims = RootClaims::<T>::iter_values();
			assert!(claims.any(|claims| claims.get(&NETUID).is_none_or(|claim| claim.owed == 0)));
		}
	}

	/// The pots of `r` hotkeys lose the subnet, and keep all others.
	#[benchmark]
	fn root_pots(r: Linear<0, 2_500>) {
		let netuids = full_chain::<T>();
		hotkeys::<T>(r);
		for number in 1..=r {
			pots::<T>(&hotkey(number), &netuids, U64F64::ZERO);
		}
		dissolve::<T>(CleanupStage::RootPots);
		let weight: Weight;
		#[block]
		{
			weight = Subtensor::<T>::renew_subnets();
		}
		declare(weight);
		let left = RootPots::<T>::iter_values()
			.filter(|pots| pots.contains_key(&NETUID))
			.count();
		assert!(left < r as usize || r == 0);
	}

	/// `r` claims on root lose the subnet, and keep all others.
	#[benchmark]
	fn claim_records(r: Linear<0, 900>) {
		let netuids = full_chain::<T>();
		root_stakers::<T>(&netuids, r);
		dissolve::<T>(CleanupStage::ClaimRecords);
		let weight: Weight;
		#[block]
		{
			weight = Subtensor::<T>::renew_subnets();
		}
		declare(weight);
		let left = RootClaims::<T>::iter_values()
			.filter(|claims| claims.contains_key(&NETUID))
			.count();
		assert!(left < r as usize || r == 0);
	}

	/// `r` neurons leave the subnet.
	#[benchmark]
	fn members(r: Linear<1, 4_096>) {
		full_chain::<T>();
		neurons::<T>(NETUID, r as u16);
		dissolve::<T>(CleanupStage::Members);
		let weight: Weight;
		#[block]
		{
			weight = Subtensor::<T>::renew_subnets();
		}
		declare(weight);
		assert!(Keys::<T>::iter_prefix(NETUID).count() < r as usize);
	}

	/// `r` weight rows, each as long as it may be, are removed; what other pallets store is asked for.
	#[benchmark]
	fn rows(r: Linear<1, 4_096>) {
		full_chain::<T>();
		let index = MechanismIndex::main(NETUID);
		let row = row(0, MOST_UIDS, MOST_UIDS);
		let mut stored = crate::rows::RowsOf::<Weights<T>>::new(index);
		for uid in 0..r as u16 {
			stored.store(uid, &row);
		}
		dissolve::<T>(CleanupStage::Rows);
		let weight: Weight;
		#[block]
		{
			weight = Subtensor::<T>::renew_subnets();
		}
		declare(weight);
		assert!(Weights::<T>::iter_key_prefix(index).count() < r as usize);
	}

	/// What is one item of the subnet is removed, with the longest columns.
	#[benchmark]
	fn records() {
		full_chain::<T>();
		neurons::<T>(NETUID, MOST_UIDS);
		dissolve::<T>(CleanupStage::Records);
		let weight: Weight;
		#[block]
		{
			weight = Subtensor::<T>::renew_subnets();
		}
		declare(weight);
		assert!(DissolveCleanupQueue::<T>::get().is_empty());
	}

	/// A registration that has waited gets its subnet.
	#[benchmark]
	fn waiting_registration() {
		full_chain::<T>();
		dissolve::<T>(CleanupStage::Records);
		Subtensor::<T>::renew_subnets();
		let (coldkey, hotkey) = (stranger(1), hotkey(1));
		Subtensor::<T>::associate_hotkey(&coldkey, &hotkey).expect("the hotkey is free");
		let registration = NetworkRegistrationInfo {
			coldkey,
			hotkey,
			registration_block: 1,
			lock_amount: TaoBalance::new(LOCK_COST),
			identity: None,
		};
		let escrow = Subtensor::<T>::registration_escrow();
		fund::<T>(&escrow);
		let queue = vec![registration; MAX_QUEUED_REGISTRATIONS as usize];
		NetworkRegistrationQueue::<T>::put(BoundedVec::truncate_from(queue));
		let weight: Weight;
		#[block]
		{
			weight = Subtensor::<T>::renew_subnets();
		}
		declare(weight);
		assert!(NetworksAdded::<T>::get(NETUID));
	}

	impl_benchmark_test_suite!(Pallet, crate::benchmarking::new_test_ext(), crate::mock::Test);
}
