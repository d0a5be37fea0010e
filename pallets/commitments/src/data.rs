//! What a commitment consists of.

use alloc::{vec, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, Error, Input, MaxEncodedLen, Output};
use frame_support::{BoundedVec, traits::ConstU32};
use ganglion_primitives::TaoBalance;
use scale_info::{Field, MetaType, Path, Type, TypeDefVariant, TypeInfo, Variant, meta_type};

/// Longest `Raw` field, in bytes.
pub const MAX_RAW_BYTES: u32 = 128;
/// Longest `BigRaw` field, in bytes.
pub const MAX_BIG_RAW_BYTES: u32 = 512;
/// Longest timelocked field, in bytes.
pub const MAX_TIMELOCKED_BYTES: u32 = 1_024;
/// Most fields of a commitment.
pub const MAX_FIELDS: u32 = 4;

/// Bytes that even a small commitment takes of its author's space.
pub const MIN_SPACE: u32 = 100;

const RAW: u8 = 1;
const BLAKE2: u8 = 130;
const SHA2: u8 = 131;
const KECCAK: u8 = 132;
const SHA3: u8 = 133;
const TIMELOCKED: u8 = 134;
const RESET_BONDS: u8 = 135;
const BIG_RAW: u8 = 136;

/// One field. On the wire a `Raw` field of `n` bytes is a variant of its own, `Raw0` to `Raw128`, without a length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
	/// Nothing.
	None,
	/// Up to [`MAX_RAW_BYTES`] bytes.
	Raw(BoundedVec<u8, ConstU32<MAX_RAW_BYTES>>),
	/// BLAKE2b-256 of something.
	BlakeTwo256([u8; 32]),
	/// SHA-256 of something.
	Sha256([u8; 32]),
	/// Keccak-256 of something.
	Keccak256([u8; 32]),
	/// SHA3-256 of something.
	ShaThree256([u8; 32]),
	/// What the chain opens and publishes when a round of the beacon has come.
	TimelockEncrypted {
		/// The ciphertext, as the SDK makes it.
		encrypted: BoundedVec<u8, ConstU32<MAX_TIMELOCKED_BYTES>>,
		/// The round.
		reveal_round: u64,
	},
	/// Asks that validators' bonds in the neuron start anew, where the subnet allows it.
	ResetBondsFlag,
	/// Up to [`MAX_BIG_RAW_BYTES`] bytes.
	BigRaw(BoundedVec<u8, ConstU32<MAX_BIG_RAW_BYTES>>),
}

impl Data {
	/// Bytes that the field takes of its author's space.
	#[must_use]
	pub fn space(&self) -> u32 {
		let length = match self {
			Self::None | Self::ResetBondsFlag => 0,
			Self::Raw(bytes) => bytes.len(),
			Self::BigRaw(bytes) => bytes.len(),
			Self::BlakeTwo256(hash) | Self::Sha256(hash) | Self::Keccak256(hash) | Self::ShaThree256(hash) => {
				hash.len()
			}
			Self::TimelockEncrypted { encrypted, .. } => encrypted.len(),
		};
		u32::try_from(length).unwrap_or(u32::MAX)
	}
}

impl Encode for Data {
	fn encode_to<Out: Output + ?Sized>(&self, out: &mut Out) {
		let hash = |out: &mut Out, index: u8, hash: &[u8; 32]| {
			out.push_byte(index);
			out.write(hash);
		};
		match self {
			Self::None => out.push_byte(0),
			Self::Raw(bytes) => {
				let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
				out.push_byte(length.saturating_add(RAW));
				out.write(bytes);
			}
			Self::BlakeTwo256(bytes) => hash(out, BLAKE2, bytes),
			Self::Sha256(bytes) => hash(out, SHA2, bytes),
			Self::Keccak256(bytes) => hash(out, KECCAK, bytes),
			Self::ShaThree256(bytes) => hash(out, SHA3, bytes),
			Self::TimelockEncrypted {
				encrypted,
				reveal_round,
			} => {
				out.push_byte(TIMELOCKED);
				encrypted.encode_to(out);
				reveal_round.encode_to(out);
			}
			Self::ResetBondsFlag => out.push_byte(RESET_BONDS),
			Self::BigRaw(bytes) => {
				out.push_byte(BIG_RAW);
				bytes.encode_to(out);
			}
		}
	}
}

