//! Tests that a clean-up knows every storage map that begins with a subnet.

use super::tests::dissolve;
use crate::{mock::*, *};
use codec::Encode;
use frame_support::storage::unhashed;
use ganglion_primitives::{AccountId32, MechanismIndex};
use sp_io::hashing::{blake2_128, twox_64, twox_128};
use std::collections::BTreeMap;

/// A map of the pallet: its name and the hashers and types of its keys.
pub(super) struct Map {
	pub(super) name: &'static str,
	hashers: Vec<frame_support::__private::metadata_ir::StorageHasherIR>,
	keys: Vec<String>,
	default: Vec<u8>,
}

/// All maps of the pallet, from its metadata.
pub(super) fn maps() -> Vec<Map> {
	use frame_support::__private::metadata_ir::StorageEntryTypeIR;
	let entries = crate::Pallet::<Test>::storage_metadata().entries;
	entries
		.into_iter()
		.filter_map(|entry| match entry.ty {
			StorageEntryTypeIR::Map { hashers, key, .. } => Some(Map {
				name: entry.name,
				keys: key_types(&key, hashers.len()),
				hashers,
				default: entry.default,
			}),
			StorageEntryTypeIR::Plain(_) => None,
		})
		.collect()
}

fn key_types(key: &scale_info::MetaType, count: usize) -> Vec<String> {
	let name = |key: &scale_info::MetaType| {
		let info = key.type_info();
		info.path
			.ident()
			.map_or_else(|| format!("{:?}", info.type_def), ToString::to_string)
	};
	match (count, key.type_info().type_def) {
		(1, _) => vec![name(key)],
		(_, scale_info::TypeDef::Tuple(parts)) => parts.fields.iter().map(name).collect(),
		(_, other) => panic!("{other:?}"),
	}
}

/// Any key of a type.
fn any_key(kind: &str) -> Vec<u8> {
	match kind {
		"NetUid" => NETUID.encode(),
		"MechanismIndex" => MechanismIndex::main(NETUID).encode(),
		"AccountId32" => AccountId32::new([77; 32]).encode(),
		_ => 3_u16.encode(),
	}
}

fn hashed(hasher: &frame_support::__private::metadata_ir::StorageHasherIR, key: &[u8]) -> Vec<u8> {
	use frame_support::__private::metadata_ir::StorageHasherIR;
	match hasher {
		StorageHasherIR::Identity => key.to_vec(),
		StorageHasherIR::Blake2_128Concat => [&blake2_128(key)[..], key].concat(),
		StorageHasherIR::Twox64Concat => [&twox_64(key)[..], key].concat(),
		other => panic!("{other:?} cannot be read back"),
	}
}

/// Whatever is stored under a subnet's number, or its mechanism's, is forgotten; what others store is not.
#[test]
fn every_map_that_begins_with_a_subnet_is_forgotten() {
	storage_with(parameters()).execute_with(|| {
		subnet();
		dissolve(NETUID);
		let mut stored = BTreeMap::new();
		for map in maps() {
			if !["NetUid", "MechanismIndex"].contains(&map.keys[0].as_str()) {
				continue;
			}
			let mut key = [twox_128(b"SubtensorModule"), twox_128(map.name.as_bytes())].concat();
			for (hasher, kind) in map.hashers.iter().zip(&map.keys) {
				key.extend(hashed(hasher, &any_key(kind)));
			}
			if !unhashed::exists(&key) {
				// Of what is optional the default is `None`, which is no value.
				let value = if map.default == [0] {
					vec![0; 4_096]
				} else {
					map.default
				};
				unhashed::put_raw(&key, &value);
			}
			stored.insert(map.name, key);
		}
		assert!(stored.len() > 70, "{}", stored.len());
		// Those hold what a clean-up pays before it forgets; garbage there would be paid.
		for paid in ["UnpaidEmission", "PendingOwnerCut"] {
			unhashed::kill(&stored[paid]);
		}
		while !DissolveCleanupQueue::<Test>::get().is_empty() {
			next_blocks(1);
		}
		let left: Vec<&str> = stored
			.iter()
			.filter(|(_, key)| unhashed::exists(key))
			.map(|(name, _)| *name)
			.collect();
		assert_eq!(left, Vec::<&str>::new());
	});
}
