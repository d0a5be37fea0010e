//! `neuron subnet hyperparameters`: print them, set one.

use anyhow::{Result, bail, ensure};
use neuron_chain::{Argument, ChainClient, HyperparameterValue};

use crate::{
	cli::{chain_commands::connect, print},
	neuron_options::WalletLocation,
	units,
};

/// Who may set a hyperparameter.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Right {
	Owner,
	Root,
}

/// A name that clients know, and the call of `AdminUtils` that sets it.
struct Row(&'static str, Right, &'static str, &'static str);

use Right::{Owner, Root};

/// All that can be set. The values' forms are those in which the chain lists them.
const TABLE: [Row; 42] = [
	Row("tempo", Owner, "sudo_set_tempo", "tempo"),
	Row(
		"max_allowed_uids",
		Owner,
		"sudo_set_max_allowed_uids",
		"max_allowed_uids",
	),
	Row(
		"max_validators",
		Root,
		"sudo_set_max_allowed_validators",
		"max_allowed_validators",
	),
	Row("immunity_period", Owner, "sudo_set_immunity_period", "immunity_period"),
	Row(
		"weights_rate_limit",
		Root,
		"sudo_set_weights_set_rate_limit",
		"weights_set_rate_limit",
	),
	Row(
		"min_allowed_weights",
		Owner,
		"sudo_set_min_allowed_weights",
		"min_allowed_weights",
	),
	Row(
		"max_weights_limit",
		Root,
		"sudo_set_max_weights_limit",
		"max_weights_limit",
	),
	Row(
		"weights_version",
		Owner,
		"sudo_set_weights_version_key",
		"weights_version_key",
	),
	Row(
		"commit_reveal_weights_enabled",
		Owner,
		"sudo_set_commit_reveal_weights_enabled",
		"enabled",
	),
	Row(
		"commit_reveal_period",
		Owner,
		"sudo_set_commit_reveal_weights_interval",
		"interval",
	),
	Row("kappa", Root, "sudo_set_kappa", "kappa"),
	Row("rho", Owner, "sudo_set_rho", "rho"),
	Row(
		"bonds_moving_avg",
		Owner,
		"sudo_set_bonds_moving_average",
		"bonds_moving_average",
	),
	Row("bonds_penalty", Owner, "sudo_set_bonds_penalty", "bonds_penalty"),
	Row("bonds_reset_enabled", Owner, "sudo_set_bonds_reset_enabled", "enabled"),
	Row(
		"activity_cutoff_factor",
		Owner,
		"sudo_set_activity_cutoff_factor",
		"factor_milli",
	),
	Row("yuma3_enabled", Owner, "sudo_set_yuma3_enabled", "enabled"),
	Row(
		"liquid_alpha_enabled",
		Owner,
		"sudo_set_liquid_alpha_enabled",
		"enabled",
	),
	Row(
		"alpha_sigmoid_steepness",
		Owner,
		"sudo_set_alpha_sigmoid_steepness",
		"steepness",
	),
	Row(
		"registration_allowed",
		Owner,
		"sudo_set_network_registration_allowed",
		"registration_allowed",
	),
	Row(
		"max_regs_per_block",
		Root,
		"sudo_set_max_registrations_per_block",
		"max_registrations_per_block",
	),
	Row("min_burn", Owner, "sudo_set_min_burn", "min_burn"),
	Row("max_burn", Owner, "sudo_set_max_burn", "max_burn"),
	Row("burn_half_life", Owner, "sudo_set_burn_half_life", "burn_half_life"),
	Row(
		"burn_increase_mult",
		Owner,
		"sudo_set_burn_increase_mult",
		"burn_increase_mult",
	),
	Row(
		"network_pow_registration_allowed",
		Owner,
		"sudo_set_network_pow_registration_allowed",
		"registration_allowed",
	),
	Row("difficulty", Root, "sudo_set_difficulty", "difficulty"),
	Row("min_difficulty", Root, "sudo_set_min_difficulty", "min_difficulty"),
	Row("max_difficulty", Owner, "sudo_set_max_difficulty", "max_difficulty"),
	Row(
		"adjustment_alpha",
		Owner,
		"sudo_set_adjustment_alpha",
		"adjustment_alpha",
	),
	Row(
		"adjustment_interval",
		Root,
		"sudo_set_adjustment_interval",
		"adjustment_interval",
	),
	Row(
		"target_regs_per_interval",
		Root,
		"sudo_set_target_registrations_per_interval",
		"target_registrations_per_interval",
	),
	Row(
		"owner_immune_neuron_limit",
		Owner,
		"sudo_set_owner_immune_neuron_limit",
		"immune_neurons",
	),
	Row(
		"serving_rate_limit",
		Owner,
		"sudo_set_serving_rate_limit",
		"serving_rate_limit",
	),
	Row(
		"collateral_lock_share",
		Owner,
		"sudo_set_collateral_lock_share",
		"lock_share",
	),
	Row(
		"collateral_drain_ratio",
		Owner,
		"sudo_set_collateral_drain_ratio",
		"drain_ratio",
	),
	Row(
		"min_childkey_take",
		Owner,
		"sudo_set_min_childkey_take_per_subnet",
		"take",
	),
	Row("owner_cut_enabled", Owner, "sudo_set_owner_cut_enabled", "enabled"),
	Row(
		"owner_cut_auto_lock_enabled",
		Owner,
		"sudo_set_owner_cut_auto_lock_enabled",
		"enabled",
	),
	Row("transfers_enabled", Owner, "sudo_set_toggle_transfer", "toggle"),
	// The two are set together; the other one stays as it is.
	Row("alpha_low", Owner, ALPHA_CALL, "alpha_low"),
	Row("alpha_high", Owner, ALPHA_CALL, "alpha_high"),
];

const ALPHA_CALL: &str = "sudo_set_alpha_values";

pub(super) async fn show(url: &str, netuid: u16) -> Result<()> {
	let list = connect(url).await?.hyperparameter_list(netuid).await?;
	let width = list.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
	let mut text = String::new();
	for (name, value) in &list {
		let right = match row(name) {
			Some(Row(_, Owner, ..)) => "",
			Some(Row(_, Root, ..)) => "root only",
			None => "not set directly",
		};
		let line = format!("{name:width$}  {:>22}  {right}", write_value(value));
		text.push_str(line.trim_end());
		text.push('\n');
	}
	print(&text)
}

pub(super) async fn set(
	url: &str,
	wallet: &WalletLocation,
	netuid: u16,
	name: &str,
	typed: &str,
	sudo: bool,
) -> Result<()> {
	let Some(Row(_, right, call, argument)) = row(name) else {
		bail!("there is no hyperparameter `{name}` that can be set{}", nearest(name));
	};
	ensure!(
		*right == Owner || sudo,
		"`{name}` is not for owners: sign with the chain's sudo key and give --sudo"
	);
	let coldkey = wallet.coldkey()?;
	let client = connect(url).await?;
	let list = client.hyperparameter_list(netuid).await?;
	let Some((_, old)) = list.iter().find(|(listed, _)| listed == name) else {
		bail!("the chain does not list `{name}`: use a node and a neuron of the same release");
	};
	let value =
		read_value(old, typed).map_err(|expected| anyhow::anyhow!("{name} is `{typed}`; expected {expected}"))?;
	let mut arguments = vec![(*argument, value)];
	if *call == ALPHA_CALL {
		arguments = both_alphas(&list, arguments)?;
	}
	client
		.set_hyperparameter(&coldkey, netuid, call, &arguments, sudo)
		.await?;
	print_new(&client, netuid, name, old).await
}

/// The call sets the lower and the upper bound at once.
fn both_alphas(
	list: &[(String, HyperparameterValue)],
	typed: Vec<(&'static str, Argument)>,
) -> Result<Vec<(&'static str, Argument)>> {
	let one = |name: &'static str| {
		let given = typed.iter().find(|(typed, _)| *typed == name).cloned();
		let stored = list.iter().find(|(listed, _)| listed == name);
		let stored = stored.and_then(|(_, value)| read_value(value, &write_value(value)).ok());
		given
			.or(stored.map(|value| (name, value)))
			.ok_or_else(|| anyhow::anyhow!("the chain does not list `{name}`"))
	};
	Ok(vec![one("alpha_low")?, one("alpha_high")?])
}

async fn print_new(client: &ChainClient, netuid: u16, name: &str, old: &HyperparameterValue) -> Result<()> {
	let list = client.hyperparameter_list(netuid).await?;
	let new = list
		.iter()
		.find(|(listed, _)| listed == name)
		.map_or(old, |(_, value)| value);
	print(&format!(
		"{name} of subnet {netuid}: {}, was {}\n",
		write_value(new),
		write_value(old)
	))
}

fn row(name: &str) -> Option<&'static Row> {
	TABLE.iter().find(|row| row.0 == name)
}

