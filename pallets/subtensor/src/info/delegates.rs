//! Hotkeys that take stake, and who stakes on them.

use super::at;
use crate::{MAX_DELEGATES, MAX_NOMINATORS, pallet::*};
use alloc::{
	collections::{BTreeMap, BTreeSet},
	vec::Vec,
};
use codec::Compact;
use ganglion_primitives::{
	AccountId32, AlphaBalance, DelegateInfo, DelegatedStake, MechanismIndex, NetUid, Nomination, PerU16, RAO_PER_TAO,
	StakeBySubnet, TaoBalance,
};

/// Blocks of a day, of 12 seconds each.
const BLOCKS_PER_DAY: u64 = 7_200;

/// The product of two numbers divided by a third, rounded down; 0 where that is 0.
fn scale(amount: u64, by: u64, of: u64) -> u64 {
	let product = u128::from(amount).saturating_mul(u128::from(by));
	let scaled = product.checked_div(u128::from(of)).unwrap_or_default();
	u64::try_from(scaled).unwrap_or(u64::MAX)
}

impl<T: Config> Pallet<T> {
	/// The hotkeys with a validator permit, and then those with a take of their own; [`MAX_DELEGATES`] at most.
	pub fn get_delegates() -> Vec<DelegateInfo> {
		let mut hotkeys: Vec<AccountId32> = Vec::new();
		let mut known: BTreeSet<AccountId32> = BTreeSet::new();
		let permitted = Self::subnets().into_iter().flat_map(Self::permitted_hotkeys);
		for hotkey in permitted.chain(Delegates::<T>::iter_keys()) {
			if hotkeys.len() >= MAX_DELEGATES {
				break;
			}
			if known.insert(hotkey.clone()) {
				hotkeys.push(hotkey);
			}
		}
		hotkeys.iter().filter_map(Self::delegate_info).collect()
	}

	/// A hotkey that has an owner, and so takes stake; `None` for others.
	pub fn get_delegate(hotkey: &AccountId32) -> Option<DelegateInfo> {
		Self::delegate_info(hotkey)
	}

	/// The stakes of a coldkey on the hotkeys of others: what is known of the hotkey, the subnet, and the alpha.
	pub fn get_delegated(coldkey: &AccountId32) -> Vec<DelegatedStake> {
		let mut stakes = Vec::new();
		for hotkey in StakingHotkeys::<T>::get(coldkey) {
			if Self::owns(coldkey, &hotkey) {
				continue;
			}
			let netuids = Self::netuids_of(&hotkey, coldkey);
			let Some(info) = (!netuids.is_empty()).then(|| Self::delegate_info(&hotkey)).flatten() else {
				continue;
			};
			for netuid in netuids {
				let alpha = Self::stake_of(&hotkey, coldkey, netuid);
				stakes.push((info.clone(), (Compact(netuid), Compact(alpha))));
			}
		}
		stakes
	}

	/// The hotkeys of a subnet that hold a validator permit.
	fn permitted_hotkeys(netuid: NetUid) -> Vec<AccountId32> {
		let permits = ValidatorPermit::<T>::get(netuid);
		let hotkeys = Hotkeys::<T>::get(netuid);
		let permitted = hotkeys.into_iter().zip(permits).filter(|(_, permit)| *permit);
		permitted.map(|(hotkey, _)| hotkey).collect()
	}

	/// What is known of a hotkey that has an owner. The returns count what the last epochs paid to the validator: where a
	/// uid mines, too, the part of its emission that its dividends have in its incentive and dividends.
	fn delegate_info(hotkey: &AccountId32) -> Option<DelegateInfo> {
		let owner = Self::coldkey_of(hotkey)?;
		let take = Delegates::<T>::get(hotkey);
		let members = IsNetworkMember::<T>::iter_prefix(hotkey).filter(|(_, member)| *member);
		let mut registrations: Vec<NetUid> = members.map(|(netuid, _)| netuid).collect();
		registrations.sort_unstable();
		let mut permits = Vec::new();
		let mut daily = TaoBalance::ZERO;
		for netuid in &registrations {
			let Some(uid) = Uids::<T>::get(netuid, hotkey) else {
				continue;
			};
			if at(&ValidatorPermit::<T>::get(netuid), uid) {
				permits.push(Compact(*netuid));
			}
			daily = daily.saturating_add(Self::daily_dividends(*netuid, uid));
		}
		let staked = HotkeyShares::<T>::iter_key_prefix(hotkey)
			.map(|netuid| Self::worth(netuid, TotalHotkeyAlpha::<T>::get(hotkey, netuid)))
			.sum::<TaoBalance>();
		let kept = u64::from(
			PerU16::from_percent(100)
				.deconstruct()
				.saturating_sub(take.deconstruct()),
		);
		let shared = scale(daily.get(), kept, u64::from(u16::MAX));
		Some(DelegateInfo {
			delegate_ss58: hotkey.clone(),
			take: Compact(take.deconstruct()),
			nominators: Self::nominators(hotkey, &owner),
			owner_ss58: owner,
			registrations: registrations.into_iter().map(Compact).collect(),
			validator_permits: permits,
			return_per_1000: Compact(scale(shared, RAO_PER_TAO.saturating_mul(1_000), staked.get())),
			total_daily_return: Compact(daily.get()),
		})
	}

	/// What a uid would earn as a validator in a day, in TAO at the present price, if all epochs were like the last.
	fn daily_dividends(netuid: NetUid, uid: u16) -> TaoBalance {
		let emission: AlphaBalance = at(&Emission::<T>::get(netuid), uid);
		let dividends = u64::from(at::<u16>(&Dividends::<T>::get(netuid), uid));
		let incentive = u64::from(at::<u16>(&Incentive::<T>::get(MechanismIndex::main(netuid)), uid));
		let earned = scale(emission.get(), dividends, dividends.saturating_add(incentive));
		let daily = scale(earned, BLOCKS_PER_DAY, u64::from(Tempo::<T>::get(netuid)));
		Self::worth(netuid, AlphaBalance::new(daily))
	}

	/// Who stakes on a hotkey, in the order of the accounts: its owner, and the first [`MAX_NOMINATORS`] stakes of others.
	fn nominators(hotkey: &AccountId32, owner: &AccountId32) -> Vec<Nomination> {
		let mut stakes: BTreeMap<AccountId32, StakeBySubnet> = BTreeMap::new();
		let own = Self::netuids_of(hotkey, owner);
		let own = own.into_iter().map(|netuid| (owner.clone(), netuid));
		let others = Alpha::<T>::iter_key_prefix((hotkey,)).take(MAX_NOMINATORS);
		for (coldkey, netuid) in own.chain(others) {
			let alpha = Self::stake_of(hotkey, &coldkey, netuid);
			let stake = (Compact(netuid), Compact(alpha.get()));
			stakes.entry(coldkey).or_default().push(stake);
		}
		stakes.into_iter().collect()
	}
}
