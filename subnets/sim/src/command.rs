//! The simulator's command line, for any program that offers it.
//!
//! ```
//! use clap::Parser;
//! use subnet_sim::command::{SimCommand, execute};
//!
//! #[derive(Parser)]
//! struct Arguments {
//!     #[command(subcommand)]
//!     command: SimCommand,
//! }
//! let typed = Arguments::parse_from(["program", "run", "no-such-file.toml"]);
//! assert!(execute(typed.command).unwrap_err().to_string().contains("no-such-file.toml"));
//! ```

use std::path::PathBuf;

use clap::Subcommand;

use crate::{Outcome, Scenario, ScenarioError, Simulation, Study, group_names, published, report, run};

/// What the simulator does.
#[derive(Clone, Debug, Subcommand)]
pub enum SimCommand {
	/// Run a scenario and print what each group got.
	Run {
		/// The scenario file (TOML).
		scenario: PathBuf,
	},
	/// Run a scenario up to an epoch, and print every number between the weights and what one uid gets in it.
	Explain {
		/// The scenario file (TOML).
		scenario: PathBuf,
		/// The uid.
		#[arg(long)]
		uid: u16,
		/// The epoch, from 1 on [default: the last].
		#[arg(long)]
		epoch: Option<u32>,
	},
	/// Try each cheat of a scenario against honest work, under many rules, and write a page with plots.
	Report {
		/// The scenario file (TOML).
		scenario: PathBuf,
		/// The folder for the page and its plots.
		#[arg(long, default_value = "report")]
		out: PathBuf,
	},
	/// Print published results beside those of this consensus.
	Published {
		/// Networks that each value is the mean of.
		#[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1_000))]
		seeds: u32,
	},
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
	/// The scenario is refused.
	#[error(transparent)]
	Scenario(#[from] ScenarioError),
	/// The scenario does not get to the epoch.
	#[error("there is no epoch {epoch}: the scenario has epochs 1 to {epochs}")]
	NoEpoch {
		/// The epoch that was asked for.
		epoch: u32,
		/// How many there are.
		epochs: u32,
	},
	/// Nobody has the uid.
	#[error("nobody has uid {uid} in epoch {epoch}; uids begin at 0")]
	NoUid {
		/// The uid that was asked for.
		uid: u16,
		/// The epoch.
		epoch: u32,
	},
	/// The report cannot be written.
	#[error("cannot write the report to {folder}: {source}; choose a folder with --out")]
	Report {
		/// Where to.
		folder: PathBuf,
		/// What the system said.
		source: std::io::Error,
	},
}

/// Does what was asked, and gives what is to be printed. Takes minutes for a large scenario: call it on a thread that may
/// block.
///
/// # Errors
/// [`SimError`].
pub fn execute(command: SimCommand) -> Result<String, SimError> {
	match command {
		SimCommand::Run { scenario } => {
			let scenario = Scenario::from_file(&scenario)?;
			Ok(table(&scenario, &run(&scenario)))
		}
		SimCommand::Explain { scenario, uid, epoch } => explained(&Scenario::from_file(&scenario)?, uid, epoch),
		SimCommand::Report { scenario, out } => {
			let study = Study::of(&Scenario::from_file(&scenario)?);
			match report::write(&study, &out) {
				Ok(page) => Ok(format!("{}\n", page.display())),
				Err(source) => Err(SimError::Report { folder: out, source }),
			}
		}
		SimCommand::Published { seeds } => Ok(published::markdown(&published::table(seeds), seeds)),
	}
}

/// What an epoch, of the first seed, gives to a uid, and why.
fn explained(scenario: &Scenario, uid: u16, epoch: Option<u32>) -> Result<String, SimError> {
	let epoch = epoch.unwrap_or(scenario.epochs);
	if epoch == 0 || epoch > scenario.epochs {
		let epochs = scenario.epochs;
		return Err(SimError::NoEpoch { epoch, epochs });
	}
	let seed = scenario.seed_list().next().unwrap_or_default();
	let (group, explanation) = Simulation::new(scenario, seed)
		.explain(epoch, uid)
		.ok_or(SimError::NoUid { uid, epoch })?;
	let names = group_names(scenario);
	let name = names.get(group).map_or("nobody", String::as_str);
	Ok(format!(
		"{}, seed {seed}, epoch {epoch}: uid {uid} belongs to `{name}`\n{explanation}",
		scenario.name
	))
}

/// What each group got, in alpha an epoch, the mean over the seeds.
fn table(scenario: &Scenario, outcome: &Outcome) -> String {
	let epochs = f64::from(scenario.epochs);
	let mut text = format!(
		"{}: {} epochs, {} seeds; alpha in an epoch\n{:32} {:>10} {:>10} {:>10} {:>10} {:>10} {:>12}\n",
		scenario.name,
		scenario.epochs,
		scenario.seeds,
		"group",
		"mined",
		"dividends",
		"work",
		"other cost",
		"profit",
		"stake"
	);
	for (group, name) in outcome.groups.iter().enumerate() {
		let totals = outcome.mean(group);
		if totals.uid_epochs == 0.0 {
			continue;
		}
		let other = totals.registrations + totals.bribes_paid;
		text.push_str(&format!(
			"{name:32} {:>10.3} {:>10.3} {:>10.3} {other_cost:>10.3} {:>10.3} {:>12.1}\n",
			totals.mined / epochs,
			totals.dividends / epochs,
			totals.work / epochs,
			totals.profit() / epochs,
			totals.stake_epochs / epochs,
			other_cost = other / epochs,
		));
	}
	text
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_payout_is_explained_as_it_was_paid() {
		let scenario = Scenario::from_toml(include_str!("../scenarios/default.toml")).unwrap();
		let scenario = Scenario { epochs: 12, ..scenario };
		let seed = scenario.seed_list().next().unwrap();
		let mut paid = Simulation::new(&scenario, seed);
		(0..12).for_each(|_| paid.step());
		let payouts = || (0..).map_while(|uid| Some((uid, paid.paid(uid)?)));
		let miner = payouts().max_by_key(|(_, (incentive, _))| *incentive).unwrap().0;
		let validator = payouts().max_by_key(|(_, (_, dividends))| *dividends).unwrap().0;
		for uid in [miner, validator] {
			let (_, explanation) = Simulation::new(&scenario, seed).explain(12, uid).unwrap();
			let (_, again) = Simulation::new(&scenario, seed).explain(12, uid).unwrap();
			assert_eq!(explanation, again);
			let (incentive, dividends) = paid.paid(uid).unwrap();
			assert!(incentive + dividends > 0, "uid {uid} earned nothing");
			assert_eq!(explanation.as_miner.incentive_u16, incentive);
			assert_eq!(explanation.as_validator.dividends_u16, dividends);
			let text = explained(&scenario, uid, None).unwrap();
			assert!(text.contains(&format!("epoch 12: uid {uid} belongs to `")), "{text}");
		}
		let error = |uid, epoch| explained(&scenario, uid, epoch).unwrap_err().to_string();
		assert!(error(0, Some(13)).contains("epochs 1 to 12"));
		assert!(error(0, Some(0)).contains("epochs 1 to 12"));
		assert!(error(u16::MAX, None).contains("nobody has uid 65535"));
	}

	#[test]
	fn the_table_has_a_line_for_each_group_that_was_there() {
		let scenario = Scenario::from_toml(include_str!("../scenarios/weight-copier.toml")).unwrap();
		let scenario = Scenario {
			epochs: 10,
			seeds: 1,
			..scenario
		};
		let text = table(&scenario, &run(&scenario));
		assert!(
			text.starts_with(&format!("{}: 10 epochs, 1 seeds", scenario.name)),
			"{text}"
		);
		for group in scenario.validators.iter().map(|group| &group.name) {
			assert!(
				text.lines().any(|line| line.starts_with(group.as_str())),
				"{group}: {text}"
			);
		}
	}
}
