//! The pallet named `Swap`: a pool of TAO and alpha for each subnet.
//!
//! It stores what [`swap_math`] computes with and keeps the books of the reserves; it moves no balances. Staking and
//! emission use it through [`SubnetPools`], clients through [`Pallet::sim_swap_tao_for_alpha`] and its like.
//!
//! | item | what |
//! | --- | --- |
//! | [`Pools`] | the reserves of a subnet's pool and the weight of TAO in it |
//! | [`BalancerTaoReservoir`], [`BalancerAlphaReservoir`] | what was added to a pool and waits, see below |
//! | [`FeeRate`] | the fee of a subnet's pool, which its owner and root may set |
//!
//! # What cannot be added at once
//!
//! Liquidity never moves the price: the weights of the two reserves change instead, within one to ninety-nine hundredths
//! ([`TaoWeight`]). Of a token whose weight is at the bound, only as much is added as the bound allows. The rest waits in
//! that token's reservoir, which no trade reaches, and is offered to the pool again with each [`SubnetPools::inject`]: the
//! other token's emission makes room for it. It belongs to the pool: whoever closes the pool gets it too, and the subnet's
//! account holds its TAO.
//!
//! # What cannot be withdrawn
//!
//! A pool opens with [`MINIMUM_RESERVE`] of each token at least, and a trade that would leave less is refused, so that
//! the price never becomes zero or infinite.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::arithmetic_side_effects,
		clippy::indexing_slicing,
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::float_arithmetic
	)
)]

extern crate alloc;

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
mod pools;
mod simulation;
mod try_state;
pub mod weight_info;

#[cfg(test)]
#[path = "../../subtensor/src/counter.rs"]
mod counter;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use pools::PoolState;
pub use weight_info::{PalletWeight, WeightInfo};

use frame_support::{pallet_prelude::DispatchResult, traits::EnsureOriginWithArg};
use ganglion_primitives::NetUid;
#[cfg(doc)]
use ganglion_primitives::SubnetPools;
#[cfg(doc)]
use swap_math::TaoWeight;

/// The least that each reserve of a pool may hold, in rao.
pub const MINIMUM_RESERVE: u64 = 1_000_000;
/// The fee rate of a pool whose rate nobody set, of 65535: about 0.05%.
pub const DEFAULT_FEE_RATE: u16 = 33;
/// The highest fee rate, of 65535: about 1.5%. An owner who could set any rate could keep everybody's stake.
pub const MAX_FEE_RATE: u16 = 1_000;

/// Who may set the fee rate of a subnet's pool, and when.
pub trait FeeAuthority<Origin> {
	/// Fails unless this origin may set the fee rate of the subnet's pool now. Notes that it does, where that counts.
	fn admit(origin: Origin, netuid: NetUid) -> DispatchResult;

	/// A subnet, and an origin that may set its pool's fee rate after as many checks as there are; for benchmarks.
	#[cfg(feature = "runtime-benchmarks")]
	fn prepare_for_benchmark(netuid: NetUid) -> Result<(Origin, NetUid), sp_runtime::DispatchError>;
}

/// An origin that may set it may do so at any time.
impl<Origin, Ensure: EnsureOriginWithArg<Origin, NetUid>> FeeAuthority<Origin> for Ensure {
	fn admit(origin: Origin, netuid: NetUid) -> DispatchResult {
		Ensure::ensure_origin(origin, &netuid)?;
		Ok(())
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn prepare_for_benchmark(netuid: NetUid) -> Result<(Origin, NetUid), sp_runtime::DispatchError> {
		let origin = Ensure::try_successful_origin(&netuid).map_err(|()| sp_runtime::DispatchError::BadOrigin)?;
		Ok((origin, netuid))
	}
}

/// The pallet.
#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME's expansion")]
pub mod pallet {
	use super::*;
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;
	use ganglion_primitives::{AlphaBalance, Reserves, TaoBalance};

	/// The version of this pallet's storage layout.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the runtime supplies.
	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// Who may set the fee rate of a subnet: its owner, and root.
		type FeeOrigin: FeeAuthority<Self::RuntimeOrigin>;

		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}

	/// Bounds that clients read.
	#[pallet::extra_constants]
	impl<T: Config> Pallet<T> {
		/// The highest fee rate, of 65535.
		#[pallet::constant_name(MaxFeeRate)]
		fn max_fee_rate() -> u16 {
			MAX_FEE_RATE
		}

		/// The least that each reserve of a pool may hold, in rao.
		#[pallet::constant_name(MinimumReserve)]
		fn minimum_reserve() -> u64 {
			MINIMUM_RESERVE
		}
	}

	/// The pool of a subnet.
	#[pallet::storage]
	pub type Pools<T: Config> = StorageMap<_, Identity, NetUid, PoolState, OptionQuery>;

	/// TAO that waits to be added to a pool.
	#[pallet::storage]
	pub type BalancerTaoReservoir<T: Config> = StorageMap<_, Identity, NetUid, TaoBalance, ValueQuery>;

	/// Alpha that waits to be added to a pool.
	#[pallet::storage]
	pub type BalancerAlphaReservoir<T: Config> = StorageMap<_, Identity, NetUid, AlphaBalance, ValueQuery>;

	/// The value of [`FeeRate`] where nobody set one.
	#[pallet::type_value]
	pub fn DefaultFeeRate() -> u16 {
		DEFAULT_FEE_RATE
	}

	/// The part of what is offered to a pool that is its fee, of 65535. The fee stays in the pool.
	#[pallet::storage]
	pub type FeeRate<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery, DefaultFeeRate>;

	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// The fee rate of a subnet's pool was set.
		FeeRateSet {
			/// The subnet.
			netuid: NetUid,
			/// The rate, of 65535.
			rate: u16,
		},
		/// A subnet got a pool.
		PoolOpened {
			/// The subnet.
			netuid: NetUid,
			/// What the pool starts with.
			reserves: Reserves,
		},
		/// The pool of a subnet was removed.
		PoolClosed {
			/// The subnet.
			netuid: NetUid,
			/// What was in the pool, and what waited to be added to it.
			reserves: Reserves,
		},
	}

	/// Why a call fails.
	#[pallet::error]
	pub enum Error<T> {
		/// The fee rate is above the highest one: set at most the constant `MaxFeeRate`, in parts of 65535.
		FeeRateTooHigh,
		/// The subnet has no pool: look its number up. Root has none, its stake is TAO.
		MechanismDoesNotExist,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Sets the fee rate of a subnet's pool, in parts of 65535; the subnet's owner, as often as it may change a
		/// hyperparameter and not shortly before an epoch, or root.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::set_fee_rate())]
		pub fn set_fee_rate(origin: OriginFor<T>, netuid: NetUid, rate: u16) -> DispatchResult {
			T::FeeOrigin::admit(origin, netuid)?;
			Self::do_set_fee_rate(netuid, rate)
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "try-runtime")]
		fn try_state(_block: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	impl<T: Config> Pallet<T> {
		/// Sets the fee rate of a pool that exists.
		pub(crate) fn do_set_fee_rate(netuid: NetUid, rate: u16) -> DispatchResult {
			ensure!(rate <= MAX_FEE_RATE, Error::<T>::FeeRateTooHigh);
			ensure!(Pools::<T>::contains_key(netuid), Error::<T>::MechanismDoesNotExist);
			FeeRate::<T>::insert(netuid, rate);
			Self::deposit_event(Event::FeeRateSet { netuid, rate });
			Ok(())
		}
	}
}
