//! Connections that are not up yet: how many may knock at once, in all and from one address.
//!
//! Who a peer is shows only once Noise is through. Until then it costs a handshake and holds a place, so that places are
//! given by address: whoever opens connections and says nothing fills its own share, not everybody's.

use std::{
	collections::HashMap,
	convert::Infallible,
	net::IpAddr,
	task::{Context, Poll},
};

use libp2p::{
	Multiaddr, PeerId,
	core::{Endpoint, transport::PortUse},
	multiaddr::Protocol,
	swarm::{
		ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
		ToSwarm, dummy,
	},
};

/// Bits of an IPv6 address that name a customer's network: what is below is the customer's to choose.
const IPV6_NETWORK_BITS: u32 = 64;

/// Whose share a connection counts against.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Origin {
	Ip(IpAddr),
	/// Everything that comes through relays.
	Circuit,
}

/// Why a connection was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{count} connections from there are waiting for their handshake already, at most {limit} may")]
pub(crate) struct Crowded {
	count: usize,
	limit: usize,
}

/// Refuses connections beyond the bounds before a byte of their handshake is read.
pub(crate) struct Behaviour {
	max: usize,
	max_per_address: usize,
	pending: HashMap<ConnectionId, Origin>,
	counts: HashMap<Origin, usize>,
}

impl Behaviour {
	pub(crate) fn new(max: usize, max_per_address: usize) -> Self {
		Self {
			max,
			max_per_address,
			pending: HashMap::new(),
			counts: HashMap::new(),
		}
	}

	fn knock(&mut self, id: ConnectionId, remote: &Multiaddr) -> Result<(), Crowded> {
		let origin = origin(remote);
		let count = self.counts.get(&origin).copied().unwrap_or(0);
		for (count, limit) in [(count, self.max_per_address), (self.pending.len(), self.max)] {
			if count >= limit {
				return Err(Crowded { count, limit });
			}
		}
		self.pending.insert(id, origin);
		self.counts.insert(origin, count + 1);
		Ok(())
	}

	fn settle(&mut self, id: ConnectionId) {
		let Some(origin) = self.pending.remove(&id) else { return };
		match self.counts.get_mut(&origin) {
			Some(count) if *count > 1 => *count -= 1,
			_ => {
				self.counts.remove(&origin);
			}
		}
	}
}

fn origin(remote: &Multiaddr) -> Origin {
	if remote.iter().any(|part| part == Protocol::P2pCircuit) {
		return Origin::Circuit;
	}
	match remote.iter().next() {
		Some(Protocol::Ip4(ip)) => Origin::Ip(ip.into()),
		Some(Protocol::Ip6(ip)) => {
			let network = u128::from(ip) & (u128::MAX << (u128::BITS - IPV6_NETWORK_BITS));
			Origin::Ip(ip.to_ipv4_mapped().map_or(IpAddr::V6(network.into()), IpAddr::V4))
		}
		// The relay's transport names the peer only.
		_ => Origin::Circuit,
	}
}

impl NetworkBehaviour for Behaviour {
	type ConnectionHandler = dummy::ConnectionHandler;
	type ToSwarm = Infallible;

	fn handle_pending_inbound_connection(
		&mut self,
		id: ConnectionId,
		_: &Multiaddr,
		remote: &Multiaddr,
	) -> Result<(), ConnectionDenied> {
		self.knock(id, remote).map_err(ConnectionDenied::new)
	}

	fn handle_established_inbound_connection(
		&mut self,
		id: ConnectionId,
		_: PeerId,
		_: &Multiaddr,
		_: &Multiaddr,
	) -> Result<THandler<Self>, ConnectionDenied> {
		self.settle(id);
		Ok(dummy::ConnectionHandler)
	}

	fn handle_established_outbound_connection(
		&mut self,
		_: ConnectionId,
		_: PeerId,
		_: &Multiaddr,
		_: Endpoint,
		_: PortUse,
	) -> Result<THandler<Self>, ConnectionDenied> {
		Ok(dummy::ConnectionHandler)
	}

	fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
		if let FromSwarm::ListenFailure(failure) = event {
			self.settle(failure.connection_id);
		}
	}

	fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
		match event {}
	}

	fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
		Poll::Pending
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn address(text: &str) -> Multiaddr {
		text.parse().unwrap()
	}

	fn id(number: usize) -> ConnectionId {
		ConnectionId::new_unchecked(number)
	}

	#[test]
	fn one_address_fills_its_own_share_only() {
		let mut doors = Behaviour::new(4, 2);
		let (here, there) = (address("/ip4/10.0.0.1/tcp/1"), address("/ip4/10.0.0.2/tcp/1"));
		doors.knock(id(1), &here).unwrap();
		doors.knock(id(2), &address("/ip4/10.0.0.1/udp/9/quic-v1")).unwrap();
		assert_eq!(doors.knock(id(3), &here), Err(Crowded { count: 2, limit: 2 }));
		doors.knock(id(4), &there).unwrap();
		doors.settle(id(1));
		doors.settle(id(1));
		doors.knock(id(5), &here).unwrap();
		assert_eq!(doors.knock(id(6), &here), Err(Crowded { count: 2, limit: 2 }));
		doors.knock(id(7), &there).unwrap();
		let third = address("/ip4/10.0.0.3/tcp/1");
		assert_eq!(doors.knock(id(8), &third), Err(Crowded { count: 4, limit: 4 }));
		for number in 0..10 {
			doors.settle(id(number));
		}
		assert!(doors.pending.is_empty() && doors.counts.is_empty());
	}

	#[test]
	fn an_ipv6_network_and_the_circuits_are_one_origin_each() {
		assert_eq!(
			origin(&address("/ip6/2001:db8::1/tcp/1")),
			origin(&address("/ip6/2001:db8::ffff/tcp/2"))
		);
		assert_ne!(
			origin(&address("/ip6/2001:db8::1/tcp/1")),
			origin(&address("/ip6/2001:db8:0:1::1/tcp/1"))
		);
		assert_eq!(
			origin(&address("/ip6/::ffff:10.0.0.1/tcp/1")),
			origin(&address("/ip4/10.0.0.1/tcp/1"))
		);
		let peer = PeerId::random();
		assert_eq!(origin(&address(&format!("/p2p/{peer}"))), Origin::Circuit);
		assert_eq!(
			origin(&address(&format!("/ip4/10.0.0.1/tcp/1/p2p/{peer}/p2p-circuit"))),
			Origin::Circuit
		);
	}
}
