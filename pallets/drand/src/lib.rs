//! The pallet that the metadata calls `Drand`: verified pulses of a randomness beacon.
//!
//! A [drand](https://docs.drand.love) beacon signs the number of a round every few seconds. What was encrypted to a round
//! is opened by the signature of the round, so the chain needs the signatures of the rounds that somebody encrypted to.
//!
//! # Bird's-eye view
//!
//! - [`BeaconConfig`](pallet::BeaconConfig): which beacon, by its public key. The public `quicknet` unless genesis or
//!   root say otherwise; for development [`BeaconConfiguration::development`], whose key everybody knows;
//! - [`Pulses`](pallet::Pulses): the latest [`MAX_STORED_PULSES`] pulses that were written, each verified before;
//! - [`worker`]: after each block a node fetches the rounds that the chain waits for ([`NeededRounds`]) and now and then
//!   the latest, verifies them, and submits them. Rounds that nobody waits for are skipped, so a chain that stood still
//!   for a day catches up at once;
//! - [`Beacon`]: how other pallets ask for signatures, and open what was sealed.
//!
//! Nobody has to be trusted: a pulse is its own proof. The worker's transaction is free and is taken from the block's own
//! author only; anybody else may write pulses for a fee, which keeps a chain going whose authors have no beacon.
//!
//! [`Beacon`]: ganglion_primitives::Beacon
//! [`NeededRounds`]: ganglion_primitives::NeededRounds

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
mod pulses;
mod try_state;
mod types;
pub mod weights;
pub mod worker;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use types::{
	BeaconConfiguration, BoundedHash, BoundedName, GenesisBeacon, MAX_PULSES_PER_CALL, Metadata, OpaquePublicKey,
	Pulse, PulsesPayload,
};
pub use weights::{PalletWeight, WeightInfo};

/// Most pulses that the chain keeps; the oldest rounds go first.
pub const MAX_STORED_PULSES: u32 = 1_024;

/// The pallet.
#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME's expansion")]
pub mod pallet {
	use super::{
		BeaconConfiguration, GenesisBeacon, MAX_PULSES_PER_CALL, MAX_STORED_PULSES, Pulse, PulsesPayload, WeightInfo,
	};
	use alloc::vec::Vec;
	use core::marker::PhantomData;
	use frame_support::pallet_prelude::*;
	use frame_system::{offchain::CreateAuthorizedTransaction, pallet_prelude::*};
	use ganglion_primitives::NeededRounds;

	/// The pallet.
	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// What the pallet needs of the runtime.
	#[pallet::config]
	pub trait Config:
		frame_system::Config<RuntimeEvent: From<Event<Self>>> + CreateAuthorizedTransaction<Call<Self>>
	{
		/// The rounds that the chain waits for.
		type NeededRounds: NeededRounds;
		/// Weights of the calls.
		type WeightInfo: WeightInfo;
		/// How far the worker's transactions go before others.
		#[pallet::constant]
		type UnsignedPriority: Get<TransactionPriority>;
		/// How long the worker waits for the beacon, in milliseconds.
		#[pallet::constant]
		type HttpFetchTimeout: Get<u64>;
	}

	/// The beacon that the chain follows.
	#[pallet::storage]
	pub type BeaconConfig<T: Config> = StorageValue<_, BeaconConfiguration, ValueQuery>;

	/// Round → what the beacon published for it. Verified before it was stored.
	#[pallet::storage]
	pub type Pulses<T: Config> = StorageMap<_, Twox64Concat, u64, Pulse, OptionQuery>;

	/// The rounds of [`Pulses`], ascending.
	#[pallet::storage]
	pub type StoredRounds<T: Config> = StorageValue<_, BoundedVec<u64, ConstU32<MAX_STORED_PULSES>>, ValueQuery>;

	/// The highest round of [`Pulses`]; 0 if there is none.
	#[pallet::storage]
	pub type LastStoredRound<T: Config> = StorageValue<_, u64, ValueQuery>;

	/// The lowest round of [`Pulses`]; 0 if there is none.
	#[pallet::storage]
	pub type OldestStoredRound<T: Config> = StorageValue<_, u64, ValueQuery>;

