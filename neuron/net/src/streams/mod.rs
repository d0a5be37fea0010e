//! Raw streams of one protocol: the part of the swarm that opens them and hands them over.
//!
//! Incoming streams go to a bounded queue; what does not fit is dropped, which resets the stream. Outgoing streams are
//! asked for by peer and address: an existing connection is used, a direct one before one through a relay, else one is
//! dialed, and whoever waits learns why it failed. A peer is looked for in three places, one after the other:
//!
//! 1. at the address that the chain has;
//! 2. behind the neuron that answers there, where that is another one: a miner without an open port publishes the
//!    address of its relay;
//! 3. at the addresses that the peer itself has signed and put into the network's table (see `table`).
//!
//! Wherever it is found, it has to prove the key that the chain has.

mod handler;

use std::{
	collections::{HashMap, HashSet, VecDeque},
	num::NonZeroU8,
	sync::Arc,
	task::{Context, Poll},
	time::Duration,
};

use handler::Handler;
pub(crate) use handler::{InboundStream, OpenError, Opened, Opening};
use libp2p::{
	Multiaddr, PeerId,
	core::{Endpoint, transport::PortUse},
	multiaddr::Protocol as Part,
	swarm::{
		ConnectionClosed, ConnectionDenied, ConnectionId, DialError, DialFailure, FromSwarm, NetworkBehaviour,
		NotifyHandler, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
		behaviour::ConnectionEstablished,
		dial_opts::{DialOpts, PeerCondition},
	},
};
use tokio::{sync::mpsc, time::Instant};

use crate::pool::Pool;

/// Most callers that wait for connections to come up.
const MAX_WAITING: usize = 1024;
/// How long a relay may take to say who it is.
const MAX_APPROACH: Duration = Duration::from_secs(5);
/// Addresses of a peer are tried one by one, so that it pays for one handshake.
const ADDRESSES_AT_ONCE: NonZeroU8 = NonZeroU8::MIN;

/// Where a peer is being looked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
	/// At the address on chain.
	Published,
	/// A relay answers there: it is asked how it sees this node, which a hole punched later needs.
	Approach(PeerId),
	/// Through that relay.
	Relay,
	/// The table is being asked.
	Lookup,
	/// At the addresses that the table had.
	Found,
}

/// A peer that is being dialed, and who waits for it.
struct Dialing {
	stage: Stage,
	/// The attempt that is under way.
	connection: Option<ConnectionId>,
	/// When the stage began.
	since: Instant,
	/// The way through the relay, once one is known.
	circuit: Option<Multiaddr>,
	/// Why the address on chain did not do.
	first_error: Option<OpenError>,
	waiting: Vec<Opening>,
}

/// A connection that is up.
#[derive(Clone, Copy)]
struct Connection {
	id: ConnectionId,
	relayed: bool,
}

/// The peer's own addresses are wanted: answered by [`Behaviour::found`].
#[derive(Debug)]
pub(crate) struct Lookup(pub(crate) PeerId);

/// The swarm's side: which peers are connected, and who waits for which.
pub(crate) struct Behaviour {
	inbound: mpsc::Sender<InboundStream>,
	pool: Arc<Pool>,
	heartbeat: Duration,
	connections: HashMap<PeerId, Vec<Connection>>,
	/// Connected peers that have said who they are, and how they see this node.
	identified: HashSet<PeerId>,
	dialing: HashMap<PeerId, Dialing>,
	actions: VecDeque<ToSwarm<Lookup, Opening>>,
}

impl Behaviour {
	/// Every connection looks at itself once in a `heartbeat`, so that it notices that it is idle.
	pub(crate) fn new(inbound: mpsc::Sender<InboundStream>, pool: Arc<Pool>, heartbeat: Duration) -> Self {
		Self {
			inbound,
			pool,
			heartbeat,
			connections: HashMap::new(),
			identified: HashSet::new(),
			dialing: HashMap::new(),
			actions: VecDeque::new(),
		}
	}

