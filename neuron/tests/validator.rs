//! The validator's rounds and submissions against fakes: no node, no network, no waiting.

mod fakes;

use std::{
	collections::HashMap,
	sync::{Arc, Mutex},
	time::Duration,
};

use fakes::{
	Behaviour, CountedNonces, FakeChain, FakePeers, Recorder, StepClock, Write, hotkey, neuron, newest, snapshot,
};
use neuron::{
	chain_access::AccessError,
	events::Event,
	follower::Snapshot,
	validator::{
		challenge::Challenger,
		honesty::Honesty,
		peers::PeerError,
		round::Rounds,
		scores::{Owner, ScoreStore},
		weights::{Progress, RETRY_BLOCKS, Submitter},
	},
};
use neuron_net::Target;
use subnet_echo::Echo;
use subnet_sdk::{
	ChallengeContext, Descriptor, DynMechanism, Epoch, Hotkey, MAX_CHUNK_BYTES, Mechanism, MechanismError, Score,
	SinkClosed, Transcript,
};
use tokio::sync::watch;

struct Bench {
	rounds: Rounds,
	peers: Arc<FakePeers>,
	events: Arc<Recorder>,
	scores: Arc<Mutex<ScoreStore>>,
	folder: tempfile::TempDir,
}

/// `echo` with a deadline that is soon over. The fakes answer at once, so only a miner that hangs can miss it.
struct HastyEcho;

impl Mechanism for HastyEcho {
	type Task = <Echo as Mechanism>::Task;
	type Chunk = <Echo as Mechanism>::Chunk;

	fn descriptor(&self) -> Descriptor {
		Mechanism::descriptor(&Echo)
	}

	fn deadline(&self) -> Duration {
		Duration::from_millis(20)
	}

	fn task(&self, context: &ChallengeContext, epoch: &Epoch) -> Result<Self::Task, MechanismError> {
		Mechanism::task(&Echo, context, epoch)
	}

	fn solve(
		&self,
		context: &ChallengeContext,
		task: Self::Task,
		sink: &mut dyn FnMut(Self::Chunk) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		Mechanism::solve(&Echo, context, task, sink)
	}

	fn score(
		&self,
		context: &ChallengeContext,
		task: &Self::Task,
		transcript: &Transcript<Self::Chunk>,
	) -> Result<Score, MechanismError> {
		Mechanism::score(&Echo, context, task, transcript)
	}
}

fn echo() -> Arc<dyn DynMechanism> {
	Arc::new(HastyEcho)
}

fn honest(uid: u16) -> Behaviour {
	Behaviour::Solves(echo(), Hotkey(hotkey(uid).into()))
}

/// A validator with uid 0 and miners that behave as given, from uid 1 on.
fn bench(miners: Vec<Behaviour>) -> Bench {
	let miners: HashMap<_, _> = (4001..).zip(miners).collect();
	let peers = Arc::new(FakePeers {
		miners,
		..FakePeers::default()
	});
	let events = Arc::new(Recorder::default());
	let folder = tempfile::tempdir().unwrap();
	let owner = Owner::new(hotkey(0), 1, echo().descriptor());
	let store = ScoreStore::open(folder.path(), owner, 1.0).unwrap();
	let scores = Arc::new(Mutex::new(store));
	let challenger = Challenger {
		own: Hotkey(hotkey(0).into()),
		mechanism: echo(),
		peers: peers.clone(),
		clock: Arc::new(StepClock::default()),
		nonces: Arc::new(CountedNonces::default()),
		token_counter: None,
	};
	let rounds = Rounds {
		challenger,
		scores: scores.clone(),
		events: events.clone(),
		own: hotkey(0),
		concurrency: 1,
		honesty: Honesty::default(),
	};
	Bench {
		rounds,
		peers,
		events,
		scores,
		folder,
	}
}

