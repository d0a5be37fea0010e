//! Hyperparameters: one record in code, one storage item each on chain.

mod forget;
pub mod storage;

#[cfg(test)]
mod tests;

use crate::{MAX_UIDS_PER_SUBNET, MAX_VALIDATORS_PER_SUBNET, pallet::*};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{ensure, pallet_prelude::DispatchResult};
use ganglion_primitives::{NetUid, RAO_PER_TAO, TaoBalance};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use yuma::{LiquidAlpha, Parameters};

/// Fewest blocks between two epochs of a subnet.
pub const MIN_TEMPO: u16 = 5;
/// Most blocks between two epochs of a subnet: a week of 12 s blocks.
pub const MAX_TEMPO: u16 = 50_400;
/// `bonds_moving_average` that stands for 1.
pub const BONDS_MOVING_AVERAGE_ONE: u64 = 1_000_000;
/// Most registrations per block: each may search the whole subnet for the neuron to replace.
pub const MAX_REGISTRATIONS_PER_BLOCK: u16 = 16;

/// Which algorithm turns a subnet's weights into payouts.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum EpochConsensus {
	/// Yuma consensus, version 2 or 3 as [`Hyperparameters::yuma3_on`] says.
	#[default]
	Yuma,
	/// No consensus. Not offered: no call sets it.
	Null,
}

/// All hyperparameters of a subnet.
///
/// [`Hyperparameters::validate`] holds for every record in storage.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Hyperparameters {
	/// Blocks between epochs, [`MIN_TEMPO`] to [`MAX_TEMPO`].
	pub tempo: u16,
	/// Number of neurons from which on a registration replaces one, 1 to [`MAX_UIDS_PER_SUBNET`].
	pub max_allowed_uids: u16,
	/// Number of validator permits, 1 to [`MAX_VALIDATORS_PER_SUBNET`]; the owner's may come on top.
	pub max_allowed_validators: u16,
	/// Blocks during which a new neuron is not replaced.
	pub immunity_period: u16,
	/// Blocks between two weight vectors of one validator; 0 = no limit.
	pub weights_set_rate_limit: u64,
	/// Fewest destinations (with a weight above zero) of a weight vector. A subnet with fewer possible
	/// destinations asks for all of them.
	pub min_allowed_weights: u16,
	/// Largest share of one destination in a weight vector, of 65535; 65535 = no limit.
	pub max_weights_limit: u16,
	/// Smallest version key that a weight vector may carry; 0 = any.
	pub weights_version_key: u64,
	/// Majority ratio of consensus, of 65535.
	pub kappa: u16,
	/// Steepness of the trust sigmoid of earlier consensus versions. Kept for clients; nothing computes with it.
	pub rho: u16,
	/// Share of the old bond that is kept in an epoch, per million.
	pub bonds_moving_average: u64,
	/// How far bonds follow the clipped weights (65535) rather than the raw ones (0).
	pub bonds_penalty: u16,
	/// Activity cutoff in thousandths of a tempo: a validator whose weights are older counts as inactive.
	pub activity_cutoff_factor_milli: u32,
	/// Yuma 3 bonds.
	pub yuma3_on: bool,
	/// Liquid alpha; has an effect with Yuma 3 only.
	pub liquid_alpha_on: bool,
	/// Liquid alpha, lower bound, of 65535.
	pub alpha_low: u16,
	/// Liquid alpha, upper bound, of 65535; at least the lower one.
	pub alpha_high: u16,
	/// Liquid alpha, steepness of the sigmoid in hundredths.
	pub alpha_sigmoid_steepness: i16,
	/// Cost of a registration, between `min_burn` and `max_burn`.
	pub burn: TaoBalance,
	/// Smallest cost of a registration.
	pub min_burn: TaoBalance,
	/// Largest cost of a registration.
	pub max_burn: TaoBalance,
	/// Blocks between two publications of an axon; 0 = no limit.
	pub serving_rate_limit: u64,
	/// Most registrations per block, 1 to [`MAX_REGISTRATIONS_PER_BLOCK`].
	pub max_registrations_per_block: u16,
	/// Whether neurons may register.
	pub registration_allowed: bool,
}

