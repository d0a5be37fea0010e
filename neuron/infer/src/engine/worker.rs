//! The thread that owns the batch.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::admission::Memory;
use super::request::{Event, FinishReason, Finished, Submission, Usage};
use super::running::{End, Running};
use super::{EngineError, EngineOptions, EngineStats, Shared};
use crate::cache::Pool;
use crate::compute::Rows;
use crate::decoder::Store;
use crate::transformer::Slice;
use crate::{InferError, Model};

/// Prompt tokens in a step in which nobody answers.
const IDLE_PREFILL_TOKENS: usize = 256;

/// How long to wait before looking again whether a reader has made room or a deadline has passed.
const NAP: Duration = Duration::from_millis(2);

/// A sequence's part in a step.
struct Part {
	/// Index into the batch.
	index: usize,
	tokens: Vec<u32>,
	/// Whether the logits after its last token are wanted.
	answers: bool,
}

pub(super) struct Worker {
	model: Model,
	options: EngineOptions,
	shared: Arc<Shared>,
	memory: Memory,
	/// Where the numbers of `memory`'s blocks are.
	store: Store,
	waiting: VecDeque<Submission>,
	batch: Vec<Running>,
	stats: EngineStats,
}

/// Tells handles and readers that nobody works any more, even after a panic.
struct Closing(Arc<Shared>);

impl Drop for Closing {
	fn drop(&mut self) {
		let mut state = self.0.state();
		state.closed = true;
		let queue = std::mem::take(&mut state.queue);
		state.held = 0;
		drop(state);
		// Not under the lock: a request's own sampler may hold the last handle to this engine.
		drop(queue);
	}
}

impl Worker {
	/// With the blocks of `pool`, whose numbers are in `store`.
	pub(super) fn new(model: Model, options: EngineOptions, shared: Arc<Shared>, pool: Pool, store: Store) -> Self {
		Self {
			store,
			memory: Memory::new(pool, options.prefix_cache, model.context_length()),
			model,
			options,
			shared,
			waiting: VecDeque::new(),
			batch: Vec::new(),
			stats: EngineStats::default(),
		}
	}

	/// Works until the last handle is gone.
	pub(super) fn run(mut self) {
		let _closing = Closing(Arc::clone(&self.shared));
		while self.take_queue() {
			self.drop_ended();
			self.admit();
			self.publish();
			let now = self.options.clock.now();
			let parts = self.plan(now);
			if parts.is_empty() {
				self.nap();
			} else {
				self.step(&parts);
			}
		}
		let now = self.options.clock.now();
		for mut running in self.batch.drain(..) {
			running.end(End::Failed(EngineError::Stopped), now);
		}
		for mut submission in self.waiting.drain(..) {
			submission.output.end(Event::Failed(EngineError::Stopped));
		}
	}

	/// Takes what has been submitted; waits for it if there is nothing else to do. False when the
	/// engine is to stop.
	fn take_queue(&mut self) -> bool {
		let mut state = self.shared.state();
		while self.batch.is_empty() && self.waiting.is_empty() && state.queue.is_empty() && !state.closed {
			state = self
				.shared
				.wake
				.wait(state)
				.unwrap_or_else(std::sync::PoisonError::into_inner);
		}
		self.waiting.append(&mut state.queue);
		state.held = self.waiting.len();
		!state.closed
	}

	/// Nobody is ready: waits a moment for readers, or for a submission.
	fn nap(&self) {
		if self.batch.is_empty() && self.waiting.is_empty() {
			return;
		}
		let state = self.shared.state();
		if state.queue.is_empty() && !state.closed {
			drop(self.shared.wake.wait_timeout(state, NAP));
		}
	}

