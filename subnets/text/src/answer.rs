//! Reading an answer as it comes: its form, its text, where it ends. Both sides and applications use the same rules.

use std::sync::Arc;

use crate::model::{LanguageModel, ModelError};
use crate::wire::{Chunk, Emitted, MAX_STOP_BYTES, Task};

/// Tokens that may wait for the rest of a character before their bytes are shown as they are.
const MAX_HELD_TOKENS: usize = 8;

/// Why an answer ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Finish {
	/// The model ended its turn.
	EndOfTurn,
	/// The text came to a stop sequence.
	StopSequence,
	/// All tokens asked for are there.
	Length,
}

/// What is wrong with an answer's form, or with the model that reads it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
	/// The miner's fault, in words.
	#[error("{0}")]
	Malformed(String),
	/// This side's fault.
	#[error("the model failed: {0}")]
	Model(#[from] ModelError),
}

/// A whole answer of the right form; nothing is known about its truth.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
	/// Its tokens, at least one.
	pub tokens: Vec<Emitted>,
	/// Its text, up to the stop sequence if one ended it.
	pub text: String,
	/// Why it ended.
	pub finish: Finish,
}

/// Takes the chunks of one answer in the order in which they come.
///
/// An answer ends with the first token that is end-of-turn, or whose text completes a stop sequence, or that is the last
/// one asked for. Memory is bounded by the task's `max_tokens`.
pub struct AnswerReader {
	model: Arc<dyn LanguageModel>,
	task: Task,
	headed: bool,
	tokens: Vec<Emitted>,
	ids: Vec<u32>,
	text: String,
	/// Tokens before `shown` are in `text`; those from `context` on are decoded again with new ones, because what a token
	/// reads as may depend on the one before it.
	context: usize,
	shown: usize,
	/// Bytes of `text` that the caller has been given.
	released: usize,
	finish: Option<Finish>,
}

impl AnswerReader {
	/// A reader for the answer to `task`, which `model` is to have made.
	pub fn new(model: Arc<dyn LanguageModel>, task: Task) -> Self {
		Self {
			model,
			task,
			headed: false,
			tokens: Vec::new(),
			ids: Vec::new(),
			text: String::new(),
			context: 0,
			shown: 0,
			released: 0,
			finish: None,
		}
	}

	/// Takes one chunk and returns the text that it adds. What might be the beginning of a stop sequence, or of a character,
	/// waits for the next chunk.
	///
	/// # Errors
	///
	/// [`AnswerError::Malformed`] for what no honest miner sends; read no further.
	pub fn push(&mut self, chunk: &Chunk) -> Result<String, AnswerError> {
		let malformed = |what: String| Err(AnswerError::Malformed(what));
		match chunk {
			Chunk::Header { .. } if self.headed => malformed("a second header came".into()),
			Chunk::Header { model_hash } if *model_hash != self.task.model_hash => {
				let (asked, answered) = (hex(&self.task.model_hash), hex(model_hash));
				malformed(format!("model {answered} answered, {asked} was asked for"))
			}
			Chunk::Header { .. } => {
				self.headed = true;
				Ok(String::new())
			}
			Chunk::Tokens(_) if !self.headed => malformed("the first chunk is not the header".into()),
			Chunk::Tokens(tokens) if tokens.is_empty() => malformed("a chunk without tokens came".into()),
			Chunk::Tokens(tokens) => {
				let mut added = String::new();
				for emitted in tokens {
					added.push_str(&self.push_token(*emitted)?);
				}
				Ok(added)
			}
		}
	}

