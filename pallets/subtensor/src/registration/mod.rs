//! Who owns which hotkey, and which hotkey holds which uid.

mod forget;
mod pricing;
mod prune;
pub mod storage;
mod trim;
mod work;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod trim_tests;
#[cfg(test)]
mod ways_tests;

use crate::{WeightInfo, pallet::*, rows::RowsOf};
use alloc::vec::Vec;
use frame_support::{
	dispatch::WithPostDispatchInfo,
	ensure,
	pallet_prelude::{DispatchError, DispatchResult, DispatchResultWithPostInfo, Get, Weight},
	storage::IterableStorageDoubleMap,
	traits::{
		fungible::{Inspect, Mutate},
		tokens::{Fortitude, Precision, Preservation},
	},
};
use ganglion_primitives::{AccountId32, AlphaBalance, MechanismIndex, NetUid, NeuronObserver, TaoBalance};
pub use work::MAX_WORK_AGE_BLOCKS;

impl<T: Config> Pallet<T> {
	/// The coldkey that owns a hotkey; `None` where the hotkey is unknown.
	pub fn coldkey_of(hotkey: &AccountId32) -> Option<AccountId32> {
		Owner::<T>::try_get(hotkey).ok()
	}

	/// Fails if the hotkey belongs to another coldkey, or to the chain.
	pub(crate) fn ensure_may_own(coldkey: &AccountId32, hotkey: &AccountId32) -> DispatchResult {
		let reserved = Self::is_subnet_account(hotkey) || *hotkey == ZeroAccount::get();
		ensure!(!reserved, Error::<T>::CannotUseSystemAccount);
		let free = Self::coldkey_of(hotkey).is_none_or(|owner| owner == *coldkey);
		ensure!(free, Error::<T>::NonAssociatedColdKey);
		Ok(())
	}

	/// Makes the coldkey the owner of a hotkey that has none. Owned hotkeys are always in [`StakingHotkeys`], so that
	/// an epoch never has to find room there. Their accounts exist without a balance, so that they may sign what their
	/// coldkeys pay for.
	pub(crate) fn associate_hotkey(coldkey: &AccountId32, hotkey: &AccountId32) -> DispatchResult {
		if Self::coldkey_of(hotkey).is_some() {
			return Ok(());
		}
		OwnedHotkeys::<T>::try_append(coldkey, hotkey.clone()).map_err(|()| Error::<T>::TooManyStakingHotkeys)?;
		Self::note_staking_hotkey(coldkey, hotkey)?;
		Owner::<T>::insert(hotkey, coldkey);
		frame_system::Pallet::<T>::inc_sufficients(hotkey);
		Ok(())
	}

	/// Registers a hotkey for the subnet's burn, if that is at most `limit`. Returns how many neurons were searched for one
	/// to replace.
	pub(crate) fn do_burned_register(
		coldkey: &AccountId32,
		hotkey: &AccountId32,
		netuid: NetUid,
		limit: Option<TaoBalance>,
	) -> Result<u32, DispatchError> {
		ensure!(!netuid.is_root(), Error::<T>::RegistrationNotPermittedOnRootSubnet);
		Self::ensure_subnet_exists(netuid)?;
		let allowed = NetworkRegistrationAllowed::<T>::get(netuid);
		ensure!(allowed, Error::<T>::SubNetRegistrationDisabled);
		let within = limit.is_none_or(|limit| Burn::<T>::get(netuid) <= limit);
		ensure!(within, Error::<T>::RegistrationPriceLimitExceeded);
		Self::pay_and_register(coldkey, hotkey, netuid)
	}

	/// Registers a hotkey on root, for root's burn. Returns how many root validators were searched for one to replace.
	pub(crate) fn do_root_register(coldkey: &AccountId32, hotkey: &AccountId32) -> Result<u32, DispatchError> {
		Self::pay_and_register(coldkey, hotkey, NetUid::ROOT)
	}

	fn pay_and_register(coldkey: &AccountId32, hotkey: &AccountId32, netuid: NetUid) -> Result<u32, DispatchError> {
		Self::ensure_registrable(coldkey, hotkey, netuid)?;
		Self::burn_registration_cost(coldkey, netuid)?;
		let searched = Self::register(coldkey, hotkey, netuid)?;
		Self::raise_burn(netuid);
		Ok(searched)
	}

