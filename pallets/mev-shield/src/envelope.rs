//! What a shielded transaction looks like on the wire: the layout that the SDK writes.
//!
//! ```text
//! twox_128(encapsulation key)          16 bytes
//! length of the next field             u16, little endian, always 1088
//! ML-KEM-768 ciphertext                1088 bytes
//! nonce                                24 bytes
//! XChaCha20-Poly1305 ciphertext        the signed inner transaction, and a tag of 16 bytes
//! ```
//!
//! The key of the XChaCha20-Poly1305 is the shared secret of the ML-KEM as it is; there is no associated data.

use sp_io::hashing::twox_128;

/// Bytes of an ML-KEM-768 encapsulation key (FIPS 203, table 3).
pub const ENCAPSULATION_KEY_BYTES: usize = 1184;
/// Bytes of an ML-KEM-768 ciphertext (FIPS 203, table 3).
pub const KEM_CIPHERTEXT_BYTES: usize = 1088;
/// Bytes of the hash that names an encapsulation key.
pub const KEY_HASH_BYTES: usize = 16;
/// Bytes of the XChaCha20-Poly1305 nonce.
pub const NONCE_BYTES: usize = 24;
/// Bytes of the Poly1305 tag that ends the sealed part.
pub const TAG_BYTES: usize = 16;
/// The most bytes of a shielded transaction; the SDK's bound.
pub const MAX_CIPHERTEXT_BYTES: u32 = 8192;

/// Bytes of the seed that ends an encapsulation key; before it stand coefficients.
const KEY_SEED_BYTES: usize = 32;
/// The modulus of ML-KEM's ring: every coefficient of a key is below it (FIPS 203, section 7.2).
const MODULUS: u16 = 3329;

/// Names an encapsulation key.
pub type KeyHash = [u8; KEY_HASH_BYTES];

/// What is wrong with the shape of a shielded transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
	/// It ends before the sealed part has a single byte and its tag.
	TooShort,
	/// The length that it states for the ML-KEM ciphertext is not that of ML-KEM-768.
	KemLength(u16),
}

/// The parts of a shielded transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
	/// Names the key that it is encrypted to.
	pub key_hash: &'a KeyHash,
	/// The encapsulated shared secret.
	pub kem: &'a [u8; KEM_CIPHERTEXT_BYTES],
	/// The nonce of the sealed part.
	pub nonce: &'a [u8; NONCE_BYTES],
	/// The inner transaction, encrypted, and its tag; at least one byte and the tag.
	pub sealed: &'a [u8],
}

impl<'a> Envelope<'a> {
	/// Takes a shielded transaction apart.
	///
	/// # Errors
	/// [`Malformed`] where the bytes cannot be one.
	pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
		let (key_hash, rest) = bytes.split_first_chunk().ok_or(Malformed::TooShort)?;
		let (length, rest) = rest.split_first_chunk().ok_or(Malformed::TooShort)?;
		let length = u16::from_le_bytes(*length);
		if usize::from(length) != KEM_CIPHERTEXT_BYTES {
			return Err(Malformed::KemLength(length));
		}
		let (kem, rest) = rest.split_first_chunk().ok_or(Malformed::TooShort)?;
		let (nonce, sealed) = rest.split_first_chunk().ok_or(Malformed::TooShort)?;
		if sealed.len() <= TAG_BYTES {
			return Err(Malformed::TooShort);
		}
		Ok(Self {
			key_hash,
			kem,
			nonce,
			sealed,
		})
	}
}

/// The name of an encapsulation key.
#[must_use]
pub fn key_hash(key: &[u8]) -> KeyHash {
	twox_128(key)
}

/// Whether the bytes are an ML-KEM-768 encapsulation key: of its length, and each coefficient below the modulus
/// (the checks of FIPS 203, section 7.2). To anything else clients could not encrypt.
#[must_use]
pub fn is_encapsulation_key(key: &[u8]) -> bool {
	if key.len() != ENCAPSULATION_KEY_BYTES {
		return false;
	}
	let Some((coefficients, _seed)) = key.split_last_chunk::<KEY_SEED_BYTES>() else {
		return false;
	};
	// Two coefficients of twelve bits each are packed into three bytes.
	coefficients.as_chunks().0.iter().all(|[low, middle, high]| {
		let first = u16::from(*low) | (u16::from(*middle & 0x0f) << 8);
		let second = u16::from(*middle >> 4) | (u16::from(*high) << 4);
		first < MODULUS && second < MODULUS
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	/// An envelope of the right shape with this many sealed bytes.
	fn bytes(sealed: usize) -> Vec<u8> {
		let mut bytes = vec![1; KEY_HASH_BYTES];
		bytes.extend((KEM_CIPHERTEXT_BYTES as u16).to_le_bytes());
		bytes.extend([2; KEM_CIPHERTEXT_BYTES]);
		bytes.extend([3; NONCE_BYTES]);
		bytes.extend(vec![4; sealed]);
		bytes
	}

	#[test]
	fn the_parts_are_where_the_layout_says() {
		let bytes = bytes(TAG_BYTES + 1);
		let envelope = Envelope::parse(&bytes).unwrap();
		assert_eq!(envelope.key_hash, &[1; KEY_HASH_BYTES]);
		assert_eq!(envelope.kem, &[2; KEM_CIPHERTEXT_BYTES]);
		assert_eq!(envelope.nonce, &[3; NONCE_BYTES]);
		assert_eq!(envelope.sealed, &[4; TAG_BYTES + 1]);
	}

	#[test]
	fn whatever_is_cut_off_is_missed() {
		let whole = bytes(TAG_BYTES + 1);
		for length in 0..whole.len() {
			assert_eq!(
				Envelope::parse(&whole[..length]),
				Err(Malformed::TooShort),
				"{length} bytes"
			);
		}
	}

	#[test]
	fn only_the_length_of_ml_kem_768_is_accepted() {
		let mut bytes = bytes(TAG_BYTES + 1);
		for wrong in [0, 768, 1087, 1089, u16::MAX] {
			bytes[16..18].copy_from_slice(&wrong.to_le_bytes());
			assert_eq!(Envelope::parse(&bytes), Err(Malformed::KemLength(wrong)));
		}
	}

	#[test]
	fn a_key_has_its_length_and_small_coefficients() {
		let mut key = vec![0; ENCAPSULATION_KEY_BYTES];
		assert!(is_encapsulation_key(&key));
		assert!(!is_encapsulation_key(&key[1..]));
		assert!(!is_encapsulation_key(&[]));
		assert!(!is_encapsulation_key(&vec![0; ENCAPSULATION_KEY_BYTES + 1]));
		// The largest coefficient, 3328 = 0xd00, first as the even and then as the odd one of a pair.
		key[..3].copy_from_slice(&[0x00, 0x0d, 0xd0]);
		assert!(is_encapsulation_key(&key));
		key[..3].copy_from_slice(&[0x01, 0x0d, 0x00]);
		assert!(!is_encapsulation_key(&key));
		key[..3].copy_from_slice(&[0x00, 0x10, 0xd0]);
		assert!(!is_encapsulation_key(&key));
		// The seed at the end may be anything.
		key[..3].copy_from_slice(&[0; 3]);
		key[ENCAPSULATION_KEY_BYTES - 32..].fill(0xff);
		assert!(is_encapsulation_key(&key));
		key[ENCAPSULATION_KEY_BYTES - 33] = 0xff;
		assert!(!is_encapsulation_key(&key));
	}
}
