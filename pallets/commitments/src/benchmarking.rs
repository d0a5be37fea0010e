//! Benchmarks of the calls, and of opening what was timelocked.

use crate::{
	CommitmentInfo, CommitmentOf, Data, MAX_FIELDS, MAX_REVEALED, MAX_ROUNDS, MAX_TIMELOCKED_BYTES,
	MAX_WAITING_PER_ROUND, MaxSpace, Neurons, OPENED_PER_BLOCK, Opened, Registration, RevealedCommitments, Rounds,
	UsedSpaceOf, Waiting, pallet::*,
};
use alloc::{boxed::Box, vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::{BoundedVec, Hashable};
use frame_system::RawOrigin;
use ganglion_primitives::{
	AccountId32, Beacon, NetUid, TaoBalance,
	benchmarking::{Measured, declare},
};

/// The first of the rounds that the replaced commitment waits for, and of those of the new one.
const OLD: u64 = 2_000_000;
const NEW: u64 = 2_100_000;
/// A round that has come.
const COME: u64 = 1_000;
/// Most plain bytes whose ciphertext fits into a field.
const PLAIN_BYTES: usize = 700;

fn account(number: u32) -> AccountId32 {
	AccountId32::new((*b"commitments", number).blake2_256())
}

fn sealed_field(ciphertext: Vec<u8>, reveal_round: u64) -> Data {
	Data::TimelockEncrypted {
		encrypted: BoundedVec::try_from(ciphertext).expect("the ciphertext fits"),
		reveal_round,
	}
}

fn info(fields: Vec<Data>) -> CommitmentInfo {
	CommitmentInfo {
		fields: BoundedVec::try_from(fields).expect("as many fields as there may be"),
	}
}

/// A list of as many as may wait for a round, bar one, and this one at the end.
fn crowd(
	netuid: NetUid,
	hotkey: Option<&AccountId32>,
) -> BoundedVec<(NetUid, AccountId32), frame_support::traits::ConstU32<MAX_WAITING_PER_ROUND>> {
	let others = (0..MAX_WAITING_PER_ROUND - 1).map(|number| (netuid, account(number)));
	BoundedVec::truncate_from(others.chain(hotkey.map(|hotkey| (netuid, hotkey.clone()))).collect())
}

/// As many rounds as there may be, less those that a new commitment adds; none of them has come.
fn rounds<T: Config>(known: Vec<u64>) {
	let room = MAX_ROUNDS as usize - known.len() - MAX_FIELDS as usize;
	let mut rounds: Vec<u64> = (0..room as u64).map(|number| 3_000_000 + number).chain(known).collect();
	rounds.sort_unstable();
	Rounds::<T>::put(BoundedVec::truncate_from(rounds));
}

/// Stores a commitment of as many fields as there may be, all of which wait for these rounds.
fn commit<T: Config>(netuid: NetUid, hotkey: &AccountId32, fields: Vec<Data>) {
	let registration = Registration {
		deposit: TaoBalance::ZERO,
		block: 1,
		info: info(fields),
	};
	CommitmentOf::<T>::insert(netuid, hotkey, registration);
}

#[benchmarks]
mod benchmarks {
	use super::*;

	/// A commitment of which every field waits for another round is replaced by one like it that resets bonds, too.
	#[benchmark]
	fn set_commitment() -> Result<(), BenchmarkError> {
		let (netuid, hotkey) = T::Neurons::neuron_for_benchmark();
		MaxSpace::<T>::put(u32::MAX);
		let field = |round| sealed_field(vec![7; MAX_TIMELOCKED_BYTES as usize], round);
		let old: Vec<u64> = (OLD..OLD + u64::from(MAX_FIELDS)).collect();
		commit::<T>(netuid, &hotkey, old.iter().copied().map(field).collect());
		for round in &old {
			Waiting::<T>::insert(round, crowd(netuid, Some(&hotkey)));
		}
		let new: Vec<u64> = (NEW..NEW + u64::from(MAX_FIELDS) - 1).collect();
		for round in &new {
			Waiting::<T>::insert(round, crowd(netuid, None));
		}
		rounds::<T>(old);
		let fields = new.iter().copied().map(field).chain([Data::ResetBondsFlag]).collect();
		let call = Measured::new(&Call::<T>::set_commitment {
			netuid,
			info: Box::new(info(fields)),
		});
		let done;
		#[block]
		{
			done = call.dispatch(RawOrigin::Signed(hotkey.clone()).into());
		}
		done?;
		assert_eq!(Waiting::<T>::get(NEW).len(), MAX_WAITING_PER_ROUND as usize);
		assert!(UsedSpaceOf::<T>::get(netuid, &hotkey).used_space > 0);
		Ok(())
	}

	#[benchmark]
	fn set_max_space() -> Result<(), BenchmarkError> {
		let new_limit = 5_000;
		let call = Measured::new(&Call::<T>::set_max_space { new_limit });
		let done;
		#[block]
		{
			done = call.dispatch(RawOrigin::Root.into());
		}
		done?;
		assert_eq!(MaxSpace::<T>::get(), new_limit);
		Ok(())
	}

	/// A block opens the commitments of `o` neurons, each of as many fields as there may be, and looks at as many rounds
	/// as there may be.
	#[benchmark]
	fn open_due(o: Linear<0, OPENED_PER_BLOCK>) {
		let netuid = NetUid::new(1);
		let mut waiting: Vec<(NetUid, AccountId32)> = (0..o).map(|number| (netuid, account(number))).collect();
		let plain = vec![3; PLAIN_BYTES];
		let old = Opened::truncate_from(vec![1; MAX_TIMELOCKED_BYTES as usize]);
		let revealed = vec![(old, 1_u64); MAX_REVEALED as usize];
		for (netuid, hotkey) in &waiting {
			let field = || sealed_field(T::Beacon::seal_for_benchmark(COME, &plain), COME);
			commit::<T>(*netuid, hotkey, (0..MAX_FIELDS).map(|_| field()).collect());
			RevealedCommitments::<T>::insert(netuid, hotkey, BoundedVec::truncate_from(revealed.clone()));
		}
		waiting.extend((o..MAX_WAITING_PER_ROUND).map(|number| (netuid, account(number))));
		if o > 0 {
			Waiting::<T>::insert(COME, BoundedVec::truncate_from(waiting));
		}
		rounds::<T>(if o > 0 { vec![COME] } else { Vec::new() });
		let weight;
		#[block]
		{
			weight = Pallet::<T>::open_due();
		}
		declare(weight);
		for number in 0..o {
			let revealed = RevealedCommitments::<T>::get(netuid, account(number)).unwrap_or_default();
			assert_eq!(revealed.last().map(|(bytes, _)| bytes.to_vec()), Some(plain.clone()));
		}
	}

	impl_benchmark_test_suite!(Pallet, crate::tests::storage(), crate::tests::Test);
}
