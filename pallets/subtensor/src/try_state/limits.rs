//! The invariants of rate limits; [`super`] lists them.

use crate::pallet::*;
use frame_support::ensure;
use sp_runtime::TryRuntimeError;

/// Checks invariant 21.
pub(super) fn check<T: Config>() -> Result<(), TryRuntimeError> {
	let now = Pallet::<T>::block_number();
	let leaving = DissolveCleanupQueue::<T>::get();
	for (key, block) in LastRateLimitedBlock::<T>::iter() {
		ensure!(block <= now, "21: a rate limit counts from the future");
		let netuid = key.netuid();
		ensure!(
			NetworksAdded::<T>::get(netuid) || leaving.contains(&netuid),
			"21: a rate limit is of a subnet that does not exist"
		);
	}
	Ok(())
}
