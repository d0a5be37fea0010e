//! What neurons publish about themselves.

use crate::{AccountId, Commitments, Drand, Runtime, SubtensorModule};
use alloc::vec::Vec;
use frame_support::{pallet_prelude::DispatchResult, weights::Weight};
use ganglion_primitives::{NeededRounds, NetUid, NeuronObserver};
use pallet_subtensor::{SubnetEpochIndex, Uids};

/// Blocks in which a root validator may publish as many bytes as a neuron in an epoch.
const ROOT_EPOCH_BLOCKS: u64 = 360;

/// The neurons of SubtensorModule.
pub struct SubtensorNeurons;

impl pallet_commitments::Neurons for SubtensorNeurons {
	fn is_registered(netuid: NetUid, hotkey: &AccountId) -> bool {
		Uids::<Runtime>::contains_key(netuid, hotkey)
	}

	fn epoch(netuid: NetUid) -> u64 {
		if netuid.is_root() {
			// Root has no epochs; its validators' space is counted by those of an ordinary subnet.
			return SubtensorModule::block_number() / ROOT_EPOCH_BLOCKS;
		}
		SubnetEpochIndex::<Runtime>::get(netuid)
	}

	fn reset_bonds(netuid: NetUid, hotkey: &AccountId) -> DispatchResult {
		SubtensorModule::reset_bonds(netuid, hotkey)
	}

	fn reset_bonds_weight() -> Weight {
		SubtensorModule::reset_bonds_weight()
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn neuron_for_benchmark() -> (NetUid, AccountId) {
		pallet_subtensor::benchmarking::neuron_with_bonds::<Runtime>()
	}
}

impl pallet_commitments::Config for Runtime {
	type Neurons = SubtensorNeurons;
	type Beacon = Drand;
}

/// Forgets what a neuron published when it loses its uid.
pub struct ForgetCommitments;

impl NeuronObserver for ForgetCommitments {
	fn deregistered(netuid: NetUid, hotkey: &AccountId) {
		Commitments::forget(netuid, hotkey);
	}
}

/// The rounds that anything on the chain waits for, the earliest first.
pub struct AllRounds;

impl NeededRounds for AllRounds {
	fn rounds(limit: u32) -> Vec<u64> {
		let mut rounds = <SubtensorModule as NeededRounds>::rounds(limit);
		rounds.extend(<Commitments as NeededRounds>::rounds(limit));
		rounds.sort_unstable();
		rounds.dedup();
		rounds.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
		rounds
	}
}
