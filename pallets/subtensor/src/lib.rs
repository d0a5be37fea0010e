//! The pallet named `SubtensorModule`: subnets, neurons, stake, weights, epochs and payouts.
//!
//! # Bird's-eye view
//!
//! A coldkey registers a subnet, or registers hotkeys on one; a hotkey publishes where it serves; coldkeys
//! stake on hotkeys; hotkeys with a validator permit submit weight rows. Each block mints the block
//! emission into the subnets' accounts; each tempo an epoch loads a snapshot of a subnet, lets
//! [`yuma::run_epoch`] turn weights into payouts, stores the results and credits them as stake, over several blocks
//! where there are many ([`PAYMENTS_PER_BLOCK`]). Epochs that do not fit into their part of a block ([`EPOCH_SHARE`])
//! wait for the next.
//!
//! This file holds the configuration, events and errors; `calls` has the calls, each of which checks its origin and calls `do_*`.
//! Each domain is a folder that owns its storage items (a FRAME pallet section) and its tests:
//! `subnets`, `identity`, `hyperparameters`, `registration`, `serving`, `staking`, `weights`, `emission`, `epoch`, `root`;
//! `rows` moves weights and bonds in bulk, `genesis` fills a new chain, `info` answers the runtime APIs, `try_state` checks.
//!
//! # Money
//!
//! Every subnet has an account ([`Pallet::subnet_account`]) that holds the TAO of the subnet's pool, and the existential
//! deposit that the registration of the subnet left there. Staking buys alpha from the pool ([`Config::Pools`]), and
//! unstaking sells it. Root has no pool: its stake is TAO, one to one, in root's account. Emission adds TAO and alpha to the
//! pools; the alpha for those who work is outside. Whatever an epoch cannot pay out exactly stays pending, so that for each
//! subnet `emitted = paid to miners + to validators + to the owner + to root + pending`, to the rao
//! ([`SubnetEmissionTotals`](pallet::SubnetEmissionTotals)), and the alpha outside the pool is staked, pending, claimable,
//! burned or the protocol's.
//!
//! # First permits
//!
//! A new subnet has no validator permits. Stake on a registered hotkey; the next epoch gives permits to
//! the largest stakes (and to the owner's uid), and from then on those hotkeys may set weights.
//!
//! # Example
//!
//! Parameters are validated as one record:
//!
//! ```
//! use pallet_subtensor::Hyperparameters;
//!
//! let quick = Hyperparameters { tempo: 20, immunity_period: 40, ..Default::default() };
//! assert!(quick.validate().is_ok());
//! let wrong = Hyperparameters { tempo: 0, ..quick };
//! assert_eq!(wrong.validate().unwrap_err().name, "tempo");
//! ```

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::arithmetic_side_effects,
		clippy::indexing_slicing,
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::float_arithmetic
	)
)]

extern crate alloc;

mod calls;
// The table of hyperparameters: a macro, which has to come before what uses it.
#[macro_use]
#[path = "hyperparameters/table.rs"]
mod hyperparameter_table;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
pub mod emission;
pub mod epoch;
pub mod genesis;
pub mod hyperparameters;
pub mod identity;
mod info;
mod limits;
pub mod registration;
pub mod root;
mod rows;
pub mod serving;
pub mod staking;
pub mod subnets;
mod try_state;
pub mod weight_info;
pub mod weights;

#[cfg(test)]
mod counter;
#[cfg(test)]
mod mock;

pub use emission::EmissionTotals;
pub use epoch::payout::{Paid, Payment, Payout};
pub use hyperparameters::{
	Authority, ChangeRefused, EpochConsensus, Hyperparameter, Hyperparameters, InvalidHyperparameter, RateLimitKey,
};
pub use identity::{TypedChainIdentity, TypedSubnetIdentity};
pub use limits::*;
pub use pallet::*;
pub use root::{RootClaim, RootPot};
pub use staking::PoolShares;
pub use subnets::{
	StartDelay,
	dissolve::{CleanupStage, DissolveCleanupStatus},
	queue::NetworkRegistrationInfo,
};
pub use weight_info::{PalletWeight, WeightInfo};

use frame_support::pallet_macros::import_section;

