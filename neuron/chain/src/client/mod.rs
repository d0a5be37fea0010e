//! The connection to a node.

mod blocks;
mod history;
mod ledger;
mod owner;
mod read;
mod sealing;
mod signed;
mod submit;
mod write;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use blocks::BlockStream;
pub use history::{EpochInputs, EpochResults};
pub use ledger::Ledger;
pub use owner::{HyperparameterValue, KnownError, SubnetIdentity};
pub use signed::SignedTransaction;
pub use submit::Inclusion;
use subxt::backend::LegacyBackend;
use subxt::config::RpcConfigFor;
use subxt::rpcs::{LegacyRpcMethods, RpcClient};
use subxt::utils::H256;
use subxt::{OnlineClient, OnlineClientAtBlock, SubstrateConfig};
use tokio::sync::Mutex;
pub(crate) use write::check_uids;

use crate::error::{ChainError, Context, ToChainError};

/// The pallet that holds subnets, neurons and stakes.
pub(crate) const SUBTENSOR: &str = "SubtensorModule";
/// How long a transaction may take to get into a block, unless told otherwise: ten slow blocks.
pub const DEFAULT_INCLUSION_TIMEOUT: Duration = Duration::from_secs(120);
/// How many locks all signing keys share.
const SIGNER_LOCKS: usize = 64;

/// The chain at one block.
pub(crate) type AtBlock = OnlineClientAtBlock<SubstrateConfig>;

/// A connection to a node. Clones share it.
///
/// Reads are made at the node's **best** block unless they say otherwise: on a chain that forks, what was
/// read can still be undone. Everything that one call returns was read at one block.
///
/// Each request to the node has the timeout given to [`ChainClient::connect`]. When the connection breaks or
/// a request runs out of time, the connection is given up, and the next call makes a new one (with fresh
/// metadata: the node may run another release by then); a read whose connection broke is made once more by
/// itself. A transaction is never sent twice, save where the node refused it because of its nonce.
#[derive(Clone)]
pub struct ChainClient {
	inner: Arc<Inner>,
}

struct Inner {
	url: String,
	timeout: Duration,
	inclusion_timeout: Duration,
	session: Mutex<Option<Arc<Session>>>,
	/// Held from reading a key's nonce until the node has its transaction.
	signers: [Mutex<()>; SIGNER_LOCKS],
}

/// One connection and the metadata that came over it.
pub(crate) struct Session {
	url: String,
	api: OnlineClient<SubstrateConfig>,
	rpc: LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>,
}

impl ChainClient {
	/// Connects to a node's WebSocket endpoint, `ws://host:port` or `wss://host:port`.
	///
	/// `timeout` bounds each later request, too.
	///
	/// # Errors
	/// A bad URL, a node that does not answer, a chain without the pallet that holds subnets.
	pub async fn connect(url: &str, timeout: Duration) -> Result<Self, ChainError> {
		Self::connect_with(url, timeout, DEFAULT_INCLUSION_TIMEOUT).await
	}

	/// Like [`Self::connect`], with a limit of its own on how long a transaction may take to get into a block.
	///
	/// # Errors
	/// Those of [`Self::connect`].
	pub async fn connect_with(url: &str, timeout: Duration, inclusion_timeout: Duration) -> Result<Self, ChainError> {
		if !(url.starts_with("ws://") || url.starts_with("wss://")) {
			return Err(ChainError::InvalidUrl {
				url: url.to_owned(),
				reason: "only WebSocket addresses are supported".to_owned(),
			});
		}
		let client = Self {
			inner: Arc::new(Inner {
				url: url.to_owned(),
				timeout,
				inclusion_timeout,
				session: Mutex::new(None),
				signers: core::array::from_fn(|_| Mutex::new(())),
			}),
		};
		client.session().await?;
		Ok(client)
	}

	/// The node's address.
	#[must_use]
	pub fn url(&self) -> &str {
		&self.inner.url
	}

	/// The connection that is there, or a new one.
	pub(crate) async fn session(&self) -> Result<Arc<Session>, ChainError> {
		// Waiting for somebody else's attempt counts, so that a dead node costs everyone one timeout.
		self.bounded("connecting", async {
			let mut current = self.inner.session.lock().await;
			if let Some(session) = current.as_ref() {
				return Ok(Arc::clone(session));
			}
			let session = Arc::new(Session::open(&self.inner.url).await?);
			*current = Some(Arc::clone(&session));
			Ok(session)
		})
		.await
	}

	/// Gives a broken connection up, unless somebody has replaced it already.
	pub(crate) async fn give_up(&self, broken: &Arc<Session>) {
		let mut current = self.inner.session.lock().await;
		if current.as_ref().is_some_and(|session| Arc::ptr_eq(session, broken)) {
			tracing::debug!(url = self.inner.url, "gave up the connection to the node");
			*current = None;
		}
	}

