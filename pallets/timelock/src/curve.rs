//! Keys and signatures: drand's scheme `bls-unchained-g1-rfc9380` on BLS12-381.

#![expect(
	clippy::arithmetic_side_effects,
	reason = "the operators here are those of finite fields and groups, which cannot overflow"
)]

use crate::Error;
use ark_bls12_381::{Bls12_381, Fr, G1Affine, G1Projective, G2Affine, G2Projective, g1};
use ark_ec::{
	AffineRepr, CurveGroup, PrimeGroup,
	hashing::{HashToCurve, curve_maps::wb::WBMap, map_to_curve_hasher::MapToCurveBasedHasher},
	pairing::{Pairing, PairingOutput},
};
use ark_ff::{PrimeField, Zero, field_hashers::DefaultFieldHasher};
use ark_serialize::CanonicalSerialize;
use sha2::{Digest, Sha256};

/// Bytes of a beacon's public key.
pub const PUBLIC_KEY_LEN: usize = 96;
/// Bytes of a round's signature.
pub const SIGNATURE_LEN: usize = 48;

/// Keeps hashes to the curve apart from those of other protocols. The scheme's value, its suffix `NUL_` included.
const HASH_TO_CURVE_DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/// What hashes bytes to points of the signatures' group.
type Hasher = MapToCurveBasedHasher<G1Projective, DefaultFieldHasher<Sha256, 128>, WBMap<g1::Config>>;

/// A beacon's public key: a point of G2 other than the neutral one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(G2Affine);

impl PublicKey {
	/// Decodes a compressed point, and checks that it lies in the group.
	///
	/// # Errors
	/// [`Error::MalformedPublicKey`].
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
		decode_point(bytes, PUBLIC_KEY_LEN)
			.map(Self)
			.ok_or(Error::MalformedPublicKey)
	}

	/// The compressed point.
	///
	/// # Errors
	/// [`Error::MalformedPublicKey`]; does not happen.
	pub fn to_bytes(&self) -> Result<[u8; PUBLIC_KEY_LEN], Error> {
		encode(&self.0).ok_or(Error::MalformedPublicKey)
	}

	/// Checks that `signature` is the beacon's signature of `round`.
	///
	/// e(signature, -g₂) · e(H(sha256(round)), key) = 1, one pairing of two factors.
	///
	/// # Errors
	/// [`Error::WrongSignature`].
	pub fn verify(&self, round: u64, signature: &Signature) -> Result<(), Error> {
		let minus_generator = -G2Affine::generator();
		let signed = round_point(round)?;
		let product = Bls12_381::multi_pairing([signature.0, signed], [minus_generator, self.0]);
		if product.is_zero() {
			Ok(())
		} else {
			Err(Error::WrongSignature)
		}
	}

	/// e(H(sha256(round)), `scalar` · key), which only the signature of the round reveals to who does not know `scalar`.
	pub(crate) fn mask(&self, round: u64, scalar: Fr) -> Result<PairingOutput<Bls12_381>, Error> {
		Ok(Bls12_381::pairing(round_point(round)?, self.0 * scalar))
	}
}

/// A round's signature: a point of G1 other than the neutral one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature(G1Affine);

impl Signature {
	/// Decodes a compressed point, and checks that it lies in the group. Says nothing about who made it.
	///
	/// # Errors
	/// [`Error::MalformedSignature`].
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
		decode_point(bytes, SIGNATURE_LEN)
			.map(Self)
			.ok_or(Error::MalformedSignature)
	}

	/// The compressed point.
	///
	/// # Errors
	/// [`Error::MalformedSignature`]; does not happen.
	pub fn to_bytes(&self) -> Result<[u8; SIGNATURE_LEN], Error> {
		encode(&self.0).ok_or(Error::MalformedSignature)
	}

	/// The round's randomness: the SHA-256 hash of the signature.
	///
	/// # Errors
	/// [`Error::MalformedSignature`]; does not happen.
	pub fn randomness(&self) -> Result<[u8; 32], Error> {
		Ok(Sha256::digest(self.to_bytes()?).into())
	}

	/// e(signature, `point`): the mask of a message whose sender published `point`.
	pub(crate) fn mask(&self, point: &G2Affine) -> PairingOutput<Bls12_381> {
		Bls12_381::pairing(self.0, point)
	}
}

/// The secret key of a beacon of one's own.
///
/// Not for secrets that matter: the arithmetic takes time that depends on the key.
#[derive(Clone)]
pub struct SecretKey(Fr);

impl SecretKey {
	/// The key that a seed of any length gives. Who knows the seed knows every future signature.
	#[must_use]
	pub fn from_seed(seed: &[u8]) -> Self {
		// Twice the scalar's length, so that the remainder is as good as uniform.
		let low = Sha256::new()
			.chain_update(b"timelock beacon key 0")
			.chain_update(seed)
			.finalize();
		let high = Sha256::new()
			.chain_update(b"timelock beacon key 1")
			.chain_update(seed)
			.finalize();
		let mut wide = [0; 64];
		for (to, from) in wide.iter_mut().zip(low.into_iter().chain(high)) {
			*to = from;
		}
		Self(Fr::from_be_bytes_mod_order(&wide))
	}

	/// The key that others verify with and encrypt to.
	#[must_use]
	pub fn public(&self) -> PublicKey {
		PublicKey((G2Projective::generator() * self.0).into_affine())
	}

	/// The signature of `round`.
	///
	/// # Errors
	/// [`Error::Unhashable`]; does not happen.
	pub fn sign(&self, round: u64) -> Result<Signature, Error> {
		Ok(Signature((round_point(round)? * self.0).into_affine()))
	}
}

/// `scalar` times the generator of G2.
pub(crate) fn commitment(scalar: Fr) -> G2Affine {
	(G2Projective::generator() * scalar).into_affine()
}

/// What a beacon signs for a round: the point that the SHA-256 hash of the round's eight big-endian bytes hashes to.
fn round_point(round: u64) -> Result<G1Affine, Error> {
	let message = Sha256::digest(round.to_be_bytes());
	let hasher = Hasher::new(HASH_TO_CURVE_DOMAIN).map_err(|_| Error::Unhashable)?;
	hasher.hash(&message).map_err(|_| Error::Unhashable)
}

/// A point of the group, not the neutral one, from exactly `length` bytes which are its only encoding.
pub(crate) fn decode_point<P: AffineRepr>(bytes: &[u8], length: usize) -> Option<P> {
	if bytes.len() != length {
		return None;
	}
	let point = P::deserialize_compressed(bytes).ok()?;
	let mut canonical = alloc::vec::Vec::with_capacity(length);
	point.serialize_compressed(&mut canonical).ok()?;
	(!point.is_zero() && canonical == bytes).then_some(point)
}

/// The compressed encoding of a point, which has `N` bytes.
pub(crate) fn encode<const N: usize>(point: &impl CanonicalSerialize) -> Option<[u8; N]> {
	let mut bytes = [0; N];
	point.serialize_compressed(bytes.as_mut_slice()).ok()?;
	Some(bytes)
}
