//! The messages of the synapse protocol and the bound of each.

use codec::{Decode, Encode};

use crate::{admission::PERMIT_ONLY, evidence::Signature, frame::Frame};

/// Name under which both sides negotiate the protocol; its number is the version of the wire.
pub const PROTOCOL: &str = "/ganglion/synapse/2";
/// Versions of the past, newest first: whoever speaks them is told so, on either side.
pub const RETIRED_PROTOCOLS: [&str; 1] = ["/ganglion/synapse/1"];
/// Longest name of a mechanism, in bytes.
pub const MAX_MECHANISM_NAME_BYTES: usize = 64;
/// Largest body of a request.
pub const MAX_REQUEST_BODY_BYTES: usize = 1 << 20;
/// Largest chunk of an answer.
pub const MAX_CHUNK_BYTES: usize = 1 << 20;
/// Longest text inside a refusal, in bytes; a longer one is cut.
pub const MAX_REASON_BYTES: usize = 1024;

/// Largest compact length prefix that a bounded sequence needs.
const LENGTH_PREFIX_BYTES: usize = 4;
/// Everything of a request but the two variable parts: version, nonce, deadline, length prefixes.
const REQUEST_FIXED_BYTES: usize = 2 + 32 + 4 + 2 * LENGTH_PREFIX_BYTES;
/// A refusal carries at most two texts and a few numbers.
const MAX_REFUSAL_BYTES: usize = 2 * (MAX_REASON_BYTES + LENGTH_PREFIX_BYTES) + 32;

/// Everything of a call but its request: time and signature.
const CALL_FIXED_BYTES: usize = 8 + 64;

/// What a caller asks of a miner.
#[derive(Clone, Debug, Eq, PartialEq, Encode, Decode)]
pub struct Request {
	/// Name of the mechanism, at most [`MAX_MECHANISM_NAME_BYTES`].
	pub mechanism: String,
	/// Version of the mechanism.
	pub version: u16,
	/// Names this challenge; the answer repeats it.
	pub nonce: [u8; 32],
	/// How long the caller waits for the whole answer; more than zero.
	pub deadline_ms: u32,
	/// The task, encoded by the mechanism; at most [`MAX_REQUEST_BODY_BYTES`].
	pub body: Vec<u8>,
}

impl Request {
	/// Most bytes of an encoded request.
	pub const MAX_BYTES: usize = REQUEST_FIXED_BYTES + MAX_MECHANISM_NAME_BYTES + MAX_REQUEST_BODY_BYTES;

	/// Checks what the encoding alone does not guarantee.
	///
	/// # Errors
	/// What was expected and what came.
	pub fn check(&self) -> Result<(), String> {
		if self.mechanism.len() > MAX_MECHANISM_NAME_BYTES {
			return Err(format!(
				"the mechanism's name has {} bytes, at most {MAX_MECHANISM_NAME_BYTES} are allowed",
				self.mechanism.len()
			));
		}
		if self.body.len() > MAX_REQUEST_BODY_BYTES {
			return Err(format!(
				"the body has {} bytes, at most {MAX_REQUEST_BODY_BYTES} are allowed",
				self.body.len()
			));
		}
		if self.deadline_ms == 0 {
			return Err(
				"deadline_ms is 0, so that no answer can be in time; give the milliseconds you will wait".into(),
			);
		}
		Ok(())
	}
}

/// A request as it travels: with the time and the signature that make it evidence.
///
/// The rest of what is signed ([`crate::evidence::RequestHeader`]) both sides know: who they are, and where.
#[derive(Clone, Debug, Eq, PartialEq, Encode, Decode)]
pub struct Call {
	/// When the caller signed, in milliseconds since 1970.
	pub issued_at_ms: u64,
	/// By the caller's hotkey.
	pub signature: Signature,
	/// What is asked.
	pub request: Request,
}

impl Frame for Call {
	const NAME: &'static str = "request";
	const MAX_BYTES: usize = CALL_FIXED_BYTES + Request::MAX_BYTES;

	fn max_bytes_of(_first_byte: u8) -> Option<usize> {
		Some(Self::MAX_BYTES)
	}

	fn check(&self) -> Result<(), String> {
		self.request.check()
	}
}