impl Default for Hyperparameters {
	/// What a subnet of the public network starts with.
	fn default() -> Self {
		Self {
			tempo: 360,
			max_allowed_uids: 256,
			max_allowed_validators: 64,
			immunity_period: 4096,
			weights_set_rate_limit: 100,
			min_allowed_weights: 1,
			max_weights_limit: u16::MAX,
			weights_version_key: 0,
			kappa: 32_767,
			rho: 10,
			bonds_moving_average: 900_000,
			bonds_penalty: u16::MAX,
			activity_cutoff_factor_milli: 13_889,
			yuma3_on: false,
			liquid_alpha_on: false,
			alpha_low: 45_875,
			alpha_high: 58_982,
			alpha_sigmoid_steepness: 1_000,
			burn: TaoBalance::new(RAO_PER_TAO),
			min_burn: TaoBalance::new(500_000),
			max_burn: TaoBalance::new(100_u64.saturating_mul(RAO_PER_TAO)),
			serving_rate_limit: 50,
			max_registrations_per_block: 1,
			registration_allowed: true,
		}
	}
}

/// A hyperparameter outside its bounds: its name and what is expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidHyperparameter {
	/// Name of the field, as the JSON of a genesis configuration has it.
	pub name: &'static str,
	/// What the field has to satisfy.
	pub expected: &'static str,
}

impl Hyperparameters {
	/// Checks every field against its bounds and names the first that is outside.
	pub fn validate(&self) -> Result<(), InvalidHyperparameter> {
		let rules = [
			(
				(MIN_TEMPO..=MAX_TEMPO).contains(&self.tempo),
				"tempo",
				"5 to 50400 blocks",
			),
			(
				(1..=MAX_UIDS_PER_SUBNET).contains(&u32::from(self.max_allowed_uids)),
				"maxAllowedUids",
				"1 to 4096",
			),
			(
				(1..=MAX_VALIDATORS_PER_SUBNET).contains(&self.max_allowed_validators),
				"maxAllowedValidators",
				"1 to 256",
			),
			(self.max_weights_limit >= 1, "maxWeightsLimit", "at least 1"),
			(
				self.bonds_moving_average <= BONDS_MOVING_AVERAGE_ONE,
				"bondsMovingAverage",
				"at most 1000000",
			),
			(self.alpha_low <= self.alpha_high, "alphaLow", "at most alphaHigh"),
			(
				self.min_burn <= self.burn && self.burn <= self.max_burn,
				"burn",
				"between minBurn and maxBurn",
			),
			(
				(1..=MAX_REGISTRATIONS_PER_BLOCK).contains(&self.max_registrations_per_block),
				"maxRegistrationsPerBlock",
				"1 to 16",
			),
		];
		match rules.into_iter().find(|(holds, ..)| !holds) {
			Some((_, name, expected)) => Err(InvalidHyperparameter { name, expected }),
			None => Ok(()),
		}
	}

	/// The activity cutoff in blocks.
	pub fn activity_cutoff(&self) -> u64 {
		activity_cutoff(self.activity_cutoff_factor_milli, self.tempo)
	}

	/// Reads the record of a subnet.
	pub fn load<T: Config>(netuid: NetUid) -> Self {
		let (alpha_low, alpha_high) = AlphaValues::<T>::get(netuid);
		Self {
			tempo: Tempo::<T>::get(netuid),
			max_allowed_uids: MaxAllowedUids::<T>::get(netuid),
			max_allowed_validators: MaxAllowedValidators::<T>::get(netuid),
			immunity_period: ImmunityPeriod::<T>::get(netuid),
			weights_set_rate_limit: WeightsSetRateLimit::<T>::get(netuid),
			min_allowed_weights: MinAllowedWeights::<T>::get(netuid),
			max_weights_limit: MaxWeightsLimit::<T>::get(netuid),
			weights_version_key: WeightsVersionKey::<T>::get(netuid),
			kappa: Kappa::<T>::get(netuid),
			rho: Rho::<T>::get(netuid),
			bonds_moving_average: BondsMovingAverage::<T>::get(netuid),
			bonds_penalty: BondsPenalty::<T>::get(netuid),
			activity_cutoff_factor_milli: ActivityCutoffFactorMilli::<T>::get(netuid),
			yuma3_on: Yuma3On::<T>::get(netuid),
			liquid_alpha_on: LiquidAlphaOn::<T>::get(netuid),
			alpha_low,
			alpha_high,
			alpha_sigmoid_steepness: AlphaSigmoidSteepness::<T>::get(netuid),
			burn: Burn::<T>::get(netuid),
			min_burn: MinBurn::<T>::get(netuid),
			max_burn: MaxBurn::<T>::get(netuid),
			serving_rate_limit: ServingRateLimit::<T>::get(netuid),
			max_registrations_per_block: MaxRegistrationsPerBlock::<T>::get(netuid),
			registration_allowed: NetworkRegistrationAllowed::<T>::get(netuid),
		}
	}

