//! Wallets in Bittensor's layout, so that `btcli` and the Python SDK share them.
//!
//! ```text
//! ~/.bittensor/wallets/<name>/coldkey             key file of the owner's key
//!                            /coldkeypub.txt      its public half
//!                            /hotkeys/<hotkey>    key file of a neuron's key
//!                            /hotkeys/<hotkey>pub.txt
//! ```
//!
//! Key files are plain JSON (see [`KeyFile`]). Encrypted ones are recognised and refused. Every file is
//! readable by its owner only, appears whole or not at all, and is never replaced unless asked.

mod keyfile;

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

pub use keyfile::KeyFile;

use crate::keypair::KeypairError;
use crate::{AccountId, Keypair};

/// The longest key file that is read; a real one has about 600 bytes.
pub const MAX_KEY_FILE_BYTES: u64 = 64 * 1024;
/// The longest wallet or hotkey name.
const MAX_NAME_CHARACTERS: usize = 128;
/// What the public half of a hotkey has behind its name.
const PUBLIC_SUFFIX: &str = "pub.txt";

/// Whether a key that already exists may be replaced.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Overwrite {
	/// Fail with [`WalletError::Exists`].
	Never,
	/// Replace it. The old key is gone for good unless its phrase was written down.
	Force,
}

/// Why a wallet cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
	/// A name that is no plain file name.
	#[error(
		"`{name}` is not a wallet or hotkey name: expected 1 to {MAX_NAME_CHARACTERS} characters without path separators, not starting with a dot"
	)]
	BadName {
		/// What was given.
		name: String,
	},
	/// There is no such key file.
	#[error("there is no key at {}; create it first, or check the wallet's name and directory", path.display())]
	Missing {
		/// The file that was looked for.
		path: PathBuf,
	},
	/// There is a key already.
	#[error("there is a key at {} already; choose another name, or force its replacement (the old key is lost)", path.display())]
	Exists {
		/// The file that is in the way.
		path: PathBuf,
	},
	/// The key file is encrypted.
	#[error("{} is encrypted ({scheme}), which is not supported yet; decrypt it with btcli or use an unencrypted key", path.display())]
	Encrypted {
		/// The encrypted file.
		path: PathBuf,
		/// How it is encrypted.
		scheme: &'static str,
	},
	/// The file is not a key file.
	#[error("{} is not a key file: {reason}; restore it from its recovery phrase", path.display())]
	Malformed {
		/// The file.
		path: PathBuf,
		/// What was expected and what was found.
		reason: String,
	},
	/// The file's parts belong to different keys.
	#[error("{} contradicts itself: its secret belongs to {expected}, but its {field} to {found}; restore it from its recovery phrase", path.display())]
	Mismatch {
		/// The file.
		path: PathBuf,
		/// Which part differs.
		field: &'static str,
		/// The account of the secret.
		expected: AccountId,
		/// What the part says.
		found: String,
	},
	/// The file's secret makes no key.
	#[error("{} holds no usable secret: {source}", path.display())]
	Secret {
		/// The file.
		path: PathBuf,
		/// What is wrong with the secret.
		source: KeypairError,
	},
	/// The operating system refused.
	#[error("cannot {action} {}: {source}", path.display())]
	Io {
		/// What was tried.
		action: &'static str,
		/// On which file or directory.
		path: PathBuf,
		/// What the system said.
		source: io::Error,
	},
}

/// Where wallets are kept unless told otherwise: `~/.bittensor/wallets`.
///
/// `None` where there is no home directory.
#[must_use]
pub fn default_directory() -> Option<PathBuf> {
	std::env::home_dir().map(|home| home.join(".bittensor").join("wallets"))
}

/// One wallet: a coldkey and its hotkeys. Opening one touches no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
	directory: PathBuf,
}

impl Wallet {
	/// The wallet `name` in `directory`; a leading `~/` there means the home directory.
	///
	/// # Errors
	/// [`WalletError::BadName`].
	pub fn open(directory: &Path, name: &str) -> Result<Self, WalletError> {
		check_name(name)?;
		let directory = match (directory.strip_prefix("~"), std::env::home_dir()) {
			(Ok(rest), Some(home)) => home.join(rest),
			_ => directory.to_path_buf(),
		};
		Ok(Self {
			directory: directory.join(name),
		})
	}

	/// The wallet's own directory.
	#[must_use]
	pub fn directory(&self) -> &Path {
		&self.directory
	}

	/// The coldkey's key file.
	#[must_use]
	pub fn coldkey_path(&self) -> PathBuf {
		self.directory.join("coldkey")
	}

	/// The file with the coldkey's public half.
	#[must_use]
	pub fn coldkey_public_path(&self) -> PathBuf {
		self.directory.join("coldkeypub.txt")
	}

	/// The key file of a hotkey.
	///
	/// # Errors
	/// [`WalletError::BadName`].
	pub fn hotkey_path(&self, hotkey: &str) -> Result<PathBuf, WalletError> {
		check_name(hotkey)?;
		Ok(self.directory.join("hotkeys").join(hotkey))
	}

	/// Writes the coldkey and its public half.
	///
	/// # Errors
	/// A key that exists, or what the file system says.
	pub fn create_coldkey(&self, key: &Keypair, overwrite: Overwrite) -> Result<(), WalletError> {
		let path = self.coldkey_path();
		write_file(&path, &KeyFile::of(key).to_json(), overwrite)?;
		// The secret is in place: its public half follows it, whatever was there.
		let public = KeyFile::public(&key.account_id()).to_json();
		write_file(&self.coldkey_public_path(), &public, Overwrite::Force)
	}

