//! Trades with the pools: their books, their money, and the alpha that they bring into or take out of circulation.

use crate::pallet::*;
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult},
	traits::{fungible::Mutate, tokens::Preservation},
};
use ganglion_primitives::{
	AccountId32, AlphaBalance, NetUid, PoolRefusal, PriceLimit, RAO_PER_TAO, SubnetPools, TaoBalance, Trade,
};

impl<T: Config> From<PoolRefusal> for Error<T> {
	fn from(refusal: PoolRefusal) -> Self {
		match refusal {
			PoolRefusal::NoPool => Self::SubnetNotExists,
			PoolRefusal::PoolExists => Self::PoolExists,
			PoolRefusal::InsufficientLiquidity => Self::InsufficientLiquidity,
			PoolRefusal::PriceLimitPassed => Self::SlippageTooHigh,
			PoolRefusal::NothingWithinLimit => Self::ZeroMaxAmount,
			PoolRefusal::Overflow => Self::Overflow,
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Buys alpha; on root, where there is no pool, one rao of stake is one rao of TAO. Moves no money: the caller owes
	/// `taken` to the subnet's account. Refuses a trade that gives nothing.
	pub(crate) fn buy(
		netuid: NetUid,
		tao: TaoBalance,
		limit: Option<PriceLimit>,
	) -> Result<Trade<TaoBalance, AlphaBalance>, DispatchError> {
		let trade = if netuid.is_root() {
			ensure!(
				limit.is_none_or(|limit| limit.price.get() >= RAO_PER_TAO),
				Error::<T>::ZeroMaxAmount
			);
			Trade {
				taken: tao,
				given: AlphaBalance::new(tao.get()),
				fee: TaoBalance::ZERO,
			}
		} else {
			T::Pools::buy(netuid, tao, limit).map_err(Error::<T>::from)?
		};
		ensure!(!trade.given.is_zero(), Error::<T>::AmountTooLow);
		Self::issue_alpha(netuid, trade.given)?;
		Self::note_inflow(netuid, trade.taken);
		Ok(trade)
	}

	/// How much of an amount of alpha can be sold within a price limit.
	pub(crate) fn sellable(
		netuid: NetUid,
		alpha: AlphaBalance,
		limit: PriceLimit,
	) -> Result<AlphaBalance, DispatchError> {
		if netuid.is_root() {
			ensure!(limit.price.get() <= RAO_PER_TAO, Error::<T>::ZeroMaxAmount);
			return Ok(alpha);
		}
		let trade = T::Pools::quote_sell(netuid, alpha, Some(limit)).map_err(Error::<T>::from)?;
		Ok(trade.taken)
	}

	/// Sells all of an amount of alpha; on root one rao of stake is one rao of TAO. Moves no money: the subnet's account
	/// owes `given`. Refuses a trade that gives nothing.
	pub(crate) fn sell(netuid: NetUid, alpha: AlphaBalance) -> Result<Trade<AlphaBalance, TaoBalance>, DispatchError> {
		let trade = if netuid.is_root() {
			Trade {
				taken: alpha,
				given: TaoBalance::new(alpha.get()),
				fee: AlphaBalance::ZERO,
			}
		} else {
			T::Pools::sell(netuid, alpha, None).map_err(Error::<T>::from)?
		};
		ensure!(!trade.given.is_zero(), Error::<T>::AmountTooLow);
		ensure!(trade.taken == alpha, Error::<T>::InsufficientLiquidity);
		Self::retire_alpha(netuid, alpha)?;
		Self::note_outflow(netuid, trade.given);
		Ok(trade)
	}

	/// Pays for a trade. Neither account may die of it: a few rao cannot revive an account that does not exist, and the
	/// subnet's account keeps its existential deposit.
	pub(crate) fn pay(from: &AccountId32, to: &AccountId32, tao: TaoBalance) -> DispatchResult {
		T::Currency::transfer(from, to, tao.get(), Preservation::Preserve)?;
		Ok(())
	}

	/// Notes that alpha came into circulation.
	fn issue_alpha(netuid: NetUid, alpha: AlphaBalance) -> DispatchResult {
		SubnetAlphaOut::<T>::try_mutate(netuid, |total| {
			*total = total.checked_add(alpha).ok_or(Error::<T>::Overflow)?;
			Ok(())
		})
	}

	/// Notes that alpha left circulation.
	pub(crate) fn retire_alpha(netuid: NetUid, alpha: AlphaBalance) -> DispatchResult {
		SubnetAlphaOut::<T>::try_mutate(netuid, |total| {
			*total = total.checked_sub(alpha).ok_or(Error::<T>::Overflow)?;
			Ok(())
		})
	}
}
