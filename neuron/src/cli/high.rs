//! What the typed words resolve to: flags over environment over file over defaults, checked.

use std::{net::SocketAddr, num::NonZeroU64, path::PathBuf, time::Duration};

use super::{
	command::HiCommand,
	low::{GlobalLow, LowArgs, LowCommand, MinerLow, RoleLow, StakeAmountLow, StakeLow, ValidatorLow, WalletLow},
	usage::{UsageError, at_least_one, serving},
};
use crate::{
	config::{FileConfig, LogFormat},
	miner::MinerOptions,
	neuron_options::{MetricsPlace, NeuronOptions, Relaying, WalletLocation},
	registry::{self, MechanismOptions},
	units,
	validator::ValidatorOptions,
};

/// The chain node that is used where none is named.
pub const DEFAULT_URL: &str = "ws://127.0.0.1:9944";
/// The most requests that `--workers` and `--queue` may allow, the most miners that `--concurrency` may.
pub const MAX_PARALLEL: usize = 1024;

/// The port that a miner serves its metrics at unless told otherwise.
pub const MINER_METRICS_PORT: u16 = 9101;
/// The port that a validator serves its metrics at unless told otherwise.
pub const VALIDATOR_METRICS_PORT: u16 = 9102;

const DEFAULT_NAME: &str = "default";
const DEFAULT_MINER_PORT: u16 = 9091;
const DEFAULT_VALIDATOR_PORT: u16 = 9092;
/// Seconds between two looks of `neuron top`.
const DEFAULT_TOP_SECONDS: u64 = 2;

/// Everything resolved: what `main` acts on.
#[derive(Clone, Debug)]
pub struct HiArgs {
	/// The chain node's WebSocket address.
	pub url: String,
	/// Where the keys are.
	pub wallet: WalletLocation,
	/// The command with its arguments.
	pub command: HiCommand,
}

/// Where the log goes and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOptions {
	/// Filter in the form of `RUST_LOG`.
	pub filter: String,
	/// Form of the lines.
	pub format: LogFormat,
}

/// Resolves the log flags, which are needed before anything else.
pub fn log_options(low: &GlobalLow, file: &FileConfig, rust_log: Option<String>) -> LogOptions {
	let filter = low
		.log
		.clone()
		.or(rust_log.filter(|filter| !filter.is_empty()))
		.or_else(|| file.log.clone());
	LogOptions {
		filter: filter.unwrap_or_else(|| "info".into()),
		format: low.log_format.or(file.log_format).unwrap_or_default(),
	}
}

impl HiArgs {
	/// Resolves what was typed against the file and the home folder; reads nothing else.
	///
	/// # Errors
	/// [`UsageError`] where a needed value is missing or a value makes no sense.
	pub fn resolve(low: LowArgs, file: FileConfig, home: Option<PathBuf>) -> Result<Self, UsageError> {
		let LowArgs { global, command } = low;
		let url = global
			.url
			.clone()
			.or_else(|| file.url.clone())
			.unwrap_or_else(|| DEFAULT_URL.into());
		let wallet = WalletLocation {
			path: match global.wallet_path.clone().or_else(|| file.wallet_path.clone()) {
				Some(path) => path,
				None => home
					.clone()
					.ok_or(UsageError::NoHome("--wallet-path"))?
					.join(".bittensor/wallets"),
			},
			name: global
				.wallet
				.clone()
				.or_else(|| file.wallet.clone())
				.unwrap_or_else(|| DEFAULT_NAME.into()),
			hotkey: global
				.hotkey
				.clone()
				.or_else(|| file.hotkey.clone())
				.unwrap_or_else(|| DEFAULT_NAME.into()),
		};
		let resolver = Resolver {
			global,
			file,
			home,
			url,
			wallet,
		};
		let command = resolver.command(command)?;
		Ok(Self {
			url: resolver.url,
			wallet: resolver.wallet,
			command,
		})
	}
}

pub(super) struct Resolver {
	pub(super) global: GlobalLow,
	pub(super) file: FileConfig,
	pub(super) home: Option<PathBuf>,
	pub(super) url: String,
	pub(super) wallet: WalletLocation,
}

