//! Subnets that end: what is in their pool goes to those who hold their alpha, and then all that is stored about them goes.
//!
//! # Who gets what
//!
//! From the block of its dissolution on, a subnet does not exist for calls, emission and epochs; its pool is closed. The TAO
//! in its account (what was in the pool, and whatever else was sent there), less the existential deposit, is divided between
//! all who hold its alpha, in proportion to it: `paid = ⌊TAO · alpha / all alpha⌋`. Alpha that an epoch gave to somebody but
//! has not credited yet is credited first, and so is the owner's cut. Root's dividends count for those who may claim them. What
//! no epoch has distributed, and the alpha that the emission bought, belongs to nobody, and takes no part. The cost of a subnet is not a deposit: it was the first TAO in the pool and goes where the pool goes, so
//! that an owner gets back what they hold alpha for, and registering and dissolving subnets is not free.
//!
//! What rounding leaves, what cannot be paid (less than the existential deposit to an account that does not exist), and all
//! of it where nobody holds alpha, is burned: the issuance shrinks by it, and the emission schedule may mint it again.
//!
//! # How
//!
//! There may be more holders and rows than a block has time for. Dissolved subnets queue up in [`DissolveCleanupQueue`]; the
//! first is cleaned up, at [`CLEANUP_SHARE`] of each block, in [`CleanupStage`]s that [`CurrentDissolveCleanupStatus`]
//! remembers. Its number is free again when it leaves the queue.
//!
//! Each domain removes what it stores: what lies under a subnet's number (`…_prefixes`) row by row, and what is one item a
//! subnet (`forget_…`) at once. Whoever adds storage that is keyed by a subnet adds it there; a test compares them with the
//! metadata.

mod status;

#[cfg(test)]
mod map_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod value_tests;

pub use status::{CleanupStage, DissolveCleanupStatus};

use crate::{CLEANUP_SHARE, Hyperparameters, PAYMENTS_PER_BLOCK, WeightInfo, pallet::*};
use alloc::vec::Vec;
use frame_support::{
	ensure,
	pallet_prelude::{DispatchResult, Get, Weight},
	storage::{KeyPrefixIterator, unhashed},
	traits::{
		fungible::{Inspect, Mutate},
		tokens::{Fortitude, Precision, Preservation},
	},
	weights::WeightMeter,
};
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid, SubnetCleanup, SubnetPools, TaoBalance};

/// Items of other pallets that are removed at a time.
const FOREIGN_ITEMS: u32 = 64;

impl<T: Config> Pallet<T> {
	/// Ends a subnet of this coldkey.
	pub(crate) fn do_dissolve_network_of(coldkey: &AccountId32, netuid: NetUid) -> DispatchResult {
		let queued = DissolveCleanupQueue::<T>::get().contains(&netuid);
		ensure!(!queued, Error::<T>::NetworkDissolveAlreadyQueued);
		Self::ensure_subnet_exists(netuid)?;
		ensure!(SubnetOwner::<T>::get(netuid) == *coldkey, Error::<T>::NotSubnetOwner);
		Self::do_dissolve_network(netuid)
	}

	/// Ends a subnet: it does not exist from now on, and is cleaned up in the next blocks.
	pub(crate) fn do_dissolve_network(netuid: NetUid) -> DispatchResult {
		let queue = DissolveCleanupQueue::<T>::get();
		ensure!(!queue.contains(&netuid), Error::<T>::NetworkDissolveAlreadyQueued);
		Self::ensure_subnet_exists(netuid)?;
		ensure!(!netuid.is_root(), Error::<T>::SubnetNotExists);
		DissolveCleanupQueue::<T>::try_append(netuid).map_err(|()| Error::<T>::SubnetLimitReached)?;
		NetworksAdded::<T>::remove(netuid);
		TotalNetworks::<T>::mutate(|total| *total = total.saturating_sub(1));
		// The pool's alpha counts in the payout as the protocol's, which is burned: holders get what all of them would get
		// if they sold to the pool, and nobody can buy before the end to get more.
		let pool = T::Pools::close(netuid);
		SubnetProtocolAlpha::<T>::mutate(netuid, |alpha| *alpha = alpha.saturating_add(pool.alpha));
		SubnetAlphaOut::<T>::mutate(netuid, |alpha| *alpha = alpha.saturating_add(pool.alpha));
		Self::deposit_event(Event::NetworkRemoved(netuid));
		Ok(())
	}

