//! Destroying alpha.

use crate::pallet::*;
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult},
};
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid, PriceLimit, TaoBalance};

impl<T: Config> Pallet<T> {
	/// Destroys alpha of a coldkey, which may be emitted again.
	pub(crate) fn do_recycle_alpha(
		coldkey: &AccountId32,
		hotkey: &AccountId32,
		netuid: NetUid,
		alpha: AlphaBalance,
	) -> DispatchResult {
		let recycled = Self::destroy_stake(coldkey, hotkey, netuid, alpha)?;
		Self::retire_alpha(netuid, recycled)?;
		Self::deposit_event(Event::AlphaRecycled(coldkey.clone(), hotkey.clone(), recycled, netuid));
		Ok(())
	}

	/// Destroys alpha of a coldkey, which is not emitted again.
	pub(crate) fn do_burn_alpha(
		coldkey: &AccountId32,
		hotkey: &AccountId32,
		netuid: NetUid,
		alpha: AlphaBalance,
	) -> DispatchResult {
		let burned = Self::destroy_stake(coldkey, hotkey, netuid, alpha)?;
		Self::note_burned(netuid, burned)?;
		Self::deposit_event(Event::AlphaBurned(coldkey.clone(), hotkey.clone(), burned, netuid));
		Ok(())
	}

	/// Buys alpha for TAO of a coldkey and burns it.
	pub(crate) fn do_add_stake_burn(
		coldkey: &AccountId32,
		hotkey: &AccountId32,
		netuid: NetUid,
		tao: TaoBalance,
		limit: Option<PriceLimit>,
	) -> DispatchResult {
		ensure!(!netuid.is_root(), Error::<T>::CannotBurnOrRecycleOnRootSubnet);
		Self::ensure_stakeable(hotkey, netuid)?;
		Self::ensure_can_pay(coldkey, tao)?;
		let trade = Self::buy(netuid, tao, limit)?;
		Self::pay(coldkey, &Self::subnet_account(netuid), trade.taken)?;
		Self::note_burned(netuid, trade.given)?;
		Self::deposit_event(Event::AddStakeBurn {
			netuid,
			hotkey: hotkey.clone(),
			amount: trade.taken,
			alpha: trade.given,
		});
		Ok(())
	}

	fn destroy_stake(
		coldkey: &AccountId32,
		hotkey: &AccountId32,
		netuid: NetUid,
		alpha: AlphaBalance,
	) -> Result<AlphaBalance, DispatchError> {
		ensure!(!netuid.is_root(), Error::<T>::CannotBurnOrRecycleOnRootSubnet);
		Self::ensure_stakeable(hotkey, netuid)?;
		let destroyed = Self::portion_to_destroy(hotkey, coldkey, netuid, alpha)?;
		Self::take_alpha(hotkey, coldkey, netuid, destroyed)?;
		Ok(destroyed)
	}

	fn note_burned(netuid: NetUid, alpha: AlphaBalance) -> DispatchResult {
		SubnetAlphaBurned::<T>::try_mutate(netuid, |total| {
			*total = total.checked_add(alpha).ok_or(Error::<T>::Overflow)?;
			Ok(())
		})
	}
}
