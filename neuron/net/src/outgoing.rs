//! The way of an answer from its handler to the wire.

use std::io;

use tokio::sync::mpsc;

use crate::{
	evidence::ChunkHasher,
	message::{Refusal, Response},
	responder::Command,
	server::{Writer, encoded},
};

/// Frames that are ready together go out in one write, up to about this many bytes.
const BATCH_BYTES: usize = 16 << 10;

/// How the handler ended the answer.
pub(crate) enum Ending {
	/// All chunks are there; this is their hash.
	Done {
		answer_hash: [u8; 32],
	},
	Refused(Refusal),
}

/// Writes what the handler sends.
pub(crate) struct Carrier<'a> {
	nonce: [u8; 32],
	accepted: bool,
	hasher: ChunkHasher,
	batch: Vec<u8>,
	writer: &'a mut Writer,
}

impl<'a> Carrier<'a> {
	pub(crate) fn new(nonce: [u8; 32], writer: &'a mut Writer) -> Self {
		Self {
			nonce,
			accepted: false,
			hasher: ChunkHasher::default(),
			batch: Vec::new(),
			writer,
		}
	}

	/// Writes frames as they come until the handler ends the answer. What came last may still be in the batch then, so
	/// that it goes out together with the end.
	pub(crate) async fn carry(&mut self, commands: &mut mpsc::Receiver<Command>) -> io::Result<Ending> {
		loop {
			let command = match commands.try_recv() {
				Ok(command) => Some(command),
				Err(_) => {
					self.flush().await?;
					commands.recv().await
				}
			};
			match command {
				Some(Command::Accept) => self.accept()?,
				Some(Command::Chunk(bytes)) => {
					self.accept()?;
					self.hasher.update(&bytes);
					self.push(&Response::Chunk(bytes))?;
				}
				Some(Command::Finish) => {
					self.accept()?;
					let answer_hash = std::mem::take(&mut self.hasher).finish();
					return Ok(Ending::Done { answer_hash });
				}
				Some(Command::Refuse(refusal)) => return Ok(Ending::Refused(refusal)),
				None => {
					return Ok(Ending::Refused(Refusal::Failed(
						"the work ended without a result".into(),
					)));
				}
			}
			if self.batch.len() >= BATCH_BYTES {
				self.flush().await?;
			}
		}
	}

	fn accept(&mut self) -> io::Result<()> {
		if !self.accepted {
			self.accepted = true;
			self.push(&Response::Accepted { nonce: self.nonce })?;
		}
		Ok(())
	}

	/// Adds a frame to what goes out next.
	pub(crate) fn push(&mut self, response: &Response) -> io::Result<()> {
		let frame = encoded(response)?;
		if self.batch.is_empty() {
			self.batch = frame;
		} else {
			self.batch.extend_from_slice(&frame);
		}
		Ok(())
	}

	/// Writes what is ready.
	pub(crate) async fn flush(&mut self) -> io::Result<()> {
		if !self.batch.is_empty() {
			let batch = std::mem::take(&mut self.batch);
			self.writer.write(&batch).await?;
		}
		Ok(())
	}

	/// Ends the stream.
	pub(crate) async fn close(&mut self) -> io::Result<()> {
		self.writer.close().await
	}
}
