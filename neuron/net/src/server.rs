//! The serving side of a stream: admission, the request, the answer.

use std::{sync::Arc, time::Duration};

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
	config::Limits,
	frame::{self, Frame as _, FrameError},
	frame_io::{FrameReader, FrameWriter},
	identity::public_key_of,
	message::{Refusal, Request, Response},
	responder::{Command, IncomingRequest, Responder},
	streams::InboundStream,
};

/// Time for an unknown peer to read its refusal before its connection is closed.
const PARTING_TIME: Duration = Duration::from_secs(1);

type Reader = FrameReader<ReadHalf<Stream>>;
type Writer = FrameWriter<WriteHalf<Stream>>;

/// Serves every incoming stream in a task of its own.
pub(crate) struct Server {
	pub(crate) directory: Arc<dyn Directory>,
	pub(crate) admission: Arc<Admission>,
	pub(crate) limits: Limits,
	pub(crate) incoming: mpsc::Sender<IncomingRequest>,
	/// Peers whose connections are to be closed.
	pub(crate) unwelcome: mpsc::Sender<PeerId>,
	pub(crate) tasks: TaskTracker,
	/// From here on no request is taken.
	pub(crate) draining: CancellationToken,
	/// From here on answers are cut short.
	pub(crate) stopping: CancellationToken,
}

impl Server {
	/// Takes streams until their sender is gone.
	pub(crate) async fn run(self, mut streams: mpsc::Receiver<InboundStream>) {
		let slots = Arc::new(Semaphore::new(self.limits.max_streams));
		let tasks = self.tasks.clone();
		let server = Arc::new(self);
		while let Some((peer, stream)) = streams.recv().await {
			let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
				tracing::debug!(%peer, "an incoming stream was dropped: too many are open");
				continue;
			};
			let server = Arc::clone(&server);
			tasks.spawn(async move {
				server.serve(peer, stream).await;
				drop(slot);
			});
		}
	}

	async fn serve(&self, peer: PeerId, stream: Stream) {
		let (source, sink) = stream.split();
		let mut reader = FrameReader::new(source);
		let mut writer = FrameWriter::new(sink, self.limits.write_timeout);
		let (caller, permit) = match self.admit(&peer) {
			Ok(admitted) => admitted,
			Err(refusal) => {
				refuse(&mut writer, refusal.clone()).await;
				if refusal == Refusal::UnknownPeer {
					self.strike(peer, &mut reader).await;
				}
				return;
			}
		};
		match self.receive(&mut reader).await {
			Ok(request) => self.answer(caller, permit, request, reader, writer).await,
			Err(refusal) => {
				tracing::debug!(uid = caller.uid, %refusal, "a request was refused");
				drop(permit);
				refuse(&mut writer, refusal).await;
			}
		}
	}

	/// Who the peer is, and whether it may ask now. Nothing has been read from the stream yet.
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
		let _ = timeout(PARTING_TIME, reader.discard(Request::MAX_BYTES)).await;
		if self.unwelcome.try_send(peer).is_err() {
			tracing::debug!(%peer, "too many unknown peers at once: this one's connection is left to its idle time");
		}
	}

	async fn receive(&self, reader: &mut Reader) -> Result<Request, Refusal> {
		let limit = self.limits.request_timeout;
		let request = match timeout(limit, reader.next::<Request>()).await {
			Ok(Ok(Some(request))) => request,
			Ok(Ok(None)) => return Err(Refusal::Malformed("the stream ended before a request came".into())),
			Ok(Err(error)) => return Err(Refusal::Malformed(error.to_string())),
			Err(_) => {
				let reason = format!("no complete request came within {} ms", limit.as_millis());
				return Err(Refusal::Malformed(reason));
			}
		};
		if reader.has_leftover() {
			return Err(Refusal::Malformed(
				"more bytes after the request; a stream carries one request".into(),
			));
		}
		Ok(request)
	}

	/// Hands the request over and carries its answer.
	async fn answer(&self, caller: Caller, permit: Permit, request: Request, mut reader: Reader, mut writer: Writer) {
		let time = Duration::from_millis(request.deadline_ms.into()).min(self.limits.max_deadline);
		let deadline = Instant::now() + time;
		let nonce = request.nonce;
		let uid = caller.uid;
		let (sender, mut commands) = mpsc::channel(self.limits.answer_queue);
		let incoming = IncomingRequest {
			caller,
			request,
			responder: Responder { commands: sender },
		};
		let end = match self.incoming.try_send(incoming) {
			Err(mpsc::error::TrySendError::Full(_)) => Some(self.admission.busy()),
			Err(mpsc::error::TrySendError::Closed(_)) => Some(Refusal::Failed("this node serves no requests".into())),
			Ok(()) => {
				let mut carrier = Carrier {
					nonce,
					accepted: false,
					writer: &mut writer,
				};
				tokio::select! {
					biased;
					() = reader.disturbed() => {
						tracing::debug!(uid, "the caller cancelled");
						return;
					},
					() = self.stopping.cancelled() => Some(Refusal::Failed("this node is shutting down".into())),
					() = sleep_until(deadline) => {
						Some(Refusal::Failed(format!("the answer was not complete after {} ms", time.as_millis())))
					},
					end = carrier.carry(&mut commands) => match end {
						Ok(Ending::Done) => None,
						Ok(Ending::Refused(refusal)) => Some(refusal),
						Err(error) => {
							tracing::debug!(uid, %error, "the answer could not be written");
							return;
						},
					},
				}
			}
		};
		// The quota is free before the caller learns of the end, so that its next request finds room.
		drop(commands);
		drop(permit);
		match end {
			Some(refusal) => refuse(&mut writer, refusal).await,
			None => send_last(&mut writer, &Response::Done).await,
		}
	}
}

