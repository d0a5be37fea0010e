//! What the fields of the record have to satisfy.

use super::{
	BONDS_MOVING_AVERAGE_ONE, EpochConsensus, Hyperparameters, MAX_REGISTRATIONS_PER_BLOCK, MAX_TEMPO, MIN_TEMPO,
};
use crate::{MAX_UIDS_PER_SUBNET, MAX_VALIDATORS_PER_SUBNET};
use ganglion_primitives::U64F64;

/// Most epochs between the commit and the reveal of weights.
pub const MAX_REVEAL_PERIOD_EPOCHS: u64 = 100;
/// Smallest activity cutoff factor: one tempo.
pub const MIN_ACTIVITY_CUTOFF_FACTOR_MILLI: u32 = 1_000;
/// Largest activity cutoff factor.
pub const MAX_ACTIVITY_CUTOFF_FACTOR_MILLI: u32 = 50_000;
/// Most neurons of an owner that are never replaced.
pub const MAX_IMMUNE_OWNER_UIDS: u16 = 10;
/// Largest share of a registration's cost that is locked as collateral: 95% of 65535.
pub const MAX_COLLATERAL_LOCK_SHARE: u16 = 62_258;

/// A hyperparameter outside its bounds: its name and what is expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidHyperparameter {
	/// Name of the field, as the JSON of a genesis configuration has it.
	pub name: &'static str,
	/// What the field has to satisfy.
	pub expected: &'static str,
}

/// Whether a field is within its bounds, its name, and what the bounds are.
type Rule = (bool, &'static str, &'static str);

#[rustfmt::skip]
impl Hyperparameters {
	/// Bounds of what an epoch and weights depend on.
	fn consensus_rules(&self) -> [Rule; 9] {
		let cutoff = MIN_ACTIVITY_CUTOFF_FACTOR_MILLI..=MAX_ACTIVITY_CUTOFF_FACTOR_MILLI;
		[
			((MIN_TEMPO..=MAX_TEMPO).contains(&self.tempo), "tempo", "5 to 50400 blocks"),
			(
				(1..=MAX_VALIDATORS_PER_SUBNET).contains(&self.max_allowed_validators),
				"maxAllowedValidators",
				"1 to 256",
			),
			(self.max_weights_limit >= 1, "maxWeightsLimit", "at least 1"),
			((1..=MAX_REVEAL_PERIOD_EPOCHS).contains(&self.reveal_period_epochs), "revealPeriodEpochs", "1 to 100"),
			(self.epoch_consensus == EpochConsensus::Yuma, "epochConsensus", "Yuma"),
			(self.bonds_moving_average <= BONDS_MOVING_AVERAGE_ONE, "bondsMovingAverage", "at most 1000000"),
			(cutoff.contains(&self.activity_cutoff_factor_milli), "activityCutoffFactorMilli", "1000 to 50000"),
			(self.alpha_low <= self.alpha_high, "alphaLow", "at most alphaHigh"),
			(
				self.collateral_drain_ratio > U64F64::ZERO && self.collateral_drain_ratio <= U64F64::from_integer(10),
				"collateralDrainRatio",
				"above 0 and at most 10",
			),
		]
	}

	/// Bounds of what registrations depend on.
	fn registration_rules(&self) -> [Rule; 9] {
		let increase = U64F64::from_integer(1)..=U64F64::from_integer(3);
		let difficulties = self.min_difficulty..=self.max_difficulty;
		[
			((1..=MAX_UIDS_PER_SUBNET).contains(&u32::from(self.max_allowed_uids)), "maxAllowedUids", "1 to 4096"),
			(
				(1..=MAX_REGISTRATIONS_PER_BLOCK).contains(&self.max_registrations_per_block),
				"maxRegistrationsPerBlock",
				"1 to 16",
			),
			((self.min_burn..=self.max_burn).contains(&self.burn), "burn", "between minBurn and maxBurn"),
			(self.burn_half_life >= 1, "burnHalfLife", "at least 1 block"),
			(increase.contains(&self.burn_increase_mult), "burnIncreaseMult", "1 to 3"),
			(self.min_difficulty >= 1, "minDifficulty", "at least 1"),
			(difficulties.contains(&self.difficulty), "difficulty", "between minDifficulty and maxDifficulty"),
			((1..=MAX_IMMUNE_OWNER_UIDS).contains(&self.immune_owner_uids_limit), "immuneOwnerUidsLimit", "1 to 10"),
			(self.collateral_lock_share <= MAX_COLLATERAL_LOCK_SHARE, "collateralLockShare", "at most 62258"),
		]
	}

	/// Checks every field against its bounds and names the first that is outside.
	pub fn validate(&self) -> Result<(), InvalidHyperparameter> {
		let rules = self.consensus_rules().into_iter().chain(self.registration_rules());
		match rules.into_iter().find(|(holds, ..)| !holds) {
			Some((_, name, expected)) => Err(InvalidHyperparameter { name, expected }),
			None => Ok(()),
		}
	}
}
