//! Stake: coldkeys hold shares of the alpha on a hotkey.

mod burns;
pub(crate) mod credits;
mod exits;
pub(crate) mod keys;
mod minimum;
pub(crate) mod moves;
mod orders;
mod pool;
pub mod storage;
mod take;
mod trades;

mod wind_up;

#[cfg(test)]
mod tests;

use crate::{MAX_HOTKEYS_FROM_OTHERS, pallet::*};
use alloc::vec::Vec;
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult, Get},
};
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid, U64F64};
pub use pool::PoolShares;
use pool::{PoolError, SharePool};

impl<T: Config> From<PoolError> for Error<T> {
	fn from(error: PoolError) -> Self {
		match error {
			PoolError::Overflow => Self::Overflow,
			PoolError::Coarse => Self::StakeUnavailable,
			PoolError::Insufficient => Self::NotEnoughStakeToWithdraw,
		}
	}
}

impl<T: Config> Pallet<T> {
	/// The alpha that a coldkey would get if it took all its stake off a hotkey.
	pub fn stake_of(hotkey: &AccountId32, coldkey: &AccountId32, netuid: NetUid) -> AlphaBalance {
		Self::pool(hotkey, netuid).value_of(Self::position(hotkey, coldkey, netuid))
	}

	/// The subnets on which a coldkey has a position on a hotkey, in ascending order; at most as many as there are subnets.
	pub(crate) fn netuids_of(hotkey: &AccountId32, coldkey: &AccountId32) -> Vec<NetUid> {
		let mut netuids: Vec<NetUid> = if Self::owns(coldkey, hotkey) {
			let pools = HotkeyShares::<T>::iter_prefix(hotkey);
			pools
				.filter(|(_, shares)| !shares.owner.is_zero())
				.map(|(netuid, _)| netuid)
				.collect()
		} else {
			Alpha::<T>::iter_key_prefix((hotkey, coldkey)).collect()
		};
		netuids.sort_unstable();
		netuids
	}

	/// Whether the coldkey owns the hotkey.
	pub(crate) fn owns(coldkey: &AccountId32, hotkey: &AccountId32) -> bool {
		Self::coldkey_of(hotkey).is_some_and(|owner| owner == *coldkey)
	}

	/// Takes alpha out of a coldkey's position on a hotkey: exactly `alpha`, which is at most the position.
	pub(crate) fn take_alpha(
		hotkey: &AccountId32,
		coldkey: &AccountId32,
		netuid: NetUid,
		alpha: AlphaBalance,
	) -> DispatchResult {
		if netuid.is_root() {
			Self::before_root_stake_change(hotkey, coldkey)?;
		}
		let mut pool = Self::pool(hotkey, netuid);
		let position = Self::position(hotkey, coldkey, netuid);
		let left = if alpha == pool.value_of(position) {
			pool.withdraw_all(position).map_err(Error::<T>::from)?;
			U64F64::ZERO
		} else {
			pool.withdraw(position, alpha).map_err(Error::<T>::from)?
		};
		Self::set_shares(hotkey, coldkey, netuid, left);
		Self::set_pool(hotkey, netuid, pool)?;
		if netuid.is_root() && left.is_zero() {
			Self::after_root_stake_left(hotkey, coldkey)?;
		}
		Self::forget_staking_hotkey(coldkey, hotkey);
		Ok(())
	}

	/// Adds alpha to a coldkey's position on a hotkey.
	pub(crate) fn put_alpha(
		hotkey: &AccountId32,
		coldkey: &AccountId32,
		netuid: NetUid,
		alpha: AlphaBalance,
	) -> DispatchResult {
		if netuid.is_root() {
			Self::before_root_stake_change(hotkey, coldkey)?;
		}
		let mut pool = Self::pool(hotkey, netuid);
		let bought = pool.deposit_exactly(alpha).map_err(Error::<T>::from)?;
		Self::note_staking_hotkey(coldkey, hotkey)?;
		Self::add_shares(hotkey, coldkey, netuid, bought)?;
		Self::set_pool(hotkey, netuid, pool)
	}

	/// Fails unless a hotkey of a subnet may be staked on: the subnet has started, and the hotkey has an owner.
	pub(crate) fn ensure_stakeable(hotkey: &AccountId32, netuid: NetUid) -> DispatchResult {
		Self::ensure_subnet_exists(netuid)?;
		ensure!(SubtokenEnabled::<T>::get(netuid), Error::<T>::SubtokenDisabled);
		ensure!(Owner::<T>::contains_key(hotkey), Error::<T>::HotKeyAccountNotExists);
		Ok(())
	}

