//! The pallet named `Commitments`: what neurons publish about themselves.
//!
//! A hotkey that holds a uid on a subnet publishes up to [`MAX_FIELDS`] fields there: bytes, hashes, or bytes that are
//! encrypted to a round of the beacon, which the chain opens and publishes in [`RevealedCommitments`](pallet::RevealedCommitments)
//! when the round has come. A new commitment replaces the last one. There is no deposit: a neuron may publish
//! [`MaxSpace`](pallet::MaxSpace) bytes an epoch, and what it published goes when it loses its uid.

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
mod data;
mod reveal;
#[cfg(test)]
mod tests;

pub use data::*;
pub use pallet::*;

use alloc::{boxed::Box, vec::Vec};
use frame_support::sp_runtime::traits::UniqueSaturatedInto;
use frame_support::{BoundedVec, ensure, pallet_prelude::DispatchResult, traits::ConstU32, weights::Weight};
use ganglion_primitives::{AccountId32, Beacon, NetUid, SubnetCleanup, TaoBalance};

/// Most commitments that wait for one round.
pub const MAX_WAITING_PER_ROUND: u32 = 256;
/// Most rounds that commitments wait for.
pub const MAX_ROUNDS: u32 = 2_048;
/// Most commitments that a block opens; the others follow in the next blocks.
pub const OPENED_PER_BLOCK: u32 = 8;
/// Opened fields of a neuron that are kept, the newest.
pub const MAX_REVEALED: u32 = 10;
/// Bytes that a neuron may publish in an epoch, unless root set another number.
pub const DEFAULT_MAX_SPACE: u32 = 3_100;

/// What this pallet asks about neurons, and of bonds.
pub trait Neurons {
	/// Whether the hotkey holds a uid on the subnet.
	fn is_registered(netuid: NetUid, hotkey: &AccountId32) -> bool;

	/// The number of the subnet's epoch.
	fn epoch(netuid: NetUid) -> u64;

	/// Makes validators' bonds in the neuron start anew, where the subnet allows it.
	fn reset_bonds(netuid: NetUid, hotkey: &AccountId32) -> DispatchResult;

	/// The weight of [`Neurons::reset_bonds`].
	fn reset_bonds_weight() -> Weight;

	/// A neuron of the largest subnet, to which every validator has a bond; for benchmarks.
	#[cfg(feature = "runtime-benchmarks")]
	fn neuron_for_benchmark() -> (NetUid, AccountId32);
}

/// The pallet.
#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME's expansion")]
pub mod pallet {
	use super::*;
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;

	/// The pallet.
	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// What the runtime supplies.
	#[pallet::config]
	pub trait Config: frame_system::Config<AccountId = AccountId32, RuntimeEvent: From<Event<Self>>> {
		/// The neurons of the subnets.
		type Neurons: Neurons;

		/// Opens what is sealed until a round.
		type Beacon: Beacon;
	}

	/// Most bytes that a neuron may publish in an epoch.
	#[pallet::type_value]
	pub fn DefaultMaxSpace() -> u32 {
		DEFAULT_MAX_SPACE
	}

	/// What a neuron published last.
	#[pallet::storage]
	pub type CommitmentOf<T: Config> =
		StorageDoubleMap<_, Identity, NetUid, Twox64Concat, AccountId32, Registration, OptionQuery>;

	/// Timelocked fields of a neuron that were opened: the bytes, and the block of their commitment. Oldest first, at most
	/// [`MAX_REVEALED`].
	#[pallet::storage]
	pub type RevealedCommitments<T: Config> = StorageDoubleMap<
		_,
		Identity,
		NetUid,
		Twox64Concat,
		AccountId32,
		BoundedVec<(BoundedVec<u8, ConstU32<MAX_TIMELOCKED_BYTES>>, u64), ConstU32<MAX_REVEALED>>,
		OptionQuery,
	>;

	/// Block of a neuron's last commitment.
	#[pallet::storage]
	pub type LastCommitment<T: Config> =
		StorageDoubleMap<_, Identity, NetUid, Twox64Concat, AccountId32, u32, OptionQuery>;

	/// How much of its space a neuron has used.
	#[pallet::storage]
	pub type UsedSpaceOf<T: Config> =
		StorageDoubleMap<_, Identity, NetUid, Twox64Concat, AccountId32, UsageTracker, ValueQuery>;

	/// Most bytes that a neuron may publish in an epoch.
	#[pallet::storage]
	pub type MaxSpace<T: Config> = StorageValue<_, u32, ValueQuery, DefaultMaxSpace>;

	/// The rounds that commitments wait for, ascending.
	#[pallet::storage]
	pub type Rounds<T: Config> = StorageValue<_, BoundedVec<u64, ConstU32<MAX_ROUNDS>>, ValueQuery>;

