//! Calls between networks that mean well.

use std::{
	sync::{
		Arc,
		atomic::{AtomicUsize, Ordering},
	},
	time::Duration,
};

use neuron_net::{CallError, Closed, Identity, Limits, MAX_REQUEST_BODY_BYTES, Refusal, Request, Target, Transcript};
use tokio::sync::oneshot;

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_many_chunks_arrives_complete_and_in_order() {
	let book = Arc::new(Book::default());
	let caller = validator(&book, 3).await;
	let (miner, mut incoming) = start(Identity::generate(), &book, generous(), patient()).await;
	let handler = tokio::spawn(async move {
		let mut incoming = incoming.next().await.unwrap();
		assert_eq!(incoming.caller.uid, 3);
		assert_eq!(incoming.request, request("go"));
		for number in 0..2_000u32 {
			incoming
				.responder
				.send(number.to_le_bytes().repeat(1 + number as usize % 50))
				.await
				.unwrap();
		}
		incoming.responder.finish().await;
	});
	let answer = guarded(caller.call(target(&miner), request("go"), LONG)).await.unwrap();
	let (chunks, error) = guarded(collect(answer)).await;
	assert!(error.is_none(), "{error:?}");
	assert_eq!(chunks.len(), 2_000);
	for (number, chunk) in (0u32..).zip(&chunks) {
		assert_eq!(chunk, &number.to_le_bytes().repeat(1 + number as usize % 50));
	}
	handler.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_at_once_share_a_connection() {
	let book = Arc::new(Book::default());
	let caller = validator(&book, 0).await;
	let limits = Limits {
		incoming_queue: 256,
		..patient()
	};
	let (miner, incoming) = start(Identity::generate(), &book, generous(), limits).await;
	let _seen = spawn_echo(incoming);
	let calls = (0..128u32).map(|number| {
		let (caller, miner) = (caller.clone(), miner.clone());
		tokio::spawn(async move { expect_echo(&caller, &miner, &number.to_le_bytes()).await })
	});
	for call in calls.collect::<Vec<_>>() {
		call.await.unwrap();
	}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_of_a_connection_can_call() {
	let book = Arc::new(Book::default());
	let (left, right) = (Identity::generate(), Identity::generate());
	book.add(left.public_key(), 0, 0, true);
	book.add(right.public_key(), 1, 0, true);
	let (left, left_incoming) = start(left, &book, generous(), patient()).await;
	let (right, right_incoming) = start(right, &book, generous(), patient()).await;
	let _seen = (spawn_echo(left_incoming), spawn_echo(right_incoming));
	expect_echo(&left, &right, b"there").await;
	expect_echo(&right, &left, b"and back").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_request_passes_and_a_larger_one_is_not_sent() {
	let book = Arc::new(Book::default());
	let caller = validator(&book, 0).await;
	let (miner, incoming) = start(Identity::generate(), &book, generous(), patient()).await;
	let _seen = spawn_echo(incoming);
	expect_echo(&caller, &miner, &vec![9; MAX_REQUEST_BODY_BYTES]).await;
	let error = expect_error(&caller, &miner, &vec![9; MAX_REQUEST_BODY_BYTES + 1]).await;
	assert!(matches!(error, CallError::InvalidRequest(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_handlers_refusal_reaches_the_caller() {
	let book = Arc::new(Book::default());
	let caller = validator(&book, 0).await;
	let (miner, mut incoming) = start(Identity::generate(), &book, generous(), patient()).await;
	let refusal = Refusal::UnsupportedMechanism {
		requested: "test 1".into(),
		served: "text 1".into(),
	};
	let expected = refusal.clone();
	tokio::spawn(async move {
		incoming.next().await.unwrap().responder.refuse(refusal).await;
		let mut second = incoming.next().await.unwrap().responder;
		second.send(vec![1]).await.unwrap();
		second.refuse(Refusal::Failed("broke".into())).await;
		let mut third = incoming.next().await.unwrap().responder;
		third.accept().await.unwrap();
		drop(third);
		std::future::pending::<()>().await;
	});
	let error = expect_error(&caller, &miner, b"first").await;
	assert!(
		matches!(&error, CallError::Refused(refusal) if *refusal == expected),
		"{error}"
	);

	let answer = guarded(caller.call(target(&miner), request("second"), LONG))
		.await
		.unwrap();
	let (chunks, error) = guarded(collect(answer)).await;
	assert_eq!(chunks, [vec![1]]);
	assert!(
		matches!(&error, Some(CallError::Refused(Refusal::Failed(reason))) if reason == "broke"),
		"{error:?}"
	);

	let answer = guarded(caller.call(target(&miner), request("third"), LONG))
		.await
		.unwrap();
	let (_, error) = guarded(collect(answer)).await;
	assert!(
		matches!(&error, Some(CallError::Refused(Refusal::Failed(_)))),
		"{error:?}"
	);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_at_the_address_is_an_error() {
	let book = Arc::new(Book::default());
	let caller = validator(&book, 0).await;
	let (miner, incoming) = start(Identity::generate(), &book, generous(), patient()).await;
	let mut seen = spawn_echo(incoming);
	let expected = Identity::generate();
	let wrong = Target {
		hotkey: miner.hotkey(),
		public_key: expected.public_key(),
		addr: miner.local_addr(),
	};
	let error = guarded(caller.call(wrong, request("secret"), LONG)).await.unwrap_err();
	assert!(
		matches!(&error, CallError::WrongPeer { expected: named, .. } if *named == expected.peer_id()),
		"{error}"
	);
	expect_echo(&caller, &miner, b"right").await;
	assert_eq!(seen.recv().await.unwrap(), b"right");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn targets_that_are_not_there_are_errors() {
	let book = Arc::new(Book::default());
	let caller = validator(&book, 0).await;
	let free = std::net::TcpListener::bind(loopback()).unwrap().local_addr().unwrap();
	let public_key = Identity::generate().public_key();
	let gone = Target {
		hotkey: [0; 32],
		public_key,
		addr: free,
	};
	let error = guarded(caller.call(gone, request("x"), LONG)).await.unwrap_err();
	assert!(
		matches!(&error, CallError::Unreachable { addr, .. } if *addr == free),
		"{error}"
	);

	let own = Target {
		hotkey: caller.hotkey(),
		public_key: caller.public_key(),
		addr: caller.local_addr(),
	};
	let error = guarded(caller.call(own, request("x"), LONG)).await.unwrap_err();
	assert!(matches!(error, CallError::Unreachable { .. }), "{error}");

	let mut off_curve = [0; 32];
	off_curve[0] = 2;
	let error = guarded(caller.call(
		Target {
			hotkey: [0; 32],
			public_key: off_curve,
			addr: free,
		},
		request("x"),
		LONG,
	))
	.await
	.unwrap_err();
	assert!(matches!(error, CallError::InvalidKey { .. }), "{error}");

	// Takes the connection and says nothing.
	let silent = std::net::TcpListener::bind(loopback()).unwrap();
	let silent = Target {
		hotkey: [0; 32],
		public_key,
		addr: silent.local_addr().unwrap(),
	};
	let error = guarded(caller.call(silent, request("x"), Duration::from_millis(200)))
		.await
		.unwrap_err();
	assert!(
		matches!(error, CallError::DeadlinePassed { .. } | CallError::Unreachable { .. }),
		"{error}"
	);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_answer_cancels_the_work() {
	let book = Arc::new(Book::default());
	let caller = validator(&book, 0).await;
	let (miner, mut incoming) = start(Identity::generate(), &book, generous(), patient()).await;
	let handler = tokio::spawn(async move {
		let mut sending = incoming.next().await.unwrap().responder;
		while sending.send(vec![1]).await.is_ok() {}
		assert!(sending.is_closed());
		assert_eq!(sending.send(vec![1]).await, Err(Closed::Gone));
		let mut idle = incoming.next().await.unwrap().responder;
		idle.accept().await.unwrap();
		idle.closed().await;
		assert!(idle.is_closed());
		// Cancelled before it was accepted.
		incoming.next().await.unwrap().responder.closed().await;
	});
	let mut answer = guarded(caller.call(target(&miner), request("sending"), LONG))
		.await
		.unwrap();
	assert_eq!(answer.next().await.unwrap().unwrap(), [1]);
	drop(answer);
	drop(
		guarded(caller.call(target(&miner), request("idle"), LONG))
			.await
			.unwrap(),
	);
	let given_up = caller.call(target(&miner), request("never accepted"), Duration::from_millis(500));
	assert!(matches!(guarded(given_up).await, Err(CallError::DeadlinePassed { .. })));
	guarded(handler).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_ends_the_answer_on_either_side() {
	let book = Arc::new(Book::default());
	let caller = validator(&book, 0).await;
	let (miner, mut incoming) = start(Identity::generate(), &book, generous(), patient()).await;
	let handler = tokio::spawn(async move {
		for _ in 0..2 {
			let mut responder = incoming.next().await.unwrap().responder;
			responder.send(vec![1]).await.unwrap();
			responder.closed().await;
		}
	});
	// The miner's side: the caller would wait longer than its request says.
	let brief = Request {
		deadline_ms: 300,
		..request("brief")
	};
	let answer = guarded(caller.call(target(&miner), brief, LONG)).await.unwrap();
	let (_, error) = guarded(collect(answer)).await;
	assert!(
		matches!(&error, Some(CallError::Refused(Refusal::Failed(reason))) if reason.contains("300 ms")),
		"{error:?}"
	);
	// The caller's side. Where the machine is so slow that nothing comes at all, the call itself reports it.
	let error = match guarded(caller.call(target(&miner), request("slow"), Duration::from_secs(3))).await {
		Ok(answer) => guarded(collect(answer)).await.1,
		Err(error) => Some(error),
	};
	assert!(matches!(error, Some(CallError::DeadlinePassed { .. })), "{error:?}");
	guarded(handler).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_does_not_read_holds_the_miner_back() {
	const CHUNKS: usize = 2_000;
	const CHUNK_BYTES: usize = 16 << 10;
	/// Yamux lets 256 KiB pass unread; add the queue, the chunk being written and the one being offered.
	const MOST_AHEAD: usize = (256 << 10) / CHUNK_BYTES + 1 + 3;

	let book = Arc::new(Book::default());
	let caller = validator(&book, 0).await;
	let limits = Limits {
		answer_queue: 1,
		..patient()
	};
	let (miner, mut incoming) = start(Identity::generate(), &book, generous(), limits).await;
	let sent = Arc::new(AtomicUsize::new(0));
	let (stalled, stall) = oneshot::channel();
	let counter = Arc::clone(&sent);
	tokio::spawn(async move {
		let mut responder = incoming.next().await.unwrap().responder;
		let mut stalled = Some(stalled);
		for _ in 0..CHUNKS {
			let sending = responder.send(vec![3; CHUNK_BYTES]);
			tokio::pin!(sending);
			// A send that does not return for a while has hit the bound; if that is only a slow machine, then fewer
			// chunks are counted, which the test allows.
			if stalled.is_some()
				&& tokio::time::timeout(Duration::from_millis(700), &mut sending)
					.await
					.is_err()
			{
				stalled.take().unwrap().send(()).unwrap();
			}
			if stalled.is_none() {
				sending.await.unwrap();
			}
			counter.fetch_add(1, Ordering::SeqCst);
		}
		responder.finish().await;
		// Without back-pressure everything is sent by now.
		if let Some(stalled) = stalled {
			let _ = stalled.send(());
		}
	});
	let answer = guarded(caller.call(target(&miner), request("all"), LONG))
		.await
		.unwrap();
	guarded(stall).await.unwrap();
	let ahead = sent.load(Ordering::SeqCst);
	assert!(
		ahead <= MOST_AHEAD,
		"{ahead} chunks were sent to a caller that read none; at most {MOST_AHEAD} fit"
	);
	let (chunks, error) = guarded(collect(answer)).await;
	assert!(error.is_none(), "{error:?}");
	assert_eq!(chunks.len(), CHUNKS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transcript_of_a_call_is_evidence() {
	let book = Arc::new(Book::default());
	let caller = validator(&book, 0).await;
	let (miner, mut incoming) = start(Identity::generate(), &book, generous(), patient()).await;
	miner.set_model_hash([8; 32]);
	let handler = tokio::spawn(async move {
		let mut incoming = incoming.next().await.unwrap();
		incoming.responder.send(b"one".to_vec()).await.unwrap();
		incoming.responder.send(b"two".to_vec()).await.unwrap();
		incoming.responder.finish().await;
		incoming.signed
	});
	let mut answer = guarded(caller.call(target(&miner), request("question"), LONG))
		.await
		.unwrap();
	let mut chunks = Vec::new();
	while let Some(chunk) = guarded(answer.next()).await {
		assert!(answer.receipt().is_none(), "nothing is signed before the end");
		chunks.push(chunk.unwrap());
	}
	let receipt = answer.receipt().unwrap().clone();
	assert_eq!(receipt.model_hash, [8; 32]);
	assert_eq!(receipt.request.header.caller, caller.hotkey());
	assert_eq!(receipt.request.header.miner, miner.hotkey());
	// The miner holds the caller's half.
	assert_eq!(handler.await.unwrap(), receipt.request);
	let transcript = Transcript {
		receipt,
		body: b"question".to_vec(),
		chunks,
	};
	assert_eq!(transcript.verify(), Ok(transcript.receipt.request_hash()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_used_again_and_one_that_went_stale_is_replaced() {
	let book = Arc::new(Book::default());
	let caller = validator(&book, 0).await;
	// The miner gives a stream up long before the caller would.
	let limits = Limits {
		idle_timeout: Duration::from_millis(30),
		..patient()
	};
	let (miner, incoming) = start(Identity::generate(), &book, generous(), limits).await;
	let mut seen = spawn_echo(incoming);
	for number in 0..20u8 {
		expect_echo(&caller, &miner, &[number]).await;
		if number % 5 == 4 {
			tokio::time::sleep(Duration::from_millis(60)).await;
		}
		assert_eq!(seen.recv().await.unwrap(), [number], "each request is seen once");
	}
	assert!(seen.try_recv().is_err());
}
