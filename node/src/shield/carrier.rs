//! Which extrinsics are carriers, and which plaintexts are transactions.
//!
//! The node decodes extrinsics with the types of the runtime that it is built with. After an upgrade of the chain's
//! runtime that changes them, a node of the old release opens nothing until it is upgraded too.

use codec::{DecodeLimit, Encode};
use ganglion_runtime::{Hash, RuntimeCall, UncheckedExtrinsic};
use pallet_mev_shield::{
	Call,
	envelope::{KEM_CIPHERTEXT_BYTES, MAX_CIPHERTEXT_BYTES},
};
use sp_runtime::{
	OpaqueExtrinsic,
	generic::Preamble,
	traits::{BlakeTwo256, Hash as _},
};

/// The most bytes of a carrier beside its ciphertext: address, signature, extensions, lengths.
const MAX_ENVELOPING_BYTES: usize = 1024;
/// How deep calls may be nested in what is decoded here; native code has to have the stack for it.
const MAX_CALL_DEPTH: u32 = 32;

/// Why a plaintext is not put into a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotCarried {
	/// It is no extrinsic of this runtime, or has too many calls inside one another.
	Undecodable,
	/// It is not signed by an account: an inherent in the wrong place would spoil the block.
	Unsigned,
	/// It is a carrier itself.
	Carrier,
}

impl std::fmt::Display for NotCarried {
	fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		formatter.write_str(match self {
			Self::Undecodable => "the plaintext is no transaction of this runtime",
			Self::Unsigned => "the inner transaction is not signed",
			Self::Carrier => "the inner transaction is a carrier itself",
		})
	}
}

/// The hash by which pools and clients know an extrinsic.
pub(super) fn hash(extrinsic: &OpaqueExtrinsic) -> Hash {
	BlakeTwo256::hash_of(extrinsic)
}

/// The account that signed an extrinsic as whoever put it into a block knows it, encoded.
pub(super) type Sender = Vec<u8>;

/// Who sends a carrier, and what it carries; `None` if the extrinsic is no carrier.
pub(super) fn ciphertext(extrinsic: &OpaqueExtrinsic) -> Option<(Sender, Vec<u8>)> {
	let sizes = KEM_CIPHERTEXT_BYTES..=MAX_CIPHERTEXT_BYTES as usize + MAX_ENVELOPING_BYTES;
	if !sizes.contains(&extrinsic.inner().len()) {
		return None;
	}
	let decoded = decode(extrinsic)?;
	let Preamble::Signed(sender, ..) = &decoded.preamble else {
		return None;
	};
	match &decoded.function {
		RuntimeCall::MevShield(Call::submit_encrypted { ciphertext }) => Some((sender.encode(), ciphertext.to_vec())),
		_ => None,
	}
}

/// The transaction that a plaintext is.
///
/// # Errors
/// It is none that may follow a carrier.
pub(super) fn inner(plaintext: &[u8]) -> Result<OpaqueExtrinsic, NotCarried> {
	// Only the length is decoded here; it has to be that of the rest.
	let opaque = OpaqueExtrinsic::try_from_encoded_extrinsic(plaintext).map_err(|_| NotCarried::Undecodable)?;
	if opaque.encode() != plaintext {
		return Err(NotCarried::Undecodable);
	}
	let decoded = decode(&opaque).ok_or(NotCarried::Undecodable)?;
	if !decoded.is_signed() {
		return Err(NotCarried::Unsigned);
	}
	match decoded.function {
		RuntimeCall::MevShield(Call::submit_encrypted { .. }) => Err(NotCarried::Carrier),
		_ => Ok(opaque),
	}
}

/// The extrinsic as the runtime sees it.
fn decode(extrinsic: &OpaqueExtrinsic) -> Option<UncheckedExtrinsic> {
	let bytes = extrinsic.encode();
	UncheckedExtrinsic::decode_all_with_depth_limit(MAX_CALL_DEPTH, &mut bytes.as_slice()).ok()
}
