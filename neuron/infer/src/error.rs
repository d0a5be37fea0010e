//! What can go wrong between a path and a logit.

use std::path::{Path, PathBuf};

/// An error of this crate. Messages name what was expected, what came and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InferError {
	/// The model file cannot be opened, read or written.
	#[error("cannot access the model file {path}: {source}; check the path and its permissions", path = path.display())]
	File {
		/// The path as it was given.
		path: PathBuf,
		/// What the operating system said.
		source: std::io::Error,
	},
	/// The file's sha256 is not the expected one.
	#[error(
		"the model file {path} has sha256 {found}, expected {expected}: it is another model or was cut off on the way; \
		 delete it and fetch it again, or correct the expected hash",
		path = path.display()
	)]
	HashMismatch {
		/// The path as it was given.
		path: PathBuf,
		/// Expected sha256, lower-case hexadecimal.
		expected: String,
		/// Found sha256, lower-case hexadecimal.
		found: String,
	},
	/// The file or folder is no model, or a damaged one.
	#[error("{path} is not a usable model: {detail}; fetch it again or convert the model anew", path = path.display())]
	Malformed {
		/// The path as it was given.
		path: PathBuf,
		/// What was expected and what came.
		detail: String,
	},
	/// The file is sound, but this crate cannot run such a model.
	#[error("the model {path} is not supported: {detail}", path = path.display())]
	Unsupported {
		/// The path as it was given.
		path: PathBuf,
		/// What the file asks for and what is supported.
		detail: String,
	},
	/// The model has no chat template that can be read.
	#[error("the model has no usable chat template: {0}; use `encode` with a prompt of your own")]
	NoChatTemplate(String),
	/// The conversation is out of bounds, or the model's chat template refuses it.
	#[error("the conversation is refused: {0}")]
	Conversation(String),
	/// The text is longer than the limit.
	#[error("the text has {found} bytes, the limit is {limit}; shorten it")]
	TextTooLong {
		/// Length of the text in bytes.
		found: usize,
		/// The limit in bytes.
		limit: usize,
	},
	/// The device is none that this build computes on.
	#[error(
		"the device {0} was asked for, but this build has no support for it; build with `--features {feature}`, or use `cpu` \
		 or `cpu:THREADS`",
		feature = .0.kind()
	)]
	NoDevice(crate::Device),
	/// The device cannot be opened: there is none of that number, or its driver does not run.
	#[error(
		"the device {device} cannot be opened: {detail}; check its number and its driver, or use `cpu` or `cpu:THREADS`"
	)]
	DeviceUnusable {
		/// The device as it was asked for.
		device: crate::Device,
		/// What the driver said.
		detail: String,
	},
	/// What was asked for runs on the processor only.
	#[error("the device {0} was asked for, but embedders run on the processor only; use `cpu` or `cpu:THREADS`")]
	ProcessorOnly(crate::Device),
	/// The device has no memory left.
	#[error(
		"the device's memory ran out: {0}; set less memory aside for keys and values, run fewer requests together, or take a \
		 quantised precision or a smaller model"
	)]
	OutOfMemory(String),
	/// The tokenizer failed.
	#[error("the tokenizer failed: {0}")]
	Tokenizer(String),
	/// A call that needs at least one token got none.
	#[error("no tokens were given: {0}")]
	NoTokens(&'static str),
	/// A token id is outside the vocabulary.
	#[error("token {token} is outside the vocabulary of {vocabulary_size}; the tokens come from another model")]
	UnknownToken {
		/// The offending id.
		token: u32,
		/// Size of this model's vocabulary.
		vocabulary_size: usize,
	},
	/// The sequence would grow past the model's context.
	#[error(
		"the context holds {limit} tokens, {held} are in use and {asked} more were asked for; shorten the prompt or the answer"
	)]
	ContextFull {
		/// Context length of the model, in tokens.
		limit: usize,
		/// Tokens already in the session.
		held: usize,
		/// Tokens asked for on top.
		asked: usize,
	},
	/// The logits asked for do not fit the memory bound.
	#[error("{found} logits were asked for at once, the limit is {limit}; score in pieces with `score_rows`")]
	TooManyLogits {
		/// Numbers asked for.
		found: usize,
		/// The limit.
		limit: usize,
	},
	/// An earlier call on this session failed half-way; its cache cannot be trusted.
	#[error("an earlier call on this session failed; start a new session")]
	BrokenSession,
	/// The tensor library failed.
	#[error("tensor arithmetic failed: {0}")]
	Backend(String),
}

