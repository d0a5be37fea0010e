//! The command line: from words to an exit code.
//!
//! 0 is success, 1 a failure, 2 words that make no command. Every failure is one line on standard error that
//! says what to do.

mod chain_commands;
mod command;
mod documents;
mod effective;
mod gateway;
mod high;
mod low;
mod subnet;
mod usage;
mod wallet_commands;

use std::{
	ffi::OsString,
	io::{self, Write},
	path::PathBuf,
	process::ExitCode,
	time::Duration,
};

use anyhow::{Context as _, Result};
use clap::Parser;
pub use command::HiCommand;
pub use effective::{config_text, effective};
pub use high::{
	DEFAULT_URL, HiArgs, LogOptions, MAX_PARALLEL, MINER_METRICS_PORT, VALIDATOR_METRICS_PORT, log_options,
};
pub use low::{
	BalanceLow, GatewayCommandLow, GatewayKeyLow, GatewayLow, GatewayRunLow, GlobalLow, LowArgs, LowCommand,
	MetagraphLow, MinerLow, NetuidLow, RoleLow, StakeAmountLow, StakeLow, TopLow, ValidatorLow, WalletLow,
};
pub use subnet::{
	CheckLow, CreateLow, ExplainLow, HyperparametersCommandLow, HyperparametersLow, NewLow, Scaffold, ScaffoldError,
	Sdk, SubnetCommand, SubnetLow,
};
pub use usage::UsageError;

use crate::{
	config::FileConfig,
	doctor,
	gateway::keys::{self, KeyCommand},
	logging, miner,
	neuron_options::{WalletLocation, default_data_dir},
	registry, shutdown,
	startup::MechanismFactory,
	validator,
};

/// Exit code for words that make no command.
const EXIT_USAGE: u8 = 2;
/// How long a blocking thread that does not reach a cancellation point gets at the end.
const THREADS_LIMIT: Duration = Duration::from_secs(1);

/// Runs the command line of a program that has mechanisms of its own compiled in, beside those of this crate. The first of
/// them is the one that is meant where none is named.
pub fn main_with(own: Vec<registry::Own>, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
	registry::compile_in(own);
	main(arguments)
}

/// Runs the command line.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
	let low = match LowArgs::try_parse_from(arguments) {
		Ok(low) => low,
		Err(error) => {
			// Help and version are "errors" too; clap knows the stream and the code of each.
			let _ = error.print();
			return u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
		}
	};
	let resolved = match resolve(low) {
		Ok(resolved) => resolved,
		Err(error) => return fail(&error, ExitCode::from(EXIT_USAGE)),
	};
	let done = match resolved {
		Resolved::Run(resolved) => execute(*resolved),
		Resolved::Print(text) => print(&text),
	};
	match done {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
		Err(error) => fail(&error, ExitCode::FAILURE),
	}
}

/// What the words come to.
enum Resolved {
	/// A command to run.
	Run(Box<HiArgs>),
	/// The configuration that it would run with, to print.
	Print(String),
}

fn resolve(low: LowArgs) -> Result<Resolved> {
	let file = match &low.global.config {
		Some(path) => FileConfig::read(path)?,
		None => FileConfig::default(),
	};
	let log = log_options(&low.global, &file, std::env::var("RUST_LOG").ok());
	logging::start(&log).with_context(|| format!("the log filter `{}` cannot be read", log.filter))?;
	let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
	if !low.global.print_config {
		return Ok(Resolved::Run(Box::new(HiArgs::resolve(low, file, home)?)));
	}
	let resolved = HiArgs::resolve(low, file.clone(), home)?;
	let text = config_text(&effective(&resolved, &log, file)).context("the configuration cannot be printed as TOML")?;
	Ok(Resolved::Print(text))
}

fn execute(resolved: HiArgs) -> Result<()> {
	let runtime = tokio::runtime::Builder::new_multi_thread()
		.enable_all()
		.build()
		.context("cannot start threads")?;
	let done = runtime.block_on(command(resolved));
	runtime.shutdown_timeout(THREADS_LIMIT);
	done
}

