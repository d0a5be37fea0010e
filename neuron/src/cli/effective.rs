//! The configuration that a command runs with, as a file that can be given back.

use std::num::NonZeroU64;

use super::{HiArgs, HiCommand, LogOptions, LowArgs};
use crate::{config::FileConfig, neuron_options::NeuronOptions, registry::MechanismOptions, units};
use clap::CommandFactory as _;

/// A key of the file: its table, its name, and the command and the argument that say what it is for.
struct Key(&'static str, &'static str, &'static str, &'static str);

/// Every key of the file, in the order in which they are printed.
const KEYS: [Key; 57] = [
	Key("", "url", "", "url"),
	Key("", "wallet_path", "", "wallet_path"),
	Key("", "wallet", "", "wallet"),
	Key("", "hotkey", "", "hotkey"),
	Key("", "data_dir", "", "data_dir"),
	Key("", "log", "", "log"),
	Key("", "log_format", "", "log_format"),
	Key("", "netuid", "miner", "netuid"),
	Key("", "mechanism", "miner", "mechanism"),
	Key("", "mechanism_command", "miner", "mechanism_command"),
	Key("", "mechanism_processes", "miner", "mechanism_processes"),
	Key("", "mechanism_memory_mib", "miner", "mechanism_memory_mib"),
	Key("", "model", "miner", "model"),
	Key("", "model_sha256", "miner", "model_sha256"),
	Key("", "precision", "miner", "precision"),
	Key("", "device", "miner", "device"),
	Key("", "validator_text", "miner", "validator_text"),
	Key("text", "tokens", "miner", "text_tokens"),
	Key(
		"text",
		"target_tokens_per_second",
		"miner",
		"text_target_tokens_per_second",
	),
	Key("miner", "listen", "miner", "listen"),
	Key("miner", "external", "miner", "external"),
	Key("miner", "register", "miner", "register"),
	Key("miner", "refresh_blocks", "miner", "refresh_blocks"),
	Key("miner", "relay", "miner", "relay"),
	Key("miner", "via_relay", "miner", "via_relay"),
	Key("miner", "metrics", "miner", "metrics"),
	Key("miner", "max_tokens_per_second", "miner", "max_tokens_per_second"),
	Key("miner", "workers", "miner", "workers"),
	Key("miner", "kv_memory_mib", "miner", "kv_memory_mib"),
	Key("miner", "queue", "miner", "queue"),
	Key("miner", "grace_seconds", "miner", "grace_seconds"),
	Key("miner", "min_stake", "miner", "min_stake"),
	Key("validator", "listen", "validator", "listen"),
	Key("validator", "external", "validator", "external"),
	Key("validator", "register", "validator", "register"),
	Key("validator", "refresh_blocks", "validator", "refresh_blocks"),
	Key("validator", "relay", "validator", "relay"),
	Key("validator", "via_relay", "validator", "via_relay"),
	Key("validator", "metrics", "validator", "metrics"),
	Key("validator", "concurrency", "validator", "concurrency"),
	Key("validator", "score_alpha", "validator", "score_alpha"),
	Key("validator", "round_blocks", "validator", "round_blocks"),
	Key("validator", "same_instant_every", "validator", "same_instant_every"),
	Key("validator", "events", "validator", "events"),
	Key("gateway", "http", "gateway", "http"),
	Key("gateway", "refresh_blocks", "gateway", "refresh_blocks"),
	Key("gateway", "keys", "gateway", "keys"),
	Key("gateway", "model_name", "gateway", "model_name"),
	Key("gateway", "concurrency", "gateway", "concurrency"),
	Key("gateway", "queue", "gateway", "queue"),
	Key("gateway", "max_body_bytes", "gateway", "max_body_bytes"),
	Key("gateway", "max_tokens", "gateway", "max_tokens"),
	Key("gateway", "timeout_seconds", "gateway", "timeout_seconds"),
	Key("gateway", "attempts", "gateway", "attempts"),
	Key("gateway", "hedge_ms", "gateway", "hedge_ms"),
	Key("gateway", "check_share", "gateway", "check_share"),
	Key("gateway", "canary_every", "gateway", "canary_every"),
];