/// How the handler ended the answer.
enum Ending {
	Done,
	Refused(Refusal),
}

/// Writes what the handler sends.
struct Carrier<'a> {
	nonce: [u8; 32],
	accepted: bool,
	writer: &'a mut Writer,
}

impl Carrier<'_> {
	async fn carry(&mut self, commands: &mut mpsc::Receiver<Command>) -> std::io::Result<Ending> {
		loop {
			match commands.recv().await {
				Some(Command::Accept) => self.accept().await?,
				Some(Command::Chunk(bytes)) => {
					self.accept().await?;
					self.write(&Response::Chunk(bytes)).await?;
				}
				Some(Command::Finish) => {
					self.accept().await?;
					return Ok(Ending::Done);
				}
				Some(Command::Refuse(refusal)) => return Ok(Ending::Refused(refusal)),
				None => {
					return Ok(Ending::Refused(Refusal::Failed(
						"the work ended without a result".into(),
					)));
				}
			}
		}
	}

	async fn accept(&mut self) -> std::io::Result<()> {
		if !self.accepted {
			self.accepted = true;
			self.write(&Response::Accepted { nonce: self.nonce }).await?;
		}
		Ok(())
	}

	async fn write(&mut self, response: &Response) -> std::io::Result<()> {
		self.writer.write(&encoded(response)?).await
	}
}

fn encoded(response: &Response) -> std::io::Result<Vec<u8>> {
	frame::encode(response).map_err(|error: FrameError| std::io::Error::new(std::io::ErrorKind::InvalidData, error))
}

async fn refuse(writer: &mut Writer, refusal: Refusal) {
	send_last(writer, &Response::Refused(refusal.bounded())).await;
}

/// Writes the last frame and ends the stream; a peer that does not take it is dropped.
async fn send_last(writer: &mut Writer, response: &Response) {
	let written = async {
		writer.write(&encoded(response)?).await?;
		writer.close().await
	};
	if let Err(error) = written.await {
		tracing::debug!(%error, "the end of an answer could not be written");
	}
}
