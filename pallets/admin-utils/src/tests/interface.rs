//! The names by which clients call: a call or an argument under another name is out of their reach.

use crate::{Call, mock::Test};
use scale_info::{TypeDef, TypeInfo};

/// The setters that clients offer to owners, with their arguments after `netuid`.
const OWNER_SETTERS: [(&str, &[&str]); 33] = [
	("sudo_set_activity_cutoff_factor", &["factor_milli"]),
	("sudo_set_adjustment_alpha", &["adjustment_alpha"]),
	("sudo_set_alpha_sigmoid_steepness", &["steepness"]),
	("sudo_set_alpha_values", &["alpha_low", "alpha_high"]),
	("sudo_set_bonds_moving_average", &["bonds_moving_average"]),
	("sudo_set_bonds_penalty", &["bonds_penalty"]),
	("sudo_set_bonds_reset_enabled", &["enabled"]),
	("sudo_set_burn_half_life", &["burn_half_life"]),
	("sudo_set_burn_increase_mult", &["burn_increase_mult"]),
	("sudo_set_collateral_drain_ratio", &["drain_ratio"]),
	("sudo_set_collateral_lock_share", &["lock_share"]),
	("sudo_set_commit_reveal_weights_enabled", &["enabled"]),
	("sudo_set_commit_reveal_weights_interval", &["interval"]),
	("sudo_set_epoch_consensus", &["mode"]),
	("sudo_set_immunity_period", &["immunity_period"]),
	("sudo_set_liquid_alpha_enabled", &["enabled"]),
	("sudo_set_max_allowed_uids", &["max_allowed_uids"]),
	("sudo_set_max_burn", &["max_burn"]),
	("sudo_set_max_difficulty", &["max_difficulty"]),
	("sudo_set_min_allowed_weights", &["min_allowed_weights"]),
	("sudo_set_min_burn", &["min_burn"]),
	("sudo_set_min_childkey_take_per_subnet", &["take"]),
	("sudo_set_network_pow_registration_allowed", &["registration_allowed"]),
	("sudo_set_network_registration_allowed", &["registration_allowed"]),
	("sudo_set_owner_cut_auto_lock_enabled", &["enabled"]),
	("sudo_set_owner_cut_enabled", &["enabled"]),
	("sudo_set_owner_immune_neuron_limit", &["immune_neurons"]),
	("sudo_set_rho", &["rho"]),
	("sudo_set_serving_rate_limit", &["serving_rate_limit"]),
	("sudo_set_tempo", &["tempo"]),
	("sudo_set_toggle_transfer", &["toggle"]),
	("sudo_set_weights_version_key", &["weights_version_key"]),
	("sudo_set_yuma3_enabled", &["enabled"]),
];

/// Name and arguments of every call.
fn calls() -> Vec<(&'static str, Vec<&'static str>)> {
	let TypeDef::Variant(calls) = Call::<Test>::type_info().type_def else {
		panic!("calls are an enum");
	};
	let arguments = |call: &scale_info::Variant| call.fields.iter().filter_map(|field| field.name).collect();
	calls.variants.iter().map(|call| (call.name, arguments(call))).collect()
}

#[test]
fn owners_find_their_setters_and_arguments() {
	let calls = calls();
	for (name, arguments) in OWNER_SETTERS {
		let expected: Vec<_> = std::iter::once("netuid").chain(arguments.iter().copied()).collect();
		let found = calls.iter().find(|(call, _)| *call == name);
		assert_eq!(found.map(|(_, arguments)| arguments), Some(&expected), "{name}");
		let of_owner = super::setters()
			.iter()
			.any(|setter| setter.name == name && setter.right == "owner");
		assert!(of_owner, "{name}");
	}
}

#[test]
fn calls_are_documented_with_what_they_set() {
	let TypeDef::Variant(calls) = Call::<Test>::type_info().type_def else {
		panic!("calls are an enum");
	};
	let tempo = calls.variants.iter().find(|call| call.name == "sudo_set_tempo");
	let docs = tempo.map(|call| call.docs.join("\n")).unwrap_or_default();
	assert!(docs.contains("Sets a hyperparameter of a subnet"), "{docs}");
	assert!(docs.contains("Blocks between epochs"), "{docs}");
}
