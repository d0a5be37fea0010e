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

use crate::{Outcome, Scenario, ScenarioError, Study, published, report, run};

/// What the simulator does.
#[derive(Clone, Debug, Subcommand)]
pub enum SimCommand {
	/// Run a scenario and print what each group got.
	Run {
		/// The scenario file (TOML).
		scenario: PathBuf,
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
