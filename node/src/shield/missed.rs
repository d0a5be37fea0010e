//! Carriers that got into a block without their inner transaction: somebody else made it, or it was full.

use super::{LOG_TARGET, Shield, carrier::Sender};
use futures::StreamExt;
use ganglion_runtime::{BlockNumber, Hash, OpaqueBlock as Block};
use sc_client_api::{BlockBackend, BlockImportNotification, BlockchainEvents};
use sp_blockchain::HeaderBackend;
use sp_runtime::OpaqueExtrinsic;
use std::{collections::VecDeque, sync::Arc};

/// Inner transactions that may wait at a time.
pub(super) const MAX_WAITING: usize = 256;
/// Inner transactions of one sender's carriers that may wait at a time, so that nobody takes the places of all others.
pub(super) const MAX_WAITING_OF_SENDER: usize = 8;
/// Refused inner transactions that are remembered, so that their carriers' blocks do not bring them back.
const MAX_REFUSED: usize = 4_096;
/// Blocks after which an inner transaction that still waits is given up.
pub(super) const MAX_WAIT: BlockNumber = pallet_mev_shield::KEY_LIFETIME;

/// Opened transactions that wait for this node's next block, in the order of their carriers.
#[derive(Default)]
pub(super) struct Waiting {
	opened: VecDeque<Opened>,
	/// What the runtime has refused, the newest last.
	refused: VecDeque<Hash>,
}

/// An opened transaction, and the block and sender of its carrier.
struct Opened {
	carried: BlockNumber,
	sender: Sender,
	hash: Hash,
	extrinsic: OpaqueExtrinsic,
}

impl Waiting {
	/// Removes what is in a block of this number, and what has waited for too long.
	pub(super) fn block(&mut self, number: BlockNumber, present: &[Hash]) {
		self.opened
			.retain(|opened| number.saturating_sub(opened.carried) < MAX_WAIT && !present.contains(&opened.hash));
	}

	/// Lets one more wait, unless it does already, was refused, or there are too many, of this sender or of all.
	pub(super) fn add(&mut self, carried: BlockNumber, sender: Sender, hash: Hash, extrinsic: OpaqueExtrinsic) {
		let of_sender = self.opened.iter().filter(|opened| opened.sender == sender).count();
		let known = self.refused.contains(&hash) || self.opened.iter().any(|opened| opened.hash == hash);
		if !self.is_full() && of_sender < MAX_WAITING_OF_SENDER && !known {
			self.opened.push_back(Opened {
				carried,
				sender,
				hash,
				extrinsic,
			});
		}
	}

	/// Removes one, and lets it not wait again.
	pub(super) fn refuse(&mut self, hash: Hash) {
		self.opened.retain(|opened| opened.hash != hash);
		if !self.refused.contains(&hash) {
			self.refused.push_back(hash);
			let surplus = self.refused.len().saturating_sub(MAX_REFUSED);
			self.refused.drain(..surplus);
		}
	}

	/// Whether no further one may wait.
	pub(super) fn is_full(&self) -> bool {
		self.opened.len() >= MAX_WAITING
	}

	/// All that wait.
	pub(super) fn all(&self) -> Vec<OpaqueExtrinsic> {
		self.opened.iter().map(|opened| opened.extrinsic.clone()).collect()
	}
}

/// The task that opens what the blocks of the best chain carry. It ends when the client does.
pub(crate) async fn follow<C>(client: Arc<C>, shield: Arc<Shield>)
where
	C: BlockchainEvents<Block> + BlockBackend<Block> + HeaderBackend<Block>,
{
	let mut imports = client.import_notification_stream();
	while let Some(notification) = imports.next().await {
		for hash in newly_best(&notification) {
			let number = client.number(hash);
			match (number, client.block_body(hash)) {
				(Ok(Some(number)), Ok(Some(extrinsics))) => shield.imported(number, &extrinsics),
				_ => tracing::debug!(target: LOG_TARGET, "block {hash} has no transactions to look at"),
			}
		}
	}
}

/// The blocks that a notification makes part of the best chain, in their order.
fn newly_best(notification: &BlockImportNotification<Block>) -> Vec<Hash> {
	if !notification.is_new_best {
		return Vec::new();
	}
	let enacted = notification.tree_route.iter().flat_map(|route| route.enacted());
	enacted.map(|block| block.hash).chain([notification.hash]).collect()
}
