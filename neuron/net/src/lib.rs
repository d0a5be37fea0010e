//! Peers that are hotkeys: how neurons ask each other for work, and how they decide whom to serve.
//!
//! A neuron proves an ed25519 key ([`Identity`]) to every peer it talks to. The chain publishes that key next to the
//! neuron's address, signed by its hotkey, so that proving the key is being the hotkey. A caller therefore needs
//! nothing but chain state to reach a miner ([`Target`]), and a miner knows the hotkey, stake and permit of a caller
//! ([`Caller`], through a [`Directory`]) before it reads a byte of the request.
//!
//! # Bird's-eye view
//!
//! ```text
//!  Handle::call ──► Driver: owns the swarm ◄──TCP, Noise, Yamux──► Driver ──► Server: one task a stream
//!       │           dials, hands streams over                                  │ Directory: which hotkey?
//!       ▼                                                                      │ Admission: permit or stake, quota
//!    Answer ◄───── frames, read as they are asked for ─────────────────────────┤ Request, within time and size
//!                                                                              ▼
//!                                                          Incoming ──► IncomingRequest { Responder }
//! ```
//!
//! The protocol, [`PROTOCOL`], has one request at a time on a stream, and keeps the stream for the next one. Its frames
//! ([`frame`]) are a length and SCALE; a stream that is reset is a call that is cancelled:
//!
//! ```text
//! caller  Call (time, signature, request)
//! miner   Accepted Chunk* (Done (model hash, signature) | Refused)   or   Refused
//! ```
//!
//! Both hotkeys sign ([`evidence`]): the caller the request, the miner the answer to it. A caller with a version of the
//! past is told so in words that it understands ([`RETIRED_PROTOCOLS`]), and a miner with one is named as such.
//!
//! Requests wait by stake and waiting time; who is served at all is decided before anything is read. A miner without an
//! open port keeps a place at a relay ([`Config::relays`]), publishes the relay's address in its axon and all its
//! addresses, signed, in the neurons' table; callers look in both places and accept nothing but the miner's key.
//!
//! Nothing is buffered without a bound: a caller that does not read stops the miner's [`Responder::send`]; a caller
//! that reads nothing for a while, sends garbage or never sends is dropped or told why; a stream that is reset cancels
//! the work. [`Limits`] and [`AdmissionPolicy`] hold the bounds.
//!
//! # Example
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use neuron_net::{Caller, Config, Directory, Identity, LocalSigner, Network, Request, Signer, Target};
//!
//! /// Knows the network key of one validator, and its hotkey.
//! struct One([u8; 32], [u8; 32]);
//!
//! impl Directory for One {
//!     fn caller(&self, public_key: &[u8; 32]) -> Option<Caller> {
//!         (public_key == &self.0)
//!             .then(|| Caller { hotkey: self.1, uid: 0, stake_rao: 0, validator_permit: true })
//!     }
//! }
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let validator = Identity::generate();
//! let hotkeys = [1, 2].map(|seed| Arc::new(LocalSigner::from_seed([seed; 32])));
//! let directory = Arc::new(One(validator.public_key(), hotkeys[0].hotkey()));
//! let listen = "127.0.0.1:0".parse()?;
//! let config = Config::new(listen, Identity::generate(), hotkeys[1].clone());
//! let (miner, mut incoming) = Network::start(config, directory.clone()).await?;
//! let (caller, _) = Network::start(Config::new(listen, validator, hotkeys[0].clone()), directory).await?;
//!
//! tokio::spawn(async move {
//!     while let Some(mut incoming) = incoming.next().await {
//!         for word in incoming.request.body.split(|byte| *byte == b' ') {
//!             if incoming.responder.send(word.to_vec()).await.is_err() {
//!                 break;
//!             }
//!         }
//!         incoming.responder.finish().await;
//!     }
//! });
//!
//! let target = Target { hotkey: miner.hotkey(), public_key: miner.public_key(), addr: miner.local_addr() };
//! let request =
//!     Request { mechanism: "words".into(), version: 1, nonce: [7; 32], deadline_ms: 60_000, body: b"one two".to_vec() };
//! let mut answer = caller.call(target, request, Duration::from_secs(60)).await?;
//! assert_eq!(answer.next().await.transpose()?, Some(b"one".to_vec()));
//! assert_eq!(answer.next().await.transpose()?, Some(b"two".to_vec()));
//! assert!(answer.next().await.is_none());
//! // What both hotkeys have signed can be shown to anybody.
//! assert!(answer.receipt().is_some_and(|receipt| receipt.verify().is_ok()));
//! miner.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admission;
mod answer;
mod bulletin;
mod config;
mod doors;
mod driver;
pub mod evidence;
pub mod frame;
mod frame_io;
mod handle;
mod identity;
mod message;
mod network;
mod outgoing;
mod pool;
mod queue;
mod reach;
mod refusals;
mod relaying;
mod responder;
mod server;
mod streams;
mod table;
pub mod untrusted;

pub use admission::{AdmissionPolicy, Caller, Directory, MAX_STRANGER_REFUSALS, PERMIT_ONLY, RateLimit};
pub use answer::{Answer, CallError, MAX_ANSWER_BYTES, MAX_ANSWER_CHUNKS};
pub use config::{Clock, Config, External, Limits, MAX_COUNT, MAX_WAIT, Quic, system_clock};
pub use evidence::{LocalSigner, Receipt, Signer, Transcript};
pub use handle::{Handle, MAX_INTRODUCED, Target};
pub use identity::{
	ALGORITHM_ED25519, CERTIFICATE_BYTES, CertificateError, Identity, IdentityError, parse_certificate,
};
pub use message::{
	Call, MAX_CHUNK_BYTES, MAX_MECHANISM_NAME_BYTES, MAX_REASON_BYTES, MAX_REQUEST_BODY_BYTES, PROTOCOL,
	RETIRED_PROTOCOLS, Refusal, Request, Response,
};
pub use network::{NetError, Network};
pub use reach::Reach;
pub use relaying::RelayAt;
pub use responder::{Closed, Incoming, IncomingRequest, Responder};
