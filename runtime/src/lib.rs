//! Ganglion's runtime: the state transition function that every node of a chain executes in Wasm.
//!
//! It puts stock FRAME pallets (System, Timestamp, Aura, Grandpa, Balances, TransactionPayment, Utility, Sudo, Multisig,
//! Preimage, Scheduler, Proxy, SafeMode) around [`pallet_swap`], the pools, and [`pallet_subtensor`], which the
//! metadata calls `SubtensorModule`, the name that the `bittensor` SDK looks for; [`pallet_admin_utils`], which changes
//! their parameters; [`pallet_commitments`], what neurons publish; [`pallet_drand`], the beacon that opens what is sealed;
//! and [`pallet_mev_shield`] (`MevShield`), which takes transactions that are encrypted to the next block's author. Pallet
//! indices are those of the SDK's error table.
//!
//! | module | what |
//! | --- | --- |
//! | [`configs`] | the pallets' parameters, fees among them |
//! | `apis` | the runtime APIs that nodes and clients call |
//! | `benchmarks` | what weights are measured with, in builds for that |
//! | [`migrations`] | what is done to a state of an older layout |
//! | [`pace`] | the time between blocks, a setting of the genesis |
//! | [`genesis`] | the presets `development` and `local` |
//!
//! ```
//! use ganglion_runtime::{VERSION, genesis};
//!
//! assert_eq!(VERSION.spec_name.as_ref(), "ganglion");
//! assert!(genesis::preset(&"development".into()).is_some());
//! ```

#![cfg_attr(not(feature = "std"), no_std)]
#![recursion_limit = "256"]
#![expect(
	missing_docs,
	reason = "FRAME's macros and the Wasm builder generate public items without documentation"
)]

extern crate alloc;

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

mod apis;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
pub mod configs;
pub mod genesis;
pub mod migrations;
pub mod pace;

pub use apis::{RUNTIME_API_VERSIONS, RuntimeApi};

use alloc::{borrow::Cow, vec::Vec};
use sp_runtime::{
	MultiAddress, MultiSignature, OpaqueExtrinsic, generic, impl_opaque_keys,
	traits::{BlakeTwo256, IdentifyAccount, Verify},
};
use sp_version::RuntimeVersion;

/// An sr25519, ed25519 or ecdsa signature.
pub type Signature = MultiSignature;
/// 32 bytes that name an account: a coldkey, a hotkey or a pallet's own account.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// An amount of TAO in rao (1 TAO = 1e9 rao).
pub type Balance = u64;
/// How many transactions an account has sent.
pub type Nonce = u32;
/// The hash of a block or of a transaction.
pub type Hash = sp_core::H256;
/// The number of a block.
pub type BlockNumber = u32;
/// How transactions name an account.
pub type Address = MultiAddress<AccountId, ()>;
/// A block's header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block with its transactions.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// A block as the node handles it: transactions are bytes, which only the runtime understands.
pub type OpaqueBlock = generic::Block<Header, OpaqueExtrinsic>;

/// What every signed transaction carries besides its call, in the order of its encoding.
///
/// The SDK has encoders for these only; any further one has to be zero-sized.
pub type TxExtension = (
	frame_system::AuthorizeCall<Runtime>,
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckEra<Runtime>,
	frame_system::CheckNonce<Runtime>,
	frame_system::CheckWeight<Runtime>,
	pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
	configs::precheck::RefuseEarly,
	frame_system::WeightReclaim<Runtime>,
);
/// What a transaction carries that has this nonce and tip and does not expire.
#[must_use]
pub fn extension(nonce: Nonce, tip: Balance) -> TxExtension {
	(
		frame_system::AuthorizeCall::new(),
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckEra::from(generic::Era::Immortal),
		frame_system::CheckNonce::from(nonce),
		frame_system::CheckWeight::new(),
		pallet_transaction_payment::ChargeTransactionPayment::from(tip),
		configs::precheck::RefuseEarly,
		frame_system::WeightReclaim::new(),
	)
}

/// A transaction as it comes from the network.
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// Executes blocks.
pub type Executive =
	frame_executive::Executive<Runtime, Block, frame_system::ChainContext<Runtime>, Runtime, AllPalletsWithSystem>;

impl_opaque_keys! {
	/// The keys of a block-producing authority.
	pub struct SessionKeys {
		/// Signs blocks.
		pub aura: Aura,
		/// Votes for finality.
		pub grandpa: Grandpa,
	}
}

/// The runtime's name and versions. `spec_version` rises with every change of behaviour or metadata:
/// clients cache metadata under it.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: Cow::Borrowed("ganglion"),
	impl_name: Cow::Borrowed("ganglion"),
	authoring_version: 1,
	spec_version: 2,
	impl_version: 1,
	apis: RUNTIME_API_VERSIONS,
	transaction_version: 2,
	system_version: 1,
};

#[frame_support::runtime]
mod runtime {
	/// The runtime's concrete type.
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Runtime;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;

	#[runtime::pallet_index(2)]
	pub type Timestamp = pallet_timestamp;

	#[runtime::pallet_index(3)]
	pub type Aura = pallet_aura;

	#[runtime::pallet_index(4)]
	pub type Grandpa = pallet_grandpa;

	#[runtime::pallet_index(5)]
	pub type Balances = pallet_balances;

	#[runtime::pallet_index(6)]
	pub type TransactionPayment = pallet_transaction_payment;

	#[runtime::pallet_index(7)]
	pub type SubtensorModule = pallet_subtensor;

	#[runtime::pallet_index(11)]
	pub type Utility = pallet_utility;

	#[runtime::pallet_index(12)]
	pub type Sudo = pallet_sudo;

	#[runtime::pallet_index(13)]
	pub type Multisig = pallet_multisig;

	#[runtime::pallet_index(14)]
	pub type Preimage = pallet_preimage;

	#[runtime::pallet_index(15)]
	pub type Scheduler = pallet_scheduler;

	#[runtime::pallet_index(16)]
	pub type Proxy = pallet_proxy;

	#[runtime::pallet_index(19)]
	pub type AdminUtils = pallet_admin_utils;

	#[runtime::pallet_index(18)]
	pub type Commitments = pallet_commitments;

	#[runtime::pallet_index(20)]
	pub type SafeMode = pallet_safe_mode;

	#[runtime::pallet_index(26)]
	pub type Drand = pallet_drand;

	#[runtime::pallet_index(28)]
	pub type Swap = pallet_swap;
	#[runtime::pallet_index(30)]
	pub type MevShield = pallet_mev_shield;

	#[runtime::pallet_index(40)]
	pub type Pace = pace;
}
