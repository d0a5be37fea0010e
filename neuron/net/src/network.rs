//! The task that owns the swarm.

use std::{collections::HashSet, io, net::SocketAddr, sync::Arc, time::Duration};

use futures::StreamExt as _;
use libp2p::{
	Multiaddr, PeerId, Swarm, SwarmBuilder,
	connection_limits::{self, ConnectionLimits},
	identify,
	multiaddr::Protocol,
	noise, ping,
	swarm::{ConnectionId, NetworkBehaviour, SwarmEvent},
	tcp, yamux,
};
use tokio::{
	sync::{Semaphore, mpsc, oneshot},
	time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
	admission::{Admission, Directory},
	config::{Config, Limits},
	handle::{Command, Handle, multiaddr},
	identity::public_key_of,
	message::PROTOCOL,
	responder::{Incoming, IncomingRequest},
	server::Server,
	streams,
};

/// Incoming streams that wait for their task.
const INBOUND_QUEUE: usize = 256;
/// Commands of handles that wait for the swarm's task.
const COMMAND_QUEUE: usize = 64;
/// Unknown peers that wait for their connection to be closed.
const UNWELCOME_QUEUE: usize = 64;
/// Time to learn the address that the system gave, and to say goodbye to connected peers.
const SWARM_PATIENCE: Duration = Duration::from_secs(5);
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
	/// The encrypted transport could not be set up.
	#[error("cannot set up the transport: {0}")]
	Transport(String),
}

#[derive(NetworkBehaviour)]
struct Behaviour {
	// First, so that a connection beyond the limits never reaches the others.
	limits: connection_limits::Behaviour,
	streams: streams::Behaviour,
	identify: identify::Behaviour,
	ping: ping::Behaviour,
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
		let (inbound, streams) = mpsc::channel(INBOUND_QUEUE);
		let mut swarm = build(&config, inbound)?;
		let local_addr = listen(&mut swarm, config.listen).await?;

		let (commands, command_queue) = mpsc::channel(COMMAND_QUEUE);
		let (incoming, requests) = mpsc::channel(config.limits.incoming_queue);
		let (unwelcome, unwelcome_queue) = mpsc::channel(UNWELCOME_QUEUE);
		let handle = Handle {
			commands,
			local_addr,
			public_key: config.identity.public_key(),
			calls: Arc::new(Semaphore::new(config.limits.max_calls)),
		};
		let driver = Driver {
			swarm,
			commands: command_queue,
			unwelcome: unwelcome_queue,
			served: incoming.clone(),
			directory: Arc::clone(&directory),
			strangers: HashSet::new(),
			limits: config.limits.clone(),
			tasks: TaskTracker::new(),
			draining: CancellationToken::new(),
			stopping: CancellationToken::new(),
			calls: Arc::clone(&handle.calls),
		};
		let server = Server {
			directory,
			admission: Arc::new(Admission::new(config.admission)),
			limits: config.limits,
			incoming,
			unwelcome,
			tasks: driver.tasks.clone(),
			draining: driver.draining.clone(),
			stopping: driver.stopping.clone(),
		};
		tokio::spawn(server.run(streams));
		tokio::spawn(driver.run());
		tracing::info!(%local_addr, peer = %config.identity.peer_id(), "the network is up");
		Ok((handle, Incoming { requests }))
	}
}

fn build(config: &Config, inbound: mpsc::Sender<streams::InboundStream>) -> Result<Swarm<Behaviour>, NetError> {
	let limits = &config.limits;
	let count = |value: usize| Some(u32::try_from(value).unwrap_or(u32::MAX));
	let connection_limits = ConnectionLimits::default()
		.with_max_pending_incoming(count(limits.max_connections))
		.with_max_pending_outgoing(count(limits.max_connections))
		.with_max_established(count(limits.max_connections))
		.with_max_established_per_peer(count(limits.max_connections_per_peer));
	let swarm = SwarmBuilder::with_existing_identity(config.identity.keypair().clone())
		.with_tokio()
		.with_tcp(
			tcp::Config::default().nodelay(true),
			noise::Config::new,
			yamux::Config::default,
		)
		.map_err(|error| NetError::Transport(error.to_string()))?
		.with_behaviour(|keypair| Behaviour {
			limits: connection_limits::Behaviour::new(connection_limits),
			streams: streams::Behaviour::new(inbound, limits.idle_timeout),
			identify: identify::Behaviour::new(
				identify::Config::new(PROTOCOL.into(), keypair.public()).with_agent_version(AGENT.into()),
			),
			ping: ping::Behaviour::default(),
		})
		.map_err(|error| NetError::Transport(error.to_string()))?
		.with_swarm_config(|swarm| swarm.with_idle_connection_timeout(limits.idle_timeout))
		.with_connection_timeout(limits.connect_timeout)
		.build();
	Ok(swarm)
}

