//! What a proxy may do for the account that appointed it.
//!
//! The variants are those that clients of the network know, in the order of their encoding. A rule names calls by pallet
//! and name, so that one table says what each type allows. Batches of the Utility pallet are allowed to every type that
//! allows anything: the filter holds for each call in them.

use crate::RuntimeCall;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::traits::{GetCallMetadata, InstanceFilter};
use ganglion_primitives::RAO_PER_TAO;
use scale_info::TypeInfo;

/// The most that one transfer of a [`ProxyType::SmallTransfer`] may move, in rao: half a TAO.
pub const SMALL_TRANSFER_LIMIT: u64 = RAO_PER_TAO / 2;

/// What a proxy may do.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum ProxyType {
	/// Everything.
	#[default]
	Any,
	/// What the owner of a subnet does: hyperparameters, identity, symbol, start, the fee of its pool.
	Owner,
	/// All but what cannot be taken back: dissolving a subnet, registrations, sudo.
	NonCritical,
	/// All but what moves money to somebody else or hands over keys.
	NonTransfer,
	/// Nothing: there is no senate on this chain.
	Senate,
	/// All but what moves, stakes or spends money, or hands over keys.
	NonFungible,
	/// Nothing: there is no triumvirate on this chain.
	Triumvirate,
	/// Nothing: there are no referenda on this chain.
	Governance,
	/// Adding, removing and moving one's own stake.
	Staking,
	/// Registering neurons.
	Registration,
	/// Transfers of TAO and of stake.
	Transfer,
	/// Transfers of TAO and of stake up to [`SMALL_TRANSFER_LIMIT`] each.
	SmallTransfer,
	/// Nothing: root validators set no weights on this chain.
	RootWeights,
	/// Child hotkeys and their take.
	ChildKeys,
	/// The sudo key's call that replaces the runtime's code.
	SudoUncheckedSetCode,
	/// Replacing a hotkey.
	SwapHotkey,
	/// What the owner of a subnet does, for the beneficiary of a lease.
	SubnetLeaseBeneficiary,
	/// Claiming root dividends.
	RootClaim,
	/// Nothing: there are no baskets on this chain.
	BasketTrading,
}

/// Calls of SubtensorModule that stake, or move one's own stake.
pub const STAKING: &[&str] = &[
	"add_stake",
	"add_stake_limit",
	"remove_stake",
	"remove_stake_limit",
	"remove_stake_full_limit",
	"unstake_all",
	"unstake_all_alpha",
	"move_stake",
	"move_stake_limit",
	"swap_stake",
	"swap_stake_limit",
];
/// Calls of SubtensorModule that give stake away.
pub const STAKE_TRANSFERS: &[&str] = &["transfer_stake", "transfer_stake_and_hotkey"];
/// Calls of SubtensorModule that destroy money or give it to all.
pub const SPENDING: &[&str] = &["add_stake_burn", "burn_alpha", "recycle_alpha"];
/// Calls of SubtensorModule that register neurons.
pub const REGISTRATION: &[&str] = &["burned_register", "register_limit", "pow_register", "root_register"];
/// Calls of SubtensorModule that hand keys over.
pub const KEY_SWAPS: &[&str] = &[
	"swap_hotkey",
	"swap_hotkey_v2",
	"swap_coldkey",
	"swap_coldkey_announced",
	"schedule_swap_coldkey",
	"announce_coldkey_swap",
];
/// Calls of SubtensorModule that are for the owner of a subnet.
pub const OWNER: &[&str] = &[
	"set_subnet_identity",
	"update_symbol",
	"start_call",
	"set_tempo",
	"trigger_epoch",
	"set_activity_cutoff_factor",
];
/// Calls of SubtensorModule that create or end subnets.
pub const SUBNETS: &[&str] = &[
	"register_network",
	"register_network_with_identity",
	"register_leased_network",
	"dissolve_network",
	"root_dissolve_network",
];
/// Calls of SubtensorModule about child hotkeys.
pub const CHILD_KEYS: &[&str] = &["set_children", "set_childkey_take"];
/// Calls of SubtensorModule that claim root dividends.
pub const ROOT_CLAIM: &[&str] = &["claim_root", "claim_root_with_hotkey"];
/// Calls of SubtensorModule that replace a hotkey.
pub const SWAP_HOTKEY: &[&str] = &["swap_hotkey", "swap_hotkey_v2"];
/// Calls of Utility that dispatch other calls in the caller's name.
pub const BATCHES: &[&str] = &["batch", "batch_all", "force_batch"];
/// Calls of AdminUtils that hand a subnet over.
pub const OWNER_CHANGES: &[&str] = &["sudo_set_sn_owner_hotkey"];

