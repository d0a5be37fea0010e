//! Stand-ins for the chain, the network, the clock and the events, for tests of the roles' logic.
#![allow(dead_code, reason = "each test file uses its share")]

use std::{
	collections::HashMap,
	net::SocketAddr,
	sync::{
		Arc, LazyLock, Mutex,
		atomic::{AtomicU64, Ordering},
	},
	time::Duration,
};

use async_trait::async_trait;
use codec::{Decode, Encode};
use futures::StreamExt;
use neuron::{
	chain_access::{AccessError, BlockNumbers, ChainAccess},
	events::{Event, EventSink},
	follower::Snapshot,
	validator::{
		challenge::{Clock, NonceSource},
		peers::{AnswerStream, PeerCaller, PeerError},
	},
};
use neuron_chain::{AccountId, Axon, Hyperparameters, Metagraph, Neuron, SignedTransaction};
use neuron_net::{Identity, LocalSigner, Request, Signer as _, Target};
use subnet_sdk::{ChallengeContext, DynMechanism, Hotkey, Nonce, SinkClosed};
use tokio::sync::watch;

/// The identity that a fake neuron with this uid publishes; the same for the whole test.
pub(crate) fn identity(uid: u16) -> Identity {
	static IDENTITIES: LazyLock<Mutex<HashMap<u16, Identity>>> = LazyLock::new(Mutex::default);
	IDENTITIES
		.lock()
		.unwrap()
		.entry(uid)
		.or_insert_with(Identity::generate)
		.clone()
}

/// The hotkey of a fake neuron, to sign with.
pub(crate) fn signer(uid: u16) -> LocalSigner {
	LocalSigner::from_seed([u8::try_from(uid + 1).expect("fake uids are small"); 32])
}

/// The hotkey of a fake neuron.
pub(crate) fn hotkey(uid: u16) -> AccountId {
	AccountId::new(signer(uid).hotkey())
}

/// A neuron with an axon and a certificate.
pub(crate) fn neuron(uid: u16) -> Neuron {
	Neuron {
		uid,
		hotkey: hotkey(uid),
		coldkey: AccountId::new([200; 32]),
		stake_rao: 0,
		trust: 0,
		consensus: 0,
		incentive: 0,
		dividends: 0,
		emission_rao: 0,
		active: true,
		validator_permit: false,
		last_update: 0,
		registered_at: 0,
		axon: Some(Axon {
			ip: [127, 0, 0, 1].into(),
			port: 4000 + uid,
			protocol: 4,
			version: 1,
		}),
		certificate: Some(identity(uid).certificate()),
	}
}

/// A subnet whose neuron 0 is a validator with a permit.
pub(crate) fn snapshot(block: u64, count: u16) -> Snapshot {
	let mut neurons: Vec<_> = (0..count).map(neuron).collect();
	neurons[0].validator_permit = true;
	Snapshot {
		block,
		metagraph: Metagraph {
			netuid: 1,
			block,
			block_hash: [9; 32],
			neurons,
		},
		hyperparameters: Hyperparameters {
			tempo: 20,
			weights_rate_limit: 5,
			weights_version_key: 7,
			min_allowed_weights: 1,
			immunity_period: 40,
			max_allowed_uids: 256,
			serving_rate_limit: 0,
		},
		next_epoch_block: Some(100),
	}
}

/// What a follower hands out that has seen this metagraph and nothing after it.
pub(crate) fn newest(metagraph: &Metagraph) -> watch::Receiver<Arc<Snapshot>> {
	let mut seen = snapshot(metagraph.block, 1);
	seen.metagraph = metagraph.clone();
	watch::channel(Arc::new(seen)).1
}

/// What a fake chain was asked to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Write {
	Weights(Vec<(u16, u16)>, u64),
	Axon(SocketAddr, Vec<u8>),
}

