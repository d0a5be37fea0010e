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

	/// A JSON file merged into the chosen preset's genesis (`development`, `local`).
	#[arg(long, value_name = "FILE", global = true)]
	pub(crate) genesis_patch: Option<PathBuf>,

	/// Options of a running node.
	#[clap(flatten)]
	pub(crate) run: sc_cli::RunCmd,
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
