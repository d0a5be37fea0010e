//! Logarithm and exponential in fixed point, each wrong in one known direction only.
//!
//! Numbers are unsigned, with [`FRACTION_BITS`] fractional bits in a `u128`: below 256, in steps ("ulp") of 2^-120.
//!
//! Both series have positive terms only, and each operation on the way is rounded down (or each one up), so that the sign
//! of the error needs no analysis. Its size, in ulp: [`ln_ratio_floor`] has at most [`LN_TERMS`] terms, each at most 3
//! too small, doubled, and 63 times the error of ln 2: below 400. [`exp_neg_ceil`] has at most [`EXP_TERMS`] terms, each
//! at most 3 too small, and one division: below 150.

use primitive_types::U256;

/// Fractional bits of the numbers here.
pub(crate) const FRACTION_BITS: u32 = 120;
/// One.
pub(crate) const ONE: u128 = 1 << FRACTION_BITS;
/// ln 2, rounded down.
const LN_2_FLOOR: u128 = 0xb1_7217_f7d1_cf79_abc9_e3b3_9803_f2f6;
/// ln 2, rounded up.
const LN_2_CEIL: u128 = 0xb1_7217_f7d1_cf79_abc9_e3b3_9803_f2f7;
/// Terms of the logarithm's series, the last one below an ulp: 3^-(2·40) < 2^-120.
const LN_TERMS: u128 = 40;
/// Terms of the exponential's series, the last one below an ulp: (ln 2)^32 / 32! < 2^-120.
const EXP_TERMS: u128 = 32;

/// The upper and the lower half of a product of 256 bits.
fn product(a: u128, b: u128) -> (u128, u128) {
	let (low, high) = a.carrying_mul(b, 0);
	(high, low)
}

/// `a · b`, rounded down; `None` where it does not fit.
pub(crate) fn mul_floor(a: u128, b: u128) -> Option<u128> {
	let (high, low) = product(a, b);
	if high >> FRACTION_BITS != 0 {
		return None;
	}
	Some((high << (128 - FRACTION_BITS)) | (low >> FRACTION_BITS))
}

/// `a · b`, rounded up; `None` where it does not fit.
pub(crate) fn mul_ceil(a: u128, b: u128) -> Option<u128> {
	let (_, low) = product(a, b);
	match mul_floor(a, b) {
		Some(floor) if low & (ONE - 1) == 0 => Some(floor),
		Some(floor) => floor.checked_add(1),
		None => None,
	}
}

/// `numerator / denominator`, rounded down; `None` for a zero denominator and where the quotient does not fit.
pub(crate) fn ratio_floor(numerator: u128, denominator: u128) -> Option<u128> {
	let scaled = U256::from(numerator).checked_mul(U256::from(ONE))?;
	u128::try_from(scaled.checked_div(U256::from(denominator))?).ok()
}

/// A lower bound of `ln(numerator / denominator)`, for `numerator >= denominator > 0`; `None` for others.
///
/// With `numerator / denominator = 2^n · m` and `1 <= m < 2`, it is `n · ln 2 + 2 · artanh((m - 1) / (m + 1))`. The
/// argument, at most 1/3, comes from the integers, so that the smallest trades lose no precision.
pub(crate) fn ln_ratio_floor(numerator: u64, denominator: u64) -> Option<u128> {
	let doublings = numerator.checked_div(denominator)?.checked_ilog2()?;
	let (numerator, denominator) = (u128::from(numerator), u128::from(denominator).checked_shl(doublings)?);
	let argument = ratio_floor(numerator.checked_sub(denominator)?, numerator.checked_add(denominator)?)?;
	let square = mul_floor(argument, argument)?;
	let (mut sum, mut power, mut odd) = (0u128, argument, 1u128);
	for _ in 0..LN_TERMS {
		if power == 0 {
			break;
		}
		sum = sum.checked_add(power.checked_div(odd)?)?;
		power = mul_floor(power, square)?;
		odd = odd.checked_add(2)?;
	}
	LN_2_FLOOR
		.checked_mul(u128::from(doublings))?
		.checked_add(sum.checked_mul(2)?)
}

/// An upper bound of `e^-exponent`; at least one ulp, at most one.
///
/// With `exponent = n · ln 2 + r` and `0 <= r < ln 2`, it is `2^-n / e^r`.
pub(crate) fn exp_neg_ceil(exponent: u128) -> Option<u128> {
	let halvings = u32::try_from(exponent.checked_div(LN_2_CEIL)?).ok()?;
	let rest = exponent.checked_rem(LN_2_CEIL)?;
	if halvings >= FRACTION_BITS {
		return Some(1);
	}
	let (mut sum, mut term) = (ONE, ONE);
	for index in 1..=EXP_TERMS {
		if term == 0 {
			break;
		}
		term = mul_floor(term, rest)?.checked_div(index)?;
		sum = sum.checked_add(term)?;
	}
	let one_squared = U256::from(ONE).checked_mul(U256::from(ONE))?;
	let inverse = one_squared
		.checked_add(U256::from(sum.checked_sub(1)?))?
		.checked_div(U256::from(sum))?;
	let unit = 1u128.checked_shl(halvings)?;
	Some(u128::try_from(inverse).ok()?.div_ceil(unit))
}
