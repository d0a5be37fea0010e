//! What a subnet owner implements, and nothing else: no chain, no network, no model library.
//!
//! A *mechanism* is the work a subnet pays for. It answers four questions: which task does this miner get
//! ([`Mechanism::task`]), how is it solved ([`Mechanism::solve`]), how long may that take
//! ([`Mechanism::deadline`]) and what is the answer worth ([`Mechanism::score`]).
//!
//! ```text
//!  validator                                      miner
//!  ChallengeContext { nonce, validator, miner }
//!  task(context, epoch) ─ task, nonce ─────────▶  solve(context, task, sink)
//!  Transcript { chunks with arrival times } ◀───  sink(chunk) sink(chunk) …
//!  score(context, task, transcript) ─▶ Score
//!  ScoreBoard::record(uid, hotkey, score) ─▶ ScoreBoard::weights() ─▶ chain
//! ```
//!
//! Three rules make scores trustworthy, and [`conformance::check`] tests them:
//!
//! 1. *Tied to one miner.* Tasks and answers derive from [`ChallengeContext::seed`], which mixes the validator's
//!    nonce and both hotkeys, so that an answer relayed from another miner is worth nothing.
//! 2. *Recomputable.* `task` is a pure function of context and epoch, and `score` of its arguments. What a miner must not
//!    foresee is drawn from a [`ValidatorSecret`], which is one more argument, given when the mechanism is made.
//! 3. *A bad answer is a score, not an error.* Whatever a miner sends scores zero with a reason;
//!    [`MechanismError`] is for the validator's own faults.
//!
//! Authors write [`Mechanism`] with their own types; the neuron drives [`DynMechanism`], the same thing over bytes,
//! which every mechanism gets for nothing together with strict, bounded decoding.
//!
//! # Example
//!
//! A whole mechanism. `subnet-echo` is the same thing explained line by line.
//!
//! ```
//! use core::time::Duration;
//! use subnet_sdk::{ChallengeContext, Descriptor, Epoch, Mechanism, MechanismError, Score, SinkClosed, Transcript, conformance};
//!
//! struct Digest;
//!
//! impl Mechanism for Digest {
//!     type Task = [u8; 32];
//!     type Chunk = [u8; 32];
//!     fn descriptor(&self) -> Descriptor {
//!         Descriptor { name: "digest", version: 1 }
//!     }
//!     fn deadline(&self) -> Duration {
//!         Duration::from_secs(5)
//!     }
//!     fn task(&self, context: &ChallengeContext, _: &Epoch) -> Result<[u8; 32], MechanismError> {
//!         Ok(context.seed(b"digest/task"))
//!     }
//!     fn solve(
//!         &self,
//!         context: &ChallengeContext,
//!         task: [u8; 32],
//!         sink: &mut dyn FnMut([u8; 32]) -> Result<(), SinkClosed>,
//!     ) -> Result<(), MechanismError> {
//!         Ok(sink(context.seed(&task))?)
//!     }
//!     fn score(
//!         &self,
//!         context: &ChallengeContext,
//!         task: &[u8; 32],
//!         transcript: &Transcript<[u8; 32]>,
//!     ) -> Result<Score, MechanismError> {
//!         match transcript.complete_chunks() {
//!             Err(zero) => Ok(zero),
//!             Ok([only]) if only.chunk == context.seed(task) => Ok(Score::full("right digest")),
//!             Ok(_) => Ok(Score::zero("wrong digest")),
//!         }
//!     }
//! }
//!
//! conformance::check(&Digest).unwrap();
//! ```

mod board;
mod challenge;
pub mod conformance;
mod dynamic;
mod listener;
mod mechanism;
pub mod owners;
mod score;
mod secret;
mod sequential;
mod transcript;
pub mod untrusted;
mod watch;

pub use board::{BoardError, MINIMUM_SCORE, ScoreBoard};
pub use challenge::{ChallengeContext, Epoch, Hotkey, Nonce};
pub use dynamic::{DynMechanism, MAX_CHUNK_BYTES, MAX_CHUNKS, MAX_DECODE_DEPTH, MAX_TASK_BYTES};
pub use listener::{Listener, Watching};
pub use mechanism::{Descriptor, Mechanism, MechanismError, SinkClosed};
pub use score::{InvalidScore, MAX_REASON_BYTES, Score};
pub use secret::ValidatorSecret;
pub use sequential::{Evidence, SequentialTest, TestParameters};
pub use transcript::{Outcome, TimedChunk, Transcript};
pub use watch::{MAX_WATCHED_CHECKS, WATCH_FALSE_ALARM, Watch, WatchRecord};
