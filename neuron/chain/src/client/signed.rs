//! Transactions that are signed now and sent later, as often as it takes: the same bytes count once.

use subxt::SubstrateConfig;
use subxt::transactions::SubmittableTransaction;

use super::submit::{self, Sent};
use super::{ChainClient, Inclusion};
use crate::error::{ChainError, ToChainError};
use crate::{Call, Keypair};

/// A signed transaction as bytes, to be kept on disk before it is sent.
///
/// The chain takes it once at most, however often and by whichever process it is sent: its nonce is used up by then. It
/// can get into a block up to [`SignedTransaction::valid_until_block`] and never after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTransaction {
	/// The encoded extrinsic.
	pub bytes: Vec<u8>,
	/// The last block that can take it.
	pub valid_until_block: u64,
	/// The call, as errors name it.
	pub name: String,
}

impl ChainClient {
	/// Signs a call with the key's next nonce and sends nothing.
	///
	/// Another transaction of the same key that is sent before this one takes its nonce; sending this one then fails, see
	/// [`ChainError::is_used_nonce`].
	///
	/// # Errors
	/// A call that the chain does not have, and those of a broken connection.
	pub async fn sign(&self, signer: &Keypair, call: &Call) -> Result<SignedTransaction, ChainError> {
		let item = call.to_string();
		self.request(&item, |session| async move {
			let (transaction, valid_until_block) = submit::sign(&session, signer, call).await?;
			Ok(SignedTransaction {
				bytes: transaction.into_encoded(),
				valid_until_block,
				name: call.to_string(),
			})
		})
		.await
	}

	/// Sends a transaction and waits until it is in a best block and has succeeded there.
	///
	/// # Errors
	/// Those of [`ChainClient::submit`]. Where [`ChainError::is_used_nonce`] says so, this transaction or another one
	/// of the key is on chain already; where [`ChainError::is_known_transaction`] does, the node has it and it may yet get
	/// into a block.
	pub async fn submit_signed(&self, signed: &SignedTransaction) -> Result<Inclusion, ChainError> {
		let (session, transaction) = self
			.request(&signed.name, |session| async move {
				let at = session.best().await?;
				let transaction: SubmittableTransaction<SubstrateConfig, _> =
					at.transactions().from_bytes(signed.bytes.clone());
				Ok((session, transaction))
			})
			.await?;
		let submitted = self
			.bounded(&signed.name, async {
				let progress = transaction.submit_and_watch().await;
				progress.map_err(|error| error.to_chain_error(session.context(&signed.name)))
			})
			.await;
		let sent = match submitted {
			Ok(progress) => Sent { session, progress },
			Err(error) if error.is_connection() => {
				self.give_up(&session).await;
				return Err(submit::unknown(&signed.name, transaction.hash().0, &error.to_string()));
			}
			Err(error) => return Err(error),
		};
		let included = self
			.wait_for_inclusion(&sent.session, sent.progress, &signed.name)
			.await?;
		Ok(self
			.check_events(sent.session, &included, &signed.name)
			.await?
			.inclusion)
	}
}
