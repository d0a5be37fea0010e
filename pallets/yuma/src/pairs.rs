//! Pairs of a validator and a miner, column by column: all that one validator says of and holds in one miner.
//!
//! Rows come in by validator, and medians, sums and maxima go by miner. The weights and the bonds of each row are
//! merged, a pair each, and each pair is put behind the others of its column, tile by tile of columns so that the columns
//! that are being written stay in the cache. From there on everything happens inside one column.

use alloc::vec::Vec;
use core::ops::Range;

use crate::merge::merge;
use crate::pair::Pair;
use crate::places::{Hand, Place};
use crate::share::ONE;
use crate::types::{Entry, MechanismInput};
use crate::validators::Validators;

/// How many columns are filled at a time, unless rows are short: as many places are written in turn, and all stay in the
/// fastest cache.
const TILE: u16 = 256;
/// The fewest pairs of a row in a tile, on average.
const LEAST_SEGMENT: usize = 32;
/// How many quarters of all places have to be taken for columns to be laid out without counting.
const LEAST_QUARTERS: usize = 3;
/// Rows with less than one gap in so many entries are counted by their runs.
const FEW_GAPS: usize = 32;
/// Pairs in a cache line.
const PAIRS_PER_LINE: usize = 8;
/// From how many pairs on a column may have a little more room than it needs.
const LONG_COLUMN: usize = 32;

/// The pairs of a column, and what is known of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Column {
	/// Whether there is a pair for each validator, in order, with nothing in it for those who have nothing to do with the
	/// miner. Otherwise only those are there who have.
	pub(crate) is_full: bool,
	/// Whether any weight is one.
	pub(crate) has_one: bool,
	/// How many pairs there are.
	length: usize,
	/// Where the first one is.
	start: usize,
	/// How many validators have something to do with the miner.
	count: u32,
	/// By how much the count is more than that of the column before, on top of what is counted one by one.
	step: u32,
}

/// All pairs of a mechanism, by column, and inside a column by validator.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs {
	columns: Vec<Column>,
	/// Where the next pair of each column goes.
	places: Vec<Place>,
	/// The columns of the tiles that have been filled, behind one another.
	filled: Vec<Pair>,
	/// How much room all of them need.
	room: usize,
	/// How many columns a tile has.
	tile_columns: u16,
	/// Whether nearly all places of a matrix would be taken. Then all columns are full, and pairs are not counted.
	is_dense: bool,
}

impl Pairs {
	/// Counts the pairs of all validators, writes down how many each of them has, and lays out the tiles.
	pub(crate) fn prepare(&mut self, validators: &mut Validators, mechanism: &MechanismInput<'_>, n: u16) {
		self.columns.clear();
		self.columns.resize(usize::from(n), Column::default());
		let mut all = 0_usize;
		for validator in &mut validators.list {
			let (weights, bonds) = validator.rows.get(validator.uid, &validators.copies, mechanism);
			let pairs = if validator.rows.are_aligned {
				weights.len().max(bonds.len())
			} else {
				count_merged(weights, bonds, &mut self.columns)
			};
			all = all.saturating_add(pairs);
			if let Some(only) = validator.rows.only_weight
				&& let Some(column) = self.columns.get_mut(usize::from(only))
			{
				column.has_one = true;
			}
			validator.pairs = pairs;
			validator.read = (0, 0);
		}
		let places = usize::from(n).saturating_mul(validators.list.len());
		self.is_dense = all.saturating_mul(4) >= places.saturating_mul(LEAST_QUARTERS);
		if self.is_dense {
			self.columns.iter_mut().for_each(|column| column.is_full = true);
		} else {
			self.count(validators, mechanism);
		}
		// A visit to a row for a tile costs about as much as a few pairs.
		let wide_enough = places.saturating_mul(LEAST_SEGMENT).checked_div(all).unwrap_or(0);
		let wide_enough = u16::try_from(wide_enough).unwrap_or(u16::MAX);
		self.tile_columns = wide_enough.clamp(TILE, n.max(TILE));
		self.lay_out(validators.list.len());
	}

	/// Counts the pairs of each column of those rows that have not been counted, and finds out which columns are full.
	fn count(&mut self, validators: &Validators, mechanism: &MechanismInput<'_>) {
		for validator in validators.list.iter().filter(|validator| validator.rows.are_aligned) {
			let (weights, bonds) = validator.rows.get(validator.uid, &validators.copies, mechanism);
			count_each(if weights.is_empty() { bonds } else { weights }, &mut self.columns);
		}
		let mut steps = 0_u32;
		for column in &mut self.columns {
			steps = steps.wrapping_add(column.step);
			column.count = column.count.wrapping_add(steps);
			column.is_full = is_nearly_full(column.count as usize, validators.list.len());
		}
	}

