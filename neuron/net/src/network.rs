//! How a network starts: what the swarm is made of, and where it listens.

use std::{
	collections::{HashMap, HashSet},
	io,
	net::SocketAddr,
	sync::Arc,
};

use futures::StreamExt as _;
use libp2p::{
	Multiaddr, Swarm, SwarmBuilder, autonat,
	connection_limits::{self, ConnectionLimits},
	dcutr, identify, kad, memory_connection_limits,
	multiaddr::Protocol,
	noise, ping, relay,
	swarm::{NetworkBehaviour, SwarmEvent, behaviour::toggle::Toggle},
	tcp, yamux,
};
use tokio::{
	sync::{Semaphore, mpsc, watch},
	time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
	admission::{Admission, Directory},
	bulletin::Bulletin,
	config::{Config, External, Quic},
	doors,
	driver::{Driver, SWARM_PATIENCE},
	handle::{Handle, multiaddr, quic_multiaddr},
	message::PROTOCOL,
	pool::Pool,
	queue::Queue,
	reach::Reach,
	relaying::{self, Seeker},
	responder::Incoming,
	server::Server,
	streams, table,
};

/// Incoming streams that wait for their task.
const INBOUND_QUEUE: usize = 256;
/// Commands of handles that wait for the swarm's task.
const COMMAND_QUEUE: usize = 64;
/// Unknown peers that wait for their connection to be closed.
const UNWELCOME_QUEUE: usize = 64;
/// Name and version that peers see in libp2p's identify protocol.
const AGENT: &str = concat!("ganglion-neuron/", env!("CARGO_PKG_VERSION"));

/// Why a network does not start.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
	/// Another process listens there.
	#[error("{addr} is taken by another process; stop that one, or listen on another port (0 lets the system choose)")]
	PortTaken {
		/// The address asked for.
		addr: SocketAddr,
	},
	/// Listening failed for another reason.
	#[error(
		"cannot listen on {addr}: {reason}; listen on an address of this machine (0.0.0.0 for all) and a port from 1024 up"
	)]
	Listen {
		/// The address asked for.
		addr: SocketAddr,
		/// What the system said.
		reason: String,
	},
	/// A limit is out of its range.
	#[error("the limit {name} is {value}; it must be {range}")]
	Limit {
		/// Its name.
		name: &'static str,
		/// Its value.
		value: String,
		/// What is possible.
		range: String,
	},
	/// QUIC was asked for and is not compiled in.
	#[error("this build speaks no QUIC; build neuron-net with the feature `quic`, or set quic to Off")]
	NoQuic,
	/// The encrypted transport could not be set up.
	#[error("cannot set up the transport: {0}")]
	Transport(String),
}

#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
	// First, so that a connection beyond the limits never reaches the others.
	doors: doors::Behaviour,
	limits: connection_limits::Behaviour,
	memory: memory_connection_limits::Behaviour,
	pub(crate) streams: streams::Behaviour,
	identify: identify::Behaviour,
	ping: ping::Behaviour,
	pub(crate) table: kad::Behaviour<kad::store::MemoryStore>,
	relay_client: relay::client::Behaviour,
	relay_server: Toggle<relay::Behaviour>,
	punch: dcutr::Behaviour,
	pub(crate) check: autonat::v2::client::Behaviour,
	checker: Toggle<autonat::v2::server::Behaviour>,
}

/// A running peer: see [`Network::start`].
#[derive(Debug)]
pub struct Network;