/// What a command runs with: the file, with everything that the command has resolved put in.
pub fn effective(resolved: &HiArgs, log: &LogOptions, mut file: FileConfig) -> FileConfig {
	file.url = Some(resolved.url.clone());
	file.wallet_path = Some(resolved.wallet.path.clone());
	file.wallet = Some(resolved.wallet.name.clone());
	file.hotkey = Some(resolved.wallet.hotkey.clone());
	file.log = Some(log.filter.clone());
	file.log_format = Some(log.format);
	match &resolved.command {
		HiCommand::Miner { options, mechanism } => {
			put_mechanism(&mut file, mechanism);
			file.miner.max_tokens_per_second = mechanism.max_tokens_per_second;
			put_neuron(&mut file, &options.neuron);
			let section = &mut file.miner;
			section.listen = Some(options.neuron.listen);
			section.external = options.neuron.external;
			section.register = Some(options.neuron.register);
			section.refresh_blocks = Some(options.neuron.refresh_blocks);
			section.relay = Some(options.neuron.relaying.serve);
			section.via_relay = some_if_any(&options.neuron.relaying.through);
			section.metrics = Some(options.neuron.metrics.typed());
			section.workers = Some(options.workers);
			section.kv_memory_mib = mechanism.serving.map(|serving| serving.kv_memory_mib);
			section.queue = Some(options.queue);
			section.grace_seconds = Some(options.grace.as_secs());
			section.min_stake = Some(units::format_tao(options.min_stake_rao));
		}
		HiCommand::Validator { options, mechanism } => {
			put_mechanism(&mut file, mechanism);
			put_neuron(&mut file, &options.neuron);
			let section = &mut file.validator;
			section.listen = Some(options.neuron.listen);
			section.external = options.neuron.external;
			section.register = Some(options.neuron.register);
			section.refresh_blocks = Some(options.neuron.refresh_blocks);
			section.relay = Some(options.neuron.relaying.serve);
			section.via_relay = some_if_any(&options.neuron.relaying.through);
			section.metrics = Some(options.neuron.metrics.typed());
			section.concurrency = Some(options.concurrency);
			section.score_alpha = Some(options.score_alpha);
			section.round_blocks = Some(options.round_blocks);
			section.same_instant_every = options.same_instant_every.map(NonZeroU64::get);
			section.events.clone_from(&options.events);
		}
		HiCommand::Gateway { options } => {
			put_neuron(&mut file, &options.neuron);
			file.mechanism = Some(options.mechanism.name.clone());
			file.model.clone_from(&options.mechanism.model);
			file.model_sha256.clone_from(&options.mechanism.model_sha256);
			let section = &mut file.gateway;
			section.http = Some(options.http);
			section.refresh_blocks = Some(options.neuron.refresh_blocks);
			section.keys.clone_from(&options.keys);
			section.model_name = Some(options.model_name.clone());
			section.concurrency = Some(options.concurrency);
			section.queue = Some(options.queue);
			section.max_body_bytes = Some(options.max_body_bytes);
			section.max_tokens = Some(options.max_tokens);
			section.timeout_seconds = Some(options.timeout.as_secs());
			section.attempts = Some(options.attempts);
			let hedge_ms = options.hedge_after.map(|after| after.as_millis());
			section.hedge_ms = hedge_ms.map(|ms| u64::try_from(ms).unwrap_or(u64::MAX));
			section.check_share = Some(options.audit.share);
			section.canary_every = Some(options.audit.canary_every.map_or(0, NonZeroU64::get));
		}
		_ => {}
	}
	file
}

/// A list, if it has anything.
fn some_if_any<T: Clone>(list: &[T]) -> Option<Vec<T>> {
	(!list.is_empty()).then(|| list.to_vec())
}

fn put_neuron(file: &mut FileConfig, options: &NeuronOptions) {
	file.netuid = Some(options.netuid);
	file.data_dir.clone_from(&options.data_dir);
}

fn put_mechanism(file: &mut FileConfig, mechanism: &MechanismOptions) {
	file.mechanism = Some(mechanism.name.clone());
	file.mechanism_command.clone_from(&mechanism.command);
	file.mechanism_processes = mechanism.processes;
	file.mechanism_memory_mib = mechanism.memory_mib;
	file.model.clone_from(&mechanism.model);
	file.model_sha256.clone_from(&mechanism.model_sha256);
	file.precision.clone_from(&mechanism.precision);
	file.device.clone_from(&mechanism.device);
	file.validator_text.clone_from(&mechanism.validator_text);
	file.text.tokens = mechanism.text_tokens;
	file.text.target_tokens_per_second = mechanism.text_target_tokens_per_second;
}

