//! Weights that are sealed until a round of a randomness beacon. The chain opens them itself when the round has come: their
//! authors need not come back. A commit whose round is late stays until the round arrives.

use super::Row;
use crate::{OPENED_PER_BLOCK, WeightInfo, pallet::*};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use frame_support::{
	BoundedVec, ensure,
	pallet_prelude::{ConstU32, DispatchError, DispatchResult, Weight},
	transactional,
};
use ganglion_primitives::{AccountId32, Beacon, BeaconSignature, MechId, MechanismIndex, NeededRounds, NetUid};
use sp_runtime::traits::{BlakeTwo256, Hash};

/// The version of the sealed format that the chain opens.
pub const COMMIT_REVEAL_VERSION: u16 = 4;

/// `(hotkey, block of the commit, ciphertext, round)`.
pub type SealedCommit = (
	AccountId32,
	u64,
	BoundedVec<u8, ConstU32<{ crate::MAX_SEALED_COMMIT_BYTES }>>,
	u64,
);

/// `(mechanism, epoch, earliest round that a commit of that epoch waits for)`.
pub type SealedEpoch = (MechanismIndex, u64, u64);

/// What is sealed: a weight row, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SealedWeights {
	/// The author's hotkey, 32 bytes, so that nobody can commit to another's ciphertext.
	pub hotkey: Vec<u8>,
	/// Destination uids.
	pub uids: Vec<u16>,
	/// Weights, one for each uid.
	pub values: Vec<u16>,
	/// Version key.
	pub version_key: u64,
}

impl<T: Config> Pallet<T> {
	/// Commits to a weight row that is sealed until a round that has not come yet.
	pub(crate) fn do_commit_sealed_weights(
		hotkey: &AccountId32,
		netuid: NetUid,
		mechanism: MechId,
		ciphertext: BoundedVec<u8, ConstU32<{ crate::MAX_SEALED_COMMIT_BYTES }>>,
		round: u64,
		version: u16,
	) -> DispatchResult {
		ensure!(
			version == COMMIT_REVEAL_VERSION,
			Error::<T>::IncorrectCommitRevealVersion
		);
		ensure!(T::Beacon::is_to_come(round), Error::<T>::InvalidRevealRound);
		let (index, _) = Self::ensure_may_commit(hotkey, netuid, mechanism)?;
		let sealed = SealedCommitCount::<T>::get(index, hotkey);
		ensure!(
			sealed < crate::MAX_UNREVEALED_COMMITS,
			Error::<T>::TooManyUnrevealedCommits
		);
		SealedCommitCount::<T>::insert(index, hotkey, sealed.saturating_add(1));

		let epoch = Self::epoch_to_seal_in(netuid, index);
		let hash = BlakeTwo256::hash(&ciphertext);
		let commit: SealedCommit = (hotkey.clone(), Self::block_number(), ciphertext, round);
		TimelockedWeightCommits::<T>::try_append(index, epoch, commit)
			.map_err(|()| Error::<T>::TooManyUnrevealedCommits)?;
		SealedEpochs::<T>::try_mutate(|epochs| {
			let known = epochs.iter_mut().find(|(of, at, _)| (*of, *at) == (index, epoch));
			match known {
				Some((.., first)) => *first = round.min(*first),
				None => epochs
					.try_push((index, epoch, round))
					.map_err(|_| Error::<T>::TooManyUnrevealedCommits)?,
			}
			Ok::<(), DispatchError>(())
		})?;
		Self::deposit_event(Event::TimelockedWeightsCommitted(hotkey.clone(), index, hash, round));
		Ok(())
	}

	/// The epoch under which a row that is sealed now is kept: the present one, or, where the subnet has as many lists as
	/// it may have, that of its last list. So no subnet takes the room of another, and none runs out of lists.
	fn epoch_to_seal_in(netuid: NetUid, index: MechanismIndex) -> u64 {
		let epoch = SubnetEpochIndex::<T>::get(netuid);
		let lists: Vec<u64> = SealedEpochs::<T>::get()
			.into_iter()
			.filter(|(of, ..)| *of == index)
			.map(|(_, epoch, _)| epoch)
			.collect();
		let full = lists.len() >= usize::try_from(crate::MAX_SEALED_EPOCHS_PER_SUBNET).unwrap_or(usize::MAX);
		let last = lists.into_iter().max();
		last.filter(|last| full && *last < epoch).unwrap_or(epoch)
	}

