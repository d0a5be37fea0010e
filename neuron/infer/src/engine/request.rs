//! What is asked, and what comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::{EngineError, Sampling};
use crate::Model;
use crate::compute::LANES;

/// Events that a [`Generation`] buffers.
pub const EVENT_CAPACITY: usize = 64;

/// Stop sequences of a request.
pub const MAX_STOPS: usize = 16;

/// Length of a stop sequence.
pub const MAX_STOP_BYTES: usize = 256;

/// Alternatives that are reported with a token.
pub const MAX_TOP_LOGPROBS: usize = 20;

/// A prompt and how to go on from it.
#[derive(Debug)]
pub struct Request {
	/// Tokens of the prompt, at least one.
	pub prompt: Vec<u32>,
	/// The longest answer, in tokens; at least one. The context's end cuts it shorter.
	pub max_tokens: usize,
	/// How tokens are picked.
	pub sampling: Sampling,
	/// Texts that end the answer and are left out of it; at most [`MAX_STOPS`], none empty.
	pub stop: Vec<String>,
	/// Whether the model's end-of-turn token ends the answer.
	pub stop_at_end_of_turn: bool,
	/// Report the log-probability of each token, and of this many alternatives, at most
	/// [`MAX_TOP_LOGPROBS`].
	pub top_logprobs: Option<usize>,
	/// When to give up, by the engine's clock.
	pub deadline: Option<Instant>,
}

impl Request {
	/// A greedy request without stop sequences.
	pub fn new(prompt: Vec<u32>, max_tokens: usize) -> Self {
		Self {
			prompt,
			max_tokens,
			sampling: Sampling::default(),
			stop: Vec::new(),
			stop_at_end_of_turn: true,
			top_logprobs: None,
			deadline: None,
		}
	}

	/// Tokens whose keys and values are kept at the end: the last one answered is not among them.
	fn held_tokens(&self, context_length: usize) -> usize {
		(self.prompt.len() + self.max_tokens - 1).min(context_length)
	}

	/// Blocks that the request needs in the worst case.
	pub(super) fn blocks(&self, context_length: usize) -> usize {
		self.held_tokens(context_length).div_ceil(LANES)
	}

	pub(super) fn check(&self, model: &Model, budget_bytes: usize) -> Result<(), EngineError> {
		let invalid = |detail: String| Err(EngineError::Invalid(detail));
		if self.max_tokens == 0 {
			return invalid("max_tokens is 0; ask for at least one token".to_owned());
		}
		if self.stop.len() > MAX_STOPS {
			return invalid(format!("{} stop sequences, the limit is {MAX_STOPS}", self.stop.len()));
		}
		if let Some(stop) = self
			.stop
			.iter()
			.find(|stop| !(1..=MAX_STOP_BYTES).contains(&stop.len()))
		{
			return invalid(format!(
				"a stop sequence of {} bytes; expected 1 to {MAX_STOP_BYTES}",
				stop.len()
			));
		}
		if let Some(found) = self.top_logprobs.filter(|&found| found > MAX_TOP_LOGPROBS) {
			return invalid(format!("top_logprobs is {found}, the limit is {MAX_TOP_LOGPROBS}"));
		}
		self.sampling.check()?;
		model.check_prompt(&self.prompt)?;
		let block_bytes = model.decoder().shape().block_bytes();
		let needed_bytes = self.blocks(model.context_length()).saturating_mul(block_bytes);
		if needed_bytes > budget_bytes {
			return Err(EngineError::ExceedsBudget {
				needed_bytes,
				budget_bytes,
			});
		}
		Ok(())
	}
}

/// One token of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
	/// Its id.
	pub id: u32,
	/// Text that is certain now: valid UTF-8, and no part of a stop sequence. Empty while a
	/// character or a possible stop sequence is incomplete; then a later event carries it.
	pub text: String,
	/// If the request asked for it.
	pub logprob: Option<TokenLogprob>,
}

/// Natural logarithms of probabilities, before temperature and cuts.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenLogprob {
	/// Of the token itself.
	pub logprob: f32,
	/// Of the most likely tokens, best first.
	pub top: Vec<(u32, f32)>,
}

/// Why an answer ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FinishReason {
	/// The model ended its turn; that token is not part of the answer.
	EndOfTurn,
	/// The stop sequence of this index came.
	StopSequence(usize),
	/// The request's own sampler said so ([`super::Sampler::is_done`]).
	Sampler,
	/// The answer has as many tokens as were asked for, or the context is full.
	Length,
	/// [`Canceller::cancel`] was called.
	Cancelled,
	/// The deadline passed.
	Deadline,
}

impl FinishReason {
	/// The name that OpenAI's interface has for it; a request that was given up counts as cut off.
	pub fn openai_name(self) -> &'static str {
		match self {
			Self::EndOfTurn | Self::StopSequence(_) | Self::Sampler => "stop",
			Self::Length | Self::Cancelled | Self::Deadline => "length",
		}
	}
}

