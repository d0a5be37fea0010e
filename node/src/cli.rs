//! The command line.

use std::{num::NonZeroU64, path::PathBuf};

/// A node of a Ganglion chain.
#[derive(Debug, clap::Parser)]
pub(crate) struct Cli {
	/// What to do; runs a node if absent.
	#[command(subcommand)]
	pub(crate) subcommand: Option<Subcommand>,

	/// Make and finalise a block every so many milliseconds, alone, instead of taking part in Aura and
	/// GRANDPA. For development and tests: each block still advances the chain's clock by a whole slot.
	#[arg(long, value_name = "MS")]
	pub(crate) sealing: Option<NonZeroU64>,

	/// The address of a server with drand's HTTP interface, such as `http://127.0.0.1:8890`, from which off-chain
	/// workers fetch the beacon that the chain follows. Without it a chain that follows quicknet asks its public
	/// server; any other chain gets no rounds from this node.
	#[arg(long, value_name = "URL", value_parser = beacon_address)]
	pub(crate) beacon: Option<String>,

	/// A JSON file merged into the chosen preset's genesis (`development`, `local`).
	#[arg(long, value_name = "FILE", global = true)]
	pub(crate) genesis_patch: Option<PathBuf>,

	/// Options of a running node.
	#[clap(flatten)]
	pub(crate) run: sc_cli::RunCmd,
}

/// Checks the address of a beacon's server.
fn beacon_address(address: &str) -> Result<String, String> {
	match address.split_once("://") {
		Some(("http" | "https", host)) if !host.trim_matches('/').is_empty() => {
			Ok(address.trim_end_matches('/').into())
		}
		_ => Err(format!(
			"'{address}' is no address of a web server; write it as http://HOST:PORT"
		)),
	}
}

/// What the node can do besides running.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Subcommand {
	/// Make, inspect and insert keys.
	#[command(subcommand)]
	Key(sc_cli::KeySubcommand),

	/// Write the chain's specification as JSON.
	ExportChainSpec(sc_cli::ExportChainSpecCmd),

	/// Check blocks of the database.
	CheckBlock(sc_cli::CheckBlockCmd),

	/// Write blocks to a file.
	ExportBlocks(sc_cli::ExportBlocksCmd),

	/// Write the state at a block as a chain specification.
	ExportState(sc_cli::ExportStateCmd),

	/// Read blocks from a file.
	ImportBlocks(sc_cli::ImportBlocksCmd),

	/// Delete the chain's database.
	PurgeChain(sc_cli::PurgeChainCmd),

	/// Take back the latest blocks.
	Revert(sc_cli::RevertCmd),

	/// Print what the database holds.
	ChainInfo(sc_cli::ChainInfoCmd),
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_beacon_is_an_address_of_a_web_server() {
		assert_eq!(
			beacon_address("http://127.0.0.1:8890/"),
			Ok("http://127.0.0.1:8890".into())
		);
		assert_eq!(
			beacon_address("https://api.drand.sh"),
			Ok("https://api.drand.sh".into())
		);
		for bad in ["", "127.0.0.1:8890", "ftp://host", "http://", "file:///tmp/beacon"] {
			assert!(beacon_address(bad).is_err(), "{bad}");
		}
	}
}
