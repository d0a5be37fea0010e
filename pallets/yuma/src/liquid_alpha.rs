//! Liquid alpha: each bond moves at its own pace, the faster the further the weight stands out from consensus.
//!
//! Some of what happens here follows from how the network computes rather than from the idea; it is kept because payouts
//! depend on it. The pace looks weights and bonds up by one walk forward over the row, so that in an unsorted row an
//! entry behind a higher destination reads as zero. Only destinations listed among the weights keep a bond. And the
//! exponential is a Taylor series, too small at the far end.

use alloc::vec::Vec;
use core::cell::Cell;

use crate::estimate::bounds;
use crate::exponential::{LANES, taylor};
use crate::fixed::Fixed;
use crate::pair::Pair;
use crate::share::{self, ONE, inverse, product, product_rounded_up};
use crate::types::LiquidAlpha;
use crate::weights::Penalty;

/// `sigmoid_steepness` comes in hundredths; the sigmoid's exponent has the opposite sign.
const STEEPNESS_DIVISOR: i64 = -100;
/// The exponent of the sigmoid stays within plus and minus this.
const LARGEST_EXPONENT: i64 = 20 << 32;
const LEAST_EXPONENT: i64 = -LARGEST_EXPONENT;
/// An exponent of one, whose exponential is not computed but known.
const EXPONENT_OF_ONE: i64 = 1 << 32;
const HALF: i64 = 1 << 31;
/// e, cut to 23 fractional bits.
const E: u64 = 0x15B_F0A8 << 9;

/// A mark of a pair: a walk forward by destination does not see its weight.
pub(crate) const HIDDEN_WEIGHT: u8 = 1;
/// A mark of a pair: a walk forward by destination does not see its bond.
pub(crate) const HIDDEN_BOND: u8 = 2;
/// A mark of a pair: a weight of zero is listed.
pub(crate) const LISTED_ZERO: u8 = 4;

/// How fast bonds move: the parameters of liquid alpha as numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
	low: u64,
	high: u64,
	/// The steepness with its sign turned, cut to a whole number, and the fraction that was cut off: the product with
	/// both together would be too wide for a word.
	slope: i64,
	slope_fraction: i64,
	/// Alpha where nothing stands out, which is where most pairs are.
	at_rest: u64,
	/// Alpha at the least and at the largest exponent.
	at_least: u64,
	at_largest: u64,
}

impl Pace {
	pub(crate) fn new(parameters: LiquidAlpha) -> Self {
		let steepness = Fixed::ONE.times_integer(parameters.sigmoid_steepness);
		let slope = steepness.over_integer(STEEPNESS_DIVISOR).to_bits();
		let mut pace = Self {
			low: share::from_proportion(parameters.alpha_low),
			high: share::from_proportion(parameters.alpha_high),
			slope: slope >> 32,
			slope_fraction: slope & (EXPONENT_OF_ONE.wrapping_sub(1)),
			at_rest: 0,
			at_least: 0,
			at_largest: 0,
		};
		pace.at_rest = pace.alpha_by_series(pace.exponent(0));
		pace.at_least = pace.alpha_by_series(LEAST_EXPONENT);
		pace.at_largest = pace.alpha_by_series(LARGEST_EXPONENT);
		pace
	}

	/// Share of the new value in the bond, by how far the weight is above consensus (the validator buys) or below the
	/// bond (it sells).
	pub(crate) fn alpha(self, weight: Fixed, bond: Fixed, consensus: Fixed) -> Fixed {
		let [weight, bond, consensus] = [weight, bond, consensus].map(share::from_fixed);
		share::to_fixed(self.alpha_by_series(self.exponent(distance(weight, bond, consensus))))
	}

	fn alpha_by_series(self, exponent: i64) -> u64 {
		let [alpha, ..] = self.alphas([exponent; LANES]);
		alpha
	}

