//! Weights: which of them count, how consensus clips them, and what miners earn by them.

use alloc::vec::Vec;

use crate::fixed::{Fixed, normalise};
use crate::sparse::{Cell, Matrix, Seen, normalise_row, refill, sort_row};
use crate::stake::{entry_or_default, is_permitted};
use crate::types::{EpochInput, MechanismInput};

/// Reads the weights that count and normalises each row.
///
/// Void are the rows of uids without a permit, the weights that uids set for themselves (except the owner), and weights
/// that were set no later than their destination registered: they were meant for the uid's previous holder. So are those
/// on destinations that registered after the validator's oldest open commit.
pub(crate) fn load_weights(
	input: &EpochInput<'_>,
	mechanism: &MechanismInput<'_>,
	seen: &mut Seen,
	weights: &mut Matrix,
) {
	let keep = |row: u16, destination: u16| {
		let is_foreign = row != destination || input.owner_uid == Some(row);
		let registered = entry_or_default(input.block_at_registration, destination);
		let was_known = entry_or_default(mechanism.commit_block, row).is_none_or(|committed| committed >= registered);
		let is_recent = entry_or_default(mechanism.last_update, row) > registered;
		is_foreign && is_permitted(input, row) && is_recent && was_known
	};
	weights.load(mechanism.weights, input.n, seen, keep, Fixed::unscaled, normalise_row);
}

/// A weight cut down to the consensus about its destination.
pub(crate) fn clip(column: u16, weight: Fixed, consensus: &[Fixed]) -> Fixed {
	weight.min(entry_or_default(consensus, column))
}

/// Sums the clipped weights: by rows into validator trust, by columns and times stake into incentive.
pub(crate) fn trust_and_incentive(
	weights: &Matrix,
	consensus: &[Fixed],
	active_stake: &[Fixed],
	n: u16,
	trust: &mut Vec<Fixed>,
	incentive: &mut Vec<Fixed>,
) {
	trust.clear();
	refill(incentive, n);
	for (row, stake) in weights.rows().zip(active_stake) {
		let mut row_trust = Fixed::ZERO;
		for (column, weight) in row {
			let clipped = clip(*column, *weight, consensus);
			row_trust = row_trust.plus(clipped);
			if let Some(rank) = incentive.get_mut(usize::from(*column)) {
				*rank = rank.plus(clipped.times(*stake));
			}
		}
		trust.push(row_trust);
	}
	normalise(incentive);
}

/// The weights that bonds follow: raw ones, clipped ones, or something in between as `bonds_penalty` has it.
///
/// At either end the rows keep their order and their zeros (clipping drops what has no consensus at all); in between
/// they are sorted and only hold values above zero.
pub(crate) fn weights_for_bonds(weights: &Matrix, consensus: &[Fixed], bonds_penalty: u16, result: &mut Matrix) {
	result.clear();
	for row in weights.rows() {
		match bonds_penalty {
			0 => row.iter().for_each(|(column, weight)| result.push(*column, *weight)),
			u16::MAX => push_clipped(row, consensus, result),
			_ => push_interpolated(row, consensus, Fixed::proportion(bonds_penalty), result),
		}
		result.close_row();
	}
}

fn push_clipped(row: &[Cell], consensus: &[Fixed], result: &mut Matrix) {
	for (column, weight) in row {
		let clipped = clip(*column, *weight, consensus);
		if clipped > Fixed::ZERO || *weight == Fixed::ZERO {
			result.push(*column, clipped);
		}
	}
}

fn push_interpolated(row: &[Cell], consensus: &[Fixed], penalty: Fixed, result: &mut Matrix) {
	for (column, weight) in row {
		let change = clip(*column, *weight, consensus).minus(*weight);
		let interpolated = weight.plus(penalty.times(change));
		if interpolated > Fixed::ZERO {
			result.push(*column, interpolated);
		}
	}
	sort_row(result.open_row());
}

#[cfg(test)]
mod tests {
	use alloc::vec;

	use super::*;
	use crate::test_support::{input, matrix};
	use crate::types::Entry;

	#[test]
	fn weights_are_masked_before_they_are_normalised() {
		let mut input = input(4);
		let rows: [&[Entry]; 3] = [&[(0, 60), (1, 10), (2, 20), (3, 10)], &[(0, 1)], &[(2, 30), (1, 10)]];
		input.validator_permits = &[true, false, false];
		input.owner_uid = Some(2);
		let mechanism = MechanismInput {
			last_update: &[5, 5, 5],
			weights: &rows,
			..MechanismInput::default()
		};
		input.block_at_registration = &[1, 1, 1, 5];
		let mut weights = Matrix::default();
		load_weights(&input, &mechanism, &mut Seen::default(), &mut weights);
		let rows: Vec<_> = weights.rows().collect();
		assert_eq!(rows[0], [(1, Fixed::ratio(1, 3)), (2, Fixed::ratio(2, 3))]);
		assert!(rows[1].is_empty(), "no permit");
		assert_eq!(
			rows[2],
			[(2, Fixed::from_bits(3 << 30)), (1, Fixed::from_bits(1 << 30))]
		);
		assert!(rows[3].is_empty());
	}

	#[test]
	fn clipped_weights_rank_miners() {
		let weights = matrix(&[&[(1, 8), (2, 8)], &[(1, 16)]], 3);
		let consensus = [Fixed::ZERO, Fixed::from_bits(12), Fixed::ZERO];
		let (mut trust, mut incentive) = (Vec::new(), Vec::new());
		let stake = [Fixed::HALF, Fixed::HALF, Fixed::ZERO];
		trust_and_incentive(&weights, &consensus, &stake, 3, &mut trust, &mut incentive);
		assert_eq!(trust, vec![Fixed::from_bits(8), Fixed::from_bits(12), Fixed::ZERO]);
		assert_eq!(incentive, vec![Fixed::ZERO, Fixed::ONE, Fixed::ZERO]);
	}

	#[test]
	fn the_penalty_moves_from_raw_to_clipped_weights() {
		let weights = matrix(&[&[(2, 100), (1, 0), (0, 50)]], 3);
		let consensus = [Fixed::ZERO, Fixed::ZERO, Fixed::from_bits(80)];
		let mut result = Matrix::default();
		weights_for_bonds(&weights, &consensus, 0, &mut result);
		assert_eq!(result.cells(), weights.cells());
		weights_for_bonds(&weights, &consensus, u16::MAX, &mut result);
		assert_eq!(result.cells(), [(2, Fixed::from_bits(80)), (1, Fixed::ZERO)]);
		weights_for_bonds(&weights, &consensus, 0x8000, &mut result);
		// The penalty is a little more than a half, and the products round down: -25.0004 becomes -26.
		assert_eq!(result.cells(), [(0, Fixed::from_bits(24)), (2, Fixed::from_bits(89))]);
	}
}
