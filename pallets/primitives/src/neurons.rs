//! The seam between the register of neurons and what else the chain keeps about them.

use crate::NetUid;
use sp_runtime::AccountId32;

/// Hears when neurons go.
pub trait NeuronObserver {
	/// The hotkey lost its uid on the subnet: what is kept about the neuron there goes with it.
	fn deregistered(netuid: NetUid, hotkey: &AccountId32);
}

/// Nothing else is kept.
impl NeuronObserver for () {
	fn deregistered(_netuid: NetUid, _hotkey: &AccountId32) {}
}
