//! The order of unsorted rows, which matters under liquid alpha alone: what a walk forward over a row does not see, and
//! the order in which bonds are stored.

use alloc::vec::Vec;
use core::ops::Range;

use crate::bonds::Rules;
use crate::fixed::Fixed;
use crate::liquid_alpha::{HIDDEN_BOND, HIDDEN_WEIGHT, LISTED_ZERO};
use crate::pairs::Pairs;
use crate::stake::{entry_or_default, has_changed_hands};
use crate::types::{Entry, EpochInput, MechanismInput, Rows};
use crate::validators::{Validator, Validators};
use crate::weights::Penalty;

/// Marks the pairs of which liquid alpha has to know more than their numbers. Without any, `marks` stays empty.
pub(crate) fn mark(
	input: &EpochInput<'_>,
	mechanism: &MechanismInput<'_>,
	rules: &Rules,
	consensus: &[Fixed],
	validators: &Validators,
	pairs: &Pairs,
	marks: &mut Vec<u8>,
) {
	let is_special = |validator: &Validator| {
		let rows = &validator.rows;
		rows.lists_zeros || !rows.listed_weights.is_empty() || !rows.listed_bonds.is_empty()
	};
	for (validator, place) in validators
		.list
		.iter()
		.zip(0_u16..)
		.filter(|(validator, _)| is_special(validator))
	{
		marks.resize(pairs.room(), 0);
		let mut put = |column: u16, mark: u8| {
			if let Some(slot) = pairs.find(column, place).and_then(|place| marks.get_mut(place)) {
				*slot |= mark;
			}
		};
		let (weights, _) = validator.rows.get(validator.uid, &validators.copies, mechanism);
		let in_vain = validator.rows.rates_itself_in_vain.then_some(validator.uid);
		for (column, _) in weights.iter().filter(|entry| entry.1 == 0 && in_vain != Some(entry.0)) {
			put(*column, LISTED_ZERO);
		}
		// With a part of the penalty the row is sorted before the walk.
		let is_clipped = |entry: &Entry| {
			rules.penalty == Penalty::Full && entry.1 > 0 && entry_or_default(consensus, entry.0) == Fixed::ZERO
		};
		if !matches!(rules.penalty, Penalty::Part(_)) {
			for column in hidden(validators.copies.get(&validator.rows.listed_weights), is_clipped) {
				put(column, HIDDEN_WEIGHT);
			}
		}
		for column in hidden(validators.copies.get(&validator.rows.listed_bonds), |entry| {
			has_changed_hands(input, entry.0)
		}) {
			put(column, HIDDEN_BOND);
		}
	}
}

/// The destinations that a walk forward by destination does not see because they stand behind a higher one. Entries that
/// are left out do not stand before any.
fn hidden(row: &[Entry], is_left_out: impl Fn(&Entry) -> bool) -> impl Iterator<Item = u16> {
	let mut highest = None;
	row.iter()
		.filter(move |entry| !is_left_out(entry))
		.filter_map(move |(column, _)| {
			let is_hidden = highest.is_some_and(|highest| *column < highest);
			highest = highest.max(Some(*column));
			is_hidden.then_some(*column)
		})
}

/// Puts the stored bonds of unsorted rows into the order of the weights.
pub(crate) fn restore_order(validators: &Validators, ordered: &mut Vec<Entry>, stored: &mut Rows) {
	for validator in &validators.list {
		let listing = validators.copies.get(&validator.rows.listed_weights);
		let Range { start, end } = stored.range(validator.uid);
		let Some(row) = stored.entries.get_mut(start..end).filter(|_| !listing.is_empty()) else {
			continue;
		};
		ordered.clear();
		for (column, _) in listing {
			if let Ok(place) = row.binary_search_by_key(column, |entry| entry.0) {
				ordered.extend(row.get(place).copied());
			}
		}
		// Every stored bond belongs to a listed weight.
		if ordered.len() == row.len() {
			row.copy_from_slice(ordered);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_walk_forward_misses_what_is_behind_a_higher_destination() {
		let row = [(2, 5), (1, 6), (3, 7), (0, 1)];
		assert!(hidden(&row, |_| false).eq([1, 0]));
		assert!(
			hidden(&row, |entry| entry.0 == 2).eq([0]),
			"who is left out hides nobody"
		);
	}
}
