//! The moving average of a subnet's TAO flow; pure.

use ganglion_primitives::{I64F64, mul_div_floor};

/// The smoothing factor that stands for one.
pub(crate) const FULL_SMOOTHING: u64 = 1 << 63;

/// The average after a block with this net flow, in rao: `average + a · (flow - average)`, with `a` in units of
/// 1 / [`FULL_SMOOTHING`]. The step is rounded towards zero.
pub(crate) fn next(average: I64F64, flow: i64, smoothing: u64) -> I64F64 {
	let distance = I64F64::from_integer(flow).bits.saturating_sub(average.bits);
	let smoothing = u128::from(smoothing.min(FULL_SMOOTHING));
	let step = mul_div_floor(distance.unsigned_abs(), smoothing, u128::from(FULL_SMOOTHING));
	let step = step.and_then(|step| i128::try_from(step).ok()).unwrap_or(i128::MAX);
	let bits = if distance < 0 {
		average.bits.saturating_sub(step)
	} else {
		average.bits.saturating_add(step)
	};
	I64F64 { bits }
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn all_none_and_half_of_the_distance() {
		let average = I64F64::from_integer(-10);
		assert_eq!(next(average, 30, FULL_SMOOTHING), I64F64::from_integer(30));
		assert_eq!(next(average, 30, u64::MAX), I64F64::from_integer(30));
		assert_eq!(next(average, 30, 0), average);
		assert_eq!(next(average, 30, FULL_SMOOTHING / 2), I64F64::from_integer(10));
		assert_eq!(next(average, -30, FULL_SMOOTHING / 2), I64F64::from_integer(-20));
	}

	#[test]
	fn a_usual_month_halves_it() {
		let mut average = I64F64::from_integer(1_000_000_000);
		for _ in 0..super::super::USUAL_FLOW_HALF_LIFE_BLOCKS {
			average = next(average, 0, super::super::USUAL_FLOW_SMOOTHING);
		}
		let rao = average.bits >> 64;
		assert!((499_500_000..500_500_000).contains(&rao), "{rao}");
	}

	proptest! {
		#[test]
		fn it_stays_between(average: i64, flow: i64, smoothing: u64) {
			let after = next(I64F64::from_integer(average), flow, smoothing).bits;
			let (low, high) = (average.min(flow), average.max(flow));
			prop_assert!(after >= I64F64::from_integer(low).bits && after <= I64F64::from_integer(high).bits);
		}
	}
}
