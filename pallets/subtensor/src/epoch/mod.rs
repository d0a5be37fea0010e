//! Epochs: when they are due, and how one runs.
//!
//! An epoch loads one [`Snapshot`](snapshot::Snapshot) of a subnet, lets [`yuma::run_epoch`] compute, stores the
//! results and pays what is pending.

mod payout;
mod snapshot;
pub mod storage;

#[cfg(test)]
mod tests;

use crate::{EPOCH_BUDGET_DIVISOR, MAX_EPOCHS_PER_BLOCK, WeightInfo, hyperparameters::MIN_TEMPO, pallet::*};
use alloc::vec::Vec;
use frame_support::{
	defensive, ensure,
	pallet_prelude::{DispatchResult, Get, Weight},
};
use ganglion_primitives::{AlphaBalance, MechanismIndex, NetUid};
use snapshot::Snapshot;
use yuma::{EpochOutput, Workspace};

impl<T: Config> Pallet<T> {
	/// The block in which the next epoch of a subnet runs, if no other subnet is due then; `None` where the subnet
	/// has no epochs. An epoch that had to wait in this block is due in the next.
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
	pub(crate) fn do_trigger_epoch(netuid: NetUid) -> DispatchResult {
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

	/// Runs the epochs that are due, those that have waited longest first: at least one, at most
	/// [`MAX_EPOCHS_PER_BLOCK`], and no further one once [`EPOCH_BUDGET_DIVISOR`] says that the block is busy.
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
		let budget = T::BlockWeights::get().max_block.ref_time() / EPOCH_BUDGET_DIVISOR;
		let mut spent = Weight::zero();
		for (_, netuid) in due.into_iter().take(MAX_EPOCHS_PER_BLOCK) {
			if spent.ref_time() > budget {
				break;
			}
			spent = spent.saturating_add(Self::run_epoch(netuid, &mut workspace, &mut output));
		}
		spent
	}

	fn run_epoch(netuid: NetUid, workspace: &mut Workspace, output: &mut EpochOutput) -> Weight {
		LastEpochBlock::<T>::insert(netuid, Self::block_number());
		PendingEpochAt::<T>::remove(netuid);
		BlocksSinceLastStep::<T>::insert(netuid, 0);
		let emission =
			PendingServerEmission::<T>::get(netuid).saturating_add(PendingValidatorEmission::<T>::get(netuid));
		let Some(snapshot) = Snapshot::load::<T>(netuid) else {
			defensive!("the columns of a subnet do not fit its number of neurons", netuid);
			return T::WeightInfo::epoch(u32::from(SubnetworkN::<T>::get(netuid)), 0);
		};
		snapshot.run(emission, workspace, output);
		let epoch = SubnetEpochIndex::<T>::get(netuid).saturating_add(1);
		SubnetEpochIndex::<T>::insert(netuid, epoch);
		LastMechansimStepBlock::<T>::insert(netuid, snapshot.block);
		Self::store_results(netuid, output);
		let payout = Self::pay(&snapshot, output);
		Self::deposit_event(Event::EpochCompleted {
			netuid,
			epoch,
			emission,
			miners: payout.miners,
			takes: payout.takes,
			nominators: payout.nominators,
			owner: payout.owner,
			carried: payout.carried,
		});
		T::WeightInfo::epoch(snapshot.neurons(), snapshot.entries())
	}

	/// Stores the columns and bond rows that consensus computed. No column is longer than a subnet may be, so that
	/// none is truncated.
	fn store_results(netuid: NetUid, output: &EpochOutput) {
		let index = MechanismIndex::main(netuid);
		Active::<T>::insert(netuid, Column::truncate_from(output.active.clone()));
		Consensus::<T>::insert(netuid, Column::truncate_from(output.consensus.clone()));
		Incentive::<T>::insert(index, Column::truncate_from(output.incentive.clone()));
		Dividends::<T>::insert(netuid, Column::truncate_from(output.dividends.clone()));
		ValidatorTrust::<T>::insert(netuid, Column::truncate_from(output.validator_trust.clone()));
		let permits = Column::truncate_from(output.new_validator_permits.clone());
		ValidatorPermit::<T>::insert(netuid, permits);
		let emission: Vec<AlphaBalance> = output
			.server_emission
			.iter()
			.zip(&output.validator_emission)
			.map(|(server, validator)| AlphaBalance::new(server.saturating_add(*validator)))
			.collect();
		Emission::<T>::insert(netuid, Column::truncate_from(emission));
		for (uid, row) in (0_u16..).zip(output.mechanisms.iter().flat_map(|mechanism| mechanism.bonds.iter())) {
			if row.is_empty() {
				Bonds::<T>::remove(index, uid);
			} else {
				Bonds::<T>::insert(index, uid, SparseRow::truncate_from(row.to_vec()));
			}
		}
	}
}
