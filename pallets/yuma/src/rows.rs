//! Raw rows made fit for use: sorted, without repetitions, and without entries that do not count.
//!
//! Rows as the chain stores them are fit already and are read where they are. Any other row is copied, filtered and sorted
//! first.

use alloc::vec::Vec;
use core::ops::Range;

use crate::share::Total;
use crate::stake::{entry_or_default, is_permitted};
use crate::types::{Entry, EpochInput, MechanismInput};

/// How many weights are added up in half a word.
const CHUNK: usize = 1_024;

/// The two rows of a uid, made fit.
#[derive(Clone, Debug)]
pub(crate) struct FitRows {
	weights: Source,
	bonds: Source,
	/// Weights and bonds have the same destinations, or one side has none.
	pub(crate) are_aligned: bool,
	/// The sum of the weights.
	pub(crate) weight_sum: Total,
	/// Whether a weight of zero is listed.
	pub(crate) lists_zeros: bool,
	/// The destination that has all the weight, if one has.
	pub(crate) only_weight: Option<u16>,
	/// Whether the row of weights has one on the uid itself that does not count.
	pub(crate) rates_itself_in_vain: bool,
	/// The order in which an unsorted row of weights was listed; kept for liquid alpha alone.
	pub(crate) listed_weights: Range<usize>,
	/// The order in which an unsorted row of bonds was listed; kept for liquid alpha alone.
	pub(crate) listed_bonds: Range<usize>,
}

/// Where a row is.
#[derive(Clone, Debug)]
enum Source {
	/// In the input, at the uid.
	Input,
	/// In the copies.
	Copy(Range<usize>),
}

impl FitRows {
	/// The weights and the bonds, both sorted.
	pub(crate) fn get<'a>(
		&self,
		uid: u16,
		copies: &'a Copies,
		mechanism: &MechanismInput<'a>,
	) -> (&'a [Entry], &'a [Entry]) {
		let row = |source: &Source, raw: &[&'a [Entry]]| match source {
			Source::Input => entry_or_default(raw, uid),
			Source::Copy(range) => copies.get(range),
		};
		(row(&self.weights, mechanism.weights), row(&self.bonds, mechanism.bonds))
	}
}

/// Reads the rows of a mechanism.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
	pub(crate) input: &'a EpochInput<'a>,
	pub(crate) mechanism: &'a MechanismInput<'a>,
	/// When anybody registered last.
	last_registration: u64,
	/// Whether the order of unsorted rows is kept.
	keeps_listings: bool,
}

impl<'a> Reader<'a> {
	pub(crate) fn new(input: &'a EpochInput<'a>, mechanism: &'a MechanismInput<'a>) -> Self {
		let registered = input.block_at_registration.iter().take(usize::from(input.n));
		Self {
			input,
			mechanism,
			last_registration: registered.max().copied().unwrap_or(0),
			keeps_listings: input.parameters.yuma3 && input.parameters.liquid_alpha.is_some(),
		}
	}

	/// The rows of a uid, if it has any. The weights of a uid without a permit do not count.
	pub(crate) fn read(&self, uid: u16, copies: &mut Copies) -> Option<FitRows> {
		let is_permitted = is_permitted(self.input, uid);
		let weights = if is_permitted {
			entry_or_default(self.mechanism.weights, uid)
		} else {
			&[]
		};
		let bonds = entry_or_default(self.mechanism.bonds, uid);
		if weights.is_empty() && bonds.is_empty() {
			return None;
		}
		let look = Look::at(weights, bonds, self.input.n);
		let mut fit = FitRows {
			weights: if is_permitted {
				Source::Input
			} else {
				Source::Copy(0..0)
			},
			bonds: Source::Input,
			are_aligned: weights.is_empty() || bonds.is_empty() || look.is_aligned,
			weight_sum: Total::new(look.sum),
			lists_zeros: look.has_zeros,
			only_weight: None,
			rates_itself_in_vain: false,
			listed_weights: 0..0,
			listed_bonds: 0..0,
		};
		self.filter_weights(uid, weights, look.is_sorted, copies, &mut fit);
		if !look.are_bonds_sorted {
			let listing = copies.add(bonds, self.input.n, |_| true);
			let (sorted, listed) = copies.sort(listing, self.keeps_listings);
			fit.bonds = Source::Copy(sorted);
			fit.listed_bonds = listed;
		}
		let (weights, bonds) = fit.get(uid, copies, self.mechanism);
		if !matches!((&fit.weights, &fit.bonds), (Source::Input, Source::Input)) {
			fit.are_aligned = weights.is_empty() || bonds.is_empty();
		}
		fit.only_weight = only_weight(weights, uid, &fit);
		Some(fit)
	}

