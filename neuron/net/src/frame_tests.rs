use proptest::prelude::*;

use super::*;
use crate::message::{
	Call, MAX_CHUNK_BYTES, MAX_MECHANISM_NAME_BYTES, MAX_REASON_BYTES, MAX_REQUEST_BODY_BYTES, Refusal, Request,
	Response,
};

fn request() -> Request {
	Request {
		mechanism: "echo".into(),
		version: 1,
		nonce: [9; 32],
		deadline_ms: 1_000,
		body: vec![1, 2, 3],
	}
}

fn call(request: Request) -> Call {
	Call {
		issued_at_ms: 1_700_000_000_000,
		signature: [6; 64],
		request,
	}
}

fn framed(content: &[u8]) -> Vec<u8> {
	let mut bytes = u32::try_from(content.len()).unwrap().to_le_bytes().to_vec();
	bytes.extend_from_slice(content);
	bytes
}

#[test]
fn every_prefix_of_a_frame_asks_for_more() {
	let bytes = encode(&call(request())).unwrap();
	for length in 0..bytes.len() {
		assert_eq!(decode::<Call>(&bytes[..length]), Ok(None), "{length} bytes");
		let truncated = truncation::<Call>(&bytes[..length]);
		assert_eq!(truncated.is_none(), length == 0);
		if let Some(FrameError::Truncated { received, expected, .. }) = truncated {
			assert_eq!(received, length);
			assert!(expected >= HEADER_BYTES && expected <= bytes.len());
		}
	}
	assert_eq!(decode(&bytes), Ok(Some((call(request()), bytes.len()))));
}

#[test]
fn a_length_beyond_the_limit_is_refused_on_the_header() {
	for length in [Call::MAX_BYTES + 1, usize::try_from(u32::MAX).unwrap()] {
		let header = u32::try_from(length).unwrap().to_le_bytes();
		assert_eq!(
			decode::<Call>(&header),
			Err(FrameError::Oversized {
				frame: "request",
				length,
				limit: Call::MAX_BYTES
			})
		);
	}
	let header = u32::try_from(Call::MAX_BYTES).unwrap().to_le_bytes();
	assert_eq!(decode::<Call>(&header), Ok(None));
	assert_eq!(decode::<Call>(&[0; 4]), Err(FrameError::Empty { frame: "request" }));
}

#[test]
fn a_variant_is_held_to_its_own_limit_on_its_first_byte() {
	let mut bytes = 1_000_000u32.to_le_bytes().to_vec();
	bytes.push(0);
	assert_eq!(
		decode::<Response>(&bytes),
		Err(FrameError::Oversized {
			frame: "response",
			length: 1_000_000,
			limit: 33
		})
	);
	bytes[4] = 1;
	assert!(matches!(decode::<Response>(&bytes), Err(FrameError::Oversized { .. })));
	bytes[4] = 2;
	assert_eq!(decode::<Response>(&bytes), Ok(None));
	bytes[4] = 4;
	assert_eq!(
		decode::<Response>(&bytes),
		Err(FrameError::UnknownVariant {
			frame: "response",
			first_byte: 4
		})
	);
}

#[test]
fn trailing_bytes_and_cut_content_do_not_decode() {
	assert!(matches!(decode::<Response>(&framed(&[2, 4, 7])), Ok(Some(_))));
	assert!(matches!(
		decode::<Response>(&framed(&[2, 4, 7, 7])),
		Err(FrameError::Undecodable { .. })
	));
	assert!(matches!(
		decode::<Response>(&framed(&[2, 8, 7])),
		Err(FrameError::Undecodable { .. })
	));
	// Compact lengths have one encoding: 1 written in two bytes is not it.
	assert!(matches!(
		decode::<Response>(&framed(&[2, 5, 0, 7])),
		Err(FrameError::Undecodable { .. })
	));
	// A name that is not UTF-8.
	assert!(matches!(
		decode::<Call>(&framed(&[&[0; 72][..], &[4, 0xff]].concat())),
		Err(FrameError::Undecodable { .. })
	));
}

#[test]
fn limits_hold_on_both_sides() {
	let largest = Request {
		mechanism: "m".repeat(MAX_MECHANISM_NAME_BYTES),
		body: vec![7; MAX_REQUEST_BODY_BYTES],
		..request()
	};
	let largest = call(largest);
	let bytes = encode(&largest).unwrap();
	assert_eq!(decode(&bytes), Ok(Some((largest, bytes.len()))));
	let chunk = Response::Chunk(vec![7; MAX_CHUNK_BYTES]);
	assert_eq!(decode::<Response>(&encode(&chunk).unwrap()).unwrap().unwrap().0, chunk);

	for bad in [
		Request {
			mechanism: "m".repeat(MAX_MECHANISM_NAME_BYTES + 1),
			..request()
		},
		Request {
			body: vec![7; MAX_REQUEST_BODY_BYTES + 1],
			..request()
		},
		Request {
			deadline_ms: 0,
			..request()
		},
	] {
		let bad = call(bad);
		assert!(matches!(encode(&bad), Err(FrameError::Invalid { .. })));
		assert!(decode::<Call>(&framed(&bad.encode())).is_err());
	}
	assert!(encode(&Response::Chunk(vec![7; MAX_CHUNK_BYTES + 1])).is_err());
}

