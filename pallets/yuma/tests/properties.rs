//! What has to hold for every subnet, and what has to hold for every input at all.

mod common;

use common::invariants::{check, check_every_variant, sum};
use common::subnets::{MOST_NEURONS, any_owned_input, any_proportion, sorted_row, subnet, subnet_of_validators};
use common::{Input, Output};
use proptest::collection::vec;
use proptest::prelude::*;
use yuma::{Entry, EpochOutput, OwnedEpochInput, Workspace};

fn output_of(input: &OwnedEpochInput) -> EpochOutput {
	let mut output = EpochOutput::default();
	input.run(&mut Workspace::default(), &mut output);
	output
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
	fn no_input_panics_or_creates_anything(input in any_owned_input()) {
		check_every_variant(&input).map_err(TestCaseError::fail)?;
	}

	#[test]
	fn subnets_pay_out_what_they_have(input in subnet()) {
		let input = input.owned();
		let output = output_of(&input);
		check(&input, &output).map_err(TestCaseError::fail)?;
		prop_assert!(sum(&output.stake_weight) > 0);
		if input.emission > 1 << 20 {
			prop_assert!(sum(&output.combined_emission) > 0);
		}
	}

	#[test]
	fn memory_of_other_epochs_changes_nothing(inputs in vec(any_owned_input(), 1..5)) {
		let (mut workspace, mut output) = (Workspace::default(), EpochOutput::default());
		for input in &inputs {
			input.run(&mut workspace, &mut output);
			prop_assert_eq!(&output, &output_of(input));
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

	/// However stake below κ moves its weights away from what everybody else agrees on, no consensus goes up. (Where the
	/// others are divided, it may decide between them, but a consensus is always what at least κ supports.)
	#[test]
	fn raising_weights_by_stake_below_kappa_never_raises_a_consensus(
		input in subnet_of_validators(),
		agreed in sorted_row(MOST_NEURONS),
		raised in vec(sorted_row(MOST_NEURONS), 2),
		kappa in 1_000..=u16::MAX,
		share in 1..99_u64,
	) {
		let mut input = Input { kappa, owner_uid: None, ..input };
		let validators = usize::from(input.n) / 2 + 1;
		for uid in 0..usize::from(input.n) {
			input.validator_permits[uid] = uid < validators;
			input.weights[uid] = agreed.iter().filter(|(to, _)| usize::from(*to) >= validators).copied().collect();
		}
		let coalition = raised.len().min(validators - 1);
		let others: u64 = input.stake[coalition..validators].iter().sum();
		let below_kappa = others * u64::from(kappa) / u64::from(u16::MAX) * share / 100;
		input.stake[..coalition].fill(below_kappa / coalition as u64);
		let agreed = input.run().consensus;
		input.weights[..coalition].clone_from_slice(&raised[..coalition]);
		for (raised, agreed) in input.run().consensus.iter().zip(agreed) {
			prop_assert!(*raised <= agreed);
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
