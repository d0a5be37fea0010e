//! Bonds: what each validator's faith in a miner has grown to, and the dividends it earns by it.

use alloc::vec::Vec;

use crate::fixed::{Fixed, normalise};
use crate::liquid_alpha::{self, Pace, RowLookup};
use crate::sparse::{Cell, Matrix, Seen, divide_by_column, refill};
use crate::stake::entry_or_default;
use crate::types::{Entry, EpochInput, Rows};

/// What `bonds_moving_average` is a share of.
const MOVING_AVERAGE_SCALE: u64 = 1_000_000;

/// Scratch memory for bonds.
#[derive(Clone, Debug, Default)]
pub(crate) struct BondsWorkspace {
	/// The bonds that the previous epoch put out, without those on uids that changed hands.
	old: Matrix,
	/// Yuma 2: how much each validator buys in this epoch.
	delta: Matrix,
	/// The new bonds.
	new: Matrix,
	/// One number for each column: sums, later maxima.
	columns: Vec<Fixed>,
	lookup: RowLookup,
}

/// The numbers of this epoch that bonds follow.
pub(crate) struct BondsInput<'a> {
	/// Raw, clipped or interpolated weights; may be sorted on the way.
	pub(crate) weights: &'a mut Matrix,
	pub(crate) consensus: &'a [Fixed],
	pub(crate) incentive: &'a [Fixed],
	pub(crate) active_stake: &'a [Fixed],
}

/// Brings the bonds up to date and computes the dividends. The new bonds stay in the workspace, ready for storage.
pub(crate) fn update(
	input: &EpochInput<'_>,
	stored: &[&[Entry]],
	numbers: &mut BondsInput<'_>,
	seen: &mut Seen,
	workspace: &mut BondsWorkspace,
	dividends: &mut Vec<Fixed>,
) {
	load_bonds(input, stored, seen, &mut workspace.old);
	if input.parameters.yuma3 {
		update_yuma3(input, numbers, workspace, dividends);
	} else {
		update_yuma2(input, numbers, workspace, dividends);
	}
	normalise(dividends);
}

/// Writes the new bonds of all who have a new permit.
pub(crate) fn store(workspace: &BondsWorkspace, permits: &[bool], stored: &mut Rows) {
	stored.clear();
	for (row, permit) in workspace.new.rows().zip(permits) {
		if *permit {
			stored
				.entries
				.extend(row.iter().map(|(column, bond)| (*column, bond.to_proportion())));
		}
		stored.close_row();
	}
}

/// Reads the old bonds, except those on a destination that has registered since the last epoch.
///
/// Yuma 2 only looks at the ratios inside a column, so that the values need no scale.
fn load_bonds(input: &EpochInput<'_>, stored: &[&[Entry]], seen: &mut Seen, bonds: &mut Matrix) {
	let last_epoch = match input.last_mechanism_step_block {
		0 => input.block.saturating_sub(input.parameters.tempo),
		step => step.saturating_add(1),
	};
	let keep = |_, destination: u16| entry_or_default(input.block_at_registration, destination) < last_epoch;
	let convert = if input.parameters.yuma3 {
		Fixed::proportion
	} else {
		Fixed::unscaled
	};
	bonds.load(stored, input.n, seen, keep, convert, |_| ());
}

/// Bonds are shares of a column that stake buys: dividends pay each share of a miner with the miner's incentive.
fn update_yuma2(
	input: &EpochInput<'_>,
	numbers: &mut BondsInput<'_>,
	workspace: &mut BondsWorkspace,
	dividends: &mut Vec<Fixed>,
) {
	let n = input.n;
	let BondsWorkspace {
		old,
		delta,
		new,
		columns,
		..
	} = workspace;
	old.sort_rows();
	old.column_totals(n, columns);
	old.divide_columns(columns);

	numbers.weights.sort_rows();
	delta.clear();
	for (row, stake) in numbers.weights.rows().zip(numbers.active_stake) {
		for (column, weight) in row {
			delta.push(*column, weight.times(*stake));
		}
		delta.close_row();
	}
	delta.column_totals(n, columns);
	delta.divide_columns(columns);

	moving_average(delta, old, input.parameters.bonds_moving_average, new);
	new.column_totals(n, columns);
	new.divide_columns(columns);
	dividends.clear();
	dividends.extend(new.rows().map(|row| earned(row, numbers.incentive, |_, bond| bond)));

	new.column_maxima(n, columns);
	new.divide_columns(columns);
}

/// Bonds follow the weights themselves, each at its own pace; stake comes in where the dividends are paid.
fn update_yuma3(
	input: &EpochInput<'_>,
	numbers: &mut BondsInput<'_>,
	workspace: &mut BondsWorkspace,
	dividends: &mut Vec<Fixed>,
) {
	let BondsWorkspace {
		old,
		new,
		columns,
		lookup,
		..
	} = workspace;
	let has_consensus = numbers.consensus.iter().any(|consensus| *consensus != Fixed::ZERO);
	match input.parameters.liquid_alpha.filter(|_| has_consensus) {
		Some(parameters) => {
			let pace = Pace::new(parameters);
			liquid_alpha::moving_average(numbers.weights, old, numbers.consensus, pace, lookup, new);
		}
		None => {
			old.sort_rows();
			numbers.weights.sort_rows();
			moving_average(numbers.weights, old, input.parameters.bonds_moving_average, new);
		}
	}
	new.column_totals(input.n, columns);
	refill(dividends, input.n);
	let rows = new.rows().zip(numbers.active_stake);
	for (dividend, (row, stake)) in dividends.iter_mut().zip(rows) {
		let share = |column, bond| divide_by_column(column, bond, columns);
		*dividend = earned(row, numbers.incentive, share).times(*stake);
	}
}

