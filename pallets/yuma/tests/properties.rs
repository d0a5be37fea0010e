//! What has to hold for every subnet, and what has to hold for every input at all.

mod common;

use common::{Input, Output};
use proptest::collection::vec;
use proptest::prelude::*;
use yuma::{Entry, Workspace};

/// The largest subnet that the properties are tried on.
const MOST_NEURONS: u16 = 12;
const BLOCK: u64 = 100_000;

/// Amounts and block numbers, with the extremes more often than chance would have them.
fn any_word() -> impl Strategy<Value = u64> {
	prop_oneof![Just(0), Just(u64::MAX), 0..20_u64, any::<u64>()]
}

fn any_proportion() -> impl Strategy<Value = u16> {
	prop_oneof![Just(0), Just(u16::MAX), Just(32_767), any::<u16>()]
}

/// Rows with anything in them: unsorted, repeated and unknown destinations, zeros.
fn any_rows() -> impl Strategy<Value = Vec<Vec<Entry>>> {
	let destination = prop_oneof![8 => 0..MOST_NEURONS + 2, 1 => any::<u16>()];
	vec(vec((destination, any_proportion()), 0..16), 0..14)
}

prop_compose! {
	/// Hyperparameters, in an input without neurons.
	fn any_parameters()(
		kappa in any_proportion(),
		bonds_penalty in any_proportion(),
		bonds_moving_average in prop_oneof![0..=1_000_000_u64, Just(900_000), Just(u64::MAX)],
		yuma3_on: bool,
		liquid_alpha_on: bool,
		alpha_low in any_proportion(),
		alpha_high in any_proportion(),
		alpha_sigmoid_steepness: i16,
		max_allowed_validators in prop_oneof![0..5_u16, Just(64), Just(u16::MAX)],
		emission in any_word(),
	) -> Input {
		Input {
			n: 0,
			block: BLOCK,
			tempo: 100,
			activity_cutoff: 1_000,
			last_mechanism_step_block: 0,
			last_update: Vec::new(),
			block_at_registration: Vec::new(),
			stake: Vec::new(),
			stake_threshold: 0,
			owner_uid: None,
			validator_permits: Vec::new(),
			max_allowed_validators,
			kappa,
			bonds_penalty,
			bonds_moving_average,
			yuma3_on,
			liquid_alpha_on,
			alpha_low,
			alpha_high,
			alpha_sigmoid_steepness,
			emission,
			weights: Vec::new(),
			bonds: Vec::new(),
		}
	}
}

prop_compose! {
	/// Any input at all: vectors of the wrong length, blocks in the wrong order, stake beyond 2⁶⁴ in sum.
	fn any_input()(
		parameters in any_parameters(),
		n in 0..=MOST_NEURONS,
		blocks in (any_word(), any_word(), any_word(), any_word()),
		last_update in vec(any_word(), 0..14),
		block_at_registration in vec(any_word(), 0..14),
		stake in vec(any_word(), 0..14),
		stake_threshold in any_word(),
		owner_uid in proptest::option::of(0..MOST_NEURONS + 2),
		validator_permits in vec(any::<bool>(), 0..14),
		weights in any_rows(),
		bonds in any_rows(),
	) -> Input {
		Input {
			n,
			block: blocks.0,
			tempo: blocks.1,
			activity_cutoff: blocks.2,
			last_mechanism_step_block: blocks.3,
			last_update,
			block_at_registration,
			stake,
			stake_threshold,
			owner_uid,
			validator_permits,
			weights,
			bonds,
			..parameters
		}
	}
}

/// A row without repetitions, sorted.
fn sorted_row(n: u16) -> impl Strategy<Value = Vec<Entry>> {
	proptest::collection::btree_map(0..n, any_proportion(), 0..=usize::from(n)).prop_map(Vec::from_iter)
}

