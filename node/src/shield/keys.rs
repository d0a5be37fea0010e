//! The keys that this node has announced, and opening what is encrypted to them.

use chacha20poly1305::{
	KeyInit, XChaCha20Poly1305, XNonce,
	aead::{Aead, Error as SealBroken},
};
use ml_kem::{Decapsulate, KeyExport, ml_kem_768::DecapsulationKey};
use pallet_mev_shield::envelope::{Envelope, KeyHash, key_hash};
use rand::{TryRngCore, rand_core::OsError, rngs::OsRng};
use std::collections::VecDeque;

/// How many keys are kept: twice as many as there are blocks for which the chain accepts a ciphertext to a key, as not
/// every key that is made gets into a block.
pub(super) const KEPT_KEYS: usize = 2 * pallet_mev_shield::KEY_LIFETIME as usize;
/// Bytes of the seed of a key pair (FIPS 203, section 7.1: `d` and `z`).
const SEED_BYTES: usize = 64;

/// The newest keys of this node, the oldest first.
#[derive(Default)]
pub(super) struct KeyRing(VecDeque<KeyPair>);

/// A secret key and the name of its public half.
struct KeyPair {
	hash: KeyHash,
	secret: Box<DecapsulationKey>,
}

impl KeyRing {
	/// Makes a key pair, keeps it, and returns the encapsulation key.
	///
	/// # Errors
	/// The operating system gives no random bytes.
	pub(super) fn generate(&mut self) -> Result<Vec<u8>, OsError> {
		let mut seed = [0; SEED_BYTES];
		OsRng.try_fill_bytes(&mut seed)?;
		Ok(self.add(seed))
	}

	/// Keeps the key pair of a seed, in the place of the oldest if there are too many, and returns the encapsulation key.
	pub(super) fn add(&mut self, seed: [u8; SEED_BYTES]) -> Vec<u8> {
		let secret = Box::new(DecapsulationKey::from_seed(seed.into()));
		let public = secret.encapsulation_key().to_bytes().to_vec();
		self.0.push_back(KeyPair {
			hash: key_hash(&public),
			secret,
		});
		let surplus = self.0.len().saturating_sub(KEPT_KEYS);
		self.0.drain(..surplus);
		public
	}

	/// Decrypts a ciphertext; `None` if it is none, or encrypted to somebody else's key.
	pub(super) fn open(&self, ciphertext: &[u8]) -> Option<Result<Vec<u8>, SealBroken>> {
		let envelope = Envelope::parse(ciphertext).ok()?;
		let pair = self.0.iter().rev().find(|pair| pair.hash == *envelope.key_hash)?;
		// ML-KEM gives a secret for anything; a wrong one does not open the seal.
		let shared = pair.secret.decapsulate(&(*envelope.kem).into());
		let cipher = XChaCha20Poly1305::new_from_slice(&shared).ok()?;
		Some(cipher.decrypt(XNonce::from_slice(envelope.nonce), envelope.sealed))
	}
}
