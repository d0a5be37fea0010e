//! The validator: challenges miners, remembers scores, submits weights.
//!
//! ```text
//! follower ─ block ─▶ Rounds ─ Challenger ─▶ peers          (every `round_blocks` blocks)
//!     │                  └─ scores ─▶ ScoreStore ─ State
//!     └───── block ─▶ Submitter ◀───────┘ ─▶ set_weights    (a little before the epoch ends)
//! ```
//!
//! Rounds and submissions run side by side: a slow round does not make weights late.

pub mod challenge;
pub mod honesty;
pub mod peers;
pub mod round;
pub mod scores;
pub mod weights;

use std::{
	num::NonZeroU64,
	sync::{Arc, Mutex},
	time::Duration,
};

use anyhow::{Context as _, Result};
use neuron_net::{AdmissionPolicy, Refusal};
use subnet_sdk::Hotkey;
use tokio_util::sync::CancellationToken;

use self::{
	challenge::{Challenger, SystemClock, SystemNonces},
	honesty::Honesty,
	round::Rounds,
	scores::{Owner, ScoreStore},
	weights::{Progress, Submitter},
};
use crate::{
	events::{Event, EventSink, JsonLines, NoEvents},
	follower::Followed,
	neuron_options::NeuronOptions,
	registry,
	startup::{self, MechanismFactory},
};

/// How long a peer that asks the validator for work gets to read the refusal.
const REFUSAL_LIMIT: Duration = Duration::from_secs(2);

/// Requests that may wait for their refusal.
const REFUSALS_WAITING: usize = 16;

/// How a validator runs.
#[derive(Clone, Debug)]
pub struct ValidatorOptions {
	/// What it shares with the miner.
	pub neuron: NeuronOptions,
	/// Miners challenged at once, at least 1. Answers are timed, so miners that share this machine's cores or its
	/// connection slow each other down where it is more. A miner that hangs keeps its place until the mechanism's
	/// deadline, so with 1 each such miner lengthens the round by that much.
	pub concurrency: usize,
	/// Weight of the newest score in the moving average, over 0 up to 1.
	pub score_alpha: f64,
	/// Blocks from the start of one round to the start of the next, at least 1.
	pub round_blocks: u64,
	/// Where events go: a path, `-` for standard output, nothing for nowhere.
	pub events: Option<String>,
	/// In every so-many-th round all miners of one owner are asked at one instant, so that one machine cannot pose as
	/// many; never where absent.
	pub same_instant_every: Option<NonZeroU64>,
}

impl ValidatorOptions {
	/// The defaults: one miner at a time, an average of about the last five scores, a round every 5 blocks.
	pub fn new(neuron: NeuronOptions) -> Self {
		Self {
			neuron,
			concurrency: 1,
			score_alpha: 0.3,
			round_blocks: 5,
			events: None,
			same_instant_every: None,
		}
	}
}

/// Runs a validator until `stop` is cancelled.
///
/// # Errors
/// See [`startup::start`]; also a score file or an events file that cannot be used.
pub async fn run(options: ValidatorOptions, factory: MechanismFactory, stop: CancellationToken) -> Result<()> {
	let events: Arc<dyn EventSink> = match &options.events {
		None => Arc::new(NoEvents),
		Some(place) => {
			Arc::new(JsonLines::open(place).with_context(|| format!("cannot write events to {place}; check --events"))?)
		}
	};
	let started = startup::start(&options.neuron, AdmissionPolicy::default(), REFUSALS_WAITING, factory);
	let mut neuron = tokio::select! {
		neuron = started => neuron?,
		() = stop.cancelled() => return Ok(()),
	};
	let parts = neuron.parts.clone();
	let descriptor = neuron.mechanism.descriptor();
	let owner = Owner::new(parts.hotkey, options.neuron.netuid, descriptor);
	let store = ScoreStore::open(&parts.data_dir, owner, options.score_alpha)?;
	let honesty = Honesty::open(&parts.data_dir, options.same_instant_every)?;
	let metrics = neuron.serve_metrics(options.neuron.metrics).await?;
	metrics.validator.known(&store.averages());
	let events = metrics.validator.counting(events);
	let scores = Arc::new(Mutex::new(store));
	let listen = parts.handle.local_addr().to_string();
	tracing::info!(mechanism = %descriptor, listen, "validating");
	events.emit(Event::Started {
		netuid: options.neuron.netuid,
		uid: parts.uid,
		hotkey: parts.hotkey.to_string(),
		mechanism: descriptor.to_string(),
		listen,
	});
	let rounds = Rounds {
		challenger: Challenger {
			own: Hotkey(parts.hotkey.into()),
			mechanism: neuron.mechanism.clone(),
			peers: Arc::new(parts.handle.clone()),
			clock: Arc::new(SystemClock::default()),
			nonces: Arc::new(SystemNonces),
			token_counter: registry::token_counter(descriptor.name),
		},
		scores: scores.clone(),
		events: events.clone(),
		own: parts.hotkey,
		concurrency: options.concurrency,
		honesty,
	};
	let submitter = Submitter {
		chain: parts.chain.clone(),
		hotkey: parts.hotkey,
		scores,
		events,
		progress: Progress::default(),
	};
	tokio::select! {
		() = keep_scoring(rounds, parts.followed.clone(), options.round_blocks) => {},
		() = keep_submitting(submitter, parts.followed.clone()) => {},
		() = refuse_work(&mut neuron.incoming) => {},
		() = stop.cancelled() => {},
	}
	let asked = stop.is_cancelled();
	neuron.close().await;
	anyhow::ensure!(
		asked,
		"a part of the validator ended by itself: see the log above, then start it again"
	);
	tracing::info!("stopped");
	Ok(())
}

/// A round every `round_blocks` blocks; ends with the follower.
async fn keep_scoring(rounds: Rounds, mut followed: Followed, round_blocks: u64) {
	let mut last: Option<u64> = None;
	for round in 1_u64.. {
		let block = loop {
			let block = *followed.block.borrow_and_update();
			// A lower number than before is another chain, or the old one started anew.
			if last.is_none_or(|last| block < last || block - last >= round_blocks) {
				break block;
			}
			if followed.block.changed().await.is_err() {
				return;
			}
		};
		last = Some(block);
		rounds.run(round, block, &followed.snapshot).await;
	}
}

/// Looks at the weights on every block; ends with the follower.
async fn keep_submitting(mut submitter: Submitter, mut followed: Followed) {
	while followed.block.changed().await.is_ok() {
		let block = *followed.block.borrow_and_update();
		let snapshot = followed.snapshot.borrow().clone();
		submitter.consider(block, &snapshot).await;
	}
}

/// A validator serves nothing: says so to whoever asks.
async fn refuse_work(incoming: &mut neuron_net::Incoming) {
	while let Some(request) = incoming.next().await {
		let refusal = Refusal::UnsupportedMechanism {
			requested: request.request.mechanism.clone(),
			served: "nothing, this is a validator".into(),
		};
		if tokio::time::timeout(REFUSAL_LIMIT, request.responder.refuse(refusal))
			.await
			.is_err()
		{
			tracing::debug!(uid = request.caller.uid, "a caller did not read its refusal");
		}
	}
}
