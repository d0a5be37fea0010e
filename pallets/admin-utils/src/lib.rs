//! The pallet named `AdminUtils`: calls that set the hyperparameters of a subnet and the settings of the chain.
//!
//! # Bird's-eye view
//!
//! It has no storage. A hyperparameter belongs to the pallet `SubtensorModule`, whose table describes it once; the calls
//! of the hyperparameters are derived from that table, too ([`calls`]). Each does the same four things:
//!
//! 1. the origin has to be root, or (where the table says `owner`) the owner of the subnet;
//! 2. an owner has to keep away from epochs, and to wait between two changes of the same hyperparameter
//!    ([`pallet_subtensor::Pallet::admit_change`]);
//! 3. the record with the new value has to be valid ([`pallet_subtensor::Hyperparameters::validate`]), or an error says
//!    which bound it violates;
//! 4. the value is written, and [`Event::HyperparameterSet`](pallet::Event::HyperparameterSet) tells it.
//!
//! The other calls are root's: settings of the whole chain, each through a function of `SubtensorModule` that checks it,
//! and tells it in an event of its own where this pallet has none.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::arithmetic_side_effects,
		clippy::indexing_slicing,
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::float_arithmetic
	)
)]

#[cfg(feature = "runtime-benchmarks")]
#[allow(
	clippy::arithmetic_side_effects,
	clippy::indexing_slicing,
	clippy::unwrap_used,
	clippy::expect_used,
	clippy::panic,
	reason = "what benchmarks set up never runs on a chain"
)]
pub mod benchmarking;
mod bounds;
pub mod calls;
pub mod weight_info;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use weight_info::{PalletWeight, WeightInfo};

use frame_support::pallet_macros::import_section;

/// The pallet.
#[import_section(calls::admin_calls)]
#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME's expansion")]
pub mod pallet {
	use super::{calls::authority, *};
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;
	use ganglion_primitives::{AccountId32, HyperparamValue, MechId, NetUid, PerU16, TaoBalance, U64F64};
	use pallet_subtensor::{
		Authority, EpochConsensus, Hyperparameter, Hyperparameters, MAX_TRIMMED_PER_CALL, MAX_UIDS_PER_SUBNET,
	};

	/// The pallet whose settings these are.
	type Subtensor<T> = pallet_subtensor::Pallet<T>;

