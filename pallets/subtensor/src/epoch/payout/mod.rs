//! Pays what is pending as stake, a bounded number of neurons a block.
//!
//! An epoch decides what each neuron gets, and pays all validators and at least the first [`PAYMENTS_PER_BLOCK`] neurons in
//! its own block: what is for stakers must go to those who stake then, not to those who come for it. Miners are left. They
//! are put aside in pages of as many ([`UnpaidPayments`]), of which each of the next blocks pays one, the oldest payouts
//! first, as far as [`schedule`](super::schedule) finds room; the next epoch of the subnet pays all that is left before it
//! distributes anything. A small subnet is paid in one block and puts nothing aside.
//!
//! A page names hotkeys, not uids: who earned a payment gets it, although its uid may belong to somebody else by then.
//!
//! Consensus rounds; here nothing is lost: an amount counts as paid only once it is credited, no more is promised than
//! was pending, and the difference stays pending. So does what is put aside: until it is paid it is part of
//! [`PendingServerEmission`].

mod record;

#[cfg(test)]
mod tests;

pub use record::{Paid, Payment, Payout};

use super::{dividends::DividendSplit, snapshot::Snapshot};
use crate::{
	PAYMENTS_PER_BLOCK, WeightInfo,
	pallet::*,
	staking::{credits::Credits, keys::HashedHotkey},
};
use alloc::vec::Vec;
use frame_support::{
	BoundedSlice, defensive,
	pallet_prelude::{ConstU32, Weight},
};
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid};

/// Payments of a page.
const PAGE: usize = PAYMENTS_PER_BLOCK as usize;

/// An amount that is pending, of which parts are promised.
struct Purse(AlphaBalance);

impl Purse {
	/// Takes as much of an amount as there is.
	fn take(&mut self, amount: u64) -> AlphaBalance {
		let amount = AlphaBalance::new(amount).min(self.0);
		self.0 = self.0.saturating_sub(amount);
		amount
	}
}

/// What each uid earned, in rao of alpha.
#[derive(Clone, Copy)]
pub(crate) struct Earned<'a> {
	pub(crate) servers: &'a [u64],
	pub(crate) dividends: &'a DividendSplit,
}

impl Earned<'_> {
	/// What each uid earned: as a miner, as a validator for those who stake alpha, and for those who stake on root.
	fn by_uid(&self) -> impl Iterator<Item = (u64, u64, u64)> {
		let dividends = self.dividends.alpha.iter().zip(&self.dividends.root);
		let earned = self.servers.iter().zip(dividends);
		earned.map(|(server, (alpha, root))| (*server, *alpha, *root))
	}
}

/// What one neuron is to be paid at the epoch.
struct Due {
	payment: Payment,
	/// For those who stake on the hotkey on root, beside the payment.
	root: AlphaBalance,
	/// The alpha on the hotkey at the epoch.
	alpha: AlphaBalance,
	/// The TAO on the hotkey on root.
	root_stake: u64,
}

/// Whether a uid that earned this earned it as a validator.
fn validates(alpha: u64, root: u64) -> bool {
	alpha != 0 || root != 0
}

impl<T: Config> Pallet<T> {
	/// Splits the `emission` that is pending as consensus says, pays the first neurons and the subnet's owner, and puts the
	/// rest aside. Returns what the payments weighed.
	pub(crate) fn begin_payout(snapshot: &Snapshot, epoch: u64, emission: AlphaBalance, earned: Earned<'_>) -> Weight {
		let netuid = snapshot.netuid;
		let mut payments = Self::payments(snapshot, emission, earned);
		let mut credits = Credits::<T>::open(netuid);
		let mut paid = Paid::default();
		let mut count = 0_u32;
		let validators = earned
			.by_uid()
			.filter(|(_, alpha, root)| validates(*alpha, *root))
			.count();
		for due in payments.by_ref().take(validators.max(PAGE)) {
			let payment = &due.payment;
			let hotkey = HashedHotkey::new(&payment.hotkey);
			let credited = credits.credit_on(&hotkey, due.alpha, payment.stakers, payment.of_owner());
			paid.note(payment, credited);
			if !due.root.is_zero() && Self::credit_root(&payment.hotkey, netuid, due.root, due.root_stake).is_ok() {
				paid.root = paid.root.saturating_add(due.root);
			}
			count = count.saturating_add(1);
		}
		// Last: the cut does not share in the dividends of the owner's neuron.
		paid.owner = Self::pay_owner(netuid, &mut credits);
		credits.close();
		Self::note_paid(netuid, &paid);
		RootClaimableAlpha::<T>::mutate(netuid, |total| *total = total.saturating_add(paid.root));
		let pages = Self::put_aside(netuid, payments.map(|due| due.payment));
		let payout = Payout {
			epoch,
			emission,
			paid,
			next_page: 0,
			pages,
		};
		// Validators and root are paid: what is left is for miners, or nobody's yet.
		PendingServerEmission::<T>::insert(netuid, payout.unpaid());
		PendingValidatorEmission::<T>::remove(netuid);
		PendingRootAlphaDivs::<T>::remove(netuid);
		if pages == 0 {
			Self::complete(netuid, &payout);
		} else {
			UnpaidEmission::<T>::insert(netuid, payout);
			if OpenPayouts::<T>::try_append(netuid).is_err() {
				// There are no more subnets than that. The next epoch would pay what is left.
				defensive!("more payouts are open than there may be subnets", netuid);
			}
		}
		T::WeightInfo::payout(count)
	}

