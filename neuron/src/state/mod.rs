//! What a validator must not forget: an embedded database in its data folder.
//!
//! ```text
//! <data folder>/state.redb   meta        schema version, rounds ended, rounds submitted, block of the submission
//!                            owner       whose scores these are
//!                            scores      uid -> hotkey and average
//!                            submission  weights that are signed and not known to be on chain
//! ```
//!
//! [`State`] is the only owner of the file. Each change is one transaction that is on the disk when the call returns: a
//! process that is killed loses nothing that it was told is kept. The file is bounded: there are at most 65,536 uids, and
//! one submission of at most [`MAX_SUBMISSION_BYTES`].
//!
//! A validator of before this database kept its scores in the JSON file `scores`; the first start takes them over and
//! renames that file to `scores.migrated`.

mod error;
mod migrate;
mod tables;
#[cfg(test)]
mod tests;
pub mod watched;

use std::{
	fs, io,
	panic::{AssertUnwindSafe, catch_unwind},
	path::{Path, PathBuf},
};

use codec::{Decode, Encode};
pub use error::StateError;
use neuron_chain::AccountId;
use redb::{Database, WriteTransaction};
use serde::{Deserialize, Serialize};
use subnet_sdk::{Descriptor, Hotkey};

/// The file's name in the data folder.
pub const FILE_NAME: &str = "state.redb";
/// The version of the tables' form.
pub const SCHEMA_VERSION: u64 = 1;
/// The most bytes of an encoded [`Submission`].
pub const MAX_SUBMISSION_BYTES: usize = 2 << 20;
/// Memory that the database may use as a cache, in bytes.
const CACHE_BYTES: usize = 8 << 20;

/// Whose scores these are. Scores of another validator, subnet or mechanism mean nothing here.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Owner {
	/// The validator's hotkey.
	pub hotkey: AccountId,
	/// The subnet.
	pub netuid: u16,
	/// Name of the mechanism.
	pub mechanism: String,
	/// Version of the mechanism.
	pub mechanism_version: u16,
}

impl Owner {
	/// The scores of this validator on this subnet under this mechanism.
	pub fn new(hotkey: AccountId, netuid: u16, mechanism: Descriptor) -> Self {
		Self {
			hotkey,
			netuid,
			mechanism: mechanism.name.into(),
			mechanism_version: mechanism.version,
		}
	}
}

/// How far rounds and submissions have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
	/// Rounds that have ended.
	pub generation: u64,
	/// The generation whose weights are on chain.
	pub submitted_generation: u64,
	/// The best block when they were known to be.
	pub submitted_at: u64,
}

/// Weights that are signed and on their way: they are on disk before the node gets them, and until the chain has them or
/// can no longer take them.
#[derive(Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct Submission {
	/// The rounds that the weights know of.
	pub generation: u64,
	/// (uid, weight / 65535).
	pub weights: Vec<(u16, u16)>,
	/// The block of the weights before these; a later one on chain shows that these got there.
	pub last_update_before: u64,
	/// The signed transaction: sending it twice counts once.
	pub transaction: Vec<u8>,
	/// The last block that can take the transaction.
	pub valid_until_block: u64,
}

/// All that is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
	/// Whose it is; absent in a fresh file.
	pub owner: Option<Owner>,
	/// Each uid's hotkey and moving average, by rising uid.
	pub scores: Vec<(u16, Hotkey, f64)>,
	/// How far rounds and submissions have come.
	pub marks: Marks,
	/// What is on its way to the chain.
	pub submission: Option<Submission>,
}

/// The open file. Only one process can have it open.
#[derive(Debug)]
pub struct State {
	path: PathBuf,
	/// Absent after an error of the disk: the next use opens the file anew.
	database: Option<Database>,
}

impl State {
	/// Opens the state in a data folder; makes folder and file where there are none.
	///
	/// # Errors
	/// [`StateError`]: a folder that cannot be written, a full disk, a file that is damaged or of a newer program, another
	/// process that has it open, or scores of an older program that cannot be read. Nothing is overwritten then.
	pub fn open(folder: &Path) -> Result<Self, StateError> {
		let path = folder.join(FILE_NAME);
		let failed = |source| StateError::io("make", &path, source);
		fs::create_dir_all(folder).map_err(failed)?;
		if !path.try_exists().map_err(failed)? {
			create(folder, &path)?;
		}
		let mut state = Self { path, database: None };
		state.database()?;
		migrate::put_away(folder);
		Ok(state)
	}

	/// The file.
	pub fn path(&self) -> &Path {
		&self.path
	}

	/// Reads everything.
	///
	/// # Errors
	/// [`StateError`], for contents that make no sense too.
	pub fn load(&mut self) -> Result<Kept, StateError> {
		let path = self.path.clone();
		let database = self.database()?;
		guarded(&path, || tables::read(database)).map_err(|error| self.failed("read", error))
	}

