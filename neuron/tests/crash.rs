//! A validator's process is killed at random points, again and again, against one chain that lives on: nothing that it
//! was told is kept gets lost, and no weights get on chain twice.
//!
//! The process is this very program, started again with [`CHAIN_VARIABLE`] set: the real score store and the real
//! submitter on a real file, with a chain at the other end of a socket.

mod fakes;

use std::{
	env,
	io::{BufRead, BufReader, ErrorKind, Write},
	net::{SocketAddr, TcpListener, TcpStream},
	path::{Path, PathBuf},
	process::{Child, Command, Stdio},
	sync::{Arc, Mutex},
	time::{Duration, Instant},
};

use async_trait::async_trait;
use codec::{Decode, Encode};
use fakes::{hotkey, snapshot};
use neuron::{
	chain_access::{AccessError, BlockNumbers, ChainAccess},
	events::NoEvents,
	state::Owner,
	validator::{
		scores::ScoreStore,
		weights::{Progress, Submitter},
	},
};
use neuron_chain::{Hyperparameters, Metagraph, SignedTransaction};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};
use subnet_echo::Echo;
use subnet_sdk::{DynMechanism, Hotkey, Score};

/// Where the process that is killed finds its chain.
const CHAIN_VARIABLE: &str = "NEURON_CRASH_TEST_CHAIN";
/// Where it keeps its state.
const FOLDER_VARIABLE: &str = "NEURON_CRASH_TEST_FOLDER";
/// How often it is killed.
const KILLS: u32 = 200;
/// How many blocks a transaction is valid for.
const VALIDITY_BLOCKS: u64 = 8;

/// What the process says to its chain.
#[derive(Debug, Deserialize, Serialize)]
enum Ask {
	/// What it has found on its disk.
	Opened {
		generation: u64,
		average: Option<f64>,
		submission: Option<u64>,
	},
	/// That it was told that a round is kept.
	Saved(u64),
	/// Make a block.
	Block,
	/// Which nonce is next?
	Nonce,
	/// Take this transaction.
	Send(Vec<u8>),
}

/// What the chain says.
#[derive(Debug, Deserialize, Serialize)]
enum Answer {
	Done,
	Block { block: u64, last_update: u64 },
	Nonce { nonce: u64, valid_until_block: u64 },
	Unreachable,
	Uncertain,
	NonceUsed,
	TooLate,
}

/// A transaction: nonce, last block, weights.
type Transaction = (u64, u64, Vec<(u16, u16)>);

/// The score of uid 2 after a round, which tells the rounds apart; uid 1 always has 1.
fn score_of(generation: u64) -> f64 {
	(generation % 60_000 + 1) as f64 / f64::from(u16::MAX)
}

/// The round that weights are of.
fn generation_of(weights: &[(u16, u16)]) -> u64 {
	u64::from(
		weights
			.iter()
			.find(|weight| weight.0 == 2)
			.expect("uid 2 has a weight")
			.1,
	) - 1
}

#[test]
#[ignore = "not a test: the process that the other one kills"]
fn the_process_that_is_killed() {
	let Ok(chain) = env::var(CHAIN_VARIABLE) else {
		println!("nobody to be killed by: run the other test");
		return;
	};
	let stream = TcpStream::connect(chain.parse::<SocketAddr>().unwrap()).unwrap();
	stream.set_nodelay(true).unwrap();
	let chain = Arc::new(DistantChain(Mutex::new(BufReader::new(stream))));
	let owner = Owner::new(hotkey(0), 1, DynMechanism::descriptor(&Echo));
	let folder = PathBuf::from(env::var_os(FOLDER_VARIABLE).unwrap());
	let mut store = ScoreStore::open(&folder, owner, 1.0).unwrap();
	chain.ask(&Ask::Opened {
		generation: store.generation(),
		average: store.averages().iter().find(|entry| entry.0 == 2).map(|entry| entry.2),
		submission: store.submission().map(|submission| submission.generation),
	});
	store.save().unwrap();
	let scores = Arc::new(Mutex::new(store));
	let mut submitter = Submitter {
		chain: chain.clone(),
		hotkey: hotkey(0),
		scores: scores.clone(),
		events: Arc::new(NoEvents),
		progress: Progress::default(),
	};
	let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
	loop {
		{
			let mut store = scores.lock().unwrap();
			let generation = store.generation() + 1;
			store.record(
				2,
				Hotkey(hotkey(2).into()),
				&Score::new(score_of(generation), "").unwrap(),
			);
			store.record(1, Hotkey(hotkey(1).into()), &Score::full(""));
			store.finish_round();
			store.save().unwrap();
			chain.ask(&Ask::Saved(generation));
		}
		let Answer::Block { block, last_update } = chain.ask(&Ask::Block) else {
			panic!("no block")
		};
		let mut seen = snapshot(block, 3);
		seen.metagraph.neurons[0].last_update = last_update;
		seen.hyperparameters.weights_rate_limit = 1;
		seen.hyperparameters.tempo = 3;
		seen.next_epoch_block = None;
		runtime.block_on(submitter.consider(block, &seen));
	}
}