	/// `alpha · weight + (1 - alpha) · bond` for each pair that lists a weight, each product cut, and zero for all others.
	///
	/// In three steps without branches that depend on a pair: those that do not stand out are done with at once, nearly all
	/// others by bounds of alpha, and the rest by the series.
	pub(crate) fn average(
		self,
		penalty: Penalty,
		pairs: &[Cell<Pair>],
		marks: &[u8],
		consensus: u64,
		bond_mask: u16,
		scratch: &mut Scratch,
	) {
		let Scratch { values, waiting } = scratch;
		// Full and no penalty leave a listed zero in the list; clipping to zero takes a weight out.
		let keeps_zeros = !matches!(penalty, Penalty::Part(_));
		values.resize(pairs.len(), 0);
		waiting.resize(pairs.len().max(waiting.len()), Waiting::default());
		let mut length = 0_usize;
		let mut marks = marks.iter();
		for ((pair, value), place) in pairs.iter().zip(values.iter_mut()).zip(0_usize..) {
			let pair = pair.get();
			let mark = marks.next().copied().unwrap_or(0);
			let weight = penalty.apply(pair.weight(), pair.weight().min(consensus));
			let is_listed = (weight != 0) | (keeps_zeros & (mark & LISTED_ZERO != 0));
			let bond = share::from_proportion(pair.bond() & bond_mask);
			let seen_weight = if mark & HIDDEN_WEIGHT == 0 { weight } else { 0 };
			let seen_bond = if mark & HIDDEN_BOND == 0 { bond } else { 0 };
			let distance = distance(seen_weight, seen_bond, consensus);
			*value = mean(self.at_rest, weight, bond) & u64::from(is_listed).wrapping_neg();
			if let Some(to) = waiting.get_mut(length) {
				*to = Waiting {
					place,
					distance,
					weight,
					bond,
				};
			}
			length = length.wrapping_add(usize::from(is_listed & (distance != 0)));
		}
		let left = self.decide_by_bounds(waiting.get_mut(..length).unwrap_or_default(), values);
		self.decide_by_series(waiting.get(..left).unwrap_or_default(), values);
	}

	/// Computes what bounds of alpha are enough for, and moves the others to the front. Returns how many they are.
	fn decide_by_bounds(self, waiting: &mut [Waiting], values: &mut [u64]) -> usize {
		let waiting = Cell::from_mut(waiting).as_slice_of_cells();
		let mut left = 0_usize;
		for pair in waiting {
			let pair = pair.get();
			let (value, is_decided) = self.mean_by_bounds(pair);
			if let Some(to) = values.get_mut(pair.place) {
				*to = value;
			}
			if let Some(to) = waiting.get(left) {
				to.set(pair);
			}
			left = left.wrapping_add(usize::from(!is_decided));
		}
		left
	}

	/// Computes the rest by the series itself.
	fn decide_by_series(self, waiting: &[Waiting], values: &mut [u64]) {
		for waiting in waiting.chunks(LANES) {
			let mut exponents = [0; LANES];
			for (exponent, pair) in exponents.iter_mut().zip(waiting) {
				*exponent = self.exponent(pair.distance);
			}
			for (pair, alpha) in waiting.iter().zip(self.alphas(exponents)) {
				if let Some(value) = values.get_mut(pair.place) {
					*value = mean(alpha, pair.weight, pair.bond);
				}
			}
		}
	}

	/// The exponent of the sigmoid.
	#[inline(always)]
	fn exponent(self, distance: u64) -> i64 {
		// A slope has less than 9 bits before the point, and half of one 31 behind it.
		let distance = (distance as i64).wrapping_sub(HALF);
		let product = self
			.slope
			.wrapping_mul(distance)
			.wrapping_add(self.slope_fraction.wrapping_mul(distance) >> 32);
		product.clamp(LEAST_EXPONENT, LARGEST_EXPONENT)
	}

	/// The [`mean`] of a pair by a bound of its alpha, and whether what alpha really is leads to the same.
	#[inline(always)]
	fn mean_by_bounds(self, pair: Waiting) -> (u64, bool) {
		let exponent = self.exponent(pair.distance);
		let (least, most) = bounds(exponent);
		let one = self.between(floor_of_inverse(ONE.wrapping_add(most)));
		let other = self.between(inverse(ONE.wrapping_add(least)));
		let [one, other] = match exponent {
			LARGEST_EXPONENT => [self.at_largest; 2],
			LEAST_EXPONENT => [self.at_least; 2],
			_ => [one, other],
		};
		// Each product goes one way as alpha rises, so that no alpha in between leads to others.
		let of_weight = product::<true>(one, pair.weight);
		let of_bond = product::<true>(ONE.wrapping_sub(one), pair.bond);
		let is_decided = (exponent != EXPONENT_OF_ONE)
			& (of_weight == product::<true>(other, pair.weight))
			& (of_bond == product::<true>(ONE.wrapping_sub(other), pair.bond));
		(of_weight.wrapping_add(of_bond), is_decided)
	}