/// Listens and returns the address with the real port.
async fn listen(swarm: &mut Swarm<Behaviour>, addr: SocketAddr) -> Result<SocketAddr, NetError> {
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
	Ok(SocketAddr::new(addr.ip(), port))
}

fn tcp_port(address: &Multiaddr) -> Option<u16> {
	address.iter().find_map(|part| match part {
		Protocol::Tcp(port) => Some(port),
		_ => None,
	})
}

/// Owns the swarm and drives it.
struct Driver {
	swarm: Swarm<Behaviour>,
	commands: mpsc::Receiver<Command>,
	unwelcome: mpsc::Receiver<PeerId>,
	/// Tells whether anybody still takes requests.
	served: mpsc::Sender<IncomingRequest>,
	directory: Arc<dyn Directory>,
	/// Incoming connections of peers that the directory did not know when they came.
	strangers: HashSet<ConnectionId>,
	limits: Limits,
	tasks: TaskTracker,
	draining: CancellationToken,
	stopping: CancellationToken,
	calls: Arc<Semaphore>,
}

impl Driver {
	async fn run(mut self) {
		let mut waiting: Vec<_> = self.drive().await.into_iter().collect();
		self.drain(&mut waiting).await;
		self.part().await;
		tracing::info!("the network is down");
		drop(self);
		for done in waiting {
			// Whoever asked may have stopped waiting.
			let _ = done.send(());
		}
	}

	/// Works until somebody asks for the end, or nobody is left to ask.
	async fn drive(&mut self) -> Option<oneshot::Sender<()>> {
		let requests = self.served.clone();
		let abandoned = requests.closed();
		tokio::pin!(abandoned);
		let mut handles = true;
		let mut served = true;
		while handles || served {
			tokio::select! {
				event = self.swarm.select_next_some() => self.on_event(event),
				command = self.commands.recv(), if handles => match command {
					Some(Command::Open { peer, address, anew, opening }) => {
						self.swarm.behaviour_mut().streams.open(peer, address, anew, opening);
					},
					Some(Command::ShutDown { done }) => return Some(done),
					None => handles = false,
				},
				Some(peer) = self.unwelcome.recv() => {
					// An error means that the peer has left already.
					let _ = self.swarm.disconnect_peer_id(peer);
				},
				() = &mut abandoned, if served => served = false,
			}
		}
		None
	}

	fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
		match event {
			SwarmEvent::ConnectionEstablished {
				peer_id,
				connection_id,
				endpoint,
				..
			} if endpoint.is_listener() => {
				let known = public_key_of(&peer_id).is_some_and(|key| self.directory.caller(&key).is_some());
				if known {
					return;
				}
				if self.strangers.len() >= self.limits.max_stranger_connections {
					tracing::debug!(%peer_id, "too many connections of unknown peers: this one is closed");
					self.swarm.close_connection(connection_id);
				} else {
					self.strangers.insert(connection_id);
				}
			}
			SwarmEvent::ConnectionClosed { connection_id, .. } => {
				self.strangers.remove(&connection_id);
			}
			SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "a connection could not be taken"),
			SwarmEvent::ListenerClosed { reason, .. } => tracing::error!(?reason, "the network no longer listens"),
			_ => {}
		}
	}

	/// Lets requests in flight finish, then cuts them short.
	async fn drain(&mut self, waiting: &mut Vec<oneshot::Sender<()>>) {
		self.draining.cancel();
		self.calls.close();
		self.commands.close();
		self.tasks.close();
		let (tasks, stopping, grace) = (self.tasks.clone(), self.stopping.clone(), self.limits.shutdown_grace);
		let finished = async move {
			if timeout(grace, tasks.wait()).await.is_err() {
				stopping.cancel();
				// What cannot be written now is lost with the connection.
				drop(timeout(SWARM_PATIENCE, tasks.wait()).await);
			}
		};
		tokio::pin!(finished);
		let mut asked = true;
		loop {
			tokio::select! {
				() = &mut finished => return,
				event = self.swarm.select_next_some() => self.on_event(event),
				command = self.commands.recv(), if asked => match command {
					Some(Command::ShutDown { done }) => waiting.push(done),
					// Dropped: the caller learns that its stream does not come.
					Some(Command::Open { .. }) => {},
					None => asked = false,
				},
			}
		}
	}

	/// Closes the connections in order, so that the last frames go out.
	async fn part(&mut self) {
		let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
		for peer in peers {
			// An error means that the peer has left already.
			let _ = self.swarm.disconnect_peer_id(peer);
		}
		let parting = async {
			while self.swarm.connected_peers().next().is_some() {
				let event = self.swarm.select_next_some().await;
				self.on_event(event);
			}
		};
		if timeout(SWARM_PATIENCE, parting).await.is_err() {
			tracing::debug!("some peers did not take the end of their connection");
		}
	}
}