impl InferError {
	/// The same failure for another request of a batch.
	pub(crate) fn again(&self) -> Self {
		match self {
			Self::OutOfMemory(detail) => Self::OutOfMemory(detail.clone()),
			Self::Backend(detail) => Self::Backend(detail.clone()),
			other => Self::Backend(other.to_string()),
		}
	}

	pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
		Self::File {
			path: path.to_owned(),
			source,
		}
	}
}

impl From<candle_core::Error> for InferError {
	fn from(error: candle_core::Error) -> Self {
		let detail = error.to_string();
		if is_out_of_memory(&detail) {
			return Self::OutOfMemory(detail);
		}
		Self::Backend(detail)
	}
}

/// Whether the tensor library's words mean that a device has no memory left: CUDA names its error so, and Metal refuses
/// to make a buffer.
fn is_out_of_memory(detail: &str) -> bool {
	let detail = detail.to_ascii_lowercase();
	[
		"out_of_memory",
		"out of memory",
		"outofmemory",
		"failed to allocate",
		"alloc_failed",
		"failedtocreateresource",
	]
	.iter()
	.any(|words| detail.contains(words))
}

/// A fault of the file's content, before the path is attached.
#[derive(Debug, PartialEq)]
pub(crate) enum Fault {
	Malformed(String),
	Unsupported(String),
	/// The file may be sound, but the device has no room for its weights.
	OutOfMemory(String),
}

impl Fault {
	pub(crate) fn malformed(detail: impl Into<String>) -> Self {
		Self::Malformed(detail.into())
	}

	pub(crate) fn unsupported(detail: impl Into<String>) -> Self {
		Self::Unsupported(detail.into())
	}

	/// The public error for the file at `path`.
	pub(crate) fn at(self, path: &Path) -> InferError {
		let path = path.to_owned();
		match self {
			Self::Malformed(detail) => InferError::Malformed { path, detail },
			Self::Unsupported(detail) => InferError::Unsupported { path, detail },
			Self::OutOfMemory(detail) => {
				InferError::OutOfMemory(format!("the weights of {} do not fit: {detail}", path.display()))
			}
		}
	}
}

impl From<candle_core::Error> for Fault {
	fn from(error: candle_core::Error) -> Self {
		let detail = error.to_string();
		if is_out_of_memory(&detail) {
			return Self::OutOfMemory(detail);
		}
		Self::Malformed(format!("its tensors cannot be read: {detail}"))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_device_without_memory_is_told_from_other_failures() {
		let full = || {
			let words = "DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")";
			candle_core::Error::Cuda(words.into())
		};
		let error = InferError::from(full());
		assert!(
			matches!(error, InferError::OutOfMemory(_)) && matches!(error.again(), InferError::OutOfMemory(_)),
			"{error}"
		);
		let fault = Fault::from(full()).at(Path::new("big.gguf"));
		assert!(
			matches!(fault, InferError::OutOfMemory(_)) && fault.to_string().contains("big.gguf"),
			"{fault}"
		);
		let other = InferError::from(candle_core::Error::msg("shapes differ"));
		assert!(matches!(other.again(), InferError::Backend(_)), "{other}");
		let other = Fault::from(candle_core::Error::msg("shapes differ"));
		assert!(matches!(other, Fault::Malformed(_)));
	}
}