	/// Runs one operation against the node within the timeout, and once more if the connection broke.
	pub(crate) async fn request<T, F>(&self, item: &str, operation: impl Fn(Arc<Session>) -> F) -> Result<T, ChainError>
	where
		F: Future<Output = Result<T, ChainError>>,
	{
		match self.request_once(item, &operation).await {
			Err(ChainError::Disconnected { .. }) => self.request_once(item, &operation).await,
			result => result,
		}
	}

	async fn request_once<T, F>(&self, item: &str, operation: &impl Fn(Arc<Session>) -> F) -> Result<T, ChainError>
	where
		F: Future<Output = Result<T, ChainError>>,
	{
		let session = self.session().await?;
		let result = self.bounded(item, operation(Arc::clone(&session))).await;
		if result.as_ref().is_err_and(ChainError::is_connection) {
			self.give_up(&session).await;
		}
		result
	}

	/// Puts the timeout on a future.
	pub(crate) async fn bounded<T>(
		&self,
		action: &str,
		future: impl Future<Output = Result<T, ChainError>>,
	) -> Result<T, ChainError> {
		let timeout = self.inner.timeout;
		tokio::time::timeout(timeout, future).await.unwrap_or_else(|_| {
			Err(ChainError::Timeout {
				url: self.inner.url.clone(),
				action: action.to_owned(),
				timeout,
			})
		})
	}
}

impl fmt::Debug for ChainClient {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter
			.debug_struct("ChainClient")
			.field("url", &self.inner.url)
			.finish_non_exhaustive()
	}
}

impl Session {
	async fn open(url: &str) -> Result<Self, ChainError> {
		let context = Context {
			url,
			item: "connecting",
		};
		let rpc = RpcClient::from_insecure_url(url).await.map_err(|error| {
			// No connection has been there that could have broken.
			match error.to_chain_error(context) {
				ChainError::Disconnected { url, source } => ChainError::Unreachable { url, source },
				other => other,
			}
		})?;
		Self::over(url, rpc).await
	}

	/// Begins a session over a connection that is there.
	pub(crate) async fn over(url: &str, rpc: RpcClient) -> Result<Self, ChainError> {
		let context = Context {
			url,
			item: "connecting",
		};
		// The older RPC methods are those that every node serves to everyone, and they let us choose the
		// best block, where the newer ones hand out pinned blocks that have to be given back.
		let backend = Arc::new(LegacyBackend::builder().build(rpc.clone()));
		let api = OnlineClient::from_backend_with_config(SubstrateConfig::new(), backend)
			.await
			.map_err(|error| error.to_chain_error(context))?;
		let session = Self {
			url: url.to_owned(),
			api,
			rpc: LegacyRpcMethods::new(rpc),
		};
		let best = session.best().await?;
		if best.metadata_ref().pallet_by_name(SUBTENSOR).is_none() {
			return Err(ChainError::MetadataMismatch {
				item: format!("the pallet {SUBTENSOR}"),
				reason: format!("{url} is a node of another chain"),
			});
		}
		Ok(session)
	}

	/// What an error is about.
	pub(crate) fn context<'a>(&'a self, item: &'a str) -> Context<'a> {
		Context { url: &self.url, item }
	}

	/// The chain at the best block.
	pub(crate) async fn best(&self) -> Result<AtBlock, ChainError> {
		let context = self.context("the best block");
		let hash = self.rpc.chain_get_block_hash(None).await;
		let hash =
			hash.map_err(|error| error.to_chain_error(context))?
				.ok_or_else(|| ChainError::MetadataMismatch {
					item: "chain_getBlockHash".to_owned(),
					reason: "the node has no best block".to_owned(),
				})?;
		self.api
			.at_block(hash)
			.await
			.map_err(|error| error.to_chain_error(context))
	}

	/// The hash of the block with this number on the best chain; `None` if the node has no such block.
	///
	/// # Errors
	/// Those of a broken connection.
	pub(crate) async fn block_hash(&self, number: u64) -> Result<Option<H256>, ChainError> {
		let hash = self.rpc.chain_get_block_hash(Some(number.into())).await;
		hash.map_err(|error| error.to_chain_error(self.context(&format!("block {number}"))))
	}

	/// The chain at the last finalised block.
	pub(crate) async fn finalized(&self) -> Result<AtBlock, ChainError> {
		let context = self.context("the finalised block");
		self.api
			.at_current_block()
			.await
			.map_err(|error| error.to_chain_error(context))
	}
}

#[cfg(test)]
mod tests;
