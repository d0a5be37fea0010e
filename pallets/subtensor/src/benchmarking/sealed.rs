//! Weights that are sealed until a round: committed to, and opened by a block.

use super::world::*;
use crate::{
	MAX_SEALED_COMMIT_BYTES, MAX_SEALED_COMMITS_PER_EPOCH, MAX_SEALED_EPOCHS, OPENED_PER_BLOCK,
	pallet::*,
	weights::{COMMIT_REVEAL_VERSION, SealedCommit, SealedWeights},
};
use alloc::{vec, vec::Vec};
use codec::Encode;
use frame_benchmarking::v2::*;
use frame_support::BoundedVec;
use ganglion_primitives::{
	AccountId32, Beacon, MechId, MechanismIndex, NetUid,
	benchmarking::{Measured, declare},
};

/// The benchmarks of this module.
pub struct Pallet<T: Config>(crate::Pallet<T>);

/// Most weights that fit into the longest ciphertext.
const MOST_WEIGHTS: u16 = 1_900;
/// A round that has come.
const COME: u64 = 1_000;
/// One that has not, and is near enough to wait for.
const TO_COME: u64 = 100_000;

/// A list of sealed rows that waits, of the longest ciphertexts.
fn waiting<T: Config>(index: MechanismIndex, count: u32) {
	let ciphertext = BoundedVec::truncate_from(vec![7; MAX_SEALED_COMMIT_BYTES as usize]);
	let commit: SealedCommit = (stranger(1), 1, ciphertext, TO_COME);
	let list: Vec<SealedCommit> = vec![commit; count as usize];
	TimelockedWeightCommits::<T>::insert(
		index,
		SubnetEpochIndex::<T>::get(NETUID),
		BoundedVec::truncate_from(list),
	);
}

/// Lists of other subnets and epochs; this subnet's is the last.
fn lists<T: Config>(count: u32, first_round: u64) {
	let epochs = (1..=count).map(|number| {
		let netuid = NetUid::new(1 + (number % 128) as u16);
		let epoch = u64::from(number / 128);
		let epoch = if epoch == 0 { 500 } else { epoch };
		(MechanismIndex::main(netuid), epoch, first_round)
	});
	let mut epochs: Vec<_> = epochs
		.filter(|(index, ..)| *index != MechanismIndex::main(NETUID))
		.collect();
	epochs.push((
		MechanismIndex::main(NETUID),
		SubnetEpochIndex::<T>::get(NETUID),
		first_round,
	));
	SealedEpochs::<T>::put(BoundedVec::truncate_from(epochs));
}

fn committer<T: Config>() -> (NetUid, AccountId32) {
	chain::<T>();
	let netuid = largest_subnet::<T>();
	CommitRevealWeightsEnabled::<T>::insert(netuid, true);
	waiting::<T>(MechanismIndex::main(netuid), MAX_SEALED_COMMITS_PER_EPOCH - 1);
	lists::<T>(MAX_SEALED_EPOCHS, TO_COME);
	SealedCommitCount::<T>::insert(MechanismIndex::main(netuid), hotkey(1), 9);
	(netuid, hotkey(1))
}

/// What a validator's ciphertext of so many weights is until `round`, after that round's signature was made known.
fn sealed<T: Config>(number: u32, weights: u16, round: u64) -> Vec<u8> {
	let hotkey = hotkey(number);
	let author: &[u8; 32] = hotkey.as_ref();
	let (uids, values) = row(0, weights, MOST_UIDS).into_iter().rev().unzip();
	let plain = SealedWeights {
		hotkey: author.to_vec(),
		uids,
		values,
		version_key: 0,
	};
	T::Beacon::seal_for_benchmark(round, &plain.encode())
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn commit_timelocked_weights() -> Result<(), BenchmarkError> {
		let (netuid, hotkey) = committer::<T>();
		let call = Measured::new(&Call::<T>::commit_timelocked_weights {
			netuid,
			commit: BoundedVec::truncate_from(vec![7; MAX_SEALED_COMMIT_BYTES as usize]),
			reveal_round: T::Beacon::latest_round().unwrap_or(COME) + 1,
			commit_reveal_version: COMMIT_REVEAL_VERSION,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&hotkey));
		}
		done?;
		assert_eq!(SealedCommitCount::<T>::get(MechanismIndex::main(netuid), &hotkey), 10);
		Ok(())
	}

	#[benchmark]
	fn commit_timelocked_mechanism_weights() -> Result<(), BenchmarkError> {
		let (netuid, hotkey) = committer::<T>();
		let call = Measured::new(&Call::<T>::commit_timelocked_mechanism_weights {
			netuid,
			mecid: MechId::MAIN,
			commit: BoundedVec::truncate_from(vec![7; MAX_SEALED_COMMIT_BYTES as usize]),
			reveal_round: T::Beacon::latest_round().unwrap_or(COME) + 1,
			commit_reveal_version: COMMIT_REVEAL_VERSION,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&hotkey));
		}
		done?;
		assert_eq!(SealedCommitCount::<T>::get(MechanismIndex::main(netuid), &hotkey), 10);
		Ok(())
	}

	/// A block looks at `l` lists, and the round of none of them has come.
	#[benchmark]
	fn look_for_rounds(l: Linear<0, MAX_SEALED_EPOCHS>) {
		chain::<T>();
		if l > 0 {
			lists::<T>(l, TO_COME);
		}
		let weight;
		#[block]
		{
			weight = crate::Pallet::<T>::open_sealed_weights();
		}
		declare(weight);
		assert!(SealedEpochs::<T>::get().iter().all(|(.., round)| *round == TO_COME));
	}

	/// A block opens `k` rows of the longest list, and sets the largest of them.
	#[benchmark]
	fn open_sealed_weights(k: Linear<1, OPENED_PER_BLOCK>) {
		chain::<T>();
		let netuid = largest_subnet::<T>();
		let index = MechanismIndex::main(netuid);
		CommitRevealWeightsEnabled::<T>::insert(netuid, true);
		waiting::<T>(index, MAX_SEALED_COMMITS_PER_EPOCH);
		TimelockedWeightCommits::<T>::mutate(index, SubnetEpochIndex::<T>::get(netuid), |commits| {
			for (number, commit) in (1..=k).zip(commits.iter_mut().skip(1)) {
				let ciphertext = sealed::<T>(number, MOST_WEIGHTS, COME + u64::from(number));
				let ciphertext = BoundedVec::try_from(ciphertext).expect("as many weights as fit");
				*commit = (hotkey(number), 1_000, ciphertext, COME + u64::from(number));
			}
		});
		lists::<T>(1, COME + 1);
		let weight;
		#[block]
		{
			weight = crate::Pallet::<T>::open_sealed_weights();
		}
		declare(weight);
		for number in 1..=k as u16 {
			assert_eq!(Weights::<T>::get(index, number).len(), usize::from(MOST_WEIGHTS));
		}
	}

	impl_benchmark_test_suite!(Pallet, crate::benchmarking::new_test_ext(), crate::mock::Test);
}