#[test]
fn a_bounded_refusal_always_fits() {
	// Three-byte characters, so that the cut would fall inside one.
	let long = "\u{20ac}".repeat(MAX_REASON_BYTES);
	for refusal in [
		Refusal::Failed(long.clone()),
		Refusal::Malformed(long.clone()),
		Refusal::UnsupportedMechanism {
			requested: long.clone(),
			served: long,
		},
	] {
		let bounded = Response::Refused(refusal.bounded());
		assert_eq!(
			decode::<Response>(&encode(&bounded).unwrap()).unwrap().unwrap().0,
			bounded
		);
	}
}

fn any_refusal() -> impl Strategy<Value = Refusal> {
	let text = "\\PC{0,300}";
	prop_oneof![
		Just(Refusal::UnknownPeer),
		any::<(u64, u64)>().prop_map(|(stake_rao, min_stake_rao)| Refusal::NotPermitted {
			stake_rao,
			min_stake_rao
		}),
		any::<u32>().prop_map(|retry_after_ms| Refusal::RateLimited { retry_after_ms }),
		any::<u32>().prop_map(|retry_after_ms| Refusal::Busy { retry_after_ms }),
		(text, text).prop_map(|(requested, served)| Refusal::UnsupportedMechanism { requested, served }),
		text.prop_map(Refusal::Malformed),
		text.prop_map(Refusal::Failed),
		Just(Refusal::Forged),
		any::<(u64, u64, u32)>().prop_map(|(issued_at_ms, now_ms, max_skew_ms)| Refusal::Skewed {
			issued_at_ms,
			now_ms,
			max_skew_ms,
		}),
	]
}

fn any_response() -> impl Strategy<Value = Response> {
	prop_oneof![
		any::<[u8; 32]>().prop_map(|nonce| Response::Accepted { nonce }),
		any_refusal().prop_map(|refusal| Response::Refused(refusal.bounded())),
		prop::collection::vec(any::<u8>(), 0..2_000).prop_map(Response::Chunk),
		(any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(|(model_hash, half)| Response::Done {
			model_hash,
			signature: [half, half].concat().try_into().unwrap(),
		}),
	]
}

fn any_request() -> impl Strategy<Value = Call> {
	let body = prop::collection::vec(any::<u8>(), 0..2_000);
	("[a-z0-9-]{0,64}", any::<u16>(), any::<[u8; 32]>(), 1..=u32::MAX, body)
		.prop_map(|(mechanism, version, nonce, deadline_ms, body)| Request {
			mechanism,
			version,
			nonce,
			deadline_ms,
			body,
		})
		.prop_map(call)
}

proptest! {
	#[test]
	fn responses_survive_the_wire_in_any_company(responses in prop::collection::vec(any_response(), 0..5)) {
		let bytes: Vec<u8> = responses.iter().flat_map(|response| encode(response).unwrap()).collect();
		let mut rest = bytes.as_slice();
		for expected in &responses {
			let (response, used) = decode::<Response>(rest).unwrap().unwrap();
			prop_assert_eq!(&response, expected);
			rest = &rest[used..];
		}
		prop_assert!(rest.is_empty());
	}

	#[test]
	fn requests_survive_the_wire(request in any_request()) {
		let bytes = encode(&request).unwrap();
		prop_assert_eq!(decode(&bytes), Ok(Some((request, bytes.len()))));
	}

	#[test]
	fn arbitrary_bytes_never_panic_and_decode_canonically(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
		for bytes in [bytes.clone(), framed(&bytes)] {
			if let Ok(Some((request, used))) = decode::<Call>(&bytes) {
				prop_assert_eq!(encode(&request).unwrap(), &bytes[..used]);
			}
			if let Ok(Some((response, used))) = decode::<Response>(&bytes) {
				prop_assert_eq!(encode(&response).unwrap(), &bytes[..used]);
			}
		}
	}

	#[test]
	fn a_damaged_frame_never_panics(request in any_request(), at in any::<prop::sample::Index>(), byte: u8) {
		let mut bytes = encode(&request).unwrap();
		let at = at.index(bytes.len());
		bytes[at] = byte;
		if let Ok(Some((decoded, used))) = decode::<Call>(&bytes) {
			prop_assert_eq!(encode(&decoded).unwrap(), &bytes[..used]);
		}
	}
}
