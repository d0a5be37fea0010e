//! Slow and plain arithmetic to compare with: rationals, and logarithms with an interval that encloses them.

use crate::Pool;
use num_bigint::BigInt;
use num_rational::BigRational;

/// Fractional bits of the logarithms.
pub(super) const BITS: usize = 320;
/// More than all terms' errors together, in units of the last bit.
const ERROR: u32 = 4_096;

/// A lower and an upper bound.
pub(super) struct Interval {
	pub(super) low: BigInt,
	pub(super) high: BigInt,
}

impl Interval {
	/// The interval times a number that is not negative.
	pub(super) fn times(&self, factor: u128) -> Self {
		Self {
			low: &self.low * factor,
			high: &self.high * factor,
		}
	}
}

/// `artanh(numerator / denominator)` by its power series, cut where terms vanish, for arguments up to 1/3.
fn artanh(numerator: &BigInt, denominator: &BigInt) -> BigInt {
	let argument = (numerator << BITS) / denominator;
	let (mut power, mut sum, mut odd) = (argument.clone(), BigInt::ZERO, 1);
	while power != BigInt::ZERO {
		sum += &power / odd;
		power = (&power * &argument * &argument) >> (2 * BITS);
		odd += 2;
	}
	sum
}

/// `ln(numerator / denominator)` for `numerator >= denominator > 0`.
pub(super) fn ln(numerator: u64, denominator: u64) -> Interval {
	let doublings = (numerator / denominator).ilog2();
	let (numerator, denominator) = (BigInt::from(numerator), BigInt::from(denominator) << doublings);
	let ln_2: BigInt = 2 * artanh(&BigInt::from(1), &BigInt::from(3));
	let rest = artanh(&(&numerator - &denominator), &(&numerator + &denominator));
	let sum = doublings * ln_2 + 2 * rest;
	Interval {
		low: &sum - ERROR,
		high: sum + ERROR,
	}
}

/// A whole number.
pub(super) fn whole(number: impl Into<BigInt>) -> BigRational {
	BigRational::from_integer(number.into())
}

/// The price of a pool in TAO for one alpha.
pub(super) fn price(pool: &Pool) -> BigRational {
	let (tao, alpha) = (whole(pool.tao()), whole(pool.alpha()));
	tao * whole(pool.weight().alpha_bits()) / (alpha * whole(pool.weight().bits()))
}

/// Whether the value function of a pool is below what it was, beyond doubt.
pub(super) fn value_fell(before: &Pool, after: &Pool) -> bool {
	assert_eq!(before.weight(), after.weight());
	let weight = before.weight();
	let change = |before: u64, after: u64, weight: u128| {
		let size = ln(before.max(after), before.min(after)).times(weight);
		if after >= before { size.high } else { -size.low }
	};
	// The upper bound of the logarithm of the quotient of the values.
	let tao = change(before.tao(), after.tao(), weight.bits());
	let alpha = change(before.alpha(), after.alpha(), weight.alpha_bits());
	tao + alpha < BigInt::ZERO
}

#[test]
fn logarithms_are_those_of_floating_point() {
	for (numerator, denominator) in [
		(1, 1),
		(2, 1),
		(3, 2),
		(1_000_000_007, 3),
		(u64::MAX, 1),
		(u64::MAX, u64::MAX - 1),
	] {
		let interval = ln(numerator, denominator);
		let scaled = |number: &BigInt| (number >> (BITS - 60)).to_string().parse::<f64>().unwrap() / 2f64.powi(60);
		let expected = (numerator as f64 / denominator as f64).ln();
		assert!(
			(scaled(&interval.low) - expected).abs() < 1e-13,
			"{numerator} {denominator}"
		);
		assert!(
			(scaled(&interval.high) - expected).abs() < 1e-13,
			"{numerator} {denominator}"
		);
	}
}
