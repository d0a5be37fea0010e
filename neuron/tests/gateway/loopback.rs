//! From OpenAI's client to a real miner with a real (tiny) model, over loopback; only the chain is prepared by hand.

use std::{sync::Arc, time::Duration};

use async_openai::types::chat::{ChatCompletionRequestUserMessage, CreateChatCompletionRequestArgs};
use futures::StreamExt;
use neuron::{
	directory::MetagraphDirectory,
	gateway::{
		Upstream,
		keys::KeyLimits,
		routing::{Routed, RoutingOptions},
		text::TextMiners,
	},
	metrics::Metrics,
	miner::{Dispatcher, Job},
	registry::{self, MechanismOptions},
};
use neuron_chain::{AccountId, Axon, Metagraph, Neuron};
use neuron_infer::tiny::{TinySpec, write_gguf};
use neuron_net::{Config, Handle, Identity, Incoming, LocalSigner, Network, Signer as _};
use subnet_sdk::{DynMechanism, Hotkey};
use tokio::sync::watch;

use crate::support::{CHAT, gateway, options};

pub(crate) fn hotkey(uid: u16) -> AccountId {
	AccountId::new(signer(uid).hotkey())
}

fn signer(uid: u16) -> LocalSigner {
	LocalSigner::from_seed([u8::try_from(uid + 1).unwrap(); 32])
}

pub(crate) fn neuron(uid: u16, identity: &Identity, addr: std::net::SocketAddr) -> Neuron {
	Neuron {
		uid,
		hotkey: hotkey(uid),
		coldkey: AccountId::new([200; 32]),
		stake_rao: 0,
		trust: 0,
		consensus: 0,
		incentive: 40_000,
		dividends: 0,
		emission_rao: 0,
		active: true,
		validator_permit: uid == 0,
		last_update: 0,
		registered_at: 0,
		axon: Some(Axon {
			ip: addr.ip(),
			port: addr.port(),
			protocol: 4,
			version: 1,
		}),
		certificate: Some(identity.certificate()),
	}
}

pub(crate) async fn network(uid: u16, identity: &Identity, directory: &Arc<MetagraphDirectory>) -> (Handle, Incoming) {
	let signer = Arc::new(signer(uid));
	let config = Config::new("127.0.0.1:0".parse().unwrap(), identity.clone(), signer);
	Network::start(config, directory.clone()).await.unwrap()
}

pub(crate) fn serve(mut incoming: Incoming, mechanism: Arc<dyn DynMechanism>, uid: u16) {
	let dispatcher = Dispatcher::new(mechanism, Hotkey(hotkey(uid).into()), 2, 4);
	tokio::spawn(async move {
		while let Some(request) = incoming.next().await {
			dispatcher.dispatch(Job {
				caller: request.caller,
				request: request.request,
				reply: Box::new(request.responder),
			});
		}
	});
}

/// A subnet of the gateway's validator, a miner that has left its address behind, and one that works.
async fn upstream(folder: &tempfile::TempDir) -> (Arc<dyn Upstream>, Vec<Handle>) {
	let model = folder.path().join("tiny.gguf");
	write_gguf(&model, 1, &TinySpec::default()).unwrap();
	let mechanism = MechanismOptions {
		name: "text".into(),
		model: Some(model),
		serving: Some(neuron::registry::Serving {
			batch: 2,
			kv_memory_mib: 64,
		}),
		..MechanismOptions::default()
	};
	let identities = [Identity::generate(), Identity::generate(), Identity::generate()];
	let directory = Arc::new(MetagraphDirectory::new());
	let (caller, _) = network(0, &identities[0], &directory).await;
	let (gone, gone_incoming) = network(1, &identities[1], &directory).await;
	let (miner, incoming) = network(2, &identities[2], &directory).await;
	let handles = [&caller, &gone, &miner];
	let neurons = (0..).zip(identities.iter().zip(handles));
	let metagraph = Metagraph {
		netuid: 1,
		block: 9,
		block_hash: [9; 32],
		neurons: neurons
			.map(|(uid, (identity, handle))| neuron(uid, identity, handle.local_addr()))
			.collect(),
	};
	directory.update(&metagraph);
	drop(gone_incoming);
	gone.shutdown().await;
	serve(incoming, registry::build(&mechanism).unwrap(), 2);
	let newest = watch::channel(Arc::new(crate::support::snapshot(metagraph))).1;
	let model = registry::language_model(&mechanism).unwrap();
	let miners = TextMiners::new(caller.clone(), hotkey(0), newest, model);
	let routing = RoutingOptions {
		model_name: "ganglion".into(),
		attempts: 3,
		hedge_after: None,
		late_after: Duration::ZERO,
		// The first candidate first: the one that has gone.
		dice: Arc::new(|| 0.0),
	};
	(
		Arc::new(Routed::new(Arc::new(miners), routing, Metrics::new())),
		vec![caller, miner],
	)
}

