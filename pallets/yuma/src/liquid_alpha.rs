//! Liquid alpha: each bond moves at its own pace, the faster the further the weight stands out from consensus.
//!
//! Some of what happens here follows from how the network computes rather than from the idea; it is kept because payouts
//! depend on it. The pace looks weights and bonds up by one walk forward over the row, so that in an unsorted row an
//! entry behind a higher destination reads as zero. Only destinations listed among the weights keep a bond. And the
//! exponential is a Taylor series, too small at the far end.

use alloc::vec::Vec;
use core::cell::Cell;

use crate::fixed::Fixed;
use crate::pair::Pair;
use crate::share::{self, ONE, inverse, product, product_rounded_up};
use crate::types::LiquidAlpha;
use crate::weights::Penalty;

/// `sigmoid_steepness` comes in hundredths; the sigmoid's exponent has the opposite sign.
const STEEPNESS_DIVISOR: i64 = -100;
/// The exponent of the sigmoid stays within plus and minus this.
const LARGEST_EXPONENT: i64 = 20 << 32;
/// An exponent of one, whose exponential is not computed but known.
const EXPONENT_OF_ONE: i64 = 1 << 32;
const HALF: i64 = 1 << 31;
/// e, cut to 23 fractional bits.
const E: u64 = 0x15B_F0A8 << 9;
/// How many exponentials are computed side by side: each is one long chain of multiplications that wait for one another.
const LANES: usize = 8;

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
	/// The steepness with its sign turned.
	slope: i64,
	/// Alpha where nothing stands out, which is where most pairs are.
	at_rest: u64,
}

impl Pace {
	pub(crate) fn new(parameters: LiquidAlpha) -> Self {
		let steepness = Fixed::ONE.times_integer(parameters.sigmoid_steepness);
		let mut pace = Self {
			low: share::from_proportion(parameters.alpha_low),
			high: share::from_proportion(parameters.alpha_high),
			slope: steepness.over_integer(STEEPNESS_DIVISOR).to_bits(),
			at_rest: 0,
		};
		let [at_rest, ..] = pace.alphas([0; LANES]);
		pace.at_rest = at_rest;
		pace
	}

	/// Share of the new value in the bond, by how far the weight is above consensus (the validator buys) or below the
	/// bond (it sells).
	pub(crate) fn alpha(self, weight: Fixed, bond: Fixed, consensus: Fixed) -> Fixed {
		let [weight, bond, consensus] = [weight, bond, consensus].map(share::from_fixed);
		let [alpha, ..] = self.alphas([distance(weight, bond, consensus); LANES]);
		share::to_fixed(alpha)
	}

	/// `alpha · weight + (1 - alpha) · bond` for each pair that lists a weight, each product cut, and zero for all others.
	pub(crate) fn average(
		self,
		penalty: Penalty,
		pairs: &[Cell<Pair>],
		marks: &[u8],
		consensus: u64,
		bond_mask: u16,
		values: &mut Vec<u64>,
	) {
		values.clear();
		values.resize(pairs.len(), 0);
		let mut waiting = Batch::default();
		let mut marks = marks.iter();
		for (place, pair) in pairs.iter().enumerate() {
			let pair = pair.get();
			let mark = marks.next().copied().unwrap_or(0);
			let weight = penalty.apply(pair.weight(), pair.weight().min(consensus));
			// Full and no penalty leave a listed zero in the list; clipping to zero takes a weight out.
			let keeps_zero = !matches!(penalty, Penalty::Part(_)) && mark & LISTED_ZERO != 0;
			if weight == 0 && !keeps_zero {
				continue;
			}
			let bond = share::from_proportion(pair.bond() & bond_mask);
			let seen_weight = if mark & HIDDEN_WEIGHT == 0 { weight } else { 0 };
			let seen_bond = if mark & HIDDEN_BOND == 0 { bond } else { 0 };
			let distance = distance(seen_weight, seen_bond, consensus);
			if distance == 0 {
				if let Some(value) = values.get_mut(place) {
					*value = mean(self.at_rest, weight, bond);
				}
			} else if waiting.push(place, distance, weight, bond) {
				waiting.flush(self, values);
			}
		}
		waiting.flush(self, values);
	}

