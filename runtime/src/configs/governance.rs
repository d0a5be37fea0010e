//! What the sudo key governs with: calls by hash, calls at a later block, and a switch that stops all but what is safe.

use super::{RuntimeBlockWeights, delegation::deposit};
use crate::{
	AccountId, Balance, Balances, BlockNumber, OriginCaller, Preimage, Runtime, RuntimeCall, RuntimeEvent,
	RuntimeHoldReason, RuntimeOrigin, System,
};
use frame_support::{
	parameter_types,
	traits::{ConstU32, Contains, EqualPrivilegeOnly, LinearStoragePrice, fungible::HoldConsideration},
	weights::Weight,
};
use frame_system::{EnsureRoot, EnsureRootWithSuccess};
use sp_runtime::Perbill;

/// Blocks for which the sudo key's word stops the chain's users: a day of 12 s blocks; it can be extended and ended.
const SAFE_MODE_BLOCKS: BlockNumber = 7_200;

parameter_types! {
	/// For the record of a preimage.
	pub const PreimageBaseDeposit: Balance = deposit(2, 64);
	/// For each byte of a preimage.
	pub const PreimageByteDeposit: Balance = deposit(0, 1);
	/// Why a preimage's deposit is held.
	pub const PreimageHoldReason: RuntimeHoldReason =
		RuntimeHoldReason::Preimage(pallet_preimage::HoldReason::Preimage);
	/// The part of a block that scheduled calls may use.
	pub SchedulerWeight: Weight = Perbill::from_percent(20) * RuntimeBlockWeights::get().max_block;
	/// See [`SAFE_MODE_BLOCKS`].
	pub const SafeModeBlocks: BlockNumber = SAFE_MODE_BLOCKS;
	/// Nobody can stop the chain for a deposit.
	pub const NoDeposit: Option<Balance> = None;
	/// There are no deposits to release.
	pub const NoRelease: Option<BlockNumber> = None;
}

impl pallet_preimage::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_preimage::weights::SubstrateWeight<Runtime>;
	type Currency = Balances;
	type ManagerOrigin = EnsureRoot<AccountId>;
	type Consideration = HoldConsideration<
		AccountId,
		Balances,
		PreimageHoldReason,
		LinearStoragePrice<PreimageBaseDeposit, PreimageByteDeposit, Balance>,
	>;
}

impl pallet_scheduler::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeOrigin = RuntimeOrigin;
	type PalletsOrigin = OriginCaller;
	type RuntimeCall = RuntimeCall;
	type MaximumWeight = SchedulerWeight;
	type ScheduleOrigin = EnsureRoot<AccountId>;
	type OriginPrivilegeCmp = EqualPrivilegeOnly;
	type MaxScheduledPerBlock = ConstU32<50>;
	type WeightInfo = pallet_scheduler::weights::SubstrateWeight<Runtime>;
	type Preimages = Preimage;
	type BlockNumberProvider = System;
}

/// What still works in safe mode: the pallets without which no block can be made, and what ends it.
pub struct SafeCalls;

impl Contains<RuntimeCall> for SafeCalls {
	fn contains(call: &RuntimeCall) -> bool {
		matches!(
			call,
			RuntimeCall::System(_)
				| RuntimeCall::Timestamp(_)
				| RuntimeCall::Grandpa(_)
				| RuntimeCall::Sudo(_)
				| RuntimeCall::Drand(_)
				| RuntimeCall::MevShield(pallet_mev_shield::Call::announce_next_key { .. })
				| RuntimeCall::Multisig(_)
				| RuntimeCall::Preimage(_)
				| RuntimeCall::Scheduler(_)
				| RuntimeCall::SafeMode(_)
		)
	}
}

impl pallet_safe_mode::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type WhitelistedCalls = SafeCalls;
	type EnterDuration = SafeModeBlocks;
	type ExtendDuration = SafeModeBlocks;
	type EnterDepositAmount = NoDeposit;
	type ExtendDepositAmount = NoDeposit;
	type ForceEnterOrigin = EnsureRootWithSuccess<AccountId, SafeModeBlocks>;
	type ForceExtendOrigin = EnsureRootWithSuccess<AccountId, SafeModeBlocks>;
	type ForceExitOrigin = EnsureRoot<AccountId>;
	type ForceDepositOrigin = EnsureRoot<AccountId>;
	type Notify = ();
	type ReleaseDelay = NoRelease;
	type WeightInfo = pallet_safe_mode::weights::SubstrateWeight<Runtime>;
}
