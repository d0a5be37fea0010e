//! sr25519 key pairs: where hotkeys and coldkeys come from and how they sign.

use core::fmt;
use core::str::FromStr;

use rand::RngCore;
use schnorrkel::derive::{ChainCode, Derivation};
use schnorrkel::{ExpansionMode, MiniSecretKey};
use sha2::Sha512;
use subxt_signer::bip39::Mnemonic;
use subxt_signer::{DeriveJunction, ExposeSecret, SecretString, SecretUri};

use crate::AccountId;

/// The context that every Substrate chain signs under.
const SIGNING_CONTEXT: &[u8] = b"substrate";
/// 128 bits of entropy make 12 words.
const ENTROPY_BYTES: usize = 16;
/// Rounds of PBKDF2 between a phrase's entropy and its seed, as BIP-39 sets them.
const SEED_ROUNDS: u32 = 2048;

/// An sr25519 key pair, with the seed and the phrase it came from where they are known.
///
/// `Debug` shows the account only; the secrets are wiped from memory on drop.
#[derive(Clone)]
pub struct Keypair {
	pair: schnorrkel::Keypair,
	seed: Option<MiniSecretKey>,
	phrase: Option<SecretString>,
}

/// Why a secret does not make a key pair. Never repeats the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeypairError {
	/// The text does not parse as a secret URI.
	#[error(
		"not a secret: expected 12 words, 0x and 64 hexadecimal digits, or a development key such as //Alice ({reason})"
	)]
	BadUri {
		/// What the parser found.
		reason: String,
	},
	/// The words do not make a BIP-39 phrase.
	#[error("not a recovery phrase: {reason}; check the spelling and the order of the words")]
	BadPhrase {
		/// What is wrong with the words.
		reason: String,
	},
	/// The bytes do not make a secret key.
	#[error("not a secret key: expected {expected}, came {found}")]
	BadBytes {
		/// What was expected.
		expected: &'static str,
		/// What came.
		found: String,
	},
}

impl Keypair {
	/// A new key pair with a phrase of 12 words, drawn from the operating system's randomness.
	#[must_use]
	pub fn generate() -> Self {
		let mut entropy = [0; ENTROPY_BYTES];
		rand::rng().fill_bytes(&mut entropy);
		Self::from_entropy(entropy)
	}

	/// The key pair of a phrase's 16 bytes of entropy.
	#[must_use]
	pub fn from_entropy(entropy: [u8; ENTROPY_BYTES]) -> Self {
		let phrase = Mnemonic::from_entropy(&entropy)
			.ok()
			.map(|words| words.to_string().into());
		Self {
			phrase,
			..Self::from_mini_secret(stretch(&entropy, ""))
		}
	}

	/// The key pair of a secret URI: a phrase or a `0x` seed, derivation junctions (`/soft`, `//hard`)
	/// and a password (`///password`). Without a phrase it is the development phrase: `//Alice`.
	///
	/// # Errors
	/// Text that is no secret URI, words that are no phrase, a seed of another length.
	pub fn from_uri(uri: &str) -> Result<Self, KeypairError> {
		if uri.trim().is_empty() {
			// The parser would take nothing for the root of the development keys.
			return Err(KeypairError::BadUri {
				reason: "nothing was given".to_owned(),
			});
		}
		let parsed = SecretUri::from_str(uri).map_err(|error| KeypairError::BadUri {
			reason: error.to_string(),
		})?;
		let password = parsed.password.as_ref().map_or("", |password| password.expose_secret());
		let root = match parsed.phrase.expose_secret().strip_prefix("0x") {
			Some(seed) => Self::from_seed(decode_seed(seed)?),
			None => Self::from_words(parsed.phrase.expose_secret(), password)?,
		};
		if parsed.junctions.is_empty() && password.is_empty() {
			return Ok(root);
		}
		// A phrase alone no longer leads to the key once a password or a junction is involved.
		let root = Self { phrase: None, ..root };
		Ok(parsed
			.junctions
			.iter()
			.fold(root, |key, junction| key.derive(*junction)))
	}

