//! The public face: a loaded model, and sessions on it.

use std::path::Path;
use std::sync::Arc;

use crate::cache::{Block, Sequence};
use crate::chat::{ChatMessage, ChatTemplate};
use crate::compute::Compute;
use crate::config::Config;
use crate::decoder::{Decoder, Hidden, Store};
use crate::descriptor::ModelDescriptor;
use crate::device::{Device, Hardware};
use crate::error::Fault;
use crate::file::{check_hash, read_hashed};
use crate::folder::Folder;
use crate::folder_config;
use crate::gguf::Gguf;
use crate::tokenizer::TextTokenizer;
use crate::transformer::Slice;
use crate::weights::Naming;
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
	/// Where the arithmetic runs.
	pub device: Device,
}

/// A loaded model. Cheap to clone; clones share the weights.
#[derive(Clone, Debug)]
pub struct Model {
	inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
	sha256: [u8; 32],
	precision: Precision,
	tokenizer: TextTokenizer,
	chat: ChatTemplate,
	decoder: Decoder,
}

impl Model {
	/// Reads the GGUF file, or the folder with `config.json`, `tokenizer.json` and safetensors, at
	/// `path`, checks its hash and loads its weights.
	///
	/// # Errors
	///
	/// [`InferError::File`] if it cannot be read, [`InferError::HashMismatch`] if it is not the
	/// expected one, [`InferError::Malformed`] or [`InferError::Unsupported`] if it is no model
	/// that can run here, [`InferError::NoDevice`] if this build does not know the device,
	/// [`InferError::DeviceUnusable`] if it cannot be opened, [`InferError::OutOfMemory`] if it has
	/// no room for the weights.
	pub fn load(path: &Path, options: &LoadOptions) -> Result<Self, InferError> {
		Self::load_on(path, options, &options.device.open()?)
	}

	/// As [`Self::load`], on what is open already, whatever the options say.
	pub(crate) fn load_on(path: &Path, options: &LoadOptions, hardware: &Hardware) -> Result<Self, InferError> {
		let check = |sha256: &[u8; 32]| match &options.expected_sha256 {
			Some(expected) => check_hash(path, sha256, expected),
			None => Ok(()),
		};
		let inner = if path.is_dir() {
			let folder = Folder::read(path)?;
			check(&folder.sha256)?;
			Inner::from_folder(&folder, options.precision, hardware)
		} else {
			let (bytes, sha256) = read_hashed(path)?;
			check(&sha256)?;
			Inner::from_gguf(&bytes, sha256, options.precision, hardware)
		};
		let inner = inner.map_err(|fault| fault.at(path))?;
		let model = Self { inner: Arc::new(inner) };
		tracing::info!(path = %path.display(), model = %model.descriptor(), "model loaded");
		Ok(model)
	}

	/// A model of a file in memory, in F32.
	pub(crate) fn from_gguf(bytes: &[u8], compute: Compute) -> Result<Self, Fault> {
		let inner = Inner::from_gguf(bytes, [0; 32], Precision::F32, &Hardware::Processor(compute))?;
		Ok(Self { inner: Arc::new(inner) })
	}

	/// A model of a folder in memory, in F32.
	pub(crate) fn from_folder(folder: &Folder, compute: Compute) -> Result<Self, Fault> {
		let inner = Inner::from_folder(folder, Precision::F32, &Hardware::Processor(compute))?;
		Ok(Self { inner: Arc::new(inner) })
	}

	/// What the model is.
	pub fn descriptor(&self) -> ModelDescriptor {
		let config = self.inner.decoder.config();
		ModelDescriptor {
			family: config.family,
			parameters: self.inner.decoder.parameters(),
			context_length: config.context_length,
			vocabulary_size: config.vocabulary,
			precision: self.inner.precision,
			sha256: self.inner.sha256,
		}
	}

	/// Hash of the model's content: the sha256 of a GGUF file; for a folder, that of the text which
	/// `sha256sum` prints for the files that are used (`config.json`, `tokenizer.json`, the weights
	/// and their index, and where present `chat_template.jinja`, `generation_config.json` and
	/// `tokenizer_config.json`), in the order of their names.
	pub fn sha256(&self) -> [u8; 32] {
		self.inner.sha256
	}

