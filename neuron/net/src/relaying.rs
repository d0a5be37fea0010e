//! Relays: what this node does for others, and how it finds one for itself.

use std::{collections::HashMap, net::SocketAddr, num::NonZeroU32, sync::Arc, time::Duration};

use libp2p::{Multiaddr, PeerId, Swarm, core::transport::ListenerId, multiaddr::Protocol, relay};
use tokio::time::Instant;

use crate::{
	admission::Directory,
	handle::multiaddr,
	identity::{peer_id_of, public_key_of},
	network::Behaviour,
	streams::through,
};

/// Peers that hold a place at this node.
const MAX_RESERVATIONS: usize = 128;
/// How long a place lasts before its holder renews it.
const RESERVATION_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// Connections that this node carries.
const MAX_CIRCUITS: usize = 256;
/// Connections that it carries for one caller.
const MAX_CIRCUITS_PER_PEER: usize = 16;
/// How long one may last. libp2p's default of two minutes would cut answers short.
const MAX_CIRCUIT_DURATION: Duration = Duration::from_secs(6 * 60 * 60);
/// How much one may carry: thousands of the largest answers. libp2p's default is 128 KiB, less than one answer.
const MAX_CIRCUIT_BYTES: u64 = 4 << 30;
/// Reservations of one peer that may come at once, and the time after which one more may.
const RESERVATION_RATE: (NonZeroU32, Duration) = (NonZeroU32::new(30).unwrap(), Duration::from_secs(10));
/// Circuits of one caller that may come at once, and the time after which one more may.
const CIRCUIT_RATE: (NonZeroU32, Duration) = (NonZeroU32::new(60).unwrap(), Duration::from_secs(1));

/// Places that a node without an open port wants to hold.
const WANTED_PLACES: usize = 2;
/// Relays that are remembered.
const MAX_CANDIDATES: usize = 32;
/// Time between two tries at one relay.
const RETRY: Duration = Duration::from_secs(5);

/// What this node does as a relay: for hotkeys of the subnet only.
pub(crate) fn config(directory: Arc<dyn Directory>) -> relay::Config {
	let mut config = relay::Config {
		max_reservations: MAX_RESERVATIONS,
		max_reservations_per_peer: 2,
		reservation_duration: RESERVATION_LIFETIME,
		reservation_rate_limiters: Vec::new(),
		max_circuits: MAX_CIRCUITS,
		max_circuits_per_peer: MAX_CIRCUITS_PER_PEER,
		max_circuit_duration: MAX_CIRCUIT_DURATION,
		max_circuit_bytes: MAX_CIRCUIT_BYTES,
		circuit_src_rate_limiters: Vec::new(),
	}
	.reservation_rate_per_peer(RESERVATION_RATE.0, RESERVATION_RATE.1)
	.circuit_src_per_peer(CIRCUIT_RATE.0, CIRCUIT_RATE.1);
	for limiters in [
		&mut config.reservation_rate_limiters,
		&mut config.circuit_src_rate_limiters,
	] {
		let directory = Arc::clone(&directory);
		limiters.push(Box::new(move |peer: PeerId, _: &Multiaddr, _| {
			public_key_of(&peer).is_some_and(|key| directory.caller(&key).is_some())
		}));
	}
	config
}

/// A relay, as the chain describes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RelayAt {
	/// The key that it must prove.
	pub public_key: [u8; 32],
	/// Where it listens.
	pub addr: SocketAddr,
}

struct Candidate {
	address: Multiaddr,
	tried_at: Option<Instant>,
}

/// Finds relays and keeps places at them.
pub(crate) struct Seeker {
	candidates: HashMap<PeerId, Candidate>,
	/// Places that are held or asked for.
	places: HashMap<ListenerId, PeerId>,
	/// Relays are named, so that they are wanted whatever tests of the node's own addresses say.
	named: bool,
	/// Whether to take relays that peers turn out to be.
	automatic: bool,
}

impl Seeker {
	pub(crate) fn new(named: Vec<RelayAt>, automatic: bool) -> Self {
		let candidates: HashMap<_, _> = named
			.into_iter()
			.filter_map(|relay| {
				let candidate = Candidate {
					address: multiaddr(relay.addr),
					tried_at: None,
				};
				Some((peer_id_of(&relay.public_key)?, candidate))
			})
			.take(MAX_CANDIDATES)
			.collect();
		Self {
			named: !candidates.is_empty(),
			candidates,
			places: HashMap::new(),
			automatic,
		}
	}

	/// A neuron that the chain knows offers to relay.
	pub(crate) fn learn(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
		let direct = |address: &Multiaddr| {
			let mut parts = address.iter();
			let host = parts.next();
			let looped = match host {
				Some(Protocol::Ip4(ip)) => ip.is_unspecified(),
				Some(Protocol::Ip6(ip)) => ip.is_unspecified(),
				_ => true,
			};
			!looped && matches!(parts.next(), Some(Protocol::Tcp(_)))
		};
		if !self.automatic || self.candidates.len() >= MAX_CANDIDATES || self.candidates.contains_key(&peer) {
			return;
		}
		if let Some(address) = addresses.into_iter().find(direct) {
			let candidate = Candidate {
				address,
				tried_at: None,
			};
			self.candidates.insert(peer, candidate);
		}
	}

	/// A listener has closed; the relay, where it was a place at one.
	pub(crate) fn lost(&mut self, listener: ListenerId) -> Option<PeerId> {
		self.places.remove(&listener)
	}

	/// Asks for places where some are wanted and missing; `closed` where the node's own addresses are known not to do.
	pub(crate) fn seek(&mut self, swarm: &mut Swarm<Behaviour>, closed: bool, now: Instant) {
		let wanted = self.named || (self.automatic && closed);
		if !wanted {
			return;
		}
		for (peer, candidate) in &mut self.candidates {
			if self.places.len() >= WANTED_PLACES {
				return;
			}
			let early = candidate
				.tried_at
				.is_some_and(|at| now.saturating_duration_since(at) < RETRY);
			if early || self.places.values().any(|relay| relay == peer) {
				continue;
			}
			candidate.tried_at = Some(now);
			match swarm.listen_on(through(&candidate.address, *peer)) {
				Ok(listener) => {
					self.places.insert(listener, *peer);
				}
				Err(error) => tracing::debug!(relay = %peer, %error, "no place can be asked for"),
			}
		}
	}
}
