//! One challenge to one miner: task, call, timed transcript, score. Nothing a miner does makes it fail.

use std::{sync::Arc, time::Duration};

use neuron_net::{Request, Target};
use subnet_sdk::{
	ChallengeContext, DynMechanism, Epoch, Hotkey, MAX_CHUNK_BYTES, MAX_CHUNKS, MechanismError, Nonce, Outcome, Score,
	TimedChunk, Transcript,
};

use super::peers::{PeerCaller, PeerError};
use crate::{events::foreign_text, registry::TokenCounter};

/// The most bytes of one whole answer that are kept.
pub const MAX_ANSWER_BYTES: usize = 8 << 20;

/// Time since some fixed moment.
pub trait Clock: Send + Sync + 'static {
	/// Microseconds; never goes back.
	fn now_us(&self) -> u64;
}

/// The machine's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock(std::time::Instant);

impl Default for SystemClock {
	fn default() -> Self {
		Self(std::time::Instant::now())
	}
}

impl Clock for SystemClock {
	fn now_us(&self) -> u64 {
		u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
	}
}

/// Gives nonces that no miner can foresee.
pub trait NonceSource: Send + Sync + 'static {
	/// A fresh nonce.
	fn nonce(&self) -> [u8; 32];
}

/// Nonces from the operating system's entropy.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemNonces;

impl NonceSource for SystemNonces {
	fn nonce(&self) -> [u8; 32] {
		rand::random()
	}
}

/// How a challenge went.
#[derive(Clone, Debug)]
pub struct Verdict {
	/// What the answer is worth, and why.
	pub score: Score,
	/// Chunks received.
	pub chunks: usize,
	/// Tokens received, where answers have any.
	pub tokens: Option<u64>,
	/// From the request to the last chunk; to the end of the call where there was none.
	pub elapsed_us: u64,
}

impl Verdict {
	/// Nothing, for a miner that could not even be called.
	pub fn zero(reason: &str) -> Self {
		Self {
			score: Score::zero(reason),
			chunks: 0,
			tokens: None,
			elapsed_us: 0,
		}
	}

	/// Tokens per second from the request to the last chunk, where there were any.
	pub fn tokens_per_second(&self) -> Option<f64> {
		let seconds = Duration::from_micros(self.elapsed_us).as_secs_f64();
		self.tokens
			.filter(|tokens| *tokens > 0 && seconds > 0.0)
			.map(|tokens| tokens as f64 / seconds)
	}
}

/// The validator's own fault: it says nothing about the miner, whose average stays as it was.
#[derive(Debug, thiserror::Error)]
#[error("{step}: {cause}")]
pub struct OwnFault {
	step: &'static str,
	cause: String,
}

/// What a challenge needs besides the miner.
#[derive(Clone)]
pub struct Challenger {
	/// The validator's hotkey.
	pub own: Hotkey,
	/// Makes and scores tasks.
	pub mechanism: Arc<dyn DynMechanism>,
	/// Reaches miners.
	pub peers: Arc<dyn PeerCaller>,
	/// Times answers.
	pub clock: Arc<dyn Clock>,
	/// Makes challenges unforeseeable.
	pub nonces: Arc<dyn NonceSource>,
	/// Counts tokens for the record, where answers have any.
	pub token_counter: Option<TokenCounter>,
}

impl Challenger {
	/// Challenges the miner with this hotkey at this address, and judges its answer. `epoch` is a recent block.
	///
	/// # Errors
	/// [`OwnFault`] where the mechanism could not make the task or judge the answer. Whatever the miner does, or does not
	/// do, is a [`Verdict`].
	pub async fn challenge(&self, miner: [u8; 32], target: Target, epoch: Epoch) -> Result<Verdict, OwnFault> {
		let context = ChallengeContext {
			nonce: Nonce(self.nonces.nonce()),
			validator: self.own,
			miner: Hotkey(miner),
		};
		let mechanism = self.mechanism.clone();
		let task = blocking("cannot make a task", move || mechanism.task(&context, &epoch)).await?;
		let started_us = self.clock.now_us();
		let transcript = self.transcript(&context, &task, target, started_us).await?;
		let chunks = transcript.chunks.len();
		let count = |counter: TokenCounter| transcript.chunks.iter().map(|timed| counter(&timed.chunk)).sum();
		let tokens = self.token_counter.map(count);
		let elapsed_us = transcript
			.last_arrival_us()
			.unwrap_or_else(|| self.clock.now_us().saturating_sub(started_us));
		let mechanism = self.mechanism.clone();
		let score = blocking("cannot judge the answer", move || {
			mechanism.score(&context, &task, &transcript)
		})
		.await?;
		Ok(Verdict {
			score,
			chunks,
			tokens,
			elapsed_us,
		})
	}

	async fn transcript(
		&self,
		context: &ChallengeContext,
		task: &[u8],
		target: Target,
		started_us: u64,
	) -> Result<Transcript<Vec<u8>>, OwnFault> {
		let descriptor = self.mechanism.descriptor();
		let deadline = self.mechanism.deadline();
		let request = Request {
			mechanism: descriptor.name.into(),
			version: descriptor.version,
			nonce: context.nonce.0,
			deadline_ms: u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX),
			body: task.to_vec(),
		};
		let mut chunks = Vec::new();
		// The network layer keeps the deadline too; this one holds even if it does not.
		let receive = self.receive(target, request, deadline, started_us, &mut chunks);
		let outcome = match tokio::time::timeout(deadline, receive).await {
			Ok(Ok(())) => Outcome::Complete,
			Ok(Err(PeerError::Peer(reason))) => Outcome::Failed(foreign_text(&reason)),
			Ok(Err(PeerError::OwnFault(cause))) => {
				return Err(OwnFault {
					step: "cannot ask",
					cause,
				});
			}
			Ok(Err(PeerError::TimedOut)) | Err(_) => Outcome::TimedOut,
		};
		Ok(Transcript { chunks, outcome })
	}

	async fn receive(
		&self,
		target: Target,
		request: Request,
		deadline: Duration,
		started_us: u64,
		chunks: &mut Vec<TimedChunk<Vec<u8>>>,
	) -> Result<(), PeerError> {
		let mut answer = self.peers.call(target, request, deadline).await?;
		let mut bytes = 0_usize;
		while let Some(chunk) = answer.next().await {
			let chunk = chunk?;
			bytes = bytes.saturating_add(chunk.len());
			if chunk.len() > MAX_CHUNK_BYTES || bytes > MAX_ANSWER_BYTES {
				let reason = format!("sent too much: a chunk of {} bytes, {bytes} in all", chunk.len());
				return Err(PeerError::Peer(reason));
			}
			if chunks.len() == MAX_CHUNKS {
				return Err(PeerError::Peer(format!("sent more than {MAX_CHUNKS} chunks")));
			}
			chunks.push(TimedChunk {
				elapsed_us: self.clock.now_us().saturating_sub(started_us),
				chunk,
			});
		}
		Ok(())
	}
}

/// Runs on a blocking thread; a panic there is an error here.
async fn blocking<T: Send + 'static>(
	step: &'static str,
	work: impl FnOnce() -> Result<T, MechanismError> + Send + 'static,
) -> Result<T, OwnFault> {
	match tokio::task::spawn_blocking(work).await {
		Ok(done) => done.map_err(|error| OwnFault {
			step,
			cause: error.to_string(),
		}),
		Err(panic) => Err(OwnFault {
			step,
			cause: panic.to_string(),
		}),
	}
}
