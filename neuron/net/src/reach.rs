//! How peers reach this node, as far as it is known.

use std::collections::{BTreeMap, BTreeSet};

use libp2p::{Multiaddr, PeerId};

/// Most addresses of each kind that are remembered.
const MAX_REMEMBERED: usize = 16;

/// How peers reach this node: what [`crate::Handle::reach`] shows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reach {
	/// Addresses that this node listens on itself.
	pub listening: BTreeSet<String>,
	/// Addresses that the configuration vouches for, or that another peer has dialed with success.
	pub confirmed: BTreeSet<String>,
	/// Addresses at which other peers see this node, tested or not.
	pub observed: BTreeSet<String>,
	/// Addresses that another peer has dialed without success, and what it said.
	pub failed: BTreeMap<String, String>,
	/// Addresses through relays that hold a place for this node.
	pub relayed: BTreeSet<String>,
	/// Relays that did not give a place, and why.
	pub refused: BTreeMap<String, String>,
	/// Connections that began at a relay and became direct.
	pub punched: u64,
	/// Connections that stayed at their relay.
	pub not_punched: u64,
}

impl Reach {
	/// Whether some address is known to work without a relay.
	#[must_use]
	pub fn is_direct(&self) -> bool {
		!self.confirmed.is_empty()
	}

	/// Whether tests of this node's addresses have come back, all of them bad.
	#[must_use]
	pub fn is_closed(&self) -> bool {
		self.confirmed.is_empty() && !self.failed.is_empty()
	}

	pub(crate) fn confirm(&mut self, address: &Multiaddr) {
		self.failed.remove(&address.to_string());
		remember(&mut self.confirmed, address);
	}

	pub(crate) fn fail(&mut self, address: &Multiaddr, reason: String) {
		self.confirmed.remove(&address.to_string());
		if self.failed.len() < MAX_REMEMBERED {
			self.failed.insert(address.to_string(), reason);
		}
	}

	pub(crate) fn observe(&mut self, address: &Multiaddr) {
		remember(&mut self.observed, address);
	}

	pub(crate) fn listen(&mut self, address: &Multiaddr) {
		remember(&mut self.listening, address);
	}

	pub(crate) fn reserve(&mut self, address: &Multiaddr) {
		self.refused.clear();
		remember(&mut self.relayed, address);
	}

	pub(crate) fn refuse(&mut self, relay: PeerId, reason: String) {
		if self.refused.len() < MAX_REMEMBERED {
			self.refused.insert(relay.to_base58(), reason);
		}
	}

	pub(crate) fn expire(&mut self, address: &Multiaddr) {
		let text = address.to_string();
		for set in [&mut self.listening, &mut self.confirmed, &mut self.relayed] {
			set.remove(&text);
		}
	}
}

fn remember(set: &mut BTreeSet<String>, address: &Multiaddr) {
	if set.len() < MAX_REMEMBERED {
		set.insert(address.to_string());
	}
}
