//! Raw streams of one protocol: the part of the swarm that opens them and hands them over.
//!
//! Incoming streams go to a bounded queue; what does not fit is dropped, which resets the stream. Outgoing streams are
//! asked for by peer and address: an existing connection is used, else one is dialed, and whoever waits learns why it
//! failed.

use std::{
	collections::{HashMap, VecDeque},
	task::{Context, Poll},
	time::Duration,
};

use libp2p::{
	Multiaddr, PeerId, Stream, StreamProtocol,
	core::{Endpoint, transport::PortUse, upgrade::ReadyUpgrade},
	swarm::{
		ConnectionClosed, ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, DialError,
		DialFailure, FromSwarm, NetworkBehaviour, NotifyHandler, StreamUpgradeError, SubstreamProtocol, THandler,
		THandlerInEvent, THandlerOutEvent, ToSwarm,
		behaviour::ConnectionEstablished,
		dial_opts::{DialOpts, PeerCondition},
		handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound},
	},
};
use tokio::{
	sync::{mpsc, oneshot},
	time::{Interval, MissedTickBehavior, interval},
};

use crate::message::PROTOCOL;

/// Most callers that wait for connections to come up.
const MAX_WAITING: usize = 1024;

type Protocol = ReadyUpgrade<StreamProtocol>;
type Event<Info> = ConnectionHandlerEvent<Protocol, Info, std::convert::Infallible>;

/// A stream that a peer has opened.
pub(crate) type InboundStream = (PeerId, Stream);

/// Why no stream could be opened.
#[derive(Clone, Debug)]
pub(crate) enum OpenError {
	/// No connection came up.
	Unreachable(String),
	/// Somebody else answers at the address.
	WrongPeer(PeerId),
	/// The peer does not speak the protocol.
	Unsupported,
	/// The connection broke.
	Broken(String),
	/// Too many wait already.
	Overloaded,
}

/// Somebody waits for a stream.
#[derive(Debug)]
pub(crate) struct Opening {
	pub(crate) reply: oneshot::Sender<Result<Stream, OpenError>>,
}

impl Opening {
	fn answer(self, result: Result<Stream, OpenError>) {
		// Whoever waited may have given up; a stream that nobody takes is reset on drop.
		drop(self.reply.send(result));
	}
}

/// A connection that is being dialed, and who waits for it.
struct Dialing {
	connection: ConnectionId,
	waiting: Vec<Opening>,
}

/// The swarm's side: which peers are connected, and who waits for which.
pub(crate) struct Behaviour {
	inbound: mpsc::Sender<InboundStream>,
	heartbeat: Duration,
	connections: HashMap<PeerId, Vec<ConnectionId>>,
	dialing: HashMap<PeerId, Dialing>,
	actions: VecDeque<ToSwarm<std::convert::Infallible, Opening>>,
}

impl Behaviour {
	/// Every connection looks at itself once in a `heartbeat`, so that it notices that it is idle.
	pub(crate) fn new(inbound: mpsc::Sender<InboundStream>, heartbeat: Duration) -> Self {
		Self {
			inbound,
			heartbeat,
			connections: HashMap::new(),
			dialing: HashMap::new(),
			actions: VecDeque::new(),
		}
	}