/// A configuration as the text of a file: every key with what it is for; those without a value are commented out.
///
/// # Errors
/// A value that TOML cannot hold, such as a path that is no text.
///
/// ```
/// use neuron::{cli::config_text, config::FileConfig};
/// let config = FileConfig { netuid: Some(7), ..FileConfig::default() };
/// let text = config_text(&config)?;
/// assert!(text.contains("\nnetuid = 7\n") && text.contains("\n# precision =\n"));
/// assert_eq!(FileConfig::parse(&text, "printed".as_ref())?, config);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn config_text(config: &FileConfig) -> Result<String, toml::ser::Error> {
	let values = toml::Table::try_from(config)?;
	let mut text = String::from(
		"# Every key is optional. A flag goes before the environment (NEURON_*), that before this file.\n",
	);
	let mut table = "";
	for Key(section, name, command, argument) in KEYS {
		if section != table {
			text.push_str(&format!("\n[{section}]\n"));
			table = section;
		}
		for line in lines(&help(command, argument)) {
			text.push_str(&format!("# {line}\n"));
		}
		let value = match section {
			"" => values.get(name),
			section => values.get(section).and_then(|table| table.get(name)),
		};
		match value {
			// On its own in a table, so that the library does the quoting.
			Some(value) => text.push_str(&toml::to_string(&toml::Table::from_iter([(
				name.to_owned(),
				value.clone(),
			)]))?),
			None => text.push_str(&format!("# {name} =\n")),
		}
	}
	Ok(text)
}

/// What the command line says about an argument.
fn help(command: &str, argument: &str) -> String {
	let root = LowArgs::command();
	let command = root.find_subcommand(command).unwrap_or(&root);
	let found = command.get_arguments().find(|known| known.get_id() == argument);
	found
		.and_then(|known| known.get_help())
		.map(ToString::to_string)
		.unwrap_or_default()
}

/// Breaks a text into lines of about a hundred characters.
fn lines(text: &str) -> Vec<String> {
	const WIDTH: usize = 100;
	let mut lines = vec![String::new()];
	for word in text.split_whitespace() {
		match lines.last_mut() {
			Some(line) if line.is_empty() => line.push_str(word),
			Some(line) if line.len() + word.len() < WIDTH => {
				line.push(' ');
				line.push_str(word);
			}
			_ => lines.push(word.to_owned()),
		}
	}
	lines
}

#[cfg(test)]
mod tests {
	use std::collections::BTreeSet;

	use super::*;

	/// Flags that are about one run and have no place in a file.
	const ONE_RUN: [&str; 5] = ["config", "print_config", "help", "version", "command"];

	#[test]
	fn every_flag_of_a_role_has_a_key_and_every_key_a_flag() {
		let root = LowArgs::command();
		for role in ["miner", "validator", "gateway"] {
			let known: BTreeSet<_> = KEYS.iter().map(|key| key.3).collect();
			let command = root.find_subcommand(role).unwrap();
			for argument in command.get_arguments().chain(root.get_arguments()) {
				let id = argument.get_id().as_str();
				assert!(
					known.contains(id) || ONE_RUN.contains(&id),
					"`{role} --{id}` has no key"
				);
			}
		}
		for Key(section, name, command, argument) in KEYS {
			assert!(!help(command, argument).is_empty(), "[{section}] {name} has no flag");
		}
	}

	#[test]
	fn every_key_of_the_file_is_printed() {
		// The example has all keys, some of them commented out.
		let lines = include_str!("../../example.toml").lines();
		let uncommented = lines.map(|line| match line.strip_prefix("# ") {
			Some(rest)
				if rest
					.split(" = ")
					.next()
					.is_some_and(|key| rest != key && !key.contains(' ')) =>
			{
				rest
			}
			_ => line,
		});
		let example: toml::Table = uncommented.collect::<Vec<_>>().join("\n").parse().unwrap();
		let printed: BTreeSet<(&str, &str)> = KEYS.iter().map(|key| (key.0, key.1)).collect();
		let mut keys = BTreeSet::new();
		for (name, value) in &example {
			match value {
				toml::Value::Table(table) => keys.extend(table.keys().map(|key| (name.as_str(), key.as_str()))),
				_ => {
					keys.insert(("", name.as_str()));
				}
			}
		}
		assert_eq!(keys, printed, "the example file, left, and what is printed, right");
	}
}
