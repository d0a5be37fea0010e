//! Pays out root's dividends of a subnet that is dissolved. [`crate::subnets::dissolve`] says what is paid, and when.
//!
//! Root's stake may change while a clean-up goes on. A pot does not grow any more then, and what was paid is noted in the
//! claim, so that nobody is paid twice; who leaves root has a claim that says what they are owed. The pots go when all
//! claims are paid, and then the claims.

use super::PotError;
use crate::{DissolveCleanupStatus, WeightInfo, pallet::*};
use frame_support::weights::WeightMeter;
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid};

impl<T: Config> Pallet<T> {
	/// Pays what a coldkey is owed by its stake on a hotkey on root.
	pub(crate) fn pay_root_claim(status: &mut DissolveCleanupStatus, hotkey: &AccountId32, coldkey: &AccountId32) {
		// What does not fit stays in the pot and goes with it.
		let claimed = Self::take_root_claim(status.netuid, hotkey, coldkey).unwrap_or_default();
		Self::pay_holder(status, hotkey, coldkey, claimed);
	}

	/// Takes what a coldkey may claim of a subnet's pot, in alpha.
	fn take_root_claim(netuid: NetUid, hotkey: &AccountId32, coldkey: &AccountId32) -> Result<AlphaBalance, PotError> {
		let mut pots = RootPots::<T>::get(hotkey);
		let since = NetworkRegisteredAt::<T>::get(netuid);
		let Some(pot) = pots.get_mut(&netuid).filter(|pot| pot.since == since) else {
			return Ok(AlphaBalance::ZERO);
		};
		let mut claims = RootClaims::<T>::get(hotkey, coldkey);
		let mut claim = claims.get(&netuid).copied().unwrap_or_default();
		claim.settle(pot, Self::stake_of(hotkey, coldkey, NetUid::ROOT).get())?;
		let alpha = claim.whole();
		if alpha.is_zero() {
			return Ok(alpha);
		}
		claim.pay(pot, alpha)?;
		claims.try_insert(netuid, claim).map_err(|_| PotError)?;
		RootPots::<T>::insert(hotkey, pots);
		RootClaims::<T>::insert(hotkey, coldkey, claims);
		Ok(alpha)
	}

	/// Pays those who left root and are owed something. False where the block has no time for all of them.
	pub(crate) fn pay_root_claims(status: &mut DissolveCleanupStatus, meter: &mut WeightMeter) -> bool {
		let mut claims = match status.cursor.is_empty() {
			true => RootClaims::<T>::iter(),
			false => RootClaims::<T>::iter_from(status.cursor.to_vec()),
		};
		loop {
			if !meter.can_consume(T::WeightInfo::cleanup_payment()) {
				status.stop_at(claims.last_raw_key());
				return false;
			}
			let Some((hotkey, coldkey, claims)) = claims.next() else {
				return true;
			};
			if claims.contains_key(&status.netuid) {
				meter.consume(T::WeightInfo::cleanup_payment());
				Self::pay_root_claim(status, &hotkey, &coldkey);
			} else {
				meter.consume(T::WeightInfo::cleanup_scan());
			}
		}
	}

	/// Removes a subnet's pots. False where the block has no time for all of them.
	pub(crate) fn forget_root_pots(status: &mut DissolveCleanupStatus, meter: &mut WeightMeter) -> bool {
		let mut pots = match status.cursor.is_empty() {
			true => RootPots::<T>::iter(),
			false => RootPots::<T>::iter_from(status.cursor.to_vec()),
		};
		loop {
			if meter.try_consume(T::WeightInfo::cleanup_rows(1)).is_err() {
				status.stop_at(pots.last_raw_key());
				return false;
			}
			let Some((hotkey, mut pots)) = pots.next() else {
				return true;
			};
			match (pots.remove(&status.netuid), pots.is_empty()) {
				(None, _) => {}
				(Some(_), true) => RootPots::<T>::remove(hotkey),
				(Some(_), false) => RootPots::<T>::insert(hotkey, pots),
			}
		}
	}

	/// Forgets what is one item a subnet.
	pub(crate) fn forget_root(netuid: NetUid) {
		RootClaimableAlpha::<T>::remove(netuid);
		RootClaimableThreshold::<T>::remove(netuid);
	}

	/// Removes the claims on a subnet's pots. False where the block has no time for all of them.
	pub(crate) fn forget_root_claims(status: &mut DissolveCleanupStatus, meter: &mut WeightMeter) -> bool {
		let mut claims = match status.cursor.is_empty() {
			true => RootClaims::<T>::iter(),
			false => RootClaims::<T>::iter_from(status.cursor.to_vec()),
		};
		loop {
			if meter.try_consume(T::WeightInfo::cleanup_rows(3)).is_err() {
				status.stop_at(claims.last_raw_key());
				return false;
			}
			let Some((hotkey, coldkey, mut claims)) = claims.next() else {
				return true;
			};
			match (claims.remove(&status.netuid), claims.is_empty()) {
				(None, _) => {}
				(Some(_), true) => {
					RootClaims::<T>::remove(&hotkey, &coldkey);
					Self::forget_staking_hotkey(&coldkey, &hotkey);
				}
				(Some(_), false) => RootClaims::<T>::insert(hotkey, coldkey, claims),
			}
		}
	}
}
