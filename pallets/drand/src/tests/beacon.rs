//! Which beacon is followed, and what it opens.

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use ganglion_primitives::{Beacon, TimelockError};
use sp_runtime::DispatchError;
use timelock::PublicKey;

fn set(beacon: BeaconConfiguration) -> frame_support::dispatch::DispatchResult {
	Drand::set_beacon_config(RuntimeOrigin::root(), beacon)
}

#[test]
fn a_chain_follows_quicknet_unless_told_otherwise() {
	use sp_runtime::BuildStorage;
	let storage = RuntimeGenesisConfig::default().build_storage().unwrap();
	sp_io::TestExternalities::new(storage).execute_with(|| {
		assert_eq!(BeaconConfig::<Test>::get(), BeaconConfiguration::quicknet());
		assert_ok!(Drand::do_try_state());
		// A real pulse of quicknet.
		let signature =
			"b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";
		let randomness = "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd";
		let real = Pulse {
			round: 1_000,
			randomness: hex::decode(randomness).unwrap().try_into().unwrap(),
			signature: hex::decode(signature).unwrap().try_into().unwrap(),
		};
		assert_ok!(Drand::write_pulse(RuntimeOrigin::signed(1), payload([real])));
		assert_noop!(
			Drand::write_pulse(RuntimeOrigin::signed(1), rounds([1_001])),
			Error::<Test>::PulseVerificationError
		);
	});
}

#[test]
fn genesis_is_written_in_hexadecimal() {
	let beacon = GenesisBeacon::from(BeaconConfiguration::development());
	let json = serde_json::to_string(&beacon).unwrap();
	assert!(json.contains(r#""schemeId":"bls-unchained-g1-rfc9380""#), "{json}");
	assert!(json.contains(r#""period":3"#), "{json}");
	let read: GenesisBeacon = serde_json::from_str(&json).unwrap();
	assert_eq!(
		BeaconConfiguration::try_from(read),
		Ok(BeaconConfiguration::development())
	);
}

#[test]
#[should_panic(expected = "the genesis field drand.beacon is invalid: the period has to be at least a second")]
fn an_invalid_genesis_is_refused_by_name() {
	use sp_runtime::BuildStorage;
	let beacon = GenesisBeacon {
		period: 0,
		..Default::default()
	};
	let genesis = GenesisConfig::<Test> {
		beacon,
		..Default::default()
	};
	genesis.build_storage().unwrap();
}

#[test]
fn the_development_beacon_keeps_quicknets_time() {
	let development = BeaconConfiguration::development();
	assert_eq!(development.schedule(), timelock::quicknet::SCHEDULE);
	assert_ok!(development.validate());
	assert_ne!(development.hash, BeaconConfiguration::quicknet().hash);
}

#[test]
fn only_root_chooses_a_beacon_and_only_a_possible_one() {
	run(|| {
		let quicknet = BeaconConfiguration::quicknet();
		assert_noop!(
			Drand::set_beacon_config(RuntimeOrigin::signed(1), quicknet.clone()),
			DispatchError::BadOrigin
		);
		let changes: [fn(&mut BeaconConfiguration); 6] = [
			|beacon| beacon.period = 0,
			|beacon| beacon.public_key = Default::default(),
			|beacon| beacon.public_key[0] = 0,
			|beacon| beacon.public_key.truncate(95),
			|beacon| beacon.hash.truncate(31),
			|beacon| beacon.scheme_id[0] = b'x',
		];
		for change in changes {
			let mut impossible = quicknet.clone();
			change(&mut impossible);
			assert_noop!(set(impossible), Error::<Test>::InvalidBeaconConfiguration);
		}
		assert_ok!(set(quicknet.clone()));
		assert_eq!(BeaconConfig::<Test>::get(), quicknet);
		System::assert_last_event(Event::BeaconConfigChanged.into());
	});
}

#[test]
fn another_key_removes_the_pulses_and_another_period_does_not() {
	run(|| {
		assert_ok!(Drand::write_pulse(RuntimeOrigin::signed(1), rounds([5, 6])));
		let mut slower = BeaconConfiguration::development();
		slower.period = 30;
		assert_ok!(set(slower));
		assert_eq!(Drand::latest_round(), Some(6));
		assert_ok!(set(BeaconConfiguration::quicknet()));
		assert_eq!((Drand::latest_round(), Drand::signature(5)), (None, None));
	});
}

#[test]
fn a_stored_signature_opens_what_was_sealed_to_its_round() {
	run(|| {
		let key = PublicKey::from_bytes(&BeaconConfig::<Test>::get().public_key).unwrap();
		let sealed = timelock::seal(&key, 6, b"weights", [3; 32]).unwrap();
		assert_eq!(Drand::signature(6), None);
		assert_ok!(Drand::write_pulse(RuntimeOrigin::signed(1), rounds([5, 6])));
		let signature = |round| Drand::signature(round).unwrap();
		assert_eq!(Drand::open(&sealed, &signature(6)), Ok(b"weights".to_vec()));
		assert_eq!(Drand::open(&sealed, &signature(5)), Err(TimelockError::WrongKey));
		assert_eq!(
			Drand::open(&sealed[1..], &signature(6)),
			Err(TimelockError::MalformedCommit)
		);
		assert_eq!(Drand::open(&[], &signature(6)), Err(TimelockError::MalformedCommit));
		assert_eq!(Drand::open(&sealed, &[]), Err(TimelockError::MalformedSignature));
	});
}
