//! The author's side of shielded transactions.
//!
//! With each block that it makes, an authority announces a fresh key ([`keys`], [`inherent`]). When it makes its next
//! block it opens the carriers in its pool that are encrypted to one of its keys, and puts each inner transaction right
//! behind its carrier ([`pool`]): the inner transaction is never in a pool, and nobody else sees it before the block. A
//! carrier that somebody else put into a block is opened once that block is imported, and its inner transaction waits
//! for this node's next block ([`missed`]).
//!
//! Keys live in memory only. A node that restarts cannot open what was encrypted to its old keys: the carriers' senders
//! have paid for the carriage, nothing else happens, and the SDK reports the failure when the inner transaction's era has
//! passed. In the same way an authority whose next turn comes after that era (eight blocks, with the SDK) cannot help a
//! carrier that missed its block.
//!
//! What comes out of a ciphertext is a stranger's choice. It is taken for a transaction only if it is a signed one, of
//! this runtime, and no carrier itself ([`carrier`]); whether it is valid is then for the runtime to say, as ever. Numbers
//! and time are bounded by the constants of the modules.

mod carrier;
mod inherent;
mod keys;
mod missed;
mod pool;

#[cfg(test)]
mod tests;

pub(crate) use inherent::KeyAnnouncement;
pub(crate) use missed::follow;
pub(crate) use pool::ShieldedPool;

use carrier::Sender;
use ganglion_runtime::{BlockNumber, Hash};
use keys::KeyRing;
use missed::Waiting;
use sp_runtime::OpaqueExtrinsic;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The target of this part's log messages.
const LOG_TARGET: &str = "shield";

/// The keys of this node and the inner transactions that wait for its next block.
#[derive(Default)]
pub(crate) struct Shield {
	keys: Mutex<KeyRing>,
	waiting: Mutex<Waiting>,
}

impl Shield {
	/// Makes a fresh key and returns its public half, to be announced; `None` if the system has no randomness.
	fn fresh_key(&self) -> Option<Vec<u8>> {
		lock(&self.keys)
			.generate()
			.inspect_err(|error| tracing::warn!(target: LOG_TARGET, "no key for the next turn: {error}"))
			.ok()
	}

	/// The carrier's sender and the inner transaction, if this is a carrier that one of this node's keys opens.
	fn open(&self, extrinsic: &OpaqueExtrinsic) -> Option<(Sender, OpaqueExtrinsic)> {
		let (sender, ciphertext) = carrier::ciphertext(extrinsic)?;
		let opened = lock(&self.keys).open(&ciphertext)?;
		let inner = opened
			.map_err(|error| error.to_string())
			.and_then(|plaintext| carrier::inner(&plaintext).map_err(|error| error.to_string()))
			.inspect_err(|error| tracing::debug!(target: LOG_TARGET, "a carrier has nothing to carry: {error}"))
			.ok()?;
		Some((sender, inner))
	}

	/// Takes in a block of the best chain: inner transactions that it has need not wait, those whose carrier is in it but
	/// which are not have to.
	fn imported(&self, number: BlockNumber, extrinsics: &[OpaqueExtrinsic]) {
		let present: Vec<Hash> = extrinsics.iter().map(carrier::hash).collect();
		lock(&self.waiting).block(number, &present);
		for extrinsic in extrinsics {
			if lock(&self.waiting).is_full() {
				tracing::debug!(target: LOG_TARGET, "too many opened transactions wait; the others are left");
				return;
			}
			let Some((sender, inner)) = self.open(extrinsic) else {
				continue;
			};
			let hash = carrier::hash(&inner);
			if !present.contains(&hash) {
				lock(&self.waiting).add(number, sender, hash, inner);
			}
		}
	}

	/// The inner transactions that wait for this node's next block.
	fn waiting(&self) -> Vec<OpaqueExtrinsic> {
		lock(&self.waiting).all()
	}

	/// Drops inner transactions that turned out to be invalid, for good.
	fn refuse<'a>(&self, hashes: impl Iterator<Item = &'a Hash>) {
		let mut waiting = lock(&self.waiting);
		hashes.for_each(|hash| waiting.refuse(*hash));
	}
}

/// Locks; what a panicking thread left behind is still a list of keys or of transactions.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
	mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
