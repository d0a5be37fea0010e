//! Storage that the `root` domain owns.

use frame_support::pallet_macros::pallet_section;

/// Dividends of subnets to those who stake on root.
#[pallet_section]
mod root_storage {
	/// The pots of a hotkey, by the subnet that pays.
	#[pallet::storage]
	pub type RootPots<T: Config> = StorageMap<
		_,
		Blake2_128Concat,
		AccountId32,
		BoundedBTreeMap<NetUid, RootPot, ConstU32<{ MAX_SUBNETS as u32 }>>,
		ValueQuery,
	>;

	/// What a (hotkey, coldkey) is owed from them. A pot that is missing here began after the last settlement.
	#[pallet::storage]
	pub type RootClaims<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		AccountId32,
		Blake2_128Concat,
		AccountId32,
		BoundedBTreeMap<NetUid, RootClaim, ConstU32<{ MAX_SUBNETS as u32 }>>,
		ValueQuery,
	>;

	/// Alpha of a subnet in the pots of all hotkeys.
	#[pallet::storage]
	pub type RootClaimableAlpha<T: Config> = StorageMap<_, Identity, NetUid, AlphaBalance, ValueQuery>;

	/// The default of [`RootClaimableThreshold`]: 500,000 rao.
	#[pallet::type_value]
	pub fn DefaultRootClaimableThreshold() -> I96F32 {
		I96F32::from_integer(500_000)
	}

	/// Rao of TAO that a claim on one hotkey must bring at least; less is left for later. Kept under root's number.
	#[pallet::storage]
	pub type RootClaimableThreshold<T: Config> =
		StorageMap<_, Blake2_128Concat, NetUid, I96F32, ValueQuery, DefaultRootClaimableThreshold>;
}
