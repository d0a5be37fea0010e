//! The configuration file: TOML, every key optional, an unknown key an error that names it.
//!
//! A value here gives way to a flag and to the environment, and goes before the built-in default
//! (see [`crate::cli::HiArgs`]).

use std::{
	net::SocketAddr,
	path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// The largest configuration file that is read, in bytes.
pub const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
	/// For people.
	#[default]
	Text,
	/// One JSON object a line.
	Json,
}

/// What a configuration file may say.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FileConfig {
	/// The chain node's WebSocket address.
	pub url: Option<String>,
	/// Folder of the wallets.
	pub wallet_path: Option<PathBuf>,
	/// Name of the wallet.
	pub wallet: Option<String>,
	/// Name of the hotkey in the wallet.
	pub hotkey: Option<String>,
	/// Folder of this neuron's own state.
	pub data_dir: Option<PathBuf>,
	/// Log filter, as `RUST_LOG` has it.
	pub log: Option<String>,
	/// Form of the log lines.
	pub log_format: Option<LogFormat>,
	/// The subnet.
	pub netuid: Option<u16>,
	/// Name of the mechanism.
	pub mechanism: Option<String>,
	/// The program that is the mechanism, with its arguments.
	pub mechanism_command: Option<String>,
	/// How many of that program run at once.
	pub mechanism_processes: Option<usize>,
	/// Memory of each of them with all that it starts, in MiB; 0 for no limit.
	pub mechanism_memory_mib: Option<u64>,
	/// Path of the model file.
	pub model: Option<PathBuf>,
	/// Hexadecimal sha256 that the model file must have.
	pub model_sha256: Option<String>,
	/// Precision that the model runs in.
	pub precision: Option<String>,
	/// Device that the model runs on.
	pub device: Option<String>,
	/// The text that a validator of `embedding` or `pretrain` works with.
	pub validator_text: Option<PathBuf>,
	/// Parameters of the mechanism `text`.
	#[serde(default)]
	pub text: TextSection,
	/// What only `neuron miner` reads.
	#[serde(default)]
	pub miner: MinerSection,
	/// What only `neuron validator` reads.
	#[serde(default)]
	pub validator: ValidatorSection,
	/// What only `neuron gateway` reads.
	#[serde(default)]
	pub gateway: GatewaySection,
}

/// Parameters of the mechanism `text`; miners and validators of one subnet use the same.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TextSection {
	/// Tokens asked for in one challenge.
	pub tokens: Option<u16>,
	/// Tokens per second that earn the full speed factor.
	pub target_tokens_per_second: Option<f64>,
}

/// The file's `[miner]` table.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MinerSection {
	/// Address to listen on.
	pub listen: Option<SocketAddr>,
	/// Address that others reach it by.
	pub external: Option<SocketAddr>,
	/// Ceiling on the tokens generated per second.
	pub max_tokens_per_second: Option<f64>,
	/// Register the hotkey where it is not registered.
	pub register: Option<bool>,
	/// Requests worked on at once.
	pub workers: Option<usize>,
	/// Memory for keys and values, in MiB.
	pub kv_memory_mib: Option<usize>,
	/// Requests that may wait for a worker.
	pub queue: Option<usize>,
	/// Seconds that running answers get at shutdown.
	pub grace_seconds: Option<u64>,
	/// Stake in TAO that admits a caller without a validator permit.
	pub min_stake: Option<String>,
	/// Blocks between two looks at the metagraph.
	pub refresh_blocks: Option<u64>,
	/// Carry connections of the subnet's neurons that have no open port.
	pub relay: Option<bool>,
	/// Relays to be reached through, by the addresses that they publish.
	pub via_relay: Option<Vec<SocketAddr>>,
	/// Where metrics are served over HTTP: an address, or `off`.
	pub metrics: Option<String>,
}

/// The file's `[validator]` table.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ValidatorSection {
	/// Address to listen on.
	pub listen: Option<SocketAddr>,
	/// Address that others reach it by.
	pub external: Option<SocketAddr>,
	/// Register the hotkey where it is not registered.
	pub register: Option<bool>,
	/// Miners challenged at once.
	pub concurrency: Option<usize>,
	/// Weight of the newest score in the moving average.
	pub score_alpha: Option<f64>,
	/// Blocks from the start of one round to the start of the next.
	pub round_blocks: Option<u64>,
	/// Blocks between two looks at the metagraph.
	pub refresh_blocks: Option<u64>,
	/// Carry connections of the subnet's neurons that have no open port.
	pub relay: Option<bool>,
	/// Relays to be reached through, by the addresses that they publish.
	pub via_relay: Option<Vec<SocketAddr>>,
	/// Where metrics are served over HTTP: an address, or `off`.
	pub metrics: Option<String>,
	/// Rounds until all miners of one owner are asked at one instant.
	pub same_instant_every: Option<u64>,
	/// Where the machine-readable events go: a path, or `-` for standard output.
	pub events: Option<String>,
}

