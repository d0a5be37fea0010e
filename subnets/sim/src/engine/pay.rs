//! Pays what an epoch decided.

use crate::money::{coins, part, share_of};
use crate::scenario::ValidatorBehaviour;

use super::economy::Pending;
use super::{Simulation, miner_group};

impl Simulation<'_> {
	/// Pays miners and validators, sells what they sell, settles bribes and counts costs. What rounding leaves stays pending.
	pub(super) fn pay(&mut self) {
		let pending = self.treasury.pending;
		let (alpha, root) = self.split_dividends(&pending);
		let mut for_sale = vec![0_u64; self.totals.len()];
		let mut paid = 0_u64;
		let take = self.scenario.economy.take;
		for uid in 0..self.subnet.holders.len() {
			let mined = self.output.server_emission[uid];
			let dividends = alpha[uid] + root[uid];
			paid += mined + dividends;
			self.subnet.emission[uid] = mined + dividends;
			let holder = &mut self.subnet.holders[uid];
			let group = holder.group;
			// The take comes off all dividends; the rest of those on alpha goes to stakers, the validator's owner among them.
			let taken = share_of(alpha[uid], take);
			let own = part(alpha[uid] - taken, holder.own, holder.alpha);
			let root_taken = share_of(root[uid], take);
			let kept = taken + own + root_taken;
			holder.alpha = holder.alpha.saturating_add(mined + alpha[uid] + root_taken);
			holder.own = holder.own.saturating_add(mined + kept);
			self.treasury.root_alpha += root[uid] - root_taken;
			for_sale[group] += self.sell_from(uid, mined, kept);
			self.since_point[group] += mined + dividends;
			let totals = &mut self.totals[group];
			totals.mined += coins(mined);
			totals.dividends += coins(dividends);
			totals.kept += coins(kept);
		}
		let left = pending.sum().saturating_sub(paid);
		self.treasury.pending = Pending {
			servers: left,
			..Pending::default()
		};
		self.sell(&for_sale);
		self.count_costs();
		self.settle_bribes(&alpha, &root);
		self.subnet.permits.clone_from(&self.output.new_validator_permits);
	}

	/// Divides what validators earned into the parts of those who stake alpha and those who stake on root: root gets as much
	/// of the sum as its part of what was pending says, at most what its stake has earned.
	fn split_dividends(&self, pending: &Pending) -> (Vec<u64>, Vec<u64>) {
		let earned = &self.output.validator_emission;
		let stake = self.stake();
		let holders = self.subnet.holders.iter();
		let by_root: Vec<u64> = holders
			.zip(earned.iter().zip(&stake))
			.map(|(holder, (earned, stake))| part(*earned, self.treasury.weighted_root(holder.root_tao), *stake))
			.collect();
		let (all, sum_root): (u64, u64) = (earned.iter().sum(), by_root.iter().sum());
		let sum_alpha = all - sum_root;
		let pot = match (sum_root, sum_alpha) {
			(0, _) => 0,
			(_, 0) => all,
			_ => part(all, pending.root, pending.root + pending.validators).min(sum_root),
		};
		let root = by_root.iter().map(|share| part(pot, *share, sum_root)).collect();
		let rest = earned.iter().zip(&by_root).map(|(earned, root)| earned - root);
		let alpha = rest.map(|share| part(all - pot, share, sum_alpha)).collect();
		(alpha, root)
	}

	/// Takes off a stake what its owner sells of what it has just earned.
	fn sell_from(&mut self, uid: usize, mined: u64, kept: u64) -> u64 {
		let holder = &mut self.subnet.holders[uid];
		let sells = match self.scenario.validators.get(holder.group) {
			Some(group) => group.sells,
			None => miner_group(self.scenario, holder.group).map_or(1.0, |group| group.sells),
		};
		let amount = share_of(mined + kept, sells).min(holder.own);
		holder.alpha -= amount;
		holder.own -= amount;
		amount
	}

	/// Sells to the pool what each group sells. What the pool refuses is its owners', without a neuron.
	fn sell(&mut self, for_sale: &[u64]) {
		for (group, amount) in for_sale.iter().enumerate().filter(|(_, amount)| **amount > 0) {
			match self.treasury.sell(*amount) {
				Some(tao) => self.totals[group].tao_from_trades += coins(tao),
				None => self.departed_alpha += amount,
			}
		}
	}

	fn count_costs(&mut self) {
		let scenario = self.scenario;
		for holder in &self.subnet.holders {
			let cost = match scenario.validators.get(holder.group) {
				Some(group) => group.work_cost_alpha * group.behaviour.cost_factor(),
				None => miner_group(scenario, holder.group).map_or(0.0, |group| {
					group.work_cost_alpha * group.behaviour.cost_factor(group.count)
				}),
			};
			self.totals[holder.group].work += cost;
		}
	}

	/// A bribed validator that earned less than an honest one with its stake is compensated, and gets ε on top, from the
	/// first group of miners of its team. Where it earned as much, nothing is due.
	fn settle_bribes(&mut self, alpha: &[u64], root: &[u64]) {
		let scenario = self.scenario;
		let bribed = |group: usize| match scenario.validators.get(group).map(|group| &group.behaviour) {
			Some(ValidatorBehaviour::Bribed { epsilon, .. }) => Some(*epsilon),
			_ => None,
		};
		if !(0..scenario.validators.len()).any(|group| bribed(group).is_some()) {
			return;
		}
		let stake = self.stake();
		let honest = |group: usize| {
			let behaviour = scenario.validators.get(group).map(|group| &group.behaviour);
			matches!(behaviour, Some(ValidatorBehaviour::Honest { .. }))
		};
		let (mut earned_by_honest, mut honest_stake) = (0.0, 0.0);
		for (uid, holder) in self.subnet.holders.iter().enumerate() {
			if honest(holder.group) {
				earned_by_honest += coins(alpha[uid] + root[uid]);
				honest_stake += coins(stake[uid]);
			}
		}
		if honest_stake <= 0.0 {
			return;
		}
		for (uid, holder) in self.subnet.holders.iter().enumerate() {
			let Some(epsilon) = bribed(holder.group) else { continue };
			let fair = earned_by_honest / honest_stake * coins(stake[uid]);
			let lost = fair - coins(alpha[uid] + root[uid]);
			let team = scenario.validators[holder.group].team_name();
			let briber = scenario.miners.iter().position(|group| group.team_name() == team);
			if let Some(briber) = briber.filter(|_| lost > 0.0) {
				let due = lost + epsilon * fair;
				self.totals[holder.group].bribes_received += due;
				self.totals[scenario.validators.len() + briber].bribes_paid += due;
			}
		}
	}
}
