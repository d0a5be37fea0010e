//! The exponential as the network computes it: a Taylor series with each term cut.
//!
//! Its last bits are part of the protocol, and so it has to be followed term by term where they matter.

use crate::share::ONE;

/// How many series are computed side by side: each is one long chain of multiplications that wait for one another. Wasm
/// has no registers to spare for more.
pub(crate) const LANES: usize = if cfg!(target_family = "wasm") { 2 } else { 8 };

/// The last power of the series.
pub(crate) const LAST_POWER: u64 = 31;

/// e to the power of each exponent, which lies between 0 and 20, by the Taylor series with each term cut.
#[inline(always)]
pub(crate) fn taylor(exponents: [u64; LANES]) -> [u64; LANES] {
	let mut series = Series {
		exponents: exponents.map(Factor::new),
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
	exponents: [Factor; LANES],
	terms: [u64; LANES],
	sums: [u64; LANES],
}

impl Series {
	/// Adds the term with the next power: `floor(floor(term · exponent / 2³²) / power)`.
	#[inline(always)]
	fn add<const POWER: u64>(&mut self) {
		for ((term, sum), exponent) in self.terms.iter_mut().zip(&mut self.sums).zip(self.exponents) {
			*term = divide::<POWER>(exponent.times(*term));
			*sum = sum.wrapping_add(*term);
		}
	}
}

/// An exponent that terms are multiplied by.
///
/// No term is more than 20²⁰/20!, which is less than 2²⁶, and no exponent is more than 20: no product has 64 bits.
#[derive(Clone, Copy)]
struct Factor(u64);

/// By how much exponents may be moved to the left, and terms by what is missing to 32: the product of both is then cut by
/// taking its high word.
const EXPONENT_ROOM: u32 = 27;
const TERM_ROOM: u32 = 32 - EXPONENT_ROOM;

impl Factor {
	#[inline(always)]
	const fn new(exponent: u64) -> Self {
		if cfg!(target_family = "wasm") {
			Self(exponent)
		} else {
			Self(exponent << EXPONENT_ROOM)
		}
	}

	/// The product with a term, cut.
	#[inline(always)]
	const fn times(self, term: u64) -> u64 {
		if cfg!(target_family = "wasm") {
			times_by_halves(self.0, term)
		} else {
			high_word(term << TERM_ROOM, self.0)
		}
	}
}

/// `floor(exponent · term / 2³²)` without wide multiplications, which would be calls where processors have none.
#[inline(always)]
const fn times_by_halves(exponent: u64, term: u64) -> u64 {
	const HALF_WORD: u64 = ONE - 1;
	let fraction = exponent & HALF_WORD;
	let whole = (exponent >> 32).wrapping_mul(term);
	let of_whole_term = fraction.wrapping_mul(term >> 32);
	let of_fractions = fraction.wrapping_mul(term & HALF_WORD) >> 32;
	whole.wrapping_add(of_whole_term).wrapping_add(of_fractions)
}

#[inline(always)]
const fn high_word(left: u64, right: u64) -> u64 {
	((left as u128).wrapping_mul(right as u128) >> 64) as u64
}

/// `floor(number / POWER)` for a number below 2⁶³.
#[inline(always)]
fn divide<const POWER: u64>(number: u64) -> u64 {
	if cfg!(target_family = "wasm") {
		// Whoever compiles Wasm turns this into a wide multiplication.
		number.checked_div(POWER).unwrap_or(0)
	} else {
		let (reciprocal, shift) = const { reciprocal(POWER) };
		high_word(number, reciprocal) >> shift
	}
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

/// Exact arithmetic for tests.
#[cfg(test)]
pub(crate) mod plain {
	use super::{LAST_POWER, ONE};

	/// The series by plain long arithmetic.
	pub(crate) fn exponential(exponent: u64) -> u64 {
		let mut term = exponent;
		(2..=u128::from(LAST_POWER)).fold(ONE + exponent, |sum, power| {
			let product = (u128::from(term) * u128::from(exponent)) >> 32;
			term = u64::try_from(product / power).unwrap();
			sum + term
		})
	}
}

#[cfg(test)]
mod tests {
	use proptest::prelude::*;

	use super::*;
	use crate::share::inverse;

	fn integer(value: u64) -> u64 {
		value << 32
	}

	fn exponential(exponent: u64) -> u64 {
		taylor([exponent; LANES])[0]
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

	proptest! {
		#[test]
		fn halves_make_the_same_product(exponent in 0..=integer(20), term in 0..1_u64 << 58, shift in 0..58_u32) {
			for (exponent, term) in [(exponent, term >> shift), (exponent >> shift, term), (integer(20), (1 << 58) - 1)] {
				let exact = (u128::from(exponent) * u128::from(term)) >> 32;
				prop_assert_eq!(u128::from(times_by_halves(exponent, term)), exact);
				prop_assert_eq!(u128::from(Factor::new(exponent).times(term)), exact);
			}
		}

		#[test]
		fn side_by_side_is_as_one_by_one(exponents in proptest::array::uniform::<_, LANES>(0..=integer(20))) {
			prop_assert_eq!(taylor(exponents), exponents.map(plain::exponential));
		}

		#[test]
		fn reciprocals_divide(number in 0..1_u64 << 63, power in 2..=LAST_POWER, off in 0..3_u64) {
			let (factor, shift) = reciprocal(power);
			for number in [number, number / power * power + off] {
				prop_assert_eq!(high_word(number, factor) >> shift, number / power);
			}
		}
	}
}