/// The file's `[gateway]` table.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GatewaySection {
	/// Address of the HTTP interface.
	pub http: Option<SocketAddr>,
	/// Blocks between two looks at the metagraph.
	pub refresh_blocks: Option<u64>,
	/// File with the API keys' hashes.
	pub keys: Option<PathBuf>,
	/// Name of the model that the subnet's miners serve.
	pub model_name: Option<String>,
	/// Requests under way at once.
	pub concurrency: Option<usize>,
	/// Requests that may wait for their turn.
	pub queue: Option<usize>,
	/// Largest body of a request.
	pub max_body_bytes: Option<usize>,
	/// Most tokens that one request may ask for.
	pub max_tokens: Option<u32>,
	/// Seconds that one request may take.
	pub timeout_seconds: Option<u64>,
	/// Miners that are tried before the first token.
	pub attempts: Option<usize>,
	/// Milliseconds without a first token after which a second miner is asked too.
	pub hedge_ms: Option<u64>,
	/// Share of the answers that is checked afterwards.
	pub check_share: Option<f64>,
	/// Requests to miners, retries included, until a question with a known answer is sent; 0 for never.
	pub canary_every: Option<u64>,
}

/// Why a configuration file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
	/// It could not be read.
	#[error("cannot read the configuration file {path}: {source}; check the path given by --config")]
	Read {
		/// The file.
		path: PathBuf,
		/// What the system said.
		source: std::io::Error,
	},
	/// It is too large to be one.
	#[error(
		"the configuration file {path} has {bytes} bytes; at most {MAX_CONFIG_BYTES} are read: is it the right file?"
	)]
	TooLarge {
		/// The file.
		path: PathBuf,
		/// Its size.
		bytes: u64,
	},
	/// It is not TOML, or has an unknown key, or a value of the wrong type.
	#[error("configuration file {path}, line {line}: {message}")]
	Invalid {
		/// The file.
		path: PathBuf,
		/// The line, from 1.
		line: usize,
		/// What is wrong with it.
		message: String,
	},
}

impl FileConfig {
	/// Reads and checks a file.
	///
	/// # Errors
	/// [`ConfigError`], which names the file and, where it is the contents, the line and the key.
	pub fn read(path: &Path) -> Result<Self, ConfigError> {
		let read_error = |source| ConfigError::Read {
			path: path.into(),
			source,
		};
		let bytes = std::fs::metadata(path).map_err(read_error)?.len();
		if bytes > MAX_CONFIG_BYTES {
			return Err(ConfigError::TooLarge {
				path: path.into(),
				bytes,
			});
		}
		let text = std::fs::read_to_string(path).map_err(read_error)?;
		Self::parse(&text, path)
	}

	/// Checks the text of a file; `path` is only for the error.
	///
	/// # Errors
	/// [`ConfigError::Invalid`].
	///
	/// ```
	/// use neuron::config::FileConfig;
	/// let config = FileConfig::parse("netuid = 3\n[miner]\nworkers = 2", "n.toml".as_ref()).unwrap();
	/// assert_eq!((config.netuid, config.miner.workers), (Some(3), Some(2)));
	/// let error = FileConfig::parse("netuid = 3\nmodle = 'x'", "n.toml".as_ref()).unwrap_err();
	/// assert!(error.to_string().contains("line 2") && error.to_string().contains("modle"));
	/// ```
	pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
		toml::from_str(text).map_err(|error| {
			let start = error.span().map_or(0, |span| span.start.min(text.len()));
			let line = 1 + text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count();
			ConfigError::Invalid {
				path: path.into(),
				line,
				message: error.message().replace('\n', " "),
			}
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_example_shows_keys_that_exist() {
		let config = FileConfig::parse(include_str!("../example.toml"), Path::new("example.toml")).unwrap();
		assert_eq!(
			config.text,
			TextSection {
				tokens: Some(32),
				target_tokens_per_second: Some(10.0)
			}
		);
		assert!(config.miner.external.is_some() && config.validator.events.is_some());
	}

	#[test]
	fn unknown_key_in_a_table_is_named() {
		let error = FileConfig::parse("\n[validator]\nroundblocks = 3", Path::new("x")).unwrap_err();
		let text = error.to_string();
		assert!(text.contains("roundblocks") && text.contains("line 3"), "{text}");
	}

	#[test]
	fn wrong_type_is_an_error() {
		assert!(FileConfig::parse("netuid = 'three'", Path::new("x")).is_err());
		assert!(FileConfig::parse("netuid = 70000", Path::new("x")).is_err());
		assert!(FileConfig::parse("[miner]\nlisten = 'here'", Path::new("x")).is_err());
	}

	#[test]
	fn missing_file_is_an_error_with_its_path() {
		let error = FileConfig::read(Path::new("/nonexistent/neuron.toml")).unwrap_err();
		assert!(error.to_string().contains("/nonexistent/neuron.toml"));
	}
}
