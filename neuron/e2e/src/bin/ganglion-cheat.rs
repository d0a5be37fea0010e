//! `ganglion-cheat`: the miners of the demo that the program `neuron` is too honest for.

use anyhow::Result;
use clap::{Parser, Subcommand};
use neuron::{
	miner::{self, MinerOptions},
	neuron_options::{MetricsPlace, NeuronOptions, Relaying, WalletLocation},
	shutdown,
	startup::Parts,
};
use neuron_chain::AccountId;
use neuron_e2e::{careless, relay::Relay};
use std::{net::SocketAddr, path::PathBuf, sync::Arc};
use subnet_sdk::{Descriptor, DynMechanism};

/// Mine by cheating.
#[derive(Debug, Parser)]
struct Arguments {
	/// The node's WebSocket address.
	#[arg(long)]
	url: String,
	/// The subnet.
	#[arg(long)]
	netuid: u16,
	/// The folder of the wallets.
	#[arg(long)]
	wallet_path: PathBuf,
	/// The wallet's name.
	#[arg(long)]
	wallet: String,
	/// The hotkey's name.
	#[arg(long)]
	hotkey: String,
	/// The folder of the network identity.
	#[arg(long)]
	data_dir: PathBuf,
	/// Where to listen.
	#[arg(long)]
	listen: SocketAddr,
	#[command(subcommand)]
	cheat: Cheat,
}

#[derive(Clone, Debug, Subcommand)]
enum Cheat {
	/// Have no model, and serve another miner's answers as one's own.
	Relay {
		/// The mechanism: text or embedding.
		#[arg(long, value_parser = descriptor)]
		mechanism: Descriptor,
		/// The hotkey (SS58) of the miner whose answers are sold.
		#[arg(long)]
		victim: AccountId,
	},
	/// Embed every other passage, and make up the other vectors.
	Careless {
		/// The embedder's folder.
		#[arg(long)]
		model: PathBuf,
	},
}

fn descriptor(name: &str) -> Result<Descriptor, String> {
	[subnet_text::DESCRIPTOR, subnet_embedding::DESCRIPTOR]
		.into_iter()
		.find(|descriptor| descriptor.name == name)
		.ok_or_else(|| "expected text or embedding".into())
}

fn main() -> Result<()> {
	tracing_subscriber::fmt()
		.with_ansi(false)
		.with_writer(std::io::stderr)
		.init();
	tokio::runtime::Runtime::new()?.block_on(run(Arguments::parse()))
}

async fn run(arguments: Arguments) -> Result<()> {
	let stop = shutdown::on_signals()?;
	let options = MinerOptions::new(NeuronOptions {
		url: arguments.url,
		wallet: WalletLocation {
			path: arguments.wallet_path,
			name: arguments.wallet,
			hotkey: arguments.hotkey,
		},
		netuid: arguments.netuid,
		listen: arguments.listen,
		external: None,
		data_dir: Some(arguments.data_dir),
		home: None,
		register: false,
		refresh_blocks: 1,
		relaying: Relaying::default(),
		metrics: MetricsPlace::Off,
	});
	let mechanism = Box::new(move |parts: &Parts| {
		let mechanism: Arc<dyn DynMechanism> = match arguments.cheat {
			Cheat::Relay { mechanism, victim } => Arc::new(Relay::new(mechanism, parts, victim)),
			Cheat::Careless { model } => Arc::new(careless::mechanism(&model)?),
		};
		Ok(mechanism)
	});
	miner::run_with(options, mechanism, stop).await
}