	/// Cleans up, as far as this block has time for it. Returns what that weighed.
	pub(super) fn continue_cleanup() -> Weight {
		let begun = CurrentDissolveCleanupStatus::<T>::get();
		let Some(mut status) = begun.or_else(|| {
			let queue = DissolveCleanupQueue::<T>::get();
			queue.first().copied().map(DissolveCleanupStatus::of)
		}) else {
			return Weight::zero();
		};
		let mut meter = WeightMeter::with_limit(Self::cleanup_budget());
		while Self::finish_stage(&mut status, &mut meter) {
			match status.stage.next() {
				Some(next) => status.enter(next),
				None => {
					Self::leave_cleanup(&status);
					return meter.consumed();
				}
			}
		}
		CurrentDissolveCleanupStatus::<T>::put(status);
		meter.consumed()
	}

	/// What cleaning up may weigh in a block.
	fn cleanup_budget() -> Weight {
		let block = T::BlockWeights::get().max_block;
		Weight::from_parts(
			CLEANUP_SHARE.mul_floor(block.ref_time()),
			CLEANUP_SHARE.mul_floor(block.proof_size()),
		)
	}

	/// Checks that each step of a clean-up fits into its part of a block.
	///
	/// # Panics
	/// Where one does not: a clean-up would never get beyond it.
	pub(crate) fn check_cleanup_fits() {
		let budget = Self::cleanup_budget();
		let steps = [
			T::WeightInfo::payout(PAYMENTS_PER_BLOCK),
			T::WeightInfo::cleanup_settlement(),
			T::WeightInfo::cleanup_payment(),
			T::WeightInfo::cleanup_rows(FOREIGN_ITEMS),
			T::WeightInfo::cleanup_records(),
		];
		for step in steps {
			assert!(
				step.all_lte(budget),
				"a step of a clean-up weighs {step:?}; CLEANUP_SHARE of a block is {budget:?}",
			);
		}
	}

	/// Does what is left of a stage. False where the block has no time for all of it.
	fn finish_stage(status: &mut DissolveCleanupStatus, meter: &mut WeightMeter) -> bool {
		match status.stage {
			CleanupStage::Settlement => Self::settle_subnet(status, meter),
			CleanupStage::Nominators => Self::pay_nominators(status, meter),
			CleanupStage::Owners => Self::pay_hotkey_owners(status, meter),
			CleanupStage::RootClaims => Self::pay_root_claims(status, meter),
			CleanupStage::RootPots => Self::forget_root_pots(status, meter),
			CleanupStage::ClaimRecords => Self::forget_root_claims(status, meter),
			CleanupStage::Members => Self::forget_members(status.netuid, meter),
			CleanupStage::Rows => Self::forget_rows(status.netuid, meter),
			CleanupStage::Records => {
				let fits = meter.try_consume(T::WeightInfo::cleanup_records()).is_ok();
				if fits {
					Self::forget_records(status.netuid);
				}
				fits
			}
		}
	}

	/// Credits what is owed in alpha, and notes what is divided between whom.
	fn settle_subnet(status: &mut DissolveCleanupStatus, meter: &mut WeightMeter) -> bool {
		let netuid = status.netuid;
		while UnpaidEmission::<T>::contains_key(netuid) {
			if meter.try_consume(T::WeightInfo::payout(PAYMENTS_PER_BLOCK)).is_err() {
				return false;
			}
			Self::pay_page(netuid);
		}
		if meter.try_consume(T::WeightInfo::cleanup_settlement()).is_err() {
			return false;
		}
		Self::settle_owner_cut(netuid);
		let account = Self::subnet_account(netuid);
		let balance = T::Currency::reducible_balance(&account, Preservation::Preserve, Fortitude::Polite);
		status.pot = TaoBalance::new(balance);
		status.alpha = SubnetAlphaOut::<T>::get(netuid);
		true
	}