	/// Remembers that a coldkey has stake on a hotkey.
	pub(crate) fn note_staking_hotkey(coldkey: &AccountId32, hotkey: &AccountId32) -> DispatchResult {
		StakingHotkeys::<T>::try_mutate(coldkey, |hotkeys| {
			if !hotkeys.contains(hotkey) {
				hotkeys
					.try_push(hotkey.clone())
					.map_err(|_| Error::<T>::TooManyStakingHotkeys)?;
			}
			Ok(())
		})
	}

	/// Fails where stake from somebody else would use up the room that a coldkey has for hotkeys of its own choice.
	pub(crate) fn ensure_may_receive(coldkey: &AccountId32, hotkey: &AccountId32) -> DispatchResult {
		let reserved = Self::is_subnet_account(coldkey) || *coldkey == ZeroAccount::get();
		ensure!(!reserved, Error::<T>::CannotUseSystemAccount);
		let hotkeys = StakingHotkeys::<T>::get(coldkey);
		ensure!(
			hotkeys.contains(hotkey) || hotkeys.len() < MAX_HOTKEYS_FROM_OTHERS,
			Error::<T>::TooManyStakingHotkeys
		);
		Ok(())
	}

	/// Forgets a hotkey on which a coldkey has no stake any more, unless it owns the hotkey or has root dividends to claim.
	pub(crate) fn forget_staking_hotkey(coldkey: &AccountId32, hotkey: &AccountId32) {
		let has_stake = Alpha::<T>::iter_key_prefix((hotkey, coldkey)).next().is_some();
		if Self::owns(coldkey, hotkey) || has_stake || RootClaims::<T>::contains_key(hotkey, coldkey) {
			return;
		}
		StakingHotkeys::<T>::mutate_exists(coldkey, |entry| {
			if let Some(hotkeys) = entry {
				hotkeys.retain(|other| other != hotkey);
				if hotkeys.is_empty() {
					*entry = None;
				}
			}
		});
	}

	fn pool(hotkey: &AccountId32, netuid: NetUid) -> SharePool {
		SharePool {
			alpha: TotalHotkeyAlpha::<T>::get(hotkey, netuid),
			shares: HotkeyShares::<T>::get(hotkey, netuid).total,
		}
	}

	/// Stores a pool and carries the change of its alpha into the subnet's total.
	fn set_pool(hotkey: &AccountId32, netuid: NetUid, pool: SharePool) -> DispatchResult {
		let before = TotalHotkeyAlpha::<T>::get(hotkey, netuid);
		TotalAlphaStaked::<T>::try_mutate(netuid, |total| {
			let others = total.checked_sub(before).ok_or(Error::<T>::Overflow)?;
			*total = others.checked_add(pool.alpha).ok_or(Error::<T>::Overflow)?;
			Ok::<(), DispatchError>(())
		})?;
		if pool.shares.is_zero() {
			TotalHotkeyAlpha::<T>::remove(hotkey, netuid);
			HotkeyShares::<T>::remove(hotkey, netuid);
		} else {
			TotalHotkeyAlpha::<T>::insert(hotkey, netuid, pool.alpha);
			HotkeyShares::<T>::mutate(hotkey, netuid, |shares| shares.total = pool.shares);
		}
		Ok(())
	}

	/// The shares of a coldkey in the pool of a hotkey.
	fn position(hotkey: &AccountId32, coldkey: &AccountId32, netuid: NetUid) -> U64F64 {
		if Self::owns(coldkey, hotkey) {
			HotkeyShares::<T>::get(hotkey, netuid).owner
		} else {
			Alpha::<T>::get((hotkey, coldkey, netuid))
		}
	}

	fn add_shares(hotkey: &AccountId32, coldkey: &AccountId32, netuid: NetUid, bought: U64F64) -> DispatchResult {
		let shares = Self::position(hotkey, coldkey, netuid);
		let shares = shares.checked_add(bought).ok_or(Error::<T>::Overflow)?;
		Self::set_shares(hotkey, coldkey, netuid, shares);
		Ok(())
	}

	fn set_shares(hotkey: &AccountId32, coldkey: &AccountId32, netuid: NetUid, shares: U64F64) {
		if Self::owns(coldkey, hotkey) {
			HotkeyShares::<T>::mutate(hotkey, netuid, |pool| pool.owner = shares);
		} else if shares.is_zero() {
			Alpha::<T>::remove((hotkey, coldkey, netuid));
		} else {
			Alpha::<T>::insert((hotkey, coldkey, netuid), shares);
		}
	}
}
