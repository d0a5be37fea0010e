//! Values out of bounds.

use super::*;
use crate::{Call, Error as AdminError};
use pallet_subtensor::EpochConsensus;

/// Expects that a call is refused with this error and changes nothing.
fn refuse(origin: RuntimeOrigin, call: Call<Test>, error: AdminError<Test>) {
	let name = format!("{call:?}");
	let root = sp_io::storage::root(Default::default());
	let result = RuntimeCall::from(call).dispatch_bypass_filter(origin);
	assert_eq!(
		result.map(|_| ()).map_err(|refusal| refusal.error),
		Err(error.into()),
		"{name}"
	);
	assert_eq!(sp_io::storage::root(Default::default()), root, "{name}");
}

#[test]
fn each_bound_has_an_error_and_a_refused_call_changes_nothing() {
	let netuid = NETUID;
	let tao = TaoBalance::new;
	let bits = U64F64::from_bits;
	run(|| {
		let cases = [
			(Call::sudo_set_tempo { netuid, tempo: 4 }, AdminError::TempoOutOfBounds),
			(
				Call::sudo_set_tempo {
					netuid,
					tempo: u16::MAX,
				},
				AdminError::TempoOutOfBounds,
			),
			(
				Call::sudo_set_max_allowed_uids {
					netuid,
					max_allowed_uids: 4_097,
				},
				AdminError::MaxAllowedUidsOutOfBounds,
			),
			(
				Call::sudo_set_max_allowed_uids {
					netuid,
					max_allowed_uids: 0,
				},
				AdminError::MaxAllowedUidsOutOfBounds,
			),
			(
				Call::sudo_set_max_allowed_validators {
					netuid,
					max_allowed_validators: 257,
				},
				AdminError::MaxAllowedValidatorsOutOfBounds,
			),
			(
				Call::sudo_set_max_weights_limit {
					netuid,
					max_weights_limit: 0,
				},
				AdminError::MaxWeightsLimitTooLow,
			),
			(
				Call::sudo_set_commit_reveal_weights_interval { netuid, interval: 0 },
				AdminError::RevealPeriodOutOfBounds,
			),
			(
				Call::sudo_set_commit_reveal_weights_interval {
					netuid,
					interval: u64::MAX,
				},
				AdminError::RevealPeriodOutOfBounds,
			),
			(
				Call::sudo_set_epoch_consensus {
					netuid,
					mode: EpochConsensus::Null,
				},
				AdminError::EpochConsensusNotOffered,
			),
			(
				Call::sudo_set_bonds_moving_average {
					netuid,
					bonds_moving_average: 1_000_001,
				},
				AdminError::BondsMovingAverageMaxReached,
			),
			(
				Call::sudo_set_activity_cutoff_factor {
					netuid,
					factor_milli: 999,
				},
				AdminError::ActivityCutoffFactorOutOfBounds,
			),
			(
				Call::sudo_set_alpha_values {
					netuid,
					alpha_low: 2,
					alpha_high: 1,
				},
				AdminError::AlphaLowAboveAlphaHigh,
			),
			(
				Call::sudo_set_collateral_drain_ratio {
					netuid,
					drain_ratio: U64F64::ZERO,
				},
				AdminError::CollateralDrainRatioOutOfBounds,
			),
			(
				Call::sudo_set_collateral_lock_share {
					netuid,
					lock_share: 62_259,
				},
				AdminError::CollateralLockShareTooHigh,
			),
			(
				Call::sudo_set_max_registrations_per_block {
					netuid,
					max_registrations_per_block: 17,
				},
				AdminError::MaxRegistrationsPerBlockOutOfBounds,
			),
			(
				Call::sudo_set_min_burn {
					netuid,
					min_burn: TaoBalance::MAX,
				},
				AdminError::MinBurnAboveMaxBurn,
			),
			(
				Call::sudo_set_max_burn {
					netuid,
					max_burn: tao(1),
				},
				AdminError::MinBurnAboveMaxBurn,
			),
			(
				Call::sudo_set_burn_half_life {
					netuid,
					burn_half_life: 0,
				},
				AdminError::BurnHalfLifeTooShort,
			),
			(
				Call::sudo_set_burn_increase_mult {
					netuid,
					burn_increase_mult: bits(u128::MAX),
				},
				AdminError::BurnIncreaseMultOutOfBounds,
			),
			(
				Call::sudo_set_min_difficulty {
					netuid,
					min_difficulty: 0,
				},
				AdminError::DifficultyOutOfBounds,
			),
			(
				Call::sudo_set_min_difficulty {
					netuid,
					min_difficulty: u64::MAX,
				},
				AdminError::DifficultyOutOfBounds,
			),
			(
				Call::sudo_set_max_difficulty {
					netuid,
					max_difficulty: 0,
				},
				AdminError::DifficultyOutOfBounds,
			),
			(
				Call::sudo_set_owner_immune_neuron_limit {
					netuid,
					immune_neurons: 11,
				},
				AdminError::ImmuneOwnerUidsLimitOutOfBounds,
			),
			(
				Call::sudo_set_mechanism_count {
					netuid,
					mechanism_count: 2.into(),
				},
				AdminError::MechanismCountNotOffered,
			),
			(
				Call::sudo_set_mechanism_count {
					netuid,
					mechanism_count: 0.into(),
				},
				AdminError::MechanismCountNotOffered,
			),
		];
		for (call, error) in cases {
			refuse(RuntimeOrigin::root(), call, error);
		}
	});
}