	/// Gives each column its room.
	fn lay_out(&mut self, validators: usize) {
		self.places.clear();
		self.room = 0;
		for tile in self.columns.chunks_mut(usize::from(self.tile_columns)) {
			let mut start = 0_usize;
			for column in tile {
				column.start = self.room.saturating_add(start);
				column.length = if column.is_full {
					validators
				} else {
					column.count as usize
				};
				let mask = if column.is_full { u32::MAX } else { 0 };
				self.places.push(Place {
					base: start as u32,
					mask,
				});
				start = start.saturating_add(apart(column.length));
			}
			self.room = self.room.saturating_add(start);
		}
		self.filled.clear();
		self.filled.reserve_exact(self.room);
	}

	/// The tiles: ranges of columns that together are all of them.
	pub(crate) fn tiles(&self, n: u16) -> impl Iterator<Item = Range<u16>> + use<> {
		let columns = self.tile_columns;
		(0..n)
			.step_by(usize::from(columns))
			.map(move |first| first..first.saturating_add(columns).min(n))
	}

	/// Puts the pairs of the next tile in their places.
	pub(crate) fn fill(&mut self, columns: Range<u16>, validators: &mut Validators, mechanism: &MechanismInput<'_>) {
		let start = self.filled.len();
		let behind = self.columns.get(usize::from(columns.end));
		let end = behind.map_or(self.room, |column| column.start);
		self.filled.resize(end, Pair::default());
		let Self {
			columns: layouts,
			places,
			filled,
			..
		} = self;
		let tile = filled.get_mut(start..).unwrap_or_default();
		let of_tile = layouts.get(usize::from(columns.start)..usize::from(columns.end));
		let mut of_tile = of_tile.unwrap_or_default().iter();
		if of_tile.all(|column| column.is_full || column.count == 0) {
			fill_among::<true>(columns.clone(), validators, mechanism, places, tile);
		} else {
			fill_among::<false>(columns.clone(), validators, mechanism, places, tile);
		}
		if self.is_dense {
			self.clear_empty(columns);
		}
	}

	/// Finds the columns of a tile that nobody had a pair for.
	fn clear_empty(&mut self, columns: Range<u16>) {
		let columns = usize::from(columns.start)..usize::from(columns.end);
		for column in self.columns.get_mut(columns).unwrap_or_default() {
			let range = column.start..column.start.saturating_add(column.length);
			let pairs = self.filled.get(range).unwrap_or_default();
			if pairs.iter().all(|pair| *pair == Pair::default()) {
				column.length = 0;
				column.is_full = false;
			}
		}
	}

	/// What is known of a column that has been filled, and its pairs.
	pub(crate) fn column(&mut self, column: u16) -> (Column, &mut [Pair]) {
		let range = self.range(column);
		let column = self.columns.get(usize::from(column)).copied().unwrap_or_default();
		(column, self.filled.get_mut(range).unwrap_or_default())
	}

	/// Where in memory the pairs of a column that has been filled are; less than [`Self::room`].
	pub(crate) fn range(&self, column: u16) -> Range<usize> {
		let column = self.columns.get(usize::from(column)).copied().unwrap_or_default();
		column.start..column.start.saturating_add(column.length)
	}

	/// How much room all pairs take.
	pub(crate) fn room(&self) -> usize {
		self.filled.len()
	}

	/// Where in memory the pair of a validator and a miner is, if there is one.
	pub(crate) fn find(&self, column: u16, validator: u16) -> Option<usize> {
		let range = self.range(column);
		if self.columns.get(usize::from(column))?.is_full {
			return Some(range.start.saturating_add(usize::from(validator)));
		}
		let pairs = self.filled.get(range.clone())?;
		let place = pairs.binary_search_by_key(&usize::from(validator), |pair| pair.validator());
		Some(range.start.saturating_add(place.ok()?))
	}
}

