//! The JSON-RPC methods beyond the stock ones: account nonces, dry runs and fees.

use ganglion_runtime::{AccountId, Balance, Nonce, OpaqueBlock as Block};
use jsonrpsee::RpcModule;
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer, TransactionPaymentRuntimeApi};
use sc_transaction_pool_api::TransactionPool;
use sp_api::ProvideRuntimeApi;
use sp_block_builder::BlockBuilder;
use sp_blockchain::{Error as BlockchainError, HeaderBackend, HeaderMetadata};
use std::sync::Arc;
use substrate_frame_rpc_system::{AccountNonceApi, System, SystemApiServer};

/// The methods `system_accountNextIndex`, `system_dryRun` and `payment_*`.
///
/// # Errors
/// Two methods of the same name, which would be a mistake in this function.
pub(crate) fn extensions<C, P>(
	client: Arc<C>,
	pool: Arc<P>,
) -> Result<RpcModule<()>, jsonrpsee::core::RegisterMethodError>
where
	C: ProvideRuntimeApi<Block>
		+ HeaderBackend<Block>
		+ HeaderMetadata<Block, Error = BlockchainError>
		+ Send
		+ Sync
		+ 'static,
	C::Api:
		AccountNonceApi<Block, AccountId, Nonce> + TransactionPaymentRuntimeApi<Block, Balance> + BlockBuilder<Block>,
	P: TransactionPool<Block = Block> + 'static,
{
	let mut module = RpcModule::new(());
	module.merge(System::new(client.clone(), pool).into_rpc())?;
	module.merge(TransactionPayment::new(client).into_rpc())?;
	Ok(module)
}
