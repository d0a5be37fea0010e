//! Sparse rows in storage, moved in bulk.
//!
//! Weights and bonds are the bulk of what an epoch reads: a million entries and more in a large subnet. The derived codec
//! moves a pair of integers at a time; these functions copy a row's four bytes per entry in one pass, from the bytes that
//! the host hands over into the form that consensus reads, and back. The encoding is the same.

use crate::pallet::SparseRow;
use alloc::vec::Vec;
use codec::{Compact, Decode, Encode};
use core::marker::PhantomData;
use frame_support::{
	defensive,
	storage::{StorageDoubleMap, unhashed},
};
use ganglion_primitives::MechanismIndex;
use yuma::Entry;

/// Bytes of an encoded entry.
const ENTRY_BYTES: usize = 4;

/// The rows of a mechanism in one map, whose second key is hashed by `Identity`.
pub(crate) struct RowsOf<Rows> {
	/// The key of a row: all the same but for the uid at its end.
	key: Vec<u8>,
	rows: PhantomData<Rows>,
}

impl<Rows: StorageDoubleMap<MechanismIndex, u16, SparseRow>> RowsOf<Rows> {
	pub(crate) fn new(index: MechanismIndex) -> Self {
		Self {
			key: Rows::hashed_key_for(index, 0),
			rows: PhantomData,
		}
	}

	/// The row of a uid; empty where none is stored.
	pub(crate) fn load(&mut self, uid: u16) -> Vec<Entry> {
		let Some(bytes) = unhashed::get_raw(self.key(uid)) else {
			return Vec::new();
		};
		decode(&bytes).unwrap_or_else(|| {
			defensive!("a stored row does not decode", &self.key);
			Vec::new()
		})
	}

	/// Stores the row of a uid. Rows name each uid of a subnet once at most, so that they respect the bound of [`SparseRow`].
	pub(crate) fn store(&mut self, uid: u16, row: &[Entry]) {
		unhashed::put_raw(self.key(uid), &encode(row));
	}

	/// Removes the row of a uid.
	pub(crate) fn remove(&mut self, uid: u16) {
		unhashed::kill(self.key(uid));
	}

	/// The key of a row. The uid is hashed by `Identity`: its encoding is the key's end.
	fn key(&mut self, uid: u16) -> &[u8] {
		self.key.truncate(self.key.len().saturating_sub(size_of::<u16>()));
		uid.encode_to(&mut self.key);
		&self.key
	}
}

fn decode(mut bytes: &[u8]) -> Option<Vec<Entry>> {
	let Compact(length) = Compact::<u32>::decode(&mut bytes).ok()?;
	let (entries, rest) = bytes.as_chunks::<ENTRY_BYTES>();
	let whole = rest.is_empty() && u32::try_from(entries.len()) == Ok(length);
	whole.then(|| {
		entries
			.iter()
			.map(|[low, high, value @ ..]| (u16::from_le_bytes([*low, *high]), u16::from_le_bytes(*value)))
			.collect()
	})
}

fn encode(row: &[Entry]) -> Vec<u8> {
	let length = u32::try_from(row.len()).unwrap_or(u32::MAX);
	let mut bytes = Compact(length).encode();
	bytes.reserve(row.len().saturating_mul(ENTRY_BYTES));
	for (uid, value) in row {
		bytes.extend_from_slice(&uid.to_le_bytes());
		bytes.extend_from_slice(&value.to_le_bytes());
	}
	bytes
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{mock::*, *};
	use proptest::prelude::*;

	#[test]
	fn what_is_stored_in_bulk_reads_back_either_way() {
		storage_with(parameters()).execute_with(|| {
			let index = MechanismIndex::main(NETUID);
			for uid in [0, 1, 258, u16::MAX] {
				let (mut weights, mut bonds) = (RowsOf::<Weights<Test>>::new(index), RowsOf::<Bonds<Test>>::new(index));
				assert_eq!(weights.key(uid), Weights::<Test>::hashed_key_for(index, uid));
				assert_eq!(bonds.key(uid), Bonds::<Test>::hashed_key_for(index, uid));
			}
			let row = vec![(3, 7), (4_095, u16::MAX)];
			let mut bonds = RowsOf::<Bonds<Test>>::new(index);
			bonds.store(5, &row);
			assert_eq!(Bonds::<Test>::get(index, 5).into_inner(), row);
			assert_eq!(bonds.load(5), row);
			assert_eq!(bonds.load(6), vec![]);
			bonds.remove(6);
			bonds.remove(5);
			assert!(!Bonds::<Test>::contains_key(index, 5));
		});
	}

	proptest! {
		#[test]
		fn the_encoding_is_that_of_the_codec(row in prop::collection::vec(any::<Entry>(), 0..20_000)) {
			let bytes = row.encode();
			prop_assert_eq!(&encode(&row), &bytes);
			prop_assert_eq!(decode(&bytes), Some(row));
			let mut longer = bytes.clone();
			longer.push(0);
			prop_assert_eq!(decode(&longer), None);
			prop_assert_eq!(decode(&bytes[..bytes.len() - 1]), None);
		}
	}
}
