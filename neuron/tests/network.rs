//! Miner and validator over a real network, with a real (tiny) model; only the chain is prepared by hand.

mod fakes;

use std::sync::{Arc, Mutex};

use fakes::{Recorder, hotkey, identity, newest, signer, snapshot};
use neuron::{
	directory::MetagraphDirectory,
	events::Event,
	miner::{Dispatcher, Job},
	registry::{self, MechanismOptions, RegistryError, Serving},
	validator::{
		challenge::{Challenger, SystemClock, SystemNonces},
		honesty::Honesty,
		round::Rounds,
		scores::{Owner, ScoreStore},
	},
};
use neuron_chain::{Axon, Metagraph};
use neuron_infer::tiny::{TinySpec, write_embedder, write_gguf};
use neuron_net::{Config, Handle, Identity, Incoming, LocalSigner, Network};
use subnet_pretrain::{PretrainParameters, Weights};
use subnet_sdk::{DynMechanism, Hotkey};

async fn network(
	(identity, signer): (Identity, LocalSigner),
	directory: Arc<MetagraphDirectory>,
) -> (Handle, Incoming) {
	let signer = Arc::new(signer);
	Network::start(Config::new("127.0.0.1:0".parse().unwrap(), identity, signer), directory)
		.await
		.unwrap()
}

/// A subnet with the validator 0 and one miner, whose axons are where these handles listen.
fn metagraph(handles: &[&Handle]) -> Metagraph {
	let mut metagraph = snapshot(1, u16::try_from(handles.len()).unwrap()).metagraph;
	for (neuron, handle) in metagraph.neurons.iter_mut().zip(handles) {
		let addr = handle.local_addr();
		neuron.axon = Some(Axon {
			ip: addr.ip(),
			port: addr.port(),
			protocol: 4,
			version: 1,
		});
	}
	metagraph
}

fn rounds(mechanism: Arc<dyn DynMechanism>, handle: &Handle, folder: &tempfile::TempDir) -> (Rounds, Arc<Recorder>) {
	let events = Arc::new(Recorder::default());
	let descriptor = mechanism.descriptor();
	let store = ScoreStore::open(folder.path(), Owner::new(hotkey(0), 1, descriptor), 1.0).unwrap();
	let challenger = Challenger {
		own: Hotkey(hotkey(0).into()),
		mechanism,
		peers: Arc::new(handle.clone()),
		clock: Arc::new(SystemClock::default()),
		nonces: Arc::new(SystemNonces),
		token_counter: registry::token_counter(descriptor.name),
	};
	let scores = Arc::new(Mutex::new(store));
	(
		Rounds {
			challenger,
			scores,
			events: events.clone(),
			own: hotkey(0),
			concurrency: 1,
			honesty: Honesty::default(),
		},
		events,
	)
}

fn serve(mut incoming: Incoming, mechanism: Arc<dyn DynMechanism>, uid: u16) -> Arc<Dispatcher> {
	let dispatcher = Arc::new(Dispatcher::new(mechanism, Hotkey(hotkey(uid).into()), 1, 4));
	let serving = dispatcher.clone();
	tokio::spawn(async move {
		while let Some(request) = incoming.next().await {
			let reply = Box::new(request.responder);
			serving.dispatch(Job {
				caller: request.caller,
				request: request.request,
				reply,
			});
		}
	});
	dispatcher
}

fn text(folder: &tempfile::TempDir) -> MechanismOptions {
	let model = folder.path().join("tiny.gguf");
	write_gguf(&model, 1, &TinySpec::default()).unwrap();
	MechanismOptions {
		name: "text".into(),
		model: Some(model),
		text_tokens: Some(8),
		text_target_tokens_per_second: Some(0.001),
		serving: Some(Serving {
			batch: 4,
			kv_memory_mib: 64,
		}),
		..MechanismOptions::default()
	}
}

/// The scores that a validator gives to two miners, which it asks once each over the network.
async fn compete(
	validator: Arc<dyn DynMechanism>,
	honest: Arc<dyn DynMechanism>,
	cheat: Arc<dyn DynMechanism>,
	folder: &tempfile::TempDir,
) -> (Vec<(u16, f64, String)>, Arc<Recorder>) {
	let directory = Arc::new(MetagraphDirectory::new());
	let (handle, _incoming) = network((identity(0), signer(0)), directory.clone()).await;
	let (first, first_incoming) = network((identity(1), signer(1)), directory.clone()).await;
	let (second, second_incoming) = network((identity(2), signer(2)), directory.clone()).await;
	let metagraph = metagraph(&[&handle, &first, &second]);
	assert_eq!(directory.update(&metagraph), 3);
	let _first = serve(first_incoming, honest, 1);
	let _second = serve(second_incoming, cheat, 2);
	let (rounds, events) = rounds(validator, &handle, folder);
	assert_eq!(rounds.run(1, 1, &newest(&metagraph)).await, 2);
	(events.scores(), events)
}

