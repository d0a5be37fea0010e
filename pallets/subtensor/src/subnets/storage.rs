//! Storage that the `subnets` domain owns.

use frame_support::pallet_macros::pallet_section;

/// Which subnets exist and whose they are.
#[pallet_section]
mod subnets_storage {
	/// Whether a subnet exists. One that is dissolved does not, although what is stored about it goes over several blocks.
	#[pallet::storage]
	pub type NetworksAdded<T: Config> = StorageMap<_, Identity, NetUid, bool, ValueQuery>;

	/// Number of subnets, root included.
	#[pallet::storage]
	pub type TotalNetworks<T: Config> = StorageValue<_, u16, ValueQuery>;

	/// Largest number of subnets, root excluded; at most [`MAX_SUBNETS`].
	#[pallet::storage]
	pub type SubnetLimit<T: Config> = StorageValue<_, u16, ValueQuery>;

	/// Least cost of registering a subnet.
	#[pallet::storage]
	pub type NetworkMinLockCost<T: Config> = StorageValue<_, TaoBalance, ValueQuery>;

	/// What the last registration of a subnet cost; 0 before the first.
	#[pallet::storage]
	pub type NetworkLastLockCost<T: Config> = StorageValue<_, TaoBalance, ValueQuery>;

	/// Block of the last registration of a subnet; 0 before the first.
	#[pallet::storage]
	pub type NetworkLastRegistered<T: Config> = StorageValue<_, u64, ValueQuery>;

	/// Blocks in which the cost of a subnet falls from twice the last to the least; 0 = it always is the least.
	#[pallet::storage]
	pub type NetworkLockReductionInterval<T: Config> = StorageValue<_, u64, ValueQuery>;

	/// Least number of blocks between two registrations of subnets.
	#[pallet::storage]
	pub type NetworkRateLimit<T: Config> = StorageValue<_, u64, ValueQuery>;

	/// Blocks after its registration during which a subnet does not have to make room for a new one.
	#[pallet::storage]
	pub type NetworkImmunityPeriod<T: Config> = StorageValue<_, u64, ValueQuery>;

	/// Blocks between the registration of a subnet and the first in which it may be started.
	#[pallet::storage]
	pub type StartCallDelay<T: Config> = StorageValue<_, u64, ValueQuery>;

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

	/// Dissolved subnets that are not cleaned up yet, in the order of their dissolutions. The first is being cleaned up.
	#[pallet::storage]
	pub type DissolveCleanupQueue<T: Config> =
		StorageValue<_, BoundedVec<NetUid, ConstU32<{ MAX_SUBNETS as u32 }>>, ValueQuery>;

	/// How far the clean-up of the first of them has come; `None` where it has not begun.
	#[pallet::storage]
	pub type CurrentDissolveCleanupStatus<T: Config> = StorageValue<_, DissolveCleanupStatus, OptionQuery>;

	/// Registrations of subnets that wait for room, in their order. What they cost lies in
	/// [`Pallet::registration_escrow`].
	#[pallet::storage]
	pub type NetworkRegistrationQueue<T: Config> =
		StorageValue<_, BoundedVec<NetworkRegistrationInfo, ConstU32<MAX_QUEUED_REGISTRATIONS>>, ValueQuery>;
}
