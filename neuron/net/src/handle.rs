//! The caller's end of a network.

use std::{
	net::SocketAddr,
	sync::{Arc, PoisonError, RwLock},
	time::Duration,
};

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};
use tokio::{
	sync::{Semaphore, mpsc, oneshot, watch},
	time::{Instant, timeout_at},
};

use crate::{
	answer::{Answer, CallError, Outgoing},
	config::{Clock, MAX_WAIT},
	evidence::{Parties, RequestHeader, Signer},
	frame::{self, Frame as _, FrameError},
	identity::peer_id_of,
	message::{Call, Request},
	pool::{Pool, Session},
	reach::Reach,
	refusals::Refusals,
	streams::{OpenError, Opened, Opening},
};

/// Most peers that are taken from one [`Handle::introduce`].
pub const MAX_INTRODUCED: usize = 256;

/// Tries to open a stream: where the connection in use turns out to be closing, the second one dials anew.
const OPENING_ATTEMPTS: usize = 2;

/// A peer to call, as the chain describes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
	/// The hotkey that has to sign the answer.
	pub hotkey: [u8; 32],
	/// The key that the peer must prove, from its certificate.
	pub public_key: [u8; 32],
	/// Where it listens, or where its relay does.
	pub addr: SocketAddr,
}

/// What the task that owns the swarm is told to do.
pub(crate) enum Command {
	Open {
		peer: PeerId,
		addresses: Vec<Multiaddr>,
		/// Dial even where a connection is up.
		anew: bool,
		opening: Opening,
	},
	/// Peers that the chain knows, to ask for others' addresses.
	Introduce {
		peers: Vec<(PeerId, Multiaddr)>,
	},
	ShutDown {
		done: oneshot::Sender<()>,
	},
}

/// Calls peers; cheap to clone.
///
/// The network runs until [`Handle::shutdown`], or until every handle and the [`crate::Incoming`] are dropped.
#[derive(Clone)]
pub struct Handle {
	pub(crate) commands: mpsc::Sender<Command>,
	pub(crate) local_addr: SocketAddr,
	pub(crate) public_key: [u8; 32],
	pub(crate) calls: Arc<Semaphore>,
	pub(crate) pool: Arc<Pool>,
	pub(crate) signer: Arc<dyn Signer>,
	pub(crate) network: [u8; 32],
	pub(crate) model_hash: Arc<RwLock<[u8; 32]>>,
	pub(crate) refusals: Arc<Refusals>,
	pub(crate) clock: Clock,
	pub(crate) quic_first: bool,
	pub(crate) reach: watch::Receiver<Reach>,
}

