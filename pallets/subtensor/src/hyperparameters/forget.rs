//! Forgets the hyperparameters of a subnet that is dissolved.

use crate::pallet::*;
use ganglion_primitives::NetUid;

impl<T: Config> Pallet<T> {
	/// Forgets what is one item a subnet.
	pub(crate) fn forget_hyperparameters(netuid: NetUid) {
		Tempo::<T>::remove(netuid);
		MaxAllowedUids::<T>::remove(netuid);
		MaxAllowedValidators::<T>::remove(netuid);
		ImmunityPeriod::<T>::remove(netuid);
		WeightsSetRateLimit::<T>::remove(netuid);
		MinAllowedWeights::<T>::remove(netuid);
		MaxWeightsLimit::<T>::remove(netuid);
		WeightsVersionKey::<T>::remove(netuid);
		Kappa::<T>::remove(netuid);
		Rho::<T>::remove(netuid);
		BondsMovingAverage::<T>::remove(netuid);
		BondsPenalty::<T>::remove(netuid);
		ActivityCutoffFactorMilli::<T>::remove(netuid);
		Yuma3On::<T>::remove(netuid);
		LiquidAlphaOn::<T>::remove(netuid);
		AlphaValues::<T>::remove(netuid);
		AlphaSigmoidSteepness::<T>::remove(netuid);
		Burn::<T>::remove(netuid);
		MinBurn::<T>::remove(netuid);
		MaxBurn::<T>::remove(netuid);
		ServingRateLimit::<T>::remove(netuid);
		MaxRegistrationsPerBlock::<T>::remove(netuid);
		NetworkRegistrationAllowed::<T>::remove(netuid);
		CommitRevealWeightsEnabled::<T>::remove(netuid);
		SubnetEpochConsensus::<T>::remove(netuid);
	}
}
