//! The invariants of the pallet's storage; the crate's documentation numbers them.

use crate::{
	envelope::{is_encapsulation_key, key_hash},
	pallet::*,
	*,
};
use alloc::vec::Vec;
use frame_support::ensure;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Checks all invariants, between blocks, and names the first that does not hold.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let authorities: Vec<T::AuthorityId> = (0..u64::from(T::Turns::round()))
			.filter_map(T::Turns::authority)
			.collect();
		for (authority, key) in AuthorKeys::<T>::iter() {
			ensure!(authorities.contains(&authority), "1: a key belongs to no authority");
			ensure!(is_encapsulation_key(&key), "1: a key is none");
		}
		let next = NextKey::<T>::get();
		let due = T::Turns::authority(LastSlot::<T>::get().saturating_add(1)).and_then(AuthorKeys::<T>::get);
		ensure!(next == due, "2: NextKey is not the key of the next author");
		Self::try_recent_keys(next.as_deref().map(Vec::as_slice))?;
		ensure!(!Announced::<T>::get(), "4: a key is announced for no block");
		Ok(())
	}

	fn try_recent_keys(next: Option<&[u8]>) -> Result<(), TryRuntimeError> {
		let now = frame_system::Pallet::<T>::block_number();
		let recent = RecentKeys::<T>::get();
		let blocks: Vec<BlockNumberFor<T>> = recent.iter().map(|(_, block)| *block).collect();
		ensure!(
			blocks.is_sorted_by(|earlier, later| earlier < later),
			"3: RecentKeys are out of order"
		);
		ensure!(
			blocks.iter().all(|block| *block <= now && Self::is_recent(*block, now)),
			"3: RecentKeys has one that is not recent"
		);
		if let Some(key) = next {
			ensure!(
				recent.last().map(|(hash, _)| *hash) == Some(key_hash(key)),
				"3: NextKey is not the last of RecentKeys"
			);
		}
		Ok(())
	}
}
