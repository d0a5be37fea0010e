//! Neurons registered, and where they serve.

use super::world::*;
use crate::{MAX_HOTKEYS_PER_COLDKEY, MAX_ROOT_VALIDATORS, MAX_VALIDATORS_PER_SUBNET, Pallet as Subtensor, pallet::*};
use alloc::vec;
use frame_benchmarking::v2::*;
use ganglion_primitives::{AccountId32, AlphaBalance, MechanismIndex, NetUid, benchmarking::Measured};

/// The benchmarks of this module.
pub struct Pallet<T: Config>(crate::Pallet<T>);

/// The number of a hotkey that is registered nowhere.
const NEWCOMER: u32 = 10_000;

/// A subnet that is full with so many neurons, all of which weigh all others; its validators have bonds to all. The owner
/// has as many hotkeys as it may, some of them immune. Who comes is rich.
fn full_subnet<T: Config>(size: u16) -> (NetUid, AccountId32, AccountId32) {
	chain::<T>();
	let netuid = subnet::<T>();
	let owner = owner(netuid);
	let owned = (MAX_HOTKEYS_PER_COLDKEY as u16 - 1).min(size / 2);
	for number in 0..u32::from(owned) {
		Subtensor::<T>::associate_hotkey(&owner, &hotkey(u32::from(size) + number)).expect("the owner has room");
		Subtensor::<T>::append_neuron(netuid, &hotkey(u32::from(size) + number)).expect("the subnet has room");
	}
	neurons::<T>(netuid, size);
	MaxAllowedUids::<T>::insert(netuid, size);
	Emission::<T>::mutate(netuid, |column| {
		for (worth, emission) in (1..=u64::from(size)).rev().zip(column.iter_mut()) {
			*emission = AlphaBalance::new(worth);
		}
	});
	validators::<T>(netuid, MAX_VALIDATORS_PER_SUBNET.min(size / 2));
	weight_rows::<T>(netuid, 0..size, size);
	bond_rows::<T>(netuid, MAX_VALIDATORS_PER_SUBNET.min(size - 1), size);
	let coldkey = stranger(1);
	fund::<T>(&coldkey);
	(netuid, coldkey, hotkey(NEWCOMER))
}

/// Everything that a neuron can have published.
fn publish<T: Config>(netuid: NetUid, hotkey: &AccountId32) {
	Subtensor::<T>::do_serve_axon(
		hotkey,
		netuid,
		Subtensor::<T>::axon(1, 1 << 100, 9_000, 6, 4, [0, 0]),
		Some(&[1; 65]),
	)
	.expect("the axon is good");
	Subtensor::<T>::do_serve_prometheus(hotkey, netuid, 1, 1 << 100, 9_000, 6).expect("the address is good");
}

#[benchmarks]
mod benchmarks {
	use super::*;

