//! Sealing to a round, and opening with its signature.

use crate::{
	Error, PublicKey, Signature,
	curve::{commitment, decode_point, encode},
	format::{HASH_LEN, MAX_MESSAGE_LEN, NONCE_LEN, POINT_LEN, Parts},
};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce, aead::Aead};
use alloc::vec::Vec;
use ark_bls12_381::{Bls12_381, Fr, G2Affine};
use ark_ec::pairing::PairingOutput;
use ark_ff::PrimeField;
use ark_serialize::CanonicalSerialize;
use sha2::{Digest, Sha256};

/// A hash, σ or a symmetric key.
type Bytes32 = [u8; HASH_LEN];

/// Encrypts `message` so that the signature of `round` by the holder of `beacon` opens it.
///
/// All randomness is derived from `seed`, 32 uniformly random bytes that must stay secret and be used once.
///
/// # Errors
/// [`Error::TooLong`].
pub fn seal(beacon: &PublicKey, round: u64, message: &[u8], seed: [u8; 32]) -> Result<Vec<u8>, Error> {
	if message.len() > MAX_MESSAGE_LEN {
		return Err(Error::TooLong);
	}
	let sigma = derive(&seed, b"sigma");
	let key = derive(&seed, b"key");
	let nonce_hash = derive(&seed, b"nonce");
	let nonce: &[u8; NONCE_LEN] = nonce_hash.first_chunk().ok_or(Error::TooLong)?;

	let scalar = commitment_scalar(&sigma, &key);
	let point: [u8; POINT_LEN] = encode(&commitment(scalar)).ok_or(Error::MalformedPublicKey)?;
	let mask = hash_mask(&beacon.mask(round, scalar)?).ok_or(Error::MalformedPublicKey)?;
	let ciphertext = Aes256Gcm::new(&key.into())
		.encrypt(Nonce::from_slice(nonce), message)
		.map_err(|_| Error::TooLong)?;
	let parts = Parts {
		point: &point,
		masked_sigma: &xor(&sigma, &mask),
		masked_key: &xor(&key, &Sha256::digest(sigma).into()),
		ciphertext: &ciphertext,
		nonce,
	};
	Ok(parts.write())
}

/// Decrypts what was sealed to the round that `signature` signs.
///
/// Takes a pairing and two multiplications in G2, and time that grows with the length of `sealed`.
///
/// # Errors
/// [`Error::MalformedCommit`]: no signature opens the bytes. [`Error::WrongKey`]: this one does not.
pub fn open(sealed: &[u8], signature: &Signature) -> Result<Vec<u8>, Error> {
	let parts = Parts::read(sealed).ok_or(Error::MalformedCommit)?;
	let point: G2Affine = decode_point(parts.point, POINT_LEN).ok_or(Error::MalformedCommit)?;
	let mask = hash_mask(&signature.mask(&point)).ok_or(Error::MalformedCommit)?;
	let sigma = xor(parts.masked_sigma, &mask);
	let key = xor(parts.masked_key, &Sha256::digest(sigma).into());
	// The sender's randomness comes out with the key. That it gives the sender's point shows that the key is right; a
	// message that it does not open was changed.
	if commitment(commitment_scalar(&sigma, &key)) != point {
		return Err(Error::WrongKey);
	}
	Aes256Gcm::new(&key.into())
		.decrypt(Nonce::from_slice(parts.nonce), parts.ciphertext)
		.map_err(|_| Error::MalformedCommit)
}

/// r: the scalar of the sender's point.
fn commitment_scalar(sigma: &Bytes32, key: &Bytes32) -> Fr {
	let hash = Sha256::new().chain_update(sigma).chain_update(key).finalize();
	Fr::from_be_bytes_mod_order(&hash)
}

/// The hash of a pairing's result, with which σ is masked.
fn hash_mask(pairing: &PairingOutput<Bls12_381>) -> Option<Bytes32> {
	let mut bytes = Vec::new();
	pairing.0.serialize_compressed(&mut bytes).ok()?;
	Some(Sha256::digest(&bytes).into())
}

/// 32 bytes of the seed for one purpose.
fn derive(seed: &Bytes32, purpose: &[u8]) -> Bytes32 {
	Sha256::new()
		.chain_update(b"timelock seal ")
		.chain_update(purpose)
		.chain_update(seed)
		.finalize()
		.into()
}

/// Bitwise exclusive or.
fn xor(left: &Bytes32, right: &Bytes32) -> Bytes32 {
	let mut result = *left;
	for (to, from) in result.iter_mut().zip(right) {
		*to ^= from;
	}
	result
}
