//! The epoch: the sequence of steps from stake, weights and bonds to payouts and new bonds.

use alloc::vec::Vec;

use crate::bonds::{self, BondsInput, BondsWorkspace};
use crate::emission;
use crate::fixed::Fixed;
use crate::mechanisms::{self, Sum};
use crate::median::{self, MedianWorkspace};
use crate::sparse::{Matrix, Seen};
use crate::stake;
use crate::types::{EpochInput, EpochOutput, MechanismInput, MechanismOutput};
use crate::weights;

/// Scratch memory of an epoch. It holds nothing between epochs but memory, and may be used for any subnet.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
	seen: Seen,
	stake_shares: Vec<Fixed>,
	active_stake: Vec<Fixed>,
	permit_candidates: Vec<(Fixed, u16)>,
	weights: Matrix,
	median: MedianWorkspace,
	consensus: Vec<Fixed>,
	trust: Vec<Fixed>,
	incentive: Vec<Fixed>,
	weights_for_bonds: Matrix,
	bonds: BondsWorkspace,
	dividends: Vec<Fixed>,
	pub(crate) sums: Vec<Sum>,
}

/// Runs one epoch of one subnet.
///
/// The result depends on `input` alone: what `workspace` and `output` held before does not matter. No input makes it
/// panic; [`EpochInput`] says how missing and excess values are read. The cost is proportional to the number of listed
/// weights and bonds (times a logarithm where rows are unsorted), plus `n`.
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
	let n = input.n;
	stake::active(input, mechanism, &mut output.active);
	stake::active_stake(input, &work.stake_shares, &output.active, &mut work.active_stake);
	weights::load_weights(input, mechanism, &mut work.seen, &mut work.weights);
	let kappa = Fixed::proportion(input.parameters.kappa);
	median::consensus(
		&work.weights,
		&work.active_stake,
		kappa,
		n,
		&mut work.median,
		&mut work.consensus,
	);
	weights::trust_and_incentive(
		&work.weights,
		&work.consensus,
		&work.active_stake,
		n,
		&mut work.trust,
		&mut work.incentive,
	);

	let penalty = input.parameters.bonds_penalty;
	weights::weights_for_bonds(&work.weights, &work.consensus, penalty, &mut work.weights_for_bonds);
	let mut numbers = BondsInput {
		weights: &mut work.weights_for_bonds,
		consensus: &work.consensus,
		incentive: &work.incentive,
		active_stake: &work.active_stake,
	};
	bonds::update(
		input,
		mechanism.bonds,
		&mut numbers,
		&mut work.seen,
		&mut work.bonds,
		&mut work.dividends,
	);

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
		bonds::store(&work.bonds, &output.new_validator_permits, &mut own.bonds);
		own.incentive.clone_from(&output.incentive);
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
