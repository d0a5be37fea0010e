//! What the tests share: a directory, a miner with a handler, callers, and a peer that is not ours.

use std::{
	collections::HashMap,
	net::SocketAddr,
	sync::{Arc, Mutex},
	time::Duration,
};

use futures::StreamExt as _;
use libp2p::{PeerId, Stream, StreamProtocol, Swarm, SwarmBuilder, noise, swarm::SwarmEvent, tcp, yamux};
use neuron_net::{
	AdmissionPolicy, Answer, Call, CallError, Caller, Config, Directory, Handle, Identity, Incoming, Limits,
	LocalSigner, Network, PROTOCOL, RateLimit, Request, Signer, Target,
	evidence::{RequestHeader, hash_body},
	system_clock,
};
use tokio::sync::mpsc;

/// No test takes this long.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// Fails a test that hangs.
pub(crate) async fn guarded<F: Future>(work: F) -> F::Output {
	tokio::time::timeout(LONG, work).await.expect("the test hangs")
}

/// The chain's list of certificates.
#[derive(Default)]
pub(crate) struct Book(Mutex<HashMap<[u8; 32], Caller>>);

impl Book {
	pub(crate) fn add(&self, public_key: [u8; 32], uid: u16, stake_rao: u64, validator_permit: bool) {
		let caller = Caller {
			hotkey: hotkey(&public_key).hotkey(),
			uid,
			stake_rao,
			validator_permit,
		};
		self.0.lock().unwrap().insert(public_key, caller);
	}
}

impl Directory for Book {
	fn caller(&self, public_key: &[u8; 32]) -> Option<Caller> {
		self.0.lock().unwrap().get(public_key).cloned()
	}
}

/// The hotkey that goes with a network key: in these tests it is derived from it.
pub(crate) fn hotkey(public_key: &[u8; 32]) -> Arc<LocalSigner> {
	Arc::new(LocalSigner::from_seed(*public_key))
}

/// A configuration on a free port of this machine.
pub(crate) fn config(identity: Identity) -> Config {
	let signer = hotkey(&identity.public_key());
	Config {
		admission: generous(),
		limits: patient(),
		..Config::new(loopback(), identity, signer)
	}
}

/// A policy under which quotas do not get in the way.
pub(crate) fn generous() -> AdmissionPolicy {
	AdmissionPolicy {
		rate: RateLimit {
			burst: 10_000,
			refill: Duration::from_millis(1),
		},
		max_concurrent_per_hotkey: 1_000,
		max_in_flight: 1_000,
		..AdmissionPolicy::default()
	}
}

/// Limits whose times no slow machine reaches.
pub(crate) fn patient() -> Limits {
	Limits {
		connect_timeout: LONG,
		request_timeout: LONG,
		write_timeout: LONG,
		idle_timeout: LONG,
		..Limits::default()
	}
}

pub(crate) fn loopback() -> SocketAddr {
	"127.0.0.1:0".parse().unwrap()
}

pub(crate) async fn start(
	identity: Identity,
	book: &Arc<Book>,
	admission: AdmissionPolicy,
	limits: Limits,
) -> (Handle, Incoming) {
	let config = Config {
		admission,
		limits,
		..config(identity)
	};
	Network::start(config, Arc::clone(book) as Arc<dyn Directory>)
		.await
		.unwrap()
}

/// A network that only calls and is known with a validator permit under `uid`.
pub(crate) async fn validator(book: &Arc<Book>, uid: u16) -> Handle {
	let identity = Identity::generate();
	book.add(identity.public_key(), uid, 0, true);
	start(identity, book, generous(), patient()).await.0
}

/// A network that only calls and is known to nobody.
pub(crate) async fn stranger(book: &Arc<Book>) -> Handle {
	start(Identity::generate(), book, generous(), patient()).await.0
}

pub(crate) fn target(of: &Handle) -> Target {
	Target {
		hotkey: of.hotkey(),
		public_key: of.public_key(),
		addr: of.local_addr(),
	}
}

/// A request as the peer with this network key sends it to this miner.
pub(crate) fn signed(public_key: &[u8; 32], miner: &Handle, request: Request) -> Call {
	let issued_at_ms = system_clock()();
	let signer = hotkey(public_key);
	let header = RequestHeader {
		network: [0; 32],
		caller: signer.hotkey(),
		miner: miner.hotkey(),
		issued_at_ms,
		mechanism: request.mechanism.clone(),
		version: request.version,
		nonce: request.nonce,
		deadline_ms: request.deadline_ms,
		body_hash: hash_body(&request.body),
	};
	Call {
		issued_at_ms,
		signature: header.sign(&*signer).signature,
		request,
	}
}

pub(crate) fn request(body: impl Into<Vec<u8>>) -> Request {
	Request {
		mechanism: "test".into(),
		version: 1,
		nonce: [42; 32],
		deadline_ms: 120_000,
		body: body.into(),
	}
}

/// The chunks of an answer and how it ended.
pub(crate) async fn collect(mut answer: Answer) -> (Vec<Vec<u8>>, Option<CallError>) {
	let mut chunks = Vec::new();
	while let Some(item) = answer.next().await {
		match item {
			Ok(chunk) => chunks.push(chunk),
			Err(error) => return (chunks, Some(error)),
		}
	}
	(chunks, None)
}

