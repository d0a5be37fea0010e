//! Who may join the batch, and on which blocks.

use std::time::Instant;

use super::prefix::PrefixCache;
use super::request::Submission;
use super::running::Running;
use crate::cache::{Pool, Sequence};
use crate::compute::LANES;

/// The blocks of an engine.
#[derive(Debug)]
pub(super) struct Memory {
	pub(super) pool: Pool,
	prefixes: Option<PrefixCache>,
	context_length: usize,
}

impl Memory {
	pub(super) fn new(pool: Pool, prefix_cache: bool, context_length: usize) -> Self {
		Self {
			pool,
			prefixes: prefix_cache.then(PrefixCache::default),
			context_length,
		}
	}

	/// Makes `submission` part of the batch if all blocks that it may ever need can be set aside;
	/// `promised` blocks are set aside for others. Else it comes back.
	pub(super) fn admit(
		&mut self,
		submission: Submission,
		promised: usize,
		now: Instant,
	) -> Result<Running, Box<Submission>> {
		let prompt = &submission.request.prompt;
		let mut shared = match &mut self.prefixes {
			Some(prefixes) => prefixes.find(prompt),
			None => Vec::new(),
		};
		// The last token of the prompt is computed in any case, for its logits.
		shared.truncate((prompt.len() - 1) / LANES);
		let needed = submission.request.blocks(self.context_length) - shared.len();
		let free = self.pool.limit() - self.pool.taken() - promised;
		let short = needed.saturating_sub(free);
		if short > self.evictable() {
			return Err(Box::new(submission));
		}
		if let Some(prefixes) = self.prefixes.as_mut().filter(|_| short > 0) {
			prefixes.evict(short, &mut self.pool);
		}
		Ok(Running::new(submission, Sequence::from_shared(shared), needed, now))
	}

	/// Blocks that only the prefix cache holds.
	pub(super) fn evictable(&self) -> usize {
		self.prefixes.as_ref().map_or(0, PrefixCache::evictable)
	}

	/// Moves blocks that were set aside into the sequence, enough for `count` more tokens.
	pub(super) fn extend(&mut self, running: &mut Running, count: usize) -> bool {
		for _ in 0..running.sequence.missing_blocks(count) {
			let Some(block) = self.pool.take().filter(|_| running.reserved > 0) else {
				return false;
			};
			running.reserved -= 1;
			running.sequence.push_block(block);
		}
		true
	}

	/// Lets others start from the full blocks of a sequence whose logits were sound.
	pub(super) fn remember(&mut self, running: &Running) {
		if let Some(prefixes) = &mut self.prefixes {
			prefixes.insert(&running.tokens[..running.sequence.length()], running.sequence.blocks());
		}
	}

	/// Frees what a request held; `sound` if the logits after the last of its tokens were numbers.
	pub(super) fn release(&mut self, running: &mut Running, sound: bool) {
		for block in std::mem::take(&mut running.sequence).into_blocks() {
			self.pool.give_back(block, sound);
		}
	}
}
