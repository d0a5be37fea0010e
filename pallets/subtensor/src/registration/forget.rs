//! Forgets the neurons of a subnet that is dissolved. Hotkeys keep their owners.

use crate::{WeightInfo, pallet::*};
use alloc::{vec, vec::Vec};
use frame_support::{storage::generator::StorageDoubleMap, weights::WeightMeter};
use ganglion_primitives::NetUid;

impl<T: Config> Pallet<T> {
	/// Ends the memberships of all hotkeys. False where the block has no time for all of them.
	pub(crate) fn forget_members(netuid: NetUid, meter: &mut WeightMeter) -> bool {
		let mut neurons = Keys::<T>::iter_prefix(netuid);
		loop {
			if !meter.can_consume(T::WeightInfo::cleanup_rows(2)) {
				return false;
			}
			let Some((uid, hotkey)) = neurons.next() else {
				return true;
			};
			meter.consume(T::WeightInfo::cleanup_rows(2));
			IsNetworkMember::<T>::remove(&hotkey, netuid);
			Keys::<T>::remove(netuid, uid);
		}
	}

	/// The prefixes of what is stored under a subnet's number.
	pub(crate) fn registration_prefixes(netuid: NetUid) -> Vec<Vec<u8>> {
		vec![
			Uids::<T>::storage_double_map_final_key1(netuid),
			Keys::<T>::storage_double_map_final_key1(netuid),
		]
	}

	/// Forgets what is one item a subnet.
	pub(crate) fn forget_registration(netuid: NetUid) {
		SubnetworkN::<T>::remove(netuid);
		Hotkeys::<T>::remove(netuid);
		UidsRenumberedAt::<T>::remove(netuid);
		BlockAtRegistration::<T>::remove(netuid);
		RegistrationsThisBlock::<T>::remove(netuid);
	}
}
