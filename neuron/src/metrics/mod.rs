//! What a running neuron tells Prometheus, and the small HTTP server that tells it.
//!
//! Every metric is made here, by [`Metrics`], under the prefix `ganglion_`; the dashboard in `deploy/` names them, and a test
//! holds the two together. Labels are bounded: outcomes and reasons are words of this program, uids are those of the
//! subnet's present miners.

mod chain;
mod gateway;
mod miner;
mod server;
mod validator;

use std::sync::Arc;

pub use chain::{ChainMetrics, follow_chain};
pub use gateway::{GatewayMetrics, SentEnd};
pub use miner::{MinerMetrics, Waiting};
use prometheus_client::{
	metrics::{counter::Counter, family::Family, histogram::Histogram},
	registry::Registry,
};
pub(crate) use server::router;
pub use server::{Health, MAX_CONNECTIONS, serve};
pub use validator::ScoreMetrics;

/// Before the name of every metric.
pub const PREFIX: &str = "ganglion";

/// One label and its value.
pub(crate) type Label = [(&'static str, String); 1];
/// Counters told apart by one label.
pub(crate) type Counters = Family<Label, Counter>;

/// The metrics of one process.
#[derive(Debug)]
pub struct Metrics {
	registry: Registry,
	/// What the chain says.
	pub chain: ChainMetrics,
	/// A miner's work.
	pub miner: MinerMetrics,
	/// A validator's work.
	pub validator: ScoreMetrics,
	/// A gateway's work.
	pub gateway: GatewayMetrics,
}

impl Default for Metrics {
	fn default() -> Self {
		let mut registry = Registry::with_prefix(PREFIX);
		Self {
			chain: ChainMetrics::new(registry.sub_registry_with_prefix("chain")),
			miner: MinerMetrics::new(registry.sub_registry_with_prefix("miner")),
			validator: ScoreMetrics::new(registry.sub_registry_with_prefix("validator")),
			gateway: GatewayMetrics::new(registry.sub_registry_with_prefix("gateway")),
			registry,
		}
	}
}

impl Metrics {
	/// Fresh metrics, all at 0.
	pub fn new() -> Arc<Self> {
		Arc::default()
	}

	/// All of them in Prometheus' text form.
	///
	/// ```
	/// let metrics = neuron::metrics::Metrics::new();
	/// metrics.chain.block(7);
	/// assert!(metrics.text().contains("ganglion_chain_height 7\n"));
	/// ```
	pub fn text(&self) -> String {
		let mut text = String::new();
		match prometheus_client::encoding::text::encode(&mut text, &self.registry) {
			Ok(()) => text,
			// Writing to a string does not fail.
			Err(error) => format!("# {error}\n"),
		}
	}
}

/// A label's value.
pub(crate) fn label(name: &'static str, value: impl Into<String>) -> Label {
	[(name, value.into())]
}

/// A histogram of seconds from a few milliseconds to a few minutes.
pub(crate) fn seconds() -> Histogram {
	Histogram::new([
		0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0,
	])
}