/// The pallet.
#[import_section(subnets::storage::subnets_storage)]
#[import_section(identity::storage::identity_storage)]
#[import_section(hyperparameters::storage::hyperparameters_storage)]
#[import_section(hyperparameters::storage::hyperparameter_items)]
#[import_section(registration::storage::registration_storage)]
#[import_section(serving::storage::serving_storage)]
#[import_section(staking::storage::staking_storage)]
#[import_section(weights::storage::weights_storage)]
#[import_section(emission::storage::emission_storage)]
#[import_section(epoch::storage::epoch_storage)]
#[import_section(root::storage::root_storage)]
#[import_section(calls::calls)]
#[frame_support::pallet]
#[allow(
	clippy::expect_used,
	clippy::too_many_arguments,
	reason = "FRAME's expansion; and the network's calls have as many arguments as they have"
)]
pub mod pallet {
	use super::*;
	use crate::staking::moves::Place;
	use alloc::{collections::BTreeSet, vec::Vec};
	use frame_support::{PalletId, pallet_prelude::*, traits::fungible};
	use frame_system::pallet_prelude::*;
	use ganglion_primitives::{
		AccountId32, AlphaBalance, AxonInfo, ChainIdentityV2, I64F64, I96F32, LockState, MechId, MechanismIndex,
		NetUid, NeuronCertificate, PerU16, PriceLimit, PrometheusInfo, SubnetCleanup, SubnetIdentityV3, SubnetPools,
		TaoBalance, U64F64,
	};

	/// One value per uid.
	pub type Column<Value> = BoundedVec<Value, ConstU32<MAX_UIDS_PER_SUBNET>>;
	/// `(uid, value)` pairs, at most one for each uid.
	pub type SparseRow = Column<(u16, u16)>;

	/// The version of this pallet's storage layout.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the runtime supplies.
	#[pallet::config]
	pub trait Config: frame_system::Config<AccountId = AccountId32, RuntimeEvent: From<Event<Self>>> {
		/// The native token, in rao.
		type Currency: fungible::Inspect<AccountId32, Balance = u64> + fungible::Mutate<AccountId32>;

		/// The pools that price alpha in TAO.
		type Pools: SubnetPools;

		/// Opens what is sealed until a round.
		type Beacon: ganglion_primitives::Beacon;

		/// Hears when neurons go.
		type NeuronObserver: ganglion_primitives::NeuronObserver;
		/// What other pallets store about subnets.
		type SubnetCleanup: SubnetCleanup;

		/// Weights of the calls and of the per-block work.
		type WeightInfo: WeightInfo;

		/// Seed of the subnets' account ids.
		#[pallet::constant]
		type PalletId: Get<PalletId>;

		/// Blocks between the registration of a subnet and its start, for clients that read this constant and not
		/// [`StartCallDelay`]. Nothing computes with it; [`StartDelay`] is the truth.
		#[pallet::constant]
		type InitialStartCallDelay: Get<u64>;
	}

