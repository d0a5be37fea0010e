//! Genesis presets: the states that a chain can start from by name.
//!
//! | preset | authorities | for |
//! | --- | --- | --- |
//! | `development` | Alice | one machine: epochs of 20 blocks, subnets for 100 TAO, limits that do not get in the way, a beacon whose key everybody knows |
//! | `local` | Alice, Bob, Charlie | a private network with production's pace and beacon |
//!
//! Both know the well-known development keys only. A real network starts from a patch over one of them.

use crate::{AccountId, Balance, BalancesConfig, Runtime, RuntimeGenesisConfig, SudoConfig};
use alloc::{vec, vec::Vec};
use frame_support::build_struct_json_patch;
use ganglion_primitives::{RAO_PER_TAO, TaoBalance};
use pallet_drand::BeaconConfiguration;
use pallet_subtensor::Hyperparameters;
use serde_json::Value;
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_consensus_grandpa::AuthorityId as GrandpaId;
use sp_genesis_builder::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET, PresetId};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// What each well-known account holds at the start of a development chain.
const ENDOWMENT: Balance = 100_000 * RAO_PER_TAO;

/// The preset of this name as a JSON patch over the default genesis; `None` if there is none.
#[must_use]
pub fn preset(id: &PresetId) -> Option<Vec<u8>> {
	let patch = match id.as_ref() {
		DEV_RUNTIME_PRESET => patch(
			&[(Sr25519Keyring::Alice, Ed25519Keyring::Alice)],
			quick_chain(),
			BeaconConfiguration::development(),
		),
		LOCAL_TESTNET_RUNTIME_PRESET => patch(
			&[
				(Sr25519Keyring::Alice, Ed25519Keyring::Alice),
				(Sr25519Keyring::Bob, Ed25519Keyring::Bob),
				(Sr25519Keyring::Charlie, Ed25519Keyring::Charlie),
			],
			pallet_subtensor::GenesisConfig::default(),
			BeaconConfiguration::quicknet(),
		),
		_ => return None,
	};
	// A JSON value of our own making always serialises.
	serde_json::to_vec(&patch).ok()
}

/// The names that [`preset`] knows.
#[must_use]
pub fn preset_names() -> Vec<PresetId> {
	vec![
		PresetId::from(DEV_RUNTIME_PRESET),
		PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET),
	]
}

/// Parameters with which a subnet's life passes in minutes: short epochs, little waiting, owners who change what they
/// like at any time, and subnets that are cheap and may be registered and started at once.
fn quick_chain() -> pallet_subtensor::GenesisConfig<Runtime> {
	pallet_subtensor::GenesisConfig {
		subnet_defaults: Hyperparameters {
			tempo: 20,
			immunity_period: 200,
			weights_set_rate_limit: 5,
			serving_rate_limit: 1,
			max_registrations_per_block: 16,
			..Hyperparameters::default()
		},
		admin_freeze_window: 0,
		owner_hyperparam_rate_limit: 0,
		network_min_lock_cost: TaoBalance::new(100 * RAO_PER_TAO),
		network_lock_reduction_interval: 0,
		network_rate_limit: 0,
		network_immunity_period: 200,
		start_call_delay: 0,
		..Default::default()
	}
}

/// A genesis with these authorities, rich well-known accounts, Alice as sudo and these parameters of the subnets,
/// following `beacon`.
fn patch(
	authorities: &[(Sr25519Keyring, Ed25519Keyring)],
	subtensor_module: pallet_subtensor::GenesisConfig<Runtime>,
	beacon: BeaconConfiguration,
) -> Value {
	let endowed: Vec<(AccountId, Balance)> = Sr25519Keyring::well_known()
		.map(|key| (key.to_account_id(), ENDOWMENT))
		.collect();
	let aura: Vec<AuraId> = authorities.iter().map(|(key, _)| key.public().into()).collect();
	let grandpa: Vec<(GrandpaId, u64)> = authorities.iter().map(|(_, key)| (key.public().into(), 1)).collect();

	build_struct_json_patch!(RuntimeGenesisConfig {
		balances: BalancesConfig { balances: endowed },
		aura: pallet_aura::GenesisConfig { authorities: aura },
		grandpa: pallet_grandpa::GenesisConfig { authorities: grandpa },
		sudo: SudoConfig {
			key: Some(Sr25519Keyring::Alice.to_account_id())
		},
		subtensor_module,
		drand: pallet_drand::GenesisConfig { beacon: beacon.into() },
	})
}
