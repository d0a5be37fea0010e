//! Signing, sending and following a transaction.

use std::sync::Arc;
use std::time::Duration;

use subxt::SubstrateConfig;
use subxt::client::OnlineClientAtBlockImpl;
use subxt::config::{Config, DefaultExtrinsicParamsBuilder};
use subxt::error::DispatchError;
use subxt::extrinsics::ExtrinsicEvents;
use subxt::transactions::{Signer, SubmittableTransaction, TransactionInBlock, TransactionProgress, TransactionStatus};
use subxt::utils::{AccountId32, MultiSignature};
use tokio::time::Instant;

use super::{AtBlock, ChainClient, SIGNER_LOCKS, Session};
use crate::error::{self, ChainError, ToChainError};
use crate::{AccountId, Call, Keypair};

/// For how many blocks a transaction stays valid.
const MORTALITY_BLOCKS: u64 = 128;
/// How far finality may be behind before a transaction is anchored at the best block instead: an older anchor
/// would leave too little of its life.
const MAX_FINALITY_LAG_BLOCKS: u64 = 32;
/// How far below that block a transaction is anchored. The node's pool learns of a block a moment after the rest of the
/// node does, and refuses a transaction that is born in a block that it does not know yet ("ancient birth block").
const ANCHOR_DEPTH_BLOCKS: u64 = 8;
/// How often a call is sent whose nonce somebody else used first.
const MAX_NONCE_ATTEMPTS: u32 = 4;
/// How long to wait before the nonce is read again; grows with each attempt.
const NONCE_RETRY_DELAY: Duration = Duration::from_millis(200);

type Client = OnlineClientAtBlockImpl<SubstrateConfig>;
type Progress = TransactionProgress<SubstrateConfig, Client>;

/// Where a transaction got into the chain. The block was the best one: on a chain that forks it can still be
/// undone until it is finalised.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
	/// The block's number.
	pub block: u64,
	/// The block's hash.
	pub block_hash: [u8; 32],
	/// The transaction's hash.
	pub transaction_hash: [u8; 32],
}

/// A transaction that succeeded, and what it did.
pub(super) struct Executed {
	pub(super) inclusion: Inclusion,
	pub(super) session: Arc<Session>,
	pub(super) at: AtBlock,
	pub(super) events: ExtrinsicEvents<SubstrateConfig>,
}

/// A transaction that the node has, and the connection that it reports over.
pub(super) struct Sent {
	pub(super) session: Arc<Session>,
	pub(super) progress: Progress,
}

/// Signs for subxt, which stays out of [`Keypair`]'s interface.
struct TransactionSigner<'a>(&'a Keypair);

impl Signer<SubstrateConfig> for TransactionSigner<'_> {
	fn account_id(&self) -> AccountId32 {
		self.0.account_id().into()
	}

	fn sign(&self, payload: &[u8]) -> <SubstrateConfig as Config>::Signature {
		MultiSignature::Sr25519(self.0.sign(payload))
	}
}

impl ChainClient {
	/// Signs a call, sends it and waits until it is in a best block and has succeeded there. The events of a
	/// `Sudo` call are looked into, too.
	///
	/// Several calls of one key may be under way at once: each takes the next nonce after those that wait in the
	/// node's pool. Where another program uses the same key at the same moment, the loser is sent again.
	///
	/// # Errors
	/// [`ChainError::InvalidTransaction`] if the node does not take it, [`ChainError::Module`] and
	/// [`ChainError::Dispatch`] if it failed in its block, [`ChainError::OutcomeUnknown`] if it was sent but its
	/// fate is not known, and those of a broken connection.
	pub async fn submit(&self, signer: &Keypair, call: &Call) -> Result<Inclusion, ChainError> {
		Ok(self.execute(signer, call).await?.inclusion)
	}

	pub(super) async fn execute(&self, signer: &Keypair, call: &Call) -> Result<Executed, ChainError> {
		let mut attempt = 1;
		let sent = loop {
			match self.send(signer, call).await {
				Err(error) if attempt < MAX_NONCE_ATTEMPTS && error::is_nonce_refusal(&error) => {
					tracing::debug!(%call, attempt, %error, "another transaction took the nonce");
					tokio::time::sleep(NONCE_RETRY_DELAY * attempt).await;
					attempt += 1;
				}
				result => break result?,
			}
		};
		let item = call.to_string();
		let included = self.wait_for_inclusion(&sent.session, sent.progress, &item).await?;
		self.check_events(sent.session, &included, &item).await
	}

