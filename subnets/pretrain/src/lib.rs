//! Pretraining as a contest: miners improve a small language model, a validator measures each submission on windows of text
//! that nobody could prepare for, and pays what it improves on the best model so far.
//!
//! ```text
//!  validator                                                        miner
//!  ledger ─▶ best so far, this miner's award ── Task ──▶            its present model
//!                                    ◀── Manifest (hashes), Piece, Piece …
//!  FileReceiver: every piece against its hash
//!  Weights::from_file: names, shapes, numbers
//!  secret, nonce, hotkeys, hash of the submission ─▶ windows        (there are none before there is a submission)
//!  compare: loss of the best and of the new one, window by window
//!  improvement - 2 standard errors ≥ margin?  ─▶ score, ledger
//! ```
//!
//! | module | what |
//! | --- | --- |
//! | `architecture`, `weights` | sizes and tensors of the byte transformer; its file, read without trust |
//! | `kernels`, `model`, `trainer` | its arithmetic: loss, derivatives, steps |
//! | `wire`, `transfer` | the task, the manifest, pieces that are checked as they come |
//! | `text`, `judge` | windows; a model against the best one |
//! | `ledger` | what a validator remembers from epoch to epoch |
//!
//! A score depends on what came before: on the best model so far. It is a pure function of its arguments nevertheless, since
//! the task says what came before, and tasks take it from the [`Ledger`], which changes between epochs only.
//!
//! The README has what is measured, what cannot be, what cheats get and what a validator pays for it.
//!
//! # Example
//!
//! A miner trains a tiny model a little and is paid for it; whoever submits the same afterwards is not:
//!
//! ```
//! use std::sync::Arc;
//! use subnet_pretrain::{
//!     Architecture, Ledger, PretrainMechanism, PretrainParameters, Text, Trainer, TrainingParameters, Weights,
//! };
//! use subnet_sdk::{ChallengeContext, Epoch, Hotkey, Mechanism, Nonce, Outcome, TimedChunk, Transcript, ValidatorSecret};
//!
//! let architecture = Architecture { layers: 1, width: 16, heads: 1, context: 16 };
//! let parameters = PretrainParameters { architecture, ..PretrainParameters::default() };
//! let start = Weights::initial(architecture, parameters.initial_seed).unwrap();
//! let mut trainer = Trainer::new(start, TrainingParameters::default());
//! for _ in 0..50 {
//!     trainer.step(&Text::bundled());
//! }
//! let file = trainer.weights().to_file().unwrap();
//! let miner = PretrainMechanism::miner(Arc::new(file), parameters).unwrap();
//! let secret = ValidatorSecret::new([7; 32]); // from the operating system
//! let validator =
//!     PretrainMechanism::validator(Text::bundled(), Arc::new(Ledger::in_memory()), secret, parameters).unwrap();
//!
//! let ask = |hotkey: u8, block: u64| {
//!     let context = ChallengeContext { nonce: Nonce([hotkey; 32]), validator: Hotkey([9; 32]), miner: Hotkey([hotkey; 32]) };
//!     let task = validator.task(&context, &Epoch { block, hash: [0; 32] }).unwrap();
//!     let mut chunks = Vec::new();
//!     miner.solve(&context, task.clone(), &mut |chunk| Ok(chunks.push(TimedChunk { elapsed_us: 1, chunk }))).unwrap();
//!     validator.score(&context, &task, &Transcript { chunks, outcome: Outcome::Complete }).unwrap()
//! };
//! assert_eq!(ask(1, 100).value(), 1.0); // much better than the untrained model
//! assert_eq!(ask(2, 105).value(), 0.0); // the same model from another hotkey, an epoch later
//! assert!(ask(1, 105).value() > 0.99); // who was first keeps what it earned, and it decays
//! ```

mod architecture;
mod judge;
mod kernels;
mod ledger;
mod mechanism;
mod model;
mod parameters;
mod text;
mod trainer;
mod transfer;
mod weights;
mod wire;

pub use architecture::{Architecture, ArchitectureError, MAX_CONTEXT, MAX_LAYERS, MAX_WEIGHTS, Tensor, VOCABULARY};
pub use judge::{Comparison, compare};
pub use ledger::{Ledger, LedgerError, MAX_AWARDS};
pub use mechanism::{DESCRIPTOR, PretrainMechanism, SetupError, SubmissionSource};
pub use model::loss;
pub use parameters::{MAX_WINDOWS, MIN_WINDOWS, ParameterError, PretrainParameters};
pub use text::{MAX_TEXT_BYTES, MIN_TEXT_BYTES, Text, TextError};
pub use trainer::{MAX_BATCH, Trainer, TrainingParameters, mean_loss};
pub use transfer::{FileReceiver, TransferError};
pub use weights::{MAX_HEADER_BYTES, Weights, WeightsError, WeightsId};
pub use wire::{Award, Best, Chunk, Manifest, PIECE_BYTES, Task};
