//! The serving side of a stream: admission, the request, the answer, and again.

use std::{
	sync::{Arc, RwLock},
	time::Duration,
};

use futures::{
	AsyncReadExt as _,
	io::{ReadHalf, WriteHalf},
};
use libp2p::{PeerId, Stream};
use tokio::{
	sync::{Semaphore, mpsc},
	time::{Instant, sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
	admission::{Admission, Caller, Directory, Permit},
	config::{Clock, Limits, milliseconds},
	evidence::{Parties, Receipt, RequestHeader, SignedRequest, Signer},
	frame::{self, Frame as _, FrameError},
	frame_io::{FrameReader, FrameWriter},
	identity::public_key_of,
	message::{Call, PROTOCOL, Refusal, Response},
	outgoing::{Carrier, Ending},
	queue::{NotQueued, Queue},
	refusals::Refusals,
	responder::{IncomingRequest, Responder},
	streams::InboundStream,
};

/// Time for an unknown peer to read its refusal before its connection is closed.
const PARTING_TIME: Duration = Duration::from_secs(1);

type Reader = FrameReader<ReadHalf<Stream>>;
pub(crate) type Writer = FrameWriter<WriteHalf<Stream>>;

/// Serves every incoming stream in a task of its own.
pub(crate) struct Server {
	pub(crate) directory: Arc<dyn Directory>,
	pub(crate) admission: Arc<Admission>,
	pub(crate) signer: Arc<dyn Signer>,
	pub(crate) network: [u8; 32],
	pub(crate) model_hash: Arc<RwLock<[u8; 32]>>,
	pub(crate) clock: Clock,
	pub(crate) limits: Limits,
	pub(crate) queue: Arc<Queue>,
	pub(crate) refusals: Arc<Refusals>,
	/// Peers whose connections are to be closed.
	pub(crate) unwelcome: mpsc::Sender<PeerId>,
	pub(crate) tasks: TaskTracker,
	/// From here on no request is taken.
	pub(crate) draining: CancellationToken,
	/// From here on answers are cut short.
	pub(crate) stopping: CancellationToken,
}

impl Drop for Server {
	fn drop(&mut self) {
		self.queue.close();
	}
}

/// Whether the stream can carry another call.
#[derive(Eq, PartialEq)]
enum After {
	Next,
	Close,
}

impl Server {
	/// Takes streams until their sender is gone.
	pub(crate) async fn run(self, mut streams: mpsc::Receiver<InboundStream>) {
		let slots = Arc::new(Semaphore::new(self.limits.max_streams));
		let tasks = self.tasks.clone();
		let server = Arc::new(self);
		while let Some(inbound) = streams.recv().await {
			let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
				tracing::debug!(peer = %inbound.peer, "an incoming stream was dropped: too many are open");
				continue;
			};
			let server = Arc::clone(&server);
			tasks.spawn(async move {
				server.serve(inbound).await;
				drop(slot);
			});
		}
	}

	async fn serve(&self, inbound: InboundStream) {
		let InboundStream { peer, stream, retired } = inbound;
		let (source, sink) = stream.split();
		let mut reader = FrameReader::new(source);
		let mut writer = FrameWriter::new(sink, self.limits.write_timeout);
		if let Some(theirs) = retired {
			// The old frame of a refusal is the same as today's.
			let reason = format!("this node speaks {PROTOCOL} and the caller {theirs}: the caller has to be updated");
			return refuse(&mut writer, Refusal::Malformed(reason)).await;
		}
		while self.serve_one(peer, &mut reader, &mut writer).await == After::Next {
			// Only what is there already may begin the next call without waiting.
			let waited = tokio::select! {
				came = timeout(self.limits.idle_timeout, reader.fill()) => matches!(came, Ok(Ok(true))),
				() = self.draining.cancelled() => false,
			};
			if !waited {
				// The caller takes another stream; an error means that it has left.
				drop(writer.close().await);
				return;
			}
		}
	}

	/// One call: who asks, what, and the answer.
	async fn serve_one(&self, peer: PeerId, reader: &mut Reader, writer: &mut Writer) -> After {
		let (caller, permit) = match self.admit(&peer) {
			Ok(admitted) => admitted,
			Err(refusal) => {
				self.refusals.counts.count(&refusal);
				let unknown = refusal == Refusal::UnknownPeer;
				if unknown || matches!(refusal, Refusal::RateLimited { .. }) {
					self.refusals.held.hold(&self.draining).await;
				}
				refuse(writer, refusal).await;
				if unknown {
					self.strike(peer, reader).await;
				}
				return After::Close;
			}
		};
		match self.receive(&caller, reader).await {
			Ok((call, signed)) => self.answer((caller, permit), (call, signed), reader, writer).await,
			Err(refusal) => {
				self.refusals.counts.count(&refusal);
				tracing::debug!(uid = caller.uid, %refusal, "a request was refused");
				drop(permit);
				refuse(writer, refusal).await;
				After::Close
			}
		}
	}

	/// Who the peer is, and whether it may ask now. Nothing of the request has been read yet.
	fn admit(&self, peer: &PeerId) -> Result<(Caller, Permit), Refusal> {
		let caller = public_key_of(peer)
			.and_then(|key| self.directory.caller(&key))
			.ok_or(Refusal::UnknownPeer)?;
		if self.draining.is_cancelled() {
			return Err(Refusal::Failed("this node is shutting down".into()));
		}
		let permit = self.admission.admit(&caller, Instant::now())?;
		Ok((caller, permit))
	}

	/// Closes the connection of an unknown peer that keeps asking, once it has had time to read why.
	async fn strike(&self, peer: PeerId, reader: &mut Reader) {
		if public_key_of(&peer).is_some_and(|key| !self.admission.strike(&key)) {
			return;
		}
		// An error means that the peer goes on for too long: it has had its time.
		let _ = timeout(PARTING_TIME, reader.discard(Call::MAX_BYTES)).await;
		if self.unwelcome.try_send(peer).is_err() {
			tracing::debug!(%peer, "too many unknown peers at once: this one's connection is left to its idle time");
		}
	}

	/// The request, whole, in time and signed by the hotkey that asks.
	async fn receive(&self, caller: &Caller, reader: &mut Reader) -> Result<(Call, SignedRequest), Refusal> {
		let limit = self.limits.request_timeout;
		let call = match timeout(limit, reader.next::<Call>()).await {
			Ok(Ok(Some(call))) => call,
			Ok(Ok(None)) => return Err(Refusal::Malformed("the stream ended before a request came".into())),
			Ok(Err(error)) => return Err(Refusal::Malformed(error.to_string())),
			Err(_) => {
				let reason = format!("no complete request came within {} ms", limit.as_millis());
				return Err(Refusal::Malformed(reason));
			}
		};
		if reader.has_leftover() {
			return Err(Refusal::Malformed(
				"more bytes after the request; a stream carries one request at a time".into(),
			));
		}
		let now_ms = (self.clock)();
		let max_skew_ms = milliseconds(self.limits.max_clock_skew);
		if now_ms.abs_diff(call.issued_at_ms) > max_skew_ms.into() {
			return Err(Refusal::Skewed {
				issued_at_ms: call.issued_at_ms,
				now_ms,
				max_skew_ms,
			});
		}
		let parties = Parties {
			network: self.network,
			caller: caller.hotkey,
			miner: self.signer.hotkey(),
		};
		let signed = SignedRequest {
			header: RequestHeader::of(&call.request, &parties, call.issued_at_ms),
			signature: call.signature,
		};
		signed.verify().map_err(|_| Refusal::Forged)?;
		Ok((call, signed))
	}

	/// The end of an answer, signed.
	fn done(&self, signed: SignedRequest, answer_hash: [u8; 32]) -> Response {
		let model_hash = *self
			.model_hash
			.read()
			.unwrap_or_else(std::sync::PoisonError::into_inner);
		let receipt = Receipt::sign(signed, model_hash, answer_hash, &*self.signer);
		let signature = receipt.signature;
		Response::Done { model_hash, signature }
	}

	/// The refusal for a full queue, which counts.
	fn busy(&self) -> Refusal {
		let busy = self.admission.busy();
		self.refusals.counts.count(&busy);
		busy
	}

	/// Hands the request over and carries its answer.
	async fn answer(
		&self,
		(caller, permit): (Caller, Permit),
		(call, signed): (Call, SignedRequest),
		reader: &mut Reader,
		writer: &mut Writer,
	) -> After {
		let request = call.request;
		let time = Duration::from_millis(request.deadline_ms.into()).min(self.limits.max_deadline);
		let deadline = Instant::now() + time;
		let uid = caller.uid;
		let (sender, mut commands) = mpsc::channel(self.limits.answer_queue);
		let mut carrier = Carrier::new(request.nonce, writer);
		let incoming = IncomingRequest {
			caller,
			request,
			signed: signed.clone(),
			responder: Responder { commands: sender },
		};
		let ending = match self.queue.push(incoming, Instant::now(), &self.admission.busy()) {
			Err(NotQueued::Full) => Ending::Refused(self.busy()),
			Err(NotQueued::Abandoned) => Ending::Refused(Refusal::Failed("this node serves no requests".into())),
			Ok(()) => tokio::select! {
				biased;
				() = reader.disturbed() => {
					tracing::debug!(uid, "the caller cancelled");
					return After::Close;
				},
				() = self.stopping.cancelled() => Ending::Refused(Refusal::Failed("this node is shutting down".into())),
				() = sleep_until(deadline) => {
					let reason = format!("the answer was not complete after {} ms", time.as_millis());
					Ending::Refused(Refusal::Failed(reason))
				},
				end = carrier.carry(&mut commands) => match end {
					Ok(ending) => ending,
					Err(error) => {
						tracing::debug!(uid, %error, "the answer could not be written");
						return After::Close;
					},
				},
			},
		};
		// The quota is free before the caller learns of the end, so that its next request finds room.
		drop(commands);
		drop(permit);
		// From here on the stream is not watched: the caller may send its next request as soon as it has read the end.
		let (last, after) = match ending {
			Ending::Refused(refusal) => (Response::Refused(refusal.bounded()), After::Close),
			Ending::Done { answer_hash } => (self.done(signed, answer_hash), After::Next),
		};
		let written = async {
			carrier.push(&last)?;
			carrier.flush().await?;
			if after == After::Close {
				carrier.close().await
			} else {
				Ok(())
			}
		};
		match written.await {
			Ok(()) => after,
			Err(error) => {
				tracing::debug!(uid, %error, "the end of an answer could not be written");
				After::Close
			}
		}
	}
}

/// Writes a refusal and ends the stream; a peer that does not take it is dropped.
async fn refuse(writer: &mut Writer, refusal: Refusal) {
	let written = async {
		writer.write(&encoded(&Response::Refused(refusal.bounded()))?).await?;
		writer.close().await
	};
	if let Err(error) = written.await {
		tracing::debug!(%error, "a refusal could not be written");
	}
}

pub(crate) fn encoded(response: &Response) -> std::io::Result<Vec<u8>> {
	frame::encode(response).map_err(|error: FrameError| std::io::Error::new(std::io::ErrorKind::InvalidData, error))
}
