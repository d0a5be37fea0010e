//! The invariants of subnets that end and of registrations that wait; [`super`] lists them.

use crate::{CleanupStage, DissolveCleanupStatus, MAX_SUBNETS, pallet::*};
use alloc::{
	collections::{BTreeMap, BTreeSet},
	vec::Vec,
};
use frame_support::{ensure, traits::fungible::Inspect};
use ganglion_primitives::{NetUid, TaoBalance};
use sp_runtime::TryRuntimeError;

/// Checks invariants 30 to 33.
pub(super) fn check<T: Config>() -> Result<(), TryRuntimeError> {
	let queue = DissolveCleanupQueue::<T>::get();
	let leaving: BTreeSet<NetUid> = queue.iter().copied().collect();
	ensure!(leaving.len() == queue.len(), "30: a clean-up is queued twice");
	ensure!(
		leaving
			.iter()
			.all(|netuid| !NetworksAdded::<T>::get(netuid) && !netuid.is_root()),
		"30: a subnet exists that is cleaned up"
	);
	if let Some(status) = CurrentDissolveCleanupStatus::<T>::get() {
		ensure!(
			queue.first() == Some(&status.netuid),
			"30: another subnet is cleaned up than the first of the queue"
		);
		check_pot::<T>(&status)?;
	}
	for netuid in (1..=MAX_SUBNETS)
		.map(NetUid::new)
		.filter(|netuid| !leaving.contains(netuid))
	{
		let symbol = TokenSymbol::<T>::contains_key(netuid);
		ensure!(
			symbol == NetworksAdded::<T>::get(netuid),
			"32: something is stored about a subnet that does not exist, or a subnet has no symbol"
		);
	}
	let symbols: Vec<_> = TokenSymbol::<T>::iter_values().collect();
	let distinct: BTreeSet<_> = symbols.iter().collect();
	ensure!(distinct.len() == symbols.len(), "32: two subnets have the same symbol");
	let escrowed: TaoBalance = NetworkRegistrationQueue::<T>::get()
		.into_iter()
		.map(|registration| registration.lock_amount)
		.sum();
	ensure!(
		T::Currency::balance(&Pallet::<T>::registration_escrow()) >= escrowed.get(),
		"33: what was paid for registrations that wait is not there"
	);
	Ok(())
}

/// What is left of the pot covers what is left to pay.
fn check_pot<T: Config>(status: &DissolveCleanupStatus) -> Result<(), TryRuntimeError> {
	if status.stage == CleanupStage::Settlement {
		return Ok(());
	}
	let netuid = status.netuid;
	let left = status
		.pot
		.checked_sub(status.paid)
		.ok_or("31: more was paid than was there")?;
	let kept = left.get().saturating_add(T::Currency::minimum_balance());
	ensure!(
		T::Currency::balance(&Pallet::<T>::subnet_account(netuid)) >= kept,
		"31: the account of a dissolved subnet does not hold what is to be paid"
	);
	let mut owed = TaoBalance::ZERO;
	let mut shares: BTreeMap<_, _> = BTreeMap::new();
	for (hotkey, pool_netuid, pool) in HotkeyShares::<T>::iter() {
		if pool_netuid == netuid {
			owed = owed.saturating_add(status.share_of(Pallet::<T>::value_of_shares(&hotkey, netuid, pool.owner)));
			shares.insert(hotkey, pool);
		}
	}
	for ((hotkey, _, pool_netuid), position) in Alpha::<T>::iter() {
		if pool_netuid == netuid {
			ensure!(
				shares.contains_key(&hotkey),
				"31: a position of a dissolved subnet has no pool"
			);
			owed = owed.saturating_add(status.share_of(Pallet::<T>::value_of_shares(&hotkey, netuid, position)));
		}
	}
	ensure!(owed <= left, "31: more is owed than there is to be paid");
	Ok(())
}
