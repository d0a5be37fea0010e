//! Storage that the `weights` domain owns.

use frame_support::pallet_macros::pallet_section;

/// What validators think of miners.
#[pallet_section]
mod weights_storage {
	/// Weight row of a uid: `(destination uid, weight / 65535)`.
	#[pallet::storage]
	pub type Weights<T: Config> = StorageDoubleMap<_, Identity, MechanismIndex, Identity, u16, SparseRow, ValueQuery>;

	/// Block of the last weights of each uid, or of its registration.
	#[pallet::storage]
	pub type LastUpdate<T: Config> = StorageMap<_, Identity, MechanismIndex, Column<u64>, ValueQuery>;
}
