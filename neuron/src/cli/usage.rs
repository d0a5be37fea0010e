//! What can be wrong with the words of a command line, and with the file's values.

use crate::{registry::Serving, units};

/// The most memory that `--kv-memory-mib` may allow: 1 TiB.
const MAX_KV_MEMORY_MIB: usize = 1 << 20;

/// The words do not add up to a command: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
	/// Something needed was given nowhere.
	#[error("{what} is missing: give {flag}, or `{key}` in the file of --config")]
	Missing {
		/// What is missing.
		what: &'static str,
		/// The flag that gives it.
		flag: &'static str,
		/// The file's key that gives it.
		key: &'static str,
	},
	/// A value is outside its range.
	#[error("{flag} is {given}; expected {expected}")]
	OutOfRange {
		/// The flag.
		flag: &'static str,
		/// The value.
		given: String,
		/// The range.
		expected: &'static str,
	},
	/// An amount of money cannot be read.
	#[error(transparent)]
	Amount(#[from] units::AmountError),
	/// The home folder is needed for a default and not known.
	#[error("the environment has no HOME, so there is no default for {0}: give it")]
	NoHome(&'static str),
}

/// Refuses a value of zero.
pub(super) fn at_least_one(flag: &'static str, value: u64) -> Result<u64, UsageError> {
	if value == 0 {
		return Err(UsageError::OutOfRange {
			flag,
			given: "0".into(),
			expected: "at least 1",
		});
	}
	Ok(value)
}

/// How a miner with so many workers serves its model.
pub(super) fn serving(workers: usize, kv_memory_mib: Option<usize>) -> Result<Serving, UsageError> {
	let kv_memory_mib = kv_memory_mib.unwrap_or(Serving::DEFAULT_KV_MEMORY_MIB);
	if !(1..=MAX_KV_MEMORY_MIB).contains(&kv_memory_mib) {
		return Err(UsageError::OutOfRange {
			flag: "--kv-memory-mib",
			given: kv_memory_mib.to_string(),
			expected: "1 to 1048576",
		});
	}
	Ok(Serving {
		batch: workers,
		kv_memory_mib,
	})
}
