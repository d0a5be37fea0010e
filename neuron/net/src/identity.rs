//! The ed25519 identity of a neuron, the file that holds it, and the certificate that the chain publishes.

use std::{
	fmt, fs,
	io::{self, Read, Write},
	path::{Path, PathBuf},
};

use libp2p::{
	PeerId,
	identity::{Keypair, PublicKey, ed25519},
};

/// First byte of a certificate: the key that follows is ed25519.
pub const ALGORITHM_ED25519: u8 = 1;
/// Length of a certificate: the algorithm byte and the public key.
pub const CERTIFICATE_BYTES: usize = 1 + KEY_BYTES;

/// Length of an ed25519 public key and of the seed of a secret key.
const KEY_BYTES: usize = 32;
/// An identity file is 64 hexadecimal digits and a line feed; anything longer is another file.
const MAX_IDENTITY_FILE_BYTES: u64 = 256;
/// Multihash code of the identity function: small public keys are their own hash.
const MULTIHASH_IDENTITY: u64 = 0;

/// The key pair that a neuron proves to every peer it talks to.
///
/// Its public half goes on chain next to the axon (see [`Identity::certificate`]), signed by the hotkey, so
/// that whoever proves this key is that hotkey.
#[derive(Clone)]
pub struct Identity {
	keypair: Keypair,
	public_key: [u8; KEY_BYTES],
}

impl fmt::Debug for Identity {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter
			.debug_struct("Identity")
			.field("public_key", &hex::encode(self.public_key))
			.finish_non_exhaustive()
	}
}

impl Identity {
	/// A fresh identity from the operating system's randomness.
	pub fn generate() -> Self {
		Self::from_ed25519(ed25519::Keypair::generate())
	}

	/// The identity of a seed, which is overwritten; `None` unless it has 32 bytes.
	fn from_seed(seed: &mut [u8]) -> Option<Self> {
		ed25519::SecretKey::try_from_bytes(seed)
			.ok()
			.map(|secret| Self::from_ed25519(secret.into()))
	}

	fn from_ed25519(pair: ed25519::Keypair) -> Self {
		Self {
			public_key: pair.public().to_bytes(),
			keypair: Keypair::from(pair),
		}
	}

	/// Reads the identity in `path`, or creates one there.
	///
	/// The file holds the 32-byte seed as 64 hexadecimal digits and is readable by its owner only. A new file
	/// appears complete or not at all, and never replaces one that another process has just put there.
	///
	/// # Errors
	/// The file cannot be read or written, holds something else, or others may read it.
	pub fn load_or_create(path: &Path) -> Result<Self, IdentityError> {
		match fs::File::open(path) {
			Ok(file) => Self::read(path, file),
			Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(path),
			Err(source) => Err(IdentityError::Read {
				path: path.to_owned(),
				source,
			}),
		}
	}

	fn read(path: &Path, file: fs::File) -> Result<Self, IdentityError> {
		let failed = |source| IdentityError::Read {
			path: path.to_owned(),
			source,
		};
		let metadata = file.metadata().map_err(failed)?;
		if !metadata.is_file() {
			return Err(IdentityError::Content {
				path: path.to_owned(),
				found: "not a regular file".into(),
			});
		}
		check_permissions(path, &metadata)?;
		let mut bytes = Vec::new();
		file.take(MAX_IDENTITY_FILE_BYTES + 1)
			.read_to_end(&mut bytes)
			.map_err(failed)?;
		let content = |found: String| IdentityError::Content {
			path: path.to_owned(),
			found,
		};
		if bytes.len() as u64 > MAX_IDENTITY_FILE_BYTES {
			return Err(content(format!("more than {MAX_IDENTITY_FILE_BYTES} bytes")));
		}
		let digits = bytes.trim_ascii();
		let mut seed = [0; KEY_BYTES];
		// The digits are secret: the error tells their number and never repeats them.
		hex::decode_to_slice(digits, &mut seed)
			.map_err(|_| content(format!("{} bytes that are not 64 hexadecimal digits", digits.len())))?;
		Self::from_seed(&mut seed).ok_or_else(|| content("no ed25519 seed".into()))
	}

	fn create(path: &Path) -> Result<Self, IdentityError> {
		let pair = ed25519::Keypair::generate();
		let line = format!("{}\n", hex::encode(pair.secret().as_ref()));
		let failed = |source| IdentityError::Write {
			path: path.to_owned(),
			source,
		};
		if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
			fs::create_dir_all(parent).map_err(failed)?;
		}
		let mut draft = path.as_os_str().to_owned();
		draft.push(format!(".{}.new", hex::encode(&pair.public().to_bytes()[..8])));
		let draft = PathBuf::from(draft);
		// A hard link fails where the name exists: unlike a rename it cannot replace another process's identity.
		let linked = write_private(&draft, line.as_bytes())
			.and_then(|()| fs::hard_link(&draft, path))
			.and_then(|()| sync_parent(path));
		let removed = fs::remove_file(&draft);
		match linked {
			Ok(()) => removed.map_err(failed).map(|()| Self::from_ed25519(pair)),
			Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
				Self::read(path, fs::File::open(path).map_err(failed)?)
			}
			Err(source) => Err(failed(source)),
		}
	}

	/// The public key that peers see.
	pub fn public_key(&self) -> [u8; 32] {
		self.public_key
	}

	/// What `serve_axon_tls` publishes: [`ALGORITHM_ED25519`] and the public key, 33 bytes.
	pub fn certificate(&self) -> Vec<u8> {
		let mut certificate = Vec::with_capacity(CERTIFICATE_BYTES);
		certificate.push(ALGORITHM_ED25519);
		certificate.extend_from_slice(&self.public_key);
		certificate
	}

	/// libp2p's name for this identity, base58.
	pub fn peer_id(&self) -> String {
		self.keypair.public().to_peer_id().to_base58()
	}

	pub(crate) fn keypair(&self) -> &Keypair {
		&self.keypair
	}
}

