//! A newcomer's path: the commands of `subnets/GUIDE.md`, as they stand there.

use anyhow::{Result, ensure};
use neuron_e2e::world::Programs;
use std::{path::Path, process::Command};

/// Runs the guide's commands for at most this long; where they take longer, the ends of their logs say where they stood.
fn follow_the_guide(language: &str, limit_seconds: u32) -> Result<()> {
	let programs = Programs::find()?;
	let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("newcomer.sh");
	let output = Command::new("bash")
		.arg(script)
		.arg(language)
		.env("NEWCOMER_LIMIT_SECONDS", limit_seconds.to_string())
		.env("GANGLION_NODE", programs.node)
		.env("GANGLION_NEURON", programs.neuron)
		.output()?;
	let (said, errors) = (
		String::from_utf8_lossy(&output.stdout),
		String::from_utf8_lossy(&output.stderr),
	);
	println!("{said}");
	ensure!(output.status.success(), "{}\n{said}\n{errors}", output.status);
	ensure!(
		said.contains("The guide works") || said.contains("SKIPPED"),
		"{said}\n{errors}"
	);
	Ok(())
}

#[test]
fn the_guide_works_in_python() -> Result<()> {
	follow_the_guide("python", 480)
}

#[test]
#[ignore = "compiles a neuron of its own: minutes"]
fn the_guide_works_in_rust() -> Result<()> {
	follow_the_guide("rust", 7200)
}
