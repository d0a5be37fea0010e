//! What can go wrong between the neuron and the chain.

mod convert;
mod refusal;

use std::error::Error as StdError;

pub(crate) use convert::{Context, ToChainError};
pub use refusal::refusal_name;
pub(crate) use refusal::{from_dispatch, is_nonce_refusal};

use crate::AccountId;

/// A failed read or write. Each variant says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
	/// The URL is not one of a node's WebSocket endpoint.
	#[error("`{url}` is not a node's address: expected ws://host:port or wss://host:port ({reason})")]
	InvalidUrl {
		/// What was given.
		url: String,
		/// What is wrong with it.
		reason: String,
	},
	/// Nothing answers at the URL.
	#[error("no node answers at {url} ({source}); start the node, or check the address and its RPC port")]
	Unreachable {
		/// The node's address.
		url: String,
		/// What the connection attempt said.
		source: Box<dyn StdError + Send + Sync>,
	},
	/// The connection broke. The next call connects again.
	#[error("the connection to {url} broke ({source}); try again, and look at the node's log if it stays so")]
	Disconnected {
		/// The node's address.
		url: String,
		/// What the connection said.
		source: Box<dyn StdError + Send + Sync>,
	},
	/// The node did not answer in time.
	#[error("{url} did not answer within {} ms ({action}); the node is overloaded or stuck: try again, or allow more time", timeout.as_millis())]
	Timeout {
		/// The node's address.
		url: String,
		/// What was asked.
		action: String,
		/// The time that was allowed.
		timeout: std::time::Duration,
	},
	/// There is no such subnet.
	#[error("there is no subnet with netuid {netuid}; register one, or choose an existing netuid")]
	UnknownNetuid {
		/// The netuid that was asked for.
		netuid: u16,
	},
	/// The hotkey has no uid in the subnet.
	#[error("hotkey {hotkey} is not registered in subnet {netuid}; register it first")]
	NotRegistered {
		/// The subnet.
		netuid: u16,
		/// The hotkey.
		hotkey: AccountId,
	},
	/// A pallet refused the transaction.
	#[error("{transaction} was refused: {pallet}.{name}{}", explain(docs))]
	Module {
		/// The call that was refused.
		transaction: String,
		/// The pallet that refused it.
		pallet: String,
		/// The error's name in that pallet.
		name: String,
		/// What the pallet's documentation says about it; may be empty.
		docs: String,
	},
	/// The runtime refused the transaction without a pallet's error.
	#[error("{transaction} was refused: {reason}")]
	Dispatch {
		/// The call that was refused.
		transaction: String,
		/// Why.
		reason: String,
	},
	/// The transaction did not get into the node's pool.
	#[error("the node does not accept {transaction}: {reason}; {remedy}")]
	InvalidTransaction {
		/// The call.
		transaction: String,
		/// What the node says.
		reason: String,
		/// What to do.
		remedy: &'static str,
	},
	/// The transaction was sent, but what became of it is unknown.
	#[error(
		"{transaction} was sent as 0x{}, but what became of it is unknown ({reason}); look at the chain before you send it again",
		hex::encode(hash)
	)]
	OutcomeUnknown {
		/// The call.
		transaction: String,
		/// The transaction's hash.
		hash: [u8; 32],
		/// Why nothing more is known.
		reason: String,
	},
	/// The chain lacks something, or has it in another shape.
	#[error(
		"the chain does not offer {item} as this program expects it ({reason}); use a node and a neuron of the same release"
	)]
	MetadataMismatch {
		/// The pallet item, runtime API or RPC method.
		item: String,
		/// What is missing or different.
		reason: String,
	},
	/// Weights have to be sealed, and there is no beacon to seal them to.
	#[error(
		"the subnet wants its weights sealed to the chain's beacon, but they cannot be: {reason}; ask those who run the \
		 chain for a beacon (Drand.set_beacon_config), or the subnet's owner to turn commit-reveal off"
	)]
	Beacon {
		/// What is wrong with the beacon.
		reason: String,
	},
	/// The node answered with an error of its own.
	#[error("the node refused {action}: {message} (code {code}); look at the node's log")]
	Node {
		/// What was asked.
		action: String,
		/// The JSON-RPC error code.
		code: i32,
		/// The node's message.
		message: String,
	},
	/// An argument that no chain would take.
	#[error("{argument}: expected {expected}, came {found}")]
	InvalidArgument {
		/// Which argument.
		argument: &'static str,
		/// What was expected.
		expected: String,
		/// What came.
		found: String,
	},
}

impl ChainError {
	/// Whether the connection itself failed, so that a new one may help.
	#[must_use]
	pub fn is_connection(&self) -> bool {
		matches!(
			self,
			Self::Unreachable { .. } | Self::Disconnected { .. } | Self::Timeout { .. }
		)
	}

	/// Whether the node refused a transaction because its nonce is used, or is that of another one that waits.
	#[must_use]
	pub fn is_used_nonce(&self) -> bool {
		is_nonce_refusal(self)
	}

	/// Whether the node refused a transaction because it has that very one already, or had it a moment
	/// ago: a block may have taken it.
	#[must_use]
	pub fn is_known_transaction(&self) -> bool {
		refusal::is_known_transaction(self)
	}

	/// Whether this is the pallet error of that name.
	#[must_use]
	pub fn is_module(&self, error: &str) -> bool {
		matches!(self, Self::Module { name, .. } if name == error)
	}

	/// A pallet's "no such subnet" names no netuid; the caller knows it.
	pub(crate) fn with_netuid(self, netuid: u16) -> Self {
		if self.is_module("SubnetNotExists") || self.is_module("MechanismDoesNotExist") {
			Self::UnknownNetuid { netuid }
		} else {
			self
		}
	}
}

fn explain(docs: &str) -> String {
	if docs.is_empty() {
		String::new()
	} else {
		format!(" ({docs})")
	}
}
