//! `cargo xtask`: the project's commands, in one small program.
//!
//! | command | what it does |
//! | --- | --- |
//! | `cargo xtask demo` | everything the demo needs, then the demo itself |
//! | `cargo xtask test` | everything that CI runs: format, house rules, lints, tests, doc tests, the SDK |
//! | `cargo xtask sdk` | the Bittensor SDK and its command line against a development node |
//! | `cargo xtask weights` | measures the runtime's weights in Wasm, and writes `runtime/WEIGHTS.md` |
//! | `cargo xtask tidy` | the house rules alone (file checks, a second) |
//! | `cargo xtask setup` | everything a build needs: wasm target, protoc, headers, the default model |
//! | `cargo xtask env` | the environment of our builds as `export` lines, for cargo by hand |
//!
//! | module | what |
//! | --- | --- |
//! | `workspace` | where things are, and the environment of child cargo processes |
//! | `process` | child processes: quiet ones with a heartbeat, visible ones, probes |
//! | `setup` | what a build needs and how each piece is got |
//! | `compile` | the one build that demo, tests and CI share |
//! | `suite` | `cargo xtask test`, phase by phase |
//! | `sdk` | the Bittensor SDK's packages, and the scripts that drive our node with them |
//! | `tally` | counting tests in what a test runner prints |
//! | `demo` | hands over to the demo's own binary |
//! | `weights` | builds the runtime with its benchmarks and runs them |
//! | `tidy` | the house rules as code |

mod compile;
mod demo;
mod process;
mod sdk;
mod setup;
mod suite;
mod tally;
mod tidy;
mod weights;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// The project's commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Arguments {
	#[command(subcommand)]
	command: Command,
}

#[derive(Subcommand)]
enum Command {
	/// Run the whole loop on this machine: a node, validators, miners with a real model, a payout.
	Demo(demo::Options),
	/// Run everything that CI runs.
	Test,
	/// Drive a development node with the Bittensor SDK and its command line.
	Sdk(sdk::Options),
	/// Measure the runtime's weights, and fail where one is too low.
	Weights(weights::Options),
	/// Check the house rules: sizes, documentation, arrows between crates, leftovers.
	Tidy(tidy::Options),
	/// Get everything a build needs.
	Setup {
		/// Also an embedder (84 MB) and a text (39 MB) for the mechanisms `embedding` and `pretrain`.
		#[arg(long)]
		mechanisms: bool,
	},
	/// Print the environment of our builds as shell lines: `eval "$(cargo xtask env)"`.
	Env,
}

fn main() -> ExitCode {
	let arguments = Arguments::parse();
	match run(arguments.command) {
		Ok(code) => code,
		Err(error) => {
			eprintln!("\nerror: {error:#}");
			ExitCode::FAILURE
		}
	}
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
	let mut workspace = Workspace::find()?;
	match command {
		Command::Demo(options) => demo::run(&mut workspace, &options),
		Command::Test => suite::run(&mut workspace),
		Command::Sdk(options) => sdk::run(&workspace, &options),
		Command::Weights(options) => weights::run(&mut workspace, &options),
		Command::Tidy(options) => tidy::command(workspace.root(), &options),
		Command::Setup { mechanisms } => {
			setup::run(&mut workspace)?;
			if mechanisms {
				setup::mechanisms::ensure(&workspace)?;
			}
			println!("\nReady. For cargo by hand, share the build with: eval \"$(cargo xtask env)\"");
			Ok(ExitCode::SUCCESS)
		}
		Command::Env => {
			setup::environment_only(&mut workspace)?;
			for (name, value) in workspace.environment() {
				println!("export {name}={}", workspace::shell_quoted(value));
			}
			Ok(ExitCode::SUCCESS)
		}
	}
}
