//! Root: who stakes TAO on a validator there has a share in what the validator earns on every subnet.
//!
//! An epoch gives root's part of a subnet's dividends to the pots of the validators that earned it (`RootPots`), one for each
//! hotkey and subnet, after the validator's take. The pot belongs to those who stake on that hotkey on root, by their stake
//! at that moment; `pot` has the arithmetic. A dividend is one addition, and so a change of stake must settle what the
//! staker earned before: [`Pallet::before_root_stake_change`].
//!
//! What a staker earned stays alpha until it is claimed. A claim sells it to the subnets' pools, and stakes the TAO on root,
//! on the same hotkey.

mod claims;
mod pot;
pub mod storage;
mod wind_up;

#[cfg(test)]
mod tests;

use crate::pallet::*;
use frame_support::{
	ensure,
	pallet_prelude::{ConstU32, DispatchResult},
	storage::bounded_btree_map::BoundedBTreeMap,
};
use ganglion_primitives::{AccountId32, AlphaBalance, I96F32, NetUid};
use pot::PotError;

pub(crate) use claims::ClaimRow;
pub use pot::{RootClaim, RootPot};

/// One value per subnet.
pub(crate) type BySubnet<Value> = BoundedBTreeMap<NetUid, Value, ConstU32<{ crate::MAX_SUBNETS as u32 }>>;

impl<T: Config> From<PotError> for Error<T> {
	fn from(_: PotError) -> Self {
		Self::Overflow
	}
}

impl<T: Config> Pallet<T> {
	/// Gives a dividend of a subnet to all who stake on a hotkey on root, where there is `stake`. The caller adds it to
	/// [`RootClaimableAlpha`].
	pub(crate) fn credit_root(
		hotkey: &AccountId32,
		netuid: NetUid,
		dividend: AlphaBalance,
		stake: u64,
	) -> DispatchResult {
		let since = NetworkRegisteredAt::<T>::get(netuid);
		RootPots::<T>::try_mutate(hotkey, |pots| {
			let pot = pots.get(&netuid).filter(|pot| pot.since == since);
			let mut pot = pot.copied().unwrap_or_else(|| RootPot::new(since));
			pot.add(dividend, stake).map_err(Error::<T>::from)?;
			pots.try_insert(netuid, pot).map_err(|_| Error::<T>::Overflow)?;
			Ok(())
		})
	}

	/// Settles what a coldkey earned by its stake on a hotkey on root. Must be called before that stake changes.
	pub(crate) fn before_root_stake_change(hotkey: &AccountId32, coldkey: &AccountId32) -> DispatchResult {
		let pots = RootPots::<T>::get(hotkey);
		if pots.is_empty() {
			return Ok(());
		}
		let stake = Self::stake_of(hotkey, coldkey, NetUid::ROOT).get();
		RootClaims::<T>::try_mutate(hotkey, coldkey, |claims| Self::settle(claims, &pots, stake))
	}

	/// Tidies up after a coldkey took all its stake off a hotkey on root: fractions of a rao go to those who stay.
	pub(crate) fn after_root_stake_left(hotkey: &AccountId32, coldkey: &AccountId32) -> DispatchResult {
		let Ok(mut claims) = RootClaims::<T>::try_get(hotkey, coldkey) else {
			return Ok(());
		};
		RootPots::<T>::try_mutate(hotkey, |pots| {
			for (netuid, claim) in &mut claims {
				match pots.get_mut(netuid).filter(|pot| pot.since == claim.since) {
					Some(pot) => claim.leave_fraction(pot).map_err(Error::<T>::from)?,
					None => *claim = RootClaim::default(),
				}
			}
			Ok::<(), Error<T>>(())
		})?;
		claims.retain(|_, claim| claim.owed != 0);
		if claims.is_empty() {
			RootClaims::<T>::remove(hotkey, coldkey);
		} else {
			RootClaims::<T>::insert(hotkey, coldkey, claims);
		}
		Ok(())
	}

	/// Brings the claims of a staker up to date with the pots of a hotkey.
	fn settle(claims: &mut BySubnet<RootClaim>, pots: &BySubnet<RootPot>, stake: u64) -> DispatchResult {
		for (netuid, pot) in pots {
			let mut claim = claims.get(netuid).copied().unwrap_or_default();
			claim.settle(pot, stake).map_err(Error::<T>::from)?;
			claims.try_insert(*netuid, claim).map_err(|_| Error::<T>::Overflow)?;
		}
		Ok(())
	}

	/// Sets how much TAO a claim on one hotkey must bring at least.
	pub(crate) fn do_set_root_claim_threshold(netuid: NetUid, rao: u64) -> DispatchResult {
		ensure!(
			netuid.is_root() && rao <= crate::MAX_ROOT_CLAIM_THRESHOLD,
			Error::<T>::InvalidRootClaimThreshold
		);
		let threshold = i64::try_from(rao).map_err(|_| Error::<T>::InvalidRootClaimThreshold)?;
		RootClaimableThreshold::<T>::insert(netuid, I96F32::from_integer(threshold));
		Self::deposit_event(Event::RootClaimThresholdSet(rao));
		Ok(())
	}
}
