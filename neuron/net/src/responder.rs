//! What the serving side works with: requests that came, and the way to answer them.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::{
	admission::Caller,
	evidence::SignedRequest,
	message::{MAX_CHUNK_BYTES, Refusal, Request},
	queue::Queue,
};

/// Requests that passed admission, by stake and waiting time.
///
/// What waits here is in the right order; what has been taken is not. So take a request when there is room to work on it.
#[derive(Debug)]
pub struct Incoming {
	pub(crate) queue: Arc<Queue>,
}

impl Incoming {
	/// The request whose turn it is; `None` once the network has shut down.
	pub async fn next(&mut self) -> Option<IncomingRequest> {
		self.queue.pop().await
	}
}

impl Drop for Incoming {
	fn drop(&mut self) {
		self.queue.abandon();
	}
}

/// A request, who asks, and the way to answer.
#[derive(Debug)]
pub struct IncomingRequest {
	/// The hotkey that asks.
	pub caller: Caller,
	/// What it asks.
	pub request: Request,
	/// Proof that it asks: its hotkey's signature, which has been checked.
	pub signed: SignedRequest,
	/// Answers it; dropped unfinished, the caller is told that the work failed.
	pub responder: Responder,
}

/// What the task that owns the stream is told to do.
#[derive(Debug)]
pub(crate) enum Command {
	Accept,
	Chunk(Vec<u8>),
	Finish,
	Refuse(Refusal),
}

/// Answers one request.
///
/// A chunk waits while the caller does not read: work no faster than [`Responder::send`] returns. It holds a slot of
/// the caller's quota until it is finished, refused or dropped, or the caller is gone.
#[derive(Debug)]
pub struct Responder {
	pub(crate) commands: mpsc::Sender<Command>,
}

impl Responder {
	/// Tells the caller that work has begun. The first chunk does so too.
	///
	/// # Errors
	/// Nobody waits for the answer any more.
	pub async fn accept(&mut self) -> Result<(), Closed> {
		self.commands.send(Command::Accept).await.map_err(|_| Closed::Gone)
	}

	/// Sends a piece of the answer; returns once there is room for it.
	///
	/// # Errors
	/// Nobody waits for the answer any more: stop working. Or the chunk is larger than [`MAX_CHUNK_BYTES`].
	pub async fn send(&mut self, chunk: Vec<u8>) -> Result<(), Closed> {
		check_size(&chunk)?;
		self.commands
			.send(Command::Chunk(chunk))
			.await
			.map_err(|_| Closed::Gone)
	}

	/// [`Responder::send`] for a thread that may block. Panics inside an async task.
	///
	/// # Errors
	/// As [`Responder::send`].
	pub fn send_blocking(&mut self, chunk: Vec<u8>) -> Result<(), Closed> {
		check_size(&chunk)?;
		self.commands
			.blocking_send(Command::Chunk(chunk))
			.map_err(|_| Closed::Gone)
	}

	/// Tells the caller that the answer is complete.
	pub async fn finish(self) {
		// A caller that has gone needs no end.
		drop(self.commands.send(Command::Finish).await);
	}

	/// Tells the caller that there is no answer, or no more of it. Texts are cut to what a frame holds.
	pub async fn refuse(self, refusal: Refusal) {
		drop(self.commands.send(Command::Refuse(refusal)).await);
	}

	/// Refuses without waiting. For a request that nobody has worked on, whose channel is therefore empty.
	pub(crate) fn turn_away(self, refusal: Refusal) {
		// An error means that the caller has gone.
		drop(self.commands.try_send(Command::Refuse(refusal)));
	}

	/// Whether nobody waits for the answer any more: the caller cancelled or left, or the deadline has passed.
	pub fn is_closed(&self) -> bool {
		self.commands.is_closed()
	}

	/// Waits until [`Responder::is_closed`].
	pub async fn closed(&self) {
		self.commands.closed().await;
	}
}

fn check_size(chunk: &[u8]) -> Result<(), Closed> {
	if chunk.len() > MAX_CHUNK_BYTES {
		Err(Closed::TooLarge { length: chunk.len() })
	} else {
		Ok(())
	}
}

/// Why a chunk was not sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Closed {
	/// The caller cancelled, left or read nothing, the deadline has passed, or the network shuts down.
	#[error("nobody waits for the answer any more")]
	Gone,
	/// The chunk fits no frame; the answer can go on with a smaller one.
	#[error("a chunk of {length} bytes, at most {MAX_CHUNK_BYTES} are allowed; split it")]
	TooLarge {
		/// Its size.
		length: usize,
	},
}
