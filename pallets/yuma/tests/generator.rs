//! The subnets that the benchmarks measure are what they are said to be.

mod common;

use std::collections::BTreeSet;

use common::generator::{Kind, Size, SplitMix64, Variant, size_in_bytes, subnet, unsorted};
use yuma::{Entry, EpochOutput, OwnedEpochInput, Workspace};

const SIZE: Size = Size {
	uids: 100,
	validators: 10,
	listed: 40,
};

fn destinations(rows: &[Vec<Entry>]) -> Vec<Vec<u16>> {
	rows.iter()
		.map(|row| row.iter().map(|(uid, _)| *uid).collect())
		.collect()
}

fn rows(input: &OwnedEpochInput) -> [&[Vec<Entry>]; 2] {
	[&input.mechanisms[0].weights, &input.mechanisms[0].bonds]
}

/// The first numbers from seed 1234567 as the generator's authors publish them.
#[test]
fn the_generator_is_splitmix64() {
	let mut random = SplitMix64(1_234_567);
	let numbers: Vec<u64> = (0..3).map(|_| random.word()).collect();
	assert_eq!(
		numbers,
		[
			6_457_827_717_110_365_317,
			3_203_168_211_198_807_973,
			9_817_491_932_198_370_423
		]
	);
}

#[test]
fn numbers_stay_within_their_bounds_and_reach_them() {
	let mut random = SplitMix64(1);
	let numbers: BTreeSet<u64> = (0..200).map(|_| random.between(3, 7)).collect();
	assert_eq!(numbers, (3..=7).collect());
	assert_eq!(random.between(u64::MAX, u64::MAX), u64::MAX);
	assert!((0..10).any(|_| random.between(0, u64::MAX) > u64::MAX / 2));
}

#[test]
fn every_validator_lists_as_many_distinct_sorted_destinations_as_asked_for() {
	let input = subnet(1, SIZE, Variant::Yuma2, Kind::RandomBonds);
	for rows in rows(&input).map(destinations) {
		assert_eq!(rows.len(), 100);
		for (row, permit) in rows.iter().zip(&input.validator_permits) {
			assert_eq!(row.len(), if *permit { 40 } else { 0 });
			assert!(row.is_sorted_by(|lower, higher| lower < higher));
		}
	}
	let bytes = 2 * 4 * 400 + 100 * (8 + 8 + 8 + 1);
	assert_eq!(size_in_bytes(&input), bytes);
}

#[test]
fn the_same_seed_gives_the_same_subnet_and_another_another() {
	let of = |seed| subnet(seed, SIZE, Variant::LiquidAlpha, Kind::SettledBonds);
	assert_eq!(of(1), of(1));
	assert_ne!(of(1), of(2));
}

#[test]
fn bonds_are_where_they_should_be() {
	let of = |kind| subnet(1, SIZE, Variant::Yuma3, kind);
	let [weights, random] = rows(&of(Kind::RandomBonds)).map(destinations);
	assert_eq!(weights, random);
	let [weights, settled] = rows(&of(Kind::SettledBonds)).map(destinations);
	let is_held = |(weights, bonds): (&Vec<u16>, &Vec<u16>)| bonds.iter().all(|uid| weights.contains(uid));
	assert!(weights.iter().zip(&settled).all(is_held) && settled.iter().flatten().count() > 300);
	let [weights, elsewhere] = rows(&of(Kind::BondsElsewhere)).map(destinations);
	let is_elsewhere = |(weights, bonds): (&Vec<u16>, &Vec<u16>)| bonds.iter().all(|uid| !weights.contains(uid));
	assert!(weights.iter().zip(&elsewhere).all(is_elsewhere) && elsewhere.iter().flatten().count() == 400);
}

#[test]
fn shuffled_rows_hold_the_same_and_come_to_the_same() {
	let sorted = subnet(1, SIZE, Variant::Yuma3, Kind::RandomBonds);
	let mut shuffled = unsorted(sorted.clone(), 2);
	let output_of = |input: &OwnedEpochInput| {
		let mut output = EpochOutput::default();
		input.run(&mut Workspace::default(), &mut output);
		output.combined_emission
	};
	assert_ne!(shuffled, sorted);
	assert_eq!(output_of(&shuffled), output_of(&sorted));
	let mechanism = &mut shuffled.mechanisms[0];
	mechanism
		.weights
		.iter_mut()
		.chain(&mut mechanism.bonds)
		.for_each(|row| row.sort_unstable());
	assert_eq!(shuffled, sorted);
}

/// Every validator and nearly every miner has a part in what is measured.
#[test]
fn everybody_takes_part() {
	for variant in Variant::ALL {
		let input = subnet(1, SIZE, variant, Kind::RandomBonds);
		let mut output = EpochOutput::default();
		input.run(&mut Workspace::default(), &mut output);
		let count = |amounts: &[u64]| amounts.iter().filter(|amount| **amount > 0).count();
		assert_eq!(count(&output.validator_emission), 10, "{}", variant.name());
		assert!(output.new_validator_permits == input.validator_permits);
		assert!(count(&output.server_emission) >= 45, "{}", variant.name());
		let bonds: usize = output.mechanisms[0].bonds.iter().map(<[Entry]>::len).sum();
		assert!(bonds >= 350, "{bonds} bonds: {}", variant.name());
	}
}
