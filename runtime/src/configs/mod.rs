//! The pallets' parameters.

pub mod commitments;
pub mod delegation;
mod drand;
pub mod fees;
pub mod governance;
pub mod precheck;
pub mod proxy_type;
pub mod shield;
pub mod swap;

use crate::{
	AccountId, Aura, Balance, Balances, Block, Nonce, OriginCaller, PalletInfo, Runtime, RuntimeCall, RuntimeEvent,
	RuntimeFreezeReason, RuntimeHoldReason, RuntimeOrigin, RuntimeTask, System, VERSION, pace,
};
use frame_support::{
	PalletId, derive_impl, parameter_types,
	traits::{ConstBool, ConstU8, ConstU16, ConstU32, ConstU64, VariantCountOf},
	weights::{
		Weight,
		constants::{ParityDbWeight, WEIGHT_REF_TIME_PER_SECOND},
	},
};
use frame_system::limits::{BlockLength, BlockWeights};
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_runtime::Perbill;
use sp_version::RuntimeVersion;

pub use pace::DEFAULT_SLOT_DURATION_MS as SLOT_DURATION_MS;

/// The least an account may hold, in rao; an account that falls below it is removed.
pub const EXISTENTIAL_DEPOSIT: Balance = 500;
/// The format of addresses: the one that Bittensor's wallets use.
pub const SS58_PREFIX: u16 = 42;
/// The most authorities that may produce and finalise blocks.
pub const MAX_AUTHORITIES: u32 = 32;

/// The share of a block that ordinary transactions may use; the rest is kept for operational ones.
const NORMAL_DISPATCH_RATIO: Perbill = Perbill::from_percent(75);
/// The computation that one block may use: four of its twelve seconds.
const MAXIMUM_BLOCK_WEIGHT: Weight = Weight::from_parts(4 * WEIGHT_REF_TIME_PER_SECOND, u64::MAX);
/// The most bytes of a block.
const MAXIMUM_BLOCK_LENGTH: u32 = 5 * 1024 * 1024;

parameter_types! {
	/// Blocks whose hashes the state remembers; the SDK's transactions live at most 128 of them.
	pub const BlockHashCount: u32 = 2_400;
	/// The runtime's versions.
	pub const Version: RuntimeVersion = VERSION;
	/// From which the accounts are derived that back the subnets' stake.
	pub const SubtensorPalletId: PalletId = PalletId(*b"gngl/sub");
	/// Weight limits of a block.
	pub RuntimeBlockWeights: BlockWeights =
		BlockWeights::with_sensible_defaults(MAXIMUM_BLOCK_WEIGHT, NORMAL_DISPATCH_RATIO);
	/// Length limits of a block.
	pub RuntimeBlockLength: BlockLength = BlockLength::builder()
		.max_length(MAXIMUM_BLOCK_LENGTH)
		.modify_max_length_for_class(frame_support::dispatch::DispatchClass::Normal, |limit| {
			*limit = NORMAL_DISPATCH_RATIO * MAXIMUM_BLOCK_LENGTH;
		})
		.build();
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
	type BaseCallFilter = crate::SafeMode;
	type SingleBlockMigrations = crate::migrations::Migrations;
	type Block = Block;
	type BlockWeights = RuntimeBlockWeights;
	type BlockLength = RuntimeBlockLength;
	type AccountId = AccountId;
	type Nonce = Nonce;
	type BlockHashCount = BlockHashCount;
	type DbWeight = ParityDbWeight;
	type Version = Version;
	type AccountData = pallet_balances::AccountData<Balance>;
	type SS58Prefix = ConstU16<SS58_PREFIX>;
	type MaxConsumers = ConstU32<16>;
}

impl pace::Config for Runtime {}

impl pallet_timestamp::Config for Runtime {
	type Moment = u64;
	type OnTimestampSet = Aura;
	type MinimumPeriod = pace::MinimumPeriod<Runtime>;
	type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}

impl pallet_aura::Config for Runtime {
	type AuthorityId = AuraId;
	type DisabledValidators = ();
	type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
	type AllowMultipleBlocksPerSlot = ConstBool<false>;
	type SlotDuration = pace::SlotDuration<Runtime>;
}

impl pallet_grandpa::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
	type MaxNominators = ConstU32<0>;
	type MaxSetIdSessionEntries = ConstU64<0>;
	type KeyOwnerProof = sp_core::Void;
	type EquivocationReportSystem = ();
}

impl pallet_balances::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeHoldReason = RuntimeHoldReason;
	type RuntimeFreezeReason = RuntimeFreezeReason;
	type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
	type Balance = Balance;
	type DustRemoval = ();
	type ExistentialDeposit = ConstU64<EXISTENTIAL_DEPOSIT>;
	type AccountStore = System;
	type ReserveIdentifier = [u8; 8];
	type FreezeIdentifier = RuntimeFreezeReason;
	type MaxLocks = ConstU32<50>;
	type MaxReserves = ConstU32<50>;
	type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
	type DoneSlashHandler = ();
}

impl pallet_transaction_payment::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type OnChargeTransaction = fees::ColdkeyPays;
	type WeightToFee = fees::RefTimeToRao;
	type LengthToFee = fees::LengthToRao;
	type FeeMultiplierUpdate = ();
	type OperationalFeeMultiplier = ConstU8<5>;
	type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
}

impl pallet_utility::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type PalletsOrigin = OriginCaller;
	type WeightInfo = pallet_utility::weights::SubstrateWeight<Runtime>;
}

impl pallet_sudo::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type WeightInfo = pallet_sudo::weights::SubstrateWeight<Runtime>;
}

impl pallet_subtensor::Config for Runtime {
	type Currency = Balances;
	type Pools = crate::Swap;
	type PalletId = SubtensorPalletId;
	type Beacon = crate::Drand;
	type NeuronObserver = commitments::ForgetCommitments;
	type SubnetCleanup = crate::Commitments;
	type InitialStartCallDelay = pallet_subtensor::StartDelay<Runtime>;
	type WeightInfo = pallet_subtensor::PalletWeight<Runtime>;
}

impl pallet_admin_utils::Config for Runtime {
	type WeightInfo = pallet_admin_utils::PalletWeight<Runtime>;
}
