//! The records about stake that the runtime APIs return beside [`StakeInfo`](crate::StakeInfo).

use crate::{AlphaBalance, NetUid, U64F64};
use alloc::vec::Vec;
use codec::{Compact, Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::AccountId32;

/// Subnets, and the alpha (on root, rao of TAO) of a coldkey on one hotkey there.
pub type StakeBySubnet = Vec<(Compact<NetUid>, Compact<u64>)>;

/// A coldkey and its stakes on one hotkey.
pub type Nomination = (AccountId32, StakeBySubnet);

/// A hotkey that takes stake.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct DelegateInfo {
	/// The hotkey.
	pub delegate_ss58: AccountId32,
	/// The part of dividends that its owner keeps, of 65535.
	pub take: Compact<u16>,
	/// Who stakes on it, its owner included.
	pub nominators: Vec<Nomination>,
	/// The coldkey that owns it.
	pub owner_ss58: AccountId32,
	/// Subnets on which it holds a uid.
	pub registrations: Vec<Compact<NetUid>>,
	/// Subnets on which it holds a validator permit.
	pub validator_permits: Vec<Compact<NetUid>>,
	/// Rao of TAO that 1000 TAO of stake on it would earn in a day, if all days were like the last epochs.
	pub return_per_1000: Compact<u64>,
	/// Rao of TAO that all stake on it would earn in a day, take included, if all days were like the last epochs.
	pub total_daily_return: Compact<u64>,
}

/// A stake on somebody else's hotkey: what is known of the hotkey, the subnet, and the alpha (on root, rao of TAO).
pub type DelegatedStake = (DelegateInfo, (Compact<NetUid>, Compact<AlphaBalance>));

/// What of a coldkey's alpha on a subnet can be taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct StakeAvailability {
	/// All of it.
	pub total: Compact<AlphaBalance>,
	/// What is locked.
	pub locked: Compact<AlphaBalance>,
	/// What is not.
	pub available: Compact<AlphaBalance>,
}

/// Alpha that its owner has locked.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct LockState {
	/// How much of it.
	pub locked_mass: AlphaBalance,
	/// What it counts, which grows with time.
	pub conviction: U64F64,
	/// The block for which this is so.
	pub last_update: u64,
}
