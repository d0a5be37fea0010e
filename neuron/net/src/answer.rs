//! The caller's side of a call: the exchange that opens it, the answer that comes back, and what can go wrong.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use futures::{
	AsyncWriteExt as _,
	future::{Either, select},
};
use libp2p::PeerId;
use tokio::{
	sync::OwnedSemaphorePermit,
	time::{Instant, timeout_at},
};

use crate::{
	evidence::{ChunkHasher, EvidenceError, Receipt, RequestHash, SignedRequest},
	frame::FrameError,
	frame_io::ReadError,
	message::{MAX_CHUNK_BYTES, Refusal, Response},
	pool::{Pool, Session},
};

/// Most chunks of one answer.
pub const MAX_ANSWER_CHUNKS: usize = 1 << 16;
/// Most bytes of all chunks of one answer.
pub const MAX_ANSWER_BYTES: usize = 64 * MAX_CHUNK_BYTES;

/// Why a call has no answer, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
	/// The peer said no.
	#[error("the peer refused: {0}")]
	Refused(Refusal),
	/// The request breaks a rule of the protocol; nothing was sent.
	#[error("this request cannot be sent: {0}")]
	InvalidRequest(FrameError),
	/// The target's key is no ed25519 public key.
	#[error("{public_key} is not an ed25519 public key; take the key from the certificate that the chain publishes")]
	InvalidKey {
		/// The key, hexadecimal.
		public_key: String,
	},
	/// No connection came up.
	#[error("no connection with {addr}: {reason}")]
	Unreachable {
		/// Where it was tried.
		addr: SocketAddr,
		/// What the transport said.
		reason: String,
	},
	/// Somebody else answers at the address.
	#[error(
		"the peer at {addr} proved to be {obtained}, not {expected}: its axon or its certificate on chain is out of date"
	)]
	WrongPeer {
		/// Where it was tried.
		addr: SocketAddr,
		/// The peer id of the key on chain.
		expected: String,
		/// The peer id that was proven.
		obtained: String,
	},
	/// The peer is there and speaks something else.
	#[error("the peer at {addr} does not speak {}", crate::message::PROTOCOL)]
	Unsupported {
		/// Where it was tried.
		addr: SocketAddr,
	},
	/// The peer speaks a version of the past.
	#[error(
		"the peer at {addr} speaks {theirs} and this node {}; the older of the two has to be updated",
		crate::message::PROTOCOL
	)]
	Outdated {
		/// Where it was tried.
		addr: SocketAddr,
		/// What the peer speaks.
		theirs: String,
	},
	/// The answer is complete and its signature is not the miner's: it is worth nothing.
	#[error("the answer proves nothing: {0}")]
	Evidence(EvidenceError),
	/// The deadline passed before the answer was complete.
	#[error("no complete answer within {} ms", deadline.as_millis())]
	DeadlinePassed {
		/// The time that was given.
		deadline: Duration,
	},
	/// The peer broke the protocol.
	#[error("the peer broke the protocol: {0}")]
	Protocol(String),
	/// The stream or the connection broke, or the peer ended it too early.
	#[error("the stream ended before the answer was complete: {0}")]
	Broken(String),
	/// As many calls wait for connections as may.
	#[error("too many calls wait for connections already; try again later")]
	Overloaded,
	/// The network on this side has shut down.
	#[error("this network has shut down")]
	ShutDown,
}

impl From<ReadError> for CallError {
	fn from(error: ReadError) -> Self {
		match error {
			ReadError::Frame(error @ FrameError::Truncated { .. }) => Self::Broken(error.to_string()),
			ReadError::Frame(error) => Self::Protocol(error.to_string()),
			ReadError::Io(error) => Self::Broken(error.to_string()),
		}
	}
}

/// The answer to a call, piece by piece.
///
/// Chunks are read from the wire as they are asked for: a caller that does not ask slows the miner down. The end comes
/// only where the miner's hotkey has signed all of it. Dropping the answer before its end cancels the call.
#[derive(Debug)]
pub struct Answer {
	/// The stream, while more may come.
	open: Option<Open>,
	until: Instant,
	deadline: Duration,
	chunks: usize,
	bytes: usize,
	hasher: ChunkHasher,
	receipt: Option<Receipt>,
}

/// What a call is made with.
pub(crate) struct Outgoing {
	pub(crate) peer: PeerId,
	pub(crate) signed: SignedRequest,
	pub(crate) request_hash: RequestHash,
	/// The frame.
	pub(crate) bytes: Vec<u8>,
	pub(crate) until: Instant,
	pub(crate) deadline: Duration,
}

/// A call in flight. Dropping it resets the stream, which tells the peer to stop.
struct Open {
	session: Session,
	pool: Arc<Pool>,
	peer: PeerId,
	signed: SignedRequest,
	request_hash: RequestHash,
	_slot: Arc<OwnedSemaphorePermit>,
}

