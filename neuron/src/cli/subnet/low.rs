//! What is typed after `neuron subnet`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::low::NetuidLow;

/// `neuron subnet …`
#[derive(Clone, Debug, Subcommand)]
pub enum SubnetLow {
	/// Make the folder of a new mechanism: the mechanism, its test, a scenario, and a neuron that has it.
	New(NewLow),
	/// Check a mechanism: honest work, relayed and hostile answers, hostile tasks, cancellation.
	Check(CheckLow),
	/// Register a new subnet, owned by the coldkey, with the hotkey as its first neuron (register_network).
	#[command(visible_alias = "register")]
	Create(CreateLow),
	/// Begin the emission of a subnet that the coldkey owns, and the trade in its alpha (start_call). The chain says how
	/// old the subnet has to be.
	Start(NetuidLow),
	/// Print the hyperparameters of a subnet, or set one.
	Hyperparameters(HyperparametersLow),
	/// Explain a payout, number by number, or what an error of the chain means.
	Explain(ExplainLow),
}

/// `neuron subnet new`
#[derive(Clone, Debug, Args)]
pub struct NewLow {
	/// Name of the mechanism: lower-case letters, digits and -, beginning with a letter.
	pub name: String,
	/// Folder to make [default: the name].
	#[arg(long, value_name = "FOLDER")]
	pub folder: Option<PathBuf>,
	/// In Python instead of Rust: a program that `--mechanism-command` runs, with nothing to compile.
	#[arg(long, conflicts_with_all = ["sdk_path", "sdk_git"])]
	pub python: bool,
	/// Checkout of Ganglion that the crate is compiled against [default: the one that the current folder is in].
	#[arg(long, value_name = "FOLDER", conflicts_with = "sdk_git")]
	pub sdk_path: Option<PathBuf>,
	/// Git repository of Ganglion that the crate is compiled against.
	#[arg(long, value_name = "URL")]
	pub sdk_git: Option<String>,
}

/// `neuron subnet check`
#[derive(Clone, Debug, Args)]
pub struct CheckLow {
	/// Mechanism to check: echo, process, or one that is compiled in.
	#[arg(long, env = "NEURON_MECHANISM", value_name = "NAME")]
	pub mechanism: Option<String>,
	/// The program that is the mechanism, with its arguments, such as "python3 my_mechanism.py".
	#[arg(
		long,
		env = "NEURON_MECHANISM_COMMAND",
		value_name = "COMMAND",
		visible_alias = "command"
	)]
	pub mechanism_command: Option<String>,
	/// Mechanism text: the model file (GGUF); a small one, since some forty answers are scored.
	#[arg(long, env = "NEURON_MODEL", value_name = "PATH")]
	pub model: Option<PathBuf>,
}

/// `neuron subnet create`
#[derive(Clone, Debug, Default, Args)]
pub struct CreateLow {
	/// Name of the subnet, for people. Each part of the identity is optional, and can be changed later.
	#[arg(long, value_name = "TEXT")]
	pub name: Option<String>,
	/// What the subnet is for.
	#[arg(long, value_name = "TEXT")]
	pub description: Option<String>,
	/// Repository of the mechanism.
	#[arg(long, value_name = "URL")]
	pub github: Option<String>,
	/// Whom to ask.
	#[arg(long, value_name = "TEXT")]
	pub contact: Option<String>,
	/// Home page.
	#[arg(long, value_name = "URL")]
	pub homepage: Option<String>,
	/// Contact on Discord.
	#[arg(long, value_name = "TEXT")]
	pub discord: Option<String>,
	/// Address of a logo.
	#[arg(long, value_name = "URL")]
	pub logo: Option<String>,
	/// Anything else.
	#[arg(long, value_name = "TEXT")]
	pub additional: Option<String>,
}

/// `neuron subnet hyperparameters`
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct HyperparametersLow {
	/// Sets one; without it all are printed.
	#[command(subcommand)]
	pub command: Option<HyperparametersCommandLow>,
	/// The subnet.
	#[command(flatten)]
	pub subnet: NetuidLow,
}

/// `neuron subnet hyperparameters …`
#[derive(Clone, Debug, Subcommand)]
pub enum HyperparametersCommandLow {
	/// Set a hyperparameter; the coldkey owns the subnet.
	Set {
		/// Its name, as printed.
		name: String,
		/// Its value, in the form in which it is printed.
		#[arg(allow_hyphen_values = true)]
		value: String,
		/// The subnet.
		#[arg(long, env = "NEURON_NETUID")]
		netuid: Option<u16>,
		/// Sign with the power of the chain's sudo key, which the coldkey is; some are not for owners.
		#[arg(long)]
		sudo: bool,
	},
}

/// `neuron subnet explain`
#[derive(Clone, Debug, Args)]
pub struct ExplainLow {
	/// The subnet.
	#[command(flatten)]
	pub subnet: NetuidLow,
	/// The uid whose payout is explained [default: that of the wallet's hotkey].
	#[arg(long)]
	pub uid: Option<u16>,
	/// Explain what an epoch would pay if it ran now, instead of what the last one paid.
	#[arg(long)]
	pub now: bool,
	/// Explain an error of the chain instead: its name, or `Custom error: 6`, or `6`.
	#[arg(long, value_name = "TEXT", conflicts_with_all = ["uid", "now"])]
	pub error: Option<String>,
}