	/// Takes over the weights that count: those on other uids (the owner's on itself too) that are younger than the
	/// destination's registration, by validators who knew of it.
	fn filter_weights(&self, uid: u16, row: &[Entry], is_sorted: bool, copies: &mut Copies, fit: &mut FitRows) {
		let updated = entry_or_default(self.mechanism.last_update, uid);
		let committed = entry_or_default(self.mechanism.commit_block, uid).unwrap_or(u64::MAX);
		// A registration is known if it is before the update and not after the commit.
		let unknown_from = updated.min(committed.saturating_add(1));
		let may_rate_itself = self.input.owner_uid == Some(uid);
		if row.is_empty() {
			return;
		}
		if is_sorted && self.last_registration < unknown_from {
			let on_itself = row
				.binary_search_by_key(&uid, |entry| entry.0)
				.ok()
				.and_then(|place| row.get(place));
			if let Some((_, weight)) = on_itself.filter(|_| !may_rate_itself) {
				fit.rates_itself_in_vain = true;
				fit.weight_sum = Total::new(fit.weight_sum.value().saturating_sub(u64::from(*weight)));
			}
			return;
		}
		let keep = |destination: u16| {
			let registered = entry_or_default(self.input.block_at_registration, destination);
			(may_rate_itself || destination != uid) && registered < unknown_from
		};
		let listing = copies.add(row, self.input.n, keep);
		let look = Look::at(copies.get(&listing), &[], self.input.n);
		fit.weight_sum = Total::new(look.sum);
		fit.lists_zeros = look.has_zeros;
		if look.is_sorted {
			fit.weights = Source::Copy(listing);
		} else {
			let (sorted, listed) = copies.sort(listing, self.keeps_listings);
			fit.weights = Source::Copy(sorted);
			fit.listed_weights = listed;
		}
	}
}

/// The destination that has all the weight of a row, if one has. Only such a weight is one.
fn only_weight(weights: &[Entry], uid: u16, fit: &FitRows) -> Option<u16> {
	// Any other row has two weights above zero at first sight.
	if weights.len() > 2 && !fit.lists_zeros {
		return None;
	}
	let counts = |entry: &&Entry| entry.1 > 0 && !(fit.rates_itself_in_vain && entry.0 == uid);
	let mut counted = weights.iter().filter(counts);
	let only = counted.next()?.0;
	counted.next().is_none().then_some(only)
}

/// What a look at the two raw rows of a uid shows.
struct Look {
	/// The destinations of the weights rise strictly and exist.
	is_sorted: bool,
	/// The same of the bonds.
	are_bonds_sorted: bool,
	/// Both rows have the same destinations in the same order.
	is_aligned: bool,
	sum: u64,
	has_zeros: bool,
}

impl Look {
	fn at(weights: &[Entry], bonds: &[Entry], n: u16) -> Self {
		let is_aligned = weights.len() == bonds.len() && are_aligned(weights, bonds);
		let is_sorted = rises_below(weights, n);
		let (mut sum, mut zeros) = (0_u64, 0_u32);
		for weights in weights.chunks(CHUNK) {
			// Half words are added up more at a time.
			let of_chunk = weights.iter().fold((0_u32, 0_u32), |(sum, zeros), entry| {
				let weight = word(entry) >> 16;
				// Negative from the first zero on.
				(sum.wrapping_add(weight), zeros | weight.wrapping_sub(1))
			});
			sum = sum.wrapping_add(u64::from(of_chunk.0));
			zeros |= of_chunk.1;
		}
		Self {
			is_sorted,
			are_bonds_sorted: if is_aligned { is_sorted } else { rises_below(bonds, n) },
			is_aligned,
			sum,
			has_zeros: zeros > i32::MAX as u32,
		}
	}
}

