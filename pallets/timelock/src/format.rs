//! The bytes of a sealed message, as Bittensor's SDK writes them.
//!
//! | bytes | what |
//! | --- | --- |
//! | 96 | U, a compressed point of G2 |
//! | 8 + 32 | a length (32), and V, the masked σ |
//! | 8 + 32 | a length (32), and W, the masked symmetric key |
//! | 8 | the length of the body |
//! | 8 + n + 16 | a length (n + 16), and the message under AES-256-GCM with its tag |
//! | 8 + 12 | a length (12), and the nonce; ends the body |
//! | 8 + 8 | a length (8), and the name of the cipher, `AES_GCM_` |
//!
//! Lengths are little-endian `u64`. With σ random and `key` the symmetric key, r = sha256(σ ‖ key) as a big-endian number
//! modulo the order of the group, U = r·g₂, V = σ ⊕ sha256(e(H(round), r·public key)), W = key ⊕ sha256(σ): the scheme
//! FullIdent of Boneh and Franklin, "Identity-Based Encryption from the Weil Pairing".
//!
//! The reader takes exactly these lengths and no byte more, allocates nothing, and so has one reading of any bytes.

use alloc::vec::Vec;

/// The most bytes a message may have: what fits a commit of any transaction, and far more than weights need.
pub const MAX_MESSAGE_LEN: usize = 64 * 1024;
/// Bytes that sealing adds to a message.
pub const OVERHEAD: usize = POINT_LEN + 2 * (LENGTH_LEN + HASH_LEN) + BODY_OVERHEAD + 2 * LENGTH_LEN + CIPHER.len();
/// Bytes of the longest sealed message.
pub const MAX_SEALED_LEN: usize = MAX_MESSAGE_LEN + OVERHEAD;

/// Bytes of U.
pub(crate) const POINT_LEN: usize = 96;
/// Bytes of a hash, of σ and of the symmetric key.
pub(crate) const HASH_LEN: usize = 32;
/// Bytes of the nonce.
pub(crate) const NONCE_LEN: usize = 12;
/// Bytes of the tag that authenticates the message.
pub(crate) const TAG_LEN: usize = 16;
/// The only cipher.
const CIPHER: &[u8] = b"AES_GCM_";
/// Bytes of a length.
const LENGTH_LEN: usize = 8;
/// Bytes of the body beside the message.
const BODY_OVERHEAD: usize = LENGTH_LEN + TAG_LEN + LENGTH_LEN + NONCE_LEN;

/// The parts of a sealed message. Their lengths are right; whether `point` is one is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
	/// U.
	pub(crate) point: &'a [u8; POINT_LEN],
	/// V.
	pub(crate) masked_sigma: &'a [u8; HASH_LEN],
	/// W.
	pub(crate) masked_key: &'a [u8; HASH_LEN],
	/// The message under the symmetric key, and its tag.
	pub(crate) ciphertext: &'a [u8],
	/// The nonce of the symmetric cipher.
	pub(crate) nonce: &'a [u8; NONCE_LEN],
}

impl<'a> Parts<'a> {
	/// Takes sealed bytes apart; `None` where they do not have the format.
	pub(crate) fn read(sealed: &'a [u8]) -> Option<Self> {
		if sealed.len() > MAX_SEALED_LEN {
			return None;
		}
		let (point, rest) = sealed.split_first_chunk()?;
		let (masked_sigma, rest) = sized(rest)?;
		let (masked_key, rest) = sized(rest)?;
		let (body, rest) = vector(rest)?;
		let (cipher, rest) = vector(rest)?;
		if cipher != CIPHER || !rest.is_empty() {
			return None;
		}
		let (ciphertext, body) = vector(body)?;
		let (nonce, body) = sized(body)?;
		if ciphertext.len() < TAG_LEN || !body.is_empty() {
			return None;
		}
		Some(Self {
			point,
			masked_sigma,
			masked_key,
			ciphertext,
			nonce,
		})
	}

	/// Puts the parts together; the reverse of [`Self::read`].
	pub(crate) fn write(&self) -> Vec<u8> {
		let mut sealed = Vec::with_capacity(OVERHEAD.saturating_add(self.ciphertext.len()));
		sealed.extend_from_slice(self.point);
		append(&mut sealed, self.masked_sigma);
		append(&mut sealed, self.masked_key);
		let body = self
			.ciphertext
			.len()
			.saturating_add(BODY_OVERHEAD)
			.saturating_sub(TAG_LEN);
		sealed.extend_from_slice(&length(body));
		append(&mut sealed, self.ciphertext);
		append(&mut sealed, self.nonce);
		append(&mut sealed, CIPHER);
		sealed
	}
}

/// A length and as many bytes, which have to be `N`; and what follows.
fn sized<const N: usize>(bytes: &[u8]) -> Option<(&[u8; N], &[u8])> {
	let (part, rest) = vector(bytes)?;
	Some((part.try_into().ok()?, rest))
}

/// A length and as many bytes; and what follows.
fn vector(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
	let (length, rest) = bytes.split_first_chunk::<LENGTH_LEN>()?;
	let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
	rest.split_at_checked(length)
}

/// Writes a length and as many bytes.
fn append(sealed: &mut Vec<u8>, part: &[u8]) {
	sealed.extend_from_slice(&length(part.len()));
	sealed.extend_from_slice(part);
}

/// A length as it is written. No slice is as long as 2⁶⁴ bytes.
fn length(length: usize) -> [u8; LENGTH_LEN] {
	u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes()
}
