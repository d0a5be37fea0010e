//! What a gateway tells the validator beside it: which miners it has caught.
//!
//! A small JSON file in the data folder, replaced whole. The gateway is its only writer; the validator gives miners that
//! are named in it nothing.

use std::{
	fs, io,
	io::{Read as _, Write as _},
	path::Path,
};

use neuron_chain::AccountId;
use serde::{Deserialize, Serialize};

/// The file's name in the data folder.
pub const FILE_NAME: &str = "gateway-condemned.json";
/// The largest file that is read: more than all neurons of a subnet take.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// A miner whose answers to applications failed more checks than an honest one's can.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Condemned {
	/// Its uid.
	pub uid: u16,
	/// Its hotkey.
	pub hotkey: AccountId,
	/// Checks made.
	pub trials: u32,
	/// How many of them failed.
	pub failures: u32,
}

/// Reads the list of a data folder; nobody where there is none.
///
/// # Errors
/// A file that cannot be read or holds something else.
pub fn read(folder: &Path) -> io::Result<Vec<Condemned>> {
	let file = match fs::File::open(folder.join(FILE_NAME)) {
		Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
		opened => opened?,
	};
	let mut bytes = Vec::new();
	file.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
	Ok(serde_json::from_slice(&bytes)?)
}

/// Replaces the list of a data folder: a reader sees the old one or the new one.
///
/// # Errors
/// A file that cannot be written.
pub fn write(folder: &Path, condemned: &[Condemned]) -> io::Result<()> {
	let draft = folder.join(format!("{FILE_NAME}.new"));
	let mut file = fs::File::create(&draft)?;
	file.write_all(&serde_json::to_vec_pretty(condemned)?)?;
	file.sync_all()?;
	fs::rename(draft, folder.join(FILE_NAME))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn what_is_written_is_read_and_rubbish_is_an_error() {
		let folder = tempfile::tempdir().unwrap();
		assert_eq!(read(folder.path()).unwrap(), []);
		let list = [Condemned {
			uid: 7,
			hotkey: AccountId::new([3; 32]),
			trials: 64,
			failures: 9,
		}];
		write(folder.path(), &list).unwrap();
		assert_eq!(read(folder.path()).unwrap(), list);
		write(folder.path(), &[]).unwrap();
		assert_eq!(read(folder.path()).unwrap(), []);
		fs::write(folder.path().join(FILE_NAME), "nobody").unwrap();
		assert!(read(folder.path()).is_err());
	}
}