#[tokio::test]
async fn every_miner_gets_its_due_whatever_the_others_do() {
	let bench = bench(vec![
		honest(1),
		honest(1), // uid 2 relays the work of miner 1
		Behaviour::Hangs,
		Behaviour::Refuses(PeerError::Peer("connection refused\nERROR forged line".into())),
		Behaviour::Sends(vec![vec![0xff; 100], vec![]]),
		Behaviour::Sends(vec![]),
		Behaviour::Floods(vec![0; 32]),
		Behaviour::Floods(vec![0; MAX_CHUNK_BYTES + 1]),
		honest(9),
	]);
	let scored = bench.rounds.run(1, 50, &newest(&snapshot(50, 10).metagraph)).await;
	assert_eq!(scored, 9);
	let scores = bench.events.scores();
	let values: Vec<_> = scores.iter().map(|score| (score.0, score.1)).collect();
	let expected = [
		(1, 1.0),
		(2, 0.0),
		(3, 0.0),
		(4, 0.0),
		(5, 0.0),
		(6, 0.0),
		(7, 0.0),
		(8, 0.0),
		(9, 1.0),
	];
	assert_eq!(values, expected, "{scores:?}");
	assert!(
		scores[3].2.contains("connection refused") && !scores[3].2.contains('\n'),
		"{scores:?}"
	);
	assert!(scores.iter().all(|score| !score.2.is_empty()), "{scores:?}");
	assert_eq!(bench.scores.lock().unwrap().weights(), [(1, 65_535), (9, 65_535)]);
	assert!(matches!(
		bench.events.events().last(),
		Some(Event::Round {
			round: 1,
			block: 50,
			miners: 9
		})
	));
}

#[tokio::test]
async fn challenges_go_to_the_published_key_and_never_repeat() {
	let bench = bench(vec![honest(1), honest(2)]);
	let snapshot = snapshot(50, 3);
	for round in 1..=3 {
		bench.rounds.run(round, 50, &newest(&snapshot.metagraph)).await;
	}
	let calls = bench.peers.calls.lock().unwrap();
	assert_eq!(calls.len(), 6);
	for (target, request) in calls.iter() {
		assert_eq!(
			target.public_key,
			fakes::identity(target.addr.port() - 4000).public_key()
		);
		assert_eq!(
			(request.mechanism.as_str(), request.version),
			("echo", echo().descriptor().version)
		);
		assert!(request.deadline_ms > 0);
	}
	let mut nonces: Vec<_> = calls.iter().map(|call| call.1.nonce).collect();
	nonces.sort_unstable();
	nonces.dedup();
	assert_eq!(nonces.len(), 6);
}

#[tokio::test]
async fn no_axon_is_no_miner_until_it_has_a_score_to_lose() {
	let bench = bench(vec![honest(1), honest(2)]);
	let mut metagraph = snapshot(50, 3).metagraph;
	metagraph.neurons[2].axon = None;
	assert_eq!(bench.rounds.run(1, 50, &newest(&metagraph)).await, 1);
	metagraph.neurons[2] = neuron(2);
	assert_eq!(bench.rounds.run(2, 55, &newest(&metagraph)).await, 2);
	assert_eq!(bench.scores.lock().unwrap().weights().len(), 2);
	metagraph.neurons[2].axon = None;
	assert_eq!(bench.rounds.run(3, 60, &newest(&metagraph)).await, 2);
	assert_eq!(bench.scores.lock().unwrap().weights(), [(1, 65_535)]);
	metagraph.neurons[1].certificate = Some(vec![7; 33]);
	bench.rounds.run(4, 65, &newest(&metagraph)).await;
	assert!(
		bench.scores.lock().unwrap().weights().is_empty(),
		"a neuron without a network key kept its score"
	);
}

