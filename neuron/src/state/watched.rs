//! Evidence about miners over many answers, in a small database of its own.
//!
//! A validator and a gateway beside it share a data folder, and each keeps what it has seen in its own file.

use std::{
	fs,
	path::{Path, PathBuf},
};

use codec::{Decode, DecodeAll, Encode};
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition, TableError};
use subnet_sdk::{Evidence, Hotkey, WatchRecord};

use super::{CACHE_BYTES, StateError, guarded};

/// One row a uid: an encoded [`Row`].
const RECORDS: TableDefinition<u16, &[u8]> = TableDefinition::new("records");

/// A record as it lies on disk; numbers with a point as their bits.
#[derive(Decode, Encode)]
struct Row {
	hotkey: [u8; 32],
	trials: u32,
	failures: u32,
	log_ratios: [u64; 3],
	peak: u64,
}

/// The open file. Only one process can have it open.
#[derive(Debug)]
pub struct WatchStore {
	path: PathBuf,
	database: Database,
}

impl WatchStore {
	/// Opens the file of this name in a data folder; makes it where there is none.
	///
	/// # Errors
	/// [`StateError`]: a file that cannot be read or made, is damaged, or is open in another process.
	pub fn open(folder: &Path, name: &str) -> Result<Self, StateError> {
		let path = folder.join(name);
		fs::create_dir_all(folder).map_err(|source| StateError::io("make", &path, source))?;
		let opened = guarded(&path, || {
			let database = Database::builder().set_cache_size(CACHE_BYTES).create(&path)?;
			Ok(database)
		});
		let database = opened.map_err(|failure| failure.into_error("open", &path))?;
		Ok(Self { path, database })
	}

	/// Every record that makes sense.
	///
	/// # Errors
	/// [`StateError`].
	pub fn load(&self) -> Result<Vec<WatchRecord>, StateError> {
		let read = guarded(&self.path, || {
			let transaction = self.database.begin_read()?;
			let table = match transaction.open_table(RECORDS) {
				Ok(table) => table,
				Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
				Err(error) => return Err(error.into()),
			};
			let mut records = Vec::new();
			for row in table.iter()? {
				let (uid, row) = row?;
				match Row::decode_all(&mut row.value()) {
					Ok(row) => records.push(record(uid.value(), &row)),
					Err(error) => tracing::warn!(uid = uid.value(), %error, "kept evidence cannot be read: forgotten"),
				}
			}
			Ok(records)
		});
		read.map_err(|failure| failure.into_error("read", &self.path))
	}

	/// Replaces all records; on disk when this returns.
	///
	/// # Errors
	/// [`StateError`]; what was kept before is still kept then.
	pub fn save(&self, records: &[WatchRecord]) -> Result<(), StateError> {
		let written = guarded(&self.path, || {
			let transaction = self.database.begin_write()?;
			{
				let mut table = transaction.open_table(RECORDS)?;
				table.retain(|_, _| false)?;
				for record in records {
					table.insert(record.uid, &row(record).encode()[..])?;
				}
			}
			Ok(transaction.commit()?)
		});
		written.map_err(|failure| failure.into_error("write", &self.path))
	}
}

fn record(uid: u16, row: &Row) -> WatchRecord {
	WatchRecord {
		uid,
		hotkey: Hotkey(row.hotkey),
		seen: Evidence {
			trials: row.trials,
			failures: row.failures,
		},
		log_ratios: row.log_ratios.map(f64::from_bits),
		peak: f64::from_bits(row.peak),
	}
}

fn row(record: &WatchRecord) -> Row {
	Row {
		hotkey: record.hotkey.0,
		trials: record.seen.trials,
		failures: record.seen.failures,
		log_ratios: record.log_ratios.map(f64::to_bits),
		peak: record.peak.to_bits(),
	}
}

#[cfg(test)]
mod tests {
	use subnet_sdk::{TestParameters, Watch};

	use super::*;

	#[test]
	fn evidence_outlives_the_process() {
		let folder = tempfile::tempdir().unwrap();
		let mut watch = Watch::new(TestParameters::STANDARD);
		let (cheat, honest) = (Hotkey([1; 32]), Hotkey([2; 32]));
		let answer = |failures| Evidence { trials: 32, failures };
		while watch.record(3, cheat, answer(2)).is_none() {}
		watch.record(4, honest, answer(0));
		let store = WatchStore::open(folder.path(), "watch.redb").unwrap();
		assert_eq!(store.load().unwrap(), []);
		store.save(&watch.records()).unwrap();
		let second = WatchStore::open(folder.path(), "watch.redb").unwrap_err();
		assert!(matches!(second, StateError::InUse { .. }), "{second}");
		drop(store);

		let store = WatchStore::open(folder.path(), "watch.redb").unwrap();
		let mut again = Watch::new(TestParameters::STANDARD);
		store
			.load()
			.unwrap()
			.into_iter()
			.for_each(|record| again.restore(record));
		assert_eq!(again.records(), watch.records());
		assert!(again.condemned(3, cheat).is_some() && again.condemned(4, honest).is_none());
		assert_eq!(again.record(3, cheat, answer(0)), watch.record(3, cheat, answer(0)));
		store.save(&[]).unwrap();
		assert_eq!(store.load().unwrap(), []);
	}

	#[test]
	fn a_file_that_is_no_database_is_named() {
		let folder = tempfile::tempdir().unwrap();
		std::fs::write(
			folder.path().join("watch.redb"),
			"this is no database, but it is long enough",
		)
		.unwrap();
		let error = WatchStore::open(folder.path(), "watch.redb").unwrap_err();
		assert!(error.to_string().contains("watch.redb"), "{error}");
	}
}
