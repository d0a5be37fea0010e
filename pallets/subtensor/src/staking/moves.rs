//! Moving stake to another hotkey, to another subnet, to another coldkey.

use crate::{MIN_STAKE, pallet::*};
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult},
	storage::with_transaction,
};
use ganglion_primitives::{
	AccountId32, AlphaBalance, NetUid, PriceLimit, RAO_PER_TAO, SubnetPools, TaoBalance, mul_div_floor,
};
use sp_runtime::TransactionOutcome;

/// Trials in which the largest part of a move within its limit is found, to one part in 2^32.
const PROBES: u32 = 32;

/// A position: the stake of a coldkey on a hotkey of a subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place<'a> {
	pub(crate) hotkey: &'a AccountId32,
	pub(crate) coldkey: &'a AccountId32,
	pub(crate) netuid: NetUid,
}

impl<'a> Place<'a> {
	pub(crate) const fn new(hotkey: &'a AccountId32, coldkey: &'a AccountId32, netuid: NetUid) -> Self {
		Self {
			hotkey,
			coldkey,
			netuid,
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Moves stake of a coldkey to another hotkey, and to another subnet where these differ.
	pub(crate) fn do_move_stake(
		from: Place<'_>,
		to: Place<'_>,
		alpha: AlphaBalance,
		limit: Option<PriceLimit>,
	) -> DispatchResult {
		let tao = Self::relocate(from, to, alpha, limit)?;
		Self::deposit_event(Event::StakeMoved(
			from.coldkey.clone(),
			from.hotkey.clone(),
			from.netuid,
			to.hotkey.clone(),
			to.netuid,
			tao,
		));
		Ok(())
	}

	/// Moves stake to another subnet.
	pub(crate) fn do_swap_stake(
		from: Place<'_>,
		netuid: NetUid,
		alpha: AlphaBalance,
		limit: Option<PriceLimit>,
	) -> DispatchResult {
		let tao = Self::relocate(from, Place { netuid, ..from }, alpha, limit)?;
		Self::deposit_event(Event::StakeSwapped(
			from.coldkey.clone(),
			from.hotkey.clone(),
			from.netuid,
			netuid,
			tao,
		));
		Ok(())
	}

	/// Gives stake to another coldkey, on the same hotkey.
	pub(crate) fn do_transfer_stake(from: Place<'_>, to: Place<'_>, alpha: AlphaBalance) -> DispatchResult {
		let tao = Self::give_away(from, to, alpha)?;
		Self::deposit_event(Event::StakeTransferred(
			from.coldkey.clone(),
			to.coldkey.clone(),
			from.hotkey.clone(),
			from.netuid,
			to.netuid,
			tao,
		));
		Ok(())
	}

	/// Gives stake to another coldkey, on another hotkey.
	pub(crate) fn do_transfer_stake_and_hotkey(from: Place<'_>, to: Place<'_>, alpha: AlphaBalance) -> DispatchResult {
		let tao = Self::give_away(from, to, alpha)?;
		Self::deposit_event(Event::StakeAndHotkeyTransferred(
			from.coldkey.clone(),
			to.coldkey.clone(),
			from.hotkey.clone(),
			to.hotkey.clone(),
			from.netuid,
			to.netuid,
			tao,
		));
		Ok(())
	}

	fn give_away(from: Place<'_>, to: Place<'_>, alpha: AlphaBalance) -> Result<TaoBalance, DispatchError> {
		for netuid in [from.netuid, to.netuid] {
			Self::ensure_subnet_exists(netuid)?;
			// Root has no owner who could switch transfers on or off.
			let allowed = netuid.is_root() || TransferToggle::<T>::get(netuid);
			ensure!(allowed, Error::<T>::TransferDisallowed);
		}
		Self::ensure_may_receive(to.coldkey, to.hotkey)?;
		Self::relocate(from, to, alpha, None)
	}

	/// Takes alpha out of a position and puts it, or what it buys on the other subnet, into another. Returns what was moved
	/// in TAO: what the sale gave or, within a subnet, what the alpha is worth.
	fn relocate(
		from: Place<'_>,
		to: Place<'_>,
		alpha: AlphaBalance,
		limit: Option<PriceLimit>,
	) -> Result<TaoBalance, DispatchError> {
		Self::ensure_stakeable(from.hotkey, from.netuid)?;
		Self::ensure_stakeable(to.hotkey, to.netuid)?;
		ensure!(from != to, Error::<T>::SameNetuid);
		let wanted = Self::portion(from.hotkey, from.coldkey, from.netuid, alpha)?;
		let (tao, arriving) = if from.netuid == to.netuid {
			Self::take_alpha(from.hotkey, from.coldkey, from.netuid, wanted)?;
			(Self::worth(from.netuid, wanted), wanted)
		} else {
			let allowed = match limit {
				Some(limit) => Self::movable(from.netuid, to.netuid, wanted, limit)?,
				None => wanted,
			};
			let moved = Self::portion_within_limit(from.hotkey, from.coldkey, from.netuid, wanted, allowed)?;
			Self::take_alpha(from.hotkey, from.coldkey, from.netuid, moved)?;
			Self::exchange(from.netuid, to.netuid, moved)?
		};
		ensure!(tao.get() >= MIN_STAKE, Error::<T>::AmountTooLow);
		Self::put_alpha(to.hotkey, to.coldkey, to.netuid, arriving)?;
		Self::ensure_nomination(to.hotkey, to.coldkey, to.netuid)?;
		Ok(tao)
	}

	/// Sells alpha of a subnet and buys alpha of another with all that it gives. Returns the TAO between and the alpha bought.
	fn exchange(from: NetUid, to: NetUid, alpha: AlphaBalance) -> Result<(TaoBalance, AlphaBalance), DispatchError> {
		let sale = Self::sell(from, alpha)?;
		let purchase = Self::buy(to, sale.given, None)?;
		ensure!(purchase.taken == sale.given, Error::<T>::InsufficientLiquidity);
		Self::pay(&Self::subnet_account(from), &Self::subnet_account(to), sale.given)?;
		Ok((sale.given, purchase.given))
	}

	/// How much of an amount of alpha can be moved to another subnet before the ratio of the subnets' prices, origin's to
	/// destination's, falls below the limit (times 1e9).
	fn movable(
		from: NetUid,
		to: NetUid,
		alpha: AlphaBalance,
		limit: PriceLimit,
	) -> Result<AlphaBalance, DispatchError> {
		let least = u128::from(limit.price.get());
		let within = |rate: Option<u128>| rate.is_some_and(|rate| rate >= least);
		ensure!(within(Self::rate(from, to)), Error::<T>::ZeroMaxAmount);
		if within(Self::rate_after(from, to, alpha)) {
			return Ok(alpha);
		}
		ensure!(limit.allow_partial, Error::<T>::SlippageTooHigh);
		let (mut low, mut high) = (0_u64, alpha.get());
		for _ in 0..PROBES {
			let middle = low.midpoint(high);
			if within(Self::rate_after(from, to, AlphaBalance::new(middle))) {
				low = middle;
			} else {
				high = middle;
			}
		}
		Ok(AlphaBalance::new(low))
	}

	/// The ratio of the prices of two subnets, times 1e9; `None` where it cannot be told.
	fn rate(from: NetUid, to: NetUid) -> Option<u128> {
		let (from, to) = (T::Pools::price(from), T::Pools::price(to));
		mul_div_floor(from.bits, u128::from(RAO_PER_TAO), to.bits)
	}

	/// What [`Pallet::rate`] would be after so much had been moved; `None` where the pools refuse. Changes nothing.
	fn rate_after(from: NetUid, to: NetUid, alpha: AlphaBalance) -> Option<u128> {
		let trial = || {
			let tao = if from.is_root() {
				TaoBalance::new(alpha.get())
			} else {
				T::Pools::sell(from, alpha, None).ok()?.given
			};
			if !to.is_root() && !tao.is_zero() {
				T::Pools::buy(to, tao, None).ok()?;
			}
			Self::rate(from, to)
		};
		let rate = with_transaction(|| TransactionOutcome::Rollback(Ok::<_, DispatchError>(trial())));
		rate.ok().flatten()
	}
}