/// Whether two rows of one length have the same destinations.
fn are_aligned(row: &[Entry], other: &[Entry]) -> bool {
	let differences = row
		.iter()
		.zip(other)
		.fold(0_u32, |all, (one, other)| all | (word(one) ^ word(other)));
	differences as u16 == 0
}

/// Whether the destinations rise strictly and exist.
fn rises_below(row: &[Entry], n: u16) -> bool {
	let next = row.iter().skip(1);
	let destination = |entry| word(entry) & 0xffff;
	// Negative as long as each destination is above the one before it.
	let rises = row.iter().zip(next).fold(u32::MAX, |all, (one, next)| {
		all & destination(one).wrapping_sub(destination(next))
	});
	rises > i32::MAX as u32 && row.last().is_none_or(|(last, _)| *last < n)
}

/// An entry in one word, the value in its upper half: processors compare several words at a time, and take long to pick
/// halves out of them.
#[inline(always)]
fn word(entry: &Entry) -> u32 {
	u32::from(entry.1) << 16 | u32::from(entry.0)
}

/// Rows that had to be copied.
#[derive(Clone, Debug, Default)]
pub(crate) struct Copies {
	entries: Vec<Entry>,
	seen: Seen,
}

impl Copies {
	/// Forgets all rows and keeps the memory.
	pub(crate) fn clear(&mut self) {
		self.entries.clear();
	}

	/// The entries of a row.
	pub(crate) fn get(&self, row: &Range<usize>) -> &[Entry] {
		self.entries.get(row.clone()).unwrap_or_default()
	}

	/// Copies the first entry for each destination below `n` that `keep` lets pass.
	fn add(&mut self, row: &[Entry], n: u16, keep: impl Fn(u16) -> bool) -> Range<usize> {
		let start = self.entries.len();
		self.seen.next_row(n);
		for entry in row {
			if self.seen.is_first(entry.0) && keep(entry.0) {
				self.entries.push(*entry);
			}
		}
		start..self.entries.len()
	}

	/// Sorts a row. Returns the sorted row, and the row as it was if that is to be kept.
	fn sort(&mut self, row: Range<usize>, keeps_listing: bool) -> (Range<usize>, Range<usize>) {
		let (mut sorted, mut listed) = (row.clone(), 0..0);
		if keeps_listing {
			sorted = self.entries.len()..self.entries.len().saturating_add(row.len());
			self.entries.extend_from_within(row.clone());
			listed = row;
		}
		if let Some(entries) = self.entries.get_mut(sorted.clone()) {
			entries.sort_unstable_by_key(|entry| entry.0);
		}
		(sorted, listed)
	}
}

/// Which destinations the current row has listed already.
#[derive(Clone, Debug, Default)]
struct Seen {
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
	use crate::test_support::input;

