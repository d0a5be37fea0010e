//! Tests of setting weights.

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use ganglion_primitives::{MechId, MechanismIndex, NetUid};
use sp_runtime::{DispatchError, DispatchResult};

const INDEX: MechanismIndex = MechanismIndex::main(NETUID);

fn set(number: u8, uids: Vec<u16>, weights: Vec<u16>, version_key: u64) -> DispatchResult {
	SubtensorModule::set_weights(signed(hot(number)), NETUID, uids, weights, version_key)
}

#[test]
fn weights_are_scaled_sorted_and_stored_without_zeros() {
	run(|| {
		working_subnet();
		assert_ok!(set_weights(2, &[(4, 50), (3, 100), (0, 0)]));
		let row = Weights::<Test>::get(INDEX, 1).into_inner();
		assert_eq!(row, vec![(3, 65_535), (4, 32_767)]);
		assert_eq!(LastUpdate::<Test>::get(INDEX)[1], SubtensorModule::block_number());
		assert!(events().contains(&Event::WeightsSet(INDEX, 1)));
	});
}

#[test]
fn mechanism_0_is_the_same_and_there_is_no_other() {
	run(|| {
		working_subnet();
		let set = |mechanism: u8| {
			let (origin, mechanism) = (signed(hot(2)), MechId::new(mechanism));
			SubtensorModule::set_mechanism_weights(origin, NETUID, mechanism, vec![3], vec![1], 0)
		};
		assert_noop!(set(1), Error::<Test>::MechanismDoesNotExist);
		assert_ok!(set(0));
		assert_eq!(Weights::<Test>::get(INDEX, 1).into_inner(), vec![(3, 65_535)]);
	});
}

#[test]
fn wrong_subnets_are_refused() {
	run(|| {
		working_subnet();
		let set = |netuid: u16| {
			let netuid = NetUid::new(netuid);
			SubtensorModule::set_weights(signed(hot(2)), netuid, vec![3], vec![1], 0)
		};
		assert_noop!(set(0), Error::<Test>::CanNotSetRootNetworkWeights);
		assert_noop!(set(9), Error::<Test>::SubnetNotExists);
		let none = RuntimeOrigin::none();
		let call = SubtensorModule::set_weights(none, NETUID, vec![3], vec![1], 0);
		assert_noop!(call, DispatchError::BadOrigin);
	});
}

#[test]
fn malformed_rows_are_refused() {
	run(|| {
		working_subnet();
		assert_noop!(set(2, vec![3, 4], vec![1], 0), Error::<Test>::WeightVecNotEqualSize);
		assert_noop!(
			set(2, vec![3; 6], vec![1; 6], 0),
			Error::<Test>::UidsLengthExceedUidsInSubNet
		);
		assert_noop!(set(2, vec![3, 4, 3], vec![1; 3], 0), Error::<Test>::DuplicateUids);
		assert_noop!(
			set(2, vec![3, 5], vec![1; 2], 0),
			Error::<Test>::UidVecContainInvalidOne
		);
		assert_noop!(set(2, vec![3, 4], vec![0; 2], 0), Error::<Test>::InvalidValue);
		assert_noop!(set(2, vec![], vec![], 0), Error::<Test>::InvalidValue);
	});
}

#[test]
fn only_permitted_neurons_set_weights() {
	run(|| {
		working_subnet();
		assert_noop!(set_weights(9, &[(3, 1)]), Error::<Test>::HotKeyNotRegisteredInSubNet);
		assert_noop!(set_weights(4, &[(2, 1)]), Error::<Test>::NeuronNoValidatorPermit);
		StakeThreshold::<Test>::put(500 * TAO + 1);
		// Epochs have paid validator 2 far more than that, and validator 3 a little.
		TotalHotkeyAlpha::<Test>::mutate(hot(3), NETUID, |alpha| {
			StakeThreshold::<Test>::put(alpha.get() + 1);
		});
		assert_noop!(set_weights(3, &[(3, 1)]), Error::<Test>::NotEnoughStakeToSetWeights);
		assert_ok!(set_weights(2, &[(3, 1)]));
	});
}