	/// Pays a holder of alpha. What cannot be paid stays in the subnet's account, and is burned with the rest.
	pub(crate) fn pay_holder(
		status: &mut DissolveCleanupStatus,
		hotkey: &AccountId32,
		coldkey: &AccountId32,
		alpha: AlphaBalance,
	) {
		let tao = status.share_of(alpha);
		if tao.is_zero() {
			return;
		}
		let account = Self::subnet_account(status.netuid);
		if T::Currency::transfer(&account, coldkey, tao.get(), Preservation::Preserve).is_err() {
			return;
		}
		status.paid = status.paid.saturating_add(tao);
		Self::deposit_event(Event::StakeRemoved(
			coldkey.clone(),
			hotkey.clone(),
			tao,
			alpha,
			status.netuid,
			0,
		));
	}

	/// Removes all rows that lie under a subnet's number, here and in other pallets.
	fn forget_rows(netuid: NetUid, meter: &mut WeightMeter) -> bool {
		let prefixes = [
			Self::registration_prefixes(netuid),
			Self::serving_prefixes(netuid),
			Self::weights_prefixes(netuid),
			Self::epoch_prefixes(netuid),
		];
		if !prefixes
			.into_iter()
			.flatten()
			.all(|prefix| remove_under::<T>(prefix, meter))
		{
			return false;
		}
		loop {
			if meter.try_consume(T::WeightInfo::cleanup_rows(FOREIGN_ITEMS)).is_err() {
				return false;
			}
			if T::SubnetCleanup::remove_some(netuid, FOREIGN_ITEMS) < FOREIGN_ITEMS {
				return true;
			}
		}
	}

	/// Removes what is one item a subnet.
	fn forget_records(netuid: NetUid) {
		Hyperparameters::forget::<T>(netuid);
		Self::forget_registration(netuid);
		Self::forget_staking(netuid);
		Self::forget_weights(netuid);
		Self::forget_epochs(netuid);
		Self::forget_emission(netuid);
		Self::forget_root(netuid);
		Self::forget_identity(netuid);
		Self::forget_subnet(netuid);
	}

	/// Burns what is left, and lets the subnet's number go.
	fn leave_cleanup(status: &DissolveCleanupStatus) {
		let netuid = status.netuid;
		let account = Self::subnet_account(netuid);
		let left = T::Currency::balance(&account);
		let burned = T::Currency::burn_from(
			&account,
			left,
			Preservation::Expendable,
			Precision::BestEffort,
			Fortitude::Force,
		);
		CurrentDissolveCleanupStatus::<T>::kill();
		DissolveCleanupQueue::<T>::mutate(|queue| queue.retain(|other| *other != netuid));
		Self::deposit_event(Event::NetworkCleanedUp {
			netuid,
			alpha: status.alpha,
			paid: status.paid,
			burned: TaoBalance::new(burned.unwrap_or_default()),
		});
	}
}

/// Removes all items under a prefix of keys. False where the block has no time for all of them.
fn remove_under<T: Config>(prefix: Vec<u8>, meter: &mut WeightMeter) -> bool {
	let mut suffixes = KeyPrefixIterator::<()>::new(prefix.clone(), prefix, |_| Ok(()));
	loop {
		if !meter.can_consume(T::WeightInfo::cleanup_rows(1)) {
			return false;
		}
		if suffixes.next().is_none() {
			return true;
		}
		meter.consume(T::WeightInfo::cleanup_rows(1));
		unhashed::kill(suffixes.last_raw_key());
	}
}
