//! What a subnet costs.

use crate::pallet::*;
use ganglion_primitives::{TaoBalance, mul_div_floor};

/// Each registration makes the next one so many times as expensive.
const RAISE: u64 = 2;

/// The cost `elapsed` blocks after a registration for `last`: [`RAISE`] times as much at first, then falling linearly to
/// `least`, which it reaches after `interval` blocks. Rounded up; never below `least`. With an interval of 0 nothing is
/// raised.
fn decayed(last: TaoBalance, least: TaoBalance, elapsed: u64, interval: u64) -> TaoBalance {
	let raised = last.get().saturating_mul(RAISE).max(least.get());
	if elapsed >= interval {
		return least;
	}
	let above = raised.saturating_sub(least.get());
	let fallen = mul_div_floor(u128::from(above), u128::from(elapsed), u128::from(interval));
	let fallen = fallen.and_then(|fallen| u64::try_from(fallen).ok()).unwrap_or_default();
	TaoBalance::new(raised.saturating_sub(fallen))
}

impl<T: Config> Pallet<T> {
	/// What registering a subnet costs now.
	pub fn network_registration_cost() -> TaoBalance {
		let elapsed = Self::block_number().saturating_sub(NetworkLastRegistered::<T>::get());
		decayed(
			NetworkLastLockCost::<T>::get(),
			NetworkMinLockCost::<T>::get(),
			elapsed,
			NetworkLockReductionInterval::<T>::get(),
		)
	}

	/// Notes that somebody paid for a subnet in this block.
	pub(super) fn note_registration(cost: TaoBalance) {
		NetworkLastLockCost::<T>::put(cost);
		NetworkLastRegistered::<T>::put(Self::block_number());
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::mock::*;
	use proptest::prelude::*;

	fn cost(last: u64, least: u64, elapsed: u64, interval: u64) -> u64 {
		decayed(TaoBalance::new(last), TaoBalance::new(least), elapsed, interval).get()
	}

	#[test]
	fn the_cost_doubles_and_falls_to_the_least_in_a_straight_line() {
		assert_eq!(cost(1_000, 1_000, 0, 100), 2_000);
		assert_eq!(cost(1_000, 1_000, 25, 100), 1_750);
		assert_eq!(cost(1_000, 1_000, 99, 100), 1_010);
		assert_eq!(cost(1_000, 1_000, 100, 100), 1_000);
		assert_eq!(cost(1_000, 1_000, u64::MAX, 100), 1_000);
		assert_eq!(cost(1_000, 1_000, 0, 0), 1_000);
		// Nobody registered yet; and a least cost that was raised since.
		assert_eq!(cost(0, 1_000, 3, 100), 1_000);
		assert_eq!(cost(1_000, 5_000, 3, 100), 5_000);
		assert_eq!(cost(u64::MAX, 0, 0, u64::MAX), u64::MAX);
		// Rounded up.
		assert_eq!(cost(1, 1, 1, 3), 2);
	}

	#[test]
	fn registrations_raise_the_cost_of_the_next() {
		run(|| {
			NetworkLockReductionInterval::<Test>::put(100);
			subnet();
			assert_eq!(SubtensorModule::network_registration_cost().get(), 2 * LOCK_COST);
			subnet();
			assert_eq!(
				SubnetLocked::<Test>::get(ganglion_primitives::NetUid::new(2)).get(),
				2 * LOCK_COST
			);
			assert_eq!(NetworkLastLockCost::<Test>::get().get(), 2 * LOCK_COST);
			assert_eq!(SubtensorModule::network_registration_cost().get(), 4 * LOCK_COST);
			next_blocks(50);
			assert_eq!(SubtensorModule::network_registration_cost().get(), 25 * LOCK_COST / 10);
			next_blocks(50);
			assert_eq!(SubtensorModule::network_registration_cost().get(), LOCK_COST);
		});
	}

	proptest! {
		#[test]
		fn the_cost_never_rises_with_time_and_has_its_bounds(
			last: u64, least: u64, elapsed in 0..200_000_u64, more in 0..1_000_u64, interval in 0..200_000_u64,
		) {
			let now = cost(last, least, elapsed, interval);
			let later = cost(last, least, elapsed + more, interval);
			prop_assert!(later <= now);
			prop_assert!(now >= least && now <= last.saturating_mul(2).max(least));
		}
	}
}