/// Calls and expects a complete answer of one chunk that repeats the body.
pub(crate) async fn expect_echo(caller: &Handle, miner: &Handle, body: &[u8]) {
	let answer = guarded(caller.call(target(miner), request(body), LONG)).await.unwrap();
	let (chunks, error) = guarded(collect(answer)).await;
	assert!(error.is_none(), "{error:?}");
	assert_eq!(chunks, [body.to_vec()]);
}

/// Calls and expects an error.
pub(crate) async fn expect_error(caller: &Handle, miner: &Handle, body: &[u8]) -> CallError {
	guarded(caller.call(target(miner), request(body), LONG))
		.await
		.expect_err("the call should have failed")
}

/// Answers every request with its body; reports the bodies in order.
pub(crate) fn spawn_echo(mut incoming: Incoming) -> mpsc::UnboundedReceiver<Vec<u8>> {
	let (seen, report) = mpsc::unbounded_channel();
	tokio::spawn(async move {
		while let Some(mut incoming) = incoming.next().await {
			let _ = seen.send(incoming.request.body.clone());
			let _ = incoming.responder.send(incoming.request.body).await;
			incoming.responder.finish().await;
		}
	});
	report
}

/// A peer that opens and takes raw streams through libp2p's own code.
pub(crate) struct RawPeer {
	pub(crate) public_key: [u8; 32],
	pub(crate) addr: SocketAddr,
	control: libp2p_stream::Control,
	/// One entry for each connection that closed.
	pub(crate) closed: mpsc::UnboundedReceiver<PeerId>,
	dial: mpsc::UnboundedSender<libp2p::Multiaddr>,
}

impl RawPeer {
	pub(crate) async fn start() -> Self {
		let mut swarm: Swarm<libp2p_stream::Behaviour> = SwarmBuilder::with_new_identity()
			.with_tokio()
			.with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
			.unwrap()
			.with_behaviour(|_| libp2p_stream::Behaviour::new())
			.unwrap()
			.with_swarm_config(|config| config.with_idle_connection_timeout(LONG))
			.build();
		let public_key = public_key(swarm.local_peer_id());
		let control = swarm.behaviour().new_control();
		swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
		let port = loop {
			if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
				break address.to_string().rsplit('/').next().unwrap().parse::<u16>().unwrap();
			}
		};
		let (seen, closed) = mpsc::unbounded_channel();
		let (dial, mut dials) = mpsc::unbounded_channel();
		tokio::spawn(async move {
			loop {
				tokio::select! {
					event = swarm.select_next_some() => if let SwarmEvent::ConnectionClosed { peer_id, .. } = event {
						let _ = seen.send(peer_id);
					},
					address = dials.recv() => match address {
						Some(address) => swarm.dial(address).unwrap(),
						None => return,
					},
				}
			}
		});
		Self {
			public_key,
			addr: SocketAddr::from(([127, 0, 0, 1], port)),
			control,
			closed,
			dial,
		}
	}

	pub(crate) fn target(&self) -> Target {
		Target {
			hotkey: hotkey(&self.public_key).hotkey(),
			public_key: self.public_key,
			addr: self.addr,
		}
	}

	/// Connects, without waiting for it.
	pub(crate) fn connect(&self, miner: &Handle) {
		let peer = peer_id(&miner.public_key());
		let address = format!("/ip4/127.0.0.1/tcp/{}/p2p/{peer}", miner.local_addr().port());
		self.dial.send(address.parse().unwrap()).unwrap();
	}

	/// Connects and opens a stream of the synapse protocol.
	pub(crate) async fn open(&mut self, miner: &Handle) -> Stream {
		self.connect(miner);
		self.reopen(miner).await
	}

	/// Opens one more stream on the connection that is there.
	pub(crate) async fn reopen(&mut self, miner: &Handle) -> Stream {
		self.open_as(miner, PROTOCOL).await
	}

	/// Opens a stream of another protocol on the connection that is there.
	pub(crate) async fn open_as(&mut self, miner: &Handle, protocol: &'static str) -> Stream {
		let peer = peer_id(&miner.public_key());
		guarded(async {
			loop {
				// Fails until the connection is up.
				if let Ok(stream) = self.control.open_stream(peer, StreamProtocol::new(protocol)).await {
					return stream;
				}
				tokio::time::sleep(Duration::from_millis(10)).await;
			}
		})
		.await
	}

	/// Takes streams of the synapse protocol.
	pub(crate) fn accept(&mut self) -> libp2p_stream::IncomingStreams {
		self.accept_as(PROTOCOL)
	}

	/// Takes streams of another protocol.
	pub(crate) fn accept_as(&mut self, protocol: &'static str) -> libp2p_stream::IncomingStreams {
		self.control.accept(StreamProtocol::new(protocol)).unwrap()
	}
}

fn public_key(peer: &PeerId) -> [u8; 32] {
	let key = libp2p::identity::PublicKey::try_decode_protobuf(peer.as_ref().digest()).unwrap();
	key.try_into_ed25519().unwrap().to_bytes()
}

fn peer_id(public_key: &[u8; 32]) -> PeerId {
	let key = libp2p::identity::ed25519::PublicKey::try_from_bytes(public_key).unwrap();
	libp2p::identity::PublicKey::from(key).to_peer_id()
}