/// A name that has the same words in part.
fn nearest(name: &str) -> String {
	let shared = |known: &str| known.split('_').filter(|word| name.contains(word)).count();
	let best = TABLE.iter().map(|row| row.0).max_by_key(|known| shared(known));
	match best.filter(|known| shared(known) > 0) {
		Some(known) => format!(": did you mean `{known}`? `neuron subnet hyperparameters` lists them"),
		None => ": `neuron subnet hyperparameters` lists them".to_owned(),
	}
}

/// The form in which a value is printed, and typed.
fn write_value(value: &HyperparameterValue) -> String {
	match value {
		HyperparameterValue::Bool(value) => value.to_string(),
		HyperparameterValue::Number(value) => value.to_string(),
		HyperparameterValue::Signed(value) => value.to_string(),
		HyperparameterValue::Rao(rao) => format!("{} TAO", units::format_tao(*rao)),
		HyperparameterValue::Fixed64(bits) => {
			let text = format!("{:.9}", *bits as f64 / 2_f64.powi(64));
			text.trim_end_matches('0').trim_end_matches('.').to_owned()
		}
		HyperparameterValue::Pair(low, high) => format!("{low} {high}"),
	}
}

/// Reads a value of the kind that is stored; the error says what was expected.
fn read_value(like: &HyperparameterValue, typed: &str) -> Result<Argument, &'static str> {
	let typed = typed.trim();
	match like {
		HyperparameterValue::Bool(_) => match typed {
			"true" | "on" | "yes" => Ok(Argument::Bool(true)),
			"false" | "off" | "no" => Ok(Argument::Bool(false)),
			_ => Err("true or false"),
		},
		HyperparameterValue::Number(_) => typed
			.parse()
			.map(Argument::Unsigned)
			.map_err(|_| "a whole number from 0 on"),
		HyperparameterValue::Signed(_) => typed.parse().map(Argument::Signed).map_err(|_| "a whole number"),
		HyperparameterValue::Rao(_) => units::parse_tao(typed.trim_end_matches("TAO").trim_end())
			.map(|rao| Argument::Unsigned(rao.into()))
			.map_err(|_| "an amount in TAO, up to nine decimals"),
		HyperparameterValue::Fixed64(_) => match typed.parse::<f64>() {
			// Exact for what people type: an f64 has 53 bits, the chain's number 128.
			Ok(number) if (0.0..1e9).contains(&number) => Ok(Argument::Unsigned((number * 2_f64.powi(64)) as u128)),
			_ => Err("a number from 0 on"),
		},
		HyperparameterValue::Pair(..) => Err("one of the two bounds by its own name"),
	}
}