#[test]
fn there_are_no_permits_before_the_first_epoch() {
	run(|| {
		subnet();
		register(2);
		register(3);
		stake(2, 2, TAO);
		next_blocks(5);
		assert_noop!(set_weights(2, &[(2, 1)]), Error::<Test>::NeuronNoValidatorPermit);
		next_epoch(NETUID);
		assert_ok!(set_weights(2, &[(2, 1)]));
	});
}

#[test]
fn weights_are_rate_limited_from_the_registration_on() {
	run(|| {
		working_subnet();
		assert_ok!(set_weights(2, &[(3, 1)]));
		next_blocks(4);
		assert_noop!(set_weights(2, &[(3, 1)]), Error::<Test>::SettingWeightsTooFast);
		next_blocks(1);
		assert_ok!(set_weights(2, &[(3, 1)]));
		register(6);
		assert_noop!(set_weights(6, &[(3, 1)]), Error::<Test>::SettingWeightsTooFast);
	});
}

#[test]
fn the_version_key_must_be_recent_enough() {
	run_with(
		Hyperparameters {
			weights_version_key: 7,
			..parameters()
		},
		|| {
			working_subnet();
			assert_noop!(set(2, vec![3], vec![1], 6), Error::<Test>::IncorrectWeightVersionKey);
			assert_ok!(set(2, vec![3], vec![1], 7));
			assert_ok!(set(3, vec![3], vec![1], 8));
		},
	);
}

#[test]
fn who_weighs_itself_gains_nothing() {
	run(|| {
		working_subnet();
		assert_ok!(set_weights(2, &[(1, 1), (3, 1)]));
		next_epoch(NETUID);
		let incentive = Incentive::<Test>::get(INDEX);
		assert_eq!((incentive[1], incentive[3]), (0, u16::MAX));
		assert_noop!(
			set_weights(4, &[(3, 1), (2, 1)]),
			Error::<Test>::NeuronNoValidatorPermit
		);
		assert_ok!(set_weights(1, &[(0, 1), (3, 1)]));
	});
}

#[test]
fn the_owner_may_name_itself_only_without_a_permit() {
	run_with(
		Hyperparameters {
			min_allowed_weights: 3,
			..parameters()
		},
		|| {
			subnet();
			register(2);
			next_blocks(5);
			assert_noop!(
				set_weights(1, &[(0, 1), (1, 1)]),
				Error::<Test>::NeuronNoValidatorPermit
			);
			assert_ok!(set_weights(1, &[(0, 1)]));
		},
	);
}

#[test]
fn there_must_be_enough_destinations_that_count() {
	run_with(
		Hyperparameters {
			min_allowed_weights: 2,
			..parameters()
		},
		|| {
			working_subnet();
			assert_noop!(set_weights(2, &[(3, 1)]), Error::<Test>::WeightVecLengthIsLow);
			assert_noop!(set_weights(2, &[(3, 1), (4, 0)]), Error::<Test>::WeightVecLengthIsLow);
			assert_ok!(set_weights(2, &[(3, 1), (4, 1)]));
		},
	);
}

#[test]
fn a_small_subnet_asks_for_all_it_has() {
	run_with(
		Hyperparameters {
			min_allowed_weights: 100,
			..parameters()
		},
		|| {
			working_subnet();
			assert_noop!(set_weights(2, &[(3, 1), (4, 1)]), Error::<Test>::WeightVecLengthIsLow);
			assert_ok!(set_weights(2, &[(0, 1), (2, 1), (3, 1), (4, 1)]));
		},
	);
}

#[test]
fn one_weight_may_not_have_too_large_a_share() {
	run_with(
		Hyperparameters {
			max_weights_limit: 40_000,
			..parameters()
		},
		|| {
			working_subnet();
			assert_noop!(set_weights(2, &[(3, 9), (4, 1)]), Error::<Test>::MaxWeightExceeded);
			assert_ok!(set_weights(2, &[(3, 6), (4, 5)]));
		},
	);
}

#[test]
fn plain_weights_are_refused_where_they_have_to_be_committed() {
	run(|| {
		working_subnet();
		CommitRevealWeightsEnabled::<Test>::insert(NETUID, true);
		assert_noop!(set_weights(2, &[(3, 1)]), Error::<Test>::CommitRevealEnabled);
	});
}
