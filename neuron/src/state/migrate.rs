//! Scores that an older program left in a JSON file.

use std::{fs, io, path::Path};

use neuron_chain::AccountId;
use serde::Deserialize;
use subnet_sdk::Hotkey;

use super::{Kept, Marks, Owner, StateError};

/// The file's name in the data folder.
const FILE_NAME: &str = "scores";
/// Its name once the database has what was in it.
const PUT_AWAY_NAME: &str = "scores.migrated";
/// The only version of the file's form.
const FILE_VERSION: u32 = 1;
/// The largest score file that is read: more than a full subnet of 65,536 neurons takes.
const MAX_FILE_BYTES: u64 = 16 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScoreFile {
	version: u32,
	owner: Owner,
	scores: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
	uid: u16,
	hotkey: AccountId,
	average: f64,
}

/// What the older program kept, if it kept anything.
pub(super) fn read(folder: &Path) -> Result<Option<Kept>, StateError> {
	let path = folder.join(FILE_NAME);
	let bytes = match fs::metadata(&path) {
		Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
		Err(error) => return Err(StateError::io("read", &path, error)),
		Ok(metadata) if metadata.len() > MAX_FILE_BYTES => {
			let reason = format!("it has {} bytes, at most {MAX_FILE_BYTES} are read", metadata.len());
			return Err(StateError::damaged(&path, reason));
		}
		Ok(_) => fs::read(&path).map_err(|error| StateError::io("read", &path, error))?,
	};
	let file: ScoreFile =
		serde_json::from_slice(&bytes).map_err(|error| StateError::damaged(&path, error.to_string()))?;
	if file.version != FILE_VERSION {
		let reason = format!(
			"it has version {}, this program reads version {FILE_VERSION}",
			file.version
		);
		return Err(StateError::damaged(&path, reason));
	}
	let scores = file.scores.into_iter();
	Ok(Some(Kept {
		owner: Some(file.owner),
		scores: scores
			.map(|entry| (entry.uid, Hotkey(entry.hotkey.into()), entry.average))
			.collect(),
		marks: Marks::default(),
		submission: None,
	}))
}

/// Renames the older program's file, now that the database has what was in it. A failure leaves a file that is not read
/// again.
pub(super) fn put_away(folder: &Path) {
	match fs::rename(folder.join(FILE_NAME), folder.join(PUT_AWAY_NAME)) {
		Ok(()) => tracing::info!("scores of the older program are in the database now"),
		Err(error) if error.kind() == io::ErrorKind::NotFound => {}
		Err(error) => tracing::warn!(%error, file = FILE_NAME, "the older program's score file stays, unread"),
	}
}