impl Resolver {
	fn command(&self, low: LowCommand) -> Result<HiCommand, UsageError> {
		Ok(match low {
			LowCommand::Wallet(WalletLow::New) => HiCommand::WalletNew,
			LowCommand::Wallet(WalletLow::ImportUri { uri, coldkey_uri }) => HiCommand::WalletImportUri {
				coldkey_uri: coldkey_uri.unwrap_or_else(|| uri.clone()),
				hotkey_uri: uri,
			},
			LowCommand::Wallet(WalletLow::Show { json }) => HiCommand::WalletShow { json },
			LowCommand::Register(low) => HiCommand::Register {
				netuid: self.netuid(low.netuid)?,
			},
			LowCommand::Subnet(low) => HiCommand::Subnet(self.subnet(low)?),
			LowCommand::Sim(command) => HiCommand::Sim(command),
			LowCommand::Stake(StakeLow::Add(StakeAmountLow { netuid, amount })) => HiCommand::StakeAdd {
				netuid: self.netuid(netuid)?,
				amount_rao: units::parse_tao(&amount)?,
			},
			LowCommand::Stake(StakeLow::Remove(StakeAmountLow { netuid, amount })) => HiCommand::StakeRemove {
				netuid: self.netuid(netuid)?,
				amount_rao: units::parse_tao(&amount)?,
			},
			LowCommand::Balance(low) => HiCommand::Balance { account: low.account },
			LowCommand::Metagraph(low) => HiCommand::Metagraph {
				netuid: self.netuid(low.subnet.netuid)?,
				json: low.json,
			},
			LowCommand::Miner(low) => {
				let mut mechanism = self.mechanism(&low.role, low.max_tokens_per_second)?;
				let kv_memory_mib = low.kv_memory_mib.or(self.file.miner.kv_memory_mib);
				let options = self.miner(low)?;
				mechanism.serving = Some(serving(options.workers, kv_memory_mib)?);
				HiCommand::Miner { options, mechanism }
			}
			LowCommand::Doctor(role) => self.doctor(&role)?,
			LowCommand::Validator(low) => {
				let mechanism = self.mechanism(&low.role, None)?;
				HiCommand::Validator {
					options: self.validator(low)?,
					mechanism,
				}
			}
			LowCommand::Gateway(low) => self.gateway(low)?,
			LowCommand::Top(low) => HiCommand::Top {
				metrics: low.metrics,
				interval: Duration::from_secs(at_least_one(
					"--interval-seconds",
					low.interval_seconds.unwrap_or(DEFAULT_TOP_SECONDS),
				)?),
			},
			LowCommand::Completions { shell } => HiCommand::Completions { shell },
			LowCommand::Man { folder } => HiCommand::Man { folder },
		})
	}

	fn doctor(&self, role: &RoleLow) -> Result<HiCommand, UsageError> {
		let file = &self.file.miner;
		let section = RoleSection {
			listen: file.listen,
			external: file.external,
			register: false,
			refresh_blocks: None,
			relay: false,
			via_relay: file.via_relay.clone().unwrap_or_default(),
			metrics: None,
			metrics_port: MINER_METRICS_PORT,
		};
		let (options, mechanism) = (
			self.neuron(role, &section, DEFAULT_MINER_PORT)?,
			self.mechanism(role, None)?,
		);
		Ok(HiCommand::Doctor { options, mechanism })
	}

	pub(super) fn netuid(&self, typed: Option<u16>) -> Result<u16, UsageError> {
		let missing = UsageError::Missing {
			what: "the subnet",
			flag: "--netuid N",
			key: "netuid",
		};
		typed.or(self.file.netuid).ok_or(missing)
	}

	pub(super) fn mechanism(&self, role: &RoleLow, typed_rate: Option<f64>) -> Result<MechanismOptions, UsageError> {
		let file = &self.file;
		let positive = |flag, value: Option<f64>| match value {
			Some(rate) if !(rate.is_finite() && rate > 0.0) => Err(UsageError::OutOfRange {
				flag,
				given: rate.to_string(),
				expected: "a number above 0",
			}),
			rate => Ok(rate),
		};
		let command = role.mechanism_command.clone();
		// A command that is typed goes before a name in the file; one in the file is for the name beside it.
		let by_command = command.is_some().then(|| "process".to_owned());
		let named = role.mechanism.clone().or(by_command).or_else(|| file.mechanism.clone());
		let name = named.unwrap_or_else(|| match &file.mechanism_command {
			Some(_) => "process".into(),
			None => registry::default_name().into(),
		});
		let is_process = name == "process";
		Ok(MechanismOptions {
			command: command.or_else(|| file.mechanism_command.clone().filter(|_| is_process)),
			processes: role
				.mechanism_processes
				.or(file.mechanism_processes.filter(|_| is_process)),
			memory_mib: role
				.mechanism_memory_mib
				.or(file.mechanism_memory_mib.filter(|_| is_process)),
			name,
			model: role.model.clone().or_else(|| file.model.clone()),
			model_sha256: role.model_sha256.clone().or_else(|| file.model_sha256.clone()),
			precision: role.precision.clone().or_else(|| file.precision.clone()),
			device: role.device.clone().or_else(|| file.device.clone()),
			max_tokens_per_second: positive(
				"--max-tokens-per-second",
				typed_rate.or(file.miner.max_tokens_per_second),
			)?,
			validator_text: role.validator_text.clone().or_else(|| file.validator_text.clone()),
			data_dir: None,
			text_tokens: role.text_tokens.or(file.text.tokens),
			text_target_tokens_per_second: positive(
				"--text-target-tokens-per-second",
				role.text_target_tokens_per_second
					.or(file.text.target_tokens_per_second),
			)?,
			serving: None,
		})
	}

