//! When an owner may change something: not shortly before an epoch, and not often.

use super::*;
use pallet_subtensor::{AdminFreezeWindow, LastRateLimitedBlock, OwnerHyperparamRateLimit, RateLimitKey, Tempo};

fn of_owner() -> impl Iterator<Item = Setter> {
	setters().into_iter().filter(|setter| setter.right == "owner")
}

#[test]
fn an_owner_changes_nothing_shortly_before_an_epoch() {
	run(|| {
		// The epoch is in block 21, and the window is of 10 blocks.
		next_blocks(10);
		for setter in of_owner() {
			assert_noop!(
				setter.dispatch(signed(1), NETUID),
				Error::<Test>::AdminActionProhibitedDuringWeightsWindow
			);
		}
		for setter in of_owner() {
			assert_ok!(setter.dispatch(RuntimeOrigin::root(), NETUID));
		}
	});
}

#[test]
fn the_window_opens_with_the_epoch() {
	run(|| {
		let set = |rho| AdminUtils::sudo_set_rho(signed(1), NETUID, rho);
		next_blocks(9);
		assert_ok!(set(1));
		// A window longer than half a tempo is as good as half a tempo.
		AdminFreezeWindow::<Test>::put(15);
		next_blocks(1);
		OwnerHyperparamRateLimit::<Test>::put(0);
		assert_noop!(set(2), Error::<Test>::AdminActionProhibitedDuringWeightsWindow);
		next_blocks(9);
		assert_noop!(set(2), Error::<Test>::AdminActionProhibitedDuringWeightsWindow);
		next_blocks(1);
		assert_ok!(set(2));
		AdminFreezeWindow::<Test>::put(0);
		next_blocks(19);
		assert_ok!(set(3));
	});
}

#[test]
fn an_owner_waits_before_changing_the_same_again() {
	run(|| {
		// Nothing but the rate limit, and a tempo that stays as it is while the setters run.
		AdminFreezeWindow::<Test>::put(0);
		let setters = || of_owner().filter(|setter| setter.hyperparameter != Hyperparameter::Tempo);
		for setter in setters() {
			assert_ok!(setter.dispatch(signed(1), NETUID));
		}
		next_blocks(39);
		for setter in setters() {
			assert_noop!(setter.dispatch(signed(1), NETUID), Error::<Test>::TxRateLimitExceeded);
		}
		next_blocks(1);
		for setter in setters() {
			assert_ok!(setter.dispatch(signed(1), NETUID));
		}
	});
}

#[test]
fn a_refused_change_does_not_count() {
	run(|| {
		let set = |tempo| AdminUtils::sudo_set_tempo(signed(1), NETUID, tempo);
		assert_noop!(set(4), crate::Error::<Test>::TempoOutOfBounds);
		assert_ok!(set(40));
		let key = RateLimitKey::OwnerHyperparamUpdate(NETUID, Hyperparameter::Tempo);
		assert_eq!(LastRateLimitedBlock::<Test>::get(key), 1);
		// The limit is of the tempo, by whichever call.
		assert_noop!(
			SubtensorModule::set_tempo(signed(1), NETUID, 41),
			Error::<Test>::TxRateLimitExceeded
		);
		assert_eq!(Tempo::<Test>::get(NETUID), 40);
	});
}

#[test]
fn what_root_changes_does_not_count() {
	run(|| {
		assert_ok!(AdminUtils::sudo_set_rho(RuntimeOrigin::root(), NETUID, 1));
		assert_ok!(AdminUtils::sudo_set_rho(RuntimeOrigin::root(), NETUID, 2));
		assert_ok!(AdminUtils::sudo_set_rho(signed(1), NETUID, 3));
		// Another subnet has limits of its own.
		assert_ok!(SubtensorModule::register_network(signed(1), hot(3)));
		assert_ok!(AdminUtils::sudo_set_rho(signed(1), NetUid::new(2), 4));
		assert_noop!(
			AdminUtils::sudo_set_rho(signed(1), NETUID, 5),
			Error::<Test>::TxRateLimitExceeded
		);
	});
}