#[tokio::test]
async fn who_moves_during_a_round_is_called_there_and_who_leaves_loses_nothing() {
	let mut bench = bench(vec![honest(1), honest(2), honest(3)]);
	let before = snapshot(50, 4);
	let (sender, newest) = watch::channel(Arc::new(before.clone()));
	assert_eq!(bench.rounds.run(1, 50, &newest).await, 3);
	// When the first miner of the second round is called, the next two uids go: one elsewhere, one away for another
	// hotkey.
	let (moves, leaves) = (|first: u16| first % 3 + 1, |first: u16| (first + 1) % 3 + 1);
	let on_call = move |target: &Target| {
		if let Some(first) = target.addr.port().checked_sub(4000) {
			let mut after = before.clone();
			let moved = &mut after.metagraph.neurons[usize::from(moves(first))];
			moved.axon.as_mut().unwrap().port = 3000 + moved.uid;
			moved.certificate = Some(fakes::identity(moved.uid + 10).certificate());
			after.metagraph.neurons[usize::from(leaves(first))].hotkey = hotkey(77);
			sender.send_replace(Arc::new(after));
		}
	};
	let peers = Arc::new(FakePeers {
		miners: (1..4)
			.flat_map(|uid| [(3000 + uid, honest(uid)), (4000 + uid, honest(uid))])
			.collect(),
		on_call: Some(Box::new(on_call)),
		..FakePeers::default()
	});
	bench.rounds.challenger.peers = peers.clone();
	assert_eq!(bench.rounds.run(2, 55, &newest).await, 2);
	let calls = peers.calls.lock().unwrap();
	let first = calls[0].0.addr.port() - 4000;
	assert_eq!(calls.len(), 2, "one that has left was called");
	assert_eq!(calls[1].0.addr.port(), 3000 + moves(first));
	assert_eq!(
		calls[1].0.public_key,
		fakes::identity(moves(first) + 10).public_key(),
		"the old certificate was used"
	);
	let scores = bench.events.scores();
	assert!(
		scores.len() == 5 && scores.iter().all(|score| score.1 == 1.0),
		"{scores:?}"
	);
	let mut stay = [(first, 65_535), (moves(first), 65_535)];
	stay.sort_unstable();
	assert_eq!(bench.scores.lock().unwrap().weights(), stay);
}

#[tokio::test]
async fn own_faults_cost_the_miner_nothing() {
	let mut bench = bench(vec![honest(1)]);
	let metagraph = snapshot(50, 2).metagraph;
	bench.rounds.run(1, 50, &newest(&metagraph)).await;
	let miners = HashMap::from([(
		4001,
		Behaviour::Refuses(PeerError::OwnFault("network is shutting down".into())),
	)]);
	bench.rounds.challenger.peers = Arc::new(FakePeers {
		miners,
		..FakePeers::default()
	});
	assert_eq!(bench.rounds.run(2, 55, &newest(&metagraph)).await, 0);
	assert_eq!(bench.scores.lock().unwrap().weights(), [(1, 65_535)]);
}

#[tokio::test]
async fn scores_are_on_disk_after_a_round() {
	let bench = bench(vec![honest(1)]);
	bench.rounds.run(1, 50, &newest(&snapshot(50, 2).metagraph)).await;
	let owner = Owner::new(hotkey(0), 1, echo().descriptor());
	let Bench {
		folder, rounds, scores, ..
	} = bench;
	drop((rounds, scores));
	let again = ScoreStore::open(folder.path(), owner, 1.0).unwrap();
	assert_eq!(again.weights(), [(1, 65_535)]);
}

fn submitter(bench: &Bench, chain: &Arc<FakeChain>) -> Submitter {
	Submitter {
		chain: chain.clone(),
		hotkey: hotkey(0),
		scores: bench.scores.clone(),
		events: bench.events.clone(),
		progress: Progress::default(),
	}
}