impl Network {
	/// Listens, and starts the tasks that serve and call. Needs a Tokio runtime.
	///
	/// The directory is asked for every peer and every request, so that a change on chain takes effect at once.
	///
	/// # Errors
	/// The port is taken, the address is not this machine's, or a limit is out of its range.
	pub async fn start(config: Config, directory: Arc<dyn Directory>) -> Result<(Handle, Incoming), NetError> {
		config.limits.validate()?;
		config.admission.validate()?;
		if config.quic != Quic::Off && !cfg!(feature = "quic") {
			return Err(NetError::NoQuic);
		}
		let (inbound, streams) = mpsc::channel(INBOUND_QUEUE);
		let pool = Arc::new(Pool::new(config.limits.idle_timeout));
		let mut swarm = build(&config, &directory, inbound, &pool)?;
		let local_addr = listen(&mut swarm, config.listen, config.quic).await?;
		let (reach, reached) = watch::channel(Reach::default());
		let (commands, command_queue) = mpsc::channel(COMMAND_QUEUE);
		let (unwelcome, unwelcome_queue) = mpsc::channel(UNWELCOME_QUEUE);
		let queue = Queue::new(config.limits.incoming_queue, config.admission.ageing);
		let handle = Handle {
			commands,
			local_addr,
			public_key: config.identity.public_key(),
			calls: Arc::new(Semaphore::new(config.limits.max_calls)),
			pool: Arc::clone(&pool),
			signer: Arc::clone(&config.signer),
			network: config.network,
			model_hash: Arc::default(),
			refusals: Arc::default(),
			clock: Arc::clone(&config.clock),
			quic_first: config.quic == Quic::First,
			reach: reached,
		};
		let driver = Driver {
			seeker: Seeker::new(config.relays.clone(), config.seek_relays),
			bulletin: Bulletin::new(config.identity.keypair().clone()),
			lookups: HashMap::new(),
			reach,
			pool,
			commands: command_queue,
			unwelcome: unwelcome_queue,
			queue: Arc::clone(&queue),
			directory: Arc::clone(&directory),
			strangers: HashSet::new(),
			limits: config.limits.clone(),
			tasks: TaskTracker::new(),
			draining: CancellationToken::new(),
			stopping: CancellationToken::new(),
			calls: Arc::clone(&handle.calls),
			swarm,
		};
		let server = Server {
			directory,
			admission: Arc::new(Admission::new(config.admission)),
			signer: config.signer,
			network: config.network,
			model_hash: Arc::clone(&handle.model_hash),
			clock: config.clock,
			limits: config.limits,
			queue: Arc::clone(&queue),
			refusals: Arc::clone(&handle.refusals),
			unwelcome,
			tasks: driver.tasks.clone(),
			draining: driver.draining.clone(),
			stopping: driver.stopping.clone(),
		};
		let mut driver = driver;
		for address in external_addresses(config.external, local_addr, config.quic) {
			driver.swarm.add_external_address(address);
		}
		tokio::spawn(server.run(streams));
		tokio::spawn(driver.run());
		tracing::info!(%local_addr, peer = %config.identity.peer_id(), "the network is up");
		Ok((handle, Incoming { queue }))
	}
}

/// The addresses that the configuration vouches for.
fn external_addresses(external: External, local_addr: SocketAddr, quic: Quic) -> Vec<Multiaddr> {
	let addr = match external {
		External::Unknown => return Vec::new(),
		External::Listening if local_addr.ip().is_unspecified() => return Vec::new(),
		External::Listening => local_addr,
		External::At(addr) => addr,
	};
	let mut addresses = vec![multiaddr(addr)];
	addresses.extend((quic != Quic::Off).then(|| quic_multiaddr(addr)));
	addresses
}

