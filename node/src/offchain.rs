//! Off-chain workers: what the runtime does on this node alone, after each block. They fetch the beacon's rounds.

use crate::service::{Backend, Client, Pool};
use codec::Encode;
use futures::FutureExt;
use pallet_drand::worker::SOURCE_KEY;
use sc_client_api::Backend as _;
use sc_offchain::{NetworkProvider, OffchainWorkerOptions, OffchainWorkers};
use sc_service::{TaskManager, error::Error as ServiceError};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_core::offchain::{OffchainStorage, STORAGE_PREFIX};
use sp_keystore::KeystorePtr;
use std::sync::Arc;

/// What the workers need of the node.
pub(crate) struct Workers<'a> {
	pub(crate) client: Arc<Client>,
	pub(crate) backend: &'a Backend,
	pub(crate) pool: Arc<Pool>,
	pub(crate) keystore: KeystorePtr,
	pub(crate) network: Arc<dyn NetworkProvider + Send + Sync>,
	pub(crate) is_authority: bool,
	/// The address of the beacon's server; the runtime's own choice if absent.
	pub(crate) beacon: Option<&'a str>,
}

impl Workers<'_> {
	/// Tells the workers where the beacon is, and starts them, unless they are switched off.
	///
	/// # Errors
	/// There is no off-chain storage, or no way to make HTTP requests.
	pub(crate) fn spawn(self, task_manager: &TaskManager, enabled: bool) -> Result<(), ServiceError> {
		if !enabled {
			if self.beacon.is_some() {
				tracing::warn!(
					"--beacon does nothing: off-chain workers are switched off here; give --offchain-worker always"
				);
			}
			return Ok(());
		}
		let mut storage = self
			.backend
			.offchain_storage()
			.ok_or_else(|| ServiceError::Other("the database has no off-chain storage".into()))?;
		match self.beacon {
			Some(source) => storage.set(STORAGE_PREFIX, SOURCE_KEY, &source.as_bytes().encode()),
			None => storage.remove(STORAGE_PREFIX, SOURCE_KEY),
		}
		let workers = OffchainWorkers::new(OffchainWorkerOptions {
			runtime_api_provider: self.client.clone(),
			keystore: Some(self.keystore),
			offchain_db: Some(storage),
			transaction_pool: Some(OffchainTransactionPoolFactory::new(self.pool)),
			network_provider: self.network,
			is_validator: self.is_authority,
			enable_http_requests: true,
			custom_extensions: |_| Vec::new(),
		})
		.map_err(|error| ServiceError::Other(format!("off-chain workers cannot make HTTP requests: {error}")))?;
		let run = workers.run(self.client, task_manager.spawn_handle());
		task_manager
			.spawn_handle()
			.spawn("offchain-workers", "offchain-worker", run.boxed());
		Ok(())
	}
}