	/// Fails where the hotkey cannot get a uid in this block, whatever it pays.
	pub(crate) fn ensure_registrable(coldkey: &AccountId32, hotkey: &AccountId32, netuid: NetUid) -> DispatchResult {
		let registrations = RegistrationsThisBlock::<T>::get(netuid);
		ensure!(
			registrations < MaxRegistrationsPerBlock::<T>::get(netuid),
			Error::<T>::TooManyRegistrationsThisBlock
		);
		ensure!(
			!Uids::<T>::contains_key(netuid, hotkey),
			Error::<T>::HotKeyAlreadyRegisteredInSubNet
		);
		Self::ensure_may_own(coldkey, hotkey)
	}

	/// Gives a uid to a hotkey that may have one.
	fn register(coldkey: &AccountId32, hotkey: &AccountId32, netuid: NetUid) -> Result<u32, DispatchError> {
		Self::associate_hotkey(coldkey, hotkey)?;
		RegistrationsThisBlock::<T>::mutate(netuid, |count| *count = count.saturating_add(1));
		let n = SubnetworkN::<T>::get(netuid);
		if n < MaxAllowedUids::<T>::get(netuid) {
			Self::append_neuron(netuid, hotkey)?;
			return Ok(0);
		}
		let uid = Self::neuron_to_prune(netuid).ok_or(Error::<T>::NoNeuronIdAvailable)?;
		Self::replace_neuron(netuid, uid, hotkey)?;
		Ok(u32::from(n))
	}

	/// The weight of a registration or of its refusal: only a full subnet is searched.
	pub(crate) fn pay_for_search(netuid: NetUid, registered: Result<u32, DispatchError>) -> DispatchResultWithPostInfo {
		match registered {
			Ok(searched) => Ok(Some(T::WeightInfo::burned_register(searched)).into()),
			Err(error) => {
				let full = error == Error::<T>::NoNeuronIdAvailable.into();
				let searched = if full { SubnetworkN::<T>::get(netuid) } else { 0 };
				Err(error.with_weight(T::WeightInfo::burned_register(u32::from(searched))))
			}
		}
	}

	fn burn_registration_cost(coldkey: &AccountId32, netuid: NetUid) -> DispatchResult {
		let cost = Burn::<T>::get(netuid).get();
		let available = T::Currency::reducible_balance(coldkey, Preservation::Preserve, Fortitude::Polite);
		ensure!(available >= cost, Error::<T>::NotEnoughBalanceToStake);
		T::Currency::burn_from(
			coldkey,
			cost,
			Preservation::Preserve,
			Precision::Exact,
			Fortitude::Polite,
		)?;
		Ok(())
	}

	/// Gives the next free uid to a hotkey.
	pub(crate) fn append_neuron(netuid: NetUid, hotkey: &AccountId32) -> DispatchResult {
		let uid = SubnetworkN::<T>::get(netuid);
		let n = uid.checked_add(1).ok_or(Error::<T>::Overflow)?;
		let too_many = |()| DispatchError::from(Error::<T>::NoNeuronIdAvailable);
		let index = MechanismIndex::main(netuid);
		Active::<T>::try_append(netuid, true).map_err(too_many)?;
		Consensus::<T>::try_append(netuid, 0_u16).map_err(too_many)?;
		Incentive::<T>::try_append(index, 0_u16).map_err(too_many)?;
		Dividends::<T>::try_append(netuid, 0_u16).map_err(too_many)?;
		ValidatorTrust::<T>::try_append(netuid, 0_u16).map_err(too_many)?;
		ValidatorPermit::<T>::try_append(netuid, false).map_err(too_many)?;
		Emission::<T>::try_append(netuid, AlphaBalance::ZERO).map_err(too_many)?;
		LastUpdate::<T>::try_append(index, Self::block_number()).map_err(too_many)?;
		BlockAtRegistration::<T>::try_append(netuid, Self::block_number()).map_err(too_many)?;
		Hotkeys::<T>::try_append(netuid, hotkey.clone()).map_err(too_many)?;
		SubnetworkN::<T>::insert(netuid, n);
		Self::occupy(netuid, uid, hotkey);
		Ok(())
	}

	/// Takes a uid from its holder and gives it to a hotkey, which inherits nothing.
	fn replace_neuron(netuid: NetUid, uid: u16, hotkey: &AccountId32) -> DispatchResult {
		let old = Keys::<T>::get(netuid, uid).ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
		Self::forget_neuron(netuid, &old);
		Self::clear_neuron(netuid, uid)?;
		let known = Hotkeys::<T>::mutate(netuid, |column| set(column, usize::from(uid), hotkey.clone()));
		ensure!(known, Error::<T>::UidVecContainInvalidOne);
		Self::deposit_event(Event::NeuronReplaced(netuid, uid, old));
		Self::occupy(netuid, uid, hotkey);
		Ok(())
	}

