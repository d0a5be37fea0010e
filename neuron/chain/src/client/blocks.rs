//! Following the chain.

use std::sync::Arc;

use futures::Stream;
use subxt::SubstrateConfig;
use subxt::config::{Config, Header as _};
use subxt::rpcs::client::RpcSubscription;

use super::{ChainClient, Session};
use crate::error::{ChainError, ToChainError};

type BlockHeader = <SubstrateConfig as Config>::Header;

/// The numbers of the best blocks as they come; see [`ChainClient::subscribe_blocks`].
#[derive(Debug)]
pub struct BlockStream {
	client: ChainClient,
	subscription: Option<Subscription>,
}

struct Subscription {
	session: Arc<Session>,
	headers: RpcSubscription<BlockHeader>,
}

impl std::fmt::Debug for Subscription {
	fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		formatter.write_str("Subscription")
	}
}

impl ChainClient {
	/// Follows the **best** block: the first number comes at once, then one for each new best block. Where the
	/// chain forks, a number can come twice or go back; where it is fast, numbers can be left out.
	#[must_use]
	pub fn subscribe_blocks(&self) -> BlockStream {
		BlockStream {
			client: self.clone(),
			subscription: None,
		}
	}

	async fn open_subscription(&self) -> Result<Subscription, ChainError> {
		self.request("following the best block", |session| async move {
			let headers = session.rpc.chain_subscribe_new_heads().await;
			let headers = headers.map_err(|error| error.to_chain_error(session.context("chain_subscribeNewHeads")))?;
			Ok(Subscription { session, headers })
		})
		.await
	}
}

impl BlockStream {
	/// The next number. Waits as long as the chain makes no block, but checks meanwhile that the node is there.
	/// Connects again by itself when the connection broke; after an error, the next call tries again (wait a
	/// moment before it). May be dropped while it waits, as `select!` does.
	///
	/// # Errors
	/// A node that cannot be reached.
	pub async fn next(&mut self) -> Result<u64, ChainError> {
		loop {
			let subscription = match &mut self.subscription {
				Some(subscription) => subscription,
				none => none.insert(self.client.open_subscription().await?),
			};
			match tokio::time::timeout(self.client.inner.timeout, subscription.headers.next()).await {
				Ok(Some(Ok(header))) => return Ok(header.number()),
				Ok(Some(Err(error))) => {
					tracing::debug!(%error, "the node's block subscription failed");
					self.drop_subscription().await;
				}
				Ok(None) => self.drop_subscription().await,
				// No block for a while: fine, if the node still answers on the same connection.
				Err(_) => {
					if let Err(error) = self.client.block_number().await {
						self.subscription = None;
						return Err(error);
					}
					self.follow_the_session().await;
				}
			}
		}
	}

	/// The same as a stream that never ends.
	pub fn into_stream(self) -> impl Stream<Item = Result<u64, ChainError>> + Send {
		futures::stream::unfold(self, |mut blocks| async move {
			let next = blocks.next().await;
			Some((next, blocks))
		})
	}

	async fn drop_subscription(&mut self) {
		if let Some(subscription) = self.subscription.take() {
			self.client.give_up(&subscription.session).await;
		}
	}

	/// Drops a subscription whose connection has been replaced: nothing will come over it any more.
	async fn follow_the_session(&mut self) {
		let current = self.client.inner.session.lock().await;
		let same = match (&self.subscription, current.as_ref()) {
			(Some(subscription), Some(session)) => Arc::ptr_eq(&subscription.session, session),
			_ => false,
		};
		if !same {
			self.subscription = None;
		}
	}
}
