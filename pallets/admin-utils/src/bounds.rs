//! Which error tells of which violated bound.

use crate::pallet::{Config, Error};
use pallet_subtensor::{ChangeRefused, InvalidHyperparameter};

impl<T: Config> From<InvalidHyperparameter> for Error<T> {
	fn from(invalid: InvalidHyperparameter) -> Self {
		match invalid.name {
			"tempo" => Self::TempoOutOfBounds,
			"maxAllowedUids" => Self::MaxAllowedUidsOutOfBounds,
			"maxAllowedValidators" => Self::MaxAllowedValidatorsOutOfBounds,
			"maxWeightsLimit" => Self::MaxWeightsLimitTooLow,
			"revealPeriodEpochs" => Self::RevealPeriodOutOfBounds,
			"epochConsensus" => Self::EpochConsensusNotOffered,
			"bondsMovingAverage" => Self::BondsMovingAverageMaxReached,
			"activityCutoffFactorMilli" => Self::ActivityCutoffFactorOutOfBounds,
			"alphaLow" => Self::AlphaLowAboveAlphaHigh,
			"collateralDrainRatio" => Self::CollateralDrainRatioOutOfBounds,
			"collateralLockShare" => Self::CollateralLockShareTooHigh,
			"maxRegistrationsPerBlock" => Self::MaxRegistrationsPerBlockOutOfBounds,
			"burn" => Self::MinBurnAboveMaxBurn,
			"burnHalfLife" => Self::BurnHalfLifeTooShort,
			"burnIncreaseMult" => Self::BurnIncreaseMultOutOfBounds,
			"minDifficulty" | "difficulty" => Self::DifficultyOutOfBounds,
			"immuneOwnerUidsLimit" => Self::ImmuneOwnerUidsLimitOutOfBounds,
			"subnetLimit" => Self::SubnetLimitTooHigh,
			"networkMinLockCost" => Self::NetworkMinLockCostTooLow,
			_ => Self::ValueNotInBounds,
		}
	}
}

impl<T: Config> From<ChangeRefused> for Error<T> {
	fn from(refused: ChangeRefused) -> Self {
		match refused {
			ChangeRefused::Invalid(invalid) => invalid.into(),
			ChangeRefused::FewerUidsThanNeurons => Self::MaxAllowedUIdsLessThanCurrentUIds,
			ChangeRefused::NegativeSteepness => Self::NegativeSigmoidSteepness,
			ChangeRefused::NoRegistrationLeft => Self::NoRegistrationLeft,
		}
	}
}
