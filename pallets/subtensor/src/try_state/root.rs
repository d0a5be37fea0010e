//! The invariants of root's stake and dividends; [`super`] lists them.

use crate::pallet::*;
use alloc::collections::{BTreeMap, BTreeSet};
use frame_support::ensure;
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid, U64F64};
use sp_runtime::TryRuntimeError;

/// Checks invariant 20, and the part of 19 that concerns shares.
pub(super) fn check<T: Config>() -> Result<(), TryRuntimeError> {
	shares::<T>()?;
	let mut claimable: BTreeMap<NetUid, AlphaBalance> = BTreeMap::new();
	for (hotkey, pots) in RootPots::<T>::iter() {
		let owed = owed::<T>(&hotkey)?;
		for (netuid, pot) in pots {
			if Pallet::<T>::pays_root(netuid, pot.since) {
				let total = claimable.entry(netuid).or_default();
				*total = total.saturating_add(pot.claimable);
			}
			let parts = owed.get(&netuid).copied().unwrap_or_default();
			let parts = parts.checked_add(pot.remainder).ok_or("20: a pot overflows")?;
			ensure!(
				parts == u128::from(pot.claimable.get()) << 64,
				"20: what is owed from a pot of root dividends is not what is in it"
			);
		}
	}
	for netuid in Pallet::<T>::subnets() {
		let pots = claimable.remove(&netuid).unwrap_or_default();
		ensure!(
			RootClaimableAlpha::<T>::get(netuid) == pots,
			"20: the claimable alpha of a subnet is not the sum of the pots"
		);
	}
	for (hotkey, coldkey, claims) in RootClaims::<T>::iter() {
		let owed = claims.values().any(|claim| !claim.whole().is_zero());
		ensure!(
			!owed || StakingHotkeys::<T>::get(&coldkey).contains(&hotkey),
			"20: a hotkey with claims is not in StakingHotkeys"
		);
	}
	Ok(())
}

/// What is worth a rao is counted as a rao.
fn shares<T: Config>() -> Result<(), TryRuntimeError> {
	for (hotkey, netuid, shares) in HotkeyShares::<T>::iter().filter(|(_, netuid, _)| netuid.is_root()) {
		let tao = TotalHotkeyAlpha::<T>::get(&hotkey, netuid);
		ensure!(
			shares.total == U64F64::from_integer(tao.get()),
			"19: a share of root's stake is not a rao"
		);
	}
	Ok(())
}

/// What all who stake on a hotkey on root are owed, by subnet, times 2^64.
fn owed<T: Config>(hotkey: &AccountId32) -> Result<BTreeMap<NetUid, u128>, TryRuntimeError> {
	let mut coldkeys: BTreeSet<AccountId32> = RootClaims::<T>::iter_key_prefix(hotkey).collect();
	let stakers = Alpha::<T>::iter_key_prefix((hotkey,)).filter(|(_, netuid)| netuid.is_root());
	coldkeys.extend(stakers.map(|(coldkey, _)| coldkey));
	coldkeys.extend(Pallet::<T>::coldkey_of(hotkey));
	let mut sums: BTreeMap<NetUid, u128> = BTreeMap::new();
	for coldkey in coldkeys {
		let settled = Pallet::<T>::settled_claims(hotkey, &coldkey).map_err(|_| "20: a claim does not settle")?;
		for (netuid, owed) in settled.owed() {
			let sum = sums.entry(netuid).or_default();
			*sum = sum.checked_add(owed).ok_or("20: claims overflow")?;
		}
	}
	Ok(sums)
}
