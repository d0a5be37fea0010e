//! The gateway: the subnet's miners behind OpenAI's HTTP interface.
//!
//! ```text
//!  application ─ HTTP, API key ─▶ http ─ limits ─▶ Upstream (Routed) ─ best miner first ─▶ TextMiners ─ neuron-net ─▶ miner
//!                    ▲                                  │ another one where it fails before its first token
//!                    └──── JSON or SSE ◀── Generation ◀─┘
//! ```
//!
//! - `http` speaks OpenAI's dialect: [`openai`] has its objects, [`error`] its errors;
//! - [`keys`] are the API keys, hashed at rest, and `limits` what each may do;
//! - [`Upstream`] is the seam: whoever implements it can stand behind the interface. [`routing`] does, over miners that are
//!   ranked by quality, latency and output rate; [`text`] reaches real ones.
//! - [`audit`] checks a random share of the answers, and sends questions with known answers; [`verdicts`] keep what came of it.
//!
//! A prompt goes to the miner that serves it (to two where hedging is on) and into no log.

pub mod audit;
pub mod error;
mod http;
pub mod keys;
mod limits;
pub mod openai;
mod records;
mod respond;
pub mod routing;
mod stream;
pub mod text;
pub mod upstream;
pub mod verdicts;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
pub use http::{Outside, Server, ServerOptions};
use subnet_sdk::Hotkey;
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;
pub use upstream::Upstream;

use self::{audit::AuditOptions, keys::KeyRing, routing::Routed, text::TextMiners, verdicts::Verdicts};
use crate::{
	bounded_listener::BoundedListener,
	follower::Snapshot,
	metrics::{self, Health, Metrics},
	neuron_options::NeuronOptions,
	registry::MechanismOptions,
	startup,
};

/// Connections of applications at once; more wait.
pub const MAX_CONNECTIONS: usize = 2_048;
/// A connection on which nothing moves for so long is closed; answers have a sign of life more often.
const IDLE_LIMIT: Duration = Duration::from_secs(180);
/// How long requests under way get at shutdown.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

/// How a gateway runs.
#[derive(Clone, Debug)]
pub struct GatewayOptions {
	/// The chain, the hotkey and the subnet.
	pub neuron: NeuronOptions,
	/// The subnet's model, whose tokenizer reads the answers.
	pub mechanism: MechanismOptions,
	/// Address of the HTTP interface.
	pub http: SocketAddr,
	/// File with the API keys' hashes; where absent, [`keys::FILE_NAME`] in the data folder.
	pub keys: Option<PathBuf>,
	/// Name that applications give the model.
	pub model_name: String,
	/// Requests under way at once, at least 1.
	pub concurrency: usize,
	/// Requests that may wait for their turn.
	pub queue: usize,
	/// Largest body of a request.
	pub max_body_bytes: usize,
	/// Most tokens that one request may ask for.
	pub max_tokens: u32,
	/// How long one request may take.
	pub timeout: Duration,
	/// Miners that are tried before the first token, at least 1.
	pub attempts: usize,
	/// Time without a first token after which a second miner is asked too.
	pub hedge_after: Option<Duration>,
	/// How often answers are checked.
	pub audit: AuditOptions,
}

impl GatewayOptions {
	/// The defaults, which `neuron gateway --help` lists.
	pub fn new(neuron: NeuronOptions) -> Self {
		Self {
			neuron,
			mechanism: MechanismOptions::default(),
			http: ([127, 0, 0, 1], 8080).into(),
			keys: None,
			model_name: "ganglion".into(),
			concurrency: 64,
			queue: 128,
			max_body_bytes: 1 << 20,
			max_tokens: 2_048,
			timeout: Duration::from_secs(120),
			attempts: 3,
			hedge_after: None,
			audit: AuditOptions::default(),
		}
	}
}

/// Runs a gateway until `stop` is cancelled.
///
/// # Errors
/// See [`startup::start_caller`]; also a model that cannot be loaded, a key file that cannot be read, an address that is
/// taken.
pub async fn run(options: GatewayOptions, stop: CancellationToken) -> Result<()> {
	let started = startup::start_caller(&options.neuron);
	let caller = tokio::select! {
		caller = started => caller?,
		() = stop.cancelled() => return Ok(()),
	};
	let parts = caller.parts.clone();
	let mechanism = options.mechanism.clone();
	let mechanism = tokio::task::spawn_blocking(move || crate::registry::text_mechanism(&mechanism))
		.await
		.context("the model could not be loaded")??;
	let verdicts = Arc::new(Verdicts::open(parts.data_dir.clone())?);
	let keys = options
		.keys
		.clone()
		.unwrap_or_else(|| parts.data_dir.join(keys::FILE_NAME));
	let keys = KeyRing::open(&keys)?;
	if keys.is_empty() {
		tracing::warn!("there is no API key yet: `neuron gateway key add NAME` makes one");
	}
	let (metrics, health) = (Metrics::new(), Health::default());
	let following = metrics::follow_chain(metrics.clone(), health.clone(), parts.hotkey, parts.followed.clone());
	tokio::spawn(stop.clone().run_until_cancelled_owned(following));
	let miners = TextMiners::new(
		parts.handle.clone(),
		parts.hotkey,
		parts.followed.snapshot.clone(),
		mechanism.model().clone(),
	);
	let (auditor, audits) = audit::auditor(
		options.audit,
		mechanism,
		verdicts.clone(),
		metrics.clone(),
		Arc::new(rand::random::<f64>),
	);
	let miners = Arc::new(miners.with_audit(auditor, verdicts.clone()));
	tokio::spawn(stop.clone().run_until_cancelled_owned(audits.run(miners.clone())));
	let forgetting = forget_who_left(parts.followed.snapshot.clone(), verdicts);
	tokio::spawn(stop.clone().run_until_cancelled_owned(forgetting));
	let routed = Routed::new(miners, (&options).into(), metrics.clone());
	let server = Server::new(
		Arc::new(routed),
		keys,
		(&options).into(),
		metrics,
		health,
		Outside::system(),
	);
	let listener = TcpListener::bind(options.http)
		.await
		.with_context(|| format!("cannot listen at {}; check --http", options.http))?;
	let address = listener.local_addr()?;
	tracing::info!(http = %address, model = options.model_name, "serving applications");
	let served = serve(server, listener, stop.clone()).await;
	caller.close().await;
	served?;
	tracing::info!("stopped");
	Ok(())
}

/// Drops the verdicts on miners that leave the subnet.
async fn forget_who_left(mut newest: watch::Receiver<Arc<Snapshot>>, verdicts: Arc<Verdicts>) {
	while newest.changed().await.is_ok() {
		let snapshot = newest.borrow_and_update().clone();
		let neurons = snapshot.metagraph.neurons.iter();
		let present: Vec<_> = neurons
			.map(|neuron| (neuron.uid, Hotkey(neuron.hotkey.into())))
			.collect();
		verdicts.retain(&present);
	}
}

/// Answers at a listener until `stop`, then lets requests under way finish for a while.
///
/// # Errors
/// What the system said about the listener.
pub async fn serve(server: Server, listener: TcpListener, stop: CancellationToken) -> Result<()> {
	let listener = BoundedListener::new(listener, MAX_CONNECTIONS, IDLE_LIMIT);
	let serving = axum::serve(listener, server.routes()).with_graceful_shutdown(stop.clone().cancelled_owned());
	let late = async {
		stop.cancelled().await;
		tokio::time::sleep(SHUTDOWN_LIMIT).await;
	};
	tokio::select! {
		served = serving => served.context("the HTTP interface broke"),
		() = late => Ok(()),
	}
}