	/// Hands the transaction to the node. Only one transaction of a key is between its nonce and the pool.
	async fn send(&self, signer: &Keypair, call: &Call) -> Result<Sent, ChainError> {
		let lock = usize::from(signer.account_id().as_bytes()[0]) % SIGNER_LOCKS;
		let _turn = self.inner.signers[lock].lock().await;
		let item = call.to_string();
		let (session, transaction) = self
			.request(&item, |session| async move {
				let (transaction, _) = sign(&session, signer, call).await?;
				Ok((session, transaction))
			})
			.await?;
		let submitted = self
			.bounded(&item, async {
				let progress = transaction.submit_and_watch().await;
				progress.map_err(|error| error.to_chain_error(session.context(&item)))
			})
			.await;
		match submitted {
			Ok(progress) => Ok(Sent { session, progress }),
			// The node may have got it before the connection broke.
			Err(error) if error.is_connection() => {
				self.give_up(&session).await;
				Err(unknown(&item, transaction.hash().0, &error.to_string()))
			}
			Err(error) => Err(error),
		}
	}

	pub(super) async fn wait_for_inclusion(
		&self,
		session: &Arc<Session>,
		mut progress: Progress,
		item: &str,
	) -> Result<TransactionInBlock<SubstrateConfig, Client>, ChainError> {
		let hash = progress.extrinsic_hash().0;
		let limit = self.inner.inclusion_timeout;
		let deadline = Instant::now() + limit;
		loop {
			let status = match tokio::time::timeout_at(deadline, progress.next()).await {
				Ok(Some(Ok(status))) => status,
				Ok(Some(Err(error))) => {
					let error = error.to_chain_error(session.context(item));
					if !error.is_connection() {
						return Err(error);
					}
					self.give_up(session).await;
					return Err(unknown(item, hash, &error.to_string()));
				}
				Ok(None) => {
					self.give_up(session).await;
					return Err(unknown(item, hash, "the node stopped reporting"));
				}
				Err(_) => {
					let reason = format!("no block took it within {} s", limit.as_secs());
					return Err(unknown(item, hash, &reason));
				}
			};
			match status {
				TransactionStatus::InBestBlock(block) | TransactionStatus::InFinalizedBlock(block) => {
					return Ok(block);
				}
				TransactionStatus::Error { message }
				| TransactionStatus::Invalid { message }
				| TransactionStatus::Dropped { message } => {
					return Err(ChainError::InvalidTransaction {
						transaction: item.to_owned(),
						reason: message,
						remedy: "another transaction of the same key may have taken its place: look at the chain, then send it again",
					});
				}
				TransactionStatus::Validated
				| TransactionStatus::Broadcasted
				| TransactionStatus::NoLongerInBestBlock => {}
			}
		}
	}

	pub(super) async fn check_events(
		&self,
		session: Arc<Session>,
		included: &TransactionInBlock<SubstrateConfig, Client>,
		item: &str,
	) -> Result<Executed, ChainError> {
		let context = session.context(item);
		let read = self
			.bounded(item, async {
				let at = included.at().await.map_err(|error| error.to_chain_error(context))?;
				let events = included.fetch_events().await;
				Ok((at, events.map_err(|error| error.to_chain_error(context))?))
			})
			.await;
		let (at, events) = read.map_err(|error| {
			let reason = format!("it is in block 0x{:x}, but {error}", included.block_hash());
			unknown(item, included.extrinsic_hash().0, &reason)
		})?;
		for event in events.iter() {
			let event = event.map_err(|error| error.to_chain_error(context))?;
			let failure = failure(event.pallet_name(), event.event_name(), event.field_bytes());
			if let Some(bytes) = failure {
				let failure = DispatchError::decode_from(bytes, at.metadata());
				return Err(match failure {
					Ok(failure) => error::from_dispatch(&failure, item),
					Err(error) => ChainError::Dispatch {
						transaction: item.to_owned(),
						reason: error.to_string(),
					},
				});
			}
		}
		let inclusion = Inclusion {
			block: at.block_number(),
			block_hash: included.block_hash().0,
			transaction_hash: included.extrinsic_hash().0,
		};
		Ok(Executed {
			inclusion,
			session,
			at,
			events,
		})
	}

