//! Who may change a hyperparameter, and when.
//!
//! Root may at any time. The owner of a subnet may not shortly before an epoch ([`AdminFreezeWindow`]), so that nobody is
//! surprised by rules that weights were not set for, and each hyperparameter only once in [`OwnerHyperparamRateLimit`]
//! tempos.

use super::{EpochConsensus, Hyperparameter, Hyperparameters, InvalidHyperparameter};
use crate::pallet::*;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult},
};
use frame_system::{ensure_root, pallet_prelude::OriginFor};
use ganglion_primitives::NetUid;
use scale_info::TypeInfo;

/// What a rate limit counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum RateLimitKey {
	/// The owner's last change of a hyperparameter.
	OwnerHyperparamUpdate(NetUid, Hyperparameter),
	/// The owner's last change of the fee rate of the subnet's pool.
	OwnerFeeRateUpdate(NetUid),
}

impl RateLimitKey {
	/// The subnet that the limit is about.
	pub(crate) fn netuid(self) -> NetUid {
		let (Self::OwnerHyperparamUpdate(netuid, _) | Self::OwnerFeeRateUpdate(netuid)) = self;
		netuid
	}
}

/// Who changes a hyperparameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
	/// The chain itself.
	Root,
	/// The owner of the subnet.
	Owner,
}

/// Why a change of hyperparameters was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeRefused {
	/// The record would not be valid.
	Invalid(InvalidHyperparameter),
	/// The subnet has more neurons than it would have uids.
	FewerUidsThanNeurons,
	/// Only root makes the steepness of the sigmoid negative.
	NegativeSteepness,
	/// Only root switches off registrations of both kinds.
	NoRegistrationLeft,
}

impl From<InvalidHyperparameter> for ChangeRefused {
	fn from(invalid: InvalidHyperparameter) -> Self {
		Self::Invalid(invalid)
	}
}

impl<T: Config> Pallet<T> {
	/// Fails unless the origin is root or the owner of the (existing) subnet, and tells which. Root cannot be owned.
	pub fn subnet_authority(origin: OriginFor<T>, netuid: NetUid) -> Result<Authority, DispatchError> {
		let is_root = ensure_root(origin.clone()).is_ok();
		Self::ensure_subnet_owner_or_root(origin, netuid)?;
		Ok(if is_root { Authority::Root } else { Authority::Owner })
	}

	/// Fails unless the authority may change this hyperparameter now; from then on the rate limit counts.
	pub fn admit_change(authority: Authority, netuid: NetUid, hyperparameter: Hyperparameter) -> DispatchResult {
		Self::admit(
			authority,
			netuid,
			RateLimitKey::OwnerHyperparamUpdate(netuid, hyperparameter),
		)
	}

	/// Fails unless the origin may change the fee rate of the subnet's pool now; from then on the rate limit counts. The
	/// limits are those of hyperparameters, so that nobody finds another fee than expected in front of a trade.
	pub fn admit_fee_change(origin: OriginFor<T>, netuid: NetUid) -> DispatchResult {
		let authority = Self::subnet_authority(origin, netuid)?;
		Self::admit(authority, netuid, RateLimitKey::OwnerFeeRateUpdate(netuid))
	}

	fn admit(authority: Authority, netuid: NetUid, key: RateLimitKey) -> DispatchResult {
		if authority == Authority::Root {
			return Ok(());
		}
		Self::ensure_not_frozen(authority, netuid)?;
		let block = Self::block_number();
		let limit = u64::from(OwnerHyperparamRateLimit::<T>::get());
		if limit > 0 {
			let wait = limit.saturating_mul(u64::from(Tempo::<T>::get(netuid)));
			let last = LastRateLimitedBlock::<T>::get(key);
			let elapsed = block.saturating_sub(last);
			ensure!(last == 0 || elapsed >= wait, Error::<T>::TxRateLimitExceeded);
			LastRateLimitedBlock::<T>::insert(key, block);
		}
		Ok(())
	}

	/// Fails for the owner of a subnet whose epoch is near.
	pub(crate) fn ensure_not_frozen(authority: Authority, netuid: NetUid) -> DispatchResult {
		// At most half a tempo, so that there is a time for changes on every subnet.
		let window = u64::from(AdminFreezeWindow::<T>::get()).min(u64::from(Tempo::<T>::get(netuid)) / 2);
		if authority == Authority::Root || window == 0 {
			return Ok(());
		}
		let until = Self::next_epoch_block(netuid).map(|next| next.saturating_sub(Self::block_number()));
		ensure!(
			until.is_none_or(|until| until > window),
			Error::<T>::AdminActionProhibitedDuringWeightsWindow
		);
		Ok(())
	}

	/// Changes hyperparameters of an existing subnet. The cost of a registration and the difficulty follow where their
	/// bounds move past them. Nothing is written where the record would not be valid, or where the change is not the
	/// authority's to make.
	pub fn change_hyperparameters(
		authority: Authority,
		netuid: NetUid,
		change: impl FnOnce(&mut Hyperparameters),
	) -> Result<(), ChangeRefused> {
		let stored = Hyperparameters::load::<T>(netuid);
		let mut record = stored.clone();
		change(&mut record);
		record.burn = record.burn.min(record.max_burn).max(record.min_burn);
		record.difficulty = record.difficulty.min(record.max_difficulty).max(record.min_difficulty);
		record.validate()?;
		let neurons = SubnetworkN::<T>::get(netuid);
		record.permits_change(&stored, authority, neurons)?;
		record.store_changes::<T>(netuid, &stored);
		Ok(())
	}
}

impl Hyperparameters {
	/// Checks what only a change can violate.
	fn permits_change(&self, stored: &Self, authority: Authority, neurons: u16) -> Result<(), ChangeRefused> {
		let fewer_uids = self.max_allowed_uids < stored.max_allowed_uids;
		ensure!(
			!fewer_uids || self.max_allowed_uids >= neurons,
			ChangeRefused::FewerUidsThanNeurons
		);
		if authority == Authority::Root {
			return Ok(());
		}
		let steepness = self.alpha_sigmoid_steepness;
		ensure!(
			steepness >= 0 || steepness == stored.alpha_sigmoid_steepness,
			ChangeRefused::NegativeSteepness
		);
		let opens = |record: &Self| record.registration_allowed || record.pow_registration_allowed;
		ensure!(opens(self) || !opens(stored), ChangeRefused::NoRegistrationLeft);
		Ok(())
	}

	/// The version of consensus that epochs run.
	pub(crate) fn yuma_version(&self) -> u16 {
		match (self.epoch_consensus, self.yuma3_on) {
			(EpochConsensus::Yuma, true) => 3,
			(EpochConsensus::Yuma, false) => 2,
			(EpochConsensus::Null, _) => 0,
		}
	}
}