#[test]
fn a_difficulty_out_of_its_bounds_moves_to_the_nearest() {
	run(|| {
		let set = |difficulty| AdminUtils::sudo_set_difficulty(RuntimeOrigin::root(), NETUID, difficulty);
		assert_ok!(set(u64::MAX));
		assert_eq!(stored().difficulty, stored().max_difficulty);
		assert_ok!(set(0));
		assert_eq!(stored().difficulty, stored().min_difficulty);
	});
}

#[test]
fn the_cost_of_a_registration_follows_its_bounds() {
	run(|| {
		let (low, high) = (TaoBalance::new(5), TaoBalance::new(500_000));
		assert_ok!(AdminUtils::sudo_set_min_burn(RuntimeOrigin::root(), NETUID, low));
		assert_ok!(AdminUtils::sudo_set_max_burn(RuntimeOrigin::root(), NETUID, high));
		assert_eq!(stored().burn, high);
		assert_ok!(AdminUtils::sudo_set_min_burn(RuntimeOrigin::root(), NETUID, high));
		assert_eq!(stored().burn, high);
	});
}

#[test]
fn a_subnet_keeps_a_uid_for_each_neuron() {
	run(|| {
		assert_ok!(SubtensorModule::burned_register(signed(2), NETUID, hot(2)));
		let call = |max_allowed_uids| Call::sudo_set_max_allowed_uids {
			netuid: NETUID,
			max_allowed_uids,
		};
		refuse(
			RuntimeOrigin::root(),
			call(1),
			AdminError::MaxAllowedUIdsLessThanCurrentUIds,
		);
		assert_ok!(AdminUtils::sudo_set_max_allowed_uids(signed(1), NETUID, 2));
	});
}

#[test]
fn only_root_makes_the_steepness_negative() {
	run(|| {
		let call = Call::sudo_set_alpha_sigmoid_steepness {
			netuid: NETUID,
			steepness: -1,
		};
		refuse(signed(1), call, AdminError::NegativeSigmoidSteepness);
		assert_ok!(AdminUtils::sudo_set_alpha_sigmoid_steepness(
			RuntimeOrigin::root(),
			NETUID,
			-1
		));
		// The owner may change something else then.
		assert_ok!(AdminUtils::sudo_set_rho(signed(1), NETUID, 3));
	});
}

#[test]
fn an_owner_leaves_one_way_to_register() {
	run(|| {
		let close = Call::sudo_set_network_registration_allowed {
			netuid: NETUID,
			registration_allowed: false,
		};
		refuse(signed(1), close.clone(), AdminError::NoRegistrationLeft);
		assert_ok!(AdminUtils::sudo_set_network_pow_registration_allowed(
			signed(1),
			NETUID,
			true
		));
		assert_ok!(AdminUtils::sudo_set_network_registration_allowed(
			signed(1),
			NETUID,
			false
		));
		let close = Call::sudo_set_network_pow_registration_allowed {
			netuid: NETUID,
			registration_allowed: false,
		};
		assert_ok!(RuntimeCall::from(close).dispatch_bypass_filter(RuntimeOrigin::root()));
		assert!(!stored().registration_allowed && !stored().pow_registration_allowed);
	});
}