	/// The key pair of a BIP-39 phrase without a password.
	///
	/// # Errors
	/// Words that are not a phrase.
	pub fn from_phrase(phrase: &str) -> Result<Self, KeypairError> {
		Self::from_words(phrase, "")
	}

	/// The key pair of a 32-byte seed.
	#[must_use]
	pub fn from_seed(seed: [u8; 32]) -> Self {
		Self::from_mini_secret(mini_secret(seed))
	}

	/// The key pair of a 64-byte expanded secret key (scalar, then nonce), as wallets store it.
	///
	/// # Errors
	/// Bytes that are no canonical scalar.
	pub fn from_private_key(bytes: &[u8; 64]) -> Result<Self, KeypairError> {
		let secret = schnorrkel::SecretKey::from_bytes(bytes).map_err(|error| KeypairError::BadBytes {
			expected: "a canonical 64-byte sr25519 secret key",
			found: error.to_string(),
		})?;
		Ok(Self {
			pair: secret.to_keypair(),
			seed: None,
			phrase: None,
		})
	}

	/// The account that the key pair controls.
	#[must_use]
	pub fn account_id(&self) -> AccountId {
		AccountId::new(self.pair.public.to_bytes())
	}

	/// Signs a message; the signature differs from call to call.
	#[must_use]
	pub fn sign(&self, message: &[u8]) -> [u8; 64] {
		let context = schnorrkel::signing_context(SIGNING_CONTEXT);
		self.pair.sign(context.bytes(message)).to_bytes()
	}

	/// The words to write down, where the key came from them alone.
	#[must_use]
	pub fn phrase(&self) -> Option<&str> {
		self.phrase.as_ref().map(|phrase| phrase.expose_secret())
	}

	/// The seed, where it is known.
	pub(crate) fn seed(&self) -> Option<[u8; 32]> {
		self.seed.as_ref().map(MiniSecretKey::to_bytes)
	}

	/// The expanded secret key.
	pub(crate) fn private_key(&self) -> [u8; 64] {
		self.pair.secret.to_bytes()
	}

	fn from_words(words: &str, password: &str) -> Result<Self, KeypairError> {
		let mnemonic = Mnemonic::from_str(words).map_err(|error| KeypairError::BadPhrase {
			reason: error.to_string(),
		})?;
		let key = Self::from_mini_secret(stretch(&mnemonic.to_entropy(), password));
		Ok(Self {
			phrase: Some(mnemonic.to_string().into()),
			..key
		})
	}

	fn from_mini_secret(secret: MiniSecretKey) -> Self {
		let pair = secret.expand_to_keypair(ExpansionMode::Ed25519);
		Self {
			pair,
			seed: Some(secret),
			phrase: None,
		}
	}

	fn derive(&self, junction: DeriveJunction) -> Self {
		match junction {
			DeriveJunction::Hard(code) => {
				let (child, _) = self.pair.secret.hard_derive_mini_secret_key(Some(ChainCode(code)), b"");
				Self::from_mini_secret(child)
			}
			DeriveJunction::Soft(code) => {
				let (child, _) = self.pair.secret.derived_key_simple(ChainCode(code), []);
				Self {
					pair: child.to_keypair(),
					seed: None,
					phrase: None,
				}
			}
		}
	}
}

impl fmt::Debug for Keypair {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter
			.debug_struct("Keypair")
			.field("account", &self.account_id())
			.finish_non_exhaustive()
	}
}

/// Whether `signature` is `account`'s signature over `message`.
#[must_use]
pub fn verify(account: &AccountId, message: &[u8], signature: &[u8; 64]) -> bool {
	let Ok(public) = schnorrkel::PublicKey::from_bytes(account.as_bytes()) else {
		return false;
	};
	let Ok(signature) = schnorrkel::Signature::from_bytes(signature) else {
		return false;
	};
	public.verify_simple(SIGNING_CONTEXT, message, &signature).is_ok()
}

/// Substrate stretches the entropy itself, where BIP-39 stretches the words.
fn stretch(entropy: &[u8], password: &str) -> MiniSecretKey {
	// BIP-39 asks for 64 bytes, one block of the hash; the seed is their first half, which the
	// derivation fills first.
	let mut seed = [0; 32];
	let salt = format!("mnemonic{password}");
	pbkdf2::pbkdf2_hmac::<Sha512>(entropy, salt.as_bytes(), SEED_ROUNDS, &mut seed);
	mini_secret(seed)
}