	/// The alphas of some distances.
	#[inline(always)]
	fn alphas(self, distances: [u64; LANES]) -> [u64; LANES] {
		let mut exponents = [0_i64; LANES];
		let mut sizes = [0_u64; LANES];
		for ((exponent, size), distance) in exponents.iter_mut().zip(&mut sizes).zip(distances) {
			let distance = i128::from((distance as i64).wrapping_sub(HALF));
			// A slope has less than 41 bits, and half of one 31.
			let product = (i128::from(self.slope).wrapping_mul(distance) >> 32) as i64;
			*exponent = product.clamp(-LARGEST_EXPONENT, LARGEST_EXPONENT);
			*size = exponent.unsigned_abs();
		}
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

/// Pairs that wait until there are enough of them.
#[derive(Clone, Copy, Debug, Default)]
struct Batch {
	length: usize,
	places: [usize; LANES],
	distances: [u64; LANES],
	weights: [u64; LANES],
	bonds: [u64; LANES],
}

impl Batch {
	/// Adds a pair and says whether the batch is full.
	#[inline(always)]
	fn push(&mut self, place: usize, distance: u64, weight: u64, bond: u64) -> bool {
		let lane = self.length % LANES;
		if let Some(to) = self.places.get_mut(lane) {
			*to = place;
		}
		for (lanes, value) in [
			(&mut self.distances, distance),
			(&mut self.weights, weight),
			(&mut self.bonds, bond),
		] {
			if let Some(to) = lanes.get_mut(lane) {
				*to = value;
			}
		}
		self.length = self.length.wrapping_add(1);
		self.length >= LANES
	}

	/// Computes the new bonds of the pairs that wait.
	#[inline(always)]
	fn flush(&mut self, pace: Pace, values: &mut [u64]) {
		let alphas = pace.alphas(self.distances);
		let lanes = self.places.iter().zip(alphas).zip(self.weights).zip(self.bonds);
		for (((place, alpha), weight), bond) in lanes.take(self.length) {
			if let Some(value) = values.get_mut(*place) {
				*value = mean(alpha, weight, bond);
			}
		}
		self.length = 0;
	}
}

/// e to the power of each exponent, which lies between 0 and 20, by the Taylor series with each term cut.
#[inline(always)]
fn taylor(exponents: [u64; LANES]) -> [u64; LANES] {
	let mut series = Series {
		exponents: exponents.map(|exponent| exponent << EXPONENT_ROOM),
		terms: exponents,
		sums: exponents.map(|exponent| ONE.wrapping_add(exponent)),
	};
	series.add::<2>();
	series.add::<3>();
	macro_rules! add_four {
		($($first:literal)*) => {
			$(
				// What is zero stays zero.
				if series.terms.iter().fold(0, |any, term| any | term) == 0 {
					return series.sums;
				}
				series.add::<{ $first }>();
				series.add::<{ $first + 1 }>();
				series.add::<{ $first + 2 }>();
				series.add::<{ $first + 3 }>();
			)*
		};
	}
	add_four!(4 8 12 16 20 24 28);
	series.sums
}

/// Some Taylor series of the exponential, side by side: the last term and the sum up to it.
struct Series {
	/// Moved to the left by [`EXPONENT_ROOM`].
	exponents: [u64; LANES],
	terms: [u64; LANES],
	sums: [u64; LANES],
}

impl Series {
	/// Adds the term with the next power: `floor(floor(term · exponent / 2³²) / power)`.
	///
	/// No term is more than 20²⁰/20!, which is less than 2²⁶, and no exponent is more than 20.
	#[inline(always)]
	fn add<const POWER: u64>(&mut self) {
		let (reciprocal, shift) = const { reciprocal(POWER) };
		for ((term, sum), exponent) in self.terms.iter_mut().zip(&mut self.sums).zip(self.exponents) {
			let product = high_word(*term << TERM_ROOM, exponent);
			*term = high_word(product, reciprocal) >> shift;
			*sum = sum.wrapping_add(*term);
		}
	}
}

/// By how much exponents may be moved to the left, and terms by what is missing to 32: the product of both is then cut by
/// taking its high word.
const EXPONENT_ROOM: u32 = 27;
const TERM_ROOM: u32 = 32 - EXPONENT_ROOM;

#[inline(always)]
fn high_word(left: u64, right: u64) -> u64 {
	if cfg!(target_family = "wasm") {
		high_word_by_halves(left, right)
	} else {
		(u128::from(left).wrapping_mul(u128::from(right)) >> 64) as u64
	}
}

/// The same without wide multiplications, which would be calls where processors have none.
#[inline(always)]
fn high_word_by_halves(left: u64, right: u64) -> u64 {
	const HALF_WORD: u64 = ONE - 1;
	let (left_high, left_low) = (left >> 32, left & HALF_WORD);
	let (right_high, right_low) = (right >> 32, right & HALF_WORD);
	let carried = left_low.wrapping_mul(right_low) >> 32;
	let middle = left_high.wrapping_mul(right_low).wrapping_add(carried);
	let other = left_low.wrapping_mul(right_high).wrapping_add(middle & HALF_WORD);
	left_high
		.wrapping_mul(right_high)
		.wrapping_add(middle >> 32)
		.wrapping_add(other >> 32)
}

/// `ceil(2⁶⁴⁺ˢ / power)` and `s`, with the largest `s` for which the number fits a word.
///
/// A number below 2⁶³ times it, over 2⁶⁴⁺ˢ, is the number over the power: what the rounding of the reciprocal adds is less
/// than `2⁶³ · power / 2⁶⁴⁺ˢ / power`, at most what is missing to the next whole number.
const fn reciprocal(power: u64) -> (u64, u32) {
	let shift = power.wrapping_sub(1).ilog2();
	let quotient = (1_u128 << 64_u32.wrapping_add(shift)).div_ceil(power as u128);
	(quotient as u64, shift)
}

#[cfg(test)]
mod tests {
	use alloc::vec;

	use proptest::prelude::*;

	use super::*;

	fn pace(steepness: i16) -> Pace {
		Pace::new(LiquidAlpha {
			alpha_low: 6_553,
			alpha_high: 58_982,
			sigmoid_steepness: steepness,
		})
	}

	fn integer(value: u64) -> u64 {
		value << 32
	}

	fn exponential(exponent: u64) -> u64 {
		taylor([exponent; LANES])[0]
	}

	/// The same by plain long arithmetic.
	fn plainly(exponent: u64) -> u64 {
		let mut term = exponent;
		(2..=31_u128).fold(ONE + exponent, |sum, power| {
			let product = (u128::from(term) * u128::from(exponent)) >> 32;
			term = u64::try_from(product / power).unwrap();
			sum + term
		})
	}

	#[test]
	fn the_exponential_is_close_where_it_is_meant_to_be() {
		assert_eq!(exponential(0), ONE);
		// 2^32 · e = 11674931554.5, and 2^32 / e = 1580030168.7
		assert!((11_674_931_534..=11_674_931_554).contains(&exponential(ONE)));
		assert!((1_580_030_158..=1_580_030_178).contains(&inverse(exponential(ONE))));
		assert!(inverse(exponential(integer(20))) > 0);
		assert!(exponential(integer(20)) < integer(485_165_195));
		assert!(exponential(integer(20)) > integer(480_000_000));
	}

	#[test]
	fn an_exponent_of_minus_one_is_computed_like_any_other() {
		let pace = Pace::new(LiquidAlpha {
			alpha_low: 0,
			alpha_high: u16::MAX,
			sigmoid_steepness: 200,
		});
		let [alpha, ..] = pace.alphas([ONE; LANES]);
		assert_eq!(alpha, inverse(ONE + inverse(plainly(ONE))));
	}

	#[test]
	fn an_exponent_of_one_has_a_value_of_its_own() {
		// Steepness -200 and half a unit above the middle: the exponent is one.
		let pace = Pace::new(LiquidAlpha {
			alpha_low: 0,
			alpha_high: u16::MAX,
			sigmoid_steepness: -200,
		});
		let [alpha, ..] = pace.alphas([ONE; LANES]);
		assert_eq!(alpha, inverse(ONE + E));
		assert_ne!(E, exponential(ONE));
	}

	proptest! {
		#[test]
		fn halves_make_the_same_high_word(left: u64, right: u64) {
			for (left, right) in [(left, right), (u64::MAX, right), (u64::MAX, u64::MAX)] {
				prop_assert_eq!(high_word_by_halves(left, right), high_word(left, right));
			}
		}

		#[test]
		fn side_by_side_is_as_one_by_one(exponents in proptest::array::uniform::<_, LANES>(0..=integer(20))) {
			prop_assert_eq!(taylor(exponents), exponents.map(plainly));
		}

		#[test]
		fn reciprocals_divide(number in 0..1_u64 << 63, power in 2..=31_u64, off in 0..3_u64) {
			let (factor, shift) = reciprocal(power);
			for number in [number, number / power * power + off] {
				prop_assert_eq!(high_word(number, factor) >> shift, number / power);
			}
		}
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
		let mut values = vec![7; 3];
		pace(0).average(penalty, pairs, marks, consensus, u16::MAX, &mut values);
		values
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
		let alpha = |weight, bond| pace.alphas([distance(weight, bond, 0); LANES])[0];
		let bond = share::from_proportion(50_000);
		let value = |mark| {
			let pair = [Cell::new(Pair::new(ONE / 4, 50_000, 0))];
			let mut values = Vec::new();
			pace.average(Penalty::None, &pair, &[mark], 0, u16::MAX, &mut values);
			values[0]
		};
		assert_eq!(value(0), mean(alpha(ONE / 4, bond), ONE / 4, bond));
		assert_eq!(value(HIDDEN_BOND), mean(alpha(ONE / 4, 0), ONE / 4, bond));
		assert_eq!(value(HIDDEN_WEIGHT), mean(alpha(0, bond), ONE / 4, bond));
	}
}
