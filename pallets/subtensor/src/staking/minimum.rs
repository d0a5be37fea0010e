//! How small a stake may be, and how much a request takes.

use crate::{MIN_STAKE, pallet::*};
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult},
};
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid, SubnetPools, TaoBalance, mul_div_floor};

/// What a request to take alpha out of a position comes to.
struct Request {
	asked: AlphaBalance,
	rest: AlphaBalance,
}

impl<T: Config> Pallet<T> {
	/// What an amount of alpha is worth at the present price, rounded down.
	pub(crate) fn worth(netuid: NetUid, alpha: AlphaBalance) -> TaoBalance {
		let price = T::Pools::price(netuid);
		let worth = mul_div_floor(price.bits, u128::from(alpha.get()), 1 << 64).unwrap_or(u128::MAX);
		TaoBalance::new(u64::try_from(worth).unwrap_or(u64::MAX))
	}

	/// Whether a stake on somebody else's hotkey is worth less than [`NominatorMinRequiredStake`].
	fn is_small_nomination(hotkey: &AccountId32, coldkey: &AccountId32, netuid: NetUid, alpha: AlphaBalance) -> bool {
		let least = NominatorMinRequiredStake::<T>::get();
		least > 0 && !Self::owns(coldkey, hotkey) && Self::worth(netuid, alpha).get() < least
	}

	/// Fails where a nomination is too small.
	pub(crate) fn ensure_nomination(hotkey: &AccountId32, coldkey: &AccountId32, netuid: NetUid) -> DispatchResult {
		let alpha = Self::stake_of(hotkey, coldkey, netuid);
		ensure!(
			!Self::is_small_nomination(hotkey, coldkey, netuid, alpha),
			Error::<T>::AmountTooLow
		);
		Ok(())
	}

	/// Sets the least that a stake on somebody else's hotkey may be worth, in rao of TAO; for root. Stakes that exist stay.
	pub fn set_nominator_min_required_stake(least: u64) -> DispatchResult {
		NominatorMinRequiredStake::<T>::put(least);
		Self::deposit_event(Event::NominatorMinRequiredStakeSet(least));
		Ok(())
	}

	/// Sets whether stake on a subnet may be traded and moved.
	pub fn set_subtoken_enabled(netuid: NetUid, enabled: bool) -> DispatchResult {
		Self::ensure_subnet_exists(netuid)?;
		SubtokenEnabled::<T>::insert(netuid, enabled);
		Self::deposit_event(Event::SubtokenToggled(netuid, enabled));
		Ok(())
	}

	fn request(
		hotkey: &AccountId32,
		coldkey: &AccountId32,
		netuid: NetUid,
		wanted: AlphaBalance,
	) -> Result<Request, DispatchError> {
		ensure!(!wanted.is_zero(), Error::<T>::AmountTooLow);
		let stake = Self::stake_of(hotkey, coldkey, netuid);
		ensure!(!stake.is_zero(), Error::<T>::NotEnoughStakeToWithdraw);
		let wanted = if wanted == AlphaBalance::MAX { stake } else { wanted };
		let rest = stake.checked_sub(wanted).ok_or(Error::<T>::NotEnoughStakeToWithdraw)?;
		if rest.get() < MIN_STAKE {
			return Ok(Request {
				asked: stake,
				rest: AlphaBalance::ZERO,
			});
		}
		Ok(Request { asked: wanted, rest })
	}

	/// How much alpha a request to destroy `wanted` of a position destroys: [`AlphaBalance::MAX`] destroys all, and so does
	/// what would leave less than [`MIN_STAKE`].
	pub(crate) fn portion_to_destroy(
		hotkey: &AccountId32,
		coldkey: &AccountId32,
		netuid: NetUid,
		wanted: AlphaBalance,
	) -> Result<AlphaBalance, DispatchError> {
		let request = Self::request(hotkey, coldkey, netuid, wanted)?;
		Ok(request.asked)
	}

	/// How much alpha a request to take `wanted` out of a position takes: [`AlphaBalance::MAX`] takes all, and so does
	/// what would leave less than [`MIN_STAKE`], or a nomination that is too small.
	pub(crate) fn portion(
		hotkey: &AccountId32,
		coldkey: &AccountId32,
		netuid: NetUid,
		wanted: AlphaBalance,
	) -> Result<AlphaBalance, DispatchError> {
		let Request { asked, rest } = Self::request(hotkey, coldkey, netuid, wanted)?;
		if Self::is_small_nomination(hotkey, coldkey, netuid, rest) {
			return Ok(asked.saturating_add(rest));
		}
		Ok(asked)
	}

	/// How much alpha of `wanted` a trade in part takes out of a position, of which a price limit allows `allowed`: no more,
	/// and not so much that less than [`MIN_STAKE`] is left.
	pub(crate) fn portion_within_limit(
		hotkey: &AccountId32,
		coldkey: &AccountId32,
		netuid: NetUid,
		wanted: AlphaBalance,
		allowed: AlphaBalance,
	) -> Result<AlphaBalance, DispatchError> {
		if allowed >= wanted {
			return Ok(wanted);
		}
		let stake = Self::stake_of(hotkey, coldkey, netuid);
		let part = allowed.min(stake.saturating_sub(AlphaBalance::new(MIN_STAKE)));
		ensure!(!part.is_zero(), Error::<T>::ZeroMaxAmount);
		Ok(part)
	}
}
