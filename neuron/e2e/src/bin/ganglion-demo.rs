//! `ganglion-demo`: the whole loop with a real model; `cargo xtask demo` prepares everything and starts it.

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};
use neuron_e2e::{
	demo::{self, Contest, Options, Pace},
	world::Programs,
};
use std::{path::PathBuf, process::ExitCode, time::Duration};

/// What miners work on.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mechanism {
	/// They serve a language model.
	Text,
	/// They serve an embedder.
	Embedding,
	/// They train a small language model.
	Pretrain,
}

/// Miners work, validators score them, the chain pays.
#[derive(Debug, Parser)]
struct Arguments {
	/// The node's program.
	#[arg(long)]
	node: Option<PathBuf>,
	/// The neuron's program.
	#[arg(long)]
	neuron: Option<PathBuf>,
	/// What the miners work on.
	#[arg(long, value_enum, default_value = "text")]
	mechanism: Mechanism,
	/// What they serve: a GGUF file for text, an embedder's folder for embedding.
	#[arg(long)]
	model: Option<PathBuf>,
	/// Text that validators of pretrain measure on [default: the one that comes with it, which miners train on].
	#[arg(long)]
	validator_text: Option<PathBuf>,
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
	let contest = match (arguments.mechanism, arguments.model) {
		(Mechanism::Text, Some(model)) => Contest::Text { model },
		(Mechanism::Embedding, Some(model)) => Contest::Embedding { model },
		(Mechanism::Pretrain, _) => Contest::Pretrain {
			text: arguments.validator_text,
		},
		(Mechanism::Text | Mechanism::Embedding, None) => bail!("say what the miners serve: --model PATH"),
	};
	let options = Options {
		programs,
		contest,
		pace: Pace::default(),
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
