//! Every decoder that bytes of a peer can reach, in one place: for the fuzz target and for the property test.
//!
//! libp2p's own decoders (Noise, Yamux, identify, kad, …) are not among them.

use codec::Encode as _;

use crate::{
	evidence::{Receipt, Transcript},
	frame::{self, Frame},
	identity::parse_certificate,
	message::{Call, Response},
	table,
};

/// Gives the bytes to each decoder. Whatever is accepted must be encoded to the same bytes again; a panic here is a bug
/// that a peer could use.
///
/// # Errors
/// Names the decoder that accepts two encodings of one value.
pub fn decode_everything(bytes: &[u8]) -> Result<(), &'static str> {
	framed::<Call>(bytes)?;
	framed::<Response>(bytes)?;
	if let Ok(receipt) = Receipt::from_bytes(bytes) {
		// Whoever forges a signature has found more than a bug in a decoder.
		ensure(receipt.encode() == bytes && receipt.verify().is_err(), "receipt")?;
	}
	if let Ok(transcript) = Transcript::from_bytes(bytes) {
		ensure(
			transcript.encode() == bytes && transcript.verify().is_err(),
			"transcript",
		)?;
	}
	if let Ok(key) = parse_certificate(bytes) {
		ensure(bytes.get(1..) == Some(&key[..]), "certificate")?;
	}
	// Records are protobuf, which has many encodings of a value: that it does not panic is all that is asked.
	let _ = table::read_value(bytes);
	Ok(())
}

fn framed<F: Frame>(bytes: &[u8]) -> Result<(), &'static str> {
	if let Ok(Some((value, used))) = frame::decode::<F>(bytes) {
		let again = frame::encode(&value).ok();
		ensure(again.as_deref() == bytes.get(..used), F::NAME)?;
	}
	// What a stream's end makes of the rest.
	let _ = frame::truncation::<F>(bytes);
	Ok(())
}

fn ensure(holds: bool, what: &'static str) -> Result<(), &'static str> {
	if holds { Ok(()) } else { Err(what) }
}

#[cfg(test)]
mod tests {
	use proptest::prelude::*;

	use super::*;

	proptest! {
		#[test]
		fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..800)) {
			prop_assert_eq!(decode_everything(&bytes), Ok(()));
			// The same behind a length that fits, so that the contents are reached.
			let mut framed = u32::try_from(bytes.len()).unwrap().to_le_bytes().to_vec();
			framed.extend_from_slice(&bytes);
			prop_assert_eq!(decode_everything(&framed), Ok(()));
		}
	}
}
