//! Answers to applications are checked: who cheats gets no more of them.

use std::{
	num::NonZeroU64,
	sync::{Arc, Mutex},
	time::Duration,
};

use codec::{DecodeAll, Encode};
use futures::StreamExt;
use neuron::{
	condemned,
	directory::MetagraphDirectory,
	gateway::{
		audit::{AuditOptions, auditor},
		routing::{Fault, Miners},
		text::TextMiners,
		upstream::{Answerer, Generate},
		verdicts::{Standing, Verdicts},
	},
	metrics::Metrics,
	miner::{Dispatcher, Job},
	registry::{self, MechanismOptions, Serving},
};
use neuron_chain::Metagraph;
use neuron_infer::tiny::{TinySpec, write_gguf};
use neuron_net::{Handle, Identity, Incoming};
use subnet_sdk::{
	ChallengeContext, Descriptor, DynMechanism, Epoch, Hotkey, MechanismError, Score, SinkClosed, Transcript,
};
use subnet_text::{Chunk, Emitted, Prompt, Task};
use tokio::sync::watch;

use crate::{
	loopback::{hotkey, network, neuron},
	support::{snapshot, until},
};

const LONG: Duration = Duration::from_secs(120);
/// Questions after which a cheat should have been found out long ago.
const MOST_QUESTIONS: usize = 1_000;

/// Answers with the model, then changes tokens: any other model would do as badly.
struct Tampering {
	honest: Arc<dyn DynMechanism>,
	/// The token that ends an answer, if it stays where it is.
	end_of_turn: Option<u32>,
	/// Whether it sends another token after the last, so that its answers end with an error.
	overlong: bool,
	/// Chunks after which it breaks off.
	breaks_off_after: Option<usize>,
}

impl DynMechanism for Tampering {
	fn descriptor(&self) -> Descriptor {
		self.honest.descriptor()
	}

	fn deadline(&self) -> Duration {
		self.honest.deadline()
	}

	fn task(&self, context: &ChallengeContext, epoch: &Epoch) -> Result<Vec<u8>, MechanismError> {
		self.honest.task(context, epoch)
	}

	fn solve(
		&self,
		context: &ChallengeContext,
		task: &[u8],
		sink: &mut dyn FnMut(Vec<u8>) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		let (mut last, mut sent) = (Vec::new(), 0);
		self.honest.solve(context, task, &mut |chunk| {
			let chunk = match Chunk::decode_all(&mut &chunk[..]) {
				Ok(Chunk::Tokens(mut tokens)) => {
					// Past the special tokens, so that the answer ends neither earlier nor later than it did.
					let changed = |emitted: &&mut Emitted| Some(emitted.token) != self.end_of_turn;
					for emitted in tokens.iter_mut().filter(changed) {
						emitted.token = 60 + emitted.token % 50;
					}
					Chunk::Tokens(tokens).encode()
				}
				_ => chunk,
			};
			last = chunk.clone();
			sent += 1;
			if self.breaks_off_after.is_some_and(|after| sent > after) {
				return Err(SinkClosed);
			}
			sink(chunk)
		})?;
		if self.overlong {
			sink(last)?;
		}
		Ok(())
	}

	fn score(
		&self,
		context: &ChallengeContext,
		task: &[u8],
		transcript: &Transcript<Vec<u8>>,
	) -> Result<Score, MechanismError> {
		self.honest.score(context, task, transcript)
	}
}

/// A request as a miner sees it.
type Seen = (u32, Task);

/// Serves, and keeps what is asked for in the order in which it comes.
fn serve(mut incoming: Incoming, mechanism: Arc<dyn DynMechanism>, uid: u16, seen: Arc<Mutex<Vec<Seen>>>) {
	let dispatcher = Dispatcher::new(mechanism, Hotkey(hotkey(uid).into()), 2, 4);
	tokio::spawn(async move {
		while let Some(request) = incoming.next().await {
			let task = Task::decode_all(&mut &request.request.body[..]).unwrap();
			seen.lock().unwrap().push((request.request.deadline_ms, task));
			dispatcher.dispatch(Job {
				caller: request.caller,
				request: request.request,
				reply: Box::new(request.responder),
			});
		}
	});
}

/// How a world differs from the others.
#[derive(Clone, Copy, Default)]
struct Setup {
	/// Whether the cheat sends more than it was asked for.
	overlong: bool,
	/// Chunks after which the cheat breaks off.
	breaks_off_after: Option<usize>,
	/// Which candidate gets the questions with known answers, from 0 up to 1; every answer is checked where any is.
	drawn: f64,
}

struct World {
	miners: Arc<TextMiners>,
	verdicts: Arc<Verdicts>,
	metrics: Arc<Metrics>,
	folder: tempfile::TempDir,
	/// What both miners were asked.
	seen: Arc<Mutex<Vec<Seen>>>,
	_handles: Vec<Handle>,
}

