//! What was typed: flags and environment as clap sees them, nothing resolved.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, builder::FalseyValueParser};
use subnet_sim::command::SimCommand;

use super::subnet::SubnetLow;
use crate::config::LogFormat;

/// Serve models as a miner, score miners as a validator, look after keys and stake.
#[derive(Clone, Debug, Parser)]
#[command(name = "neuron", version, max_term_width = 100)]
#[command(after_help = "Values are taken from flags, then from the environment (NEURON_*), \
	then from the file given by --config, then from the built-in defaults.")]
pub struct LowArgs {
	/// What every sub-command understands.
	#[command(flatten)]
	pub global: GlobalLow,
	/// The sub-command.
	#[command(subcommand)]
	pub command: LowCommand,
}

/// Flags of every sub-command.
#[derive(Clone, Debug, Default, Args)]
pub struct GlobalLow {
	/// Configuration file (TOML).
	#[arg(long, global = true, env = "NEURON_CONFIG", value_name = "PATH")]
	pub config: Option<PathBuf>,
	/// WebSocket address of the chain node [default: ws://127.0.0.1:9944].
	#[arg(long, global = true, env = "NEURON_URL", value_name = "URL")]
	pub url: Option<String>,
	/// Folder of the wallets [default: ~/.bittensor/wallets].
	#[arg(long, global = true, env = "NEURON_WALLET_PATH", value_name = "FOLDER")]
	pub wallet_path: Option<PathBuf>,
	/// Name of the wallet (its coldkey) [default: default].
	#[arg(long, global = true, env = "NEURON_WALLET", value_name = "NAME")]
	pub wallet: Option<String>,
	/// Name of the hotkey in the wallet [default: default].
	#[arg(long, global = true, env = "NEURON_HOTKEY", value_name = "NAME")]
	pub hotkey: Option<String>,
	/// Folder of this neuron's own state [default: ~/.ganglion/<hotkey address>].
	#[arg(long, global = true, env = "NEURON_DATA_DIR", value_name = "FOLDER")]
	pub data_dir: Option<PathBuf>,
	/// Log filter in the form of RUST_LOG, for example `info,neuron=debug` [default: RUST_LOG or info].
	#[arg(long, global = true, env = "NEURON_LOG", value_name = "FILTER")]
	pub log: Option<String>,
	/// Form of the log lines on standard error [default: text].
	#[arg(long, global = true, env = "NEURON_LOG_FORMAT", value_name = "FORM")]
	pub log_format: Option<LogFormat>,
	/// Print the configuration that this command would run with, as a file for --config, and do nothing else.
	#[arg(long, global = true)]
	pub print_config: bool,
}

/// The sub-commands.
#[derive(Clone, Debug, Subcommand)]
pub enum LowCommand {
	/// Make, import and show keys in Bittensor's wallet layout.
	#[command(subcommand)]
	Wallet(WalletLow),
	/// Register the hotkey on a subnet; the coldkey pays (burned_register).
	Register(NetuidLow),
	/// Make, check, register, tune and explain subnets and their mechanisms.
	#[command(subcommand)]
	Subnet(SubnetLow),
	/// Try a subnet's rules against cheats before they pay.
	#[command(subcommand)]
	Sim(SimCommand),
	/// Stake of the coldkey on the hotkey.
	#[command(subcommand)]
	Stake(StakeLow),
	/// Free balance of the coldkey, or of another account.
	Balance(BalanceLow),
	/// The neurons of a subnet.
	Metagraph(MetagraphLow),
	/// Serve a mechanism's tasks to validators.
	Miner(MinerLow),
	/// Challenge miners, score them, submit weights.
	Validator(ValidatorLow),
	/// Tell what of this neuron is reachable, through what, and why not; takes the options that the miner runs with.
	Doctor(RoleLow),
	/// Serve the subnet's miners to applications through OpenAI's HTTP interface.
	Gateway(GatewayLow),
	/// Show a running neuron live in the terminal, from its metrics.
	Top(TopLow),
	/// Print the completions of a shell.
	Completions {
		/// The shell.
		shell: clap_complete::Shell,
	},
	/// Print the manual page, or write one for each command.
	Man {
		/// Folder to write the pages to.
		#[arg(long, value_name = "FOLDER")]
		folder: Option<PathBuf>,
	},
}

