//! Amounts in rao, and integer shares of them, rounded as the chain rounds.

/// Rao in one TAO, and in one alpha.
pub const RAO: u64 = 1_000_000_000;
/// Most rao that may ever exist: 21,000,000 TAO; each subnet's alpha has the same cap.
pub const ISSUANCE_CAP: u64 = 21_000_000 * RAO;

/// An amount in whole coins as rao, rounded to the nearest; 0 for what is no number or below zero.
pub(crate) fn rao(coins: f64) -> u64 {
	// The conversion of a float saturates, and gives 0 for NaN.
	(coins * RAO as f64).round() as u64
}

/// Rao as whole coins.
pub(crate) fn coins(rao: u64) -> f64 {
	rao as f64 / RAO as f64
}

/// A share as a part of 65535, rounded to the nearest.
pub(crate) fn of_u16(share: f64) -> u16 {
	(share * f64::from(u16::MAX)).round() as u16
}

/// `amount · part / whole`, rounded down; 0 where `whole` is 0, and at most `u64::MAX`.
pub(crate) fn part(amount: u64, part: u64, whole: u64) -> u64 {
	if whole == 0 {
		return 0;
	}
	let product = u128::from(amount) * u128::from(part) / u128::from(whole);
	u64::try_from(product).unwrap_or(u64::MAX)
}

/// A share (0 to 1) of an amount, rounded down to the resolution of a millionth.
pub(crate) fn share_of(amount: u64, share: f64) -> u64 {
	const MILLION: u64 = 1_000_000;
	part(amount, (share * MILLION as f64).round() as u64, MILLION)
}

/// The emission of a block by the issuance: one coin, halved each time the issuance passes half of what was missing from the
/// cap before; never past the cap. The formula of `pallet_subtensor::emission::block_emission`.
///
/// ```
/// use subnet_sim::{ISSUANCE_CAP, block_emission};
///
/// assert_eq!(block_emission(0), 1_000_000_000);
/// assert_eq!(block_emission(ISSUANCE_CAP / 2), 500_000_000);
/// assert_eq!(block_emission(ISSUANCE_CAP / 4 * 3), 250_000_000);
/// assert_eq!(block_emission(ISSUANCE_CAP), 0);
/// ```
pub fn block_emission(issuance: u64) -> u64 {
	let missing = u128::from(ISSUANCE_CAP.saturating_sub(issuance));
	let halvings = (1..=30_u32).take_while(|halvings| missing << halvings <= u128::from(ISSUANCE_CAP));
	let emission = RAO >> halvings.count();
	emission.min(ISSUANCE_CAP.saturating_sub(issuance))
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn conversions_round_and_saturate() {
		assert_eq!(rao(1.5), 1_500_000_000);
		assert_eq!((rao(-1.0), rao(f64::NAN), rao(f64::INFINITY)), (0, 0, u64::MAX));
		assert_eq!(share_of(1_000, 0.18), 180);
		assert_eq!(part(7, 1, 0), 0);
		assert_eq!(of_u16(0.18), 11_796);
	}

	proptest! {
		#[test]
		fn a_part_is_no_more_than_the_whole(amount: u64, share: u64, whole in 1..u64::MAX) {
			let share = share.min(whole);
			prop_assert!(part(amount, share, whole) <= amount);
			prop_assert_eq!(part(amount, whole, whole), amount);
		}
	}
}
