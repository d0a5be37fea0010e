//! What a miner and a validator do alike before their work: keys, chain, registration, network, publication.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use neuron_chain::{AccountId, ChainClient, Keypair, Metagraph};
use neuron_net::{
	AdmissionPolicy, Config, External, Handle, Identity, Incoming, MAX_COUNT, Network, RelayAt, Signer,
	evidence::{Signature, hash_body},
};
use subnet_sdk::DynMechanism;
use tokio_util::sync::CancellationToken;

use crate::{
	chain_access::{ChainAccess, LiveChain},
	directory::{MetagraphDirectory, network_key},
	follower::{self, Followed, Snapshot},
	metrics::{self, Health, Metrics},
	neuron_options::{MetricsPlace, NeuronOptions},
	publish::{self, Presence, Publisher},
	units::format_tao,
};

/// How long the node gets to answer.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the network layer gets to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// What a mechanism may be built from, besides its own options.
#[derive(Clone)]
pub struct Parts {
	/// The neuron's hotkey.
	pub hotkey: AccountId,
	/// Its uid.
	pub uid: u16,
	/// The chain, signing with the hotkey.
	pub chain: Arc<dyn ChainAccess>,
	/// The network, to call peers.
	pub handle: Handle,
	/// The chain's head and the subnet's state.
	pub followed: Followed,
	/// The neuron's own folder.
	pub data_dir: PathBuf,
	/// The async runtime, for a mechanism that needs it on its blocking thread.
	pub runtime: tokio::runtime::Handle,
}

/// Makes the mechanism; runs on a blocking thread, after the cheap checks and before anything is published.
pub type MechanismFactory = Box<dyn FnOnce(&Parts) -> Result<Arc<dyn DynMechanism>> + Send>;

/// A neuron that is on the network and on chain, and does not work yet.
pub struct Neuron {
	/// What it is made of.
	pub parts: Parts,
	/// What it serves or scores.
	pub mechanism: Arc<dyn DynMechanism>,
	/// Requests of peers.
	pub incoming: Incoming,
	background: CancellationToken,
}

impl Neuron {
	/// Serves metrics about what the chain says, and about what the role notes in them, until the neuron leaves.
	///
	/// # Errors
	/// An address that somebody asked for and that cannot be had.
	pub async fn serve_metrics(&self, place: MetricsPlace) -> Result<Arc<Metrics>> {
		let (metrics, health) = (Metrics::new(), Health::default());
		let following = metrics::follow_chain(
			metrics.clone(),
			health.clone(),
			self.parts.hotkey,
			self.parts.followed.clone(),
		);
		tokio::spawn(self.background.clone().run_until_cancelled_owned(following));
		metrics::serve(
			place,
			metrics.clone(),
			health,
			self.background.clone().cancelled_owned(),
		)
		.await?;
		Ok(metrics)
	}

	/// Leaves the network.
	pub async fn close(self) {
		self.background.cancel();
		drop(self.incoming);
		if tokio::time::timeout(CLOSE_TIMEOUT, self.parts.handle.shutdown())
			.await
			.is_err()
		{
			tracing::warn!("the network did not close in time");
		}
	}
}

