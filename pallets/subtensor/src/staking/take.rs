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

	/// Raises a take.
	pub(crate) fn do_increase_take(coldkey: &AccountId32, hotkey: &AccountId32, take: PerU16) -> DispatchResult {
		Self::ensure_owns(coldkey, hotkey)?;
		ensure!(take > Delegates::<T>::get(hotkey), Error::<T>::DelegateTakeTooLow);
		ensure!(take <= MaxDelegateTake::<T>::get(), Error::<T>::DelegateTakeTooHigh);
		Delegates::<T>::insert(hotkey, take);
		Self::deposit_event(Event::TakeIncreased(coldkey.clone(), hotkey.clone(), take));
		Ok(())
	}
}
