//! The simulator's command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use subnet_sim::{Outcome, Scenario, Study, published, report, run};

/// Tries a subnet's rules against cheats before they pay.
#[derive(Parser)]
#[command(name = "ganglion-sim", version)]
struct Arguments {
	#[command(subcommand)]
	command: Command,
}

#[derive(Subcommand)]
enum Command {
	/// Runs a scenario and prints what each group got.
	Run {
		/// The scenario file.
		scenario: PathBuf,
	},
	/// Tries each cheat of a scenario against honest work, under many rules, and writes a page with plots.
	Report {
		/// The scenario file.
		scenario: PathBuf,
		/// The folder for the page and its plots.
		#[arg(long, default_value = "report")]
		out: PathBuf,
	},
	/// Prints published results beside those of this consensus.
	Published {
		/// Networks that each value is the mean of.
		#[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1_000))]
		seeds: u32,
	},
}

fn main() -> ExitCode {
	match execute(Arguments::parse().command) {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("error: {error}");
			ExitCode::FAILURE
		}
	}
}

fn execute(command: Command) -> Result<(), Box<dyn std::error::Error>> {
	match command {
		Command::Run { scenario } => {
			let scenario = Scenario::from_file(&scenario)?;
			print!("{}", table(&scenario, &run(&scenario)));
		}
		Command::Report { scenario, out } => {
			let study = Study::of(&Scenario::from_file(&scenario)?);
			let page = report::write(&study, &out).map_err(|error| {
				format!(
					"cannot write the report to {}: {error}; choose a folder with --out",
					out.display()
				)
			})?;
			println!("{}", page.display());
		}
		Command::Published { seeds } => print!("{}", published::markdown(&published::table(seeds), seeds)),
	}
	Ok(())
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
