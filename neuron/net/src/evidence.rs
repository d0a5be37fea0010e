//! Evidence: what a caller and a miner have signed, and how anybody checks it later.
//!
//! Each request is signed by the caller's hotkey, each complete answer by the miner's. The signatures are those of
//! Substrate's accounts (sr25519, context `substrate`), so that a wallet, an explorer or another chain can check them
//! with the tools that it has. What is signed:
//!
//! ```text
//! request hash = blake2b-256("ganglion/synapse/2 request" ‖ SCALE(RequestHeader))
//! caller signs              "ganglion/synapse/2 request" ‖ request hash
//! answer hash  = blake2b-256("ganglion/synapse/2 chunks"  ‖ (length, u32 little-endian ‖ bytes)*)
//! miner signs               "ganglion/synapse/2 answer"  ‖ request hash ‖ model hash ‖ answer hash
//! ```
//!
//! The header names both hotkeys, the subnet, the nonce, the time and the hash of the body. Hence a signature for one
//! miner says nothing to another, one of last week nothing today, and an answer cannot be moved to another question.
//! A [`Receipt`] has the hashes only and can be shown to others without the prompt; a [`Transcript`] adds the bytes.
//!
//! Why the hotkey itself signs, and not a session key that it has delegated to: a session key would be a few
//! microseconds cheaper, and evidence would then need the delegation, its period, and the chain's state at the time.
//! So it needs the two hotkeys and nothing else.
//!
//! A receipt can be shown twice: whoever counts receipts keeps their [`Receipt::request_hash`] and counts each once.
//!
//! ```
//! use neuron_net::evidence::{LocalSigner, Receipt, RequestHeader, Signer as _, hash_body, hash_chunks};
//! let (caller, miner) = (LocalSigner::from_seed([1; 32]), LocalSigner::from_seed([2; 32]));
//! let header = RequestHeader {
//!     network: [0; 32],
//!     caller: caller.hotkey(),
//!     miner: miner.hotkey(),
//!     issued_at_ms: 1_700_000_000_000,
//!     mechanism: "text".into(),
//!     version: 1,
//!     nonce: [7; 32],
//!     deadline_ms: 1_000,
//!     body_hash: hash_body(b"question"),
//! };
//! let signed = header.sign(&caller);
//! let receipt = Receipt::sign(signed, [3; 32], hash_chunks([&b"answer"[..]]), &miner);
//! assert!(receipt.verify().is_ok());
//! let forged = Receipt { model_hash: [4; 32], ..receipt };
//! assert!(forged.verify().is_err());
//! ```

use blake2::{Blake2b, Digest as _, digest::consts::U32};
use codec::{Decode, DecodeAll as _, Encode};
use schnorrkel::{ExpansionMode, Keypair, MiniSecretKey, PublicKey, signing_context};

use crate::{
	answer::{MAX_ANSWER_BYTES, MAX_ANSWER_CHUNKS},
	message::{MAX_CHUNK_BYTES, MAX_MECHANISM_NAME_BYTES, MAX_REQUEST_BODY_BYTES, Request},
};

/// Length of a signature by a hotkey.
pub const SIGNATURE_BYTES: usize = 64;
/// Most bytes of an encoded transcript.
pub const MAX_TRANSCRIPT_BYTES: usize =
	MAX_REQUEST_BODY_BYTES + MAX_ANSWER_BYTES + MAX_ANSWER_CHUNKS * CHUNK_PREFIX_BYTES + MAX_RECEIPT_BYTES;
/// Most bytes of an encoded receipt.
pub const MAX_RECEIPT_BYTES: usize = 4 * 32 + 8 + MAX_MECHANISM_NAME_BYTES + 4 + 2 + 4 + 32 + 2 * 64 + 2 * 32;

