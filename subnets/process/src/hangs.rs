//! How long an answer may keep a process, by how often its miner's answers have kept one to the end.
//!
//! An answer that makes the scorer hang costs everybody else that time. So each one in a row halves what the miner's next
//! may take, to a sixteenth, but never below what answers usually take: a scorer that is slow with everybody makes nobody's
//! time short. An answer that is scored in time makes all good, and one in sixteen has all the time there is, so that a miner
//! whose answers honestly take long gets the chance to show it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use subnet_sdk::Hotkey;

/// Halvings at the most.
const MAX_HALVINGS: u32 = 4;
/// Of so many hangs in a row the last gives the next answer its whole time back.
const CHANCE_EVERY: u32 = 16;
/// A struck miner has at least so many times what answers usually take.
const USUAL_FACTOR: u32 = 4;
/// Miners that are remembered. There are fewer in a subnet; beyond that everybody begins anew.
const MAX_MINERS: usize = 65_536;

#[derive(Debug, Default)]
struct Known {
	/// Hangs in a row.
	strikes: HashMap<Hotkey, u32>,
	/// The longest that an answer took and was scored; it fades by a sixteenth with each answer.
	usual: Duration,
}

/// What is known about hangs.
#[derive(Debug, Default)]
pub(crate) struct Hangs(Mutex<Known>);

impl Hangs {
	/// How long this miner's next answer may take, where others' may take `limit`.
	pub(crate) fn limit(&self, miner: &Hotkey, limit: Duration) -> Duration {
		let known = self.known();
		let strikes = known.strikes.get(miner).copied().unwrap_or(0);
		let halvings = (strikes % CHANCE_EVERY).min(MAX_HALVINGS);
		(limit / (1 << halvings)).max(known.usual * USUAL_FACTOR).min(limit)
	}

	/// An answer was scored, in so much time.
	pub(crate) fn ended(&self, miner: &Hotkey, took: Duration) {
		let mut known = self.known();
		known.strikes.remove(miner);
		known.usual = (known.usual - known.usual / 16).max(took);
	}

	/// An answer was not.
	pub(crate) fn hung(&self, miner: &Hotkey) {
		let mut known = self.known();
		if known.strikes.len() >= MAX_MINERS && !known.strikes.contains_key(miner) {
			known.strikes.clear();
		}
		let strikes = known.strikes.entry(*miner).or_default();
		*strikes = strikes.saturating_add(1);
	}

	fn known(&self) -> MutexGuard<'_, Known> {
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const LIMIT: Duration = Duration::from_secs(64);

	#[test]
	fn each_hang_in_a_row_halves_what_the_next_may_take() {
		let (hangs, cheat, other) = (Hangs::default(), Hotkey([1; 32]), Hotkey([2; 32]));
		let limits: Vec<u64> = (0..6)
			.map(|_| {
				hangs.hung(&cheat);
				hangs.limit(&cheat, LIMIT).as_secs()
			})
			.collect();
		assert_eq!(limits, [32, 16, 8, 4, 4, 4]);
		assert_eq!(hangs.limit(&other, LIMIT), LIMIT);
		hangs.ended(&cheat, Duration::from_secs(1));
		assert_eq!(hangs.limit(&cheat, LIMIT), LIMIT);
	}

	#[test]
	fn one_answer_in_sixteen_has_its_whole_time() {
		let (hangs, slow) = (Hangs::default(), Hotkey([1; 32]));
		let whole = |_: &u32| {
			hangs.hung(&slow);
			hangs.limit(&slow, LIMIT) == LIMIT
		};
		assert_eq!((1..=48).filter(whole).collect::<Vec<u32>>(), [16, 32, 48]);
	}

	#[test]
	fn a_scorer_that_is_slow_with_everybody_makes_nobodys_time_short() {
		let (hangs, miner, other) = (Hangs::default(), Hotkey([1; 32]), Hotkey([2; 32]));
		hangs.ended(&other, Duration::from_secs(5));
		for _ in 0..4 {
			hangs.hung(&miner);
		}
		assert_eq!(hangs.limit(&miner, LIMIT), Duration::from_secs(20));
		hangs.ended(&other, Duration::from_secs(60));
		assert_eq!(hangs.limit(&miner, LIMIT), LIMIT);
		// What was once slow is forgotten.
		for _ in 0..200 {
			hangs.ended(&other, Duration::from_millis(1));
		}
		assert_eq!(hangs.limit(&miner, LIMIT).as_secs(), 4);
	}
}
