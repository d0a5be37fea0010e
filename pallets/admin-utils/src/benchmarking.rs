//! Benchmarks of the calls. Those of the hyperparameters are derived from the table, like the calls.
//!
//! A call sets the usual value. Before it, the item holds another one, valid or not, so that the call has to write; the
//! record as a whole is valid with the call's value.

#![allow(
	unused_imports,
	unreachable_pub,
	reason = "the macro re-exports its module, which a macro of ours has made for it"
)]

use crate::pallet::*;
use frame_benchmarking::v2::*;
use frame_support::{storage::unhashed, traits::fungible::Mutate};
use frame_system::RawOrigin;
use ganglion_primitives::{AccountId32, MechId, NetUid, PerU16, RAO_PER_TAO, TaoBalance, benchmarking::Measured};
use pallet_subtensor::{Hyperparameters, hyperparameter_table};

const NETUID: NetUid = NetUid::new(1);
/// The subnet's owner, and the hotkey that the owner may name instead of the present one.
const OWNER: AccountId32 = AccountId32::new([1; 32]);
const HOTKEY: AccountId32 = AccountId32::new([2; 32]);

/// A chain with one subnet that has the usual parameters, and whose owner waits between two changes.
fn chain<T: Config>() {
	frame_system::Pallet::<T>::set_block_number(1_000_000_u32.into());
	pallet_subtensor::SubnetDefaults::<T>::put(Hyperparameters::default());
	pallet_subtensor::SubnetLimit::<T>::put(128);
	pallet_subtensor::NetworkRateLimit::<T>::put(0);
	pallet_subtensor::NetworkMinLockCost::<T>::put(TaoBalance::new(100 * RAO_PER_TAO));
	pallet_subtensor::OwnerHyperparamRateLimit::<T>::put(2);
	pallet_subtensor::AdminFreezeWindow::<T>::put(10);
	T::Currency::mint_into(&OWNER, 10_000 * RAO_PER_TAO).expect("there is room in the issuance");
	let origin = RawOrigin::Signed(OWNER).into();
	pallet_subtensor::Pallet::<T>::register_network(origin, HOTKEY).expect("the subnet can be registered");
}

/// Makes a stored value another one, whatever it is.
fn disturb(key: &[u8]) {
	let mut bytes = unhashed::get_raw(key).expect("a subnet stores all of its parameters");
	if let Some(first) = bytes.first_mut() {
		*first ^= 1;
	}
	unhashed::put_raw(key, &bytes);
}

/// Who may make a change that the table gives to the owner, or to root.
macro_rules! origin {
	(owner) => {
		RawOrigin::Signed(OWNER)
	};
	(root) => {
		RawOrigin::Root
	};
}

macro_rules! hyperparameters {
	(
		single { $(
			$(#[$($doc:tt)*])*
			$field:ident: $type:ident = $_default:expr, $item:ident: $_hasher:ident, $_name:literal
				=> $right:ident $index:literal $call:ident($argument:ident);
		)* }
		state { $($_state:tt)* }
		pair { $(
			$(#[$($pair_doc:tt)*])*
			$pair:ident: $_pair_hasher:ident => $pair_right:ident $pair_index:literal $pair_call:ident {
				$(#[$($_first_doc:tt)*])*
				$first:ident: $first_type:ident = $_first_default:expr, $_first_name:literal;
				$(#[$($_second_doc:tt)*])*
				$second:ident: $second_type:ident = $_second_default:expr, $_second_name:literal;
			}
		)* }
	) => {
		settings! {
			{ $(
				#[benchmark]
				fn $call() -> Result<(), BenchmarkError> {
					chain::<T>();
					disturb(&pallet_subtensor::$item::<T>::hashed_key_for(NETUID));
					let $argument = Hyperparameters::default().$field;
					let call = Measured::new(&Call::<T>::$call { netuid: NETUID, $argument });
					let done;
					#[block]
					{
						done = call.dispatch(origin!($right).into());
					}
					done?;
					assert!(Hyperparameters::load::<T>(NETUID).$field == $argument);
					Ok(())
				}
			)*
			$(
				#[benchmark]
				fn $pair_call() -> Result<(), BenchmarkError> {
					chain::<T>();
					disturb(&pallet_subtensor::$pair::<T>::hashed_key_for(NETUID));
					let Hyperparameters { $first, $second, .. } = Hyperparameters::default();
					let call = Measured::new(&Call::<T>::$pair_call { netuid: NETUID, $first, $second });
					let done;
					#[block]
					{
						done = call.dispatch(origin!($pair_right).into());
					}
					done?;
					assert!(Hyperparameters::load::<T>(NETUID).$first == $first);
					Ok(())
				}
			)* }
			root sudo_set_subnet_emission_enabled { netuid: NETUID, enabled: false }
			owner sudo_set_mechanism_count { netuid: NETUID, mechanism_count: MechId::new(1) }
			owner sudo_set_sn_owner_hotkey { netuid: NETUID, hotkey: HOTKEY }
			root sudo_set_subnet_limit { max_subnets: 100 }
			root sudo_set_network_min_lock_cost { lock_cost: TaoBalance::new(RAO_PER_TAO) }
			root sudo_set_lock_reduction_interval { interval: 7 }
			root sudo_set_network_rate_limit { rate_limit: 7 }
			root sudo_set_network_immunity_period { immunity_period: 7 }
			root sudo_set_start_call_delay { delay: 7 }
			root sudo_set_subnet_owner_cut { subnet_owner_cut: 7 }
			root sudo_set_stake_threshold { min_stake: 7 }
			root sudo_set_admin_freeze_window { window: 7 }
			root sudo_set_owner_hparam_rate_limit { epochs: 7 }
			root sudo_set_min_delegate_take { take: PerU16::from_percent(1) }
			root sudo_set_default_take { default_take: PerU16::from_percent(17) }
			root sudo_set_tx_delegate_take_rate_limit { tx_rate_limit: 7 }
			root sudo_set_tx_rate_limit { tx_rate_limit: 7 }
			root sudo_set_nominator_min_required_stake { min_stake: 7 }
			root sudo_set_subtoken_enabled { netuid: NETUID, subtoken_enabled: true }
		}
	};
}

/// The benchmarks of the hyperparameters, and those of the other calls: each of them tells in an event what it set.
macro_rules! settings {
	(
		{ $($hyperparameters:tt)* }
		$( $right:ident $call:ident { $($field:ident: $value:expr),* } )*
	) => {
		#[benchmarks]
		mod benchmarks {
			use super::*;

			$($hyperparameters)*

			$(
				#[benchmark]
				fn $call() -> Result<(), BenchmarkError> {
					chain::<T>();
					let events = frame_system::Pallet::<T>::event_count();
					let call = Measured::new(&Call::<T>::$call { $($field: $value),* });
					let done;
					#[block]
					{
						done = call.dispatch(origin!($right).into());
					}
					done?;
					assert!(frame_system::Pallet::<T>::event_count() > events);
					Ok(())
				}
			)*

			impl_benchmark_test_suite!(Pallet, crate::mock::storage(), crate::mock::Test);
		}
	};
}

hyperparameter_table!(hyperparameters);
