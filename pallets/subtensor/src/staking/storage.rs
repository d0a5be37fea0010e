//! Storage that the `staking` domain owns.

use frame_support::pallet_macros::pallet_section;

/// Stake: a share pool for each hotkey and subnet.
#[pallet_section]
mod staking_storage {
	/// The take of a validator that never set one: 18%.
	#[pallet::type_value]
	pub fn DefaultTake() -> PerU16 {
		PerU16::from_parts(11_796)
	}

	/// Whether a subnet's alpha can be traded: from its start on.
	#[pallet::storage]
	pub type SubtokenEnabled<T: Config> = StorageMap<_, Identity, NetUid, bool, ValueQuery>;

	/// Alpha in the share pool of a hotkey on a subnet.
	#[pallet::storage]
	pub type TotalHotkeyAlpha<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, AccountId32, Identity, NetUid, AlphaBalance, ValueQuery>;

	/// Shares in the share pool of a hotkey on a subnet: all of them, and those of the hotkey's owner, whom epochs pay.
	#[pallet::storage]
	pub type HotkeyShares<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, AccountId32, Identity, NetUid, PoolShares, ValueQuery>;

	/// Shares of a (hotkey, coldkey, subnet); those of the hotkey's owner are in [`HotkeyShares`].
	#[pallet::storage]
	pub type Alpha<T: Config> = StorageNMap<
		_,
		(
			NMapKey<Blake2_128Concat, AccountId32>,
			NMapKey<Blake2_128Concat, AccountId32>,
			NMapKey<Identity, NetUid>,
		),
		U64F64,
		ValueQuery,
	>;

	/// Alpha staked on a subnet: the sum of its [`TotalHotkeyAlpha`].
	#[pallet::storage]
	pub type TotalAlphaStaked<T: Config> = StorageMap<_, Identity, NetUid, AlphaBalance, ValueQuery>;

	/// Hotkeys on which a coldkey has, or may come to have, stake: all that it owns, and those it staked on.
	#[pallet::storage]
	pub type StakingHotkeys<T: Config> = StorageMap<
		_,
		Blake2_128Concat,
		AccountId32,
		BoundedVec<AccountId32, ConstU32<MAX_HOTKEYS_PER_COLDKEY>>,
		ValueQuery,
	>;

	/// Share of a validator's dividends that goes to its owner before nominators get theirs.
	#[pallet::storage]
	pub type Delegates<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, PerU16, ValueQuery, DefaultTake>;

	/// Smallest take.
	#[pallet::storage]
	pub type MinDelegateTake<T: Config> = StorageValue<_, PerU16, ValueQuery>;

	/// Largest take.
	#[pallet::storage]
	pub type MaxDelegateTake<T: Config> = StorageValue<_, PerU16, ValueQuery, DefaultTake>;
}
