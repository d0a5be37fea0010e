//! Follows the chain's head: the newest block at once, the subnet's state every few blocks, through node restarts.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use neuron_chain::{Hyperparameters, Metagraph};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
	chain_access::{AccessError, ChainAccess},
	retry::Backoff,
};

/// A connection on which no block comes for this long is given up and made anew.
pub const BLOCK_TIMEOUT: Duration = Duration::from_secs(120);

/// A subnet's state at one block.
#[derive(Clone, Debug)]
pub struct Snapshot {
	/// The best block when it was taken.
	pub block: u64,
	/// The neurons.
	pub metagraph: Metagraph,
	/// The rules.
	pub hyperparameters: Hyperparameters,
	/// The block at which the next epoch runs; absent where none is scheduled.
	pub next_epoch_block: Option<u64>,
}

impl Snapshot {
	/// Reads a subnet's state.
	///
	/// # Errors
	/// [`AccessError`] of the first read that failed.
	pub async fn read(chain: &dyn ChainAccess, netuid: u16, block: u64) -> Result<Self, AccessError> {
		Ok(Self {
			block,
			metagraph: chain.metagraph(netuid).await?,
			hyperparameters: chain.hyperparameters(netuid).await?,
			next_epoch_block: chain.next_epoch_block(netuid).await?,
		})
	}
}

/// What the follower has seen last; clone it freely.
#[derive(Clone, Debug)]
pub struct Followed {
	/// The best block.
	pub block: watch::Receiver<u64>,
	/// The subnet's state.
	pub snapshot: watch::Receiver<Arc<Snapshot>>,
}

/// Follows the chain on a task of its own until `stop`; `first` is what is known at the start.
pub fn spawn(
	chain: Arc<dyn ChainAccess>,
	netuid: u16,
	refresh_blocks: u64,
	first: Snapshot,
	stop: CancellationToken,
) -> Followed {
	let (block_sender, block) = watch::channel(first.block);
	let (snapshot_sender, snapshot) = watch::channel(Arc::new(first));
	let follower = Follower {
		chain,
		netuid,
		refresh_blocks,
		block: block_sender,
		snapshot: snapshot_sender,
	};
	tokio::spawn(async move {
		tokio::select! {
			() = follower.run() => {},
			() = stop.cancelled() => {},
		}
	});
	Followed { block, snapshot }
}

struct Follower {
	chain: Arc<dyn ChainAccess>,
	netuid: u16,
	refresh_blocks: u64,
	block: watch::Sender<u64>,
	snapshot: watch::Sender<Arc<Snapshot>>,
}

impl Follower {
	async fn run(&self) {
		let mut backoff = Backoff::default();
		loop {
			let error = match self.follow_once(&mut backoff).await {
				Ok(()) => "the node closed the connection".into(),
				Err(error) => error.to_string(),
			};
			let delay = backoff.delay();
			tracing::warn!(%error, retry_in_ms = delay.as_millis(), "lost the chain's head");
			tokio::time::sleep(delay).await;
		}
	}

	/// Follows until the connection is lost.
	async fn follow_once(&self, backoff: &mut Backoff) -> Result<(), AccessError> {
		let mut blocks = self.chain.blocks().await?;
		loop {
			let block = match tokio::time::timeout(BLOCK_TIMEOUT, blocks.next()).await {
				Ok(Some(block)) => block?,
				Ok(None) => return Ok(()),
				Err(_) => return Err(AccessError::Unreachable("no new block came".into())),
			};
			self.block.send_replace(block);
			let last = self.snapshot.borrow().block;
			// A lower number than before is another chain or a long reorganisation: look at once.
			if block < last || block - last >= self.refresh_blocks {
				let snapshot = Snapshot::read(&*self.chain, self.netuid, block).await?;
				self.snapshot.send_replace(Arc::new(snapshot));
			}
			backoff.reset();
		}
	}
}
