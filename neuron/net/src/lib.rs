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
//! The protocol, [`PROTOCOL`], has one request a stream. Its frames ([`frame`]) are a length and SCALE:
//!
//! ```text
//! caller  Request
//! miner   Accepted Chunk* (Done | Refused)   or   Refused
//! ```
//!
//! Nothing is buffered without a bound: a caller that does not read stops the miner's [`Responder::send`]; a caller
//! that reads nothing for a while, sends garbage or never sends is dropped or told why; a stream that is reset cancels
//! the work. [`Limits`] and [`AdmissionPolicy`] hold the bounds.
//!
//! # Example
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use neuron_net::{Caller, Config, Directory, Identity, Network, Request, Target};
//!
//! /// Knows one validator.
//! struct One([u8; 32]);
//!
//! impl Directory for One {
//!     fn caller(&self, public_key: &[u8; 32]) -> Option<Caller> {
//!         (public_key == &self.0)
//!             .then(|| Caller { hotkey: [1; 32], uid: 0, stake_rao: 0, validator_permit: true })
//!     }
//! }
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let validator = Identity::generate();
//! let directory = Arc::new(One(validator.public_key()));
//! let listen = "127.0.0.1:0".parse()?;
//! let (miner, mut incoming) = Network::start(Config::new(listen, Identity::generate()), directory.clone()).await?;
//! let (caller, _) = Network::start(Config::new(listen, validator), directory).await?;
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
//! let target = Target { public_key: miner.public_key(), addr: miner.local_addr() };
//! let request =
//!     Request { mechanism: "words".into(), version: 1, nonce: [7; 32], deadline_ms: 60_000, body: b"one two".to_vec() };
//! let mut answer = caller.call(target, request, Duration::from_secs(60)).await?;
//! assert_eq!(answer.next().await.transpose()?, Some(b"one".to_vec()));
//! assert_eq!(answer.next().await.transpose()?, Some(b"two".to_vec()));
//! assert!(answer.next().await.is_none());
//! miner.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admission;
mod answer;
mod config;
pub mod frame;
mod frame_io;
mod handle;
mod identity;
mod message;
mod network;
mod responder;
mod server;
mod streams;

pub use admission::{AdmissionPolicy, Caller, Directory, MAX_STRANGER_REFUSALS, PERMIT_ONLY, RateLimit};
pub use answer::{Answer, CallError, MAX_ANSWER_BYTES, MAX_ANSWER_CHUNKS};
pub use config::{Config, Limits, MAX_COUNT, MAX_WAIT};
pub use handle::{Handle, Target};
pub use identity::{
	ALGORITHM_ED25519, CERTIFICATE_BYTES, CertificateError, Identity, IdentityError, parse_certificate,
};
pub use message::{
	MAX_CHUNK_BYTES, MAX_MECHANISM_NAME_BYTES, MAX_REASON_BYTES, MAX_REQUEST_BODY_BYTES, PROTOCOL, Refusal, Request,
	Response,
};
pub use network::{NetError, Network};
pub use responder::{Closed, Incoming, IncomingRequest, Responder};
