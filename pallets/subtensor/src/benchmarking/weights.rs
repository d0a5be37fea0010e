//! Weights set, committed to and revealed.

use super::world::*;
use crate::{
	MAX_BATCH, MAX_UNREVEALED_COMMITS, MAX_VALIDATORS_PER_SUBNET,
	pallet::*,
	weights::{Row, commit_hash},
};
use alloc::{vec, vec::Vec};
use codec::Compact;
use frame_benchmarking::v2::*;
use frame_support::BoundedVec;
use ganglion_primitives::{AccountId32, MechId, MechanismIndex, NetUid, benchmarking::Measured};
use sp_core::H256;

/// The benchmarks of this module.
pub struct Pallet<T: Config>(crate::Pallet<T>);

/// The uid that sets weights.
const UID: u16 = 1;

/// A list of destinations and one of their weights, in an order that has to be sorted.
fn lists(length: u16) -> (Vec<u16>, Vec<u16>) {
	row(0, length, MOST_UIDS).into_iter().rev().unzip()
}

fn validator<T: Config>() -> (NetUid, AccountId32) {
	chain::<T>();
	let netuid = largest_subnet::<T>();
	(netuid, hotkey(u32::from(UID)))
}

/// The hash of such a row.
fn hash_of(hotkey: &AccountId32, netuid: NetUid, (destinations, weights): (&[u16], &[u16]), salt: &[u16]) -> H256 {
	let row = Row {
		destinations: destinations.to_vec(),
		weights: weights.to_vec(),
		version_key: 0,
	};
	commit_hash(hotkey, MechanismIndex::main(netuid), &row, salt)
}

/// Lets commits be made on a subnet, and gives the validator as many of them, bar one, as it may have; all good for a
/// reveal now.
fn commits<T: Config>(netuid: NetUid, hotkey: &AccountId32, hashes: &[H256]) {
	CommitRevealWeightsEnabled::<T>::insert(netuid, true);
	let epoch = SubnetEpochIndex::<T>::get(netuid);
	let commits: Vec<_> = hashes.iter().map(|hash| (*hash, 1_000_u64, epoch, epoch)).collect();
	WeightCommits::<T>::insert(MechanismIndex::main(netuid), hotkey, BoundedVec::truncate_from(commits));
	BlockAtRegistration::<T>::mutate(netuid, |column| column.iter_mut().for_each(|block| *block = 1));
}

