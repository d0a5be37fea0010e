//! The commands, resolved: what `main` acts on.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use subnet_sim::command::SimCommand;

use super::subnet::SubnetCommand;
use crate::{
	gateway::{GatewayOptions, keys::KeyCommand},
	miner::MinerOptions,
	neuron_options::NeuronOptions,
	registry::MechanismOptions,
	validator::ValidatorOptions,
};

/// The commands.
#[derive(Clone, Debug)]
pub enum HiCommand {
	/// `wallet new`
	WalletNew,
	/// `wallet import-uri`
	WalletImportUri {
		/// Secret URI of the hotkey.
		hotkey_uri: String,
		/// Secret URI of the coldkey.
		coldkey_uri: String,
	},
	/// `wallet show`
	WalletShow {
		/// As JSON.
		json: bool,
	},
	/// `register`
	Register {
		/// The subnet.
		netuid: u16,
	},
	/// `subnet …`
	Subnet(SubnetCommand),
	/// `sim …`
	Sim(SimCommand),
	/// `stake add`
	StakeAdd {
		/// The subnet.
		netuid: u16,
		/// How much.
		amount_rao: u64,
	},
	/// `stake remove`
	StakeRemove {
		/// The subnet.
		netuid: u16,
		/// How much.
		amount_rao: u64,
	},
	/// `balance`
	Balance {
		/// SS58 address; the wallet's coldkey where absent.
		account: Option<String>,
	},
	/// `metagraph`
	Metagraph {
		/// The subnet.
		netuid: u16,
		/// As JSON.
		json: bool,
	},
	/// `miner`
	Miner {
		/// How it runs.
		options: MinerOptions,
		/// What it serves.
		mechanism: MechanismOptions,
	},
	/// `doctor`
	Doctor {
		/// How the neuron runs.
		options: NeuronOptions,
		/// What it serves.
		mechanism: MechanismOptions,
	},
	/// `validator`
	Validator {
		/// How it runs.
		options: ValidatorOptions,
		/// What it scores with.
		mechanism: MechanismOptions,
	},
	/// `gateway`
	Gateway {
		/// How it runs.
		options: GatewayOptions,
	},
	/// `gateway key`
	GatewayKey {
		/// What to do.
		command: KeyCommand,
		/// The file with the keys' hashes; where absent, the one in the data folder.
		keys: Option<PathBuf>,
		/// The data folder; where absent, the default one of the hotkey.
		data_dir: Option<PathBuf>,
		/// The home folder, for that default.
		home: Option<PathBuf>,
	},
	/// `top`
	Top {
		/// Where the metrics are; where absent, the default addresses are tried.
		metrics: Option<SocketAddr>,
		/// Time between two looks.
		interval: Duration,
	},
	/// `completions`
	Completions {
		/// The shell.
		shell: clap_complete::Shell,
	},
	/// `man`
	Man {
		/// Folder for the pages; where absent, the main page goes to standard output.
		folder: Option<PathBuf>,
	},
}