/// A gateway before an honest miner, uid 1, and one that tampers with its answers, uid 2.
async fn world(options: AuditOptions, setup: Setup) -> World {
	let folder = tempfile::tempdir().unwrap();
	let model = folder.path().join("tiny.gguf");
	write_gguf(&model, 1, &TinySpec::default()).unwrap();
	let mechanism = MechanismOptions {
		name: "text".into(),
		model: Some(model),
		// So fast that no answer over a network could be: speed is none of the audit's business.
		text_target_tokens_per_second: Some(1e6),
		serving: Some(Serving {
			batch: 2,
			kv_memory_mib: 64,
		}),
		..MechanismOptions::default()
	};
	let identities = [Identity::generate(), Identity::generate(), Identity::generate()];
	let directory = Arc::new(MetagraphDirectory::new());
	let (caller, _) = network(0, &identities[0], &directory).await;
	let (honest, honest_incoming) = network(1, &identities[1], &directory).await;
	let (cheat, cheat_incoming) = network(2, &identities[2], &directory).await;
	let handles = vec![caller.clone(), honest, cheat];
	let neurons = (0..).zip(identities.iter().zip(&handles));
	let metagraph = Metagraph {
		netuid: 1,
		block: 9,
		block_hash: [9; 32],
		neurons: neurons
			.map(|(uid, (identity, handle))| neuron(uid, identity, handle.local_addr()))
			.collect(),
	};
	directory.update(&metagraph);
	let built = registry::build(&mechanism).unwrap();
	let seen = Arc::default();
	serve(honest_incoming, built.clone(), 1, Arc::clone(&seen));
	let checking = registry::text_mechanism(&mechanism).unwrap();
	let tampering = Tampering {
		honest: built,
		// An answer that breaks off must not come to its end before.
		end_of_turn: checking
			.model()
			.end_of_turn()
			.filter(|_| setup.breaks_off_after.is_none()),
		overlong: setup.overlong,
		breaks_off_after: setup.breaks_off_after,
	};
	serve(cheat_incoming, Arc::new(tampering), 2, Arc::clone(&seen));
	let newest = watch::channel(Arc::new(snapshot(metagraph))).1;
	let verdicts = Arc::new(Verdicts::open(folder.path().into()).unwrap());
	let metrics = Metrics::new();
	let model = checking.model().clone();
	let (auditor, audits) = auditor(
		options,
		checking,
		verdicts.clone(),
		metrics.clone(),
		Arc::new(move || setup.drawn),
	);
	let miners = TextMiners::new(caller, hotkey(0), newest, model).with_audit(auditor, verdicts.clone());
	let miners = Arc::new(miners);
	tokio::spawn(audits.run(miners.clone()));
	World {
		miners,
		verdicts,
		metrics,
		folder,
		seen,
		_handles: handles,
	}
}

impl World {
	/// Asks a miner and reads all of its answer.
	async fn ask(&self, uid: u16) -> Result<(), Fault> {
		self.ask_for(uid, usize::MAX).await
	}

	/// Asks a miner, reads so many parts of its answer, and leaves.
	async fn ask_for(&self, uid: u16, parts: usize) -> Result<(), Fault> {
		let miner = Answerer {
			uid,
			hotkey: hotkey(uid).to_string(),
		};
		let request = Generate {
			prompt: Prompt::user("Tell me about whales."),
			max_tokens: 12,
			temperature: 1.0,
			top_p: 1.0,
			seed: 3,
			stop: Vec::new(),
		};
		let mut pieces = self.miners.ask(&miner, &request, LONG).await?.take(parts);
		while let Some(piece) = pieces.next().await {
			piece?;
		}
		Ok(())
	}

	fn standing(&self, uid: u16) -> Standing {
		self.verdicts.standing(uid, Hotkey(hotkey(uid).into()))
	}

	/// Whether the scores of a miner tell that it cheats. Those of answers that could not be tampered with, because they were
	/// over at once, do not.
	fn is_low(&self, uid: u16) -> bool {
		match self.standing(uid) {
			Standing::Unknown => false,
			Standing::Measured(quality) => quality < 0.5,
			Standing::Banned(_) => true,
		}
	}

