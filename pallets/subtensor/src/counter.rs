//! Counts what a piece of work reads and writes.

use sp_core::Blake2Hasher;
use sp_io::hashing::twox_128;
use sp_state_machine::{Ext, OverlayedChanges, TrieBackendBuilder};
use std::collections::BTreeSet;

/// Items that every block reads and writes anyway, so that no work is charged for them.
const FREE: [&[u8]; 4] = [b"Number", b"ExecutionPhase", b"EventCount", b"Events"];

/// The distinct storage items that a piece of work touched.
#[derive(Debug)]
pub(crate) struct Accesses {
	pub(crate) reads: u64,
	pub(crate) writes: u64,
}

fn is_counted(key: &[u8]) -> bool {
	let is_system = key.starts_with(&twox_128(b"System"));
	let is_free = is_system && FREE.iter().any(|item| key.ends_with(&twox_128(item)));
	// Transactional layers and the like; not state.
	!is_free && !key.starts_with(b":")
}

/// Runs some work on a storage, keeps nothing of it, and counts what it touched.
pub(crate) fn count(storage: &mut sp_io::TestExternalities, work: impl FnOnce()) -> Accesses {
	storage.commit_all().expect("no transaction is open");
	let recorder = sp_trie::recorder::Recorder::<Blake2Hasher>::default();
	let backend = TrieBackendBuilder::wrap(&storage.backend)
		.with_recorder(recorder.clone())
		.build();
	let mut overlay = OverlayedChanges::<Blake2Hasher>::default();
	let mut externalities = Ext::new(&mut overlay, &backend, None);
	sp_externalities::set_and_run_with_externalities(&mut externalities, work);
	let recorded = recorder.recorded_keys();
	let reads: BTreeSet<&[u8]> = recorded
		.values()
		.flat_map(|keys| keys.keys().map(|key| &key[..]))
		.collect();
	let reads = reads.into_iter().filter(|key| is_counted(key)).count();
	let writes = overlay.changes().filter(|(key, _)| is_counted(key)).count();
	Accesses {
		reads: reads as u64,
		writes: writes as u64,
	}
}