#[tokio::test]
async fn a_miner_with_the_model_earns_and_one_with_another_does_not() {
	let folder = tempfile::tempdir().unwrap();
	let options = text(&folder);
	let mechanism = registry::build(&options).unwrap();
	let other = folder.path().join("other.gguf");
	write_gguf(&other, 2, &TinySpec::default()).unwrap();
	let wrong = registry::build(&MechanismOptions {
		model: Some(other),
		..options.clone()
	})
	.unwrap();

	let (scores, events) = compete(mechanism, registry::build(&options).unwrap(), wrong, &folder).await;
	assert!(scores[0].1 > 0.9, "{scores:?}");
	assert_eq!(scores[1].1, 0.0, "{scores:?}");
	let rates: Vec<_> = events
		.events()
		.into_iter()
		.filter_map(|event| match event {
			Event::Score {
				uid, tokens_per_second, ..
			} => Some((uid, tokens_per_second.is_some())),
			_ => None,
		})
		.collect();
	assert!(rates.contains(&(1, true)) && rates.contains(&(2, false)), "{rates:?}");
}

#[tokio::test]
async fn an_embedder_that_is_not_the_declared_one_earns_nothing() {
	let folder = tempfile::tempdir().unwrap();
	let options = |seed: u64| {
		let model = folder.path().join(format!("embedder-{seed}"));
		std::fs::create_dir(&model).unwrap();
		write_embedder(&model, seed).unwrap();
		MechanismOptions {
			name: "embedding".into(),
			model: Some(model),
			..MechanismOptions::default()
		}
	};
	let (declared, other) = (options(1), options(2));
	let build = |options: &MechanismOptions| registry::build(options).unwrap();
	let (scores, _) = compete(build(&declared), build(&declared), build(&other), &folder).await;
	assert!(
		scores[0].1 > 0.0 && scores[0].2.contains("8 of 8 vectors agree"),
		"{scores:?}"
	);
	assert!(
		scores[1].1 == 0.0 && scores[1].2.contains("none of the models"),
		"{scores:?}"
	);
	let error = registry::build(&MechanismOptions {
		model: None,
		..declared
	});
	assert!(error.err().unwrap().to_string().contains("--model"));
}

#[tokio::test]
async fn a_trained_model_is_paid_and_an_untrained_one_is_not() {
	let folder = tempfile::tempdir().unwrap();
	let parameters = PretrainParameters::default();
	let untrained = Weights::initial(parameters.architecture, parameters.initial_seed).unwrap();
	// Towards the bytes that prose has most of: better than nothing, without any training.
	let mut numbers = untrained.numbers().to_vec();
	let width = parameters.architecture.width;
	let gains = numbers.len() - width;
	numbers[gains] = 20.0;
	for row in 0..256 {
		numbers[row * width] = if b" etaoinshr".contains(&(row as u8)) {
			0.05
		} else {
			0.0
		};
	}
	let better = Weights::new(parameters.architecture, numbers).unwrap();
	let options = |name: &str, weights: Option<&Weights>| {
		let model = weights.map(|weights| {
			let path = folder.path().join(name);
			std::fs::write(&path, weights.to_file().unwrap()).unwrap();
			path
		});
		registry::build(&MechanismOptions {
			name: "pretrain".into(),
			model,
			..MechanismOptions::default()
		})
		.unwrap()
	};
	let miners = (options("better", Some(&better)), options("untrained", Some(&untrained)));
	let (scores, _) = compete(options("", None), miners.0, miners.1, &folder).await;
	assert!(scores[0].1 > 0.0, "{scores:?}");
	assert!(
		scores[1].1 == 0.0 && scores[1].2.contains("copy of the best"),
		"{scores:?}"
	);
}

#[tokio::test]
async fn a_caller_that_is_not_on_chain_costs_no_inference() {
	let folder = tempfile::tempdir().unwrap();
	let options = MechanismOptions {
		name: "echo".into(),
		..MechanismOptions::default()
	};
	let directory = Arc::new(MetagraphDirectory::new());
	let (stranger, _incoming) = network((Identity::generate(), signer(0)), directory.clone()).await;
	let (miner, incoming) = network((identity(1), signer(1)), directory.clone()).await;
	let metagraph = metagraph(&[&stranger, &miner]);
	directory.update(&metagraph);
	let dispatcher = serve(incoming, registry::build(&options).unwrap(), 1);

	let (rounds, events) = rounds(registry::build(&options).unwrap(), &stranger, &folder);
	rounds.run(1, 1, &newest(&metagraph)).await;
	let scores = events.scores();
	assert!(
		scores[0].1 == 0.0 && scores[0].2.contains("belongs to no hotkey"),
		"{scores:?}"
	);
	assert!(
		format!("{:?}", dispatcher.counters()).matches(": 0").count() == 4,
		"{:?}",
		dispatcher.counters()
	);
}

#[test]
fn a_model_file_that_is_missing_or_another_is_named() {
	let folder = tempfile::tempdir().unwrap();
	let good = text(&folder);
	let error = |options: MechanismOptions| match registry::build(&options) {
		Ok(_) => panic!("{options:?} was built"),
		Err(RegistryError::Model(error)) => error.to_string(),
		Err(other) => panic!("{other}"),
	};
	let missing = error(MechanismOptions {
		model: Some(folder.path().join("none.gguf")),
		..good.clone()
	});
	assert!(missing.contains("none.gguf"), "{missing}");
	let other = error(MechanismOptions {
		model_sha256: Some("ab".repeat(32)),
		..good.clone()
	});
	assert!(other.contains("tiny.gguf") && other.contains("abab"), "{other}");
	let rubbish = folder.path().join("rubbish.gguf");
	std::fs::write(&rubbish, "this is no model").unwrap();
	let rubbish = error(MechanismOptions {
		model: Some(rubbish),
		..good
	});
	assert!(rubbish.contains("rubbish.gguf"), "{rubbish}");
}
