//! Types as a runtime declares them, with its newtypes and compact numbers.

use codec::{Compact, CompactAs, Encode};
use scale_info::{Path, Type, TypeInfo, build::Fields, build::Variants};

macro_rules! newtype {
	($name:ident, $inner:ty) => {
		#[derive(Copy, Clone, Encode, TypeInfo)]
		pub(crate) struct $name(pub(crate) $inner);
		impl CompactAs for $name {
			type As = $inner;
			fn encode_as(&self) -> &$inner {
				&self.0
			}
			fn decode_from(value: $inner) -> Result<Self, codec::Error> {
				Ok(Self(value))
			}
		}
		impl From<Compact<$name>> for $name {
			fn from(value: Compact<$name>) -> Self {
				value.0
			}
		}
	};
}
newtype!(NetUid, u16);
newtype!(AlphaBalance, u64);

#[derive(Copy, Clone, Encode, TypeInfo)]
pub(crate) struct RuntimeAccount(pub(crate) [u8; 32]);
#[derive(Encode, TypeInfo)]
pub(crate) struct BoundedVec(pub(crate) Vec<u8>);
#[derive(Encode, TypeInfo)]
pub(crate) struct RuntimeCertificate {
	pub(crate) public_key: BoundedVec,
	pub(crate) algorithm: u8,
}
#[derive(Copy, Clone, Encode, TypeInfo)]
pub(crate) struct RuntimeAxon {
	pub(crate) block: u64,
	pub(crate) version: u32,
	pub(crate) ip: u128,
	pub(crate) port: u16,
	pub(crate) ip_type: u8,
	pub(crate) protocol: u8,
	pub(crate) placeholder1: u8,
	pub(crate) placeholder2: u8,
}
#[derive(Encode, TypeInfo)]
pub(crate) struct RuntimePrometheus {
	pub(crate) block: u64,
	pub(crate) version: u32,
	pub(crate) ip: u128,
	pub(crate) port: u16,
	pub(crate) ip_type: u8,
}
#[derive(Encode, TypeInfo)]
pub(crate) struct RuntimeNeuron {
	pub(crate) hotkey: RuntimeAccount,
	pub(crate) coldkey: RuntimeAccount,
	#[codec(compact)]
	pub(crate) uid: u16,
	#[codec(compact)]
	pub(crate) netuid: NetUid,
	pub(crate) active: bool,
	pub(crate) axon_info: RuntimeAxon,
	pub(crate) prometheus_info: RuntimePrometheus,
	pub(crate) stake: Vec<(RuntimeAccount, Compact<AlphaBalance>)>,
	#[codec(compact)]
	pub(crate) rank: u16,
	#[codec(compact)]
	pub(crate) emission: AlphaBalance,
	#[codec(compact)]
	pub(crate) incentive: u16,
	#[codec(compact)]
	pub(crate) consensus: u16,
	#[codec(compact)]
	pub(crate) trust: u16,
	#[codec(compact)]
	pub(crate) validator_trust: u16,
	#[codec(compact)]
	pub(crate) dividends: u16,
	#[codec(compact)]
	pub(crate) last_update: u64,
	pub(crate) validator_permit: bool,
	#[codec(compact)]
	pub(crate) pruning_score: u16,
}

impl RuntimeNeuron {
	/// A neuron of subnet 3 with its scores set and no axon.
	pub(crate) fn sample(uid: u16) -> Self {
		let account = |seed: u8| RuntimeAccount([seed; 32]);
		let staked = |seed, amount| (account(seed), Compact(AlphaBalance(amount)));
		let [uid_byte, _] = uid.to_le_bytes();
		Self {
			hotkey: account(100 + uid_byte),
			coldkey: account(200),
			uid,
			netuid: NetUid(3),
			active: true,
			axon_info: RuntimeAxon {
				block: 0,
				version: 0,
				ip: 0,
				port: 0,
				ip_type: 0,
				protocol: 0,
				placeholder1: 0,
				placeholder2: 0,
			},
			prometheus_info: RuntimePrometheus {
				block: 0,
				version: 0,
				ip: 0,
				port: 0,
				ip_type: 0,
			},
			stake: vec![staked(200, 5_000_000_000), staked(201, 7)],
			rank: 1,
			emission: AlphaBalance(123_456_789_000),
			incentive: 20_000,
			consensus: 40_000,
			trust: 2,
			validator_trust: 65_535,
			dividends: 30_000,
			last_update: 1_000,
			validator_permit: uid == 1,
			pruning_score: 9,
		}
	}
}

newtype!(TaoBalance, u64);

/// A value of `System.Account`.
#[derive(Encode, TypeInfo)]
pub(crate) struct AccountInfo {
	pub(crate) nonce: u32,
	pub(crate) data: AccountData,
}
#[derive(Encode, TypeInfo)]
pub(crate) struct AccountData {
	pub(crate) free: TaoBalance,
	pub(crate) reserved: TaoBalance,
}

