//! The invariants of pools of TAO and alpha; [`super`] lists them.

use super::subnet;
use crate::{MAX_SUBNETS, pallet::*};
use frame_support::{ensure, traits::fungible::Inspect};
use ganglion_primitives::{NetUid, SubnetPools};
use sp_runtime::TryRuntimeError;

/// Checks invariant 19.
pub(super) fn check_root<T: Config>() -> Result<(), TryRuntimeError> {
	let root = NetUid::ROOT;
	subnet::share_pools::<T>(root)?;
	let staked = TotalAlphaStaked::<T>::get(root);
	ensure!(
		SubnetAlphaOut::<T>::get(root) == staked,
		"19: stake on root is not what root's total says"
	);
	let balance = T::Currency::balance(&Pallet::<T>::subnet_account(root));
	let owed = staked.get().saturating_add(T::Currency::minimum_balance());
	ensure!(balance >= owed, "19: root's account does not hold the stake on root");
	Ok(())
}

/// Checks invariant 18.
pub(super) fn check<T: Config>() -> Result<(), TryRuntimeError> {
	for netuid in (0..=MAX_SUBNETS).map(NetUid::new) {
		let exists = NetworksAdded::<T>::get(netuid) && !netuid.is_root();
		ensure!(
			T::Pools::reserves(netuid).is_some() == exists,
			"18: a subnet has no pool, or a pool has no subnet"
		);
	}
	Ok(())
}
