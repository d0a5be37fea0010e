//! Units, identifiers, fixed-point numbers and runtime-API types that the pallets, the runtime and
//! their clients share.
//!
//! # Bird's-eye view
//!
//! - [`units`]: newtypes for identifiers ([`NetUid`], [`MechId`], [`MechanismIndex`]) and for the two
//!   kinds of money ([`TaoBalance`], [`AlphaBalance`]), which cannot be added to each other;
//! - [`fixed`]: the share number [`U64F64`], the price [`I96F32`] and exact products divided by a third number;
//! - [`beacon`]: [`Beacon`], the seam between sealed commits and a randomness beacon;
//! - [`neurons`]: [`NeuronObserver`], for what else the chain keeps about neurons;
//! - [`pools`]: [`SubnetPools`], the seam between staking and the pools of TAO and alpha;
//! - [`cleanup`]: [`SubnetCleanup`], the seam through which other pallets learn that a subnet is gone;
//! - [`info`], [`metagraph`] and [`delegation`]: the records that the runtime APIs return;
//! - [`hyperparams`]: hyperparameters as a list of names and values;
//! - [`apis`]: the runtime-API declarations.
//!
//! The encoding of every type follows what wallets and explorers of the network expect: an identifier or
//! an amount is an unnamed one-field composite (a client sees the bare integer), a fixed-point number is a
//! composite with one field named `bits`.
//!
//! ```
//! use ganglion_primitives::{AlphaBalance, NetUid, TaoBalance};
//!
//! let stake = TaoBalance::new(5_000_000_000);
//! assert_eq!(stake.checked_add(TaoBalance::new(1)), Some(TaoBalance::new(5_000_000_001)));
//! assert_eq!(AlphaBalance::new(3).saturating_sub(AlphaBalance::new(4)), AlphaBalance::ZERO);
//! assert!(NetUid::ROOT.is_root());
//! ```

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

pub mod apis;
pub mod beacon;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
pub mod cleanup;
pub mod delegation;
pub mod fixed;
pub mod hyperparams;
pub mod info;
pub mod metagraph;
pub mod neurons;
pub mod pools;
pub mod units;

pub use beacon::{Beacon, BeaconSignature, NeededRounds, TimelockError};
pub use cleanup::SubnetCleanup;
pub use delegation::{DelegateInfo, DelegatedStake, LockState, Nomination, StakeAvailability, StakeBySubnet};
pub use fixed::{I32F32, I64F64, I96F32, U64F64, mul_div_ceil, mul_div_floor};
pub use hyperparams::{HyperparamEntry, HyperparamValue};
pub use info::{
	AxonInfo, BasketClaimPreview, ChainIdentityV2, IdentityText, NeuronCertificate, NeuronInfo, NeuronInfoLite,
	PrometheusInfo, StakeInfo, SubnetIdentityV3,
};
pub use metagraph::Metagraph;
pub use neurons::NeuronObserver;
pub use pools::{PoolRefusal, PriceLimit, Reserves, SimSwapResult, SubnetPools, SubnetPrice, Trade};
pub use sp_runtime::{AccountId32, PerU16};
pub use units::{AlphaBalance, MechId, MechanismIndex, NetUid, RAO_PER_TAO, TaoBalance};