/// What a request is signed and hashed under.
const REQUEST_DOMAIN: &[u8] = b"ganglion/synapse/2 request";
/// What the chunks of an answer are hashed under.
const CHUNKS_DOMAIN: &[u8] = b"ganglion/synapse/2 chunks";
/// What an answer is signed under.
const ANSWER_DOMAIN: &[u8] = b"ganglion/synapse/2 answer";
/// What a body is hashed under.
const BODY_DOMAIN: &[u8] = b"ganglion/synapse/2 body";
/// The context that every Substrate chain signs under.
const SIGNING_CONTEXT: &[u8] = b"substrate";
/// Bytes of the largest length prefix of a chunk in a transcript.
const CHUNK_PREFIX_BYTES: usize = 4;

/// A signature by a hotkey.
pub type Signature = [u8; SIGNATURE_BYTES];
/// Names a request, and so the evidence about it.
pub type RequestHash = [u8; 32];

type Blake2b256 = Blake2b<U32>;

/// Signs with a hotkey. The network never sees the secret.
pub trait Signer: Send + Sync + 'static {
	/// The hotkey's public key, which is its account.
	fn hotkey(&self) -> [u8; 32];
	/// The sr25519 signature of a message, in the context `substrate`. Called from async tasks, once a message: it must
	/// not wait for anything.
	fn sign(&self, message: &[u8]) -> Signature;
}

/// A hotkey in memory, for tests, examples and tools.
#[derive(Clone)]
pub struct LocalSigner(Keypair);

impl LocalSigner {
	/// The hotkey of a 32-byte seed.
	#[must_use]
	pub fn from_seed(seed: [u8; 32]) -> Self {
		// Any 32 bytes are a seed: the only error is of another length.
		let seed = MiniSecretKey::from_bytes(&seed).unwrap_or_else(|_| MiniSecretKey::generate());
		Self(seed.expand_to_keypair(ExpansionMode::Ed25519))
	}
}

impl std::fmt::Debug for LocalSigner {
	fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(formatter, "LocalSigner({})", hex::encode(self.hotkey()))
	}
}

impl Signer for LocalSigner {
	fn hotkey(&self) -> [u8; 32] {
		self.0.public.to_bytes()
	}

	fn sign(&self, message: &[u8]) -> Signature {
		self.0.sign_simple(SIGNING_CONTEXT, message).to_bytes()
	}
}

/// Whether a hotkey has signed a message.
pub fn is_signed_by(hotkey: &[u8; 32], message: &[u8], signature: &Signature) -> bool {
	let (Ok(key), Ok(signature)) = (
		PublicKey::from_bytes(hotkey),
		schnorrkel::Signature::from_bytes(signature),
	) else {
		return false;
	};
	key.verify(signing_context(SIGNING_CONTEXT).bytes(message), &signature)
		.is_ok()
}

/// Everything that a caller's signature covers.
#[derive(Clone, Debug, Eq, PartialEq, Encode, Decode)]
pub struct RequestHeader {
	/// The chain and the subnet, see [`crate::Config::network`].
	pub network: [u8; 32],
	/// Hotkey of the caller.
	pub caller: [u8; 32],
	/// Hotkey of the miner.
	pub miner: [u8; 32],
	/// When the caller signed, in milliseconds since 1970.
	pub issued_at_ms: u64,
	/// Name of the mechanism.
	pub mechanism: String,
	/// Version of the mechanism.
	pub version: u16,
	/// The challenge's nonce.
	pub nonce: [u8; 32],
	/// How long the caller waits for the whole answer.
	pub deadline_ms: u32,
	/// [`hash_body`] of the request's body.
	pub body_hash: [u8; 32],
}

impl RequestHeader {
	/// The header of a request between two hotkeys.
	pub(crate) fn of(request: &Request, parties: &Parties, issued_at_ms: u64) -> Self {
		Self {
			network: parties.network,
			caller: parties.caller,
			miner: parties.miner,
			issued_at_ms,
			mechanism: request.mechanism.clone(),
			version: request.version,
			nonce: request.nonce,
			deadline_ms: request.deadline_ms,
			body_hash: hash_body(&request.body),
		}
	}

	/// The name of the request that this header describes.
	#[must_use]
	pub fn hash(&self) -> RequestHash {
		let mut bytes = REQUEST_DOMAIN.to_vec();
		self.encode_to(&mut bytes);
		Blake2b256::digest(&bytes).into()
	}