/// What a row of bonds earns: the incentive of each miner times the share that the bond is in it.
fn earned(row: &[Cell], incentive: &[Fixed], share: impl Fn(u16, Fixed) -> Fixed) -> Fixed {
	row.iter().fold(Fixed::ZERO, |sum, (column, bond)| {
		sum.plus(share(*column, *bond).times(entry_or_default(incentive, *column)))
	})
}

/// `result = (1 - kept) · new + kept · old`, each product cut, cells above zero only. Both sides have sorted rows.
fn moving_average(new: &Matrix, old: &Matrix, bonds_moving_average: u64, result: &mut Matrix) {
	let kept = bonds_moving_average.min(MOVING_AVERAGE_SCALE);
	let kept = Fixed::ratio(kept, u128::from(MOVING_AVERAGE_SCALE));
	let alpha = Fixed::ONE.minus(kept);
	result.clear();
	for (new_row, old_row) in new.rows().zip(old.rows()) {
		let mut new_cells = new_row.iter().copied().peekable();
		let mut old_cells = old_row.iter().copied().peekable();
		while let Some(column) = next_column(new_cells.peek(), old_cells.peek()) {
			let bought = new_cells.next_if(|cell| cell.0 == column).unwrap_or_default().1;
			let held = old_cells.next_if(|cell| cell.0 == column).unwrap_or_default().1;
			let bond = alpha.times(bought).plus(kept.times(held));
			if bond > Fixed::ZERO {
				result.push(column, bond);
			}
		}
		result.close_row();
	}
}

/// The lower of the columns that come next.
fn next_column(new: Option<&Cell>, old: Option<&Cell>) -> Option<u16> {
	match (new, old) {
		(Some(new), Some(old)) => Some(new.0.min(old.0)),
		(new, old) => new.or(old).map(|cell| cell.0),
	}
}

#[cfg(test)]
mod tests {
	use alloc::vec;

	use super::*;
	use crate::test_support::{input, matrix};

	#[test]
	fn bonds_on_newcomers_are_void() {
		let mut input = input(2);
		let rows: [&[Entry]; 1] = [&[(0, 5), (1, 7)]];
		input.block = 100;
		input.parameters.tempo = 10;
		input.block_at_registration = &[89, 90];
		let mut bonds = Matrix::default();
		load_bonds(&input, &rows, &mut Seen::default(), &mut bonds);
		assert_eq!(bonds.cells(), [(0, Fixed::from_bits(5))]);
		input.last_mechanism_step_block = 90;
		load_bonds(&input, &rows, &mut Seen::default(), &mut bonds);
		assert_eq!(bonds.cells().len(), 2);
		input.last_mechanism_step_block = 88;
		load_bonds(&input, &rows, &mut Seen::default(), &mut bonds);
		assert!(bonds.cells().is_empty());
	}

	#[test]
	fn the_moving_average_merges_rows_and_drops_zeros() {
		let new = matrix(&[&[(0, 100), (2, 100), (3, 0)]], 4);
		let old = matrix(&[&[(1, 100), (2, 50)]], 4);
		let mut result = Matrix::default();
		moving_average(&new, &old, 500_000, &mut result);
		let expected = [
			(0, Fixed::from_bits(50)),
			(1, Fixed::from_bits(50)),
			(2, Fixed::from_bits(75)),
		];
		assert_eq!(result.cells(), expected);
		moving_average(&new, &old, u64::MAX, &mut result);
		assert_eq!(result.cells(), [(1, Fixed::from_bits(100)), (2, Fixed::from_bits(50))]);
		moving_average(&new, &old, 0, &mut result);
		assert_eq!(result.cells(), [(0, Fixed::from_bits(100)), (2, Fixed::from_bits(100))]);
	}

	#[test]
	fn the_moving_average_cuts_each_product() {
		let (new, old) = (matrix(&[&[(0, 3)]], 1), matrix(&[&[(0, 3)]], 1));
		let mut result = Matrix::default();
		moving_average(&new, &old, 500_000, &mut result);
		assert_eq!(result.cells(), [(0, Fixed::from_bits(2))]);
	}

	#[test]
	fn only_holders_of_new_permits_keep_bonds() {
		let new = matrix(&[&[(1, 9)], &[(0, 9)]], 2);
		let workspace = BondsWorkspace {
			new,
			..BondsWorkspace::default()
		};
		let mut stored = Rows::default();
		for _ in 0..2 {
			store(&workspace, &[false, true], &mut stored);
			assert_eq!(stored.iter().collect::<Vec<_>>(), vec![&[][..], &[(0, 0)][..]]);
		}
	}
}
