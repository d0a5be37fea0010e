//! Keeps what the chain says about this neuron true: its address, its network key, its registration.

use std::{net::SocketAddr, sync::Arc};

use neuron_chain::{AccountId, Neuron};
use neuron_net::Handle;
use tokio::sync::watch;

use crate::{
	chain_access::{AccessError, ChainAccess},
	directory::{MetagraphDirectory, network_key},
	events::foreign_text,
	follower::Snapshot,
};

/// Blocks between two tries to publish, at least.
pub const PUBLISH_RETRY_BLOCKS: u64 = 10;

/// What a neuron wants published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
	/// Where it is reached.
	pub addr: SocketAddr,
	/// Algorithm byte and network key.
	pub certificate: Vec<u8>,
}

impl Presence {
	/// Whether the chain says just that already.
	pub fn is_published(&self, neuron: &Neuron) -> bool {
		let addr = neuron.axon.as_ref().map(|axon| SocketAddr::new(axon.ip, axon.port));
		addr == Some(self.addr) && neuron.certificate.as_deref() == Some(&self.certificate[..])
	}
}

/// Publishes a presence where the chain says something else.
pub struct Publisher {
	chain: Arc<dyn ChainAccess>,
	hotkey: AccountId,
	presence: Presence,
	tried_at: Option<u64>,
	registered: bool,
}

impl Publisher {
	/// A publisher for one neuron.
	pub fn new(chain: Arc<dyn ChainAccess>, hotkey: AccountId, presence: Presence) -> Self {
		Self {
			chain,
			hotkey,
			presence,
			tried_at: None,
			registered: true,
		}
	}

	/// Publishes if it is needed. Logs where the neuron has lost its place on the subnet.
	///
	/// # Errors
	/// What the chain said.
	pub async fn publish(&mut self, snapshot: &Snapshot) -> Result<(), AccessError> {
		let own = snapshot
			.metagraph
			.neurons
			.iter()
			.find(|neuron| neuron.hotkey == self.hotkey);
		let Some(own) = own else {
			if std::mem::replace(&mut self.registered, false) {
				tracing::error!(
					netuid = snapshot.metagraph.netuid,
					"this hotkey is no longer registered: `neuron register` gets it a new place"
				);
			}
			return Ok(());
		};
		self.registered = true;
		if self.presence.is_published(own) {
			return Ok(());
		}
		self.tried_at = Some(snapshot.block);
		let Presence { addr, certificate } = &self.presence;
		self.chain
			.serve_axon(snapshot.metagraph.netuid, *addr, certificate)
			.await?;
		tracing::info!(%addr, "axon published");
		Ok(())
	}

	/// [`Publisher::publish`] for the first time: what may pass by itself, such as a rate limit or a node that is away, is
	/// logged and tried again by [`keep_published`].
	///
	/// # Errors
	/// The chain refuses the publication as such.
	pub async fn publish_first(&mut self, snapshot: &Snapshot) -> Result<(), AccessError> {
		match self.publish(snapshot).await {
			Err(passing) if !matches!(passing, AccessError::Refused(_)) => {
				log_passing(&passing);
				Ok(())
			}
			other => other,
		}
	}

	/// [`Publisher::publish`], unless the last try was a moment ago; a refusal is logged.
	async fn keep(&mut self, snapshot: &Snapshot) {
		let recent = |at: u64| at <= snapshot.block && snapshot.block - at < PUBLISH_RETRY_BLOCKS;
		if self.tried_at.is_some_and(recent) {
			return;
		}
		if let Err(error) = self.publish(snapshot).await {
			log_passing(&error);
		}
	}
}

fn log_passing(error: &AccessError) {
	tracing::warn!(
		error = foreign_text(&error.to_string()),
		"axon not published; it is tried again"
	);
}

/// Brings the directory up to date with every new snapshot, until the follower ends.
pub async fn keep_directory(mut newest: watch::Receiver<Arc<Snapshot>>, directory: Arc<MetagraphDirectory>) {
	loop {
		let snapshot = newest.borrow_and_update().clone();
		let known = directory.update(&snapshot.metagraph);
		tracing::debug!(block = snapshot.block, known, "metagraph refreshed");
		if newest.changed().await.is_err() {
			return;
		}
	}
}

/// Tells the network layer with every new snapshot which neurons can be asked where others are, until the follower ends.
pub async fn keep_introduced(mut newest: watch::Receiver<Arc<Snapshot>>, network: Handle) {
	loop {
		let snapshot = newest.borrow_and_update().clone();
		let neurons = snapshot.metagraph.neurons.iter();
		let located = neurons.filter_map(|neuron| {
			let axon = neuron.axon.as_ref()?;
			Some((network_key(neuron)?, SocketAddr::new(axon.ip, axon.port)))
		});
		network.introduce(located).await;
		if newest.changed().await.is_err() {
			return;
		}
	}
}

/// Brings the publication up to date with every new snapshot, until the follower ends. Waits for its transactions, so
/// that it belongs on a task of its own.
pub async fn keep_published(mut newest: watch::Receiver<Arc<Snapshot>>, mut publisher: Publisher) {
	loop {
		let snapshot = newest.borrow_and_update().clone();
		publisher.keep(&snapshot).await;
		if newest.changed().await.is_err() {
			return;
		}
	}
}
