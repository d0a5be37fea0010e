//! Pulses and the description of a beacon, in the names and shapes that clients of the network know.

use alloc::{string::String, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ganglion_primitives::BeaconSignature;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::{Bytes, ConstU32};
use sp_runtime::BoundedVec;
use timelock::{PublicKey, Schedule, SecretKey, development, quicknet};

/// Most pulses of one call.
pub const MAX_PULSES_PER_CALL: u32 = 8;

/// A hash: a chain's, a group's or a round's randomness. 32 bytes.
pub type BoundedHash = BoundedVec<u8, ConstU32<32>>;
/// A beacon's public key: 96 bytes.
pub type OpaquePublicKey = BoundedVec<u8, ConstU32<96>>;
/// A short name.
pub type BoundedName = BoundedVec<u8, ConstU32<32>>;

/// What a beacon published for a round.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Pulse {
	/// The number of the round; the first is 1.
	pub round: u64,
	/// The SHA-256 hash of the signature: 32 bytes.
	pub randomness: BoundedHash,
	/// The beacon's signature of the round's number: a compressed point of G1, 48 bytes.
	pub signature: BeaconSignature,
}

/// The pulses of one call, by ascending round.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct PulsesPayload {
	/// The pulses.
	pub pulses: BoundedVec<Pulse, ConstU32<MAX_PULSES_PER_CALL>>,
}

/// Names of a beacon.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Metadata {
	/// The name of the beacon among those of the same operators.
	pub beacon_id: BoundedName,
}

/// The beacon that a chain follows.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct BeaconConfiguration {
	/// The key that the beacon's signatures verify with: a compressed point of G2, 96 bytes.
	pub public_key: OpaquePublicKey,
	/// Seconds between rounds.
	pub period: u32,
	/// When round 1 came, in seconds since 1970.
	pub genesis_time: u32,
	/// The hash that names the beacon in its HTTP interface.
	pub hash: BoundedHash,
	/// The hash of the group that runs the beacon.
	pub group_hash: BoundedHash,
	/// The signature scheme; only `bls-unchained-g1-rfc9380` is supported.
	pub scheme_id: BoundedName,
	/// Names.
	pub metadata: Metadata,
}

impl BeaconConfiguration {
	/// A description from its parts; those that are too long are cut off, and so found invalid by [`Self::validate`].
	fn of(schedule: Schedule, public_key: &[u8], hash: [u8; 32], group_hash: [u8; 32], beacon_id: &str) -> Self {
		Self {
			public_key: OpaquePublicKey::truncate_from(public_key.to_vec()),
			period: u32::try_from(schedule.period).unwrap_or_default(),
			genesis_time: u32::try_from(schedule.genesis_time).unwrap_or_default(),
			hash: BoundedHash::truncate_from(hash.to_vec()),
			group_hash: BoundedHash::truncate_from(group_hash.to_vec()),
			scheme_id: BoundedName::truncate_from(quicknet::SCHEME_ID.as_bytes().to_vec()),
			metadata: Metadata {
				beacon_id: BoundedName::truncate_from(beacon_id.as_bytes().to_vec()),
			},
		}
	}

	/// The public beacon `quicknet`, which the SDK encrypts to.
	#[must_use]
	pub fn quicknet() -> Self {
		Self::of(
			quicknet::SCHEDULE,
			&quicknet::PUBLIC_KEY,
			quicknet::CHAIN_HASH,
			quicknet::GROUP_HASH,
			quicknet::BEACON_ID,
		)
	}

	/// A beacon for development, of whose key everybody knows the secret: that of [`development::SEED`].
	///
	/// Its rounds come when those of quicknet come, so that clients which count quicknet's rounds name rounds that
	/// come at the time they think of.
	#[must_use]
	pub fn development() -> Self {
		let key = SecretKey::from_seed(development::SEED).public();
		// A point of our own making always encodes; were it not so, the description would be found invalid.
		let key = key.to_bytes().map_or_else(|_| Vec::new(), |bytes| bytes.to_vec());
		let (schedule, group_hash, name) = (development::SCHEDULE, development::GROUP_HASH, development::BEACON_ID);
		Self::of(
			schedule,
			&key,
			schedule.chain_hash(&key, &group_hash, name),
			group_hash,
			name,
		)
	}

	/// When its rounds come.
	#[must_use]
	pub fn schedule(&self) -> Schedule {
		Schedule {
			genesis_time: self.genesis_time.into(),
			period: self.period.into(),
		}
	}

	/// Whether pulses of this beacon can be verified: the key is one, time passes between rounds, the hash has 32 bytes
	/// and the scheme is the supported one.
	///
	/// # Errors
	/// What is wrong.
	pub fn validate(&self) -> Result<(), &'static str> {
		if self.period == 0 {
			return Err("the period has to be at least a second");
		}
		if self.hash.len() != 32 {
			return Err("the chain hash has to have 32 bytes");
		}
		if self.scheme_id.as_slice() != quicknet::SCHEME_ID.as_bytes() {
			return Err("the only supported scheme is bls-unchained-g1-rfc9380");
		}
		PublicKey::from_bytes(&self.public_key)
			.map(|_| ())
			.map_err(|_| "the public key is no compressed point of G2")
	}
}

/// Quicknet.
impl Default for BeaconConfiguration {
	fn default() -> Self {
		Self::quicknet()
	}
}

/// A [`BeaconConfiguration`] as genesis and drand's `info` page write it: bytes are hexadecimal strings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GenesisBeacon {
	/// The public key, 96 bytes.
	pub public_key: Bytes,
	/// Seconds between rounds.
	pub period: u32,
	/// When round 1 came, in seconds since 1970.
	pub genesis_time: u32,
	/// The hash that names the beacon, 32 bytes.
	pub hash: Bytes,
	/// The hash of the group that runs it.
	pub group_hash: Bytes,
	/// The signature scheme.
	pub scheme_id: String,
	/// The beacon's name.
	pub beacon_id: String,
}

impl Default for GenesisBeacon {
	fn default() -> Self {
		BeaconConfiguration::default().into()
	}
}

impl From<BeaconConfiguration> for GenesisBeacon {
	fn from(beacon: BeaconConfiguration) -> Self {
		Self {
			public_key: Bytes(beacon.public_key.into_inner()),
			period: beacon.period,
			genesis_time: beacon.genesis_time,
			hash: Bytes(beacon.hash.into_inner()),
			group_hash: Bytes(beacon.group_hash.into_inner()),
			scheme_id: String::from_utf8_lossy(&beacon.scheme_id).into_owned(),
			beacon_id: String::from_utf8_lossy(&beacon.metadata.beacon_id).into_owned(),
		}
	}
}

impl TryFrom<GenesisBeacon> for BeaconConfiguration {
	type Error = &'static str;

	fn try_from(beacon: GenesisBeacon) -> Result<Self, Self::Error> {
		let too_long = "a part of the beacon's description is too long";
		let beacon = Self {
			public_key: beacon.public_key.0.try_into().map_err(|_| too_long)?,
			period: beacon.period,
			genesis_time: beacon.genesis_time,
			hash: beacon.hash.0.try_into().map_err(|_| too_long)?,
			group_hash: beacon.group_hash.0.try_into().map_err(|_| too_long)?,
			scheme_id: beacon.scheme_id.into_bytes().try_into().map_err(|_| too_long)?,
			metadata: Metadata {
				beacon_id: beacon.beacon_id.into_bytes().try_into().map_err(|_| too_long)?,
			},
		};
		beacon.validate()?;
		Ok(beacon)
	}
}
