//! Reading a model file: once, whole, with its hash, so that what was hashed is what is used.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::InferError;

/// The largest model file that is read, in bytes (16 GiB).
pub const MAX_MODEL_BYTES: u64 = 16 << 30;

/// Bytes read and hashed at a time.
const READ_BYTES: usize = 1 << 20;

/// The file's bytes and their sha256.
///
/// The buffer follows the length that the file system reports, and grows no further: a file that
/// grows while it is read, or a device that never ends, is cut at that length.
pub(crate) fn read_hashed(path: &Path) -> Result<(Vec<u8>, [u8; 32]), InferError> {
	let at_path = |error| InferError::file(path, error);
	let metadata = std::fs::metadata(path).map_err(at_path)?;
	if !metadata.is_file() {
		return Err(at_path(std::io::Error::other("it is not a regular file")));
	}
	let length = metadata.len();
	if length > MAX_MODEL_BYTES {
		return Err(InferError::Unsupported {
			path: path.to_owned(),
			detail: format!("the file has {length} bytes, the limit is {MAX_MODEL_BYTES}; use a smaller model"),
		});
	}
	let mut source = File::open(path).map_err(at_path)?.take(length);
	// The file system vouches for `length`, so the allocation is no larger than the file.
	let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
	let mut hasher = Sha256::new();
	loop {
		let start = bytes.len();
		let count = source
			.by_ref()
			.take(READ_BYTES as u64)
			.read_to_end(&mut bytes)
			.map_err(at_path)?;
		if count == 0 {
			return Ok((bytes, hasher.finalize().into()));
		}
		hasher.update(&bytes[start..]);
	}
}

/// Checks a hash against the expected one.
pub(crate) fn check_hash(path: &Path, found: &[u8; 32], expected: &[u8; 32]) -> Result<(), InferError> {
	if found == expected {
		return Ok(());
	}
	Err(InferError::HashMismatch {
		path: path.to_owned(),
		expected: hexadecimal(expected),
		found: hexadecimal(found),
	})
}

/// Lower-case hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
	bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
