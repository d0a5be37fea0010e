//! The JSON inside a key file.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::WalletError;
use crate::{AccountId, Keypair};

/// The SDK's number for sr25519.
const CRYPTO_TYPE_SR25519: u8 = 1;
/// How encrypted key files start, and how they are encrypted.
const ENCRYPTED: [(&[u8], &str); 3] = [
	(b"$NACL", "NaCl"),
	(b"$ANSIBLE_VAULT", "Ansible Vault"),
	(b"gAAAAA", "Fernet"),
];

/// The content of a key file as the SDK writes it. Which secrets are there depends on where the key came
/// from: a phrase implies a seed, a seed implies a private key; the public half has none.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeyFile {
	/// The account, `0x` and 64 hexadecimal digits; the same as the public key.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub account_id: Option<String>,
	/// The public key, `0x` and 64 hexadecimal digits.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub public_key: Option<String>,
	/// The expanded secret key, `0x` and 128 hexadecimal digits.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub private_key: Option<String>,
	/// The words.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub secret_phrase: Option<String>,
	/// The seed, `0x` and 64 hexadecimal digits.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub secret_seed: Option<String>,
	/// The account's address.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub ss58_address: Option<String>,
	/// 1 for sr25519, which is also meant where it is missing.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub crypto_type: Option<u8>,
}

impl KeyFile {
	/// The file of a key pair, with all its secrets.
	#[must_use]
	pub fn of(key: &Keypair) -> Self {
		Self {
			private_key: Some(prefixed(&key.private_key())),
			secret_phrase: key.phrase().map(str::to_owned),
			secret_seed: key.seed().map(|seed| prefixed(&seed)),
			..Self::public(&key.account_id())
		}
	}

	/// The file of an account's public half.
	#[must_use]
	pub fn public(account: &AccountId) -> Self {
		let bytes = prefixed(account.as_bytes());
		Self {
			account_id: Some(bytes.clone()),
			public_key: Some(bytes),
			ss58_address: Some(account.to_string()),
			crypto_type: Some(CRYPTO_TYPE_SR25519),
			..Self::default()
		}
	}

	/// The file's text.
	#[must_use]
	pub fn to_json(&self) -> String {
		// Strings and a number: there is nothing that JSON cannot hold.
		serde_json::to_string(self).unwrap_or_default()
	}

	/// Parses what was read from `path`.
	///
	/// # Errors
	/// An encrypted file, or text that is no key file.
	pub fn parse(path: &Path, content: &[u8]) -> Result<Self, WalletError> {
		for (prefix, scheme) in ENCRYPTED {
			if content.starts_with(prefix) {
				return Err(WalletError::Encrypted {
					path: path.to_path_buf(),
					scheme,
				});
			}
		}
		let file: Self = serde_json::from_slice(content).map_err(|error| {
			// The parser's message could repeat a secret; its position cannot.
			malformed(
				path,
				format!(
					"expected JSON with accountId, publicKey and ss58Address, came {} bytes that break off at line {}, column {}",
					content.len(),
					error.line(),
					error.column()
				),
			)
		})?;
		match file.crypto_type {
			None | Some(CRYPTO_TYPE_SR25519) => Ok(file),
			Some(other) => Err(malformed(
				path,
				format!("expected an sr25519 key (cryptoType {CRYPTO_TYPE_SR25519}), came cryptoType {other}"),
			)),
		}
	}

	/// The account that the file names.
	///
	/// # Errors
	/// A file that names none, or several.
	pub fn account(&self, path: &Path) -> Result<AccountId, WalletError> {
		let account = match (&self.public_key, &self.account_id, &self.ss58_address) {
			(Some(bytes), _, _) | (None, Some(bytes), _) => AccountId::new(decode(path, "publicKey", bytes)?),
			(None, None, Some(address)) => address
				.parse()
				.map_err(|error| malformed(path, format!("ss58Address: {error}")))?,
			(None, None, None) => {
				return Err(malformed(
					path,
					"expected accountId, publicKey or ss58Address, came none".into(),
				));
			}
		};
		self.check_account(path, account)?;
		Ok(account)
	}

	/// The key pair in the file, after checking that all of its parts belong together.
	///
	/// # Errors
	/// A file without a secret, with an unusable one, or whose parts contradict each other.
	pub fn keypair(&self, path: &Path) -> Result<Keypair, WalletError> {
		let bad_secret = |source| WalletError::Secret {
			path: path.to_path_buf(),
			source,
		};
		let from_phrase = self
			.secret_phrase
			.as_deref()
			.map(|phrase| Keypair::from_phrase(phrase).map_err(bad_secret))
			.transpose()?;
		let from_seed = self
			.secret_seed
			.as_deref()
			.map(|seed| decode(path, "secretSeed", seed).map(Keypair::from_seed))
			.transpose()?;
		let from_private_key = self
			.private_key
			.as_deref()
			.map(|key| Keypair::from_private_key(&decode(path, "privateKey", key)?).map_err(bad_secret))
			.transpose()?;
		let others = [
			("secretSeed", from_seed.as_ref()),
			("privateKey", from_private_key.as_ref()),
		]
		.map(|(field, key)| (field, key.map(Keypair::account_id)));
		// The phrase leads to all the rest, so it is the secret that counts where it is there.
		let Some(key) = from_phrase.or(from_seed).or(from_private_key) else {
			return Err(malformed(
				path,
				"expected secretPhrase, secretSeed or privateKey, came none (is it the public half?)".into(),
			));
		};
		for (field, account) in others {
			if let Some(account) = account {
				check_same(path, field, key.account_id(), account, &account)?;
			}
		}
		self.check_account(path, key.account_id())?;
		Ok(key)
	}

	/// Checks every public part that is there against the account.
	fn check_account(&self, path: &Path, expected: AccountId) -> Result<(), WalletError> {
		for (field, value) in [("publicKey", &self.public_key), ("accountId", &self.account_id)] {
			if let Some(value) = value {
				check_same(
					path,
					field,
					expected,
					AccountId::new(decode(path, field, value)?),
					value,
				)?;
			}
		}
		if let Some(address) = &self.ss58_address {
			let account = address
				.parse()
				.map_err(|error| malformed(path, format!("ss58Address: {error}")))?;
			check_same(path, "ss58Address", expected, account, address)?;
		}
		Ok(())
	}
}

impl fmt::Debug for KeyFile {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter
			.debug_struct("KeyFile")
			.field("ss58_address", &self.ss58_address)
			.finish_non_exhaustive()
	}
}

fn check_same(
	path: &Path,
	field: &'static str,
	expected: AccountId,
	found: AccountId,
	shown: &dyn fmt::Display,
) -> Result<(), WalletError> {
	if expected == found {
		return Ok(());
	}
	Err(WalletError::Mismatch {
		path: path.to_path_buf(),
		field,
		expected,
		found: shown.to_string(),
	})
}

fn prefixed(bytes: &[u8]) -> String {
	format!("0x{}", hex::encode(bytes))
}

fn decode<const LENGTH: usize>(path: &Path, field: &str, text: &str) -> Result<[u8; LENGTH], WalletError> {
	let mut bytes = [0; LENGTH];
	hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes).map_err(|_| {
		malformed(
			path,
			format!(
				"{field}: expected 0x and {} hexadecimal digits, came {} characters",
				2 * LENGTH,
				text.chars().count()
			),
		)
	})?;
	Ok(bytes)
}

fn malformed(path: &Path, reason: String) -> WalletError {
	WalletError::Malformed {
		path: path.to_path_buf(),
		reason,
	}
}
