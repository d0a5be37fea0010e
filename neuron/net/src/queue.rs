//! Requests that wait for the miner: a queue by stake in which everybody's turn comes.
//!
//! Each request gets a place when it comes: its time of arrival, less [`AdmissionPolicy::ageing`] for each doubling of
//! its caller's stake. The lowest place is served first. So a request with more stake overtakes those that came a little
//! before it, and none that has waited for longer than the difference in stake is worth: nobody starves. In a full queue
//! a newcomer with a lower place than the last one takes the last one's room, which is told "busy".
//!
//! [`AdmissionPolicy::ageing`]: crate::AdmissionPolicy::ageing

use std::{
	collections::BTreeMap,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::Duration,
};

use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{message::Refusal, responder::IncomingRequest};

/// A place in the queue, in microseconds, and a number that tells equal ones apart.
type Place = (i64, u64);

#[derive(Default)]
struct Waiting {
	requests: BTreeMap<Place, IncomingRequest>,
	arrivals: u64,
	closed: bool,
}

/// The queue between the server and [`crate::Incoming`].
pub(crate) struct Queue {
	waiting: Mutex<Waiting>,
	changed: Notify,
	/// Cancelled once nobody takes requests any more.
	abandoned: CancellationToken,
	start: Instant,
	ageing: Duration,
	capacity: usize,
}

/// Why a request does not wait.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum NotQueued {
	Full,
	Abandoned,
}

impl Queue {
	pub(crate) fn new(capacity: usize, ageing: Duration) -> Arc<Self> {
		Arc::new(Self {
			waiting: Mutex::default(),
			changed: Notify::new(),
			abandoned: CancellationToken::new(),
			start: Instant::now(),
			ageing,
			capacity,
		})
	}

	fn waiting(&self) -> MutexGuard<'_, Waiting> {
		// Every change is complete before anything that could panic.
		self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Lets a request wait; `busy` is what the one that has to leave for it is told.
	pub(crate) fn push(&self, request: IncomingRequest, now: Instant, busy: &Refusal) -> Result<(), NotQueued> {
		if self.abandoned.is_cancelled() {
			return Err(NotQueued::Abandoned);
		}
		let mut waiting = self.waiting();
		let place = (
			place_us(
				now.saturating_duration_since(self.start),
				self.ageing,
				request.caller.stake_rao,
			),
			waiting.arrivals,
		);
		waiting.arrivals += 1;
		if waiting.requests.len() >= self.capacity {
			waiting.requests.retain(|_, request| !request.responder.is_closed());
		}
		if waiting.requests.len() >= self.capacity {
			match waiting.requests.last_entry() {
				Some(last) if place < *last.key() => last.remove().responder.turn_away(busy.clone()),
				_ => return Err(NotQueued::Full),
			}
		}
		waiting.requests.insert(place, request);
		drop(waiting);
		self.changed.notify_one();
		Ok(())
	}

	/// The request whose turn it is; `None` once the server has ended and nothing waits.
	pub(crate) async fn pop(&self) -> Option<IncomingRequest> {
		loop {
			let changed = self.changed.notified();
			{
				let mut waiting = self.waiting();
				while let Some((_, request)) = waiting.requests.pop_first() {
					// Whoever has gone away needs no work.
					if !request.responder.is_closed() {
						return Some(request);
					}
				}
				if waiting.closed {
					return None;
				}
			}
			changed.await;
		}
	}

	/// No more requests will come.
	pub(crate) fn close(&self) {
		self.waiting().closed = true;
		self.changed.notify_one();
	}

	/// Nobody will take requests any more: those that wait are told that the work failed.
	pub(crate) fn abandon(&self) {
		self.abandoned.cancel();
		self.waiting().requests.clear();
	}

	/// Waits until nobody takes requests any more.
	pub(crate) async fn abandoned(&self) {
		self.abandoned.cancelled().await;
	}
}

impl std::fmt::Debug for Queue {
	fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(
			formatter,
			"Queue({} of {})",
			self.waiting().requests.len(),
			self.capacity
		)
	}
}

/// Time of arrival less what the stake is worth: `ageing` times the number of binary digits of the stake in rao.
fn place_us(arrival: Duration, ageing: Duration, stake_rao: u64) -> i64 {
	let doublings = u64::BITS - stake_rao.leading_zeros();
	let microseconds = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
	microseconds(arrival).saturating_sub(microseconds(ageing.saturating_mul(doublings)))
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
