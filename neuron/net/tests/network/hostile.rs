//! Peers that break the rules, through stream code that is not ours.

use std::{sync::Arc, time::Duration};

use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::Stream;
use neuron_net::{
	Call, CallError, Config, Handle, Identity, Limits, MAX_STRANGER_REFUSALS, Network, PROTOCOL, RETIRED_PROTOCOLS,
	Refusal, Response, Signer as _,
	evidence::{EvidenceError, Receipt},
	frame::{self, Frame as _},
	system_clock,
};

use crate::support::*;

/// The only frame that the miner sends before it ends the stream.
async fn sole_response(mut stream: Stream) -> Response {
	let mut bytes = Vec::new();
	// A reset after the frame is as good as an end.
	let _ = guarded(stream.read_to_end(&mut bytes)).await;
	let (response, used) = frame::decode(&bytes)
		.unwrap()
		.expect("the miner answers with a whole frame");
	assert_eq!(used, bytes.len());
	response
}

async fn malformed(stream: Stream) -> String {
	match sole_response(stream).await {
		Response::Refused(Refusal::Malformed(reason)) => reason,
		other => panic!("expected a refusal of a malformed request, got {other:?}"),
	}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_requests_are_refused_and_others_are_served() {
	let book = Arc::new(Book::default());
	let honest = validator(&book, 0).await;
	let (miner, incoming) = start(Identity::generate(), &book, generous(), patient()).await;
	let mut seen = spawn_echo(incoming);
	let mut raw = RawPeer::start().await;
	book.add(raw.public_key, 1, 0, true);
	let whole = frame::encode(&signed(&raw.public_key, &miner, request("never seen"))).unwrap();

	let mut stream = raw.open(&miner).await;
	stream
		.write_all(&[&[80, 0, 0, 0][..], &[255; 80]].concat())
		.await
		.unwrap();
	assert!(malformed(stream).await.contains("does not decode"));

	let mut stream = raw.reopen(&miner).await;
	stream.write_all(&u32::MAX.to_le_bytes()).await.unwrap();
	assert!(
		malformed(stream)
			.await
			.contains(&format!("at most {}", Call::MAX_BYTES))
	);

	let mut stream = raw.reopen(&miner).await;
	stream.write_all(&whole[..whole.len() - 1]).await.unwrap();
	stream.close().await.unwrap();
	assert!(malformed(stream).await.contains("ends after"));

	let mut stream = raw.reopen(&miner).await;
	stream.close().await.unwrap();
	assert!(malformed(stream).await.contains("before a request came"));

	let mut stream = raw.reopen(&miner).await;
	stream.write_all(&[whole.clone(), vec![0]].concat()).await.unwrap();
	assert!(malformed(stream).await.contains("one request"));

	expect_echo(&honest, &miner, b"honest").await;
	assert_eq!(
		seen.recv().await.unwrap(),
		b"honest",
		"no malformed request reached the handler"
	);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_sends_nothing_is_given_up() {
	let book = Arc::new(Book::default());
	let limits = Limits {
		request_timeout: Duration::from_millis(200),
		..patient()
	};
	let (miner, incoming) = start(Identity::generate(), &book, generous(), limits).await;
	let _seen = spawn_echo(incoming);
	let mut raw = RawPeer::start().await;
	book.add(raw.public_key, 1, 0, true);
	let silent = raw.open(&miner).await;
	assert!(
		malformed(silent)
			.await
			.contains("no complete request came within 200 ms")
	);
	let mut halting = raw.reopen(&miner).await;
	halting
		.write_all(&frame::encode(&signed(&raw.public_key, &miner, request("x"))).unwrap()[..9])
		.await
		.unwrap();
	assert!(
		malformed(halting)
			.await
			.contains("no complete request came within 200 ms")
	);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_peer_is_refused_unread_and_loses_its_connection() {
	let book = Arc::new(Book::default());
	let (miner, _incoming) = start(Identity::generate(), &book, generous(), patient()).await;
	let mut raw = RawPeer::start().await;
	raw.connect(&miner);
	for _ in 0..MAX_STRANGER_REFUSALS {
		// Not a byte is sent on the stream: the refusal does not wait for any.
		let stream = raw.reopen(&miner).await;
		assert_eq!(sole_response(stream).await, Response::Refused(Refusal::UnknownPeer));
	}
	guarded(raw.closed.recv())
		.await
		.expect("the miner closes the connection");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_of_unknown_peers_leave_room_for_known_ones() {
	let book = Arc::new(Book::default());
	let limits = Limits {
		max_stranger_connections: 1,
		..patient()
	};
	let (miner, incoming) = start(Identity::generate(), &book, generous(), limits).await;
	let _seen = spawn_echo(incoming);
	let known = validator(&book, 0).await;
	let mut first = RawPeer::start().await;
	assert_eq!(
		sole_response(first.open(&miner).await).await,
		Response::Refused(Refusal::UnknownPeer)
	);
	let mut second = RawPeer::start().await;
	second.connect(&miner);
	guarded(second.closed.recv())
		.await
		.expect("the second unknown peer is turned away");
	expect_echo(&known, &miner, b"known").await;
	assert!(first.closed.try_recv().is_err(), "the first one stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_never_reads_is_dropped_while_others_are_served() {
	let book = Arc::new(Book::default());
	let honest = validator(&book, 0).await;
	let limits = Limits {
		write_timeout: Duration::from_millis(300),
		..patient()
	};
	let (miner, mut incoming) = start(Identity::generate(), &book, generous(), limits).await;
	let (flooding, flooded) = tokio::sync::oneshot::channel();
	let (dropped, report) = tokio::sync::oneshot::channel();
	tokio::spawn(async move {
		let (mut flooding, mut dropped) = (Some(flooding), Some(dropped));
		while let Some(mut incoming) = incoming.next().await {
			if incoming.caller.uid == 1 {
				let (flooding, dropped) = (flooding.take().unwrap(), dropped.take().unwrap());
				tokio::spawn(async move {
					incoming.responder.send(vec![0; 64 << 10]).await.unwrap();
					flooding.send(()).unwrap();
					while incoming.responder.send(vec![0; 64 << 10]).await.is_ok() {}
					dropped.send(()).unwrap();
				});
			} else {
				incoming.responder.send(incoming.request.body).await.unwrap();
				incoming.responder.finish().await;
			}
		}
	});
	let mut raw = RawPeer::start().await;
	book.add(raw.public_key, 1, 0, true);
	let mut unread = raw.open(&miner).await;
	unread
		.write_all(&frame::encode(&signed(&raw.public_key, &miner, request("flood me"))).unwrap())
		.await
		.unwrap();
	unread.flush().await.unwrap();
	guarded(flooded).await.unwrap();
	expect_echo(&honest, &miner, b"meanwhile").await;
	guarded(report).await.expect("the miner gives the caller up");
	expect_echo(&honest, &miner, b"afterwards").await;
	drop(unread);
}

/// Calls a peer that answers every stream with these bytes, and returns how that ends.
async fn call_liar(caller: &Handle, bytes: Vec<u8>) -> CallError {
	let mut liar = RawPeer::start().await;
	let mut streams = liar.accept();
	tokio::spawn(async move {
		while let Some((_, mut stream)) = streams.next().await {
			let bytes = bytes.clone();
			tokio::spawn(async move {
				let _ = stream.write_all(&bytes).await;
				let _ = stream.close().await;
				// What the caller sends is taken, so that only the bytes above decide.
				let _ = stream.read_to_end(&mut Vec::new()).await;
			});
		}
	});
	match guarded(caller.call(liar.target(), request("honest"), LONG)).await {
		Ok(answer) => guarded(collect(answer)).await.1.expect("the answer should have failed"),
		Err(error) => error,
	}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_miner_that_breaks_the_protocol_costs_its_caller_an_error() {
	let book = Arc::new(Book::default());
	let caller = validator(&book, 0).await;
	let encode = |response: &Response| frame::encode(response).unwrap();
	let accepted = encode(&Response::Accepted { nonce: [42; 32] });
	let protocol = [
		u32::MAX.to_le_bytes().to_vec(),
		vec![1, 0, 0, 0, 77],
		encode(&Response::Accepted { nonce: [0; 32] }),
		encode(&Response::Chunk(vec![1])),
		encode(&Response::Done {
			model_hash: [0; 32],
			signature: [0; 64],
		}),
		[accepted.clone(), accepted.clone()].concat(),
		[accepted.clone(), vec![2, 0, 0, 0, 2, 9]].concat(),
	];
	for bytes in protocol {
		let error = call_liar(&caller, bytes.clone()).await;
		assert!(matches!(error, CallError::Protocol(_)), "{bytes:?}: {error}");
	}
	let chunk = encode(&Response::Chunk(vec![1; 100]));
	let broken = [
		vec![],
		accepted[..10].to_vec(),
		accepted.clone(),
		[&accepted[..], &chunk[..50]].concat(),
	];
	for bytes in broken {
		let error = call_liar(&caller, bytes.clone()).await;
		assert!(matches!(error, CallError::Broken(_)), "{bytes:?}: {error}");
	}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_without_the_protocol_is_an_error() {
	let book = Arc::new(Book::default());
	let caller = validator(&book, 0).await;
	let foreign = RawPeer::start().await;
	let error = guarded(caller.call(foreign.target(), request("x"), LONG))
		.await
		.unwrap_err();
	assert!(
		matches!(&error, CallError::Unsupported { addr } if *addr == foreign.addr),
		"{error}"
	);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_its_hotkey_has_not_signed_reaches_no_handler() {
	let book = Arc::new(Book::default());
	let honest = validator(&book, 0).await;
	let (miner, incoming) = start(Identity::generate(), &book, generous(), patient()).await;
	let (other, _other) = start(Identity::generate(), &book, generous(), patient()).await;
	let mut seen = spawn_echo(incoming);
	let mut raw = RawPeer::start().await;
	book.add(raw.public_key, 1, 0, true);
	let honest_call = signed(&raw.public_key, &miner, request("x"));
	let somebody_else = Identity::generate().public_key();
	let forged = [
		("by another hotkey", signed(&somebody_else, &miner, request("x"))),
		("for another miner", signed(&raw.public_key, &other, request("x"))),
		(
			"about another body",
			Call {
				request: request("y"),
				..honest_call.clone()
			},
		),
		(
			"at another time",
			Call {
				issued_at_ms: honest_call.issued_at_ms + 1,
				..honest_call.clone()
			},
		),
		(
			"not at all",
			Call {
				signature: [0; 64],
				..honest_call.clone()
			},
		),
	];
	let mut stream = raw.open(&miner).await;
	for (how, call) in forged {
		stream.write_all(&frame::encode(&call).unwrap()).await.unwrap();
		assert_eq!(
			sole_response(stream).await,
			Response::Refused(Refusal::Forged),
			"signed {how}"
		);
		stream = raw.reopen(&miner).await;
	}
	drop(stream);
	expect_echo(&honest, &miner, b"honest").await;
	assert_eq!(seen.recv().await.unwrap(), b"honest");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_off_is_named() {
	let book = Arc::new(Book::default());
	let identity = Identity::generate();
	book.add(identity.public_key(), 0, 0, true);
	let ahead = Config {
		clock: Arc::new(|| system_clock()() + 3_600_000),
		..config(identity)
	};
	let (caller, _) = Network::start(ahead, Arc::clone(&book) as _).await.unwrap();
	let (miner, incoming) = start(Identity::generate(), &book, generous(), patient()).await;
	let _seen = spawn_echo(incoming);
	let error = expect_error(&caller, &miner, b"from the future").await;
	assert!(
		matches!(error, CallError::Refused(Refusal::Skewed { issued_at_ms, now_ms, .. }) if issued_at_ms > now_ms),
		"{error}"
	);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_the_miner_has_not_signed_is_worth_nothing() {
	let book = Arc::new(Book::default());
	let caller = validator(&book, 0).await;
	let mut liar = RawPeer::start().await;
	let (thief, own) = (hotkey(&[9; 32]), hotkey(&liar.public_key));
	let mut streams = liar.accept();
	tokio::spawn(async move {
		for round in 0..3 {
			let (_, mut stream) = streams.next().await.unwrap();
			let mut bytes = vec![0; 4];
			stream.read_exact(&mut bytes).await.unwrap();
			let length = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
			bytes.resize(4 + length as usize, 0);
			stream.read_exact(&mut bytes[4..]).await.unwrap();
			let (call, _) = frame::decode::<Call>(&bytes).unwrap().unwrap();
			// A signature by somebody else; one about another answer; and a receipt of its own for a question of its own.
			let signer = if round == 0 { &thief } else { &own };
			let header = neuron_net::evidence::RequestHeader {
				network: [0; 32],
				caller: own.hotkey(),
				miner: own.hotkey(),
				issued_at_ms: call.issued_at_ms,
				mechanism: call.request.mechanism.clone(),
				version: 1,
				nonce: call.request.nonce,
				deadline_ms: 1,
				body_hash: [0; 32],
			};
			let receipt = Receipt::sign(header.sign(&*own), [round; 32], [round; 32], &**signer);
			let frames = [
				Response::Accepted { nonce: [42; 32] },
				Response::Chunk(b"lie".to_vec()),
				Response::Done {
					model_hash: receipt.model_hash,
					signature: receipt.signature,
				},
			];
			for response in frames {
				stream.write_all(&frame::encode(&response).unwrap()).await.unwrap();
			}
			stream.flush().await.unwrap();
			tokio::spawn(async move { stream.read_to_end(&mut Vec::new()).await });
		}
	});
	for _ in 0..3 {
		let answer = guarded(caller.call(liar.target(), request("honest"), LONG))
			.await
			.unwrap();
		let (chunks, error) = guarded(collect(answer)).await;
		assert_eq!(chunks, [b"lie".to_vec()]);
		assert!(
			matches!(error, Some(CallError::Evidence(EvidenceError::Miner { .. }))),
			"{error:?}"
		);
	}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_of_the_past_are_named_on_either_side() {
	let book = Arc::new(Book::default());
	let caller = validator(&book, 0).await;
	let (miner, _incoming) = start(Identity::generate(), &book, generous(), patient()).await;
	let mut old = RawPeer::start().await;
	old.connect(&miner);
	let reason = malformed(old.open_as(&miner, RETIRED_PROTOCOLS[0]).await).await;
	assert!(
		reason.contains(PROTOCOL) && reason.contains(RETIRED_PROTOCOLS[0]),
		"{reason}"
	);
	let _streams = old.accept_as(RETIRED_PROTOCOLS[0]);
	let error = guarded(caller.call(old.target(), request("x"), LONG))
		.await
		.unwrap_err();
	assert!(
		matches!(&error, CallError::Outdated { theirs, .. } if theirs == RETIRED_PROTOCOLS[0]),
		"{error}"
	);
}
