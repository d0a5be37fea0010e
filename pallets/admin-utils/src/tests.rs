//! Tests of the calls. Those of the hyperparameters are taken from the table, so that none is forgotten.

mod bounds;
mod interface;
mod limits;
mod settings;

use crate::{Event, mock::*};
use frame_support::{
	assert_noop, assert_ok,
	dispatch::{DispatchResult, GetDispatchInfo},
	traits::UnfilteredDispatchable,
};
use ganglion_primitives::{HyperparamValue, NetUid, PerU16, TaoBalance, U64F64};
use pallet_subtensor::{Error, Hyperparameter, Hyperparameters, hyperparameter_table};
use sp_runtime::DispatchError;

/// A setter of the table.
struct Setter {
	name: &'static str,
	right: &'static str,
	hyperparameter: Hyperparameter,
	/// The call that sets what this record has in its field.
	call: fn(NetUid, &Hyperparameters) -> RuntimeCall,
	/// The value that a record has in the field.
	value: fn(&Hyperparameters) -> HyperparamValue,
}

impl Setter {
	fn dispatch(&self, origin: RuntimeOrigin, netuid: NetUid) -> DispatchResult {
		let call = (self.call)(netuid, &sample());
		call.dispatch_bypass_filter(origin)
			.map(|_| ())
			.map_err(|error| error.error)
	}
}

