//! How much a block emits, and how it is divided; pure.

use alloc::vec::Vec;
use ganglion_primitives::RAO_PER_TAO;

/// Most rao that may ever exist at one time: 21,000,000 TAO.
pub const ISSUANCE_CAP: u64 = 21_000_000 * RAO_PER_TAO;

/// The emission of a block, in rao: 1 TAO, halved each time the issuance passes half of what was missing
/// from the cap before (half, three quarters, seven eighths, … of the cap), and never past the cap.
///
/// ```
/// use pallet_subtensor::emission::{ISSUANCE_CAP, block_emission};
///
/// assert_eq!(block_emission(0), 1_000_000_000);
/// assert_eq!(block_emission(ISSUANCE_CAP / 2), 500_000_000);
/// assert_eq!(block_emission(ISSUANCE_CAP / 4 * 3), 250_000_000);
/// assert_eq!(block_emission(ISSUANCE_CAP), 0);
/// ```
pub fn block_emission(issuance: u64) -> u64 {
	let missing = ISSUANCE_CAP.saturating_sub(issuance);
	// Halvings: the largest h with missing <= cap / 2^h. Beyond 30 of them not even a rao is emitted.
	let halvings = (1..=30_u32)
		.take_while(|halvings| {
			u128::from(missing)
				.checked_shl(*halvings)
				.is_some_and(|m| m <= u128::from(ISSUANCE_CAP))
		})
		.count();
	let emission = u32::try_from(halvings).ok().and_then(|h| RAO_PER_TAO.checked_shr(h));
	emission.unwrap_or(0).min(missing)
}

/// Divides an amount into `count` shares that differ by at most one rao and add up to it. Which shares get the rao more
/// moves on with the block number.
pub(crate) fn equal_shares(amount: u64, count: usize, block: u64) -> Vec<u64> {
	let divisor = u64::try_from(count).unwrap_or(u64::MAX);
	let (Some(base), Some(remainder), Some(first)) = (
		amount.checked_div(divisor),
		amount.checked_rem(divisor),
		block.checked_rem(divisor),
	) else {
		return Vec::new();
	};
	(0..divisor)
		.map(|position| {
			// Distance of this position after `first`, around the circle.
			let distance = position.saturating_add(divisor).saturating_sub(first);
			let distance = distance.checked_rem(divisor).unwrap_or(0);
			base.saturating_add(u64::from(distance < remainder))
		})
		.collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn emission_halves_at_half_three_quarters_and_so_on() {
		let half = ISSUANCE_CAP / 2;
		assert_eq!(block_emission(half - 1), RAO_PER_TAO);
		assert_eq!(block_emission(half), RAO_PER_TAO / 2);
		let three_quarters = ISSUANCE_CAP / 4 * 3;
		assert_eq!(block_emission(three_quarters - 1), RAO_PER_TAO / 2);
		assert_eq!(block_emission(three_quarters), RAO_PER_TAO / 4);
		assert_eq!(block_emission(ISSUANCE_CAP - ISSUANCE_CAP / 8), RAO_PER_TAO / 8);
		assert_eq!(block_emission(u64::MAX), 0);
	}

	#[test]
	fn the_last_rao_are_never_passed() {
		for missing in 0..1_000 {
			assert!(block_emission(ISSUANCE_CAP - missing) <= missing);
		}
	}

	proptest! {
		#[test]
		fn emission_never_grows_with_issuance(a in 0..ISSUANCE_CAP, b in 0..ISSUANCE_CAP) {
			let (low, high) = (a.min(b), a.max(b));
			prop_assert!(block_emission(low) >= block_emission(high));
			prop_assert!(high + block_emission(high) <= ISSUANCE_CAP);
		}

		#[test]
		fn shares_add_up_and_are_equal_over_a_round(amount in 0..RAO_PER_TAO, count in 1usize..20) {
			let mut sums = vec![0; count];
			for block in 0..count as u64 {
				let shares = equal_shares(amount, count, block);
				prop_assert_eq!(shares.iter().sum::<u64>(), amount);
				for (sum, share) in sums.iter_mut().zip(shares) {
					*sum += share;
				}
			}
			prop_assert!(sums.iter().all(|sum| *sum == amount));
		}
	}
}
