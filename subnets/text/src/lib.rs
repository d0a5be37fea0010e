//! Verified text generation: miners continue a passage with one given language model, and the validator can tell whether
//! they did, in one pass of its own copy of the model.
//!
//! ```text
//!  validator, or an application                            miner
//!  Task: chat or prompt, sampling, stops, epoch ───────▶   encode the prompt, then token by token:
//!                                                            logits ─▶ Sampler ─▶ token, log-probability, Leaf
//!  transcript with arrival times  ◀── Header, Tokens, … ──   each as soon as it exists
//!  AnswerReader: form, text, end
//!  score: one teacher-forced pass over prompt + answer,
//!         the same Sampler and Leaves at every position,
//!         a sequential test over all tokens
//! ```
//!
//! # Why the answer can be checked
//!
//! Sampling looks random, but the randomness is shared: [`Sampler`] adds noise that depends only on a seed, the position
//! and the token, and takes the best ([the formula](Sampler)). Given the same logits, miner and validator pick the same
//! token. Generating is sequential (a pass a token), checking is not (one pass for all), so that a validator checks for a
//! fraction of what the answer cost.
//!
//! The seed is a hash of the nonce, both hotkeys and the whole [`Task`], which holds the epoch's randomness, the model's
//! hash, the prompt and the way of sampling: an answer fits one question of one validator to one miner at one time.
//!
//! Logits of one model in F32 differ by about 1e-4 between the two ways of computing them. A token *holds* when
//!
//! 1. its [margin](Sampler::margin), the least error of logits that explains the pick, is within
//!    [`TextParameters::margin_tolerance`],
//! 2. the log-probability that the miner reported for it is within the same tolerance of the validator's, and
//! 3. its [`Leaf`] commits to logits within [`TextParameters::leaf_tolerance`] of the validator's.
//!
//! # What each check is for
//!
//! - *Margins* show that the tokens were written by this model under this seed. A cheaper model under the right seed picks
//!   the same token at most positions, but not at all of them, even if the true model computes what is reported afterwards
//!   (the pre-fill attack).
//! - *Log-probabilities* show that the true model was run on these tokens. A downgraded model's are off by 0.01 to 1. They are
//!   also what applications ask for.
//! - *Leaves* are commitments: they go out with the token, before anybody opens them, and the validator opens every one by
//!   computing the logits itself. They hold 32 logits each, so that a lucky error hides nothing, and they are salted with
//!   the hotkey, so that an answer which another miner made for the same question is of no use, not even at temperature 0,
//!   where it has the same tokens and log-probabilities.
//!
//! # What the score is, and why
//!
//! `score = share of tokens that hold × min(1, tokens per second / target)`, and 0 once a sequential test
//! ([`subnet_sdk::SequentialTest`]) over the tokens says that no honest miner fails so often, with the probability of a
//! false alarm that [`TextParameters::test`] names. One bad token costs its share; it takes more to be condemned, and fewer
//! the closer they come. [`subnet_sdk::Score::evidence`] carries the counts, so that a validator can go on testing over
//! many answers and catch who cheats a little every time.
//!
//! *Speed* counts from the moment the request was sent to the arrival of the last token, so that holding tokens back and
//! sending them in one burst gains nothing. Times are the validator's own.
//!
//! Wrong model hash, no tokens, too many or too few, token ids out of range, chunks out of order, an end without cause: 0,
//! with a reason.
//!
//! `DETECTION.md` in the crate's folder has what was measured against each cheat, and what cannot be detected.
//!
//! # Example
//!
//! ```
//! use subnet_text::{Sampler, Sampling};
//!
//! let sampler = Sampler::new([7; 32], &Sampling::PLAIN).unwrap();
//! let generated = [0.1, 2.0, 1.9, -3.0]; // logits, one a token
//! let recomputed = [0.10003, 1.99994, 1.90005, -3.0]; // the validator's, from another order of additions
//! let token = sampler.pick(0, &generated).unwrap().token;
//! let margin = sampler.margin(0, token, &recomputed).unwrap().unwrap();
//! assert!(margin < 1e-4);
//! ```

mod answer;
mod canary;
mod challenge;
mod corpus;
mod leaf;
mod mechanism;
mod model;
mod parameters;
mod sampler;
mod verify;
mod wire;

pub use answer::{Answer, AnswerError, AnswerReader, Finish};
pub use canary::{Canary, CanaryVerdict, UNDECIDED_GAP};
pub use corpus::{MAX_PASSAGE_BYTES, passage};
pub use leaf::{LEAF_LOGITS, LEAF_STEP, Leaves};
pub use mechanism::{
	CHALLENGE_DOMAIN, DESCRIPTOR, LEAF_DOMAIN, SAMPLING_DOMAIN, TextMechanism, answer_leaves, answer_sampler,
	encode_prompt,
};
pub use model::{LanguageModel, ModelError, Picked, Picker, Session, generate_alone};
pub use parameters::{ParameterError, TextParameters};
pub use sampler::{Pick, Sampler, SamplerError, logprob};
pub use verify::{TokenCheck, check_tokens};
pub use wire::{
	Chunk, Emitted, LEAF_BYTES, Leaf, MAX_MESSAGES, MAX_PROMPT_BYTES, MAX_PROMPT_TOKENS, MAX_STOP_BYTES, MAX_STOPS,
	MAX_TEMPERATURE, MAX_TOKENS, MIN_TEMPERATURE, MIN_TOP_P, Message, Prompt, Role, Sampling, Task,
};