#[tokio::test]
async fn weights_go_out_once_an_epoch_and_only_when_there_is_something_new() {
	let bench = bench(vec![honest(1), Behaviour::Sends(vec![])]);
	let mut snapshot = snapshot(81, 3);
	snapshot.metagraph.neurons[0].last_update = 80;
	let chain = FakeChain::new(snapshot.clone());
	let mut submitter = submitter(&bench, &chain);
	submitter.consider(96, &snapshot).await;
	assert_eq!(chain.writes(), [], "there was no round yet");
	bench.rounds.run(1, 81, &newest(&snapshot.metagraph)).await;
	submitter.consider(95, &snapshot).await;
	assert_eq!(chain.writes(), [], "the epoch is some blocks away");
	submitter.consider(96, &snapshot).await;
	assert_eq!(chain.writes(), [Write::Weights(vec![(1, 65_535)], 7)]);
	bench.rounds.run(2, 97, &newest(&snapshot.metagraph)).await;
	submitter.consider(98, &snapshot).await;
	assert_eq!(chain.writes().len(), 1, "the rate limit was not kept");
	// The next epoch, by a snapshot that is still the old one.
	submitter.consider(117, &snapshot).await;
	assert_eq!(chain.writes().len(), 2);
	submitter.consider(118, &snapshot).await;
	assert_eq!(chain.writes().len(), 2, "nothing new was sent");
	let set = bench
		.events
		.events()
		.into_iter()
		.filter(|event| matches!(event, Event::WeightsSet { .. }))
		.count();
	assert_eq!(set, 2);
}

#[tokio::test]
async fn a_refusal_is_told_and_tried_again_later() {
	let bench = bench(vec![honest(1)]);
	let snapshot = snapshot(50, 2);
	let chain = FakeChain::new(snapshot.clone());
	bench.rounds.run(1, 50, &newest(&snapshot.metagraph)).await;
	let mut submitter = submitter(&bench, &chain);
	*chain.refusals.lock().unwrap() = vec![
		AccessError::Refused("WeightVecLengthIsLow".into()),
		AccessError::Unreachable("node away".into()),
	];
	submitter.consider(60, &snapshot).await;
	assert!(
		!bench
			.events
			.events()
			.iter()
			.any(|event| matches!(event, Event::WeightsRefused { .. }))
	);
	submitter.consider(61, &snapshot).await;
	let refused =
		|event: &Event| matches!(event, Event::WeightsRefused { block: 61, reason } if reason.contains("LengthIsLow"));
	assert_eq!(bench.events.events().iter().filter(|event| refused(event)).count(), 1);
	submitter.consider(62, &snapshot).await;
	assert_eq!(chain.writes(), [], "it was tried again at once");
	submitter.consider(61 + RETRY_BLOCKS, &snapshot).await;
	assert_eq!(chain.writes().len(), 1);
}

#[tokio::test]
async fn without_a_permit_scoring_goes_on_and_weights_wait() {
	let bench = bench(vec![honest(1)]);
	let mut snapshot = snapshot(50, 2);
	snapshot.metagraph.neurons[0].validator_permit = false;
	let chain = FakeChain::new(snapshot.clone());
	let mut submitter = submitter(&bench, &chain);
	for block in 50..60 {
		bench.rounds.run(block, block, &newest(&snapshot.metagraph)).await;
		submitter.consider(block, &snapshot).await;
	}
	assert_eq!(chain.writes(), []);
	let told = |event: &&Event| matches!(event, Event::WeightsRefused { reason, .. } if reason.contains("permit"));
	assert_eq!(bench.events.events().iter().filter(told).count(), 1, "it is said once");
	snapshot.metagraph.neurons[0].validator_permit = true;
	submitter.consider(99, &snapshot).await;
	assert_eq!(chain.writes().len(), 1);
}

#[tokio::test]
async fn weights_name_nobody_who_has_left() {
	let bench = bench(vec![honest(1), honest(2)]);
	let mut snapshot = snapshot(50, 3);
	let chain = FakeChain::new(snapshot.clone());
	bench.rounds.run(1, 50, &newest(&snapshot.metagraph)).await;
	snapshot.metagraph.neurons[1].hotkey = hotkey(77);
	submitter(&bench, &chain).consider(99, &snapshot).await;
	assert_eq!(chain.writes(), [Write::Weights(vec![(2, 65_535)], 7)]);
}

