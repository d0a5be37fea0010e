//! Streams that have carried a call and can carry the next one.
//!
//! Opening a stream costs a round trip and a few tasks' wake-ups on either side; one that has carried an answer to its
//! end is as good as new. A stream carries one call at a time: what is in flight together is on as many streams.

use std::{
	collections::{HashMap, VecDeque},
	sync::{Mutex, MutexGuard, PoisonError},
	time::Duration,
};

use futures::{
	AsyncReadExt as _,
	io::{ReadHalf, WriteHalf},
};
use libp2p::{PeerId, Stream};
use tokio::time::Instant;

use crate::frame_io::FrameReader;

/// Longest time that a stream waits for its next call. A connection counts as idle only after it.
const MAX_IDLE: Duration = Duration::from_secs(10);
/// Most streams to one peer that wait.
const MAX_IDLE_PER_PEER: usize = 256;
/// Most streams that wait.
const MAX_IDLE_STREAMS: usize = 1024;

/// The caller's end of a stream.
pub(crate) struct Session {
	pub(crate) reader: FrameReader<ReadHalf<Stream>>,
	pub(crate) writer: WriteHalf<Stream>,
	/// Whether a relay carries it.
	relayed: bool,
}

impl Session {
	pub(crate) fn new(stream: Stream, relayed: bool) -> Self {
		let (source, writer) = stream.split();
		Self {
			reader: FrameReader::new(source),
			writer,
			relayed,
		}
	}
}

struct Idle {
	session: Session,
	since: Instant,
}

#[derive(Default)]
struct Shelf {
	peers: HashMap<PeerId, VecDeque<Idle>>,
	count: usize,
}

/// Streams between two calls, by peer.
pub(crate) struct Pool {
	shelf: Mutex<Shelf>,
	max_idle: Duration,
}

impl Pool {
	/// A pool for connections that are closed after `idle_timeout`: streams wait for less than that, so that the caller
	/// gives them up before the miner does.
	pub(crate) fn new(idle_timeout: Duration) -> Self {
		Self {
			shelf: Mutex::default(),
			max_idle: MAX_IDLE.min(idle_timeout / 2),
		}
	}

	fn shelf(&self) -> MutexGuard<'_, Shelf> {
		// Every change is complete before anything that could panic.
		self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// The stream to `peer` that was used last.
	pub(crate) fn take(&self, peer: &PeerId) -> Option<Session> {
		let mut shelf = self.shelf();
		let idle = shelf.peers.get_mut(peer)?.pop_back()?;
		shelf.count -= 1;
		Some(idle.session)
	}

	/// Keeps a stream for the next call; one beyond the bounds is closed.
	pub(crate) fn put(&self, peer: PeerId, session: Session) {
		if session.reader.has_leftover() {
			// The peer has said something after the end of its answer: whatever it is, it is no answer to the next call.
			return;
		}
		let mut shelf = self.shelf();
		if shelf.count >= MAX_IDLE_STREAMS {
			return;
		}
		let streams = shelf.peers.entry(peer).or_default();
		if streams.len() < MAX_IDLE_PER_PEER {
			streams.push_back(Idle {
				session,
				since: Instant::now(),
			});
			shelf.count += 1;
		}
	}

	/// Closes what has waited for too long.
	pub(crate) fn reap(&self, now: Instant) {
		self.retain(|_, idle| now.saturating_duration_since(idle.since) < self.max_idle);
	}

	/// Closes the streams to `peer` that a relay carries: there is a direct way by now.
	pub(crate) fn forget_relayed(&self, peer: PeerId) {
		self.retain(|owner, idle| *owner != peer || !idle.session.relayed);
	}

	/// Closes everything.
	pub(crate) fn clear(&self) {
		self.retain(|_, _| false);
	}

	fn retain(&self, mut keep: impl FnMut(&PeerId, &Idle) -> bool) {
		let mut shelf = self.shelf();
		let mut count = 0;
		shelf.peers.retain(|peer, streams| {
			streams.retain(|idle| keep(peer, idle));
			count += streams.len();
			!streams.is_empty()
		});
		shelf.count = count;
	}
}

impl std::fmt::Debug for Pool {
	fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(formatter, "Pool({} streams)", self.shelf().count)
	}
}
