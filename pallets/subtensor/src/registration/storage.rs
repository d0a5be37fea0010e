//! Storage that the `registration` domain owns.

use frame_support::pallet_macros::pallet_section;

/// Who owns which hotkey, and which hotkey holds which uid.
#[pallet_section]
mod registration_storage {
	/// The account that stands for "nobody": 32 zero bytes.
	#[pallet::type_value]
	pub fn ZeroAccount() -> AccountId32 {
		AccountId32::new([0; 32])
	}

	/// Coldkey that owns a hotkey; the zero account where the hotkey is unknown.
	#[pallet::storage]
	pub type Owner<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, AccountId32, ValueQuery, ZeroAccount>;

	/// Hotkeys that a coldkey owns.
	#[pallet::storage]
	pub type OwnedHotkeys<T: Config> = StorageMap<
		_,
		Blake2_128Concat,
		AccountId32,
		BoundedVec<AccountId32, ConstU32<MAX_HOTKEYS_PER_COLDKEY>>,
		ValueQuery,
	>;

	/// Number of neurons of a subnet: uids are `0 .. n`.
	#[pallet::storage]
	pub type SubnetworkN<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery>;

	/// Uid of a hotkey on a subnet.
	#[pallet::storage]
	pub type Uids<T: Config> = StorageDoubleMap<_, Identity, NetUid, Blake2_128Concat, AccountId32, u16, OptionQuery>;

	/// Hotkey that holds a uid; the inverse of [`Uids`].
	#[pallet::storage]
	pub type Keys<T: Config> = StorageDoubleMap<_, Identity, NetUid, Identity, u16, AccountId32, OptionQuery>;

	/// [`Keys`] as one item, for those who need all of them: an epoch would read 4,096 items of a large subnet. Clients know
	/// the hotkeys by subnet and uid.
	#[pallet::storage]
	pub type Hotkeys<T: Config> = StorageMap<_, Identity, NetUid, Column<AccountId32>, ValueQuery>;

	/// Block in which neurons of a subnet got other uids last; 0 = never.
	#[pallet::storage]
	pub type UidsRenumberedAt<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

	/// Whether a hotkey holds a uid on a subnet.
	#[pallet::storage]
	pub type IsNetworkMember<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, AccountId32, Identity, NetUid, bool, ValueQuery>;

	/// Block at which the holder of each uid registered, by uid: one read for an epoch, and for the search of a full
	/// subnet for the neuron to replace.
	#[pallet::storage]
	pub type BlockAtRegistration<T: Config> = StorageMap<_, Identity, NetUid, Column<u64>, ValueQuery>;

	/// Registrations on a subnet in this block.
	#[pallet::storage]
	pub type RegistrationsThisBlock<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery>;

	/// Block in which a hotkey last registered by proof of work. A proof has to start from a later one, so that none is
	/// good for two registrations.
	#[pallet::storage]
	pub type LastPowRegistrationBlock<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, u64, OptionQuery>;
}
