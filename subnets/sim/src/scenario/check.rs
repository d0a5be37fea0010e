//! Bounds: every number of a scenario has some.

use super::{MinerBehaviour, MinerGroup, Scenario, ScenarioError, ValidatorBehaviour, ValidatorGroup};

/// Most neurons of a subnet.
pub const MAX_UIDS: u16 = 4_096;
/// Most validator permits.
pub const MAX_VALIDATORS: u16 = 256;
/// Most epochs of a run.
pub const MAX_EPOCHS: u32 = 100_000;
/// Most runs of a scenario.
pub const MAX_SEEDS: u32 = 1_024;
/// Most uids times epochs times seeds of a scenario: some hours on one core.
pub const MAX_UID_EPOCHS: u64 = 1_000_000_000;
/// Most groups of validators, and of miners.
pub const MAX_GROUPS: usize = 32;
/// Most epochs that anything may be late or wait.
pub const MAX_LAG_EPOCHS: u32 = 100;
/// Longest name.
pub const MAX_NAME_BYTES: usize = 40;
/// Most expected registrations of strangers in an epoch.
pub const MAX_CHURN_PER_EPOCH: f64 = 16.0;
/// Most TAO or alpha in one amount.
const MAX_AMOUNT: f64 = 21_000_000.0;
/// Largest quality of a miner, and the lowest that counts.
const QUALITY: (f64, f64) = (0.001, 1_000.0);

type Checked = Result<(), ScenarioError>;

fn within(key: &str, value: f64, low: f64, high: f64) -> Checked {
	// False for what is no number.
	if value >= low && value <= high {
		return Ok(());
	}
	Err(ScenarioError::OutOfBounds {
		key: key.to_owned(),
		found: format!("{value}"),
		expected: format!("a number from {low} to {high}"),
	})
}

fn share(key: &str, value: f64) -> Checked {
	within(key, value, 0.0, 1.0)
}

fn amount(key: &str, value: f64) -> Checked {
	within(key, value, 0.0, MAX_AMOUNT)
}

fn text(key: &str, value: &str) -> Checked {
	if !value.is_empty() && value.len() <= MAX_NAME_BYTES && !value.chars().any(char::is_control) {
		return Ok(());
	}
	Err(ScenarioError::OutOfBounds {
		key: key.to_owned(),
		found: format!("{value:?}"),
		expected: format!("a name of 1 to {MAX_NAME_BYTES} bytes"),
	})
}

impl Scenario {
	/// Checks that everything is within its bounds.
	///
	/// # Errors
	///
	/// [`ScenarioError::OutOfBounds`], which names the key.
	pub fn check(&self) -> Checked {
		text("name", &self.name)?;
		within("epochs", f64::from(self.epochs), 1.0, f64::from(MAX_EPOCHS))?;
		within("seeds", f64::from(self.seeds), 1.0, f64::from(MAX_SEEDS))?;
		self.check_hyperparameters()?;
		self.check_economy()?;
		self.check_people()
	}

	fn check_hyperparameters(&self) -> Checked {
		let rules = &self.hyperparameters;
		let named = |name: &str| format!("hyperparameters.{name}");
		for (name, value) in [
			("kappa", rules.kappa),
			("bonds_penalty", rules.bonds_penalty),
			("bonds_moving_average", rules.bonds_moving_average),
			("alpha_low", rules.alpha_low),
			("alpha_high", rules.alpha_high),
		] {
			share(&named(name), value)?;
		}
		within(&named("tempo"), f64::from(rules.tempo), 5.0, 50_400.0)?;
		let steepness = rules.alpha_sigmoid_steepness;
		within(&named("alpha_sigmoid_steepness"), steepness, -327.0, 327.0)?;
		let lag = f64::from(MAX_LAG_EPOCHS);
		let period = f64::from(rules.reveal_period_epochs);
		within(&named("reveal_period_epochs"), period, 1.0, lag)?;
		let uids = f64::from(MAX_UIDS);
		within(&named("max_uids"), f64::from(rules.max_uids), 2.0, uids)?;
		let validators = f64::from(MAX_VALIDATORS);
		within(
			&named("max_validators"),
			f64::from(rules.max_validators),
			1.0,
			validators,
		)?;
		amount(&named("stake_threshold_alpha"), rules.stake_threshold_alpha)
	}

	fn check_economy(&self) -> Checked {
		let economy = &self.economy;
		let named = |name: &str| format!("economy.{name}");
		for (name, value) in [
			("tao_share", economy.tao_share),
			("owner_cut", economy.owner_cut),
			("take", economy.take),
			("tao_weight", economy.tao_weight),
			("swap_fee", economy.swap_fee),
		] {
			share(&named(name), value)?;
		}
		within(&named("pool_tao"), economy.pool_tao, 1.0, MAX_AMOUNT)?;
		within(&named("pool_alpha"), economy.pool_alpha, 1.0, MAX_AMOUNT)?;
		amount(&named("tao_issuance"), economy.tao_issuance)?;
		amount(&named("min_burn_tao"), economy.min_burn_tao)?;
		within(
			&named("max_burn_tao"),
			economy.max_burn_tao,
			economy.min_burn_tao,
			MAX_AMOUNT,
		)?;
		within(&named("burn_increase"), economy.burn_increase, 1.0, 3.0)?;
		let half_life = f64::from(economy.burn_half_life_blocks);
		within(&named("burn_half_life_blocks"), half_life, 1.0, 65_535.0)?;
		let churn = &self.churn;
		let strangers = churn.registrations_per_epoch;
		within("churn.registrations_per_epoch", strangers, 0.0, MAX_CHURN_PER_EPOCH)?;
		if strangers > 0.0 {
			within("churn.quality_low", churn.quality_low, QUALITY.0, QUALITY.1)?;
			within("churn.quality_high", churn.quality_high, churn.quality_low, QUALITY.1)?;
		}
		Ok(())
	}