	/// Writes a hotkey and its public half.
	///
	/// # Errors
	/// A bad name, a key that exists, or what the file system says.
	pub fn create_hotkey(&self, hotkey: &str, key: &Keypair, overwrite: Overwrite) -> Result<(), WalletError> {
		let path = self.hotkey_path(hotkey)?;
		write_file(&path, &KeyFile::of(key).to_json(), overwrite)?;
		let public = path.with_file_name(format!("{hotkey}{PUBLIC_SUFFIX}"));
		write_file(&public, &KeyFile::public(&key.account_id()).to_json(), Overwrite::Force)
	}

	/// The coldkey.
	///
	/// # Errors
	/// See [`WalletError`].
	pub fn coldkey(&self) -> Result<Keypair, WalletError> {
		read_key(&self.coldkey_path())
	}

	/// The coldkey's account, from its public half: works where the coldkey is encrypted or elsewhere.
	///
	/// # Errors
	/// See [`WalletError`].
	pub fn coldkey_account(&self) -> Result<AccountId, WalletError> {
		let path = self.coldkey_public_path();
		KeyFile::parse(&path, &read_file(&path)?)?.account(&path)
	}

	/// A hotkey.
	///
	/// # Errors
	/// See [`WalletError`].
	pub fn hotkey(&self, hotkey: &str) -> Result<Keypair, WalletError> {
		read_key(&self.hotkey_path(hotkey)?)
	}

	/// The names of the wallet's hotkeys, sorted.
	///
	/// # Errors
	/// What the file system says; a wallet without hotkeys has none, which is no error.
	pub fn hotkeys(&self) -> Result<Vec<String>, WalletError> {
		let path = self.directory.join("hotkeys");
		let failed = |source| WalletError::Io {
			action: "list",
			path: path.clone(),
			source,
		};
		let entries = match fs::read_dir(&path) {
			Ok(entries) => entries,
			Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
			Err(error) => return Err(failed(error)),
		};
		let mut names = Vec::new();
		for entry in entries {
			let entry = entry.map_err(failed)?;
			if let Ok(name) = entry.file_name().into_string()
				&& check_name(&name).is_ok()
				&& !name.ends_with(PUBLIC_SUFFIX)
			{
				names.push(name);
			}
		}
		names.sort();
		Ok(names)
	}
}

impl Keypair {
	/// Reads a hotkey's key file, wherever it lies.
	///
	/// # Errors
	/// See [`WalletError`].
	pub fn load_hotkey(path: &Path) -> Result<Self, WalletError> {
		read_key(path)
	}

	/// Reads a coldkey's key file, wherever it lies.
	///
	/// # Errors
	/// See [`WalletError`].
	pub fn load_coldkey(path: &Path) -> Result<Self, WalletError> {
		read_key(path)
	}
}

fn check_name(name: &str) -> Result<(), WalletError> {
	let plain = !name.is_empty()
		&& name.chars().count() <= MAX_NAME_CHARACTERS
		&& !name.starts_with('.')
		&& !name
			.chars()
			.any(|letter| matches!(letter, '/' | '\\') || letter.is_control());
	if plain {
		Ok(())
	} else {
		Err(WalletError::BadName { name: name.to_owned() })
	}
}

fn read_key(path: &Path) -> Result<Keypair, WalletError> {
	KeyFile::parse(path, &read_file(path)?)?.keypair(path)
}

fn read_file(path: &Path) -> Result<Vec<u8>, WalletError> {
	let failed = |source: io::Error| match source.kind() {
		io::ErrorKind::NotFound => WalletError::Missing {
			path: path.to_path_buf(),
		},
		_ => WalletError::Io {
			action: "read",
			path: path.to_path_buf(),
			source,
		},
	};
	let file = fs::File::open(path).map_err(failed)?;
	let mut content = Vec::new();
	// One byte more than allowed tells a file that is too long from one that just fits.
	file.take(MAX_KEY_FILE_BYTES + 1)
		.read_to_end(&mut content)
		.map_err(failed)?;
	if content.len() as u64 > MAX_KEY_FILE_BYTES {
		return Err(WalletError::Malformed {
			path: path.to_path_buf(),
			reason: format!("expected at most {MAX_KEY_FILE_BYTES} bytes, came more"),
		});
	}
	Ok(content)
}

/// Writes beside the target, then moves the finished file there.
fn write_file(path: &Path, content: &str, overwrite: Overwrite) -> Result<(), WalletError> {
	let failed = |action| {
		move |source| WalletError::Io {
			action,
			path: path.to_path_buf(),
			source,
		}
	};
	let directory = path.parent().unwrap_or(Path::new("."));
	create_directory(directory).map_err(failed("create the directory of"))?;
	// A temporary file is readable by its owner only (mode 0600), and keeps that when it is moved.
	let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed("write beside"))?;
	file.write_all(content.as_bytes()).map_err(failed("write"))?;
	file.as_file().sync_all().map_err(failed("write"))?;
	let moved = match overwrite {
		Overwrite::Never => file.persist_noclobber(path),
		Overwrite::Force => file.persist(path),
	};
	match moved {
		Ok(_) => Ok(()),
		Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(WalletError::Exists {
			path: path.to_path_buf(),
		}),
		Err(error) => Err(failed("write")(error.error)),
	}
}

fn create_directory(directory: &Path) -> io::Result<()> {
	let mut builder = fs::DirBuilder::new();
	builder.recursive(true);
	#[cfg(unix)]
	std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
	builder.create(directory)
}

#[cfg(test)]
mod tests;
