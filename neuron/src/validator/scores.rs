//! The score board and its file. Scores are on disk before the weights that come from them are on chain.

use std::{
	fs::{self, File},
	io::{self, Write},
	path::{Path, PathBuf},
};

use neuron_chain::AccountId;
use serde::{Deserialize, Serialize};
use subnet_sdk::{Descriptor, Hotkey, Score, ScoreBoard};

/// The version of the file's form.
pub const FILE_VERSION: u32 = 1;
/// The largest score file that is read: more than a full subnet of 65,536 neurons takes.
pub const MAX_FILE_BYTES: u64 = 16 << 20;

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

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ScoreFile {
	version: u32,
	owner: Owner,
	scores: Vec<Entry>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
	uid: u16,
	hotkey: AccountId,
	average: f64,
}

/// Why the score file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
	/// The file or its folder cannot be read or written.
	#[error("cannot {action} the score file {}: {source}; check the folder given by --data-dir", path.display())]
	Io {
		/// What was tried.
		action: &'static str,
		/// The file.
		path: PathBuf,
		/// What the system said.
		source: io::Error,
	},
	/// The file holds something else.
	#[error("the score file {} cannot be used: {reason}; move it away to start from no scores", path.display())]
	Content {
		/// The file.
		path: PathBuf,
		/// What is wrong.
		reason: String,
	},
}

/// The score board of one validator, with its file.
#[derive(Debug)]
pub struct ScoreStore {
	path: PathBuf,
	owner: Owner,
	board: ScoreBoard,
	generation: u64,
}

impl ScoreStore {
	/// Reads the board from its file; starts from nothing where there is no file, or one of another owner.
	///
	/// # Errors
	/// [`StoreError`] where the file cannot be read or is none; nothing is overwritten then.
	pub fn open(path: PathBuf, owner: Owner, alpha: f64) -> Result<Self, StoreError> {
		let content = |reason: String| StoreError::Content {
			path: path.clone(),
			reason,
		};
		let scores = match read_bounded(&path) {
			Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
			Err(source) => {
				return Err(StoreError::Io {
					action: "read",
					path,
					source,
				});
			}
			Ok(bytes) => {
				let file: ScoreFile = serde_json::from_slice(&bytes).map_err(|error| content(error.to_string()))?;
				if file.version != FILE_VERSION {
					return Err(content(format!(
						"it has version {}, this program reads version {FILE_VERSION}",
						file.version
					)));
				}
				if file.owner == owner {
					file.scores
				} else {
					tracing::warn!(was = ?file.owner, now = ?owner, "stored scores are of another owner: starting from none");
					Vec::new()
				}
			}
		};
		let scores = scores
			.into_iter()
			.map(|entry| (entry.uid, Hotkey(entry.hotkey.into()), entry.average));
		let board = ScoreBoard::from_scores(alpha, scores).map_err(|error| content(error.to_string()))?;
		Ok(Self {
			path,
			owner,
			board,
			generation: 0,
		})
	}

	/// Takes a score; returns the moving average after it.
	pub fn record(&mut self, uid: u16, hotkey: Hotkey, score: &Score) -> f64 {
		self.board.record(uid, hotkey, score);
		self.board
			.scores()
			.iter()
			.find(|entry| entry.0 == uid)
			.map_or(0.0, |entry| entry.2)
	}

	/// Whether there is a score of this neuron.
	pub fn knows(&self, uid: u16, hotkey: Hotkey) -> bool {
		self.board
			.scores()
			.iter()
			.any(|entry| entry.0 == uid && entry.1 == hotkey)
	}

	/// Forgets neurons that are no longer there.
	pub fn retain(&mut self, neurons: &[(u16, Hotkey)]) {
		self.board.retain(neurons);
	}

	/// Marks the end of a round: there is something new.
	pub fn finish_round(&mut self) {
		self.generation += 1;
	}

	/// How many rounds have ended since the start.
	pub fn generation(&self) -> u64 {
		self.generation
	}

	/// The weights that the averages stand for.
	pub fn weights(&self) -> Vec<(u16, u16)> {
		self.board.weights()
	}