/// Writes a new file that only its owner may read, down to the disk.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
	let mut options = fs::OpenOptions::new();
	options.write(true).create_new(true);
	#[cfg(unix)]
	{
		use std::os::unix::fs::OpenOptionsExt as _;
		options.mode(0o600);
	}
	let mut file = options.open(path)?;
	file.write_all(bytes)?;
	file.sync_all()
}

/// Makes the new name in the folder of `path` survive a power cut.
fn sync_parent(path: &Path) -> io::Result<()> {
	match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
		Some(parent) if cfg!(unix) => fs::File::open(parent)?.sync_all(),
		_ => Ok(()),
	}
}

#[cfg(unix)]
fn check_permissions(path: &Path, metadata: &fs::Metadata) -> Result<(), IdentityError> {
	use std::os::unix::fs::PermissionsExt as _;
	let mode = metadata.permissions().mode() & 0o777;
	if mode & 0o077 == 0 {
		Ok(())
	} else {
		Err(IdentityError::Permissions {
			path: path.to_owned(),
			mode,
		})
	}
}

#[cfg(not(unix))]
fn check_permissions(_: &Path, _: &fs::Metadata) -> Result<(), IdentityError> {
	Ok(())
}

/// Why an identity file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
	/// The file is there but cannot be read.
	#[error("cannot read the identity file {}: {source}", path.display())]
	Read {
		/// The identity file.
		path: PathBuf,
		/// What the system said.
		source: io::Error,
	},
	/// No identity could be put there.
	#[error("cannot create the identity file {}: {source}", path.display())]
	Write {
		/// The identity file.
		path: PathBuf,
		/// What the system said.
		source: io::Error,
	},
	/// The file holds something else.
	#[error(
		"the identity file {} should hold 64 hexadecimal digits (an ed25519 seed) but is {found}; name another file, \
		 or move this one away so that a new identity is created",
		path.display()
	)]
	Content {
		/// The identity file.
		path: PathBuf,
		/// What is there instead; never the content itself.
		found: String,
	},
	/// Other users of this machine may read the secret.
	#[error(
		"the identity file {0} has mode {mode:04o} but only its owner may access it; run: chmod 600 {0}",
		path.display()
	)]
	Permissions {
		/// The identity file.
		path: PathBuf,
		/// Its permission bits.
		mode: u32,
	},
}

/// The public key in a certificate that the chain published.
///
/// # Errors
/// The bytes are no certificate of an ed25519 key.
///
/// ```
/// let identity = neuron_net::Identity::generate();
/// assert_eq!(neuron_net::parse_certificate(&identity.certificate())?, identity.public_key());
/// # Ok::<(), neuron_net::CertificateError>(())
/// ```
pub fn parse_certificate(bytes: &[u8]) -> Result<[u8; 32], CertificateError> {
	let (&algorithm, key) = bytes.split_first().ok_or(CertificateError::Length { length: 0 })?;
	if algorithm != ALGORITHM_ED25519 {
		return Err(CertificateError::Algorithm { algorithm });
	}
	let key = <[u8; KEY_BYTES]>::try_from(key).map_err(|_| CertificateError::Length { length: bytes.len() })?;
	ed25519::PublicKey::try_from_bytes(&key).map_err(|_| CertificateError::Key { key: hex::encode(key) })?;
	Ok(key)
}

/// Why published bytes are no certificate of ours.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CertificateError {
	/// Another algorithm.
	#[error("the certificate's algorithm byte is {algorithm}, this network speaks {ALGORITHM_ED25519} (ed25519) only")]
	Algorithm {
		/// The byte found.
		algorithm: u8,
	},
	/// Too short or too long.
	#[error("the certificate has {length} bytes, an ed25519 certificate has {CERTIFICATE_BYTES}")]
	Length {
		/// Bytes found.
		length: usize,
	},
	/// 32 bytes that are no point of the curve.
	#[error("the certificate's key {key} is not an ed25519 public key")]
	Key {
		/// The key, hexadecimal.
		key: String,
	},
}

/// The peer id of an ed25519 public key; `None` where the bytes are no such key.
pub(crate) fn peer_id_of(public_key: &[u8; KEY_BYTES]) -> Option<PeerId> {
	let key = ed25519::PublicKey::try_from_bytes(public_key).ok()?;
	Some(PublicKey::from(key).to_peer_id())
}

/// The ed25519 public key that a peer id spells out; `None` where the peer's key is of another kind.
pub(crate) fn public_key_of(peer: &PeerId) -> Option<[u8; KEY_BYTES]> {
	let multihash = peer.as_ref();
	if multihash.code() != MULTIHASH_IDENTITY {
		return None;
	}
	let key = PublicKey::try_decode_protobuf(multihash.digest()).ok()?;
	Some(key.try_into_ed25519().ok()?.to_bytes())
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
