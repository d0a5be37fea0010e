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

	/// Weight rows that hotkeys have committed to by their hash, oldest first: `(hash, block of the commit, first epoch in
	/// which it can be revealed, last one)`. Epochs are counted by [`SubnetEpochIndex`].
	#[pallet::storage]
	pub type WeightCommits<T: Config> = StorageDoubleMap<
		_,
		Twox64Concat,
		MechanismIndex,
		Blake2_128Concat,
		AccountId32,
		BoundedVec<weights::Commit, ConstU32<MAX_UNREVEALED_COMMITS>>,
		ValueQuery,
	>;

	/// Weight rows that are sealed until a round of the beacon, by the epoch in which they were committed: `(hotkey, block
	/// of the commit, ciphertext, round)`.
	#[pallet::storage]
	pub type TimelockedWeightCommits<T: Config> = StorageDoubleMap<
		_,
		Twox64Concat,
		MechanismIndex,
		Twox64Concat,
		u64,
		BoundedVec<weights::SealedCommit, ConstU32<MAX_SEALED_COMMITS_PER_EPOCH>>,
		ValueQuery,
	>;

	/// The lists of [`TimelockedWeightCommits`], each with the earliest round that one of its commits waits for.
	#[pallet::storage]
	pub type SealedEpochs<T: Config> =
		StorageValue<_, BoundedVec<weights::SealedEpoch, ConstU32<MAX_SEALED_EPOCHS>>, ValueQuery>;

	/// Block of the commit of the row that each uid revealed last, or had opened.
	#[pallet::storage]
	pub type RevealedCommitBlock<T: Config> =
		StorageDoubleMap<_, Identity, MechanismIndex, Identity, u16, u64, ValueQuery>;

	/// How many commits of a hotkey are sealed.
	#[pallet::storage]
	pub type SealedCommitCount<T: Config> =
		StorageDoubleMap<_, Twox64Concat, MechanismIndex, Blake2_128Concat, AccountId32, u32, ValueQuery>;
}
