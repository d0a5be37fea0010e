//! The hyperparameters of a subnet as clients list them.

use crate::{Hyperparameters, pallet::*};
use alloc::vec::Vec;
use ganglion_primitives::{HyperparamEntry, NetUid};

impl<T: Config> Pallet<T> {
	/// The hyperparameters of a subnet, and what follows from them, by name; `None` where it does not exist. Root has
	/// none, since there are no epochs and no registrations.
	pub fn get_subnet_hyperparams_v3(netuid: NetUid) -> Option<Vec<HyperparamEntry>> {
		if !NetworksAdded::<T>::get(netuid) {
			return None;
		}
		let record = Hyperparameters::load::<T>(netuid);
		let mut entries = record.entries();
		entries.extend([
			HyperparamEntry::new("activity_cutoff", record.activity_cutoff()),
			HyperparamEntry::new("yuma_version", record.yuma_version()),
			HyperparamEntry::new("subnet_is_active", SubtokenEnabled::<T>::get(netuid)),
			HyperparamEntry::new("subnet_emission_enabled", SubnetEmissionEnabled::<T>::get(netuid)),
			// A subnet's pool belongs to the chain alone.
			HyperparamEntry::new("user_liquidity_enabled", false),
		]);
		Some(entries)
	}
}
