//! Stake positions.

use super::at;
use crate::{MAX_COLDKEYS_PER_QUERY, MAX_SUBNETS, pallet::*};
use alloc::{
	collections::{BTreeMap, BTreeSet},
	vec::Vec,
};
use codec::Compact;
use ganglion_primitives::{
	AccountId32, AlphaBalance, LockState, NetUid, StakeAvailability, StakeInfo, TaoBalance, U64F64,
};

impl<T: Config> Pallet<T> {
	/// All stake positions of a coldkey, by hotkey and subnet.
	pub fn get_stake_info_for_coldkey(coldkey: &AccountId32) -> Vec<StakeInfo> {
		let mut positions = Vec::new();
		for hotkey in StakingHotkeys::<T>::get(coldkey) {
			let netuids = Self::netuids_of(&hotkey, coldkey);
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

	/// What of the stakes of several coldkeys can be taken off, by subnet: those asked for, or else those on which there is
	/// stake. All of it, as this chain has no locks yet. Answers for the first [`MAX_COLDKEYS_PER_QUERY`] coldkeys, and for
	/// as many subnets as there can be.
	pub fn get_stake_availability_for_coldkeys(
		coldkeys: Vec<AccountId32>,
		netuids: Option<Vec<NetUid>>,
	) -> BTreeMap<AccountId32, BTreeMap<NetUid, StakeAvailability>> {
		let most_subnets = usize::from(MAX_SUBNETS).saturating_add(1);
		let wanted: Option<BTreeSet<NetUid>> = netuids.map(|netuids| netuids.into_iter().take(most_subnets).collect());
		let mut answer = BTreeMap::new();
		for coldkey in coldkeys.into_iter().take(MAX_COLDKEYS_PER_QUERY) {
			let mut totals: BTreeMap<NetUid, AlphaBalance> = BTreeMap::new();
			for netuid in wanted.iter().flatten() {
				totals.insert(*netuid, AlphaBalance::ZERO);
			}
			for hotkey in StakingHotkeys::<T>::get(&coldkey) {
				for netuid in Self::netuids_of(&hotkey, &coldkey) {
					if wanted.as_ref().is_none_or(|wanted| wanted.contains(&netuid)) {
						let total = totals.entry(netuid).or_default();
						*total = total.saturating_add(Self::stake_of(&hotkey, &coldkey, netuid));
					}
				}
			}
			let subnets = totals.into_iter().map(|(netuid, total)| {
				let availability = StakeAvailability {
					total: Compact(total),
					locked: Compact(AlphaBalance::ZERO),
					available: Compact(total),
				};
				(netuid, availability)
			});
			answer.insert(coldkey, subnets.collect());
		}
		answer
	}

	/// What a coldkey has locked on a subnet.
	pub fn get_coldkey_lock(coldkey: &AccountId32, netuid: NetUid) -> Option<LockState> {
		Lock::<T>::iter_prefix_values((coldkey, netuid)).next()
	}

	/// What the locks for a hotkey count on a subnet: nothing, as this chain has no locks yet.
	pub fn get_hotkey_conviction(_hotkey: &AccountId32, _netuid: NetUid) -> U64F64 {
		U64F64::ZERO
	}

	/// The hotkey for which the locks of a subnet count most: none, as this chain has no locks yet.
	pub fn get_most_convicted_hotkey_on_subnet(_netuid: NetUid) -> Option<AccountId32> {
		None
	}
}
