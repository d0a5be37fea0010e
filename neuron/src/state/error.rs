//! Why the state cannot be kept, and what to do about it.

use std::{
	io,
	path::{Path, PathBuf},
};

use super::SCHEMA_VERSION;

/// Why the state could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
	/// The file or its folder cannot be read or written.
	#[error("cannot {action} the state file {}: {source}; {remedy}", path.display())]
	Io {
		/// What was tried.
		action: &'static str,
		/// The file.
		path: PathBuf,
		/// What the system said.
		source: io::Error,
		/// What to do.
		remedy: &'static str,
	},
	/// The file holds something else, or was damaged.
	#[error("the state file {} cannot be used: {reason}; move it away to start from no scores", path.display())]
	Damaged {
		/// The file.
		path: PathBuf,
		/// What is wrong.
		reason: String,
	},
	/// A newer program wrote the file.
	#[error(
		"the state file {} has schema version {found}, this program knows {SCHEMA_VERSION}: run the newer program, or move \
		 the file away to start from no scores",
		path.display()
	)]
	Newer {
		/// The file.
		path: PathBuf,
		/// Its version.
		found: u64,
	},
	/// Another process has the file open.
	#[error(
		"the state file {} is in use: another process of this role runs with this data folder; stop it, or give this one its own \
		 --data-dir",
		path.display()
	)]
	InUse {
		/// The file.
		path: PathBuf,
	},
	/// A submission is larger than any that the chain takes.
	#[error("a submission of {bytes} bytes is not kept; the chain takes no such transaction")]
	TooLarge {
		/// Its size.
		bytes: usize,
	},
}

impl StateError {
	pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
		let remedy = match source.kind() {
			io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space there, the disk is full",
			io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
				"give this user the right to write there, or another folder by --data-dir"
			}
			_ => "check the folder given by --data-dir",
		};
		Self::Io {
			action,
			path: path.into(),
			source,
			remedy,
		}
	}

	pub(super) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
		Self::Damaged {
			path: path.into(),
			reason: reason.into(),
		}
	}

	pub(super) fn from_database(action: &'static str, path: &Path, error: redb::Error) -> Self {
		match error {
			redb::Error::DatabaseAlreadyOpen => Self::InUse { path: path.into() },
			redb::Error::Io(source) if source.kind() == io::ErrorKind::InvalidData => {
				Self::damaged(path, source.to_string())
			}
			redb::Error::Io(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
				Self::damaged(path, "it is cut off")
			}
			redb::Error::Io(source) => Self::io(action, path, source),
			redb::Error::PreviousIo => Self::io(action, path, io::Error::other("the disk failed a moment ago")),
			other => Self::damaged(path, other.to_string()),
		}
	}
}
