//! Who is served.

use std::{sync::Arc, time::Duration};

use neuron_net::{AdmissionPolicy, CallError, Identity, Limits, MAX_REQUEST_BODY_BYTES, RateLimit, Refusal};

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_peer_is_refused_and_no_handler_sees_it() {
	let book = Arc::new(Book::default());
	let known = validator(&book, 0).await;
	let unknown = stranger(&book).await;
	let (miner, incoming) = start(Identity::generate(), &book, generous(), patient()).await;
	let mut seen = spawn_echo(incoming);
	// The second body is larger than what the transport takes unread: the refusal comes before it is sent.
	for body in [vec![1], vec![1; MAX_REQUEST_BODY_BYTES]] {
		let error = expect_error(&unknown, &miner, &body).await;
		assert!(matches!(error, CallError::Refused(Refusal::UnknownPeer)), "{error}");
	}
	expect_echo(&known, &miner, b"known").await;
	assert_eq!(
		seen.recv().await.unwrap(),
		b"known",
		"the first request that a handler sees"
	);

	// The directory is asked anew each time: a certificate that appears on chain is enough.
	book.add(unknown.public_key(), 1, 0, true);
	expect_echo(&unknown, &miner, b"known by now").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_permit_nor_stake_is_refused() {
	let book = Arc::new(Book::default());
	let policy = AdmissionPolicy {
		min_stake_rao: 1_000,
		..generous()
	};
	let (miner, incoming) = start(Identity::generate(), &book, policy, patient()).await;
	let mut seen = spawn_echo(incoming);
	let caller = stranger(&book).await;
	book.add(caller.public_key(), 0, 999, false);
	let error = expect_error(&caller, &miner, b"poor").await;
	assert!(
		matches!(
			error,
			CallError::Refused(Refusal::NotPermitted {
				stake_rao: 999,
				min_stake_rao: 1_000
			})
		),
		"{error}"
	);
	book.add(caller.public_key(), 0, 1_000, false);
	expect_echo(&caller, &miner, b"rich").await;
	assert_eq!(seen.recv().await.unwrap(), b"rich");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_over_the_rate_are_told_when_to_return() {
	let book = Arc::new(Book::default());
	let rate = RateLimit {
		burst: 2,
		refill: Duration::from_secs(3_600),
	};
	let (miner, incoming) = start(
		Identity::generate(),
		&book,
		AdmissionPolicy { rate, ..generous() },
		patient(),
	)
	.await;
	let _seen = spawn_echo(incoming);
	let (greedy, modest) = (validator(&book, 0).await, validator(&book, 1).await);
	expect_echo(&greedy, &miner, b"1").await;
	expect_echo(&greedy, &miner, b"2").await;
	let error = expect_error(&greedy, &miner, b"3").await;
	assert!(
		matches!(error, CallError::Refused(Refusal::RateLimited { retry_after_ms }) if (1..=3_600_000).contains(&retry_after_ms)),
		"{error}"
	);
	expect_echo(&modest, &miner, b"another hotkey").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_are_bounded_per_hotkey_and_in_all() {
	let book = Arc::new(Book::default());
	let policy = AdmissionPolicy {
		max_concurrent_per_hotkey: 1,
		max_in_flight: 2,
		..generous()
	};
	let (miner, mut incoming) = start(Identity::generate(), &book, policy, patient()).await;
	tokio::spawn(async move {
		while let Some(mut incoming) = incoming.next().await {
			tokio::spawn(async move {
				incoming.responder.send(b"working".to_vec()).await.unwrap();
				if incoming.request.body == b"hold" {
					incoming.responder.closed().await;
				} else {
					incoming.responder.finish().await;
				}
			});
		}
	});
	let callers = [
		validator(&book, 0).await,
		validator(&book, 1).await,
		validator(&book, 2).await,
	];
	let busy = |error: &CallError| matches!(error, CallError::Refused(Refusal::Busy { retry_after_ms: 1.. }));
	let first = guarded(callers[0].call(target(&miner), request("hold"), LONG))
		.await
		.unwrap();
	let error = expect_error(&callers[0], &miner, b"hold").await;
	assert!(busy(&error), "a second one of the same hotkey: {error}");
	let _second = guarded(callers[1].call(target(&miner), request("hold"), LONG))
		.await
		.unwrap();
	let error = expect_error(&callers[2], &miner, b"quick").await;
	assert!(busy(&error), "a third one in all: {error}");

	drop(first);
	// The cancellation travels on its own stream: the slot is free once it has arrived.
	let answer = guarded(async {
		loop {
			match callers[2].call(target(&miner), request("quick"), LONG).await {
				Ok(answer) => return answer,
				Err(error) => assert!(busy(&error), "{error}"),
			}
		}
	})
	.await;
	let (chunks, error) = guarded(collect(answer)).await;
	assert!(
		error.is_none() && chunks == [b"working".to_vec()],
		"{chunks:?} {error:?}"
	);
	// An answer that ended has freed its slot before its end is seen.
	for _ in 0..50 {
		let answer = guarded(callers[2].call(target(&miner), request("quick"), LONG))
			.await
			.unwrap();
		assert!(guarded(collect(answer)).await.1.is_none());
	}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_nobody_takes_are_bounded() {
	let book = Arc::new(Book::default());
	let limits = Limits {
		incoming_queue: 1,
		..patient()
	};
	let (miner, _incoming) = start(Identity::generate(), &book, generous(), limits).await;
	let caller = validator(&book, 0).await;
	let calls = (0..2).map(|_| Box::pin(caller.call(target(&miner), request("x"), LONG)));
	let (first, _, _) = guarded(futures::future::select_all(calls)).await;
	assert!(
		matches!(first, Err(CallError::Refused(Refusal::Busy { .. }))),
		"the other one waits in the queue"
	);
}