	/// Signs it with the caller's hotkey.
	#[must_use]
	pub fn sign(self, signer: &dyn Signer) -> SignedRequest {
		let request_hash = self.hash();
		SignedRequest {
			signature: signer.sign(&request_statement(&request_hash)),
			header: self,
		}
	}
}

/// Who a request is between, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parties {
	pub(crate) network: [u8; 32],
	pub(crate) caller: [u8; 32],
	pub(crate) miner: [u8; 32],
}

/// A request's header with the caller's signature.
#[derive(Clone, Debug, Eq, PartialEq, Encode, Decode)]
pub struct SignedRequest {
	/// What was signed.
	pub header: RequestHeader,
	/// By the caller's hotkey.
	pub signature: Signature,
}

impl SignedRequest {
	/// Checks the signature; returns the request's name.
	///
	/// # Errors
	/// The hotkey in the header has not signed this header.
	pub fn verify(&self) -> Result<RequestHash, EvidenceError> {
		let request_hash = self.header.hash();
		let hotkey = self.header.caller;
		if is_signed_by(&hotkey, &request_statement(&request_hash), &self.signature) {
			Ok(request_hash)
		} else {
			Err(EvidenceError::Caller {
				hotkey: hex::encode(hotkey),
			})
		}
	}
}

/// Proof, without the bytes, that a caller asked and that a miner answered.
#[derive(Clone, Debug, Eq, PartialEq, Encode, Decode)]
pub struct Receipt {
	/// What was asked.
	pub request: SignedRequest,
	/// Hash of the model that the miner says it used; zeros for none.
	pub model_hash: [u8; 32],
	/// [`hash_chunks`] of the answer.
	pub answer_hash: [u8; 32],
	/// By the miner's hotkey.
	pub signature: Signature,
}

impl Receipt {
	/// Signs an answer with the miner's hotkey.
	#[must_use]
	pub fn sign(request: SignedRequest, model_hash: [u8; 32], answer_hash: [u8; 32], signer: &dyn Signer) -> Self {
		let statement = answer_statement(&request.header.hash(), &model_hash, &answer_hash);
		Self {
			signature: signer.sign(&statement),
			request,
			model_hash,
			answer_hash,
		}
	}

	/// Names the request; the same in every receipt about it.
	#[must_use]
	pub fn request_hash(&self) -> RequestHash {
		self.request.header.hash()
	}

	/// Checks both signatures; returns the request's name.
	///
	/// # Errors
	/// One of the two hotkeys in the header has not signed what this receipt says.
	pub fn verify(&self) -> Result<RequestHash, EvidenceError> {
		let request_hash = self.request.verify()?;
		self.verify_miner(&request_hash)?;
		Ok(request_hash)
	}

	/// Checks the miner's signature only, for the caller, who knows what it has signed itself.
	pub(crate) fn verify_miner(&self, request_hash: &RequestHash) -> Result<(), EvidenceError> {
		let statement = answer_statement(request_hash, &self.model_hash, &self.answer_hash);
		let hotkey = self.request.header.miner;
		if is_signed_by(&hotkey, &statement, &self.signature) {
			Ok(())
		} else {
			Err(EvidenceError::Miner {
				hotkey: hex::encode(hotkey),
			})
		}
	}

	/// Reads an encoded receipt; does not verify it.
	///
	/// # Errors
	/// Too long, or not a receipt.
	pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, EvidenceError> {
		check_length("receipt", bytes.len(), MAX_RECEIPT_BYTES)?;
		Self::decode_all(&mut bytes).map_err(|error| EvidenceError::Undecodable {
			what: "receipt",
			reason: error.to_string(),
		})
	}
}

/// A receipt with the bytes that it is about.
#[derive(Clone, Debug, Eq, PartialEq, Encode, Decode)]
pub struct Transcript {
	/// What was signed.
	pub receipt: Receipt,
	/// The request's body.
	pub body: Vec<u8>,
	/// The answer's chunks, in order.
	pub chunks: Vec<Vec<u8>>,
}