	/// The last of `n` neurons is replaced.
	#[benchmark]
	fn burned_register(n: Linear<16, 4_096>) -> Result<(), BenchmarkError> {
		let (netuid, coldkey, hotkey) = full_subnet::<T>(n as u16);
		let last = Keys::<T>::get(netuid, n as u16 - 1).expect("the subnet is full");
		publish::<T>(netuid, &last);
		let call = Measured::new(&Call::<T>::burned_register {
			netuid,
			hotkey: hotkey.clone(),
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert_eq!(Uids::<T>::get(netuid, &hotkey), Some(n as u16 - 1));
		assert_eq!(Weights::<T>::get(MechanismIndex::main(netuid), 0).len(), n as usize - 1);
		Ok(())
	}

	/// A neuron is added to the largest subnet, bar one.
	#[benchmark]
	fn register_limit() -> Result<(), BenchmarkError> {
		chain::<T>();
		let netuid = subnet::<T>();
		neurons::<T>(netuid, MOST_UIDS - 1);
		let (coldkey, hotkey) = (stranger(1), hotkey(NEWCOMER));
		fund::<T>(&coldkey);
		fill_staking_hotkeys::<T>(&coldkey);
		let limit_price = u64::MAX;
		let call = Measured::new(&Call::<T>::register_limit {
			netuid,
			hotkey: hotkey.clone(),
			limit_price,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert_eq!(Uids::<T>::get(netuid, &hotkey), Some(MOST_UIDS - 1));
		Ok(())
	}

	/// The last of `n` neurons is replaced.
	#[benchmark]
	fn pow_register(n: Linear<16, 4_096>) -> Result<(), BenchmarkError> {
		let (netuid, coldkey, hotkey) = full_subnet::<T>(n as u16);
		let (work_block, nonce) = (u64::from(BLOCK) - 1, 7_u64);
		let hash =
			frame_system::Pallet::<T>::block_hash(frame_system::pallet_prelude::BlockNumberFor::<T>::from(BLOCK - 1));
		let (hotkey_bytes, coldkey_bytes): (&[u8; 32], &[u8; 32]) = (hotkey.as_ref(), coldkey.as_ref());
		let parts: [&[u8]; 6] = [
			b"subtensor-pow-register-v1",
			&netuid.get().to_le_bytes(),
			hash.as_ref(),
			hotkey_bytes,
			coldkey_bytes,
			&nonce.to_le_bytes(),
		];
		let work = sp_io::hashing::keccak_256(&sp_io::hashing::sha2_256(&parts.concat())).to_vec();
		let call = Measured::new(&Call::<T>::pow_register {
			netuid,
			work_block,
			nonce,
			work,
			hotkey: hotkey.clone(),
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert_eq!(Uids::<T>::get(netuid, &hotkey), Some(n as u16 - 1));
		Ok(())
	}

	/// Root is full.
	#[benchmark]
	fn root_register() -> Result<(), BenchmarkError> {
		chain::<T>();
		let root = NetUid::ROOT;
		neurons::<T>(root, MAX_ROOT_VALIDATORS);
		for number in 0..u32::from(MAX_ROOT_VALIDATORS) {
			let hotkey = Keys::<T>::get(root, number as u16).expect("root is full");
			let owner = Subtensor::<T>::coldkey_of(&hotkey).expect("it has an owner");
			give_root::<T>(&hotkey, &owner, 1_000_000_000 + u64::from(number));
		}
		let (coldkey, hotkey) = (stranger(1), hotkey(NEWCOMER));
		fund::<T>(&coldkey);
		let call = Measured::new(&Call::<T>::root_register { hotkey: hotkey.clone() });
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(Uids::<T>::contains_key(root, &hotkey));
		Ok(())
	}

	#[benchmark]
	fn serve_axon() -> Result<(), BenchmarkError> {
		chain::<T>();
		let netuid = subnet::<T>();
		neurons::<T>(netuid, 8);
		publish::<T>(netuid, &hotkey(1));
		let call = Measured::new(&Call::<T>::serve_axon {
			netuid,
			version: 2,
			ip: 1 << 100,
			port: 9_001,
			ip_type: 6,
			protocol: 4,
			placeholder1: 0,
			placeholder2: 0,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&hotkey(1)));
		}
		done?;
		assert_eq!(Axons::<T>::get(netuid, hotkey(1)).map(|axon| axon.port), Some(9_001));
		Ok(())
	}

	#[benchmark]
	fn serve_axon_tls() -> Result<(), BenchmarkError> {
		chain::<T>();
		let netuid = subnet::<T>();
		neurons::<T>(netuid, 8);
		publish::<T>(netuid, &hotkey(1));
		let call = Measured::new(&Call::<T>::serve_axon_tls {
			netuid,
			version: 2,
			ip: 1 << 100,
			port: 9_001,
			ip_type: 6,
			protocol: 4,
			placeholder1: 0,
			placeholder2: 0,
			certificate: vec![2; 65],
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&hotkey(1)));
		}
		done?;
		assert_eq!(Axons::<T>::get(netuid, hotkey(1)).map(|axon| axon.port), Some(9_001));
		Ok(())
	}

	#[benchmark]
	fn serve_prometheus() -> Result<(), BenchmarkError> {
		chain::<T>();
		let netuid = subnet::<T>();
		neurons::<T>(netuid, 8);
		publish::<T>(netuid, &hotkey(1));
		let (version, ip, port, ip_type) = (2, 1 << 100, 9_001, 6);
		let call = Measured::new(&Call::<T>::serve_prometheus {
			netuid,
			version,
			ip,
			port,
			ip_type,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&hotkey(1)));
		}
		done?;
		assert_eq!(
			Prometheus::<T>::get(netuid, hotkey(1)).map(|info| info.port),
			Some(9_001)
		);
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::benchmarking::new_test_ext(), crate::mock::Test);
}