	/// Opens sealed rows whose rounds have come, at most [`OPENED_PER_BLOCK`].
	pub(crate) fn open_sealed_weights() -> Weight {
		let mut epochs = SealedEpochs::<T>::get();
		let mut weight = T::WeightInfo::look_for_rounds(u32::try_from(epochs.len()).unwrap_or(u32::MAX));
		let mut room = OPENED_PER_BLOCK;
		let mut changed = false;
		// Each block begins with another list, so that no subnet's rows hold up the others'.
		let count = u64::try_from(epochs.len()).unwrap_or(u64::MAX);
		let begin = Self::block_number().checked_rem(count).unwrap_or_default();
		let begin = usize::try_from(begin).unwrap_or_default();
		let positions = (0..epochs.len()).cycle().skip(begin).take(epochs.len());
		for position in positions.collect::<Vec<_>>() {
			let Some((index, epoch, first)) = epochs.get_mut(position) else {
				continue;
			};
			if room == 0 || key_of::<T>(*first).is_none() {
				continue;
			}
			changed = true;
			let (opened, next) = Self::open_epoch(*index, *epoch, room);
			room = room.saturating_sub(opened);
			weight = weight.saturating_add(T::WeightInfo::open_sealed_weights(opened));
			// No round has number 0: nothing waits any more.
			*first = next.unwrap_or_default();
		}
		if changed {
			epochs.retain(|(.., first)| *first > 0);
			SealedEpochs::<T>::put(epochs);
		}
		weight
	}

	/// Opens rows of one list: how many, and the earliest round that one of the others waits for.
	fn open_epoch(index: MechanismIndex, epoch: u64, room: u32) -> (u32, Option<u64>) {
		let mut opened = 0_u32;
		let mut commits = TimelockedWeightCommits::<T>::get(index, epoch);
		commits.retain(|(hotkey, block, ciphertext, round)| {
			if opened >= room {
				return true;
			}
			let Some(key) = key_of::<T>(*round) else {
				return true;
			};
			opened = opened.saturating_add(1);
			Self::open_commit(index, hotkey, *block, ciphertext, &key);
			false
		});
		let next = commits.iter().map(|(.., round)| *round).min();
		if next.is_some() {
			TimelockedWeightCommits::<T>::insert(index, epoch, commits);
		} else {
			TimelockedWeightCommits::<T>::remove(index, epoch);
		}
		(opened, next)
	}

	/// Opens a row and sets it; an event tells which it was, or why it is not set.
	fn open_commit(index: MechanismIndex, hotkey: &AccountId32, block: u64, ciphertext: &[u8], signature: &[u8]) {
		SealedCommitCount::<T>::mutate_exists(index, hotkey, |count| {
			*count = count.and_then(|count| count.checked_sub(1)).filter(|left| *left > 0);
		});
		match Self::set_opened(index, hotkey, block, ciphertext, signature) {
			Ok(()) => Self::deposit_event(Event::TimelockedWeightsRevealed(index, hotkey.clone())),
			Err(error) => Self::deposit_event(Event::TimelockedWeightsRefused {
				index,
				hotkey: hotkey.clone(),
				error,
			}),
		}
	}

	#[transactional]
	fn set_opened(
		index: MechanismIndex,
		hotkey: &AccountId32,
		block: u64,
		ciphertext: &[u8],
		signature: &[u8],
	) -> DispatchResult {
		let plain = T::Beacon::open(ciphertext, signature).map_err(|_| Error::<T>::SealedWeightsUnreadable)?;
		let sealed = SealedWeights::decode(&mut plain.as_slice()).map_err(|_| Error::<T>::SealedWeightsUnreadable)?;
		let author: &[u8; 32] = hotkey.as_ref();
		ensure!(sealed.hotkey == author, Error::<T>::SealedWeightsOfAnother);
		let row = Row {
			destinations: sealed.uids,
			weights: sealed.values,
			version_key: sealed.version_key,
		};
		Self::put_committed_row(hotkey, Self::netuid_of(index), block, row)
	}

	/// The subnet of a mechanism's key. Every subnet has mechanism 0 only, whose key is the subnet's number.
	fn netuid_of(index: MechanismIndex) -> NetUid {
		NetUid::new(index.get())
	}
}

/// What opens the rows that wait for a round, if it has come. Rows of a beacon that the chain does not follow any more are
/// given the empty key, which opens nothing: they go, and their authors are told.
fn key_of<T: Config>(round: u64) -> Option<BeaconSignature> {
	T::Beacon::signature(round).or_else(|| T::Beacon::is_out_of_reach(round).then(BeaconSignature::new))
}

/// The rounds that sealed weights wait for: all of the lists whose rounds come first, the earliest of each other list.
impl<T: Config> NeededRounds for Pallet<T> {
	fn rounds(limit: u32) -> Vec<u64> {
		let mut lists = SealedEpochs::<T>::get().into_inner();
		lists.sort_unstable_by_key(|(.., first)| *first);
		let mut rounds: Vec<u64> = lists.iter().map(|(.., first)| *first).collect();
		for (index, epoch, _) in lists.into_iter().take(crate::MAX_LISTS_LOOKED_UP) {
			let commits = TimelockedWeightCommits::<T>::get(index, epoch);
			rounds.extend(commits.into_iter().map(|(.., round)| round));
		}
		rounds.sort_unstable();
		rounds.dedup();
		rounds.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
		rounds
	}
}