impl Transcript {
	/// Checks both signatures and that they are about these bytes; returns the request's name.
	///
	/// # Errors
	/// The first part that does not fit.
	pub fn verify(&self) -> Result<RequestHash, EvidenceError> {
		let request_hash = self.receipt.verify()?;
		if hash_body(&self.body) != self.receipt.request.header.body_hash {
			return Err(EvidenceError::Body);
		}
		if hash_chunks(self.chunks.iter().map(Vec::as_slice)) != self.receipt.answer_hash {
			return Err(EvidenceError::Answer);
		}
		Ok(request_hash)
	}

	/// Reads an encoded transcript; does not verify it.
	///
	/// # Errors
	/// Too long, or not a transcript.
	pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, EvidenceError> {
		check_length("transcript", bytes.len(), MAX_TRANSCRIPT_BYTES)?;
		Self::decode_all(&mut bytes).map_err(|error| EvidenceError::Undecodable {
			what: "transcript",
			reason: error.to_string(),
		})
	}
}

/// Why evidence proves nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EvidenceError {
	/// The caller's signature is by somebody else, or about something else.
	#[error("the request is not signed by the caller's hotkey {hotkey}")]
	Caller {
		/// Whose signature it should be, hexadecimal.
		hotkey: String,
	},
	/// The miner's signature is by somebody else, or about something else.
	#[error("the answer is not signed by the miner's hotkey {hotkey}")]
	Miner {
		/// Whose signature it should be, hexadecimal.
		hotkey: String,
	},
	/// The body is not the one that was signed.
	#[error("the body is not the one whose hash the caller signed")]
	Body,
	/// The chunks are not those that were signed: changed, missing, added, or cut elsewhere.
	#[error("the chunks are not those whose hash the miner signed")]
	Answer,
	/// Longer than any evidence.
	#[error("a {what} of {length} bytes, at most {limit} are read")]
	TooLong {
		/// What was expected.
		what: &'static str,
		/// Its length.
		length: usize,
		/// The longest allowed.
		limit: usize,
	},
	/// Not the encoding of evidence.
	#[error("bytes that are no {what}: {reason}")]
	Undecodable {
		/// What was expected.
		what: &'static str,
		/// What the decoder said.
		reason: String,
	},
}

/// Hash of a request's body.
#[must_use]
pub fn hash_body(body: &[u8]) -> [u8; 32] {
	let mut hasher = Blake2b256::new();
	hasher.update(BODY_DOMAIN);
	hasher.update(body);
	hasher.finalize().into()
}

/// Hash of an answer's chunks. Where one ends and the next begins makes a difference.
#[must_use]
pub fn hash_chunks<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
	let mut hasher = ChunkHasher::default();
	chunks.into_iter().for_each(|chunk| hasher.update(chunk));
	hasher.finish()
}

/// [`hash_chunks`], chunk by chunk.
#[derive(Clone, Debug)]
pub(crate) struct ChunkHasher(Blake2b256);

impl Default for ChunkHasher {
	fn default() -> Self {
		Self(Blake2b256::new_with_prefix(CHUNKS_DOMAIN))
	}
}

impl ChunkHasher {
	pub(crate) fn update(&mut self, chunk: &[u8]) {
		// A chunk on the wire has at most `MAX_CHUNK_BYTES`; a longer one in a transcript has no u32 of its own and fails.
		const { assert!(MAX_CHUNK_BYTES < u32::MAX as usize) };
		self.0
			.update(u32::try_from(chunk.len()).unwrap_or(u32::MAX).to_le_bytes());
		self.0.update(chunk);
	}

	pub(crate) fn finish(self) -> [u8; 32] {
		self.0.finalize().into()
	}
}

fn request_statement(request_hash: &RequestHash) -> Vec<u8> {
	[REQUEST_DOMAIN, request_hash].concat()
}

fn answer_statement(request_hash: &RequestHash, model_hash: &[u8; 32], answer_hash: &[u8; 32]) -> Vec<u8> {
	[ANSWER_DOMAIN, request_hash, model_hash, answer_hash].concat()
}

fn check_length(what: &'static str, length: usize, limit: usize) -> Result<(), EvidenceError> {
	if length > limit {
		return Err(EvidenceError::TooLong { what, length, limit });
	}
	Ok(())
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
