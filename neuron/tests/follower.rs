//! Following the chain through lost connections, and keeping the axon published.

mod fakes;

use std::sync::Arc;

use fakes::{FakeChain, Write, hotkey, snapshot};
use neuron::{
	chain_access::AccessError,
	directory::MetagraphDirectory,
	follower,
	publish::{self, Presence, Publisher},
};
use neuron_net::Directory;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn blocks_and_snapshots_come_through_lost_connections() {
	let chain = FakeChain::new(snapshot(10, 2));
	*chain.connections.lock().unwrap() = vec![
		vec![Ok(11), Ok(12)],
		vec![Ok(13), Err(AccessError::Unreachable("cut".into()))],
		vec![],
		vec![Ok(16)],
	];
	let stop = CancellationToken::new();
	let followed = follower::spawn(chain.clone(), 1, 5, snapshot(10, 2), stop.clone());
	chain.exhausted.notified().await;
	assert_eq!(*followed.block.borrow(), 16);
	assert_eq!(
		followed.snapshot.borrow().block,
		16,
		"five blocks have passed since the first look"
	);
	stop.cancel();
}

#[tokio::test]
async fn a_chain_that_starts_over_is_looked_at_anew() {
	let chain = FakeChain::new(snapshot(10, 2));
	*chain.connections.lock().unwrap() = vec![vec![Ok(1_000), Ok(3)]];
	let followed = follower::spawn(chain.clone(), 1, 50, snapshot(990, 2), CancellationToken::new());
	chain.exhausted.notified().await;
	assert_eq!((*followed.block.borrow(), followed.snapshot.borrow().block), (3, 3));
}

#[tokio::test]
async fn an_axon_is_published_only_where_the_chain_says_something_else() {
	let mut snapshot = snapshot(10, 3);
	let chain = FakeChain::new(snapshot.clone());
	let own = snapshot.metagraph.neurons[2].clone();
	let presence = Presence {
		addr: "127.0.0.1:4002".parse().unwrap(),
		certificate: own.certificate.clone().unwrap(),
	};
	let mut publisher = Publisher::new(chain.clone(), hotkey(2), presence.clone());
	publisher.publish(&snapshot).await.unwrap();
	assert_eq!(chain.writes(), [], "it was published already");

	snapshot.metagraph.neurons[2].axon = None;
	publisher.publish(&snapshot).await.unwrap();
	let mut moved = own.clone();
	moved.axon.as_mut().unwrap().port = 1;
	snapshot.metagraph.neurons[2] = moved;
	publisher.publish(&snapshot).await.unwrap();
	snapshot.metagraph.neurons[2] = own;
	snapshot.metagraph.neurons[2].certificate = None;
	publisher.publish(&snapshot).await.unwrap();
	let write = Write::Axon(presence.addr, presence.certificate);
	assert_eq!(chain.writes(), [write.clone(), write.clone(), write]);

	snapshot.metagraph.neurons.remove(2);
	publisher.publish(&snapshot).await.unwrap();
	assert_eq!(chain.writes().len(), 3, "a neuron without a place published its axon");
}

#[tokio::test]
async fn a_neuron_starts_where_its_axon_may_be_published_later_and_not_where_never() {
	let mut snapshot = snapshot(10, 2);
	snapshot.metagraph.neurons[1].axon = None;
	let chain = FakeChain::new(snapshot.clone());
	let presence = Presence {
		addr: "127.0.0.1:4001".parse().unwrap(),
		certificate: fakes::identity(1).certificate(),
	};
	let mut publisher = Publisher::new(chain.clone(), hotkey(1), presence);
	for passing in [
		AccessError::TooSoon("rate limit".into()),
		AccessError::Unreachable("gone".into()),
		AccessError::Uncertain("no block took it".into()),
		AccessError::NonceUsed("outdated".into()),
	] {
		chain.refusals.lock().unwrap().push(passing);
		publisher.publish_first(&snapshot).await.unwrap();
	}
	let refused = AccessError::Refused("no such address".into());
	chain.refusals.lock().unwrap().push(refused);
	let error = publisher.publish_first(&snapshot).await.unwrap_err();
	assert!(matches!(error, AccessError::Refused(_)), "{error}");
	publisher.publish_first(&snapshot).await.unwrap();
	assert_eq!(chain.writes().len(), 1);
}

#[tokio::test]
async fn a_publication_that_hangs_does_not_keep_newcomers_unknown() {
	let mut first = snapshot(10, 2);
	first.metagraph.neurons[1].axon = None;
	let chain = FakeChain::hanging(first.clone());
	let presence = Presence {
		addr: "127.0.0.1:4001".parse().unwrap(),
		certificate: fakes::identity(1).certificate(),
	};
	let publisher = Publisher::new(chain.clone(), hotkey(1), presence);
	let directory = Arc::new(MetagraphDirectory::new());
	let (sender, newest) = watch::channel(Arc::new(first));
	let known = tokio::spawn(publish::keep_directory(newest.clone(), directory.clone()));
	let published = tokio::spawn(publish::keep_published(newest, publisher));
	while chain.writes().is_empty() {
		tokio::task::yield_now().await;
	}
	assert!(directory.caller(&fakes::identity(2).public_key()).is_none());
	sender.send_replace(Arc::new(snapshot(15, 3)));
	// The end of the follower lets the directory take in what came last.
	drop(sender);
	known.await.unwrap();
	let newcomer = directory.caller(&fakes::identity(2).public_key());
	assert_eq!(newcomer.map(|caller| caller.uid), Some(2));
	assert!(!published.is_finished());
	published.abort();
}
