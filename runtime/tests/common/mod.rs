//! What the runtime's tests share.

use ganglion_runtime::{RuntimeGenesisConfig, genesis};
use serde_json::Value;
use sp_core::storage::Storage;
use sp_runtime::BuildStorage;

/// Recursively replaces what a genesis has by what the patch has.
fn merge(genesis: &mut Value, patch: Value) {
	match (genesis, patch) {
		(Value::Object(genesis), Value::Object(patch)) => {
			for (key, value) in patch {
				merge(genesis.entry(key).or_insert(Value::Null), value);
			}
		}
		(genesis, patch) => *genesis = patch,
	}
}

/// The state of a preset's chain at its genesis.
pub(crate) fn storage(preset: &str) -> Storage {
	let mut genesis = serde_json::to_value(RuntimeGenesisConfig::default()).unwrap();
	let patch = genesis::preset(&preset.into()).unwrap();
	merge(&mut genesis, serde_json::from_slice(&patch).unwrap());
	serde_json::from_value::<RuntimeGenesisConfig>(genesis)
		.unwrap()
		.build_storage()
		.unwrap()
}
