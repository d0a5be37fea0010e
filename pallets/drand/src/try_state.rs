//! Invariants.

use crate::{Config, LastStoredRound, OldestStoredRound, Pallet, Pulses, StoredRounds};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Checks the invariants:
	///
	/// 1. the stored rounds ascend, and the first and the last of them are named;
	/// 2. each stored round has a pulse of that round, and there is no other pulse;
	/// 3. the beacon can be followed.
	///
	/// # Errors
	/// The invariant that does not hold.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let rounds = StoredRounds::<T>::get();
		let ascend = rounds.windows(2).all(|pair| matches!(pair, [low, high] if low < high));
		let ends = (
			rounds.first().copied().unwrap_or_default(),
			rounds.last().copied().unwrap_or_default(),
		);
		if !ascend || ends != (OldestStoredRound::<T>::get(), LastStoredRound::<T>::get()) || rounds.contains(&0) {
			return Err("drand 1: the stored rounds do not ascend, or their ends are others".into());
		}
		let pulses = Pulses::<T>::iter().filter(|(round, pulse)| pulse.round == *round && rounds.contains(round));
		if pulses.count() != rounds.len() || Pulses::<T>::iter_keys().count() != rounds.len() {
			return Err("drand 2: the pulses are not those of the stored rounds".into());
		}
		crate::BeaconConfig::<T>::get()
			.validate()
			.map_err(|_| "drand 3: the beacon cannot be followed".into())
	}
}
