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
	/// Sets the weight row of a hotkey.
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
		Self::ensure_subnet_exists(netuid)?;
		ensure!(!netuid.is_root(), Error::<T>::CanNotSetRootNetworkWeights);
		ensure!(mechanism == MechId::MAIN, Error::<T>::MechanismDoesNotExist);
		ensure!(
			!CommitRevealWeightsEnabled::<T>::get(netuid),
			Error::<T>::CommitRevealEnabled
		);
		let n = SubnetworkN::<T>::get(netuid);
		row::check(&destinations, &weights, n).map_err(Error::<T>::from)?;
		let uid = Uids::<T>::get(netuid, hotkey).ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
		let is_owner = Self::owner_uid(netuid) == Some(uid);
		let only_self = is_owner && destinations == [uid];
		Self::ensure_may_set_weights(hotkey, netuid, uid, is_owner, only_self, version_key)?;

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
		Self::store_weights(netuid, uid, row)
	}

	/// Checks who sets weights, and when.
	fn ensure_may_set_weights(
		hotkey: &AccountId32,
		netuid: NetUid,
		uid: u16,
		is_owner: bool,
		only_self: bool,
		version_key: u64,
	) -> DispatchResult {
		let stake = TotalHotkeyAlpha::<T>::get(hotkey, netuid).get();
		ensure!(
			is_owner || stake >= StakeThreshold::<T>::get(),
			Error::<T>::NotEnoughStakeToSetWeights
		);
		ensure!(
			version_key >= WeightsVersionKey::<T>::get(netuid),
			Error::<T>::IncorrectWeightVersionKey
		);
		let last_update = LastUpdate::<T>::get(MechanismIndex::main(netuid))
			.get(usize::from(uid))
			.copied()
			.ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
		let elapsed = Self::block_number().saturating_sub(last_update);
		ensure!(
			elapsed >= WeightsSetRateLimit::<T>::get(netuid),
			Error::<T>::SettingWeightsTooFast
		);
		let permit = ValidatorPermit::<T>::get(netuid).get(usize::from(uid)).copied();
		ensure!(only_self || permit == Some(true), Error::<T>::NeuronNoValidatorPermit);
		Ok(())
	}

	fn store_weights(netuid: NetUid, uid: u16, row: SparseRow) -> DispatchResult {
		let index = MechanismIndex::main(netuid);
		LastUpdate::<T>::try_mutate(index, |column| {
			let slot = column
				.get_mut(usize::from(uid))
				.ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
			*slot = Self::block_number();
			Ok::<(), Error<T>>(())
		})?;
		Weights::<T>::insert(index, uid, row);
		Self::deposit_event(Event::WeightsSet(index, uid));
		Ok(())
	}
}
