//! What benchmarks set up: a chain, subnets, neurons, stake.

use crate::{
	Hyperparameters, MAX_HOTKEYS_PER_COLDKEY, MAX_SUBNETS, MAX_UIDS_PER_SUBNET, MAX_VALIDATORS_PER_SUBNET, RootPot,
	pallet::*, rows::RowsOf,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{BoundedVec, traits::fungible::Mutate};
use frame_system::RawOrigin;
use ganglion_primitives::{AccountId32, AlphaBalance, MechanismIndex, NetUid, RAO_PER_TAO, TaoBalance, U64F64};

/// The block that benchmarks run in.
pub(super) const BLOCK: u32 = 1_000_000;
/// What a coldkey has, in rao.
const BALANCE: u64 = 10_000 * RAO_PER_TAO;
/// What a subnet costs, in rao.
pub(super) const LOCK_COST: u64 = 100 * RAO_PER_TAO;
/// The largest subnet.
pub(super) const MOST_UIDS: u16 = MAX_UIDS_PER_SUBNET as u16;
/// The subnet that most benchmarks are about.
pub(super) const NETUID: NetUid = NetUid::new(1);

/// An account that nobody has a key of; hashed as real keys are spread, so that the trie gets its usual shape.
fn account(kind: u8, number: u32) -> AccountId32 {
	AccountId32::new(sp_io::hashing::blake2_256(&(kind, number).encode()))
}

/// The owner of [`hotkey`] of the same number.
pub(super) fn coldkey(number: u32) -> AccountId32 {
	account(b'c', number)
}

/// The hotkey of uid `number`, from 1 on.
pub(super) fn hotkey(number: u32) -> AccountId32 {
	account(b'h', number)
}

/// An account that owns no hotkey.
pub(super) fn stranger(number: u32) -> AccountId32 {
	account(b's', number)
}

/// Gives an account TAO.
pub(super) fn fund<T: Config>(account: &AccountId32) {
	T::Currency::mint_into(account, BALANCE).expect("there is room in the issuance");
}

/// The origin of a signed call.
pub(super) fn signed<T: Config>(account: &AccountId32) -> T::RuntimeOrigin {
	RawOrigin::Signed(account.clone()).into()
}

/// Parameters of the largest subnet, with the slowest consensus, in which everybody earns.
fn largest() -> Hyperparameters {
	Hyperparameters {
		tempo: 50_000,
		max_allowed_uids: MOST_UIDS,
		max_allowed_validators: MAX_VALIDATORS_PER_SUBNET,
		immunity_period: 0,
		weights_set_rate_limit: 0,
		kappa: 0,
		activity_cutoff_factor_milli: 1_000_000,
		bonds_reset_on: true,
		yuma3_on: true,
		liquid_alpha_on: true,
		burn: TaoBalance::new(RAO_PER_TAO / 10),
		max_registrations_per_block: 64,
		pow_registration_allowed: true,
		difficulty: 1,
		min_difficulty: 1,
		immune_owner_uids_limit: 10,
		serving_rate_limit: 0,
		..Default::default()
	}
}

/// A chain on which everything is allowed at once.
pub(super) fn chain<T: Config>() {
	frame_system::Pallet::<T>::set_block_number(BLOCK.into());
	SubnetDefaults::<T>::put(largest());
	SubnetLimit::<T>::put(MAX_SUBNETS);
	NetworkRateLimit::<T>::put(0);
	NetworkImmunityPeriod::<T>::put(0);
	NetworkMinLockCost::<T>::put(TaoBalance::new(LOCK_COST));
	NetworkLockReductionInterval::<T>::put(0);
	StartCallDelay::<T>::put(0);
	StakeThreshold::<T>::put(1);
	NominatorMinRequiredStake::<T>::put(1_000);
	AdminFreezeWindow::<T>::put(10);
	OwnerHyperparamRateLimit::<T>::put(1);
	TaoFlowEnabled::<T>::put(true);
}

/// The owner of a subnet.
pub(super) fn owner(netuid: NetUid) -> AccountId32 {
	account(b'o', u32::from(netuid.get()))
}

/// The hotkey of a subnet's owner, its uid 0.
pub(super) fn owner_hotkey(netuid: NetUid) -> AccountId32 {
	account(b'k', u32::from(netuid.get()))
}

/// Registers the next subnet, and does not start it.
pub(super) fn unstarted<T: Config>() -> NetUid {
	let netuid = Pallet::<T>::free_netuid().expect("a number is free");
	let (owner, hotkey) = (owner(netuid), owner_hotkey(netuid));
	fund::<T>(&owner);
	Pallet::<T>::do_register_network(&owner, &hotkey, None).expect("the subnet can be registered");
	netuid
}

/// Registers the next subnet and starts it.
pub(super) fn subnet<T: Config>() -> NetUid {
	let netuid = unstarted::<T>();
	Pallet::<T>::do_start_call(netuid).expect("the subnet can be started");
	netuid
}

/// Registers and starts so many subnets.
pub(super) fn subnets<T: Config>(count: u32) -> Vec<NetUid> {
	(0..count).map(|_| subnet::<T>()).collect()
}

/// Fills a subnet up to so many neurons, whose registration is long ago.
pub(super) fn neurons<T: Config>(netuid: NetUid, count: u16) {
	for uid in SubnetworkN::<T>::get(netuid)..count {
		let number = u32::from(uid);
		let (coldkey, hotkey) = (coldkey(number), hotkey(number));
		Pallet::<T>::associate_hotkey(&coldkey, &hotkey).expect("the hotkey is free");
		Pallet::<T>::append_neuron(netuid, &hotkey).expect("the subnet has room");
	}
	BlockAtRegistration::<T>::mutate(netuid, |column| column.iter_mut().for_each(|block| *block = 1));
}

/// Lets uids 1 to `count` of a subnet validate, each with stake of its owner's, and of a nominator's.
pub(super) fn validators<T: Config>(netuid: NetUid, count: u16) {
	ValidatorPermit::<T>::mutate(netuid, |column| {
		column
			.iter_mut()
			.skip(1)
			.take(usize::from(count))
			.for_each(|permit| *permit = true);
	});
	for number in 1..=u32::from(count) {
		give_alpha::<T>(
			&hotkey(number),
			&coldkey(number),
			netuid,
			RAO_PER_TAO + u64::from(number),
		);
	}
}

/// Gives a coldkey alpha on a hotkey, without a trade.
pub(super) fn give_alpha<T: Config>(hotkey: &AccountId32, coldkey: &AccountId32, netuid: NetUid, rao: u64) {
	let alpha = AlphaBalance::new(rao);
	Pallet::<T>::put_alpha(hotkey, coldkey, netuid, alpha).expect("the hotkey takes stake");
	SubnetAlphaOut::<T>::mutate(netuid, |total| *total = total.saturating_add(alpha));
}

/// Gives a coldkey stake on a hotkey on root, with the TAO that backs it.
pub(super) fn give_root<T: Config>(hotkey: &AccountId32, coldkey: &AccountId32, rao: u64) {
	T::Currency::mint_into(&Pallet::<T>::subnet_account(NetUid::ROOT), rao).expect("there is room in the issuance");
	give_alpha::<T>(hotkey, coldkey, NetUid::ROOT, rao);
}

/// Ascending destinations, `length` of them from `first` on, in a circle of `neurons`, with different weights.
pub(super) fn row(first: u16, length: u16, neurons: u16) -> Vec<(u16, u16)> {
	let mut row: Vec<(u16, u16)> = (0..u32::from(length))
		.map(|index| {
			let uid = (u32::from(first) + index) % u32::from(neurons);
			let weight = (uid * 7_919 + u32::from(first) * 104_729) % 50_000 + 1;
			(uid as u16, weight as u16)
		})
		.collect();
	row.sort_unstable();
	row
}

/// Gives each uid from `first` up to `end` a weight row of so many destinations.
pub(super) fn weight_rows<T: Config>(netuid: NetUid, uids: core::ops::Range<u16>, length: u16) {
	let neurons = SubnetworkN::<T>::get(netuid);
	let mut rows = RowsOf::<Weights<T>>::new(MechanismIndex::main(netuid));
	for uid in uids {
		let row = row(uid, length.min(neurons), neurons);
		rows.store(uid, &row);
	}
	LastUpdate::<T>::mutate(MechanismIndex::main(netuid), |column| {
		column.iter_mut().for_each(|block| *block = u64::from(BLOCK) - 10);
	});
}

/// Gives uids 0 to `count` a bond row of so many destinations each.
pub(super) fn bond_rows<T: Config>(netuid: NetUid, count: u16, length: u16) {
	let neurons = SubnetworkN::<T>::get(netuid);
	let mut rows = RowsOf::<Bonds<T>>::new(MechanismIndex::main(netuid));
	for uid in 0..=count {
		let row = row(uid, length.min(neurons), neurons);
		rows.store(uid, &row);
	}
}

/// The largest subnet with as many validators as it may have, without weights.
pub(super) fn largest_subnet<T: Config>() -> NetUid {
	let netuid = subnet::<T>();
	neurons::<T>(netuid, MOST_UIDS);
	validators::<T>(netuid, MAX_VALIDATORS_PER_SUBNET);
	netuid
}

/// Gives a coldkey stake on so many hotkeys that there is room for one more, for nothing but the length of the list.
pub(super) fn fill_staking_hotkeys<T: Config>(coldkey: &AccountId32) {
	let mut hotkeys = StakingHotkeys::<T>::get(coldkey).into_inner();
	let room = (MAX_HOTKEYS_PER_COLDKEY as usize - 1).saturating_sub(hotkeys.len());
	// In front: what is looked for is found last.
	let mut filled: Vec<AccountId32> = (0..room as u32).map(|number| account(b'f', number)).collect();
	filled.append(&mut hotkeys);
	StakingHotkeys::<T>::insert(coldkey, BoundedVec::truncate_from(filled));
}

/// Gives a hotkey a pot of root dividends from each of these subnets, of so much alpha for each rao of stake on root.
pub(super) fn pots<T: Config>(hotkey: &AccountId32, netuids: &[NetUid], per_rao: U64F64) {
	let stake = TotalHotkeyAlpha::<T>::get(hotkey, NetUid::ROOT).get();
	RootPots::<T>::mutate(hotkey, |pots| {
		for netuid in netuids {
			let dividend = (per_rao.bits * u128::from(stake)) >> 64;
			let dividend = AlphaBalance::new(dividend as u64);
			let pot = RootPot {
				since: NetworkRegisteredAt::<T>::get(netuid),
				per_rao: per_rao.bits,
				remainder: 0,
				claimable: dividend,
			};
			pots.try_insert(*netuid, pot)
				.expect("there are no more subnets than places");
			RootClaimableAlpha::<T>::mutate(netuid, |total| *total = total.saturating_add(dividend));
			SubnetAlphaOut::<T>::mutate(netuid, |total| *total = total.saturating_add(dividend));
		}
	});
}
