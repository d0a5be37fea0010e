//! One round: every miner of the subnet is challenged once and scored.

use std::{
	collections::BTreeSet,
	sync::{Arc, Mutex, PoisonError},
};

use futures::{StreamExt, future::join_all, stream};
use neuron_chain::{AccountId, Metagraph, Neuron};
use neuron_net::Target;
use subnet_sdk::{Epoch, Hotkey};
use tokio::sync::watch;

use super::{
	challenge::{Challenger, Verdict},
	honesty::Honesty,
	scores::ScoreStore,
};
use crate::{
	directory::network_key,
	events::{Event, EventSink},
	follower::Snapshot,
};

/// Runs rounds.
pub struct Rounds {
	/// Challenges one miner.
	pub challenger: Challenger,
	/// Remembers scores.
	pub scores: Arc<Mutex<ScoreStore>>,
	/// Where events go.
	pub events: Arc<dyn EventSink>,
	/// The validator's own hotkey, which is not challenged.
	pub own: AccountId,
	/// Groups of miners challenged at once, at least 1; a group is one miner, but see [`Honesty::groups`].
	pub concurrency: usize,
	/// Evidence over many answers.
	pub honesty: Honesty,
}

/// Why there is a miner to challenge, or none.
enum Candidate {
	Call(Target),
	Zero(&'static str),
	Skip,
}

impl Rounds {
	/// Challenges every miner that has published an axon, in an order that differs from round to round, and records
	/// the scores. A miner that fails scores 0; the round goes on. Returns how many were scored.
	///
	/// `newest` is read at the start for who is there, and anew at each miner's turn for where it is: one that has
	/// left by then is passed over, one that has come since waits for the next round.
	pub async fn run(&self, round: u64, block: u64, newest: &watch::Receiver<Arc<Snapshot>>) -> u64 {
		let mut candidates: Vec<_> = newest
			.borrow()
			.metagraph
			.neurons
			.iter()
			.filter(|neuron| neuron.hotkey != self.own)
			.map(|neuron| (neuron.uid, neuron.hotkey))
			.collect();
		// A fixed order would let a miner know when its turn comes.
		let start = self.challenger.nonces.nonce();
		let offset = u64::from_le_bytes([
			start[0], start[1], start[2], start[3], start[4], start[5], start[6], start[7],
		]);
		if let Ok(count) = u64::try_from(candidates.len())
			&& count > 0
		{
			candidates.rotate_left(usize::try_from(offset % count).unwrap_or(0));
		}
		self.honesty.heed_gateway();
		let groups = self.honesty.groups(round, candidates, &newest.borrow().metagraph);
		let scored: Vec<Vec<bool>> = stream::iter(groups)
			.map(|group| {
				let size = group.len();
				let turn = move |(uid, hotkey)| self.turn(round, uid, hotkey, size, newest);
				join_all(group.into_iter().map(turn))
			})
			.buffer_unordered(self.concurrency.max(1))
			.collect()
			.await;
		let miners = scored.iter().flatten().map(|scored| u64::from(*scored)).sum();
		let last = newest.borrow().clone();
		self.finish(&last.metagraph);
		tracing::info!(round, block, miners, "round over");
		self.events.emit(Event::Round { round, block, miners });
		miners
	}

	/// One miner's turn, in a group of `asked_at_once`; returns whether it was scored.
	async fn turn(
		&self,
		round: u64,
		uid: u16,
		hotkey: AccountId,
		asked_at_once: usize,
		newest: &watch::Receiver<Arc<Snapshot>>,
	) -> bool {
		// Rounds take a while: since this one began the miner may have moved, or its place may be another's.
		let snapshot = newest.borrow().clone();
		let mut neurons = snapshot.metagraph.neurons.iter();
		match neurons.find(|neuron| neuron.uid == uid && neuron.hotkey == hotkey) {
			Some(neuron) => {
				let epoch = Epoch {
					block: snapshot.metagraph.block,
					hash: snapshot.metagraph.block_hash,
				};
				self.judge(round, neuron, self.candidate(neuron), asked_at_once, epoch)
					.await
			}
			None => {
				tracing::debug!(round, uid, "left during the round");
				false
			}
		}
	}

	fn candidate(&self, neuron: &Neuron) -> Candidate {
		let Some(axon) = &neuron.axon else {
			// One that has taken its axon away must not live on old scores.
			let known = self.store().knows(neuron.uid, Hotkey(neuron.hotkey.into()));
			return if known {
				Candidate::Zero("no axon any more")
			} else {
				Candidate::Skip
			};
		};
		match network_key(neuron) {
			Some(public_key) => Candidate::Call(Target {
				hotkey: neuron.hotkey.into(),
				public_key,
				addr: (axon.ip, axon.port).into(),
			}),
			None => Candidate::Zero("no network key published with the axon (serve_axon_tls)"),
		}
	}

	async fn judge(
		&self,
		round: u64,
		neuron: &Neuron,
		candidate: Candidate,
		asked_at_once: usize,
		epoch: Epoch,
	) -> bool {
		let verdict = match candidate {
			Candidate::Skip => return false,
			Candidate::Zero(reason) => Verdict::zero(reason),
			Candidate::Call(target) => match self.challenger.challenge(neuron.hotkey.into(), target, epoch).await {
				Ok(verdict) => verdict,
				Err(error) => {
					tracing::error!(uid = neuron.uid, %error, "own fault; the miner's score stays");
					return false;
				}
			},
		};
		let judged = self.honesty.judge(neuron, asked_at_once, &verdict);
		let average = self.store().record(neuron.uid, Hotkey(neuron.hotkey.into()), &judged);
		let tokens_per_second = verdict.tokens_per_second();
		let score = judged.value();
		let reason = judged.reason;
		tracing::info!(
			round,
			uid = neuron.uid,
			score,
			average,
			reason,
			?tokens_per_second,
			"scored"
		);
		self.events.emit(Event::Score {
			round,
			uid: neuron.uid,
			hotkey: neuron.hotkey.to_string(),
			score,
			average,
			reason,
			chunks: u64::try_from(verdict.chunks).unwrap_or(u64::MAX),
			elapsed_ms: verdict.elapsed_us / 1000,
			tokens_per_second,
		});
		true
	}

	fn finish(&self, metagraph: &Metagraph) {
		self.honesty.retain(metagraph);
		let present: BTreeSet<_> = metagraph
			.neurons
			.iter()
			.map(|neuron| (neuron.uid, Hotkey(neuron.hotkey.into())))
			.collect();
		let mut store = self.store();
		store.retain(&present.into_iter().collect::<Vec<_>>());
		store.finish_round();
		if let Err(error) = store.save() {
			tracing::error!(%error, "scores not saved");
		}
	}

	fn store(&self) -> std::sync::MutexGuard<'_, ScoreStore> {
		self.scores.lock().unwrap_or_else(PoisonError::into_inner)
	}
}
