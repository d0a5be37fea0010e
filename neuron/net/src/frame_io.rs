//! Frames over a byte stream: a reader that survives cancellation, a writer that does not wait for ever.

use std::{io, time::Duration};

use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::frame::{self, Frame, FrameError};

/// Bytes asked of the stream at a time.
const READ_BYTES: usize = 8 << 10;
/// A buffer that grew beyond this is given back once it is empty.
const KEPT_BUFFER_BYTES: usize = 64 << 10;

/// Why no frame came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
	#[error(transparent)]
	Frame(#[from] FrameError),
	#[error("the stream broke: {0}")]
	Io(#[from] io::Error),
}

/// Reads frames; holds at most one frame and one read beyond it.
pub(crate) struct FrameReader<R> {
	source: R,
	buffer: Vec<u8>,
	scratch: Box<[u8]>,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
	pub(crate) fn new(source: R) -> Self {
		Self {
			source,
			buffer: Vec::new(),
			scratch: vec![0; READ_BYTES].into_boxed_slice(),
		}
	}

	/// The next frame; `None` where the stream ended between two frames.
	///
	/// May be dropped at any point and called again: what was read stays in the buffer. The buffer grows with the
	/// bytes that came, not with the length that a header claims.
	pub(crate) async fn next<F: Frame>(&mut self) -> Result<Option<F>, ReadError> {
		loop {
			if let Some((value, used)) = frame::decode(&self.buffer)? {
				self.buffer.drain(..used);
				if self.buffer.is_empty() && self.buffer.capacity() > KEPT_BUFFER_BYTES {
					self.buffer = Vec::new();
				}
				return Ok(Some(value));
			}
			let count = self.source.read(&mut self.scratch).await?;
			if count == 0 {
				return frame::truncation::<F>(&self.buffer).map_or(Ok(None), |error| Err(error.into()));
			}
			self.buffer.extend_from_slice(&self.scratch[..count]);
		}
	}

	/// Waits until there is something to read; false where the stream has ended.
	pub(crate) async fn fill(&mut self) -> io::Result<bool> {
		if self.buffer.is_empty() {
			let count = self.source.read(&mut self.scratch).await?;
			self.buffer.extend_from_slice(&self.scratch[..count]);
		}
		Ok(!self.buffer.is_empty())
	}

	/// Whether bytes came that no frame has taken.
	pub(crate) fn has_leftover(&self) -> bool {
		!self.buffer.is_empty()
	}

	/// Throws away what comes until the peer ends or breaks the stream, or has sent `limit` bytes.
	pub(crate) async fn discard(&mut self, limit: usize) {
		let mut discarded = 0;
		while discarded < limit {
			match self.source.read(&mut self.scratch).await {
				Ok(count @ 1..) => discarded += count,
				Ok(0) | Err(_) => return,
			}
		}
	}

	/// Waits until the peer ends or breaks the stream, or sends more.
	pub(crate) async fn disturbed(&mut self) {
		// Whether it is an end, an error or a byte out of turn makes no difference to the caller of this.
		drop(self.source.read(&mut self.scratch[..1]).await);
	}
}

/// Writes frames; each must be taken by the peer within a time.
pub(crate) struct FrameWriter<W> {
	sink: W,
	timeout: Duration,
	/// A frame was begun and not finished: nothing that follows would be understood.
	torn: bool,
}

impl<W: AsyncWrite + Unpin> FrameWriter<W> {
	pub(crate) fn new(sink: W, timeout: Duration) -> Self {
		Self {
			sink,
			timeout,
			torn: false,
		}
	}

	/// Writes one encoded frame and flushes it. After an error, or dropped before its end, no other frame goes out.
	pub(crate) async fn write(&mut self, frame: &[u8]) -> io::Result<()> {
		if self.torn {
			return Err(io::Error::other("the frame before this one was cut short"));
		}
		self.torn = true;
		let sink = &mut self.sink;
		let writing = async {
			sink.write_all(frame).await?;
			sink.flush().await
		};
		within(self.timeout, writing).await?;
		self.torn = false;
		Ok(())
	}

	/// Tells the peer that nothing more comes.
	pub(crate) async fn close(&mut self) -> io::Result<()> {
		within(self.timeout, self.sink.close()).await
	}
}

async fn within(timeout: Duration, work: impl Future<Output = io::Result<()>>) -> io::Result<()> {
	tokio::time::timeout(timeout, work).await.unwrap_or_else(|_| {
		Err(io::Error::new(
			io::ErrorKind::TimedOut,
			format!("the peer took no bytes for {} ms", timeout.as_millis()),
		))
	})
}

#[cfg(test)]
mod tests {
	use std::{
		pin::Pin,
		task::{Context, Poll},
	};

	use futures::io::Cursor;

	use super::*;
	use crate::message::Response;

	#[tokio::test]
	async fn reads_frames_then_the_end() {
		let mut bytes = frame::encode(&Response::Accepted { nonce: [3; 32] }).unwrap();
		bytes.extend(frame::encode(&Response::Chunk(vec![5; 100_000])).unwrap());
		let mut reader = FrameReader::new(Cursor::new(bytes));
		assert_eq!(
			reader.next().await.unwrap(),
			Some(Response::Accepted { nonce: [3; 32] })
		);
		assert!(reader.has_leftover());
		assert_eq!(reader.next().await.unwrap(), Some(Response::Chunk(vec![5; 100_000])));
		assert!(!reader.has_leftover());
		assert_eq!(reader.next::<Response>().await.unwrap(), None);
	}

	#[tokio::test]
	async fn an_end_inside_a_frame_is_an_error() {
		let bytes = frame::encode(&Response::Chunk(vec![5; 10])).unwrap();
		let mut reader = FrameReader::new(Cursor::new(&bytes[..7]));
		let error = reader.next::<Response>().await.unwrap_err();
		let expected = bytes.len();
		assert!(
			matches!(&error, ReadError::Frame(FrameError::Truncated { received: 7, expected: needed, .. }) if *needed == expected),
			"{error}"
		);
	}

	/// Takes three bytes, then nothing.
	struct Stuck(usize);

	impl AsyncWrite for Stuck {
		fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
			let taken = bytes.len().min(self.0);
			self.0 -= taken;
			if taken == 0 {
				Poll::Pending
			} else {
				Poll::Ready(Ok(taken))
			}
		}

		fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
			Poll::Ready(Ok(()))
		}

		fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
			Poll::Ready(Ok(()))
		}
	}

	#[tokio::test]
	async fn a_peer_that_takes_nothing_is_given_up_and_a_torn_frame_stays_the_last() {
		let mut writer = FrameWriter::new(Stuck(3), Duration::from_millis(1));
		assert_eq!(
			writer.write(&[1, 2, 3, 4]).await.unwrap_err().kind(),
			io::ErrorKind::TimedOut
		);
		writer.sink.0 = 100;
		assert_eq!(writer.write(&[5]).await.unwrap_err().kind(), io::ErrorKind::Other);
		assert_eq!(writer.sink.0, 100);
	}

	#[tokio::test]
	async fn an_oversized_frame_is_refused_without_reading_it() {
		let mut bytes = u32::MAX.to_le_bytes().to_vec();
		bytes.resize(1 << 20, 2);
		let mut reader = FrameReader::new(Cursor::new(bytes));
		assert!(matches!(
			reader.next::<Response>().await,
			Err(ReadError::Frame(FrameError::Oversized { .. }))
		));
		assert!(reader.buffer.len() <= READ_BYTES);
	}
}
