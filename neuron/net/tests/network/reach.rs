//! Miners that are not where the chain says: behind a relay, or moved.

use std::sync::Arc;

use neuron_net::{
	CallError, Config, External, Handle, Identity, Incoming, MAX_REQUEST_BODY_BYTES, Network, Reach, RelayAt, Target,
};

use crate::support::*;

async fn begin(config: Config, book: &Arc<Book>) -> (Handle, Incoming) {
	Network::start(config, Arc::clone(book) as _).await.unwrap()
}

async fn relay(book: &Arc<Book>, uid: u16) -> Handle {
	let identity = Identity::generate();
	book.add(identity.public_key(), uid, 0, true);
	let config = Config {
		relay: true,
		..config(identity)
	};
	begin(config, book).await.0
}

/// A miner that vouches for no address of its own and wants to be reached through a relay.
async fn behind(relay: &Handle, book: &Arc<Book>, identity: Identity) -> (Handle, Incoming) {
	let config = Config {
		external: External::Unknown,
		relays: vec![RelayAt {
			public_key: relay.public_key(),
			addr: relay.local_addr(),
		}],
		..config(identity)
	};
	begin(config, book).await
}

/// Waits until what is known of a node's reach fits.
async fn until(handle: &Handle, fits: impl Fn(&Reach) -> bool) -> Reach {
	let mut reach = handle.reach();
	guarded(reach.wait_for(|reach| fits(reach))).await.unwrap().clone()
}

/// The miner as the chain shows it where it publishes its relay's address.
fn through(miner: &Handle, relay: &Handle) -> Target {
	Target {
		addr: relay.local_addr(),
		..target(miner)
	}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_miner_without_an_open_port_is_called_at_its_relays_address() {
	let book = Arc::new(Book::default());
	let relay = relay(&book, 0).await;
	let caller = validator(&book, 1).await;
	let identity = Identity::generate();
	book.add(identity.public_key(), 2, 0, true);
	let (miner, incoming) = behind(&relay, &book, identity).await;
	let _seen = spawn_echo(incoming);
	let reach = until(&miner, |reach| !reach.relayed.is_empty()).await;
	assert!(reach.relayed.iter().all(|address| address.contains("p2p-circuit")));

	// More than libp2p's own limit of a relayed connection, which is 128 KiB.
	for body in [&b"small"[..], &vec![5; MAX_REQUEST_BODY_BYTES]] {
		let answer = guarded(caller.call(through(&miner, &relay), request(body), LONG))
			.await
			.unwrap();
		let (chunks, error) = guarded(collect(answer)).await;
		assert!(error.is_none() && chunks == [body.to_vec()], "{error:?}");
	}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_gives_no_place_to_strangers_until_the_chain_knows_them() {
	let book = Arc::new(Book::default());
	let relay = relay(&book, 0).await;
	let identity = Identity::generate();
	let public_key = identity.public_key();
	let (miner, incoming) = behind(&relay, &book, identity).await;
	let _seen = spawn_echo(incoming);
	until(&miner, |reach| !reach.refused.is_empty()).await;
	let caller = validator(&book, 1).await;
	let error = guarded(caller.call(through(&miner, &relay), request("x"), LONG))
		.await
		.unwrap_err();
	assert!(
		matches!(error, CallError::WrongPeer { .. }),
		"nobody is behind the relay yet: {error}"
	);
	// It asks again, and has its place once its certificate is on chain.
	book.add(public_key, 2, 0, true);
	until(&miner, |reach| !reach.relayed.is_empty()).await;
	let answer = guarded(caller.call(through(&miner, &relay), request("x"), LONG))
		.await
		.unwrap();
	assert!(guarded(collect(answer)).await.1.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_miner_that_has_moved_is_found_in_the_table() {
	let book = Arc::new(Book::default());
	let third = validator(&book, 0).await;
	let caller = validator(&book, 1).await;
	let identity = Identity::generate();
	book.add(identity.public_key(), 2, 0, true);
	let (miner, incoming) = begin(config(identity), &book).await;
	let _seen = spawn_echo(incoming);
	let introduction = (third.public_key(), third.local_addr());
	miner.introduce([introduction]).await;
	caller.introduce([introduction]).await;
	let old = std::net::TcpListener::bind(loopback()).unwrap().local_addr().unwrap();
	let moved = Target {
		addr: old,
		..target(&miner)
	};
	// The record takes a moment to get to the third one.
	let answer = guarded(async {
		loop {
			match caller.call(moved.clone(), request("found"), LONG).await {
				Ok(answer) => return answer,
				Err(error) => assert!(
					matches!(&error, CallError::Unreachable { addr, .. } if *addr == old),
					"{error}"
				),
			}
			tokio::time::sleep(std::time::Duration::from_millis(50)).await;
		}
	})
	.await;
	assert!(guarded(collect(answer)).await.1.is_none());
}