impl codec::EncodeLike for Data {}

impl Decode for Data {
	fn decode<In: Input>(input: &mut In) -> Result<Self, Error> {
		Ok(match input.read_byte()? {
			0 => Self::None,
			raw @ RAW..BLAKE2 => {
				let mut bytes = Vec::new();
				for _ in RAW..raw {
					bytes.push(input.read_byte()?);
				}
				Self::Raw(BoundedVec::try_from(bytes).map_err(|_| "a raw field is too long")?)
			}
			BLAKE2 => Self::BlakeTwo256(Decode::decode(input)?),
			SHA2 => Self::Sha256(Decode::decode(input)?),
			KECCAK => Self::Keccak256(Decode::decode(input)?),
			SHA3 => Self::ShaThree256(Decode::decode(input)?),
			TIMELOCKED => Self::TimelockEncrypted {
				encrypted: Decode::decode(input)?,
				reveal_round: Decode::decode(input)?,
			},
			RESET_BONDS => Self::ResetBondsFlag,
			BIG_RAW => Self::BigRaw(Decode::decode(input)?),
			_ => return Err("no such kind of field".into()),
		})
	}
}

impl DecodeWithMemTracking for Data {}

impl MaxEncodedLen for Data {
	fn max_encoded_len() -> usize {
		// The longest is a timelocked field: its index, its bytes and their length, and the round.
		BoundedVec::<u8, ConstU32<MAX_TIMELOCKED_BYTES>>::max_encoded_len()
			.saturating_add(u64::max_encoded_len())
			.saturating_add(1)
	}
}

/// Calls a macro with the lengths of all raw fields.
macro_rules! raw_lengths {
	($callback:ident) => {
		$callback!(
			0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40
			41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78
			79 80 81 82 83 84 85 86 87 88 89 90 91 92 93 94 95 96 97 98 99 100 101 102 103 104 105 106 107 108 109 110 111 112
			113 114 115 116 117 118 119 120 121 122 123 124 125 126 127 128
		)
	};
}

/// The variants of raw fields: `Raw0` to `Raw128`, each an array of so many bytes.
fn raw_variants() -> Vec<Variant> {
	macro_rules! variants {
		($($length:literal)*) => {
			vec![$((concat!("Raw", $length), $length, meta_type::<[u8; $length]>())),*]
		};
	}
	let variants: Vec<(&str, u8, MetaType)> = raw_lengths!(variants);
	variants
		.into_iter()
		.map(|(name, length, bytes)| variant(name, length.saturating_add(RAW), vec![(None, bytes)]))
		.collect()
}

fn variant(name: &'static str, index: u8, fields: Vec<(Option<&'static str>, MetaType)>) -> Variant {
	let fields = fields
		.into_iter()
		.map(|(name, kind)| Field::new(name, kind, None, Vec::new()))
		.collect();
	Variant::new(name, fields, index, Vec::new())
}

impl TypeInfo for Data {
	type Identity = Self;

	fn type_info() -> Type {
		let hash = || vec![(None, meta_type::<[u8; 32]>())];
		let timelocked = vec![
			(
				Some("encrypted"),
				meta_type::<BoundedVec<u8, ConstU32<MAX_TIMELOCKED_BYTES>>>(),
			),
			(Some("reveal_round"), meta_type::<u64>()),
		];
		let big_raw = vec![(None, meta_type::<BoundedVec<u8, ConstU32<MAX_BIG_RAW_BYTES>>>())];
		let mut variants = vec![variant("None", 0, Vec::new())];
		variants.extend(raw_variants());
		variants.extend([
			variant("BlakeTwo256", BLAKE2, hash()),
			variant("Sha256", SHA2, hash()),
			variant("Keccak256", KECCAK, hash()),
			variant("ShaThree256", SHA3, hash()),
			variant("TimelockEncrypted", TIMELOCKED, timelocked),
			variant("ResetBondsFlag", RESET_BONDS, Vec::new()),
			variant("BigRaw", BIG_RAW, big_raw),
		]);
		Type::new(
			Path::new("Data", module_path!()),
			Vec::new(),
			TypeDefVariant::new(variants),
			Vec::new(),
		)
	}
}

