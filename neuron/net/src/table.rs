//! The network's table: where a neuron is, said by itself.
//!
//! The chain has one address a neuron, and writing it costs a transaction. What changes more often, or does not fit an
//! axon (a relay's circuit, several addresses, QUIC), a neuron signs with its peer key and puts into a Kademlia table
//! that the subnet's neurons keep together. The key of a record is the peer's id, which is its public key; a record that
//! this key has not signed, or whose key the chain does not know, is not stored and not believed. So the table can
//! withhold an address, and it cannot forge one; and whoever answers there has to prove the key anyway.

use std::time::Duration;

use libp2p::{
	Multiaddr, PeerId, StreamProtocol,
	core::{PeerRecord, SignedEnvelope},
	identity::Keypair,
	kad::{
		self, BucketInserts, Record, RecordKey, StoreInserts,
		store::{MemoryStore, MemoryStoreConfig, RecordStore as _},
	},
	multiaddr::Protocol,
};

/// Name of the table's protocol.
const PROTOCOL: StreamProtocol = StreamProtocol::new("/ganglion/kad/1");
/// What the key of a record begins with.
const KEY_PREFIX: &[u8] = b"/ganglion/peer/";
/// Most addresses that one record has; the rest is not read.
pub(crate) const MAX_ADDRESSES: usize = 8;
/// Largest record.
const MAX_RECORD_BYTES: usize = 2 << 10;
/// Most records of others that a neuron keeps: one for each neuron of a few large subnets.
const MAX_RECORDS: usize = 4096;
/// Largest message of the protocol: the closest peers with their addresses.
const MAX_PACKET_BYTES: usize = 16 << 10;
/// How long a search may take.
const QUERY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a record lasts; its owner renews it well before.
const RECORD_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// Time between two renewals.
pub(crate) const RENEWAL: Duration = Duration::from_secs(10 * 60);

/// The table as this neuron takes part in it.
pub(crate) fn behaviour(peer: PeerId) -> kad::Behaviour<MemoryStore> {
	let mut config = kad::Config::new(PROTOCOL);
	config
		.set_query_timeout(QUERY_TIMEOUT)
		.set_max_packet_size(MAX_PACKET_BYTES)
		.set_record_ttl(Some(RECORD_LIFETIME))
		// Each neuron renews its own record: others need not carry it around.
		.set_replication_interval(None)
		.set_publication_interval(None)
		.set_provider_publication_interval(None)
		.set_record_filtering(StoreInserts::FilterBoth)
		// Peers come from the chain, so that strangers cannot crowd a neuron's view of the network.
		.set_kbucket_inserts(BucketInserts::Manual)
		.set_periodic_bootstrap_interval(None);
	let store = MemoryStoreConfig {
		max_records: MAX_RECORDS,
		max_value_bytes: MAX_RECORD_BYTES,
		max_provided_keys: 1,
		max_providers_per_key: 1,
	};
	kad::Behaviour::with_config(peer, MemoryStore::with_config(peer, store), config)
}

/// The key of a peer's record.
pub(crate) fn key_of(peer: &PeerId) -> RecordKey {
	RecordKey::new(&[KEY_PREFIX, &peer.to_bytes()].concat())
}

/// A record that says where its owner is; `None` where it cannot be signed or does not fit.
pub(crate) fn record(keypair: &Keypair, addresses: Vec<Multiaddr>) -> Option<Record> {
	let addresses = addresses.into_iter().take(MAX_ADDRESSES).collect();
	let signed = PeerRecord::new_interop(keypair, addresses).ok()?;
	let value = signed.into_signed_envelope().into_protobuf_encoding();
	(value.len() <= MAX_RECORD_BYTES).then(|| Record::new(key_of(&keypair.public().to_peer_id()), value))
}

/// What a record says, if its owner has signed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Whereabouts {
	/// Whose record it is.
	pub(crate) peer: PeerId,
	/// Grows from record to record of one peer.
	pub(crate) sequence: u64,
	/// Where it says it is.
	pub(crate) addresses: Vec<Multiaddr>,
}

/// Reads a record and checks that the peer that its key names has signed it.
pub(crate) fn read(record: &Record) -> Option<Whereabouts> {
	let whereabouts = read_value(&record.value)?;
	(key_of(&whereabouts.peer) == record.key).then_some(whereabouts)
}

/// Reads a record's value and checks its signature.
pub(crate) fn read_value(value: &[u8]) -> Option<Whereabouts> {
	if value.len() > MAX_RECORD_BYTES {
		return None;
	}
	let envelope = SignedEnvelope::from_protobuf_encoding(value).ok()?;
	let signed = PeerRecord::from_signed_envelope_interop(envelope).ok()?;
	let addresses = signed
		.addresses()
		.iter()
		.filter(|address| is_usable(address, &signed.peer_id()));
	Some(Whereabouts {
		peer: signed.peer_id(),
		sequence: signed.seq(),
		addresses: addresses.take(MAX_ADDRESSES).cloned().collect(),
	})
}

