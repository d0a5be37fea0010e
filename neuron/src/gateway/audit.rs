//! Checks of what miners served to applications: a random share of the answers is scored like a challenge, once all of it
//! has come, and now and then a question with a known answer is sent among the others. Of an answer that ends before its
//! time, be it by the application, the miner or the deadline, the tokens that came are checked, each by itself: that is
//! evidence too, and an honest miner's tokens hold wherever they end. That it broke off is for the routing to remember.
//!
//! Only what was said is scored, not how fast: an answer comes as fast as the application reads it. Routing measures by
//! itself how soon miners begin.
//!
//! One check runs at a time, on a thread of its own; what comes meanwhile waits, and what does not fit is left out. A prompt
//! is forgotten with its check: [`Verdicts`] keep numbers.

use std::{num::NonZeroU64, sync::Arc, time::Duration};

use neuron_chain::AccountId;
use subnet_sdk::{ChallengeContext, Epoch, Evidence, Hotkey, Mechanism, MechanismError, Nonce, Score, Transcript};
use subnet_text::{Canary, CanaryVerdict, Chunk, Emitted, Task, TextMechanism};
use tokio::sync::mpsc;

use super::{text::TextMiners, verdicts::Verdicts};
use crate::metrics::Metrics;

/// Answers that wait for their check.
const AUDITS_WAITING: usize = 4;
/// Questions with known answers that wait to be sent.
const CANARIES_WAITING: usize = 1;
/// Most tokens of a known answer: this gateway's own model makes them. More are asked for where applications ask for more.
const KNOWN_TOKENS: usize = 64;

/// How often answers are checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AuditOptions {
	/// Share of the answers that is checked, 0 to 1.
	pub share: f64,
	/// After so many requests to miners a question with a known answer is sent; never where absent. Attempts count: a
	/// request of an application that is sent to a second miner counts twice.
	pub canary_every: Option<NonZeroU64>,
}

impl Default for AuditOptions {
	/// One answer in twenty, a question after 200 requests to miners.
	fn default() -> Self {
		Self {
			share: 0.05,
			canary_every: NonZeroU64::new(200),
		}
	}
}

/// What a miner sees of a request besides its prompt. A question with a known answer has that of the request that made it
/// due, so that neither tells the two apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
	pub(super) deadline: Duration,
	pub(super) max_tokens: u16,
}

/// An answer to an application, until it is checked.
pub(super) struct Served {
	pub(super) uid: u16,
	pub(super) context: ChallengeContext,
	pub(super) task: Task,
	pub(super) heard: Heard,
}

/// What came of an answer.
pub(super) enum Heard {
	/// All of it.
	Whole(Transcript<Chunk>),
	/// So many tokens, and then no more.
	Beginning(Vec<Emitted>),
}

/// Where answers are handed in.
#[derive(Clone)]
pub struct Auditor {
	options: AuditOptions,
	answers: mpsc::Sender<Served>,
	canaries: mpsc::Sender<Shape>,
	metrics: Arc<Metrics>,
	dice: Arc<dyn Fn() -> f64 + Send + Sync>,
}

/// The other end of an [`Auditor`].
pub struct Audits {
	mechanism: Arc<TextMechanism>,
	verdicts: Arc<Verdicts>,
	metrics: Arc<Metrics>,
	answers: mpsc::Receiver<Served>,
	canaries: mpsc::Receiver<Shape>,
	dice: Arc<dyn Fn() -> f64 + Send + Sync>,
}

/// An auditor and what does its work; `dice` gives random numbers from 0 up to 1.
pub fn auditor(
	options: AuditOptions,
	mechanism: Arc<TextMechanism>,
	verdicts: Arc<Verdicts>,
	metrics: Arc<Metrics>,
	dice: Arc<dyn Fn() -> f64 + Send + Sync>,
) -> (Auditor, Audits) {
	let (answers, answers_to_check) = mpsc::channel(AUDITS_WAITING);
	let (canaries, canaries_to_send) = mpsc::channel(CANARIES_WAITING);
	let auditor = Auditor {
		options,
		answers,
		canaries,
		metrics: metrics.clone(),
		dice: dice.clone(),
	};
	let audits = Audits {
		mechanism,
		verdicts,
		metrics,
		answers: answers_to_check,
		canaries: canaries_to_send,
		dice,
	};
	(auditor, audits)
}

impl Auditor {
	/// Whether the answer to the request of this number, from 1, is to be handed in. No miner can know.
	pub(super) fn wants(&self, request: u64, shape: Shape) -> bool {
		let due = |every: NonZeroU64| request.is_multiple_of(every.get());
		if self.options.canary_every.is_some_and(due) {
			// One that is still waiting is enough.
			self.canaries.try_send(shape).ok();
		}
		(self.dice)() < self.options.share
	}

