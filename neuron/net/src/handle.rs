//! The caller's end of a network.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use libp2p::{Multiaddr, PeerId, Stream, multiaddr::Protocol};
use tokio::{
	sync::{Semaphore, mpsc, oneshot},
	time::{Instant, timeout_at},
};

use crate::{
	answer::{Answer, CallError},
	config::MAX_WAIT,
	frame,
	identity::peer_id_of,
	message::Request,
	streams::{OpenError, Opening},
};

/// Tries to open a stream: where the connection in use turns out to be closing, the second one dials anew.
const OPENING_ATTEMPTS: usize = 2;

/// A peer to call, as the chain describes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
	/// The key that the peer must prove, from its certificate.
	pub public_key: [u8; 32],
	/// Where it listens.
	pub addr: SocketAddr,
}

/// What the task that owns the swarm is told to do.
pub(crate) enum Command {
	Open {
		peer: PeerId,
		address: Multiaddr,
		/// Dial even where a connection is up.
		anew: bool,
		opening: Opening,
	},
	ShutDown {
		done: oneshot::Sender<()>,
	},
}

/// Calls peers; cheap to clone.
///
/// The network runs until [`Handle::shutdown`], or until every handle and the [`crate::Incoming`] are dropped.
#[derive(Clone, Debug)]
pub struct Handle {
	pub(crate) commands: mpsc::Sender<Command>,
	pub(crate) local_addr: SocketAddr,
	pub(crate) public_key: [u8; 32],
	pub(crate) calls: Arc<Semaphore>,
}

impl Handle {
	/// Where this network listens; the port is the real one where 0 was asked for.
	pub fn local_addr(&self) -> SocketAddr {
		self.local_addr
	}

	/// The public key that peers see.
	pub fn public_key(&self) -> [u8; 32] {
		self.public_key
	}

	/// Sends a request to a peer and returns its answer once the peer has accepted it.
	///
	/// The peer must prove the key of `target`; a connection with it that is already up is used. The deadline counts
	/// from now and covers the connection and the whole answer. Dropping this future, or the answer, cancels the call.
	///
	/// # Errors
	/// The request is invalid, the peer cannot be reached, is another one, refuses, or is too slow.
	pub async fn call(&self, target: Target, request: Request, deadline: Duration) -> Result<Answer, CallError> {
		let deadline = deadline.min(MAX_WAIT);
		let until = Instant::now() + deadline;
		let late = |_| CallError::DeadlinePassed { deadline };
		let bytes = frame::encode(&request).map_err(CallError::InvalidRequest)?;
		let peer = peer_id_of(&target.public_key).ok_or_else(|| CallError::InvalidKey {
			public_key: hex::encode(target.public_key),
		})?;
		let slot = timeout_at(until, Arc::clone(&self.calls).acquire_owned())
			.await
			.map_err(late)?;
		let slot = slot.map_err(|_| CallError::ShutDown)?;
		let stream = timeout_at(until, self.open(peer, target.addr)).await.map_err(late)??;
		Answer::begin(stream, &bytes, request.nonce, (until, deadline), slot).await
	}

	async fn open(&self, peer: PeerId, addr: SocketAddr) -> Result<Stream, CallError> {
		let address = multiaddr(addr).with(Protocol::P2p(peer));
		let mut outcome = OpenError::Broken("no attempt was made".into());
		for attempt in 0..OPENING_ATTEMPTS {
			let (reply, answer) = oneshot::channel();
			let (address, anew) = (address.clone(), attempt > 0);
			let command = Command::Open {
				peer,
				address,
				anew,
				opening: Opening { reply },
			};
			self.commands.send(command).await.map_err(|_| CallError::ShutDown)?;
			// No answer: the connection closed before it saw the wish. Nothing of the request is out in either case.
			outcome = match answer.await {
				Ok(Ok(stream)) => return Ok(stream),
				Ok(Err(OpenError::Broken(reason))) => OpenError::Broken(reason),
				Ok(Err(error)) => return Err(describe(error, peer, addr)),
				Err(_) => OpenError::Broken("the connection closed while the stream was being opened".into()),
			};
		}
		Err(describe(outcome, peer, addr))
	}

	/// Stops taking requests, lets those in flight finish within the grace of [`crate::Limits`], closes every connection.
	pub async fn shutdown(self) {
		let (done, finished) = oneshot::channel();
		if self.commands.send(Command::ShutDown { done }).await.is_ok() {
			// An error means that the network has ended, which is what was asked for.
			drop(finished.await);
		}
	}
}

fn describe(error: OpenError, peer: PeerId, addr: SocketAddr) -> CallError {
	match error {
		OpenError::Unreachable(reason) => CallError::Unreachable { addr, reason },
		OpenError::WrongPeer(obtained) => CallError::WrongPeer {
			addr,
			expected: peer.to_base58(),
			obtained: obtained.to_base58(),
		},
		OpenError::Unsupported => CallError::Unsupported { addr },
		OpenError::Broken(reason) => CallError::Broken(reason),
		OpenError::Overloaded => CallError::Overloaded,
	}
}

/// The TCP multiaddress of a socket address.
pub(crate) fn multiaddr(addr: SocketAddr) -> Multiaddr {
	Multiaddr::from(addr.ip()).with(Protocol::Tcp(addr.port()))
}
