//! The engine against an epoch as one writes it down, to the last bit, on subnets of the sizes that it is made for.

mod common;

use common::generator::{Kind, SIZES, Size, Variant, subnet};
use common::plain::{Plain, plain};
use proptest::prelude::*;
use yuma::{EpochOutput, OwnedEpochInput, Workspace};

const VARIANTS: [Variant; 3] = [Variant::Yuma2, Variant::Yuma3, Variant::Yuma2HalfPenalty];

fn check(input: &OwnedEpochInput) -> Plain {
	let mut output = EpochOutput::default();
	input.run(&mut Workspace::default(), &mut output);
	let plain = plain(input, &output.new_validator_permits);
	let bonds = &output.mechanisms[0].bonds;
	let came = Plain {
		consensus: output.consensus.clone(),
		trust: output.validator_trust.clone(),
		incentive: output.incentive.clone(),
		dividends: output.dividends.clone(),
		emission: output.combined_emission.clone(),
		bonds: (0..input.n).map(|uid| bonds.row(uid).to_vec()).collect(),
	};
	assert_eq!(came, plain);
	came
}

#[test]
fn large_subnets_come_to_the_same() {
	for size in SIZES {
		for variant in VARIANTS {
			let came = check(&subnet(1, size, variant, Kind::RandomBonds));
			assert!(came.dividends.iter().any(|share| *share > 0) && came.bonds.iter().any(|row| !row.is_empty()));
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(256))]

	#[test]
	fn subnets_of_all_kinds_come_to_the_same(
		seed: u64,
		uids in 40..400_u16,
		validators in 1..40_u16,
		listed in 2..40_u16,
		variant in prop::sample::select(&VARIANTS),
		kind in prop::sample::select(&[Kind::RandomBonds, Kind::SettledBonds, Kind::BondsElsewhere, Kind::Scattered]),
		kappa in prop_oneof![Just(0), Just(u16::MAX), any::<u16>()],
		bonds_penalty in prop_oneof![Just(0), Just(u16::MAX), any::<u16>()],
		bonds_moving_average in prop_oneof![Just(0), Just(2_000_000), 0..=1_000_000_u64],
	) {
		let size = Size { uids, validators, listed };
		let mut input = subnet(seed, size, variant, kind);
		input.parameters.kappa = kappa;
		input.parameters.bonds_penalty = bonds_penalty;
		input.parameters.bonds_moving_average = bonds_moving_average;
		check(&input);
	}
}
