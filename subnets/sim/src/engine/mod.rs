//! One run: epoch after epoch of one subnet, with the chain's own consensus.
//!
//! An epoch of the simulation takes `tempo` blocks, in which happens, in this order:
//!
//! 1. miners work, strangers and returners register, whales trade (`people`);
//! 2. commits whose time has come are revealed, honest validators measure and set weights, copiers copy (`validate`);
//! 3. those who swap uids register anew, after the commits (`people`);
//! 4. blocks emit (`economy`), the epoch runs ([`yuma::run_epoch`]) and pays (`pay`).

mod economy;
mod pay;
mod people;
mod rows;
mod subnet;
mod validate;
mod work;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use yuma::{Entry, EpochInput, EpochOutput, Explanation, LiquidAlpha, MechanismInput, Parameters, Workspace};

use crate::money::{coins, of_u16, rao};
use crate::record::{Correlation, MAX_POINTS, Point, Run, Totals, gini, half_of};
use crate::scenario::{Hyperparameters, MinerGroup, Scenario};
use economy::Treasury;
use subnet::{GroupIndex, Holder, Subnet};

/// One run of a scenario, in the middle of it.
pub struct Simulation<'a> {
	scenario: &'a Scenario,
	seed: u64,
	epoch: u32,
	subnet: Subnet,
	treasury: Treasury,
	workspace: Workspace,
	output: EpochOutput,
	/// What a copier foresees of the next epoch.
	preview: EpochOutput,
	/// Consensus of the last epochs, oldest first; as many as the slowest copier asks for.
	history: VecDeque<Vec<u16>>,
	longest_lag: usize,
	scores: Vec<f64>,
	next_serial: u32,
	/// Who lost a uid and registers again.
	returners: Vec<Holder>,
	totals: Vec<Totals>,
	/// What each group earned since the last point, in rao.
	since_point: Vec<u64>,
	points: Vec<Point>,
	refused_registrations: u32,
	trust: f64,
	fidelity: Correlation,
	/// Alpha of holders who lost their uid, in rao.
	departed_alpha: u64,
	/// Whose payout of the running epoch is to be explained.
	watched: Option<u16>,
	explanation: Option<Explanation>,
}

impl<'a> Simulation<'a> {
	/// The subnet at its start: everybody of the first hour is registered, and the first permits are given.
	pub fn new(scenario: &'a Scenario, seed: u64) -> Self {
		let groups = scenario.validators.len() + scenario.miners.len() + 1;
		let mut simulation = Self {
			scenario,
			seed,
			epoch: 0,
			subnet: Subnet::default(),
			treasury: Treasury::new(&scenario.economy, scenario.hyperparameters.tempo, 0),
			workspace: Workspace::default(),
			output: EpochOutput::default(),
			preview: EpochOutput::default(),
			history: VecDeque::new(),
			longest_lag: validate::longest_lag(scenario),
			scores: Vec::new(),
			next_serial: 0,
			returners: Vec::new(),
			totals: vec![Totals::default(); groups],
			since_point: vec![0; groups],
			points: Vec::new(),
			refused_registrations: 0,
			trust: 0.0,
			fidelity: Correlation::default(),
			departed_alpha: 0,
			watched: None,
			explanation: None,
		};
		simulation.settle();
		let staked = simulation.subnet.staked();
		simulation.treasury.alpha_issuance = simulation.treasury.alpha_issuance.saturating_add(staked);
		simulation.consensus(0, 0);
		simulation
			.subnet
			.permits
			.clone_from(&simulation.output.new_validator_permits);
		simulation
	}

	/// Runs all epochs of the scenario.
	pub fn run(mut self) -> Run {
		for _ in 0..self.scenario.epochs {
			self.step();
		}
		Run {
			seed: self.seed,
			totals: self.totals,
			points: self.points,
			refused_registrations: self.refused_registrations,
			trust: self.trust / f64::from(self.scenario.epochs.max(1)),
			fidelity: self.fidelity.value(),
		}
	}

