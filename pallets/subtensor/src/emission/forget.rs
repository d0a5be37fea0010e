//! Forgets the emission of a subnet that is dissolved.

use crate::pallet::*;
use ganglion_primitives::NetUid;

impl<T: Config> Pallet<T> {
	/// Lets a subnet take part in the emission from the next block on.
	pub(crate) fn begin_emission(netuid: NetUid) -> frame_support::pallet_prelude::DispatchResult {
		FirstEmissionBlockNumber::<T>::insert(netuid, Self::block_number().saturating_add(1));
		Ok(())
	}

	/// Forgets what is one item a subnet.
	pub(crate) fn forget_emission(netuid: NetUid) {
		FirstEmissionBlockNumber::<T>::remove(netuid);
		SubnetEmissionEnabled::<T>::remove(netuid);
		SubnetTaoInEmission::<T>::remove(netuid);
		SubnetAlphaOut::<T>::remove(netuid);
		PendingServerEmission::<T>::remove(netuid);
		PendingValidatorEmission::<T>::remove(netuid);
		PendingOwnerCut::<T>::remove(netuid);
		SubnetEmissionTotals::<T>::remove(netuid);
	}
}
