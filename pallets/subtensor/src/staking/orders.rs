//! What coldkeys do with their stake.

use crate::{MIN_STAKE, pallet::*};
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult},
	traits::{
		fungible::Inspect,
		tokens::{Fortitude, Preservation},
	},
};
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid, PriceLimit, TaoBalance};

impl<T: Config> Pallet<T> {
	/// Fails where an order is too small, or the coldkey could not pay for it and live on.
	pub(super) fn ensure_can_pay(coldkey: &AccountId32, tao: TaoBalance) -> DispatchResult {
		ensure!(tao.get() >= MIN_STAKE, Error::<T>::AmountTooLow);
		let available = T::Currency::reducible_balance(coldkey, Preservation::Preserve, Fortitude::Polite);
		ensure!(available >= tao.get(), Error::<T>::NotEnoughBalanceToStake);
		Ok(())
	}

	/// Buys alpha for TAO of a coldkey and stakes it on a hotkey.
	pub(crate) fn do_add_stake(
		coldkey: &AccountId32,
		hotkey: &AccountId32,
		netuid: NetUid,
		tao: TaoBalance,
		limit: Option<PriceLimit>,
	) -> DispatchResult {
		Self::ensure_stakeable(hotkey, netuid)?;
		Self::ensure_can_pay(coldkey, tao)?;
		let trade = Self::buy(netuid, tao, limit)?;
		// A limit may leave less of the order than can be staked.
		ensure!(trade.taken.get() >= MIN_STAKE, Error::<T>::AmountTooLow);
		Self::pay(coldkey, &Self::subnet_account(netuid), trade.taken)?;
		Self::put_alpha(hotkey, coldkey, netuid, trade.given)?;
		Self::ensure_nomination(hotkey, coldkey, netuid)?;
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
		let allowed = match limit {
			Some(limit) => Self::sellable(netuid, wanted, limit)?,
			None => wanted,
		};
		let sold = Self::portion_within_limit(hotkey, coldkey, netuid, wanted, allowed)?;
		Self::sell_stake(hotkey, coldkey, netuid, sold, coldkey)?;
		Ok(())
	}

	/// Takes alpha of a coldkey off a hotkey, sells it, and pays for it to `payee`. Returns what it gave.
	pub(super) fn sell_stake(
		hotkey: &AccountId32,
		coldkey: &AccountId32,
		netuid: NetUid,
		sold: AlphaBalance,
		payee: &AccountId32,
	) -> Result<TaoBalance, DispatchError> {
		Self::take_alpha(hotkey, coldkey, netuid, sold)?;
		let trade = Self::sell(netuid, sold)?;
		Self::pay(&Self::subnet_account(netuid), payee, trade.given)?;
		Self::deposit_event(Event::StakeRemoved(
			coldkey.clone(),
			hotkey.clone(),
			trade.given,
			sold,
			netuid,
			trade.fee.get(),
		));
		Ok(trade.given)
	}
}
