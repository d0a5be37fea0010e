//! Taking all stake off a hotkey.

use crate::{MAX_UNSTAKE_ALL_LEGS, MIN_STAKE, pallet::*};
use alloc::vec::Vec;
use frame_support::{ensure, pallet_prelude::DispatchError, storage::with_storage_layer};
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid, TaoBalance};

impl<T: Config> Pallet<T> {
	/// Sells all that a coldkey has on a hotkey, on at most [`MAX_UNSTAKE_ALL_LEGS`] subnets, and returns their number.
	/// Positions that cannot be sold (the subnet has not started, or they are not worth a rao) stay.
	pub(crate) fn do_unstake_all(coldkey: &AccountId32, hotkey: &AccountId32) -> Result<u32, DispatchError> {
		let (legs, _) = Self::sell_all(coldkey, hotkey, |_| true, coldkey)?;
		Ok(legs)
	}

	/// Sells all alpha that a coldkey has on a hotkey, on at most [`MAX_UNSTAKE_ALL_LEGS`] subnets, and stakes what it gives
	/// on the hotkey on root. Returns the number of subnets.
	pub(crate) fn do_unstake_all_alpha(coldkey: &AccountId32, hotkey: &AccountId32) -> Result<u32, DispatchError> {
		let root = NetUid::ROOT;
		let (legs, tao) = Self::sell_all(coldkey, hotkey, |netuid| !netuid.is_root(), &Self::subnet_account(root))?;
		ensure!(tao.get() >= MIN_STAKE, Error::<T>::AmountTooLow);
		Self::ensure_stakeable(hotkey, root)?;
		let trade = Self::buy(root, tao, None)?;
		Self::put_alpha(hotkey, coldkey, root, trade.given)?;
		Self::ensure_nomination(hotkey, coldkey, root)?;
		Self::deposit_event(Event::StakeAdded(
			coldkey.clone(),
			hotkey.clone(),
			tao,
			trade.given,
			root,
			trade.fee.get(),
		));
		Ok(legs)
	}

	/// Sells a coldkey's positions on a hotkey, one after the other, and pays `payee`. Returns their number and what they
	/// gave.
	fn sell_all(
		coldkey: &AccountId32,
		hotkey: &AccountId32,
		takes_part: impl Fn(&NetUid) -> bool,
		payee: &AccountId32,
	) -> Result<(u32, TaoBalance), DispatchError> {
		ensure!(Owner::<T>::contains_key(hotkey), Error::<T>::HotKeyAccountNotExists);
		// Positions that nobody can trade now do not take the places of others.
		let netuids: Vec<NetUid> = Self::netuids_of(hotkey, coldkey)
			.into_iter()
			.filter(|netuid| takes_part(netuid) && Self::ensure_stakeable(hotkey, *netuid).is_ok())
			.take(MAX_UNSTAKE_ALL_LEGS)
			.collect();
		let mut legs = 0_u32;
		let mut total = TaoBalance::ZERO;
		for netuid in netuids {
			let sale = with_storage_layer(|| {
				let all = Self::portion(hotkey, coldkey, netuid, AlphaBalance::MAX)?;
				Self::sell_stake(hotkey, coldkey, netuid, all, payee)
			});
			if let Ok(tao) = sale {
				legs = legs.saturating_add(1);
				total = total.checked_add(tao).ok_or(Error::<T>::Overflow)?;
			}
		}
		ensure!(legs > 0, Error::<T>::NotEnoughStakeToWithdraw);
		Ok((legs, total))
	}
}
