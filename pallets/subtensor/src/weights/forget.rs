//! Forgets the weights of a subnet that is dissolved.

use crate::pallet::*;
use alloc::{vec, vec::Vec};
use frame_support::storage::generator::StorageDoubleMap;
use ganglion_primitives::{MechanismIndex, NetUid};

impl<T: Config> Pallet<T> {
	/// The prefixes of what is stored under a subnet's number.
	pub(crate) fn weights_prefixes(netuid: NetUid) -> Vec<Vec<u8>> {
		let index = MechanismIndex::main(netuid);
		vec![
			Weights::<T>::storage_double_map_final_key1(index),
			RevealedCommitBlock::<T>::storage_double_map_final_key1(index),
			WeightCommits::<T>::storage_double_map_final_key1(index),
			TimelockedWeightCommits::<T>::storage_double_map_final_key1(index),
			SealedCommitCount::<T>::storage_double_map_final_key1(index),
		]
	}

	/// Forgets what is one item a subnet.
	pub(crate) fn forget_weights(netuid: NetUid) {
		let index = MechanismIndex::main(netuid);
		LastUpdate::<T>::remove(index);
		let mut epochs = SealedEpochs::<T>::get();
		if epochs.iter().any(|(of, ..)| *of == index) {
			epochs.retain(|(of, ..)| *of != index);
			SealedEpochs::<T>::put(epochs);
		}
	}
}
