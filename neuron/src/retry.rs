//! Waiting before another try: longer each time, never longer than a bound.

use std::time::Duration;

/// The first wait.
pub const FIRST_DELAY: Duration = Duration::from_millis(500);
/// The longest wait.
pub const MAX_DELAY: Duration = Duration::from_secs(30);

/// Doubles from [`FIRST_DELAY`] to [`MAX_DELAY`] until it is reset.
#[derive(Debug)]
pub struct Backoff {
	next: Duration,
}

impl Default for Backoff {
	fn default() -> Self {
		Self { next: FIRST_DELAY }
	}
}

impl Backoff {
	/// The wait before the next try.
	pub fn delay(&mut self) -> Duration {
		let delay = self.next;
		self.next = (delay * 2).min(MAX_DELAY);
		delay
	}

	/// Starts over, after a success.
	pub fn reset(&mut self) {
		*self = Self::default();
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn grows_to_the_bound_and_starts_over() {
		let mut backoff = Backoff::default();
		let delays: Vec<_> = (0..20).map(|_| backoff.delay()).collect();
		assert_eq!(delays[..3], [500, 1000, 2000].map(Duration::from_millis));
		assert!(delays.is_sorted() && delays[19] == MAX_DELAY);
		backoff.reset();
		assert_eq!(backoff.delay(), FIRST_DELAY);
	}
}