	/// Takes an answer in.
	pub(super) fn check(&self, served: Served) {
		if self.answers.try_send(served).is_err() {
			self.metrics.gateway.checked("skipped");
		}
	}
}

impl Audits {
	/// Checks answers and sends questions for as long as it is polled: `miners` holds an [`Auditor`] itself, so drop the
	/// future to end it, as the gateway does when it stops.
	pub async fn run(mut self, miners: Arc<TextMiners>) {
		loop {
			tokio::select! {
				served = self.answers.recv() => match served {
					Some(served) => self.check(served).await,
					None => return,
				},
				due = self.canaries.recv() => match due {
					Some(shape) => self.send_canary(&miners, shape).await,
					None => return,
				},
			}
		}
	}

	async fn check(&self, served: Served) {
		let (uid, hotkey) = (served.uid, served.context.miner);
		let mechanism = self.mechanism.clone();
		let scored = tokio::task::spawn_blocking(move || match &served.heard {
			Heard::Whole(transcript) => mechanism.score(&served.context, &served.task, transcript),
			Heard::Beginning(tokens) => mechanism.score_beginning(&served.context, &served.task, tokens),
		});
		match scored.await {
			Ok(Ok(score)) => self.note(uid, hotkey, score, "an answer to an application").await,
			Ok(Err(error)) => tracing::error!(%error, "own fault: an answer could not be checked"),
			Err(error) => tracing::error!(%error, "own fault: the check of an answer panicked"),
		}
	}

	async fn note(&self, uid: u16, hotkey: Hotkey, score: Score, what: &'static str) {
		let failures = score.evidence().failures;
		self.metrics
			.gateway
			.checked(if failures == 0 { "held" } else { "failed" });
		let verdicts = self.verdicts.clone();
		// It waits for the disk.
		let recorded = tokio::task::spawn_blocking(move || verdicts.record(uid, hotkey, &score)).await;
		let was_caught = recorded.unwrap_or_else(|error| {
			tracing::error!(%error, "own fault: a verdict was not recorded");
			false
		});
		if failures > 0 || was_caught {
			let hotkey = AccountId::new(hotkey.0);
			tracing::warn!(uid, %hotkey, failures, banned = was_caught, what, "a check failed");
		}
	}

	/// Makes a question, sends it to one miner, and compares the answers.
	async fn send_canary(&self, miners: &TextMiners, shape: Shape) {
		let mut candidates = super::routing::Miners::candidates(miners);
		if candidates.is_empty() {
			return;
		}
		let drawn = ((self.dice)() * candidates.len() as f64) as usize;
		let miner = candidates.swap_remove(drawn.min(candidates.len() - 1)).answerer;
		let (mechanism, epoch) = (self.mechanism.clone(), miners.epoch());
		// A fresh one each time, which looks like a validator's: none can be learned by heart.
		let made = tokio::task::spawn_blocking(move || canary(&mechanism, &epoch, shape.max_tokens)).await;
		let canary = match made {
			Ok(Ok(canary)) => canary,
			Ok(Err(error)) => return tracing::error!(%error, "own fault: no question could be made"),
			Err(error) => return tracing::error!(%error, "own fault: no question could be made"),
		};
		// One more than are known: an answer that goes on shows.
		let enough = canary.known_tokens() + 1;
		let answered = miners.answer(&miner, canary.task(epoch), shape.deadline, enough).await;
		let (hotkey, tokens) = match answered {
			Ok(answered) => answered,
			// That it did not answer says nothing about its honesty.
			Err(fault) => return tracing::debug!(uid = miner.uid, %fault, "a question was not answered"),
		};
		let score = match canary.check(&tokens) {
			CanaryVerdict::Undecided { .. } => return,
			CanaryVerdict::Right => Score::full("the known answer"),
			CanaryVerdict::Wrong { position } => Score::zero(format!("another answer from token {position} on")),
		};
		let evidence = Evidence {
			trials: 1,
			failures: u32::from(score.value() == 0.0),
		};
		self.note(miner.uid, hotkey, score.with_evidence(evidence), "a known answer")
			.await;
	}
}

fn canary(mechanism: &TextMechanism, epoch: &Epoch, max_tokens: u16) -> Result<Canary, MechanismError> {
	let context = ChallengeContext {
		nonce: Nonce(rand::random()),
		validator: Hotkey([0; 32]),
		miner: Hotkey([0; 32]),
	};
	let task = mechanism.task(&context, epoch)?;
	let asking = |max_tokens| Canary::begun(mechanism.model().clone(), task.prompt.clone(), max_tokens, KNOWN_TOKENS);
	match asking(max_tokens) {
		// The application's prompt was shorter: this one does not fit into the context with so long an answer.
		Err(MechanismError::InvalidTask(_)) => asking(task.max_tokens),
		made => made,
	}
}
