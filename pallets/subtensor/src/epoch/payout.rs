//! Pays what is pending as stake.
//!
//! Consensus rounds; here nothing is lost: an amount counts as paid only once it is credited, no more is paid than
//! was pending, and the difference stays pending.

use super::snapshot::Snapshot;
use crate::pallet::*;
use frame_support::pallet_prelude::DispatchResult;
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid};
use yuma::EpochOutput;

/// What an epoch paid, and what it could not pay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Payout {
	pub(crate) miners: AlphaBalance,
	pub(crate) takes: AlphaBalance,
	pub(crate) nominators: AlphaBalance,
	pub(crate) owner: AlphaBalance,
	pub(crate) carried: AlphaBalance,
}

/// An amount that is pending, from which payments are taken.
struct Purse(AlphaBalance);

impl Purse {
	/// Takes as much of `amount` as there is, and gives it to `pay`; what `pay` refuses stays. Returns what was paid.
	fn pay(&mut self, amount: AlphaBalance, pay: impl FnOnce(AlphaBalance) -> DispatchResult) -> AlphaBalance {
		let amount = amount.min(self.0);
		// Crediting fails only if a total overflows; the amount then waits for the next epoch.
		if amount.is_zero() || pay(amount).is_err() {
			return AlphaBalance::ZERO;
		}
		self.0 = self.0.saturating_sub(amount);
		amount
	}
}

impl<T: Config> Pallet<T> {
	/// Pays miners, validators and the owner of a subnet what consensus gave them, out of what is pending.
	pub(crate) fn pay(snapshot: &Snapshot, output: &EpochOutput) -> Payout {
		let netuid = snapshot.netuid;
		let pending =
			PendingServerEmission::<T>::get(netuid).saturating_add(PendingValidatorEmission::<T>::get(netuid));
		let mut purse = Purse(pending);
		let mut payout = Payout::default();
		let emissions = output.server_emission.iter().zip(&output.validator_emission);
		for (hotkey, (server, validator)) in snapshot.hotkeys.iter().zip(emissions) {
			let Some(coldkey) = Self::coldkey_of(hotkey) else {
				continue;
			};
			// The stakers' share first: the take must not earn a part of it.
			let validator = AlphaBalance::new(*validator);
			let take = Delegates::<T>::get(hotkey).mul_floor(validator.get());
			let take = AlphaBalance::new(take);
			let rest = purse.pay(validator.saturating_sub(take), |amount| {
				Self::reward_stakers(hotkey, netuid, amount)
					.or_else(|_| Self::credit_stake(hotkey, &coldkey, netuid, amount))
			});
			let take = purse.pay(take, |amount| Self::credit_stake(hotkey, &coldkey, netuid, amount));
			let server = purse.pay(AlphaBalance::new(*server), |amount| {
				Self::credit_stake(hotkey, &coldkey, netuid, amount)
			});
			payout.nominators = payout.nominators.saturating_add(rest);
			payout.takes = payout.takes.saturating_add(take);
			payout.miners = payout.miners.saturating_add(server);
		}
		payout.owner = Self::pay_owner(netuid);
		payout.carried = purse.0;
		PendingServerEmission::<T>::insert(netuid, payout.carried);
		PendingValidatorEmission::<T>::remove(netuid);
		Self::note_payout(netuid, &payout);
		payout
	}

	/// Pays the owner's cut as stake on the owner's hotkey.
	fn pay_owner(netuid: NetUid) -> AlphaBalance {
		let hotkey: AccountId32 = SubnetOwnerHotkey::<T>::get(netuid);
		let coldkey: AccountId32 = SubnetOwner::<T>::get(netuid);
		let mut purse = Purse(PendingOwnerCut::<T>::get(netuid));
		let paid = purse.pay(purse.0, |amount| Self::credit_stake(&hotkey, &coldkey, netuid, amount));
		PendingOwnerCut::<T>::insert(netuid, purse.0);
		paid
	}

	fn note_payout(netuid: NetUid, payout: &Payout) {
		SubnetEmissionTotals::<T>::mutate(netuid, |totals| {
			totals.paid_miners = totals.paid_miners.saturating_add(payout.miners);
			totals.paid_validators = totals
				.paid_validators
				.saturating_add(payout.takes)
				.saturating_add(payout.nominators);
			totals.paid_owner = totals.paid_owner.saturating_add(payout.owner);
		});
	}
}
