//! Which chain to run: a preset, a preset with a patch over it, or a specification file.

use sc_chain_spec::{ChainType, NoExtension, Properties};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A chain specification of this node.
pub(crate) type ChainSpec = sc_service::GenericChainSpec<NoExtension>;

/// The largest genesis patch that is read, in bytes.
const MAX_PATCH_BYTES: u64 = 16 * 1024 * 1024;

/// The specification that `--chain <id>` names, with the genesis patch applied if there is one.
///
/// # Errors
/// An unknown name that is no readable specification file either, or a patch that is no JSON object.
pub(crate) fn load(id: &str, genesis_patch: Option<&Path>) -> Result<ChainSpec, String> {
	let (name, preset, chain_type) = match id {
		"" | "dev" | "development" => ("Ganglion Development", "development", ChainType::Development),
		"local" => (
			"Ganglion Local",
			sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET,
			ChainType::Local,
		),
		path => return load_file(path, genesis_patch),
	};
	let wasm = ganglion_runtime::WASM_BINARY
		.ok_or("this node was built without its runtime: build it again with SKIP_WASM_BUILD unset")?;
	let mut genesis = preset_patch(preset)?;
	if let Some(path) = genesis_patch {
		sc_chain_spec::json_patch::merge(&mut genesis, read_patch(path)?);
	}
	Ok(ChainSpec::builder(wasm, NoExtension::None)
		.with_name(name)
		.with_id(&format!("ganglion_{preset}"))
		.with_protocol_id("ganglion")
		.with_chain_type(chain_type)
		.with_properties(properties())
		.with_genesis_config_patch(genesis)
		.build())
}

/// Reads a specification file, to which no patch can be applied: its genesis is settled.
fn load_file(path: &str, genesis_patch: Option<&Path>) -> Result<ChainSpec, String> {
	if genesis_patch.is_some() {
		return Err(format!(
			"--genesis-patch applies to the presets 'development' and 'local', not to '{path}'"
		));
	}
	if !Path::new(path).exists() {
		return Err(format!(
			"'{path}' is neither a preset nor a file: give --chain development, --chain local, or the \
             path of a chain specification"
		));
	}
	ChainSpec::from_json_file(PathBuf::from(path))
}

/// The genesis of a preset of the runtime.
fn preset_patch(preset: &str) -> Result<Value, String> {
	let bytes = ganglion_runtime::genesis::preset(&preset.into())
		.ok_or_else(|| format!("the runtime has no preset '{preset}'"))?;
	serde_json::from_slice(&bytes).map_err(|error| format!("preset '{preset}': {error}"))
}

/// Reads a JSON object to be merged into a genesis.
fn read_patch(path: &Path) -> Result<Value, String> {
	let shown = path.display();
	let size = std::fs::metadata(path)
		.map_err(|error| format!("{shown}: {error}"))?
		.len();
	if size > MAX_PATCH_BYTES {
		return Err(format!(
			"{shown}: {size} bytes, a genesis patch has at most {MAX_PATCH_BYTES}"
		));
	}
	let text = std::fs::read(path).map_err(|error| format!("{shown}: {error}"))?;
	let patch: Value = serde_json::from_slice(&text).map_err(|error| format!("{shown}: {error}"))?;
	if patch.is_object() {
		Ok(patch)
	} else {
		Err(format!(
			"{shown}: a genesis patch is a JSON object, as in {{\"balances\": …}}"
		))
	}
}

/// What wallets show: the token's symbol, its decimals, and the address format.
fn properties() -> Properties {
	let mut properties = Properties::new();
	properties.insert("tokenSymbol".into(), "TAO".into());
	properties.insert("tokenDecimals".into(), 9.into());
	properties.insert("ss58Format".into(), ganglion_runtime::configs::SS58_PREFIX.into());
	properties
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn unknown_names_say_what_is_known() {
		let error = load("no-such-chain", None).err().unwrap();
		assert!(error.contains("neither a preset nor a file"), "{error}");
	}

	#[test]
	fn a_patch_must_be_an_object_and_readable() {
		let folder = std::env::temp_dir().join(format!("ganglion-spec-{}", std::process::id()));
		std::fs::create_dir_all(&folder).unwrap();
		let path = folder.join("patch.json");
		std::fs::write(&path, "[1]").unwrap();
		assert!(read_patch(&path).unwrap_err().contains("JSON object"));
		std::fs::write(&path, "{").unwrap();
		assert!(read_patch(&path).is_err());
		std::fs::write(&path, r#"{"a":{"b":1}}"#).unwrap();
		assert!(read_patch(&path).unwrap()["a"]["b"] == 1);
		assert!(read_patch(&folder.join("absent.json")).is_err());
		std::fs::remove_dir_all(&folder).unwrap();
	}

	#[test]
	fn a_file_takes_no_patch() {
		let error = load("spec.json", Some(Path::new("patch.json"))).err().unwrap();
		assert!(error.contains("applies to the presets"), "{error}");
	}
}
