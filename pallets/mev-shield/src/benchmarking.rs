//! Benchmarks of the calls and of what the pallet does in each block.

use crate::{KEY_LIFETIME, Turns, envelope::*, pallet::*};
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::{BoundedVec, traits::Hooks};
use frame_system::{RawOrigin, pallet_prelude::BlockNumberFor};
use ganglion_primitives::benchmarking::{Measured, declare};

/// Most authorities whose turns can have passed since the last block.
const MOST_AUTHORITIES: u32 = 32;

/// A key of the right length whose coefficients are the largest, so that all are looked at.
fn key(last: u8) -> EncapsulationKey {
	let mut key = [0x00, 0x0d, 0xd0].repeat((ENCAPSULATION_KEY_BYTES - 32) / 3);
	key.extend([last; 32]);
	EncapsulationKey::truncate_from(key)
}

/// As many recent keys as there may be; the last is the newest.
fn recent_keys<T: Config>() {
	let now = BlockNumberFor::<T>::from(KEY_LIFETIME);
	frame_system::Pallet::<T>::set_block_number(now);
	let recent = (1..=KEY_LIFETIME).map(|number| (key_hash(&key(number as u8)), BlockNumberFor::<T>::from(number)));
	RecentKeys::<T>::put(BoundedVec::truncate_from(recent.collect()));
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn announce_next_key() -> Result<(), BenchmarkError> {
		T::Turns::prepare_for_benchmark(MOST_AUTHORITIES);
		let call = Measured::new(&Call::<T>::announce_next_key { enc_key: key(7) });
		let done;
		#[block]
		{
			done = call.dispatch(RawOrigin::None.into());
		}
		done?;
		assert!(Announced::<T>::get());
		Ok(())
	}

	/// The longest ciphertext, to the newest key.
	#[benchmark]
	fn submit_encrypted() -> Result<(), BenchmarkError> {
		recent_keys::<T>();
		let caller: T::AccountId = whitelisted_caller();
		let mut ciphertext = vec![7; MAX_CIPHERTEXT_BYTES as usize];
		ciphertext[..KEY_HASH_BYTES].copy_from_slice(&key_hash(&key(KEY_LIFETIME as u8)));
		ciphertext[KEY_HASH_BYTES..KEY_HASH_BYTES + 2].copy_from_slice(&(KEM_CIPHERTEXT_BYTES as u16).to_le_bytes());
		let ciphertext = BoundedVec::truncate_from(ciphertext);
		let call = Measured::new(&Call::<T>::submit_encrypted { ciphertext });
		let events = frame_system::Pallet::<T>::event_count();
		let done;
		#[block]
		{
			done = call.dispatch(RawOrigin::Signed(caller).into());
		}
		done?;
		assert_eq!(frame_system::Pallet::<T>::event_count(), events + 1);
		Ok(())
	}

	/// The beginning and the end of a block, where `t` turns have passed since the last one.
	#[benchmark]
	fn block(t: Linear<0, MOST_AUTHORITIES>) {
		T::Turns::prepare_for_benchmark(MOST_AUTHORITIES);
		recent_keys::<T>();
		let slot = T::Turns::slot();
		for ahead in 0..u64::from(MOST_AUTHORITIES) {
			if let Some(authority) = T::Turns::authority(slot + 1 + ahead) {
				AuthorKeys::<T>::insert(authority, key(ahead as u8));
			}
		}
		Announced::<T>::put(true);
		LastSlot::<T>::put(slot - u64::from(t));
		let now = frame_system::Pallet::<T>::block_number();
		let weight;
		#[block]
		{
			weight = Pallet::<T>::on_initialize(now);
			Pallet::<T>::on_finalize(now);
		}
		declare(weight);
		assert_eq!(NextKey::<T>::get().is_some(), t < MOST_AUTHORITIES);
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::storage(), crate::mock::Test);
}
