//! When weights go on chain, and what is done when the chain says no.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use neuron_chain::{AccountId, SignedTransaction};
use subnet_sdk::Hotkey;

use super::scores::ScoreStore;
use crate::{
	chain_access::{AccessError, ChainAccess},
	events::{Event, EventSink, foreign_text},
	follower::Snapshot,
	state::{Marks, Submission},
};

/// How errors call the transaction, which sets weights or commits to sealed ones.
const WEIGHTS_NAME: &str = "the transaction with the weights";

/// After a refusal, wait this many blocks, or a tempo where that is shorter.
pub const RETRY_BLOCKS: u64 = 10;

/// The state that [`decide`] looks at. Block numbers are of the best chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
	/// The newest block.
	pub block: u64,
	/// The block of this validator's last weights, or of its registration.
	pub last_update: u64,
	/// Blocks that must lie between two submissions.
	pub rate_limit: u64,
	/// Blocks between two epochs.
	pub tempo: u16,
	/// The block of the next epoch.
	pub next_epoch_block: Option<u64>,
	/// Whether the chain takes weights from this validator.
	pub permit: bool,
	/// Whether a round has ended since the last submission.
	pub fresh: bool,
	/// How many weights there are.
	pub weights: usize,
	/// How many weights the chain wants at least.
	pub min_allowed_weights: u16,
	/// The block of the last refusal.
	pub refused_at: Option<u64>,
}

/// What to do about the weights now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
	/// Submit them.
	Submit,
	/// Not now.
	Wait(Wait),
}

/// Why not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wait {
	/// No round since the last submission.
	#[error("nothing new since the last submission")]
	NothingNew,
	/// The chain would refuse: no permit.
	#[error(
		"no validator permit yet: the next epoch grants it to the neurons with the most stake; add stake if it stays away"
	)]
	NoPermit,
	/// No miner has earned anything.
	#[error("no miner has a score above 0")]
	NoScores,
	/// The chain would refuse: too few.
	#[error("there are {have} weights above 0, the subnet wants at least {least}")]
	TooFew {
		/// How many there are.
		have: usize,
		/// How many there must be.
		least: u16,
	},
	/// The chain would refuse: too soon.
	#[error("the subnet's rate limit allows the next weights at block {until}")]
	RateLimit {
		/// The first block that is not too soon.
		until: u64,
	},
	/// The last try was refused a moment ago.
	#[error("trying again at block {until} after a refusal")]
	Refused {
		/// When to try again.
		until: u64,
	},
	/// There is time until the epoch, and later weights know more.
	#[error("waiting for the end of the epoch at block {at}")]
	Epoch {
		/// The block from which on they are sent.
		at: u64,
	},
}

/// Blocks before the epoch from which on weights are sent: enough to get into a block, late enough to be fresh.
pub fn lead_blocks(tempo: u16) -> u64 {
	u64::from(tempo / 5).clamp(2, 10)
}

/// Whether to submit now: with something new, as late before the epoch as is safe, or at once when a whole tempo has
/// passed since the last weights.
///
/// ```
/// use neuron::validator::weights::{Decision, Situation, Wait, decide};
/// let mut now = Situation {
///     block: 100, last_update: 90, rate_limit: 5, tempo: 20, next_epoch_block: Some(110),
///     permit: true, fresh: true, weights: 3, min_allowed_weights: 1, refused_at: None,
/// };
/// assert_eq!(decide(&now), Decision::Wait(Wait::Epoch { at: 106 }));
/// now.block = 106;
/// assert_eq!(decide(&now), Decision::Submit);
/// ```
pub fn decide(now: &Situation) -> Decision {
	if !now.fresh {
		return Decision::Wait(Wait::NothingNew);
	}
	if !now.permit {
		return Decision::Wait(Wait::NoPermit);
	}
	if now.weights == 0 {
		return Decision::Wait(Wait::NoScores);
	}
	if now.weights < usize::from(now.min_allowed_weights) {
		return Decision::Wait(Wait::TooFew {
			have: now.weights,
			least: now.min_allowed_weights,
		});
	}
	let until = now.last_update.saturating_add(now.rate_limit);
	if now.block < until {
		return Decision::Wait(Wait::RateLimit { until });
	}
	if let Some(refused_at) = now.refused_at {
		let until = refused_at.saturating_add(RETRY_BLOCKS.min(u64::from(now.tempo).max(1)));
		if now.block < until {
			return Decision::Wait(Wait::Refused { until });
		}
	}
	let overdue = now.block > now.last_update.saturating_add(now.tempo.into());
	match now
		.next_epoch_block
		.map(|epoch| epoch.saturating_sub(lead_blocks(now.tempo)))
	{
		Some(at) if now.block < at && !overdue => Decision::Wait(Wait::Epoch { at }),
		_ => Decision::Submit,
	}
}