prop_compose! {
	/// A subnet as it might be: rows are sorted, no two stakes are the same, and about half of the uids validate.
	fn subnet()(parameters in any_parameters(), n in 2..=MOST_NEURONS)(
		stake in vec(1_000..1_000_000_u64, usize::from(n)),
		last_update in vec(prop_oneof![4 => BLOCK - 900..BLOCK, 1 => 0..BLOCK], usize::from(n)),
		block_at_registration in vec(prop_oneof![4 => 0..BLOCK - 900, 1 => 0..BLOCK], usize::from(n)),
		validator_permits in vec(any::<bool>(), usize::from(n)),
		owner_uid in proptest::option::of(0..n),
		weights in vec(sorted_row(n), usize::from(n)),
		bonds in vec(sorted_row(n), usize::from(n)),
		parameters in Just(parameters),
		n in Just(n),
	) -> Input {
		let unique = |(uid, stake): (u64, u64)| stake * u64::from(MOST_NEURONS) + uid;
		let stake = (0..).zip(stake).map(unique).collect();
		Input {
			n, stake, last_update, block_at_registration, validator_permits, owner_uid, weights, bonds, ..parameters
		}
	}
}

prop_compose! {
	/// A subnet in which everybody is active, old enough and permitted.
	fn subnet_of_validators()(input in subnet()) -> Input {
		let n = usize::from(input.n);
		Input {
			last_update: vec![BLOCK - 1; n],
			block_at_registration: vec![1; n],
			validator_permits: vec![true; n],
			..input
		}
	}
}

fn sum<T: Copy + Into<u128>>(values: &[T]) -> u128 {
	values.iter().map(|value| (*value).into()).sum()
}

/// Shares sum to one less what rounding takes, or nobody has any.
fn is_shared_out(shares: &[u16]) -> bool {
	let all = u128::from(u16::MAX);
	let least = all.saturating_sub(shares.len() as u128);
	sum(shares) == 0 || (least..=all).contains(&sum(shares))
}

/// Amounts sum to the pool less what rounding takes (2⁻³² of the pool and one rao for each uid), or nobody gets any.
fn is_paid_out(amounts: &[u64], pool: u64) -> bool {
	let lost_at_most = (u128::from(pool >> 32) + 2) * amounts.len() as u128;
	sum(amounts) == 0 || (u128::from(pool).saturating_sub(lost_at_most)..=pool.into()).contains(&sum(amounts))
}

fn check_output(input: &Input, output: &Output) -> Result<(), TestCaseError> {
	let n = usize::from(input.n);
	let lengths = [
		output.active.len(),
		output.stake_weight.len(),
		output.consensus.len(),
		output.incentive.len(),
		output.dividends.len(),
		output.validator_trust.len(),
		output.new_validator_permits.len(),
		output.server_emission.len(),
		output.validator_emission.len(),
		output.combined_emission.len(),
		output.bonds.len(),
	];
	prop_assert_eq!(lengths, [n; 11]);
	prop_assert!(is_shared_out(&output.stake_weight));
	prop_assert!(is_shared_out(&output.incentive));
	prop_assert!(is_shared_out(&output.dividends));
	prop_assert!(is_paid_out(&output.combined_emission, input.emission));
	let both = sum(&output.server_emission) + sum(&output.validator_emission);
	prop_assert!(both <= u128::from(input.emission));
	if sum(&output.stake_weight) > 0 {
		let lost_at_most = (u128::from(input.emission >> 32) + 2) * 2 * n as u128;
		prop_assert!(both + lost_at_most >= u128::from(input.emission));
	}

	let permits = output.new_validator_permits.iter().filter(|permit| **permit).count();
	prop_assert!(permits <= usize::from(input.max_allowed_validators) + 1);
	for (row, permit) in output.bonds.iter().zip(&output.new_validator_permits) {
		let mut destinations: Vec<u16> = row.iter().map(|(destination, _)| *destination).collect();
		prop_assert!(*permit || row.is_empty());
		prop_assert!(destinations.iter().all(|destination| *destination < input.n));
		destinations.sort_unstable();
		prop_assert!(
			destinations.is_sorted_by(|lower, higher| lower < higher),
			"a destination twice"
		);
	}
	Ok(())
}

/// `values` with the entry of each uid moved to the uid's new number.
fn moved<T: Clone>(values: &[T], new_uid: &[u16]) -> Vec<T> {
	let mut pairs: Vec<_> = new_uid.iter().zip(values).collect();
	pairs.sort_by_key(|(uid, _)| **uid);
	pairs.into_iter().map(|(_, value)| value.clone()).collect()
}