	/// Opens a stream to `peer`: over a connection that is up unless `anew`, else over one to one of `addresses`, which
	/// are tried in order.
	///
	/// The swarm must be polled afterwards.
	pub(crate) fn open(&mut self, peer: PeerId, addresses: Vec<Multiaddr>, anew: bool, opening: Opening) {
		if let Some(connection) = self.best(&peer).filter(|_| !anew) {
			self.actions.push_back(request_stream(peer, connection, opening));
			return;
		}
		for dialing in self.dialing.values_mut() {
			dialing.waiting.retain(|opening| !opening.is_abandoned());
		}
		if self
			.dialing
			.values()
			.map(|dialing| dialing.waiting.len() + 1)
			.sum::<usize>()
			>= MAX_WAITING
		{
			return opening.answer(Err(OpenError::Overloaded));
		}
		if let Some(dialing) = self.dialing.get_mut(&peer) {
			return dialing.waiting.push(opening);
		}
		let connection = self.dial(peer, addresses, true);
		self.dialing.insert(
			peer,
			Dialing {
				stage: Stage::Published,
				connection: Some(connection),
				since: Instant::now(),
				circuit: None,
				first_error: None,
				waiting: vec![opening],
			},
		);
	}

	/// The peer's own addresses, as far as the table has any: the answer to a [`Lookup`].
	///
	/// The swarm must be polled afterwards.
	pub(crate) fn found(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
		if self
			.dialing
			.get(&peer)
			.is_none_or(|dialing| dialing.stage != Stage::Lookup)
		{
			return;
		}
		if addresses.is_empty() {
			return self.give_up(peer);
		}
		self.advance(peer, Stage::Found, addresses);
	}

	/// A connected peer has said who it is.
	///
	/// The swarm must be polled afterwards.
	pub(crate) fn identified(&mut self, relay: PeerId) {
		self.identified.insert(relay);
		let waiting = self
			.dialing
			.iter()
			.filter(|(_, dialing)| dialing.stage == Stage::Approach(relay));
		let peers: Vec<PeerId> = waiting.map(|(peer, _)| *peer).collect();
		for peer in peers {
			self.enter_circuit(peer);
		}
	}

	/// Goes on without relays that take too long to say who they are.
	///
	/// The swarm must be polled afterwards.
	pub(crate) fn expire(&mut self, now: Instant) {
		for (peer, dialing) in &mut self.dialing {
			let late = now.saturating_duration_since(dialing.since) > MAX_APPROACH;
			if late && matches!(dialing.stage, Stage::Approach(_)) {
				dialing.stage = Stage::Lookup;
				self.actions.push_back(ToSwarm::GenerateEvent(Lookup(*peer)));
			}
		}
	}

	fn enter_circuit(&mut self, peer: PeerId) {
		let circuit = self.dialing.get(&peer).and_then(|dialing| dialing.circuit.clone());
		if let Some(circuit) = circuit {
			self.advance(peer, Stage::Relay, vec![circuit]);
		}
	}

	/// Gets in touch with the relay at `address`; over a connection that may serve to punch a hole later.
	fn approach(&mut self, peer: PeerId, relay: PeerId, address: &Multiaddr) {
		if let Some(dialing) = self.dialing.get_mut(&peer) {
			dialing.circuit = Some(through(address, relay));
		}
		if self.identified.contains(&relay) {
			return self.enter_circuit(peer);
		}
		let direct = address.iter().filter(|part| !matches!(part, Part::P2p(_))).collect();
		let connection = self.dial(relay, vec![direct], false);
		if let Some(dialing) = self.dialing.get_mut(&peer) {
			dialing.stage = Stage::Approach(relay);
			dialing.since = Instant::now();
			dialing.connection = Some(connection);
		}
	}

	/// The newest direct connection, else the newest.
	fn best(&self, peer: &PeerId) -> Option<Connection> {
		let connections = self.connections.get(peer)?;
		let direct = connections.iter().rev().find(|connection| !connection.relayed);
		direct.or(connections.last()).copied()
	}

	fn dial(&mut self, peer: PeerId, addresses: Vec<Multiaddr>, new_port: bool) -> ConnectionId {
		let opts = DialOpts::peer_id(peer)
			.condition(PeerCondition::Always)
			.addresses(addresses)
			.override_dial_concurrency_factor(ADDRESSES_AT_ONCE);
		// A new local port: reusing the listening one collides with connections that linger after a quick redial.
		let opts = if new_port {
			opts.allocate_new_port().build()
		} else {
			opts.build()
		};
		let connection = opts.connection_id();
		self.actions.push_back(ToSwarm::Dial { opts });
		connection
	}

	fn advance(&mut self, peer: PeerId, stage: Stage, addresses: Vec<Multiaddr>) {
		let connection = self.dial(peer, addresses, stage != Stage::Relay);
		if let Some(dialing) = self.dialing.get_mut(&peer) {
			dialing.stage = stage;
			dialing.connection = Some(connection);
		}
	}

