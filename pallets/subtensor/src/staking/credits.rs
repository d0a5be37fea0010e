//! Credits what an epoch pays.

use super::{
	keys::{HashedHotkey, PositionKeys},
	pool::{PoolError, PoolShares, SharePool},
};
use crate::pallet::*;
use core::marker::PhantomData;
use frame_support::{pallet_prelude::DispatchResult, storage::unhashed};
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid};

/// Credits alpha that a subnet's account backs already, on many hotkeys of the subnet.
///
/// The subnet's total is read once and written once, by [`Credits::close`]; until then nothing else may change it.
#[must_use = "`close` stores the subnet's total"]
pub(crate) struct Credits<T> {
	netuid: NetUid,
	staked: AlphaBalance,
	/// The keys of [`TotalHotkeyAlpha`].
	alpha: PositionKeys,
	/// The keys of [`HotkeyShares`].
	shares: PositionKeys,
	config: PhantomData<T>,
}

impl<T: Config> Credits<T> {
	/// Starts with the total of a subnet.
	pub(crate) fn open(netuid: NetUid) -> Self {
		Self {
			netuid,
			staked: TotalAlphaStaked::<T>::get(netuid),
			alpha: PositionKeys::of::<TotalHotkeyAlpha<T>, _>(),
			shares: PositionKeys::of::<HotkeyShares<T>, _>(),
			config: PhantomData,
		}
	}

	/// [`Credits::credit_on`] with the alpha that storage has.
	pub(crate) fn credit(
		&mut self,
		hotkey: &AccountId32,
		stakers: AlphaBalance,
		owner: AlphaBalance,
	) -> DispatchResult {
		let before = TotalHotkeyAlpha::<T>::get(hotkey, self.netuid);
		self.credit_on(hotkey, before, stakers, owner)
	}

	/// Adds `stakers` to all who stake on a hotkey (to its owner where nobody does), and then `owner` to the owner's
	/// stake, which does not earn a part of the former by the latter. Less than one share bit of it may go to the others.
	/// Changes nothing where it fails. The caller knows the alpha that is on the hotkey now, `before`.
	pub(crate) fn credit_on(
		&mut self,
		hotkey: &AccountId32,
		before: AlphaBalance,
		stakers: AlphaBalance,
		owner: AlphaBalance,
	) -> DispatchResult {
		let netuid = self.netuid;
		let hotkey = HashedHotkey::new(hotkey);
		let mut shares: PoolShares = unhashed::get_or_default(self.shares.at(&hotkey, netuid));
		let mut pool = SharePool {
			alpha: before,
			shares: shares.total,
		};
		let owner = match pool.reward(stakers) {
			Ok(()) => owner,
			Err(PoolError::Insufficient) => owner.checked_add(stakers).ok_or(Error::<T>::Overflow)?,
			Err(error) => return Err(Error::<T>::from(error).into()),
		};
		if !owner.is_zero() {
			let bought = pool.deposit(owner).map_err(Error::<T>::from)?;
			shares.owner = shares.owner.checked_add(bought).ok_or(Error::<T>::Overflow)?;
		}
		let others = self.staked.checked_sub(before).ok_or(Error::<T>::Overflow)?;
		self.staked = others.checked_add(pool.alpha).ok_or(Error::<T>::Overflow)?;
		if pool.alpha != before {
			unhashed::put(self.alpha.at(&hotkey, netuid), &pool.alpha);
		}
		if pool.shares != shares.total {
			shares.total = pool.shares;
			unhashed::put(self.shares.at(&hotkey, netuid), &shares);
		}
		Ok(())
	}

	/// Stores the subnet's total.
	pub(crate) fn close(self) {
		TotalAlphaStaked::<T>::insert(self.netuid, self.staked);
	}
}