/// `neuron wallet …`
#[derive(Clone, Debug, Subcommand)]
pub enum WalletLow {
	/// Make a coldkey (unless there is one) and a hotkey, from fresh mnemonics.
	New,
	/// Write keys made from secret URIs, such as //Alice. For development keys.
	ImportUri {
		/// Secret URI of the hotkey, and of the coldkey unless --coldkey-uri is given.
		uri: String,
		/// Secret URI of the coldkey.
		#[arg(long, value_name = "URI")]
		coldkey_uri: Option<String>,
	},
	/// Print the addresses of the wallet's keys.
	Show {
		/// As JSON.
		#[arg(long)]
		json: bool,
	},
}

/// `neuron stake …`
#[derive(Clone, Debug, Subcommand)]
pub enum StakeLow {
	/// Move TAO from the coldkey to stake on the hotkey.
	Add(StakeAmountLow),
	/// Move stake from the hotkey back to the coldkey.
	Remove(StakeAmountLow),
}

/// Amount and subnet of a stake change.
#[derive(Clone, Debug, Args)]
pub struct StakeAmountLow {
	/// The subnet.
	#[arg(long, env = "NEURON_NETUID")]
	pub netuid: Option<u16>,
	/// Amount in TAO, up to nine decimals.
	#[arg(long, value_name = "TAO")]
	pub amount: String,
}

/// A subnet.
#[derive(Clone, Debug, Args)]
pub struct NetuidLow {
	/// The subnet.
	#[arg(long, env = "NEURON_NETUID")]
	pub netuid: Option<u16>,
}

/// `neuron balance`
#[derive(Clone, Debug, Args)]
pub struct BalanceLow {
	/// Account (SS58 address) instead of the wallet's coldkey.
	pub account: Option<String>,
}

/// `neuron metagraph`
#[derive(Clone, Debug, Args)]
pub struct MetagraphLow {
	/// The subnet.
	#[command(flatten)]
	pub subnet: NetuidLow,
	/// As JSON.
	#[arg(long)]
	pub json: bool,
}