	/// Whose commitments wait for a round.
	#[pallet::storage]
	pub type Waiting<T: Config> = StorageMap<
		_,
		Twox64Concat,
		u64,
		BoundedVec<(NetUid, AccountId32), ConstU32<MAX_WAITING_PER_ROUND>>,
		ValueQuery,
	>;

	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A neuron published something.
		Commitment {
			/// Subnet.
			netuid: NetUid,
			/// Hotkey.
			who: AccountId32,
		},
		/// A neuron published something that waits for a round.
		TimelockCommitment {
			/// Subnet.
			netuid: NetUid,
			/// Hotkey.
			who: AccountId32,
			/// The earliest round that it waits for.
			reveal_round: u64,
		},
		/// A timelocked field was opened.
		CommitmentRevealed {
			/// Subnet.
			netuid: NetUid,
			/// Hotkey.
			who: AccountId32,
		},
		/// A timelocked field could not be opened with the signature of its round, and is dropped.
		CommitmentUnreadable {
			/// Subnet.
			netuid: NetUid,
			/// Hotkey.
			who: AccountId32,
		},
	}

	/// Why a call was refused.
	#[pallet::error]
	pub enum Error<T> {
		/// The hotkey holds no uid on the subnet: register it first.
		AccountNotAllowedCommit,
		/// The neuron has published as many bytes as it may in this epoch: wait for the next, or publish less.
		SpaceLimitExceeded,
		/// The round has come already, or is more than a month ahead: encrypt to one between.
		InvalidRevealRound,
		/// As many commitments wait as may, for this round or in all: choose another round, or wait.
		TooManyTimelockedCommitments,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(_block: BlockNumberFor<T>) -> Weight {
			Self::open_due()
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_block: BlockNumberFor<T>) -> Result<(), frame_support::sp_runtime::TryRuntimeError> {
			Ok(Self::do_try_state()?)
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Publishes what a neuron says about itself, in place of what it published before.
		#[pallet::call_index(0)]
		#[pallet::weight(Pallet::<T>::set_commitment_weight())]
		pub fn set_commitment(origin: OriginFor<T>, netuid: NetUid, info: Box<CommitmentInfo>) -> DispatchResult {
			let hotkey = ensure_signed(origin)?;
			Self::do_set_commitment(&hotkey, netuid, *info)
		}

		/// Sets how many bytes a neuron may publish in an epoch; for root.
		#[pallet::call_index(2)]
		#[pallet::weight(T::DbWeight::get().writes(1).saturating_add(Weight::from_parts(20_000_000, 0)))]
		pub fn set_max_space(origin: OriginFor<T>, new_limit: u32) -> DispatchResult {
			ensure_root(origin)?;
			MaxSpace::<T>::put(new_limit);
			Ok(())
		}
	}
}

impl<T: Config> Pallet<T> {
	/// An upper bound: the neuron, its space and its commitment, the rounds it waits for, and new bonds.
	fn set_commitment_weight() -> Weight {
		// Each field may wait for a round, and so may each that it replaces.
		let fields = u64::from(MAX_FIELDS).saturating_mul(2);
		let items = <T::DbWeight as frame_support::traits::Get<_>>::get()
			.reads_writes(fields.saturating_add(6), fields.saturating_add(4));
		let computation = Weight::from_parts(150_000_000, 64 * 1_024);
		items
			.saturating_add(computation)
			.saturating_add(T::Neurons::reset_bonds_weight())
	}

	fn block() -> u32 {
		frame_system::Pallet::<T>::block_number().unique_saturated_into()
	}

	fn do_set_commitment(hotkey: &AccountId32, netuid: NetUid, info: CommitmentInfo) -> DispatchResult {
		let registered = T::Neurons::is_registered(netuid, hotkey);
		ensure!(registered, Error::<T>::AccountNotAllowedCommit);
		Self::use_space(netuid, hotkey, info.space())?;
		let to_come = info.rounds().all(T::Beacon::is_to_come);
		ensure!(to_come, Error::<T>::InvalidRevealRound);
		Self::stop_waiting(netuid, hotkey);
		for round in info.rounds() {
			Self::wait_for(round, netuid, hotkey)?;
		}
		if info.fields.contains(&Data::ResetBondsFlag) {
			T::Neurons::reset_bonds(netuid, hotkey)?;
		}
		let first_round = info.rounds().min();
		let block = Self::block();
		let registration = Registration {
			deposit: TaoBalance::ZERO,
			block,
			info,
		};
		CommitmentOf::<T>::insert(netuid, hotkey, registration);
		LastCommitment::<T>::insert(netuid, hotkey, block);
		let who = hotkey.clone();
		Self::deposit_event(match first_round {
			Some(reveal_round) => Event::TimelockCommitment {
				netuid,
				who,
				reveal_round,
			},
			None => Event::Commitment { netuid, who },
		});
		Ok(())
	}

	/// Takes bytes of a neuron's space in this epoch.
	fn use_space(netuid: NetUid, hotkey: &AccountId32, bytes: u32) -> DispatchResult {
		let epoch = T::Neurons::epoch(netuid);
		UsedSpaceOf::<T>::try_mutate(netuid, hotkey, |usage| {
			if usage.last_epoch != epoch {
				*usage = UsageTracker {
					last_epoch: epoch,
					used_space: 0,
				};
			}
			usage.used_space = usage.used_space.saturating_add(u64::from(bytes));
			ensure!(
				usage.used_space <= u64::from(MaxSpace::<T>::get()),
				Error::<T>::SpaceLimitExceeded
			);
			Ok(())
		})
	}

	/// Removes all that a neuron published; for when it loses its uid.
	pub fn forget(netuid: NetUid, hotkey: &AccountId32) {
		Self::stop_waiting(netuid, hotkey);
		CommitmentOf::<T>::remove(netuid, hotkey);
		RevealedCommitments::<T>::remove(netuid, hotkey);
		LastCommitment::<T>::remove(netuid, hotkey);
		UsedSpaceOf::<T>::remove(netuid, hotkey);
	}
}

impl<T: Config> SubnetCleanup for Pallet<T> {
	fn remove_some(netuid: NetUid, limit: u32) -> u32 {
		let most = usize::try_from(limit).unwrap_or(usize::MAX);
		// Whoever has published anything has used space for it.
		let hotkeys: Vec<AccountId32> = UsedSpaceOf::<T>::iter_key_prefix(netuid).take(most).collect();
		for hotkey in &hotkeys {
			Self::forget(netuid, hotkey);
		}
		u32::try_from(hotkeys.len()).unwrap_or(u32::MAX)
	}
}

/// A list of bytes of a timelocked field.
type Opened = BoundedVec<u8, ConstU32<MAX_TIMELOCKED_BYTES>>;
