//! The invariants that concern more than one subnet; [`super`] lists them.

use crate::pallet::*;
use alloc::collections::BTreeMap;
use frame_support::ensure;
use ganglion_primitives::{AccountId32, NetUid, U64F64};
use sp_runtime::TryRuntimeError;

/// Checks invariants 12 and 13, and the part of 14 that concerns stake.
pub(super) fn check_pools<T: Config>() -> Result<(), TryRuntimeError> {
	let cleaned = CurrentDissolveCleanupStatus::<T>::get().map(|status| status.netuid);
	let mut sums: BTreeMap<(AccountId32, NetUid), U64F64> = BTreeMap::new();
	for ((hotkey, coldkey, netuid), shares) in Alpha::<T>::iter() {
		ensure!(!shares.is_zero(), "12: an empty stake position is stored");
		ensure!(
			!Pallet::<T>::owns(&coldkey, &hotkey),
			"12: an owner's position is stored as another's"
		);
		ensure!(
			StakingHotkeys::<T>::get(&coldkey).contains(&hotkey),
			"14: a hotkey with stake is not in StakingHotkeys"
		);
		let sum = sums.entry((hotkey, netuid)).or_default();
		*sum = sum.checked_add(shares).ok_or("12: the shares of a pool overflow")?;
	}
	for (hotkey, netuid, shares) in HotkeyShares::<T>::iter() {
		ensure!(!shares.total.is_zero(), "12: an empty pool is stored");
		ensure!(
			!TotalHotkeyAlpha::<T>::get(&hotkey, netuid).is_zero(),
			"12: a pool has shares but no alpha"
		);
		ensure!(
			Owner::<T>::contains_key(&hotkey),
			"13: a hotkey with stake has no owner"
		);
		let sum = sums.remove(&(hotkey, netuid)).unwrap_or_default();
		ensure!(
			sum.checked_add(shares.owner) == Some(shares.total) || cleaned == Some(netuid),
			"12: the shares of a pool are not the sum of its stakers' shares"
		);
	}
	ensure!(sums.is_empty(), "12: there are stakers of a pool without shares");
	for (hotkey, netuid, alpha) in TotalHotkeyAlpha::<T>::iter() {
		ensure!(
			!alpha.is_zero() && HotkeyShares::<T>::contains_key(&hotkey, netuid),
			"12: a pool has alpha but no shares, or is empty and stored"
		);
	}
	Ok(())
}

/// Checks the rest of invariant 14.
pub(super) fn check_owners<T: Config>() -> Result<(), TryRuntimeError> {
	let mut owners = 0_usize;
	for (hotkey, coldkey) in Owner::<T>::iter() {
		owners = owners.saturating_add(1);
		ensure!(
			OwnedHotkeys::<T>::get(&coldkey).contains(&hotkey),
			"14: an owned hotkey is not in OwnedHotkeys"
		);
		ensure!(
			StakingHotkeys::<T>::get(&coldkey).contains(&hotkey),
			"14: an owned hotkey is not in StakingHotkeys"
		);
	}
	let owned = OwnedHotkeys::<T>::iter().map(|(_, hotkeys)| hotkeys.len());
	ensure!(
		owned.fold(0, usize::saturating_add) == owners,
		"14: OwnedHotkeys has a hotkey that is not owned, or twice"
	);
	Ok(())
}
