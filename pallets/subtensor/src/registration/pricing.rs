//! What a registration costs: the price rises with each registration and halves, above its floor, in a set time; the
//! difficulty of proof of work likewise.

use crate::pallet::*;
use ganglion_primitives::{NetUid, TaoBalance, U64F64, mul_div_ceil, mul_div_floor};

/// One, with 64 fractional bits.
const ONE: u128 = 1 << 64;
/// The natural logarithm of 2, with 64 fractional bits, rounded down.
const LN_2: u128 = 12_786_308_645_202_655_659;
/// Terms of the exponential series. The argument is at most ln 2, so that the first one left out is below 2^-64.
const TERMS: u128 = 18;

/// `2^(-1/half_life)` with 64 fractional bits: what is left after a block of an excess that halves in that many. From the
/// series `exp(-x) = 1 - x + x²/2! - …` at `x = ln 2 / half_life`.
fn remaining(half_life: u16) -> u128 {
	let x = LN_2.checked_div(u128::from(half_life)).unwrap_or(LN_2);
	let mut term = ONE;
	let (mut added, mut taken) = (ONE, 0_u128);
	for index in 1..=TERMS {
		// `term` and `x` are at most one, so that nothing here overflows.
		term = (term.saturating_mul(x) >> 64).checked_div(index).unwrap_or_default();
		if index % 2 == 0 {
			added = added.saturating_add(term);
		} else {
			taken = taken.saturating_add(term);
		}
	}
	added.saturating_sub(taken)
}

/// The value after a block: what lies above the floor has decayed, rounded down.
fn decayed(value: u64, floor: u64, half_life: u16) -> u64 {
	let excess = u128::from(value.saturating_sub(floor));
	let left = mul_div_floor(excess, remaining(half_life), ONE).unwrap_or(excess);
	floor.saturating_add(u64::try_from(left).unwrap_or(u64::MAX))
}

/// The value after a registration: multiplied, rounded up, and kept within its bounds.
fn raised(value: u64, factor: U64F64, floor: u64, ceiling: u64) -> u64 {
	let product = mul_div_ceil(u128::from(value), factor.bits, ONE).unwrap_or(u128::MAX);
	let product = u64::try_from(product).unwrap_or(u64::MAX);
	product.min(ceiling).max(floor)
}

impl<T: Config> Pallet<T> {
	/// Starts a block for the registrations of a subnet: none so far, and prices that have decayed.
	pub(crate) fn begin_registrations(netuid: NetUid) {
		if RegistrationsThisBlock::<T>::get(netuid) != 0 {
			RegistrationsThisBlock::<T>::remove(netuid);
		}
		let (burn, floor) = (Burn::<T>::get(netuid), MinBurn::<T>::get(netuid));
		if burn > floor {
			let burn = decayed(burn.get(), floor.get(), BurnHalfLife::<T>::get(netuid));
			Burn::<T>::insert(netuid, TaoBalance::new(burn));
		}
		let (difficulty, floor) = (Difficulty::<T>::get(netuid), MinDifficulty::<T>::get(netuid));
		if difficulty > floor {
			Difficulty::<T>::insert(netuid, decayed(difficulty, floor, BurnHalfLife::<T>::get(netuid)));
		}
	}

	/// Raises the price of the next registration that is paid for.
	pub(super) fn raise_burn(netuid: NetUid) {
		let (floor, ceiling) = (MinBurn::<T>::get(netuid), MaxBurn::<T>::get(netuid));
		Burn::<T>::mutate(netuid, |burn| {
			let raised = raised(
				burn.get(),
				BurnIncreaseMult::<T>::get(netuid),
				floor.get(),
				ceiling.get(),
			);
			*burn = TaoBalance::new(raised);
		});
	}

	/// Raises the difficulty of the next registration by proof of work.
	pub(super) fn raise_difficulty(netuid: NetUid) {
		let (floor, ceiling) = (MinDifficulty::<T>::get(netuid), MaxDifficulty::<T>::get(netuid));
		Difficulty::<T>::mutate(netuid, |difficulty| {
			*difficulty = raised(*difficulty, BurnIncreaseMult::<T>::get(netuid), floor, ceiling);
		});
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn an_excess_halves_in_its_half_life() {
		for half_life in [1_u16, 2, 7, 360, u16::MAX] {
			let start = 1_000_000_000_000_000_u64;
			let end = (0..half_life).fold(start, |value, _| decayed(value, 0, half_life));
			let half = start / 2;
			// Each block rounds down by less than one.
			assert!(
				end <= half + 1 && end + u64::from(half_life) + 1 >= half,
				"{half_life}: {end}"
			);
		}
		assert_eq!(decayed(7, 7, 10), 7);
		assert_eq!(decayed(3, 7, 10), 7);
	}

	proptest! {
		#[test]
		fn a_price_falls_to_its_floor_and_not_below(value: u64, floor: u64, half_life: u16) {
			let after = decayed(value, floor, half_life);
			prop_assert!(after >= floor);
			prop_assert!(after <= value.max(floor));
		}

		#[test]
		fn a_price_rises_within_its_bounds(value: u64, bits: u128, a: u64, b: u64) {
			let (floor, ceiling) = (a.min(b), a.max(b));
			let after = raised(value, U64F64::from_bits(bits), floor, ceiling);
			prop_assert!((floor..=ceiling).contains(&after));
		}
	}
}
