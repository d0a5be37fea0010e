//! A gateway with a scripted upstream, and two clients.

use std::{
	collections::VecDeque,
	sync::{
		Arc, Mutex,
		atomic::{AtomicU64, AtomicUsize, Ordering},
	},
	time::Duration,
};

use async_openai::{Client, config::OpenAIConfig};
use async_trait::async_trait;
use axum::{
	body::Body,
	http::{HeaderMap, Request, StatusCode},
};
use futures::{StreamExt, stream};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use neuron::{
	gateway::{
		Outside, Server, ServerOptions, Upstream,
		keys::{KeyCommand, KeyLimits, KeyRing},
		serve,
		upstream::{Answerer, Finish, Generate, Generation, Model, Piece, TokenLogprob, UpstreamError},
	},
	metrics::{Health, Metrics},
	validator::challenge::Clock,
};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// What the scripted upstream does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Script {
	/// Answers, a token a word.
	Says(Vec<&'static str>, Finish),
	/// Answers so far, then fails.
	BreaksOff(Vec<&'static str>, UpstreamError),
	/// Does not begin.
	Fails(UpstreamError),
	/// Begins with a word and never goes on.
	Hangs,
}

/// Does what it was told, request by request.
#[derive(Default)]
pub(crate) struct Scripted {
	pub(crate) scripts: Mutex<VecDeque<Script>>,
	pub(crate) asked: Mutex<Vec<Arc<Generate>>>,
	/// Answers that have begun and were not dropped.
	pub(crate) under_way: Arc<AtomicUsize>,
}

struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
	fn drop(&mut self) {
		self.0.fetch_sub(1, Ordering::SeqCst);
	}
}

pub(crate) fn answerer() -> Answerer {
	Answerer {
		uid: 7,
		hotkey: "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY".into(),
	}
}

pub(crate) fn word(text: &str) -> Piece {
	Piece::Text {
		text: text.into(),
		tokens: vec![TokenLogprob {
			text: text.into(),
			logprob: -0.5,
		}],
	}
}

#[async_trait]
impl Upstream for Scripted {
	fn models(&self) -> Vec<Model> {
		vec![Model {
			name: "ganglion".into(),
			hash: "ab".repeat(32),
		}]
	}

	async fn generate(&self, request: Arc<Generate>, _: Duration) -> Result<Generation, UpstreamError> {
		self.asked.lock().unwrap().push(request);
		let script = self
			.scripts
			.lock()
			.unwrap()
			.pop_front()
			.expect("there is a script for each request");
		let (words, end, hangs) = match script {
			Script::Fails(error) => return Err(error),
			Script::Says(words, finish) => (
				words,
				Ok(Piece::End {
					finish,
					prompt_tokens: 11,
				}),
				false,
			),
			Script::BreaksOff(words, error) => (words, Err(error), false),
			Script::Hangs => (vec!["so"], Ok(word("never")), true),
		};
		self.under_way.fetch_add(1, Ordering::SeqCst);
		let guard = UnderWay(self.under_way.clone());
		let words: Vec<_> = words.into_iter().map(|text| Ok(word(text))).collect();
		let last = stream::once(async move {
			if hangs {
				std::future::pending::<()>().await;
			}
			end
		});
		let pieces = stream::iter(words).chain(last).map(move |piece| {
			let _alive = &guard;
			piece
		});
		Ok(Generation {
			answerer: answerer(),
			attempts: 2,
			pieces: pieces.boxed(),
		})
	}
}

/// A clock that stands still until it is moved.
#[derive(Default)]
pub(crate) struct StillClock(pub(crate) AtomicU64);

impl Clock for StillClock {
	fn now_us(&self) -> u64 {
		self.0.load(Ordering::SeqCst)
	}
}

/// A gateway that runs until this is dropped.
pub(crate) struct Gateway {
	pub(crate) address: std::net::SocketAddr,
	pub(crate) key: String,
	pub(crate) clock: Arc<StillClock>,
	pub(crate) health: Health,
	pub(crate) keys: std::path::PathBuf,
	_folder: tempfile::TempDir,
	_stop: DropGuard,
}

