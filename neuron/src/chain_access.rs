//! What the two roles need of the chain, and the real chain behind it.

use std::net::SocketAddr;

use async_trait::async_trait;
use futures::{StreamExt, stream::BoxStream};
use neuron_chain::{Axon, Call, ChainClient, ChainError, Hyperparameters, Keypair, Metagraph, SignedTransaction};

/// The number that an axon gives its protocol: TCP, as the SDK counts them. What is spoken on top, libp2p, is negotiated.
pub const AXON_PROTOCOL: u8 = 4;
/// The number that an axon gives its software's version.
pub const AXON_VERSION: u32 = 1;

/// A stream of best block numbers.
pub type BlockNumbers = BoxStream<'static, Result<u64, AccessError>>;

/// The chain as one neuron uses it, signing with its hotkey.
#[async_trait]
pub trait ChainAccess: Send + Sync + 'static {
	/// The best block's number, and each one after it; ends when the connection is lost.
	async fn blocks(&self) -> Result<BlockNumbers, AccessError>;
	/// The neurons of a subnet at the best block.
	async fn metagraph(&self, netuid: u16) -> Result<Metagraph, AccessError>;
	/// The rules of a subnet at the best block.
	async fn hyperparameters(&self, netuid: u16) -> Result<Hyperparameters, AccessError>;
	/// The block at which the subnet's next epoch runs.
	async fn next_epoch_block(&self, netuid: u16) -> Result<Option<u64>, AccessError>;
	/// Signs weights, (uid, weight / 65535), and sends nothing yet. Where the subnet wants weights that nobody can copy, they
	/// are sealed to a round of the chain's beacon, which opens them.
	async fn sign_weights(
		&self,
		netuid: u16,
		weights: &[(u16, u16)],
		version_key: u64,
	) -> Result<SignedTransaction, AccessError>;
	/// Sends signed weights and waits for a block to include them. However often they are sent, they count once.
	async fn send_weights(&self, signed: &SignedTransaction) -> Result<(), AccessError>;
	/// Publishes where the neuron is reached and which network key it proves there.
	async fn serve_axon(&self, netuid: u16, addr: SocketAddr, certificate: &[u8]) -> Result<(), AccessError>;
}

/// Why the chain did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
	/// The node cannot be reached; later it may be.
	#[error("{0}")]
	Unreachable(String),
	/// The chain says: too soon.
	#[error("{0}")]
	TooSoon(String),
	/// The transaction may be on chain, or get there yet: only the chain can tell.
	#[error("{0}")]
	Uncertain(String),
	/// The transaction's nonce is used: by the transaction itself, or by another one, after which it can never get in.
	#[error("{0}")]
	NonceUsed(String),
	/// The node or the chain says no.
	#[error("{0}")]
	Refused(String),
}

impl From<ChainError> for AccessError {
	fn from(error: ChainError) -> Self {
		let text = error.to_string();
		match error {
			_ if error.is_connection() => Self::Unreachable(text),
			ChainError::OutcomeUnknown { .. } => Self::Uncertain(text),
			_ if error.is_known_transaction() => Self::Uncertain(text),
			_ if error.is_used_nonce() => Self::NonceUsed(text),
			ChainError::Module { name, .. } if is_rate_limit(&name) => Self::TooSoon(text),
			ChainError::InvalidTransaction { reason, .. } if is_rate_limit(&reason) => Self::TooSoon(text),
			_ => Self::Refused(text),
		}
	}
}

fn is_rate_limit(name: &str) -> bool {
	name.contains("RateLimit") || name.contains("TooFast")
}

/// A real node, with the hotkey that signs.
pub struct LiveChain {
	client: ChainClient,
	hotkey: Keypair,
}

impl LiveChain {
	/// Signs with this hotkey through this client.
	pub fn new(client: ChainClient, hotkey: Keypair) -> Self {
		Self { client, hotkey }
	}
}

#[async_trait]
impl ChainAccess for LiveChain {
	async fn blocks(&self) -> Result<BlockNumbers, AccessError> {
		let blocks = self.client.subscribe_blocks().into_stream();
		Ok(blocks.map(|block| block.map_err(AccessError::from)).boxed())
	}

	async fn metagraph(&self, netuid: u16) -> Result<Metagraph, AccessError> {
		Ok(self.client.metagraph(netuid).await?)
	}

	async fn hyperparameters(&self, netuid: u16) -> Result<Hyperparameters, AccessError> {
		Ok(self.client.hyperparameters(netuid).await?)
	}

	async fn next_epoch_block(&self, netuid: u16) -> Result<Option<u64>, AccessError> {
		Ok(self.client.next_epoch_start_block(netuid).await?)
	}

	async fn sign_weights(
		&self,
		netuid: u16,
		weights: &[(u16, u16)],
		version_key: u64,
	) -> Result<SignedTransaction, AccessError> {
		let call = match self.client.sealing(netuid).await? {
			None => Call::set_weights(netuid, weights, version_key)?,
			Some(sealing) => {
				let hotkey = self.hotkey.account_id();
				tracing::info!(netuid, round = sealing.reveal_round(), "the weights are sealed");
				sealing.commit(netuid, &hotkey, weights, version_key, rand::random())?
			}
		};
		Ok(self.client.sign(&self.hotkey, &call).await?)
	}

	async fn send_weights(&self, signed: &SignedTransaction) -> Result<(), AccessError> {
		self.client.submit_signed(signed).await?;
		Ok(())
	}

	async fn serve_axon(&self, netuid: u16, addr: SocketAddr, certificate: &[u8]) -> Result<(), AccessError> {
		let axon = Axon {
			ip: addr.ip(),
			port: addr.port(),
			protocol: AXON_PROTOCOL,
			version: AXON_VERSION,
		};
		self.client
			.serve_axon_tls(&self.hotkey, netuid, &axon, certificate)
			.await?;
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn errors_are_told_apart_by_what_to_do() {
		let module = |name: &str| ChainError::Module {
			transaction: "SubtensorModule.set_weights".into(),
			pallet: "SubtensorModule".into(),
			name: name.into(),
			docs: String::new(),
		};
		let pool = ChainError::InvalidTransaction {
			transaction: "SubtensorModule.set_weights".into(),
			reason: "RateLimitExceeded".into(),
			remedy: "wait",
		};
		let used = ChainError::InvalidTransaction {
			transaction: "SubtensorModule.set_weights".into(),
			reason: "Transaction is outdated".into(),
			remedy: "wait",
		};
		let unknown = ChainError::OutcomeUnknown {
			transaction: "SubtensorModule.set_weights".into(),
			hash: [1; 32],
			reason: "the node stopped reporting".into(),
		};
		let unreachable = ChainError::Unreachable {
			url: "ws://here:1".into(),
			source: "refused".into(),
		};
		assert!(matches!(
			module("SettingWeightsTooFast").into(),
			AccessError::TooSoon(_)
		));
		assert!(matches!(
			module("ServingRateLimitExceeded").into(),
			AccessError::TooSoon(_)
		));
		assert!(matches!(
			module("NeuronNoValidatorPermit").into(),
			AccessError::Refused(_)
		));
		assert!(matches!(pool.into(), AccessError::TooSoon(_)));
		assert!(matches!(used.into(), AccessError::NonceUsed(_)));
		assert!(matches!(unknown.into(), AccessError::Uncertain(_)));
		assert!(matches!(unreachable.into(), AccessError::Unreachable(text) if text.contains("ws://here:1")));
	}
}
