//! The call with which a subnet's emission and trade begin.

use crate::pallet::*;
use frame_support::{
	ensure,
	pallet_prelude::{DispatchResult, Get},
};
use ganglion_primitives::NetUid;

/// [`StartCallDelay`], for those who can read the metadata's constants only: the `bittensor` SDK tells from the constant
/// `InitialStartCallDelay` when a subnet may be started. A runtime whose constant is this one tells the truth on each chain.
pub struct StartDelay<T>(core::marker::PhantomData<T>);

impl<T: Config> Get<u64> for StartDelay<T> {
	fn get() -> u64 {
		StartCallDelay::<T>::get()
	}
}

impl<T: Config> Pallet<T> {
	/// Starts an existing subnet: it takes part in the emission, and its alpha can be traded.
	pub(crate) fn do_start_call(netuid: NetUid) -> DispatchResult {
		ensure!(
			!FirstEmissionBlockNumber::<T>::contains_key(netuid),
			Error::<T>::FirstEmissionBlockNumberAlreadySet
		);
		let age = Self::block_number().saturating_sub(NetworkRegisteredAt::<T>::get(netuid));
		ensure!(age >= StartCallDelay::<T>::get(), Error::<T>::StartCallNotReady);
		Self::begin_emission(netuid)?;
		SubtokenEnabled::<T>::insert(netuid, true);
		let first = FirstEmissionBlockNumber::<T>::get(netuid).unwrap_or_default();
		Self::deposit_event(Event::FirstEmissionBlockNumberSet(netuid, first));
		Ok(())
	}
}