	/// The pallet.
	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// What the runtime supplies.
	#[pallet::config]
	pub trait Config:
		frame_system::Config<AccountId = AccountId32, RuntimeEvent: From<Event<Self>>> + pallet_subtensor::Config
	{
		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}

	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A hyperparameter of a subnet was set.
		HyperparameterSet {
			/// The subnet.
			netuid: NetUid,
			/// Which one.
			hyperparameter: Hyperparameter,
			/// What it is now.
			value: HyperparamValue,
		},
		/// The emission of a subnet was switched.
		SubnetEmissionSwitched {
			/// The subnet.
			netuid: NetUid,
			/// Whether it takes part in the emission.
			enabled: bool,
		},
		/// A subnet knows another hotkey as its owner's.
		SubnetOwnerHotkeySet {
			/// The subnet.
			netuid: NetUid,
			/// The hotkey.
			hotkey: AccountId32,
		},
		/// The number of mechanisms of a subnet was set.
		MechanismCountSet {
			/// The subnet.
			netuid: NetUid,
			/// Its mechanisms.
			count: MechId,
		},
		/// A setting of the chain was changed.
		SettingChanged {
			/// Which one.
			setting: Setting,
			/// What it is now.
			value: u64,
		},
	}

	/// A setting of the whole chain.
	#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
	pub enum Setting {
		/// Most subnets.
		SubnetLimit,
		/// Least cost of a subnet, in rao.
		NetworkMinLockCost,
		/// Blocks in which the cost of a subnet falls to the least one.
		NetworkLockReductionInterval,
		/// Blocks between two registrations of subnets.
		NetworkRateLimit,
		/// Blocks in which a new subnet does not make room for another.
		NetworkImmunityPeriod,
		/// Blocks after which a new subnet may be started.
		StartCallDelay,
		/// Owners' share of the subnets' emission, of 65535.
		SubnetOwnerCut,
		/// Stake below which a hotkey does not count, in rao.
		StakeThreshold,
		/// Blocks before an epoch in which owners change nothing.
		AdminFreezeWindow,
		/// Tempos between two changes of a hyperparameter by an owner.
		OwnerHyperparamRateLimit,
	}

	/// Why a call was refused. That the caller is not the owner, is too fast or too near an epoch, and that the subnet does
	/// not exist, are errors of `SubtensorModule`.
	#[pallet::error]
	#[derive(PartialEq, Eq)]
	pub enum Error<T> {
		/// The root subnet has no hyperparameters.
		NotPermittedOnRootSubnet,
		/// The tempo has to be 5 to 50400 blocks.
		TempoOutOfBounds,
		/// The number of uids has to be 1 to 4096.
		MaxAllowedUidsOutOfBounds,
		/// The subnet has more neurons than that.
		MaxAllowedUIdsLessThanCurrentUIds,
		/// The number of validators has to be 1 to 256.
		MaxAllowedValidatorsOutOfBounds,
		/// The largest weight has to be at least 1.
		MaxWeightsLimitTooLow,
		/// The reveal period has to be 1 to 100 epochs.
		RevealPeriodOutOfBounds,
		/// Yuma is the only consensus that this chain offers.
		EpochConsensusNotOffered,
		/// The moving average of bonds is a share of 1000000 and cannot be more.
		BondsMovingAverageMaxReached,
		/// The activity cutoff factor has to be 1000 to 50000 thousandths of a tempo.
		ActivityCutoffFactorOutOfBounds,
		/// The lower bound of liquid alpha has to be at most the upper one.
		AlphaLowAboveAlphaHigh,
		/// Only root can set a negative steepness of the sigmoid.
		NegativeSigmoidSteepness,
		/// The drain ratio of collateral has to be above 0 and at most 10.
		CollateralDrainRatioOutOfBounds,
		/// The share of a registration's cost that is locked has to be at most 62258 of 65535.
		CollateralLockShareTooHigh,
		/// Registrations per block have to be 1 to 16.
		MaxRegistrationsPerBlockOutOfBounds,
		/// The smallest cost of a registration has to be at most the largest.
		MinBurnAboveMaxBurn,
		/// The half-life of the registration cost has to be at least 1 block.
		BurnHalfLifeTooShort,
		/// The increase of the registration cost has to be a factor from 1 to 3.
		BurnIncreaseMultOutOfBounds,
		/// The smallest difficulty has to be at least 1, and at most the largest.
		DifficultyOutOfBounds,
		/// Between 1 and 10 neurons of the owner are never replaced.
		ImmuneOwnerUidsLimitOutOfBounds,
		/// Neurons have to be able to register by paying or by work; only root can switch off both.
		NoRegistrationLeft,
		/// Every subnet has exactly one mechanism for now.
		MechanismCountNotOffered,
		/// There may be at most 128 subnets.
		SubnetLimitTooHigh,
		/// A subnet has to cost at least the existential deposit, which stays in its account, and the `MinimumReserve` of the
		/// pallet `Swap`, with which its pool opens.
		NetworkMinLockCostTooLow,
		/// The value is outside its bounds.
		ValueNotInBounds,
	}

	impl<T: Config> Pallet<T> {
		/// Sets a hyperparameter to a value, which `change` writes into the record.
		fn set(
			authority: Authority,
			netuid: NetUid,
			hyperparameter: Hyperparameter,
			value: HyperparamValue,
			change: impl FnOnce(&mut Hyperparameters),
		) -> DispatchResult {
			Subtensor::<T>::ensure_subnet_exists(netuid)?;
			ensure!(!netuid.is_root(), Error::<T>::NotPermittedOnRootSubnet);
			Subtensor::<T>::admit_change(authority, netuid, hyperparameter)?;
			Subtensor::<T>::change_hyperparameters(authority, netuid, change).map_err(Error::<T>::from)?;
			Self::deposit_event(Event::HyperparameterSet {
				netuid,
				hyperparameter,
				value,
			});
			Ok(())
		}

		/// Tells that a setting of the chain was changed.
		fn changed(setting: Setting, value: u64) -> DispatchResult {
			Self::deposit_event(Event::SettingChanged { setting, value });
			Ok(())
		}
	}
}
