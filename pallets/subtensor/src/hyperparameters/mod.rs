//! Hyperparameters: one record in code, one storage item each on chain.
//!
//! `table` describes each hyperparameter once; `record` and `storage`, and the pallet `AdminUtils`, derive the record, its
//! items and the calls from it. `bounds` says what a valid record is, `change` who may change it and when; `chain` has the
//! settings that are not a subnet's.

mod bounds;
mod chain;
mod change;
mod record;
pub mod storage;

#[cfg(test)]
mod tests;

pub use bounds::*;
pub use change::{Authority, ChangeRefused, RateLimitKey};
pub use record::{Hyperparameter, Hyperparameters};

use crate::pallet::*;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{ensure, pallet_prelude::DispatchResult};
use ganglion_primitives::{HyperparamValue, NetUid};
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
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
pub enum EpochConsensus {
	/// Yuma consensus, version 2 or 3 as [`Hyperparameters::yuma3_on`] says.
	#[default]
	Yuma,
	/// No consensus. Not offered: [`Hyperparameters::validate`] refuses it.
	Null,
}

impl From<EpochConsensus> for HyperparamValue {
	fn from(consensus: EpochConsensus) -> Self {
		Self::U8(match consensus {
			EpochConsensus::Yuma => 0,
			EpochConsensus::Null => 1,
		})
	}
}

impl Hyperparameters {
	/// The activity cutoff in blocks.
	pub fn activity_cutoff(&self) -> u64 {
		activity_cutoff(self.activity_cutoff_factor_milli, self.tempo)
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
	pub(crate) fn do_set_tempo(authority: Authority, netuid: NetUid, tempo: u16) -> DispatchResult {
		Self::admit_change(authority, netuid, Hyperparameter::Tempo)?;
		// Nothing else in the record depends on the tempo, so that the rest of it need not be read.
		ensure!((MIN_TEMPO..=MAX_TEMPO).contains(&tempo), Error::<T>::TempoOutOfBounds);
		Tempo::<T>::insert(netuid, tempo);
		Self::deposit_event(Event::TempoSet(netuid, tempo));
		Ok(())
	}
}
