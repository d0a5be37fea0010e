//! Sparse rows in storage, moved in bulk.
//!
//! Weights and bonds are the bulk of what an epoch reads: a million entries and more in a large subnet. The derived codec
//! moves a pair of integers at a time; these functions copy a row's four bytes per entry in one pass, from the bytes that
//! the host hands over into the form that consensus reads, and back. The encoding is the same.

use crate::pallet::SparseRow;
use alloc::vec::Vec;
use codec::{Compact, Decode, Encode};
use frame_support::{
	defensive,
	storage::{StorageDoubleMap, unhashed},
};
use ganglion_primitives::MechanismIndex;
use yuma::Entry;

/// Bytes of an encoded entry.
const ENTRY_BYTES: usize = 4;

/// The row of a uid; empty where none is stored.
pub(crate) fn load<Rows>(index: MechanismIndex, uid: u16) -> Vec<Entry>
where
	Rows: StorageDoubleMap<MechanismIndex, u16, SparseRow>,
{
	let Some(bytes) = unhashed::get_raw(&Rows::hashed_key_for(index, uid)) else {
		return Vec::new();
	};
	decode(&bytes).unwrap_or_else(|| {
		defensive!("a stored row does not decode", (index, uid));
		Vec::new()
	})
}

/// Stores the row of a uid. Rows name each uid of a subnet once at most, so that they respect the bound of [`SparseRow`].
pub(crate) fn store<Rows>(index: MechanismIndex, uid: u16, row: &[Entry])
where
	Rows: StorageDoubleMap<MechanismIndex, u16, SparseRow>,
{
	unhashed::put_raw(&Rows::hashed_key_for(index, uid), &encode(row));
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
			let row = vec![(3, 7), (4_095, u16::MAX)];
			store::<Bonds<Test>>(index, 5, &row);
			assert_eq!(Bonds::<Test>::get(index, 5).into_inner(), row);
			assert_eq!(load::<Bonds<Test>>(index, 5), row);
			assert_eq!(load::<Bonds<Test>>(index, 6), vec![]);
			assert_eq!(load::<Weights<Test>>(index, 5), vec![]);
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
