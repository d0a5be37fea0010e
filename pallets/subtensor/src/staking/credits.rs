//! Credits what an epoch pays.

use super::{
	keys::{HashedHotkey, Positions},
	pool::{PoolError, PoolShares, SharePool},
};
use crate::pallet::*;
use frame_support::pallet_prelude::DispatchResult;
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid};

/// Credits alpha that a subnet's account backs already, on many hotkeys of the subnet.
///
/// The subnet's total is read once and written once, by [`Credits::close`]; until then nothing else may change it.
#[must_use = "`close` stores the subnet's total"]
pub(crate) struct Credits<T: Config> {
	netuid: NetUid,
	staked: AlphaBalance,
	alpha: Positions<TotalHotkeyAlpha<T>, AlphaBalance>,
	shares: Positions<HotkeyShares<T>, PoolShares>,
}

impl<T: Config> Credits<T> {
	/// Starts with the total of a subnet.
	pub(crate) fn open(netuid: NetUid) -> Self {
		Self {
			netuid,
			staked: TotalAlphaStaked::<T>::get(netuid),
			alpha: Positions::new(),
			shares: Positions::new(),
		}
	}

	/// Adds `stakers` to all who stake on a hotkey (to its owner where nobody does), and then `owner` to the owner's
	/// stake, which does not earn a part of the former by the latter. Less than one share bit of it may go to the others.
	/// Changes nothing where it fails.
	pub(crate) fn credit(
		&mut self,
		hotkey: &AccountId32,
		stakers: AlphaBalance,
		owner: AlphaBalance,
	) -> DispatchResult {
		let hotkey = HashedHotkey::new(hotkey);
		let before = self.alpha.get(&hotkey, self.netuid);
		self.credit_on(&hotkey, before, stakers, owner)
	}

	/// [`Credits::credit`] by a caller that knows the alpha that is on the hotkey now, `before`.
	pub(crate) fn credit_on(
		&mut self,
		hotkey: &HashedHotkey<'_>,
		before: AlphaBalance,
		stakers: AlphaBalance,
		owner: AlphaBalance,
	) -> DispatchResult {
		let netuid = self.netuid;
		let mut shares = self.shares.get(hotkey, netuid);
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
			self.alpha.insert(hotkey, netuid, &pool.alpha);
		}
		if pool.shares != shares.total {
			shares.total = pool.shares;
			self.shares.insert(hotkey, netuid, &shares);
		}
		Ok(())
	}

	/// Stores the subnet's total.
	pub(crate) fn close(self) {
		TotalAlphaStaked::<T>::insert(self.netuid, self.staked);
	}
}
