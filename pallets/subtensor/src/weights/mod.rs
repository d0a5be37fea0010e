//! What validators think of miners.

mod batch;
mod commits;
mod forget;
mod row;
mod sealed;
pub mod storage;

#[cfg(test)]
mod commit_tests;
#[cfg(test)]
mod tests;

use crate::pallet::*;
use alloc::vec::Vec;
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult},
};
use ganglion_primitives::{AccountId32, MechId, MechanismIndex, NetUid};
use row::RowError;

pub use batch::BatchedRow;
pub(crate) use batch::total_length;
pub use commits::Commit;
#[cfg(feature = "runtime-benchmarks")]
pub(crate) use commits::commit_hash;
pub use sealed::{COMMIT_REVEAL_VERSION, SealedCommit, SealedEpoch, SealedWeights};

/// A weight row as its author gives it.
pub(crate) struct Row {
	pub(crate) destinations: Vec<u16>,
	pub(crate) weights: Vec<u16>,
	pub(crate) version_key: u64,
}

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
	/// Sets the weight row of a hotkey: fifteen reads, whatever the subnet's size, and two writes.
	///
	/// A row in which a neuron names itself only needs neither a permit nor a smallest length. In the epoch a weight on
	/// oneself counts for the subnet's owner only: it says that miners' emission should go to the owner.
	pub(crate) fn do_set_weights(
		hotkey: &AccountId32,
		netuid: NetUid,
		mechanism: MechId,
		destinations: Vec<u16>,
		weights: Vec<u16>,
		version_key: u64,
	) -> DispatchResult {
		let index = Self::ensure_takes_weights(netuid, mechanism)?;
		let commit_first = CommitRevealWeightsEnabled::<T>::get(netuid);
		ensure!(!commit_first, Error::<T>::CommitRevealEnabled);
		let row = Row {
			destinations,
			weights,
			version_key,
		};
		let n = SubnetworkN::<T>::get(netuid);
		row::check(&row.destinations, &row.weights, n).map_err(Error::<T>::from)?;
		let uid = Uids::<T>::get(netuid, hotkey).ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
		Self::note_update(netuid, index, uid)?;
		Self::put_row(hotkey, netuid, uid, n, row)?;
		Self::deposit_event(Event::WeightsSet(index, uid));
		Ok(())
	}

	/// Fails where a mechanism of a subnet takes no weights; the key of the mechanism else.
	fn ensure_takes_weights(netuid: NetUid, mechanism: MechId) -> Result<MechanismIndex, DispatchError> {
		ensure!(!netuid.is_root(), Error::<T>::CanNotSetRootNetworkWeights);
		Self::ensure_subnet_exists(netuid)?;
		ensure!(mechanism == MechId::MAIN, Error::<T>::MechanismDoesNotExist);
		Ok(MechanismIndex::main(netuid))
	}

	/// Notes that a neuron sets or commits weights in this block; fails where its last ones are too recent.
	fn note_update(netuid: NetUid, index: MechanismIndex, uid: u16) -> DispatchResult {
		let block = Self::block_number();
		LastUpdate::<T>::try_mutate(index, |column| {
			let last = column
				.get_mut(usize::from(uid))
				.ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
			let elapsed = block.saturating_sub(*last);
			let limit = WeightsSetRateLimit::<T>::get(netuid);
			ensure!(elapsed >= limit, Error::<T>::SettingWeightsTooFast);
			*last = block;
			Ok(())
		})
	}

	/// Stores a row of a hotkey that holds `uid`, on a subnet of `n` neurons, that [`row::check`] has found well formed.
	fn put_row(hotkey: &AccountId32, netuid: NetUid, uid: u16, n: u16, row: Row) -> DispatchResult {
		let is_owner = Self::is_owner_hotkey(netuid, hotkey);
		let only_self = row.destinations == [uid];
		Self::ensure_may_set_weights(hotkey, netuid, is_owner, row.version_key)?;
		ensure!(
			only_self || Self::holds_permit(netuid, uid),
			Error::<T>::NeuronNoValidatorPermit
		);
		let row = row::scale(&row.destinations, &row.weights).map_err(Error::<T>::from)?;
		if !only_self {
			let possible = if is_owner { n } else { n.saturating_sub(1) };
			let fewest = usize::from(MinAllowedWeights::<T>::get(netuid).min(possible));
			ensure!(row.len() >= fewest, Error::<T>::WeightVecLengthIsLow);
			let limit = MaxWeightsLimit::<T>::get(netuid);
			ensure!(row::within_limit(&row, limit), Error::<T>::MaxWeightExceeded);
		}
		let row = SparseRow::try_from(row).map_err(|_| Error::<T>::UidsLengthExceedUidsInSubNet)?;
		Weights::<T>::insert(MechanismIndex::main(netuid), uid, row);
		Ok(())
	}

	fn holds_permit(netuid: NetUid, uid: u16) -> bool {
		ValidatorPermit::<T>::get(netuid).get(usize::from(uid)) == Some(&true)
	}

	/// Checks who sets weights.
	fn ensure_may_set_weights(
		hotkey: &AccountId32,
		netuid: NetUid,
		is_owner: bool,
		version_key: u64,
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
		Ok(())
	}
}
