//! Root dividends, in the terms of the network's clients.
//!
//! The network keeps a validator's root dividends in a fund, its basket, of which stakers hold shares called beta. Here they
//! are pots of alpha, one for each subnet, and what a staker owns of them is known to the rao. So a position's `beta` is the
//! TAO that its alpha is worth at the pools' present prices, and its payout is what selling it now would bring, less by fees
//! and slippage. A basket is the pots of a hotkey.

use crate::{pallet::*, root::ClaimRow};
use alloc::vec::Vec;
use ganglion_primitives::{AccountId32, BasketClaimPreview, NetUid, TaoBalance};

fn count(rows: usize) -> u32 {
	u32::try_from(rows).unwrap_or(u32::MAX)
}

impl<T: Config> Pallet<T> {
	/// What a coldkey would get if it claimed all its root dividends now, in rao.
	pub fn get_root_basket_owed(coldkey: &AccountId32) -> u64 {
		let hotkeys = StakingHotkeys::<T>::get(coldkey);
		let owed = hotkeys.iter().map(|hotkey| Self::get_basket_payout(hotkey, coldkey));
		owed.fold(0, u64::saturating_add)
	}

	/// Root dividends of a coldkey by hotkey, those without any left out: the hotkey, what the alpha is worth at the present
	/// prices, and what selling it would bring, both in rao of TAO.
	pub fn get_root_basket_positions(coldkey: &AccountId32) -> Vec<(AccountId32, u64, u64)> {
		let hotkeys = StakingHotkeys::<T>::get(coldkey).into_iter();
		let positions = hotkeys.filter_map(|hotkey| {
			let rows = Self::claim_rows(&hotkey, coldkey);
			let worth = rows
				.iter()
				.map(|row| Self::worth(row.netuid, row.alpha))
				.sum::<TaoBalance>();
			(!rows.is_empty()).then(|| (hotkey, worth.get(), payout(&rows).get()))
		});
		positions.collect()
	}

	/// What a coldkey would get if it claimed its root dividends on one hotkey now, in rao.
	pub fn get_basket_payout(hotkey: &AccountId32, coldkey: &AccountId32) -> u64 {
		payout(&Self::claim_rows(hotkey, coldkey)).get()
	}

	/// Root dividends on a hotkey that nobody has claimed yet: by subnet, the alpha, and its worth at the present price, in
	/// rao.
	pub fn get_validator_basket(hotkey: &AccountId32) -> Vec<(NetUid, u64, u64)> {
		let pots = RootPots::<T>::get(hotkey).into_iter();
		pots.filter(|(netuid, pot)| !pot.claimable.is_zero() && Self::pays_root(*netuid, pot.since))
			.map(|(netuid, pot)| (netuid, pot.claimable.get(), Self::worth(netuid, pot.claimable).get()))
			.collect()
	}

	/// What claiming on one hotkey would do now; `None` where there is nothing to claim. Nothing is forfeited: what is not
	/// sold stays claimable.
	pub fn get_basket_claim_preview(hotkey: &AccountId32, coldkey: &AccountId32) -> Option<BasketClaimPreview> {
		let rows = Self::claim_rows(hotkey, coldkey);
		if rows.is_empty() {
			return None;
		}
		let accrued = payout(&rows);
		let enough = accrued >= Self::root_claim_threshold();
		let sellable = count(rows.iter().filter(|row| !row.tao.is_zero()).count());
		let to_sell = if enough { sellable } else { 0 };
		Some(BasketClaimPreview {
			hotkey: hotkey.clone(),
			accrued_tao: accrued.get(),
			redeemable_tao: if enough { accrued.get() } else { 0 },
			forfeited_tao_est: 0,
			rows: count(rows.len()),
			rows_to_sell: to_sell,
			dust_rows: count(rows.len()).saturating_sub(to_sell),
			swept: 0,
			flushed_credits: 0,
		})
	}

	/// What claiming on each hotkey would do now.
	pub fn get_root_basket_claim_previews(coldkey: &AccountId32) -> Vec<BasketClaimPreview> {
		let hotkeys = StakingHotkeys::<T>::get(coldkey);
		let previews = hotkeys
			.iter()
			.filter_map(|hotkey| Self::get_basket_claim_preview(hotkey, coldkey));
		previews.collect()
	}

	fn claim_rows(hotkey: &AccountId32, coldkey: &AccountId32) -> Vec<ClaimRow> {
		Self::settled_claims(hotkey, coldkey)
			.map(|settled| settled.rows)
			.unwrap_or_default()
	}
}

fn payout(rows: &[ClaimRow]) -> TaoBalance {
	rows.iter().map(|row| row.tao).sum()
}
