//! What validators put on chain.

use yuma::{Entry, EpochOutput};

use crate::scenario::{Scenario, ValidatorBehaviour, ValidatorGroup};

use super::rows::{favour, row};
use super::work::measure;
use super::{Simulation, miner_group};

/// How many epochs back the slowest copier looks.
pub(super) fn longest_lag(scenario: &Scenario) -> usize {
	let lags = scenario.validators.iter().map(|group| match group.behaviour {
		ValidatorBehaviour::Copier { lag_epochs } => lag_epochs as usize,
		_ => 0,
	});
	lags.max().unwrap_or(0)
}

fn is_copier(group: &ValidatorGroup) -> bool {
	matches!(group.behaviour, ValidatorBehaviour::Copier { .. })
}

impl<'a> Simulation<'a> {
	/// Reveals what is due; then everybody sets weights whose turn it is, copiers last.
	pub(super) fn validate(&mut self) {
		self.reveal();
		let block = self.block();
		let tempo = u64::from(self.rules().tempo);
		for uid in 0..self.subnet.holders.len() {
			if let Some(group) = self.is_due(uid).filter(|group| !is_copier(group)) {
				let row = self.opinion(uid, group);
				self.set_weights(uid, block - tempo / 2, row);
			}
		}
		let mut preview = None;
		for uid in 0..self.subnet.holders.len() {
			if let Some(group) = self.is_due(uid).filter(|group| is_copier(group)) {
				let ValidatorBehaviour::Copier { lag_epochs } = group.behaviour else {
					continue;
				};
				let row = match lag_epochs {
					0 => preview.get_or_insert_with(|| self.foresee()).clone(),
					lag => self.remembered(lag),
				};
				self.set_weights(uid, block - tempo / 4, row);
			}
		}
	}

	/// The group of a validator that holds a permit and whose turn it is to set weights.
	fn is_due(&self, uid: usize) -> Option<&'a ValidatorGroup> {
		let holder = &self.subnet.holders[uid];
		if !holder.is_validator || !self.subnet.permits[uid] {
			return None;
		}
		let group = self.scenario.validators.get(holder.group)?;
		let rules = self.rules();
		// Who sets weights more often than it may is refused, and waits.
		let allowed = rules.weights_rate_limit_blocks.div_ceil(u64::from(rules.tempo));
		let every = u64::from(group.weights_every_epochs).max(allowed);
		let is_due = holder.last_set.is_none_or(|last| u64::from(self.epoch - last) >= every);
		is_due.then_some(group)
	}

	/// The row that a validator who does not copy would set.
	fn opinion(&mut self, uid: usize, group: &ValidatorGroup) -> Vec<Entry> {
		match group.behaviour {
			ValidatorBehaviour::Honest { noise } => self.measured(uid, noise, None),
			ValidatorBehaviour::Lazy { noise, refresh_epochs } => {
				if let Some((since, kept)) = &self.subnet.holders[uid].kept
					&& self.epoch - since < refresh_epochs
				{
					return kept.clone();
				}
				let row = self.measured(uid, noise, None);
				self.subnet.holders[uid].kept = Some((self.epoch, row.clone()));
				row
			}
			ValidatorBehaviour::Cabal { self_weight, noise }
			| ValidatorBehaviour::Bribed { self_weight, noise, .. } => {
				self.measured(uid, noise, Some((group.team_name(), self_weight)))
			}
			ValidatorBehaviour::Copier { .. } => Vec::new(),
		}
	}

	/// What a validator measures, perhaps with a share for the miners of a team.
	fn measured(&mut self, uid: usize, noise: f64, favoured: Option<(&str, f64)>) -> Vec<Entry> {
		let mut scores = std::mem::take(&mut self.scores);
		let serial = self.subnet.holders[uid].serial;
		measure(&self.subnet, self.seed, self.epoch, serial, noise, &mut scores);
		if let Some((team, self_weight)) = favoured {
			let is_ours = |group| miner_group(self.scenario, group).is_some_and(|group| group.team_name() == team);
			let holders = self.subnet.holders.iter();
			let ours: Vec<bool> = holders
				.map(|holder| !holder.is_validator && is_ours(holder.group))
				.collect();
			favour(&mut scores, &ours, self_weight);
		}
		let row = row(&scores);
		self.scores = scores;
		row
	}

	/// The consensus of the rows that are on chain now, but for those of copiers.
	fn foresee(&mut self) -> Vec<Entry> {
		let scenario = self.scenario;
		let groups: Vec<usize> = self.subnet.holders.iter().map(|holder| holder.group).collect();
		let counts = |uid: usize| {
			scenario
				.validators
				.get(groups[uid])
				.is_none_or(|group| !is_copier(group))
		};
		// Copiers have no say in what they foresee.
		let mut stake = self.stake();
		for (uid, stake) in stake.iter_mut().enumerate() {
			*stake = if counts(uid) { *stake } else { 0 };
		}
		let mut preview: EpochOutput = std::mem::take(&mut self.preview);
		self.run_yuma(self.block(), 0, &stake, counts, &mut preview);
		let row = as_row(&preview.consensus);
		self.preview = preview;
		row
	}

	/// The consensus of `lag` epochs ago; nothing where there was none.
	fn remembered(&self, lag: u32) -> Vec<Entry> {
		let place = self.history.len().checked_sub(lag as usize);
		place
			.and_then(|place| self.history.get(place))
			.map_or(Vec::new(), |consensus| as_row(consensus))
	}

	/// Sets a row, or commits to it.
	fn set_weights(&mut self, uid: usize, block: u64, row: Vec<Entry>) {
		if row.is_empty() {
			return;
		}
		let rules = self.rules();
		self.subnet.holders[uid].last_set = Some(self.epoch);
		if rules.commit_reveal {
			self.subnet.holders[uid].commits.push_back((self.epoch, block, row));
			if !rules.mask_new_holders {
				return;
			}
		} else {
			self.subnet.rows[uid] = row;
		}
		self.subnet.last_update[uid] = block;
	}

	/// Commits whose time has come enter into force.
	fn reveal(&mut self) {
		let rules = self.rules();
		if !rules.commit_reveal {
			return;
		}
		for uid in 0..self.subnet.holders.len() {
			let is_due = |commits: &(u32, u64, Vec<Entry>)| commits.0 + rules.reveal_period_epochs <= self.epoch;
			while self.subnet.holders[uid].commits.front().is_some_and(is_due) {
				let Some((_, block, row)) = self.subnet.holders[uid].commits.pop_front() else {
					break;
				};
				self.subnet.reveal(uid, block, row, rules.mask_new_holders);
				if !rules.mask_new_holders {
					// Without the rule a row counts as new when it is revealed.
					self.subnet.last_update[uid] = self.block();
				}
			}
		}
	}
}

/// A consensus as a row of weights.
fn as_row(consensus: &[u16]) -> Vec<Entry> {
	let entries = (0_u16..).zip(consensus).filter(|(_, weight)| **weight > 0);
	let entries: Vec<Entry> = entries.map(|(uid, weight)| (uid, *weight)).collect();
	let highest = entries.iter().map(|(_, weight)| *weight).max().unwrap_or(1);
	let scale = |weight: u16| u32::from(weight) * u32::from(u16::MAX) / u32::from(highest.max(1));
	entries
		.into_iter()
		.map(|(uid, weight)| (uid, u16::try_from(scale(weight)).unwrap_or(u16::MAX)))
		.collect()
}