fn moved_rows(rows: &[Vec<Entry>], new_uid: &[u16]) -> Vec<Vec<Entry>> {
	let mut rows = moved(rows, new_uid);
	for row in &mut rows {
		for (destination, _) in row.iter_mut() {
			*destination = new_uid[usize::from(*destination)];
		}
		row.sort_unstable();
	}
	rows
}

fn renumbered(input: &Input, new_uid: &[u16]) -> Input {
	Input {
		last_update: moved(&input.last_update, new_uid),
		block_at_registration: moved(&input.block_at_registration, new_uid),
		stake: moved(&input.stake, new_uid),
		owner_uid: input.owner_uid.map(|uid| new_uid[usize::from(uid)]),
		validator_permits: moved(&input.validator_permits, new_uid),
		weights: moved_rows(&input.weights, new_uid),
		bonds: moved_rows(&input.bonds, new_uid),
		..input.clone()
	}
}

fn renumbered_output(output: &Output, new_uid: &[u16]) -> Output {
	Output {
		active: moved(&output.active, new_uid),
		stake_weight: moved(&output.stake_weight, new_uid),
		consensus: moved(&output.consensus, new_uid),
		incentive: moved(&output.incentive, new_uid),
		dividends: moved(&output.dividends, new_uid),
		validator_trust: moved(&output.validator_trust, new_uid),
		new_validator_permits: moved(&output.new_validator_permits, new_uid),
		server_emission: moved(&output.server_emission, new_uid),
		validator_emission: moved(&output.validator_emission, new_uid),
		combined_emission: moved(&output.combined_emission, new_uid),
		bonds: moved_rows(&output.bonds, new_uid),
	}
}

fn with_numbering() -> impl Strategy<Value = (Input, Vec<u16>)> {
	subnet().prop_flat_map(|input| {
		let uids: Vec<u16> = (0..input.n).collect();
		(Just(input), Just(uids).prop_shuffle())
	})
}