async fn command(resolved: HiArgs) -> Result<()> {
	let HiArgs { url, wallet, command } = resolved;
	match command {
		HiCommand::WalletNew => wallet_commands::new(&wallet),
		HiCommand::WalletImportUri {
			hotkey_uri,
			coldkey_uri,
		} => wallet_commands::import_uri(&wallet, &hotkey_uri, &coldkey_uri),
		HiCommand::WalletShow { json } => wallet_commands::show(&wallet, json),
		HiCommand::Register { netuid } => chain_commands::register(&url, &wallet, netuid).await,
		HiCommand::Subnet(command) => subnet::run(&url, &wallet, command).await,
		HiCommand::Sim(command) => {
			let done = tokio::task::spawn_blocking(move || subnet_sim::command::execute(command));
			print(&done.await.context("the simulator failed")??)
		}
		HiCommand::StakeAdd { netuid, amount_rao } => {
			chain_commands::add_stake(&url, &wallet, netuid, amount_rao).await
		}
		HiCommand::StakeRemove { netuid, amount_rao } => {
			chain_commands::remove_stake(&url, &wallet, netuid, amount_rao).await
		}
		HiCommand::Balance { account } => chain_commands::balance(&url, &wallet, account.as_deref()).await,
		HiCommand::Metagraph { netuid, json } => chain_commands::metagraph(&url, netuid, json).await,
		HiCommand::Miner { options, mechanism } => {
			mechanism.check()?;
			let stop = shutdown::on_signals().context("cannot handle signals")?;
			let factory: MechanismFactory = Box::new(move |_| Ok(registry::build(&mechanism)?));
			miner::run_with(options, factory, stop).await
		}
		HiCommand::Doctor { options, mechanism } => {
			let report = doctor::examine(&options, &mechanism).await;
			print(&report.table())?;
			anyhow::ensure!(
				report.is_healthy(),
				"peers are kept from this neuron: see the lines with NO above"
			);
			Ok(())
		}
		HiCommand::Validator { options, mechanism } => {
			mechanism.check()?;
			let stop = shutdown::on_signals().context("cannot handle signals")?;
			let factory: MechanismFactory = Box::new(move |parts| {
				let data_dir = Some(parts.data_dir.clone());
				Ok(registry::build(&registry::MechanismOptions { data_dir, ..mechanism })?)
			});
			validator::run(options, factory, stop).await
		}
		HiCommand::Gateway { options } => {
			options.mechanism.check()?;
			let stop = shutdown::on_signals().context("cannot handle signals")?;
			crate::gateway::run(options, stop).await
		}
		HiCommand::GatewayKey {
			command,
			keys,
			data_dir,
			home,
		} => print(&gateway_keys(&wallet, command, keys, data_dir, home)?),
		HiCommand::Top { metrics, interval } => crate::top::run(metrics, interval).await,
		HiCommand::Completions { shell } => print_bytes(&documents::completions(shell)),
		HiCommand::Man { folder } => print_bytes(&documents::man(folder.as_deref())?),
	}
}

/// Works on the gateway's keys; needs the hotkey only where no folder is named.
fn gateway_keys(
	wallet: &WalletLocation,
	command: KeyCommand,
	keys: Option<PathBuf>,
	data_dir: Option<PathBuf>,
	home: Option<PathBuf>,
) -> Result<String> {
	let path = match keys {
		Some(path) => path,
		None => {
			let folder = match (data_dir, home) {
				(Some(folder), _) => folder,
				(None, home) => default_data_dir(home, &wallet.hotkey()?.account_id().to_string())?,
			};
			folder.join(keys::FILE_NAME)
		}
	};
	Ok(command.run(&path)?)
}

/// Prints to standard output; a reader that has closed it ends the command, not with a failure.
fn print(text: &str) -> Result<()> {
	print_bytes(text.as_bytes())
}

fn print_bytes(bytes: &[u8]) -> Result<()> {
	let mut out = io::stdout().lock();
	out.write_all(bytes)?;
	out.flush()?;
	Ok(())
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
	error
		.downcast_ref::<io::Error>()
		.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn fail(error: &anyhow::Error, code: ExitCode) -> ExitCode {
	let line = one_line(&format!("{error:#}"));
	// With standard error gone there is nobody left to tell.
	let _ = writeln!(io::stderr(), "neuron: error: {line}");
	code
}

fn one_line(text: &str) -> String {
	text.split_whitespace().collect::<Vec<_>>().join(" ")
}
