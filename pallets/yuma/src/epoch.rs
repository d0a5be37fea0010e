//! The epoch: the sequence of steps from stake, weights and bonds to payouts and new bonds.

use alloc::vec::Vec;
use core::cell::Cell;

use crate::bonds::{self, Column, NewBonds, Rules};
use crate::emission;
use crate::fixed::{Fixed, normalise};
use crate::liquid_alpha::Scratch;
use crate::listing;
use crate::mechanisms::{self, Sum};
use crate::median::Median;
use crate::pairs::Pairs;
use crate::rows::Reader;
use crate::share::{self, product};
use crate::stake;
use crate::types::{Entry, EpochInput, EpochOutput, MechanismInput, MechanismOutput, Rows};
use crate::validators::{Standings, Validators};
use crate::weights::Penalty;

/// Scratch memory of an epoch. It holds nothing between epochs but memory, and may be used for any subnet.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
	pub(crate) stake_shares: Vec<Fixed>,
	permit_candidates: Vec<(Fixed, u16)>,
	pub(crate) active_stake: Vec<Fixed>,
	pub(crate) consensus: Vec<Fixed>,
	pub(crate) trust: Vec<Fixed>,
	pub(crate) incentive: Vec<Fixed>,
	pub(crate) dividends: Vec<Fixed>,
	validators: Validators,
	pairs: Pairs,
	median: Median,
	/// What the columns hold of new bonds, by miner.
	bonds: Vec<NewBonds>,
	scratch: Scratch,
	/// What liquid alpha has to know of each pair; empty where nothing is special about any.
	marks: Vec<u8>,
	/// The bonds of an unsorted row, put in order.
	ordered: Vec<Entry>,
	pub(crate) sums: Vec<Sum>,
}

/// Runs one epoch of one subnet.
///
/// The result depends on `input` alone: what `workspace` and `output` held before does not matter. No input makes it
/// panic; [`EpochInput`] says how missing and excess values are read. The cost is proportional to the number of listed
/// weights and bonds, plus `n` for each mechanism; the crate's documentation says where a logarithm comes in.
pub fn run_epoch(input: &EpochInput<'_>, workspace: &mut Workspace, output: &mut EpochOutput) {
	stake::stake_shares(input, &mut workspace.stake_shares);
	let new_permits = &mut output.new_validator_permits;
	stake::new_permits(
		input,
		&workspace.stake_shares,
		&mut workspace.permit_candidates,
		new_permits,
	);
	to_proportions(&workspace.stake_shares, &mut output.stake_weight);
	match input.mechanisms {
		[] => {
			output.mechanisms.resize_with(1, MechanismOutput::default);
			run_mechanism(input, &MechanismInput::default(), input.emission, workspace, output, 0);
		}
		[mechanism] => {
			output.mechanisms.resize_with(1, MechanismOutput::default);
			run_mechanism(input, mechanism, input.emission, workspace, output, 0);
		}
		several => mechanisms::run_several(input, several, workspace, output),
	}
}

/// Runs one mechanism. What belongs to it alone goes to its place in `output.mechanisms`, all else to `output` itself.
pub(crate) fn run_mechanism(
	input: &EpochInput<'_>,
	mechanism: &MechanismInput<'_>,
	emission: u64,
	work: &mut Workspace,
	output: &mut EpochOutput,
	place: usize,
) {
	stake::active(input, mechanism, &mut output.active);
	stake::active_stake(input, &work.stake_shares, &output.active, &mut work.active_stake);
	work.median
		.start(&work.active_stake, Fixed::proportion(input.parameters.kappa));
	let reader = Reader::new(input, mechanism);
	work.validators
		.load(&reader, &work.active_stake, &work.median.votes_by_uid);
	work.median.listen(&work.validators.votes);
	let rules = Rules::new(&input.parameters, work.validators.has_whole_stake);
	work.find_consensus(input, mechanism, &rules);
	if let Some(own) = output.mechanisms.get_mut(place) {
		work.settle_bonds(input, mechanism, &rules, &output.new_validator_permits, &mut own.bonds);
	}
	work.collect(input);

	emission::distribute(
		emission,
		&work.incentive,
		&work.dividends,
		&work.active_stake,
		&work.stake_shares,
		output,
	);
	to_proportions(&work.consensus, &mut output.consensus);
	to_proportions(&work.incentive, &mut output.incentive);
	to_proportions(&work.dividends, &mut output.dividends);
	to_proportions(&work.trust, &mut output.validator_trust);
	if let Some(own) = output.mechanisms.get_mut(place) {
		own.incentive.clone_from(&output.incentive);
	}
}

impl Workspace {
	/// Fills the columns, finds consensus, the validators' trust and the miners' incentive, and as much of the bonds as can
	/// be known before the consensus about everybody is.
	fn find_consensus(&mut self, input: &EpochInput<'_>, mechanism: &MechanismInput<'_>, rules: &Rules) {
		let validators = &mut self.validators;
		self.pairs.prepare(validators, mechanism, input.n);
		self.consensus.clear();
		self.incentive.clear();
		self.bonds.clear();
		for tile in self.pairs.tiles(input.n) {
			self.pairs.fill(tile.clone(), validators, mechanism);
			for uid in tile {
				let (layout, pairs) = self.pairs.column(uid);
				let consensus = self.median.of(layout.is_full, pairs, &validators.votes);
				let column = Column {
					pairs: Cell::from_mut(pairs).as_slice_of_cells(),
					is_full: layout.is_full,
					has_one: layout.has_one,
					is_void: stake::has_changed_hands(input, uid),
					consensus,
				};
				let (rank, bonds) = bonds::begin(rules, column, &mut validators.standings, &mut self.scratch);
				self.consensus.push(share::to_fixed(consensus));
				self.incentive.push(share::to_fixed(rank));
				self.bonds.push(bonds);
			}
		}
		normalise(&mut self.incentive);
	}

