//! Benchmarks of the calls, and of verifying pulses, on a chain that follows the development beacon, whose key is known.

use crate::{MAX_PULSES_PER_CALL, MAX_STORED_PULSES, pallet::*, types::*, weights::WeightInfo};
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::BoundedVec;
use frame_system::RawOrigin;
use ganglion_primitives::{
	BeaconSignature,
	benchmarking::{Measured, declare},
};
use sp_runtime::transaction_validity::TransactionSource;
use timelock::{SecretKey, development};

fn beacon() -> SecretKey {
	SecretKey::from_seed(development::SEED)
}

/// The pulse of a round.
fn pulse(round: u64) -> Pulse {
	let signature = beacon().sign(round).expect("every round can be signed");
	let randomness = signature.randomness().expect("a signature encodes").to_vec();
	let signature = signature.to_bytes().expect("a signature encodes").to_vec();
	Pulse {
		round,
		randomness: BoundedVec::truncate_from(randomness),
		signature: BeaconSignature::truncate_from(signature),
	}
}

/// Stores as many pulses as there may be. They are alike, which nobody notices who does not verify them.
fn full_store<T: Config>() {
	BeaconConfig::<T>::put(BeaconConfiguration::development());
	let alike = pulse(1);
	let rounds: Vec<u64> = (1..=u64::from(MAX_STORED_PULSES)).collect();
	for round in &rounds {
		Pulses::<T>::insert(
			round,
			Pulse {
				round: *round,
				..alike.clone()
			},
		);
	}
	OldestStoredRound::<T>::put(1);
	LastStoredRound::<T>::put(u64::from(MAX_STORED_PULSES));
	StoredRounds::<T>::put(BoundedVec::truncate_from(rounds));
}

/// The next pulses.
fn payload(count: u32) -> PulsesPayload {
	let first = u64::from(MAX_STORED_PULSES) + 1;
	let pulses = (first..first + u64::from(count)).map(pulse).collect();
	PulsesPayload {
		pulses: BoundedVec::truncate_from(pulses),
	}
}

/// Stores the pulse of a round, and seals a message until it.
pub(crate) fn seal<T: Config>(round: u64, plain: &[u8]) -> Vec<u8> {
	let mut stored = StoredRounds::<T>::get().into_inner();
	if let Err(position) = stored.binary_search(&round) {
		stored.insert(position, round);
		OldestStoredRound::<T>::put(stored.first().copied().unwrap_or_default());
		LastStoredRound::<T>::put(stored.last().copied().unwrap_or_default());
		StoredRounds::<T>::put(BoundedVec::truncate_from(stored));
		Pulses::<T>::insert(round, pulse(round));
	}
	timelock::seal(&beacon().public(), round, plain, [7; 32]).expect("the message is short enough")
}

#[benchmarks]
mod benchmarks {
	use super::*;

	/// Somebody writes `p` pulses for a fee, and as many old ones go.
	#[benchmark]
	fn write_pulse(p: Linear<1, MAX_PULSES_PER_CALL>) -> Result<(), BenchmarkError> {
		full_store::<T>();
		let caller: T::AccountId = whitelisted_caller();
		let call = Measured::new(&Call::<T>::write_pulse {
			pulses_payload: payload(p),
		});
		let done;
		#[block]
		{
			done = call.dispatch(RawOrigin::Signed(caller).into());
		}
		done?;
		assert_eq!(OldestStoredRound::<T>::get(), 1 + u64::from(p));
		Ok(())
	}

	/// The block's author writes `p` pulses, which were verified before.
	#[benchmark]
	fn write_pulse_of_author(p: Linear<1, MAX_PULSES_PER_CALL>) -> Result<(), BenchmarkError> {
		full_store::<T>();
		let call = Measured::new(&Call::<T>::write_pulse {
			pulses_payload: payload(p),
		});
		let done;
		#[block]
		{
			done = call.dispatch(RawOrigin::Authorized.into());
		}
		done?;
		assert_eq!(OldestStoredRound::<T>::get(), 1 + u64::from(p));
		Ok(())
	}

	/// Verifying `p` pulses of the block's author.
	#[benchmark]
	fn authorize_write_pulse(p: Linear<1, MAX_PULSES_PER_CALL>) {
		full_store::<T>();
		let payload = payload(p);
		let verdict;
		#[block]
		{
			verdict = Pallet::<T>::authorize_pulses(TransactionSource::InBlock, &payload);
		}
		declare(<T as Config>::WeightInfo::verify_pulses(p));
		assert!(verdict.is_ok());
	}

	#[benchmark]
	fn set_beacon_config() -> Result<(), BenchmarkError> {
		full_store::<T>();
		let config_payload = BeaconConfiguration::quicknet();
		let call = Measured::new(&Call::<T>::set_beacon_config { config_payload });
		let done;
		#[block]
		{
			done = call.dispatch(RawOrigin::Root.into());
		}
		done?;
		assert!(StoredRounds::<T>::get().is_empty());
		Ok(())
	}

	#[benchmark]
	fn set_oldest_stored_round() -> Result<(), BenchmarkError> {
		full_store::<T>();
		let oldest_round = u64::from(MAX_STORED_PULSES);
		let call = Measured::new(&Call::<T>::set_oldest_stored_round { oldest_round });
		let done;
		#[block]
		{
			done = call.dispatch(RawOrigin::Root.into());
		}
		done?;
		assert_eq!(StoredRounds::<T>::get().len(), 1);
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::externalities(), crate::mock::Test);
}
