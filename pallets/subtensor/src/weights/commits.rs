//! Weights that are committed to by their hash, and revealed some epochs later.

use super::{Row, row};
use crate::pallet::*;
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{ensure, pallet_prelude::DispatchResult};
use ganglion_primitives::{AccountId32, MechId, MechanismIndex, NetUid};
use sp_core::H256;
use sp_runtime::traits::{BlakeTwo256, Hash};

/// `(hash, block of the commit, first epoch of the reveal, last epoch of the reveal)`.
pub type Commit = (H256, u64, u64, u64);

/// The hash of a weight row that its author commits to: BLAKE2b-256 of the SCALE encoding of `(hotkey, mechanism index,
/// destinations, weights, salt, version key)`.
pub(crate) fn commit_hash(hotkey: &AccountId32, index: MechanismIndex, row: &Row, salt: &[u16]) -> H256 {
	let content = (hotkey, index, &row.destinations, &row.weights, salt, row.version_key);
	BlakeTwo256::hash(&content.encode())
}

impl<T: Config> Pallet<T> {
	/// Commits to a weight row by its hash. What is too old to be revealed is forgotten.
	pub(crate) fn do_commit_weights(
		hotkey: &AccountId32,
		netuid: NetUid,
		mechanism: MechId,
		hash: H256,
	) -> DispatchResult {
		let (index, _) = Self::ensure_may_commit(hotkey, netuid, mechanism)?;
		let epoch = SubnetEpochIndex::<T>::get(netuid);
		let reveal = epoch.saturating_add(RevealPeriodEpochs::<T>::get(netuid));
		WeightCommits::<T>::try_mutate(index, hotkey, |commits| {
			commits.retain(|(.., last)| *last >= epoch);
			let commit = (hash, Self::block_number(), reveal, reveal);
			commits
				.try_push(commit)
				.map_err(|_| Error::<T>::TooManyUnrevealedCommits)
		})?;
		Self::deposit_event(Event::WeightsCommitted(hotkey.clone(), index, hash));
		Ok(())
	}

	/// Checks that a hotkey may commit to weights in this block, and notes that it does. Returns its uid.
	pub(super) fn ensure_may_commit(
		hotkey: &AccountId32,
		netuid: NetUid,
		mechanism: MechId,
	) -> Result<(MechanismIndex, u16), frame_support::pallet_prelude::DispatchError> {
		let index = Self::ensure_takes_weights(netuid, mechanism)?;
		let enabled = CommitRevealWeightsEnabled::<T>::get(netuid);
		ensure!(enabled, Error::<T>::CommitRevealDisabled);
		let uid = Uids::<T>::get(netuid, hotkey).ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
		let is_owner = Self::is_owner_hotkey(netuid, hotkey);
		// The version key is checked with the row, when it is known.
		Self::ensure_may_set_weights(hotkey, netuid, is_owner, u64::MAX)?;
		let may_validate = is_owner || Self::holds_permit(netuid, uid);
		ensure!(may_validate, Error::<T>::NeuronNoValidatorPermit);
		Self::note_update(netuid, index, uid)?;
		Ok((index, uid))
	}

	/// Reveals a weight row that was committed to. The commit is used up, and so are all that are older.
	pub(crate) fn do_reveal_weights(
		hotkey: &AccountId32,
		netuid: NetUid,
		mechanism: MechId,
		row: Row,
		salt: Vec<u16>,
	) -> DispatchResult {
		let index = Self::ensure_takes_weights(netuid, mechanism)?;
		let enabled = CommitRevealWeightsEnabled::<T>::get(netuid);
		ensure!(enabled, Error::<T>::CommitRevealDisabled);
		ensure!(
			WeightCommits::<T>::contains_key(index, hotkey),
			Error::<T>::NoWeightsCommitFound
		);
		let hash = commit_hash(hotkey, index, &row, &salt);
		let committed_at = Self::use_commit(hotkey, netuid, index, hash)?;
		Self::put_committed_row(hotkey, netuid, committed_at, row)?;
		Self::deposit_event(Event::WeightsRevealed(hotkey.clone(), index, hash));
		Ok(())
	}

	/// Removes the commit with this hash and all older ones; returns the block of the commit.
	fn use_commit(hotkey: &AccountId32, netuid: NetUid, index: MechanismIndex, hash: H256) -> Result<u64, Error<T>> {
		let epoch = SubnetEpochIndex::<T>::get(netuid);
		WeightCommits::<T>::try_mutate_exists(index, hotkey, |entry| {
			let commits = entry.as_mut().ok_or(Error::<T>::NoWeightsCommitFound)?;
			let position = commits.iter().position(|(commit, ..)| *commit == hash);
			let position = position.ok_or(Error::<T>::InvalidRevealCommitHashNotMatch)?;
			let Some((_, block, first, last)) = commits.get(position).copied() else {
				return Err(Error::<T>::NoWeightsCommitFound);
			};
			ensure!(epoch >= first, Error::<T>::RevealTooEarly);
			ensure!(epoch <= last, Error::<T>::ExpiredWeightCommit);
			commits.drain(..=position);
			if commits.is_empty() {
				*entry = None;
			}
			Ok(block)
		})
	}

	/// Stores a row that was committed to in an earlier block. Whoever got a uid in that block or since then may not be who was meant: such
	/// destinations are dropped, and an author who did not hold its uid then sets nothing.
	pub(super) fn put_committed_row(
		hotkey: &AccountId32,
		netuid: NetUid,
		committed_at: u64,
		mut given: Row,
	) -> DispatchResult {
		let lengths = given.destinations.len() == given.weights.len();
		ensure!(lengths, Error::<T>::WeightVecNotEqualSize);
		let uid = Uids::<T>::get(netuid, hotkey).ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
		let renumbered_at = UidsRenumberedAt::<T>::get(netuid);
		ensure!(
			renumbered_at == 0 || committed_at > renumbered_at,
			Error::<T>::UidsRenumberedSinceCommit
		);
		let registrations = BlockAtRegistration::<T>::get(netuid);
		// Unknown uids stay in the row, which is refused for them.
		let was_there = |uid: &u16| {
			registrations
				.get(usize::from(*uid))
				.is_none_or(|block| *block < committed_at)
		};
		ensure!(was_there(&uid), Error::<T>::NoWeightsCommitFound);
		let (destinations, weights) = core::mem::take(&mut given.destinations)
			.into_iter()
			.zip(core::mem::take(&mut given.weights))
			.filter(|(destination, _)| was_there(destination))
			.unzip();
		let kept = Row {
			destinations,
			weights,
			..given
		};
		let index = MechanismIndex::main(netuid);
		// A round that came late, or a reveal out of order, does not undo what was meant later.
		let revealed = RevealedCommitBlock::<T>::get(index, uid);
		ensure!(committed_at >= revealed, Error::<T>::NewerWeightsInForce);
		if !CommitRevealWeightsEnabled::<T>::get(netuid) {
			let last = LastUpdate::<T>::get(index).get(usize::from(uid)).copied();
			ensure!(
				last.is_none_or(|last| committed_at >= last),
				Error::<T>::NewerWeightsInForce
			);
		}
		RevealedCommitBlock::<T>::insert(index, uid, committed_at);
		let n = SubnetworkN::<T>::get(netuid);
		row::check(&kept.destinations, &kept.weights, n).map_err(Error::<T>::from)?;
		Self::put_row(hotkey, netuid, uid, n, kept)
	}
}