	/// What a new chain starts with. Building it panics with the name of the field that is out of bounds, or where the
	/// balances (built before) add up to more than [`emission::ISSUANCE_CAP`].
	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// Hyperparameters that a new subnet starts with.
		pub subnet_defaults: Hyperparameters,
		/// Least cost of registering a subnet, in rao; at least the existential deposit and what a pool opens with.
		pub network_min_lock_cost: TaoBalance,
		/// Blocks in which the cost of a subnet falls from twice the last to the least; 0 = it always is the least.
		pub network_lock_reduction_interval: u64,
		/// Least number of blocks between two registrations of subnets.
		pub network_rate_limit: u64,
		/// Blocks after its registration during which a subnet does not have to make room for a new one.
		pub network_immunity_period: u64,
		/// Blocks between the registration of a subnet and the first in which it may be started.
		pub start_call_delay: u64,
		/// Largest number of subnets, root excluded; at most [`MAX_SUBNETS`].
		pub subnet_limit: u16,
		/// Owner's share of a subnet's emission, of 65535.
		pub subnet_owner_cut: u16,
		/// Stake below which a hotkey does not count, in rao.
		pub stake_threshold: u64,
		/// Blocks before an epoch in which the owner of a subnet changes no hyperparameters.
		pub admin_freeze_window: u16,
		/// Tempos between two changes of a hyperparameter by the owner of a subnet; 0 = no limit.
		pub owner_hyperparam_rate_limit: u16,
		/// How much a rao staked on root counts beside a rao of alpha, of `u64::MAX`.
		pub tao_weight: u64,
		/// Whether the TAO that stakers bring shares the block emission between subnets, once two of them have had trades;
		/// else the moving prices do.
		pub tao_flow_enabled: bool,
		/// Not a setting.
		#[serde(skip)]
		pub marker: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			self.apply();
		}
	}

	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A subnet was registered: its number, and its mechanism (always 0).
		NetworkAdded(NetUid, u16),
		/// A subnet was dissolved; from now on it is cleaned up.
		NetworkRemoved(NetUid),
		/// A dissolved subnet is cleaned up: its number is free.
		NetworkCleanedUp {
			/// Subnet.
			netuid: NetUid,
			/// Alpha that took part in what was in its pool.
			alpha: AlphaBalance,
			/// Paid to those who held it.
			paid: TaoBalance,
			/// Burned: what could not be paid.
			burned: TaoBalance,
		},
		/// A registration waits for a dissolved subnet to be cleaned up.
		NetworkRegistrationQueued {
			/// The owner.
			coldkey: AccountId32,
			/// The owner's hotkey.
			hotkey: AccountId32,
			/// This block.
			registration_block: u64,
			/// What was paid for it.
			lock_amount: TaoBalance,
		},
		/// A subnet that somebody waited for cannot be made, and its cost was paid back.
		NetworkRegistrationRefunded {
			/// The owner.
			coldkey: AccountId32,
			/// The owner's hotkey.
			hotkey: AccountId32,
			/// What was paid back.
			lock_amount: TaoBalance,
		},
		/// A subnet was started: its number, and the block from which on it takes part in the emission.
		FirstEmissionBlockNumberSet(NetUid, u64),
		/// A coldkey said who it is, or took that back.
		ChainIdentitySet(AccountId32),
		/// The owner of a subnet said what it is.
		SubnetIdentitySet(NetUid),
		/// The owner of a subnet took back what it is.
		SubnetIdentityRemoved(NetUid),
		/// A subnet's token got another symbol.
		SymbolUpdated {
			/// Subnet.
			netuid: NetUid,
			/// The symbol, UTF-8.
			symbol: Vec<u8>,
		},
		/// A hotkey got a uid: subnet, uid, hotkey.
		NeuronRegistered(NetUid, u16, AccountId32),
		/// A neuron lost its uid to a new one: subnet, uid, hotkey that lost it.
		NeuronReplaced(NetUid, u16, AccountId32),
		/// A neuron lost its uid because the subnet has fewer: subnet, uid, hotkey that lost it.
		NeuronTrimmed(NetUid, u16, AccountId32),
		/// A neuron has another uid since the subnet has fewer: subnet, the uid before, the uid now, hotkey.
		NeuronRenumbered(NetUid, u16, u16, AccountId32),
		/// A neuron published where it serves: subnet, hotkey.
		AxonServed(NetUid, AccountId32),
		/// A neuron published where it serves metrics: subnet, hotkey.
		PrometheusServed(NetUid, AccountId32),
		/// Stake was added: coldkey, hotkey, TAO paid, alpha credited, subnet, fee.
		StakeAdded(AccountId32, AccountId32, TaoBalance, AlphaBalance, NetUid, u64),
		/// Stake was removed: coldkey, hotkey, TAO paid out, alpha debited, subnet, fee.
		StakeRemoved(AccountId32, AccountId32, TaoBalance, AlphaBalance, NetUid, u64),
		/// Stake was moved: coldkey, hotkey and subnet from where, hotkey and subnet to where, TAO that was moved or that the
		/// stake was worth.
		StakeMoved(AccountId32, AccountId32, NetUid, AccountId32, NetUid, TaoBalance),
		/// Stake was moved to another subnet: coldkey, hotkey, subnet from where, subnet to where, TAO that was moved.
		StakeSwapped(AccountId32, AccountId32, NetUid, NetUid, TaoBalance),
		/// Stake was given away: coldkey from where, coldkey to where, hotkey, subnet from where, subnet to where, TAO that
		/// was moved or that the stake was worth.
		StakeTransferred(AccountId32, AccountId32, AccountId32, NetUid, NetUid, TaoBalance),
		/// Stake was given away on another hotkey: coldkey from where, coldkey to where, hotkey from where, hotkey to where,
		/// subnet from where, subnet to where, TAO that was moved or that the stake was worth.
		StakeAndHotkeyTransferred(
			AccountId32,
			AccountId32,
			AccountId32,
			AccountId32,
			NetUid,
			NetUid,
			TaoBalance,
		),
		/// Alpha was destroyed, and may be emitted again: coldkey, hotkey, alpha, subnet.
		AlphaRecycled(AccountId32, AccountId32, AlphaBalance, NetUid),
		/// Alpha was destroyed: coldkey, hotkey, alpha, subnet.
		AlphaBurned(AccountId32, AccountId32, AlphaBalance, NetUid),
		/// Alpha was bought and destroyed.
		AddStakeBurn {
			/// Subnet.
			netuid: NetUid,
			/// Hotkey that the caller named.
			hotkey: AccountId32,
			/// TAO paid.
			amount: TaoBalance,
			/// Alpha destroyed.
			alpha: AlphaBalance,
		},
		/// Whether stake on a subnet may be traded was set: subnet, whether.
		SubtokenToggled(NetUid, bool),
		/// The least worth of a stake on somebody else's hotkey was set: rao.
		NominatorMinRequiredStakeSet(u64),
		/// A validator set weights: key of the mechanism, uid.
		WeightsSet(MechanismIndex, u16),
		/// A hotkey committed to weights: hotkey, key of the mechanism, hash.
		WeightsCommitted(AccountId32, MechanismIndex, sp_core::H256),
		/// A hotkey revealed weights that it had committed to: hotkey, key of the mechanism, hash.
		WeightsRevealed(AccountId32, MechanismIndex, sp_core::H256),
		/// A hotkey committed to weights that are sealed until a round of the beacon: hotkey, key of the mechanism,
		/// BLAKE2b-256 of the ciphertext, round.
		TimelockedWeightsCommitted(AccountId32, MechanismIndex, sp_core::H256, u64),
		/// Sealed weights were opened and set: key of the mechanism, hotkey.
		TimelockedWeightsRevealed(MechanismIndex, AccountId32),
		/// Sealed weights were opened, or could not be, and are not set.
		TimelockedWeightsRefused {
			/// Key of the mechanism.
			index: MechanismIndex,
			/// Whose they were.
			hotkey: AccountId32,
			/// Why.
			error: DispatchError,
		},
		/// A batch of weights was set, or committed to: subnets, hotkey.
		BatchWeightsCompleted(Vec<codec::Compact<NetUid>>, AccountId32),
		/// Items of a batch were refused.
		BatchCompletedWithErrors(),
		/// An item of a batch was refused, for this reason.
		BatchWeightItemFailed(DispatchError),
		/// A validator's take was lowered: coldkey, hotkey, take.
		TakeDecreased(AccountId32, AccountId32, PerU16),
		/// A validator's take was raised: coldkey, hotkey, take.
		TakeIncreased(AccountId32, AccountId32, PerU16),
		/// The smallest take was set.
		MinDelegateTakeSet(PerU16),
		/// The largest take was set.
		MaxDelegateTakeSet(PerU16),
		/// The blocks between two rises of a take were set.
		TxDelegateTakeRateLimitSet(u64),
		/// The blocks between two calls that replace a hotkey were set.
		TxRateLimitSet(u64),
		/// A tempo was set: subnet, blocks.
		TempoSet(NetUid, u16),
		/// An epoch was asked for: subnet, block.
		EpochTriggered(NetUid, u64),
		/// An epoch became due in a block that has no room for it; it waits for one of the next. Told once an epoch.
		EpochDeferred {
			/// Subnet.
			netuid: NetUid,
			/// This block.
			due: u64,
		},
		/// An epoch is paid out: in its own block where it pays at most [`PAYMENTS_PER_BLOCK`] neurons, else when the last
		/// miner is paid. `emission + owner` was pending before it ran; `miners + takes + nominators + root + owner + carried`
		/// is the same amount.
		EpochCompleted {
			/// Subnet.
			netuid: NetUid,
			/// Number of the epoch.
			epoch: u64,
			/// What was pending for miners, validators and root.
			emission: AlphaBalance,
			/// Paid to the owners of miners.
			miners: AlphaBalance,
			/// Paid to the owners of validators as take.
			takes: AlphaBalance,
			/// Paid into validators' share pools, for all who stake there.
			nominators: AlphaBalance,
			/// Paid to the subnet's owner.
			owner: AlphaBalance,
			/// Given to those who stake on validators on root, for them to claim.
			root: AlphaBalance,
			/// Not paid; pending for the next epoch.
			carried: AlphaBalance,
		},
		/// Root dividends were claimed, sold, and staked on root.
		RootClaimed {
			/// Who claimed.
			coldkey: AccountId32,
			/// On which hotkey.
			hotkey: AccountId32,
			/// What they brought.
			tao: TaoBalance,
		},
		/// The least TAO that a claim on root must bring was set, in rao.
		RootClaimThresholdSet(u64),
	}

	/// Why a call was refused.
	#[pallet::error]
	pub enum Error<T> {
		/// The subnet does not exist.
		SubnetNotExists,
		/// The subnet was dissolved, and what is stored about it is being removed: wait until its number is free.
		WaitingForDissolvedSubnetCleanup,
		/// The subnet was dissolved already.
		NetworkDissolveAlreadyQueued,
		/// The last registration of a subnet is too recent: try again when `NetworkRateLimit` blocks have passed since it.
		NetworkTxRateLimitExceeded,
		/// Too many registrations of subnets wait already: try again when one of them has got its subnet.
		NetworkRegistrationQueueFull,
		/// The subnet was started already.
		FirstEmissionBlockNumberAlreadySet,
		/// The subnet is too young to be started: wait until it is `StartCallDelay` blocks old.
		StartCallNotReady,
		/// A text of the identity is too long, or is not UTF-8: shorten it.
		InvalidIdentity,
		/// The symbol is not in the catalog of symbols: choose one letter of an alphabet that is.
		SymbolDoesNotExist,
		/// Another subnet has the symbol: choose another one.
		SymbolAlreadyInUse,
		/// The mechanism does not exist on the subnet; every subnet has mechanism 0 only.
		MechanismDoesNotExist,
		/// There are as many subnets as there may be, and none of them has to make room now: wait until the first is beyond its
		/// immunity.
		SubnetLimitReached,
		/// The balance does not cover the cost of a subnet and the existential deposit.
		CannotAffordLockCost,
		/// The caller does not own the subnet.
		NotSubnetOwner,
		/// An account that belongs to the chain cannot be a hotkey.
		CannotUseSystemAccount,
		/// The coldkey does not own the hotkey.
		NonAssociatedColdKey,
		/// The hotkey is unknown: register it on a subnet first.
		HotKeyAccountNotExists,
		/// The coldkey owns, or stakes on, as many hotkeys as it may.
		TooManyStakingHotkeys,
		/// The root subnet takes no registrations.
		RegistrationNotPermittedOnRootSubnet,
		/// The subnet takes no registrations now.
		SubNetRegistrationDisabled,
		/// The subnet has had its registrations for this block; try the next one.
		TooManyRegistrationsThisBlock,
		/// The hotkey already holds a uid on the subnet.
		HotKeyAlreadyRegisteredInSubNet,
		/// The registration costs more than the limit that the caller gave: wait for it to fall, or raise the limit.
		RegistrationPriceLimitExceeded,
		/// The work starts from this block or a later one, from one more than five blocks back, or from one before the
		/// hotkey's last registration by work: search anew from the latest block.
		InvalidWorkBlock,
		/// The work is not the hash of the domain, the subnet, the block, both keys and the nonce.
		InvalidSeal,
		/// The work does not meet the subnet's difficulty: search on.
		InvalidDifficulty,
		/// The subnet is full and every neuron is immune.
		NoNeuronIdAvailable,
		/// So many neurons are immune that the subnet cannot become as small as that: wait until immunity periods are over.
		TrimmingWouldExceedMaxImmunePercentage,
		/// More neurons would lose their uids than one call takes: go down by at most 256 at a time.
		TooManyNeuronsToTrim,
		/// Uids were given to other neurons since the commit, so that it is not known whom its weights mean: commit again.
		UidsRenumberedSinceCommit,
		/// The hotkey holds no uid on the subnet.
		HotKeyNotRegisteredInSubNet,
		/// The hotkey holds no uid on the subnet that it wants to serve.
		HotKeyNotRegisteredInNetwork,
		/// The address type is neither 4 nor 6.
		InvalidIpType,
		/// The address is zero, multicast or broadcast, or does not fit its type.
		InvalidIpAddress,
		/// The port is zero.
		InvalidPort,
		/// The certificate is not an algorithm byte followed by 1 to 64 bytes of public key.
		InvalidCertificate,
		/// The axon was published too recently.
		ServingRateLimitExceeded,
		/// The subnet has not started: its stake cannot be traded or moved yet.
		SubtokenDisabled,
		/// The amount, or what it is worth in TAO, is below the smallest stake.
		AmountTooLow,
		/// The stake would stay where it is: name another subnet, hotkey or coldkey.
		SameNetuid,
		/// The subnet does not allow transfers of stake between coldkeys.
		TransferDisallowed,
		/// Root's stake is TAO, which cannot be burned or recycled this way.
		CannotBurnOrRecycleOnRootSubnet,
		/// The balance does not cover the amount and the existential deposit.
		NotEnoughBalanceToStake,
		/// The stake is smaller than the amount.
		NotEnoughStakeToWithdraw,
		/// The hotkey's share pool cannot represent the amount without a loss: stake on another hotkey, or withdraw
		/// everything.
		StakeUnavailable,
		/// The pool is too small for the trade: trade less.
		InsufficientLiquidity,
		/// The trade would move the price beyond its limit: trade less, allow a partial trade, or relax the limit.
		SlippageTooHigh,
		/// The price is at its limit already, so that not even a part of the trade can be made: relax the limit.
		ZeroMaxAmount,
		/// The subnet has a pool already.
		PoolExists,
		/// A number got too large.
		Overflow,
		/// Weights cannot be set on the root subnet.
		CanNotSetRootNetworkWeights,
		/// Weights have to be committed first on this subnet.
		CommitRevealEnabled,
		/// Weights need no commit on this subnet: set them.
		CommitRevealDisabled,
		/// The hotkey has no commit here that is still good, or got its uid after it: commit again.
		NoWeightsCommitFound,
		/// The hotkey has as many commits that are not revealed as it may have, or the subnet has in this epoch: wait for
		/// some to be revealed.
		TooManyUnrevealedCommits,
		/// None of the hotkey's commits is to what was revealed: reveal exactly what was hashed, with its salt.
		InvalidRevealCommitHashNotMatch,
		/// The commit cannot be revealed yet: wait for the epoch that the subnet's reveal period says.
		RevealTooEarly,
		/// The commit was to be revealed in an earlier epoch: commit again.
		ExpiredWeightCommit,
		/// The chain opens sealed weights of version 4 only: update the client.
		IncorrectCommitRevealVersion,
		/// The round has come already: seal the weights until a later one.
		InvalidRevealRound,
		/// The sealed weights could not be opened with their round's signature, or are not what they should be.
		SealedWeightsUnreadable,
		/// The hotkey has weights in force that it committed to, or set, later.
		NewerWeightsInForce,
		/// The sealed weights name another hotkey than the one that committed to them.
		SealedWeightsOfAnother,
		/// The lists of a batch are not equally long, or longer than [`MAX_BATCH`].
		InputLengthsUnequal,
		/// There are not as many weights as destinations.
		WeightVecNotEqualSize,
		/// There are more destinations than neurons.
		UidsLengthExceedUidsInSubNet,
		/// A destination appears twice.
		DuplicateUids,
		/// A destination is not a uid of the subnet.
		UidVecContainInvalidOne,
		/// There are too few destinations with a weight above zero.
		WeightVecLengthIsLow,
		/// One weight has a larger share than the subnet allows.
		MaxWeightExceeded,
		/// Every weight is zero.
		InvalidValue,
		/// The version key is older than the subnet asks for.
		IncorrectWeightVersionKey,
		/// The last weights, or the registration, are too recent.
		SettingWeightsTooFast,
		/// The hotkey holds no validator permit.
		NeuronNoValidatorPermit,
		/// The stake on the hotkey is below the threshold.
		NotEnoughStakeToSetWeights,
		/// The tempo is outside its bounds.
		TempoOutOfBounds,
		/// An epoch was asked for already and has not run yet.
		EpochTriggerAlreadyPending,
		/// The next epoch is due anyway.
		AutoEpochAlreadyImminent,
		/// The last epoch, or the owner's last change of this hyperparameter, is too recent; wait.
		TxRateLimitExceeded,
		/// The epoch of the subnet is near, and its owner changes nothing so shortly before; try again after it, or as
		/// root.
		AdminActionProhibitedDuringWeightsWindow,
		/// The take is below its bound, or not below the present one.
		DelegateTakeTooLow,
		/// The take is above its bound, or not above the present one.
		DelegateTakeTooHigh,
		/// The take rose too recently.
		DelegateTxRateLimitExceeded,
		/// More dividends wait on root than one call may claim: claim one hotkey at a time.
		RootClaimTooHeavy,
		/// The threshold of claims is root's alone, and at most one TAO.
		InvalidRootClaimThreshold,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(_block: BlockNumberFor<T>) -> Weight {
			Self::begin_block().saturating_add(Self::renew_subnets())
		}

		fn integrity_test() {
			Self::check_epochs_fit();
			Self::check_cleanup_fits();
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_block: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}
}