fn build(
	config: &Config,
	directory: &Arc<dyn Directory>,
	inbound: mpsc::Sender<streams::InboundStream>,
	pool: &Arc<Pool>,
) -> Result<Swarm<Behaviour>, NetError> {
	let limits = &config.limits;
	let count = |value: usize| Some(u32::try_from(value).unwrap_or(u32::MAX));
	let connection_limits = ConnectionLimits::default()
		.with_max_pending_outgoing(count(limits.max_connections))
		.with_max_established(count(limits.max_connections))
		.with_max_established_per_peer(count(limits.max_connections_per_peer));
	let failed = |error: String| NetError::Transport(error);
	let serves_others = config.relay || config.external != External::Unknown;
	let builder = SwarmBuilder::with_existing_identity(config.identity.keypair().clone())
		.with_tokio()
		.with_tcp(
			tcp::Config::default().nodelay(true),
			noise::Config::new,
			yamux::Config::default,
		)
		.map_err(|error| failed(error.to_string()))?;
	#[cfg(feature = "quic")]
	let builder = builder.with_quic();
	let swarm = builder
		.with_relay_client(noise::Config::new, yamux::Config::default)
		.map_err(|error| failed(error.to_string()))?
		.with_behaviour(|keypair, relay_client| {
			let peer = keypair.public().to_peer_id();
			Behaviour {
				doors: doors::Behaviour::new(limits.max_half_open, limits.max_half_open_per_address),
				limits: connection_limits::Behaviour::new(connection_limits),
				memory: memory_connection_limits::Behaviour::with_max_percentage(limits.max_memory_share),
				streams: streams::Behaviour::new(inbound, Arc::clone(pool), limits.idle_timeout),
				identify: identify::Behaviour::new(
					identify::Config::new(PROTOCOL.into(), keypair.public()).with_agent_version(AGENT.into()),
				),
				ping: ping::Behaviour::default(),
				table: table::behaviour(peer),
				relay_client,
				relay_server: config
					.relay
					.then(|| relay::Behaviour::new(peer, relaying::config(Arc::clone(directory))))
					.into(),
				punch: dcutr::Behaviour::new(peer),
				check: autonat::v2::client::Behaviour::default(),
				checker: serves_others.then(autonat::v2::server::Behaviour::default).into(),
			}
		})
		.map_err(|error| failed(error.to_string()))?
		.with_swarm_config(|swarm| swarm.with_idle_connection_timeout(limits.idle_timeout))
		.with_connection_timeout(limits.connect_timeout)
		.build();
	Ok(swarm)
}

/// Listens and returns the address with the real port.
async fn listen(swarm: &mut Swarm<Behaviour>, addr: SocketAddr, quic: Quic) -> Result<SocketAddr, NetError> {
	let failed = |reason: String| NetError::Listen { addr, reason };
	// libp2p listens with SO_REUSEPORT, with which two processes of one user would silently share the port.
	if addr.port() != 0 {
		std::net::TcpListener::bind(addr).map_err(|error| match error.kind() {
			io::ErrorKind::AddrInUse => NetError::PortTaken { addr },
			_ => failed(error.to_string()),
		})?;
	}
	let listener = swarm
		.listen_on(multiaddr(addr))
		.map_err(|error| failed(error.to_string()))?;
	let listening = async {
		loop {
			match swarm.select_next_some().await {
				SwarmEvent::NewListenAddr { listener_id, address } if listener_id == listener => break Ok(address),
				SwarmEvent::ListenerError { error, .. } => break Err(error.to_string()),
				SwarmEvent::ListenerClosed { reason, .. } => break Err(format!("the listener closed: {reason:?}")),
				_ => {}
			}
		}
	};
	let address = match timeout(SWARM_PATIENCE, listening).await {
		Ok(outcome) => outcome.map_err(failed)?,
		Err(_) => return Err(failed("no network interface has this address".into())),
	};
	let port = tcp_port(&address).ok_or_else(|| failed(format!("the system gave {address}, which has no TCP port")))?;
	let addr = SocketAddr::new(addr.ip(), port);
	// UDP may be closed or the port taken where TCP's is free: peers then use TCP.
	if quic != Quic::Off
		&& let Err(error) = swarm.listen_on(quic_multiaddr(addr))
	{
		tracing::warn!(%error, "no QUIC: TCP only");
	}
	Ok(addr)
}

fn tcp_port(address: &Multiaddr) -> Option<u16> {
	address.iter().find_map(|part| match part {
		Protocol::Tcp(port) => Some(port),
		_ => None,
	})
}
