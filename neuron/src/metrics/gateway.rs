//! A gateway's requests.

use std::{sync::atomic::AtomicU64, time::Duration};

use prometheus_client::{
	metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
	registry::Registry,
};

use super::{Counters, label, seconds};

/// Metrics of a gateway.
#[derive(Clone, Debug)]
pub struct GatewayMetrics {
	requests: Counters,
	refusals: Counters,
	first_token_seconds: Histogram,
	running: Gauge<u64, AtomicU64>,
	tokens: Counters,
	attempts: Counters,
	hedges: Counter,
	checks: Counters,
}

impl GatewayMetrics {
	pub(super) fn new(registry: &mut Registry) -> Self {
		let metrics = Self {
			requests: Counters::default(),
			refusals: Counters::default(),
			first_token_seconds: seconds(),
			running: Gauge::default(),
			tokens: Counters::default(),
			attempts: Counters::default(),
			hedges: Counter::default(),
			checks: Counters::default(),
		};
		registry.register("requests", "Requests by HTTP status", metrics.requests.clone());
		registry.register(
			"refusals",
			"Requests refused before any miner was asked, by reason",
			metrics.refusals.clone(),
		);
		registry.register(
			"first_token_seconds",
			"From the arrival of a request to the first piece of its answer",
			metrics.first_token_seconds.clone(),
		);
		registry.register("running", "Requests under way", metrics.running.clone());
		registry.register("tokens", "Tokens by kind: prompt, completion", metrics.tokens.clone());
		registry.register(
			"attempts",
			"Miners asked, by how it ended: answered, failed, busy, unreachable, late, left",
			metrics.attempts.clone(),
		);
		registry.register(
			"hedges",
			"Second miners asked because the first was slow",
			metrics.hedges.clone(),
		);
		registry.register(
			"checks",
			"Answers that were checked, by verdict: held, failed, skipped (too many at once)",
			metrics.checks.clone(),
		);
		metrics
	}

	/// Notes the status of a response.
	pub fn responded(&self, status: u16) {
		self.requests.get_or_create(&label("status", status.to_string())).inc();
	}

	/// Notes a refusal.
	pub fn refused(&self, reason: &'static str) {
		self.refusals.get_or_create(&label("reason", reason)).inc();
	}

	/// Notes the first piece of an answer.
	pub fn first_token(&self, after: Duration) {
		self.first_token_seconds.observe(after.as_secs_f64());
	}

	/// Notes tokens.
	pub fn tokens(&self, prompt: u32, completion: u32) {
		self.tokens
			.get_or_create(&label("kind", "prompt"))
			.inc_by(prompt.into());
		self.tokens
			.get_or_create(&label("kind", "completion"))
			.inc_by(completion.into());
	}

	/// Notes how asking a miner ended.
	pub fn attempt(&self, end: &'static str) {
		self.attempts.get_or_create(&label("end", end)).inc();
	}

	/// Notes the verdict on an answer.
	pub fn checked(&self, verdict: &'static str) {
		self.checks.get_or_create(&label("verdict", verdict)).inc();
	}

	/// Notes that a second miner is asked.
	pub fn hedged(&self) {
		self.hedges.inc();
	}

	/// Notes a request under way until what this returns is dropped.
	pub fn runs(&self) -> SentEnd {
		self.running.inc();
		SentEnd(self.running.clone())
	}
}

/// A request under way; dropping it is its end.
#[derive(Debug)]
pub struct SentEnd(Gauge<u64, AtomicU64>);

impl Drop for SentEnd {
	fn drop(&mut self) {
		self.0.dec();
	}
}
