//! Tests of hyperparameters.

use super::{MAX_REGISTRATIONS_PER_BLOCK, MAX_TEMPO, MIN_TEMPO, of_epoch};
use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use ganglion_primitives::{NetUid, PerU16, TaoBalance, U64F64};
use sp_runtime::DispatchError;

#[test]
fn defaults_are_valid() {
	assert_eq!(Hyperparameters::default().validate(), Ok(()));
	assert_eq!(parameters().validate(), Ok(()));
}

#[test]
fn each_bound_is_checked_and_named() {
	let base = parameters;
	let over = TaoBalance::new(u64::MAX);
	let cases = [
		(
			Hyperparameters {
				tempo: MIN_TEMPO - 1,
				..base()
			},
			"tempo",
		),
		(
			Hyperparameters {
				tempo: MAX_TEMPO + 1,
				..base()
			},
			"tempo",
		),
		(
			Hyperparameters {
				max_allowed_uids: 0,
				..base()
			},
			"maxAllowedUids",
		),
		(
			Hyperparameters {
				max_allowed_uids: MAX_UIDS_PER_SUBNET as u16 + 1,
				..base()
			},
			"maxAllowedUids",
		),
		(
			Hyperparameters {
				max_allowed_validators: 0,
				..base()
			},
			"maxAllowedValidators",
		),
		(
			Hyperparameters {
				max_weights_limit: 0,
				..base()
			},
			"maxWeightsLimit",
		),
		(
			Hyperparameters {
				bonds_moving_average: 1_000_001,
				..base()
			},
			"bondsMovingAverage",
		),
		(
			Hyperparameters {
				alpha_low: 2,
				alpha_high: 1,
				..base()
			},
			"alphaLow",
		),
		(Hyperparameters { burn: over, ..base() }, "burn"),
		(
			Hyperparameters {
				min_burn: over,
				..base()
			},
			"burn",
		),
		(
			Hyperparameters {
				max_registrations_per_block: 0,
				..base()
			},
			"maxRegistrationsPerBlock",
		),
		(
			Hyperparameters {
				max_registrations_per_block: MAX_REGISTRATIONS_PER_BLOCK + 1,
				..base()
			},
			"maxRegistrationsPerBlock",
		),
	];
	for (record, name) in cases {
		assert_eq!(record.validate().map_err(|error| error.name), Err(name), "{record:?}");
	}
}

#[test]
fn each_bound_of_the_economy_is_checked_and_named() {
	type Change = fn(&mut Hyperparameters);
	let cases: [(Change, &str); 16] = [
		(|record| record.reveal_period_epochs = 0, "revealPeriodEpochs"),
		(|record| record.reveal_period_epochs = 101, "revealPeriodEpochs"),
		(|record| record.epoch_consensus = EpochConsensus::Null, "epochConsensus"),
		(
			|record| record.activity_cutoff_factor_milli = 999,
			"activityCutoffFactorMilli",
		),
		(
			|record| record.activity_cutoff_factor_milli = 50_001,
			"activityCutoffFactorMilli",
		),
		(
			|record| record.collateral_drain_ratio = U64F64::ZERO,
			"collateralDrainRatio",
		),
		(
			|record| record.collateral_drain_ratio.bits = (10 << 64) + 1,
			"collateralDrainRatio",
		),
		(|record| record.collateral_lock_share = 62_259, "collateralLockShare"),
		(|record| record.burn_half_life = 0, "burnHalfLife"),
		(
			|record| record.burn_increase_mult.bits = (1 << 64) - 1,
			"burnIncreaseMult",
		),
		(
			|record| record.burn_increase_mult.bits = (3 << 64) + 1,
			"burnIncreaseMult",
		),
		(|record| record.min_difficulty = 0, "minDifficulty"),
		(|record| record.min_difficulty = u64::MAX, "difficulty"),
		(|record| record.difficulty = u64::MAX, "difficulty"),
		(|record| record.immune_owner_uids_limit = 0, "immuneOwnerUidsLimit"),
		(|record| record.immune_owner_uids_limit = 11, "immuneOwnerUidsLimit"),
	];
	for (change, name) in cases {
		let mut record = parameters();
		change(&mut record);
		assert_eq!(record.validate().map_err(|error| error.name), Err(name), "{record:?}");
	}
}