	/// Asks the cheat, and reads so many parts of each answer, until it is found out. Returns what came of the answers.
	async fn ask_until(&self, is_found_out: impl Fn() -> bool, parts: usize) -> Vec<Result<(), Fault>> {
		let mut answers = Vec::new();
		while !is_found_out() {
			assert!(answers.len() < MOST_QUESTIONS, "not found out: {:?}", self.standing(2));
			answers.push(self.ask_for(2, parts).await);
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
		answers
	}

	fn uids(&self) -> Vec<u16> {
		let candidates = self.miners.candidates();
		candidates.iter().map(|candidate| candidate.answerer.uid).collect()
	}
}

#[tokio::test]
async fn who_cheats_applications_gets_no_more_requests_and_the_validator_knows() {
	let options = AuditOptions {
		share: 1.0,
		canary_every: None,
	};
	let world = world(options, Setup::default()).await;
	assert_eq!(world.uids(), [1, 2]);
	world.ask(1).await.unwrap();
	until(|| world.standing(1) != Standing::Unknown).await;
	assert_eq!(world.standing(1), Standing::Measured(1.0));
	let caught = || matches!(world.standing(2), Standing::Banned(_));
	let answers = world.ask_until(caught, usize::MAX).await;
	// What it sends makes sense as an answer, so that the application notices nothing.
	assert!(answers.iter().all(Result::is_ok), "{answers:?}");
	assert_eq!(world.uids(), [1]);
	// The list is written after the verdict is known.
	until(|| condemned::read(world.folder.path()).is_ok_and(|told| !told.is_empty())).await;
	let told = condemned::read(world.folder.path()).unwrap();
	assert_eq!((told.len(), told[0].hotkey), (1, hotkey(2)));
	let kept = std::fs::read(world.folder.path().join("gateway-watch.redb")).unwrap();
	let prompt = b"whales";
	assert!(
		!kept.windows(prompt.len()).any(|window| window == prompt),
		"a prompt is kept"
	);
}

#[tokio::test]
async fn a_question_with_a_known_answer_is_sent_among_the_others() {
	let options = AuditOptions {
		share: 0.0,
		canary_every: NonZeroU64::new(2),
	};
	let world = world(options, Setup::default()).await;
	world.ask(2).await.unwrap();
	assert_eq!(world.standing(1), Standing::Unknown, "only every second request counts");
	// The miner that is asked is drawn from all: here always the first.
	while world.standing(1) == Standing::Unknown {
		world.ask(2).await.unwrap();
		tokio::time::sleep(Duration::from_millis(20)).await;
	}
	assert_eq!(world.standing(1), Standing::Measured(1.0));
	assert_eq!(
		world.standing(2),
		Standing::Unknown,
		"applications' answers are not checked"
	);
	let text = world.metrics.text();
	assert!(text.contains("checks_total{verdict=\"held\"}"), "{text}");
}

#[tokio::test]
async fn a_question_has_the_deadline_and_the_length_of_the_request_before_it() {
	let options = AuditOptions {
		share: 0.0,
		canary_every: NonZeroU64::new(1),
	};
	let world = world(options, Setup::default()).await;
	world.ask(2).await.unwrap();
	until(|| world.seen.lock().unwrap().len() == 2).await;
	let seen = world.seen.lock().unwrap().clone();
	let [asked, question] = [&seen[0], &seen[1]];
	assert_ne!(asked.1.prompt, question.1.prompt);
	assert_eq!((asked.0, asked.1.max_tokens), (120_000, 12));
	assert_eq!((question.0, question.1.max_tokens), (120_000, 12));
}

#[tokio::test]
async fn an_error_after_the_last_token_hides_no_cheat() {
	let setup = Setup {
		overlong: true,
		// The second of two candidates, the cheat; too high for answers to be checked unless all are.
		drawn: 0.9,
		..Setup::default()
	};
	for (share, canary_every) in [(1.0, None), (0.0, NonZeroU64::new(1))] {
		let world = world(AuditOptions { share, canary_every }, setup).await;
		for answer in world.ask_until(|| world.is_low(2), usize::MAX).await {
			let fault = answer.unwrap_err();
			assert!(
				matches!(&fault, Fault::Failed(reason) if reason.contains("tokens asked for") || reason.contains("goes on")),
				"{fault}"
			);
		}
	}
}

/// What was said before an answer ended is evidence, whoever ended it.
#[tokio::test]
async fn the_beginning_of_an_answer_that_breaks_off_is_checked() {
	let all = AuditOptions {
		share: 1.0,
		canary_every: None,
	};
	let breaks_off = Setup {
		// The header and four tokens of twelve.
		breaks_off_after: Some(5),
		..Setup::default()
	};
	for (setup, read) in [(breaks_off, usize::MAX), (Setup::default(), 4)] {
		let world = world(all, setup).await;
		for answer in world.ask_until(|| world.is_low(2), read).await {
			assert_eq!(answer.is_err(), read == usize::MAX, "{answer:?}");
		}
		// An application that leaves makes no honest miner fail.
		world.ask_for(1, 4).await.unwrap();
		until(|| world.standing(1) != Standing::Unknown).await;
		assert_eq!(world.standing(1), Standing::Measured(1.0));
		// Nothing was said, so nothing is checked.
		world.ask_for(1, 0).await.unwrap();
	}
}