/// A snapshot at a later block, in which the validator's last weights are of `last_update`.
fn later(snapshot: &Snapshot, block: u64, last_update: u64) -> Snapshot {
	let mut later = snapshot.clone();
	(later.block, later.metagraph.neurons[0].last_update) = (block, last_update);
	later
}

#[tokio::test]
async fn weights_whose_fate_is_unknown_are_sent_again_as_they_were() {
	let bench = bench(vec![honest(1), honest(2)]);
	let snapshot = snapshot(50, 3);
	let chain = FakeChain::new(snapshot.clone());
	let mut submitter = submitter(&bench, &chain);
	bench.rounds.run(1, 50, &newest(&snapshot.metagraph)).await;
	*chain.refusals.lock().unwrap() = vec![
		AccessError::Uncertain("known".into()),
		AccessError::Uncertain("lost".into()),
	];
	submitter.consider(96, &snapshot).await;
	// A later round changes the scores, not what is on its way.
	bench
		.scores
		.lock()
		.unwrap()
		.record(2, Hotkey(hotkey(2).into()), &Score::zero("gone"));
	bench.rounds.run(2, 97, &newest(&metagraph_of(&snapshot, 2))).await;
	submitter.consider(97, &snapshot).await;
	assert_eq!(chain.writes(), []);
	submitter.consider(98, &snapshot).await;
	assert_eq!(chain.writes(), [Write::Weights(vec![(1, 65_535), (2, 65_535)], 7)]);
	assert_eq!(bench.scores.lock().unwrap().submission(), None);
}

fn metagraph_of(snapshot: &Snapshot, count: usize) -> neuron_chain::Metagraph {
	let mut metagraph = snapshot.metagraph.clone();
	metagraph.neurons.truncate(count);
	metagraph
}

#[tokio::test]
async fn a_used_nonce_is_looked_into_before_anything_is_signed_anew() {
	for on_chain in [true, false] {
		let bench = bench(vec![honest(1)]);
		let snapshot = snapshot(50, 2);
		let chain = FakeChain::new(snapshot.clone());
		let mut submitter = submitter(&bench, &chain);
		bench.rounds.run(1, 50, &newest(&snapshot.metagraph)).await;
		*chain.refusals.lock().unwrap() = vec![AccessError::NonceUsed("outdated".into())];
		submitter.consider(96, &snapshot).await;
		submitter.consider(97, &later(&snapshot, 96, 0)).await;
		assert_eq!(chain.writes(), [], "it was sent again before the chain was asked");
		let seen = later(&snapshot, 97, if on_chain { 95 } else { 0 });
		submitter.consider(98, &seen).await;
		submitter.consider(99, &seen).await;
		assert_eq!(chain.writes().len(), usize::from(!on_chain));
		let set = |event: &&Event| matches!(event, Event::WeightsSet { .. });
		assert_eq!(bench.events.events().iter().filter(set).count(), 1);
	}
}

#[tokio::test]
async fn weights_that_can_no_longer_get_on_chain_make_way_for_new_ones() {
	let bench = bench(vec![honest(1)]);
	let snapshot = snapshot(50, 2);
	let chain = FakeChain::new(snapshot.clone());
	let mut submitter = submitter(&bench, &chain);
	bench.rounds.run(1, 50, &newest(&snapshot.metagraph)).await;
	*chain.refusals.lock().unwrap() = vec![AccessError::Uncertain("pool".into())];
	submitter.consider(96, &snapshot).await;
	submitter.consider(50 + 65, &later(&snapshot, 50 + 64, 0)).await;
	assert_eq!(chain.writes(), [], "it was sent although no block can take it");
	submitter.consider(50 + 66, &later(&snapshot, 50 + 66, 0)).await;
	submitter.consider(50 + 67, &later(&snapshot, 50 + 66, 0)).await;
	assert_eq!(chain.writes().len(), 1);
}