#[test]
fn a_stored_record_reads_back() {
	run(|| {
		subnet();
		let record = Hyperparameters {
			tempo: 77,
			max_allowed_uids: 9,
			max_allowed_validators: 8,
			immunity_period: 7,
			weights_set_rate_limit: 6,
			min_allowed_weights: 5,
			max_weights_limit: 4,
			weights_version_key: 3,
			kappa: 2,
			rho: 1,
			bonds_moving_average: 10,
			bonds_penalty: 11,
			activity_cutoff_factor_milli: 1_012,
			yuma3_on: true,
			liquid_alpha_on: true,
			alpha_low: 13,
			alpha_high: 14,
			alpha_sigmoid_steepness: -15,
			burn: TaoBalance::new(17),
			min_burn: TaoBalance::new(16),
			max_burn: TaoBalance::new(18),
			serving_rate_limit: 19,
			max_registrations_per_block: 2,
			registration_allowed: false,
			commit_reveal_weights_enabled: true,
			reveal_period_epochs: 20,
			epoch_consensus: EpochConsensus::Yuma,
			bonds_reset_on: true,
			burn_half_life: 21,
			burn_increase_mult: U64F64::from_integer(2),
			pow_registration_allowed: true,
			difficulty: 23,
			min_difficulty: 22,
			max_difficulty: 24,
			adjustment_alpha: 25,
			adjustment_interval: 26,
			target_registrations_per_interval: 27,
			immune_owner_uids_limit: 3,
			collateral_lock_share: 28,
			collateral_drain_ratio: U64F64::from_integer(4),
			min_childkey_take: PerU16::from_parts(29),
			owner_cut_enabled: false,
			owner_cut_auto_lock_enabled: true,
			transfers_enabled: false,
		};
		record.store::<Test>(NETUID);
		assert_eq!(Hyperparameters::load::<Test>(NETUID), record);
	});
}

#[test]
fn a_subnet_has_no_more_validators_than_an_epoch_is_made_for() {
	let record = |max_allowed_validators| Hyperparameters {
		max_allowed_validators,
		..parameters()
	};
	assert!(record(MAX_VALIDATORS_PER_SUBNET).validate().is_ok());
	let error = record(MAX_VALIDATORS_PER_SUBNET + 1).validate().unwrap_err();
	assert_eq!(error.name, "maxAllowedValidators");
}

#[test]
fn an_epoch_reads_its_part_of_the_record() {
	run(|| {
		subnet();
		let record = Hyperparameters {
			tempo: 360,
			max_allowed_validators: 8,
			kappa: 2,
			bonds_moving_average: 10,
			bonds_penalty: 11,
			activity_cutoff_factor_milli: 2_000,
			yuma3_on: true,
			liquid_alpha_on: true,
			alpha_low: 13,
			alpha_high: 14,
			alpha_sigmoid_steepness: -15,
			..parameters()
		};
		record.store::<Test>(NETUID);
		StakeThreshold::<Test>::put(9);
		let expected = yuma::Parameters {
			kappa: 2,
			bonds_penalty: 11,
			bonds_moving_average: 10,
			yuma3: true,
			liquid_alpha: Some(yuma::LiquidAlpha {
				alpha_low: 13,
				alpha_high: 14,
				sigmoid_steepness: -15,
			}),
			max_allowed_validators: 8,
			activity_cutoff: record.activity_cutoff(),
			stake_threshold: 9,
			tempo: 360,
		};
		assert_eq!(of_epoch::<Test>(NETUID), expected);
		// Liquid alpha has an effect with Yuma 3 only.
		Yuma3On::<Test>::insert(NETUID, false);
		assert_eq!(of_epoch::<Test>(NETUID).liquid_alpha, None);
	});
}

#[test]
fn the_activity_cutoff_is_in_thousandths_of_a_tempo() {
	let record = Hyperparameters {
		tempo: 360,
		activity_cutoff_factor_milli: 13_889,
		..parameters()
	};
	assert_eq!(record.activity_cutoff(), 5_000);
}

#[test]
fn owner_and_root_set_the_tempo_within_bounds() {
	run(|| {
		subnet();
		assert_ok!(SubtensorModule::set_tempo(signed(cold(1)), NETUID, 42));
		assert_eq!(Tempo::<Test>::get(NETUID), 42);
		assert_eq!(SubtensorModule::next_epoch_block(NETUID), Some(43));
		assert!(events().contains(&Event::TempoSet(NETUID, 42)));
		assert_ok!(SubtensorModule::set_tempo(RuntimeOrigin::root(), NETUID, MIN_TEMPO));
		assert_eq!(Tempo::<Test>::get(NETUID), MIN_TEMPO);
		for tempo in [0, MIN_TEMPO - 1, MAX_TEMPO + 1, u16::MAX] {
			let call = SubtensorModule::set_tempo(signed(cold(1)), NETUID, tempo);
			assert_noop!(call, Error::<Test>::TempoOutOfBounds);
		}
	});
}

#[test]
fn nobody_else_sets_a_tempo() {
	run(|| {
		subnet();
		let call = SubtensorModule::set_tempo(signed(cold(2)), NETUID, 42);
		assert_noop!(call, Error::<Test>::NotSubnetOwner);
		let call = SubtensorModule::set_tempo(RuntimeOrigin::none(), NETUID, 42);
		assert_noop!(call, DispatchError::BadOrigin);
		let call = SubtensorModule::set_tempo(signed(cold(1)), NetUid::new(9), 42);
		assert_noop!(call, Error::<Test>::SubnetNotExists);
		let call = SubtensorModule::set_tempo(RuntimeOrigin::root(), NetUid::ROOT, 42);
		assert_noop!(call, Error::<Test>::NotSubnetOwner);
	});
}

