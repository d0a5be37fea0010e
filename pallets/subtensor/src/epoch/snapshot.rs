//! What consensus reads of a subnet, loaded at once.

use crate::{Hyperparameters, pallet::*};
use alloc::{vec, vec::Vec};
use ganglion_primitives::{AccountId32, AlphaBalance, MechanismIndex, NetUid};
use yuma::{Entry, EpochInput, EpochOutput, LiquidAlpha, MechanismInput, Parameters, Workspace};

/// A subnet at the start of an epoch. All columns have one value per uid.
pub(crate) struct Snapshot {
	pub(crate) netuid: NetUid,
	pub(crate) block: u64,
	pub(crate) hotkeys: Vec<AccountId32>,
	last_step: u64,
	owner_uid: Option<u16>,
	stake_threshold: u64,
	parameters: Hyperparameters,
	stake: Vec<u64>,
	last_update: Column<u64>,
	registered_at: Vec<u64>,
	permits: Column<bool>,
	weights: Vec<SparseRow>,
	bonds: Vec<SparseRow>,
}

impl Snapshot {
	/// Loads a subnet; `None` where a column does not have as many values as there are neurons.
	pub(crate) fn load<T: Config>(netuid: NetUid) -> Option<Self> {
		let n = SubnetworkN::<T>::get(netuid);
		let index = MechanismIndex::main(netuid);
		let hotkeys: Option<Vec<AccountId32>> = (0..n).map(|uid| Keys::<T>::get(netuid, uid)).collect();
		let hotkeys = hotkeys?;
		let stake = hotkeys.iter().map(|key| TotalHotkeyAlpha::<T>::get(key, netuid).get());
		let registered_at = (0..n).map(|uid| BlockAtRegistration::<T>::get(netuid, uid));
		let snapshot = Self {
			netuid,
			block: Pallet::<T>::block_number(),
			last_step: LastMechansimStepBlock::<T>::get(netuid),
			owner_uid: Pallet::<T>::owner_uid(netuid),
			stake_threshold: StakeThreshold::<T>::get(),
			parameters: Hyperparameters::load::<T>(netuid),
			stake: stake.collect(),
			last_update: LastUpdate::<T>::get(index),
			registered_at: registered_at.collect(),
			permits: ValidatorPermit::<T>::get(netuid),
			weights: rows(n, Weights::<T>::iter_prefix(index)),
			bonds: rows(n, Bonds::<T>::iter_prefix(index)),
			hotkeys,
		};
		let n = usize::from(n);
		(snapshot.last_update.len() == n && snapshot.permits.len() == n).then_some(snapshot)
	}

	/// Number of neurons.
	pub(crate) fn neurons(&self) -> u32 {
		u32::try_from(self.hotkeys.len()).unwrap_or(u32::MAX)
	}

	/// Number of weights and bonds.
	pub(crate) fn entries(&self) -> u32 {
		let entries = self.weights.iter().chain(&self.bonds).map(|row| row.len());
		u32::try_from(entries.fold(0, usize::saturating_add)).unwrap_or(u32::MAX)
	}

	/// Computes the epoch.
	pub(crate) fn run(&self, emission: AlphaBalance, workspace: &mut Workspace, output: &mut EpochOutput) {
		let weights: Vec<&[Entry]> = self.weights.iter().map(|row| &row[..]).collect();
		let bonds: Vec<&[Entry]> = self.bonds.iter().map(|row| &row[..]).collect();
		let parameters = &self.parameters;
		let input = EpochInput {
			n: u16::try_from(self.hotkeys.len()).unwrap_or(u16::MAX),
			block: self.block,
			last_mechanism_step_block: self.last_step,
			owner_uid: self.owner_uid,
			emission: emission.get(),
			block_at_registration: &self.registered_at,
			stake: &self.stake,
			validator_permits: &self.permits,
			mechanisms: &[MechanismInput {
				last_update: &self.last_update,
				weights: &weights,
				bonds: &bonds,
				..MechanismInput::default()
			}],
			parameters: Parameters {
				kappa: parameters.kappa,
				bonds_penalty: parameters.bonds_penalty,
				bonds_moving_average: parameters.bonds_moving_average,
				yuma3: parameters.yuma3_on,
				liquid_alpha: parameters.liquid_alpha_on.then_some(LiquidAlpha {
					alpha_low: parameters.alpha_low,
					alpha_high: parameters.alpha_high,
					sigmoid_steepness: parameters.alpha_sigmoid_steepness,
				}),
				max_allowed_validators: parameters.max_allowed_validators,
				activity_cutoff: parameters.activity_cutoff(),
				stake_threshold: self.stake_threshold,
				tempo: u64::from(parameters.tempo),
			},
		};
		yuma::run_epoch(&input, workspace, output);
	}
}

/// Lays sparse rows out by uid; a uid without a row has an empty one.
fn rows(n: u16, stored: impl Iterator<Item = (u16, SparseRow)>) -> Vec<SparseRow> {
	let mut rows = vec![SparseRow::default(); usize::from(n)];
	for (uid, row) in stored {
		if let Some(slot) = rows.get_mut(usize::from(uid)) {
			*slot = row;
		}
	}
	rows
}
