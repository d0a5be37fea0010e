//! Account ids and their SS58 text form.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use subxt::utils::AccountId32;

/// What subxt's SS58 decoder reports; it does not export the name.
type Ss58Error = <AccountId32 as FromStr>::Err;

/// The SS58 network prefix of the chain's addresses.
pub const SS58_PREFIX: u8 = 42;

/// An account on the chain: the 32 bytes of an sr25519 public key, a hotkey or a coldkey.
///
/// Its text form is SS58 with [`SS58_PREFIX`], in which it is also serialised.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId([u8; 32]);

/// Why a text is not an address of this chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountIdError {
	/// A character outside the base58 alphabet.
	#[error("`{address}` is not an address: expected base58 text such as 5Grw…utQY (0, O, I and l do not occur in it)")]
	NotBase58 {
		/// What was given.
		address: String,
	},
	/// Base58, but not of the length of an account.
	#[error(
		"`{address}` is not an address: expected 48 characters that hold a prefix, 32 bytes and a checksum, came {} characters; copy it whole",
		address.chars().count()
	)]
	WrongLength {
		/// What was given.
		address: String,
	},
	/// The checksum does not fit: some character is wrong.
	#[error("`{address}` has a wrong checksum: a character is mistyped or missing; copy it again")]
	WrongChecksum {
		/// What was given.
		address: String,
	},
	/// A sound address, but of another network.
	#[error(
		"`{address}` belongs to another network (expected prefix 42, an address that starts with 5); the same key has the address {here} on this one"
	)]
	OtherNetwork {
		/// What was given.
		address: String,
		/// The same key's address on this network.
		here: AccountId,
	},
}

impl AccountId {
	/// The account of these 32 bytes.
	#[must_use]
	pub const fn new(bytes: [u8; 32]) -> Self {
		Self(bytes)
	}

	/// The 32 bytes.
	#[must_use]
	pub const fn as_bytes(&self) -> &[u8; 32] {
		&self.0
	}
}

impl From<[u8; 32]> for AccountId {
	fn from(bytes: [u8; 32]) -> Self {
		Self(bytes)
	}
}

impl From<AccountId> for [u8; 32] {
	fn from(account: AccountId) -> Self {
		account.0
	}
}

impl From<AccountId32> for AccountId {
	fn from(account: AccountId32) -> Self {
		Self(account.0)
	}
}

impl From<AccountId> for AccountId32 {
	fn from(account: AccountId) -> Self {
		Self(account.0)
	}
}

impl AsRef<[u8]> for AccountId {
	fn as_ref(&self) -> &[u8] {
		&self.0
	}
}

impl fmt::Display for AccountId {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter.pad(&AccountId32(self.0).to_string())
	}
}

impl fmt::Debug for AccountId {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(formatter, "AccountId({self})")
	}
}

impl FromStr for AccountId {
	type Err = AccountIdError;

	fn from_str(text: &str) -> Result<Self, Self::Err> {
		let address = || text.to_owned();
		let account = match AccountId32::from_str(text) {
			Ok(account) => Self(account.0),
			Err(Ss58Error::BadBase58) => {
				return Err(AccountIdError::NotBase58 { address: address() });
			}
			Err(Ss58Error::InvalidChecksum) => {
				return Err(AccountIdError::WrongChecksum { address: address() });
			}
			// An invalid first byte means that what follows is not an account either.
			Err(Ss58Error::BadLength | Ss58Error::InvalidPrefix) => {
				return Err(AccountIdError::WrongLength { address: address() });
			}
		};
		// The decoder accepts every network. The encoding is canonical, so only an address with our
		// prefix reads the same after a round trip.
		if account.to_string() == text {
			Ok(account)
		} else {
			Err(AccountIdError::OtherNetwork {
				address: address(),
				here: account,
			})
		}
	}
}

impl Serialize for AccountId {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.collect_str(self)
	}
}

impl<'de> Deserialize<'de> for AccountId {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
	const ALICE_HEX: &str = "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";

	#[test]
	fn round_trip_of_a_known_address() {
		let account: AccountId = ALICE.parse().unwrap();
		assert_eq!(hex::encode(account.as_bytes()), ALICE_HEX);
		assert_eq!(account.to_string(), ALICE);
		assert_eq!(serde_json::to_string(&account).unwrap(), format!("\"{ALICE}\""));
		assert_eq!(
			serde_json::from_str::<AccountId>(&format!("\"{ALICE}\"")).unwrap(),
			account
		);
		assert_eq!(format!("{account:>50}"), format!("  {ALICE}"));
	}

	#[test]
	fn every_byte_pattern_round_trips() {
		for byte in 0..=u8::MAX {
			let account = AccountId::new([byte; 32]);
			assert_eq!(account.to_string().parse(), Ok(account));
		}
	}

	#[test]
	fn other_networks_are_named_and_translated() {
		// Alice on Polkadot (prefix 0), on Kusama (2) and on a chain with a two-byte prefix (1284).
		for address in [
			"15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5",
			"HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F",
		] {
			let error = address.parse::<AccountId>().unwrap_err();
			assert!(matches!(&error, AccountIdError::OtherNetwork { here, .. } if here.to_string() == ALICE));
			assert!(error.to_string().contains(ALICE));
		}
	}

	#[test]
	fn a_changed_character_fails_the_checksum() {
		let mistyped = ALICE.replacen("zXb", "zXc", 1);
		assert_eq!(
			mistyped.parse::<AccountId>(),
			Err(AccountIdError::WrongChecksum {
				address: mistyped.clone()
			})
		);
	}

	#[test]
	fn garbage_is_refused() {
		let cases = [
			"",
			"5",
			"0x00",
			ALICE_HEX,
			"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQ",
			"é",
			" ",
		];
		for text in cases {
			assert!(text.parse::<AccountId>().is_err(), "{text}");
		}
		assert!(matches!(
			"5Grw l".parse::<AccountId>(),
			Err(AccountIdError::NotBase58 { .. })
		));
		assert!(matches!(
			ALICE[..40].parse::<AccountId>(),
			Err(AccountIdError::WrongLength { .. })
		));
	}
}
