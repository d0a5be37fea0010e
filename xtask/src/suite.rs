//! `cargo xtask test`: everything that CI runs, phase by phase.
//!
//! A phase that fails does not hide what the later ones find, except where they cannot run without it: no
//! tests without a build, nothing without set-up.

use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::compile::{self, SELECTION};
use crate::tally::{Runner, Tally};
use crate::workspace::Workspace;
use crate::{process, sdk, setup, tidy};

/// What became of a phase.
struct Phase {
	name: &'static str,
	outcome: Outcome,
	elapsed: Duration,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Outcome {
	Succeeded,
	Failed,
	/// An earlier phase that this one needs has failed.
	NotRun,
}

/// Runs all phases and says at the end what ran and what failed.
///
/// # Errors
/// None for a failed phase: that is an exit code.
pub(crate) fn run(workspace: &mut Workspace) -> Result<ExitCode> {
	let mut phases = Vec::new();
	let mut tally = Tally::default();
	let mut model = None;
	let ready = phase(&mut phases, "setup", true, || {
		model = Some(setup::run(workspace)?);
		Ok(())
	});
	let workspace = &*workspace;
	phase(&mut phases, "format", ready, || format(workspace));
	phase(&mut phases, "tidy", true, || tidy::check(workspace.root()));
	// What only has warnings can be tested all the same.
	let mut built = false;
	phase(&mut phases, "build + clippy", ready, || {
		let warnings = compile::build(workspace)?;
		built = true;
		if warnings > 0 {
			bail!("warnings of the compiler or clippy in our crates: {warnings}; here they are errors");
		}
		Ok(())
	});
	phase(&mut phases, "tests", built, || {
		let model = model.as_deref().context("setup gave no model")?;
		tests(workspace, model, &mut tally)
	});
	phase(&mut phases, "doc tests", built, || doc_tests(workspace, &mut tally));
	phase(&mut phases, "sdk", built, || sdk_scripts(workspace, &mut tally));
	Ok(report(&phases, tally))
}

/// Runs one phase where it can run, notes what became of it, and returns whether it succeeded.
fn phase(phases: &mut Vec<Phase>, name: &'static str, can_run: bool, work: impl FnOnce() -> Result<()>) -> bool {
	if !can_run {
		phases.push(Phase {
			name,
			outcome: Outcome::NotRun,
			elapsed: Duration::ZERO,
		});
		return false;
	}
	println!("\n== {name}");
	let started = Instant::now();
	let result = work();
	let elapsed = started.elapsed();
	let outcome = if result.is_ok() {
		Outcome::Succeeded
	} else {
		Outcome::Failed
	};
	match result {
		Ok(()) => println!("== {name}: ok, {}", process::duration(elapsed)),
		Err(error) => println!("== {name}: FAILED, {}\n{error:#}", process::duration(elapsed)),
	}
	phases.push(Phase { name, outcome, elapsed });
	outcome == Outcome::Succeeded
}

fn format(workspace: &Workspace) -> Result<()> {
	if !process::visible(workspace.cargo().args(["fmt", "--all", "--check"]))? {
		bail!("some files are not formatted; type: cargo fmt --all");
	}
	Ok(())
}

fn tests(workspace: &Workspace, model: &Path, tally: &mut Tally) -> Result<()> {
	let mut command = workspace.cargo();
	let has_nextest = process::probe(workspace.cargo().args(["nextest", "--version"])).is_some();
	let runner = if has_nextest { Runner::Nextest } else { Runner::Harness };
	if has_nextest {
		command.args(["nextest", "run", "--no-fail-fast"]).args(SELECTION);
	} else {
		println!("(cargo-nextest is not installed: cargo's own test runner does it)");
		command.args(["test", "--no-fail-fast"]).args(SELECTION);
	}
	command
		.env("GANGLION_MODEL", model)
		.env("GANGLION_NODE", workspace.binary("ganglion-node"))
		.env("GANGLION_NEURON", workspace.binary("neuron"));
	let before = *tally;
	let succeeded = counted(&mut command, runner, tally)?;
	if !succeeded {
		bail!("`{}` failed", process::line(&command));
	}
	if tally.passed == before.passed {
		bail!("`{}` ran no test", process::line(&command));
	}
	Ok(())
}

fn doc_tests(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
	let mut command = workspace.cargo();
	command.args(["test", "--doc", "--workspace", "--locked", "--no-fail-fast"]);
	if !counted(&mut command, Runner::Harness, tally)? {
		bail!("`{}` failed", process::line(&command));
	}
	Ok(())
}

fn sdk_scripts(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
	let mut command = sdk::scripts(workspace)?;
	// The scripts sum up in the harness's own words.
	if !counted(&mut command, Runner::Harness, tally)? {
		bail!("the SDK's scripts failed; these alone run with: cargo xtask sdk");
	}
	Ok(())
}

/// Runs a test runner, passes on what it prints and counts the tests in it. Returns whether it succeeded.
fn counted(command: &mut Command, runner: Runner, tally: &mut Tally) -> Result<bool> {
	if std::io::stderr().is_terminal() {
		command.env("CARGO_TERM_COLOR", "always");
	}
	let mut child = command
		.stdin(Stdio::null())
		.stdout(Stdio::piped())
		.stderr(Stdio::piped())
		.spawn()
		.with_context(|| format!("`{}` cannot be started", process::line(command)))?;
	let (output, errors) = (child.stdout.take(), child.stderr.take());
	let shared = Mutex::new(tally);
	std::thread::scope(|scope| {
		if let Some(pipe) = output {
			scope.spawn(|| pass_on(pipe, std::io::stdout(), runner, &shared));
		}
		if let Some(pipe) = errors {
			scope.spawn(|| pass_on(pipe, std::io::stderr(), runner, &shared));
		}
	});
	Ok(child.wait().context("the test runner cannot be waited for")?.success())
}

fn pass_on(pipe: impl Read, mut to: impl Write, runner: Runner, tally: &Mutex<&mut Tally>) {
	let mut reader = BufReader::new(pipe);
	let mut line = Vec::new();
	while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
		// A closed terminal must not stop the count, nor the runner.
		to.write_all(&line).ok();
		tally
			.lock()
			.unwrap_or_else(PoisonError::into_inner)
			.read(runner, &String::from_utf8_lossy(&line));
		line.clear();
	}
}

