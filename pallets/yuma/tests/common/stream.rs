//! The floor of an epoch: its input, read once.

use yuma::{Entry, EpochInput};

/// The sum of all values and destinations that the input lists.
pub(crate) fn stream(input: &EpochInput<'_>) -> u32 {
	let of_row = |row: &&[Entry]| {
		let entries = row.iter();
		entries.fold(0_u32, |sum, (destination, value)| {
			sum.wrapping_add(u32::from(*destination))
				.wrapping_add(u32::from(*value))
		})
	};
	let rows = input
		.mechanisms
		.iter()
		.flat_map(|mechanism| mechanism.weights.iter().chain(mechanism.bonds));
	rows.map(of_row).fold(0, u32::wrapping_add)
}
