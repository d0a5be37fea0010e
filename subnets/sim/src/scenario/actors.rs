//! Who takes part, and how they behave.

use serde::{Deserialize, Serialize};

/// Validators that behave alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidatorGroup {
	/// The group's name, which no other group has.
	pub name: String,
	/// Whom it works together with; groups of one team are counted together.
	#[serde(default)]
	pub team: Option<String>,
	/// How many there are.
	#[serde(default = "one")]
	pub count: u16,
	/// Alpha staked on each at the start.
	pub stake_alpha: f64,
	/// How much the stakes differ: the standard deviation, of their mean.
	#[serde(default)]
	pub stake_spread: f64,
	/// TAO on root staked on each.
	#[serde(default)]
	pub root_tao: f64,
	/// Share of the stake that belongs to others, who pay the take.
	#[serde(default)]
	pub nominated: f64,
	/// Alpha that honest validation costs each in an epoch.
	#[serde(default)]
	pub work_cost_alpha: f64,
	/// Epochs between two weight rows of each.
	#[serde(default = "one_epoch")]
	pub weights_every_epochs: u32,
	/// Share of their earnings that they sell in each epoch; the rest stays staked.
	#[serde(default)]
	pub sells: f64,
	/// Stake that is bought from the pool, and perhaps sold again.
	#[serde(default)]
	pub buys: Option<Buys>,
	/// What they do.
	pub behaviour: ValidatorBehaviour,
}

/// A purchase of stake on the pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Buys {
	/// The epoch of the purchase.
	pub at_epoch: u32,
	/// TAO that each of the group spends.
	pub tao: f64,
	/// The epoch in which all bought stake and what it earned is sold.
	#[serde(default)]
	pub sell_at_epoch: Option<u32>,
}

/// What a validator does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ValidatorBehaviour {
	/// Measures every miner in every epoch.
	Honest {
		/// Standard deviation of a measurement, of the quality.
		noise: f64,
	},
	/// Measures rarely, and repeats its last row in between.
	Lazy {
		/// Standard deviation of a measurement, of the quality.
		noise: f64,
		/// Epochs between two measurements.
		refresh_epochs: u32,
	},
	/// Sets the consensus of what it can see of the others' rows.
	Copier {
		/// How old what it copies is, in epochs; 0 copies what is on chain at that moment.
		lag_epochs: u32,
	},
	/// Favours the miners of its own team.
	Cabal {
		/// Share of the weights for its own miners; the rest goes to the others by measurement.
		self_weight: f64,
		/// Standard deviation of a measurement, of the quality.
		noise: f64,
	},
	/// Is paid to favour the miners of the team: the briber makes up for what it loses, and adds ε. Where the attack
	/// succeeds it loses nothing, and the bribe costs nothing.
	Bribed {
		/// Share of the weights for the briber's miners.
		self_weight: f64,
		/// What is added to the compensation, as a share of honest dividends.
		epsilon: f64,
		/// Standard deviation of a measurement, of the quality.
		noise: f64,
	},
}

impl ValidatorBehaviour {
	/// Whether it is anything but honest work.
	pub fn is_cheat(&self) -> bool {
		!matches!(self, Self::Honest { .. })
	}

	/// What the behaviour costs, as a share of what honest validation costs.
	pub fn cost_factor(&self) -> f64 {
		match self {
			Self::Honest { .. } | Self::Bribed { .. } => 1.0,
			Self::Lazy { refresh_epochs, .. } => 1.0 / f64::from((*refresh_epochs).max(1)),
			Self::Copier { .. } => 0.0,
			Self::Cabal { self_weight, .. } => 1.0 - self_weight,
		}
	}

	/// Words for a report.
	pub fn words(&self) -> &'static str {
		match self {
			Self::Honest { .. } => "honest validator",
			Self::Lazy { .. } => "lazy validator",
			Self::Copier { .. } => "weight copier",
			Self::Cabal { .. } => "cabal with self-weights",
			Self::Bribed { .. } => "bribed validators (p + ε)",
		}
	}
}