	/// Takes one token, as [`AnswerReader::push`] does.
	///
	/// # Errors
	///
	/// As [`AnswerReader::push`].
	pub fn push_token(&mut self, emitted: Emitted) -> Result<String, AnswerError> {
		let malformed = |what: String| Err(AnswerError::Malformed(what));
		let vocabulary = self.model.vocabulary_size();
		let asked = usize::from(self.task.max_tokens);
		match self.finish {
			Some(Finish::Length) => return malformed(format!("more than the {asked} tokens asked for")),
			Some(Finish::EndOfTurn) => return malformed("the answer goes on after its end of turn".into()),
			Some(Finish::StopSequence) => return malformed("the answer goes on after a stop sequence".into()),
			None => {}
		}
		if emitted.token as usize >= vocabulary {
			return malformed(format!(
				"token {} does not exist, the vocabulary has {vocabulary}",
				emitted.token
			));
		}
		self.tokens.push(emitted);
		self.ids.push(emitted.token);
		let before = self.text.len();
		if Some(emitted.token) == self.model.end_of_turn() {
			self.finish = Some(Finish::EndOfTurn);
			self.decode(true)?;
		} else {
			self.decode(false)?;
			if self.find_stop(before).is_none() && self.tokens.len() >= asked {
				self.finish = Some(Finish::Length);
				self.decode(true)?;
			}
		}
		// Last: the end of an answer shows bytes that waited for the rest of a character, which may complete one too.
		if let Some(stop) = self.find_stop(before) {
			self.text.truncate(stop);
			self.finish = Some(Finish::StopSequence);
		}
		Ok(self.release())
	}

	/// Why the answer has ended, once it has.
	pub fn finish(&self) -> Option<Finish> {
		self.finish
	}

	/// Tokens so far.
	pub fn tokens(&self) -> &[Emitted] {
		&self.tokens
	}

	/// The whole answer.
	///
	/// # Errors
	///
	/// [`AnswerError::Malformed`] for one that has not come to its end.
	pub fn end(self) -> Result<Answer, AnswerError> {
		let (count, asked) = (self.tokens.len(), self.task.max_tokens);
		match self.finish {
			Some(finish) => Ok(Answer {
				tokens: self.tokens,
				text: self.text,
				finish,
			}),
			None if count == 0 => Err(AnswerError::Malformed("the answer has no tokens".into())),
			None => Err(AnswerError::Malformed(format!(
				"{count} tokens came, {asked} were asked for"
			))),
		}
	}

	/// Adds the text of new tokens, unless they end within a character and there may be more.
	fn decode(&mut self, last: bool) -> Result<(), ModelError> {
		let known = self.ids.get(self.context..self.shown).unwrap_or_default();
		let all = self.ids.get(self.context..).unwrap_or_default();
		let known = self.model.decode(known)?;
		let all = self.model.decode(all)?;
		let waits = all.ends_with('\u{fffd}') && self.ids.len() - self.shown < MAX_HELD_TOKENS;
		if waits && !last {
			return Ok(());
		}
		// A decoder that rewrites its own beginning has no text to add.
		self.text.push_str(all.get(known.len()..).unwrap_or_default());
		self.context = self.shown;
		self.shown = self.ids.len();
		Ok(())
	}

	/// Where the first stop sequence begins that ends in the text from `before` on.
	fn find_stop(&self, before: usize) -> Option<usize> {
		let mut from = before.saturating_sub(MAX_STOP_BYTES);
		while !self.text.is_char_boundary(from) {
			from -= 1;
		}
		let recent = self.text.get(from..)?;
		let found = self.task.stop.iter().filter_map(|stop| recent.find(stop.as_str()));
		found.min().map(|at| from + at)
	}

	/// The text that no later token can take back.
	fn release(&mut self) -> String {
		let mut until = self.text.len();
		if self.finish.is_none() {
			// The longest end of the text that some stop sequence begins with.
			let begins = |stop: &String| {
				(1..stop.len()).rev().find(|length| {
					stop.is_char_boundary(*length)
						&& stop.get(..*length).is_some_and(|start| self.text.ends_with(start))
				})
			};
			until -= self.task.stop.iter().filter_map(begins).max().unwrap_or(0);
		}
		let released = self.text.get(self.released..until).unwrap_or_default().to_owned();
		self.released = self.released.max(until);
		released
	}
}

/// The first 4 bytes in hexadecimal: enough to tell two model files apart in a message.
pub(crate) fn hex(hash: &[u8; 32]) -> String {
	hash.iter()
		.take(4)
		.map(|byte| format!("{byte:02x}"))
		.chain(["…".to_owned()])
		.collect()
}