	/// Runs up to an epoch, from 1 on, and explains what it gives to a uid: the index of the group that holds the uid (as in
	/// [`Outcome::groups`](crate::Outcome::groups)), and every number between weights and payout. `None` where there is no
	/// such uid.
	pub fn explain(mut self, epoch: u32, uid: u16) -> Option<(usize, Explanation)> {
		while self.epoch < epoch {
			self.watched = (self.epoch + 1 == epoch).then_some(uid);
			self.step();
		}
		let holder = self.subnet.holders.get(usize::from(uid))?;
		Some((holder.group, self.explanation?))
	}

	/// Runs one epoch.
	pub fn step(&mut self) {
		self.epoch += 1;
		let scenario = self.scenario;
		let miners = |holder: &Holder| miner_group(scenario, holder.group);
		work::work(&mut self.subnet, self.seed, self.epoch, miners);
		self.come_and_go();
		self.trade_stake();
		self.validate();
		self.swap_uids();
		let tempo = self.rules().tempo;
		let root: u64 = self.subnet.holders.iter().map(|holder| holder.root_tao).sum();
		self.treasury.emit(tempo, root);
		self.consensus(self.block(), self.treasury.pending.sum());
		self.pay();
		self.note();
		self.treasury.cool();
	}

	/// Incentive and dividends of a uid in the last epoch, of 65535.
	pub fn paid(&self, uid: u16) -> Option<(u16, u16)> {
		let (incentive, dividends) = (&self.output.incentive, &self.output.dividends);
		Some((*incentive.get(usize::from(uid))?, *dividends.get(usize::from(uid))?))
	}

