//! A newcomer's path: the commands of `subnets/GUIDE.md`, as they stand there.

use anyhow::{Result, ensure};
use neuron_e2e::world::Programs;
use std::{path::Path, process::Command};

fn follow_the_guide(language: &str) -> Result<()> {
	let programs = Programs::find()?;
	let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("newcomer.sh");
	let output = Command::new("bash")
		.arg(script)
		.arg(language)
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
	follow_the_guide("python")
}

#[test]
#[ignore = "compiles a neuron of its own: minutes"]
fn the_guide_works_in_rust() -> Result<()> {
	follow_the_guide("rust")
}