/// With `FULL`, each column of the tile is full or empty.
fn fill_among<const FULL: bool>(
	columns: Range<u16>,
	validators: &mut Validators,
	mechanism: &MechanismInput<'_>,
	places: &mut [Place],
	tile: &mut [Pair],
) {
	for (validator, number) in validators.list.iter_mut().zip(0_u16..) {
		let (weights, bonds) = validator.rows.get(validator.uid, &validators.copies, mechanism);
		let weights = weights.get(validator.read.0..).unwrap_or_default();
		let bonds = bonds.get(validator.read.1..).unwrap_or_default();
		let mut hand = Hand::<FULL> {
			tile: &mut *tile,
			sum: validator.rows.weight_sum,
			validator: number,
		};
		let read = if !validator.rows.are_aligned {
			merge(weights, bonds, columns.end, |column, weight, bond| {
				if let Some(place) = places.get_mut(usize::from(column)) {
					hand.put(place, weight, bond);
				}
			})
		} else if bonds.is_empty() {
			let weights = until(weights, &columns);
			hand.put_row(weights, weights, places, |weight, _| (weight, 0));
			(weights.len(), 0)
		} else if weights.is_empty() {
			let bonds = until(bonds, &columns);
			hand.put_row(bonds, bonds, places, |bond, _| (0, bond));
			(0, bonds.len())
		} else {
			let weights = until(weights, &columns);
			hand.put_row(weights, bonds, places, |weight, bond| (weight, bond));
			(weights.len(), weights.len())
		};
		validator.read.0 = validator.read.0.saturating_add(read.0);
		validator.read.1 = validator.read.1.saturating_add(read.1);
		let mut correct = |column: u16, weight: u64| {
			// The validator's pair is the last one in the column so far.
			let place = places.get(usize::from(column)).map(|place| place.last(number));
			if let Some(pair) = place.and_then(|place| tile.get_mut(place)) {
				*pair = Pair::new(weight, pair.bond(), number);
			}
		};
		if validator.rows.rates_itself_in_vain && columns.contains(&validator.uid) {
			// The only void weight in a row that is read where it is: its share may be anything, as the sum is without it.
			correct(validator.uid, 0);
		}
		if let Some(only) = validator.rows.only_weight.filter(|only| columns.contains(only)) {
			correct(only, ONE);
		}
	}
}

/// Whether so much of a column is there that it is cheaper to go through all validators than to look them up.
const fn is_nearly_full(count: usize, validators: usize) -> bool {
	count.saturating_mul(8) >= validators.saturating_mul(4)
}

/// Columns that are filled together lie an odd number of cache lines apart: a power of two would put their ends into the
/// same few places of the cache.
fn apart(length: usize) -> usize {
	if length < LONG_COLUMN {
		length
	} else {
		length.div_ceil(PAIRS_PER_LINE).wrapping_mul(PAIRS_PER_LINE) | PAIRS_PER_LINE
	}
}

/// The first entries of a sorted row, up to the end of some columns. The columns before them have been read.
fn until<'a>(row: &'a [Entry], columns: &Range<u16>) -> &'a [Entry] {
	let most = row.len().min(columns.len());
	let row = row.get(..most).unwrap_or_default();
	match row.last() {
		Some((last, _)) if *last >= columns.end => {
			let end = row.partition_point(|(column, _)| *column < columns.end);
			row.get(..end).unwrap_or_default()
		}
		_ => row,
	}
}

/// Counts the destinations of a sorted row by column.
fn count_each(row: &[Entry], counts: &mut [Column]) {
	let (first, last) = (
		row.first().map_or(0, |entry| entry.0),
		row.last().map_or(0, |entry| entry.0),
	);
	let span = usize::from(last.saturating_sub(first)).saturating_add(1);
	if span.saturating_sub(row.len()).saturating_mul(FEW_GAPS) >= row.len() {
		row.iter().for_each(|(column, _)| add(counts, *column, 1));
		return;
	}
	// Runs of consecutive columns are counted by their ends.
	let mut rest = row;
	while let Some(((first, _), _)) = rest.split_first() {
		let follows = |place: usize| {
			let column = rest.get(place).map(|entry| usize::from(entry.0));
			column == Some(usize::from(*first).saturating_add(place))
		};
		let (mut run, mut too_long) = (1, rest.len().saturating_add(1));
		while too_long.saturating_sub(run) > 1 {
			let middle = run.midpoint(too_long);
			if follows(middle.saturating_sub(1)) {
				run = middle;
			} else {
				too_long = middle;
			}
		}
		add_from(counts, *first, 1);
		add_from(
			counts,
			first.saturating_add(u16::try_from(run).unwrap_or(u16::MAX)),
			u32::MAX,
		);
		rest = rest.get(run..).unwrap_or_default();
	}
}

fn count_merged(weights: &[Entry], bonds: &[Entry], counts: &mut [Column]) -> usize {
	let mut pairs = 0_usize;
	merge(weights, bonds, u16::MAX, |column, _, _| {
		add(counts, column, 1);
		pairs = pairs.wrapping_add(1);
	});
	pairs
}