/// What the two long-running roles share.
#[derive(Clone, Debug, Default, Args)]
pub struct RoleLow {
	/// The subnet.
	#[arg(long, env = "NEURON_NETUID")]
	pub netuid: Option<u16>,
	/// Mechanism of the subnet: text, embedding, pretrain, echo or process [default: text, or process where --mechanism-command is given].
	#[arg(long, env = "NEURON_MECHANISM", value_name = "NAME")]
	pub mechanism: Option<String>,
	/// Mechanism process: the program that is the mechanism, with its arguments, such as "python3 my_mechanism.py".
	#[arg(long, env = "NEURON_MECHANISM_COMMAND", value_name = "COMMAND")]
	pub mechanism_command: Option<String>,
	/// Mechanism process: how many of the program run at once, each for one request [default: --workers, validator 1].
	#[arg(long, env = "NEURON_MECHANISM_PROCESSES", value_name = "N")]
	pub mechanism_processes: Option<usize>,
	/// Mechanism process: memory of each such program with all that it starts, in MiB; 0 for no limit [default: 16384].
	#[arg(long, env = "NEURON_MECHANISM_MEMORY_MIB", value_name = "MIB")]
	pub mechanism_memory_mib: Option<u64>,
	/// Model: a GGUF file or a folder for text, a folder for embedding; a miner's submission for
	/// pretrain (its validators need none).
	#[arg(long, env = "NEURON_MODEL", value_name = "PATH")]
	pub model: Option<PathBuf>,
	/// Hexadecimal sha256 that the model file must have.
	#[arg(long, env = "NEURON_MODEL_SHA256", value_name = "HEX")]
	pub model_sha256: Option<String>,
	/// Precision to run the model in: f32, q8_0, q5_0, q4_0, q4_1 [default: f32].
	#[arg(long, env = "NEURON_PRECISION", value_name = "NAME")]
	pub precision: Option<String>,
	/// Device to run the model on: cpu, cpu:THREADS, cuda, cuda:NUMBER, metal or metal:NUMBER [default: cpu]. GPUs need a
	/// build with the feature of their name, and run text only.
	#[arg(long, env = "NEURON_DEVICE", value_name = "NAME")]
	pub device: Option<String>,
	/// Mechanisms embedding and pretrain: the text that a validator takes passages from, or measures on [default: the
	/// bundled one, which miners know].
	#[arg(long, env = "NEURON_VALIDATOR_TEXT", value_name = "PATH")]
	pub validator_text: Option<PathBuf>,
	/// Mechanism text: tokens asked for in one challenge.
	#[arg(long, env = "NEURON_TEXT_TOKENS", value_name = "N")]
	pub text_tokens: Option<u16>,
	/// Mechanism text: tokens per second that earn the full speed factor.
	#[arg(
		long,
		env = "NEURON_TEXT_TARGET_TOKENS_PER_SECOND",
		value_name = "RATE",
		allow_negative_numbers = true
	)]
	pub text_target_tokens_per_second: Option<f64>,
	/// Address to listen on [default: miner 0.0.0.0:9091, validator 0.0.0.0:9092].
	#[arg(long, env = "NEURON_LISTEN", value_name = "IP:PORT")]
	pub listen: Option<SocketAddr>,
	/// Address that others reach this neuron by; needed where --listen has no single address.
	#[arg(long, env = "NEURON_EXTERNAL", value_name = "IP:PORT")]
	pub external: Option<SocketAddr>,
	/// Carry connections of the subnet's neurons that have no open port.
	#[arg(long, env = "NEURON_RELAY", value_parser = FalseyValueParser::new())]
	pub relay: bool,
	/// Be reached through the neuron that publishes this address and runs with --relay; for a neuron without an open
	/// port. Its address is published as this neuron's own. Several may be given.
	#[arg(long, env = "NEURON_VIA_RELAY", value_name = "IP:PORT", value_delimiter = ',')]
	pub via_relay: Vec<SocketAddr>,
	/// Register the hotkey with the coldkey where it is not registered yet.
	#[arg(long, env = "NEURON_REGISTER", value_parser = FalseyValueParser::new())]
	pub register: bool,
	/// Blocks between two looks at the metagraph [default: 5].
	#[arg(long, env = "NEURON_REFRESH_BLOCKS", value_name = "N")]
	pub refresh_blocks: Option<u64>,
	/// Address to serve metrics and /healthz at over HTTP, or `off` [default: miner 127.0.0.1:9101, validator
	/// 127.0.0.1:9102, where free].
	#[arg(long, env = "NEURON_METRICS", value_name = "IP:PORT|off")]
	pub metrics: Option<String>,
}

/// `neuron miner`
#[derive(Clone, Debug, Args)]
pub struct MinerLow {
	/// What it shares with the validator.
	#[command(flatten)]
	pub role: RoleLow,
	/// Ceiling on the tokens generated per second, all requests together.
	#[arg(
		long,
		env = "NEURON_MAX_TOKENS_PER_SECOND",
		value_name = "RATE",
		allow_negative_numbers = true
	)]
	pub max_tokens_per_second: Option<f64>,
	/// Requests worked on at once; mechanism text answers them in one batch [default: 8].
	#[arg(long, env = "NEURON_WORKERS", value_name = "N")]
	pub workers: Option<usize>,
	/// Mechanism text: memory for the keys and values of the answers under way and of prompts that are kept for later
	/// ones, in MiB; a request that does not fit yet waits. On a GPU all of it is set aside at the start [default: 1024].
	#[arg(long, env = "NEURON_KV_MEMORY_MIB", value_name = "MIB")]
	pub kv_memory_mib: Option<usize>,
	/// Requests that may wait for a worker [default: 16].
	#[arg(long, env = "NEURON_QUEUE", value_name = "N")]
	pub queue: Option<usize>,
	/// Seconds that running answers get at shutdown [default: 5].
	#[arg(long, env = "NEURON_GRACE_SECONDS", value_name = "SECONDS")]
	pub grace_seconds: Option<u64>,
	/// Stake that admits a caller that has no validator permit [default: 1].
	#[arg(long, env = "NEURON_MIN_STAKE", value_name = "TAO")]
	pub min_stake: Option<String>,
}

