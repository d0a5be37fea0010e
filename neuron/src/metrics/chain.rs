//! What the chain says about itself and about this neuron.

use std::sync::atomic::AtomicU64;

use neuron_chain::AccountId;
use prometheus_client::{metrics::gauge::Gauge, registry::Registry};

use super::{Health, Metrics};
use crate::follower::{Followed, Snapshot};

type Number = Gauge<u64, AtomicU64>;
type Fraction = Gauge<f64, AtomicU64>;

/// Metrics of the chain.
#[derive(Clone, Debug)]
pub struct ChainMetrics {
	height: Number,
	neurons: Number,
	axons: Number,
	stake: Fraction,
	emission: Fraction,
	incentive: Fraction,
	dividends: Fraction,
	permit: Number,
}

impl ChainMetrics {
	pub(super) fn new(registry: &mut Registry) -> Self {
		let metrics = Self {
			height: Number::default(),
			neurons: Number::default(),
			axons: Number::default(),
			stake: Fraction::default(),
			emission: Fraction::default(),
			incentive: Fraction::default(),
			dividends: Fraction::default(),
			permit: Number::default(),
		};
		registry.register("height", "Number of the best block", metrics.height.clone());
		registry.register("neurons", "Neurons of the subnet", metrics.neurons.clone());
		registry.register("axons", "Neurons that have published an address", metrics.axons.clone());
		registry.register(
			"stake_alpha",
			"Stake on this neuron's hotkey, in alpha",
			metrics.stake.clone(),
		);
		registry.register(
			"emission_alpha",
			"What this neuron earned in the last epoch, in alpha",
			metrics.emission.clone(),
		);
		registry.register(
			"incentive_share",
			"This neuron's share of the miners' reward, 0 to 1",
			metrics.incentive.clone(),
		);
		registry.register(
			"dividends_share",
			"This neuron's share of the validators' reward, 0 to 1",
			metrics.dividends.clone(),
		);
		registry.register(
			"validator_permit",
			"1 where this neuron may set weights, else 0",
			metrics.permit.clone(),
		);
		metrics
	}

	/// Notes the best block.
	pub fn block(&self, number: u64) {
		self.height.set(number);
	}

	/// Notes what a snapshot says about the subnet and about the neuron with this hotkey.
	pub fn snapshot(&self, snapshot: &Snapshot, hotkey: &AccountId) {
		let neurons = &snapshot.metagraph.neurons;
		let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
		self.neurons.set(count(neurons.len()));
		self.axons
			.set(count(neurons.iter().filter(|neuron| neuron.axon.is_some()).count()));
		let Some(own) = snapshot.metagraph.by_hotkey(hotkey) else {
			return;
		};
		let alpha = |rao: u64| rao as f64 / 1e9;
		let share = |share: u16| f64::from(share) / f64::from(u16::MAX);
		self.stake.set(alpha(own.stake_rao));
		self.emission.set(alpha(own.emission_rao));
		self.incentive.set(share(own.incentive));
		self.dividends.set(share(own.dividends));
		self.permit.set(own.validator_permit.into());
	}
}

/// Keeps the metrics of the chain and the health up to date until the follower ends.
pub async fn follow_chain(metrics: std::sync::Arc<Metrics>, health: Health, hotkey: AccountId, mut followed: Followed) {
	loop {
		metrics.chain.block(*followed.block.borrow_and_update());
		let snapshot = followed.snapshot.borrow().clone();
		metrics.chain.snapshot(&snapshot, &hotkey);
		health.block_came();
		if followed.block.changed().await.is_err() {
			return;
		}
	}
}
