//! Stake positions.

use super::at;
use crate::pallet::*;
use alloc::vec::Vec;
use codec::Compact;
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid, StakeInfo, TaoBalance};

impl<T: Config> Pallet<T> {
	/// All stake positions of a coldkey, by hotkey and subnet.
	pub fn get_stake_info_for_coldkey(coldkey: &AccountId32) -> Vec<StakeInfo> {
		let mut positions = Vec::new();
		for hotkey in StakingHotkeys::<T>::get(coldkey) {
			let mut netuids: Vec<NetUid> = if Self::owns(coldkey, &hotkey) {
				HotkeyShares::<T>::iter_key_prefix(&hotkey).collect()
			} else {
				Alpha::<T>::iter_key_prefix((&hotkey, coldkey)).collect()
			};
			netuids.sort_unstable();
			let infos = netuids
				.into_iter()
				.filter_map(|n| Self::get_stake_info(&hotkey, coldkey, n));
			positions.extend(infos);
		}
		positions
	}

	/// All stake positions of several coldkeys.
	pub fn get_stake_info_for_coldkeys(coldkeys: Vec<AccountId32>) -> Vec<(AccountId32, Vec<StakeInfo>)> {
		coldkeys
			.into_iter()
			.map(|coldkey| {
				let positions = Self::get_stake_info_for_coldkey(&coldkey);
				(coldkey, positions)
			})
			.collect()
	}

	/// One stake position; `None` where there is no stake.
	pub fn get_stake_info(hotkey: &AccountId32, coldkey: &AccountId32, netuid: NetUid) -> Option<StakeInfo> {
		let stake = Self::stake_of(hotkey, coldkey, netuid);
		if stake.is_zero() {
			return None;
		}
		let uid = Uids::<T>::get(netuid, hotkey);
		let emission: AlphaBalance = uid.map(|uid| at(&Emission::<T>::get(netuid), uid)).unwrap_or_default();
		Some(StakeInfo {
			hotkey: hotkey.clone(),
			coldkey: coldkey.clone(),
			netuid: Compact(netuid),
			stake: Compact(stake),
			locked: Compact(0),
			emission: Compact(emission),
			tao_emission: Compact(TaoBalance::ZERO),
			drain: Compact(0),
			is_registered: uid.is_some(),
		})
	}
}