/// The chain at the other end of the socket.
struct DistantChain(Mutex<BufReader<TcpStream>>);

impl DistantChain {
	fn ask(&self, ask: &Ask) -> Answer {
		let mut stream = self.0.lock().unwrap();
		let mut line = serde_json::to_vec(ask).unwrap();
		line.push(b'\n');
		let mut answer = String::new();
		let asked = stream
			.get_mut()
			.write_all(&line)
			.and_then(|()| stream.read_line(&mut answer));
		if asked.unwrap_or(0) == 0 {
			// The test is over.
			std::process::exit(0);
		}
		serde_json::from_str(&answer).unwrap()
	}
}

#[async_trait]
impl ChainAccess for DistantChain {
	async fn blocks(&self) -> Result<BlockNumbers, AccessError> {
		unreachable!("the loop asks for each block")
	}

	async fn metagraph(&self, _: u16) -> Result<Metagraph, AccessError> {
		unreachable!("the loop makes it")
	}

	async fn hyperparameters(&self, _: u16) -> Result<Hyperparameters, AccessError> {
		unreachable!("the loop makes them")
	}

	async fn next_epoch_block(&self, _: u16) -> Result<Option<u64>, AccessError> {
		Ok(None)
	}

	async fn sign_weights(&self, _: u16, weights: &[(u16, u16)], _: u64) -> Result<SignedTransaction, AccessError> {
		let Answer::Nonce {
			nonce,
			valid_until_block,
		} = self.ask(&Ask::Nonce)
		else {
			panic!("no nonce")
		};
		let transaction: Transaction = (nonce, valid_until_block, weights.to_vec());
		Ok(SignedTransaction {
			bytes: transaction.encode(),
			valid_until_block,
			name: "set_weights".into(),
		})
	}

	async fn send_weights(&self, signed: &SignedTransaction) -> Result<(), AccessError> {
		let text = || "as the test wants it".to_owned();
		match self.ask(&Ask::Send(signed.bytes.clone())) {
			Answer::Done => Ok(()),
			Answer::Unreachable => Err(AccessError::Unreachable(text())),
			Answer::Uncertain => Err(AccessError::Uncertain(text())),
			Answer::NonceUsed => Err(AccessError::NonceUsed(text())),
			Answer::TooLate => Err(AccessError::Refused(text())),
			other => panic!("{other:?} is no answer to a transaction"),
		}
	}

	async fn serve_axon(&self, _: u16, _: SocketAddr, _: &[u8]) -> Result<(), AccessError> {
		unreachable!("a submitter publishes nothing")
	}
}

/// The chain, and what it knows about the process.
struct Chain {
	random: StdRng,
	block: u64,
	nonce: u64,
	last_update: u64,
	/// The round of each set of weights on chain, in order.
	included: Vec<u64>,
	/// What waits for a block.
	pool: Option<Vec<u8>>,
	/// The last round that the process was told is kept.
	saved: u64,
	/// The round whose weights the node got last, while the process cannot know what became of them.
	sent: Option<u64>,
}

impl Chain {
	fn new(seed: u64) -> Self {
		Self {
			random: StdRng::seed_from_u64(seed),
			block: 100,
			nonce: 0,
			last_update: 0,
			included: Vec::new(),
			pool: None,
			saved: 0,
			sent: None,
		}
	}

	fn answer(&mut self, ask: Ask) -> Answer {
		match ask {
			Ask::Opened {
				generation,
				average,
				submission,
			} => {
				self.check(generation, average, submission);
				// The next process goes on from here, and may be killed one round later before it could say so.
				self.saved = generation;
				Answer::Done
			}
			Ask::Saved(generation) => {
				self.saved = generation;
				Answer::Done
			}
			Ask::Block => {
				self.block += 1;
				let expired = |bytes: &Vec<u8>| Transaction::decode(&mut &bytes[..]).unwrap().1 < self.block;
				if self.pool.as_ref().is_some_and(expired) {
					self.pool = None;
				}
				if self.random.random_bool(0.5)
					&& let Some(bytes) = self.pool.take()
				{
					self.include(&bytes);
				}
				self.sent = None;
				Answer::Block {
					block: self.block,
					last_update: self.last_update,
				}
			}
			Ask::Nonce => Answer::Nonce {
				nonce: self.nonce + u64::from(self.pool.is_some()),
				valid_until_block: self.block + VALIDITY_BLOCKS,
			},
			Ask::Send(bytes) => self.take(bytes),
		}
	}

	/// What a process found on its disk is what the one before it was told is there.
	fn check(&self, generation: u64, average: Option<f64>, submission: Option<u64>) {
		// Killed before it could say so, it may have kept one round more.
		assert!(
			generation == self.saved || generation == self.saved + 1,
			"round {generation} is kept, but {} was",
			self.saved
		);
		// JSON, in which the process tells it, may lose the last digit.
		let is_of = |average: f64, generation| (average - score_of(generation)).abs() < 1e-9;
		assert!(
			average.map_or(generation == 0, |average| is_of(average, generation)
				|| is_of(average, generation + 1)),
			"{average:?} after round {generation}"
		);
		if let Some(sent) = self.sent {
			assert_eq!(submission, Some(sent), "weights were sent that are not kept");
		}
	}

