//! What the public beacon signed and what the SDK sealed to it, against this crate.

use timelock::{Error, PublicKey, Signature, open, quicknet, seal};

/// Rounds of quicknet with their signatures, as `https://api.drand.sh/<chain hash>/public/<round>` gives them.
const ROUNDS: [(u64, &str); 2] = [
	(
		123,
		"b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92",
	),
	(
		1_000,
		"b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
	),
];
/// The randomness of round 1,000 from the same place.
const RANDOMNESS: &str = "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd";

fn beacon() -> PublicKey {
	PublicKey::from_bytes(&quicknet::PUBLIC_KEY).unwrap()
}

fn signature(index: usize) -> Signature {
	Signature::from_bytes(&hex::decode(ROUNDS[index].1).unwrap()).unwrap()
}

#[test]
fn real_rounds_verify_and_no_other_round_does() {
	for (index, (round, _)) in ROUNDS.into_iter().enumerate() {
		assert_eq!(beacon().verify(round, &signature(index)), Ok(()));
		for other in [0, round - 1, round + 1, round.swap_bytes(), u64::MAX] {
			assert_eq!(
				beacon().verify(other, &signature(index)),
				Err(Error::WrongSignature),
				"round {other}"
			);
		}
	}
	assert_eq!(hex::encode(signature(1).randomness().unwrap()), RANDOMNESS);
}

#[test]
fn quicknet_is_described_by_its_own_hash() {
	let (key, group, name) = (quicknet::PUBLIC_KEY, quicknet::GROUP_HASH, quicknet::BEACON_ID);
	assert_eq!(quicknet::SCHEDULE.chain_hash(&key, &group, name), quicknet::CHAIN_HASH);
	assert_ne!(
		quicknet::SCHEDULE.chain_hash(&key, &group, "another"),
		quicknet::CHAIN_HASH
	);
}

#[test]
fn opens_what_the_sdk_sealed() {
	let vectors = include_str!("vectors/sdk.txt");
	let mut opened = 0;
	for line in vectors.lines().filter(|line| !line.starts_with('#')) {
		let [name, sealed, message] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
		let sealed = hex::decode(sealed).unwrap();
		let message = hex::decode(message.trim_matches('-')).unwrap();
		assert_eq!(open(&sealed, &signature(1)), Ok(message.clone()), "{name}");
		assert_eq!(open(&sealed, &signature(0)), Err(Error::WrongKey), "{name}");
		let ours = seal(&beacon(), 1_000, &message, [1; 32]).unwrap();
		assert_eq!(ours.len(), sealed.len(), "{name}: both sides add as many bytes");
		opened += 1;
	}
	assert_eq!(opened, 5);
}

#[test]
fn a_commit_of_weights_is_the_bytes_that_the_sdk_documents() {
	let vectors = include_str!("vectors/sdk.txt");
	let line = vectors.lines().find(|line| line.starts_with("two_weights")).unwrap();
	let sealed = hex::decode(line.split(' ').nth(1).unwrap()).unwrap();
	let message = open(&sealed, &signature(1)).unwrap();
	// The hotkey as a vector of bytes, uids [1, 2], values [10, 65535], version key 7: SCALE.
	let mut expected = vec![32 << 2];
	expected.extend(0..32);
	expected.extend([2 << 2, 1, 0, 2, 0]);
	expected.extend([2 << 2, 10, 0, 255, 255]);
	expected.extend(7_u64.to_le_bytes());
	assert_eq!(message, expected);
}