/// What a neuron publishes at once.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct CommitmentInfo {
	/// The fields.
	pub fields: BoundedVec<Data, ConstU32<MAX_FIELDS>>,
}

impl CommitmentInfo {
	/// Bytes that the commitment takes of its author's space: its fields', at least [`MIN_SPACE`].
	#[must_use]
	pub fn space(&self) -> u32 {
		self.fields
			.iter()
			.map(Data::space)
			.fold(0, u32::saturating_add)
			.max(MIN_SPACE)
	}

	/// The rounds that the timelocked fields wait for.
	pub(crate) fn rounds(&self) -> impl Iterator<Item = u64> + '_ {
		self.fields.iter().filter_map(|field| match field {
			Data::TimelockEncrypted { reveal_round, .. } => Some(*reveal_round),
			_ => None,
		})
	}
}

/// What a neuron published.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Registration {
	/// Deposit; this chain takes none.
	pub deposit: TaoBalance,
	/// Block in which it was published.
	pub block: u32,
	/// What it is.
	pub info: CommitmentInfo,
}

/// How much of its space a neuron has used.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct UsageTracker {
	/// The epoch of the last commitment.
	pub last_epoch: u64,
	/// Bytes used in it.
	pub used_space: u64,
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn data() -> impl Strategy<Value = Data> {
		let bytes = |most: u32| proptest::collection::vec(any::<u8>(), 0..=most as usize);
		prop_oneof![
			Just(Data::None),
			Just(Data::ResetBondsFlag),
			bytes(MAX_RAW_BYTES).prop_map(|bytes| Data::Raw(BoundedVec::truncate_from(bytes))),
			bytes(MAX_BIG_RAW_BYTES).prop_map(|bytes| Data::BigRaw(BoundedVec::truncate_from(bytes))),
			any::<[u8; 32]>().prop_map(Data::BlakeTwo256),
			any::<[u8; 32]>().prop_map(Data::Sha256),
			any::<[u8; 32]>().prop_map(Data::Keccak256),
			any::<[u8; 32]>().prop_map(Data::ShaThree256),
			(bytes(MAX_TIMELOCKED_BYTES), any::<u64>()).prop_map(|(bytes, reveal_round)| Data::TimelockEncrypted {
				encrypted: BoundedVec::truncate_from(bytes),
				reveal_round,
			}),
		]
	}

	proptest! {
		#[test]
		fn a_field_survives_its_encoding(data in data()) {
			let bytes = data.encode();
			prop_assert!(bytes.len() <= Data::max_encoded_len());
			prop_assert_eq!(Data::decode(&mut &bytes[..]), Ok(data));
		}

		#[test]
		fn no_bytes_make_decoding_panic(bytes: Vec<u8>) {
			if let Ok(data) = Data::decode(&mut &bytes[..]) {
				// A length may be written in more bytes than it needs.
				prop_assert_eq!(Data::decode(&mut &data.encode()[..]), Ok(data));
			}
		}
	}

	#[test]
	fn clients_see_a_variant_for_each_length() {
		let scale_info::TypeDef::Variant(variants) = Data::type_info().type_def else {
			unreachable!("an enum")
		};
		let index = |name: &str| {
			variants
				.variants
				.iter()
				.find(|variant| variant.name == name)
				.map(|v| v.index)
		};
		assert_eq!(index("Raw0"), Some(1));
		assert_eq!(index("Raw128"), Some(129));
		assert_eq!(index("BigRaw"), Some(136));
		let raw = Data::Raw(BoundedVec::truncate_from(vec![7; 5]));
		assert_eq!(index("Raw5"), Some(raw.encode()[0]));
	}
}
