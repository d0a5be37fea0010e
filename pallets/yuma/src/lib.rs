//! Yuma consensus: stake, weights and bonds of one subnet in, payouts and new bonds out.
//!
//! Validators say what miners are worth by setting weights. Yuma pays miners for what enough stake agrees on, and
//! validators for having said it early: a weight counts up to the consensus about its destination, and bonds, which grow
//! with the weights over the epochs, turn a miner's success into its validators' dividends.
//!
//! # The sequence
//!
//! Write `S` for the shares of active stake, `W` for the weights with each row normalised, `B` for the bonds, `i` for
//! validators (rows) and `j` for miners (columns).
//!
//! | step | formula | module |
//! | --- | --- | --- |
//! | who counts | stake below the threshold is none; `S` is of active uids with a permit; the top stakes get new permits | `stake` |
//! | weights | void are those of unpermitted uids, on oneself, and older than the destination; rows sum to 1 | `weights` |
//! | consensus | `C_j` is the highest weight that at least κ of `S` supports | `median` |
//! | clipping | `W̄_ij = min(W_ij, C_j)`; validator trust is `Σ_j W̄_ij` | `weights` |
//! | incentive | `R_j = Σ_i S_i · W̄_ij`, normalised | `weights` |
//! | weights for bonds | `W̃ = W + β · (W̄ - W)` with the bonds penalty β | `weights` |
//! | bonds, Yuma 2 | `ΔB = S ∘ W̃` and `B = α · ΔB + (1 - α) · B`, columns normalised | `bonds` |
//! | bonds, Yuma 3 | `B = α · W̃ + (1 - α) · B`; under liquid alpha each pair has its own α | `bonds`, `liquid_alpha` |
//! | dividends | `Σ_j B_ij · R_j` with normalised columns (times `S_i` in Yuma 3), normalised | `bonds` |
//! | emission | by incentive and dividends over the sum of both | `emission` |
//!
//! # Numbers
//!
//! A consensus has to come out the same everywhere, so there are no floats. Everything is fixed point with 32 fractional
//! bits (module `fixed`). Products round towards minus infinity, quotients are cut, a share becomes `u16` as
//! `floor(share · 65535)`, an emission is `floor(share · rao)`, and what does not exist or fit is zero. Sums are exact,
//! so that their order does not matter; the places where values are divided do, and they are part of the protocol.
//!
//! # Example
//!
//! Two validators with 60% and 40% of the stake rate two miners. They disagree, and with κ at one half the consensus is
//! what the larger of them says.
//!
//! ```
//! use yuma::{EpochInput, EpochOutput, MechanismInput, Parameters, Workspace, run_epoch};
//!
//! let input = EpochInput {
//!     n: 4,
//!     block: 1_000,
//!     last_mechanism_step_block: 900,
//!     owner_uid: None,
//!     emission: 1_000_000,
//!     block_at_registration: &[1, 1, 1, 1],
//!     stake: &[60, 40, 0, 0],
//!     validator_permits: &[true, true, false, false],
//!     mechanisms: &[MechanismInput {
//!         last_update: &[990, 990, 0, 0],
//!         weights: &[&[(2, 3), (3, 1)], &[(2, 1), (3, 3)]],
//!         ..MechanismInput::default()
//!     }],
//!     parameters: Parameters {
//!         kappa: 32_767,
//!         bonds_penalty: 65_535,
//!         bonds_moving_average: 900_000,
//!         yuma3: false,
//!         liquid_alpha: None,
//!         max_allowed_validators: 2,
//!         activity_cutoff: 100,
//!         stake_threshold: 0,
//!         tempo: 100,
//!     },
//! };
//! let (mut workspace, mut output) = (Workspace::default(), EpochOutput::default());
//! run_epoch(&input, &mut workspace, &mut output);
//!
//! assert_eq!(output.consensus, [0, 0, 49_151, 16_383]); // 3/4 and 1/4
//! // The second validator's weights are clipped from 1/4 and 3/4 to 1/4 and 1/4.
//! assert_eq!(output.validator_trust, [65_535, 32_767, 0, 0]);
//! // Ranks 0.6 · 3/4 + 0.4 · 1/4 = 0.55 and 0.6 · 1/4 + 0.4 · 1/4 = 0.25, normalised.
//! assert_eq!(output.incentive, [0, 0, 45_055, 20_479]);
//! assert_eq!(output.server_emission, [0, 0, 343_750, 156_249]);
//! ```

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
mod emission;
mod epoch;
mod fixed;
mod liquid_alpha;
mod mechanisms;
mod median;
mod sparse;
mod stake;
#[cfg(test)]
mod test_support;
mod types;
mod weights;

pub use epoch::{Workspace, run_epoch};
pub use types::{Entry, EpochInput, EpochOutput, LiquidAlpha, MechanismInput, MechanismOutput, Parameters, Rows};