/// `neuron validator`
#[derive(Clone, Debug, Args)]
pub struct ValidatorLow {
	/// What it shares with the miner.
	#[command(flatten)]
	pub role: RoleLow,
	/// Miners challenged at once; more than 1 lets them compete for this machine's time, with 1 each miner that hangs
	/// lengthens the round by the mechanism's deadline [default: 1].
	#[arg(long, env = "NEURON_CONCURRENCY", value_name = "N")]
	pub concurrency: Option<usize>,
	/// Weight of the newest score in the moving average, over 0 up to 1 [default: 0.3].
	#[arg(
		long,
		env = "NEURON_SCORE_ALPHA",
		value_name = "SHARE",
		allow_negative_numbers = true
	)]
	pub score_alpha: Option<f64>,
	/// Blocks from the start of one round to the start of the next [default: 5].
	#[arg(long, env = "NEURON_ROUND_BLOCKS", value_name = "N")]
	pub round_blocks: Option<u64>,
	/// Ask all miners of one owner at one instant in every so-many-th round, so that one machine cannot pose as many; not
	/// for miners that share this machine [default: never].
	#[arg(long, env = "NEURON_SAME_INSTANT_EVERY", value_name = "N")]
	pub same_instant_every: Option<u64>,
	/// Write one JSON object per event to a file, or to standard output with `-`. A file that has grown to 64 MiB
	/// becomes PATH.old, in place of the one before.
	#[arg(long, env = "NEURON_EVENTS", value_name = "PATH|-")]
	pub events: Option<String>,
}

/// `neuron gateway`
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct GatewayLow {
	/// Looks after API keys; without it the gateway runs.
	#[command(subcommand)]
	pub command: Option<GatewayCommandLow>,
	/// How it runs.
	#[command(flatten)]
	pub run: GatewayRunLow,
}

/// `neuron gateway …`
#[derive(Clone, Debug, Subcommand)]
pub enum GatewayCommandLow {
	/// Add, list and revoke API keys.
	#[command(subcommand)]
	Key(GatewayKeyLow),
}

/// `neuron gateway key …`
#[derive(Clone, Debug, Subcommand)]
pub enum GatewayKeyLow {
	/// Make a key and print it, this once.
	Add {
		/// What the key is for; names it in lists and logs.
		name: String,
		/// Requests per minute [default: 60].
		#[arg(long, value_name = "N")]
		requests_per_minute: Option<u32>,
		/// Tokens per minute, prompt and answer together [default: 100000].
		#[arg(long, value_name = "N")]
		tokens_per_minute: Option<u32>,
		/// Requests under way at once [default: 8].
		#[arg(long, value_name = "N")]
		concurrency: Option<u32>,
		/// File with the keys' hashes [default: gateway-keys.json in the data folder].
		#[arg(long, env = "NEURON_GATEWAY_KEYS", value_name = "PATH")]
		keys: Option<PathBuf>,
	},
	/// List the keys, without their secrets.
	List {
		/// File with the keys' hashes [default: gateway-keys.json in the data folder].
		#[arg(long, env = "NEURON_GATEWAY_KEYS", value_name = "PATH")]
		keys: Option<PathBuf>,
	},
	/// Take a key back; a running gateway refuses it within a second.
	Revoke {
		/// The key's id, as listed.
		id: String,
		/// File with the keys' hashes [default: gateway-keys.json in the data folder].
		#[arg(long, env = "NEURON_GATEWAY_KEYS", value_name = "PATH")]
		keys: Option<PathBuf>,
	},
}

