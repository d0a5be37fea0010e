//! API keys: made here, shown once, kept as hashes in a file that a running gateway re-reads when it changes.
//!
//! A key is `sk-ganglion-<id>-<secret>`, the secret 32 random bytes. What is kept is its SHA-256: with so much entropy
//! nothing slower is needed.

use std::{
	collections::BTreeMap,
	fs::{self, File, OpenOptions},
	io::{self, Write},
	path::{Path, PathBuf},
	sync::{Arc, Mutex, PoisonError},
	time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The file's name in the data folder, where none is named.
pub const FILE_NAME: &str = "gateway-keys.json";
/// The most keys in a file.
pub const MAX_KEYS: usize = 10_000;
/// The largest file that is read.
const MAX_FILE_BYTES: u64 = 8 << 20;
/// The longest name of a key, in characters.
const MAX_NAME: usize = 64;
/// What every key begins with.
const PREFIX: &str = "sk-ganglion-";
/// The version of the file's form.
const FILE_VERSION: u32 = 1;

/// What one key may do.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct KeyLimits {
	/// Requests per minute.
	pub requests_per_minute: u32,
	/// Tokens per minute, prompt and answer together.
	pub tokens_per_minute: u32,
	/// Requests under way at once.
	pub concurrency: u32,
}

impl Default for KeyLimits {
	fn default() -> Self {
		Self {
			requests_per_minute: 60,
			tokens_per_minute: 100_000,
			concurrency: 8,
		}
	}
}

/// A key as it is kept.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
	/// Names the key in lists and commands.
	pub id: String,
	/// What it is for.
	pub name: String,
	/// Hexadecimal SHA-256 of the secret.
	hash: String,
	/// What it may do.
	pub limits: KeyLimits,
	/// When it was made, in seconds since 1970.
	pub made_at: u64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
	version: u32,
	keys: Vec<ApiKey>,
}

/// What to do to a key file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyCommand {
	/// Make a key.
	Add {
		/// What it is for.
		name: String,
		/// What it may do.
		limits: KeyLimits,
	},
	/// List the keys.
	List,
	/// Take a key back.
	Revoke {
		/// Which.
		id: String,
	},
}

/// Why keys cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
	/// The file cannot be read or written.
	#[error("cannot {action} the key file {}: {source}; check --keys and --data-dir", path.display())]
	Io {
		/// What was tried.
		action: &'static str,
		/// The file.
		path: PathBuf,
		/// What the system said.
		source: io::Error,
	},
	/// The file holds something else.
	#[error("the key file {} cannot be used: {reason}; move it away to start without keys", path.display())]
	Content {
		/// The file.
		path: PathBuf,
		/// What is wrong.
		reason: String,
	},
	/// A name that is too long, or none.
	#[error("the key's name has {0} characters; expected 1 to {MAX_NAME}, none of them a control character")]
	Name(usize),
	/// A limit of 0.
	#[error("a limit is 0, so that the key could do nothing: give at least 1, or revoke the key")]
	Limit,
	/// There is no such key.
	#[error("there is no key `{0}`; `neuron gateway key list` shows the ids")]
	Unknown(String),
	/// There are too many.
	#[error("there are {MAX_KEYS} keys already: revoke some first")]
	Full,
}

impl KeyCommand {
	/// Works on a key file; returns what to print.
	///
	/// # Errors
	/// [`KeyError`].
	pub fn run(self, path: &Path) -> Result<String, KeyError> {
		if self == Self::List {
			return Ok(table(&read(path)?));
		}
		let _lock = lock(path)?;
		let mut keys = read(path)?;
		let said = match self {
			Self::List => String::new(),
			Self::Add { name, limits } => {
				let (key, secret) = make(name, limits)?;
				if keys.len() >= MAX_KEYS {
					return Err(KeyError::Full);
				}
				keys.push(key);
				format!("{secret}\nKeep it: only its hash is stored.\n")
			}
			Self::Revoke { id } => {
				let before = keys.len();
				keys.retain(|key| key.id != id);
				if keys.len() == before {
					return Err(KeyError::Unknown(id));
				}
				format!("revoked {id}\n")
			}
		};
		write(path, keys)?;
		Ok(said)
	}
}

