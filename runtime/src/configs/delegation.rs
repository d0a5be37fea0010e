//! Acting for another account: proxies and multisignature accounts.

use super::proxy_type::ProxyType;
use crate::{Balance, Balances, Runtime, RuntimeCall, RuntimeEvent, System};
use frame_support::{parameter_types, traits::ConstU32};
use ganglion_primitives::RAO_PER_TAO;
use sp_runtime::traits::BlakeTwo256;

/// Deposit for keeping an item in the state, in rao: 0.02 TAO.
const ITEM_DEPOSIT: Balance = RAO_PER_TAO / 50;
/// Deposit for keeping a byte in the state, in rao: 0.0001 TAO.
const BYTE_DEPOSIT: Balance = RAO_PER_TAO / 10_000;

/// The deposit for keeping items of so many bytes in all.
pub(super) const fn deposit(items: u64, bytes: u64) -> Balance {
	items
		.saturating_mul(ITEM_DEPOSIT)
		.saturating_add(bytes.saturating_mul(BYTE_DEPOSIT))
}

parameter_types! {
	/// For an account's list of proxies.
	pub const ProxyDepositBase: Balance = deposit(1, 8);
	/// For each proxy in the list: an account, a type and a delay.
	pub const ProxyDepositFactor: Balance = deposit(0, 37);
	/// For a proxy's list of announcements.
	pub const AnnouncementDepositBase: Balance = deposit(1, 8);
	/// For each announcement in the list: an account, a hash and a block.
	pub const AnnouncementDepositFactor: Balance = deposit(0, 68);
	/// For an operation that waits for signatures: an account, a hash and a timepoint.
	pub const MultisigDepositBase: Balance = deposit(1, 88);
	/// For each signatory that an operation waits for.
	pub const MultisigDepositFactor: Balance = deposit(0, 32);
}

impl pallet_proxy::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type Currency = Balances;
	type ProxyType = ProxyType;
	type ProxyDepositBase = ProxyDepositBase;
	type ProxyDepositFactor = ProxyDepositFactor;
	type MaxProxies = ConstU32<20>;
	type WeightInfo = pallet_proxy::weights::SubstrateWeight<Runtime>;
	type MaxPending = ConstU32<75>;
	type CallHasher = BlakeTwo256;
	type AnnouncementDepositBase = AnnouncementDepositBase;
	type AnnouncementDepositFactor = AnnouncementDepositFactor;
	type BlockNumberProvider = System;
}

impl pallet_multisig::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type Currency = Balances;
	type DepositBase = MultisigDepositBase;
	type DepositFactor = MultisigDepositFactor;
	type MaxSignatories = ConstU32<100>;
	type WeightInfo = pallet_multisig::weights::SubstrateWeight<Runtime>;
	type BlockNumberProvider = System;
}