impl InstanceFilter<RuntimeCall> for ProxyType {
	fn filter(&self, call: &RuntimeCall) -> bool {
		let metadata = call.get_call_metadata();
		let (pallet, name) = (metadata.pallet_name, metadata.function_name);
		let one_of = |lists: &[&[&str]]| pallet == "SubtensorModule" && lists.iter().any(|list| list.contains(&name));
		let batch = pallet == "Utility" && BATCHES.contains(&name);
		// Another account's proxy or signature would act in that account's name, without this filter.
		let for_others = matches!(pallet, "Multisig" | "Proxy") && !matches!(name, "add_proxy" | "remove_proxy");
		match self {
			Self::Any => true,
			Self::Owner | Self::SubnetLeaseBeneficiary => {
				batch
					|| one_of(&[OWNER])
					|| pallet == "Swap"
					|| (pallet == "AdminUtils" && !OWNER_CHANGES.contains(&name))
			}
			Self::NonCritical => !(pallet == "Sudo" || for_others || one_of(&[REGISTRATION, SUBNETS, KEY_SWAPS])),
			Self::NonTransfer => {
				!(matches!(pallet, "Balances" | "Sudo")
					|| for_others || one_of(&[STAKE_TRANSFERS, SPENDING, KEY_SWAPS]))
			}
			Self::NonFungible => {
				let money = [
					STAKING,
					STAKE_TRANSFERS,
					SPENDING,
					REGISTRATION,
					SUBNETS,
					KEY_SWAPS,
					ROOT_CLAIM,
				];
				!(matches!(pallet, "Balances" | "Sudo") || for_others || one_of(&money))
			}
			Self::Staking => batch || one_of(&[STAKING]),
			Self::Registration => batch || one_of(&[REGISTRATION]),
			Self::Transfer => batch || one_of(&[STAKE_TRANSFERS]) || is_transfer(call),
			Self::SmallTransfer => batch || is_small_transfer(call),
			Self::ChildKeys => batch || one_of(&[CHILD_KEYS]),
			Self::SudoUncheckedSetCode => sets_code_unchecked(call),
			Self::SwapHotkey => batch || one_of(&[SWAP_HOTKEY]),
			Self::RootClaim => batch || one_of(&[ROOT_CLAIM]),
			Self::Senate | Self::Triumvirate | Self::Governance | Self::RootWeights | Self::BasketTrading => false,
		}
	}

	fn is_superset(&self, other: &Self) -> bool {
		match (self, other) {
			(Self::Any, _) | (Self::Transfer, Self::SmallTransfer) => true,
			(left, right) => left == right,
		}
	}
}

fn is_transfer(call: &RuntimeCall) -> bool {
	use pallet_balances::Call;
	matches!(
		call,
		RuntimeCall::Balances(
			Call::transfer_keep_alive { .. } | Call::transfer_allow_death { .. } | Call::transfer_all { .. }
		)
	)
}

fn is_small_transfer(call: &RuntimeCall) -> bool {
	use pallet_balances::Call;
	match call {
		RuntimeCall::Balances(Call::transfer_keep_alive { value, .. } | Call::transfer_allow_death { value, .. }) => {
			*value <= SMALL_TRANSFER_LIMIT
		}
		_ => false,
	}
}

fn sets_code_unchecked(call: &RuntimeCall) -> bool {
	match call {
		RuntimeCall::Sudo(pallet_sudo::Call::sudo_unchecked_weight { call, .. }) => {
			matches!(**call, RuntimeCall::System(frame_system::Call::set_code { .. }))
		}
		_ => false,
	}
}
