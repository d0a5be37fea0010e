//! Peers that break the rules, through stream code that is not ours.

use std::{sync::Arc, time::Duration};

use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::Stream;
use neuron_net::{
	CallError, Handle, Identity, Limits, MAX_STRANGER_REFUSALS, Refusal, Request, Response,
	frame::{self, Frame as _},
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
	let whole = frame::encode(&request("never seen")).unwrap();

	let mut stream = raw.open(&miner).await;
	stream
		.write_all(&[8, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255])
		.await
		.unwrap();
	assert!(malformed(stream).await.contains("does not decode"));

	let mut stream = raw.reopen(&miner).await;
	stream.write_all(&u32::MAX.to_le_bytes()).await.unwrap();
	assert!(
		malformed(stream)
			.await
			.contains(&format!("at most {}", Request::MAX_BYTES))
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
		.write_all(&frame::encode(&request("x")).unwrap()[..9])
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
		.write_all(&frame::encode(&request("flood me")).unwrap())
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
		encode(&Response::Done),
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
