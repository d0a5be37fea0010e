//! How a network starts and ends.

use std::{sync::Arc, time::Duration};

use neuron_net::{CallError, Config, Directory, Identity, Limits, NetError, Network, Refusal};

use crate::support::*;

fn directory(book: &Arc<Book>) -> Arc<dyn Directory> {
	Arc::clone(book) as Arc<dyn Directory>
}

fn at(listen: std::net::SocketAddr, identity: Identity) -> Config {
	Config {
		listen,
		..config(identity)
	}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_named_with_a_remedy() {
	let book = Arc::new(Book::default());
	let (first, _incoming) = start(Identity::generate(), &book, generous(), patient()).await;
	let other = std::net::TcpListener::bind(loopback()).unwrap();
	for taken in [first.local_addr(), other.local_addr().unwrap()] {
		let error = Network::start(at(taken, Identity::generate()), directory(&book))
			.await
			.unwrap_err();
		assert!(
			matches!(error, NetError::PortTaken { addr } if addr == taken),
			"{error}"
		);
		let text = error.to_string();
		assert!(
			text.contains(&taken.to_string()) && text.contains("another port"),
			"{text}"
		);
	}
	// An address of a range that is kept for documentation is on no machine.
	let foreign = "203.0.113.7:4000".parse().unwrap();
	let error = Network::start(at(foreign, Identity::generate()), directory(&book))
		.await
		.unwrap_err();
	assert!(
		matches!(error, NetError::Listen { addr, .. } if addr == foreign),
		"{error}"
	);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_out_of_range_do_not_start() {
	let book = Arc::new(Book::default());
	let mut config = config(Identity::generate());
	config.limits.max_streams = 0;
	let error = Network::start(config.clone(), directory(&book)).await.unwrap_err();
	assert!(error.to_string().contains("max_streams"), "{error}");
	config.limits = Limits::default();
	config.admission.max_in_flight = 0;
	let error = Network::start(config, directory(&book)).await.unwrap_err();
	assert!(error.to_string().contains("max_in_flight"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_lets_answers_finish_and_frees_the_port() {
	let book = Arc::new(Book::default());
	let caller = validator(&book, 0).await;
	let limits = Limits {
		shutdown_grace: LONG,
		..patient()
	};
	let identity = Identity::generate();
	let (miner, mut incoming) = start(identity.clone(), &book, generous(), limits).await;
	let peer = target(&miner);
	let mut answer = {
		let calling = caller.call(peer.clone(), request("long"), LONG);
		let serving = async {
			let mut responder = incoming.next().await.unwrap().responder;
			responder.send(vec![1]).await.unwrap();
			responder
		};
		let (answer, mut responder) = guarded(futures::future::join(calling, serving)).await;
		let stopping = tokio::spawn(miner.clone().shutdown());
		// A request that comes while the last answers finish is told why it is not served.
		let error = guarded(async {
			loop {
				match caller
					.call(peer.clone(), request("late"), Duration::from_millis(500))
					.await
				{
					Err(CallError::DeadlinePassed { .. }) => {}
					Err(error) => return error,
					Ok(_) => panic!("nobody accepts this request"),
				}
			}
		})
		.await;
		assert!(
			matches!(&error, CallError::Refused(Refusal::Failed(reason)) if reason.contains("shutting down")),
			"{error}"
		);
		assert!(!stopping.is_finished());
		responder.send(vec![2]).await.unwrap();
		responder.finish().await;
		guarded(stopping).await.unwrap();
		answer.unwrap()
	};
	assert_eq!(guarded(answer.next()).await.unwrap().unwrap(), [1]);
	assert_eq!(guarded(answer.next()).await.unwrap().unwrap(), [2]);
	assert!(guarded(answer.next()).await.is_none());
	// What was taken before the end and given up by its caller is still in the queue; then it ends.
	while let Some(stale) = guarded(incoming.next()).await {
		assert!(stale.responder.is_closed());
	}
	assert!(matches!(
		miner.call(peer.clone(), request("x"), LONG).await,
		Err(CallError::ShutDown)
	));
	guarded(miner.clone().shutdown()).await;

	let again = at(peer.addr, identity);
	let (again, incoming) = Network::start(again, directory(&book)).await.unwrap();
	let _seen = spawn_echo(incoming);
	expect_echo(&caller, &again, b"back again").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_cuts_short_what_outlives_the_grace() {
	let book = Arc::new(Book::default());
	let caller = validator(&book, 0).await;
	let limits = Limits {
		shutdown_grace: Duration::from_millis(50),
		..patient()
	};
	let (miner, mut incoming) = start(Identity::generate(), &book, generous(), limits).await;
	let handler = tokio::spawn(async move {
		let mut responder = incoming.next().await.unwrap().responder;
		responder.send(vec![1]).await.unwrap();
		responder.closed().await;
	});
	let answer = guarded(caller.call(target(&miner), request("endless"), LONG))
		.await
		.unwrap();
	guarded(miner.shutdown()).await;
	guarded(handler).await.unwrap();
	let (_, error) = guarded(collect(answer)).await;
	assert!(
		matches!(&error, Some(CallError::Refused(Refusal::Failed(reason))) if reason.contains("shutting down")),
		"{error:?}"
	);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_closes_and_the_next_call_dials_again() {
	let book = Arc::new(Book::default());
	let limits = Limits {
		idle_timeout: Duration::from_millis(50),
		..patient()
	};
	let (miner, incoming) = start(Identity::generate(), &book, generous(), limits).await;
	let _seen = spawn_echo(incoming);
	let mut raw = RawPeer::start().await;
	raw.connect(&miner);
	guarded(raw.closed.recv()).await.expect("the miner closes what is idle");
	let caller = validator(&book, 0).await;
	for number in 0..5u8 {
		expect_echo(&caller, &miner, &[number]).await;
		tokio::time::sleep(Duration::from_millis(70)).await;
	}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_ends_once_nobody_holds_it() {
	let book = Arc::new(Book::default());
	let (miner, incoming) = start(Identity::generate(), &book, generous(), patient()).await;
	let addr = miner.local_addr();
	drop((miner, incoming));
	guarded(async {
		while std::net::TcpStream::connect(addr).is_ok() {
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
	})
	.await;
}
