//! When epochs are due, which of them a block has room for, and when what they have still to pay is paid.
//!
//! Epochs and payouts may use [`EPOCH_SHARE`] of a block. Epochs run in the order in which they became due (subnets that became due in
//! the same block by their number), for as long as the next one surely fits into what is left of that share. Whether it
//! fits is decided before anything is loaded, from the number of neurons and of permits, as if every validator had a weight
//! and a bond for every neuron. The exact number of entries would have to be kept by each call that sets weights, at a
//! read and a write each; the bound costs a block at most some room that it leaves free, since what an epoch turned out to
//! use is what the next one is measured against. The first epoch that does not fit defers all behind it, to the next
//! block.
//!
//! The epoch that has waited longest runs in any case, so that each block runs one where one is due, and a subnet waits
//! for as many blocks as there are subnets before it at most. This overruns nothing: the epoch of the largest subnet that
//! the bounds permit, with the payments that are made at once, fits the share by itself, which the pallet's integrity test
//! checks against the runtime's weights. Only where the last payout of that subnet is not through does it wait: the block
//! pays as much of it as it has room for, and runs the epoch if there is room for that, too.
//!
//! What the epochs of a block leave of the share is for the payouts that earlier blocks began, a page of each, the oldest
//! first. One page is paid in any case where no epoch runs.

#[cfg(test)]
mod tests;

use crate::{
	Authority, EPOCH_SHARE, MAX_SEALED_EPOCHS, MAX_SUBNETS, MAX_UIDS_PER_SUBNET, OPENED_PER_BLOCK, PAYMENTS_PER_BLOCK,
	WeightInfo, hyperparameters::MIN_TEMPO, pallet::*, weight_info::MOST_VALIDATORS,
};
use alloc::vec::Vec;
use frame_support::{
	ensure,
	pallet_prelude::{DispatchResult, Get, Weight},
};
use ganglion_primitives::NetUid;
use sp_runtime::traits::Zero;
use yuma::{EpochOutput, Workspace};

/// Matrices of a subnet: weights and bonds.
const MATRICES: u32 = 2;

impl<T: Config> Pallet<T> {
	/// The block in which the next epoch of a subnet runs, if the block has room for it; `None` where the subnet has no
	/// epochs. An epoch that had to wait in this block is due in the next.
	pub fn next_epoch_block(netuid: NetUid) -> Option<u64> {
		let next = Self::block_number().saturating_add(1);
		Self::epoch_due_at(netuid).map(|due| due.max(next))
	}

	/// The block from which on a subnet waits for its epoch.
	fn epoch_due_at(netuid: NetUid) -> Option<u64> {
		let tempo = u64::from(Tempo::<T>::get(netuid));
		if tempo == 0 {
			return None;
		}
		let due = LastEpochBlock::<T>::get(netuid).saturating_add(tempo);
		match PendingEpochAt::<T>::get(netuid) {
			0 => Some(due),
			asked_for => Some(due.min(asked_for)),
		}
	}

	/// Asks for an epoch in the next block.
	pub(crate) fn do_trigger_epoch(authority: Authority, netuid: NetUid) -> DispatchResult {
		Self::ensure_not_frozen(authority, netuid)?;
		ensure!(
			PendingEpochAt::<T>::get(netuid) == 0,
			Error::<T>::EpochTriggerAlreadyPending
		);
		let next = Self::block_number().saturating_add(1);
		let due = Self::epoch_due_at(netuid).ok_or(Error::<T>::SubnetNotExists)?;
		ensure!(due > next, Error::<T>::AutoEpochAlreadyImminent);
		let elapsed = BlocksSinceLastStep::<T>::get(netuid);
		ensure!(elapsed >= u64::from(MIN_TEMPO), Error::<T>::TxRateLimitExceeded);
		PendingEpochAt::<T>::insert(netuid, next);
		Self::deposit_event(Event::EpochTriggered(netuid, next));
		Ok(())
	}

