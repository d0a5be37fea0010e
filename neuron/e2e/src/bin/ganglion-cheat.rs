//! `ganglion-relay`: a cheating miner for the demo. It has no model and sells another miner's answers.

use anyhow::Result;
use clap::Parser;
use neuron::{
	miner::{self, MinerOptions},
	neuron_options::{MetricsPlace, NeuronOptions, Relaying, WalletLocation},
	shutdown,
	startup::Parts,
};
use neuron_chain::AccountId;
use neuron_e2e::relay::Relay;
use std::{net::SocketAddr, path::PathBuf, sync::Arc};

/// Serve the answers of another miner as one's own.
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
	/// The hotkey (SS58) of the miner whose answers are sold.
	#[arg(long)]
	victim: AccountId,
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
	let victim = arguments.victim;
	let relay = Box::new(move |parts: &Parts| {
		let relay: Arc<dyn subnet_sdk::DynMechanism> = Arc::new(Relay::new(parts, victim));
		Ok(relay)
	});
	miner::run_with(options, relay, stop).await
}
