//! Verifying, storing and removing pulses, and what they open.

use crate::{
	BeaconConfig, BeaconConfiguration, Config, Error, Event, LastStoredRound, MAX_STORED_PULSES, OldestStoredRound,
	Pallet, Pulse, Pulses, PulsesPayload, StoredRounds,
};
use alloc::vec::Vec;
use frame_support::{ensure, pallet_prelude::*, traits::Get};
use ganglion_primitives::{Beacon, BeaconSignature, TimelockError};
use sp_runtime::{
	DispatchError,
	transaction_validity::{
		InvalidTransaction, TransactionSource, TransactionValidityError, TransactionValidityWithRefund,
		ValidTransaction,
	},
};
use timelock::{PublicKey, Signature};

/// Blocks for which a transaction of the worker stays valid; later it makes another one.
const LONGEVITY: u64 = 8;

impl<T: Config> Pallet<T> {
	/// Whether a block may have these pulses without a signer: they come from its own author and are genuine.
	pub(crate) fn authorize_pulses(
		source: TransactionSource,
		payload: &PulsesPayload,
	) -> TransactionValidityWithRefund {
		// Verification takes milliseconds: nobody else may order it for nothing.
		if source == TransactionSource::External {
			return Err(InvalidTransaction::Call.into());
		}
		Self::verify_pulses(payload).map_err(|error| match error {
			Error::InvalidRoundNumber => TransactionValidityError::from(InvalidTransaction::Stale),
			_ => InvalidTransaction::BadProof.into(),
		})?;
		let mut validity = ValidTransaction::with_tag_prefix("Drand")
			.priority(T::UnsignedPriority::get())
			.longevity(LONGEVITY)
			.propagate(false);
		for pulse in &payload.pulses {
			validity = validity.and_provides(pulse.round);
		}
		Ok((validity.build()?, Weight::zero()))
	}

	/// Checks pulses against the beacon's key, and their rounds against what is stored. Cheap checks come first.
	pub(crate) fn verify_pulses(payload: &PulsesPayload) -> Result<(), Error<T>> {
		Self::check_rounds(payload)?;
		let beacon = BeaconConfig::<T>::get();
		let key = PublicKey::from_bytes(&beacon.public_key).map_err(|_| Error::<T>::InvalidBeaconConfiguration)?;
		for pulse in &payload.pulses {
			Self::verify_pulse(&key, pulse)?;
		}
		Ok(())
	}

	/// Checks one pulse against the beacon's key.
	pub(crate) fn verify_pulse(key: &PublicKey, pulse: &Pulse) -> Result<(), Error<T>> {
		let signature = Signature::from_bytes(&pulse.signature).map_err(|_| Error::<T>::UnverifiedPulse)?;
		let randomness = signature.randomness().map_err(|_| Error::<T>::UnverifiedPulse)?;
		ensure!(pulse.randomness.as_slice() == randomness, Error::<T>::UnverifiedPulse);
		key.verify(pulse.round, &signature)
			.map_err(|_| Error::<T>::PulseVerificationError)
	}

	/// Checks that there are rounds, that they ascend, and that none of them is stored.
	fn check_rounds(payload: &PulsesPayload) -> Result<(), Error<T>> {
		ensure!(!payload.pulses.is_empty(), Error::<T>::NoneValue);
		let stored = StoredRounds::<T>::get();
		let mut before = 0;
		for pulse in &payload.pulses {
			ensure!(pulse.round > before, Error::<T>::InvalidRoundNumber);
			ensure!(
				stored.binary_search(&pulse.round).is_err(),
				Error::<T>::InvalidRoundNumber
			);
			before = pulse.round;
		}
		Ok(())
	}

	/// Stores verified pulses. Makes room first, so that a late round is not removed by the call that brings it.
	pub(crate) fn do_write_pulses(payload: PulsesPayload) -> DispatchResult {
		Self::check_rounds(&payload)?;
		let mut stored = StoredRounds::<T>::get().into_inner();
		let excess = stored
			.len()
			.saturating_add(payload.pulses.len())
			.saturating_sub(MAX_STORED_PULSES as usize);
		for round in stored.drain(..excess.min(stored.len())) {
			Pulses::<T>::remove(round);
		}
		let mut rounds = Vec::with_capacity(payload.pulses.len());
		for pulse in payload.pulses {
			let round = pulse.round;
			let position = stored
				.binary_search(&round)
				.err()
				.ok_or(Error::<T>::InvalidRoundNumber)?;
			stored.insert(position, round);
			rounds.push(round);
			Pulses::<T>::insert(round, pulse);
		}
		Self::put_stored_rounds(stored)?;
		Self::deposit_event(Event::NewPulse { rounds });
		Ok(())
	}

	/// Stores which rounds there are.
	fn put_stored_rounds(rounds: Vec<u64>) -> DispatchResult {
		OldestStoredRound::<T>::put(rounds.first().copied().unwrap_or_default());
		LastStoredRound::<T>::put(rounds.last().copied().unwrap_or_default());
		// Callers made room before.
		let rounds = rounds.try_into().map_err(|_| DispatchError::Exhausted)?;
		StoredRounds::<T>::put::<BoundedVec<_, _>>(rounds);
		Ok(())
	}

	/// Follows another beacon. Does nothing but that where its key is the one before.
	pub(crate) fn do_set_beacon_config(beacon: BeaconConfiguration) -> DispatchResult {
		beacon.validate().map_err(|_| Error::<T>::InvalidBeaconConfiguration)?;
		let before = BeaconConfig::<T>::get();
		if before.public_key != beacon.public_key {
			for round in StoredRounds::<T>::take() {
				Pulses::<T>::remove(round);
			}
			Self::put_stored_rounds(Vec::new())?;
		}
		BeaconConfig::<T>::put(beacon);
		Self::deposit_event(Event::BeaconConfigChanged);
		Ok(())
	}

	/// Removes pulses of rounds before `oldest_round`.
	pub(crate) fn do_set_oldest_stored_round(oldest_round: u64) -> DispatchResult {
		ensure!(
			oldest_round <= LastStoredRound::<T>::get(),
			Error::<T>::InvalidRoundNumber
		);
		let mut stored = StoredRounds::<T>::get().into_inner();
		let excess = stored.partition_point(|round| *round < oldest_round);
		for round in stored.drain(..excess) {
			Pulses::<T>::remove(round);
		}
		Self::put_stored_rounds(stored)?;
		Self::deposit_event(Event::SetOldestStoredRound(oldest_round));
		Ok(())
	}
}

impl<T: Config> Beacon for Pallet<T> {
	fn signature(round: u64) -> Option<BeaconSignature> {
		Pulses::<T>::get(round).map(|pulse| pulse.signature)
	}

	fn latest_round() -> Option<u64> {
		Some(LastStoredRound::<T>::get()).filter(|round| *round > 0)
	}

	fn open(commit: &[u8], signature: &[u8]) -> Result<Vec<u8>, TimelockError> {
		let signature = Signature::from_bytes(signature).map_err(|_| TimelockError::MalformedSignature)?;
		timelock::open(commit, &signature).map_err(|error| match error {
			timelock::Error::WrongKey => TimelockError::WrongKey,
			_ => TimelockError::MalformedCommit,
		})
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn seal_for_benchmark(round: u64, plain: &[u8]) -> Vec<u8> {
		crate::benchmarking::seal::<T>(round, plain)
	}
}