/// Starts a neuron, at which up to `waiting` requests of peers may wait.
///
/// # Errors
/// One line that names the cause and the remedy: a key file that is missing or is none, a node that does not answer,
/// an unknown subnet, a hotkey without a place on it, a port that is taken, a mechanism that cannot be built.
pub async fn start(
	options: &NeuronOptions,
	admission: AdmissionPolicy,
	waiting: usize,
	factory: MechanismFactory,
) -> Result<Neuron> {
	let hotkey = options.wallet.hotkey()?;
	let account = hotkey.account_id();
	let data_dir = options.resolve_data_dir(&account.to_string())?;
	let client = ChainClient::connect(&options.url, CONNECT_TIMEOUT).await?;
	let uid = place(&client, options, account).await?;
	let identity = Identity::load_or_create(&data_dir.join("identity"))?;
	let certificate = identity.certificate();
	tracing::info!(hotkey = %account, uid, netuid = options.netuid, peer_id = identity.peer_id(), "starting");

	let signing = hotkey.clone();
	let chain: Arc<dyn ChainAccess> = Arc::new(LiveChain::new(client.clone(), hotkey));
	let first = Snapshot::read(&*chain, options.netuid, client.block_number().await?).await?;
	let directory = Arc::new(MetagraphDirectory::new());
	directory.update(&first.metagraph);
	let background = CancellationToken::new();
	let stop_on_error = background.clone().drop_guard();
	let mut config = Config::new(options.listen, identity, Arc::new(HotkeySigner(signing)));
	config.network = network_id(options.netuid);
	config.limits.incoming_queue = waiting.clamp(1, MAX_COUNT);
	config.admission = admission;
	config.relay = options.relaying.serve;
	config.external = external(options);
	config.relays = relays(options, &first.metagraph)?;
	let (netuid, every) = (options.netuid, options.refresh_blocks);
	let followed = follower::spawn(chain.clone(), netuid, every, first, background.clone());
	let (handle, incoming) = Network::start(config, directory.clone()).await?;
	// From here on peers can call, while the mechanism is built and the axon is published.
	let known = publish::keep_directory(followed.snapshot.clone(), directory);
	tokio::spawn(background.clone().run_until_cancelled_owned(known));
	let introduced = publish::keep_introduced(followed.snapshot.clone(), handle.clone());
	tokio::spawn(background.clone().run_until_cancelled_owned(introduced));
	let addr = options.published_addr(handle.local_addr());
	let runtime = tokio::runtime::Handle::current();
	let parts = Parts {
		hotkey: account,
		uid,
		chain,
		handle,
		followed,
		data_dir,
		runtime,
	};
	let for_factory = parts.clone();
	let mechanism = tokio::task::spawn_blocking(move || factory(&for_factory))
		.await
		.context("the mechanism could not be built")??;
	let mut publisher = Publisher::new(parts.chain.clone(), account, Presence { addr, certificate });
	let snapshot = parts.followed.snapshot.borrow().clone();
	let first_time = publisher.publish_first(&snapshot).await;
	first_time.context("cannot publish the axon")?;
	let kept = publish::keep_published(parts.followed.snapshot.clone(), publisher);
	tokio::spawn(background.clone().run_until_cancelled_owned(kept));
	stop_on_error.disarm();
	Ok(Neuron {
		parts,
		mechanism,
		incoming,
		background,
	})
}

/// A neuron that calls others and serves nothing.
pub struct CallerNeuron {
	/// What it is made of.
	pub parts: Parts,
	incoming: Incoming,
	background: CancellationToken,
}

impl CallerNeuron {
	/// Leaves the network.
	pub async fn close(self) {
		self.background.cancel();
		drop(self.incoming);
		if tokio::time::timeout(CLOSE_TIMEOUT, self.parts.handle.shutdown())
			.await
			.is_err()
		{
			tracing::warn!("the network did not close in time");
		}
	}
}

/// Starts a neuron that only calls: it uses the network identity that its data folder holds, which the hotkey has
/// published already, and publishes nothing. It may run beside the validator that did.
///
/// # Errors
/// As [`start`]; also an identity that the chain does not know.
pub async fn start_caller(options: &NeuronOptions) -> Result<CallerNeuron> {
	let hotkey = options.wallet.hotkey()?;
	let account = hotkey.account_id();
	let data_dir = options.resolve_data_dir(&account.to_string())?;
	let client = ChainClient::connect(&options.url, CONNECT_TIMEOUT).await?;
	let uid = place(&client, options, account).await?;
	let identity = Identity::load_or_create(&data_dir.join("identity"))?;
	let signing = hotkey.clone();
	let chain: Arc<dyn ChainAccess> = Arc::new(LiveChain::new(client.clone(), hotkey));
	let first = Snapshot::read(&*chain, options.netuid, client.block_number().await?).await?;
	let published = first
		.metagraph
		.by_hotkey(&account)
		.and_then(|own| own.certificate.clone());
	if published != Some(identity.certificate()) {
		bail!(
			"hotkey {account} has not published the network key in {}, so that miners would take its calls for a \
			 stranger's: run `neuron validator` with this hotkey and data folder, and the gateway beside it",
			data_dir.join("identity").display()
		);
	}
	let directory = Arc::new(MetagraphDirectory::new());
	let mut config = Config::new(options.listen, identity, Arc::new(HotkeySigner(signing)));
	config.network = network_id(options.netuid);
	config.external = External::Unknown;
	let (handle, incoming) = Network::start(config, directory).await?;
	let background = CancellationToken::new();
	let followed = follower::spawn(
		chain.clone(),
		options.netuid,
		options.refresh_blocks,
		first,
		background.clone(),
	);
	let runtime = tokio::runtime::Handle::current();
	let parts = Parts {
		hotkey: account,
		uid,
		chain,
		handle,
		followed,
		data_dir,
		runtime,
	};
	Ok(CallerNeuron {
		parts,
		incoming,
		background,
	})
}