	/// Lets go of requests that were cancelled or have run out of time.
	fn drop_ended(&mut self) {
		let now = self.options.clock.now();
		let stall_limit = self.options.stall_limit;
		let ends: Vec<(usize, End)> = self
			.batch
			.iter()
			.enumerate()
			.filter_map(|(index, running)| Some((index, running.early_end(now, stall_limit)?)))
			.collect();
		self.leave(ends, now);
		for mut submission in std::mem::take(&mut self.waiting) {
			let late = submission.request.deadline.is_some_and(|deadline| deadline <= now);
			let reason = if submission.output.is_cancelled() {
				FinishReason::Cancelled
			} else if late {
				FinishReason::Deadline
			} else {
				self.waiting.push_back(submission);
				continue;
			};
			self.stats.abandoned += 1;
			self.publish();
			let total = now.saturating_duration_since(submission.submitted);
			submission.output.end(Event::Finished(Finished {
				reason,
				text: String::new(),
				usage: Usage {
					prompt_tokens: submission.request.prompt.len(),
					queued: total,
					total,
					..Usage::default()
				},
			}));
		}
	}

	/// Takes requests into the batch, first come first served.
	fn admit(&mut self) {
		while self.batch.len() < self.options.max_batch
			&& let Some(submission) = self.waiting.pop_front()
		{
			let promised = self.batch.iter().map(|running| running.reserved).sum();
			match self.memory.admit(submission, promised, self.options.clock.now()) {
				Ok(running) => {
					self.stats.cached_tokens += running.sequence.length() as u64;
					self.batch.push(running);
				}
				Err(submission) => {
					self.waiting.push_front(*submission);
					return;
				}
			}
		}
	}

	fn publish(&mut self) {
		let block_bytes = self.model.decoder().shape().block_bytes();
		self.stats.running = self.batch.len();
		self.stats.kv_used_bytes = self.memory.pool.taken() * block_bytes;
		self.stats.kv_budget_bytes = self.memory.pool.limit() * block_bytes;
		self.stats.prefix_cache_bytes = self.memory.evictable() * block_bytes;
		let mut state = self.shared.state();
		state.held = self.waiting.len();
		state.stats = self.stats;
	}

	/// Who computes what in the next step: one token for each that answers, and a bounded number
	/// of prompt tokens. Half of those are the oldest prompt's, the rest go to the shortest ones,
	/// so that a long prompt neither starves nor makes short ones wait for all of it.
	fn plan(&mut self, now: Instant) -> Vec<Part> {
		let mut parts = Vec::new();
		let mut prompts = Vec::new();
		for (index, running) in self.batch.iter_mut().enumerate() {
			if !running.is_ready(now) {
				continue;
			}
			if running.is_prefilling() {
				prompts.push((index, running.pending()));
			} else {
				parts.push((index, running.pending()));
			}
		}
		let mut left = if parts.is_empty() {
			IDLE_PREFILL_TOKENS.max(self.options.prefill_tokens)
		} else {
			self.options.prefill_tokens
		};
		let mut shares: Vec<(usize, usize)> = Vec::new();
		if let Some(&(oldest, pending)) = prompts.first() {
			let share = pending.min(left.div_ceil(2));
			shares.push((oldest, share));
			left -= share;
			prompts[0].1 -= share;
		}
		prompts.sort_by_key(|&(_, pending)| pending);
		for (index, pending) in prompts {
			let share = pending.min(left);
			left -= share;
			match shares.iter_mut().find(|(known, _)| *known == index) {
				Some((_, known)) => *known += share,
				None => shares.push((index, share)),
			}
		}
		parts.extend(shares.into_iter().filter(|&(_, share)| share > 0));
		// The slices of a step are cut out of the batch in order.
		parts.sort_unstable();
		let part = |(index, count): (usize, usize)| {
			let running = &self.batch[index];
			let start = running.sequence.length();
			Part {
				index,
				tokens: running.tokens[start..start + count].to_vec(),
				answers: start + count == running.tokens.len(),
			}
		};
		parts.into_iter().map(part).collect()
	}

