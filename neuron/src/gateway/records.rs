//! What the gateway has measured about miners, and whom it asks first by that.

use std::{
	collections::HashMap,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::Duration,
};

use super::{
	routing::{Candidate, Fault},
	upstream::Answerer,
};

/// Weight of the newest latency or failure in a miner's average.
const NEWEST_SHARE: f64 = 0.2;
/// The latency that miners are credited with while none is known. Later a newcomer is credited with the least known one, so
/// that it is tried.
const UNKNOWN_LATENCY: Duration = Duration::from_millis(500);
/// The time a token that miners are credited with while none is known, as with latency.
const UNKNOWN_TOKEN_TIME: Duration = Duration::from_millis(50);
/// Bounds of what one answer says about the time a token: quicker than anybody needs, and slower than anybody bears.
const TOKEN_TIMES: (Duration, Duration) = (Duration::from_millis(2), Duration::from_secs(1));
/// The longest that a usual answer is taken to last: whoever was slow is still asked now and then, and can get better.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);
/// Tokens of the answer that miners are compared by.
const USUAL_TOKENS: u32 = 100;
/// An answer says something about the time a token with so many tokens after its first part …
const MEASURED_TOKENS: u32 = 8;
/// … or after so long a wait for them.
const MEASURED_WAIT: Duration = Duration::from_secs(1);
/// The least quality that counts: a miner without any score yet is tried now and then.
const LEAST_QUALITY: f64 = 0.02;
/// Miners whose record is kept; the ones that have left the subnet go first.
const MAX_RECORDS: usize = 65_536;

/// What was measured about a miner.
#[derive(Clone, Copy, Debug, Default)]
struct Record {
	/// How soon its answers begin; absent until one has.
	first_part: Option<Duration>,
	/// How long a token takes after that; absent until an answer has told.
	token_time: Option<Duration>,
	failures: f64,
	running: u32,
}

/// What stands for measurements that there are not.
#[derive(Clone, Copy, Debug)]
struct Unmeasured {
	first_part: Duration,
	token_time: Duration,
}

impl Record {
	/// How much a miner is worth asking: quality by the share of requests that it answers, by how soon a usual answer of it is
	/// there, the ones under way included.
	fn worth(&self, quality: f64, unmeasured: Unmeasured) -> f64 {
		let first_part = self.first_part.unwrap_or(unmeasured.first_part);
		let rest = self
			.token_time
			.unwrap_or(unmeasured.token_time)
			.saturating_mul(USUAL_TOKENS);
		let answer = first_part.saturating_add(rest).min(LONGEST_ANSWER);
		let delay = answer.as_secs_f64() * f64::from(self.running.saturating_add(1));
		quality.max(LEAST_QUALITY) * (1.0 - self.failures).max(0.01) / (0.1 + delay)
	}
}

/// The average after another measurement.
fn averaged(known: Option<Duration>, newest: Duration) -> Duration {
	known.map_or(newest, |known| {
		known.mul_f64(1.0 - NEWEST_SHARE) + newest.mul_f64(NEWEST_SHARE)
	})
}

/// The miners' records, by hotkey address.
#[derive(Clone, Debug, Default)]
pub(super) struct Records(Arc<Mutex<HashMap<String, Record>>>);

impl Records {
	fn lock(&self) -> MutexGuard<'_, HashMap<String, Record>> {
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn change(&self, hotkey: &str, change: impl FnOnce(&mut Record)) {
		change(self.lock().entry(hotkey.to_owned()).or_default());
	}

	/// The average time a token, once it is known.
	pub(super) fn token_time(&self, hotkey: &str) -> Option<Duration> {
		self.lock().get(hotkey)?.token_time
	}

	/// How a request ended.
	pub(super) fn note(&self, hotkey: &str, fault: Option<&Fault>) {
		let failed = match fault {
			// A question that nobody can answer, and one that was taken back, say nothing about the miner.
			Some(Fault::Request(_)) => return,
			Some(_) => 1.0,
			None => 0.0,
		};
		self.change(hotkey, |record| {
			record.failures += NEWEST_SHARE * (failed - record.failures);
		});
	}

	/// How soon an answer began.
	pub(super) fn note_latency(&self, hotkey: &str, first_part: Duration) {
		self.change(hotkey, |record| {
			record.first_part = Some(averaged(record.first_part, first_part));
		});
	}

	/// An answer had not begun after so long, and is not waited for any more: it says something where that is longer than
	/// was to be expected.
	pub(super) fn note_wait(&self, hotkey: &str, waited: Duration) {
		self.change(hotkey, |record| {
			if waited > record.first_part.unwrap_or(UNKNOWN_LATENCY) {
				record.first_part = Some(averaged(record.first_part, waited));
			}
		});
	}

