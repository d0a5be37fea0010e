//! Verified text generation: miners continue a passage with one given language model, and the validator can tell whether
//! they did, in one pass of its own copy of the model.
//!
//! ```text
//!  validator                                               miner
//!  task: passage drawn from the corpus by the context ──▶  encode the prompt, then token by token:
//!                                                            logits ─▶ Sampler (seeded by nonce + miner) ─▶ token
//!  transcript with arrival times  ◀── Header, Tokens, … ──   each token with the logit it had
//!  score: one teacher-forced pass over prompt + answer,
//!         the same Sampler at every position
//! ```
//!
//! # Why the answer can be checked
//!
//! Sampling looks random, but the randomness is shared: [`Sampler`] adds noise that depends only on the challenge's seed,
//! the position and the token, and takes the best ([the formula](Sampler)). Given the same logits, miner and validator pick
//! the same token. Generating is sequential (a pass a token), checking is not (one pass for all), so that a validator
//! checks for a fraction of what the answer cost.
//!
//! Logits of one model in F32 differ by about 1e-4 between the two ways of computing them. A token is *verified* when
//!
//! 1. its perturbed score is within [`TextParameters::margin_tolerance`] of the best one at that position, and
//! 2. the logit that the miner reported for it is within the same tolerance of the validator's.
//!
//! # What the score is, and why
//!
//! `score = verified share × min(1, tokens per second / target)`, and 0 when the verified share is below
//! [`TextParameters::min_verified_share`].
//!
//! - *A downgraded model* (8 bits or fewer instead of F32) has logits that are off by 0.1 to 1 and still picks the same token
//!   under the seed at most positions. Counting tokens alone would pay it for them, and a threshold on 32 tokens would let
//!   it through: SmolLM2-135M at 8 bits agreed at 92% of the positions, and 7 of 8 answers reached 90%. This is what the
//!   reported logits are for: they are right to the tolerance only if the model is. A wrong model passes a position by luck
//!   with a chance of about tolerance / error (2% of the positions of those same 8 answers, while the honest model's
//!   largest error was 3e-5), so that 90% of 32 positions is out of reach. Reporting true logits takes the true model, run
//!   on the very answer that is sent; who has run it can as well send its tokens.
//! - *A relayed answer* was sampled under another hotkey's seed. It agrees by chance at the few positions where the model
//!   is nearly certain.
//! - *Speed* counts from the moment the request was sent to the arrival of the last token, so that holding tokens back and
//!   sending them in one burst gains nothing. Times are the validator's own.
//! - *The threshold* leaves room for an honest miner's bad luck (hardware that rounds otherwise), not for cheats: it takes
//!   more than 3 of 32 tokens to fall below the default 90%.
//!
//! Wrong model hash, no tokens, too many or too few, token ids out of range, chunks out of order: 0, with a reason.
//!
//! # Example
//!
//! ```
//! use subnet_sdk::{ChallengeContext, Hotkey, Nonce};
//! use subnet_text::{SAMPLING_DOMAIN, Sampler};
//!
//! let context = ChallengeContext { nonce: Nonce([1; 32]), miner: Hotkey([2; 32]) };
//! let sampler = Sampler::new(context.seed(SAMPLING_DOMAIN), 1.0).unwrap();
//! let generated = [0.1, 2.0, 1.9, -3.0]; // logits, one a token
//! let recomputed = [0.10003, 1.99994, 1.90005, -3.0]; // the validator's, from another order of additions
//! assert_eq!(sampler.pick(0, &generated).unwrap().token, sampler.pick(0, &recomputed).unwrap().token);
//! ```

mod corpus;
mod mechanism;
mod model;
mod parameters;
mod sampler;
mod verify;
mod wire;

pub use corpus::{MAX_PASSAGE_BYTES, passage};
pub use mechanism::{DESCRIPTOR, PASSAGE_DOMAIN, SAMPLING_DOMAIN, TextMechanism};
pub use model::{LanguageModel, ModelError, Session};
pub use parameters::{ParameterError, TextParameters};
pub use sampler::{Pick, Sampler, SamplerError};
pub use wire::{
	Chunk, Emitted, MAX_PROMPT_BYTES, MAX_PROMPT_TOKENS, MAX_TEMPERATURE, MAX_TOKENS, MIN_TEMPERATURE, Task,
};
