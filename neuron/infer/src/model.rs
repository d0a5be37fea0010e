//! The public face: a loaded model, and sessions on it.

use std::path::Path;
use std::sync::Arc;

use candle_core::Tensor;

use crate::chat::ChatTemplate;
use crate::config::Config;
use crate::error::Fault;
use crate::file::{check_hash, hexadecimal, read_hashed};
use crate::gguf::Gguf;
use crate::llama::{Cache, Llama};
use crate::tokenizer::TextTokenizer;
use crate::{InferError, Precision};

/// The most logits that [`Model::score`] returns at once (1 GiB of them).
pub const MAX_SCORE_LOGITS: usize = 1 << 28;

/// Tokens that go through the layers at once; bounds the attention matrix.
const PASS_TOKENS: usize = 512;

/// Positions that are projected to the vocabulary at once; bounds the logits in flight.
const PROJECT_ROWS: usize = 64;

/// What to check and how to keep the weights when loading.
#[derive(Copy, Clone, Debug, Default)]
pub struct LoadOptions {
	/// Refuse a file of any other sha256.
	pub expected_sha256: Option<[u8; 32]>,
	/// Arithmetic of the linear weights.
	pub precision: Precision,
}

/// A loaded model. Cheap to clone; clones share the weights.
#[derive(Clone, Debug)]
pub struct Model {
	inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
	sha256: [u8; 32],
	tokenizer: TextTokenizer,
	chat: ChatTemplate,
	llama: Llama,
}

impl Model {
	/// Reads the GGUF file at `path`, checks its hash and loads its weights.
	///
	/// # Errors
	///
	/// [`InferError::File`] if it cannot be read, [`InferError::HashMismatch`] if it is not the
	/// expected file, [`InferError::Malformed`] or [`InferError::Unsupported`] if it is no model
	/// that can run here.
	pub fn load(path: &Path, options: &LoadOptions) -> Result<Self, InferError> {
		let (bytes, sha256) = read_hashed(path)?;
		if let Some(expected) = &options.expected_sha256 {
			check_hash(path, &sha256, expected)?;
		}
		let inner = Inner::read(&bytes, sha256, options.precision).map_err(|fault| fault.at(path))?;
		let config = inner.llama.config();
		tracing::info!(
			path = %path.display(),
			sha256 = hexadecimal(&sha256),
			precision = %options.precision,
			layers = config.layers,
			vocabulary = config.vocabulary,
			context_length = config.context_length,
			"model loaded"
		);
		Ok(Self { inner: Arc::new(inner) })
	}

	/// Sha256 of the model file.
	pub fn sha256(&self) -> [u8; 32] {
		self.inner.sha256
	}

	/// Number of tokens, and of logits a position.
	pub fn vocabulary_size(&self) -> usize {
		self.inner.tokenizer.vocabulary_size()
	}

	/// The most tokens that a session or a scored sequence may have.
	pub fn context_length(&self) -> usize {
		self.inner.llama.config().context_length
	}

	/// Encodes text; special tokens spelled in it are recognised.
	///
	/// # Errors
	///
	/// [`InferError::TextTooLong`] beyond [`crate::MAX_TEXT_BYTES`].
	pub fn encode(&self, text: &str) -> Result<Vec<u32>, InferError> {
		self.inner.tokenizer.encode(text)
	}

	/// Encodes one user message in the model's ChatML template, with the template's own system
	/// prompt, up to where the assistant answers. Special tokens spelled in `user` are plain text.
	///
	/// # Errors
	///
	/// [`InferError::NoChatTemplate`] if the model's template is not ChatML,
	/// [`InferError::TextTooLong`] beyond [`crate::MAX_TEXT_BYTES`].
	pub fn encode_chat(&self, user: &str) -> Result<Vec<u32>, InferError> {
		self.inner.chat.encode(&self.inner.tokenizer, user)
	}

