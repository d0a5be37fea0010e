//! Storage that the `emission` domain owns.

use frame_support::pallet_macros::pallet_section;

/// What the chain emitted for a subnet, and what of it is not paid yet.
#[pallet_section]
mod emission_storage {
	/// First block in which a subnet emits; none where it has not started.
	#[pallet::storage]
	pub type FirstEmissionBlockNumber<T: Config> = StorageMap<_, Identity, NetUid, u64, OptionQuery>;

	/// Whether a subnet takes part in the block emission.
	#[pallet::storage]
	pub type SubnetEmissionEnabled<T: Config> = StorageMap<_, Identity, NetUid, bool, ValueQuery>;

	/// Owner's share of a subnet's emission, of 65535.
	#[pallet::storage]
	pub type SubnetOwnerCut<T: Config> = StorageValue<_, u16, ValueQuery>;

	/// TAO emitted for a subnet in the last block.
	#[pallet::storage]
	pub type SubnetTaoInEmission<T: Config> = StorageMap<_, Identity, NetUid, TaoBalance, ValueQuery>;

	/// Alpha of a subnet in existence: staked or pending.
	#[pallet::storage]
	pub type SubnetAlphaOut<T: Config> = StorageMap<_, Identity, NetUid, AlphaBalance, ValueQuery>;

	/// Alpha that waits for the next epoch, for miners; and what the last epoch gave to miners and has not paid yet
	/// ([`UnpaidEmission`]).
	#[pallet::storage]
	pub type PendingServerEmission<T: Config> = StorageMap<_, Identity, NetUid, AlphaBalance, ValueQuery>;

	/// Alpha that waits for the next epoch, for validators; and what the last epoch gave to validators and has not paid
	/// yet ([`UnpaidEmission`]).
	#[pallet::storage]
	pub type PendingValidatorEmission<T: Config> = StorageMap<_, Identity, NetUid, AlphaBalance, ValueQuery>;

	/// Alpha that waits for the next epoch, for the owner.
	#[pallet::storage]
	pub type PendingOwnerCut<T: Config> = StorageMap<_, Identity, NetUid, AlphaBalance, ValueQuery>;

	/// What a subnet emitted and paid since it exists.
	#[pallet::storage]
	pub type SubnetEmissionTotals<T: Config> = StorageMap<_, Identity, NetUid, EmissionTotals, ValueQuery>;
}
