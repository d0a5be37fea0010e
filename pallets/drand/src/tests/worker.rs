//! What the off-chain worker asks for and hands in.

use crate::{mock::*, worker::*, *};
use alloc::{string::String, vec::Vec};
use frame_support::{assert_ok, traits::Hooks};
use sp_runtime::offchain::storage::StorageValueRef;

/// Tells the node where the beacon is.
fn tell(source: &str) {
	StorageValueRef::persistent(SOURCE_KEY).set(&source.as_bytes().to_vec());
}

/// The rounds of each transaction in the pool.
fn handed_in(node: &Node) -> Vec<Vec<u64>> {
	let payloads = node.submitted().into_iter();
	payloads
		.map(|payload| payload.pulses.iter().map(|pulse| pulse.round).collect())
		.collect()
}

#[test]
fn the_latest_round_is_stored_now_and_then() {
	run_at(500, |node| {
		tell(SERVER);
		node.expect("latest", json(&pulse(500)));
		Drand::offchain_worker(1);
		let [payload] = node.submitted().try_into().unwrap();
		assert_eq!(payload, rounds([500]));

		// Its transaction is on its way, then it is stored: nothing is asked for.
		Drand::offchain_worker(2);
		assert_ok!(Drand::write_pulse(RuntimeOrigin::signed(1), payload));
		Drand::offchain_worker(1 + RESUBMIT_AFTER_BLOCKS);
		assert_eq!(handed_in(node), Vec::<Vec<u64>>::new());
	});
}

#[test]
fn what_was_handed_in_and_lost_is_handed_in_again() {
	run_at(500, |node| {
		tell(SERVER);
		for block in [1, 1 + RESUBMIT_AFTER_BLOCKS] {
			node.expect("latest", json(&pulse(500)));
			Drand::offchain_worker(block);
			assert_eq!(handed_in(node), [[500]]);
		}
	});
}

#[test]
fn a_chain_that_stood_still_fetches_only_what_it_waits_for() {
	// A day of rounds has passed, and commits wait for three of them, and for one that has not come.
	run_at(28_800 + 100, |node| {
		tell(SERVER);
		assert_ok!(Drand::write_pulse(RuntimeOrigin::signed(1), rounds([100, 101])));
		Needed::set(&Vec::from([101, 500, 700, 28_899, 50_000]));
		for round in [500, 700, 28_899] {
			node.expect(&alloc::format!("{round}"), json(&pulse(round)));
		}
		node.expect("latest", json(&pulse(28_900)));
		Drand::offchain_worker(1);
		assert_eq!(handed_in(node), [[500, 700, 28_899, 28_900]]);
	});
}

#[test]
fn many_needed_rounds_come_some_at_a_time() {
	run_at(1_000, |node| {
		tell(SERVER);
		Needed::set(&(1..=20).collect());
		let expect = |rounds: core::ops::RangeInclusive<u64>, latest: bool| {
			for round in rounds {
				node.expect(&alloc::format!("{round}"), json(&pulse(round)));
			}
			if latest {
				node.expect("latest", json(&pulse(1_000)));
			}
		};
		expect(1..=7, true);
		Drand::offchain_worker(1);
		let [first] = node.submitted().try_into().unwrap();
		assert_eq!(first.pulses.len(), MAX_PULSES_PER_CALL as usize);
		assert_ok!(Drand::write_pulse(RuntimeOrigin::signed(1), first));
		expect(8..=14, false);
		Drand::offchain_worker(2);
		assert_eq!(handed_in(node), [[8, 9, 10, 11, 12, 13, 14]]);
	});
}

#[test]
fn bad_answers_are_dropped_and_good_ones_kept() {
	run_at(1_000, |node| {
		tell(&alloc::format!("{SERVER}/"));
		Needed::set(&Vec::from([1, 2, 3, 4, 5]));
		let mut forged = pulse(1);
		forged.round = 2;
		node.expect("1", json(&forged));
		node.expect("2", json(&forged));
		node.expect("3", json(&pulse(3)));
		node.expect("4", "<html>".into());
		node.expect("5", " ".repeat(100_000));
		node.expect("latest", json(&pulse(3)));
		Drand::offchain_worker(1);
		assert_eq!(handed_in(node), [[3]]);
	});
}

#[test]
fn without_a_source_nothing_is_asked() {
	run_at(1_000, |node| {
		Needed::set(&Vec::from([1]));
		Drand::offchain_worker(1);
		StorageValueRef::persistent(SOURCE_KEY).set(&Vec::from([0xff_u8, 0xfe]));
		Drand::offchain_worker(2);
		assert_eq!(handed_in(node), Vec::<Vec<u64>>::new());
	});
}

#[test]
fn quicknet_has_a_source_by_default() {
	run_at(1_000, |node| {
		assert_ok!(Drand::set_beacon_config(
			RuntimeOrigin::root(),
			BeaconConfiguration::quicknet()
		));
		let hash = hex::encode(timelock::quicknet::CHAIN_HASH);
		let signature =
			"b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";
		let randomness = "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd";
		let body = alloc::format!(r#"{{"round":1000,"randomness":"{randomness}","signature":"{signature}"}}"#);
		let uri = alloc::format!("https://api.drand.sh/{hash}/public/latest");
		node.expect_at(&uri, body);
		Drand::offchain_worker(1);
		assert_eq!(handed_in(node), [[1_000]]);
	});
}

#[test]
fn json_is_read_with_care() {
	let good = json(&pulse(5));
	assert_eq!(parse(good.as_bytes()), Some(pulse(5)));
	let more = good.replace("{", r#"{"previous_signature":"","#);
	assert_eq!(parse(more.as_bytes()), Some(pulse(5)));
	let long = "ab".repeat(97);
	for bad in [
		String::new(),
		"{}".into(),
		"null".into(),
		"[".repeat(1_000),
		good.replace('5', "-5"),
		good.replace("\"round\":5", "\"round\":18446744073709551616"),
		good.replace("\"signature\":\"", "\"signature\":\"zz"),
		good.replace("\"signature\":\"", &alloc::format!("\"signature\":\"{long}")),
		good.replace("\"randomness\":\"", "\"randomness\":\"00"),
	] {
		assert_eq!(parse(bad.as_bytes()), None, "{bad}");
	}
}