	/// Computes one step and hands out its tokens.
	fn step(&mut self, parts: &[Part]) {
		let mut ends = Vec::new();
		match self.compute(parts) {
			Ok(logits) => self.answer(parts, &logits, &mut ends),
			Err(error) => {
				// Whose fault it was is not known, and the sequences cannot be trusted any more.
				let failed = |part: &Part| (part.index, End::Failed(EngineError::Model(error.again())));
				ends.extend(parts.iter().map(failed));
			}
		}
		self.stats.steps += 1;
		let now = self.options.clock.now();
		self.leave(ends, now);
	}

	/// The logits after each part that wants them.
	fn compute(&mut self, parts: &[Part]) -> Result<Rows, InferError> {
		for part in parts {
			if !self.memory.extend(&mut self.batch[part.index], part.tokens.len()) {
				let detail = "a request outgrew the blocks set aside for it".to_owned();
				return Err(InferError::Backend(detail));
			}
		}
		let mut wanted = parts.iter().peekable();
		let mut slices = Vec::new();
		for (index, running) in self.batch.iter_mut().enumerate() {
			if let Some(part) = wanted.next_if(|part| part.index == index) {
				slices.push(Slice {
					tokens: &part.tokens,
					sequence: &mut running.sequence,
				});
			}
		}
		let decoder = self.model.decoder();
		let hidden = decoder.forward(&self.store, &mut slices)?;
		let mut end = 0;
		let mut rows = Vec::new();
		for part in parts {
			end += part.tokens.len();
			if part.answers {
				rows.push(end - 1);
			}
		}
		decoder.project(&hidden, &rows)
	}

	/// Picks and sends the tokens of those parts that answer.
	fn answer(&mut self, parts: &[Part], logits: &Rows, ends: &mut Vec<(usize, End)>) {
		let now = self.options.clock.now();
		let mut rows = vec![None; self.batch.len()];
		for (row, part) in parts.iter().filter(|part| part.answers).enumerate() {
			rows[part.index] = Some(row);
		}
		for part in parts {
			let running = &self.batch[part.index];
			let prompt = part.tokens.len().min(running.request.prompt.len());
			if running.completion_tokens() == 0 {
				self.stats.prompt_tokens += prompt as u64;
			}
		}
		let (model, memory) = (&self.model, &mut self.memory);
		let before: usize = self.batch.iter().map(Running::completion_tokens).sum();
		let answered: Vec<(usize, Option<End>)> = model.decoder().run(|| {
			let batch = self.batch.par_iter_mut().enumerate();
			batch
				.filter_map(|(index, running)| {
					let row = rows[index]?;
					Some((index, running.answer(model, logits.row(row), now)))
				})
				.collect()
		});
		let after: usize = self.batch.iter().map(Running::completion_tokens).sum();
		self.stats.completion_tokens += (after - before) as u64;
		for (index, end) in answered {
			let running = &self.batch[index];
			let sound = !matches!(end, Some(End::Failed(_)));
			// The prompt is through, or the answer is.
			if sound && (end.is_some() || running.completion_tokens() == 1) {
				memory.remember(running);
			}
			ends.extend(end.map(|end| (index, end)));
		}
	}

	/// Takes requests out of the batch and frees their blocks.
	fn leave(&mut self, mut ends: Vec<(usize, End)>, now: Instant) {
		if ends.is_empty() {
			return;
		}
		ends.sort_unstable_by_key(|(index, _)| std::cmp::Reverse(*index));
		let mut gone = Vec::new();
		for (index, end) in ends {
			let mut running = self.batch.remove(index);
			match &end {
				End::Failed(_) => self.stats.failed += 1,
				End::Finished(FinishReason::Cancelled | FinishReason::Deadline) => self.stats.abandoned += 1,
				End::Finished(_) => self.stats.finished += 1,
			}
			// Logits that are numbers vouch for the keys and values that they were made from (but for infinite keys under no
			// weight, which only overflowing weights make).
			let sound = !matches!(end, End::Failed(_)) && running.completion_tokens() > 0;
			self.memory.release(&mut running, sound);
			gone.push((running, end));
		}
		// Who has seen the end of an answer finds it in the figures.
		self.publish();
		for (mut running, end) in gone {
			running.end(end, now);
		}
	}
}