/// Prints the phases, and last the one plain line that CI reads.
fn report(phases: &[Phase], tally: Tally) -> ExitCode {
	println!("\n== summary");
	for phase in phases {
		let outcome = match phase.outcome {
			Outcome::Succeeded => "ok",
			Outcome::Failed => "FAILED",
			Outcome::NotRun => "not run",
		};
		println!(
			"  {:<16} {outcome:<8} {:>12}",
			phase.name,
			process::duration(phase.elapsed)
		);
	}
	let total: Duration = phases.iter().map(|phase| phase.elapsed).sum();
	println!("  {:<16} {:<8} {:>12}", "total", "", process::duration(total));
	let failed = failed(phases);
	if failed.is_empty() {
		println!("\nall phases succeeded");
	} else {
		println!("\nfailed: {}", failed.join(", "));
	}
	println!("{tally}");
	if failed.is_empty() {
		ExitCode::SUCCESS
	} else {
		ExitCode::FAILURE
	}
}

fn failed(phases: &[Phase]) -> Vec<&'static str> {
	let did_fail = |phase: &&Phase| phase.outcome == Outcome::Failed;
	phases.iter().filter(did_fail).map(|phase| phase.name).collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_failed_phase_is_named_and_those_that_need_it_do_not_run() {
		let mut phases = Vec::new();
		assert!(phase(&mut phases, "first", true, || Ok(())));
		let second = phase(&mut phases, "second", true, || bail!("broken"));
		assert!(!second);
		assert!(!phase(&mut phases, "third", second, || panic!("must not run")));
		assert_eq!(failed(&phases), ["second"]);
		assert_eq!(phases.last().unwrap().outcome, Outcome::NotRun);
	}

	#[test]
	fn what_a_runner_prints_is_passed_on_and_counted() {
		let mut tally = Tally::default();
		let printed = b"test result: ok. 2 passed; 0 failed; 1 ignored\nmore\nlast \xff line";
		let mut passed_on = Vec::new();
		pass_on(&printed[..], &mut passed_on, Runner::Harness, &Mutex::new(&mut tally));
		assert_eq!(passed_on, printed);
		assert_eq!((tally.passed, tally.failed, tally.skipped), (2, 0, 1));
	}

	#[test]
	fn a_runners_failure_is_seen() {
		let mut tally = Tally::default();
		let mut shell = |script: &str| {
			let mut command = Command::new("sh");
			counted(command.args(["-c", script]), Runner::Harness, &mut tally).unwrap()
		};
		assert!(shell("true"));
		assert!(!shell("exit 4"));
	}
}
