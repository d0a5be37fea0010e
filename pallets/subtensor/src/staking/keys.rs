//! What is stored by hotkey and subnet, read and written with keys that are put together in the same memory.
//!
//! The derived code allocates a few times for each key and hashes the hotkey again for each map and subnet. In the runtime
//! each of these is a call to the host, and all of them together take longer than the read itself. What goes through all
//! neurons of a subnet, as an epoch and the metagraph do, uses these instead.

use crate::pallet::*;
use alloc::vec::Vec;
use codec::{Encode, FullCodec};
use core::marker::PhantomData;
use frame_support::storage::{StorageDoubleMap, StoragePrefixedMap, unhashed};
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid};
use sp_io::hashing::blake2_128;

/// Bytes of a map's prefix.
const PREFIX_BYTES: usize = 32;
/// Bytes of a key: the prefix, the hash of the hotkey, the hotkey and the subnet.
const KEY_BYTES: usize = PREFIX_BYTES + 16 + 32 + 2;

impl<T: Config> Pallet<T> {
	/// What is staked on each hotkey on each of some subnets: alpha, on root TAO.
	pub(crate) fn stakes<'a, const N: usize>(
		hotkeys: impl Iterator<Item = &'a AccountId32>,
		netuids: [NetUid; N],
	) -> impl Iterator<Item = [AlphaBalance; N]> {
		let mut alpha = Positions::<TotalHotkeyAlpha<T>, _>::new();
		hotkeys.map(move |hotkey| {
			let hotkey = HashedHotkey::new(hotkey);
			netuids.map(|netuid| alpha.get(&hotkey, netuid))
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

/// A map from a hotkey, by `Blake2_128Concat`, and a subnet, by `Identity`.
pub(crate) struct Positions<Map, Value> {
	/// The prefix of the map, and what is left of the key that was used last.
	key: Vec<u8>,
	map: PhantomData<(Map, Value)>,
}

impl<Map, Value> Positions<Map, Value>
where
	Map: StorageDoubleMap<AccountId32, NetUid, Value, Query = Value> + StoragePrefixedMap<Value>,
	Value: FullCodec + Default,
{
	pub(crate) fn new() -> Self {
		let mut key = Vec::with_capacity(KEY_BYTES);
		key.extend_from_slice(&Map::final_prefix());
		Self { key, map: PhantomData }
	}

	/// The value; the default one where none is stored.
	pub(crate) fn get(&mut self, hotkey: &HashedHotkey<'_>, netuid: NetUid) -> Value {
		unhashed::get_or_default(self.key(hotkey, netuid))
	}

	/// Stores a value.
	pub(crate) fn insert(&mut self, hotkey: &HashedHotkey<'_>, netuid: NetUid, value: &Value) {
		unhashed::put(self.key(hotkey, netuid), value);
	}

	fn key(&mut self, hotkey: &HashedHotkey<'_>, netuid: NetUid) -> &[u8] {
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
			let mut alpha = Positions::<TotalHotkeyAlpha<Test>, _>::new();
			let mut shares = Positions::<HotkeyShares<Test>, _>::new();
			for hotkey in hotkeys.into_iter().map(AccountId32::new) {
				let hashed = HashedHotkey::new(&hotkey);
				for netuid in netuids.iter().copied().map(NetUid::from) {
					prop_assert_eq!(alpha.key(&hashed, netuid), TotalHotkeyAlpha::<Test>::hashed_key_for(&hotkey, netuid));
					prop_assert_eq!(shares.key(&hashed, netuid), HotkeyShares::<Test>::hashed_key_for(&hotkey, netuid));
				}
			}
		}
	}

	#[test]
	fn what_is_stored_reads_back_either_way() {
		storage_with(parameters()).execute_with(|| {
			let hotkey = AccountId32::new([7; 32]);
			let hashed = HashedHotkey::new(&hotkey);
			let mut alpha = Positions::<TotalHotkeyAlpha<Test>, _>::new();
			assert_eq!(alpha.get(&hashed, NETUID), AlphaBalance::default());
			alpha.insert(&hashed, NETUID, &AlphaBalance::from(9));
			assert_eq!(TotalHotkeyAlpha::<Test>::get(&hotkey, NETUID), AlphaBalance::from(9));
			TotalHotkeyAlpha::<Test>::insert(&hotkey, NETUID, AlphaBalance::from(8));
			assert_eq!(alpha.get(&hashed, NETUID), AlphaBalance::from(8));
		});
	}
}
