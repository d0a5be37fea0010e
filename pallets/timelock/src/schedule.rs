//! When the rounds of a beacon come, and what names it.

use sha2::{Digest, Sha256};

/// When a beacon's rounds come: round 1 at `genesis_time`, and one more every `period` seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
	/// When round 1 came, in seconds since 1970.
	pub genesis_time: u64,
	/// Seconds between rounds; 0 counts as 1.
	pub period: u64,
}

impl Schedule {
	/// The last round that came at or before `unix_seconds`; 0 before the first.
	///
	/// ```
	/// let schedule = timelock::quicknet::SCHEDULE;
	/// assert_eq!(schedule.round_at(schedule.genesis_time - 1), 0);
	/// assert_eq!(schedule.round_at(schedule.genesis_time), 1);
	/// assert_eq!(schedule.round_at(schedule.genesis_time + 3), 2);
	/// ```
	#[must_use]
	pub const fn round_at(&self, unix_seconds: u64) -> u64 {
		match unix_seconds.checked_sub(self.genesis_time) {
			// A period of 0 has no quotient.
			Some(elapsed) => match elapsed.checked_div(self.period) {
				Some(rounds) => rounds.saturating_add(1),
				None => elapsed.saturating_add(1),
			},
			None => 0,
		}
	}

	/// When `round` comes, in seconds since 1970.
	#[must_use]
	pub const fn time_of(&self, round: u64) -> u64 {
		let period = if self.period == 0 { 1 } else { self.period };
		self.genesis_time
			.saturating_add(round.saturating_sub(1).saturating_mul(period))
	}

	/// The hash that names a beacon with this schedule: that of its `info` page.
	///
	/// SHA-256 of the period (four bytes), the genesis time (eight), the key, the group's hash and the beacon's name. A
	/// period that four bytes cannot hold counts as the longest one. Source: drand's `chain.Info.Hash`.
	///
	/// ```
	/// use timelock::quicknet::{BEACON_ID, CHAIN_HASH, GROUP_HASH, PUBLIC_KEY, SCHEDULE};
	///
	/// assert_eq!(SCHEDULE.chain_hash(&PUBLIC_KEY, &GROUP_HASH, BEACON_ID), CHAIN_HASH);
	/// ```
	#[must_use]
	pub fn chain_hash(&self, public_key: &[u8], group_hash: &[u8], beacon_id: &str) -> [u8; 32] {
		Sha256::new()
			.chain_update(u32::try_from(self.period).unwrap_or(u32::MAX).to_be_bytes())
			.chain_update(self.genesis_time.to_be_bytes())
			.chain_update(public_key)
			.chain_update(group_hash)
			.chain_update(beacon_id)
			.finalize()
			.into()
	}
}

/// The public beacon that Bittensor's SDK encrypts to: `quicknet` of the League of Entropy.
///
/// Source: `https://api.drand.sh/52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971/info`.
pub mod quicknet {
	use super::Schedule;
	use crate::PUBLIC_KEY_LEN;

	/// One round every three seconds since 23 August 2023.
	pub const SCHEDULE: Schedule = Schedule {
		genesis_time: 1_692_803_367,
		period: 3,
	};

	/// The hash that names the network in the HTTP interface.
	pub const CHAIN_HASH: [u8; 32] = [
		0x52, 0xdb, 0x9b, 0xa7, 0x0e, 0x0c, 0xc0, 0xf6, 0xea, 0xf7, 0x80, 0x3d, 0xd0, 0x74, 0x47, 0xa1, 0xf5, 0x47,
		0x77, 0x35, 0xfd, 0x3f, 0x66, 0x17, 0x92, 0xba, 0x94, 0x60, 0x0c, 0x84, 0xe9, 0x71,
	];

	/// The hash of the group that runs the network.
	pub const GROUP_HASH: [u8; 32] = [
		0xf4, 0x77, 0xd5, 0xc8, 0x9f, 0x21, 0xa1, 0x7c, 0x86, 0x3a, 0x7f, 0x93, 0x7c, 0x6a, 0x6d, 0x15, 0x85, 0x94,
		0x14, 0xd2, 0xbe, 0x09, 0xcd, 0x44, 0x8d, 0x42, 0x79, 0xaf, 0x33, 0x1c, 0x5d, 0x3e,
	];

	/// The name of the signature scheme: signatures on G1, hashing to the curve as in RFC 9380.
	pub const SCHEME_ID: &str = "bls-unchained-g1-rfc9380";

	/// The name of the network among those of the same operators.
	pub const BEACON_ID: &str = "quicknet";

	/// The network's public key, a compressed point of G2.
	pub const PUBLIC_KEY: [u8; PUBLIC_KEY_LEN] = [
		0x83, 0xcf, 0x0f, 0x28, 0x96, 0xad, 0xee, 0x7e, 0xb8, 0xb5, 0xf0, 0x1f, 0xca, 0xd3, 0x91, 0x22, 0x12, 0xc4,
		0x37, 0xe0, 0x07, 0x3e, 0x91, 0x1f, 0xb9, 0x00, 0x22, 0xd3, 0xe7, 0x60, 0x18, 0x3c, 0x8c, 0x4b, 0x45, 0x0b,
		0x6a, 0x0a, 0x6c, 0x3a, 0xc6, 0xa5, 0x77, 0x6a, 0x2d, 0x10, 0x64, 0x51, 0x0d, 0x1f, 0xec, 0x75, 0x8c, 0x92,
		0x1c, 0xc2, 0x2b, 0x0e, 0x17, 0xe6, 0x3a, 0xaf, 0x4b, 0xcb, 0x5e, 0xd6, 0x63, 0x04, 0xde, 0x9c, 0xf8, 0x09,
		0xbd, 0x27, 0x4c, 0xa7, 0x3b, 0xab, 0x4a, 0xf5, 0xa6, 0xe9, 0xc7, 0x6a, 0x4b, 0xc0, 0x9e, 0x76, 0xea, 0xe8,
		0x99, 0x1e, 0xf5, 0xec, 0xe4, 0x5a,
	];
}

/// A beacon for development: everybody knows its secret key, and so its future rounds.
///
/// Its rounds come when those of [`quicknet`] come, so that clients which count quicknet's rounds name rounds that come at
/// the time they think of.
pub mod development {
	use super::{Schedule, quicknet};

	/// What the secret key is made from.
	pub const SEED: &[u8] = b"ganglion development beacon";
	/// When its rounds come.
	pub const SCHEDULE: Schedule = quicknet::SCHEDULE;
	/// A beacon with one member has no group.
	pub const GROUP_HASH: [u8; 32] = [0; 32];
	/// Its name.
	pub const BEACON_ID: &str = "development";
}
