//! The questions of a subnet's owner: what does each cheat earn against honest work, and which rules leave it least?
//!
//! Each team that cheats is tried alone: once as it is, and once working honestly with the same stake, the same abilities
//! and the same luck. Everybody else is honest in both. The *gain* is what it gets by cheating over what it would have got.

use rayon::prelude::*;
use serde::Serialize;

use crate::record::{Outcome, Totals};
use crate::scenario::{Hyperparameters, Scenario};
use crate::{Simulation, run};

/// A set of rules with a name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Variant {
	/// What is different from the scenario's rules, or what the rules are.
	pub name: String,
	/// The rules.
	pub rules: Hyperparameters,
}

/// What one cheat does under one set of rules. Money is alpha in an epoch, the mean over all runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trial {
	/// Who cheats.
	pub team: String,
	/// What the team earns by cheating.
	pub earned: f64,
	/// What it would have earned by honest work.
	pub honest_earned: f64,
	/// The same after work, registrations and bribes.
	pub profit: f64,
	/// What honest work would have left.
	pub honest_profit: f64,
	/// The gain after costs of each seed's run.
	pub gains: Vec<f64>,
	/// What all others get, as a part of what they get when nobody cheats.
	pub others: f64,
	/// How well incentives follow quality while it cheats.
	pub fidelity: f64,
	/// What it has earned up to an epoch over what honest work would have earned up to then: (epoch, ratio).
	pub by_time: Vec<(u32, f64)>,
}

impl Trial {
	/// Profit by cheating over profit by honest work. Where honest work leaves nothing, earnings are compared.
	pub fn gain(&self) -> f64 {
		ratio((self.profit, self.honest_profit), (self.earned, self.honest_earned))
	}

	/// Earnings by cheating over earnings by honest work, before costs.
	pub fn gain_before_costs(&self) -> f64 {
		self.earned / self.honest_earned.max(f64::MIN_POSITIVE)
	}

	/// The standard deviation of the gain between seeds.
	pub fn deviation(&self) -> f64 {
		let n = self.gains.len().max(1) as f64;
		let mean = self.gains.iter().sum::<f64>() / n;
		(self.gains.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / n).sqrt()
	}
}

fn ratio(profits: (f64, f64), earnings: (f64, f64)) -> f64 {
	if profits.1 > 0.0 {
		profits.0 / profits.1
	} else {
		earnings.0 / earnings.1.max(f64::MIN_POSITIVE)
	}
}

/// All trials under one set of rules.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Column {
	/// The rules.
	pub variant: Variant,
	/// One trial for each team that cheats.
	pub trials: Vec<Trial>,
	/// How well incentives follow quality when nobody cheats.
	pub fidelity: f64,
}

impl Column {
	/// How much cheats gain in all: the sum of what each gains above honest work. 0 where no cheat pays.
	pub fn temptation(&self) -> f64 {
		self.trials.iter().map(|trial| (trial.gain() - 1.0).max(0.0)).sum()
	}

	/// The cheat that gains most.
	pub fn best_cheat(&self) -> Option<&Trial> {
		self.trials.iter().max_by(|a, b| a.gain().total_cmp(&b.gain()))
	}
}

/// A scenario's answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Study {
	/// The scenario.
	pub scenario: Scenario,
	/// Everybody as the scenario says, all cheats at once.
	pub together: Outcome,
	/// The scenario's rules, then each with one thing changed.
	pub columns: Vec<Column>,
	/// A sweep over the rules that an owner chooses, the least tempting first.
	pub sweep: Vec<Column>,
}

impl Study {
	/// Runs everything: about `(1 + cheats) · 28` times the scenario. Parallel over all runs, and the same on any number of
	/// threads.
	pub fn of(scenario: &Scenario) -> Self {
		let columns = try_all(scenario, one_changed(&scenario.hyperparameters));
		let mut sweep = try_all(scenario, grid(&scenario.hyperparameters));
		sweep.sort_by(|a, b| {
			let order = |column: &Column| (column.temptation(), -column.fidelity);
			let (a, b) = (order(a), order(b));
			a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
		});
		Self {
			scenario: scenario.clone(),
			together: run(scenario),
			columns,
			sweep,
		}
	}

