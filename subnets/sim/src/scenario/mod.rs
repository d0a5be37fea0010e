//! What is simulated: the rules of the subnet, who validates, who mines, and how they behave.
//!
//! A scenario is a TOML file; [`Scenario::from_toml`] reads and checks it. Shares are numbers from 0 to 1, amounts of
//! money are in whole TAO or alpha, times in blocks or epochs, as the names say.

mod actors;
mod check;
mod read;

pub use actors::{Buys, MinerBehaviour, MinerGroup, ValidatorBehaviour, ValidatorGroup};
pub use check::{
	MAX_CHURN_PER_EPOCH, MAX_EPOCHS, MAX_GROUPS, MAX_LAG_EPOCHS, MAX_NAME_BYTES, MAX_SEEDS, MAX_UID_EPOCHS, MAX_UIDS,
	MAX_VALIDATORS,
};
pub use read::{MAX_SCENARIO_BYTES, ScenarioError};

use serde::{Deserialize, Serialize};

/// One subnet, its rules and its people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
	/// A short name.
	pub name: String,
	/// What it is about, in a sentence or two.
	#[serde(default)]
	pub description: String,
	/// Epochs that each run takes.
	pub epochs: u32,
	/// The first seed.
	#[serde(default = "one_u64")]
	pub seed: u64,
	/// How many runs, with the first seed and those that follow it.
	#[serde(default = "one_u32")]
	pub seeds: u32,
	/// The subnet's hyperparameters.
	#[serde(default)]
	pub hyperparameters: Hyperparameters,
	/// Money: the pool, cuts and takes.
	#[serde(default)]
	pub economy: Economy,
	/// Strangers who register.
	#[serde(default)]
	pub churn: Churn,
	/// Groups of validators.
	pub validators: Vec<ValidatorGroup>,
	/// Groups of miners.
	pub miners: Vec<MinerGroup>,
}

/// The subnet's hyperparameters, with the chain's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hyperparameters {
	/// Blocks between epochs.
	pub tempo: u16,
	/// Stake that has to support a consensus, a share.
	pub kappa: f64,
	/// How far bonds follow clipped (1) rather than raw (0) weights.
	pub bonds_penalty: f64,
	/// Share of the old bond that is kept in an epoch.
	pub bonds_moving_average: f64,
	/// Yuma 3 bonds; else those of Yuma 2.
	pub yuma3: bool,
	/// Liquid alpha; takes part together with Yuma 3 only.
	pub liquid_alpha: bool,
	/// Slowest pace of liquid alpha, a share.
	pub alpha_low: f64,
	/// Fastest pace of liquid alpha, a share.
	pub alpha_high: f64,
	/// Steepness of liquid alpha's sigmoid.
	pub alpha_sigmoid_steepness: f64,
	/// Whether weights are committed first and revealed later.
	pub commit_reveal: bool,
	/// Epochs between commit and reveal.
	pub reveal_period_epochs: u32,
	/// Whether weights that were committed before a uid got a new holder are void for the new one. The chain's rule; off,
	/// it shows what the rule is worth.
	pub mask_new_holders: bool,
	/// Blocks between two weight rows of one validator.
	pub weights_rate_limit_blocks: u64,
	/// Blocks after which a validator that set no weights counts as inactive.
	pub activity_cutoff_blocks: u64,
	/// Blocks during which a new neuron is not replaced.
	pub immunity_period_blocks: u64,
	/// Number of neurons from which on a registration replaces one.
	pub max_uids: u16,
	/// Number of validator permits.
	pub max_validators: u16,
	/// Stake in alpha below which stake counts as none.
	pub stake_threshold_alpha: f64,
}

impl Default for Hyperparameters {
	fn default() -> Self {
		Self {
			tempo: 360,
			kappa: 0.5,
			bonds_penalty: 1.0,
			bonds_moving_average: 0.9,
			yuma3: false,
			liquid_alpha: false,
			alpha_low: 0.7,
			alpha_high: 0.9,
			alpha_sigmoid_steepness: 10.0,
			commit_reveal: false,
			reveal_period_epochs: 1,
			mask_new_holders: true,
			weights_rate_limit_blocks: 100,
			activity_cutoff_blocks: 5_000,
			immunity_period_blocks: 4_096,
			max_uids: 256,
			max_validators: 64,
			stake_threshold_alpha: 0.0,
		}
	}
}