/// Whether it is an address of the transports that are spoken here, and of that peer.
fn is_usable(address: &Multiaddr, peer: &PeerId) -> bool {
	let parts: Vec<Protocol<'_>> = address.iter().collect();
	let host = matches!(parts.first(), Some(Protocol::Ip4(_) | Protocol::Ip6(_)));
	let tail = match parts.get(1) {
		Some(Protocol::Tcp(port)) if *port != 0 => 2,
		Some(Protocol::Udp(port)) if *port != 0 && parts.get(2) == Some(&Protocol::QuicV1) => 3,
		_ => return false,
	};
	let own = |part: &Protocol<'_>| matches!(part, Protocol::P2p(named) if named == peer);
	host && match parts.get(tail..).unwrap_or_default() {
		[] => true,
		[last] => own(last),
		[Protocol::P2p(relay), Protocol::P2pCircuit] => relay != peer,
		[Protocol::P2p(relay), Protocol::P2pCircuit, last] => relay != peer && own(last),
		_ => false,
	}
}

/// Stores a record that another neuron has sent, if it is newer than the one that is there.
pub(crate) fn store(table: &mut kad::Behaviour<MemoryStore>, record: Record, known: impl Fn(&PeerId) -> bool) -> bool {
	let Some(new) = read(&record).filter(|new| known(&new.peer)) else {
		return false;
	};
	let held = table.store_mut().get(&record.key);
	let newer = held
		.and_then(|held| read(&held))
		.is_none_or(|held| held.sequence < new.sequence);
	newer && table.store_mut().put(record).is_ok()
}

#[cfg(test)]
mod tests {
	use proptest::prelude::*;

	use super::*;

	fn address(text: &str) -> Multiaddr {
		text.parse().unwrap()
	}

	#[test]
	fn a_record_names_its_owner_and_usable_addresses_only() {
		let keypair = Keypair::generate_ed25519();
		let peer = keypair.public().to_peer_id();
		let relay = PeerId::random();
		let good = [
			address("/ip4/192.0.2.1/tcp/9091"),
			address(&format!("/ip4/192.0.2.1/udp/9091/quic-v1/p2p/{peer}")),
			address(&format!("/ip4/192.0.2.2/tcp/1/p2p/{relay}/p2p-circuit")),
			address(&format!("/ip4/192.0.2.2/tcp/1/p2p/{relay}/p2p-circuit/p2p/{peer}")),
		];
		let bad = [
			address("/ip4/192.0.2.1"),
			address("/ip4/192.0.2.1/tcp/0"),
			address("/ip4/192.0.2.1/udp/5"),
			address("/dns4/example.org/tcp/5"),
			address(&format!("/ip4/192.0.2.1/tcp/5/p2p/{relay}")),
			address(&format!("/ip4/192.0.2.2/tcp/1/p2p/{peer}/p2p-circuit")),
			address(&format!("/p2p/{relay}/p2p-circuit")),
		];
		for address in &bad {
			assert!(!is_usable(address, &peer), "{address}");
		}
		let mut all = bad[..4].to_vec();
		all.extend(good.clone());
		let record = record(&keypair, all).unwrap();
		let whereabouts = read(&record).unwrap();
		assert_eq!((whereabouts.peer, whereabouts.addresses), (peer, good.to_vec()));
	}

	#[test]
	fn what_the_owner_has_not_signed_is_not_believed() {
		let (owner, thief) = (Keypair::generate_ed25519(), Keypair::generate_ed25519());
		let honest = record(&owner, vec![address("/ip4/192.0.2.1/tcp/9091")]).unwrap();
		let mut moved = record(&thief, vec![address("/ip4/192.0.2.66/tcp/9091")]).unwrap();
		moved.key = honest.key.clone();
		assert_eq!(read(&moved), None);
		let mut damaged = honest.clone();
		let last = damaged.value.len() - 1;
		damaged.value[last] ^= 1;
		assert_eq!(read(&damaged), None);
		let mut large = honest;
		large.value.resize(MAX_RECORD_BYTES + 1, 0);
		assert_eq!(read(&large), None);
	}

	#[test]
	fn only_newer_records_of_known_peers_are_stored() {
		let keypair = Keypair::generate_ed25519();
		let mut table = behaviour(PeerId::random());
		let old = record(&keypair, vec![address("/ip4/192.0.2.1/tcp/1")]).unwrap();
		let new = record(&keypair, vec![address("/ip4/192.0.2.1/tcp/2")]).unwrap();
		assert!(
			!store(&mut table, old.clone(), |_| false),
			"nobody on chain has this key"
		);
		assert!(store(&mut table, old.clone(), |_| true));
		if read(&new).unwrap().sequence > read(&old).unwrap().sequence {
			assert!(store(&mut table, new.clone(), |_| true));
			assert!(
				!store(&mut table, old, |_| true),
				"an old record does not undo a newer one"
			);
		}
		assert!(!store(&mut table, new, |_| true), "nor does the same one count twice");
	}

	proptest! {
		#[test]
		fn arbitrary_bytes_never_panic_and_are_no_record(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
			prop_assert!(read_value(&bytes).is_none());
		}

		#[test]
		fn a_damaged_record_is_none_or_the_same(at in any::<prop::sample::Index>(), byte: u8) {
			let keypair = Keypair::ed25519_from_bytes([7; 32]).unwrap();
			let record = record(&keypair, vec![address("/ip4/192.0.2.1/tcp/9091")]).unwrap();
			let honest = read_value(&record.value);
			let mut bytes = record.value;
			let at = at.index(bytes.len());
			bytes[at] = byte;
			let read = read_value(&bytes);
			prop_assert!(read.is_none() || read == honest);
		}
	}
}
