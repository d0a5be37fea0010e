//! Places of pairs in their columns, and the hand that puts a validator's pairs there.

use crate::pair::Pair;
use crate::share::Total;
use crate::types::Entry;

/// Where the next pair of a column goes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
	/// The place in the tile of the next pair, or if the column is full, of the first one.
	pub(crate) base: u32,
	/// All ones if the column is full: then the validator's number is added.
	pub(crate) mask: u32,
}

impl Place {
	/// The place of a validator's pair.
	#[inline(always)]
	fn next(&mut self, validator: u16) -> usize {
		let place = self.base.wrapping_add(u32::from(validator) & self.mask);
		// By one, or by nothing.
		self.base = self.base.wrapping_add(self.mask.wrapping_add(1));
		place as usize
	}

	/// The place that a validator's pair was given, right after it was.
	pub(crate) fn last(self, validator: u16) -> usize {
		let back = self.mask.wrapping_add(1);
		self.base
			.wrapping_sub(back)
			.wrapping_add(u32::from(validator) & self.mask) as usize
	}
}

/// Puts a validator's pairs into a tile. With `FULL`, each column of the tile is full or empty.
pub(crate) struct Hand<'a, const FULL: bool> {
	pub(crate) tile: &'a mut [Pair],
	/// The sum of the validator's weights.
	pub(crate) sum: Total,
	pub(crate) validator: u16,
}

impl<const FULL: bool> Hand<'_, FULL> {
	#[inline(always)]
	pub(crate) fn put(&mut self, place: &mut Place, weight: u16, bond: u16) {
		let place = if FULL {
			place.base.wrapping_add(self.validator.into()) as usize
		} else {
			place.next(self.validator)
		};
		if let Some(to) = self.tile.get_mut(place) {
			*to = Pair::with_weight_below_one(self.sum.share(weight), bond, self.validator);
		}
	}

	/// Puts a pair for each entry of a row and of another one with the same destinations; `values` makes its weight and
	/// its bond of theirs.
	///
	/// By itself, so that all that the loops need has a place in the processor.
	#[inline(never)]
	pub(crate) fn put_row(
		self,
		row: &[Entry],
		other: &[Entry],
		places: &mut [Place],
		values: impl Fn(u16, u16) -> (u16, u16),
	) {
		let (Some((first, _)), Some((last, _))) = (row.first(), row.last()) else {
			return;
		};
		let mut hand = self;
		let range = usize::from(*first)..usize::from(*last).saturating_add(1);
		if range.len() == row.len() {
			let places = places.get_mut(range).unwrap_or_default();
			for (place, ((_, value), (_, other))) in places.iter_mut().zip(row.iter().zip(other)) {
				let (weight, bond) = values(*value, *other);
				hand.put(place, weight, bond);
			}
		} else {
			for ((column, value), (_, other)) in row.iter().zip(other) {
				if let Some(place) = places.get_mut(usize::from(*column)) {
					let (weight, bond) = values(*value, *other);
					hand.put(place, weight, bond);
				}
			}
		}
	}
}