#[test]
fn a_change_writes_what_changed_and_moves_what_its_bounds_pass() {
	run(|| {
		subnet();
		let before = Hyperparameters::load::<Test>(NETUID);
		let least = TaoBalance::new(before.burn.get() + 1);
		let changed = SubtensorModule::change_hyperparameters(Authority::Root, NETUID, |record| {
			record.min_burn = least;
			record.max_difficulty = record.difficulty - 1;
			record.min_difficulty = 1;
			record.alpha_low = 7;
		});
		assert_eq!(changed, Ok(()));
		let expected = Hyperparameters {
			min_burn: least,
			burn: least,
			max_difficulty: before.difficulty - 1,
			min_difficulty: 1,
			difficulty: before.difficulty - 1,
			alpha_low: 7,
			..before
		};
		assert_eq!(Hyperparameters::load::<Test>(NETUID), expected);
	});
}

#[test]
fn an_invalid_change_writes_nothing() {
	run(|| {
		subnet();
		let root = sp_io::storage::root(Default::default());
		let refused = SubtensorModule::change_hyperparameters(Authority::Root, NETUID, |record| {
			record.kappa = 1;
			record.min_burn = TaoBalance::MAX;
		});
		assert!(
			matches!(refused, Err(ChangeRefused::Invalid(error)) if error.name == "burn"),
			"{refused:?}"
		);
		assert_eq!(sp_io::storage::root(Default::default()), root);
	});
}

#[test]
fn a_record_survives_json() {
	let record = Hyperparameters::default();
	let json = serde_json::to_value(&record).unwrap();
	assert_eq!(json["burnIncreaseMult"]["bits"], "23242897532874035036");
	assert_eq!(json["alphaHigh"], 58_982);
	assert_eq!(serde_json::from_value::<Hyperparameters>(json).unwrap(), record);
}

#[test]
fn a_record_and_its_rate_limits_can_be_removed() {
	run(|| {
		subnet();
		let other = subnet();
		OwnerHyperparamRateLimit::<Test>::put(1);
		for netuid in [NETUID, other] {
			assert_ok!(SubtensorModule::set_tempo(signed(cold(1)), netuid, 42));
		}
		let kept = Hyperparameters::load::<Test>(other);
		Hyperparameters::forget::<Test>(NETUID);
		let left = vec![NetUid::ROOT, other];
		assert_eq!(Tempo::<Test>::iter_keys().collect::<Vec<_>>(), left);
		assert_eq!(AlphaValues::<Test>::iter_keys().collect::<Vec<_>>(), left);
		assert_eq!(Burn::<Test>::iter_keys().collect::<Vec<_>>(), left);
		let limited = RateLimitKey::OwnerHyperparamUpdate(other, Hyperparameter::Tempo);
		assert_eq!(
			LastRateLimitedBlock::<Test>::iter_keys().collect::<Vec<_>>(),
			vec![limited]
		);
		assert_eq!(Hyperparameters::load::<Test>(other), kept);
		parameters().store::<Test>(NETUID);
	});
}

#[test]
fn the_owner_sets_a_tempo_once_in_a_while_and_not_before_an_epoch() {
	run(|| {
		subnet();
		OwnerHyperparamRateLimit::<Test>::put(2);
		AdminFreezeWindow::<Test>::put(3);
		let set = |origin, tempo| SubtensorModule::set_tempo(origin, NETUID, tempo);
		assert_ok!(set(signed(cold(1)), 20));
		// The epochs are in blocks 21 and 41: 40 blocks have to pass, and 3 before an epoch do not count.
		next_blocks(16);
		assert_noop!(set(signed(cold(1)), 20), Error::<Test>::TxRateLimitExceeded);
		assert_noop!(
			SubtensorModule::trigger_epoch(signed(cold(2)), NETUID),
			Error::<Test>::NotSubnetOwner
		);
		next_blocks(1);
		let frozen = Error::<Test>::AdminActionProhibitedDuringWeightsWindow;
		assert_noop!(set(signed(cold(1)), 20), frozen);
		let frozen = Error::<Test>::AdminActionProhibitedDuringWeightsWindow;
		assert_noop!(SubtensorModule::trigger_epoch(signed(cold(1)), NETUID), frozen);
		assert_ok!(set(RuntimeOrigin::root(), 20));
		next_blocks(22);
		assert_noop!(
			set(signed(cold(1)), 20),
			Error::<Test>::AdminActionProhibitedDuringWeightsWindow
		);
		next_blocks(1);
		assert_eq!(System::block_number(), 41);
		assert_ok!(set(signed(cold(1)), 20));
		assert_noop!(set(signed(cold(1)), 30), Error::<Test>::TxRateLimitExceeded);
	});
}

#[test]
fn every_item_of_the_table_is_in_the_metadata_with_what_it_means() {
	let entries = SubtensorModule::storage_metadata().entries;
	for hyperparameter in Hyperparameter::ALL {
		let name = format!("{hyperparameter:?}");
		let entry = entries.iter().find(|entry| entry.name == name);
		assert!(entry.is_some_and(|entry| !entry.docs.is_empty()), "{name}");
	}
	let burn = entries.iter().find(|entry| entry.name == "Burn");
	assert!(burn.is_some());
	// Those, and the one that no call sets.
	assert_eq!(Hyperparameters::ITEMS, Hyperparameter::ALL.len() + 1);
}