#[derive(TypeInfo)]
#[expect(dead_code, reason = "only its shape is used")]
pub(crate) enum MultiAddress {
	Id(RuntimeAccount),
}
#[derive(TypeInfo)]
#[expect(dead_code, reason = "only its shape is used")]
pub(crate) enum MultiSignature {
	#[codec(index = 1)]
	Sr25519([u8; 64]),
}

/// What a call can fail with: the part of it that the tests use, under the name that subxt looks for.
#[derive(Encode)]
pub(crate) enum DispatchError {
	#[codec(index = 2)]
	BadOrigin,
	#[codec(index = 3)]
	Module { index: u8, error: [u8; 4] },
}
impl TypeInfo for DispatchError {
	type Identity = Self;
	fn type_info() -> Type {
		Type::builder().path(Path::new("DispatchError", "sp_runtime")).variant(
			Variants::new()
				.variant("BadOrigin", |variant| variant.index(2))
				.variant("Module", |variant| {
					variant
						.index(3)
						.fields(Fields::unnamed().field(|field| field.ty::<ModuleError>()))
				}),
		)
	}
}
#[derive(TypeInfo)]
#[expect(dead_code, reason = "only its shape is used")]
pub(crate) struct ModuleError {
	index: u8,
	error: [u8; 4],
}

/// The pallets' errors, calls and events.
#[derive(TypeInfo)]
#[scale_info(capture_docs = "always")]
#[expect(dead_code, reason = "only its shape is used")]
pub(crate) enum SubtensorError {
	/// The subnet does not exist.
	SubnetNotExists,
	/// Weights come
	/// too fast.
	SettingWeightsTooFast,
}
#[derive(TypeInfo)]
#[expect(dead_code, non_camel_case_types, reason = "only its shape is used")]
pub(crate) enum SubtensorCall {
	register_network {
		hotkey: RuntimeAccount,
	},
	burned_register {
		netuid: NetUid,
		hotkey: RuntimeAccount,
	},
	set_weights {
		netuid: NetUid,
		dests: Vec<u16>,
		weights: Vec<u16>,
		version_key: u64,
	},
	commit_timelocked_weights {
		netuid: NetUid,
		commit: BoundedVec,
		reveal_round: u64,
		commit_reveal_version: u16,
	},
}
/// The beacon that a chain follows.
#[derive(Encode, TypeInfo)]
pub(crate) struct BeaconConfiguration {
	pub(crate) public_key: BoundedVec,
	pub(crate) period: u32,
	pub(crate) genesis_time: u32,
	pub(crate) hash: BoundedVec,
	pub(crate) group_hash: BoundedVec,
	pub(crate) scheme_id: BoundedVec,
	pub(crate) metadata: BeaconMetadata,
}
#[derive(Encode, TypeInfo)]
pub(crate) struct BeaconMetadata {
	pub(crate) beacon_id: BoundedVec,
}

impl BeaconConfiguration {
	/// One with this key, whose rounds come every 3 seconds since second 1,000.
	pub(crate) fn with_key(public_key: Vec<u8>) -> Self {
		let nothing = || BoundedVec(Vec::new());
		Self {
			public_key: BoundedVec(public_key),
			period: 3,
			genesis_time: 1_000,
			hash: nothing(),
			group_hash: nothing(),
			scheme_id: BoundedVec(b"bls-unchained-g1-rfc9380".to_vec()),
			metadata: BeaconMetadata { beacon_id: nothing() },
		}
	}
}

#[derive(TypeInfo)]
#[expect(dead_code, non_camel_case_types, reason = "only its shape is used")]
pub(crate) enum SudoCall {
	sudo { call: Box<RuntimeCall> },
}
#[derive(TypeInfo)]
#[expect(dead_code, reason = "only its shape is used")]
pub(crate) enum RuntimeCall {
	#[codec(index = 7)]
	SubtensorModule(SubtensorCall),
	#[codec(index = 12)]
	Sudo(SudoCall),
}
#[derive(Encode, TypeInfo)]
pub(crate) enum SystemEvent {
	ExtrinsicSuccess,
	ExtrinsicFailed(DispatchError),
}
#[derive(Encode, TypeInfo)]
pub(crate) enum SubtensorEvent {
	NetworkAdded(NetUid, u16),
}
#[derive(Encode, TypeInfo)]
pub(crate) enum SudoEvent {
	Sudid { sudo_result: Result<(), DispatchError> },
}
#[derive(Encode, TypeInfo)]
pub(crate) enum RuntimeEvent {
	#[codec(index = 0)]
	System(SystemEvent),
	#[codec(index = 7)]
	SubtensorModule(SubtensorEvent),
	#[codec(index = 12)]
	Sudo(SudoEvent),
}
