//! The logarithm and the exponential are on the side of the truth that they promise, and close to it.

use super::{amount, oracle};
use crate::fixed::{FRACTION_BITS, ONE, exp_neg_ceil, ln_ratio_floor, mul_ceil, mul_floor, ratio_floor};
use num_bigint::BigInt;
use proptest::prelude::*;

/// Bounds of the errors, in ulp, as the module states them.
const LN_ERROR: u32 = 400;
const EXP_ERROR: u32 = 150;

/// `e^-exponent` for a number of [`FRACTION_BITS`], with [`oracle::BITS`]: `(e^-(exponent / 2^10))^(2^10)`.
fn exp_neg(exponent: u128) -> BigInt {
	const BITS: usize = oracle::BITS;
	let argument = (BigInt::from(exponent) << (BITS - FRACTION_BITS as usize)) >> 10;
	let one = BigInt::from(1) << BITS;
	let (mut sum, mut term) = (one.clone(), one);
	for index in 1..200 {
		let power: BigInt = (&term * &argument) >> BITS;
		term = -power / index;
		sum += &term;
	}
	for _ in 0..10 {
		sum = (&sum * &sum) >> BITS;
	}
	sum
}

fn check_ln(numerator: u64, denominator: u64) {
	let exact = oracle::ln(numerator, denominator);
	let found =
		BigInt::from(ln_ratio_floor(numerator, denominator).unwrap()) << (oracle::BITS - FRACTION_BITS as usize);
	assert!(found <= exact.high, "{numerator} {denominator}");
	let error = BigInt::from(LN_ERROR) << (oracle::BITS - FRACTION_BITS as usize);
	assert!(exact.low - found < error, "{numerator} {denominator}");
}

fn check_exp(exponent: u128) {
	let exact = exp_neg(exponent);
	let found = BigInt::from(exp_neg_ceil(exponent).unwrap()) << (oracle::BITS - FRACTION_BITS as usize);
	// The slow one is exact to a few thousand units of its last bit.
	let slack = BigInt::from(1) << 40;
	assert!(&found + &slack >= exact, "{exponent}");
	let error = BigInt::from(EXP_ERROR) << (oracle::BITS - FRACTION_BITS as usize);
	assert!(found - exact < error, "{exponent}");
}

#[test]
fn bounds_hold_at_the_edges() {
	for (numerator, denominator) in [
		(1, 1),
		(2, 1),
		(u64::MAX, 1),
		(u64::MAX, u64::MAX - 1),
		(u64::MAX, 1 << 63),
		(u64::MAX - 1, 1 << 63),
		((1 << 62) + 1, 1 << 62),
	] {
		check_ln(numerator, denominator);
	}
	let ln_2 = ln_ratio_floor(2, 1).unwrap();
	for exponent in [
		0,
		1,
		2,
		ln_2 - 1,
		ln_2,
		ln_2 + 1,
		ln_2 + 2,
		2 * ln_2,
		ONE,
		45 * ONE,
		100 * ONE,
		u128::MAX,
	] {
		check_exp(exponent);
	}
	assert_eq!(exp_neg_ceil(0), Some(ONE));
	assert_eq!(exp_neg_ceil(u128::MAX), Some(1));
}

#[test]
fn what_is_out_of_range_is_none() {
	assert_eq!(ln_ratio_floor(1, 2), None);
	assert_eq!(ln_ratio_floor(1, 0), None);
	assert_eq!(ratio_floor(1, 0), None);
	assert_eq!(ratio_floor(256, 1), None);
	assert_eq!(mul_floor(u128::MAX, 2 * ONE), None);
	assert_eq!(mul_ceil(u128::MAX, 2 * ONE), None);
	assert_eq!(mul_ceil(u128::MAX, ONE), Some(u128::MAX));
}

proptest! {
	#[test]
	fn products_enclose_the_exact_one(a: u128, b in 0..=ONE) {
		let exact = BigInt::from(a) * BigInt::from(b);
		let (floor, ceil) = (mul_floor(a, b).unwrap(), mul_ceil(a, b).unwrap());
		prop_assert_eq!(BigInt::from(floor), &exact >> FRACTION_BITS);
		prop_assert_eq!(BigInt::from(ceil), (&exact + (ONE - 1)) >> FRACTION_BITS);
	}

	#[test]
	fn a_logarithm_is_a_close_lower_bound(a in amount(), b in amount()) {
		check_ln(a.max(b), a.min(b));
		check_ln(a + 1, a);
	}

	#[test]
	fn an_exponential_is_a_close_upper_bound(exponent: u128, bits in 0u32..128) {
		check_exp(exponent >> bits);
	}
}