/// Adds to the count of a column.
fn add(counts: &mut [Column], column: u16, number: u32) {
	if let Some(column) = counts.get_mut(usize::from(column)) {
		column.count = column.count.wrapping_add(number);
	}
}

/// Adds to the counts of a column and all behind it.
fn add_from(counts: &mut [Column], column: u16, number: u32) {
	if let Some(column) = counts.get_mut(usize::from(column)) {
		column.step = column.step.wrapping_add(number);
	}
}

#[cfg(test)]
mod tests {
	use alloc::vec;

	use proptest::prelude::*;

	use super::*;
	use crate::fixed::Fixed;
	use crate::rows::Reader;
	use crate::test_support::input;

	fn rows(n: u16) -> impl Strategy<Value = Vec<Vec<Entry>>> {
		let chosen = proptest::collection::btree_map(0..n, 1..9_u16, 0..=usize::from(n)).prop_map(Vec::from_iter);
		let all_but = (0..n).prop_map(move |hole| (0..n).filter(|uid| *uid != hole).map(|uid| (uid, 3)).collect());
		proptest::collection::vec(prop_oneof![chosen, all_but], usize::from(n))
	}

	#[test]
	fn nobody_is_behind_an_unlisted_column_of_a_dense_subnet() {
		let mut input = input(5);
		input.validator_permits = &[true; 5];
		let row: [Entry; 4] = [(0, 1), (1, 1), (2, 1), (4, 1)];
		let rows = [row.as_slice(); 5];
		let mechanism = MechanismInput {
			last_update: &[1; 5],
			weights: &rows,
			..MechanismInput::default()
		};
		let mut validators = Validators::default();
		validators.load(&Reader::new(&input, &mechanism), &[], &[]);
		let mut pairs = Pairs::default();
		pairs.prepare(&mut validators, &mechanism, 5);
		pairs.fill(0..5, &mut validators, &mechanism);
		assert!(pairs.is_dense);
		for uid in 0..5 {
			let (Column { is_full, .. }, column) = pairs.column(uid);
			assert_eq!((is_full, column.len()), if uid == 3 { (false, 0) } else { (true, 5) });
		}
	}

	proptest! {
		/// Whatever the layout, each column has the pairs that the rows list, by validator, and perhaps empty ones.
		#[test]
		fn columns_have_what_the_rows_list((weights, bonds) in (1..40_u16).prop_flat_map(|n| (rows(n), rows(n))), tile in 1..50_u16) {
			let n = weights.len() as u16;
			let mut input = input(n);
			let permits = vec![true; weights.len()];
			input.validator_permits = &permits;
			let (raw_weights, raw_bonds): (Vec<&[Entry]>, Vec<&[Entry]>) =
				(weights.iter().map(Vec::as_slice).collect(), bonds.iter().map(Vec::as_slice).collect());
			let last_update = vec![1; weights.len()];
			let mechanism =
				MechanismInput { last_update: &last_update, weights: &raw_weights, bonds: &raw_bonds, ..MechanismInput::default() };
			let mut validators = Validators::default();
			let nobody = vec![Fixed::ZERO; weights.len()];
			validators.load(&Reader::new(&input, &mechanism), &nobody, &nobody);
			let mut pairs = Pairs::default();
			pairs.prepare(&mut validators, &mechanism, n);
			pairs.tile_columns = pairs.tile_columns.min(tile);
			pairs.lay_out(validators.list.len());
			for tile in pairs.tiles(n) {
				pairs.fill(tile.clone(), &mut validators, &mechanism);
				for uid in tile {
					let (Column { is_full, .. }, column) = pairs.column(uid);
					let has = |rows: &[Vec<Entry>], own: u16, skips_own: bool| {
						let row = &rows[usize::from(own)];
						let entry = row.iter().find(|entry| entry.0 == uid && !(skips_own && own == uid));
						entry.map(|entry| entry.1)
					};
					let expected: Vec<(usize, bool, u16)> = validators.list.iter().enumerate().filter_map(|(place, validator)| {
						let (weight, bond) = (has(&weights, validator.uid, true), has(&bonds, validator.uid, false));
						(weight.is_some() || bond.is_some()).then(|| (place, weight.is_some(), bond.unwrap_or(0)))
					}).collect();
					let listed = column.iter().enumerate().filter(|(_, pair)| pair.weight() > 0 || pair.bond() > 0);
					let came: Vec<_> = listed.map(|(place, pair)| {
						let place = if is_full { place } else { pair.validator() };
						(place, pair.weight() > 0, pair.bond())
					}).collect();
					prop_assert_eq!(came, expected);
				}
			}
		}
	}
}
