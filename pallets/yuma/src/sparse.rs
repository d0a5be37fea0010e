//! Sparse matrices by rows, and the way in from raw rows.

use alloc::vec::Vec;

use crate::fixed::{Fixed, total};
use crate::types::Entry;

/// One listed value of a row: its column (the uid it is about) and the value.
pub(crate) type Cell = (u16, Fixed);

/// A sparse matrix: the cells of all rows behind one another, in the order in which they were listed.
///
/// No row lists a column twice; a listed zero is a cell like any other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matrix {
	/// Where each row ends in `cells`.
	ends: Vec<usize>,
	cells: Vec<Cell>,
}

impl Matrix {
	/// Forgets all rows and keeps the memory.
	pub(crate) fn clear(&mut self) {
		self.ends.clear();
		self.cells.clear();
	}

	/// Adds a cell to the row that is being built.
	pub(crate) fn push(&mut self, column: u16, value: Fixed) {
		self.cells.push((column, value));
	}

	/// The row that is being built.
	pub(crate) fn open_row(&mut self) -> &mut [Cell] {
		let start = self.ends.last().copied().unwrap_or(0);
		self.cells.get_mut(start..).unwrap_or_default()
	}

	/// Ends the row that is being built.
	pub(crate) fn close_row(&mut self) {
		self.ends.push(self.cells.len());
	}

	/// All rows, first to last.
	pub(crate) fn rows(&self) -> impl Iterator<Item = &[Cell]> {
		let starts = core::iter::once(&0).chain(&self.ends);
		starts
			.zip(&self.ends)
			.map(|(start, end)| self.cells.get(*start..*end).unwrap_or_default())
	}

	/// All cells, row by row.
	#[cfg(test)]
	pub(crate) fn cells(&self) -> &[Cell] {
		&self.cells
	}

	/// Sorts each row by column.
	pub(crate) fn sort_rows(&mut self) {
		let Self { ends, cells } = self;
		let mut rest = cells.as_mut_slice();
		let mut start = 0_usize;
		for end in ends.iter() {
			let length = end.saturating_sub(start);
			let Some((row, behind)) = rest.split_at_mut_checked(length) else {
				return;
			};
			sort_row(row);
			rest = behind;
			start = *end;
		}
	}

	/// Sums each column into `totals`, which ends up with `n` entries.
	pub(crate) fn column_totals(&self, n: u16, totals: &mut Vec<Fixed>) {
		refill(totals, n);
		for (column, value) in &self.cells {
			if let Some(sum) = totals.get_mut(usize::from(*column)) {
				*sum = sum.plus(*value);
			}
		}
	}

	/// The highest value of each column, into `maxima`, which ends up with `n` entries.
	pub(crate) fn column_maxima(&self, n: u16, maxima: &mut Vec<Fixed>) {
		refill(maxima, n);
		for (column, value) in &self.cells {
			if let Some(maximum) = maxima.get_mut(usize::from(*column)) {
				*maximum = (*maximum).max(*value);
			}
		}
	}

	/// Divides each cell by its column's divisor, where that is not zero.
	pub(crate) fn divide_columns(&mut self, divisors: &[Fixed]) {
		for (column, value) in &mut self.cells {
			*value = divide_by_column(*column, *value, divisors);
		}
	}

	/// Reads raw rows: the first entry for each destination below `n` that `keep(row, destination)` lets pass.
	/// Missing rows are empty. `convert` turns the raw value into a number, `finish` sees each row when it is whole.
	pub(crate) fn load(
		&mut self,
		rows: &[&[Entry]],
		n: u16,
		seen: &mut Seen,
		keep: impl Fn(u16, u16) -> bool,
		convert: impl Fn(u16) -> Fixed,
		finish: impl Fn(&mut [Cell]),
	) {
		self.clear();
		for row in 0..n {
			seen.next_row(n);
			let entries = rows.get(usize::from(row)).copied().unwrap_or_default();
			for (destination, value) in entries {
				if seen.is_first(*destination) && keep(row, *destination) {
					self.push(*destination, convert(*value));
				}
			}
			finish(self.open_row());
			self.close_row();
		}
	}
}

/// The value divided by its column's divisor, or the value itself where that is zero or missing.
pub(crate) fn divide_by_column(column: u16, value: Fixed, divisors: &[Fixed]) -> Fixed {
	match divisors.get(usize::from(column)) {
		Some(divisor) if *divisor != Fixed::ZERO => value.over(*divisor),
		_ => value,
	}
}