	fn take(&mut self, bytes: Vec<u8>) -> Answer {
		let (nonce, valid_until_block, weights) = Transaction::decode(&mut &bytes[..]).unwrap();
		self.sent = Some(generation_of(&weights));
		if nonce < self.nonce || self.pool.as_ref().is_some_and(|waiting| *waiting != bytes) {
			return Answer::NonceUsed;
		}
		if self.block > valid_until_block {
			self.sent = None;
			return Answer::TooLate;
		}
		if self.pool.is_some() {
			return Answer::Uncertain;
		}
		match self.random.random_range(0..4) {
			0 => Answer::Unreachable,
			1 => {
				self.pool = Some(bytes);
				Answer::Uncertain
			}
			2 => {
				self.include(&bytes);
				Answer::Uncertain
			}
			_ => {
				self.include(&bytes);
				self.sent = None;
				Answer::Done
			}
		}
	}

	fn include(&mut self, bytes: &[u8]) {
		let (nonce, valid_until_block, weights) = Transaction::decode(&mut &bytes[..]).unwrap();
		if nonce != self.nonce || self.block > valid_until_block {
			return;
		}
		let generation = generation_of(&weights);
		let last = self.included.last().copied().unwrap_or(0);
		assert!(
			generation > last,
			"weights of round {generation} after those of round {last}"
		);
		self.nonce += 1;
		self.last_update = self.block;
		self.included.push(generation);
	}

	/// Serves a process until it is killed, which happens after `life`, or until `enough` says so.
	fn serve(&mut self, listener: &TcpListener, child: &mut Child, life: Duration, enough: impl Fn(&Self) -> bool) {
		let killed_at = Instant::now() + life;
		let mut stream: Option<BufReader<TcpStream>> = None;
		let mut line = Vec::new();
		while Instant::now() < killed_at && !enough(self) {
			let Some(reader) = &mut stream else {
				match listener.accept() {
					Ok((accepted, _)) => {
						accepted.set_nonblocking(false).unwrap();
						accepted.set_nodelay(true).unwrap();
						accepted.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
						stream = Some(BufReader::new(accepted));
					}
					Err(error) if error.kind() == ErrorKind::WouldBlock => {
						std::thread::sleep(Duration::from_micros(200));
					}
					Err(error) => panic!("{error}"),
				}
				continue;
			};
			match reader.read_until(b'\n', &mut line) {
				Ok(0) => break,
				Ok(_) if line.ends_with(b"\n") => {
					let answer = self.answer(serde_json::from_slice(&line).unwrap());
					line.clear();
					let mut answer = serde_json::to_vec(&answer).unwrap();
					answer.push(b'\n');
					reader.get_mut().write_all(&answer).unwrap();
				}
				Ok(_) => {}
				Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
				Err(error) => panic!("{error}"),
			}
		}
		if let Some(status) = child.try_wait().unwrap() {
			panic!("the process ended by itself: {status}; its words are above");
		}
		child.kill().unwrap();
		child.wait().unwrap();
	}
}

fn start(listener: &TcpListener, folder: &Path) -> Child {
	Command::new(env::current_exe().unwrap())
		.args(["--ignored", "--exact", "the_process_that_is_killed", "--nocapture"])
		.env(CHAIN_VARIABLE, listener.local_addr().unwrap().to_string())
		.env(FOLDER_VARIABLE, folder)
		.stdout(Stdio::null())
		.spawn()
		.unwrap()
}

#[test]
fn nothing_is_lost_and_nothing_is_sent_twice_however_often_the_process_is_killed() {
	let seed = env::var("NEURON_CRASH_TEST_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
	println!("seed {seed}; NEURON_CRASH_TEST_SEED repeats it, save for the scheduling of the processes");
	let folder = tempfile::tempdir().unwrap();
	let listener = TcpListener::bind("127.0.0.1:0").unwrap();
	listener.set_nonblocking(true).unwrap();
	let mut chain = Chain::new(seed);
	for kill in 0..KILLS {
		// Every fourth one dies young, perhaps while it opens its file.
		let longest_ms = if kill % 4 == 0 { 30.0 } else { 120.0 };
		let life = Duration::from_secs_f64(chain.random.random::<f64>() * longest_ms / 1000.0);
		let mut child = start(&listener, folder.path());
		chain.serve(&listener, &mut child, life, |_| false);
	}
	let (rounds, included) = (chain.saved, chain.included.len());
	let mut child = start(&listener, folder.path());
	chain.serve(&listener, &mut child, Duration::from_secs(60), |chain| {
		chain.included.len() > included + 2
	});
	println!("{rounds} rounds, {included} sets of weights on chain");
	assert!(chain.included.len() > included + 2, "the last process did not go on");
	assert!(
		rounds > 20,
		"only {rounds} rounds in {KILLS} lives: the test tests little"
	);
}
