//! `ganglion-demo`: the whole loop with a real model; `cargo xtask demo` prepares everything and starts it.

use anyhow::{Context as _, Result};
use clap::Parser;
use neuron_e2e::{
	demo::{self, Options},
	world::Programs,
};
use std::{path::PathBuf, process::ExitCode, time::Duration};

/// Miners serve a language model, validators score them, the chain pays.
#[derive(Debug, Parser)]
struct Arguments {
	/// The node's program.
	#[arg(long)]
	node: Option<PathBuf>,
	/// The neuron's program.
	#[arg(long)]
	neuron: Option<PathBuf>,
	/// The GGUF file to serve.
	#[arg(long)]
	model: PathBuf,
	/// Epochs that must have paid miners.
	#[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
	epochs: u32,
	/// Keep logs, wallets and the chain's database in this folder instead of a temporary one.
	#[arg(long)]
	keep: Option<PathBuf>,
	/// Seconds after which the demo gives up.
	#[arg(long, default_value_t = 900)]
	limit_seconds: u64,
}

fn main() -> ExitCode {
	match run(Arguments::parse()) {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("error: {error:#}");
			ExitCode::FAILURE
		}
	}
}

fn run(arguments: Arguments) -> Result<()> {
	let found = Programs::find();
	let programs = match (arguments.node, arguments.neuron) {
		(Some(node), Some(neuron)) => Programs { node, neuron },
		(node, neuron) => {
			let found = found?;
			Programs {
				node: node.unwrap_or(found.node),
				neuron: neuron.unwrap_or(found.neuron),
			}
		}
	};
	let (temporary, folder) = match arguments.keep {
		Some(folder) => {
			std::fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
			(None, folder)
		}
		None => {
			let temporary = tempfile::Builder::new().prefix("ganglion-demo-").tempdir()?;
			let folder = temporary.path().to_owned();
			(Some(temporary), folder)
		}
	};
	let options = Options {
		programs,
		model: arguments.model,
		epochs: arguments.epochs,
		folder,
		limit: Duration::from_secs(arguments.limit_seconds),
	};
	let done = tokio::runtime::Runtime::new()?.block_on(demo::run(options));
	if done.is_err()
		&& let Some(temporary) = temporary
	{
		eprintln!("the logs stay in {}", temporary.keep().display());
	}
	done
}
