//! Forgets where the neurons of a dissolved subnet served.

use crate::pallet::*;
use alloc::{vec, vec::Vec};
use frame_support::storage::generator::StorageDoubleMap;
use ganglion_primitives::NetUid;

impl<T: Config> Pallet<T> {
	/// The prefixes of what is stored under a subnet's number.
	pub(crate) fn serving_prefixes(netuid: NetUid) -> Vec<Vec<u8>> {
		vec![
			Axons::<T>::storage_double_map_final_key1(netuid),
			NeuronCertificates::<T>::storage_double_map_final_key1(netuid),
			Prometheus::<T>::storage_double_map_final_key1(netuid),
		]
	}
}