	/// Number of tokens, and of logits a position.
	pub fn vocabulary_size(&self) -> usize {
		self.inner.tokenizer.vocabulary_size()
	}

	/// The most tokens that a session or a scored sequence may have.
	pub fn context_length(&self) -> usize {
		self.inner.decoder.config().context_length
	}

	/// Encodes text; special tokens spelled in it are recognised.
	///
	/// # Errors
	///
	/// [`InferError::TextTooLong`] beyond [`crate::MAX_TEXT_BYTES`].
	pub fn encode(&self, text: &str) -> Result<Vec<u32>, InferError> {
		self.inner.tokenizer.encode(text)
	}

	/// Encodes one user message in the model's chat template, up to where the assistant answers.
	/// Special tokens spelled in `user` are plain text.
	///
	/// # Errors
	///
	/// As [`Self::encode_messages`].
	pub fn encode_chat(&self, user: &str) -> Result<Vec<u32>, InferError> {
		self.encode_messages(&[ChatMessage::new("user", user)], true)
	}

	/// Encodes a conversation in the model's chat template; with `add_generation_prompt`, up to
	/// where the assistant speaks next. Special tokens spelled in a message are plain text; in
	/// what the assistant said, those that are text themselves (`</think>`) are recognised.
	///
	/// # Errors
	///
	/// [`InferError::NoChatTemplate`] if the model has no template that can be read,
	/// [`InferError::Conversation`] if there are no messages or more than [`crate::MAX_MESSAGES`],
	/// a role is no plain name, or the template refuses them;
	/// [`InferError::TextTooLong`] beyond [`crate::MAX_TEXT_BYTES`].
	pub fn encode_messages(
		&self,
		messages: &[ChatMessage],
		add_generation_prompt: bool,
	) -> Result<Vec<u32>, InferError> {
		self.inner
			.chat
			.encode(&self.inner.tokenizer, messages, add_generation_prompt)
	}

	/// Encodes text to be continued; special tokens spelled in it are plain text.
	///
	/// # Errors
	///
	/// [`InferError::TextTooLong`] beyond [`crate::MAX_TEXT_BYTES`].
	pub fn encode_plain(&self, text: &str) -> Result<Vec<u32>, InferError> {
		self.inner.tokenizer.encode(&self.inner.tokenizer.mark(text, false))
	}

