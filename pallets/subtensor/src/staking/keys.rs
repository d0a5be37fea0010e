//! Keys of what is stored by hotkey and subnet, many of them in the same memory.
//!
//! The derived code allocates a few times for each key and hashes the hotkey again for each map and subnet. In the runtime
//! each of these is a call to the host, and all of them together take longer than the read itself. Where an epoch goes
//! through all neurons it uses these instead.

use crate::pallet::*;
use alloc::vec::Vec;
use codec::{Encode, FullCodec};
use frame_support::storage::{StoragePrefixedMap, unhashed};
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid};
use sp_io::hashing::blake2_128;

/// Bytes of a map's prefix.
const PREFIX_BYTES: usize = 32;
/// Bytes of a hotkey and its hash.
const HOTKEY_BYTES: usize = 48;

impl<T: Config> Pallet<T> {
	/// What is staked on each hotkey on each of some subnets: alpha, on root TAO.
	pub(crate) fn stakes<'a, const N: usize>(
		hotkeys: impl Iterator<Item = &'a AccountId32>,
		netuids: [NetUid; N],
	) -> impl Iterator<Item = [AlphaBalance; N]> {
		let mut keys = PositionKeys::of::<TotalHotkeyAlpha<T>, _>();
		hotkeys.map(move |hotkey| {
			let hotkey = HashedHotkey::new(hotkey);
			netuids.map(|netuid| unhashed::get_or_default(keys.at(&hotkey, netuid)))
		})
	}
}

/// A hotkey as it is in keys: its `Blake2_128Concat`.
pub(crate) struct HashedHotkey<'a> {
	hash: [u8; 16],
	hotkey: &'a AccountId32,
}

impl<'a> HashedHotkey<'a> {
	pub(crate) fn new(hotkey: &'a AccountId32) -> Self {
		Self {
			hash: blake2_128(hotkey.as_ref()),
			hotkey,
		}
	}
}

/// The keys of a map from a hotkey, by `Blake2_128Concat`, and a subnet, by `Identity`.
pub(crate) struct PositionKeys {
	key: Vec<u8>,
}

impl PositionKeys {
	/// The keys of a map; which one, the type says.
	pub(crate) fn of<Map: StoragePrefixedMap<Value>, Value: FullCodec>() -> Self {
		let mut key = Vec::with_capacity(
			PREFIX_BYTES
				.saturating_add(HOTKEY_BYTES)
				.saturating_add(size_of::<NetUid>()),
		);
		key.extend_from_slice(&Map::final_prefix());
		Self { key }
	}

	/// The key for a hotkey on a subnet.
	pub(crate) fn at(&mut self, hotkey: &HashedHotkey<'_>, netuid: NetUid) -> &[u8] {
		self.key.truncate(PREFIX_BYTES);
		self.key.extend_from_slice(&hotkey.hash);
		self.key.extend_from_slice(hotkey.hotkey.as_ref());
		netuid.encode_to(&mut self.key);
		&self.key
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::mock::*;
	use proptest::prelude::*;

	proptest! {
		#[test]
		fn keys_are_those_of_the_maps(hotkeys: Vec<[u8; 32]>, netuids in prop::collection::vec(any::<u16>(), 3)) {
			let mut alpha = PositionKeys::of::<TotalHotkeyAlpha<Test>, _>();
			let mut shares = PositionKeys::of::<HotkeyShares<Test>, _>();
			for hotkey in hotkeys.into_iter().map(AccountId32::new) {
				let hashed = HashedHotkey::new(&hotkey);
				for netuid in netuids.iter().copied().map(NetUid::from) {
					prop_assert_eq!(alpha.at(&hashed, netuid), TotalHotkeyAlpha::<Test>::hashed_key_for(&hotkey, netuid));
					prop_assert_eq!(shares.at(&hashed, netuid), HotkeyShares::<Test>::hashed_key_for(&hotkey, netuid));
				}
			}
		}
	}
}