	fn give_up(&mut self, peer: PeerId) {
		if let Some(dialing) = self.dialing.remove(&peer) {
			let error = dialing
				.first_error
				.unwrap_or_else(|| OpenError::Unreachable("no address of it is known".into()));
			for opening in dialing.waiting {
				opening.answer(Err(error.clone()));
			}
		}
	}

	fn on_dial_failure(&mut self, peer: PeerId, error: &DialError) {
		let Some(dialing) = self.dialing.get_mut(&peer) else {
			return;
		};
		dialing.connection = None;
		let stage = dialing.stage;
		if stage == Stage::Published {
			dialing.first_error = Some(match error {
				DialError::WrongPeerId { obtained, .. } => OpenError::WrongPeer(*obtained),
				DialError::LocalPeerId { .. } => {
					OpenError::Unreachable("the address and the key are this node's own".into())
				}
				other => OpenError::Unreachable(other.to_string()),
			});
		}
		match (stage, error) {
			(Stage::Published, DialError::WrongPeerId { obtained, address }) => {
				self.approach(peer, *obtained, address);
			}
			(Stage::Published, DialError::LocalPeerId { .. }) | (Stage::Found | Stage::Lookup, _) => self.give_up(peer),
			(Stage::Published | Stage::Approach(_) | Stage::Relay, _) => {
				dialing.stage = Stage::Lookup;
				self.actions.push_back(ToSwarm::GenerateEvent(Lookup(peer)));
			}
		}
	}

	fn on_established(&mut self, peer: PeerId, id: ConnectionId, relayed: bool) {
		let connection = Connection { id, relayed };
		self.connections.entry(peer).or_default().push(connection);
		if !relayed {
			self.pool.forget_relayed(peer);
		}
		let waiting = self
			.dialing
			.remove(&peer)
			.into_iter()
			.flat_map(|dialing| dialing.waiting);
		self.actions
			.extend(waiting.map(|opening| request_stream(peer, connection, opening)));
	}
}

/// The address of whoever has a reservation on the relay at `address`.
pub(crate) fn through(address: &Multiaddr, relay: PeerId) -> Multiaddr {
	let parts = address.iter().filter(|part| !matches!(part, Part::P2p(_)));
	parts
		.collect::<Multiaddr>()
		.with(Part::P2p(relay))
		.with(Part::P2pCircuit)
}

fn request_stream(peer: PeerId, connection: Connection, mut opening: Opening) -> ToSwarm<Lookup, Opening> {
	opening.relayed = connection.relayed;
	ToSwarm::NotifyHandler {
		peer_id: peer,
		handler: NotifyHandler::One(connection.id),
		event: opening,
	}
}

impl NetworkBehaviour for Behaviour {
	type ConnectionHandler = Handler;
	type ToSwarm = Lookup;

	fn handle_established_inbound_connection(
		&mut self,
		_: ConnectionId,
		peer: PeerId,
		_: &Multiaddr,
		_: &Multiaddr,
	) -> Result<THandler<Self>, ConnectionDenied> {
		Ok(Handler::new(peer, self.inbound.clone(), self.heartbeat))
	}

	fn handle_established_outbound_connection(
		&mut self,
		_: ConnectionId,
		peer: PeerId,
		_: &Multiaddr,
		_: Endpoint,
		_: PortUse,
	) -> Result<THandler<Self>, ConnectionDenied> {
		Ok(Handler::new(peer, self.inbound.clone(), self.heartbeat))
	}

	fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
		match event {
			FromSwarm::ConnectionEstablished(ConnectionEstablished {
				peer_id,
				connection_id,
				endpoint,
				..
			}) => self.on_established(peer_id, connection_id, endpoint.is_relayed()),
			FromSwarm::ConnectionClosed(ConnectionClosed {
				peer_id, connection_id, ..
			}) => {
				if let Some(connections) = self.connections.get_mut(&peer_id) {
					connections.retain(|connection| connection.id != connection_id);
					if connections.is_empty() {
						self.connections.remove(&peer_id);
						self.identified.remove(&peer_id);
					}
				}
			}
			FromSwarm::DialFailure(DialFailure {
				connection_id, error, ..
			}) => {
				// The dial may have been one to a relay, for another peer.
				let mut dialing = self.dialing.iter();
				let waiting = dialing.find(|(_, dialing)| dialing.connection == Some(connection_id));
				if let Some(peer) = waiting.map(|(peer, _)| *peer) {
					self.on_dial_failure(peer, error);
				}
			}
			_ => {}
		}
	}

	fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
		match event {}
	}

	fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
		// Actions are added by the task that polls, between two polls: no waker is needed.
		self.actions.pop_front().map_or(Poll::Pending, Poll::Ready)
	}
}