	fn check_people(&self) -> Checked {
		within(
			"number of groups of validators",
			self.validators.len() as f64,
			1.0,
			MAX_GROUPS as f64,
		)?;
		within(
			"number of groups of miners",
			self.miners.len() as f64,
			1.0,
			MAX_GROUPS as f64,
		)?;
		let mut names: Vec<&str> = Vec::new();
		for group in &self.validators {
			check_validators(group)?;
			names.push(&group.name);
		}
		for group in &self.miners {
			check_miners(group)?;
			names.push(&group.name);
		}
		for (index, name) in names.iter().enumerate() {
			let is_taken = names.iter().take(index).any(|other| other == name) || *name == crate::STRANGERS;
			if is_taken {
				return Err(ScenarioError::OutOfBounds {
					key: "name".into(),
					found: format!("{name:?} again"),
					expected: "another name for each group".into(),
				});
			}
		}
		let validators: u64 = self.validators.iter().map(|group| u64::from(group.count)).sum();
		let miners = self.miners.iter().filter(|group| group.joins_at_epoch == 0);
		let miners: u64 = miners.map(|group| u64::from(group.count)).sum();
		let max = self.hyperparameters.max_uids;
		within(
			"neurons at the start",
			(validators + miners) as f64,
			2.0,
			f64::from(max),
		)?;
		let work = u64::from(max) * u64::from(self.epochs) * u64::from(self.seeds);
		within("uids times epochs times seeds", work as f64, 1.0, MAX_UID_EPOCHS as f64)
	}
}

fn check_validators(group: &ValidatorGroup) -> Checked {
	text("validators.name", &group.name)?;
	if let Some(team) = &group.team {
		text("validators.team", team)?;
	}
	let named = |name: &str| format!("validators.{}.{name}", group.name);
	within(&named("count"), f64::from(group.count), 1.0, f64::from(MAX_UIDS))?;
	amount(&named("stake_alpha"), group.stake_alpha)?;
	amount(&named("root_tao"), group.root_tao)?;
	amount(&named("work_cost_alpha"), group.work_cost_alpha)?;
	share(&named("stake_spread"), group.stake_spread)?;
	share(&named("nominated"), group.nominated)?;
	share(&named("sells"), group.sells)?;
	let lag = f64::from(MAX_LAG_EPOCHS);
	let every = f64::from(group.weights_every_epochs);
	within(&named("weights_every_epochs"), every, 1.0, lag)?;
	if let Some(buys) = &group.buys {
		amount(&named("buys.tao"), buys.tao)?;
		let sells_at = buys.sell_at_epoch.unwrap_or(MAX_EPOCHS);
		let (low, high) = (f64::from(buys.at_epoch), f64::from(MAX_EPOCHS));
		within(&named("buys.sell_at_epoch"), f64::from(sells_at), low, high)?;
	}
	let noise = |value: f64| within(&named("behaviour.noise"), value, 0.0, 10.0);
	match group.behaviour {
		ValidatorBehaviour::Honest { noise: value } => noise(value),
		ValidatorBehaviour::Lazy {
			noise: value,
			refresh_epochs,
		} => {
			noise(value)?;
			let refresh = f64::from(refresh_epochs);
			within(&named("behaviour.refresh_epochs"), refresh, 1.0, f64::from(MAX_EPOCHS))
		}
		ValidatorBehaviour::Copier { lag_epochs } => {
			within(&named("behaviour.lag_epochs"), f64::from(lag_epochs), 0.0, lag)
		}
		ValidatorBehaviour::Cabal {
			self_weight,
			noise: value,
		} => {
			noise(value)?;
			share(&named("behaviour.self_weight"), self_weight)
		}
		ValidatorBehaviour::Bribed {
			self_weight,
			epsilon,
			noise: value,
		} => {
			noise(value)?;
			share(&named("behaviour.epsilon"), epsilon)?;
			share(&named("behaviour.self_weight"), self_weight)
		}
	}
}

fn check_miners(group: &MinerGroup) -> Checked {
	text("miners.name", &group.name)?;
	if let Some(team) = &group.team {
		text("miners.team", team)?;
	}
	let named = |name: &str| format!("miners.{}.{name}", group.name);
	within(&named("count"), f64::from(group.count), 1.0, f64::from(MAX_UIDS))?;
	within(&named("quality"), group.quality, QUALITY.0, QUALITY.1)?;
	share(&named("quality_spread"), group.quality_spread)?;
	share(&named("drift"), group.drift)?;
	share(&named("sells"), group.sells)?;
	amount(&named("work_cost_alpha"), group.work_cost_alpha)?;
	match group.behaviour {
		MinerBehaviour::Honest {} => Ok(()),
		MinerBehaviour::Relaying { detection } => share(&named("behaviour.detection"), detection),
		MinerBehaviour::Downgraded { factor, detection } => {
			share(&named("behaviour.detection"), detection)?;
			share(&named("behaviour.factor"), factor)
		}
		MinerBehaviour::Intermittent { uptime } => share(&named("behaviour.uptime"), uptime),
		MinerBehaviour::Sybil { capacity } => within(&named("behaviour.capacity"), capacity, 0.0, f64::from(MAX_UIDS)),
		MinerBehaviour::UidSwap { every_epochs } => {
			let lag = f64::from(MAX_LAG_EPOCHS);
			within(&named("behaviour.every_epochs"), f64::from(every_epochs), 1.0, lag)
		}
	}
}
