//! The seam between commits that are sealed until a beacon round, and whatever has the beacon's signatures.
//!
//! A randomness beacon signs the number of each round when the round comes. Whoever encrypts to a round needs only
//! the beacon's public key; the signature of the round opens the ciphertext, so nobody can open it earlier.

use alloc::vec::Vec;
use core::fmt;

use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// The longest signature a beacon may have: a compressed point of BLS12-381's second group, in bytes.
pub const MAX_SIGNATURE_LEN: u32 = 96;

/// Upper bound of the time that [`Beacon::open`] takes in Wasm, in picoseconds (10⁻¹² s, the unit of a weight's
/// `ref_time`): 8.3 ms were measured for a commit of 100 bytes and 9.9 ms for one of 64 KiB, and there is half as much
/// again to spare. The signature has to be read on top.
pub const OPEN_REF_TIME_PS: u64 = 15_000_000_000;

/// Most rounds after the last one that something may be sealed until: a month of rounds of 3 s.
pub const MAX_ROUNDS_AHEAD: u64 = 864_000;

/// The signature of one beacon round, at most 96 bytes.
pub type BeaconSignature = BoundedVec<u8, ConstU32<MAX_SIGNATURE_LEN>>;

/// Why a timelocked commit could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelockError {
	/// The bytes are no timelocked commit: too short, too long, or a part of them does not decode. It never opens.
	MalformedCommit,
	/// The bytes given as the round's signature are no signature: not the length of one, or no point of the group.
	MalformedSignature,
	/// The commit is well formed, but this signature does not open it: it was encrypted to another round or to
	/// another beacon, or somebody changed it.
	WrongKey,
	/// This chain follows no beacon.
	NoBeacon,
}

impl fmt::Display for TimelockError {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter.write_str(match self {
			Self::MalformedCommit => "the bytes are no timelocked commit; make them as the SDK does",
			Self::MalformedSignature => "the beacon signature is no point of the signature group",
			Self::WrongKey => "the commit was encrypted to another round or to another beacon's key",
			Self::NoBeacon => "this chain follows no randomness beacon",
		})
	}
}

impl core::error::Error for TimelockError {}

/// [`Beacon::is_out_of_reach`] for who knows the `latest` round already.
pub fn is_out_of_reach(latest: Option<u64>, round: u64) -> bool {
	latest.is_some_and(|latest| round.saturating_sub(latest) > MAX_ROUNDS_AHEAD)
}

/// A randomness beacon as the chain knows it: the signatures of past rounds, and what they open.
pub trait Beacon {
	/// The signature of `round`, where the chain has it. It was verified before it was stored.
	///
	/// `None` for a round that did not come yet, was never fetched, or was pruned.
	fn signature(round: u64) -> Option<BeaconSignature>;

	/// The last round that the chain has.
	fn latest_round() -> Option<u64>;

	/// Whether something may be sealed until `round`: it has not come yet, and is at most [`MAX_ROUNDS_AHEAD`] away. A chain
	/// that has no round yet takes any.
	fn is_to_come(round: u64) -> bool {
		let latest = Self::latest_round().unwrap_or_default();
		round > latest && !Self::is_out_of_reach(round)
	}

	/// Whether `round` is further away than [`MAX_ROUNDS_AHEAD`]. Nothing is sealed until such a round, so that it is of
	/// another beacon, which the chain does not follow any more.
	fn is_out_of_reach(round: u64) -> bool {
		is_out_of_reach(Self::latest_round(), round)
	}

	/// Decrypts a timelocked `commit` (bytes as the SDK makes them) with the `signature` of its round.
	///
	/// Never panics, whatever the bytes. Takes at most [`OPEN_REF_TIME_PS`].
	///
	/// # Errors
	/// [`TimelockError`] tells bytes that can never open from a signature that is not the one they wait for.
	fn open(commit: &[u8], signature: &[u8]) -> Result<Vec<u8>, TimelockError>;

	/// Makes the signature of a round known, and answers what it opens to `plain`; for benchmarks. Nothing, where there is
	/// no beacon.
	#[cfg(feature = "runtime-benchmarks")]
	fn seal_for_benchmark(_round: u64, _plain: &[u8]) -> Vec<u8> {
		Vec::new()
	}
}

/// No beacon: no round ever comes, so what is sealed to a round stays sealed.
impl Beacon for () {
	fn signature(_round: u64) -> Option<BeaconSignature> {
		None
	}

	fn latest_round() -> Option<u64> {
		None
	}

	fn open(_commit: &[u8], _signature: &[u8]) -> Result<Vec<u8>, TimelockError> {
		Err(TimelockError::NoBeacon)
	}
}

/// Which rounds the chain waits for.
///
/// A node fetches these and the latest round and no others, so a chain that stood still for a day need not catch up
/// on each round of that day.
pub trait NeededRounds {
	/// The rounds that pending commits wait for and that may have come, oldest first and without duplicates.
	///
	/// At most `limit` of them.
	fn rounds(limit: u32) -> Vec<u64>;
}

/// Nothing waits for a round.
impl NeededRounds for () {
	fn rounds(_limit: u32) -> Vec<u64> {
		Vec::new()
	}
}
