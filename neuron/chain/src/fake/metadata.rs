//! Metadata of a small runtime.

use codec::{Compact, Encode};
use scale_info::{MetaType, meta_type};
use subxt::ext::frame_metadata::RuntimeMetadataPrefixed;
use subxt::ext::frame_metadata::v14::{
	PalletCallMetadata, PalletErrorMetadata, PalletEventMetadata, PalletStorageMetadata, StorageEntryMetadata,
	StorageEntryModifier, StorageEntryType, StorageHasher,
};
use subxt::ext::frame_metadata::v15::{
	CustomMetadata, ExtrinsicMetadata, OuterEnums, PalletConstantMetadata, PalletMetadata, RuntimeApiMetadata,
	RuntimeApiMethodMetadata, RuntimeApiMethodParamMetadata, RuntimeMetadataV15, SignedExtensionMetadata,
};

use super::types::*;

/// Without a default where `default` is empty.
fn map<K: scale_info::TypeInfo + 'static, V: scale_info::TypeInfo + 'static>(
	name: &'static str,
	hashers: &[StorageHasher],
	default: Vec<u8>,
) -> StorageEntryMetadata {
	let optional = default.is_empty();
	StorageEntryMetadata {
		name,
		modifier: if optional {
			StorageEntryModifier::Optional
		} else {
			StorageEntryModifier::Default
		},
		ty: StorageEntryType::Map {
			hashers: hashers.to_vec(),
			key: meta_type::<K>(),
			value: meta_type::<V>(),
		},
		default: if optional { vec![0] } else { default },
		docs: Vec::new(),
	}
}

/// A value that is there once.
fn plain<V: scale_info::TypeInfo + 'static>(name: &'static str, default: Vec<u8>) -> StorageEntryMetadata {
	StorageEntryMetadata {
		name,
		modifier: StorageEntryModifier::Default,
		ty: StorageEntryType::Plain(meta_type::<V>()),
		default,
		docs: Vec::new(),
	}
}

/// The time from block to block, in milliseconds.
fn slot_duration() -> PalletConstantMetadata {
	PalletConstantMetadata {
		name: "SlotDuration",
		ty: meta_type::<u64>(),
		value: 12_000u64.encode(),
		docs: Vec::new(),
	}
}

fn pallet(name: &'static str, index: u8, storage: Vec<StorageEntryMetadata>) -> PalletMetadata {
	PalletMetadata {
		name,
		storage: Some(PalletStorageMetadata {
			prefix: name,
			entries: storage,
		}),
		calls: None,
		event: None,
		constants: Vec::new(),
		error: None,
		index,
		docs: Vec::new(),
	}
}

fn pallets() -> Vec<PalletMetadata> {
	let account = AccountInfo {
		nonce: 0,
		data: AccountData {
			free: TaoBalance(0),
			reserved: TaoBalance(0),
		},
	};
	let hashed = [StorageHasher::Blake2_128Concat];
	let plain = [StorageHasher::Identity];
	let plain_then_hashed = [StorageHasher::Identity, StorageHasher::Blake2_128Concat];
	let system = map::<RuntimeAccount, AccountInfo>("Account", &hashed, account.encode());
	let subtensor = vec![
		map::<NetUid, bool>("NetworksAdded", &plain, vec![0]),
		map::<NetUid, TaoBalance>("Burn", &plain, 5u64.encode()),
		map::<(NetUid, RuntimeAccount), u16>("Uids", &plain_then_hashed, Vec::new()),
		map::<(NetUid, RuntimeAccount), RuntimeCertificate>("NeuronCertificates", &plain_then_hashed, Vec::new()),
		map::<NetUid, Vec<u64>>("BlockAtRegistration", &plain, Vec::<u64>::new().encode()),
		map::<NetUid, bool>("CommitRevealWeightsEnabled", &plain, vec![0]),
		map::<NetUid, u64>("RevealPeriodEpochs", &plain, 1u64.encode()),
		map::<NetUid, u16>("Tempo", &plain, 100u16.encode()),
	];
	let drand = vec![
		self::plain::<BeaconConfiguration>("BeaconConfig", BeaconConfiguration::with_key(Vec::new()).encode()),
		self::plain::<u64>("LastStoredRound", 0u64.encode()),
	];
	vec![
		PalletMetadata {
			event: Some(PalletEventMetadata {
				ty: meta_type::<SystemEvent>(),
			}),
			..pallet("System", 0, vec![system])
		},
		PalletMetadata {
			calls: Some(PalletCallMetadata {
				ty: meta_type::<SubtensorCall>(),
			}),
			event: Some(PalletEventMetadata {
				ty: meta_type::<SubtensorEvent>(),
			}),
			error: Some(PalletErrorMetadata {
				ty: meta_type::<SubtensorError>(),
			}),
			..pallet("SubtensorModule", 7, subtensor)
		},
		PalletMetadata {
			calls: Some(PalletCallMetadata {
				ty: meta_type::<SudoCall>(),
			}),
			event: Some(PalletEventMetadata {
				ty: meta_type::<SudoEvent>(),
			}),
			..pallet("Sudo", 12, Vec::new())
		},
		pallet("Timestamp", 2, vec![self::plain::<u64>("Now", 0u64.encode())]),
		PalletMetadata {
			constants: vec![slot_duration()],
			..pallet("Aura", 3, Vec::new())
		},
		pallet("Drand", 26, drand),
	]
}

