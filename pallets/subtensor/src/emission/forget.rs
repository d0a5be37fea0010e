//! Forgets the emission of a subnet that is dissolved.

use crate::pallet::*;
use ganglion_primitives::NetUid;

impl<T: Config> Pallet<T> {
	/// Forgets what is one item a subnet.
	pub(crate) fn forget_emission(netuid: NetUid) {
		SubnetEmissionEnabled::<T>::remove(netuid);
		SubnetTaoInEmission::<T>::remove(netuid);
		SubnetAlphaOut::<T>::remove(netuid);
		PendingServerEmission::<T>::remove(netuid);
		PendingValidatorEmission::<T>::remove(netuid);
		PendingOwnerCut::<T>::remove(netuid);
		SubnetEmissionTotals::<T>::remove(netuid);
	}
}