fn mini_secret(seed: [u8; 32]) -> MiniSecretKey {
	match MiniSecretKey::from_bytes(&seed) {
		Ok(secret) => secret,
		// Nothing but the length is checked.
		Err(_) => unreachable!("any 32 bytes are a mini secret key"),
	}
}

fn decode_seed(hexadecimal: &str) -> Result<[u8; 32], KeypairError> {
	let mut seed = [0; 32];
	hex::decode_to_slice(hexadecimal, &mut seed).map_err(|error| KeypairError::BadBytes {
		expected: "0x and 64 hexadecimal digits",
		found: format!("{} characters after 0x ({error})", hexadecimal.chars().count()),
	})?;
	Ok(seed)
}

#[cfg(test)]
mod tests {
	use super::*;

	const PHRASE: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";

	#[test]
	fn development_keys_are_the_known_ones() {
		let alice = Keypair::from_uri("//Alice").unwrap();
		assert_eq!(
			alice.account_id().to_string(),
			"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
		);
		assert_eq!(
			alice.seed().map(hex::encode).unwrap(),
			"e5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a"
		);
		assert_eq!(alice.phrase(), None);
	}

	#[test]
	fn agrees_with_the_signer_of_subxt() {
		for uri in [
			"//Bob",
			"//Alice//stash",
			"//Alice/soft",
			"/0001/x//1///password",
			"0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a",
			PHRASE,
			"bottom drive obey lake curtain smoke basket hold race lonely fit walk//1///secret",
		] {
			let expected = subxt_signer::sr25519::Keypair::from_uri(&SecretUri::from_str(uri).unwrap()).unwrap();
			let ours = Keypair::from_uri(uri).unwrap();
			assert_eq!(*ours.account_id().as_bytes(), expected.public_key().0, "{uri}");
		}
	}

	#[test]
	fn generated_phrases_lead_back_to_the_key() {
		let key = Keypair::generate();
		let phrase = key.phrase().unwrap().to_owned();
		assert_eq!(phrase.split(' ').count(), 12);
		assert_eq!(Keypair::from_phrase(&phrase).unwrap().account_id(), key.account_id());
		assert_eq!(Keypair::from_seed(key.seed().unwrap()).account_id(), key.account_id());
		assert_eq!(
			Keypair::from_private_key(&key.private_key()).unwrap().account_id(),
			key.account_id()
		);
		assert_ne!(Keypair::generate().account_id(), key.account_id());
		assert!(!format!("{key:?}").contains(&phrase));
	}

	#[test]
	fn a_phrase_is_kept_only_while_it_is_enough() {
		assert_eq!(Keypair::from_uri(PHRASE).unwrap().phrase(), Some(PHRASE));
		assert_eq!(Keypair::from_uri(&format!("{PHRASE}//1")).unwrap().phrase(), None);
		assert_eq!(Keypair::from_uri(&format!("{PHRASE}///word")).unwrap().phrase(), None);
	}

	#[test]
	fn signatures_verify_and_only_for_their_message() {
		let key = Keypair::from_uri("//Alice").unwrap();
		let other = Keypair::from_uri("//Bob").unwrap();
		let signature = key.sign(b"message");
		assert!(verify(&key.account_id(), b"message", &signature));
		assert!(!verify(&key.account_id(), b"massage", &signature));
		assert!(!verify(&other.account_id(), b"message", &signature));
		assert!(!verify(&AccountId::new([255; 32]), b"message", &signature));
		assert!(!verify(&key.account_id(), b"message", &[0; 64]));
	}

	#[test]
	fn bad_secrets_are_refused_without_repeating_them() {
		let cases = [
			"",
			"nonsense words here",
			"0x1234",
			"0xzz",
			&PHRASE.replace("walk", "bottom"),
		];
		for secret in cases {
			let error = Keypair::from_uri(secret).unwrap_err().to_string();
			assert!(secret.is_empty() || !error.contains(secret), "{error}");
		}
		assert!(Keypair::from_private_key(&[255; 64]).is_err());
	}
}