/// Divides each value of a row by the row's sum, unless that is zero.
pub(crate) fn normalise_row(row: &mut [Cell]) {
	let sum = total(row.iter().map(|(_, value)| value));
	if sum != Fixed::ZERO {
		for (_, value) in row {
			*value = value.over(sum);
		}
	}
}

/// Sorts a row by column; rows that are sorted already, which is the usual case, cost one look.
pub(crate) fn sort_row(row: &mut [Cell]) {
	if !row.is_sorted_by_key(|(column, _)| *column) {
		row.sort_unstable_by_key(|(column, _)| *column);
	}
}

/// Makes `values` a list of `n` zeros.
pub(crate) fn refill(values: &mut Vec<Fixed>, n: u16) {
	values.clear();
	values.resize(usize::from(n), Fixed::ZERO);
}

/// Which destinations the current row has listed already.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
	/// The number of the row that listed the destination last.
	stamps: Vec<u32>,
	row: u32,
}

impl Seen {
	/// Starts a row of a matrix with `n` columns.
	fn next_row(&mut self, n: u16) {
		if self.stamps.len() != usize::from(n) || self.row == u32::MAX {
			self.stamps.clear();
			self.stamps.resize(usize::from(n), 0);
			self.row = 0;
		}
		self.row = self.row.saturating_add(1);
	}

	/// Whether the destination exists and had not been listed in this row; it is from now on.
	fn is_first(&mut self, destination: u16) -> bool {
		match self.stamps.get_mut(usize::from(destination)) {
			Some(stamp) if *stamp != self.row => {
				*stamp = self.row;
				true
			}
			_ => false,
		}
	}
}

#[cfg(test)]
mod tests {
	use alloc::vec;

	use super::*;

	fn load(rows: &[&[Entry]], n: u16) -> Matrix {
		let mut matrix = Matrix::default();
		matrix.load(rows, n, &mut Seen::default(), |_, _| true, Fixed::unscaled, |_| ());
		matrix
	}

	fn bits(value: i64) -> Fixed {
		Fixed::from_bits(value)
	}

	#[test]
	fn loading_keeps_order_and_zeros_and_drops_strangers_and_repetitions() {
		let matrix = load(&[&[(2, 5), (0, 0), (9, 1), (2, 7)], &[(1, 3)]], 3);
		let rows: Vec<_> = matrix.rows().collect();
		assert_eq!(
			rows,
			vec![&[(2, bits(5)), (0, bits(0))][..], &[(1, bits(3))][..], &[][..]]
		);
	}

	#[test]
	fn loading_ignores_rows_beyond_n_and_asks_the_mask() {
		let mut matrix = Matrix::default();
		let rows: [&[Entry]; 3] = [&[(0, 1), (1, 1)], &[(0, 1), (1, 1)], &[(0, 1)]];
		matrix.load(
			&rows,
			2,
			&mut Seen::default(),
			|row, column| row != column,
			Fixed::unscaled,
			normalise_row,
		);
		let rows: Vec<_> = matrix.rows().collect();
		assert_eq!(rows, vec![&[(1, Fixed::ONE)][..], &[(0, Fixed::ONE)][..]]);
	}

	#[test]
	fn columns_are_summed_and_divided() {
		let mut matrix = load(&[&[(0, 1), (1, 0)], &[(1, 0), (0, 3)]], 2);
		let mut totals = Vec::new();
		matrix.column_totals(2, &mut totals);
		assert_eq!(totals, vec![bits(4), bits(0)]);
		let mut maxima = Vec::new();
		matrix.column_maxima(2, &mut maxima);
		assert_eq!(maxima, vec![bits(3), bits(0)]);
		matrix.divide_columns(&totals);
		let quarter = bits(1 << 30);
		assert_eq!(
			matrix.cells(),
			[(0, quarter), (1, bits(0)), (1, bits(0)), (0, bits(3 << 30))]
		);
	}

	#[test]
	fn rows_are_sorted_one_by_one() {
		let mut matrix = load(&[&[(2, 1), (1, 2)], &[], &[(1, 3), (0, 4)]], 3);
		matrix.sort_rows();
		assert_eq!(matrix.cells(), [(1, bits(2)), (2, bits(1)), (0, bits(4)), (1, bits(3))]);
		assert_eq!(matrix.rows().map(<[Cell]>::len).collect::<Vec<_>>(), vec![2, 0, 2]);
	}

	#[test]
	fn stamps_start_over_when_they_run_out() {
		let mut seen = Seen {
			stamps: vec![u32::MAX; 2],
			row: u32::MAX,
		};
		seen.next_row(2);
		assert!(seen.is_first(1));
		assert!(!seen.is_first(1));
		assert!(!seen.is_first(2));
	}
}
