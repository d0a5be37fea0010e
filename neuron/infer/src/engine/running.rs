//! One request in the batch.

use std::time::{Duration, Instant};

use super::EngineError;
use super::request::{Event, FinishReason, Finished, Output, Request, Submission, Token, Usage};
use super::sampling::logprobs;
use super::text::TextStream;
use crate::Model;
use crate::cache::Sequence;

/// Why a request leaves the batch.
#[derive(Debug)]
pub(super) enum End {
	Finished(FinishReason),
	Failed(EngineError),
}

/// A request with its part of the cache.
#[derive(Debug)]
pub(super) struct Running {
	pub(super) request: Request,
	pub(super) sequence: Sequence,
	/// Blocks that are set aside for it and not yet part of `sequence`.
	pub(super) reserved: usize,
	/// The prompt, then the answer.
	pub(super) tokens: Vec<u32>,
	/// Since when its reader has left it no room.
	pub(super) stalled: Option<Instant>,
	output: Output,
	text: TextStream,
	submitted: Instant,
	admitted: Instant,
	first_token: Option<Instant>,
	cached_tokens: usize,
}

impl Running {
	pub(super) fn new(submission: Submission, sequence: Sequence, reserved: usize, admitted: Instant) -> Self {
		let Submission {
			mut request,
			submitted,
			output,
		} = submission;
		Self {
			tokens: request.prompt.clone(),
			text: TextStream::new(std::mem::take(&mut request.stop)),
			cached_tokens: sequence.length(),
			request,
			sequence,
			reserved,
			stalled: None,
			output,
			submitted,
			admitted,
			first_token: None,
		}
	}

	/// Tokens that have not been through the model yet: what is left of the prompt, or the token
	/// picked last.
	pub(super) fn pending(&self) -> usize {
		self.tokens.len() - self.sequence.length()
	}

	/// Whether the prompt is not through yet.
	pub(super) fn is_prefilling(&self) -> bool {
		self.sequence.length() < self.request.prompt.len()
	}

	pub(super) fn completion_tokens(&self) -> usize {
		self.tokens.len() - self.request.prompt.len()
	}

	/// Notes whether the reader leaves room, and says whether this request may take part in the
	/// next step.
	pub(super) fn is_ready(&mut self, now: Instant) -> bool {
		if self.output.has_room() {
			self.stalled = None;
		} else {
			self.stalled.get_or_insert(now);
		}
		self.stalled.is_none()
	}

	/// Why it has to end now, before a step.
	pub(super) fn early_end(&self, now: Instant, stall_limit: Duration) -> Option<End> {
		if self.output.is_cancelled() {
			return Some(End::Finished(FinishReason::Cancelled));
		}
		if self.request.deadline.is_some_and(|deadline| deadline <= now) {
			return Some(End::Finished(FinishReason::Deadline));
		}
		let stalled = self.stalled.map(|since| now.saturating_duration_since(since));
		stalled
			.filter(|stalled| *stalled >= stall_limit)
			.map(|stalled| End::Failed(EngineError::SlowReader(stalled)))
	}

	/// Picks the next token from `logits`, sends it, and says whether it was the last.
	pub(super) fn answer(&mut self, model: &Model, logits: &[f32], now: Instant) -> Option<End> {
		let place = self.completion_tokens();
		let id = match self.request.sampling.pick(logits, place) {
			Ok(id) => id,
			Err(error) => return Some(End::Failed(error)),
		};
		self.first_token.get_or_insert(now);
		if self.request.stop_at_end_of_turn && model.is_end_of_turn(id) {
			return Some(End::Finished(FinishReason::EndOfTurn));
		}
		let before = &self.tokens[self.request.prompt.len()..];
		let (text, stop) = self.text.push(model.tokenizer().piece_after(before, id));
		self.tokens.push(id);
		let logprob = self.request.top_logprobs.map(|count| logprobs(logits, id, count));
		self.output.token(Token { id, text, logprob });
		if let Some(index) = stop {
			return Some(End::Finished(FinishReason::StopSequence(index)));
		}
		if self.request.sampling.is_done() {
			return Some(End::Finished(FinishReason::Sampler));
		}
		// The token just picked needs a place before another one can follow it.
		let full = self.tokens.len() > model.context_length();
		let long = self.completion_tokens() == self.request.max_tokens;
		(full || long).then_some(End::Finished(FinishReason::Length))
	}

	/// Sends the last event.
	pub(super) fn end(&mut self, end: End, now: Instant) {
		let since = |moment: Instant| moment.saturating_duration_since(self.submitted);
		let event = match end {
			End::Failed(error) => Event::Failed(error),
			End::Finished(reason) => Event::Finished(Finished {
				reason,
				text: self.text.finish(),
				usage: Usage {
					prompt_tokens: self.request.prompt.len(),
					cached_tokens: self.cached_tokens,
					completion_tokens: self.completion_tokens(),
					queued: since(self.admitted),
					time_to_first_token: self.first_token.map(since),
					total: since(now),
				},
			}),
		};
		self.output.end(event);
	}
}