/// Subnets of the largest size as far as it matters to somebody who sets weights there: the same columns, the same
/// validator, but no other neurons.
fn alike<T: Config>(first: NetUid, count: u32) -> Vec<NetUid> {
	let index = MechanismIndex::main(first);
	let mut netuids = vec![first];
	for _ in 1..count {
		let netuid = subnet::<T>();
		let other = MechanismIndex::main(netuid);
		SubnetworkN::<T>::insert(netuid, MOST_UIDS);
		LastUpdate::<T>::insert(other, LastUpdate::<T>::get(index));
		BlockAtRegistration::<T>::insert(netuid, BlockAtRegistration::<T>::get(first));
		ValidatorPermit::<T>::insert(netuid, ValidatorPermit::<T>::get(first));
		Uids::<T>::insert(netuid, hotkey(u32::from(UID)), UID);
		give_alpha::<T>(&hotkey(u32::from(UID)), &coldkey(u32::from(UID)), netuid, 1_000_000_000);
		netuids.push(netuid);
	}
	netuids
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn set_weights(n: Linear<1, 4_096>) -> Result<(), BenchmarkError> {
		let (netuid, hotkey) = validator::<T>();
		let (dests, weights) = lists(n as u16);
		let version_key = 0;
		let call = Measured::new(&Call::<T>::set_weights {
			netuid,
			dests,
			weights,
			version_key,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&hotkey));
		}
		done?;
		assert_eq!(Weights::<T>::get(MechanismIndex::main(netuid), UID).len(), n as usize);
		Ok(())
	}

	#[benchmark]
	fn set_mechanism_weights(n: Linear<1, 4_096>) -> Result<(), BenchmarkError> {
		let (netuid, hotkey) = validator::<T>();
		let (dests, weights) = lists(n as u16);
		let (mecid, version_key) = (MechId::MAIN, 0);
		let call = Measured::new(&Call::<T>::set_mechanism_weights {
			netuid,
			mecid,
			dests,
			weights,
			version_key,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&hotkey));
		}
		done?;
		assert_eq!(Weights::<T>::get(MechanismIndex::main(netuid), UID).len(), n as usize);
		Ok(())
	}

	/// `n` rows of `d` destinations each.
	#[benchmark]
	fn batch_set_weights(n: Linear<1, MAX_BATCH>, d: Linear<1, 4_096>) -> Result<(), BenchmarkError> {
		let (first, hotkey) = validator::<T>();
		let subnets = alike::<T>(first, n);
		let (dests, weights) = lists(d as u16);
		let row: Vec<_> = dests
			.into_iter()
			.map(Compact)
			.zip(weights.into_iter().map(Compact))
			.collect();
		let call = Measured::new(&Call::<T>::batch_set_weights {
			netuids: subnets.iter().copied().map(Compact).collect(),
			weights: vec![row; subnets.len()],
			version_keys: vec![Compact(0); subnets.len()],
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&hotkey));
		}
		done?;
		for netuid in subnets {
			assert_eq!(Weights::<T>::get(MechanismIndex::main(netuid), UID).len(), d as usize);
		}
		Ok(())
	}

	#[benchmark]
	fn commit_weights() -> Result<(), BenchmarkError> {
		let (netuid, hotkey) = validator::<T>();
		commits::<T>(
			netuid,
			&hotkey,
			&vec![H256::zero(); MAX_UNREVEALED_COMMITS as usize - 1],
		);
		let commit_hash = H256::repeat_byte(7);
		let call = Measured::new(&Call::<T>::commit_weights { netuid, commit_hash });
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&hotkey));
		}
		done?;
		let commits = WeightCommits::<T>::get(MechanismIndex::main(netuid), &hotkey);
		assert_eq!(commits.len(), MAX_UNREVEALED_COMMITS as usize);
		Ok(())
	}

	#[benchmark]
	fn commit_mechanism_weights() -> Result<(), BenchmarkError> {
		let (netuid, hotkey) = validator::<T>();
		commits::<T>(
			netuid,
			&hotkey,
			&vec![H256::zero(); MAX_UNREVEALED_COMMITS as usize - 1],
		);
		let (mecid, commit_hash) = (MechId::MAIN, H256::repeat_byte(7));
		let call = Measured::new(&Call::<T>::commit_mechanism_weights {
			netuid,
			mecid,
			commit_hash,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&hotkey));
		}
		done?;
		let commits = WeightCommits::<T>::get(MechanismIndex::main(netuid), &hotkey);
		assert_eq!(commits.len(), MAX_UNREVEALED_COMMITS as usize);
		Ok(())
	}

	#[benchmark]
	fn batch_commit_weights(n: Linear<1, MAX_BATCH>) -> Result<(), BenchmarkError> {
		let (first, hotkey) = validator::<T>();
		let subnets = alike::<T>(first, n);
		for netuid in &subnets {
			commits::<T>(
				*netuid,
				&hotkey,
				&vec![H256::zero(); MAX_UNREVEALED_COMMITS as usize - 1],
			);
		}
		let call = Measured::new(&Call::<T>::batch_commit_weights {
			netuids: subnets.iter().copied().map(Compact).collect(),
			commit_hashes: vec![H256::repeat_byte(7); subnets.len()],
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&hotkey));
		}
		done?;
		for netuid in subnets {
			let commits = WeightCommits::<T>::get(MechanismIndex::main(netuid), &hotkey);
			assert_eq!(commits.len(), MAX_UNREVEALED_COMMITS as usize);
		}
		Ok(())
	}

	#[benchmark]
	fn reveal_weights(n: Linear<1, 4_096>) -> Result<(), BenchmarkError> {
		let (netuid, hotkey) = validator::<T>();
		let (uids, values) = lists(n as u16);
		let salt = vec![9; 8];
		let index = MechanismIndex::main(netuid);
		let mut hashes = vec![H256::zero(); MAX_UNREVEALED_COMMITS as usize];
		hashes[8] = hash_of(&hotkey, netuid, (&uids, &values), &salt);
		commits::<T>(netuid, &hotkey, &hashes);
		let version_key = 0;
		let call = Measured::new(&Call::<T>::reveal_weights {
			netuid,
			uids,
			values,
			salt,
			version_key,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&hotkey));
		}
		done?;
		assert_eq!(Weights::<T>::get(index, UID).len(), n as usize);
		Ok(())
	}

	#[benchmark]
	fn reveal_mechanism_weights(n: Linear<1, 4_096>) -> Result<(), BenchmarkError> {
		let (netuid, hotkey) = validator::<T>();
		let (uids, values) = lists(n as u16);
		let salt = vec![9; 8];
		let index = MechanismIndex::main(netuid);
		let mut hashes = vec![H256::zero(); MAX_UNREVEALED_COMMITS as usize];
		hashes[8] = hash_of(&hotkey, netuid, (&uids, &values), &salt);
		commits::<T>(netuid, &hotkey, &hashes);
		let (mecid, version_key) = (MechId::MAIN, 0);
		let call = Measured::new(&Call::<T>::reveal_mechanism_weights {
			netuid,
			mecid,
			uids,
			values,
			salt,
			version_key,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&hotkey));
		}
		done?;
		assert_eq!(Weights::<T>::get(index, UID).len(), n as usize);
		Ok(())
	}

	/// `n` rows of `d` destinations each, one after the other.
	#[benchmark]
	fn batch_reveal_weights(n: Linear<1, MAX_UNREVEALED_COMMITS>, d: Linear<1, 4_096>) -> Result<(), BenchmarkError> {
		let (netuid, hotkey) = validator::<T>();
		let (uids, values) = lists(d as u16);
		let index = MechanismIndex::main(netuid);
		let salts_list: Vec<Vec<u16>> = (0..n as u16).map(|number| vec![number; 8]).collect();
		let hash = |salt: &Vec<u16>| hash_of(&hotkey, netuid, (&uids, &values), salt);
		let hashes: Vec<H256> = salts_list.iter().map(hash).collect();
		commits::<T>(netuid, &hotkey, &hashes);
		let call = Measured::new(&Call::<T>::batch_reveal_weights {
			netuid,
			uids_list: vec![uids; n as usize],
			values_list: vec![values; n as usize],
			salts_list,
			version_keys: vec![0; n as usize],
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&hotkey));
		}
		done?;
		assert_eq!(Weights::<T>::get(index, UID).len(), d as usize);
		assert!(!WeightCommits::<T>::contains_key(index, &hotkey));
		Ok(())
	}

	/// What a commitment that resets bonds does: each validator, and the owner, has a bond to the neuron.
	#[benchmark]
	fn reset_bonds() -> Result<(), BenchmarkError> {
		let (netuid, hotkey) = validator::<T>();
		bond_rows::<T>(netuid, MAX_VALIDATORS_PER_SUBNET, MOST_UIDS);
		let done;
		#[block]
		{
			done = crate::Pallet::<T>::reset_bonds(netuid, &hotkey);
		}
		done?;
		ganglion_primitives::benchmarking::declare(crate::Pallet::<T>::reset_bonds_weight());
		assert_eq!(
			Bonds::<T>::get(MechanismIndex::main(netuid), 5).len(),
			usize::from(MOST_UIDS) - 1
		);
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::benchmarking::new_test_ext(), crate::mock::Test);
}
