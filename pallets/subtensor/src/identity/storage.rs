//! Storage that the `identity` domain owns.

use frame_support::pallet_macros::pallet_section;

/// What coldkeys and subnets say about themselves.
#[pallet_section]
mod identity_storage {
	/// What a coldkey says about itself; `None` where it says nothing.
	#[pallet::storage]
	pub type IdentitiesV2<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, ChainIdentityV2, OptionQuery>;

	/// What the owner of a subnet says about it; `None` where there is nothing to say.
	#[pallet::storage]
	pub type SubnetIdentitiesV3<T: Config> = StorageMap<_, Blake2_128Concat, NetUid, SubnetIdentityV3, OptionQuery>;
}