/// The row with a zero for each destination that it does not list, backwards.
fn spelled_out(row: &[Entry], n: u16) -> Vec<Entry> {
	let listed = |uid| {
		row.iter()
			.find(|(destination, _)| *destination == uid)
			.map_or(0, |(_, value)| *value)
	};
	(0..n).rev().map(|uid| (uid, listed(uid))).collect()
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(512))]

	#[test]
	fn no_input_panics_or_creates_anything(input in any_input()) {
		check_output(&input, &input.run())?;
	}

	#[test]
	fn subnets_pay_out_what_they_have(input in subnet()) {
		let output = input.run();
		check_output(&input, &output)?;
		prop_assert!(is_paid_out(&output.combined_emission, input.emission));
		if input.emission > 1 << 20 {
			prop_assert!(sum(&output.combined_emission) > 0);
		}
	}

	#[test]
	fn memory_of_other_epochs_changes_nothing(inputs in vec(any_input(), 1..5)) {
		let mut workspace = Workspace::default();
		for input in &inputs {
			prop_assert_eq!(input.run_in(&mut workspace), input.run());
		}
	}

	#[test]
	fn renumbering_uids_renumbers_the_output((input, new_uid) in with_numbering()) {
		let mut output = renumbered(&input, &new_uid).run();
		for row in &mut output.bonds {
			row.sort_unstable();
		}
		prop_assert_eq!(output, renumbered_output(&input.run(), &new_uid));
	}

	/// Exactly so, for any factor: shares of stake are cut quotients of integers, and the factor cancels.
	#[test]
	fn scaling_all_stake_changes_nothing(input in subnet(), factor in 1..1_000_000_u64, stake_threshold in 0..10_000_000_u64) {
		let input = Input { stake_threshold, ..input };
		let scaled = Input {
			stake: input.stake.iter().map(|stake| stake * factor).collect(),
			stake_threshold: stake_threshold * factor,
			..input.clone()
		};
		prop_assert_eq!(scaled.run(), input.run());
	}

	/// Without stake a validator moves neither consensus nor incentive, and without old bonds it earns nothing. (Its
	/// bonds may dilute those of others in Yuma 3, where bonds do not depend on stake.)
	#[test]
	fn no_stake_no_say(input in subnet(), row in sorted_row(MOST_NEURONS)) {
		let mut silent = input;
		silent.stake[0] = 0;
		silent.bonds[0] = Vec::new();
		silent.weights[0] = Vec::new();
		silent.validator_permits[0] = true;
		let mut loud = silent.clone();
		loud.weights[0] = row;
		let (silent, loud) = (silent.run(), loud.run());
		prop_assert_eq!(&silent.consensus, &loud.consensus);
		prop_assert_eq!(&silent.incentive, &loud.incentive);
		prop_assert_eq!(loud.dividends[0], 0);
		prop_assert_eq!(loud.validator_emission[0], 0);
	}

	#[test]
	fn no_stake_no_say_at_all_in_yuma_2(input in subnet(), row in sorted_row(MOST_NEURONS)) {
		let mut silent = Input { yuma3_on: false, ..input };
		silent.stake[0] = 0;
		silent.weights[0] = Vec::new();
		silent.validator_permits[0] = true;
		let mut loud = silent.clone();
		loud.weights[0] = row;
		let (silent, loud) = (silent.run(), loud.run());
		let differences = silent.differences(&loud);
		prop_assert!(differences.iter().all(|name| *name == "validator_trust"), "{:?}", differences);
	}

	/// With nothing of the old bonds kept and the full penalty, the bonds of Yuma 3 are the clipped weights.
	#[test]
	fn clipped_weights_do_not_exceed_the_consensus(input in subnet_of_validators()) {
		let input = Input {
			yuma3_on: true,
			liquid_alpha_on: false,
			bonds_moving_average: 0,
			bonds_penalty: u16::MAX,
			max_allowed_validators: u16::MAX,
			..input
		};
		let output = input.run();
		for (destination, clipped) in output.bonds.iter().flatten() {
			prop_assert!(*clipped <= output.consensus[usize::from(*destination)]);
		}
		for (row, trust) in output.bonds.iter().zip(&output.validator_trust) {
			prop_assert!(sum(&row.iter().map(|(_, clipped)| *clipped).collect::<Vec<_>>()) <= u128::from(*trust));
		}
	}

	/// Whatever a validator with less than κ says, the consensus does not exceed the highest weight of all the others,
	/// which is what κ = 0 finds without it.
	#[test]
	fn stake_below_kappa_cannot_lift_the_consensus(
		input in subnet_of_validators(),
		kappa in 1_000..=u16::MAX,
		share in 1..99_u64,
	) {
		let mut input = Input { kappa, owner_uid: None, ..input };
		let others: u64 = input.stake[1..].iter().sum();
		let below_kappa = others * u64::from(kappa) / u64::from(u16::MAX) * share / 100;
		input.stake[0] = below_kappa;
		let mut without = Input { kappa: 0, ..input.clone() };
		without.validator_permits[0] = false;
		for (with, most) in input.run().consensus.iter().zip(without.run().consensus) {
			prop_assert!(*with <= most);
		}
	}

	/// Except under liquid alpha, where the vectors' README states what the network makes of order and zeros.
	#[test]
	fn listed_zeros_and_order_change_nothing(input in subnet()) {
		let input = Input { liquid_alpha_on: false, ..input };
		let spelled_out = |rows: &[Vec<Entry>]| rows.iter().map(|row| spelled_out(row, input.n)).collect();
		let dense = Input { weights: spelled_out(&input.weights), bonds: spelled_out(&input.bonds), ..input.clone() };
		prop_assert_eq!(dense.run(), input.run());
	}

	#[test]
	fn the_first_of_several_entries_counts(input in subnet(), repeated in any_proportion()) {
		let mut twice = input.clone();
		for row in twice.weights.iter_mut().chain(&mut twice.bonds) {
			let again: Vec<Entry> = row.iter().map(|(destination, _)| (*destination, repeated)).collect();
			row.extend(again);
		}
		prop_assert_eq!(twice.run(), input.run());
	}
}