/// How the gateway runs.
#[derive(Clone, Debug, Default, Args)]
pub struct GatewayRunLow {
	/// The subnet.
	#[arg(long, env = "NEURON_NETUID")]
	pub netuid: Option<u16>,
	/// Model file (GGUF) that the subnet's miners serve.
	#[arg(long, env = "NEURON_MODEL", value_name = "PATH")]
	pub model: Option<PathBuf>,
	/// Hexadecimal sha256 that the model file must have.
	#[arg(long, env = "NEURON_MODEL_SHA256", value_name = "HEX")]
	pub model_sha256: Option<String>,
	/// Address of the HTTP interface; keep it on this machine and let a web server add TLS [default: 127.0.0.1:8080].
	#[arg(long, env = "NEURON_GATEWAY_HTTP", value_name = "IP:PORT")]
	pub http: Option<SocketAddr>,
	/// Blocks between two looks at the metagraph [default: 5].
	#[arg(long, env = "NEURON_REFRESH_BLOCKS", value_name = "N")]
	pub refresh_blocks: Option<u64>,
	/// File with the API keys' hashes [default: gateway-keys.json in the data folder].
	#[arg(long, env = "NEURON_GATEWAY_KEYS", value_name = "PATH")]
	pub keys: Option<PathBuf>,
	/// Name that applications give the subnet's model [default: ganglion].
	#[arg(long, env = "NEURON_GATEWAY_MODEL_NAME", value_name = "NAME")]
	pub model_name: Option<String>,
	/// Requests under way at once [default: 64].
	#[arg(long, env = "NEURON_GATEWAY_CONCURRENCY", value_name = "N")]
	pub concurrency: Option<usize>,
	/// Requests that may wait for their turn [default: 128].
	#[arg(long, env = "NEURON_GATEWAY_QUEUE", value_name = "N")]
	pub queue: Option<usize>,
	/// Largest body of a request [default: 1048576].
	#[arg(long, env = "NEURON_GATEWAY_MAX_BODY_BYTES", value_name = "BYTES")]
	pub max_body_bytes: Option<usize>,
	/// Most tokens that one request may ask for [default: 2048].
	#[arg(long, env = "NEURON_GATEWAY_MAX_TOKENS", value_name = "N")]
	pub max_tokens: Option<u32>,
	/// Seconds that one request may take, waiting included [default: 120].
	#[arg(long, env = "NEURON_GATEWAY_TIMEOUT_SECONDS", value_name = "SECONDS")]
	pub timeout_seconds: Option<u64>,
	/// Miners that are tried, one after the other, before the first token [default: 3].
	#[arg(long, env = "NEURON_GATEWAY_ATTEMPTS", value_name = "N")]
	pub attempts: Option<usize>,
	/// Ask a second miner too where the first sends nothing for so long; the prompt then goes to both [default: never].
	#[arg(long, env = "NEURON_GATEWAY_HEDGE_MS", value_name = "MILLISECONDS")]
	pub hedge_ms: Option<u64>,
	/// Share of the answers that is checked with the model afterwards, 0 to 1 [default: 0.05].
	#[arg(
		long,
		env = "NEURON_GATEWAY_CHECK_SHARE",
		value_name = "SHARE",
		allow_negative_numbers = true
	)]
	pub check_share: Option<f64>,
	/// Send a question with a known answer after so many requests to miners, retries included; 0 for never [default: 200].
	#[arg(long, env = "NEURON_GATEWAY_CANARY_EVERY", value_name = "N")]
	pub canary_every: Option<u64>,
}

/// `neuron top`
#[derive(Clone, Debug, Args)]
pub struct TopLow {
	/// Where the neuron serves its metrics [default: 127.0.0.1:9102, or 9101 where nothing answers there].
	#[arg(long, env = "NEURON_METRICS", value_name = "IP:PORT")]
	pub metrics: Option<SocketAddr>,
	/// Seconds between two looks [default: 2].
	#[arg(long, value_name = "SECONDS")]
	pub interval_seconds: Option<u64>,
}
