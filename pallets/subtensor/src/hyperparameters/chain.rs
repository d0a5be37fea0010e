//! Settings of the whole chain, which root changes.

use super::InvalidHyperparameter;
use crate::{MAX_SUBNETS, pallet::*};
use frame_support::{ensure, pallet_prelude::DispatchResult, traits::fungible::Inspect};
use ganglion_primitives::{AccountId32, NetUid, SubnetPools, TaoBalance};

impl<T: Config> Pallet<T> {
	/// Sets the number of subnets that there may be, root excluded; at most [`MAX_SUBNETS`]. Subnets beyond it stay.
	pub fn set_subnet_limit(limit: u16) -> Result<(), InvalidHyperparameter> {
		let (name, expected) = ("subnetLimit", "at most 128");
		ensure!(limit <= MAX_SUBNETS, InvalidHyperparameter { name, expected });
		SubnetLimit::<T>::put(limit);
		Ok(())
	}

	/// The lowest least cost of a subnet, in rao: the existential deposit, which stays in the subnet's account, and the least
	/// that a pool opens with.
	pub(crate) fn lowest_lock_cost() -> u64 {
		T::Currency::minimum_balance().saturating_add(T::Pools::least_reserve())
	}

	/// Sets the least cost of a subnet; at least the existential deposit and what its pool needs.
	pub fn set_network_min_lock_cost(cost: TaoBalance) -> Result<(), InvalidHyperparameter> {
		let (name, expected) = (
			"networkMinLockCost",
			"at least the existential deposit and what a pool opens with",
		);
		let lowest = Self::lowest_lock_cost();
		ensure!(cost.get() >= lowest, InvalidHyperparameter { name, expected });
		NetworkMinLockCost::<T>::put(cost);
		Ok(())
	}

	/// Sets the blocks in which the cost of a subnet falls to the least one; 0 = at once.
	pub fn set_network_lock_reduction_interval(blocks: u64) {
		NetworkLockReductionInterval::<T>::put(blocks);
	}

	/// Sets the blocks between two registrations of subnets; 0 = no limit.
	pub fn set_network_rate_limit(blocks: u64) {
		NetworkRateLimit::<T>::put(blocks);
	}

	/// Sets the blocks in which a new subnet does not make room for another.
	pub fn set_network_immunity_period(blocks: u64) {
		NetworkImmunityPeriod::<T>::put(blocks);
	}

	/// Sets the blocks after which a new subnet may be started.
	pub fn set_start_call_delay(blocks: u64) {
		StartCallDelay::<T>::put(blocks);
	}

	/// Sets the owners' share of the subnets' emission, of 65535.
	pub fn set_subnet_owner_cut(share: u16) {
		SubnetOwnerCut::<T>::put(share);
	}

	/// Sets the stake below which a hotkey neither sets weights nor counts in consensus.
	pub fn set_stake_threshold(threshold: u64) {
		StakeThreshold::<T>::put(threshold);
	}

	/// Sets for how many blocks before an epoch an owner changes nothing.
	pub fn set_admin_freeze_window(blocks: u16) {
		AdminFreezeWindow::<T>::put(blocks);
	}

	/// Sets how many tempos an owner waits before changing the same hyperparameter again; 0 = no limit.
	pub fn set_owner_hyperparam_rate_limit(tempos: u16) {
		OwnerHyperparamRateLimit::<T>::put(tempos);
	}

	/// Switches the emission of a subnet. On root, which has none, it has no effect.
	pub fn set_subnet_emission_enabled(netuid: NetUid, enabled: bool) -> DispatchResult {
		Self::ensure_subnet_exists(netuid)?;
		SubnetEmissionEnabled::<T>::insert(netuid, enabled);
		Ok(())
	}

	/// Makes another of the owner's hotkeys the one that the subnet knows as its owner's.
	pub fn set_subnet_owner_hotkey(netuid: NetUid, hotkey: &AccountId32) -> DispatchResult {
		Self::ensure_subnet_exists(netuid)?;
		ensure!(
			Uids::<T>::contains_key(netuid, hotkey),
			Error::<T>::HotKeyNotRegisteredInSubNet
		);
		let owns = Owner::<T>::get(hotkey) == SubnetOwner::<T>::get(netuid);
		ensure!(owns, Error::<T>::NonAssociatedColdKey);
		SubnetOwnerHotkey::<T>::insert(netuid, hotkey);
		Ok(())
	}
}