/// Money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Economy {
	/// TAO in the pool at the start.
	pub pool_tao: f64,
	/// Alpha in the pool at the start.
	pub pool_alpha: f64,
	/// Share of the block emission of TAO that this subnet gets.
	pub tao_share: f64,
	/// TAO in existence at the start, which decides how far emission has halved.
	pub tao_issuance: f64,
	/// What the subnet's owner gets of each block's alpha.
	pub owner_cut: f64,
	/// What a validator keeps of the dividends of those who stake on it.
	pub take: f64,
	/// How much a TAO on root counts beside an alpha here.
	pub tao_weight: f64,
	/// Fee of a trade with the pool.
	pub swap_fee: f64,
	/// What a registration costs at the start, and at least.
	pub min_burn_tao: f64,
	/// What a registration costs at most.
	pub max_burn_tao: f64,
	/// What a registration multiplies the price of the next one by.
	pub burn_increase: f64,
	/// Blocks in which the price of a registration above its floor halves.
	pub burn_half_life_blocks: u16,
}

impl Default for Economy {
	fn default() -> Self {
		Self {
			pool_tao: 20_000.0,
			pool_alpha: 1_000_000.0,
			tao_share: 0.02,
			tao_issuance: 9_000_000.0,
			owner_cut: 0.18,
			take: 0.18,
			tao_weight: 0.18,
			swap_fee: 33.0 / 65_535.0,
			min_burn_tao: 0.000_5,
			max_burn_tao: 100.0,
			burn_increase: 1.26,
			burn_half_life_blocks: 360,
		}
	}
}

/// Strangers who register as honest miners, and replace the lowest where the subnet is full.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Churn {
	/// Expected registrations in an epoch.
	pub registrations_per_epoch: f64,
	/// Least quality of a stranger.
	pub quality_low: f64,
	/// Highest quality of a stranger.
	pub quality_high: f64,
}

const fn one_u64() -> u64 {
	1
}

const fn one_u32() -> u32 {
	1
}

impl Scenario {
	/// The seeds of its runs.
	pub fn seed_list(&self) -> impl Iterator<Item = u64> + use<> {
		let first = self.seed;
		(0..u64::from(self.seeds)).map(move |index| first.wrapping_add(index))
	}

	/// The names of those who cheat: each stands for all groups with the same team, or for one group without.
	pub fn cheating_teams(&self) -> Vec<String> {
		let validators = self.validators.iter().filter(|group| group.behaviour.is_cheat());
		let miners = self.miners.iter().filter(|group| group.behaviour.is_cheat());
		let names = validators
			.map(ValidatorGroup::team_name)
			.chain(miners.map(MinerGroup::team_name));
		let mut teams: Vec<String> = Vec::new();
		for name in names {
			if !teams.iter().any(|team| team == name) {
				teams.push(name.to_owned());
			}
		}
		teams
	}

	/// The same scenario in which nobody cheats except the team of this name, if any. Those who do not cheat do honest
	/// work of the quality that they are capable of.
	#[must_use]
	pub fn with_only(&self, cheat: Option<&str>) -> Self {
		let mut scenario = self.clone();
		let noise = self.honest_noise();
		for group in &mut scenario.validators {
			if group.behaviour.is_cheat() && cheat != Some(group.team_name()) {
				group.behaviour = ValidatorBehaviour::Honest { noise };
			}
		}
		for group in &mut scenario.miners {
			if group.behaviour.is_cheat() && cheat != Some(group.team_name()) {
				group.behaviour = MinerBehaviour::Honest {};
			}
		}
		scenario
	}

	/// How exactly the first group of honest validators measures.
	pub fn honest_noise(&self) -> f64 {
		let noises = self.validators.iter().filter_map(|group| match group.behaviour {
			ValidatorBehaviour::Honest { noise } => Some(noise),
			_ => None,
		});
		noises.into_iter().next().unwrap_or(USUAL_NOISE)
	}
}

/// How exactly a validator measures where no group says: the standard deviation, of the quality.
pub const USUAL_NOISE: f64 = 0.1;