	fn rules(&self) -> &'a Hyperparameters {
		&self.scenario.hyperparameters
	}

	/// The block of the present epoch.
	fn block(&self) -> u64 {
		(u64::from(self.epoch) + 1) * u64::from(self.rules().tempo)
	}

	/// Stake as consensus counts it: alpha, and TAO on root by its weight.
	fn stake(&self) -> Vec<u64> {
		let holders = self.subnet.holders.iter();
		holders
			.map(|holder| {
				holder
					.alpha
					.saturating_add(self.treasury.weighted_root(holder.root_tao))
			})
			.collect()
	}

	/// Runs an epoch on the rows in force; the result is in `output`, and its bonds and permits take effect.
	fn consensus(&mut self, block: u64, emission: u64) {
		let stake = self.stake();
		if let Some(uid) = self.watched {
			let explain = |input: &EpochInput<'_>| yuma::explain(input, 0, uid);
			self.explanation = self.with_input(block, emission, &stake, |_| true, explain);
		}
		let mut output = std::mem::take(&mut self.output);
		self.run_yuma(block, emission, &stake, |_| true, &mut output);
		if let Some(mechanism) = output.mechanisms.first() {
			self.subnet.store_bonds(&mechanism.bonds);
		}
		self.output = output;
	}

	/// Runs an epoch on the rows in force of those whom `counts` lets through.
	fn run_yuma(
		&mut self,
		block: u64,
		emission: u64,
		stake: &[u64],
		counts: impl Fn(usize) -> bool,
		output: &mut EpochOutput,
	) {
		let mut workspace = std::mem::take(&mut self.workspace);
		self.with_input(block, emission, stake, counts, |input| {
			yuma::run_epoch(input, &mut workspace, output);
		});
		self.workspace = workspace;
	}

	/// What consensus gets to see: the rows in force of those whom `counts` lets through.
	fn with_input<Answer>(
		&self,
		block: u64,
		emission: u64,
		stake: &[u64],
		counts: impl Fn(usize) -> bool,
		ask: impl FnOnce(&EpochInput<'_>) -> Answer,
	) -> Answer {
		let subnet = &self.subnet;
		let counted = |(uid, row)| -> &[Entry] { if counts(uid) { row } else { &[] } };
		let weights: Vec<&[Entry]> = subnet.rows.iter().map(Vec::as_slice).enumerate().map(counted).collect();
		let bonds: Vec<&[Entry]> = subnet.bonds.iter().map(Vec::as_slice).collect();
		let tempo = u64::from(self.scenario.hyperparameters.tempo);
		let input = EpochInput {
			n: subnet.n(),
			block,
			last_mechanism_step_block: block.saturating_sub(tempo),
			owner_uid: None,
			emission,
			block_at_registration: &subnet.registered_at,
			stake,
			validator_permits: &subnet.permits,
			mechanisms: &[MechanismInput {
				last_update: &subnet.last_update,
				weights: &weights,
				bonds: &bonds,
				..MechanismInput::default()
			}],
			parameters: parameters(&self.scenario.hyperparameters),
		};
		ask(&input)
	}

	/// Keeps what the epoch showed.
	fn note(&mut self) {
		let stake = self.stake();
		let all: f64 = stake.iter().map(|stake| *stake as f64).sum();
		for (uid, holder) in self.subnet.holders.iter().enumerate() {
			if let Some(totals) = self.totals.get_mut(holder.group) {
				totals.uid_epochs += 1.0;
				totals.stake_epochs += coins(stake[uid]);
			}
			if holder.is_validator {
				let trust = f64::from(self.output.validator_trust[uid]) / f64::from(u16::MAX);
				self.trust += trust * stake[uid] as f64 / all.max(1.0);
			} else {
				self.fidelity
					.note(holder.utility, f64::from(self.output.incentive[uid]));
			}
		}
		if self.longest_lag > 0 {
			if self.history.len() == self.longest_lag {
				self.history.pop_front();
			}
			self.history.push_back(self.output.consensus.clone());
		}
		let every = self.scenario.epochs.div_ceil(MAX_POINTS);
		if self.epoch.is_multiple_of(every) {
			self.note_point(&stake, all);
		}
	}

	fn note_point(&mut self, stake: &[u64], all: f64) {
		let mut by_group = vec![0.0; self.totals.len()];
		let mut amounts = Vec::new();
		for (holder, stake) in self.subnet.holders.iter().zip(stake) {
			by_group[holder.group] += *stake as f64 / all.max(1.0);
			if holder.is_validator {
				amounts.push(*stake as f64);
			}
		}
		let paid: f64 = self.since_point.iter().map(|paid| *paid as f64).sum();
		let payout = self
			.since_point
			.iter()
			.map(|share| *share as f64 / paid.max(1.0))
			.collect();
		self.points.push(Point {
			epoch: self.epoch,
			price_tao: self.treasury.price(),
			gini: gini(&mut amounts),
			half_of_stake: half_of(&mut amounts),
			payout,
			stake: by_group,
		});
		self.since_point.fill(0);
	}
}

/// The group of miners with this index, or nobody for validators and strangers.
fn miner_group(scenario: &Scenario, group: GroupIndex) -> Option<&MinerGroup> {
	group
		.checked_sub(scenario.validators.len())
		.and_then(|index| scenario.miners.get(index))
}

fn parameters(rules: &Hyperparameters) -> Parameters {
	Parameters {
		// The chain's usual κ is one half, rounded down.
		kappa: (rules.kappa * f64::from(u16::MAX)) as u16,
		bonds_penalty: of_u16(rules.bonds_penalty),
		bonds_moving_average: (rules.bonds_moving_average * 1e6).round() as u64,
		yuma3: rules.yuma3,
		liquid_alpha: rules.liquid_alpha.then(|| LiquidAlpha {
			alpha_low: of_u16(rules.alpha_low),
			alpha_high: of_u16(rules.alpha_high),
			sigmoid_steepness: (rules.alpha_sigmoid_steepness * 100.0).round() as i16,
		}),
		max_allowed_validators: rules.max_validators,
		activity_cutoff: rules.activity_cutoff_blocks,
		stake_threshold: rao(rules.stake_threshold_alpha),
		tempo: u64::from(rules.tempo),
	}
}