/// What a request took.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
	/// Tokens of the prompt.
	pub prompt_tokens: usize,
	/// Those of them that came from the prefix cache.
	pub cached_tokens: usize,
	/// Tokens of the answer.
	pub completion_tokens: usize,
	/// From the submission to the admission.
	pub queued: Duration,
	/// From the submission to the first token.
	pub time_to_first_token: Option<Duration>,
	/// From the submission to the end.
	pub total: Duration,
}

/// The end of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
	/// Why.
	pub reason: FinishReason,
	/// Text that had been held back.
	pub text: String,
	/// What it took.
	pub usage: Usage,
}

/// What happens to a request.
#[derive(Debug)]
pub enum Event {
	/// One more token.
	Token(Token),
	/// The end.
	Finished(Finished),
	/// The end, without an answer to rely on.
	Failed(EngineError),
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
	/// Its text.
	pub text: String,
	/// Its tokens.
	pub tokens: Vec<Token>,
	/// Its end.
	pub finished: Finished,
}

/// The events of one request. Dropping it cancels the request.
#[derive(Debug)]
pub struct Generation {
	events: mpsc::Receiver<Event>,
	canceller: Canceller,
	ended: bool,
}

impl Generation {
	/// The next event; `None` after [`Event::Finished`] or [`Event::Failed`]. Safe to cancel.
	pub async fn next(&mut self) -> Option<Event> {
		let event = self.events.recv().await;
		self.noted(event)
	}

	/// As [`Self::next`], for threads outside an async runtime.
	pub fn blocking_next(&mut self) -> Option<Event> {
		let event = self.events.blocking_recv();
		self.noted(event)
	}

	/// A worker that went away is told as such.
	fn noted(&mut self, event: Option<Event>) -> Option<Event> {
		if self.ended {
			return None;
		}
		let event = event.unwrap_or(Event::Failed(EngineError::Stopped));
		self.ended = !matches!(event, Event::Token(_));
		Some(event)
	}

	/// Reads to the end.
	///
	/// # Errors
	///
	/// What [`Event::Failed`] carries.
	pub async fn complete(mut self) -> Result<Completion, EngineError> {
		let mut events = Vec::new();
		while let Some(event) = self.next().await {
			events.push(event);
		}
		completion(events)
	}

	/// As [`Self::complete`], for threads outside an async runtime.
	///
	/// # Errors
	///
	/// What [`Event::Failed`] carries.
	pub fn blocking_complete(mut self) -> Result<Completion, EngineError> {
		completion(std::iter::from_fn(|| self.blocking_next()).collect())
	}

	/// A handle that ends the request early and lets its [`Finished`] event come.
	pub fn canceller(&self) -> Canceller {
		self.canceller.clone()
	}
}

fn completion(events: Vec<Event>) -> Result<Completion, EngineError> {
	let (mut text, mut tokens) = (String::new(), Vec::new());
	for event in events {
		match event {
			Event::Token(token) => {
				text.push_str(&token.text);
				tokens.push(token);
			}
			Event::Finished(finished) => {
				text.push_str(&finished.text);
				return Ok(Completion { text, tokens, finished });
			}
			Event::Failed(error) => return Err(error),
		}
	}
	Err(EngineError::Stopped)
}

/// Ends a request early. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Canceller(Arc<AtomicBool>);

impl Canceller {
	/// The request ends at the next token boundary.
	pub fn cancel(&self) {
		self.0.store(true, Ordering::Relaxed);
	}

	pub(super) fn is_cancelled(&self) -> bool {
		self.0.load(Ordering::Relaxed)
	}
}

/// A request on its way to the worker.
#[derive(Debug)]
pub(super) struct Submission {
	pub(super) request: Request,
	pub(super) submitted: Instant,
	pub(super) output: Output,
}

impl Submission {
	pub(super) fn new(request: Request, submitted: Instant) -> (Self, Generation) {
		// One place more than the reader is promised: it belongs to the last event.
		let (sender, events) = mpsc::channel(EVENT_CAPACITY + 1);
		let canceller = Canceller::default();
		let output = Output {
			last: sender.clone().try_reserve_owned().ok(),
			sender,
			canceller: canceller.clone(),
		};
		let generation = Generation {
			events,
			canceller,
			ended: false,
		};
		let submission = Self {
			request,
			submitted,
			output,
		};
		(submission, generation)
	}
}

/// The worker's end of a [`Generation`].
#[derive(Debug)]
pub(super) struct Output {
	sender: mpsc::Sender<Event>,
	last: Option<mpsc::OwnedPermit<Event>>,
	canceller: Canceller,
}

impl Output {
	/// Whether nobody wants the answer any more.
	pub(super) fn is_cancelled(&self) -> bool {
		self.sender.is_closed() || self.canceller.is_cancelled()
	}

	/// Whether there is a place for a token.
	pub(super) fn has_room(&self) -> bool {
		self.sender.capacity() > 0
	}

	/// Sends a token; there was room for it, since only the worker sends.
	pub(super) fn token(&self, token: Token) {
		// A reader that has gone away is noticed before the next step.
		self.sender.try_send(Event::Token(token)).ok();
	}

	/// Sends the last event.
	pub(super) fn end(&mut self, event: Event) {
		if let Some(permit) = self.last.take() {
			permit.send(event);
		}
	}
}
