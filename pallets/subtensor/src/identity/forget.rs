//! Forgets what was said about a subnet that is dissolved.

use crate::pallet::*;
use ganglion_primitives::NetUid;

impl<T: Config> Pallet<T> {
	/// Forgets what is one item a subnet.
	pub(crate) fn forget_identity(netuid: NetUid) {
		SubnetIdentitiesV3::<T>::remove(netuid);
	}
}
