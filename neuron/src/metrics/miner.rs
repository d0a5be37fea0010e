//! A miner's requests.

use std::{sync::atomic::AtomicU64, time::Duration};

use prometheus_client::{
	metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
	registry::Registry,
};

use super::{Counters, label, seconds};

/// Metrics of a miner.
#[derive(Clone, Debug)]
pub struct MinerMetrics {
	requests: Counters,
	refusals: Counters,
	admission: Counters,
	seconds: Histogram,
	waiting: Gauge<u64, AtomicU64>,
	running: Gauge<u64, AtomicU64>,
	tokens: Counter,
}

impl MinerMetrics {
	pub(super) fn new(registry: &mut Registry) -> Self {
		let metrics = Self {
			requests: Counters::default(),
			refusals: Counters::default(),
			admission: Counters::default(),
			seconds: seconds(),
			waiting: Gauge::default(),
			running: Gauge::default(),
			tokens: Counter::default(),
		};
		registry.register(
			"requests",
			"Admitted requests by how they ended: answered, cancelled, failed",
			metrics.requests.clone(),
		);
		registry.register(
			"refusals",
			"Requests refused after admission, by reason",
			metrics.refusals.clone(),
		);
		registry.register(
			"admission_refusals",
			"Requests that the network layer refused before the miner saw them, by reason",
			metrics.admission.clone(),
		);
		registry.register(
			"request_seconds",
			"From the arrival of a request to the end of its answer",
			metrics.seconds.clone(),
		);
		registry.register("queue", "Requests that wait for a worker", metrics.waiting.clone());
		registry.register("running", "Requests that are worked on", metrics.running.clone());
		registry.register("tokens", "Tokens sent", metrics.tokens.clone());
		metrics
	}

	/// Notes the end of a request.
	pub fn ended(&self, outcome: &'static str, took: Duration) {
		self.requests.get_or_create(&label("outcome", outcome)).inc();
		self.seconds.observe(took.as_secs_f64());
	}

	/// Notes a refusal.
	pub fn refused(&self, reason: &'static str) {
		self.refusals.get_or_create(&label("reason", reason)).inc();
	}

	/// Notes how many requests the network layer has refused so far for this reason.
	pub fn not_admitted(&self, reason: &'static str, so_far: u64) {
		let counter = self.admission.get_or_create(&label("reason", reason));
		counter.inc_by(so_far.saturating_sub(counter.get()));
	}

	/// Notes tokens that were sent.
	pub fn sent(&self, tokens: u64) {
		self.tokens.inc_by(tokens);
	}

	/// Notes a request that waits, until what this returns is dropped or told that work begins.
	pub fn waits(&self) -> Waiting {
		self.waiting.inc();
		Waiting {
			metrics: self.clone(),
			running: false,
		}
	}
}

/// A request in the queue or at work.
#[derive(Debug)]
pub struct Waiting {
	metrics: MinerMetrics,
	running: bool,
}

impl Waiting {
	/// Its work begins.
	pub fn runs(&mut self) {
		if !self.running {
			self.running = true;
			self.metrics.waiting.dec();
			self.metrics.running.inc();
		}
	}
}

impl Drop for Waiting {
	fn drop(&mut self) {
		if self.running {
			self.metrics.running.dec();
		} else {
			self.metrics.waiting.dec();
		}
	}
}
