use proptest::prelude::*;

use super::*;

fn caller() -> LocalSigner {
	LocalSigner::from_seed([1; 32])
}

fn miner() -> LocalSigner {
	LocalSigner::from_seed([2; 32])
}

fn header() -> RequestHeader {
	RequestHeader {
		network: [9; 32],
		caller: caller().hotkey(),
		miner: miner().hotkey(),
		issued_at_ms: 1_700_000_000_000,
		mechanism: "text".into(),
		version: 3,
		nonce: [7; 32],
		deadline_ms: 500,
		body_hash: hash_body(b"question"),
	}
}

fn transcript() -> Transcript {
	let chunks = vec![b"one".to_vec(), b"two".to_vec()];
	let answer_hash = hash_chunks(chunks.iter().map(Vec::as_slice));
	Transcript {
		receipt: Receipt::sign(header().sign(&caller()), [5; 32], answer_hash, &miner()),
		body: b"question".to_vec(),
		chunks,
	}
}

#[test]
fn honest_evidence_stands_and_survives_encoding() {
	let transcript = transcript();
	assert_eq!(transcript.verify(), Ok(header().hash()));
	let bytes = transcript.encode();
	assert_eq!(Transcript::from_bytes(&bytes).unwrap(), transcript);
	let receipt = transcript.receipt.encode();
	assert!(receipt.len() <= MAX_RECEIPT_BYTES);
	assert_eq!(Receipt::from_bytes(&receipt).unwrap().verify(), Ok(header().hash()));
}

#[test]
fn the_hash_of_a_request_is_pinned() {
	// A change here is a new version of the protocol: old evidence would no longer verify.
	let parts = [
		header().hash(),
		hash_body(b"question"),
		hash_chunks([&b"one"[..], b"two"]),
	];
	let digits: Vec<String> = parts.iter().map(|hash| hex::encode(&hash[..8])).collect();
	assert_eq!(digits, PINNED);
}

#[test]
fn every_part_of_the_header_is_signed() {
	let changes: [fn(&mut RequestHeader); 9] = [
		|header| header.network[0] ^= 1,
		|header| header.caller = LocalSigner::from_seed([3; 32]).hotkey(),
		|header| header.miner = LocalSigner::from_seed([3; 32]).hotkey(),
		|header| header.issued_at_ms += 1,
		|header| header.mechanism.push('x'),
		|header| header.version += 1,
		|header| header.nonce[31] ^= 1,
		|header| header.deadline_ms += 1,
		|header| header.body_hash[0] ^= 1,
	];
	for change in changes {
		let mut receipt = transcript().receipt;
		change(&mut receipt.request.header);
		assert!(
			matches!(receipt.verify(), Err(EvidenceError::Caller { .. })),
			"{:?}",
			receipt.request.header
		);
	}
}

#[test]
fn forged_signatures_are_found_out() {
	let thief = LocalSigner::from_seed([3; 32]);
	let honest = transcript().receipt;
	let by_thief = Receipt::sign(honest.request.clone(), honest.model_hash, honest.answer_hash, &thief);
	assert!(matches!(by_thief.verify(), Err(EvidenceError::Miner { .. })));
	let asked_by_thief = header().sign(&thief);
	let receipt = Receipt::sign(asked_by_thief, honest.model_hash, honest.answer_hash, &miner());
	assert!(matches!(receipt.verify(), Err(EvidenceError::Caller { .. })));
	let zeros = Receipt {
		signature: [0; SIGNATURE_BYTES],
		..honest
	};
	assert!(zeros.verify().is_err());
}

#[test]
fn swapped_parts_are_found_out() {
	let honest = transcript();
	// The two signatures of one receipt do not stand for each other.
	let mut swapped = honest.clone();
	std::mem::swap(&mut swapped.receipt.signature, &mut swapped.receipt.request.signature);
	assert!(swapped.verify().is_err());
	// Another answer of the same miner, an answer hash in the place of the model's.
	let mut other = header();
	other.nonce = [8; 32];
	let other = Receipt::sign(other.sign(&caller()), [5; 32], honest.receipt.answer_hash, &miner());
	let moved = Receipt {
		signature: other.signature,
		..honest.receipt.clone()
	};
	assert!(
		matches!(moved.verify(), Err(EvidenceError::Miner { .. })),
		"an answer moved to another question"
	);
	let crossed = Receipt {
		model_hash: honest.receipt.answer_hash,
		answer_hash: honest.receipt.model_hash,
		..honest.receipt.clone()
	};
	assert!(matches!(crossed.verify(), Err(EvidenceError::Miner { .. })));
}

#[test]
fn a_replay_has_the_name_of_the_original() {
	let (first, second) = (transcript(), transcript());
	// sr25519 signatures differ each time; the name of the evidence does not, so that a ledger counts it once.
	assert_ne!(first.receipt.signature, second.receipt.signature);
	assert_eq!(first.verify(), second.verify());
	let mut later = header();
	later.issued_at_ms += 1;
	assert_ne!(later.hash(), header().hash());
}

#[test]
fn truncated_moved_and_added_bytes_are_found_out() {
	let edits: [fn(&mut Transcript); 6] = [
		|transcript| transcript.chunks.truncate(1),
		|transcript| transcript.chunks.push(Vec::new()),
		|transcript| transcript.chunks.swap(0, 1),
		|transcript| transcript.chunks = vec![b"onetwo".to_vec()],
		|transcript| transcript.chunks = vec![b"onet".to_vec(), b"wo".to_vec()],
		|transcript| transcript.chunks[1].truncate(2),
	];
	for edit in edits {
		let mut edited = transcript();
		edit(&mut edited);
		assert_eq!(edited.verify(), Err(EvidenceError::Answer), "{:?}", edited.chunks);
	}
	let mut edited = transcript();
	edited.body.pop();
	assert_eq!(edited.verify(), Err(EvidenceError::Body));
	let bytes = transcript().encode();
	for length in 0..bytes.len() {
		assert!(Transcript::from_bytes(&bytes[..length]).is_err());
	}
	assert!(matches!(
		Receipt::from_bytes(&vec![0; MAX_RECEIPT_BYTES + 1]),
		Err(EvidenceError::TooLong { .. })
	));
}

proptest! {
	#[test]
	fn arbitrary_bytes_never_panic_and_never_verify(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
		if let Ok(receipt) = Receipt::from_bytes(&bytes) {
			prop_assert!(receipt.verify().is_err());
		}
		if let Ok(transcript) = Transcript::from_bytes(&bytes) {
			prop_assert!(transcript.verify().is_err());
		}
	}

	#[test]
	fn a_flipped_bit_never_verifies(position in any::<prop::sample::Index>(), bit in 0u8..8) {
		let honest = transcript().encode();
		let mut bytes = honest.clone();
		bytes[position.index(honest.len())] ^= 1 << bit;
		if let Ok(transcript) = Transcript::from_bytes(&bytes) {
			prop_assert!(transcript.verify().is_err());
		}
	}
}

const PINNED: [&str; 3] = ["e371f60b1f59510c", "f27ebf86054647e7", "e7aa5b07d30b40a2"];