fn extension(identifier: &'static str, ty: MetaType, additional: MetaType) -> SignedExtensionMetadata {
	SignedExtensionMetadata {
		identifier,
		ty,
		additional_signed: additional,
	}
}

fn extrinsic() -> ExtrinsicMetadata {
	let nothing = meta_type::<()>;
	ExtrinsicMetadata {
		version: 4,
		address_ty: meta_type::<MultiAddress>(),
		call_ty: meta_type::<RuntimeCall>(),
		signature_ty: meta_type::<MultiSignature>(),
		extra_ty: nothing(),
		signed_extensions: vec![
			extension("CheckNonZeroSender", nothing(), nothing()),
			extension("CheckSpecVersion", nothing(), meta_type::<u32>()),
			extension("CheckTxVersion", nothing(), meta_type::<u32>()),
			extension("CheckGenesis", nothing(), meta_type::<[u8; 32]>()),
			extension("CheckMortality", meta_type::<[u8; 2]>(), meta_type::<[u8; 32]>()),
			extension("CheckNonce", meta_type::<Compact<u32>>(), nothing()),
			extension("CheckWeight", nothing(), nothing()),
			extension("ChargeTransactionPayment", meta_type::<Compact<u64>>(), nothing()),
			extension("WeightReclaim", nothing(), nothing()),
		],
	}
}

/// The metadata as a node hands it out.
pub(super) fn encoded() -> Vec<u8> {
	let neurons = RuntimeApiMethodMetadata {
		name: "get_neurons_lite",
		inputs: vec![RuntimeApiMethodParamMetadata {
			name: "netuid",
			ty: meta_type::<NetUid>(),
		}],
		output: meta_type::<Vec<RuntimeNeuron>>(),
		docs: Vec::new(),
	};
	let next_epoch = RuntimeApiMethodMetadata {
		name: "get_next_epoch_start_block",
		inputs: vec![RuntimeApiMethodParamMetadata {
			name: "netuid",
			ty: meta_type::<NetUid>(),
		}],
		output: meta_type::<Option<u64>>(),
		docs: Vec::new(),
	};
	let metadata = RuntimeMetadataV15::new(
		pallets(),
		extrinsic(),
		meta_type::<()>(),
		vec![
			RuntimeApiMetadata {
				name: "NeuronInfoRuntimeApi",
				methods: vec![neurons],
				docs: Vec::new(),
			},
			RuntimeApiMetadata {
				name: "SubnetInfoRuntimeApi",
				methods: vec![next_epoch],
				docs: Vec::new(),
			},
		],
		OuterEnums {
			call_enum_ty: meta_type::<RuntimeCall>(),
			event_enum_ty: meta_type::<RuntimeEvent>(),
			error_enum_ty: meta_type::<SubtensorError>(),
		},
		CustomMetadata {
			map: Default::default(),
		},
	);
	RuntimeMetadataPrefixed::from(metadata).encode()
}
