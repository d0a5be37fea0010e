//! Forgets whose a subnet was that is dissolved.

use crate::pallet::*;
use ganglion_primitives::NetUid;

impl<T: Config> Pallet<T> {
	/// Forgets what is one item a subnet.
	pub(crate) fn forget_subnet(netuid: NetUid) {
		NetworksAdded::<T>::remove(netuid);
		SubnetLocked::<T>::remove(netuid);
		SubnetOwner::<T>::remove(netuid);
		SubnetOwnerHotkey::<T>::remove(netuid);
		NetworkRegisteredAt::<T>::remove(netuid);
		TokenSymbol::<T>::remove(netuid);
	}
}