	/// The rows of uid 0, which holds a permit, after a look at its raw ones.
	fn fit(raw: MechanismInput<'_>, change: impl Fn(&mut EpochInput<'_>)) -> (FitRows, Vec<Entry>, Vec<Entry>) {
		let mut input = input(4);
		input.validator_permits = &[true];
		change(&mut input);
		let mechanism = MechanismInput {
			last_update: &[5],
			..raw
		};
		let mut copies = Copies::default();
		let fit = Reader::new(&input, &mechanism).read(0, &mut copies).unwrap();
		let (weights, bonds) = fit.get(0, &copies, &mechanism);
		let (weights, bonds) = (weights.to_vec(), bonds.to_vec());
		(fit, weights, bonds)
	}

	fn weights(row: &[Entry], change: impl Fn(&mut EpochInput<'_>)) -> Vec<Entry> {
		let rows = [row];
		fit(
			MechanismInput {
				weights: &rows,
				..MechanismInput::default()
			},
			change,
		)
		.1
	}

	#[test]
	fn fit_rows_are_read_where_they_are() {
		let (weights, bonds): ([&[Entry]; 1], [&[Entry]; 1]) = ([&[(1, 7), (3, 9)]], [&[(1, 5), (3, 6)]]);
		let raw = MechanismInput {
			weights: &weights,
			bonds: &bonds,
			..MechanismInput::default()
		};
		let (rows, ..) = fit(raw, |_| ());
		assert!(matches!((&rows.weights, &rows.bonds), (Source::Input, Source::Input)));
		assert!(rows.are_aligned && !rows.lists_zeros);
		assert_eq!(rows.weight_sum.share(16), crate::share::ONE);
	}

	#[test]
	fn void_weights_are_left_out_of_the_row_and_its_sum() {
		let row = [(0, 60), (1, 10), (2, 20), (3, 10)];
		let rows: [&[Entry]; 1] = [&row];
		let raw = MechanismInput {
			weights: &rows,
			..MechanismInput::default()
		};
		let (on_itself, ..) = fit(raw, |_| ());
		assert!(on_itself.rates_itself_in_vain);
		assert_eq!(on_itself.weight_sum.value(), 40);
		let (owner, ..) = fit(raw, |input| input.owner_uid = Some(0));
		assert!(!owner.rates_itself_in_vain);
		assert_eq!(owner.weight_sum.value(), 100);
		let newcomer = |input: &mut EpochInput<'_>| input.block_at_registration = &[0, 4, 5, 6];
		assert_eq!(weights(&row, newcomer), [(1, 10)]);
	}

	#[test]
	fn a_commit_does_not_know_who_registers_later() {
		let rows: [&[Entry]; 1] = [&[(1, 10), (2, 20)]];
		let raw = |commit| MechanismInput {
			weights: &rows,
			commit_block: commit,
			..MechanismInput::default()
		};
		let newcomer = |input: &mut EpochInput<'_>| input.block_at_registration = &[0, 3, 4];
		assert_eq!(fit(raw(&[Some(3)]), newcomer).1, [(1, 10)]);
		assert_eq!(fit(raw(&[Some(4)]), newcomer).1, [(1, 10), (2, 20)]);
		assert_eq!(fit(raw(&[Some(u64::MAX)]), newcomer).1, [(1, 10), (2, 20)]);
	}

	#[test]
	fn unfit_rows_are_sorted_without_strangers_and_repetitions() {
		assert_eq!(weights(&[(2, 5), (1, 0), (9, 1), (2, 7)], |_| ()), [(1, 0), (2, 5)]);
		let bonds: [&[Entry]; 1] = [&[(3, 5), (1, 6), (3, 7)]];
		let (rows, _, sorted) = fit(
			MechanismInput {
				bonds: &bonds,
				..MechanismInput::default()
			},
			|_| (),
		);
		assert_eq!(sorted, [(1, 6), (3, 5)]);
		assert!(rows.listed_bonds.is_empty(), "the order is kept for liquid alpha alone");
	}

	#[test]
	fn the_only_weight_is_found_among_zeros_and_weights_in_vain() {
		let only = |row: &[Entry]| {
			let rows = [row];
			let raw = MechanismInput {
				weights: &rows,
				..MechanismInput::default()
			};
			fit(raw, |_| ()).0.only_weight
		};
		assert_eq!(only(&[(2, 9)]), Some(2));
		assert_eq!(only(&[(0, 5), (2, 9)]), Some(2), "a weight on oneself does not count");
		assert_eq!(only(&[(0, 5)]), None);
		assert_eq!(only(&[(1, 0), (2, 9), (3, 0)]), Some(2));
		assert_eq!(only(&[(1, 1), (2, 9)]), None);
		assert_eq!(only(&[(1, 0)]), None);
		assert_eq!(only(&[(3, 9), (0, 5), (3, 1)]), Some(3), "unsorted");
	}

	#[test]
	fn alignment_is_of_the_rows_that_are_left() {
		let (weights, bonds): ([&[Entry]; 1], [&[Entry]; 1]) = ([&[(3, 9), (0, 7)]], [&[(0, 5), (3, 6)]]);
		let raw = MechanismInput {
			weights: &weights,
			bonds: &bonds,
			..MechanismInput::default()
		};
		let (rows, weights, bonds) = fit(raw, |_| ());
		assert_eq!((weights, bonds), (vec![(3, 9)], vec![(0, 5), (3, 6)]));
		assert!(!rows.are_aligned);
	}

	#[test]
	fn who_has_no_rows_or_no_permit_is_not_there() {
		let input = input(2);
		let mechanism = MechanismInput {
			weights: &[&[(1, 1)]],
			..MechanismInput::default()
		};
		assert!(
			Reader::new(&input, &mechanism)
				.read(0, &mut Copies::default())
				.is_none()
		);
	}
}
