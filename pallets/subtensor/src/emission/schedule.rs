//! How much a block emits; pure.

use ganglion_primitives::RAO_PER_TAO;

/// Most rao that may ever exist at one time: 21,000,000 TAO.
pub const ISSUANCE_CAP: u64 = 21_000_000 * RAO_PER_TAO;

/// The emission of a block, in rao: 1 TAO, halved each time the issuance passes half of what was missing
/// from the cap before (half, three quarters, seven eighths, … of the cap), and never past the cap. Each subnet's alpha has
/// the same cap and the same curve, by its own issuance: the alpha in its pool and outside.
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

	}
}
