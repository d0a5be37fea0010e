//! What each sub-command does.

use crate::{
	authoring::Production,
	chain_spec,
	cli::{Cli, Subcommand},
	service,
};
use ganglion_runtime::OpaqueBlock as Block;
use sc_cli::SubstrateCli;
use sc_network::config::NetworkBackendType;
use sc_service::PartialComponents;
use sp_runtime::traits::Block as BlockT;

impl SubstrateCli for Cli {
	fn impl_name() -> String {
		"Ganglion Node".into()
	}

	fn impl_version() -> String {
		env!("CARGO_PKG_VERSION").into()
	}

	fn description() -> String {
		env!("CARGO_PKG_DESCRIPTION").into()
	}

	fn author() -> String {
		"the Ganglion developers".into()
	}

	fn support_url() -> String {
		"see README.md".into()
	}

	fn copyright_start_year() -> i32 {
		2026
	}

	fn load_spec(&self, id: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
		let spec = chain_spec::load(id, self.genesis_patch.as_deref())?;
		Ok(Box::new(spec))
	}
}

/// Reads the command line and does what it says.
///
/// # Errors
/// Whatever the sub-command or the node failed with.
pub(crate) fn run() -> sc_cli::Result<()> {
	let cli = Cli::from_args();
	match &cli.subcommand {
		Some(subcommand) => run_subcommand(&cli, subcommand),
		None => run_node(&cli),
	}
}

fn run_node(cli: &Cli) -> sc_cli::Result<()> {
	let production = Production::from_sealing(cli.sealing);
	let beacon = cli.beacon.clone();
	let runner = cli.create_runner(&cli.run)?;
	runner.run_node_until_exit(|config| async move {
		let beacon = beacon.as_deref();
		match config.network.network_backend {
			NetworkBackendType::Libp2p => {
				service::start::<sc_network::NetworkWorker<Block, <Block as BlockT>::Hash>>(config, production, beacon)
			}
			NetworkBackendType::Litep2p => {
				service::start::<sc_network::Litep2pNetworkBackend>(config, production, beacon)
			}
		}
		.map_err(sc_cli::Error::Service)
	})
}

fn run_subcommand(cli: &Cli, subcommand: &Subcommand) -> sc_cli::Result<()> {
	match subcommand {
		Subcommand::Key(command) => command.run(cli),
		Subcommand::ExportChainSpec(command) => command.run(cli.load_spec(&command.chain)?),
		Subcommand::PurgeChain(command) => cli
			.create_runner(command)?
			.sync_run(|config| command.run(config.database)),
		Subcommand::ChainInfo(command) => cli
			.create_runner(command)?
			.sync_run(|config| command.run::<Block>(&config)),
		Subcommand::CheckBlock(command) => cli.create_runner(command)?.async_run(|config| {
			let PartialComponents {
				client,
				task_manager,
				import_queue,
				..
			} = service::parts(&config)?;
			Ok((command.run(client, import_queue), task_manager))
		}),
		Subcommand::ExportBlocks(command) => cli.create_runner(command)?.async_run(|config| {
			let PartialComponents {
				client, task_manager, ..
			} = service::parts(&config)?;
			Ok((command.run(client, config.database), task_manager))
		}),
		Subcommand::ExportState(command) => cli.create_runner(command)?.async_run(|config| {
			let PartialComponents {
				client, task_manager, ..
			} = service::parts(&config)?;
			Ok((command.run(client, config.chain_spec), task_manager))
		}),
		Subcommand::ImportBlocks(command) => cli.create_runner(command)?.async_run(|config| {
			let PartialComponents {
				client,
				task_manager,
				import_queue,
				..
			} = service::parts(&config)?;
			Ok((command.run(client, import_queue), task_manager))
		}),
		Subcommand::Revert(command) => cli.create_runner(command)?.async_run(|config| {
			let PartialComponents {
				client,
				task_manager,
				backend,
				..
			} = service::parts(&config)?;
			let revert_finality = Box::new(|client, _, blocks| {
				sc_consensus_grandpa::revert(client, blocks)?;
				Ok(())
			});
			Ok((command.run(client, backend, Some(revert_finality)), task_manager))
		}),
	}
}