/// Submits one validator's weights when it is time.
pub struct Submitter {
	/// The chain.
	pub chain: Arc<dyn ChainAccess>,
	/// The validator's hotkey.
	pub hotkey: AccountId,
	/// The scores that the weights come from.
	pub scores: Arc<Mutex<ScoreStore>>,
	/// Where events go.
	pub events: Arc<dyn EventSink>,
	/// What has happened so far.
	pub progress: Progress,
}

/// What a [`Submitter`] remembers while it runs; the rest is in the [`ScoreStore`].
#[derive(Debug, Default)]
pub struct Progress {
	refused_at: Option<u64>,
	waiting_for: Option<Wait>,
	/// The nonce of the weights on their way was used at this block: a later look at the chain tells by whom.
	nonce_used_at: Option<u64>,
}

impl Submitter {
	/// Looks at the newest block and submits if it is time. Never fails: refusals and a lost node are logged, and tried
	/// again on a later block.
	pub async fn consider(&mut self, block: u64, snapshot: &Snapshot) {
		let own = snapshot.metagraph.by_hotkey(&self.hotkey);
		let Some(own) = own else { return };
		let (last_update, permit) = (own.last_update, own.validator_permit);
		let on_its_way = self.store().submission().cloned();
		if let Some(submission) = on_its_way {
			return self.go_on(submission, block, snapshot.block, last_update).await;
		}
		let (marks, weights) = self.weights(snapshot);
		let rules = &snapshot.hyperparameters;
		let situation = Situation {
			block,
			last_update: last_update.max(marks.submitted_at.min(block)),
			rate_limit: rules.weights_rate_limit,
			tempo: rules.tempo,
			// An epoch that is over says nothing about the next; the next snapshot will.
			next_epoch_block: snapshot.next_epoch_block.map(|epoch| {
				if epoch < block {
					epoch.saturating_add(u64::from(rules.tempo) + 1)
				} else {
					epoch
				}
			}),
			permit,
			fresh: marks.generation > marks.submitted_generation,
			weights: weights.len(),
			min_allowed_weights: rules.min_allowed_weights,
			refused_at: self.progress.refused_at.filter(|at| *at <= block),
		};
		match decide(&situation) {
			Decision::Submit => {
				self.progress.waiting_for = None;
				self.submit(snapshot, &situation, marks.generation, weights).await;
			}
			Decision::Wait(wait) => self.note(block, wait),
		}
	}

	fn weights(&self, snapshot: &Snapshot) -> (Marks, Vec<(u16, u16)>) {
		let neurons: Vec<_> = snapshot
			.metagraph
			.neurons
			.iter()
			.filter(|neuron| neuron.hotkey != self.hotkey)
			.map(|neuron| (neuron.uid, Hotkey(neuron.hotkey.into())))
			.collect();
		let mut scores = self.store();
		scores.retain(&neurons);
		(scores.marks(), scores.weights())
	}

