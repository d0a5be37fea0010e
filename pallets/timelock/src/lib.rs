//! Timelock encryption to the rounds of a [drand](https://docs.drand.love) beacon, and the verification of the
//! beacon's signatures.
//!
//! A drand network signs the number of each round with a key that its members share. Until enough of them sign, nobody
//! knows the signature; afterwards everybody does. That makes the signature of a round the decryption key for what was
//! encrypted to the round: identity-based encryption whose identity is the round.
//!
//! # Bird's-eye view
//!
//! - [`PublicKey`] and [`Signature`]: the beacon's key (a point of G2 of BLS12-381, 96 bytes) and the signature of a
//!   round (a point of G1, 48 bytes), drand's scheme `bls-unchained-g1-rfc9380`. [`PublicKey::verify`] checks one;
//! - [`seal`] and [`open`]: encryption to a round, and decryption with its signature. The bytes are those of Bittensor's
//!   SDK, so each side opens what the other sealed. [`format`](mod@format) describes them;
//! - [`SecretKey`]: a beacon of one's own, for chains without access to a public one;
//! - [`quicknet`]: the public beacon that the SDK encrypts to; [`development`], one whose key everybody knows; and
//!   [`Schedule`], when a round comes.
//!
//! ```
//! use timelock::{SecretKey, open, seal};
//!
//! let beacon = SecretKey::from_seed(b"a beacon that only this test trusts");
//! let sealed = seal(&beacon.public(), 1_000, b"forty-two", [7; 32]).unwrap();
//!
//! // Round 1,000 comes: its signature opens what was sealed, that of another round does not.
//! assert_eq!(open(&sealed, &beacon.sign(1_000).unwrap()).unwrap(), b"forty-two");
//! assert_eq!(open(&sealed, &beacon.sign(1_001).unwrap()), Err(timelock::Error::WrongKey));
//! ```
//!
//! Nothing here panics on any input, reads a clock or draws random numbers: entropy is an argument.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::arithmetic_side_effects,
		clippy::indexing_slicing,
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::float_arithmetic
	)
)]

extern crate alloc;

mod curve;
mod encryption;
pub mod format;
mod schedule;

pub use curve::{PUBLIC_KEY_LEN, PublicKey, SIGNATURE_LEN, SecretKey, Signature};
pub use encryption::{open, seal};
pub use schedule::{Schedule, development, quicknet};

use core::fmt;

/// What was wrong with a key, a signature or a sealed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
	/// The bytes are no public key: not 96 of them, not the canonical encoding of a point of G2, or the neutral point.
	MalformedPublicKey,
	/// The bytes are no signature: not 48 of them, not the canonical encoding of a point of G1, or the neutral point.
	MalformedSignature,
	/// The signature is a point of the group, but not this beacon's signature of this round.
	WrongSignature,
	/// The bytes are nothing that [`seal`] makes: see [`format`](mod@format). No signature opens them.
	MalformedCommit,
	/// This signature does not open the message: it was sealed to another round or to another beacon, or changed since.
	WrongKey,
	/// The message is too long to be sealed ([`format::MAX_MESSAGE_LEN`]).
	TooLong,
	/// The round has no point on the curve. Does not happen: hashing to the curve is total.
	Unhashable,
}

impl fmt::Display for Error {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter.write_str(match self {
			Self::MalformedPublicKey => "a public key is the 96-byte compressed encoding of a point of G2",
			Self::MalformedSignature => "a signature is the 48-byte compressed encoding of a point of G1",
			Self::WrongSignature => "the signature is not this beacon's signature of this round",
			Self::MalformedCommit => "the bytes are no timelocked message",
			Self::WrongKey => "the message was sealed to another round or to another beacon, or was changed",
			Self::TooLong => "the message is too long to be sealed",
			Self::Unhashable => "the round could not be hashed to the curve",
		})
	}
}

impl core::error::Error for Error {}
