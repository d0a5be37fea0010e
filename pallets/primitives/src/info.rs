//! The records that the runtime APIs return. Field names, their order and their types are those that
//! clients of the network decode.

use crate::{AlphaBalance, NetUid, TaoBalance};
use alloc::vec::Vec;
use codec::{Compact, Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::{AccountId32, BoundedVec};

/// Largest public key of a certificate, in bytes.
pub const MAX_CERTIFICATE_KEY_BYTES: u32 = 64;

/// The public key under which a neuron proves its identity on the wire.
///
/// A call carries it as the algorithm byte followed by the key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct NeuronCertificate {
	/// Public key.
	pub public_key: BoundedVec<u8, ConstU32<MAX_CERTIFICATE_KEY_BYTES>>,
	/// Number of the algorithm.
	pub algorithm: u8,
}

impl NeuronCertificate {
	/// Splits the bytes of a call: the algorithm, then 1 to [`MAX_CERTIFICATE_KEY_BYTES`] bytes of key.
	pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
		let (algorithm, key) = bytes.split_first()?;
		if key.is_empty() {
			return None;
		}
		let public_key = BoundedVec::try_from(key.to_vec()).ok()?;
		Some(Self {
			public_key,
			algorithm: *algorithm,
		})
	}
}

/// Where a neuron serves requests.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct AxonInfo {
	/// Block at which it was published.
	pub block: u64,
	/// Version of the software, as its owner states it.
	pub version: u32,
	/// Address: an IPv4 address in the low 32 bits, or an IPv6 address.
	pub ip: u128,
	/// Port.
	pub port: u16,
	/// 4 or 6.
	pub ip_type: u8,
	/// Transport protocol, as its owner states it.
	pub protocol: u8,
	/// Free for the owner to use.
	pub placeholder1: u8,
	/// Free for the owner to use.
	pub placeholder2: u8,
}

/// Where a neuron serves metrics; all zero where it does not.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct PrometheusInfo {
	/// Block at which it was published.
	pub block: u64,
	/// Version of the software, as its owner states it.
	pub version: u32,
	/// Address: an IPv4 address in the low 32 bits, or an IPv6 address.
	pub ip: u128,
	/// Port.
	pub port: u16,
	/// 4 or 6.
	pub ip_type: u8,
}

/// A neuron with its weights and bonds.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct NeuronInfo {
	/// Hotkey that holds the uid.
	pub hotkey: AccountId32,
	/// Owner of the hotkey.
	pub coldkey: AccountId32,
	/// Number of the neuron.
	pub uid: Compact<u16>,
	/// Subnet.
	pub netuid: Compact<NetUid>,
	/// Whether it set weights within the activity cutoff, at the last epoch.
	pub active: bool,
	/// Where it serves requests; all zero where it does not.
	pub axon_info: AxonInfo,
	/// Where it serves metrics; all zero where it does not.
	pub prometheus_info: PrometheusInfo,
	/// Stake on the hotkey by coldkey: one entry, the whole stake on the hotkey under its owner.
	pub stake: Vec<(AccountId32, Compact<AlphaBalance>)>,
	/// Not computed any more; zero.
	pub rank: Compact<u16>,
	/// Alpha of the last epoch.
	pub emission: Compact<AlphaBalance>,
	/// Miner share of the last epoch, of 65535.
	pub incentive: Compact<u16>,
	/// Consensus weight of the last epoch, of 65535.
	pub consensus: Compact<u16>,
	/// Not computed any more; zero.
	pub trust: Compact<u16>,
	/// Row sum of the clipped weights, of 65535.
	pub validator_trust: Compact<u16>,
	/// Validator share of the last epoch, of 65535.
	pub dividends: Compact<u16>,
	/// Block of its last weights, or of its registration.
	pub last_update: Compact<u64>,
	/// Whether it may set weights.
	pub validator_permit: bool,
	/// The weights it set: (uid, weight of 65535).
	pub weights: Vec<(Compact<u16>, Compact<u16>)>,
	/// Its bonds: (uid, bond of 65535).
	pub bonds: Vec<(Compact<u16>, Compact<u16>)>,
	/// Emission as a share of the largest one, of 65535: a full subnet replaces the lowest.
	pub pruning_score: Compact<u16>,
}