	/// Writes the record of a subnet.
	pub(crate) fn store<T: Config>(&self, netuid: NetUid) {
		Tempo::<T>::insert(netuid, self.tempo);
		MaxAllowedUids::<T>::insert(netuid, self.max_allowed_uids);
		MaxAllowedValidators::<T>::insert(netuid, self.max_allowed_validators);
		ImmunityPeriod::<T>::insert(netuid, self.immunity_period);
		WeightsSetRateLimit::<T>::insert(netuid, self.weights_set_rate_limit);
		MinAllowedWeights::<T>::insert(netuid, self.min_allowed_weights);
		MaxWeightsLimit::<T>::insert(netuid, self.max_weights_limit);
		WeightsVersionKey::<T>::insert(netuid, self.weights_version_key);
		Kappa::<T>::insert(netuid, self.kappa);
		Rho::<T>::insert(netuid, self.rho);
		BondsMovingAverage::<T>::insert(netuid, self.bonds_moving_average);
		BondsPenalty::<T>::insert(netuid, self.bonds_penalty);
		ActivityCutoffFactorMilli::<T>::insert(netuid, self.activity_cutoff_factor_milli);
		Yuma3On::<T>::insert(netuid, self.yuma3_on);
		LiquidAlphaOn::<T>::insert(netuid, self.liquid_alpha_on);
		AlphaValues::<T>::insert(netuid, (self.alpha_low, self.alpha_high));
		AlphaSigmoidSteepness::<T>::insert(netuid, self.alpha_sigmoid_steepness);
		Burn::<T>::insert(netuid, self.burn);
		MinBurn::<T>::insert(netuid, self.min_burn);
		MaxBurn::<T>::insert(netuid, self.max_burn);
		ServingRateLimit::<T>::insert(netuid, self.serving_rate_limit);
		MaxRegistrationsPerBlock::<T>::insert(netuid, self.max_registrations_per_block);
		NetworkRegistrationAllowed::<T>::insert(netuid, self.registration_allowed);
	}
}

/// The activity cutoff in blocks, from thousandths of a tempo.
fn activity_cutoff(factor_milli: u32, tempo: u16) -> u64 {
	u64::from(factor_milli).saturating_mul(u64::from(tempo)) / 1_000
}

/// Reads what an epoch depends on, and no more: half of the record.
pub(crate) fn of_epoch<T: Config>(netuid: NetUid) -> Parameters {
	let tempo = Tempo::<T>::get(netuid);
	let yuma3 = Yuma3On::<T>::get(netuid);
	let liquid_alpha = (yuma3 && LiquidAlphaOn::<T>::get(netuid)).then(|| {
		let (alpha_low, alpha_high) = AlphaValues::<T>::get(netuid);
		LiquidAlpha {
			alpha_low,
			alpha_high,
			sigmoid_steepness: AlphaSigmoidSteepness::<T>::get(netuid),
		}
	});
	Parameters {
		kappa: Kappa::<T>::get(netuid),
		bonds_penalty: BondsPenalty::<T>::get(netuid),
		bonds_moving_average: BondsMovingAverage::<T>::get(netuid),
		yuma3,
		liquid_alpha,
		max_allowed_validators: MaxAllowedValidators::<T>::get(netuid),
		activity_cutoff: activity_cutoff(ActivityCutoffFactorMilli::<T>::get(netuid), tempo),
		stake_threshold: StakeThreshold::<T>::get(),
		tempo: u64::from(tempo),
	}
}

impl<T: Config> Pallet<T> {
	/// Sets the tempo of a subnet; the next epoch is counted from the last one with the new tempo.
	pub(crate) fn do_set_tempo(netuid: NetUid, tempo: u16) -> DispatchResult {
		// Nothing else in the record depends on the tempo, so that the rest of it need not be read.
		ensure!((MIN_TEMPO..=MAX_TEMPO).contains(&tempo), Error::<T>::TempoOutOfBounds);
		Tempo::<T>::insert(netuid, tempo);
		Self::deposit_event(Event::TempoSet(netuid, tempo));
		Ok(())
	}
}
