//! When another process may be started.

use core::time::Duration;
use std::time::Instant;

/// Counts failed starts in a row. The first is followed by a start at once, the second by one after a pause, which doubles.
#[derive(Debug)]
pub(crate) struct Backoff {
	first: Duration,
	longest: Duration,
	failures: u32,
	not_before: Option<Instant>,
}

impl Backoff {
	pub(crate) fn new(first: Duration, longest: Duration) -> Self {
		Self {
			first,
			longest,
			failures: 0,
			not_before: None,
		}
	}

	/// How long to wait from `now` on; `None` if a process may start.
	pub(crate) fn pause(&self, now: Instant) -> Option<Duration> {
		let left = self.not_before?.saturating_duration_since(now);
		(!left.is_zero()).then_some(left)
	}

	pub(crate) fn failed(&mut self, now: Instant) {
		self.failures = self.failures.saturating_add(1);
		let doublings = self.failures.checked_sub(2);
		let pause = doublings.map(|doublings| {
			let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
			self.first.saturating_mul(factor).min(self.longest)
		});
		self.not_before = pause.and_then(|pause| now.checked_add(pause));
	}

	pub(crate) fn succeeded(&mut self) {
		self.failures = 0;
		self.not_before = None;
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn pauses_double_up_to_the_longest_and_end_with_a_success() {
		let second = Duration::from_secs(1);
		let mut backoff = Backoff::new(second, 5 * second);
		let now = Instant::now();
		let mut pauses = Vec::new();
		for _ in 0..40 {
			backoff.failed(now);
			pauses.push(backoff.pause(now).map_or(0, |pause| pause.as_secs()));
		}
		assert_eq!(pauses[..6], [0, 1, 2, 4, 5, 5]);
		assert_eq!(pauses[39], 5);
		assert_eq!(backoff.pause(now + 5 * second), None);
		backoff.succeeded();
		assert_eq!(backoff.pause(now), None);
	}
}
