//! The invariants of root's stake and dividends; [`super`] lists them.

use crate::pallet::*;
use alloc::collections::{BTreeMap, BTreeSet};
use frame_support::{ensure, traits::fungible::Inspect};
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid, U64F64};
use sp_runtime::TryRuntimeError;

/// Checks invariants 19 and 20.
pub(super) fn check<T: Config>() -> Result<(), TryRuntimeError> {
	stake::<T>()?;
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

/// The stake on root is TAO in root's account, and a share of it is a rao.
fn stake<T: Config>() -> Result<(), TryRuntimeError> {
	let staked = TotalAlphaStaked::<T>::get(NetUid::ROOT);
	ensure!(
		SubnetAlphaOut::<T>::get(NetUid::ROOT) == staked,
		"19: root has stake that nobody holds"
	);
	let balance = T::Currency::balance(&Pallet::<T>::subnet_account(NetUid::ROOT));
	ensure!(balance >= staked.get(), "19: root's account does not hold root's stake");
	let mut sum = AlphaBalance::ZERO;
	for (hotkey, netuid, shares) in HotkeyShares::<T>::iter() {
		if netuid.is_root() {
			let tao = TotalHotkeyAlpha::<T>::get(&hotkey, netuid);
			ensure!(
				shares.total == U64F64::from_integer(tao.get()),
				"19: a share of root's stake is not a rao"
			);
			sum = sum.saturating_add(tao);
		}
	}
	ensure!(sum == staked, "19: root's stake is not the sum of the share pools");
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
