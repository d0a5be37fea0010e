//! Following the chain through lost connections, and keeping the axon published.

mod fakes;

use fakes::{FakeChain, Write, hotkey, snapshot};
use neuron::{
	chain_access::AccessError,
	follower,
	publish::{Presence, Publisher},
};
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