#[tokio::test]
async fn a_chat_reaches_a_miner_and_comes_back_whole_and_streamed() {
	let folder = tempfile::tempdir().unwrap();
	let (upstream, handles) = upstream(&folder).await;
	let mut bounds = options();
	bounds.timeout = Duration::from_secs(120);
	let gateway = gateway(upstream, bounds, KeyLimits::default()).await;
	let request = CreateChatCompletionRequestArgs::default()
		.model("ganglion")
		.messages([ChatCompletionRequestUserMessage::from("Once upon a time").into()])
		.max_completion_tokens(6_u32)
		.temperature(0.0)
		.build()
		.unwrap();
	let client = gateway.client();
	let whole = client.chat().create(request.clone()).await.unwrap();
	let usage = whole.usage.unwrap();
	assert!(
		usage.prompt_tokens > 0 && (1..=6).contains(&usage.completion_tokens),
		"{usage:?}"
	);
	let mut stream = client.chat().create_stream(request).await.unwrap();
	let (mut text, mut finish) = (String::new(), None);
	while let Some(piece) = stream.next().await {
		for choice in piece.unwrap().choices {
			text.push_str(choice.delta.content.as_deref().unwrap_or(""));
			finish = choice.finish_reason.or(finish);
		}
	}
	// At temperature 0 the model always says the same.
	assert_eq!(whole.choices[0].message.content.as_deref(), Some(text.as_str()));
	assert_eq!(whole.choices[0].finish_reason, finish);
	let short = CHAT.replace("{\"model\"", "{\"max_tokens\":2,\"model\"");
	let (status, head, body) = gateway.post("/v1/chat/completions", short).await;
	assert_eq!(status, 200, "{body}");
	assert_eq!(head["x-ganglion-hotkey"], hotkey(2).to_string().as_str(), "{body}");
	drop(handles);
}

#[tokio::test]
async fn a_prompt_that_does_not_fit_is_the_application_s_fault() {
	let folder = tempfile::tempdir().unwrap();
	let (upstream, _handles) = upstream(&folder).await;
	let mut bounds = options();
	bounds.max_body_bytes = 1 << 20;
	let gateway = gateway(upstream, bounds, KeyLimits::default()).await;
	let (status, _, body) = gateway
		.post("/v1/chat/completions", CHAT.replace("hello", &"long ".repeat(8_000)))
		.await;
	assert_eq!(status, 400, "{body}");
	assert!(body.contains("32768"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Python with the package `openai`, which OPENAI_PYTHON names"]
async fn openai_s_own_python_client_is_content() {
	let Some(python) = std::env::var_os("OPENAI_PYTHON") else {
		panic!("OPENAI_PYTHON does not name a Python with the package `openai`");
	};
	let folder = tempfile::tempdir().unwrap();
	let (upstream, _handles) = upstream(&folder).await;
	let mut bounds = options();
	bounds.timeout = Duration::from_secs(120);
	let gateway = gateway(upstream, bounds, KeyLimits::default()).await;
	let script = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/openai_client.py");
	let arguments = [
		script.to_owned(),
		format!("http://{}/v1", gateway.address),
		gateway.key.clone(),
	];
	let run = tokio::task::spawn_blocking(move || std::process::Command::new(python).args(arguments).output());
	let output = run.await.unwrap().unwrap();
	let (said, failed) = (
		String::from_utf8_lossy(&output.stdout),
		String::from_utf8_lossy(&output.stderr),
	);
	println!("{said}{failed}");
	assert!(output.status.success() && said.contains("all is well"));
}
