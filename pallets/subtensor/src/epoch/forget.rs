//! Forgets the epochs of a subnet that is dissolved.

use crate::pallet::*;
use alloc::{vec, vec::Vec};
use frame_support::storage::generator::StorageDoubleMap;
use ganglion_primitives::{MechanismIndex, NetUid};

impl<T: Config> Pallet<T> {
	/// The prefixes of what is stored under a subnet's number.
	pub(crate) fn epoch_prefixes(netuid: NetUid) -> Vec<Vec<u8>> {
		let index = MechanismIndex::main(netuid);
		vec![
			Bonds::<T>::storage_double_map_final_key1(index),
			UnpaidPayments::<T>::storage_double_map_final_key1(netuid),
		]
	}

	/// Forgets what is one item a subnet.
	pub(crate) fn forget_epochs(netuid: NetUid) {
		Active::<T>::remove(netuid);
		Consensus::<T>::remove(netuid);
		Incentive::<T>::remove(MechanismIndex::main(netuid));
		Dividends::<T>::remove(netuid);
		ValidatorTrust::<T>::remove(netuid);
		ValidatorPermit::<T>::remove(netuid);
		Emission::<T>::remove(netuid);
		UnpaidEmission::<T>::remove(netuid);
		LastMechansimStepBlock::<T>::remove(netuid);
		LastEpochBlock::<T>::remove(netuid);
		BlocksSinceLastStep::<T>::remove(netuid);
		SubnetEpochIndex::<T>::remove(netuid);
		PendingEpochAt::<T>::remove(netuid);
	}
}