/// Why a request gets no answer; travels on the wire. New reasons go to the end: callers of other versions read this.
#[derive(Clone, Debug, Eq, PartialEq, Encode, Decode, thiserror::Error)]
pub enum Refusal {
	/// The caller's key belongs to no hotkey of the subnet.
	#[error("this peer's key belongs to no hotkey of the subnet; publish its certificate with serve_axon_tls")]
	UnknownPeer,
	/// A known hotkey with neither a validator permit nor enough stake.
	#[error("not permitted: {}", not_permitted(*stake_rao, *min_stake_rao))]
	NotPermitted {
		/// Stake of the caller.
		stake_rao: u64,
		/// Stake that stands in for a permit.
		min_stake_rao: u64,
	},
	/// More requests than the hotkey's share.
	#[error("too many requests; try again in {retry_after_ms} ms")]
	RateLimited {
		/// When the next request has a chance.
		retry_after_ms: u32,
	},
	/// As many requests in flight as allowed, for this hotkey or for all together.
	#[error("busy; try again in {retry_after_ms} ms")]
	Busy {
		/// When to try again.
		retry_after_ms: u32,
	},
	/// The miner serves something else.
	#[error("the mechanism {requested} is not served here; served: {served}")]
	UnsupportedMechanism {
		/// What the request named.
		requested: String,
		/// What would be served.
		served: String,
	},
	/// The request could not be understood.
	#[error("malformed request: {0}")]
	Malformed(String),
	/// The work began and broke.
	#[error("the request failed: {0}")]
	Failed(String),
	/// The signature is not by the hotkey that the chain names for the caller's key, or not about this request.
	#[error(
		"the request is not signed by the hotkey that published this peer's key, or it is meant for another miner or \
		 subnet; refresh the metagraph"
	)]
	Forged,
	/// The request was signed at another time.
	#[error(
		"the request was signed at {issued_at_ms}, and here it is {now_ms} (milliseconds since 1970), more than \
		 {max_skew_ms} ms apart; set the clocks"
	)]
	Skewed {
		/// When the caller says it signed.
		issued_at_ms: u64,
		/// The miner's clock.
		now_ms: u64,
		/// How far apart they may be.
		max_skew_ms: u32,
	},
}

impl Refusal {
	/// The same refusal with each text cut to [`MAX_REASON_BYTES`], so that it fits its frame.
	pub(crate) fn bounded(mut self) -> Self {
		match &mut self {
			Self::UnsupportedMechanism { requested, served } => {
				cut(requested);
				cut(served);
			}
			Self::Malformed(reason) | Self::Failed(reason) => cut(reason),
			Self::UnknownPeer
			| Self::NotPermitted { .. }
			| Self::RateLimited { .. }
			| Self::Busy { .. }
			| Self::Forged
			| Self::Skewed { .. } => {}
		}
		self
	}
}

fn not_permitted(stake_rao: u64, min_stake_rao: u64) -> String {
	if min_stake_rao == PERMIT_ONLY {
		"a validator permit is needed".into()
	} else {
		format!("no validator permit, and a stake of {stake_rao} rao is below the {min_stake_rao} rao asked for")
	}
}

/// Shortens a text to [`MAX_REASON_BYTES`] between two characters.
fn cut(text: &mut String) {
	text.truncate(text.floor_char_boundary(MAX_REASON_BYTES));
}

/// What a miner sends back: `Accepted Chunk* (Done | Refused)`, or `Refused` alone.
#[derive(Clone, Debug, Eq, PartialEq, Encode, Decode)]
pub enum Response {
	/// Work begins on the request with this nonce.
	#[codec(index = 0)]
	Accepted {
		/// The request's nonce.
		nonce: [u8; 32],
	},
	/// No answer, or no more of it; the last frame.
	#[codec(index = 1)]
	Refused(Refusal),
	/// A piece of the answer, encoded by the mechanism; at most [`MAX_CHUNK_BYTES`].
	#[codec(index = 2)]
	Chunk(Vec<u8>),
	/// The answer is complete; the last frame.
	#[codec(index = 3)]
	Done {
		/// Hash of the model that gave the answer; zeros for none.
		model_hash: [u8; 32],
		/// By the miner's hotkey, see [`crate::evidence`].
		signature: Signature,
	},
}

impl Frame for Response {
	const NAME: &'static str = "response";
	const MAX_BYTES: usize = 1 + LENGTH_PREFIX_BYTES + MAX_CHUNK_BYTES;

	fn max_bytes_of(first_byte: u8) -> Option<usize> {
		match first_byte {
			0 => Some(1 + 32),
			1 => Some(1 + MAX_REFUSAL_BYTES),
			2 => Some(Self::MAX_BYTES),
			3 => Some(1 + 32 + 64),
			_ => None,
		}
	}

	fn check(&self) -> Result<(), String> {
		match self {
			Self::Chunk(bytes) if bytes.len() > MAX_CHUNK_BYTES => Err(format!(
				"the chunk has {} bytes, at most {MAX_CHUNK_BYTES} are allowed",
				bytes.len()
			)),
			_ => Ok(()),
		}
	}
}
