//! subxt's errors, of which every API has its own, made into [`ChainError`].
//!
//! subxt keeps most causes out of `Error::source`, so the variants that can hold a broken connection or a
//! missing item are matched by name; whatever is left is an answer of an unexpected shape.

use subxt::error::{
	BackendError, ConstantError, EventsError, ExtrinsicError, OnlineClientAtBlockError, OnlineClientError, RpcError,
	RuntimeApiError, StorageError, StorageKeyError, StorageValueError, TransactionEventsError,
	TransactionProgressError, TransactionStatusError,
};
use subxt::rpcs;

use super::{ChainError, refusal};

/// What was being done when an error came up.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Context<'a> {
	/// The node's address.
	pub(crate) url: &'a str,
	/// The item that was read, or the call that was sent.
	pub(crate) item: &'a str,
}

/// An error of subxt that becomes one of ours.
pub(crate) trait ToChainError {
	/// Converts, given what was being done.
	fn to_chain_error(self, context: Context<'_>) -> ChainError;
}

impl Context<'_> {
	fn mismatch(self, reason: impl ToString) -> ChainError {
		ChainError::MetadataMismatch {
			item: self.item.to_owned(),
			reason: reason.to_string(),
		}
	}
}

impl ToChainError for rpcs::Error {
	fn to_chain_error(self, context: Context<'_>) -> ChainError {
		let url = context.url.to_owned();
		match self {
			Self::User(error) => refusal::from_rpc(&error, context.item),
			Self::InsecureUrl(reason) => ChainError::InvalidUrl { url, reason },
			Self::Client(source) => ChainError::Disconnected { url, source },
			Self::DisconnectedWillReconnect(reason) => ChainError::Disconnected {
				url,
				source: reason.into(),
			},
			other => context.mismatch(other),
		}
	}
}

impl ToChainError for BackendError {
	fn to_chain_error(self, context: Context<'_>) -> ChainError {
		match self {
			Self::Rpc(RpcError::ClientError(error)) => error.to_chain_error(context),
			Self::Rpc(error) => ChainError::Disconnected {
				url: context.url.to_owned(),
				source: Box::new(error),
			},
			other => context.mismatch(other),
		}
	}
}

impl ToChainError for OnlineClientError {
	fn to_chain_error(self, context: Context<'_>) -> ChainError {
		match self {
			Self::RpcError(error) => error.to_chain_error(context),
			Self::CannotGetGenesisHash(error) => error.to_chain_error(context),
			other => context.mismatch(other),
		}
	}
}

impl ToChainError for OnlineClientAtBlockError {
	fn to_chain_error(self, context: Context<'_>) -> ChainError {
		match self {
			Self::CannotGetCurrentBlock { reason }
			| Self::CannotGetBlockHash { reason, .. }
			| Self::CannotGetBlockHeader { reason, .. }
			| Self::CannotGetSpecVersion { reason, .. } => reason.to_chain_error(context),
			other => context.mismatch(other),
		}
	}
}

impl ToChainError for StorageError {
	fn to_chain_error(self, context: Context<'_>) -> ChainError {
		match self {
			Self::CannotFetchValue(error) | Self::CannotIterateValues(error) | Self::StreamFailure(error) => {
				error.to_chain_error(context)
			}
			other => context.mismatch(other),
		}
	}
}

impl ToChainError for ConstantError {
	fn to_chain_error(self, context: Context<'_>) -> ChainError {
		context.mismatch(self)
	}
}

impl ToChainError for StorageValueError {
	fn to_chain_error(self, context: Context<'_>) -> ChainError {
		context.mismatch(self)
	}
}

impl ToChainError for StorageKeyError {
	fn to_chain_error(self, context: Context<'_>) -> ChainError {
		context.mismatch(self)
	}
}

impl ToChainError for RuntimeApiError {
	fn to_chain_error(self, context: Context<'_>) -> ChainError {
		match self {
			Self::CannotCallApi(error) => error.to_chain_error(context),
			other => context.mismatch(other),
		}
	}
}

impl ToChainError for ExtrinsicError {
	fn to_chain_error(self, context: Context<'_>) -> ChainError {
		match self {
			Self::CannotGetBlockBody(error)
			| Self::ErrorSubmittingTransaction(error)
			| Self::TransactionStatusStreamError(error)
			| Self::CannotGetFeeInfo(error)
			| Self::CannotGetValidationInfo(error) => error.to_chain_error(context),
			Self::TransactionStatusError(error) => error.to_chain_error(context),
			other => context.mismatch(other),
		}
	}
}

impl ToChainError for TransactionStatusError {
	fn to_chain_error(self, context: Context<'_>) -> ChainError {
		ChainError::InvalidTransaction {
			transaction: context.item.to_owned(),
			reason: self.to_string(),
			remedy: "another transaction of the same key may have taken its place: look at the chain, then send it again",
		}
	}
}

impl ToChainError for TransactionProgressError {
	fn to_chain_error(self, context: Context<'_>) -> ChainError {
		match self {
			Self::CannotGetNextProgressUpdate(error) => error.to_chain_error(context),
			Self::TransactionStatusError(error) => error.to_chain_error(context),
			other => ChainError::Disconnected {
				url: context.url.to_owned(),
				source: Box::new(other),
			},
		}
	}
}

impl ToChainError for EventsError {
	fn to_chain_error(self, context: Context<'_>) -> ChainError {
		match self {
			Self::CannotFetchEventBytes(error) => error.to_chain_error(context),
			other => context.mismatch(other),
		}
	}
}

impl ToChainError for TransactionEventsError {
	fn to_chain_error(self, context: Context<'_>) -> ChainError {
		match self {
			Self::CannotFetchBlockBody { error, .. } => error.to_chain_error(context),
			Self::CannotInstantiateClientAtBlock(error) => error.to_chain_error(context),
			Self::CannotDecodeEventInBlock { error, .. } | Self::CannotFetchEventsForTransaction { error, .. } => {
				error.to_chain_error(context)
			}
			Self::ExtrinsicFailed(error) => refusal::from_dispatch(&error, context.item),
			other => context.mismatch(other),
		}
	}
}
