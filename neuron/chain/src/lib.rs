//! The neuron's view of the chain: wallets, transactions, metagraph.
//!
//! This is the only crate that knows how to talk to a node. What it hands out is plain data: an
//! [`AccountId`] is 32 bytes, a [`Metagraph`] a list of neurons, an amount a number of rao.
//!
//! ```text
//!   wallet files ──► Keypair ──signs──► Call ──► ChainClient ──ws──► node
//!                                                │
//!                        Metagraph, balances, block numbers ◄───────┘
//! ```
//!
//! - [`ChainClient`] reads (at the best block) and writes (waits until the transaction is in a best block and
//!   has succeeded). It learns the chain's shape from the node's metadata and decodes by field name, so a
//!   runtime may add to what is here; what it takes away is an error that names the missing item.
//! - [`Wallet`] and [`Keypair`] are the keys on disk, in Bittensor's layout, and in memory.
//! - [`ChainError`] says what went wrong and what to do.
//!
//! ```
//! use neuron_chain::{Keypair, Overwrite, Wallet, verify};
//!
//! # let directory = tempfile::tempdir()?;
//! let wallet = Wallet::open(directory.path(), "miner")?;
//! wallet.create_hotkey("default", &Keypair::from_uri("//Alice")?, Overwrite::Never)?;
//!
//! let hotkey = wallet.hotkey("default")?;
//! assert_eq!(hotkey.account_id().to_string(), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
//! assert!(verify(&hotkey.account_id(), b"message", &hotkey.sign(b"message")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With a node at hand:
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use neuron_chain::{ChainClient, Keypair};
//!
//! let chain = ChainClient::connect("ws://127.0.0.1:9944", Duration::from_secs(10)).await?;
//! let alice = Keypair::from_uri("//Alice")?;
//! let netuid = chain.register_network(&alice, &alice.account_id()).await?;
//! for neuron in chain.metagraph(netuid).await?.neurons {
//!     println!("{} {} {}", neuron.uid, neuron.hotkey, neuron.stake_rao);
//! }
//! # Ok(())
//! # }
//! ```

mod account;
mod call;
mod client;
mod error;
#[cfg(test)]
mod fake;
mod keypair;
mod metagraph;
mod sealing;
pub mod wallet;

pub use account::{AccountId, AccountIdError, SS58_PREFIX};
pub use call::{Argument, Call};
pub use client::{
	BlockStream, ChainClient, DEFAULT_INCLUSION_TIMEOUT, EpochInputs, EpochResults, HyperparameterValue, Inclusion,
	KnownError, Ledger, SignedTransaction, SubnetIdentity,
};
pub use error::{ChainError, refusal_name};
pub use keypair::{Keypair, KeypairError, verify};
pub use metagraph::{Axon, Hyperparameters, MAX_CERTIFICATE_BYTES, Metagraph, Neuron, Stake};
pub use sealing::{COMMIT_REVEAL_VERSION, MAX_SEALED_BYTES, Sealing};
pub use wallet::{Overwrite, Wallet, WalletError};
