//! The share of dividends that a hotkey's owner keeps.

use crate::pallet::*;
use frame_support::{ensure, pallet_prelude::DispatchResult};
use ganglion_primitives::{AccountId32, PerU16};

impl<T: Config> Pallet<T> {
	fn ensure_owns(coldkey: &AccountId32, hotkey: &AccountId32) -> DispatchResult {
		let owner = Self::coldkey_of(hotkey).ok_or(Error::<T>::HotKeyAccountNotExists)?;
		ensure!(owner == *coldkey, Error::<T>::NonAssociatedColdKey);
		Ok(())
	}

	/// Lowers a take.
	pub(crate) fn do_decrease_take(coldkey: &AccountId32, hotkey: &AccountId32, take: PerU16) -> DispatchResult {
		Self::ensure_owns(coldkey, hotkey)?;
		ensure!(take < Delegates::<T>::get(hotkey), Error::<T>::DelegateTakeTooHigh);
		ensure!(take >= MinDelegateTake::<T>::get(), Error::<T>::DelegateTakeTooLow);
		Delegates::<T>::insert(hotkey, take);
		Self::deposit_event(Event::TakeDecreased(coldkey.clone(), hotkey.clone(), take));
		Ok(())
	}

	/// Raises a take; not again before [`TxDelegateTakeRateLimit`] blocks have passed.
	pub(crate) fn do_increase_take(coldkey: &AccountId32, hotkey: &AccountId32, take: PerU16) -> DispatchResult {
		Self::ensure_owns(coldkey, hotkey)?;
		ensure!(take > Delegates::<T>::get(hotkey), Error::<T>::DelegateTakeTooLow);
		ensure!(take <= MaxDelegateTake::<T>::get(), Error::<T>::DelegateTakeTooHigh);
		let (last, block) = (LastTxBlockDelegateTake::<T>::get(hotkey), Self::block_number());
		let waited = block.saturating_sub(last) > TxDelegateTakeRateLimit::<T>::get();
		ensure!(last == 0 || waited, Error::<T>::DelegateTxRateLimitExceeded);
		LastTxBlockDelegateTake::<T>::insert(hotkey, block);
		Delegates::<T>::insert(hotkey, take);
		Self::deposit_event(Event::TakeIncreased(coldkey.clone(), hotkey.clone(), take));
		Ok(())
	}

	/// Sets the smallest take; for root. It may not be above the largest. Takes that are below it stay until they are
	/// changed.
	pub fn set_min_delegate_take(take: PerU16) -> DispatchResult {
		ensure!(take <= MaxDelegateTake::<T>::get(), Error::<T>::DelegateTakeTooHigh);
		MinDelegateTake::<T>::put(take);
		Self::deposit_event(Event::MinDelegateTakeSet(take));
		Ok(())
	}

	/// Sets the largest take; for root. It may not be below the smallest. Takes that are above it stay until they are
	/// changed.
	pub fn set_max_delegate_take(take: PerU16) -> DispatchResult {
		ensure!(take >= MinDelegateTake::<T>::get(), Error::<T>::DelegateTakeTooLow);
		MaxDelegateTake::<T>::put(take);
		Self::deposit_event(Event::MaxDelegateTakeSet(take));
		Ok(())
	}

	/// Sets the blocks that have to pass between two rises of a take; for root.
	pub fn set_tx_delegate_take_rate_limit(blocks: u64) -> DispatchResult {
		TxDelegateTakeRateLimit::<T>::put(blocks);
		Self::deposit_event(Event::TxDelegateTakeRateLimitSet(blocks));
		Ok(())
	}

	/// Sets the blocks that have to pass between two calls that replace a hotkey; for root.
	pub fn set_tx_rate_limit(blocks: u64) -> DispatchResult {
		TxRateLimit::<T>::put(blocks);
		Self::deposit_event(Event::TxRateLimitSet(blocks));
		Ok(())
	}
}
