//! Pays out the stake on a subnet that is dissolved. [`crate::subnets::dissolve`] says what is paid, and when.
//!
//! Positions are keyed by hotkey, so that the stake of all subnets is scanned. Until the last position of a share pool is
//! paid its alpha and its shares stay what they were, so that the order does not matter. Who stakes on root is owed
//! dividends, which are paid on the way.

use crate::{DissolveCleanupStatus, WeightInfo, pallet::*};
use frame_support::weights::WeightMeter;
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid, U64F64};

impl<T: Config> Pallet<T> {
	/// Pays all who stake on hotkeys of others. False where the block has no time for all of them.
	pub(crate) fn pay_nominators(status: &mut DissolveCleanupStatus, meter: &mut WeightMeter) -> bool {
		let mut positions = match status.cursor.is_empty() {
			true => Alpha::<T>::iter(),
			false => Alpha::<T>::iter_from(status.cursor.to_vec()),
		};
		loop {
			if !meter.can_consume(T::WeightInfo::cleanup_payment()) {
				status.stop_at(positions.last_raw_key());
				return false;
			}
			let Some(((hotkey, coldkey, netuid), shares)) = positions.next() else {
				return true;
			};
			if netuid.is_root() {
				meter.consume(T::WeightInfo::cleanup_payment());
				Self::pay_root_claim(status, &hotkey, &coldkey);
				continue;
			}
			if netuid != status.netuid {
				meter.consume(T::WeightInfo::cleanup_scan());
				continue;
			}
			meter.consume(T::WeightInfo::cleanup_payment());
			let alpha = Self::value_of_shares(&hotkey, netuid, shares);
			Self::pay_holder(status, &hotkey, &coldkey, alpha);
			Alpha::<T>::remove((&hotkey, &coldkey, netuid));
			Self::forget_staking_hotkey(&coldkey, &hotkey);
		}
	}

	/// Pays the owners of hotkeys and removes the share pools. False where the block has no time for all of them.
	pub(crate) fn pay_hotkey_owners(status: &mut DissolveCleanupStatus, meter: &mut WeightMeter) -> bool {
		let mut pools = match status.cursor.is_empty() {
			true => HotkeyShares::<T>::iter(),
			false => HotkeyShares::<T>::iter_from(status.cursor.to_vec()),
		};
		loop {
			if !meter.can_consume(T::WeightInfo::cleanup_payment()) {
				status.stop_at(pools.last_raw_key());
				return false;
			}
			let Some((hotkey, netuid, shares)) = pools.next() else {
				return true;
			};
			if netuid != status.netuid && !netuid.is_root() {
				meter.consume(T::WeightInfo::cleanup_scan());
				continue;
			}
			meter.consume(T::WeightInfo::cleanup_payment());
			let owner = Self::coldkey_of(&hotkey);
			if netuid.is_root() {
				if let Some(coldkey) = owner {
					Self::pay_root_claim(status, &hotkey, &coldkey);
				}
				continue;
			}
			let alpha = Self::value_of_shares(&hotkey, netuid, shares.owner);
			if let Some(coldkey) = owner {
				Self::pay_holder(status, &hotkey, &coldkey, alpha);
			}
			HotkeyShares::<T>::remove(&hotkey, netuid);
			TotalHotkeyAlpha::<T>::remove(&hotkey, netuid);
		}
	}

	/// What so many shares in a hotkey's pool are worth.
	pub(crate) fn value_of_shares(hotkey: &AccountId32, netuid: NetUid, shares: U64F64) -> AlphaBalance {
		Self::pool(hotkey, netuid).value_of(shares)
	}

	/// Forgets what is one item a subnet.
	pub(crate) fn forget_staking(netuid: NetUid) {
		TotalAlphaStaked::<T>::remove(netuid);
		SubtokenEnabled::<T>::remove(netuid);
		SubnetAlphaBurned::<T>::remove(netuid);
	}
}