impl std::fmt::Debug for Open {
	fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		formatter.write_str("Open")
	}
}

impl Answer {
	/// Sends a request on a stream and waits until it is accepted or refused.
	pub(crate) async fn begin(
		mut session: Session,
		outgoing: &Outgoing,
		pool: &Arc<Pool>,
		slot: &Arc<OwnedSemaphorePermit>,
	) -> Result<Self, CallError> {
		let &Outgoing {
			peer, until, deadline, ..
		} = outgoing;
		let nonce = outgoing.signed.header.nonce;
		let first = timeout_at(until, exchange(&mut session, &outgoing.bytes));
		match first.await.map_err(|_| CallError::DeadlinePassed { deadline })?? {
			Response::Accepted { nonce: accepted } if accepted == nonce => Ok(Self {
				open: Some(Open {
					session,
					pool: Arc::clone(pool),
					peer,
					signed: outgoing.signed.clone(),
					request_hash: outgoing.request_hash,
					_slot: Arc::clone(slot),
				}),
				until,
				deadline,
				chunks: 0,
				bytes: 0,
				hasher: ChunkHasher::default(),
				receipt: None,
			}),
			Response::Accepted { .. } => Err(CallError::Protocol("it accepted another request's nonce".into())),
			Response::Refused(refusal) => Err(CallError::Refused(refusal)),
			Response::Chunk(_) | Response::Done { .. } => {
				Err(CallError::Protocol("it answered before it accepted the request".into()))
			}
		}
	}

	/// The next chunk; `None` once the answer is complete and its signature is good, or after an error.
	///
	/// May be dropped at any point and called again without losing a byte.
	pub async fn next(&mut self) -> Option<Result<Vec<u8>, CallError>> {
		let open = self.open.as_mut()?;
		let outcome = match timeout_at(self.until, open.session.reader.next::<Response>()).await {
			Err(_) => Err(CallError::DeadlinePassed {
				deadline: self.deadline,
			}),
			Ok(Err(error)) => Err(error.into()),
			Ok(Ok(None)) => Err(CallError::Broken("the peer ended it".into())),
			Ok(Ok(Some(Response::Accepted { .. }))) => Err(CallError::Protocol("it accepted a request twice".into())),
			Ok(Ok(Some(Response::Refused(refusal)))) => Err(CallError::Refused(refusal)),
			Ok(Ok(Some(Response::Done { model_hash, signature }))) => {
				let open = self.open.take()?;
				return self.finish(open, model_hash, signature).err().map(Err);
			}
			Ok(Ok(Some(Response::Chunk(bytes)))) => self.count(bytes),
		};
		if outcome.is_err() {
			self.open = None;
		}
		Some(outcome)
	}

	/// What both hotkeys have signed, once the answer is complete.
	pub fn receipt(&self) -> Option<&Receipt> {
		self.receipt.as_ref()
	}

	fn finish(&mut self, open: Open, model_hash: [u8; 32], signature: [u8; 64]) -> Result<(), CallError> {
		let receipt = Receipt {
			request: open.signed,
			model_hash,
			answer_hash: std::mem::take(&mut self.hasher).finish(),
			signature,
		};
		receipt.verify_miner(&open.request_hash).map_err(CallError::Evidence)?;
		open.pool.put(open.peer, open.session);
		self.receipt = Some(receipt);
		Ok(())
	}

	fn count(&mut self, bytes: Vec<u8>) -> Result<Vec<u8>, CallError> {
		self.chunks += 1;
		self.bytes += bytes.len();
		if self.chunks > MAX_ANSWER_CHUNKS || self.bytes > MAX_ANSWER_BYTES {
			return Err(CallError::Protocol(format!(
				"an answer of {} chunks and {} bytes; at most {MAX_ANSWER_CHUNKS} chunks and {MAX_ANSWER_BYTES} bytes are taken",
				self.chunks, self.bytes
			)));
		}
		self.hasher.update(&bytes);
		Ok(bytes)
	}
}

/// Sends the request and returns the first frame that comes back, which may be a refusal before all of it is sent.
async fn exchange(session: &mut Session, request: &[u8]) -> Result<Response, CallError> {
	let Session { reader, writer, .. } = session;
	let sending = async {
		writer.write_all(request).await?;
		writer.flush().await
	};
	let response = reader.next::<Response>();
	futures::pin_mut!(sending, response);
	let (sent, response) = match select(sending, response).await {
		// Where the peer stopped reading, its reason may still be on the way.
		Either::Left((sent, response)) => (sent, response.await),
		Either::Right((response, _)) => (Ok(()), response),
	};
	match (response, sent) {
		(Ok(Some(response)), _) => Ok(response),
		(_, Err(error)) => Err(CallError::Broken(io::Error::to_string(&error))),
		(Ok(None), Ok(())) => Err(CallError::Broken("the peer ended it without a word".into())),
		(Err(error), Ok(())) => Err(error.into()),
	}
}
