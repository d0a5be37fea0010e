//! What consensus reads of a subnet, loaded at once.

use crate::{emission, hyperparameters, pallet::*, rows::RowsOf};
use alloc::{vec, vec::Vec};
use ganglion_primitives::{AccountId32, AlphaBalance, MechanismIndex, NetUid};
use yuma::{Entry, EpochInput, EpochOutput, MechanismInput, Parameters, Workspace};

/// A subnet at the start of an epoch. All columns have one value per uid.
pub(crate) struct Snapshot {
	pub(crate) netuid: NetUid,
	pub(crate) block: u64,
	pub(crate) hotkeys: Column<AccountId32>,
	/// Those who may validate in this epoch, by uid. Nobody else has bonds, and nobody else's weights count.
	pub(crate) validators: Vec<Validator>,
	last_step: u64,
	owner_uid: Option<u16>,
	parameters: Parameters,
	/// What each neuron's stake counts: its alpha, and its TAO on root by the weight of TAO.
	pub(crate) stake: Vec<u64>,
	/// The alpha on each hotkey.
	pub(crate) alpha: Vec<u64>,
	/// The TAO on each hotkey on root.
	pub(crate) root: Vec<u64>,
	/// The same by the weight of TAO: the rest of `stake`.
	pub(crate) weighted_root: Vec<u64>,
	last_update: Column<u64>,
	registered_at: Column<u64>,
	permits: Column<bool>,
}

/// A uid that holds a permit, or the owner's.
pub(crate) struct Validator {
	pub(crate) uid: u16,
	pub(crate) weights: Vec<Entry>,
	pub(crate) bonds: Vec<Entry>,
}

impl Snapshot {
	/// Loads a subnet; `None` where a column does not have as many values as there are neurons.
	pub(crate) fn load<T: Config>(netuid: NetUid) -> Option<Self> {
		let n = SubnetworkN::<T>::get(netuid);
		let index = MechanismIndex::main(netuid);
		let hotkeys = Hotkeys::<T>::get(netuid);
		let stakes = Pallet::<T>::stakes(hotkeys.iter(), [netuid, NetUid::ROOT]);
		let (alpha, root): (Vec<_>, Vec<_>) = stakes.map(|[alpha, root]| (alpha.get(), root.get())).unzip();
		let tao_weight = TaoWeight::<T>::get();
		let weighted_root: Vec<u64> = root.iter().map(|tao| emission::weighted(*tao, tao_weight)).collect();
		let stake = alpha
			.iter()
			.zip(&weighted_root)
			.map(|(alpha, tao)| alpha.saturating_add(*tao));
		let stake = stake.collect();
		let owner_uid = Pallet::<T>::owner_uid(netuid);
		let permits = ValidatorPermit::<T>::get(netuid);
		let snapshot = Self {
			netuid,
			block: Pallet::<T>::block_number(),
			last_step: LastMechansimStepBlock::<T>::get(netuid),
			owner_uid,
			parameters: hyperparameters::of_epoch::<T>(netuid),
			stake,
			alpha,
			root,
			weighted_root,
			last_update: LastUpdate::<T>::get(index),
			registered_at: BlockAtRegistration::<T>::get(netuid),
			validators: validators::<T>(index, &permits, owner_uid),
			permits,
			hotkeys,
		};
		let lengths = [
			snapshot.hotkeys.len(),
			snapshot.last_update.len(),
			snapshot.registered_at.len(),
			snapshot.permits.len(),
		];
		(lengths == [usize::from(n); 4]).then_some(snapshot)
	}

	/// Number of neurons.
	pub(crate) fn neurons(&self) -> u32 {
		bounded(self.hotkeys.len())
	}

	/// Number of those who may validate.
	pub(crate) fn validators(&self) -> u32 {
		bounded(self.validators.len())
	}

	/// Number of their weights and bonds.
	pub(crate) fn entries(&self) -> u32 {
		let entries = self
			.validators
			.iter()
			.map(|v| v.weights.len().saturating_add(v.bonds.len()));
		bounded(entries.fold(0, usize::saturating_add))
	}

	/// Computes the epoch.
	pub(crate) fn run(&self, emission: AlphaBalance, workspace: &mut Workspace, output: &mut EpochOutput) {
		let mut weights: Vec<&[Entry]> = vec![&[]; self.hotkeys.len()];
		let mut bonds = weights.clone();
		for validator in &self.validators {
			let uid = usize::from(validator.uid);
			if let (Some(weights), Some(bonds)) = (weights.get_mut(uid), bonds.get_mut(uid)) {
				*weights = &validator.weights;
				*bonds = &validator.bonds;
			}
		}
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
			parameters: self.parameters,
		};
		yuma::run_epoch(&input, workspace, output);
	}
}

/// Loads the rows of all who may validate.
fn validators<T: Config>(index: MechanismIndex, permits: &[bool], owner_uid: Option<u16>) -> Vec<Validator> {
	let (mut weights, mut bonds) = (RowsOf::<Weights<T>>::new(index), RowsOf::<Bonds<T>>::new(index));
	(0_u16..)
		.zip(permits)
		.filter(|(uid, permit)| **permit || owner_uid == Some(*uid))
		.map(|(uid, _)| Validator {
			uid,
			weights: weights.load(uid),
			bonds: bonds.load(uid),
		})
		.collect()
}

fn bounded(length: usize) -> u32 {
	u32::try_from(length).unwrap_or(u32::MAX)
}
