//! Bytes that nobody honest sends.

use ark_bls12_381::{Fq, Fq2, G1Affine, G2Affine};
use ark_serialize::CanonicalSerialize;
use proptest::prelude::*;
use timelock::{
	Error, PUBLIC_KEY_LEN, PublicKey, SIGNATURE_LEN, SecretKey, Signature, format::MAX_MESSAGE_LEN, format::OVERHEAD,
	open, quicknet, seal,
};

const ROUND: u64 = 77;

fn secret() -> SecretKey {
	SecretKey::from_seed(b"hostile")
}

fn sealed() -> Vec<u8> {
	seal(&secret().public(), ROUND, b"the message", [9; 32]).unwrap()
}

fn key() -> Signature {
	secret().sign(ROUND).unwrap()
}

/// A point on the curve of G1 that lies outside the group: most are.
fn stray_signature() -> Vec<u8> {
	let point = (1_u64..)
		.filter_map(|x| G1Affine::get_point_from_x_unchecked(Fq::from(x), false))
		.find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
		.unwrap();
	let mut bytes = Vec::new();
	point.serialize_compressed(&mut bytes).unwrap();
	bytes
}

/// The same for G2.
fn stray_key() -> Vec<u8> {
	let point = (1_u64..)
		.filter_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::from(1_u64)), false))
		.find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
		.unwrap();
	let mut bytes = Vec::new();
	point.serialize_compressed(&mut bytes).unwrap();
	bytes
}

/// The encoding of the neutral point.
fn neutral(length: usize) -> Vec<u8> {
	let mut bytes = vec![0; length];
	bytes[0] = 0xc0;
	bytes
}

#[test]
fn malformed_signatures_are_refused() {
	let good = key().to_bytes().unwrap();
	assert_eq!(Signature::from_bytes(&good), Ok(key()));
	let mut not_on_curve = good;
	while Signature::from_bytes(&not_on_curve).is_ok() {
		not_on_curve[47] ^= 1;
		not_on_curve[46] = not_on_curve[46].wrapping_add(1);
	}
	let mut uncompressed_flag = good;
	uncompressed_flag[0] &= 0x7f;
	let mut above_modulus = [0xff; SIGNATURE_LEN];
	above_modulus[0] = 0x9f;
	for (what, bytes) in [
		("empty", vec![]),
		("short", good[..47].to_vec()),
		("long", [&good[..], &[0]].concat()),
		("not on the curve", not_on_curve.to_vec()),
		("outside the group", stray_signature()),
		("the neutral point", neutral(SIGNATURE_LEN)),
		("the neutral point with a sign", {
			let mut bytes = neutral(SIGNATURE_LEN);
			bytes[0] = 0xe0;
			bytes
		}),
		("no flag of compression", uncompressed_flag.to_vec()),
		("not below the modulus", above_modulus.to_vec()),
		("zeros", vec![0; SIGNATURE_LEN]),
		("ones", vec![0xff; SIGNATURE_LEN]),
	] {
		assert_eq!(Signature::from_bytes(&bytes), Err(Error::MalformedSignature), "{what}");
	}
}

#[test]
fn malformed_keys_are_refused() {
	let good = quicknet::PUBLIC_KEY;
	assert_eq!(PublicKey::from_bytes(&good).unwrap().to_bytes(), Ok(good));
	for (what, bytes) in [
		("empty", vec![]),
		("short", good[..95].to_vec()),
		("long", [&good[..], &[0]].concat()),
		("outside the group", stray_key()),
		("the neutral point", neutral(PUBLIC_KEY_LEN)),
		("zeros", vec![0; PUBLIC_KEY_LEN]),
		("ones", vec![0xff; PUBLIC_KEY_LEN]),
	] {
		assert_eq!(PublicKey::from_bytes(&bytes), Err(Error::MalformedPublicKey), "{what}");
	}
}