	/// What each neuron gets that gets anything: first validators, then those who are miners only, both by uid.
	fn payments<'a>(
		snapshot: &'a Snapshot,
		emission: AlphaBalance,
		earned: Earned<'a>,
	) -> impl Iterator<Item = Due> + 'a {
		let mut purse = Purse(emission);
		let neurons = move || {
			let stakes = snapshot.alpha.iter().zip(&snapshot.root);
			let earned = earned
				.dividends
				.alpha
				.iter()
				.zip(&earned.dividends.root)
				.zip(earned.servers);
			snapshot.hotkeys.iter().zip(stakes).zip(earned)
		};
		let validators = neurons().filter(|(_, ((alpha, root), _))| validates(**alpha, **root));
		let miners = neurons().filter(|(_, ((alpha, root), server))| **server != 0 && !validates(**alpha, **root));
		validators
			.chain(miners)
			.map(move |((hotkey, stakes), ((alpha, root), server))| {
				let (alpha_take, root_take) = if validates(*alpha, *root) {
					let take = Delegates::<T>::get(hotkey);
					(take.mul_floor(*alpha), take.mul_floor(*root))
				} else {
					(0, 0)
				};
				let payment = Payment {
					hotkey: hotkey.clone(),
					stakers: purse.take(alpha.saturating_sub(alpha_take)),
					take: purse.take(alpha_take.saturating_add(root_take)),
					server: purse.take(*server),
				};
				Due {
					payment,
					root: purse.take(root.saturating_sub(root_take)),
					alpha: AlphaBalance::new(*stakes.0),
					root_stake: *stakes.1,
				}
			})
	}

	/// Stores the payments of miners in pages. Returns the number of pages.
	fn put_aside(netuid: NetUid, mut payments: impl Iterator<Item = Payment>) -> u16 {
		let mut pages = 0_u16;
		let mut page: Vec<Payment> = Vec::with_capacity(PAGE);
		loop {
			page.clear();
			page.extend(payments.by_ref().take(PAGE));
			if page.is_empty() {
				return pages;
			}
			let slice = BoundedSlice::<_, ConstU32<PAYMENTS_PER_BLOCK>>::truncate_from(&page);
			UnpaidPayments::<T>::insert(netuid, pages, slice);
			pages = pages.saturating_add(1);
		}
	}

	/// Pays the next page of a subnet's payout, if there is one. Returns what that weighed.
	pub(crate) fn pay_page(netuid: NetUid) -> Weight {
		let Some(mut payout) = UnpaidEmission::<T>::get(netuid) else {
			return Weight::zero();
		};
		let page = UnpaidPayments::<T>::take(netuid, payout.next_page);
		let mut credits = Credits::<T>::open(netuid);
		let mut paid = Paid::default();
		for payment in &page {
			let credited = credits.credit(&payment.hotkey, payment.stakers, payment.of_owner());
			paid.note(payment, credited);
		}
		credits.close();
		PendingServerEmission::<T>::mutate(netuid, |pending| *pending = pending.saturating_sub(paid.miners));
		Self::note_paid(netuid, &paid);
		payout.paid.add(&paid);
		payout.next_page = payout.next_page.saturating_add(1);
		if payout.rest() == 0 {
			UnpaidEmission::<T>::remove(netuid);
			OpenPayouts::<T>::mutate(|open| open.retain(|other| *other != netuid));
			Self::complete(netuid, &payout);
		} else {
			UnpaidEmission::<T>::insert(netuid, payout);
		}
		T::WeightInfo::payout(u32::try_from(page.len()).unwrap_or(u32::MAX))
	}

	/// Pays what is left of a subnet's payout, page by page, as long as there is room after what was paid before. Returns
	/// what that weighed.
	pub(crate) fn pay_rest(netuid: NetUid, has_room_after: impl Fn(Weight) -> bool) -> Weight {
		let mut spent = Weight::zero();
		while UnpaidEmission::<T>::contains_key(netuid) && has_room_after(spent) {
			spent = spent.saturating_add(Self::pay_page(netuid));
		}
		spent
	}

	/// Tells of a payout that is through.
	fn complete(netuid: NetUid, payout: &Payout) {
		let paid = payout.paid;
		Self::deposit_event(Event::EpochCompleted {
			netuid,
			epoch: payout.epoch,
			emission: payout.emission,
			miners: paid.miners,
			takes: paid.takes,
			nominators: paid.nominators,
			owner: paid.owner,
			root: paid.root,
			carried: payout.unpaid(),
		});
	}

	/// Pays the owner's cut of a subnet that has no further epoch.
	pub(crate) fn settle_owner_cut(netuid: NetUid) {
		let mut credits = Credits::<T>::open(netuid);
		let paid = Paid {
			owner: Self::pay_owner(netuid, &mut credits),
			..Default::default()
		};
		credits.close();
		Self::note_paid(netuid, &paid);
	}

	/// Pays the owner's cut as stake on the subnet owner's hotkey, which belongs to the subnet's owner.
	fn pay_owner(netuid: NetUid, credits: &mut Credits<T>) -> AlphaBalance {
		let pending = PendingOwnerCut::<T>::get(netuid);
		if pending.is_zero() {
			return pending;
		}
		let hotkey: AccountId32 = SubnetOwnerHotkey::<T>::get(netuid);
		if credits.credit(&hotkey, AlphaBalance::ZERO, pending).is_err() {
			return AlphaBalance::ZERO;
		}
		PendingOwnerCut::<T>::remove(netuid);
		pending
	}

	fn note_paid(netuid: NetUid, paid: &Paid) {
		SubnetEmissionTotals::<T>::mutate(netuid, |totals| {
			totals.paid_miners = totals.paid_miners.saturating_add(paid.miners);
			totals.paid_validators = totals.paid_validators.saturating_add(paid.validators());
			totals.paid_owner = totals.paid_owner.saturating_add(paid.owner);
			totals.paid_root = totals.paid_root.saturating_add(paid.root);
		});
	}
}