	/// Replaces owner, scores and marks; a submission of another owner goes.
	///
	/// # Errors
	/// [`StateError`]; what was kept before is still kept then.
	pub fn replace(&mut self, owner: &Owner, scores: &[(u16, Hotkey, f64)], marks: Marks) -> Result<(), StateError> {
		self.write(|transaction| tables::replace(transaction, owner, scores, marks))
	}

	/// Keeps one score; the owner must have been set by [`State::replace`].
	///
	/// # Errors
	/// [`StateError`]; what was kept before is still kept then.
	pub fn put_score(&mut self, uid: u16, hotkey: Hotkey, average: f64) -> Result<(), StateError> {
		self.write(|transaction| tables::put_score(transaction, uid, hotkey, average))
	}

	/// Keeps a submission, in place of the one before.
	///
	/// # Errors
	/// [`StateError`], for a submission that is too large too.
	pub fn put_submission(&mut self, submission: &Submission) -> Result<(), StateError> {
		let bytes = submission.encode();
		if bytes.len() > MAX_SUBMISSION_BYTES {
			return Err(StateError::TooLarge { bytes: bytes.len() });
		}
		self.write(|transaction| tables::put_submission(transaction, &bytes))
	}

	/// Forgets the submission, and notes marks.
	///
	/// # Errors
	/// [`StateError`]; the submission is still kept then.
	pub fn settle(&mut self, marks: Marks) -> Result<(), StateError> {
		self.write(|transaction| tables::settle(transaction, marks))
	}

	fn write(&mut self, work: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>) -> Result<(), StateError> {
		let path = self.path.clone();
		let database = self.database()?;
		let done = guarded(&path, || {
			let transaction = database.begin_write()?;
			work(&transaction)?;
			Ok(transaction.commit()?)
		});
		done.map_err(|error| self.failed("write", error))
	}

	/// The database, opened anew where the disk failed before.
	fn database(&mut self) -> Result<&Database, StateError> {
		let database = match self.database.take() {
			Some(database) => database,
			None => open(&self.path)?,
		};
		Ok(self.database.insert(database))
	}

	/// After an error of the disk the open file is of no more use.
	fn failed(&mut self, action: &'static str, failure: Failure) -> StateError {
		self.database = None;
		failure.into_error(action, &self.path)
	}
}

/// Makes the file beside its place and moves it there once it is whole.
fn create(folder: &Path, path: &Path) -> Result<(), StateError> {
	let imported = migrate::read(folder)?;
	let draft = folder.join(format!("{FILE_NAME}.new"));
	let failed = |source| StateError::io("make", path, source);
	match fs::remove_file(&draft) {
		Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
		_ => {}
	}
	let made = guarded(&draft, || {
		let database = Database::builder().set_cache_size(CACHE_BYTES).create(&draft)?;
		let transaction = database.begin_write()?;
		tables::create(&transaction, imported.as_ref())?;
		Ok(transaction.commit()?)
	});
	made.map_err(|failure| failure.into_error("make", path))?;
	fs::rename(&draft, path).map_err(failed)?;
	if cfg!(unix) {
		fs::File::open(folder)
			.and_then(|folder| folder.sync_all())
			.map_err(failed)?;
	}
	Ok(())
}

/// Opens a file that is there, and checks all of it.
fn open(path: &Path) -> Result<Database, StateError> {
	let opened = guarded(path, || {
		let mut database = Database::builder().set_cache_size(CACHE_BYTES).open(path)?;
		database.check_integrity()?;
		Ok(database)
	});
	let database = opened.map_err(|failure| failure.into_error("open", path))?;
	let schema = guarded(path, || tables::schema(&database)).map_err(|failure| failure.into_error("read", path))?;
	match schema {
		Some(SCHEMA_VERSION) => Ok(database),
		Some(found) if found > SCHEMA_VERSION => Err(StateError::Newer {
			path: path.into(),
			found,
		}),
		other => Err(StateError::damaged(path, format!("its schema version is {other:?}"))),
	}
}

/// Why work on the database failed.
enum Failure {
	Database(redb::Error),
	Panicked(String),
}

impl Failure {
	fn into_error(self, action: &'static str, path: &Path) -> StateError {
		match self {
			Self::Database(error) => StateError::from_database(action, path, error),
			Self::Panicked(reason) => StateError::damaged(path, reason),
		}
	}
}

/// Runs work on the database. The library trusts a file that was closed cleanly and panics where such a file was changed
/// behind its back: that is an error here.
fn guarded<T>(path: &Path, work: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, Failure> {
	match catch_unwind(AssertUnwindSafe(work)) {
		Ok(done) => done.map_err(Failure::Database),
		Err(panic) => {
			let reason = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
			let reason = reason
				.or_else(|| panic.downcast_ref::<String>().cloned())
				.unwrap_or_default();
			tracing::error!(path = %path.display(), reason, "the database cannot be understood");
			Err(Failure::Panicked(reason))
		}
	}
}
