//! Storage that the `hyperparameters` domain owns: one item each, as clients read them. The code
//! reads and writes them as one record, [`Hyperparameters`](crate::Hyperparameters).

use frame_support::pallet_macros::pallet_section;

/// One item a hyperparameter; the fields of [`Hyperparameters`](crate::Hyperparameters) say what each means.
#[pallet_section]
mod hyperparameters_storage {
	/// What a new subnet starts with.
	#[pallet::storage]
	pub type SubnetDefaults<T: Config> = StorageValue<_, Hyperparameters, ValueQuery>;

	/// See [`Hyperparameters::tempo`]. Root has none.
	#[pallet::storage]
	pub type Tempo<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery>;

	/// See [`Hyperparameters::max_allowed_uids`].
	#[pallet::storage]
	pub type MaxAllowedUids<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery>;

	/// See [`Hyperparameters::max_allowed_validators`].
	#[pallet::storage]
	pub type MaxAllowedValidators<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery>;

	/// See [`Hyperparameters::immunity_period`].
	#[pallet::storage]
	pub type ImmunityPeriod<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery>;

	/// See [`Hyperparameters::weights_set_rate_limit`].
	#[pallet::storage]
	pub type WeightsSetRateLimit<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

	/// See [`Hyperparameters::min_allowed_weights`].
	#[pallet::storage]
	pub type MinAllowedWeights<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery>;

	/// See [`Hyperparameters::max_weights_limit`].
	#[pallet::storage]
	pub type MaxWeightsLimit<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery>;

	/// See [`Hyperparameters::weights_version_key`].
	#[pallet::storage]
	pub type WeightsVersionKey<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

	/// See [`Hyperparameters::kappa`].
	#[pallet::storage]
	pub type Kappa<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery>;

	/// See [`Hyperparameters::rho`].
	#[pallet::storage]
	pub type Rho<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery>;

	/// See [`Hyperparameters::bonds_moving_average`].
	#[pallet::storage]
	pub type BondsMovingAverage<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

	/// See [`Hyperparameters::bonds_penalty`].
	#[pallet::storage]
	pub type BondsPenalty<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery>;

	/// See [`Hyperparameters::activity_cutoff_factor_milli`].
	#[pallet::storage]
	pub type ActivityCutoffFactorMilli<T: Config> = StorageMap<_, Identity, NetUid, u32, ValueQuery>;

	/// See [`Hyperparameters::yuma3_on`].
	#[pallet::storage]
	pub type Yuma3On<T: Config> = StorageMap<_, Blake2_128Concat, NetUid, bool, ValueQuery>;

	/// See [`Hyperparameters::liquid_alpha_on`].
	#[pallet::storage]
	pub type LiquidAlphaOn<T: Config> = StorageMap<_, Blake2_128Concat, NetUid, bool, ValueQuery>;

	/// See [`Hyperparameters::alpha_low`] and [`Hyperparameters::alpha_high`].
	#[pallet::storage]
	pub type AlphaValues<T: Config> = StorageMap<_, Identity, NetUid, (u16, u16), ValueQuery>;

	/// See [`Hyperparameters::alpha_sigmoid_steepness`].
	#[pallet::storage]
	pub type AlphaSigmoidSteepness<T: Config> = StorageMap<_, Identity, NetUid, i16, ValueQuery>;

	/// See [`Hyperparameters::burn`].
	#[pallet::storage]
	pub type Burn<T: Config> = StorageMap<_, Identity, NetUid, TaoBalance, ValueQuery>;

	/// See [`Hyperparameters::min_burn`].
	#[pallet::storage]
	pub type MinBurn<T: Config> = StorageMap<_, Identity, NetUid, TaoBalance, ValueQuery>;

	/// See [`Hyperparameters::max_burn`].
	#[pallet::storage]
	pub type MaxBurn<T: Config> = StorageMap<_, Identity, NetUid, TaoBalance, ValueQuery>;

	/// See [`Hyperparameters::serving_rate_limit`].
	#[pallet::storage]
	pub type ServingRateLimit<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

	/// See [`Hyperparameters::max_registrations_per_block`].
	#[pallet::storage]
	pub type MaxRegistrationsPerBlock<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery>;

	/// See [`Hyperparameters::registration_allowed`].
	#[pallet::storage]
	pub type NetworkRegistrationAllowed<T: Config> = StorageMap<_, Identity, NetUid, bool, ValueQuery>;

	/// Whether weights have to be committed before they are revealed. While it is set, plain weights
	/// are refused.
	#[pallet::storage]
	pub type CommitRevealWeightsEnabled<T: Config> = StorageMap<_, Identity, NetUid, bool, ValueQuery>;

	/// Which algorithm turns weights into payouts.
	#[pallet::storage]
	pub type SubnetEpochConsensus<T: Config> = StorageMap<_, Identity, NetUid, EpochConsensus, ValueQuery>;

	/// Stake below which a hotkey neither sets weights nor counts in consensus, in rao of alpha; the
	/// owner's uid is exempt.
	#[pallet::storage]
	pub type StakeThreshold<T: Config> = StorageValue<_, u64, ValueQuery>;
}
