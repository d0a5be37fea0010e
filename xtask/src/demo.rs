//! `cargo xtask demo`: set-up, the shared build, then the demo's own binary takes this process over.

use std::os::unix::process::CommandExt;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{compile, process, setup};

/// What miners work on.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Mechanism {
	/// A language model that they serve.
	Text,
	/// An embedder that they serve (84 MB are fetched).
	Embedding,
	/// A small language model that they train (39 MB of text are fetched).
	Pretrain,
}

/// What the demo is told.
#[derive(clap::Args)]
pub(crate) struct Options {
	/// What miners work on.
	#[arg(long, value_enum, default_value = "text")]
	mechanism: Mechanism,
	/// Epochs to run before the final table (the demo has a default, and a least number).
	#[arg(long, value_name = "N")]
	epochs: Option<u32>,
	/// More arguments for the demo's binary, after `--`.
	#[arg(last = true, value_name = "ARGUMENTS")]
	more: Vec<String>,
}

/// Prepares everything and becomes the demo. Returns only when that fails.
///
/// # Errors
/// Set-up or build failed, or there is no binary to run.
pub(crate) fn run(workspace: &mut Workspace, options: &Options) -> Result<ExitCode> {
	let model = setup::run(workspace)?;
	let given = match options.mechanism {
		Mechanism::Text => ["--mechanism=text".into(), "--model".into(), model.into_os_string()],
		Mechanism::Embedding => {
			let model = setup::mechanisms::embedder(workspace)?;
			["--mechanism=embedding".into(), "--model".into(), model.into_os_string()]
		}
		Mechanism::Pretrain => {
			let text = setup::mechanisms::text(workspace)?;
			[
				"--mechanism=pretrain".into(),
				"--validator-text".into(),
				text.into_os_string(),
			]
		}
	};
	println!("\nbuild: once compiled, this takes seconds; from nothing, most of an hour on two cores");
	let started = Instant::now();
	compile::build(workspace)?;
	println!("build: done in {}", process::duration(started.elapsed()));
	let binaries = ["ganglion-demo", "ganglion-node", "neuron"].map(|name| workspace.binary(name));
	if let Some(absent) = binaries.iter().find(|path| !path.is_file()) {
		bail!("the build left no {}", absent.display());
	}
	let [demo, node, neuron] = &binaries;
	let mut command = workspace.program(demo.to_str().context("the binary's path is not UTF-8")?);
	command.arg("--node").arg(node).arg("--neuron").arg(neuron).args(given);
	if let Some(epochs) = options.epochs {
		command.args(["--epochs", &epochs.to_string()]);
	}
	command.args(&options.more);
	println!("\ndemo: {}", process::line(&command));
	// The demo replaces this process, so signals and the exit code need no forwarding: Ctrl-C reaches the
	// demo alone, and the prompt comes back when it has cleaned up.
	Err(command.exec()).with_context(|| format!("`{}` cannot be started", process::line(&command)))
}
