//! The command line: from words to an exit code.
//!
//! 0 is success, 1 a failure, 2 words that make no command. Every failure is one line on standard error that
//! says what to do.

mod chain_commands;
mod high;
mod low;
mod wallet_commands;

use std::{
	ffi::OsString,
	io::{self, Write},
	process::ExitCode,
	time::Duration,
};

use anyhow::{Context as _, Result};
use clap::Parser;
pub use high::{DEFAULT_URL, HiArgs, HiCommand, LogOptions, MAX_PARALLEL, UsageError, log_options};
pub use low::{
	BalanceLow, GlobalLow, LowArgs, LowCommand, MetagraphLow, MinerLow, NetuidLow, RoleLow, StakeAmountLow, StakeLow,
	SubnetLow, ValidatorLow, WalletLow,
};

use crate::{config::FileConfig, doctor, logging, miner, registry, shutdown, validator};

/// Exit code for words that make no command.
const EXIT_USAGE: u8 = 2;
/// How long a blocking thread that does not reach a cancellation point gets at the end.
const THREADS_LIMIT: Duration = Duration::from_secs(1);

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
	match execute(resolved) {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
		Err(error) => fail(&error, ExitCode::FAILURE),
	}
}

fn resolve(low: LowArgs) -> Result<HiArgs> {
	let file = match &low.global.config {
		Some(path) => FileConfig::read(path)?,
		None => FileConfig::default(),
	};
	let log = log_options(&low.global, &file, std::env::var("RUST_LOG").ok());
	logging::start(&log).with_context(|| format!("the log filter `{}` cannot be read", log.filter))?;
	Ok(HiArgs::resolve(
		low,
		file,
		std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
	)?)
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
		HiCommand::SubnetCreate => chain_commands::create_subnet(&url, &wallet).await,
		HiCommand::SubnetStart { netuid } => chain_commands::start_subnet(&url, &wallet, netuid).await,
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
			miner::run_with(options, Box::new(move |_| Ok(registry::build(&mechanism)?)), stop).await
		}
		HiCommand::Doctor { options, mechanism } => {
			let report = doctor::examine(&options, &mechanism).await;
			print(&report.table())?;
			anyhow::ensure!(report.is_healthy(), "peers are kept from this neuron: see the lines with NO above");
			Ok(())
		}
		HiCommand::Validator { options, mechanism } => {
			mechanism.check()?;
			let stop = shutdown::on_signals().context("cannot handle signals")?;
			validator::run(options, Box::new(move |_| Ok(registry::build(&mechanism)?)), stop).await
		}
	}
}

/// Prints to standard output; a reader that has closed it ends the command, not with a failure.
fn print(text: &str) -> Result<()> {
	let mut out = io::stdout().lock();
	out.write_all(text.as_bytes())?;
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
