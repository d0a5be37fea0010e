//! Storage that the `subnets` domain owns.

use frame_support::pallet_macros::pallet_section;

/// Which subnets exist and whose they are.
#[pallet_section]
mod subnets_storage {
	/// Whether a subnet exists.
	#[pallet::storage]
	pub type NetworksAdded<T: Config> = StorageMap<_, Identity, NetUid, bool, ValueQuery>;

	/// Number of subnets, root included.
	#[pallet::storage]
	pub type TotalNetworks<T: Config> = StorageValue<_, u16, ValueQuery>;

	/// Largest number of subnets, root excluded; at most [`MAX_SUBNETS`].
	#[pallet::storage]
	pub type SubnetLimit<T: Config> = StorageValue<_, u16, ValueQuery>;

	/// Cost of registering a subnet.
	#[pallet::storage]
	pub type NetworkMinLockCost<T: Config> = StorageValue<_, TaoBalance, ValueQuery>;

	/// What the owner paid for a subnet.
	#[pallet::storage]
	pub type SubnetLocked<T: Config> = StorageMap<_, Identity, NetUid, TaoBalance, ValueQuery>;

	/// Coldkey of the owner of a subnet; the zero account where there is none.
	#[pallet::storage]
	pub type SubnetOwner<T: Config> = StorageMap<_, Identity, NetUid, AccountId32, ValueQuery, ZeroAccount>;

	/// Hotkey of the owner of a subnet; the zero account where there is none.
	#[pallet::storage]
	pub type SubnetOwnerHotkey<T: Config> = StorageMap<_, Identity, NetUid, AccountId32, ValueQuery, ZeroAccount>;

	/// Block at which a subnet was registered.
	#[pallet::storage]
	pub type NetworkRegisteredAt<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

	/// Symbol of a subnet's token, UTF-8.
	#[pallet::storage]
	pub type TokenSymbol<T: Config> =
		StorageMap<_, Identity, NetUid, BoundedVec<u8, ConstU32<MAX_SYMBOL_BYTES>>, ValueQuery>;
}
