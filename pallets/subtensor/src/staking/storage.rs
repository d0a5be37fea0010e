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

	/// Alpha of a subnet that was burned: outside the pool, nobody's, and never emitted again.
	#[pallet::storage]
	pub type SubnetAlphaBurned<T: Config> = StorageMap<_, Identity, NetUid, AlphaBalance, ValueQuery>;

	/// Whether stake on a subnet may be traded and moved; not before the subnet has started.
	#[pallet::storage]
	pub type SubtokenEnabled<T: Config> = StorageMap<_, Identity, NetUid, bool, ValueQuery>;

	/// The least that a stake on somebody else's hotkey may be worth, in rao of TAO; 0 = no minimum.
	#[pallet::storage]
	pub type NominatorMinRequiredStake<T: Config> = StorageValue<_, u64, ValueQuery>;

	/// Share of a validator's dividends that goes to its owner before nominators get theirs.
	#[pallet::storage]
	pub type Delegates<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, PerU16, ValueQuery, DefaultTake>;

	/// Blocks that have to pass between two rises of a take; 30 days unless set.
	#[pallet::type_value]
	pub fn DefaultTakeRateLimit() -> u64 {
		216_000
	}

	/// Blocks that have to pass between two rises of a take.
	#[pallet::storage]
	pub type TxDelegateTakeRateLimit<T: Config> = StorageValue<_, u64, ValueQuery, DefaultTakeRateLimit>;

	/// Block in which the take of a hotkey rose last; 0 = never.
	#[pallet::storage]
	pub type LastTxBlockDelegateTake<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, u64, ValueQuery>;

	/// Blocks that have to pass between two calls that replace a hotkey, for whoever replaces hotkeys; 0 = no limit.
	#[pallet::storage]
	pub type TxRateLimit<T: Config> = StorageValue<_, u64, ValueQuery>;

	/// Alpha that a (coldkey, subnet, hotkey) has locked. Empty: this chain has no locks yet, and clients ask for it
	/// wherever they show stake.
	#[pallet::storage]
	pub type Lock<T: Config> = StorageNMap<
		_,
		(
			NMapKey<Blake2_128Concat, AccountId32>,
			NMapKey<Identity, NetUid>,
			NMapKey<Blake2_128Concat, AccountId32>,
		),
		LockState,
		OptionQuery,
	>;

	/// Whether the lock of a coldkey on a subnet decays. Empty: this chain has no locks yet.
	#[pallet::storage]
	pub type DecayingLock<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, AccountId32, Identity, NetUid, bool, OptionQuery>;

	/// Smallest take.
	#[pallet::storage]
	pub type MinDelegateTake<T: Config> = StorageValue<_, PerU16, ValueQuery>;

	/// Largest take.
	#[pallet::storage]
	pub type MaxDelegateTake<T: Config> = StorageValue<_, PerU16, ValueQuery, DefaultTake>;
}