	/// The scenario's own rules.
	pub fn as_given(&self) -> Option<&Column> {
		self.columns.first()
	}

	/// The rules of the sweep that tempt least.
	pub fn recommended(&self) -> Option<&Column> {
		self.sweep.first()
	}
}

/// The scenario's rules, and each of the others that change one thing.
fn one_changed(given: &Hyperparameters) -> Vec<Variant> {
	let mut variants = vec![("as given".to_owned(), given.clone())];
	let mut add = |name: String, change: &dyn Fn(&mut Hyperparameters)| {
		let mut rules = given.clone();
		change(&mut rules);
		if rules != *given {
			variants.push((name, rules));
		}
	};
	for kappa in [0.4, 0.5, 0.6] {
		add(format!("κ {kappa}"), &|rules| rules.kappa = kappa);
	}
	for penalty in [0.0, 0.5, 1.0] {
		add(format!("penalty {penalty}"), &|rules| rules.bonds_penalty = penalty);
	}
	for (name, yuma3, liquid) in VERSIONS {
		add(name.to_owned(), &|rules| {
			(rules.yuma3, rules.liquid_alpha) = (yuma3, liquid)
		});
	}
	for (name, on) in [("no commit-reveal", false), ("commit-reveal", true)] {
		add(name.to_owned(), &|rules| rules.commit_reveal = on);
	}
	named(variants)
}

const VERSIONS: [(&str, bool, bool); 3] = [
	("Yuma 2", false, false),
	("Yuma 3", true, false),
	("Yuma 3, liquid α", true, true),
];

/// All combinations of what an owner may choose.
fn grid(given: &Hyperparameters) -> Vec<Variant> {
	let mut variants = Vec::new();
	for (version, yuma3, liquid_alpha) in VERSIONS {
		for commit_reveal in [false, true] {
			for bonds_penalty in [0.0, 0.5, 1.0] {
				let reveal = if commit_reveal { "commit-reveal" } else { "open weights" };
				let name = format!("{version}, {reveal}, penalty {bonds_penalty}");
				let rules = Hyperparameters {
					yuma3,
					liquid_alpha,
					commit_reveal,
					bonds_penalty,
					..given.clone()
				};
				variants.push((name, rules));
			}
		}
	}
	named(variants)
}

fn named(variants: Vec<(String, Hyperparameters)>) -> Vec<Variant> {
	variants
		.into_iter()
		.map(|(name, rules)| Variant { name, rules })
		.collect()
}

fn try_all(scenario: &Scenario, variants: Vec<Variant>) -> Vec<Column> {
	variants
		.into_par_iter()
		.map(|variant| {
			let scenario = Scenario {
				hyperparameters: variant.rules.clone(),
				..scenario.clone()
			};
			try_cheats(&scenario, variant)
		})
		.collect()
}

/// Tries each team that cheats under the scenario's rules.
fn try_cheats(scenario: &Scenario, variant: Variant) -> Column {
	let honest = run(&scenario.with_only(None));
	let teams = scenario.cheating_teams();
	let trials: Vec<Trial> = teams
		.par_iter()
		.map(|team| compare(scenario, team, &run(&scenario.with_only(Some(team))), &honest))
		.collect();
	Column {
		variant,
		trials,
		fidelity: mean(honest.runs.iter().map(|run| run.fidelity)),
	}
}

/// The places of a team's groups, of all.
fn members(scenario: &Scenario, team: &str) -> Vec<bool> {
	let validators = scenario.validators.iter().map(|group| group.team_name() == team);
	let miners = scenario.miners.iter().map(|group| group.team_name() == team);
	validators.chain(miners).chain([false]).collect()
}