	/// Runs the epochs that are due, those that have waited longest first, as far as the block has room for them. The
	/// first runs in any case, unless its last payout takes the room. Returns what they weighed.
	pub(crate) fn run_due_epochs(netuids: &[NetUid]) -> Weight {
		let block = Self::block_number();
		let mut due: Vec<(u64, NetUid)> = netuids
			.iter()
			.filter_map(|netuid| Some((Self::epoch_due_at(*netuid)?, *netuid)))
			.filter(|(due, _)| *due <= block)
			.collect();
		due.sort_unstable();
		let mut workspace = Workspace::default();
		let mut output = EpochOutput::default();
		let budget = Self::epoch_budget();
		let mut spent = Weight::zero();
		let mut due = due.into_iter().peekable();
		while let Some((_, netuid)) = due.peek().copied() {
			if spent.is_zero() {
				spent = Self::pay_rest(netuid, |paid| paid.is_zero() || Self::has_room_for_page(paid));
			}
			let fits = |spent: Weight| spent.saturating_add(Self::largest_epoch(netuid)).all_lte(budget);
			if !spent.is_zero() && !fits(spent) {
				break;
			}
			spent = spent.saturating_add(Self::run_epoch(netuid, &mut workspace, &mut output));
			due.next();
		}
		for (since, netuid) in due.filter(|(since, _)| *since == block) {
			Self::deposit_event(Event::EpochDeferred { netuid, due: since });
		}
		spent
	}

	/// Pays a page of each payout that an earlier block began, the oldest first, as far as what the epochs of this block
	/// `spent` leaves room. Returns what that weighed.
	pub(crate) fn continue_payouts(spent: Weight) -> Weight {
		let block = Self::block_number();
		let mut paid = Weight::zero();
		for netuid in OpenPayouts::<T>::get() {
			// Those that began in this block are the last of the queue.
			let begun_now = LastEpochBlock::<T>::get(netuid) == block;
			let total = spent.saturating_add(paid);
			if begun_now || !(total.is_zero() || Self::has_room_for_page(total)) {
				break;
			}
			paid = paid.saturating_add(Self::pay_page(netuid));
		}
		paid
	}

	/// Whether the block has room for a page of payments after what it spent on epochs and payments.
	fn has_room_for_page(spent: Weight) -> bool {
		let page = T::WeightInfo::payout(PAYMENTS_PER_BLOCK);
		spent.saturating_add(page).all_lte(Self::epoch_budget())
	}

	/// What the epochs and the payments of a block may weigh.
	pub(crate) fn epoch_budget() -> Weight {
		let block = T::BlockWeights::get().max_block;
		Weight::from_parts(
			EPOCH_SHARE.mul_floor(block.ref_time()),
			EPOCH_SHARE.mul_floor(block.proof_size()),
		)
	}

	/// What an epoch of a subnet weighs at most, what its last one has still to pay included.
	fn largest_epoch(netuid: NetUid) -> Weight {
		let permits = ValidatorPermit::<T>::get(netuid);
		let permits = permits.iter().filter(|permit| **permit).count();
		let permits = u32::try_from(permits).unwrap_or(u32::MAX);
		// The owner validates without a permit, too.
		let epoch = Self::dense_epoch(u32::from(SubnetworkN::<T>::get(netuid)), permits.saturating_add(1));
		let rest = UnpaidEmission::<T>::get(netuid).map_or(0, |payout| payout.rest());
		let page = T::WeightInfo::payout(PAYMENTS_PER_BLOCK);
		epoch.saturating_add(page.saturating_mul(u64::from(rest)))
	}

	/// What an epoch weighs in which every validator has a weight and a bond for every neuron, and all neurons are to be
	/// paid.
	fn dense_epoch(neurons: u32, validators: u32) -> Weight {
		let validators = validators.min(neurons);
		let entries = neurons.saturating_mul(validators).saturating_mul(MATRICES);
		T::WeightInfo::epoch(neurons, validators, entries)
			.saturating_add(T::WeightInfo::payout(neurons.min(validators.max(PAYMENTS_PER_BLOCK))))
	}

	/// Checks that a block has room for its own work and for the epoch of the largest subnet.
	///
	/// # Panics
	/// Where it has not: the block is too short for the bounds of [`crate::limits`], or the weights are too high.
	pub(crate) fn check_epochs_fit() {
		let budget = Self::epoch_budget();
		let largest = Self::dense_epoch(MAX_UIDS_PER_SUBNET, MOST_VALIDATORS);
		assert!(
			largest.all_lte(budget),
			"the epoch of a subnet of {MAX_UIDS_PER_SUBNET} neurons weighs {largest:?}; EPOCH_SHARE of a block is {budget:?}",
		);
		let block = T::BlockWeights::get().max_block;
		let opened = T::WeightInfo::open_sealed_weights(1)
			.saturating_mul(u64::from(OPENED_PER_BLOCK))
			.saturating_add(T::WeightInfo::look_for_rounds(MAX_SEALED_EPOCHS));
		let begun = T::WeightInfo::begin_block(u32::from(MAX_SUBNETS))
			.saturating_add(budget)
			.saturating_add(opened);
		assert!(
			begun.all_lt(block),
			"emission, opened weights and epochs weigh {begun:?}; a block is {block:?}, and transactions need room in it",
		);
	}
}
