//! Verified embeddings: miners turn passages into vectors with a model that they declare, and a validator tells with a few
//! vectors of its own whether they did, and how good the model is.
//!
//! ```text
//!  validator                                                       miner
//!  secret ─▶ pairs of neighbouring passages, shuffled ─ Task ──▶   embed each, as declared in the header
//!  transcript with arrival times            ◀── Header, Vector …, Seal ──
//!  form, length, seal                        (no inference)
//!  secret ─▶ a sample, embedded again        (agreement)
//!  every vector against every other          (retrieval)
//!  passages per second                       (speed)
//! ```
//!
//! `score = agreement × min(1, mean reciprocal rank / target) × min(1, passages per second / target)`, where agreement is 0
//! as soon as one vector of the sample is not the declared model's, and 1 otherwise.
//!
//! The README has what each part measures, what it cannot, what cheats get and what a validator pays for it.
//!
//! # Example
//!
//! A bag of words as the embedder, both sides by hand:
//!
//! ```
//! use std::sync::Arc;
//! use subnet_embedding::{Corpus, EmbedderError, EmbeddingMechanism, EmbeddingParameters, TextEmbedder};
//! use subnet_sdk::{ChallengeContext, Epoch, Hotkey, Mechanism, Nonce, Outcome, TimedChunk, Transcript, ValidatorSecret};
//!
//! struct Letters;
//! impl TextEmbedder for Letters {
//!     fn model_hash(&self) -> [u8; 32] {
//!         [1; 32]
//!     }
//!     fn dimensions(&self) -> usize {
//!         26
//!     }
//!     fn embed(&self, text: &str) -> Result<Vec<f32>, EmbedderError> {
//!         let mut counts = vec![0.0_f32; 26];
//!         for letter in text.bytes().filter(u8::is_ascii_alphabetic) {
//!             counts[usize::from(letter.to_ascii_lowercase() - b'a')] += 1.0;
//!         }
//!         let length = counts.iter().map(|count| count * count).sum::<f32>().sqrt();
//!         if length == 0.0 {
//!             return Err(EmbedderError("the text has no letters".into()));
//!         }
//!         Ok(counts.iter().map(|count| count / length).collect())
//!     }
//! }
//!
//! let secret = ValidatorSecret::new([7; 32]); // from the operating system
//! let mechanism =
//!     EmbeddingMechanism::new(vec![Arc::new(Letters)], Corpus::bundled(), secret, EmbeddingParameters::default()).unwrap();
//! let context = ChallengeContext { nonce: Nonce([1; 32]), validator: Hotkey([2; 32]), miner: Hotkey([3; 32]) };
//! let task = mechanism.task(&context, &Epoch::default()).unwrap(); // the validator
//! let mut chunks = Vec::new();
//! mechanism // the miner
//!     .solve(&context, task.clone(), &mut |chunk| Ok(chunks.push(TimedChunk { elapsed_us: 1_000, chunk })))
//!     .unwrap();
//! let transcript = Transcript { chunks, outcome: Outcome::Complete };
//! let score = mechanism.score(&context, &task, &transcript).unwrap(); // the validator again
//! assert!(score.value() > 0.2, "{score}"); // letters say a little about what belongs together
//! ```

mod challenge;
mod corpus;
mod mechanism;
mod model;
mod parameters;
mod verify;
mod wire;

pub use corpus::{Corpus, CorpusError};
pub use mechanism::{DESCRIPTOR, EmbeddingMechanism, SetupError, seal};
pub use model::{EmbedderError, TextEmbedder};
pub use parameters::{EmbeddingParameters, ParameterError};
pub use wire::{Chunk, MAX_DIMENSIONS, MAX_MODELS, MAX_PASSAGES, MAX_TEXT_BYTES, Task};