	/// Encodes a conversation of (role, content), in the model's ChatML template, up to where the assistant answers. The
	/// template's own system prompt is put before one that does not begin with the role `system`. Special tokens spelled
	/// in it are plain text.
	///
	/// # Errors
	///
	/// As [`Self::encode_chat`].
	pub fn encode_turns(&self, turns: &[(&str, &str)]) -> Result<Vec<u32>, InferError> {
		self.inner.chat.encode_turns(&self.inner.tokenizer, turns)
	}

	/// Encodes text to be continued; special tokens spelled in it are plain text.
	///
	/// # Errors
	///
	/// [`InferError::TextTooLong`] beyond [`crate::MAX_TEXT_BYTES`].
	pub fn encode_plain(&self, text: &str) -> Result<Vec<u32>, InferError> {
		let beginning = self.inner.tokenizer.beginning().into_iter();
		Ok(beginning.chain(self.inner.tokenizer.encode_plain(text)?).collect())
	}

	/// Decodes tokens. Control tokens are left out; bytes that are no UTF-8 (a character cut in
	/// two) become U+FFFD.
	///
	/// # Errors
	///
	/// [`InferError::UnknownToken`] for an id outside the vocabulary.
	pub fn decode(&self, tokens: &[u32]) -> Result<String, InferError> {
		self.inner.tokenizer.decode(tokens)
	}

	/// The token that ends an answer, if the model has one.
	pub fn end_of_turn(&self) -> Option<u32> {
		self.inner.tokenizer.end_of_turn()
	}

	/// Starts an empty session.
	pub fn session(&self) -> Session {
		Session {
			cache: self.inner.llama.empty_cache(),
			model: self.clone(),
			broken: false,
		}
	}

	/// Logits before each token of `continuation`, given `prompt` and the tokens before it: row
	/// `i` of [`Self::vocabulary_size`] numbers is what a sampler saw when it picked
	/// `continuation[i]`. One teacher-forced pass; the rows follow each other.
	///
	/// # Errors
	///
	/// As [`Self::score_rows`]; [`InferError::TooManyLogits`] beyond [`MAX_SCORE_LOGITS`].
	pub fn score(&self, prompt: &[u32], continuation: &[u32]) -> Result<Vec<f32>, InferError> {
		let found = continuation.len().saturating_mul(self.vocabulary_size());
		if found > MAX_SCORE_LOGITS {
			return Err(InferError::TooManyLogits {
				found,
				limit: MAX_SCORE_LOGITS,
			});
		}
		let mut logits = Vec::new();
		self.score_rows(prompt, continuation, |_, row| logits.extend_from_slice(row))?;
		Ok(logits)
	}

	/// As [`Self::score`], handing each row to `visit` (index into `continuation`, logits) in
	/// order, so that memory does not grow with the answer.
	///
	/// # Errors
	///
	/// [`InferError::NoTokens`] for an empty prompt, [`InferError::UnknownToken`] for an id
	/// outside the vocabulary, [`InferError::ContextFull`] beyond [`Self::context_length`].
	pub fn score_rows(
		&self,
		prompt: &[u32],
		continuation: &[u32],
		mut visit: impl FnMut(usize, &[f32]),
	) -> Result<(), InferError> {
		let Some(before) = prompt.len().checked_sub(1) else {
			return Err(InferError::NoTokens("a score needs a prompt of at least one token"));
		};
		// The last token of the answer predicts nothing that was asked for.
		let sequence = [prompt, continuation].concat();
		let Some((_, inputs)) = sequence.split_last().filter(|_| !continuation.is_empty()) else {
			return Ok(());
		};
		self.check_vocabulary(&sequence)?;
		let mut session = self.session();
		session.check_room(inputs.len())?;
		for (index, pass) in inputs.chunks(PASS_TOKENS).enumerate() {
			let start = index * PASS_TOKENS;
			let hidden = self.inner.llama.hidden(pass, &mut session.cache)?;
			let mut row = before.saturating_sub(start);
			while row < pass.len() {
				let rows = PROJECT_ROWS.min(pass.len() - row);
				let logits = self.logits(&hidden, row, rows)?;
				for (offset, logits) in logits.chunks(self.vocabulary_size()).enumerate() {
					visit(start + row + offset - before, logits);
				}
				row += rows;
			}
		}
		Ok(())
	}