fn compare(scenario: &Scenario, team: &str, cheating: &Outcome, honest: &Outcome) -> Trial {
	let members = members(scenario, team);
	let epochs = f64::from(scenario.epochs.max(1));
	let sum = |totals: &[Totals], of_team: bool| {
		let mut sum = Totals::default();
		for (totals, _) in totals.iter().zip(&members).filter(|(_, member)| **member == of_team) {
			sum.add(totals);
		}
		sum
	};
	let per_epoch = |outcome: &Outcome, of_team: bool, what: &dyn Fn(&Totals) -> f64| {
		mean(outcome.runs.iter().map(|run| what(&sum(&run.totals, of_team)))) / epochs
	};
	let gain = |(cheating, honest): (&crate::Run, &crate::Run)| {
		let (cheating, honest) = (sum(&cheating.totals, true), sum(&honest.totals, true));
		ratio(
			(cheating.profit(), honest.profit()),
			(cheating.earned(), honest.earned()),
		)
	};
	let others = |outcome| per_epoch(outcome, false, &Totals::earned);
	Trial {
		team: team.to_owned(),
		earned: per_epoch(cheating, true, &Totals::earned),
		honest_earned: per_epoch(honest, true, &Totals::earned),
		profit: per_epoch(cheating, true, &Totals::profit),
		honest_profit: per_epoch(honest, true, &Totals::profit),
		gains: cheating.runs.iter().zip(&honest.runs).map(gain).collect(),
		others: others(cheating) / others(honest).max(f64::MIN_POSITIVE),
		fidelity: mean(cheating.runs.iter().map(|run| run.fidelity)),
		by_time: by_time(&members, cheating, honest),
	}
}

/// What the team has earned of all payouts up to each point, over the same with honest work.
fn by_time(members: &[bool], cheating: &Outcome, honest: &Outcome) -> Vec<(u32, f64)> {
	let share = |outcome: &Outcome, point: usize| {
		mean(
			outcome
				.runs
				.iter()
				.filter_map(|run| run.points.get(point))
				.map(|point| {
					let shares = point.payout.iter().zip(members).filter(|(_, member)| **member);
					shares.map(|(share, _)| share).sum::<f64>()
				}),
		)
	};
	let Some(first) = cheating.runs.first() else {
		return Vec::new();
	};
	let (mut got, mut would) = (0.0, 0.0);
	let curve = first.points.iter().enumerate().map(|(index, point)| {
		got += share(cheating, index);
		would += share(honest, index);
		(point.epoch, if would > 0.0 { got / would } else { 0.0 })
	});
	curve.collect()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
	let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
	if count > 0.0 { sum / count } else { 0.0 }
}

impl Scenario {
	/// Runs the first seed only; for a look.
	pub fn glance(&self) -> crate::Run {
		Simulation::new(self, self.seed).run()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn variants_change_one_thing_each_and_none_is_the_given_one_again() {
		let given = Hyperparameters::default();
		let variants = one_changed(&given);
		assert_eq!(variants.len(), 1 + 2 + 2 + 2 + 1);
		let repeated = variants.iter().skip(1).filter(|variant| variant.rules == given).count();
		assert_eq!(repeated, 0);
		assert_eq!(grid(&given).len(), 18);
	}

	#[test]
	fn a_copier_pays_without_commit_reveal_only() {
		let text = include_str!("../scenarios/weight-copier.toml");
		let mut scenario = Scenario::from_toml(text).unwrap();
		scenario.seeds = 2;
		scenario.epochs = 80;
		let mut trial = |commit_reveal: bool| {
			scenario.hyperparameters.commit_reveal = commit_reveal;
			let rules = scenario.hyperparameters.clone();
			try_cheats(
				&scenario,
				Variant {
					name: "test".into(),
					rules,
				},
			)
			.trials
			.remove(0)
		};
		let (open, hidden) = (trial(false), trial(true));
		assert!(open.gain_before_costs() > 1.0, "{}", open.gain_before_costs());
		assert!(hidden.gain_before_costs() < 1.0, "{}", hidden.gain_before_costs());
		assert!(open.others < 1.0 && open.gains.len() == 2);
		assert_eq!(open.by_time.last().map(|(epoch, _)| *epoch), Some(80));
	}
}