/// A chain that hands out a prepared snapshot and remembers what is written.
pub(crate) struct FakeChain {
	pub(crate) snapshot: Mutex<Snapshot>,
	pub(crate) writes: Mutex<Vec<Write>>,
	/// The answers to coming writes; once they are used up, writes succeed.
	pub(crate) refusals: Mutex<Vec<AccessError>>,
	/// Each connection's blocks; once they are used up, none can be made and [`FakeChain::exhausted`] is told.
	pub(crate) connections: Mutex<Vec<Vec<Result<u64, AccessError>>>>,
	pub(crate) exhausted: tokio::sync::Notify,
	/// Whether an axon that is to be published never is, nor refused.
	pub(crate) serving_hangs: bool,
}

impl FakeChain {
	pub(crate) fn new(snapshot: Snapshot) -> Arc<Self> {
		Arc::new(Self::ready(snapshot))
	}

	/// One that does not answer when an axon is to be published.
	pub(crate) fn hanging(snapshot: Snapshot) -> Arc<Self> {
		Arc::new(Self {
			serving_hangs: true,
			..Self::ready(snapshot)
		})
	}

	fn ready(snapshot: Snapshot) -> Self {
		Self {
			snapshot: Mutex::new(snapshot),
			writes: Mutex::default(),
			refusals: Mutex::default(),
			connections: Mutex::default(),
			exhausted: tokio::sync::Notify::new(),
			serving_hangs: false,
		}
	}

	pub(crate) fn writes(&self) -> Vec<Write> {
		self.writes.lock().unwrap().clone()
	}

	fn write(&self, write: Write) -> Result<(), AccessError> {
		if let Some(refusal) = self.refusals.lock().unwrap().pop() {
			return Err(refusal);
		}
		self.writes.lock().unwrap().push(write);
		Ok(())
	}
}

#[async_trait]
impl ChainAccess for FakeChain {
	async fn blocks(&self) -> Result<BlockNumbers, AccessError> {
		let mut connections = self.connections.lock().unwrap();
		if connections.is_empty() {
			self.exhausted.notify_one();
			return Err(AccessError::Unreachable("no more connections".into()));
		}
		Ok(futures::stream::iter(connections.remove(0)).boxed())
	}

	async fn metagraph(&self, _: u16) -> Result<Metagraph, AccessError> {
		Ok(self.snapshot.lock().unwrap().metagraph.clone())
	}

	async fn hyperparameters(&self, _: u16) -> Result<Hyperparameters, AccessError> {
		Ok(self.snapshot.lock().unwrap().hyperparameters)
	}

	async fn next_epoch_block(&self, _: u16) -> Result<Option<u64>, AccessError> {
		Ok(self.snapshot.lock().unwrap().next_epoch_block)
	}

	async fn sign_weights(
		&self,
		_: u16,
		weights: &[(u16, u16)],
		version_key: u64,
	) -> Result<SignedTransaction, AccessError> {
		Ok(SignedTransaction {
			bytes: (weights, version_key).encode(),
			valid_until_block: self.snapshot.lock().unwrap().block + 64,
			name: "set_weights".into(),
		})
	}

	async fn send_weights(&self, signed: &SignedTransaction) -> Result<(), AccessError> {
		let (weights, version_key) = Decode::decode(&mut &signed.bytes[..]).expect("it was signed here");
		self.write(Write::Weights(weights, version_key))
	}

	async fn serve_axon(&self, _: u16, addr: SocketAddr, certificate: &[u8]) -> Result<(), AccessError> {
		self.write(Write::Axon(addr, certificate.to_vec()))?;
		if self.serving_hangs {
			futures::future::pending().await
		}
		Ok(())
	}
}

/// How a fake miner behaves.
#[derive(Clone)]
pub(crate) enum Behaviour {
	/// Solves with the mechanism, as the miner with this hotkey.
	Solves(Arc<dyn DynMechanism>, Hotkey),
	/// Sends these chunks and says that it is done.
	Sends(Vec<Vec<u8>>),
	/// Sends one chunk over and over.
	Floods(Vec<u8>),
	/// Accepts and sends nothing.
	Hangs,
	/// Cannot be called.
	Refuses(PeerError),
}

