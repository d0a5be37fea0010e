//! The beginning and the end of a subnet's emission.

use crate::pallet::*;
use frame_support::{ensure, pallet_prelude::DispatchResult};
use ganglion_primitives::NetUid;

impl<T: Config> Pallet<T> {
	/// Lets a subnet take part in the emission from the next block on.
	pub(crate) fn begin_emission(netuid: NetUid) -> DispatchResult {
		ensure!(
			!FirstEmissionBlockNumber::<T>::contains_key(netuid),
			Error::<T>::FirstEmissionBlockNumberAlreadySet
		);
		FirstEmissionBlockNumber::<T>::insert(netuid, Self::block_number().saturating_add(1));
		Ok(())
	}

	/// Forgets all that this domain knows of a subnet that is dissolved.
	pub(crate) fn forget_emission(netuid: NetUid) {
		SubnetEmissionEnabled::<T>::remove(netuid);
		FirstEmissionBlockNumber::<T>::remove(netuid);
		SubnetTaoInEmission::<T>::remove(netuid);
		SubnetExcessTao::<T>::remove(netuid);
		SubnetAlphaInEmission::<T>::remove(netuid);
		SubnetAlphaOutEmission::<T>::remove(netuid);
		SubnetMovingPrice::<T>::remove(netuid);
		SubnetTaoFlow::<T>::remove(netuid);
		SubnetEmaTaoFlow::<T>::remove(netuid);
		SubnetAlphaOut::<T>::remove(netuid);
		SubnetProtocolAlpha::<T>::remove(netuid);
		PendingServerEmission::<T>::remove(netuid);
		PendingValidatorEmission::<T>::remove(netuid);
		PendingRootAlphaDivs::<T>::remove(netuid);
		PendingOwnerCut::<T>::remove(netuid);
		EMAPriceHalvingBlocks::<T>::remove(netuid);
		SubnetEmissionTotals::<T>::remove(netuid);
	}
}
