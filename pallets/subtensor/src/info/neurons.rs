//! Neurons, one record each.

use super::{at, pruning_score};
use crate::pallet::*;
use alloc::{vec, vec::Vec};
use codec::Compact;
use ganglion_primitives::{AlphaBalance, MechanismIndex, NetUid, NeuronInfo, NeuronInfoLite};

/// The columns of a subnet that a neuron's record draws on.
struct Columns {
	netuid: NetUid,
	active: Column<bool>,
	emission: Column<AlphaBalance>,
	largest_emission: AlphaBalance,
	incentive: Column<u16>,
	consensus: Column<u16>,
	validator_trust: Column<u16>,
	dividends: Column<u16>,
	last_update: Column<u64>,
	permits: Column<bool>,
}

impl Columns {
	fn load<T: Config>(netuid: NetUid) -> Self {
		let index = MechanismIndex::main(netuid);
		let emission = Emission::<T>::get(netuid);
		Self {
			netuid,
			active: Active::<T>::get(netuid),
			largest_emission: emission.iter().copied().max().unwrap_or_default(),
			emission,
			incentive: Incentive::<T>::get(index),
			consensus: Consensus::<T>::get(netuid),
			validator_trust: ValidatorTrust::<T>::get(netuid),
			dividends: Dividends::<T>::get(netuid),
			last_update: LastUpdate::<T>::get(index),
			permits: ValidatorPermit::<T>::get(netuid),
		}
	}

	fn neuron<T: Config>(&self, uid: u16) -> Option<NeuronInfoLite> {
		let netuid = self.netuid;
		let hotkey = Keys::<T>::get(netuid, uid)?;
		let coldkey = Owner::<T>::get(&hotkey);
		let emission = at(&self.emission, uid);
		Some(NeuronInfoLite {
			uid: Compact(uid),
			netuid: Compact(netuid),
			active: at(&self.active, uid),
			axon_info: Axons::<T>::get(netuid, &hotkey).unwrap_or_default(),
			prometheus_info: Prometheus::<T>::get(netuid, &hotkey).unwrap_or_default(),
			stake: vec![(coldkey.clone(), Compact(TotalHotkeyAlpha::<T>::get(&hotkey, netuid)))],
			rank: Compact(0),
			emission: Compact(emission),
			incentive: Compact(at(&self.incentive, uid)),
			consensus: Compact(at(&self.consensus, uid)),
			trust: Compact(0),
			validator_trust: Compact(at(&self.validator_trust, uid)),
			dividends: Compact(at(&self.dividends, uid)),
			last_update: Compact(at(&self.last_update, uid)),
			validator_permit: at(&self.permits, uid),
			pruning_score: Compact(pruning_score(emission, self.largest_emission)),
			hotkey,
			coldkey,
		})
	}
}

/// Adds weights and bonds to a record.
fn with_rows<T: Config>(netuid: NetUid, lite: NeuronInfoLite) -> NeuronInfo {
	let index = MechanismIndex::main(netuid);
	let compact = |row: SparseRow| {
		row.into_iter()
			.map(|(uid, value)| (Compact(uid), Compact(value)))
			.collect()
	};
	NeuronInfo {
		weights: compact(Weights::<T>::get(index, lite.uid.0)),
		bonds: compact(Bonds::<T>::get(index, lite.uid.0)),
		hotkey: lite.hotkey,
		coldkey: lite.coldkey,
		uid: lite.uid,
		netuid: lite.netuid,
		active: lite.active,
		axon_info: lite.axon_info,
		prometheus_info: lite.prometheus_info,
		stake: lite.stake,
		rank: lite.rank,
		emission: lite.emission,
		incentive: lite.incentive,
		consensus: lite.consensus,
		trust: lite.trust,
		validator_trust: lite.validator_trust,
		dividends: lite.dividends,
		last_update: lite.last_update,
		validator_permit: lite.validator_permit,
		pruning_score: lite.pruning_score,
	}
}

impl<T: Config> Pallet<T> {
	/// All neurons of a subnet in the order of their uids.
	pub fn get_neurons_lite(netuid: NetUid) -> Vec<NeuronInfoLite> {
		let columns = Columns::load::<T>(netuid);
		(0..SubnetworkN::<T>::get(netuid))
			.filter_map(|uid| columns.neuron::<T>(uid))
			.collect()
	}

	/// One neuron.
	pub fn get_neuron_lite(netuid: NetUid, uid: u16) -> Option<NeuronInfoLite> {
		Columns::load::<T>(netuid).neuron::<T>(uid)
	}

	/// All neurons of a subnet in the order of their uids, with weights and bonds.
	pub fn get_neurons(netuid: NetUid) -> Vec<NeuronInfo> {
		let neurons = Self::get_neurons_lite(netuid).into_iter();
		neurons.map(|lite| with_rows::<T>(netuid, lite)).collect()
	}

	/// One neuron, with weights and bonds.
	pub fn get_neuron(netuid: NetUid, uid: u16) -> Option<NeuronInfo> {
		Self::get_neuron_lite(netuid, uid).map(|lite| with_rows::<T>(netuid, lite))
	}
}
