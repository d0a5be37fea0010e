//! The invariants of pools of TAO and alpha; [`super`] lists them.

use crate::{MAX_SUBNETS, pallet::*};
use frame_support::ensure;
use ganglion_primitives::{NetUid, SubnetPools};
use sp_runtime::TryRuntimeError;

/// Checks invariant 18.
pub(super) fn check<T: Config>() -> Result<(), TryRuntimeError> {
	for netuid in (0..=MAX_SUBNETS).map(NetUid::new) {
		let exists = NetworksAdded::<T>::get(netuid) && !netuid.is_root();
		let pool = T::Pools::reserves(netuid);
		ensure!(pool.is_some() == exists, "18: pools and subnets are not the same");
		ensure!(
			pool.is_none_or(|pool| !pool.tao.is_zero() && !pool.alpha.is_zero()),
			"18: a pool is empty"
		);
	}
	Ok(())
}
