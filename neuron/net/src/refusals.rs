//! Refusals: how many there were, and those that are held back.

use std::{
	sync::atomic::{AtomicU64, Ordering},
	time::Duration,
};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::message::Refusal;

/// How long a refusal of somebody who asks too often, or is unknown, is held back: who asks again as soon as it hears
/// costs less that way, and who waits as it is told loses nothing.
const REFUSAL_DELAY: Duration = Duration::from_millis(100);
/// Most refusals that are held back at a time; the rest goes out at once.
const MAX_DELAYED_REFUSALS: usize = 128;

/// What refusals are counted under.
const REASONS: [&str; 8] = [
	"unknown",
	"not permitted",
	"rate limited",
	"busy",
	"malformed",
	"skewed clock",
	"forged",
	"stopping",
];

/// What one network knows about its refusals.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
	pub(crate) counts: RefusalCounts,
	pub(crate) held: HeldRefusals,
}

/// Refusals before anybody has seen the request: counts since the start, by reason.
#[derive(Debug, Default)]
pub(crate) struct RefusalCounts([AtomicU64; REASONS.len()]);

impl RefusalCounts {
	pub(crate) fn count(&self, refusal: &Refusal) {
		let reason = match refusal {
			Refusal::UnknownPeer => 0,
			Refusal::NotPermitted { .. } => 1,
			Refusal::RateLimited { .. } => 2,
			Refusal::Busy { .. } => 3,
			Refusal::Skewed { .. } => 5,
			Refusal::Forged => 6,
			Refusal::Failed(_) => 7,
			_ => 4,
		};
		if let Some(counter) = self.0.get(reason) {
			counter.fetch_add(1, Ordering::Relaxed);
		}
	}

	pub(crate) fn read(&self) -> Vec<(&'static str, u64)> {
		let counts = self.0.iter().map(|counter| counter.load(Ordering::Relaxed));
		REASONS.into_iter().zip(counts).collect()
	}
}

/// Holds refusals back.
#[derive(Debug)]
pub(crate) struct HeldRefusals(Semaphore);

impl Default for HeldRefusals {
	fn default() -> Self {
		Self(Semaphore::new(MAX_DELAYED_REFUSALS))
	}
}

impl HeldRefusals {
	/// Returns after [`REFUSAL_DELAY`]; at once where too many wait already, or `draining` is cancelled.
	pub(crate) async fn hold(&self, draining: &CancellationToken) {
		if let Ok(_held) = self.0.try_acquire() {
			tokio::select! {
				() = tokio::time::sleep(REFUSAL_DELAY) => {},
				() = draining.cancelled() => {},
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use std::time::Instant;

	use futures::FutureExt;

	use super::*;

	#[tokio::test]
	async fn a_refusal_is_held_back_unless_too_many_are() {
		let (held, draining) = (HeldRefusals::default(), CancellationToken::new());
		let asked = Instant::now();
		held.hold(&draining).await;
		assert!(asked.elapsed() >= REFUSAL_DELAY, "who asks again at once hears sooner");
		let mut waiting: Vec<_> = (0..MAX_DELAYED_REFUSALS)
			.map(|_| Box::pin(held.hold(&draining)))
			.collect();
		for refusal in &mut waiting {
			assert!(refusal.now_or_never().is_none(), "it went out at once");
		}
		assert!(held.hold(&draining).now_or_never().is_some(), "one too many waits");
		drop(waiting);
		assert!(
			held.hold(&draining).now_or_never().is_none(),
			"a place was not given back"
		);
	}

	#[tokio::test]
	async fn nothing_is_held_back_from_a_node_that_stops() {
		let (held, draining) = (HeldRefusals::default(), CancellationToken::new());
		draining.cancel();
		assert!(held.hold(&draining).now_or_never().is_some());
	}

	#[test]
	fn each_kind_is_counted_under_its_reason() {
		let counts = RefusalCounts::default();
		counts.count(&Refusal::UnknownPeer);
		counts.count(&Refusal::Forged);
		counts.count(&Refusal::Forged);
		counts.count(&Refusal::Malformed("no frame".into()));
		counts.count(&Refusal::Busy { retry_after_ms: 1 });
		let read: Vec<_> = counts.read().into_iter().filter(|(_, count)| *count > 0).collect();
		assert_eq!(read, [("unknown", 1), ("busy", 1), ("malformed", 1), ("forged", 2)]);
	}
}