impl std::fmt::Debug for Handle {
	fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		formatter
			.debug_struct("Handle")
			.field("local_addr", &self.local_addr)
			.field("public_key", &hex::encode(self.public_key))
			.finish_non_exhaustive()
	}
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

	/// The hotkey that signs.
	pub fn hotkey(&self) -> [u8; 32] {
		self.signer.hotkey()
	}

	/// How peers reach this node, as far as it is known; changes as tests come back.
	pub fn reach(&self) -> watch::Receiver<Reach> {
		self.reach.clone()
	}

	/// The model that answers are signed for from now on; zeros, as at the start, for none.
	pub fn set_model_hash(&self, hash: [u8; 32]) {
		*self.model_hash.write().unwrap_or_else(PoisonError::into_inner) = hash;
	}

	/// How many requests were refused since the start before anybody saw them: words for the reasons, all of them, with
	/// the counts.
	pub fn refusals(&self) -> Vec<(&'static str, u64)> {
		self.refusals.counts.read()
	}

	/// Names peers that can be asked where others are: the neurons that the chain lists. At most
	/// [`MAX_INTRODUCED`] of them are taken.
	pub async fn introduce(&self, peers: impl IntoIterator<Item = ([u8; 32], SocketAddr)>) {
		let peers = peers.into_iter().take(MAX_INTRODUCED);
		let peers = peers
			.filter_map(|(key, addr)| Some((peer_id_of(&key)?, multiaddr(addr))))
			.collect();
		// An error means that the network has ended.
		drop(self.commands.send(Command::Introduce { peers }).await);
	}

	/// Sends a request to a peer and returns its answer once the peer has accepted it.
	///
	/// The peer must prove the key of `target`, and its answer be signed by the hotkey of `target`; a connection with it
	/// that is already up is used. The deadline counts from now and covers the connection and the whole answer. Dropping
	/// this future, or the answer, cancels the call.
	///
	/// # Errors
	/// The request is invalid, the peer cannot be reached, is another one, refuses, or is too slow.
	pub async fn call(&self, target: Target, request: Request, deadline: Duration) -> Result<Answer, CallError> {
		let deadline = deadline.min(MAX_WAIT);
		let until = Instant::now() + deadline;
		let late = |_| CallError::DeadlinePassed { deadline };
		let invalid = |reason| FrameError::Invalid {
			frame: Call::NAME,
			reason,
		};
		request
			.check()
			.map_err(|reason| CallError::InvalidRequest(invalid(reason)))?;
		let peer = peer_id_of(&target.public_key).ok_or_else(|| CallError::InvalidKey {
			public_key: hex::encode(target.public_key),
		})?;
		let slot = timeout_at(until, Arc::clone(&self.calls).acquire_owned())
			.await
			.map_err(late)?;
		let slot = Arc::new(slot.map_err(|_| CallError::ShutDown)?);
		let outgoing = self.sign(peer, &target, request, (until, deadline))?;
		if let Some(session) = self.pool.take(&peer) {
			// The peer may have given this stream up meanwhile. Nothing has come of the request then, and it is sent again.
			match Answer::begin(session, &outgoing, &self.pool, &slot).await {
				Err(CallError::Broken(reason)) => tracing::debug!(%peer, reason, "a stream was stale"),
				begun => return begun,
			}
		}
		let opened = timeout_at(until, self.open(peer, target.addr)).await.map_err(late)??;
		let session = Session::new(opened.0, opened.1);
		Answer::begin(session, &outgoing, &self.pool, &slot).await
	}

	fn sign(
		&self,
		peer: PeerId,
		target: &Target,
		request: Request,
		(until, deadline): (Instant, Duration),
	) -> Result<Outgoing, CallError> {
		let parties = Parties {
			network: self.network,
			caller: self.signer.hotkey(),
			miner: target.hotkey,
		};
		let header = RequestHeader::of(&request, &parties, (self.clock)());
		let request_hash = header.hash();
		let signed = header.sign(&*self.signer);
		let call = Call {
			issued_at_ms: signed.header.issued_at_ms,
			signature: signed.signature,
			request,
		};
		Ok(Outgoing {
			peer,
			request_hash,
			signed,
			bytes: frame::encode(&call).map_err(CallError::InvalidRequest)?,
			until,
			deadline,
		})
	}

	async fn open(&self, peer: PeerId, addr: SocketAddr) -> Result<Opened, CallError> {
		let mut addresses = vec![multiaddr(addr)];
		if self.quic_first {
			addresses.insert(0, quic_multiaddr(addr));
		}
		let mut outcome = OpenError::Broken("no attempt was made".into());
		for attempt in 0..OPENING_ATTEMPTS {
			let (reply, answer) = oneshot::channel();
			let command = Command::Open {
				peer,
				addresses: addresses.clone(),
				anew: attempt > 0,
				opening: Opening::new(reply),
			};
			self.commands.send(command).await.map_err(|_| CallError::ShutDown)?;
			// No answer: the connection closed before it saw the wish. Nothing of the request is out in either case.
			outcome = match answer.await {
				Ok(Ok(opened)) => return Ok(opened),
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
		OpenError::Outdated(theirs) => CallError::Outdated {
			addr,
			theirs: theirs.into(),
		},
		OpenError::Broken(reason) => CallError::Broken(reason),
		OpenError::Overloaded => CallError::Overloaded,
	}
}

/// The TCP multiaddress of a socket address.
pub(crate) fn multiaddr(addr: SocketAddr) -> Multiaddr {
	Multiaddr::from(addr.ip()).with(Protocol::Tcp(addr.port()))
}

/// The QUIC multiaddress of a socket address: the same port, over UDP.
pub(crate) fn quic_multiaddr(addr: SocketAddr) -> Multiaddr {
	Multiaddr::from(addr.ip())
		.with(Protocol::Udp(addr.port()))
		.with(Protocol::QuicV1)
}
