//! The invariants notice what they are there to notice.

mod common;

use common::generator::{Kind, Size, Variant, subnet};
use common::invariants::{check, check_every_variant};
use yuma::{EpochOutput, OwnedEpochInput, Workspace};

fn small() -> OwnedEpochInput {
	let size = Size {
		uids: 12,
		validators: 3,
		listed: 9,
	};
	subnet(1, size, Variant::Yuma3, Kind::RandomBonds)
}

/// The complaint about an output that was right before `spoil` got hold of it.
fn complaint(spoil: impl Fn(&mut EpochOutput)) -> String {
	let input = small();
	let mut output = EpochOutput::default();
	input.run(&mut Workspace::default(), &mut output);
	assert_eq!(check(&input, &output), Ok(()));
	spoil(&mut output);
	check(&input, &output).expect_err("a spoilt output is not right")
}

fn first_above_zero(values: &mut [u64]) -> &mut u64 {
	values.iter_mut().find(|value| **value > 0).unwrap()
}

#[test]
fn spoilt_outputs_are_noticed() {
	let complaints: [(&str, String); 9] = [
		("lengths", complaint(|output| output.active.truncate(11))),
		(
			"number of mechanisms",
			complaint(|output| output.mechanisms.push(output.mechanisms[0].clone())),
		),
		(
			"stake_weight sums",
			complaint(|output| output.stake_weight[0] = u16::MAX),
		),
		("dividends sums", complaint(|output| output.dividends.fill(1))),
		("incentive", complaint(|output| output.incentive.reverse())),
		(
			"12 permits",
			complaint(|output| output.new_validator_permits.fill(true)),
		),
		(
			"without a permit",
			complaint(|output| output.new_validator_permits.fill(false)),
		),
		(
			"only",
			complaint(|output| *first_above_zero(&mut output.combined_emission) = 0),
		),
		(
			"rao of",
			complaint(|output| *first_above_zero(&mut output.server_emission) += 1_000),
		),
	];
	for (part, complaint) in complaints {
		assert!(complaint.contains(part), "expected '{part}': {complaint}");
	}
}

#[test]
fn subnets_of_every_variant_keep_the_invariants() {
	assert_eq!(check_every_variant(&small()), Ok(()));
}
