//! The simulator's command line: see the crate `subnet-sim` for what it does.

use std::process::ExitCode;

use clap::Parser;
use subnet_sim::command::{SimCommand, execute};

/// Tries a subnet's rules against cheats before they pay.
#[derive(Parser)]
#[command(name = "ganglion-sim", version)]
struct Arguments {
	#[command(subcommand)]
	command: SimCommand,
}

fn main() -> ExitCode {
	match execute(Arguments::parse().command) {
		Ok(text) => {
			print!("{text}");
			ExitCode::SUCCESS
		}
		Err(error) => {
			eprintln!("error: {error}");
			ExitCode::FAILURE
		}
	}
}
