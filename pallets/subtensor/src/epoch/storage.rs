//! Storage that the `epoch` domain owns.

use frame_support::pallet_macros::pallet_section;

/// The results of the last epoch, and when the next one is due.
#[pallet_section]
mod epoch_storage {
	/// Activity by uid.
	#[pallet::storage]
	pub type Active<T: Config> = StorageMap<_, Identity, NetUid, Column<bool>, ValueQuery>;

	/// Consensus weight by uid, of 65535.
	#[pallet::storage]
	pub type Consensus<T: Config> = StorageMap<_, Identity, NetUid, Column<u16>, ValueQuery>;

	/// Incentive by uid, of 65535.
	#[pallet::storage]
	pub type Incentive<T: Config> = StorageMap<_, Identity, MechanismIndex, Column<u16>, ValueQuery>;

	/// Dividends by uid, of 65535.
	#[pallet::storage]
	pub type Dividends<T: Config> = StorageMap<_, Identity, NetUid, Column<u16>, ValueQuery>;

	/// Validator trust by uid, of 65535.
	#[pallet::storage]
	pub type ValidatorTrust<T: Config> = StorageMap<_, Identity, NetUid, Column<u16>, ValueQuery>;

	/// Whether a uid may set weights. Nobody may before a subnet's first epoch: a validator stakes, and the next
	/// epoch gives permits to the stakes that rank highest.
	#[pallet::storage]
	pub type ValidatorPermit<T: Config> = StorageMap<_, Identity, NetUid, Column<bool>, ValueQuery>;

	/// Alpha that the last epoch gave to a uid, as miner and as validator, for all who stake on it, on root too. It is paid in that block, or, to miners beyond
	/// [`PAYMENTS_PER_BLOCK`] uids, in one of the next.
	#[pallet::storage]
	pub type Emission<T: Config> = StorageMap<_, Identity, NetUid, Column<AlphaBalance>, ValueQuery>;

	/// Bonds of a uid: `(miner uid, bond / 65535)`.
	#[pallet::storage]
	pub type Bonds<T: Config> = StorageDoubleMap<_, Identity, MechanismIndex, Identity, u16, SparseRow, ValueQuery>;

	/// Subnets whose last epoch is not paid out yet, in the order of those epochs.
	#[pallet::storage]
	pub type OpenPayouts<T: Config> = StorageValue<_, BoundedVec<NetUid, ConstU32<{ MAX_SUBNETS as u32 }>>, ValueQuery>;

	/// How far the payout of a subnet's last epoch has come, where it is not through. What it has still to pay is part of
	/// `PendingServerEmission` (for miners) and `PendingValidatorEmission` (for validators) until it is paid.
	#[pallet::storage]
	pub type UnpaidEmission<T: Config> = StorageMap<_, Identity, NetUid, Payout, OptionQuery>;

	/// What such a payout has still to pay, by subnet and page. A block pays a page.
	#[pallet::storage]
	pub type UnpaidPayments<T: Config> = StorageDoubleMap<
		_,
		Identity,
		NetUid,
		Identity,
		u16,
		BoundedVec<Payment, ConstU32<PAYMENTS_PER_BLOCK>>,
		ValueQuery,
	>;

	/// Block of the last epoch that ran consensus; 0 before the first. The name's spelling is the network's.
	#[pallet::storage]
	pub type LastMechansimStepBlock<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

	/// Block from which the next epoch is counted: that of the last epoch, or of the subnet's registration.
	#[pallet::storage]
	pub type LastEpochBlock<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

	/// Blocks since the last epoch.
	#[pallet::storage]
	pub type BlocksSinceLastStep<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

	/// Number of epochs that a subnet has had.
	#[pallet::storage]
	pub type SubnetEpochIndex<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

	/// Block of an epoch that was asked for before its time; 0 = none.
	#[pallet::storage]
	pub type PendingEpochAt<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;
}