	fn check_vocabulary(&self, tokens: &[u32]) -> Result<(), InferError> {
		let vocabulary_size = self.vocabulary_size();
		match tokens.iter().find(|&&token| token as usize >= vocabulary_size) {
			Some(&token) => Err(InferError::UnknownToken { token, vocabulary_size }),
			None => Ok(()),
		}
	}

	/// Logits of `rows` positions of a hidden state, from `row` on.
	fn logits(&self, hidden: &Tensor, row: usize, rows: usize) -> Result<Vec<f32>, InferError> {
		let projected = self.inner.llama.project(&hidden.narrow(0, row, rows)?)?;
		Ok(projected.flatten_all()?.to_vec1()?)
	}
}

impl Inner {
	fn read(bytes: &[u8], sha256: [u8; 32], precision: Precision) -> Result<Self, Fault> {
		let file = Gguf::parse(bytes)?;
		// The architecture is checked first: it says most about why a model does not fit.
		let vocabulary = file.texts("tokenizer.ggml.tokens").map_or(0, <[String]>::len);
		let config = Config::read(&file, vocabulary)?;
		let tokenizer = TextTokenizer::read(&file)?;
		let chat = ChatTemplate::read(file.text("tokenizer.chat_template").ok());
		let llama = Llama::load(&file, config, precision)?;
		Ok(Self {
			sha256,
			tokenizer,
			chat,
			llama,
		})
	}
}

/// One growing sequence on a model, with its own key/value cache of at most
/// [`Model::context_length`] tokens. `Send`: it may move to a thread that generates.
#[derive(Debug)]
pub struct Session {
	model: Model,
	cache: Cache,
	broken: bool,
}

impl Session {
	/// Appends tokens and returns the logits after the last of them.
	///
	/// # Errors
	///
	/// [`InferError::NoTokens`], [`InferError::UnknownToken`] and [`InferError::ContextFull`]
	/// leave the session as it was; after [`InferError::Backend`] it refuses further tokens.
	pub fn append(&mut self, tokens: &[u32]) -> Result<Vec<f32>, InferError> {
		if self.broken {
			return Err(InferError::BrokenSession);
		}
		if tokens.is_empty() {
			return Err(InferError::NoTokens("append at least one"));
		}
		self.model.check_vocabulary(tokens)?;
		self.check_room(tokens.len())?;
		let logits = self.forward(tokens);
		self.broken = logits.is_err();
		logits
	}

	fn forward(&mut self, tokens: &[u32]) -> Result<Vec<f32>, InferError> {
		let mut last = Vec::new();
		let passes = tokens.len().div_ceil(PASS_TOKENS);
		for (index, pass) in tokens.chunks(PASS_TOKENS).enumerate() {
			let hidden = self.model.inner.llama.hidden(pass, &mut self.cache)?;
			if index + 1 == passes {
				last = self.model.logits(&hidden, pass.len() - 1, 1)?;
			}
		}
		Ok(last)
	}

	/// Tokens appended so far.
	pub fn length(&self) -> usize {
		self.cache.length()
	}

	/// Tokens that still fit.
	pub fn remaining(&self) -> usize {
		self.model.context_length() - self.cache.length()
	}

	fn check_room(&self, asked: usize) -> Result<(), InferError> {
		if asked > self.remaining() {
			return Err(InferError::ContextFull {
				limit: self.model.context_length(),
				held: self.cache.length(),
				asked,
			});
		}
		Ok(())
	}
}