/// A neuron.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct NeuronInfoLite {
	/// Hotkey that holds the uid.
	pub hotkey: AccountId32,
	/// Owner of the hotkey.
	pub coldkey: AccountId32,
	/// Number of the neuron.
	pub uid: Compact<u16>,
	/// Subnet.
	pub netuid: Compact<NetUid>,
	/// Whether it set weights within the activity cutoff, at the last epoch.
	pub active: bool,
	/// Where it serves requests; all zero where it does not.
	pub axon_info: AxonInfo,
	/// Where it serves metrics; all zero where it does not.
	pub prometheus_info: PrometheusInfo,
	/// Stake on the hotkey by coldkey: one entry, the whole stake on the hotkey under its owner.
	pub stake: Vec<(AccountId32, Compact<AlphaBalance>)>,
	/// Not computed any more; zero.
	pub rank: Compact<u16>,
	/// Alpha of the last epoch.
	pub emission: Compact<AlphaBalance>,
	/// Miner share of the last epoch, of 65535.
	pub incentive: Compact<u16>,
	/// Consensus weight of the last epoch, of 65535.
	pub consensus: Compact<u16>,
	/// Not computed any more; zero.
	pub trust: Compact<u16>,
	/// Row sum of the clipped weights, of 65535.
	pub validator_trust: Compact<u16>,
	/// Validator share of the last epoch, of 65535.
	pub dividends: Compact<u16>,
	/// Block of its last weights, or of its registration.
	pub last_update: Compact<u64>,
	/// Whether it may set weights.
	pub validator_permit: bool,
	/// Emission as a share of the largest one, of 65535: a full subnet replaces the lowest.
	pub pruning_score: Compact<u16>,
}

/// One stake position.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct StakeInfo {
	/// Hotkey that the stake is on.
	pub hotkey: AccountId32,
	/// Coldkey that the stake belongs to.
	pub coldkey: AccountId32,
	/// Subnet.
	pub netuid: Compact<NetUid>,
	/// Alpha that a full withdrawal would pay now.
	pub stake: Compact<AlphaBalance>,
	/// Alpha that cannot be withdrawn.
	pub locked: Compact<u64>,
	/// Alpha that the hotkey's uid got in the last epoch.
	pub emission: Compact<AlphaBalance>,
	/// TAO that the hotkey got in the last epoch; zero outside root.
	pub tao_emission: Compact<TaoBalance>,
	/// Not used; zero.
	pub drain: Compact<u64>,
	/// Whether the hotkey holds a uid on the subnet.
	pub is_registered: bool,
}

/// What claiming root dividends on one hotkey would do now.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct BasketClaimPreview {
	/// Hotkey.
	pub hotkey: AccountId32,
	/// Rao that selling all of it would bring.
	pub accrued_tao: u64,
	/// Rao that a claim brings: the same, or nothing where that is below the threshold.
	pub redeemable_tao: u64,
	/// Rao that a claim leaves to others: none.
	pub forfeited_tao_est: u64,
	/// Subnets that pay.
	pub rows: u32,
	/// Those whose alpha a claim sells.
	pub rows_to_sell: u32,
	/// Those whose alpha stays to be claimed.
	pub dust_rows: u32,
	/// Not used; zero.
	pub swept: u32,
	/// Not used; zero.
	pub flushed_credits: u32,
}

/// Longest name or link of an identity, in bytes.
pub const MAX_IDENTITY_NAME_BYTES: u32 = 256;
/// Longest description, image address or free text of an identity, in bytes.
pub const MAX_IDENTITY_TEXT_BYTES: u32 = 1_024;

/// A text of an identity, UTF-8.
pub type IdentityText = BoundedVec<u8, ConstU32<MAX_IDENTITY_TEXT_BYTES>>;

/// What a coldkey says about itself. A call carries texts of any length (`Vec<u8>`), storage those that are
/// [`IdentityText`]; both encode alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct ChainIdentityV2<Text = IdentityText> {
	/// Name.
	pub name: Text,
	/// Home page.
	pub url: Text,
	/// Source repository.
	pub github_repo: Text,
	/// Address of an image.
	pub image: Text,
	/// Discord contact.
	pub discord: Text,
	/// Free text.
	pub description: Text,
	/// Free text.
	pub additional: Text,
}