	/// The alphas of some exponents.
	#[inline(always)]
	fn alphas(self, exponents: [i64; LANES]) -> [u64; LANES] {
		let sizes = exponents.map(i64::unsigned_abs);
		let mut alphas = taylor(sizes);
		for (alpha, exponent) in alphas.iter_mut().zip(exponents) {
			let exponential = match exponent {
				..0 => inverse(*alpha),
				EXPONENT_OF_ONE => E,
				_ => *alpha,
			};
			*alpha = self.between(inverse(ONE.wrapping_add(exponential)));
		}
		alphas
	}

	/// `low + sigmoid · (high - low)`, the product rounded down.
	#[inline(always)]
	fn between(self, sigmoid: u64) -> u64 {
		if self.high >= self.low {
			self.low
				.wrapping_add(product::<true>(self.high.wrapping_sub(self.low), sigmoid))
		} else {
			let span = self.low.wrapping_sub(self.high);
			self.low.wrapping_sub(product_rounded_up(span, sigmoid))
		}
	}
}

/// How far the weight stands out.
#[inline(always)]
fn distance(weight: u64, bond: u64, consensus: u64) -> u64 {
	if weight >= bond {
		weight.saturating_sub(consensus)
	} else {
		bond.wrapping_sub(weight)
	}
}

/// `alpha · weight + (1 - alpha) · bond`, each product cut.
#[inline(always)]
fn mean(alpha: u64, weight: u64, bond: u64) -> u64 {
	let kept = product::<true>(ONE.wrapping_sub(alpha), bond);
	kept.wrapping_add(product::<true>(alpha, weight))
}

/// `1 / value`, cut, or one less.
#[inline(always)]
fn floor_of_inverse(value: u64) -> u64 {
	u64::MAX.checked_div(value).unwrap_or(0)
}

/// Scratch memory of a column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
	/// One number for each pair.
	pub(crate) values: Vec<u64>,
	/// The pairs that stand out.
	waiting: Vec<Waiting>,
}

/// A pair whose alpha is to be found.
#[derive(Clone, Copy, Debug, Default)]
struct Waiting {
	place: usize,
	distance: u64,
	weight: u64,
	bond: u64,
}

#[cfg(test)]
mod tests {
	use alloc::vec;

	use proptest::prelude::*;

	use super::*;
	use crate::exponential::plain;

	fn pace(steepness: i16) -> Pace {
		Pace::new(LiquidAlpha {
			alpha_low: 6_553,
			alpha_high: 58_982,
			sigmoid_steepness: steepness,
		})
	}

	#[test]
	fn an_exponent_of_minus_one_is_computed_like_any_other() {
		let pace = Pace::new(LiquidAlpha {
			alpha_low: 0,
			alpha_high: u16::MAX,
			sigmoid_steepness: 200,
		});
		let [alpha, ..] = pace.alphas([pace.exponent(ONE); LANES]);
		assert_eq!(alpha, inverse(ONE + inverse(plain::exponential(ONE))));
	}

	#[test]
	fn an_exponent_of_one_has_a_value_of_its_own() {
		// Steepness -200 and half a unit above the middle: the exponent is one.
		let pace = Pace::new(LiquidAlpha {
			alpha_low: 0,
			alpha_high: u16::MAX,
			sigmoid_steepness: -200,
		});
		let [alpha, ..] = pace.alphas([pace.exponent(ONE); LANES]);
		assert_eq!(alpha, inverse(ONE + E));
		assert_ne!(E, plain::exponential(ONE));
	}

	proptest! {
		/// Where bounds decide, they decide as the series does; and they decide nearly always where little hangs on it.
		#[test]
		fn bounds_decide_as_the_series_does(
			(low, high, steepness) in (any::<u16>(), any::<u16>(), any::<i16>()),
			distance in 0..=ONE,
			(weight, bond) in (0..=ONE, any::<u16>()),
		) {
			let pace = Pace::new(LiquidAlpha { alpha_low: low, alpha_high: high, sigmoid_steepness: steepness });
			let bond = share::from_proportion(bond);
			let (value, is_decided) = pace.mean_by_bounds(Waiting { place: 0, distance, weight, bond });
			if is_decided {
				prop_assert_eq!(value, mean(pace.alpha_by_series(pace.exponent(distance)), weight, bond));
			}
		}
	}

	#[test]
	fn most_pairs_are_decided_by_bounds() {
		let pace = pace(1_000);
		let is_decided = |step: &u64| {
			let pair = Waiting {
				distance: step * (ONE / 1_000),
				weight: ONE / 3,
				bond: ONE / 7,
				place: 0,
			};
			pace.mean_by_bounds(pair).1
		};
		assert!((0..1_000).filter(is_decided).count() > 600);
	}