/// What happens at a call to this target.
pub(crate) type OnCall = Box<dyn Fn(&Target) + Send + Sync>;

/// A network of fake miners, by the port of their axon.
#[derive(Default)]
pub(crate) struct FakePeers {
	pub(crate) miners: HashMap<u16, Behaviour>,
	pub(crate) calls: Mutex<Vec<(Target, Request)>>,
	/// Happens at each call, before the answer.
	pub(crate) on_call: Option<OnCall>,
}

struct FakeAnswer {
	chunks: std::vec::IntoIter<Vec<u8>>,
	then: Behaviour,
}

#[async_trait]
impl PeerCaller for FakePeers {
	async fn call(&self, target: Target, request: Request, _: Duration) -> Result<Box<dyn AnswerStream>, PeerError> {
		self.calls.lock().unwrap().push((target.clone(), request.clone()));
		if let Some(happens) = &self.on_call {
			happens(&target);
		}
		let behaviour = self.miners[&target.addr.port()].clone();
		let chunks = match &behaviour {
			Behaviour::Refuses(error) => return Err(error.clone()),
			Behaviour::Solves(mechanism, miner) => {
				let context = ChallengeContext {
					nonce: Nonce(request.nonce),
					validator: Hotkey(hotkey(0).into()),
					miner: *miner,
				};
				let mut chunks = Vec::new();
				let mut sink = |chunk| -> Result<(), SinkClosed> {
					chunks.push(chunk);
					Ok(())
				};
				mechanism
					.solve(&context, &request.body, &mut sink)
					.expect("an honest miner can solve it");
				chunks
			}
			Behaviour::Sends(chunks) => chunks.clone(),
			Behaviour::Floods(_) | Behaviour::Hangs => Vec::new(),
		};
		Ok(Box::new(FakeAnswer {
			chunks: chunks.into_iter(),
			then: behaviour,
		}))
	}
}

#[async_trait]
impl AnswerStream for FakeAnswer {
	async fn next(&mut self) -> Option<Result<Vec<u8>, PeerError>> {
		match &self.then {
			Behaviour::Hangs => futures::future::pending().await,
			Behaviour::Floods(chunk) => Some(Ok(chunk.clone())),
			_ => self.chunks.next().map(Ok),
		}
	}
}

/// A clock that goes one millisecond further each time it is read.
#[derive(Default)]
pub(crate) struct StepClock(AtomicU64);

impl Clock for StepClock {
	fn now_us(&self) -> u64 {
		self.0.fetch_add(1_000, Ordering::Relaxed)
	}
}

/// Nonces 1, 2, 3, …
#[derive(Default)]
pub(crate) struct CountedNonces(AtomicU64);

impl NonceSource for CountedNonces {
	fn nonce(&self) -> [u8; 32] {
		let mut nonce = [0; 32];
		nonce[..8].copy_from_slice(&(self.0.fetch_add(1, Ordering::Relaxed) + 1).to_le_bytes());
		nonce
	}
}

/// Remembers events.
#[derive(Default)]
pub(crate) struct Recorder(pub(crate) Mutex<Vec<Event>>);

impl Recorder {
	pub(crate) fn events(&self) -> Vec<Event> {
		self.0.lock().unwrap().clone()
	}

	/// (uid, score, reason) of each score so far, by uid.
	pub(crate) fn scores(&self) -> Vec<(u16, f64, String)> {
		let mut scores: Vec<_> = self
			.events()
			.into_iter()
			.filter_map(|event| match event {
				Event::Score { uid, score, reason, .. } => Some((uid, score, reason)),
				_ => None,
			})
			.collect();
		scores.sort_by_key(|score| score.0);
		scores
	}
}

impl EventSink for Recorder {
	fn emit(&self, event: Event) {
		self.0.lock().unwrap().push(event);
	}
}
