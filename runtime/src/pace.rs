//! How fast a chain makes blocks: a setting of its genesis.
//!
//! Clients learn the time between blocks from the constant `Aura.SlotDuration` of the metadata and from nowhere else, and
//! compute with it when weights are revealed and how long to wait. A development chain that seals a block every 250 ms
//! starts with 250 here, so that its clock, and what clients compute, go with the clock on the wall.

pub use pallet::*;

/// The pallet.
#[frame_support::pallet]
#[expect(clippy::expect_used, reason = "FRAME's expansion")]
pub mod pallet {
	use frame_support::{pallet_prelude::*, traits::Get};

	/// The time between blocks of a production chain, in milliseconds.
	pub const DEFAULT_SLOT_DURATION_MS: u64 = 12_000;

	/// The longest time between blocks, in milliseconds: a minute.
	pub const MAX_SLOT_DURATION_MS: u64 = 60_000;

	/// The pallet.
	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// Nothing to supply.
	#[pallet::config]
	pub trait Config: frame_system::Config {}

	/// [`DEFAULT_SLOT_DURATION_MS`].
	#[pallet::type_value]
	pub fn DefaultSlotDuration() -> u64 {
		DEFAULT_SLOT_DURATION_MS
	}

	/// The time between blocks, in milliseconds. Set at genesis and never changed: the numbers of slots depend on it.
	#[pallet::storage]
	pub type SlotDurationMs<T: Config> = StorageValue<_, u64, ValueQuery, DefaultSlotDuration>;

	/// What a new chain starts with. Building it panics where the time is below 2 ms or above [`MAX_SLOT_DURATION_MS`].
	///
	/// Blocks may weigh as much as ever: below some 6 s, only a chain with one authority keeps its pace when they are full.
	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// The time between blocks, in milliseconds.
		pub slot_duration_ms: u64,
		/// Not a setting.
		#[serde(skip)]
		pub marker: core::marker::PhantomData<T>,
	}

	impl<T: Config> Default for GenesisConfig<T> {
		fn default() -> Self {
			Self {
				slot_duration_ms: DEFAULT_SLOT_DURATION_MS,
				marker: core::marker::PhantomData,
			}
		}
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			assert!(
				(2..=MAX_SLOT_DURATION_MS).contains(&self.slot_duration_ms),
				"genesis: slotDurationMs is {}, must be 2 to {MAX_SLOT_DURATION_MS}",
				self.slot_duration_ms
			);
			SlotDurationMs::<T>::put(self.slot_duration_ms);
		}
	}

	/// The time between blocks, in milliseconds.
	pub struct SlotDuration<T>(core::marker::PhantomData<T>);

	impl<T: Config> Get<u64> for SlotDuration<T> {
		fn get() -> u64 {
			SlotDurationMs::<T>::get()
		}
	}

	/// The least time between two blocks, in milliseconds: half a slot.
	pub struct MinimumPeriod<T>(core::marker::PhantomData<T>);

	impl<T: Config> Get<u64> for MinimumPeriod<T> {
		fn get() -> u64 {
			SlotDurationMs::<T>::get() / 2
		}
	}
}
