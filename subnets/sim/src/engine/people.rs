//! Who comes, who goes, who buys stake.

use std::collections::VecDeque;

use crate::money::{coins, rao};
use crate::random::{Purpose, around, share, stream};
use crate::scenario::MinerBehaviour;

use super::Simulation;
use super::subnet::{GroupIndex, Holder};

impl Simulation<'_> {
	/// Registers everybody of the first hour.
	pub(super) fn settle(&mut self) {
		let scenario = self.scenario;
		for (index, group) in scenario.validators.iter().enumerate() {
			for _ in 0..group.count {
				let mut holder = Holder::new(index, self.serial(), true, 0.0);
				let mut rng = stream(self.seed, Purpose::Start, 0, holder.serial);
				holder.alpha = rao(around(&mut rng, group.stake_alpha, group.stake_spread));
				holder.own = (holder.alpha as f64 * (1.0 - group.nominated)) as u64;
				holder.root_tao = rao(group.root_tao);
				self.subnet.register(holder, 0, &scenario.hyperparameters);
			}
		}
		for (index, group) in scenario.miners.iter().enumerate() {
			for _ in 0..group.count {
				// Who joins later has a number already: it does not change the others' luck.
				let serial = self.serial();
				if group.joins_at_epoch == 0 {
					let holder = self.miner(scenario.validators.len() + index, serial);
					self.subnet.register(holder, 0, &scenario.hyperparameters);
				}
			}
		}
	}

	fn serial(&mut self) -> u32 {
		self.next_serial += 1;
		self.next_serial
	}

	fn miner(&self, group: GroupIndex, serial: u32) -> Holder {
		let quality = match super::miner_group(self.scenario, group) {
			Some(group) => {
				let mut rng = stream(self.seed, Purpose::Start, 0, serial);
				around(&mut rng, group.quality, group.quality_spread)
			}
			None => 0.0,
		};
		Holder::new(group, serial, false, quality)
	}

	/// Groups that join now, members that come back, and strangers register.
	pub(super) fn come_and_go(&mut self) {
		let scenario = self.scenario;
		let block = self.block() - u64::from(self.rules().tempo) + 1;
		for holder in std::mem::take(&mut self.returners) {
			self.register(holder, block);
		}
		for (index, group) in scenario.miners.iter().enumerate() {
			if group.joins_at_epoch == self.epoch {
				for _ in 0..group.count {
					let holder = self.newcomer(scenario.validators.len() + index);
					self.register(holder, block);
				}
			}
		}
		let churn = &scenario.churn;
		let mut rng = stream(self.seed, Purpose::Churn, self.epoch, 0);
		let mut expected = churn.registrations_per_epoch;
		while expected > 0.0 {
			let (chance, quality) = (share(&mut rng), share(&mut rng));
			if chance < expected {
				let quality = churn.quality_low + quality * (churn.quality_high - churn.quality_low);
				let serial = self.serial();
				self.register(Holder::new(self.totals.len() - 1, serial, false, quality), block);
			}
			expected -= 1.0;
		}
	}

	fn newcomer(&mut self, group: GroupIndex) -> Holder {
		let serial = self.serial();
		self.miner(group, serial)
	}

	/// Registers somebody for the present price.
	fn register(&mut self, mut holder: Holder, block: u64) {
		let group = holder.group;
		holder.utility = holder.quality;
		if super::miner_group(self.scenario, group).is_some_and(|group| group.behaviour.is_cheat()) {
			// It has not worked yet in this epoch; honest newcomers have.
			holder.utility = 0.0;
		}
		// A validator keeps its stake while it has no uid, and tries again.
		let waiting = holder.is_validator.then(|| holder.clone());
		let Some((_, replaced)) = self.subnet.register(holder, block, self.rules()) else {
			self.refused_registrations += 1;
			self.returners.extend(waiting);
			return;
		};
		let paid = coins(self.treasury.charge_registration()) / self.treasury.price().max(f64::MIN_POSITIVE);
		self.totals[group].registrations += paid;
		if let Some(replaced) = replaced {
			self.totals[replaced.group].replaced += 1;
			self.leave(replaced);
		}
	}

	/// Somebody has lost its uid. A validator registers again with its stake, and so does, with nothing, a miner that returns;
	/// the stake on miners stays its owners', without a neuron.
	fn leave(&mut self, replaced: Holder) {
		if replaced.is_validator {
			self.returners.push(Holder {
				commits: VecDeque::new(),
				kept: None,
				last_set: None,
				..replaced
			});
			return;
		}
		self.departed_alpha = self.departed_alpha.saturating_add(replaced.alpha);
		if super::miner_group(self.scenario, replaced.group).is_some_and(|group| group.returns) {
			let holder = self.newcomer(replaced.group);
			self.returners.push(holder);
		}
	}

	/// Those who swap uids register anew, after the commits of this epoch.
	pub(super) fn swap_uids(&mut self) {
		let scenario = self.scenario;
		let block = self.block() - 2;
		for (index, group) in scenario.miners.iter().enumerate() {
			let MinerBehaviour::UidSwap { every_epochs } = group.behaviour else {
				continue;
			};
			if self.epoch >= group.joins_at_epoch.max(1) && self.epoch.is_multiple_of(every_epochs.max(1)) {
				for _ in 0..group.count {
					let holder = self.newcomer(scenario.validators.len() + index);
					self.register(holder, block);
				}
			}
		}
	}

	/// Whales buy stake, and sell what they bought and what it earned.
	pub(super) fn trade_stake(&mut self) {
		let scenario = self.scenario;
		for (index, group) in scenario.validators.iter().enumerate() {
			let Some(buys) = &group.buys else { continue };
			for uid in 0..self.subnet.holders.len() {
				if self.subnet.holders[uid].group != index {
					continue;
				}
				if buys.at_epoch == self.epoch || (buys.at_epoch == 0 && self.epoch == 1) {
					let alpha = self.treasury.buy(rao(buys.tao));
					let holder = &mut self.subnet.holders[uid];
					holder.bought = holder.bought.saturating_add(alpha);
					holder.alpha = holder.alpha.saturating_add(alpha);
					holder.own = holder.own.saturating_add(alpha);
					self.totals[index].bought += coins(alpha);
					self.totals[index].tao_from_trades -= buys.tao;
				}
				if buys.sell_at_epoch == Some(self.epoch) {
					let own = self.subnet.holders[uid].own;
					if let Some(tao) = self.treasury.sell(own) {
						let holder = &mut self.subnet.holders[uid];
						holder.alpha = holder.alpha.saturating_sub(own);
						holder.own = 0;
						holder.bought = 0;
						self.totals[index].tao_from_trades += coins(tao);
					}
				}
			}
		}
	}
}
