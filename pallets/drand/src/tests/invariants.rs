//! Each broken invariant is detected.

use crate::{mock::*, *};
use alloc::vec::Vec;
use frame_support::{BoundedVec, assert_ok};

/// Breaks a chain with three pulses, and says what is found.
fn broken(damage: impl FnOnce()) -> &'static str {
	externalities().execute_with(|| {
		assert_ok!(Drand::write_pulse(RuntimeOrigin::signed(1), rounds([5, 6, 7])));
		assert_ok!(Drand::do_try_state());
		damage();
		Drand::do_try_state().unwrap_err().into()
	})
}

#[test]
fn the_stored_rounds_and_their_ends() {
	let expected = "drand 1: the stored rounds do not ascend, or their ends are others";
	assert_eq!(broken(|| LastStoredRound::<Test>::put(6)), expected);
	assert_eq!(broken(OldestStoredRound::<Test>::kill), expected);
	let swap = || StoredRounds::<Test>::put(BoundedVec::truncate_from(Vec::from([6, 5, 7])));
	assert_eq!(broken(swap), expected);
}

#[test]
fn the_pulses_of_the_stored_rounds() {
	let expected = "drand 2: the pulses are not those of the stored rounds";
	assert_eq!(broken(|| Pulses::<Test>::remove(6)), expected);
	assert_eq!(broken(|| Pulses::<Test>::insert(8, pulse(8))), expected);
	assert_eq!(broken(|| Pulses::<Test>::insert(6, pulse(8))), expected);
}

#[test]
fn the_beacon() {
	let damage = || BeaconConfig::<Test>::mutate(|beacon| beacon.period = 0);
	assert_eq!(broken(damage), "drand 3: the beacon cannot be followed");
}
