//! What stakers on root may claim, and claiming it.

use super::{BySubnet, RootClaim, RootPot};
use crate::{MAX_ROOT_CLAIM_ROWS, MIN_STAKE, pallet::*};
use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult},
};
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid, SubnetPools, TaoBalance};

/// What a staker may claim from one subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClaimRow {
	pub(crate) netuid: NetUid,
	pub(crate) alpha: AlphaBalance,
	/// What the pool would give for it now; nothing where it refuses.
	pub(crate) tao: TaoBalance,
}

/// The claims of a staker on one hotkey, settled.
pub(crate) struct Settled {
	pots: BySubnet<RootPot>,
	claims: BySubnet<RootClaim>,
	/// What may be claimed.
	pub(crate) rows: Vec<ClaimRow>,
}

impl Settled {
	/// What is owed by each subnet, times 2^64.
	pub(crate) fn owed(&self) -> impl Iterator<Item = (NetUid, u128)> {
		self.claims.iter().map(|(netuid, claim)| (*netuid, claim.owed))
	}
}

impl<T: Config> Pallet<T> {
	/// Claims what a coldkey earned on root, on all hotkeys where it stakes. With subnets other than root, only what these
	/// pay. Returns how many rows of how many hotkeys were looked at.
	pub(crate) fn do_claim_root(
		coldkey: &AccountId32,
		subnets: &BTreeSet<NetUid>,
	) -> Result<(u32, u32), DispatchError> {
		let hotkeys = StakingHotkeys::<T>::get(coldkey);
		let all = subnets.is_empty() || subnets.contains(&NetUid::ROOT);
		let wanted = |netuid: NetUid| all || subnets.contains(&netuid);
		let mut rows = 0_u32;
		for hotkey in &hotkeys {
			let left = MAX_ROOT_CLAIM_ROWS.saturating_sub(rows);
			rows = rows.saturating_add(Self::claim(coldkey, hotkey, left, wanted)?);
		}
		let count = u32::try_from(hotkeys.len()).unwrap_or(u32::MAX);
		Ok((rows, count))
	}

	/// Claims what a coldkey earned on root by its stake on one hotkey. Returns how many rows were looked at.
	pub(crate) fn do_claim_root_with_hotkey(coldkey: &AccountId32, hotkey: &AccountId32) -> Result<u32, DispatchError> {
		ensure!(Owner::<T>::contains_key(hotkey), Error::<T>::HotKeyAccountNotExists);
		Self::claim(coldkey, hotkey, MAX_ROOT_CLAIM_ROWS, |_| true)
	}

	/// Sells what may be claimed on one hotkey, if it brings enough, and stakes the TAO there.
	fn claim(
		coldkey: &AccountId32,
		hotkey: &AccountId32,
		most: u32,
		wanted: impl Fn(NetUid) -> bool,
	) -> Result<u32, DispatchError> {
		let mut settled = Self::settled_claims(hotkey, coldkey)?;
		let count = u32::try_from(settled.rows.len()).unwrap_or(u32::MAX);
		ensure!(count <= most, Error::<T>::RootClaimTooHeavy);
		let mut rows = core::mem::take(&mut settled.rows);
		rows.retain(|row| wanted(row.netuid) && !row.tao.is_zero());
		let expected: TaoBalance = rows.iter().map(|row| row.tao).sum();
		if expected < Self::root_claim_threshold() {
			return Ok(count);
		}
		let mut proceeds = TaoBalance::ZERO;
		for row in rows {
			let tao = Self::redeem(&mut settled, row)?;
			proceeds = proceeds.checked_add(tao).ok_or(Error::<T>::Overflow)?;
		}
		RootPots::<T>::insert(hotkey, settled.pots);
		RootClaims::<T>::insert(hotkey, coldkey, settled.claims);
		let staked = Self::buy(NetUid::ROOT, proceeds, None)?;
		Self::put_alpha(hotkey, coldkey, NetUid::ROOT, staked.given)?;
		Self::deposit_event(Event::RootClaimed {
			coldkey: coldkey.clone(),
			hotkey: hotkey.clone(),
			tao: proceeds,
		});
		Ok(count)
	}

	/// Sells one row; its TAO goes from the subnet's account to root's.
	fn redeem(settled: &mut Settled, row: ClaimRow) -> Result<TaoBalance, DispatchError> {
		let (Some(pot), Some(claim)) = (settled.pots.get_mut(&row.netuid), settled.claims.get_mut(&row.netuid)) else {
			return Err(Error::<T>::Overflow.into());
		};
		claim.pay(pot, row.alpha).map_err(Error::<T>::from)?;
		RootClaimableAlpha::<T>::try_mutate(row.netuid, |total| -> DispatchResult {
			*total = total.checked_sub(row.alpha).ok_or(Error::<T>::Overflow)?;
			Ok(())
		})?;
		// No trade of a staker: it does not count as a flow.
		let trade = T::Pools::sell(row.netuid, row.alpha, None).map_err(Error::<T>::from)?;
		ensure!(trade.taken == row.alpha, Error::<T>::InsufficientLiquidity);
		Self::retire_alpha(row.netuid, row.alpha)?;
		let (from, to) = (Self::subnet_account(row.netuid), Self::subnet_account(NetUid::ROOT));
		Self::pay(&from, &to, trade.given)?;
		Ok(trade.given)
	}

	/// The claims of a coldkey on a hotkey as they are now.
	pub(crate) fn settled_claims(hotkey: &AccountId32, coldkey: &AccountId32) -> Result<Settled, DispatchError> {
		let pots = RootPots::<T>::get(hotkey);
		let mut claims = BySubnet::default();
		if !pots.is_empty() {
			claims = RootClaims::<T>::get(hotkey, coldkey);
			let stake = Self::stake_of(hotkey, coldkey, NetUid::ROOT).get();
			Self::settle(&mut claims, &pots, stake)?;
		}
		let rows = claims
			.iter()
			.map(|(netuid, claim)| (*netuid, claim.since, claim.whole()))
			.filter(|(netuid, since, alpha)| !alpha.is_zero() && Self::pays_root(*netuid, *since))
			.map(|(netuid, _, alpha)| ClaimRow {
				netuid,
				alpha,
				tao: T::Pools::quote_sell(netuid, alpha, None).map_or(TaoBalance::ZERO, |trade| trade.given),
			})
			.collect();
		Ok(Settled { pots, claims, rows })
	}

	/// Whether the subnet of this number is still the one that was registered then.
	pub(crate) fn pays_root(netuid: NetUid, since: u64) -> bool {
		NetworksAdded::<T>::get(netuid) && NetworkRegisteredAt::<T>::get(netuid) == since
	}

	/// The least TAO that a claim on one hotkey must bring; never less than the smallest stake.
	pub(crate) fn root_claim_threshold() -> TaoBalance {
		let rao = RootClaimableThreshold::<T>::get(NetUid::ROOT).bits >> 32;
		TaoBalance::new(u64::try_from(rao).unwrap_or_default().max(MIN_STAKE))
	}
}