macro_rules! list_setters {
	(
		single { $(
			$(#[$($_doc:tt)*])*
			$field:ident: $_type:ident = $_default:expr, $item:ident: $_hasher:ident, $_name:literal
				=> $right:ident $_index:literal $call:ident($argument:ident);
		)* }
		state { $($_state:tt)* }
		pair { $(
			$(#[$($_pair_doc:tt)*])*
			$pair:ident: $_pair_hasher:ident => $pair_right:ident $_pair_index:literal $pair_call:ident {
				$(#[$($_first_doc:tt)*])*
				$first:ident: $_first_type:ident = $_first_default:expr, $_first_name:literal;
				$(#[$($_second_doc:tt)*])*
				$second:ident: $_second_type:ident = $_second_default:expr, $_second_name:literal;
			}
		)* }
	) => {
		fn setters() -> Vec<Setter> {
			vec![
				$( Setter {
					name: stringify!($call),
					right: stringify!($right),
					hyperparameter: Hyperparameter::$item,
					call: |netuid, record| crate::Call::$call { netuid, $argument: record.$field }.into(),
					value: |record| record.$field.into(),
				}, )*
				$( Setter {
					name: stringify!($pair_call),
					right: stringify!($pair_right),
					hyperparameter: Hyperparameter::$pair,
					call: |netuid, record| {
						crate::Call::$pair_call { netuid, $first: record.$first, $second: record.$second }.into()
					},
					value: |record| (record.$first, record.$second).into(),
				}, )*
			]
		}
	};
}

hyperparameter_table!(list_setters);

/// A valid record that differs from the defaults in every field but the consensus, of which there is only one.
fn sample() -> Hyperparameters {
	Hyperparameters {
		tempo: 77,
		max_allowed_uids: 99,
		max_allowed_validators: 8,
		immunity_period: 7,
		weights_set_rate_limit: 6,
		min_allowed_weights: 5,
		max_weights_limit: 4,
		weights_version_key: 3,
		commit_reveal_weights_enabled: true,
		reveal_period_epochs: 2,
		kappa: 2,
		rho: 1,
		bonds_moving_average: 10,
		bonds_penalty: 11,
		bonds_reset_on: true,
		activity_cutoff_factor_milli: 1_012,
		yuma3_on: true,
		liquid_alpha_on: true,
		alpha_low: 13,
		alpha_high: 14,
		alpha_sigmoid_steepness: 15,
		registration_allowed: true,
		max_registrations_per_block: 2,
		min_burn: TaoBalance::new(600_000),
		max_burn: TaoBalance::new(90_000_000_000),
		burn_half_life: 21,
		burn_increase_mult: U64F64::from_integer(2),
		pow_registration_allowed: true,
		difficulty: 20_000_000,
		min_difficulty: 9_000_000,
		max_difficulty: 24_000_000,
		adjustment_alpha: 25,
		adjustment_interval: 26,
		target_registrations_per_interval: 27,
		immune_owner_uids_limit: 3,
		serving_rate_limit: 19,
		collateral_lock_share: 28,
		collateral_drain_ratio: U64F64::from_integer(4),
		min_childkey_take: PerU16::from_parts(29),
		owner_cut_enabled: false,
		owner_cut_auto_lock_enabled: true,
		transfers_enabled: false,
		..Default::default()
	}
}

fn stored() -> Hyperparameters {
	Hyperparameters::load::<Test>(NETUID)
}

#[test]
fn every_setter_sets_its_field_alone_and_tells_it() {
	for setter in setters() {
		run(|| {
			let before = stored();
			assert_ok!(setter.dispatch(RuntimeOrigin::root(), NETUID));
			let value = (setter.value)(&sample());
			assert_eq!((setter.value)(&stored()), value, "{}", setter.name);
			let hyperparameter = setter.hyperparameter;
			let event = Event::HyperparameterSet {
				netuid: NETUID,
				hyperparameter,
				value,
			};
			assert_eq!(events(), vec![event], "{}", setter.name);
			for other in setters().iter().filter(|other| other.hyperparameter != hyperparameter) {
				assert_eq!((other.value)(&stored()), (other.value)(&before), "{}", setter.name);
			}
		});
	}
}

#[test]
fn together_the_setters_set_the_whole_record() {
	run(|| {
		for setter in setters() {
			assert_ok!(setter.dispatch(RuntimeOrigin::root(), NETUID));
		}
		let expected = Hyperparameters {
			burn: stored().burn,
			..sample()
		};
		assert_eq!(stored(), expected);
	});
}

#[test]
fn the_owner_has_the_right_where_the_table_says_so() {
	let mut of_owner = 0;
	for setter in setters() {
		run(|| {
			let before = stored();
			let result = setter.dispatch(signed(1), NETUID);
			if setter.right == "owner" {
				assert_eq!(result, Ok(()), "{}", setter.name);
				of_owner += 1;
			} else {
				assert_eq!(result, Err(DispatchError::BadOrigin), "{}", setter.name);
				assert_eq!(stored(), before);
			}
		});
	}
	assert_eq!(of_owner, 33);
}

#[test]
fn nobody_else_has_the_right() {
	run(|| {
		let missing = NetUid::new(9);
		for setter in setters() {
			let root_only = setter.right == "root";
			let dispatch = |origin, netuid| setter.dispatch(origin, netuid);
			let refused = if root_only {
				DispatchError::BadOrigin
			} else {
				Error::<Test>::NotSubnetOwner.into()
			};
			assert_noop!(dispatch(signed(2), NETUID), refused);
			assert_noop!(dispatch(RuntimeOrigin::none(), NETUID), DispatchError::BadOrigin);
			assert_noop!(dispatch(RuntimeOrigin::root(), missing), Error::<Test>::SubnetNotExists);
			let refused: DispatchError = if root_only {
				crate::Error::<Test>::NotPermittedOnRootSubnet.into()
			} else {
				Error::<Test>::NotSubnetOwner.into()
			};
			assert_noop!(dispatch(RuntimeOrigin::root(), NetUid::ROOT), refused);
		}
	});
}

#[test]
fn a_setter_weighs_what_reading_the_record_costs() {
	let record = Hyperparameters::ITEMS as u64;
	let least = <Test as frame_system::Config>::DbWeight::get().reads_writes(record, 2);
	for setter in setters() {
		let info = (setter.call)(NETUID, &sample()).get_dispatch_info();
		assert!(info.call_weight.all_gte(least), "{}: {info:?}", setter.name);
	}
}
