//! This node's own record in the table: kept up to date.

use libp2p::{Multiaddr, Swarm, identity::Keypair, kad::Quorum};
use tokio::time::Instant;

use crate::{
	network::Behaviour,
	table::{self, RENEWAL},
};

/// Puts the node's addresses into the table when they change, and again before the record runs out.
pub(crate) struct Bulletin {
	keypair: Keypair,
	published_at: Option<Instant>,
	touched: bool,
}

impl Bulletin {
	pub(crate) fn new(keypair: Keypair) -> Self {
		Self {
			keypair,
			published_at: None,
			touched: false,
		}
	}

	/// Something has changed: look at it soon.
	pub(crate) fn touch(&mut self) {
		self.touched = true;
	}

	/// Publishes where there is news, or where the record is old.
	pub(crate) fn renew(&mut self, swarm: &mut Swarm<Behaviour>, now: Instant) {
		let old = self
			.published_at
			.is_some_and(|at| now.saturating_duration_since(at) >= RENEWAL);
		if !std::mem::take(&mut self.touched) && !old {
			return;
		}
		let addresses: Vec<Multiaddr> = swarm.external_addresses().cloned().collect();
		if addresses.is_empty() {
			return;
		}
		let Some(record) = table::record(&self.keypair, addresses) else {
			tracing::warn!("this node's addresses do not fit a record of the table");
			return;
		};
		self.published_at = Some(now);
		// One neighbour is enough to be found; the others get it as the query goes on.
		if let Err(error) = swarm.behaviour_mut().table.put_record(record, Quorum::One) {
			tracing::debug!(%error, "this node's addresses were not put into the table");
		}
	}
}