#[cfg(test)]
mod tests {
	use std::collections::BTreeSet;

	use super::*;

	/// The chain's own table is the definition: the same names, rights, calls and arguments.
	#[test]
	fn the_table_is_the_chains() {
		let source = include_str!("../../../../pallets/subtensor/src/hyperparameters/table.rs");
		let words = source.split_whitespace().collect::<Vec<_>>().join(" ");
		for Row(name, right, call, argument) in &TABLE {
			let right = if *right == Owner { "owner" } else { "root" };
			if *call == ALPHA_CALL {
				assert!(words.contains(&format!("\"{name}\";")), "{name}");
				continue;
			}
			let at = words
				.find(&format!("\"{name}\" => {right} "))
				.unwrap_or_else(|| panic!("{name} is not for {right}"));
			let rest = &words[at..];
			let expected = format!("{call}({argument});");
			assert_eq!(
				rest.split_once(&format!("{right} ")).unwrap().1.split(' ').nth(1),
				Some(expected.as_str())
			);
		}
		let calls: BTreeSet<_> = TABLE.iter().map(|row| row.2).collect();
		// There is one algorithm of consensus to choose from.
		let left_out = ["sudo_set_epoch_consensus"];
		let all = words
			.split(' ')
			.filter(|word| word.starts_with("sudo_set_"))
			.map(|word| word.split('(').next().unwrap());
		for call in all {
			assert!(calls.contains(call) || left_out.contains(&call), "{call} is missing");
		}
	}

	#[test]
	fn values_are_read_in_the_form_that_they_are_printed_in() {
		let fixed = HyperparameterValue::Fixed64((1_u128 << 64) + (1 << 63));
		assert_eq!(write_value(&fixed), "1.5");
		let cases = [
			(HyperparameterValue::Bool(true), Argument::Bool(true)),
			(HyperparameterValue::Number(360), Argument::Unsigned(360)),
			(HyperparameterValue::Signed(-7), Argument::Signed(-7)),
			(HyperparameterValue::Rao(500_000), Argument::Unsigned(500_000)),
			(fixed, Argument::Unsigned((1_u128 << 64) + (1 << 63))),
		];
		for (value, argument) in cases {
			assert_eq!(read_value(&value, &write_value(&value)), Ok(argument));
		}
		for (like, typed) in [
			(HyperparameterValue::Bool(true), "maybe"),
			(HyperparameterValue::Number(1), "-1"),
			(HyperparameterValue::Number(1), "1.5"),
			(HyperparameterValue::Rao(1), "1e9"),
			(HyperparameterValue::Fixed64(1), "nan"),
		] {
			assert!(read_value(&like, typed).is_err(), "{typed}");
		}
	}

	#[test]
	fn a_name_that_is_none_gets_the_nearest_one() {
		assert!(nearest("yuma3").contains("`yuma3_enabled`"), "{}", nearest("yuma3"));
		assert!(nearest("immunity").contains("`immunity_period`"));
		assert!(!nearest("zzz").contains("did you mean"));
	}
}
