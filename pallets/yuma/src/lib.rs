//! Yuma consensus: stake, weights and bonds of one subnet in, payouts and new bonds out.
//!
//! [`run_epoch`] computes an epoch, [`explain`](fn@explain) shows how one uid came to its part of it. The notation, the
//! formulae, a worked example and the rules of rounding follow.
//!
#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(
	not(test),
	deny(
		clippy::arithmetic_side_effects,
		clippy::expect_used,
		clippy::float_arithmetic,
		clippy::indexing_slicing,
		clippy::panic,
		clippy::unwrap_used
	)
)]

extern crate alloc;

mod bonds;
mod divisor;
mod emission;
mod epoch;
mod estimate;
mod explain;
mod exponential;
mod fixed;
mod liquid_alpha;
mod listing;
mod mechanisms;
mod median;
mod merge;
mod owned;
mod pair;
mod pairs;
mod places;
mod rows;
mod share;
mod stake;
#[cfg(test)]
mod test_support;
mod types;
mod validators;
mod weights;

pub use epoch::{Workspace, run_epoch};
pub use explain::{
	Amount, Basis, BondsRule, Consensus, Explanation, Holding, MinerChain, Opinion, Payout, Share, Standing,
	ValidatorChain, Verdict, explain,
};
pub use owned::{OwnedEpochInput, OwnedMechanism};
pub use types::{Entry, EpochInput, EpochOutput, LiquidAlpha, MechanismInput, MechanismOutput, Parameters, Rows};