/// A fresh key, and the text that stands for it.
fn make(name: String, limits: KeyLimits) -> Result<(ApiKey, String), KeyError> {
	let length = name.chars().count();
	if length == 0 || length > MAX_NAME || name.chars().any(char::is_control) {
		return Err(KeyError::Name(length));
	}
	if [limits.requests_per_minute, limits.tokens_per_minute, limits.concurrency].contains(&0) {
		return Err(KeyError::Limit);
	}
	let (id, secret) = (
		hex::encode(rand::random::<[u8; 6]>()),
		hex::encode(rand::random::<[u8; 32]>()),
	);
	let key = ApiKey {
		hash: hash(&secret),
		id: id.clone(),
		name,
		limits,
		made_at: SystemTime::now()
			.duration_since(UNIX_EPOCH)
			.map_or(0, |since| since.as_secs()),
	};
	Ok((key, format!("{PREFIX}{id}-{secret}")))
}

fn hash(secret: &str) -> String {
	hex::encode(Sha256::digest(secret))
}

/// Without a hint at where two texts of one length differ.
fn same(one: &str, other: &str) -> bool {
	let pairs = one.bytes().zip(other.bytes());
	one.len() == other.len() && pairs.fold(0, |difference, (one, other)| difference | (one ^ other)) == 0
}

fn table(keys: &[ApiKey]) -> String {
	let mut text = String::from("ID            REQUESTS/MIN  TOKENS/MIN  AT ONCE  NAME\n");
	for key in keys {
		let KeyLimits {
			requests_per_minute,
			tokens_per_minute,
			concurrency,
		} = key.limits;
		text.push_str(&format!(
			"{:12}  {requests_per_minute:>12}  {tokens_per_minute:>10}  {concurrency:>7}  {}\n",
			key.id, key.name
		));
	}
	text
}

/// The keys of a file; none where there is no file.
fn read(path: &Path) -> Result<Vec<ApiKey>, KeyError> {
	let failed = |source| KeyError::Io {
		action: "read",
		path: path.into(),
		source,
	};
	let content = |reason| KeyError::Content {
		path: path.into(),
		reason,
	};
	let bytes = match fs::metadata(path) {
		Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
		Err(error) => return Err(failed(error)),
		Ok(metadata) if metadata.len() > MAX_FILE_BYTES => {
			return Err(content(format!(
				"it has {} bytes, at most {MAX_FILE_BYTES} are read",
				metadata.len()
			)));
		}
		Ok(_) => fs::read(path).map_err(failed)?,
	};
	let file: KeyFile = serde_json::from_slice(&bytes).map_err(|error| content(error.to_string()))?;
	if file.version != FILE_VERSION {
		return Err(content(format!(
			"it has version {}, this program reads version {FILE_VERSION}",
			file.version
		)));
	}
	if file.keys.len() > MAX_KEYS {
		return Err(content(format!(
			"it has {} keys, at most {MAX_KEYS} are read",
			file.keys.len()
		)));
	}
	Ok(file.keys)
}

/// Writes beside the file, down to the disk, for this user's eyes, then moves it into place.
fn write(path: &Path, keys: Vec<ApiKey>) -> Result<(), KeyError> {
	let failed = |source| KeyError::Io {
		action: "write",
		path: path.into(),
		source,
	};
	let file = KeyFile {
		version: FILE_VERSION,
		keys,
	};
	let bytes = serde_json::to_vec_pretty(&file).map_err(|error| failed(error.into()))?;
	let draft = beside(path, "new");
	let mut out = private(&draft, true).map_err(failed)?;
	out.write_all(&bytes).and_then(|()| out.sync_all()).map_err(failed)?;
	fs::rename(&draft, path).map_err(failed)
}

/// Keeps other commands away while this one works on the file.
fn lock(path: &Path) -> Result<File, KeyError> {
	let failed = |source| KeyError::Io {
		action: "lock",
		path: path.into(),
		source,
	};
	if let Some(folder) = path.parent() {
		fs::create_dir_all(folder).map_err(failed)?;
	}
	let file = private(&beside(path, "lock"), false).map_err(failed)?;
	file.lock().map_err(failed)?;
	Ok(file)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
	let mut name = path.as_os_str().to_owned();
	name.push(".");
	name.push(suffix);
	name.into()
}

fn private(path: &Path, empty: bool) -> io::Result<File> {
	let mut options = OpenOptions::new();
	options.write(true).create(true).truncate(empty);
	#[cfg(unix)]
	std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
	options.open(path)
}

/// What tells one state of the file from another.
type Stamp = Option<(SystemTime, u64)>;

/// The keys of a file, as it is now.
#[derive(Debug)]
pub struct KeyRing {
	path: PathBuf,
	known: Mutex<(Stamp, Arc<BTreeMap<String, ApiKey>>)>,
}

impl KeyRing {
	/// Reads a key file; none at all is fine.
	///
	/// # Errors
	/// [`KeyError`] where there is a file that cannot be read.
	pub fn open(path: &Path) -> Result<Self, KeyError> {
		let stamp = stamp(path);
		let ring = Self {
			path: path.into(),
			known: Mutex::new((stamp, index(read(path)?))),
		};
		Ok(ring)
	}

