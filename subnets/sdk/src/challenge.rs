//! Who asks whom, under which nonce, and the randomness that follows from it.

use core::fmt;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use codec::{Decode, Encode, MaxEncodedLen};

/// A neuron's public key, as the chain knows it (32 raw bytes, no SS58).
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, MaxEncodedLen)]
pub struct Hotkey(pub [u8; 32]);

/// What makes one challenge unlike every other: 32 bytes that the validator draws from its operating system.
///
/// A validator never uses a nonce twice; a mechanism need not check that.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, MaxEncodedLen)]
pub struct Nonce(pub [u8; 32]);

/// Public randomness that nobody knew before a moment: a block of the chain and its hash.
///
/// A mechanism that puts it into its tasks, and its tasks into its seeds, cannot be prepared for: a validator that is in
/// league with a miner could otherwise agree on nonces, and so on answers, long before it asks. It travels in the task, so
/// that both sides use the same; an auditor compares it with the chain.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash, Encode, Decode, MaxEncodedLen)]
pub struct Epoch {
	/// The number of the block.
	pub block: u64,
	/// Its hash.
	pub hash: [u8; 32],
}

/// One challenge to one miner. Both sides know it: the nonce travels with the request, the miner knows its own key, and
/// the network tells it who asks.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, MaxEncodedLen)]
pub struct ChallengeContext {
	/// Drawn afresh by the validator for this challenge.
	pub nonce: Nonce,
	/// The hotkey of the validator (or gateway) that asks.
	pub validator: Hotkey,
	/// The hotkey of the miner that has to answer.
	pub miner: Hotkey,
}

impl ChallengeContext {
	/// 32 bytes of randomness for one purpose, the same on both sides:
	/// `blake2b-256(u64 little-endian length of domain ‖ domain ‖ nonce ‖ validator ‖ miner)`.
	///
	/// Give each purpose its own `domain`, or two parts of a mechanism share their randomness. The length goes first so
	/// that no two domains can run into the bytes that follow them.
	pub fn seed(&self, domain: &[u8]) -> [u8; 32] {
		let mut hasher = Blake2b::<U32>::new();
		hasher.update((domain.len() as u64).to_le_bytes());
		hasher.update(domain);
		hasher.update(self.nonce.0);
		hasher.update(self.validator.0);
		hasher.update(self.miner.0);
		hasher.finalize().into()
	}
}

fn write_hex(bytes: &[u8; 32], formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
	bytes.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
}

impl fmt::Display for Hotkey {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write_hex(&self.0, formatter)
	}
}

impl fmt::Debug for Hotkey {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(formatter, "Hotkey({self})")
	}
}

impl fmt::Display for Nonce {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write_hex(&self.0, formatter)
	}
}

impl fmt::Debug for Nonce {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(formatter, "Nonce({self})")
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const CONTEXT: ChallengeContext = ChallengeContext {
		nonce: Nonce([1; 32]),
		validator: Hotkey([4; 32]),
		miner: Hotkey([2; 32]),
	};

	/// Miners and validators of different releases must derive the same bytes: computed with Python's
	/// `hashlib.blake2b(b"\x04" + b"\0" * 7 + b"test" + b"\x01" * 32 + b"\x04" * 32 + b"\x02" * 32, digest_size=32)`.
	#[test]
	fn the_seed_is_pinned() {
		let hex: String = CONTEXT.seed(b"test").iter().map(|byte| format!("{byte:02x}")).collect();
		assert_eq!(hex, "1c7ebd73b16503b8154da018853ba95223318962cd1b3ed8215f822a36307180");
	}

	#[test]
	fn every_part_of_the_context_changes_the_seed() {
		let other_nonce = ChallengeContext {
			nonce: Nonce([3; 32]),
			..CONTEXT
		};
		let other_miner = ChallengeContext {
			miner: Hotkey([3; 32]),
			..CONTEXT
		};
		let other_validator = ChallengeContext {
			validator: Hotkey([3; 32]),
			..CONTEXT
		};
		let swapped = ChallengeContext {
			validator: CONTEXT.miner,
			miner: CONTEXT.validator,
			..CONTEXT
		};
		let seeds = [
			CONTEXT.seed(b"a"),
			CONTEXT.seed(b"b"),
			CONTEXT.seed(b""),
			other_nonce.seed(b"a"),
			other_miner.seed(b"a"),
			other_validator.seed(b"a"),
			swapped.seed(b"a"),
		];
		for (index, left) in seeds.iter().enumerate() {
			assert!(
				seeds[index + 1..].iter().all(|right| left != right),
				"seed {index} came twice"
			);
		}
	}
}
