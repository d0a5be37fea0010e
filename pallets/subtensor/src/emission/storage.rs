//! Storage that the `emission` domain owns.

use frame_support::pallet_macros::pallet_section;

/// What the chain emitted for a subnet, and what of it is not paid yet.
#[pallet_section]
mod emission_storage {
	/// The default of [`TaoWeight`].
	#[pallet::type_value]
	pub fn DefaultTaoWeight() -> u64 {
		emission::USUAL_TAO_WEIGHT
	}

	/// The default of [`SubnetMovingAlpha`].
	#[pallet::type_value]
	pub fn DefaultMovingAlpha() -> I96F32 {
		emission::USUAL_MOVING_ALPHA
	}

	/// The default of [`EMAPriceHalvingBlocks`].
	#[pallet::type_value]
	pub fn DefaultPriceHalvingBlocks() -> u64 {
		emission::USUAL_PRICE_HALVING_BLOCKS
	}

	/// The default of [`FlowEmaSmoothingFactor`].
	#[pallet::type_value]
	pub fn DefaultFlowSmoothing() -> u64 {
		emission::USUAL_FLOW_SMOOTHING
	}

	/// First block in which a subnet emits; none where it has not started.
	#[pallet::storage]
	pub type FirstEmissionBlockNumber<T: Config> = StorageMap<_, Identity, NetUid, u64, OptionQuery>;

	/// Whether a started subnet gets a share of the TAO of the block emission. Its alpha is emitted in any case.
	#[pallet::storage]
	pub type SubnetEmissionEnabled<T: Config> = StorageMap<_, Identity, NetUid, bool, ValueQuery>;

	/// Owner's share of a subnet's emission, of 65535.
	#[pallet::storage]
	pub type SubnetOwnerCut<T: Config> = StorageValue<_, u16, ValueQuery>;

	/// How much a rao staked on root counts beside a rao of alpha, of `u64::MAX`.
	#[pallet::storage]
	pub type TaoWeight<T: Config> = StorageValue<_, u64, ValueQuery, DefaultTaoWeight>;

	/// Moving average of the price of a subnet's alpha, in TAO; zero when the subnet starts.
	#[pallet::storage]
	pub type SubnetMovingPrice<T: Config> = StorageMap<_, Identity, NetUid, I96F32, ValueQuery>;

	/// The most of the distance to the price that a moving price covers in a block, of one.
	#[pallet::storage]
	pub type SubnetMovingAlpha<T: Config> = StorageValue<_, I96F32, ValueQuery, DefaultMovingAlpha>;

	/// Age of a subnet, in blocks, at which its moving price covers half of that most.
	#[pallet::storage]
	pub type EMAPriceHalvingBlocks<T: Config> =
		StorageMap<_, Identity, NetUid, u64, ValueQuery, DefaultPriceHalvingBlocks>;

	/// TAO that stakers brought to a subnet in this block, less what they took, in rao. Trades of the protocol do not count.
	#[pallet::storage]
	pub type SubnetTaoFlow<T: Config> = StorageMap<_, Identity, NetUid, i64, ValueQuery>;

	/// Moving average of [`SubnetTaoFlow`]: the block it was taken at, and rao per block. None before the first trade.
	#[pallet::storage]
	pub type SubnetEmaTaoFlow<T: Config> = StorageMap<_, Identity, NetUid, (u64, I64F64), OptionQuery>;

	/// How much of the distance to the flow of a block its moving average covers, of 2^63.
	#[pallet::storage]
	pub type FlowEmaSmoothingFactor<T: Config> = StorageValue<_, u64, ValueQuery, DefaultFlowSmoothing>;

	/// Flow, in rao per block, at or below which a subnet gets nothing by the flow rule, unless another flow is lower still
	/// and below zero.
	#[pallet::storage]
	pub type TaoFlowCutoff<T: Config> = StorageValue<_, I64F64, ValueQuery>;

	/// Whether flows share the block emission once two subnets have one; moving prices do else.
	#[pallet::storage]
	pub type TaoFlowEnabled<T: Config> = StorageValue<_, bool, ValueQuery>;

	/// TAO emitted for a subnet in the last block, the excess included.
	#[pallet::storage]
	pub type SubnetTaoInEmission<T: Config> = StorageMap<_, Identity, NetUid, TaoBalance, ValueQuery>;

	/// TAO of the last block's emission that bought alpha from the subnet's pool.
	#[pallet::storage]
	pub type SubnetExcessTao<T: Config> = StorageMap<_, Identity, NetUid, TaoBalance, ValueQuery>;

	/// Alpha emitted into a subnet's pool in the last block.
	#[pallet::storage]
	pub type SubnetAlphaInEmission<T: Config> = StorageMap<_, Identity, NetUid, AlphaBalance, ValueQuery>;

	/// Alpha emitted to those who work for a subnet in the last block.
	#[pallet::storage]
	pub type SubnetAlphaOutEmission<T: Config> = StorageMap<_, Identity, NetUid, AlphaBalance, ValueQuery>;

	/// Alpha that the emission's excess TAO bought; nobody's, and part of [`SubnetAlphaOut`].
	#[pallet::storage]
	pub type SubnetProtocolAlpha<T: Config> = StorageMap<_, Identity, NetUid, AlphaBalance, ValueQuery>;

	/// Alpha of a subnet outside its pool: staked, pending, claimable, burned or the protocol's. On root, where there is no pool,
	/// TAO that is staked.
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

	/// Alpha that waits for the next epoch, for those who stake on root.
	#[pallet::storage]
	pub type PendingRootAlphaDivs<T: Config> = StorageMap<_, Identity, NetUid, AlphaBalance, ValueQuery>;

	/// Alpha that waits for the next epoch, for the owner.
	#[pallet::storage]
	pub type PendingOwnerCut<T: Config> = StorageMap<_, Identity, NetUid, AlphaBalance, ValueQuery>;

	/// What a subnet emitted and paid since it exists.
	#[pallet::storage]
	pub type SubnetEmissionTotals<T: Config> = StorageMap<_, Identity, NetUid, EmissionTotals, ValueQuery>;
}