	/// Writes the board to its file, whole or not at all.
	///
	/// # Errors
	/// [`StoreError::Io`]; the old file is then still there.
	pub fn save(&self) -> Result<(), StoreError> {
		let entry = |(uid, hotkey, average): (u16, Hotkey, f64)| Entry {
			uid,
			hotkey: hotkey.0.into(),
			average,
		};
		let file = ScoreFile {
			version: FILE_VERSION,
			owner: self.owner.clone(),
			scores: self.board.scores().into_iter().map(entry).collect(),
		};
		let io_error = |source| StoreError::Io {
			action: "write",
			path: self.path.clone(),
			source,
		};
		let bytes = serde_json::to_vec(&file).map_err(|error| io_error(error.into()))?;
		write_atomically(&self.path, &bytes).map_err(io_error)
	}
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
	let bytes = fs::metadata(path)?.len();
	if bytes > MAX_FILE_BYTES {
		return Err(io::Error::other(format!(
			"it has {bytes} bytes, at most {MAX_FILE_BYTES} are read"
		)));
	}
	fs::read(path)
}

/// Writes beside the file, down to the disk, then moves it into place.
fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
	let folder = path
		.parent()
		.filter(|folder| !folder.as_os_str().is_empty())
		.unwrap_or(Path::new("."));
	fs::create_dir_all(folder)?;
	let draft = path.with_extension("new");
	let mut file = File::create(&draft)?;
	file.write_all(bytes)?;
	file.sync_all()?;
	fs::rename(&draft, path)?;
	if cfg!(unix) {
		File::open(folder)?.sync_all()?;
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	fn owner(hotkey: u8) -> Owner {
		Owner::new(
			AccountId::new([hotkey; 32]),
			1,
			Descriptor {
				name: "echo",
				version: 1,
			},
		)
	}

	fn open(path: &Path, hotkey: u8) -> Result<ScoreStore, StoreError> {
		ScoreStore::open(path.to_owned(), owner(hotkey), 0.5)
	}

	#[test]
	fn scores_survive_a_restart_and_only_for_their_owner() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("deep/scores");
		let mut store = open(&path, 1).unwrap();
		assert_eq!(store.record(3, Hotkey([7; 32]), &Score::full("")), 0.5);
		store.record(4, Hotkey([8; 32]), &Score::new(0.5, "").unwrap());
		store.save().unwrap();
		let again = open(&path, 1).unwrap();
		assert_eq!(again.weights(), store.weights());
		assert_eq!(again.weights(), [(3, 65_535), (4, 32_768)]);
		assert_eq!(again.generation(), 0);
		assert!(
			open(&path, 2).unwrap().weights().is_empty(),
			"another hotkey's scores were taken"
		);
	}

	#[test]
	fn a_uid_that_changed_hands_starts_from_nothing() {
		let folder = tempfile::tempdir().unwrap();
		let mut store = open(&folder.path().join("scores"), 1).unwrap();
		store.record(3, Hotkey([7; 32]), &Score::full(""));
		assert!(store.knows(3, Hotkey([7; 32])) && !store.knows(3, Hotkey([9; 32])));
		store.retain(&[(3, Hotkey([9; 32]))]);
		assert!(store.weights().is_empty());
	}

	#[test]
	fn a_file_of_something_else_is_an_error_and_stays() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("scores");
		let future = r#"{"version":2,"owner":{"hotkey":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
			"netuid":1,"mechanism":"echo","mechanism_version":1},"scores":[]}"#;
		for text in ["", "{", "[1,2]", future] {
			fs::write(&path, text).unwrap();
			let error = open(&path, 1).unwrap_err().to_string();
			assert!(error.contains("move it away"), "{error}");
			assert_eq!(fs::read_to_string(&path).unwrap(), text);
		}
	}

	#[test]
	fn an_average_out_of_range_is_an_error() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("scores");
		let mut store = open(&path, 1).unwrap();
		store.record(3, Hotkey([7; 32]), &Score::full(""));
		store.save().unwrap();
		let text = fs::read_to_string(&path).unwrap().replace("0.5", "1.5");
		fs::write(&path, text).unwrap();
		assert!(matches!(open(&path, 1), Err(StoreError::Content { .. })));
	}
}