	/// Decodes tokens. Control tokens are left out; bytes that are no UTF-8 (a character cut in
	/// two) become U+FFFD.
	///
	/// Vocabularies of sentence pieces put a space before every text. It is left out again after
	/// the token that starts every sequence. Tokens without it, such as an answer, go on from
	/// others and keep the space of their first word.
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
			sequence: Sequence::default(),
			store: self.inner.decoder.growing_store(),
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
		session.reserve(inputs.len())?;
		for (index, pass) in inputs.chunks(PASS_TOKENS).enumerate() {
			let start = index * PASS_TOKENS;
			let hidden = session.run(pass)?;
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

	/// Whether `token` ends an answer.
	pub(crate) fn is_end_of_turn(&self, token: u32) -> bool {
		self.inner.tokenizer.ends_turn(token)
	}

	/// Whether a prompt can be run at all.
	pub(crate) fn check_prompt(&self, prompt: &[u32]) -> Result<(), InferError> {
		if prompt.is_empty() {
			return Err(InferError::NoTokens("a prompt needs at least one"));
		}
		self.check_vocabulary(prompt)?;
		if prompt.len() > self.context_length() {
			return Err(InferError::ContextFull {
				limit: self.context_length(),
				held: 0,
				asked: prompt.len(),
			});
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
	fn logits(&self, hidden: &Hidden, row: usize, rows: usize) -> Result<Vec<f32>, InferError> {
		let wanted: Vec<usize> = (row..row + rows).collect();
		Ok(self.inner.decoder.project(hidden, &wanted)?.flat())
	}

	pub(crate) fn decoder(&self) -> &Decoder {
		&self.inner.decoder
	}

	pub(crate) fn tokenizer(&self) -> &TextTokenizer {
		&self.inner.tokenizer
	}
}

impl Inner {
	fn from_gguf(bytes: &[u8], sha256: [u8; 32], precision: Precision, hardware: &Hardware) -> Result<Self, Fault> {
		let file = Gguf::parse(bytes)?;
		// The architecture is checked first: it says most about why a model does not fit.
		let vocabulary = file.texts("tokenizer.ggml.tokens").map_or(0, <[String]>::len);
		let config = Config::read(&file, vocabulary)?;
		let tokenizer = TextTokenizer::read(&file)?;
		let chat = ChatTemplate::read(file.text("tokenizer.chat_template").ok());
		let decoder = Decoder::load(&file, Naming::Gguf, config, precision, hardware)?;
		Ok(Self {
			sha256,
			precision,
			tokenizer,
			chat,
			decoder,
		})
	}

	fn from_folder(folder: &Folder, precision: Precision, hardware: &Hardware) -> Result<Self, Fault> {
		let config = folder_config::decoder_config(&folder.config()?)?;
		let tokenizer = TextTokenizer::from_folder(folder, config.vocabulary)?;
		let chat = ChatTemplate::read(folder.chat_template()?.as_deref());
		let decoder = Decoder::load(&folder.tensors()?, Naming::HuggingFace, config, precision, hardware)?;
		Ok(Self {
			sha256: folder.sha256,
			precision,
			tokenizer,
			chat,
			decoder,
		})
	}
}

/// One growing sequence on a model, with its own key/value cache of at most
/// [`Model::context_length`] tokens. `Send`: it may move to a thread that generates.
#[derive(Debug)]
pub struct Session {
	model: Model,
	sequence: Sequence,
	/// Where the numbers of the sequence's blocks are.
	store: Store,
	broken: bool,
}

impl Session {
	/// Appends tokens and returns the logits after the last of them.
	///
	/// # Errors
	///
	/// [`InferError::NoTokens`], [`InferError::UnknownToken`] and [`InferError::ContextFull`]
	/// leave the session as it was; after [`InferError::Backend`] and [`InferError::OutOfMemory`] it
	/// refuses further tokens.
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
		self.reserve(tokens.len())?;
		let mut last = Vec::new();
		let passes = tokens.len().div_ceil(PASS_TOKENS);
		for (index, pass) in tokens.chunks(PASS_TOKENS).enumerate() {
			let hidden = self.run(pass)?;
			if index + 1 == passes {
				last = self.model.logits(&hidden, pass.len() - 1, 1)?;
			}
		}
		Ok(last)
	}

	/// Makes room in the store for `count` more tokens.
	fn reserve(&mut self, count: usize) -> Result<(), InferError> {
		let blocks = self.sequence.blocks().len() + self.sequence.missing_blocks(count);
		self.store.reserve(blocks)
	}

	/// Runs one pass of tokens, for which there is room in the store.
	fn run(&mut self, tokens: &[u32]) -> Result<Hidden, InferError> {
		let decoder = &self.model.inner.decoder;
		for _ in 0..self.sequence.missing_blocks(tokens.len()) {
			let place = self.sequence.blocks().len();
			self.sequence.push_block(Block::new(decoder.shape(), place));
		}
		let slice = Slice {
			tokens,
			sequence: &mut self.sequence,
		};
		decoder.forward(&self.store, &mut [slice])
	}

	/// Tokens appended so far.
	pub fn length(&self) -> usize {
		self.sequence.length()
	}

	/// Tokens that still fit.
	pub fn remaining(&self) -> usize {
		self.model.context_length() - self.sequence.length()
	}

	fn check_room(&self, asked: usize) -> Result<(), InferError> {
		if asked > self.remaining() {
			return Err(InferError::ContextFull {
				limit: self.model.context_length(),
				held: self.sequence.length(),
				asked,
			});
		}
		Ok(())
	}
}