/// Miners that behave alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinerGroup {
	/// The group's name, which no other group has.
	pub name: String,
	/// Whom it works together with; groups of one team are counted together.
	#[serde(default)]
	pub team: Option<String>,
	/// How many uids it holds.
	#[serde(default = "one")]
	pub count: u16,
	/// What its work is worth when it does it, above 0.
	pub quality: f64,
	/// How much the members differ: the standard deviation, of the quality.
	#[serde(default)]
	pub quality_spread: f64,
	/// How much the quality of each wanders from epoch to epoch: the standard deviation of a step, of the quality.
	#[serde(default)]
	pub drift: f64,
	/// Alpha that honest work costs each uid in an epoch.
	#[serde(default)]
	pub work_cost_alpha: f64,
	/// The epoch in which it registers; 0 = there from the start.
	#[serde(default)]
	pub joins_at_epoch: u32,
	/// Whether a member that is replaced registers again in the next epoch, and pays for it.
	#[serde(default)]
	pub returns: bool,
	/// Share of their earnings that they sell in each epoch; the rest stays staked on the miner.
	#[serde(default = "all")]
	pub sells: f64,
	/// What they do.
	#[serde(default = "honest")]
	pub behaviour: MinerBehaviour,
}

/// What a miner does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum MinerBehaviour {
	/// Works.
	Honest {},
	/// Passes on the answers of the best honest miner.
	Relaying {
		/// How likely a validator's measurement in an epoch finds out; found out, it scores 0.
		detection: f64,
	},
	/// Serves a cheaper model than it says.
	Downgraded {
		/// What its answers are worth, of the quality; also its cost, of that of honest work.
		factor: f64,
		/// How likely a validator's measurement in an epoch finds out; found out, it scores 0.
		detection: f64,
	},
	/// Is there only sometimes.
	Intermittent {
		/// How likely it is up in an epoch.
		uptime: f64,
	},
	/// Many uids of one owner with one machine, which can serve `capacity` of them as well as honest work asks.
	Sybil {
		/// Uids' worth of work that the machine does in an epoch.
		capacity: f64,
	},
	/// Never works, and registers anew right after validators have committed their weights, so that the weights meant for
	/// the previous holder of its uid may reach it.
	UidSwap {
		/// Epochs between two registrations.
		every_epochs: u32,
	},
}

impl MinerBehaviour {
	/// Whether it is anything but honest work.
	pub fn is_cheat(&self) -> bool {
		!matches!(self, Self::Honest {})
	}

	/// What the behaviour costs a uid, as a share of what honest work costs.
	pub fn cost_factor(&self, count: u16) -> f64 {
		match self {
			Self::Honest {} => 1.0,
			Self::Relaying { .. } | Self::UidSwap { .. } => 0.0,
			Self::Downgraded { factor, .. } => *factor,
			Self::Intermittent { uptime } => *uptime,
			Self::Sybil { capacity } => (capacity / f64::from(count.max(1))).min(1.0),
		}
	}

	/// Words for a report.
	pub fn words(&self) -> &'static str {
		match self {
			Self::Honest {} => "honest miner",
			Self::Relaying { .. } => "relaying miner",
			Self::Downgraded { .. } => "downgraded model",
			Self::Intermittent { .. } => "intermittent miner",
			Self::Sybil { .. } => "sybil uids of one owner",
			Self::UidSwap { .. } => "uid swap after the commit",
		}
	}
}

impl ValidatorGroup {
	/// The team, or the group itself where it has none.
	pub fn team_name(&self) -> &str {
		self.team.as_deref().unwrap_or(&self.name)
	}
}

impl MinerGroup {
	/// The team, or the group itself where it has none.
	pub fn team_name(&self) -> &str {
		self.team.as_deref().unwrap_or(&self.name)
	}
}

const fn one() -> u16 {
	1
}

const fn one_epoch() -> u32 {
	1
}

const fn all() -> f64 {
	1.0
}

const fn honest() -> MinerBehaviour {
	MinerBehaviour::Honest {}
}