	/// Signs new weights, keeps them, sends them: in this order, so that no crash can send other weights besides these.
	async fn submit(&mut self, snapshot: &Snapshot, now: &Situation, generation: u64, weights: Vec<(u16, u16)>) {
		let block = now.block;
		let saved = self.store().save();
		if let Err(error) = saved {
			// Weights without their scores on disk would be lost knowledge after a crash.
			return self.refused(block, &error.to_string());
		}
		let version_key = snapshot.hyperparameters.weights_version_key;
		let netuid = snapshot.metagraph.netuid;
		let signed = match self.chain.sign_weights(netuid, &weights, version_key).await {
			Ok(signed) => signed,
			Err(AccessError::Unreachable(reason)) => return not_reached(block, &reason),
			Err(error) => return self.refused(block, &error.to_string()),
		};
		let submission = Submission {
			generation,
			weights,
			last_update_before: now.last_update,
			transaction: signed.bytes,
			valid_until_block: signed.valid_until_block,
		};
		let kept = self.store().begin_submission(submission.clone());
		if let Err(error) = kept {
			return self.refused(block, &error.to_string());
		}
		self.send(submission, block).await;
	}

	/// What to do about weights that are on their way: after a restart, or where the node did not say what became of them.
	/// `seen` is the block at which the chain said that the last weights are those of `last_update`.
	async fn go_on(&mut self, submission: Submission, block: u64, seen: u64, last_update: u64) {
		if last_update > submission.last_update_before {
			return self.done(submission, last_update);
		}
		let superseded = self.progress.nonce_used_at.is_some_and(|at| seen > at);
		if superseded || seen > submission.valid_until_block {
			tracing::warn!(block, "the weights on their way did not get on chain: new ones follow");
			return self.forget();
		}
		if self.progress.nonce_used_at.is_none() && block <= submission.valid_until_block {
			self.send(submission, block).await;
		}
	}

	async fn send(&mut self, submission: Submission, block: u64) {
		let signed = SignedTransaction {
			bytes: submission.transaction.clone(),
			valid_until_block: submission.valid_until_block,
			name: WEIGHTS_NAME.into(),
		};
		match self.chain.send_weights(&signed).await {
			Ok(()) => self.done(submission, block),
			Err(AccessError::Unreachable(reason)) => not_reached(block, &reason),
			Err(AccessError::Uncertain(reason)) => {
				tracing::info!(block, reason, "the weights are on their way; the chain will tell");
			}
			Err(AccessError::NonceUsed(reason)) => {
				tracing::info!(block, reason, "the weights may be on chain; the next look at it tells");
				self.progress.nonce_used_at = Some(block);
			}
			Err(error) => {
				self.forget();
				self.refused(block, &error.to_string());
			}
		}
	}

	fn done(&mut self, submission: Submission, block: u64) {
		let weights = submission.weights;
		tracing::info!(block, ?weights, "weights set");
		let settled = self.store().submitted(block);
		if let Err(error) = settled {
			tracing::error!(%error, "the submission is not noted on disk; after a restart the chain is asked for it");
		}
		self.progress.refused_at = None;
		self.progress.nonce_used_at = None;
		self.events.emit(Event::WeightsSet { block, weights });
	}

	fn forget(&mut self) {
		self.progress.nonce_used_at = None;
		let forgotten = self.store().forget_submission();
		if let Err(error) = forgotten {
			tracing::error!(%error, "the end of the submission is not noted on disk");
		}
	}

	fn store(&self) -> MutexGuard<'_, ScoreStore> {
		self.scores.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn refused(&mut self, block: u64, reason: &str) {
		let reason = foreign_text(reason);
		tracing::warn!(block, reason, "weights not set");
		self.progress.refused_at = Some(block);
		self.events.emit(Event::WeightsRefused { block, reason });
	}

	/// Logs a reason to wait when it is a new one.
	fn note(&mut self, block: u64, wait: Wait) {
		if self.progress.waiting_for.replace(wait) == Some(wait) {
			return;
		}
		match wait {
			Wait::NoPermit | Wait::NoScores | Wait::TooFew { .. } => {
				tracing::warn!(block, reason = %wait, "no weights yet");
				self.events.emit(Event::WeightsRefused {
					block,
					reason: wait.to_string(),
				});
			}
			_ => tracing::debug!(block, reason = %wait, "no weights now"),
		}
	}
}

fn not_reached(block: u64, reason: &str) {
	tracing::warn!(
		block,
		reason,
		"node not reached; the weights are tried again on the next block"
	);
}
