//! Storage that the `weights` domain owns.

use frame_support::pallet_macros::pallet_section;

/// What validators think of miners.
#[pallet_section]
mod weights_storage {
	/// Weight row of a uid: `(destination uid, weight / 65535)`, in the order of the destinations.
	///
	/// One item a validator, so that a call that sets weights writes its own row only, and an epoch of 64 validators reads
	/// 64 rows. One item for a whole subnet would save an epoch of 256 validators some 2 ms of its block's weight, once a
	/// tempo, and cost every call that sets weights a rewrite of all rows: a megabyte where 256 validators weigh 1,024
	/// neurons each. It would also not be what clients read, who know the rows by mechanism and uid.
	#[pallet::storage]
	pub type Weights<T: Config> = StorageDoubleMap<_, Identity, MechanismIndex, Identity, u16, SparseRow, ValueQuery>;

	/// Block of the last weights of each uid, or of its registration.
	#[pallet::storage]
	pub type LastUpdate<T: Config> = StorageMap<_, Identity, MechanismIndex, Column<u64>, ValueQuery>;
}