/// Signs requests and answers with the hotkey.
pub struct HotkeySigner(pub Keypair);

impl Signer for HotkeySigner {
	fn hotkey(&self) -> [u8; 32] {
		self.0.account_id().into()
	}

	fn sign(&self, message: &[u8]) -> Signature {
		self.0.sign(message)
	}
}

/// What signatures name the subnet by.
pub fn network_id(netuid: u16) -> [u8; 32] {
	hash_body(format!("ganglion subnet {netuid}").as_bytes())
}

/// Where peers reach this neuron directly.
fn external(options: &NeuronOptions) -> External {
	match options.external {
		_ if !options.relaying.through.is_empty() => External::Unknown,
		None => External::Listening,
		Some(_) if options.listen.port() == 0 => External::Unknown,
		Some(_) => External::At(options.published_addr(options.listen)),
	}
}

/// The relays to be reached through: the neurons that publish the addresses given.
///
/// # Errors
/// An address that no neuron of the subnet publishes.
pub fn relays(options: &NeuronOptions, metagraph: &Metagraph) -> Result<Vec<RelayAt>> {
	let mut relays = Vec::new();
	for addr in &options.relaying.through {
		let known = relays.len();
		let there = metagraph.neurons.iter().filter(|neuron| {
			neuron
				.axon
				.as_ref()
				.is_some_and(|axon| SocketAddr::new(axon.ip, axon.port) == *addr)
		});
		// Neurons that are reached through the relay publish its address too: whoever answers there is the relay.
		relays.extend(there.filter_map(network_key).map(|public_key| RelayAt {
			public_key,
			addr: *addr,
		}));
		if relays.len() == known {
			bail!(
				"--via-relay {addr}: no neuron of subnet {} publishes that address; `neuron metagraph` lists them",
				options.netuid
			);
		}
	}
	Ok(relays)
}

/// The hotkey's uid on the subnet; registers it first where the options say so.
async fn place(client: &ChainClient, options: &NeuronOptions, hotkey: AccountId) -> Result<u16> {
	let netuid = options.netuid;
	if !client.subnet_exists(netuid).await? {
		bail!("there is no subnet {netuid} on this chain: check --netuid, or make one with `neuron subnet create`");
	}
	if let Some(uid) = client.uid(netuid, &hotkey).await? {
		return Ok(uid);
	}
	if !options.register {
		bail!(
			"hotkey {hotkey} is not registered on subnet {netuid}: run `neuron register --netuid {netuid}` with this \
			 wallet, or add --register to let it pay the price from its coldkey"
		);
	}
	register(client, &options.wallet.coldkey()?, netuid, hotkey).await
}

/// Registers a hotkey on a subnet at the coldkey's cost; returns its uid.
///
/// # Errors
/// What the chain said.
pub async fn register(client: &ChainClient, coldkey: &Keypair, netuid: u16, hotkey: AccountId) -> Result<u16> {
	let price_rao = client.burn_cost(netuid).await?;
	tracing::info!(netuid, %hotkey, price_tao = format_tao(price_rao), "registering");
	Ok(client.burned_register(coldkey, netuid, &hotkey).await?)
}