	#[test]
	fn no_steepness_gives_the_middle() {
		let alpha = pace(0).alpha(Fixed::ONE, Fixed::ZERO, Fixed::ZERO);
		let (low, high) = (Fixed::proportion(6_553), Fixed::proportion(58_982));
		assert_eq!(alpha, low.plus(Fixed::HALF.times(high.minus(low))));
	}

	#[test]
	fn standing_out_speeds_up_and_a_negative_steepness_slows_down() {
		let alpha = |steepness, weight| pace(steepness).alpha(weight, Fixed::ZERO, Fixed::ZERO);
		assert!(alpha(1000, Fixed::ONE) > alpha(1000, Fixed::ZERO));
		assert!(alpha(-1000, Fixed::ONE) < alpha(-1000, Fixed::ZERO));
	}

	#[test]
	fn alpha_stays_between_its_bounds_even_if_they_are_swapped() {
		let (low, high) = (Fixed::proportion(100), Fixed::proportion(200));
		for steepness in [i16::MIN, -1, 0, 1, i16::MAX] {
			for (alpha_low, alpha_high) in [(100, 200), (200, 100)] {
				let pace = Pace::new(LiquidAlpha {
					alpha_low,
					alpha_high,
					sigmoid_steepness: steepness,
				});
				for weight in [Fixed::ZERO, Fixed::HALF, Fixed::ONE] {
					let alpha = pace.alpha(weight, Fixed::HALF, Fixed::HALF);
					assert!(alpha >= low && alpha <= high);
				}
			}
		}
	}

	/// The new bonds of validators 0, 1, … with these weights and bonds, where 65535 and one are the same.
	fn averages(penalty: Penalty, rows: &[(u64, u16)], marks: &[u8], consensus: u64) -> Vec<u64> {
		let mut pairs: Vec<Pair> = rows
			.iter()
			.zip(0..)
			.map(|((weight, bond), place)| Pair::new(*weight, *bond, place))
			.collect();
		let pairs = Cell::from_mut(pairs.as_mut_slice()).as_slice_of_cells();
		let mut scratch = Scratch {
			values: vec![7; 3],
			..Scratch::default()
		};
		pace(0).average(penalty, pairs, marks, consensus, u16::MAX, &mut scratch);
		scratch.values
	}

	#[test]
	fn bonds_without_a_listed_weight_vanish_and_listed_zeros_let_them_decay() {
		let rows = [(0, u16::MAX), (0, u16::MAX), (HALF as u64, 0)];
		let marks = [0, LISTED_ZERO, 0];
		let alpha = (share::from_proportion(6_553) + share::from_proportion(58_982)) / 2;
		for penalty in [Penalty::None, Penalty::Full] {
			assert_eq!(averages(penalty, &rows, &marks, ONE), [0, ONE - alpha, alpha / 2]);
		}
		assert_eq!(averages(Penalty::Part(ONE / 2), &rows, &marks, ONE), [0, 0, alpha / 2]);
		assert_eq!(
			averages(Penalty::Full, &rows, &marks, 0),
			[0, ONE - alpha, 0],
			"clipped to nothing"
		);
	}

	#[test]
	fn more_pairs_than_lanes_are_averaged_each_on_its_own() {
		let rows: Vec<(u64, u16)> = (1..40).map(|row| (row * 100_000_000, (row * 1_000) as u16)).collect();
		let together = averages(Penalty::None, &rows, &[], ONE / 3);
		let alone = rows.iter().map(|row| averages(Penalty::None, &[*row], &[], ONE / 3)[0]);
		assert_eq!(together, alone.collect::<Vec<_>>());
	}

	#[test]
	fn what_is_hidden_counts_for_the_value_but_not_for_the_pace() {
		let pace = pace(1_000);
		let alpha = |weight, bond| pace.alpha_by_series(pace.exponent(distance(weight, bond, 0)));
		let bond = share::from_proportion(50_000);
		let value = |mark| {
			let pair = [Cell::new(Pair::new(ONE / 4, 50_000, 0))];
			let mut scratch = Scratch::default();
			pace.average(Penalty::None, &pair, &[mark], 0, u16::MAX, &mut scratch);
			scratch.values[0]
		};
		assert_eq!(value(0), mean(alpha(ONE / 4, bond), ONE / 4, bond));
		assert_eq!(value(HIDDEN_BOND), mean(alpha(ONE / 4, 0), ONE / 4, bond));
		assert_eq!(value(HIDDEN_WEIGHT), mean(alpha(0, bond), ONE / 4, bond));
	}
}