	/// Removes what is stored under the hotkey of a neuron that loses its uid.
	fn forget_neuron(netuid: NetUid, hotkey: &AccountId32) {
		Uids::<T>::remove(netuid, hotkey);
		IsNetworkMember::<T>::remove(hotkey, netuid);
		Axons::<T>::remove(netuid, hotkey);
		NeuronCertificates::<T>::remove(netuid, hotkey);
		Prometheus::<T>::remove(netuid, hotkey);
		WeightCommits::<T>::remove(MechanismIndex::main(netuid), hotkey);
		T::NeuronObserver::deregistered(netuid, hotkey);
	}

	/// Resets all that is stored under a uid to that of a neuron that registers now, in its own rows and in other neurons' rows.
	fn clear_neuron(netuid: NetUid, uid: u16) -> DispatchResult {
		let index = MechanismIndex::main(netuid);
		let position = usize::from(uid);
		let mut missing = false;
		let mut reset = |found: bool| missing |= !found;
		Active::<T>::mutate(netuid, |column| reset(set(column, position, true)));
		Consensus::<T>::mutate(netuid, |column| reset(set(column, position, 0)));
		Incentive::<T>::mutate(index, |column| reset(set(column, position, 0)));
		Dividends::<T>::mutate(netuid, |column| reset(set(column, position, 0)));
		ValidatorTrust::<T>::mutate(netuid, |column| reset(set(column, position, 0)));
		ValidatorPermit::<T>::mutate(netuid, |column| reset(set(column, position, false)));
		Emission::<T>::mutate(netuid, |column| reset(set(column, position, AlphaBalance::ZERO)));
		let block = Self::block_number();
		LastUpdate::<T>::mutate(index, |column| reset(set(column, position, block)));
		BlockAtRegistration::<T>::mutate(netuid, |column| reset(set(column, position, block)));
		ensure!(!missing, Error::<T>::UidVecContainInvalidOne);
		Weights::<T>::remove(index, uid);
		RevealedCommitBlock::<T>::remove(index, uid);
		Bonds::<T>::remove(index, uid);
		drop_column::<Weights<T>>(index, uid);
		drop_column::<Bonds<T>>(index, uid);
		Ok(())
	}

	/// Makes validators' bonds in a neuron start anew, where the subnet allows it.
	pub fn reset_bonds(netuid: NetUid, hotkey: &AccountId32) -> DispatchResult {
		if BondsResetOn::<T>::get(netuid) {
			let uid = Uids::<T>::get(netuid, hotkey).ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
			drop_column::<Bonds<T>>(MechanismIndex::main(netuid), uid);
		}
		Ok(())
	}

	/// The weight of [`Pallet::reset_bonds`].
	pub fn reset_bonds_weight() -> Weight {
		T::WeightInfo::reset_bonds()
	}

	/// Enters the hotkey as the holder of a uid.
	fn occupy(netuid: NetUid, uid: u16, hotkey: &AccountId32) {
		Uids::<T>::insert(netuid, hotkey, uid);
		Keys::<T>::insert(netuid, uid, hotkey);
		IsNetworkMember::<T>::insert(hotkey, netuid, true);
		Self::deposit_event(Event::NeuronRegistered(netuid, uid, hotkey.clone()));
	}
}

/// Sets one value of a column; false where the column is too short.
fn set<Value>(column: &mut Column<Value>, position: usize, value: Value) -> bool {
	match column.get_mut(position) {
		Some(slot) => {
			*slot = value;
			true
		}
		None => false,
	}
}

/// Removes what the rows of a mechanism say about a uid, and each row that says nothing else.
fn drop_column<Rows>(index: MechanismIndex, uid: u16)
where
	Rows: IterableStorageDoubleMap<MechanismIndex, u16, SparseRow>,
{
	let owners: Vec<u16> = Rows::iter_key_prefix(index).collect();
	let mut stored = RowsOf::<Rows>::new(index);
	for from in owners {
		let mut row = stored.load(from);
		let length = row.len();
		row.retain(|(destination, _)| *destination != uid);
		if row.is_empty() {
			stored.remove(from);
		} else if row.len() < length {
			stored.store(from, &row);
		}
	}
}