	/// So many tokens came after the first part, and so long was waited for them.
	pub(super) fn note_token_time(&self, hotkey: &str, tokens: u32, waited: Duration) {
		if tokens < MEASURED_TOKENS && waited < MEASURED_WAIT {
			return;
		}
		// One token that was long in coming says little about the next.
		let newest = (waited / tokens.max(MEASURED_TOKENS)).clamp(TOKEN_TIMES.0, TOKEN_TIMES.1);
		self.change(hotkey, |record| {
			record.token_time = Some(averaged(record.token_time, newest))
		});
	}

	/// The candidates in the order in which they are asked: drawn without replacement, in proportion to the square of what
	/// they are worth, so that the best get most and every one is measured now and then.
	pub(super) fn order(&self, candidates: Vec<Candidate>, dice: &dyn Fn() -> f64, count: usize) -> Vec<Answerer> {
		let mut records = self.lock();
		if records.len() > MAX_RECORDS {
			records.retain(|hotkey, _| candidates.iter().any(|candidate| candidate.answerer.hotkey == *hotkey));
		}
		let known = || {
			candidates
				.iter()
				.filter_map(|candidate| records.get(&candidate.answerer.hotkey))
		};
		let unmeasured = Unmeasured {
			first_part: known()
				.filter_map(|record| record.first_part)
				.min()
				.unwrap_or(UNKNOWN_LATENCY),
			token_time: known()
				.filter_map(|record| record.token_time)
				.min()
				.unwrap_or(UNKNOWN_TOKEN_TIME),
		};
		let mut pool: Vec<(f64, Answerer)> = candidates
			.into_iter()
			.map(|candidate| {
				let record = records.get(&candidate.answerer.hotkey).copied().unwrap_or_default();
				(record.worth(candidate.quality, unmeasured).powi(2), candidate.answerer)
			})
			.collect();
		let mut order = Vec::new();
		while order.len() < count && !pool.is_empty() {
			let mut mark = dice() * pool.iter().map(|entry| entry.0).sum::<f64>();
			let drawn = pool.iter().position(|entry| {
				mark -= entry.0;
				mark < 0.0
			});
			order.push(pool.swap_remove(drawn.unwrap_or(pool.len() - 1)).1);
		}
		order
	}
}

/// A request under way at a miner; dropping it is its end.
pub(super) struct Running {
	records: Records,
	hotkey: String,
}

impl Running {
	/// One more for this miner.
	pub(super) fn new(records: &Records, hotkey: &str) -> Self {
		records.change(hotkey, |record| record.running = record.running.saturating_add(1));
		Self {
			records: records.clone(),
			hotkey: hotkey.to_owned(),
		}
	}
}

impl Drop for Running {
	fn drop(&mut self) {
		self.records
			.change(&self.hotkey, |record| record.running = record.running.saturating_sub(1));
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_wait_that_was_given_up_counts_where_it_was_long() {
		let records = Records::default();
		let first_part = |hotkey: &str| records.lock().get(hotkey).and_then(|record| record.first_part);
		records.note_wait("new", UNKNOWN_LATENCY);
		assert_eq!(first_part("new"), None);
		records.note_wait("new", Duration::from_secs(10));
		assert_eq!(first_part("new"), Some(Duration::from_secs(10)));
		records.note_latency("quick", Duration::from_secs(1));
		records.note_wait("quick", Duration::from_millis(900));
		assert_eq!(first_part("quick"), Some(Duration::from_secs(1)));
		records.note_wait("quick", Duration::from_secs(11));
		assert_eq!(first_part("quick"), Some(Duration::from_secs(3)));
	}

	#[test]
	fn a_miner_that_stalled_once_is_asked_less_and_not_forgotten() {
		let records = Records::default();
		for hotkey in ["flows", "stalls"] {
			records.note_latency(hotkey, Duration::from_millis(100));
			records.note_token_time(hotkey, 100, Duration::from_secs(3));
		}
		records.note_token_time("stalls", 1, Duration::from_secs(10));
		let candidate = |hotkey: &str| Candidate {
			answerer: Answerer {
				uid: 0,
				hotkey: hotkey.into(),
			},
			quality: 1.0,
		};
		let first = |dice: f64| {
			let candidates = vec![candidate("flows"), candidate("stalls")];
			records.order(candidates, &|| dice, 1).pop().unwrap().hotkey
		};
		assert_eq!(first(0.5), "flows");
		assert_eq!(first(0.99), "stalls", "less than one request in a hundred");
	}
}