	/// The next nonce of an account, after the transactions that wait in the node's pool.
	///
	/// # Errors
	/// See [`ChainError`].
	pub async fn next_nonce(&self, account: &AccountId) -> Result<u64, ChainError> {
		self.request("the next nonce", |session| async move {
			next_nonce(&session, account).await
		})
		.await
	}
}

async fn next_nonce(session: &Session, account: &AccountId) -> Result<u64, ChainError> {
	let nonce = session
		.rpc
		.system_account_next_index(&AccountId32::from(*account))
		.await;
	nonce.map_err(|error| error.to_chain_error(session.context("system_accountNextIndex")))
}

/// The signed transaction, and the last block that can take it.
pub(super) async fn sign(
	session: &Session,
	signer: &Keypair,
	call: &Call,
) -> Result<(SubmittableTransaction<SubstrateConfig, Client>, u64), ChainError> {
	// An anchor that a fork takes away would make the transaction invalid, so it is a finalised block, unless
	// finality is far behind.
	let best = session.best().await?;
	let finalized = session.finalized().await?;
	let lag = best.block_number().saturating_sub(finalized.block_number());
	let newest = if lag <= MAX_FINALITY_LAG_BLOCKS {
		finalized
	} else {
		best
	};
	let deeper = newest.block_number().saturating_sub(ANCHOR_DEPTH_BLOCKS);
	let (born, born_hash) = match session.block_hash(deeper).await? {
		Some(hash) => (deeper, hash),
		// A node that has just come up from a snapshot of the state knows no older block.
		None => (newest.block_number(), newest.block_hash()),
	};
	let nonce = next_nonce(session, &signer.account_id()).await?;
	let parameters = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
		.mortal_from_unchecked(MORTALITY_BLOCKS, born, born_hash)
		.nonce(nonce)
		.build();
	let payload = call.payload();
	let item = call.to_string();
	let signed = newest
		.transactions()
		.create_signable_offline(&payload, parameters)
		.and_then(|mut signable| signable.sign(&TransactionSigner(signer)));
	let signed = signed.map_err(|error| error.to_chain_error(session.context(&item)))?;
	// An era of n blocks that is born at block b ends before block b + n.
	let valid_until = born.saturating_add(MORTALITY_BLOCKS);
	Ok((signed, valid_until))
}

/// The encoded dispatch error in an event, if it is one that tells of a failure.
fn failure<'a>(pallet: &str, event: &str, fields: &'a [u8]) -> Option<&'a [u8]> {
	match (pallet, event, fields) {
		("System", "ExtrinsicFailed", fields) => Some(fields),
		// The only field is a result: 1 for an error, which follows.
		("Sudo", "Sudid" | "SudoAsDone", [1, fields @ ..]) => Some(fields),
		_ => None,
	}
}

pub(super) fn unknown(item: &str, hash: [u8; 32], reason: &str) -> ChainError {
	ChainError::OutcomeUnknown {
		transaction: item.to_owned(),
		hash,
		reason: reason.to_owned(),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn only_failures_are_failures() {
		assert_eq!(failure("System", "ExtrinsicFailed", &[3, 1]), Some(&[3, 1][..]));
		assert_eq!(failure("Sudo", "Sudid", &[1, 2]), Some(&[2][..]));
		assert_eq!(failure("Sudo", "SudoAsDone", &[1, 2]), Some(&[2][..]));
		assert_eq!(failure("Sudo", "Sudid", &[0]), None);
		assert_eq!(failure("System", "ExtrinsicSuccess", &[1]), None);
		assert_eq!(failure("Balances", "Transfer", &[1]), None);
	}

	#[test]
	fn transactions_are_signed_with_the_wallet_s_key() {
		let key = Keypair::from_uri("//Alice").unwrap();
		let MultiSignature::Sr25519(signature) = TransactionSigner(&key).sign(b"payload") else {
			panic!("not an sr25519 signature");
		};
		assert!(crate::verify(&key.account_id(), b"payload", &signature));
		assert_eq!(AccountId::from(TransactionSigner(&key).account_id()), key.account_id());
	}

	#[test]
	fn an_unknown_outcome_names_the_transaction() {
		let text = unknown("Balances.transfer_keep_alive", [171; 32], "why").to_string();
		assert!(text.contains("Balances.transfer_keep_alive") && text.contains("0xabab") && text.contains("why"));
	}
}