/// What the owner of a subnet says about it. See [`ChainIdentityV2`] for `Text`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct SubnetIdentityV3<Text = IdentityText> {
	/// Name.
	pub subnet_name: Text,
	/// Source repository.
	pub github_repo: Text,
	/// Contact.
	pub subnet_contact: Text,
	/// Home page.
	pub subnet_url: Text,
	/// Discord contact.
	pub discord: Text,
	/// Free text.
	pub description: Text,
	/// Address of a logo.
	pub logo_url: Text,
	/// Free text.
	pub additional: Text,
}

/// A text of at most so many bytes of UTF-8.
fn identity_text(bytes: Vec<u8>, longest: u32) -> Option<IdentityText> {
	let fits = u32::try_from(bytes.len()).is_ok_and(|length| length <= longest);
	let readable = core::str::from_utf8(&bytes).is_ok();
	(fits && readable).then(|| bytes.try_into().ok()).flatten()
}

fn name(bytes: Vec<u8>) -> Option<IdentityText> {
	identity_text(bytes, MAX_IDENTITY_NAME_BYTES)
}

fn text(bytes: Vec<u8>) -> Option<IdentityText> {
	identity_text(bytes, MAX_IDENTITY_TEXT_BYTES)
}

impl ChainIdentityV2<Vec<u8>> {
	/// The same identity as storage takes it; `None` where a text is too long ([`MAX_IDENTITY_NAME_BYTES`] for names and
	/// links, [`MAX_IDENTITY_TEXT_BYTES`] for the image and free texts) or is not UTF-8.
	pub fn bounded(self) -> Option<ChainIdentityV2> {
		Some(ChainIdentityV2 {
			name: name(self.name)?,
			url: name(self.url)?,
			github_repo: name(self.github_repo)?,
			image: text(self.image)?,
			discord: name(self.discord)?,
			description: text(self.description)?,
			additional: text(self.additional)?,
		})
	}
}

impl SubnetIdentityV3<Vec<u8>> {
	/// The same identity as storage takes it; `None` where a text is too long ([`MAX_IDENTITY_NAME_BYTES`] for names and
	/// links, [`MAX_IDENTITY_TEXT_BYTES`] for the logo and free texts) or is not UTF-8.
	pub fn bounded(self) -> Option<SubnetIdentityV3> {
		Some(SubnetIdentityV3 {
			subnet_name: name(self.subnet_name)?,
			github_repo: name(self.github_repo)?,
			subnet_contact: name(self.subnet_contact)?,
			subnet_url: name(self.subnet_url)?,
			discord: name(self.discord)?,
			description: text(self.description)?,
			logo_url: text(self.logo_url)?,
			additional: text(self.additional)?,
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn identities_of_calls_and_of_storage_encode_alike() {
		let typed = SubnetIdentityV3 {
			subnet_name: b"echo".to_vec(),
			description: vec![b'x'; 1_024],
			..Default::default()
		};
		let bytes = typed.encode();
		assert_eq!(typed.bounded().map(|stored| stored.encode()), Some(bytes));
	}

	#[test]
	fn texts_that_are_too_long_or_unreadable_are_refused() {
		let named = |name: Vec<u8>| ChainIdentityV2 {
			name,
			..Default::default()
		};
		assert!(named(vec![b'n'; 256]).bounded().is_some());
		assert_eq!(named(vec![b'n'; 257]).bounded(), None);
		assert_eq!(named(vec![0xff]).bounded(), None);
		let free = |text: Vec<u8>| ChainIdentityV2 {
			additional: text,
			..Default::default()
		};
		assert!(free(vec![b't'; 1_024]).bounded().is_some());
		assert_eq!(free(vec![b't'; 1_025]).bounded(), None);
	}

	#[test]
	fn a_certificate_needs_an_algorithm_and_a_key_of_at_most_64_bytes() {
		assert_eq!(NeuronCertificate::from_bytes(&[]), None);
		assert_eq!(NeuronCertificate::from_bytes(&[1]), None);
		assert_eq!(NeuronCertificate::from_bytes(&[1; 66]), None);
		let certificate = NeuronCertificate::from_bytes(&[1; 65]);
		assert_eq!(certificate.map(|c| (c.algorithm, c.public_key.len())), Some((1, 64)));
		let certificate = NeuronCertificate::from_bytes(&[1, 7]);
		assert_eq!(certificate.map(|c| c.public_key.into_inner()), Some(vec![7]));
	}
}
