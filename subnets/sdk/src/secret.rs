//! What a validator knows and a miner must not.

use core::fmt;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};

use crate::ChallengeContext;

/// 32 bytes that a validator draws from its operating system when it makes a mechanism, and tells nobody.
///
/// [`ChallengeContext::seed`] is known to the miner: it can work out beforehand whatever follows from it. Which part of an
/// answer is looked at, or on what it is measured, must not be among that. A mechanism that holds a secret draws it with
/// [`ValidatorSecret::seed`] instead. Given the secret, tasks and scores are still pure functions of their arguments:
/// whoever is shown it can compute them again.
#[derive(Clone, PartialEq, Eq)]
pub struct ValidatorSecret([u8; 32]);

impl ValidatorSecret {
	/// A secret of these bytes, which come from the operating system's entropy (in tests: from anywhere).
	pub const fn new(bytes: [u8; 32]) -> Self {
		Self(bytes)
	}

	/// 32 bytes for one purpose of one challenge that only the holder of the secret can derive:
	/// `blake2b-256(secret ‖ context.seed(domain))`.
	pub fn seed(&self, context: &ChallengeContext, domain: &[u8]) -> [u8; 32] {
		let mut hasher = Blake2b::<U32>::new();
		hasher.update(self.0);
		hasher.update(context.seed(domain));
		hasher.finalize().into()
	}
}

/// Never shows the bytes: secrets must not get into logs.
impl fmt::Debug for ValidatorSecret {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter.write_str("ValidatorSecret(…)")
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{Hotkey, Nonce};

	#[test]
	fn secret_context_and_domain_all_count_and_the_secret_is_not_shown() {
		let context = ChallengeContext {
			nonce: Nonce([1; 32]),
			validator: Hotkey([2; 32]),
			miner: Hotkey([3; 32]),
		};
		let other = ChallengeContext {
			nonce: Nonce([4; 32]),
			..context
		};
		let secret = ValidatorSecret::new([7; 32]);
		let seeds = [
			secret.seed(&context, b"a"),
			secret.seed(&context, b"b"),
			secret.seed(&other, b"a"),
			ValidatorSecret::new([8; 32]).seed(&context, b"a"),
			context.seed(b"a"),
		];
		for (index, left) in seeds.iter().enumerate() {
			assert!(!seeds[index + 1..].contains(left), "seed {index} came twice");
		}
		assert_eq!(format!("{secret:?}"), "ValidatorSecret(…)");
	}
}
