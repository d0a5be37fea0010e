//! Which subnets exist, whose they are, and the accounts that back their alpha.

pub mod storage;
mod symbols;

#[cfg(test)]
mod tests;

use crate::{Hyperparameters, MAX_SUBNETS, pallet::*};
use alloc::vec::Vec;
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult, Get},
	traits::{
		fungible::{Inspect, Mutate},
		tokens::{Fortitude, Preservation},
	},
};
use frame_system::{ensure_root, ensure_signed, pallet_prelude::OriginFor};
use ganglion_primitives::{AccountId32, AlphaBalance, MechanismIndex, NetUid, Reserves, SubnetPools, TaoBalance};
use sp_runtime::{
	TypeId,
	traits::{AccountIdConversion, UniqueSaturatedInto},
};

impl<T: Config> Pallet<T> {
	/// The current block, as clients count it.
	pub fn block_number() -> u64 {
		frame_system::Pallet::<T>::block_number().unique_saturated_into()
	}

	/// The account whose TAO backs the alpha of a subnet.
	pub fn subnet_account(netuid: NetUid) -> AccountId32 {
		T::PalletId::get().into_sub_account_truncating(netuid)
	}

	/// Whether the account is one of [`Pallet::subnet_account`]'s.
	pub(crate) fn is_subnet_account(account: &AccountId32) -> bool {
		let prefix = frame_support::PalletId::TYPE_ID;
		let bytes: &[u8; 32] = account.as_ref();
		bytes.starts_with(&prefix) && bytes.get(4..12) == Some(&T::PalletId::get().0[..])
	}

	/// The numbers of all subnets, root excluded, in ascending order.
	pub fn subnets() -> Vec<NetUid> {
		let mut netuids: Vec<NetUid> = NetworksAdded::<T>::iter()
			.filter(|(netuid, added)| *added && !netuid.is_root())
			.map(|(netuid, _)| netuid)
			.collect();
		netuids.sort_unstable();
		netuids
	}

	/// What registering a subnet costs now.
	pub fn network_registration_cost() -> TaoBalance {
		NetworkMinLockCost::<T>::get()
	}

	/// The uid of the owner's hotkey.
	pub(crate) fn owner_uid(netuid: NetUid) -> Option<u16> {
		Uids::<T>::get(netuid, SubnetOwnerHotkey::<T>::get(netuid))
	}

	/// Whether the hotkey is the subnet owner's.
	pub(crate) fn is_owner_hotkey(netuid: NetUid, hotkey: &AccountId32) -> bool {
		SubnetOwnerHotkey::<T>::get(netuid) == *hotkey
	}

	/// Fails unless the subnet exists.
	pub fn ensure_subnet_exists(netuid: NetUid) -> DispatchResult {
		ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
		Ok(())
	}

	/// Fails unless the origin is root or the owner of the (existing) subnet. Root cannot be owned.
	pub(crate) fn ensure_subnet_owner_or_root(origin: OriginFor<T>, netuid: NetUid) -> DispatchResult {
		let signer = match ensure_root(origin.clone()) {
			Ok(()) => None,
			Err(_) => Some(ensure_signed(origin)?),
		};
		Self::ensure_subnet_exists(netuid)?;
		ensure!(!netuid.is_root(), Error::<T>::NotSubnetOwner);
		if let Some(coldkey) = signer {
			ensure!(SubnetOwner::<T>::get(netuid) == coldkey, Error::<T>::NotSubnetOwner);
		}
		Ok(())
	}

	/// Registers a subnet with the default hyperparameters. The cost goes into the subnet's account, and opens its pool.
	pub(crate) fn do_register_network(coldkey: &AccountId32, hotkey: &AccountId32) -> DispatchResult {
		let netuid = Self::free_netuid()?;
		Self::ensure_may_own(coldkey, hotkey)?;
		Self::pay_for_network(coldkey, netuid)?;
		Self::associate_hotkey(coldkey, hotkey)?;
		Self::create_network(netuid, coldkey, hotkey)?;
		Self::append_neuron(netuid, hotkey)?;
		Self::begin_emission(netuid)?;
		Self::deposit_event(Event::NetworkAdded(netuid, 0));
		Ok(())
	}

	/// The smallest number that no subnet has.
	fn free_netuid() -> Result<NetUid, DispatchError> {
		let limit = SubnetLimit::<T>::get().min(MAX_SUBNETS);
		let found = (1..=limit)
			.map(NetUid::new)
			.find(|netuid| !NetworksAdded::<T>::get(netuid));
		Ok(found.ok_or(Error::<T>::SubnetLimitReached)?)
	}

	/// Moves the cost of a subnet into the subnet's account, and opens the subnet's pool with what of it is above the
	/// existential deposit, at a price of one TAO for one alpha.
	fn pay_for_network(coldkey: &AccountId32, netuid: NetUid) -> DispatchResult {
		let cost = Self::network_registration_cost();
		let seed = T::Currency::minimum_balance();
		let pooled = cost.get().checked_sub(seed).ok_or(Error::<T>::CannotAffordLockCost)?;
		let available = T::Currency::reducible_balance(coldkey, Preservation::Preserve, Fortitude::Polite);
		ensure!(available >= cost.get(), Error::<T>::CannotAffordLockCost);
		let account = Self::subnet_account(netuid);
		T::Currency::transfer(coldkey, &account, cost.get(), Preservation::Preserve)?;
		let reserves = Reserves {
			tao: TaoBalance::new(pooled),
			alpha: AlphaBalance::new(pooled),
		};
		T::Pools::open(netuid, reserves).map_err(Error::<T>::from)?;
		SubnetLocked::<T>::insert(netuid, cost);
		Ok(())
	}

	/// Writes the storage of a new subnet without neurons.
	fn create_network(netuid: NetUid, coldkey: &AccountId32, hotkey: &AccountId32) -> DispatchResult {
		let block = Self::block_number();
		NetworksAdded::<T>::insert(netuid, true);
		let total = TotalNetworks::<T>::get().checked_add(1).ok_or(Error::<T>::Overflow)?;
		TotalNetworks::<T>::put(total);
		SubnetOwner::<T>::insert(netuid, coldkey);
		SubnetOwnerHotkey::<T>::insert(netuid, hotkey);
		NetworkRegisteredAt::<T>::insert(netuid, block);
		TokenSymbol::<T>::insert(netuid, symbols::symbol(netuid));
		let defaults: Hyperparameters = SubnetDefaults::<T>::get();
		defaults.store::<T>(netuid);
		SubnetEmissionEnabled::<T>::insert(netuid, true);
		SubtokenEnabled::<T>::insert(netuid, true);
		SubnetworkN::<T>::insert(netuid, 0);
		LastEpochBlock::<T>::insert(netuid, block);
		LastUpdate::<T>::insert(MechanismIndex::main(netuid), Column::<u64>::new());
		Ok(())
	}
}
