//! What coldkeys do with their stake.

use crate::{MIN_STAKE, pallet::*};
use frame_support::{
	ensure,
	pallet_prelude::DispatchResult,
	traits::{
		fungible::Inspect,
		tokens::{Fortitude, Preservation},
	},
};
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid, PriceLimit, TaoBalance};

impl<T: Config> Pallet<T> {
	/// Buys alpha for TAO of a coldkey and stakes it on a hotkey.
	pub(crate) fn do_add_stake(
		coldkey: &AccountId32,
		hotkey: &AccountId32,
		netuid: NetUid,
		tao: TaoBalance,
		limit: Option<PriceLimit>,
	) -> DispatchResult {
		Self::ensure_stakeable(hotkey, netuid)?;
		ensure!(tao.get() >= MIN_STAKE, Error::<T>::AmountTooLow);
		let available = T::Currency::reducible_balance(coldkey, Preservation::Preserve, Fortitude::Polite);
		ensure!(available >= tao.get(), Error::<T>::NotEnoughBalanceToStake);
		let trade = Self::buy(netuid, tao, limit)?;
		Self::pay(coldkey, &Self::subnet_account(netuid), trade.taken)?;
		Self::put_alpha(hotkey, coldkey, netuid, trade.given)?;
		Self::note_inflow(netuid, trade.taken);
		Self::deposit_event(Event::StakeAdded(
			coldkey.clone(),
			hotkey.clone(),
			trade.taken,
			trade.given,
			netuid,
			trade.fee.get(),
		));
		Ok(())
	}

	/// Takes alpha of a coldkey off a hotkey and sells it.
	pub(crate) fn do_remove_stake(
		coldkey: &AccountId32,
		hotkey: &AccountId32,
		netuid: NetUid,
		alpha: AlphaBalance,
		limit: Option<PriceLimit>,
	) -> DispatchResult {
		Self::ensure_stakeable(hotkey, netuid)?;
		let wanted = Self::portion(hotkey, coldkey, netuid, alpha)?;
		let sold = Self::sellable(netuid, wanted, limit)?;
		Self::take_alpha(hotkey, coldkey, netuid, sold)?;
		let trade = Self::sell(netuid, sold)?;
		Self::pay(&Self::subnet_account(netuid), coldkey, trade.given)?;
		Self::note_outflow(netuid, trade.given);
		Self::deposit_event(Event::StakeRemoved(
			coldkey.clone(),
			hotkey.clone(),
			trade.given,
			sold,
			netuid,
			trade.fee.get(),
		));
		Ok(())
	}
}
