//! Which neuron a full subnet replaces.

use crate::pallet::*;
use alloc::vec::Vec;
use ganglion_primitives::{AlphaBalance, NetUid};

/// What decides which neuron a full subnet replaces: the lowest goes first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PruningRank {
	/// Emission of the last epoch; on root, which has none, the stake.
	worth: AlphaBalance,
	registered_at: u64,
	pub(super) uid: u16,
}

impl<T: Config> Pallet<T> {
	/// The neuron with the lowest emission (then the oldest, then the lowest uid) that is neither immune nor the owner's.
	/// On root the stake decides.
	pub(crate) fn neuron_to_prune(netuid: NetUid) -> Option<u16> {
		Self::prunable_neurons(netuid).into_iter().min().map(|rank| rank.uid)
	}

	/// The neurons that are neither immune nor the owner's, by uid.
	pub(super) fn prunable_neurons(netuid: NetUid) -> Vec<PruningRank> {
		let block = Self::block_number();
		let immunity = u64::from(ImmunityPeriod::<T>::get(netuid));
		let owned = Self::immune_owner_uids(netuid);
		let registrations = BlockAtRegistration::<T>::get(netuid);
		let worth = if netuid.is_root() {
			let hotkeys = Hotkeys::<T>::get(netuid);
			hotkeys
				.iter()
				.map(|hotkey| TotalHotkeyAlpha::<T>::get(hotkey, netuid))
				.collect()
		} else {
			Emission::<T>::get(netuid).into_inner()
		};
		(0..SubnetworkN::<T>::get(netuid))
			.zip(worth.into_iter().zip(registrations))
			.filter(|(uid, _)| !owned.contains(uid))
			.filter(|(_, (_, registered_at))| block.saturating_sub(*registered_at) >= immunity)
			.map(|(uid, (worth, registered_at))| PruningRank {
				worth,
				registered_at,
				uid,
			})
			.collect()
	}

	/// The uids of the subnet's owner that are never replaced: that of the owner's hotkey, and the oldest others that the
	/// owner's coldkey holds, [`ImmuneOwnerUidsLimit`] in all.
	fn immune_owner_uids(netuid: NetUid) -> Vec<u16> {
		let main = Self::owner_uid(netuid);
		let registrations = BlockAtRegistration::<T>::get(netuid);
		let mut others: Vec<(u64, u16)> = OwnedHotkeys::<T>::get(SubnetOwner::<T>::get(netuid))
			.iter()
			.filter_map(|hotkey| Uids::<T>::get(netuid, hotkey))
			.filter(|uid| Some(*uid) != main)
			.map(|uid| {
				let registered_at = registrations.get(usize::from(uid)).copied().unwrap_or(u64::MAX);
				(registered_at, uid)
			})
			.collect();
		others.sort_unstable();
		main.into_iter()
			.chain(others.into_iter().map(|(_, uid)| uid))
			.take(usize::from(ImmuneOwnerUidsLimit::<T>::get(netuid)))
			.collect()
	}
}
