//! A validator's rounds, told by its events.

use std::{
	collections::BTreeMap,
	sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
};

use prometheus_client::{
	metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
	registry::Registry,
};

use super::{Label, label, seconds};
use crate::events::{Event, EventSink};

/// A miner that was not scored for so many rounds has left.
const ROUNDS_KEPT: u64 = 3;

/// Metrics of a validator.
#[derive(Clone, Debug)]
pub struct ScoreMetrics {
	challenges: Family<Label, Counter>,
	scores: Family<Label, Gauge<f64, AtomicU64>>,
	answer_seconds: Histogram,
	rounds: Counter,
	miners: Gauge<u64, AtomicU64>,
	weights_set: Counter,
	weights_refused: Counter,
	weights_block: Gauge<u64, AtomicU64>,
	/// The last round in which each uid was scored.
	seen: Arc<Mutex<BTreeMap<u16, u64>>>,
}

impl ScoreMetrics {
	pub(super) fn new(registry: &mut Registry) -> Self {
		let metrics = Self {
			challenges: Family::default(),
			scores: Family::default(),
			answer_seconds: seconds(),
			rounds: Counter::default(),
			miners: Gauge::default(),
			weights_set: Counter::default(),
			weights_refused: Counter::default(),
			weights_block: Gauge::default(),
			seen: Arc::default(),
		};
		registry.register(
			"challenges",
			"Challenges by what came of them: scored, or worth nothing",
			metrics.challenges.clone(),
		);
		registry.register(
			"score",
			"Moving average of each miner's scores, 0 to 1",
			metrics.scores.clone(),
		);
		registry.register(
			"answer_seconds",
			"From a challenge to the end of its answer",
			metrics.answer_seconds.clone(),
		);
		registry.register("rounds", "Rounds that have ended", metrics.rounds.clone());
		registry.register(
			"round_miners",
			"Miners scored in the last round",
			metrics.miners.clone(),
		);
		registry.register("weights_set", "Weights that got on chain", metrics.weights_set.clone());
		registry.register(
			"weights_refused",
			"Times that weights were refused or not worth sending",
			metrics.weights_refused.clone(),
		);
		registry.register(
			"weights_block",
			"Best block at the last weights that got on chain",
			metrics.weights_block.clone(),
		);
		metrics
	}

	/// Takes the averages that were on disk at the start.
	pub fn known(&self, averages: &[(u16, subnet_sdk::Hotkey, f64)]) {
		let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
		for (uid, _, average) in averages {
			self.scores.get_or_create(&uid_label(*uid)).set(*average);
			seen.insert(*uid, 0);
		}
	}

	fn note(&self, event: &Event) {
		match event {
			Event::Started { .. } => {}
			Event::Score {
				round,
				uid,
				score,
				average,
				elapsed_ms,
				..
			} => {
				let result = if *score > 0.0 { "scored" } else { "worthless" };
				self.challenges.get_or_create(&label("result", result)).inc();
				self.scores.get_or_create(&uid_label(*uid)).set(*average);
				self.answer_seconds.observe(*elapsed_ms as f64 / 1000.0);
				self.seen
					.lock()
					.unwrap_or_else(PoisonError::into_inner)
					.insert(*uid, *round);
			}
			Event::Round { round, miners, .. } => {
				self.rounds.inc();
				self.miners.set(*miners);
				let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
				seen.retain(|uid, last| {
					let stays = last.saturating_add(ROUNDS_KEPT) > *round;
					if !stays {
						self.scores.remove(&uid_label(*uid));
					}
					stays
				});
			}
			Event::WeightsSet { block, .. } => {
				self.weights_set.inc();
				self.weights_block.set(*block);
			}
			Event::WeightsRefused { .. } => {
				self.weights_refused.inc();
			}
		}
	}

	/// A sink that counts events and hands them on.
	pub fn counting(&self, next: Arc<dyn EventSink>) -> Arc<dyn EventSink> {
		Arc::new(Counting {
			metrics: self.clone(),
			next,
		})
	}
}

fn uid_label(uid: u16) -> Label {
	label("uid", uid.to_string())
}

struct Counting {
	metrics: ScoreMetrics,
	next: Arc<dyn EventSink>,
}

impl EventSink for Counting {
	fn emit(&self, event: Event) {
		self.metrics.note(&event);
		self.next.emit(event);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{events::NoEvents, metrics::Metrics};

	#[test]
	fn scores_are_shown_while_their_miner_is_there() {
		let metrics = Metrics::new();
		let sink = metrics.validator.counting(Arc::new(NoEvents));
		let score = |round, uid, average| Event::Score {
			round,
			uid,
			hotkey: String::new(),
			score: 1.0,
			average,
			reason: String::new(),
			chunks: 1,
			elapsed_ms: 10,
			tokens_per_second: None,
		};
		let round = |round| Event::Round {
			round,
			block: 1,
			miners: 2,
		};
		for event in [score(1, 3, 0.5), score(1, 4, 0.25), round(1)] {
			sink.emit(event);
		}
		let text = metrics.text();
		assert!(text.contains("ganglion_validator_score{uid=\"3\"} 0.5\n"), "{text}");
		assert!(
			text.contains("ganglion_validator_challenges_total{result=\"scored\"} 2\n"),
			"{text}"
		);
		for at in 2..=4 {
			sink.emit(score(at, 3, 0.75));
			sink.emit(round(at));
		}
		let text = metrics.text();
		assert!(
			text.contains("score{uid=\"3\"} 0.75\n") && !text.contains("score{uid=\"4\"}"),
			"{text}"
		);
	}
}