pub(crate) fn options() -> ServerOptions {
	ServerOptions {
		concurrency: 4,
		queue: 4,
		max_body_bytes: 4_096,
		max_tokens: 100,
		timeout: Duration::from_secs(60),
	}
}

pub(crate) async fn gateway(upstream: Arc<dyn Upstream>, options: ServerOptions, limits: KeyLimits) -> Gateway {
	let folder = tempfile::tempdir().unwrap();
	let keys = folder.path().join("keys.json");
	let add = KeyCommand::Add {
		name: "test".into(),
		limits,
	};
	let key = add.run(&keys).unwrap().lines().next().unwrap().to_owned();
	let (clock, metrics, health) = (Arc::new(StillClock::default()), Metrics::new(), Health::default());
	let outside = Outside {
		clock: clock.clone(),
		unix_seconds: || 1_700_000_000,
		entropy: rand::random,
	};
	let ring = KeyRing::open(&keys).unwrap();
	let server = Server::new(upstream, ring, options, metrics, health.clone(), outside);
	let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
	let address = listener.local_addr().unwrap();
	let stop = CancellationToken::new();
	tokio::spawn(serve(server, listener, stop.clone()));
	Gateway {
		address,
		key,
		clock,
		health,
		keys,
		_folder: folder,
		_stop: stop.drop_guard(),
	}
}

/// A gateway whose upstream does this.
pub(crate) async fn scripted(scripts: Vec<Script>) -> (Gateway, Arc<Scripted>) {
	let upstream = Arc::new(Scripted {
		scripts: Mutex::new(scripts.into()),
		..Scripted::default()
	});
	(
		gateway(upstream.clone(), options(), KeyLimits::default()).await,
		upstream,
	)
}

impl Gateway {
	pub(crate) fn client(&self) -> Client<OpenAIConfig> {
		let config = OpenAIConfig::new()
			.with_api_base(format!("http://{}/v1", self.address))
			.with_api_key(self.key.clone());
		Client::with_config(config)
	}

	/// A request by hand, with the key.
	pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> (StatusCode, HeaderMap, String) {
		self.send("POST", path, Some(&self.key), body).await
	}

	pub(crate) async fn get(&self, path: &str) -> (StatusCode, HeaderMap, String) {
		self.send("GET", path, Some(&self.key), Body::empty()).await
	}

	pub(crate) async fn send(
		&self,
		method: &str,
		path: &str,
		key: Option<&str>,
		body: impl Into<Body>,
	) -> (StatusCode, HeaderMap, String) {
		let stream = TcpStream::connect(self.address).await.unwrap();
		let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
			.await
			.unwrap();
		tokio::spawn(connection);
		let mut request = Request::builder().method(method).uri(path).header("host", "test");
		if let Some(key) = key {
			request = request.header("authorization", format!("Bearer {key}"));
		}
		let response = sender.send_request(request.body(body.into()).unwrap()).await.unwrap();
		let (head, body) = response.into_parts();
		let body = body.collect().await.unwrap().to_bytes();
		(head.status, head.headers, String::from_utf8(body.to_vec()).unwrap())
	}
}

/// The error object in a body.
pub(crate) fn error(body: &str) -> Value {
	let object: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
	assert!(object["error"]["message"].is_string(), "{body}");
	object["error"].clone()
}

/// The smallest chat.
pub(crate) const CHAT: &str = r#"{"model":"ganglion","messages":[{"role":"user","content":"hello"}]}"#;

/// Waits until something is so.
pub(crate) async fn until(what: impl Fn() -> bool) {
	while !what() {
		tokio::time::sleep(Duration::from_millis(2)).await;
	}
}

/// What a follower would have seen with this metagraph.
pub(crate) fn snapshot(metagraph: neuron_chain::Metagraph) -> neuron::follower::Snapshot {
	neuron::follower::Snapshot {
		block: metagraph.block,
		metagraph,
		hyperparameters: neuron_chain::Hyperparameters {
			tempo: 20,
			weights_rate_limit: 5,
			weights_version_key: 7,
			min_allowed_weights: 1,
			immunity_period: 40,
			max_allowed_uids: 256,
			serving_rate_limit: 0,
		},
		next_epoch_block: None,
	}
}
