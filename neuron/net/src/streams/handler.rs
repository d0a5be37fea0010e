//! One connection's side: negotiates the protocol's version, and hands streams over.

use std::{
	collections::VecDeque,
	convert::Infallible,
	task::{Context, Poll},
	time::Duration,
};

use futures::future::{Ready, ready};
use libp2p::{
	PeerId, Stream, StreamProtocol,
	core::{
		UpgradeInfo,
		upgrade::{InboundUpgrade, OutboundUpgrade},
	},
	swarm::{
		ConnectionHandler, ConnectionHandlerEvent, StreamUpgradeError, SubstreamProtocol,
		handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound},
	},
};
use tokio::{
	sync::{mpsc, oneshot},
	time::{Interval, MissedTickBehavior, interval},
};

use crate::message::{PROTOCOL, RETIRED_PROTOCOLS};

type Event<Info> = ConnectionHandlerEvent<Versions, Info, Infallible>;

/// A stream that a peer has opened.
pub(crate) struct InboundStream {
	pub(crate) peer: PeerId,
	pub(crate) stream: Stream,
	/// The version of the past that the peer speaks, if it does not speak today's.
	pub(crate) retired: Option<&'static str>,
}

/// Why no stream could be opened.
#[derive(Clone, Debug)]
pub(crate) enum OpenError {
	/// No connection came up.
	Unreachable(String),
	/// Somebody else answers at the address.
	WrongPeer(PeerId),
	/// The peer does not speak the protocol.
	Unsupported,
	/// The peer speaks a version of the past only.
	Outdated(&'static str),
	/// The connection broke.
	Broken(String),
	/// Too many wait already.
	Overloaded,
}

/// A stream, and whether a relay carries it.
pub(crate) type Opened = (Stream, bool);

/// Somebody waits for a stream.
#[derive(Debug)]
pub(crate) struct Opening {
	reply: oneshot::Sender<Result<Opened, OpenError>>,
	pub(super) relayed: bool,
}

impl Opening {
	pub(crate) fn new(reply: oneshot::Sender<Result<Opened, OpenError>>) -> Self {
		Self { reply, relayed: false }
	}

	/// Whether whoever waited has given up.
	pub(super) fn is_abandoned(&self) -> bool {
		self.reply.is_closed()
	}

	pub(super) fn answer(self, result: Result<Stream, OpenError>) {
		// Whoever waited may have given up; a stream that nobody takes is reset on drop.
		drop(self.reply.send(result.map(|stream| (stream, self.relayed))));
	}
}

/// Every version of the protocol that is understood well enough to say that it is out of date.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Versions;

impl UpgradeInfo for Versions {
	type Info = StreamProtocol;
	type InfoIter = std::vec::IntoIter<StreamProtocol>;

	fn protocol_info(&self) -> Self::InfoIter {
		let mut names = vec![StreamProtocol::new(PROTOCOL)];
		names.extend(RETIRED_PROTOCOLS.map(StreamProtocol::new));
		names.into_iter()
	}
}

/// A stream, and the version of the past that it is for.
pub(crate) type Versioned<Stream> = (Stream, Option<&'static str>);

fn versioned<Stream>(stream: Stream, name: &StreamProtocol) -> Ready<Result<Versioned<Stream>, Infallible>> {
	let retired = RETIRED_PROTOCOLS.into_iter().find(|retired| name.as_ref() == *retired);
	ready(Ok((stream, retired)))
}

impl<Stream> InboundUpgrade<Stream> for Versions {
	type Output = Versioned<Stream>;
	type Error = Infallible;
	type Future = Ready<Result<Self::Output, Self::Error>>;

	fn upgrade_inbound(self, stream: Stream, name: StreamProtocol) -> Self::Future {
		versioned(stream, &name)
	}
}

impl<Stream> OutboundUpgrade<Stream> for Versions {
	type Output = Versioned<Stream>;
	type Error = Infallible;
	type Future = Ready<Result<Self::Output, Self::Error>>;

	fn upgrade_outbound(self, stream: Stream, name: StreamProtocol) -> Self::Future {
		versioned(stream, &name)
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
	pub(super) fn new(peer: PeerId, inbound: mpsc::Sender<InboundStream>, heartbeat: Duration) -> Self {
		let mut heartbeat = interval(heartbeat);
		heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
		Self {
			peer,
			inbound,
			openings: VecDeque::new(),
			heartbeat,
		}
	}

	fn hand_over(&self, (stream, retired): Versioned<Stream>) {
		let inbound = InboundStream {
			peer: self.peer,
			stream,
			retired,
		};
		if self.inbound.try_send(inbound).is_err() {
			tracing::debug!(peer = %self.peer, "an incoming stream was dropped: the queue is full or closed");
		}
	}
}

impl ConnectionHandler for Handler {
	type FromBehaviour = Opening;
	type ToBehaviour = Infallible;
	type InboundProtocol = Versions;
	type OutboundProtocol = Versions;
	type InboundOpenInfo = ();
	type OutboundOpenInfo = Opening;

	fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
		SubstreamProtocol::new(Versions, ())
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
			let protocol = SubstreamProtocol::new(Versions, opening);
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
				protocol: (stream, retired),
				info: opening,
			}) => {
				opening.answer(retired.map_or(Ok(stream), |version| Err(OpenError::Outdated(version))));
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