	/// Whether there is no key.
	pub fn is_empty(&self) -> bool {
		self.keys().is_empty()
	}

	/// The key that a text stands for.
	pub fn find(&self, text: &str) -> Option<ApiKey> {
		let (id, secret) = text.strip_prefix(PREFIX)?.split_once('-')?;
		let keys = self.keys();
		let key = keys.get(id)?;
		same(&hash(secret), &key.hash).then(|| key.clone())
	}

	/// The keys of the file as it is now; where it cannot be read any more, those of before.
	fn keys(&self) -> Arc<BTreeMap<String, ApiKey>> {
		let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
		let stamp = stamp(&self.path);
		if stamp != known.0 {
			// Once for each change, so that a broken file is not complained about with every request.
			known.0 = stamp;
			match read(&self.path) {
				Ok(keys) => known.1 = index(keys),
				Err(error) => tracing::error!(%error, "the keys stay those of before"),
			}
		}
		known.1.clone()
	}
}

fn index(keys: Vec<ApiKey>) -> Arc<BTreeMap<String, ApiKey>> {
	Arc::new(keys.into_iter().map(|key| (key.id.clone(), key)).collect())
}

fn stamp(path: &Path) -> Stamp {
	let metadata = fs::metadata(path).ok()?;
	Some((metadata.modified().ok()?, metadata.len()))
}

#[cfg(test)]
mod tests {
	use super::*;

	fn add(path: &Path, name: &str) -> String {
		let add = KeyCommand::Add {
			name: name.into(),
			limits: KeyLimits::default(),
		};
		add.run(path).unwrap().lines().next().unwrap().to_owned()
	}

	#[test]
	fn a_key_works_until_it_is_revoked_and_is_nowhere_in_clear() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("deep/keys.json");
		let ring = KeyRing::open(&path).unwrap();
		assert!(ring.is_empty());
		let (one, two) = (add(&path, "one"), add(&path, "two"));
		let found = ring.find(&one).unwrap();
		assert_eq!(found.name, "one");
		assert!(ring.find(&two).is_some());
		let kept = fs::read_to_string(&path).unwrap();
		let secret = one.rsplit('-').next().unwrap();
		assert!(!kept.contains(secret) && kept.contains(&found.id));
		#[cfg(unix)]
		assert_eq!(
			std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777,
			0o600
		);
		let list = KeyCommand::List.run(&path).unwrap();
		assert!(
			list.contains("one") && list.contains(&found.id) && !list.contains(secret),
			"{list}"
		);
		KeyCommand::Revoke { id: found.id.clone() }.run(&path).unwrap();
		assert!(ring.find(&one).is_none() && ring.find(&two).is_some());
		let again = KeyCommand::Revoke { id: found.id }.run(&path).unwrap_err();
		assert!(again.to_string().contains("key list"), "{again}");
	}

	#[test]
	fn what_is_no_key_is_none() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("keys.json");
		let key = add(&path, "one");
		let ring = KeyRing::open(&path).unwrap();
		let other = format!("{}0", &key[..key.len() - 1]);
		let other = if other == key {
			format!("{}1", &key[..key.len() - 1])
		} else {
			other
		};
		for text in [
			"",
			"sk-",
			"sk-ganglion-",
			"sk-ganglion--",
			&key[..key.len() - 1],
			&other,
			&format!("{key}0"),
		] {
			assert!(ring.find(text).is_none(), "{text}");
		}
	}

	#[test]
	fn a_broken_file_is_named_and_a_running_gateway_keeps_its_keys() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("keys.json");
		let key = add(&path, "one");
		let ring = KeyRing::open(&path).unwrap();
		fs::write(&path, "{").unwrap();
		assert!(ring.find(&key).is_some());
		assert!(KeyRing::open(&path).unwrap_err().to_string().contains("move it away"));
		let error = KeyCommand::List.run(&path).unwrap_err();
		assert!(error.to_string().contains("keys.json"), "{error}");
	}

	#[test]
	fn names_and_limits_are_checked() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("keys.json");
		let run = |name: &str, concurrency| {
			let limits = KeyLimits {
				concurrency,
				..KeyLimits::default()
			};
			KeyCommand::Add {
				name: name.into(),
				limits,
			}
			.run(&path)
		};
		assert!(run("", 1).is_err() && run("a\nb", 1).is_err() && run(&"x".repeat(65), 1).is_err());
		assert!(run("fine", 0).unwrap_err().to_string().contains("at least 1"));
		assert!(!path.exists());
	}
}