	/// The beacon of a new chain.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The beacon; quicknet by default.
		pub beacon: GenesisBeacon,
		/// Nothing.
		#[serde(skip)]
		pub marker: PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		#[expect(clippy::panic, reason = "a chain whose genesis is invalid must not start")]
		fn build(&self) {
			match BeaconConfiguration::try_from(self.beacon.clone()) {
				Ok(beacon) => BeaconConfig::<T>::put(beacon),
				Err(what) => panic!("the genesis field drand.beacon is invalid: {what}"),
			}
		}
	}

	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// The chain follows another beacon; the pulses of the one before were removed.
		BeaconConfigChanged,
		/// Pulses of these rounds were stored.
		NewPulse {
			/// The rounds, ascending.
			rounds: Vec<u64>,
		},
		/// Pulses of rounds before this one were removed.
		SetOldestStoredRound(u64),
	}

	/// Why a call failed.
	#[pallet::error]
	pub enum Error<T> {
		/// The call has no pulses. Give at least one.
		NoneValue,
		/// A pulse is malformed: its signature is no point of the group, or its randomness is not the hash of its signature.
		/// Give it as the beacon published it.
		UnverifiedPulse,
		/// A round is 0, stored already, or not above the round before it. Give rounds in ascending order, each once, and
		/// only those that the chain does not have; when removing pulses, name a round up to the last one.
		InvalidRoundNumber,
		/// A signature is not this beacon's signature of the round. Fetch the pulse from the beacon that `BeaconConfig` names.
		PulseVerificationError,
		/// The beacon cannot be followed: its key is no point of G2, its period is 0, its hash has not 32 bytes, or its
		/// scheme is not `bls-unchained-g1-rfc9380`. Take the values from the beacon's `info` page.
		InvalidBeaconConfiguration,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn offchain_worker(block: BlockNumberFor<T>) {
			Self::run_worker(block);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_block: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Stores up to eight pulses, each verified with the beacon's key.
		///
		/// The off-chain worker of the block's author submits it without a signer and without a fee. Anybody else may sign
		/// and pay for it: the pulses prove themselves.
		///
		/// # Errors
		/// `NoneValue`, `UnverifiedPulse`, `InvalidRoundNumber`, `PulseVerificationError`.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::write_pulse(pulses_payload.pulses.len() as u32))]
		#[pallet::authorize(Pallet::<T>::authorize_pulses)]
		#[pallet::weight_of_authorize(T::WeightInfo::verify_pulses(pulses_payload.pulses.len() as u32))]
		pub fn write_pulse(origin: OriginFor<T>, pulses_payload: PulsesPayload) -> DispatchResultWithPostInfo {
			let count = MAX_PULSES_PER_CALL.min(pulses_payload.pulses.len() as u32);
			if ensure_authorized(origin.clone()).is_ok() {
				// The block that has this call verified the pulses a moment ago.
				Self::do_write_pulses(pulses_payload)?;
				return Ok((Some(T::WeightInfo::store_pulses(count)), Pays::No).into());
			}
			ensure_signed_or_root(origin)?;
			Self::verify_pulses(&pulses_payload)?;
			Self::do_write_pulses(pulses_payload)?;
			Ok(().into())
		}

		/// Follows another beacon, and removes the pulses of the one before. Root only.
		///
		/// What was sealed to the beacon before and has not been opened stays sealed.
		///
		/// # Errors
		/// `InvalidBeaconConfiguration`.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::set_beacon_config())]
		pub fn set_beacon_config(origin: OriginFor<T>, config_payload: BeaconConfiguration) -> DispatchResult {
			ensure_root(origin)?;
			Self::do_set_beacon_config(config_payload)
		}

		/// Removes the pulses of rounds before `oldest_round`. Root only.
		///
		/// # Errors
		/// `InvalidRoundNumber` where `oldest_round` is above the last stored round.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::set_oldest_stored_round())]
		pub fn set_oldest_stored_round(origin: OriginFor<T>, oldest_round: u64) -> DispatchResult {
			ensure_root(origin)?;
			Self::do_set_oldest_stored_round(oldest_round)
		}
	}
}
