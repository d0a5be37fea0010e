//! Language models from GGUF files and Hugging Face folders, with arithmetic that another machine
//! can check, and an engine that serves many requests from one of them.
//!
//! A miner generates with an [`Engine`] (many requests at once) or a [`Session`] (one sequence); a
//! validator calls [`Model::score`] and gets the logits before every token of an answer from one
//! teacher-forced pass. All run the same forward pass over weights dequantised to F32, whose sums,
//! on the processor, do not depend on the batch, on how a prompt is cut into pieces, on the number
//! of threads or on the width of the registers: a logit has the same bits in all of them.
//!
//! ```text
//! path ─┬─ file ──▶ gguf ──▶ config ─┐                        ┌─▶ Session, score
//!       └─ folder ▶ folder_config ───┼─▶ weights ▶ decoder ────┤
//!                   tokenizer, chat ─┘      │                  └─▶ engine: Engine
//!                                           ├ transformer (compute, cache): the processor
//!                                           └ tensors (candle): a GPU
//! ```
//!
//! This is the only crate of the workspace that names candle, which dequantises, keeps the
//! quantised weights and computes on GPUs; candle does not show in its interface. The families are
//! those of [`Family`], with BPE vocabularies of bytes (Llama 3, Qwen, SmolLM) or of sentence pieces
//! (Llama 2, Mistral, TinyLlama), and BERT encoders as [`Embedder`]; anything else is refused by
//! name. Files are not trusted: every count and size is checked against a named limit and against
//! the length of the file before memory is taken for it.
//!
//! # Threads
//!
//! A model computes on rayon's global pool, which has one thread a core, or on threads of its own
//! ([`Device::Cpu`]). Products with quantised weights run on a pool of candle's, of
//! `CANDLE_NUM_THREADS` threads (default: as rayon's). Its threads wait for each other by
//! spinning, which is slow on a machine whose cores are busy: where several processes share the
//! cores, set `CANDLE_NUM_THREADS=1` for those that run quantised weights.
//!
//! # Devices
//!
//! With the feature `cuda` or `metal` a decoder runs on a GPU too: [`Device::Cuda`],
//! [`Device::Metal`]. A build without the feature refuses the device and names the feature
//! ([`InferError::NoDevice`]). Weights, keys and values are on the device, hidden states never leave
//! it, and all that an [`Engine`] may use for keys and values is set aside when it starts; what a
//! step needs besides comes on top, and a step that finds no memory fails its requests with
//! [`InferError::OutOfMemory`] while the engine goes on. Embedders run on the processor only.
//!
//! On a GPU the order of a sum is that of the device's kernels, which may choose it by the sizes of
//! a batch. So a logit there has the same bits only on one device with one driver and in one
//! composition of the batch, and other last bits than on the processor. Who compares logits does so
//! with a tolerance. The same code on candle's kernels for the processor, which have an order of
//! sums of their own too, gives logits of SmolLM2-135M that are at most 1e-4 away from those of this
//! crate's kernels. Quantised weights stray further: kernels for GPUs quantise activations in
//! their own way.
//!
//! # Example
//!
//! ```
//! use neuron_infer::{LoadOptions, Model, tiny};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("tiny.gguf");
//! tiny::write_gguf(&path, 7, &tiny::TinySpec::default())?;
//!
//! let model = Model::load(&path, &LoadOptions::default())?;
//! let prompt = model.encode_chat("Hello")?;
//! let mut session = model.session();
//! let logits = session.append(&prompt)?; // after the last token of the prompt
//! assert_eq!(logits.len(), model.vocabulary_size());
//!
//! // The same numbers, as the scorer of the answer `[65, 66]` sees them.
//! let rows = model.score(&prompt, &[65, 66])?;
//! assert_eq!(rows.len(), 2 * model.vocabulary_size());
//! assert!(logits.iter().zip(&rows).all(|(one, other)| (one - other).abs() < 1e-3));
//! # Ok(())
//! # }
//! ```

mod cache;
mod chat;
mod compute;
mod config;
mod decoder;
mod descriptor;
mod device;
mod embedder;
mod error;
mod file;
mod folder;
mod folder_config;
mod gguf;
mod linear;
mod model;
mod precision;
mod rotary;
mod source;
mod tensors;
mod tiny_folder;
mod tiny_pieces;
mod tokenizer;
mod tokenizer_parts;
mod transformer;
mod weights;

#[cfg(test)]
mod reference_tests;

pub mod engine;
pub mod tiny;
pub mod untrusted;

pub use chat::{ChatMessage, MAX_MESSAGES};
pub use config::Family;
pub use descriptor::ModelDescriptor;
pub use device::{Device, ParseDeviceError};
pub use embedder::Embedder;
pub use engine::{Engine, EngineError, EngineOptions, EngineStats};
pub use error::InferError;
pub use file::MAX_MODEL_BYTES;
pub use model::{LoadOptions, MAX_SCORE_LOGITS, Model, Session};
pub use precision::{ParsePrecisionError, Precision, QuantType};
pub use tokenizer::MAX_TEXT_BYTES;