	fn neuron(&self, role: &RoleLow, section: &RoleSection, port: u16) -> Result<NeuronOptions, UsageError> {
		let listen = role
			.listen
			.or(section.listen)
			.unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], port)));
		let external = role.external.or(section.external);
		let through = if role.via_relay.is_empty() {
			section.via_relay.clone()
		} else {
			role.via_relay.clone()
		};
		if external.is_none() && listen.ip().is_unspecified() && through.is_empty() {
			return Err(UsageError::Missing {
				what: "the address that others reach this neuron by",
				flag: "--external IP:PORT (or a --listen with one address, or --via-relay)",
				key: "external",
			});
		}
		if external.is_some_and(|external| external.ip().is_unspecified()) {
			return Err(UsageError::OutOfRange {
				flag: "--external",
				given: external.map(|external| external.to_string()).unwrap_or_default(),
				expected: "an address that others can dial",
			});
		}
		Ok(NeuronOptions {
			url: self.url.clone(),
			wallet: self.wallet.clone(),
			netuid: self.netuid(role.netuid)?,
			listen,
			external,
			data_dir: self.global.data_dir.clone().or_else(|| self.file.data_dir.clone()),
			home: self.home.clone(),
			register: role.register || section.register,
			refresh_blocks: at_least_one(
				"--refresh-blocks",
				role.refresh_blocks.or(section.refresh_blocks).unwrap_or(5),
			)?,
			relaying: Relaying {
				serve: role.relay || section.relay,
				through,
			},
			metrics: match role.metrics.as_ref().or(section.metrics.as_ref()) {
				None => MetricsPlace::IfFree(([127, 0, 0, 1], section.metrics_port).into()),
				Some(typed) => MetricsPlace::parse(typed).ok_or_else(|| UsageError::OutOfRange {
					flag: "--metrics",
					given: typed.clone(),
					expected: "an address such as 127.0.0.1:9101, or off",
				})?,
			},
		})
	}

	fn miner(&self, low: MinerLow) -> Result<MinerOptions, UsageError> {
		let file = &self.file.miner;
		let section = RoleSection {
			listen: file.listen,
			external: file.external,
			register: file.register.unwrap_or(false),
			refresh_blocks: file.refresh_blocks,
			relay: file.relay.unwrap_or(false),
			via_relay: file.via_relay.clone().unwrap_or_default(),
			metrics: file.metrics.clone(),
			metrics_port: MINER_METRICS_PORT,
		};
		let min_stake = low.min_stake.or_else(|| file.min_stake.clone());
		let mut options = MinerOptions::new(self.neuron(&low.role, &section, DEFAULT_MINER_PORT)?);
		if let Some(typed) = min_stake {
			options.min_stake_rao = units::parse_tao(&typed)?;
		}
		if let Some(workers) = low.workers.or(file.workers) {
			options.workers = parallel("--workers", workers, 1)?;
		}
		if let Some(queue) = low.queue.or(file.queue) {
			options.queue = parallel("--queue", queue, 0)?;
		}
		if let Some(seconds) = low.grace_seconds.or(file.grace_seconds) {
			options.grace = Duration::from_secs(seconds);
		}
		Ok(options)
	}

	fn validator(&self, low: ValidatorLow) -> Result<ValidatorOptions, UsageError> {
		let file = &self.file.validator;
		let section = RoleSection {
			listen: file.listen,
			external: file.external,
			register: file.register.unwrap_or(false),
			refresh_blocks: file.refresh_blocks,
			relay: file.relay.unwrap_or(false),
			via_relay: file.via_relay.clone().unwrap_or_default(),
			metrics: file.metrics.clone(),
			metrics_port: VALIDATOR_METRICS_PORT,
		};
		let mut options = ValidatorOptions::new(self.neuron(&low.role, &section, DEFAULT_VALIDATOR_PORT)?);
		if let Some(concurrency) = low.concurrency.or(file.concurrency) {
			options.concurrency = parallel("--concurrency", concurrency, 1)?;
		}
		if let Some(alpha) = low.score_alpha.or(file.score_alpha) {
			if !(alpha > 0.0 && alpha <= 1.0) {
				return Err(UsageError::OutOfRange {
					flag: "--score-alpha",
					given: alpha.to_string(),
					expected: "a number over 0, at most 1",
				});
			}
			options.score_alpha = alpha;
		}
		if let Some(blocks) = low.round_blocks.or(file.round_blocks) {
			options.round_blocks = at_least_one("--round-blocks", blocks)?;
		}
		if let Some(every) = low.same_instant_every.or(file.same_instant_every) {
			options.same_instant_every = NonZeroU64::new(at_least_one("--same-instant-every", every)?);
		}
		options.events = low.events.or_else(|| file.events.clone());
		Ok(options)
	}
}

/// What the `[miner]` and the `[validator]` table have in common.
struct RoleSection {
	listen: Option<SocketAddr>,
	external: Option<SocketAddr>,
	register: bool,
	refresh_blocks: Option<u64>,
	relay: bool,
	via_relay: Vec<SocketAddr>,
	metrics: Option<String>,
	metrics_port: u16,
}

pub(super) fn parallel(flag: &'static str, value: usize, least: usize) -> Result<usize, UsageError> {
	if !(least..=MAX_PARALLEL).contains(&value) {
		let expected = if least == 0 { "0 to 1024" } else { "1 to 1024" };
		return Err(UsageError::OutOfRange {
			flag,
			given: value.to_string(),
			expected,
		});
	}
	Ok(value)
}
