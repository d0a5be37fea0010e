//! Whoever asked a miner, for as long as it listens.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Act = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
	has_left: bool,
	last_number: u64,
	/// What is to be done when it leaves; each belongs to a [`Watching`], so there are as many as pieces of work.
	acts: BTreeMap<u64, Act>,
}

/// The caller of a miner. Cheap to clone; all clones are the same caller.
///
/// A closed sink tells a mechanism that its caller has gone, yet only when there is a chunk to send. Work that sends nothing
/// for long, such as a request that waits for its turn or reads a long prompt, asks here instead.
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
/// use std::sync::Arc;
/// use subnet_sdk::Listener;
///
/// let listener = Listener::default();
/// let stopped = Arc::new(AtomicBool::new(false));
/// let stop = stopped.clone();
/// let watching = listener.when_gone(move || stop.store(true, Relaxed));
/// listener.leave();
/// assert!(listener.has_left() && stopped.load(Relaxed));
/// drop(watching);
/// ```
#[derive(Clone, Default)]
pub struct Listener(Arc<Mutex<State>>);

impl Listener {
	/// Whether it has gone.
	pub fn has_left(&self) -> bool {
		self.state().has_left
	}

	/// It goes, for good: everybody who wanted to know is told, on this thread.
	pub fn leave(&self) {
		let acts = {
			let mut state = self.state();
			state.has_left = true;
			std::mem::take(&mut state.acts)
		};
		// Not under the lock: they may ask whether it has gone.
		acts.into_values().for_each(|act| act());
	}

	/// Does this once when it goes, or now if it has gone; not any more once what is returned is dropped. It must not wait for
	/// anything.
	pub fn when_gone(&self, act: impl FnOnce() + Send + 'static) -> Watching {
		let mut state = self.state();
		if state.has_left {
			drop(state);
			act();
			return Watching(None);
		}
		state.last_number += 1;
		let number = state.last_number;
		state.acts.insert(number, Box::new(act));
		drop(state);
		Watching(Some((self.clone(), number)))
	}

	fn state(&self) -> MutexGuard<'_, State> {
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

impl fmt::Debug for Listener {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter
			.debug_struct("Listener")
			.field("has_left", &self.has_left())
			.finish_non_exhaustive()
	}
}

/// For as long as it lives, something is done when a [`Listener`] goes.
#[derive(Debug)]
#[must_use = "nothing is done any more once it is dropped"]
pub struct Watching(Option<(Listener, u64)>);

impl Drop for Watching {
	fn drop(&mut self) {
		if let Some((listener, number)) = &self.0 {
			// Dropped after the lock is free: what it holds may be anything.
			let act = listener.state().acts.remove(number);
			drop(act);
		}
	}
}

#[cfg(test)]
mod tests {
	use std::sync::atomic::{AtomicU32, Ordering};

	use super::*;

	#[test]
	fn whoever_watches_is_told_once_and_nobody_else() {
		let told = Arc::new(AtomicU32::new(0));
		let tell = |more: u32| {
			let told = told.clone();
			move || {
				told.fetch_add(more, Ordering::Relaxed);
			}
		};
		let listener = Listener::default();
		let _first = listener.when_gone(tell(1));
		drop(listener.when_gone(tell(10)));
		assert!(!listener.has_left());
		listener.clone().leave();
		listener.leave();
		// Late, so at once.
		let _late = listener.when_gone(tell(100));
		assert_eq!(told.load(Ordering::Relaxed), 101);
	}
}
