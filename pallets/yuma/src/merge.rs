//! Two sorted rows side by side.

use crate::types::Entry;

/// Gives each destination below `end` of two sorted rows once, with both values, of which one may be missing and zero.
/// Returns how much of both was read.
#[inline(always)]
pub(crate) fn merge(left: &[Entry], right: &[Entry], end: u16, mut each: impl FnMut(u16, u16, u16)) -> (usize, usize) {
	// No destination is as high as this: uids are below `n`, which is a `u16` itself.
	const END: Entry = (u16::MAX, 0);
	let (mut at_left, mut at_right) = (0_usize, 0_usize);
	loop {
		let (left_column, left_value) = left.get(at_left).copied().unwrap_or(END);
		let (right_column, right_value) = right.get(at_right).copied().unwrap_or(END);
		let column = left_column.min(right_column);
		if column >= end {
			return (at_left, at_right);
		}
		// Without branches: which side comes next cannot be predicted.
		let (has_left, has_right) = (left_column == column, right_column == column);
		each(
			column,
			left_value & u16::from(has_left).wrapping_neg(),
			right_value & u16::from(has_right).wrapping_neg(),
		);
		at_left = at_left.wrapping_add(usize::from(has_left));
		at_right = at_right.wrapping_add(usize::from(has_right));
	}
}

#[cfg(test)]
mod tests {
	use alloc::vec::Vec;

	use super::*;

	#[test]
	fn merging_gives_each_destination_once() {
		let (left, right): (&[Entry], &[Entry]) = (&[(1, 10), (4, 40), (7, 70)], &[(0, 1), (4, 5), (9, 9)]);
		let mut merged = Vec::new();
		let read = merge(left, right, 9, |column, left, right| merged.push((column, left, right)));
		assert_eq!(merged, [(0, 0, 1), (1, 10, 0), (4, 40, 5), (7, 70, 0)]);
		assert_eq!(read, (3, 2));
	}
}
