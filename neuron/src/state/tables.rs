//! The tables and their rows.

use codec::DecodeAll;
use redb::{
	Database, Error, ReadableDatabase as _, ReadableTable as _, StorageError, TableDefinition, TableError,
	WriteTransaction,
};
use subnet_sdk::Hotkey;

use super::{Kept, Marks, Owner, SCHEMA_VERSION, Submission};

const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
const OWNER: TableDefinition<&str, &[u8]> = TableDefinition::new("owner");
const SCORES: TableDefinition<u16, (&[u8; 32], f64)> = TableDefinition::new("scores");
const SUBMISSION: TableDefinition<&str, &[u8]> = TableDefinition::new("submission");

const SCHEMA: &str = "schema";
const GENERATION: &str = "generation";
const SUBMITTED_GENERATION: &str = "submitted_generation";
const SUBMITTED_AT: &str = "submitted_at";
/// The key of a table's only row.
const ONLY: &str = "0";

/// A row that this program did not write.
fn senseless(reason: String) -> Error {
	Error::Corrupted(reason)
}

/// The schema version that a file says it has.
pub(super) fn schema(database: &Database) -> Result<Option<u64>, Error> {
	let transaction = database.begin_read()?;
	match transaction.open_table(META) {
		Ok(meta) => Ok(meta.get(SCHEMA)?.map(|version| version.value())),
		Err(TableError::TableDoesNotExist(_)) => Ok(None),
		Err(error) => Err(error.into()),
	}
}

/// Makes all tables, filled with what an older program kept.
pub(super) fn create(transaction: &WriteTransaction, kept: Option<&Kept>) -> Result<(), Error> {
	set_schema(transaction, SCHEMA_VERSION)?;
	transaction.open_table(OWNER)?;
	transaction.open_table(SCORES)?;
	transaction.open_table(SUBMISSION)?;
	match kept {
		Some(Kept {
			owner: Some(owner),
			scores,
			marks,
			..
		}) => replace(transaction, owner, scores, *marks),
		_ => Ok(()),
	}
}

pub(super) fn set_schema(transaction: &WriteTransaction, version: u64) -> Result<(), Error> {
	transaction.open_table(META)?.insert(SCHEMA, version)?;
	Ok(())
}

pub(super) fn read(database: &Database) -> Result<Kept, Error> {
	let transaction = database.begin_read()?;
	let meta = transaction.open_table(META)?;
	let mark = |key: &str| -> Result<u64, StorageError> { Ok(meta.get(key)?.map_or(0, |value| value.value())) };
	let marks = Marks {
		generation: mark(GENERATION)?,
		submitted_generation: mark(SUBMITTED_GENERATION)?,
		submitted_at: mark(SUBMITTED_AT)?,
	};
	let owner = match transaction.open_table(OWNER)?.get(ONLY)? {
		None => None,
		Some(row) => {
			let owner = serde_json::from_slice(row.value());
			Some(owner.map_err(|error| senseless(format!("the owner cannot be read: {error}")))?)
		}
	};
	let mut scores = Vec::new();
	for row in transaction.open_table(SCORES)?.iter()? {
		let (uid, row) = row?;
		let (hotkey, average) = row.value();
		scores.push((uid.value(), Hotkey(*hotkey), average));
	}
	let submission = match transaction.open_table(SUBMISSION)?.get(ONLY)? {
		None => None,
		Some(row) => {
			let submission = Submission::decode_all(&mut row.value());
			Some(submission.map_err(|error| senseless(format!("the submission cannot be read: {error}")))?)
		}
	};
	Ok(Kept {
		owner,
		scores,
		marks,
		submission,
	})
}

pub(super) fn replace(
	transaction: &WriteTransaction,
	owner: &Owner,
	scores: &[(u16, Hotkey, f64)],
	marks: Marks,
) -> Result<(), Error> {
	let encoded = serde_json::to_vec(owner).map_err(|error| senseless(error.to_string()))?;
	let mut owners = transaction.open_table(OWNER)?;
	let same = owners.get(ONLY)?.is_some_and(|row| row.value() == encoded);
	if !same {
		owners.insert(ONLY, &encoded[..])?;
		transaction.open_table(SUBMISSION)?.remove(ONLY)?;
	}
	let mut table = transaction.open_table(SCORES)?;
	table.retain(|_, _| false)?;
	for (uid, hotkey, average) in scores {
		table.insert(uid, (&hotkey.0, *average))?;
	}
	put_marks(transaction, marks)
}

pub(super) fn put_score(transaction: &WriteTransaction, uid: u16, hotkey: Hotkey, average: f64) -> Result<(), Error> {
	transaction.open_table(SCORES)?.insert(uid, (&hotkey.0, average))?;
	Ok(())
}

pub(super) fn put_submission(transaction: &WriteTransaction, encoded: &[u8]) -> Result<(), Error> {
	transaction.open_table(SUBMISSION)?.insert(ONLY, encoded)?;
	Ok(())
}

pub(super) fn settle(transaction: &WriteTransaction, marks: Marks) -> Result<(), Error> {
	transaction.open_table(SUBMISSION)?.remove(ONLY)?;
	put_marks(transaction, marks)
}

fn put_marks(transaction: &WriteTransaction, marks: Marks) -> Result<(), Error> {
	let mut meta = transaction.open_table(META)?;
	meta.insert(GENERATION, marks.generation)?;
	meta.insert(SUBMITTED_GENERATION, marks.submitted_generation)?;
	meta.insert(SUBMITTED_AT, marks.submitted_at)?;
	Ok(())
}