	/// Opens a stream to `peer`: over a connection that is up unless `anew`, else over one to `address`.
	///
	/// The swarm must be polled afterwards.
	pub(crate) fn open(&mut self, peer: PeerId, address: Multiaddr, anew: bool, opening: Opening) {
		let up = self.connections.get(&peer).and_then(|connections| connections.last());
		if let Some(connection) = up.filter(|_| !anew) {
			self.actions.push_back(request_stream(peer, *connection, opening));
			return;
		}
		for dialing in self.dialing.values_mut() {
			dialing.waiting.retain(|opening| !opening.reply.is_closed());
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
		// A new local port: reusing the listening one collides with connections that linger after a quick redial.
		let opts = DialOpts::peer_id(peer)
			.condition(PeerCondition::Always)
			.addresses(vec![address])
			.allocate_new_port()
			.build();
		self.dialing.insert(
			peer,
			Dialing {
				connection: opts.connection_id(),
				waiting: vec![opening],
			},
		);
		self.actions.push_back(ToSwarm::Dial { opts });
	}

	fn on_dial_failure(&mut self, peer: PeerId, connection: ConnectionId, error: &DialError) {
		if self
			.dialing
			.get(&peer)
			.is_none_or(|dialing| dialing.connection != connection)
		{
			return;
		}
		let error = match error {
			DialError::WrongPeerId { obtained, .. } => OpenError::WrongPeer(*obtained),
			DialError::LocalPeerId { .. } => {
				OpenError::Unreachable("the address and the key are this node's own".into())
			}
			other => OpenError::Unreachable(other.to_string()),
		};
		for opening in self
			.dialing
			.remove(&peer)
			.into_iter()
			.flat_map(|dialing| dialing.waiting)
		{
			opening.answer(Err(error.clone()));
		}
	}
}

fn request_stream(
	peer: PeerId,
	connection: ConnectionId,
	opening: Opening,
) -> ToSwarm<std::convert::Infallible, Opening> {
	ToSwarm::NotifyHandler {
		peer_id: peer,
		handler: NotifyHandler::One(connection),
		event: opening,
	}
}

impl NetworkBehaviour for Behaviour {
	type ConnectionHandler = Handler;
	type ToSwarm = std::convert::Infallible;

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
				peer_id, connection_id, ..
			}) => {
				self.connections.entry(peer_id).or_default().push(connection_id);
				let waiting = self
					.dialing
					.remove(&peer_id)
					.into_iter()
					.flat_map(|dialing| dialing.waiting);
				self.actions
					.extend(waiting.map(|opening| request_stream(peer_id, connection_id, opening)));
			}
			FromSwarm::ConnectionClosed(ConnectionClosed {
				peer_id, connection_id, ..
			}) => {
				if let Some(connections) = self.connections.get_mut(&peer_id) {
					connections.retain(|connection| *connection != connection_id);
					if connections.is_empty() {
						self.connections.remove(&peer_id);
					}
				}
			}
			FromSwarm::DialFailure(DialFailure {
				peer_id: Some(peer),
				connection_id,
				error,
			}) => {
				self.on_dial_failure(peer, connection_id, error);
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

/// One connection's side.
pub(crate) struct Handler {
	peer: PeerId,
	inbound: mpsc::Sender<InboundStream>,
	openings: VecDeque<Opening>,
	heartbeat: Interval,
}

impl Handler {
	fn new(peer: PeerId, inbound: mpsc::Sender<InboundStream>, heartbeat: Duration) -> Self {
		let mut heartbeat = interval(heartbeat);
		heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
		Self {
			peer,
			inbound,
			openings: VecDeque::new(),
			heartbeat,
		}
	}

	fn hand_over(&self, stream: Stream) {
		if self.inbound.try_send((self.peer, stream)).is_err() {
			tracing::debug!(peer = %self.peer, "an incoming stream was dropped: the queue is full or closed");
		}
	}
}

impl ConnectionHandler for Handler {
	type FromBehaviour = Opening;
	type ToBehaviour = std::convert::Infallible;
	type InboundProtocol = Protocol;
	type OutboundProtocol = Protocol;
	type InboundOpenInfo = ();
	type OutboundOpenInfo = Opening;

	fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
		SubstreamProtocol::new(ReadyUpgrade::new(StreamProtocol::new(PROTOCOL)), ())
	}

	fn connection_keep_alive(&self) -> bool {
		!self.openings.is_empty()
	}

	fn poll(&mut self, context: &mut Context<'_>) -> Poll<Event<Opening>> {
		// The swarm counts a connection's streams when it polls it, but is not woken when the count falls: without this
		// tick, a connection whose peer does not even answer pings could stay open for ever.
		while self.heartbeat.poll_tick(context).is_ready() {}
		// Openings arrive through `on_behaviour_event`, after which the connection polls again: no waker is needed.
		self.openings.pop_front().map_or(Poll::Pending, |opening| {
			let protocol = SubstreamProtocol::new(ReadyUpgrade::new(StreamProtocol::new(PROTOCOL)), opening);
			Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol })
		})
	}

	fn on_behaviour_event(&mut self, opening: Opening) {
		self.openings.push_back(opening);
	}

	fn on_connection_event(
		&mut self,
		event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol, (), Opening>,
	) {
		match event {
			ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol: stream, .. }) => {
				self.hand_over(stream);
			}
			ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
				protocol: stream,
				info: opening,
			}) => {
				opening.answer(Ok(stream));
			}
			ConnectionEvent::DialUpgradeError(DialUpgradeError { info: opening, error }) => {
				opening.answer(Err(match error {
					StreamUpgradeError::NegotiationFailed => OpenError::Unsupported,
					StreamUpgradeError::Timeout => {
						OpenError::Broken("the peer did not take up the stream in time".into())
					}
					StreamUpgradeError::Io(error) => OpenError::Broken(error.to_string()),
					StreamUpgradeError::Apply(never) => match never {},
				}));
			}
			_ => {}
		}
	}
}
