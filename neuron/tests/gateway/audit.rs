//! Answers to applications are checked: who cheats gets no more of them.

use std::{num::NonZeroU64, sync::Arc, time::Duration};

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
	registry::{self, MechanismOptions, Serving},
};
use neuron_chain::Metagraph;
use neuron_infer::tiny::{TinySpec, write_gguf};
use neuron_net::{Handle, Identity};
use subnet_sdk::{
	ChallengeContext, Descriptor, DynMechanism, Epoch, Hotkey, MechanismError, Score, SinkClosed, Transcript,
};
use subnet_text::{Chunk, Prompt};
use tokio::sync::watch;

use crate::{
	loopback::{hotkey, network, neuron, serve},
	support::{snapshot, until},
};

const LONG: Duration = Duration::from_secs(120);

/// Answers with the model, then changes tokens: any other model would do as badly.
struct Tampering(Arc<dyn DynMechanism>);

impl DynMechanism for Tampering {
	fn descriptor(&self) -> Descriptor {
		self.0.descriptor()
	}

	fn deadline(&self) -> Duration {
		self.0.deadline()
	}

	fn task(&self, context: &ChallengeContext, epoch: &Epoch) -> Result<Vec<u8>, MechanismError> {
		self.0.task(context, epoch)
	}

	fn solve(
		&self,
		context: &ChallengeContext,
		task: &[u8],
		sink: &mut dyn FnMut(Vec<u8>) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		self.0.solve(context, task, &mut |chunk| {
			let chunk = match Chunk::decode_all(&mut &chunk[..]) {
				Ok(Chunk::Tokens(mut tokens)) => {
					// Past the special tokens, so that the answer does not end early.
					tokens
						.iter_mut()
						.for_each(|emitted| emitted.token = 60 + emitted.token % 50);
					Chunk::Tokens(tokens).encode()
				}
				_ => chunk,
			};
			sink(chunk)
		})
	}

	fn score(
		&self,
		context: &ChallengeContext,
		task: &[u8],
		transcript: &Transcript<Vec<u8>>,
	) -> Result<Score, MechanismError> {
		self.0.score(context, task, transcript)
	}
}

struct World {
	miners: Arc<TextMiners>,
	verdicts: Arc<Verdicts>,
	metrics: Arc<Metrics>,
	folder: tempfile::TempDir,
	_handles: Vec<Handle>,
}

/// A gateway before an honest miner, uid 1, and one that tampers with its answers, uid 2.
async fn world(options: AuditOptions) -> World {
	let folder = tempfile::tempdir().unwrap();
	let model = folder.path().join("tiny.gguf");
	write_gguf(&model, 1, &TinySpec::default()).unwrap();
	let mechanism = MechanismOptions {
		name: "text".into(),
		model: Some(model),
		text_target_tokens_per_second: Some(0.001),
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
	serve(honest_incoming, built.clone(), 1);
	serve(cheat_incoming, Arc::new(Tampering(built)), 2);
	let newest = watch::channel(Arc::new(snapshot(metagraph))).1;
	let checking = registry::text_mechanism(&mechanism).unwrap();
	let verdicts = Arc::new(Verdicts::open(folder.path().into()).unwrap());
	let metrics = Metrics::new();
	let model = checking.model().clone();
	let (auditor, audits) = auditor(
		options,
		checking,
		verdicts.clone(),
		metrics.clone(),
		// The first candidate, and every answer where any is checked.
		Arc::new(|| 0.0),
	);
	let miners = TextMiners::new(caller, hotkey(0), newest, model).with_audit(auditor, verdicts.clone());
	let miners = Arc::new(miners);
	tokio::spawn(audits.run(miners.clone()));
	World {
		miners,
		verdicts,
		metrics,
		folder,
		_handles: handles,
	}
}

impl World {
	/// Asks a miner and reads all of its answer.
	async fn ask(&self, uid: u16) -> Result<(), Fault> {
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
		let mut pieces = self.miners.ask(&miner, &request, LONG).await?;
		while let Some(piece) = pieces.next().await {
			piece?;
		}
		Ok(())
	}

	fn standing(&self, uid: u16) -> Standing {
		self.verdicts.standing(uid, Hotkey(hotkey(uid).into()))
	}

	fn uids(&self) -> Vec<u16> {
		let candidates = self.miners.candidates();
		candidates.iter().map(|candidate| candidate.answerer.uid).collect()
	}
}

#[tokio::test]
async fn who_cheats_applications_gets_no_more_requests_and_the_validator_knows() {
	let world = world(AuditOptions {
		share: 1.0,
		canary_every: None,
	})
	.await;
	assert_eq!(world.uids(), [1, 2]);
	world.ask(1).await.unwrap();
	until(|| world.standing(1) != Standing::Unknown).await;
	assert_eq!(world.standing(1), Standing::Measured(1.0));
	let caught = || matches!(world.standing(2), Standing::Banned(_));
	for _ in 0..3 {
		// What it sends makes sense as an answer, so that the application notices nothing.
		let before = world.standing(2);
		world.ask(2).await.unwrap();
		until(|| world.standing(2) != before || caught()).await;
		if caught() {
			break;
		}
	}
	assert!(caught(), "{:?}", world.standing(2));
	assert_eq!(world.uids(), [1]);
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
	let world = world(AuditOptions {
		share: 0.0,
		canary_every: NonZeroU64::new(2),
	})
	.await;
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
