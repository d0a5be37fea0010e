//! The miner: serves a mechanism's tasks to the validators of its subnet.
//!
//! ```text
//! neuron_net (admission by stake, permit, rate) ─▶ Incoming ─▶ Dispatcher ─▶ DynMechanism::solve on a blocking thread
//!                    ▲                                              │ bounded chunks
//!                    └────────────────── Responder ◀───────────────┘
//! ```
//!
//! Answers of the mechanism `text` share one batch of the model: see [`crate::model`].
//!
//! [`run_with`] takes any mechanism, so that another program can run a miner of its own making.

mod dispatcher;

use std::{
	sync::{Arc, atomic::Ordering},
	time::Duration,
};

use anyhow::Result;
use async_trait::async_trait;
pub use dispatcher::{BUSY_RETRY_AFTER_MS, CHUNK_BUFFER, CallerGone, Counters, Dispatcher, Job, Reply};
use neuron_net::{AdmissionPolicy, Handle, IncomingRequest, Refusal, Responder};
use subnet_sdk::Hotkey;
use tokio_util::sync::CancellationToken;

use crate::{
	metrics::Metrics,
	neuron_options::NeuronOptions,
	registry,
	startup::{self, MechanismFactory},
	units::RAO_PER_TAO,
};

/// How often the metrics learn how many requests the network layer has refused.
const REFUSALS_INTERVAL: Duration = Duration::from_secs(5);

/// How a miner runs.
#[derive(Clone, Debug)]
pub struct MinerOptions {
	/// What it shares with the validator.
	pub neuron: NeuronOptions,
	/// Requests worked on at once, at least 1.
	pub workers: usize,
	/// Requests that may wait for a worker.
	pub queue: usize,
	/// How long running answers get at shutdown.
	pub grace: Duration,
	/// Stake that admits a caller without a validator permit; 0 admits every registered hotkey.
	pub min_stake_rao: u64,
}

impl MinerOptions {
	/// The defaults: 8 workers, a queue of 16, 5 seconds of grace, callers with a permit or 1 TAO of stake.
	pub fn new(neuron: NeuronOptions) -> Self {
		Self {
			neuron,
			workers: 8,
			queue: 16,
			grace: Duration::from_secs(5),
			min_stake_rao: RAO_PER_TAO,
		}
	}
}

#[async_trait]
impl Reply for Responder {
	async fn accept(&mut self) -> Result<(), CallerGone> {
		Responder::accept(self).await.map_err(|_| CallerGone)
	}

	async fn send(&mut self, chunk: Vec<u8>) -> Result<(), CallerGone> {
		Responder::send(self, chunk).await.map_err(|_| CallerGone)
	}

	async fn finish(self: Box<Self>) {
		Responder::finish(*self).await;
	}

	async fn refuse(self: Box<Self>, refusal: Refusal) {
		Responder::refuse(*self, refusal).await;
	}

	async fn closed(&self) {
		Responder::closed(self).await;
	}
}

/// Brings the network layer's count of refusals into the metrics, again and again.
async fn count_refusals(network: Handle, metrics: Arc<Metrics>) {
	loop {
		for (reason, count) in network.refusals() {
			metrics.miner.not_admitted(reason, count);
		}
		tokio::time::sleep(REFUSALS_INTERVAL).await;
	}
}

/// Runs a miner until `stop` is cancelled; its mechanism is built once the neuron is on the network.
///
/// # Errors
/// See [`startup::start`].
pub async fn run_with(options: MinerOptions, factory: MechanismFactory, stop: CancellationToken) -> Result<()> {
	let admission = AdmissionPolicy {
		min_stake_rao: options.min_stake_rao,
		..AdmissionPolicy::default()
	};
	let started = startup::start(&options.neuron, admission, options.queue, factory);
	let mut neuron = tokio::select! {
		neuron = started => neuron?,
		() = stop.cancelled() => return Ok(()),
	};
	let hotkey = Hotkey(neuron.parts.hotkey.into());
	if let Some(hash) = neuron.mechanism.model_hash() {
		neuron.parts.handle.set_model_hash(hash);
	}
	let metrics = neuron.serve_metrics(options.neuron.metrics).await?;
	let counting = count_refusals(neuron.parts.handle.clone(), metrics.clone());
	tokio::spawn(stop.clone().run_until_cancelled_owned(counting));
	let dispatcher = Dispatcher::new(neuron.mechanism.clone(), hotkey, options.workers, 0)
		.with_metrics(metrics, registry::token_counter(neuron.mechanism.descriptor().name));
	tracing::info!(
		mechanism = %neuron.mechanism.descriptor(),
		listen = %neuron.parts.handle.local_addr(),
		workers = options.workers,
		"serving"
	);
	loop {
		// Requests wait in the network layer, where more stake goes first, until there is somebody to work on one.
		let request = tokio::select! {
			request = async {
				dispatcher.room().await;
				neuron.incoming.next().await
			} => request,
			() = stop.cancelled() => break,
		};
		let Some(IncomingRequest {
			caller,
			request,
			responder,
			..
		}) = request
		else {
			anyhow::bail!("the network layer ended by itself: see the log above, then start the miner again");
		};
		dispatcher.dispatch(Job {
			caller,
			request,
			reply: Box::new(responder),
		});
	}
	let finished = dispatcher.shutdown(options.grace).await;
	let counters = dispatcher.counters();
	let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
	tracing::info!(
		answered = count(&counters.answered),
		refused = count(&counters.refused),
		cancelled = count(&counters.cancelled),
		failed = count(&counters.failed),
		all_finished = finished,
		"stopped"
	);
	neuron.close().await;
	Ok(())
}
