//! Which subnets exist, whose they are, and the accounts that hold their TAO.
//!
//! | module | what |
//! | --- | --- |
//! | `cost` | what a subnet costs |
//! | `lifecycle` | how one begins, and which has to go for it |
//! | [`queue`] | registrations that wait for that |
//! | `start` | the call with which a subnet's emission and trade begin |
//! | [`dissolve`] | how one ends, and who is paid then |
//! | `symbols` | the tokens' symbols |

mod cost;
pub mod dissolve;
mod forget;
mod lifecycle;
pub mod queue;
mod start;
pub mod storage;
pub(crate) mod symbols;

#[cfg(test)]
mod tests;

pub use start::StartDelay;

use crate::pallet::*;
use alloc::vec::Vec;
use frame_support::{
	ensure,
	pallet_prelude::{DispatchResult, Get},
};
use frame_system::{ensure_root, ensure_signed, pallet_prelude::OriginFor};
use ganglion_primitives::{AccountId32, NetUid};
use sp_runtime::{
	TypeId,
	traits::{AccountIdConversion, UniqueSaturatedInto},
};

impl<T: Config> Pallet<T> {
	/// The current block, as clients count it.
	pub fn block_number() -> u64 {
		frame_system::Pallet::<T>::block_number().unique_saturated_into()
	}

	/// The account whose TAO backs the alpha of a subnet.
	pub fn subnet_account(netuid: NetUid) -> AccountId32 {
		T::PalletId::get().into_sub_account_truncating(netuid)
	}

	/// Whether the account is one of [`Pallet::subnet_account`]'s.
	pub(crate) fn is_subnet_account(account: &AccountId32) -> bool {
		let prefix = frame_support::PalletId::TYPE_ID;
		let bytes: &[u8; 32] = account.as_ref();
		bytes.starts_with(&prefix) && bytes.get(4..12) == Some(&T::PalletId::get().0[..])
	}

	/// The numbers of all subnets, root excluded, in ascending order.
	pub fn subnets() -> Vec<NetUid> {
		let mut netuids: Vec<NetUid> = NetworksAdded::<T>::iter()
			.filter(|(netuid, added)| *added && !netuid.is_root())
			.map(|(netuid, _)| netuid)
			.collect();
		netuids.sort_unstable();
		netuids
	}

	/// The uid of the owner's hotkey.
	pub(crate) fn owner_uid(netuid: NetUid) -> Option<u16> {
		Uids::<T>::get(netuid, SubnetOwnerHotkey::<T>::get(netuid))
	}

	/// Whether the hotkey is the subnet owner's.
	pub(crate) fn is_owner_hotkey(netuid: NetUid, hotkey: &AccountId32) -> bool {
		SubnetOwnerHotkey::<T>::get(netuid) == *hotkey
	}

	/// Fails unless the subnet exists.
	pub fn ensure_subnet_exists(netuid: NetUid) -> DispatchResult {
		if NetworksAdded::<T>::get(netuid) {
			return Ok(());
		}
		let leaving = DissolveCleanupQueue::<T>::get().contains(&netuid);
		ensure!(!leaving, Error::<T>::WaitingForDissolvedSubnetCleanup);
		Err(Error::<T>::SubnetNotExists.into())
	}

	/// Fails unless the origin is the owner of the (existing) subnet. Root cannot be owned.
	pub(crate) fn ensure_subnet_owner(origin: OriginFor<T>, netuid: NetUid) -> DispatchResult {
		let coldkey = ensure_signed(origin)?;
		Self::ensure_subnet_exists(netuid)?;
		let owns = !netuid.is_root() && SubnetOwner::<T>::get(netuid) == coldkey;
		ensure!(owns, Error::<T>::NotSubnetOwner);
		Ok(())
	}

	/// Fails unless the origin is root or the owner of the (existing) subnet. Root cannot be owned.
	pub(crate) fn ensure_subnet_owner_or_root(origin: OriginFor<T>, netuid: NetUid) -> DispatchResult {
		let signer = match ensure_root(origin.clone()) {
			Ok(()) => None,
			Err(_) => Some(ensure_signed(origin)?),
		};
		Self::ensure_subnet_exists(netuid)?;
		ensure!(!netuid.is_root(), Error::<T>::NotSubnetOwner);
		if let Some(coldkey) = signer {
			ensure!(SubnetOwner::<T>::get(netuid) == coldkey, Error::<T>::NotSubnetOwner);
		}
		Ok(())
	}
}