	/// Does the rest of the bonds: pays by them, and stores those of holders of a new permit.
	fn settle_bonds(
		&mut self,
		input: &EpochInput<'_>,
		mechanism: &MechanismInput<'_>,
		rules: &Rules,
		permits: &[bool],
		stored: &mut Rows,
	) {
		let has_consensus = self.consensus.iter().any(|consensus| *consensus != Fixed::ZERO);
		let pace = rules.pace.filter(|_| has_consensus);
		self.marks.clear();
		if pace.is_some() {
			let (validators, marks) = (&self.validators, &mut self.marks);
			listing::mark(input, mechanism, rules, &self.consensus, validators, &self.pairs, marks);
		}
		self.validators.make_places(permits, &mut stored.entries);
		let numbers = self.consensus.iter().zip(&self.incentive).zip(&self.bonds);
		for (uid, ((consensus, incentive), bonds)) in (0..input.n).zip(numbers) {
			let range = self.pairs.range(uid);
			let (layout, pairs) = self.pairs.column(uid);
			let column = Column {
				pairs: Cell::from_mut(pairs).as_slice_of_cells(),
				is_full: layout.is_full,
				// Only the first step asks.
				has_one: true,
				is_void: stake::has_changed_hands(input, uid),
				consensus: share::from_fixed(*consensus),
			};
			let mut bonds = *bonds;
			if rules.pace.is_some() {
				let marks = self.marks.get(range).unwrap_or_default();
				bonds = bonds::follow(rules, pace, column, marks, &mut self.scratch);
			}
			let incentive = share::from_fixed(*incentive);
			let accounts = &mut self.validators.accounts;
			bonds::settle(rules, uid, column, bonds, incentive, accounts, &mut stored.entries);
		}
		self.validators.close_places(input.n, stored);
		if pace.is_some() && !matches!(rules.penalty, Penalty::Part(_)) {
			listing::restore_order(&self.validators, &mut self.ordered, stored);
		}
	}

	/// Lays out by uid what was gathered by validator.
	fn collect(&mut self, input: &EpochInput<'_>) {
		for values in [&mut self.trust, &mut self.dividends] {
			values.clear();
			values.resize(usize::from(input.n), Fixed::ZERO);
		}
		let validators = &self.validators;
		let Standings { stakes, trusts } = &validators.standings;
		let numbers = stakes.iter().zip(trusts).zip(&validators.accounts);
		for (validator, ((stake, own_trust), account)) in validators.list.iter().zip(numbers) {
			let uid = usize::from(validator.uid);
			let dividend = if input.parameters.yuma3 {
				product::<true>(account.earned, *stake)
			} else {
				account.earned
			};
			if let Some(trust) = self.trust.get_mut(uid) {
				*trust = share::to_fixed(*own_trust);
			}
			if let Some(value) = self.dividends.get_mut(uid) {
				*value = share::to_fixed(dividend);
			}
		}
		normalise(&mut self.dividends);
	}
}

fn to_proportions(shares: &[Fixed], proportions: &mut Vec<u16>) {
	proportions.clear();
	proportions.extend(shares.iter().map(|share| share.to_proportion()));
}

#[cfg(test)]
mod tests {
	use alloc::vec;

	use super::*;
	use crate::test_support::input;
	use crate::types::{Entry, LiquidAlpha};

	fn run(input: &EpochInput<'_>) -> EpochOutput {
		let mut output = EpochOutput::default();
		run_epoch(input, &mut Workspace::default(), &mut output);
		output
	}

	#[test]
	fn an_empty_subnet_has_an_empty_output() {
		let nothing = EpochOutput {
			mechanisms: vec![MechanismOutput::default()],
			..EpochOutput::default()
		};
		assert_eq!(run(&input(0)), nothing);
	}

	#[test]
	fn nobody_earns_where_nobody_has_stake() {
		let mut input = input(2);
		input.emission = u64::MAX;
		let output = run(&input);
		assert_eq!(output.combined_emission, vec![0, 0]);
		assert_eq!(output.stake_weight, vec![0, 0]);
	}

	#[test]
	fn used_memory_changes_nothing() {
		let weights: [&[Entry]; 2] = [&[(2, 10), (1, 30)], &[(2, 5)]];
		let bonds: [&[Entry]; 2] = [&[(2, 100)], &[(1, 7), (2, 9)]];
		let mut big = input(4);
		big.stake = &[70, 30, 10, 0];
		big.validator_permits = &[true, true];
		big.block = 60;
		let mechanism = MechanismInput {
			last_update: &[50, 50, 50, 50],
			weights: &weights,
			bonds: &bonds,
			..MechanismInput::default()
		};
		let mechanisms = [mechanism];
		big.mechanisms = &mechanisms;
		big.emission = 1_000_000;
		let mut small = big;
		small.n = 3;
		let mut workspace = Workspace::default();
		let mut output = EpochOutput::default();
		for yuma3 in [false, true, false] {
			for input in [&mut big, &mut small] {
				input.parameters.yuma3 = yuma3;
				input.parameters.liquid_alpha = Some(LiquidAlpha {
					alpha_low: 10_000,
					alpha_high: 50_000,
					sigmoid_steepness: 500,
				});
				run_epoch(input, &mut workspace, &mut output);
				assert_eq!(output, run(input));
				assert!(output.incentive.iter().any(|share| *share > 0));
			}
		}
	}
}