#[test]
fn the_negated_signature_is_another_one() {
	let mut negated = key().to_bytes().unwrap();
	negated[0] ^= 0x20;
	let negated = Signature::from_bytes(&negated).unwrap();
	assert_eq!(secret().public().verify(ROUND, &key()), Ok(()));
	assert_eq!(secret().public().verify(ROUND, &negated), Err(Error::WrongSignature));
	assert_eq!(open(&sealed(), &negated), Err(Error::WrongKey));
}

#[test]
fn another_beacon_opens_nothing() {
	let other = SecretKey::from_seed(b"another");
	assert_eq!(open(&sealed(), &other.sign(ROUND).unwrap()), Err(Error::WrongKey));
	assert_eq!(other.public().verify(ROUND, &key()), Err(Error::WrongSignature));
}

#[test]
fn every_truncation_and_any_addition_is_malformed() {
	let sealed = sealed();
	for length in 0..sealed.len() {
		assert_eq!(
			open(&sealed[..length], &key()),
			Err(Error::MalformedCommit),
			"{length} bytes"
		);
	}
	for extra in [1, 8, 100_000] {
		let longer = [&sealed[..], &vec![0; extra]].concat();
		assert_eq!(open(&longer, &key()), Err(Error::MalformedCommit), "{extra} bytes more");
	}
}

#[test]
fn any_flipped_bit_is_noticed() {
	let sealed = sealed();
	for byte in 0..sealed.len() {
		let mut changed = sealed.clone();
		changed[byte] ^= 1 << (byte % 8);
		let error = open(&changed, &key()).unwrap_err();
		match byte {
			// Another point, or none.
			0..96 => assert!(matches!(error, Error::WrongKey | Error::MalformedCommit), "byte {byte}"),
			// σ or the key is no longer the sender's.
			104..136 | 144..176 => assert_eq!(error, Error::WrongKey, "byte {byte}"),
			_ => assert_eq!(error, Error::MalformedCommit, "byte {byte}"),
		}
	}
}

#[test]
fn a_point_that_is_none_is_malformed() {
	for point in [neutral(96), stray_key(), vec![0; 96], vec![0xff; 96]] {
		let mut sealed = sealed();
		sealed[..96].copy_from_slice(&point);
		assert_eq!(open(&sealed, &key()), Err(Error::MalformedCommit));
	}
}

#[test]
fn the_longest_message_is_sealed_and_one_byte_more_is_refused() {
	let public = secret().public();
	let longest = vec![3; MAX_MESSAGE_LEN];
	let sealed = seal(&public, ROUND, &longest, [0; 32]).unwrap();
	assert_eq!(sealed.len(), MAX_MESSAGE_LEN + OVERHEAD);
	assert_eq!(open(&sealed, &key()), Ok(longest));
	assert_eq!(
		seal(&public, ROUND, &vec![3; MAX_MESSAGE_LEN + 1], [0; 32]),
		Err(Error::TooLong)
	);
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	#[test]
	fn what_is_sealed_is_opened(
		round: u64,
		message in proptest::collection::vec(any::<u8>(), 0..300),
		seed: [u8; 32],
	) {
		let sealed = seal(&secret().public(), round, &message, seed).unwrap();
		prop_assert_eq!(sealed.len(), message.len() + OVERHEAD);
		prop_assert_eq!(open(&sealed, &secret().sign(round).unwrap()), Ok(message));
	}

	#[test]
	fn random_bytes_are_malformed(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
		prop_assert_eq!(open(&bytes, &key()), Err(Error::MalformedCommit));
		prop_assert!(Signature::from_bytes(&bytes).is_err() || bytes.len() == SIGNATURE_LEN);
	}

	#[test]
	fn a_changed_length_is_malformed(at in prop_oneof![Just(96_usize), Just(136), Just(176), Just(184)], length: u64) {
		let mut sealed = sealed();
		prop_assume!(sealed[at..at + 8] != length.to_le_bytes());
		sealed[at..at + 8].copy_from_slice(&length.to_le_bytes());
		prop_assert_eq!(open(&sealed, &key()), Err(Error::MalformedCommit));
	}
}
