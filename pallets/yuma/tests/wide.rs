//! Subnets at the edge of what `u16` uids allow.

mod common;

use std::collections::BTreeMap;

use common::Input;
use yuma::Entry;

fn wide_input(stake: Vec<u64>, weights: Vec<Vec<Entry>>, yuma3_on: bool, liquid_alpha_on: bool) -> Input {
	let n = usize::from(u16::MAX);
	Input {
		n: u16::MAX,
		block: u64::MAX,
		tempo: u64::MAX,
		activity_cutoff: u64::MAX,
		last_mechanism_step_block: u64::MAX,
		last_update: vec![u64::MAX; n],
		block_at_registration: vec![0; n],
		stake,
		stake_threshold: 0,
		owner_uid: Some(u16::MAX - 1),
		validator_permits: vec![true; n],
		max_allowed_validators: u16::MAX,
		kappa: u16::MAX,
		bonds_penalty: 32_768,
		bonds_moving_average: 900_000,
		yuma3_on,
		liquid_alpha_on,
		alpha_low: 0,
		alpha_high: u16::MAX,
		alpha_sigmoid_steepness: i16::MIN,
		emission: u64::MAX,
		bonds: weights.clone(),
		weights,
	}
}

/// A few full rows of the highest values, and a column that everybody lists.
#[test]
fn the_widest_subnet_of_the_highest_values_is_paid_out() {
	let n = u16::MAX;
	let full: Vec<Entry> = (0..n).rev().map(|uid| (uid, u16::MAX)).collect();
	let mut weights = vec![vec![(0, u16::MAX)]; usize::from(n)];
	weights[..3].fill(full);
	let stake = vec![u64::MAX; usize::from(n)];
	for (yuma3_on, liquid_alpha_on) in [(false, false), (true, false), (true, true)] {
		let output = wide_input(stake.clone(), weights.clone(), yuma3_on, liquid_alpha_on).run();
		let paid: u128 = output.combined_emission.iter().map(|amount| u128::from(*amount)).sum();
		let lost_at_most = u128::from(n) << 32;
		assert!(paid <= u128::from(u64::MAX), "{paid}");
		assert!(paid + 2 * lost_at_most >= u128::from(u64::MAX), "{paid}");
		assert!(output.new_validator_permits.iter().all(|permit| *permit));
	}
}

/// The cost follows the entries: a subnet of the largest size with next to no weights must not need anything of size n².
#[test]
fn the_widest_subnet_may_be_empty() {
	let n = usize::from(u16::MAX);
	let mut stake = vec![0; n];
	stake[7] = 1;
	let output = wide_input(stake, vec![Vec::new(); 3], true, true).run();
	let earned: BTreeMap<usize, u64> = output
		.combined_emission
		.iter()
		.copied()
		.enumerate()
		.filter(|(_, amount)| *amount > 0)
		.collect();
	assert_eq!(earned, BTreeMap::from([(7, u64::MAX)]));
}
