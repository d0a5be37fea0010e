//! Weights for several subnets in one call.

use super::Row;
use crate::{MAX_BATCH, pallet::*};
use alloc::vec::Vec;
use codec::Compact;
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult},
	storage::{TransactionOutcome, with_transaction},
};
use ganglion_primitives::{AccountId32, MechId, NetUid};
use sp_core::H256;

/// `(destination uid, weight)` pairs of one subnet.
pub type BatchedRow = Vec<(Compact<u16>, Compact<u16>)>;

/// The number of items in all lists.
pub(crate) fn total_length<Item>(lists: &[Vec<Item>]) -> u32 {
	let total = lists.iter().map(Vec::len).fold(0, usize::saturating_add);
	u32::try_from(total).unwrap_or(u32::MAX)
}

/// Runs one item of a batch; a refusal changes nothing.
fn attempt(item: impl FnOnce() -> DispatchResult) -> DispatchResult {
	with_transaction(|| match item() {
		Ok(()) => TransactionOutcome::Commit(Ok(())),
		Err(error) => TransactionOutcome::Rollback(Err(error)),
	})
}

impl<T: Config> Pallet<T> {
	/// Runs the items of a batch. Each that is refused leaves an event; the others count.
	fn run_batch<Item>(
		items: impl Iterator<Item = Item>,
		hotkey: &AccountId32,
		netuids: Vec<Compact<NetUid>>,
		run: impl Fn(Item) -> DispatchResult,
	) {
		let mut refused = false;
		for item in items {
			if let Err(error) = attempt(|| run(item)) {
				refused = true;
				Self::deposit_event(Event::BatchWeightItemFailed(error));
			}
		}
		Self::deposit_event(if refused {
			Event::BatchCompletedWithErrors()
		} else {
			Event::BatchWeightsCompleted(netuids, hotkey.clone())
		});
	}

	fn ensure_batch(lengths: &[usize]) -> DispatchResult {
		let first = lengths.first().copied().unwrap_or_default();
		let most = usize::try_from(MAX_BATCH).unwrap_or(usize::MAX);
		ensure!(first <= most, Error::<T>::InputLengthsUnequal);
		let equal = lengths.iter().all(|length| *length == first);
		ensure!(equal, Error::<T>::InputLengthsUnequal);
		Ok(())
	}

	/// Sets weights on several subnets.
	pub(crate) fn do_batch_set_weights(
		hotkey: &AccountId32,
		netuids: Vec<Compact<NetUid>>,
		rows: Vec<BatchedRow>,
		version_keys: Vec<Compact<u64>>,
	) -> DispatchResult {
		Self::ensure_batch(&[netuids.len(), rows.len(), version_keys.len()])?;
		let items = netuids.clone().into_iter().zip(rows).zip(version_keys);
		Self::run_batch(items, hotkey, netuids, |((netuid, row), version_key)| {
			let (uids, weights) = row.into_iter().map(|(uid, weight)| (uid.0, weight.0)).unzip();
			Self::do_set_weights(hotkey, netuid.0, MechId::MAIN, uids, weights, version_key.0)
		});
		Ok(())
	}

	/// Commits to weights on several subnets.
	pub(crate) fn do_batch_commit_weights(
		hotkey: &AccountId32,
		netuids: Vec<Compact<NetUid>>,
		hashes: Vec<H256>,
	) -> DispatchResult {
		Self::ensure_batch(&[netuids.len(), hashes.len()])?;
		let items = netuids.clone().into_iter().zip(hashes);
		Self::run_batch(items, hotkey, netuids, |(netuid, hash)| {
			Self::do_commit_weights(hotkey, netuid.0, MechId::MAIN, hash)
		});
		Ok(())
	}

	/// Reveals several commits of one subnet; all or none.
	pub(crate) fn do_batch_reveal_weights(
		hotkey: &AccountId32,
		netuid: NetUid,
		uids: Vec<Vec<u16>>,
		values: Vec<Vec<u16>>,
		salts: Vec<Vec<u16>>,
		version_keys: Vec<u64>,
	) -> DispatchResult {
		Self::ensure_batch(&[uids.len(), values.len(), salts.len(), version_keys.len()])?;
		let rows = uids.into_iter().zip(values).zip(salts.into_iter().zip(version_keys));
		for ((destinations, weights), (salt, version_key)) in rows {
			let row = Row {
				destinations,
				weights,
				version_key,
			};
			Self::do_reveal_weights(hotkey, netuid, MechId::MAIN, row, salt)?;
		}
		Ok::<(), DispatchError>(())
	}
}
