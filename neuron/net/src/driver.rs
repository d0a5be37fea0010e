//! The task that owns the swarm.

use std::{
	collections::{HashMap, HashSet},
	sync::Arc,
	time::Duration,
};

use futures::StreamExt as _;
use libp2p::{
	PeerId, Swarm, dcutr, identify, kad,
	multiaddr::Protocol,
	relay,
	swarm::{ConnectionId, SwarmEvent},
};
use tokio::{
	sync::{Semaphore, mpsc, oneshot, watch},
	time::{Instant, MissedTickBehavior, interval, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
	admission::Directory,
	bulletin::Bulletin,
	config::Limits,
	handle::Command,
	identity::public_key_of,
	network::{Behaviour, BehaviourEvent},
	pool::Pool,
	queue::Queue,
	reach::Reach,
	relaying::Seeker,
	streams::Lookup,
	table,
};

/// Time to learn the address that the system gave, and to say goodbye to connected peers.
pub(crate) const SWARM_PATIENCE: Duration = Duration::from_secs(5);
/// Time for peers to take in the last frames: where a connection is closed with something unread in it, the system throws
/// away what is still on its way.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// Time between two looks at what is to be done by the clock.
const TICK: Duration = Duration::from_secs(1);
/// Most peers that are searched for in the table at a time.
const MAX_LOOKUPS: usize = 64;

/// Owns the swarm and drives it.
pub(crate) struct Driver {
	pub(crate) swarm: Swarm<Behaviour>,
	pub(crate) commands: mpsc::Receiver<Command>,
	pub(crate) unwelcome: mpsc::Receiver<PeerId>,
	pub(crate) queue: Arc<Queue>,
	pub(crate) pool: Arc<Pool>,
	pub(crate) directory: Arc<dyn Directory>,
	/// Incoming connections of peers that the directory did not know when they came.
	pub(crate) strangers: HashSet<ConnectionId>,
	pub(crate) seeker: Seeker,
	pub(crate) bulletin: Bulletin,
	/// Searches of the table under way, and whom they are for.
	pub(crate) lookups: HashMap<kad::QueryId, PeerId>,
	pub(crate) reach: watch::Sender<Reach>,
	pub(crate) limits: Limits,
	pub(crate) tasks: TaskTracker,
	pub(crate) draining: CancellationToken,
	pub(crate) stopping: CancellationToken,
	pub(crate) calls: Arc<Semaphore>,
}

impl Driver {
	pub(crate) async fn run(mut self) {
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
		let queue = Arc::clone(&self.queue);
		let abandoned = queue.abandoned();
		tokio::pin!(abandoned);
		let mut ticks = interval(TICK);
		ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
		let mut handles = true;
		let mut served = true;
		while handles || served {
			tokio::select! {
				event = self.swarm.select_next_some() => self.on_event(event),
				_ = ticks.tick() => self.on_tick(),
				command = self.commands.recv(), if handles => match command {
					Some(Command::Open { peer, addresses, anew, opening }) => {
						self.swarm.behaviour_mut().streams.open(peer, addresses, anew, opening);
					},
					Some(Command::Introduce { peers }) => self.introduce(peers),
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

	fn knows(&self, peer: &PeerId) -> bool {
		public_key_of(peer).is_some_and(|key| self.directory.caller(&key).is_some())
	}

	fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
		match event {
			SwarmEvent::ConnectionEstablished {
				peer_id,
				connection_id,
				endpoint,
				..
			} if endpoint.is_listener() => {
				if self.knows(&peer_id) {
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
			SwarmEvent::ListenerClosed {
				listener_id, reason, ..
			} => match self.seeker.lost(listener_id) {
				Some(relay) => {
					let reason = reason
						.err()
						.map_or("the connection ended".into(), |error| error.to_string());
					tracing::debug!(%relay, reason, "no place at a relay");
					self.reach.send_modify(|reach| reach.refuse(relay, reason));
				}
				None => tracing::error!(?reason, "the network no longer listens"),
			},
			SwarmEvent::NewListenAddr { address, .. } if is_circuit(&address) => {
				tracing::info!(%address, "reachable through a relay");
				self.reach.send_modify(|reach| reach.reserve(&address));
				self.bulletin.touch();
			}
			SwarmEvent::NewListenAddr { address, .. } => self.reach.send_modify(|reach| reach.listen(&address)),
			SwarmEvent::ExpiredListenAddr { address, .. } | SwarmEvent::ExternalAddrExpired { address } => {
				self.reach.send_modify(|reach| reach.expire(&address));
				self.bulletin.touch();
			}
			SwarmEvent::NewExternalAddrCandidate { address } if !is_circuit(&address) => {
				self.reach.send_modify(|reach| reach.observe(&address));
			}
			SwarmEvent::ExternalAddrConfirmed { address } => {
				if !is_circuit(&address) {
					self.reach.send_modify(|reach| reach.confirm(&address));
				}
				self.bulletin.touch();
			}
			SwarmEvent::Behaviour(event) => self.on_behaviour(event),
			_ => {}
		}
	}

	fn on_behaviour(&mut self, event: BehaviourEvent) {
		match event {
			BehaviourEvent::Streams(Lookup(peer)) => {
				if self.lookups.len() >= MAX_LOOKUPS {
					return self.swarm.behaviour_mut().streams.found(peer, Vec::new());
				}
				let query = self.swarm.behaviour_mut().table.get_record(table::key_of(&peer));
				self.lookups.insert(query, peer);
			}
			BehaviourEvent::Table(event) => self.on_table(event),
			BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
				self.swarm.behaviour_mut().streams.identified(peer_id);
				let relays = info.protocols.contains(&relay::HOP_PROTOCOL_NAME);
				if relays && self.knows(&peer_id) {
					self.seeker.learn(peer_id, info.listen_addrs);
				}
			}
			BehaviourEvent::Punch(dcutr::Event { remote_peer_id, result }) => {
				tracing::debug!(peer = %remote_peer_id, direct = result.is_ok(), "a hole was tried");
				self.reach.send_modify(|reach| match result {
					Ok(_) => reach.punched += 1,
					Err(_) => reach.not_punched += 1,
				});
			}
			BehaviourEvent::Check(tested) => {
				let address = tested.tested_addr;
				self.reach.send_modify(|reach| match tested.result {
					Ok(()) => reach.confirm(&address),
					Err(error) => reach.fail(&address, error.to_string()),
				});
			}
			_ => {}
		}
	}

	fn on_table(&mut self, event: kad::Event) {
		match event {
			kad::Event::OutboundQueryProgressed {
				id,
				result: kad::QueryResult::GetRecord(result),
				step,
				..
			} => {
				let found = match result {
					Ok(kad::GetRecordOk::FoundRecord(found)) => table::read(&found.record),
					_ => None,
				};
				let Some(peer) = self.lookups.get(&id).copied() else {
					return;
				};
				let found = found.filter(|whereabouts| whereabouts.peer == peer && !whereabouts.addresses.is_empty());
				if found.is_none() && !step.last {
					return;
				}
				self.lookups.remove(&id);
				let behaviour = self.swarm.behaviour_mut();
				if let Some(mut query) = behaviour.table.query_mut(&id) {
					query.finish();
				}
				let addresses = found.map(|whereabouts| whereabouts.addresses).unwrap_or_default();
				behaviour.streams.found(peer, addresses);
			}
			kad::Event::InboundRequest {
				request: kad::InboundRequest::PutRecord {
					record: Some(record), ..
				},
			} => {
				let directory = Arc::clone(&self.directory);
				let known = |peer: &PeerId| public_key_of(peer).is_some_and(|key| directory.caller(&key).is_some());
				table::store(&mut self.swarm.behaviour_mut().table, record, known);
			}
			_ => {}
		}
	}

	fn introduce(&mut self, peers: Vec<(PeerId, libp2p::Multiaddr)>) {
		let own = *self.swarm.local_peer_id();
		for (peer, address) in peers.into_iter().filter(|(peer, _)| *peer != own) {
			self.swarm.behaviour_mut().table.add_address(&peer, address);
		}
		self.bulletin.touch();
	}

	fn on_tick(&mut self) {
		let now = Instant::now();
		self.pool.reap(now);
		self.swarm.behaviour_mut().streams.expire(now);
		let closed = self.reach.borrow().is_closed();
		self.seeker.seek(&mut self.swarm, closed, now);
		self.bulletin.renew(&mut self.swarm, now);
	}

	/// Lets requests in flight finish, then cuts them short.
	async fn drain(&mut self, waiting: &mut Vec<oneshot::Sender<()>>) {
		self.draining.cancel();
		self.calls.close();
		self.pool.clear();
		self.commands.close();
		self.tasks.close();
		let (tasks, stopping, grace) = (self.tasks.clone(), self.stopping.clone(), self.limits.shutdown_grace);
		let finished = async move {
			if timeout(grace, tasks.wait()).await.is_err() {
				stopping.cancel();
				// What cannot be written now is lost with the connection.
				drop(timeout(SWARM_PATIENCE, tasks.wait()).await);
			}
			tokio::time::sleep(LAST_WORDS).await;
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
					Some(Command::Open { .. } | Command::Introduce { .. }) => {},
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

fn is_circuit(address: &libp2p::Multiaddr) -> bool {
	address.iter().any(|part| part == Protocol::P2pCircuit)
}
