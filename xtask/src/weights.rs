//! `cargo xtask weights`: builds the runtime with its benchmarks, runs them, and compares what each takes with what it is
//! charged.
//!
//! The build has a target directory of its own, beside the shared one: the feature changes most of the dependency graph,
//! and every other build would have to be made again after it.

use std::process::ExitCode;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{process, setup};

/// Where the measurements are written, from the checkout's top.
const PAGE: &str = "runtime/WEIGHTS.md";

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct Options {
	/// Only benchmarks with this in their names (`pallet::benchmark`); nothing is written then.
	#[arg(long, value_name = "TEXT")]
	only: Option<String>,
	/// More arguments for the program that measures, after `--`.
	#[arg(last = true, value_name = "ARGUMENTS")]
	more: Vec<String>,
}

/// Builds and measures. The exit code says whether every weight is high enough.
///
/// # Errors
/// Set-up failed, or the build cannot be started.
pub(crate) fn run(workspace: &mut Workspace, options: &Options) -> Result<ExitCode> {
	setup::for_chain(workspace)?;
	println!("\nweights: a build of the runtime with its benchmarks, most of an hour on two cores, then some minutes");
	let mut command = workspace.cargo();
	command
		.env("CARGO_TARGET_DIR", workspace.target().join("weights"))
		.env_remove("SKIP_WASM_BUILD")
		.args([
			"run",
			"--locked",
			"--package",
			"ganglion-weights",
			"--features",
			"runtime-benchmarks",
			"--",
		]);
	match &options.only {
		Some(text) => command.args(["--only", text]),
		None => command.args(["--page", PAGE]),
	};
	command.args(&options.more);
	let good = process::visible(&mut command)?;
	Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
