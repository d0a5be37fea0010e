//! Epochs: when they run, and how one runs.
//!
//! An epoch loads one `Snapshot` of a subnet, lets [`yuma::run_epoch`] compute, stores the
//! results and pays what is pending. [`schedule`] decides which epochs a block has room for.
//!
//! # What it reads
//!
//! With `n` neurons, `v` of which may validate: the stake of each neuron, here and on root, a weight row, a bond row, the take
//! and the root dividends of each validator, some columns and some parameters: `2n + 4v` items and some two dozen more. Rows of others cannot count and
//! are not read. Each neuron that is paid adds the shares of its pool, and writes these and its stake; that would be the bulk of
//! what an epoch costs a chain, so that [`payout`] spreads it over several blocks. Stakes stay one item each, as clients read them under their own keys, calls change them one
//! by one, and a payment reads them anyway.

pub(crate) mod dividends;
mod forget;
pub mod payout;
pub mod schedule;
mod snapshot;
pub mod storage;

#[cfg(test)]
mod tests;

use crate::{WeightInfo, pallet::*, rows::RowsOf};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use dividends::DividendSplit;
use frame_support::{
	BoundedSlice, defensive,
	pallet_prelude::{ConstU32, Weight},
};
use ganglion_primitives::{AlphaBalance, MechanismIndex, NetUid};
use payout::Earned;
use snapshot::Snapshot;
use yuma::{EpochOutput, Rows, Workspace};

/// A column that is stored from where it lies.
type ColumnSlice<'a, Value> = BoundedSlice<'a, Value, ConstU32<{ crate::MAX_UIDS_PER_SUBNET }>>;

/// Lends a column to storage. No column is longer than a subnet may be, so that none is truncated.
fn column<Value: Encode + Decode>(values: &[Value]) -> ColumnSlice<'_, Value> {
	ColumnSlice::truncate_from(values)
}

impl<T: Config> Pallet<T> {
	/// Runs the epoch of a subnet, begins to pay it out and returns what that weighed. Pays first what the last epoch has
	/// still to pay, since all that is pending is what this one distributes.
	pub(crate) fn run_epoch(netuid: NetUid, workspace: &mut Workspace, output: &mut EpochOutput) -> Weight {
		let settled = Self::pay_rest(netuid, |_| true);
		LastEpochBlock::<T>::insert(netuid, Self::block_number());
		if PendingEpochAt::<T>::get(netuid) != 0 {
			PendingEpochAt::<T>::remove(netuid);
		}
		BlocksSinceLastStep::<T>::insert(netuid, 0);
		let [servers, validators, root] = Self::pending_emission(netuid);
		let emission = servers.saturating_add(validators).saturating_add(root);
		let Some(snapshot) = Snapshot::load::<T>(netuid) else {
			defensive!("the columns of a subnet do not fit its number of neurons", netuid);
			return settled.saturating_add(T::WeightInfo::epoch(u32::from(SubnetworkN::<T>::get(netuid)), 0, 0));
		};
		snapshot.run(emission, workspace, output);
		let epoch = SubnetEpochIndex::<T>::get(netuid).saturating_add(1);
		SubnetEpochIndex::<T>::insert(netuid, epoch);
		LastMechansimStepBlock::<T>::insert(netuid, snapshot.block);
		let dividends = DividendSplit::of(
			&output.validator_emission,
			&snapshot.stake,
			&snapshot.weighted_root,
			(validators.get(), root.get()),
		);
		Self::store_results(&snapshot, output, &dividends);
		let earned = Earned {
			servers: &output.server_emission,
			dividends: &dividends,
		};
		let paid = Self::begin_payout(&snapshot, epoch, emission, earned);
		T::WeightInfo::epoch(snapshot.neurons(), snapshot.validators(), snapshot.entries())
			.saturating_add(paid)
			.saturating_add(settled)
	}

	/// Stores the columns and bond rows that consensus computed.
	fn store_results(snapshot: &Snapshot, output: &EpochOutput, dividends: &DividendSplit) {
		let netuid = snapshot.netuid;
		Active::<T>::insert(netuid, column(&output.active));
		Consensus::<T>::insert(netuid, column(&output.consensus));
		Dividends::<T>::insert(netuid, column(&output.dividends));
		ValidatorTrust::<T>::insert(netuid, column(&output.validator_trust));
		ValidatorPermit::<T>::insert(netuid, column(&output.new_validator_permits));
		let emission: Vec<AlphaBalance> = output
			.server_emission
			.iter()
			.zip(dividends.alpha.iter().zip(&dividends.root))
			.map(|(server, (alpha, root))| AlphaBalance::new(server.saturating_add(*alpha).saturating_add(*root)))
			.collect();
		Emission::<T>::insert(netuid, column(&emission));
		// Every subnet has one mechanism.
		if let Some(mechanism) = output.mechanisms.first() {
			let index = MechanismIndex::main(netuid);
			Incentive::<T>::insert(index, column(&mechanism.incentive));
			Self::store_bonds(index, snapshot, &mechanism.bonds);
		}
	}

	/// Stores the bond rows that changed. Only those who could validate in this epoch had bonds, and have bonds now.
	fn store_bonds(index: MechanismIndex, snapshot: &Snapshot, bonds: &Rows) {
		let mut stored = RowsOf::<Bonds<T>>::new(index);
		for validator in &snapshot.validators {
			let row = bonds.row(validator.uid);
			if row == validator.bonds {
				continue;
			}
			if row.is_empty() {
				stored.remove(validator.uid);
			} else {
				stored.store(validator.uid, row);
			}
		}
	}
}
