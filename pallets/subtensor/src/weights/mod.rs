//! What validators think of miners.

mod row;
pub mod storage;

#[cfg(test)]
mod tests;

use crate::pallet::*;
use alloc::vec::Vec;
use frame_support::{ensure, pallet_prelude::DispatchResult};
use ganglion_primitives::{AccountId32, MechId, MechanismIndex, NetUid};
use row::RowError;

impl<T: Config> From<RowError> for Error<T> {
	fn from(error: RowError) -> Self {
		match error {
			RowError::LengthsDiffer => Self::WeightVecNotEqualSize,
			RowError::TooLong => Self::UidsLengthExceedUidsInSubNet,
			RowError::Duplicate => Self::DuplicateUids,
			RowError::Unknown => Self::UidVecContainInvalidOne,
			RowError::AllZero => Self::InvalidValue,
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Sets the weight row of a hotkey: a dozen reads, whatever the subnet's size, and two writes.
	///
	/// A validator may not weigh itself, except for the subnet's owner. A row in which the owner names itself only
	/// needs neither a permit nor a smallest length: it says that all miners' emission should go to the owner.
	pub(crate) fn do_set_weights(
		hotkey: &AccountId32,
		netuid: NetUid,
		mechanism: MechId,
		destinations: Vec<u16>,
		weights: Vec<u16>,
		version_key: u64,
	) -> DispatchResult {
		ensure!(!netuid.is_root(), Error::<T>::CanNotSetRootNetworkWeights);
		// A subnet that exists has its owner's neuron.
		let n = SubnetworkN::<T>::get(netuid);
		ensure!(n > 0, Error::<T>::SubnetNotExists);
		ensure!(mechanism == MechId::MAIN, Error::<T>::MechanismDoesNotExist);
		ensure!(
			!CommitRevealWeightsEnabled::<T>::get(netuid),
			Error::<T>::CommitRevealEnabled
		);
		row::check(&destinations, &weights, n).map_err(Error::<T>::from)?;
		let uid = Uids::<T>::get(netuid, hotkey).ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
		let is_owner = Self::is_owner_hotkey(netuid, hotkey);
		let only_self = is_owner && destinations == [uid];
		let index = MechanismIndex::main(netuid);
		let mut last_updates = LastUpdate::<T>::get(index);
		let last_update = last_updates
			.get_mut(usize::from(uid))
			.ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
		Self::ensure_may_set_weights(hotkey, netuid, is_owner, version_key, *last_update)?;
		let permit = ValidatorPermit::<T>::get(netuid).get(usize::from(uid)).copied();
		ensure!(only_self || permit == Some(true), Error::<T>::NeuronNoValidatorPermit);

		let row = row::scale(&destinations, &weights).map_err(Error::<T>::from)?;
		let names_itself = row.iter().any(|(destination, _)| *destination == uid);
		ensure!(is_owner || !names_itself, Error::<T>::SelfWeightNotAllowed);
		if !only_self {
			let possible = if is_owner { n } else { n.saturating_sub(1) };
			let fewest = usize::from(MinAllowedWeights::<T>::get(netuid).min(possible));
			ensure!(row.len() >= fewest, Error::<T>::WeightVecLengthIsLow);
			let limit = MaxWeightsLimit::<T>::get(netuid);
			ensure!(row::within_limit(&row, limit), Error::<T>::MaxWeightExceeded);
		}
		let row = SparseRow::try_from(row).map_err(|_| Error::<T>::UidsLengthExceedUidsInSubNet)?;
		*last_update = Self::block_number();
		LastUpdate::<T>::insert(index, last_updates);
		Weights::<T>::insert(index, uid, row);
		Self::deposit_event(Event::WeightsSet(index, uid));
		Ok(())
	}

	/// Checks who sets weights, and when.
	fn ensure_may_set_weights(
		hotkey: &AccountId32,
		netuid: NetUid,
		is_owner: bool,
		version_key: u64,
		last_update: u64,
	) -> DispatchResult {
		let stake = Self::stake_weight(hotkey, netuid);
		ensure!(
			is_owner || stake >= StakeThreshold::<T>::get(),
			Error::<T>::NotEnoughStakeToSetWeights
		);
		ensure!(
			version_key >= WeightsVersionKey::<T>::get(netuid),
			Error::<T>::IncorrectWeightVersionKey
		);
		let elapsed = Self::block_number().saturating_sub(last_update);
		ensure!(
			elapsed >= WeightsSetRateLimit::<T>::get(netuid),
			Error::<T>::SettingWeightsTooFast
		);
		Ok(())
	}
}
