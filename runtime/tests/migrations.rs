//! The state of the first release, through the migrations, under the runtime of today.
//!
//! `first_release.json` is the state of a development chain of the first release at its genesis, without the code: hex keys
//! and values. It is never changed.

mod common;

use std::{collections::BTreeMap, env, fs};

use frame_support::traits::{GetStorageVersion, OnRuntimeUpgrade};
use ganglion_runtime::{AllPalletsWithSystem, Runtime, SubtensorModule, Swap, migrations::Migrations};
use sp_core::storage::{Storage, well_known_keys};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/first_release.json");

fn hex(bytes: &[u8]) -> String {
	sp_core::bytes::to_hex(bytes, false)
}

fn unhex(text: &str) -> Vec<u8> {
	sp_core::bytes::from_hex(text).unwrap()
}

fn first_release() -> Storage {
	let text = fs::read_to_string(FIXTURE).unwrap();
	let entries: BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
	Storage {
		top: entries.iter().map(|(key, value)| (unhex(key), unhex(value))).collect(),
		children_default: Default::default(),
	}
}

#[test]
fn the_first_release_becomes_a_sound_chain_of_today() {
	sp_io::TestExternalities::new(first_release()).execute_with(|| {
		<(Migrations, AllPalletsWithSystem) as OnRuntimeUpgrade>::on_runtime_upgrade();
		assert_eq!(
			SubtensorModule::on_chain_storage_version(),
			SubtensorModule::in_code_storage_version(),
			"the state is of another version than the code"
		);
		SubtensorModule::do_try_state().unwrap();
		Swap::do_try_state().unwrap();
		let cost = SubtensorModule::network_registration_cost();
		assert!(!cost.is_zero(), "what a subnet costs does not decode");
		let defaults = pallet_subtensor::SubnetDefaults::<Runtime>::get();
		assert!(defaults.validate().is_ok(), "the default hyperparameters do not decode");
	});
}

#[test]
fn every_item_of_the_first_release_is_known_today() {
	let mut migrated = sp_io::TestExternalities::new(first_release());
	migrated.execute_with(|| {
		Migrations::on_runtime_upgrade();
		let today = common::storage("development");
		let mut key = Vec::new();
		while let Some(next) = sp_io::storage::next_key(&key) {
			// The first 32 bytes name the pallet and the item.
			let item = &next[..next.len().min(32)];
			if next == well_known_keys::CODE {
				key = next;
				continue;
			}
			let known = today.top.keys().any(|other| other.starts_with(item));
			assert!(
				known,
				"{} is of no item of today, and no migration removes it",
				hex(&next)
			);
			key = next;
		}
	});
}

/// Writes the fixture: once, at the first release.
#[test]
#[ignore = "writes the state of the first release; it must never change after that"]
fn write_the_first_release() {
	let mut storage = common::storage("development");
	storage.top.remove(well_known_keys::CODE);
	let entries: BTreeMap<String, String> = storage.top.iter().map(|(key, value)| (hex(key), hex(value))).collect();
	fs::write(FIXTURE, serde_json::to_string_pretty(&entries).unwrap() + "\n").unwrap();
}
