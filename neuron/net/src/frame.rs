//! Frames: a little-endian u32 length and that many bytes of SCALE.
//!
//! Everything here is a pure function of bytes. A frame is refused as early as its bytes allow: on its length, then
//! on its first byte (which names the variant and so its own limit), then on its content, which must be the one
//! canonical encoding with nothing after it.

use codec::{DecodeAll, Encode};

/// Bytes of the length before each frame.
pub const HEADER_BYTES: usize = 4;

/// A type that travels in a frame of its own.
pub trait Frame: Encode + DecodeAll {
	/// What error messages call it.
	const NAME: &'static str;
	/// Most bytes of SCALE that any value of the type needs.
	const MAX_BYTES: usize;

	/// Most bytes that a value needs whose encoding begins with `first_byte`; `None` where none does.
	fn max_bytes_of(first_byte: u8) -> Option<usize>;

	/// Checks what the encoding alone does not guarantee.
	///
	/// # Errors
	/// What was expected and what came.
	fn check(&self) -> Result<(), String>;
}

/// Why bytes are no frame, or a value does not fit one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FrameError {
	/// A length of zero: every message has at least one byte.
	#[error("an empty {frame} frame")]
	Empty {
		/// What was expected.
		frame: &'static str,
	},
	/// Longer than any message of its kind.
	#[error("a {frame} frame of {length} bytes, at most {limit} are allowed")]
	Oversized {
		/// What was expected.
		frame: &'static str,
		/// The length announced or needed.
		length: usize,
		/// The longest allowed.
		limit: usize,
	},
	/// The first byte names no message.
	#[error("a {frame} frame that begins with {first_byte}, which names no message of this protocol")]
	UnknownVariant {
		/// What was expected.
		frame: &'static str,
		/// The byte found.
		first_byte: u8,
	},
	/// The stream ended inside the frame.
	#[error("a {frame} frame that ends after {received} bytes of {expected}")]
	Truncated {
		/// What was expected.
		frame: &'static str,
		/// Bytes of header and content that came.
		received: usize,
		/// Bytes needed, as far as known.
		expected: usize,
	},
	/// Not the encoding of a message.
	#[error("a {frame} frame that does not decode: {reason}")]
	Undecodable {
		/// What was expected.
		frame: &'static str,
		/// What the decoder said.
		reason: String,
	},
	/// A message that breaks a rule.
	#[error("a {frame} that is not valid: {reason}")]
	Invalid {
		/// What was expected.
		frame: &'static str,
		/// The rule, and what came.
		reason: String,
	},
}

/// The frame of a value: header and content.
///
/// # Errors
/// The value breaks a rule or a limit; the peer would refuse it.
pub fn encode<F: Frame>(value: &F) -> Result<Vec<u8>, FrameError> {
	value
		.check()
		.map_err(|reason| FrameError::Invalid { frame: F::NAME, reason })?;
	let mut bytes = vec![0; HEADER_BYTES];
	value.encode_to(&mut bytes);
	let length = bytes.len() - HEADER_BYTES;
	let limit = bytes
		.get(HEADER_BYTES)
		.and_then(|&first| F::max_bytes_of(first))
		.unwrap_or(F::MAX_BYTES);
	match u32::try_from(length) {
		Ok(header) if length <= limit => {
			bytes[..HEADER_BYTES].copy_from_slice(&header.to_le_bytes());
			Ok(bytes)
		}
		_ => Err(FrameError::Oversized {
			frame: F::NAME,
			length,
			limit,
		}),
	}
}

/// The first frame in `bytes` and the number of bytes it takes; `None` while more bytes are needed.
///
/// # Errors
/// No continuation of these bytes is a frame of this type.
///
/// ```
/// use neuron_net::{Response, frame};
/// let mut bytes = frame::encode(&Response::Chunk(vec![1, 2, 3]))?;
/// assert_eq!(frame::decode::<Response>(&bytes[..5])?, None);
/// let length = bytes.len();
/// bytes.push(0xff);
/// assert_eq!(frame::decode(&bytes)?, Some((Response::Chunk(vec![1, 2, 3]), length)));
/// # Ok::<(), frame::FrameError>(())
/// ```
pub fn decode<F: Frame>(bytes: &[u8]) -> Result<Option<(F, usize)>, FrameError> {
	let frame = F::NAME;
	let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
		return Ok(None);
	};
	let length = usize::try_from(u32::from_le_bytes(*header)).unwrap_or(usize::MAX);
	if length == 0 {
		return Err(FrameError::Empty { frame });
	}
	if length > F::MAX_BYTES {
		return Err(FrameError::Oversized {
			frame,
			length,
			limit: F::MAX_BYTES,
		});
	}
	let Some(&first_byte) = rest.first() else {
		return Ok(None);
	};
	let limit = F::max_bytes_of(first_byte).ok_or(FrameError::UnknownVariant { frame, first_byte })?;
	if length > limit {
		return Err(FrameError::Oversized { frame, length, limit });
	}
	let Some(mut content) = rest.get(..length) else {
		return Ok(None);
	};
	let value = F::decode_all(&mut content).map_err(|error| FrameError::Undecodable {
		frame,
		reason: error.to_string(),
	})?;
	value.check().map_err(|reason| FrameError::Invalid { frame, reason })?;
	Ok(Some((value, HEADER_BYTES + length)))
}

/// The error for a stream that ended with `rest` undecoded; `None` where it ended between two frames.
pub fn truncation<F: Frame>(rest: &[u8]) -> Option<FrameError> {
	let announced = rest
		.first_chunk::<HEADER_BYTES>()
		.map_or(0, |header| u32::from_le_bytes(*header));
	let expected = HEADER_BYTES.saturating_add(usize::try_from(announced).unwrap_or(usize::MAX));
	(!rest.is_empty()).then_some(FrameError::Truncated {
		frame: F::NAME,
		received: rest.len(),
		expected,
	})
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
