//! What a network is started with.

use std::{
	fmt,
	net::SocketAddr,
	sync::Arc,
	time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{admission::AdmissionPolicy, evidence::Signer, identity::Identity, network::NetError, relaying::RelayAt};

/// Longest time that anything here may be told to wait, so that no sum of times overflows.
pub const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
/// Most entries that a queue, or most connections, streams or calls that a limit may allow.
pub const MAX_COUNT: usize = 1 << 16;

/// Tells the time, in milliseconds since 1970.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The machine's clock.
#[must_use]
pub fn system_clock() -> Clock {
	Arc::new(|| {
		let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
		u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
	})
}

/// Where others reach a node directly, as far as its operator knows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum External {
	/// Nowhere, or not known: tests by other peers have to show.
	Unknown,
	/// Where it listens, if that is one address.
	#[default]
	Listening,
	/// At another address, say of a router that passes the port on.
	At(SocketAddr),
}

/// Whether QUIC is spoken besides TCP, on the same port number; needs the feature `quic`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Quic {
	/// TCP only.
	#[default]
	Off,
	/// Where a peer says that it is there by QUIC, and to get through NATs.
	On,
	/// Before TCP. A peer that does not answer costs a timeout.
	First,
}

/// What [`crate::Network::start`] needs.
#[derive(Clone)]
pub struct Config {
	/// Where to listen, TCP; port 0 lets the system choose, see [`crate::Handle::local_addr`].
	pub listen: SocketAddr,
	/// The key pair to prove to peers.
	pub identity: Identity,
	/// The hotkey, which signs requests and answers.
	pub signer: Arc<dyn Signer>,
	/// Names the chain and the subnet; signatures hold there and nowhere else. Peers must agree on it.
	pub network: [u8; 32],
	/// Who is served.
	pub admission: AdmissionPolicy,
	/// Bounds on everything a peer can cause.
	pub limits: Limits,
	/// The time that requests are signed and checked with.
	pub clock: Clock,
	/// Where others reach this node directly.
	pub external: External,
	/// Whether QUIC is spoken too.
	pub quic: Quic,
	/// Whether to carry connections of the subnet's neurons that have no open port.
	pub relay: bool,
	/// Relays through which this node wants to be reached. Their own directory must know this node.
	pub relays: Vec<RelayAt>,
	/// Whether to take a relay among the neurons met where this node turns out to be unreachable.
	pub seek_relays: bool,
}

impl Config {
	/// A configuration with default admission and limits.
	pub fn new(listen: SocketAddr, identity: Identity, signer: Arc<dyn Signer>) -> Self {
		Self {
			listen,
			identity,
			signer,
			network: [0; 32],
			admission: AdmissionPolicy::default(),
			limits: Limits::default(),
			clock: system_clock(),
			external: External::default(),
			quic: Quic::default(),
			relay: false,
			relays: Vec::new(),
			seek_relays: false,
		}
	}
}

impl fmt::Debug for Config {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter
			.debug_struct("Config")
			.field("listen", &self.listen)
			.field("identity", &self.identity)
			.field("hotkey", &hex::encode(self.signer.hotkey()))
			.field("admission", &self.admission)
			.field("limits", &self.limits)
			.field("external", &self.external)
			.field("quic", &self.quic)
			.field("relay", &self.relay)
			.field("relays", &self.relays)
			.field("seek_relays", &self.seek_relays)
			.finish_non_exhaustive()
	}
}

/// Bounds on time, connections and queues. No value may be zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
	/// Time for the transport and Noise to come up, either way.
	pub connect_timeout: Duration,
	/// Time for a caller to send its whole request, once its stream is open.
	pub request_timeout: Duration,
	/// Time for a caller to take one frame of the answer; a peer that reads nothing is dropped after it.
	pub write_timeout: Duration,
	/// Longest time that one answer may take, whatever its request says.
	pub max_deadline: Duration,
	/// How far a caller's clock may be from this node's: a request that was signed earlier or later is refused.
	pub max_clock_skew: Duration,
	/// A connection without streams is closed after this.
	pub idle_timeout: Duration,
	/// Time that requests in flight get to finish at shutdown.
	pub shutdown_grace: Duration,
	/// Connections with all peers.
	pub max_connections: usize,
	/// Connections with one peer.
	pub max_connections_per_peer: usize,
	/// Incoming connections of peers that the directory does not know; the rest is kept for known ones.
	pub max_stranger_connections: usize,
	/// Incoming connections whose handshake is under way, for [`Limits::connect_timeout`] at most: who they are has not
	/// shown yet.
	pub max_half_open: usize,
	/// Of these, from one IPv4 address or one /64 of IPv6; all that come through relays are one more such group.
	pub max_half_open_per_address: usize,
	/// Share of the machine's memory, over 0 up to 1: where the process uses more, it takes no new connections.
	pub max_memory_share: f64,
	/// Incoming streams at a time, refused ones included.
	pub max_streams: usize,
	/// Accepted requests that wait for [`crate::Incoming::next`]; the next one is told "busy".
	pub incoming_queue: usize,
	/// Chunks of one answer that wait to be written, beyond what the transport holds.
	pub answer_queue: usize,
	/// Calls of this node in flight; more wait, within their deadline.
	pub max_calls: usize,
}

impl Default for Limits {
	fn default() -> Self {
		Self {
			connect_timeout: Duration::from_secs(10),
			request_timeout: Duration::from_secs(10),
			write_timeout: Duration::from_secs(20),
			max_deadline: Duration::from_secs(10 * 60),
			max_clock_skew: Duration::from_secs(60),
			idle_timeout: Duration::from_secs(60),
			shutdown_grace: Duration::from_secs(5),
			max_connections: 512,
			max_connections_per_peer: 4,
			max_stranger_connections: 64,
			max_half_open: 128,
			max_half_open_per_address: 16,
			max_memory_share: 0.95,
			max_streams: 1024,
			incoming_queue: 64,
			answer_queue: 8,
			max_calls: 256,
		}
	}
}

impl Limits {
	/// Checks that every limit is usable.
	///
	/// # Errors
	/// Names the first that is not, and its range.
	pub fn validate(&self) -> Result<(), NetError> {
		let times = [
			("connect_timeout", self.connect_timeout),
			("request_timeout", self.request_timeout),
			("write_timeout", self.write_timeout),
			("max_deadline", self.max_deadline),
			("max_clock_skew", self.max_clock_skew),
			("idle_timeout", self.idle_timeout),
			("shutdown_grace", self.shutdown_grace),
		];
		let counts = [
			("max_connections", self.max_connections),
			("max_connections_per_peer", self.max_connections_per_peer),
			("max_stranger_connections", self.max_stranger_connections),
			("max_half_open", self.max_half_open),
			("max_half_open_per_address", self.max_half_open_per_address),
			("max_streams", self.max_streams),
			("incoming_queue", self.incoming_queue),
			("answer_queue", self.answer_queue),
			("max_calls", self.max_calls),
		];
		for (name, value) in times {
			if value.is_zero() || value > MAX_WAIT {
				let range = format!("between 1 ms and {} s", MAX_WAIT.as_secs());
				return Err(NetError::Limit {
					name,
					value: format!("{value:?}"),
					range,
				});
			}
		}
		for (name, value) in counts {
			if value == 0 || value > MAX_COUNT {
				let range = format!("between 1 and {MAX_COUNT}");
				return Err(NetError::Limit {
					name,
					value: value.to_string(),
					range,
				});
			}
		}
		if !(self.max_memory_share > 0.0 && self.max_memory_share <= 1.0) {
			return Err(NetError::Limit {
				name: "max_memory_share",
				value: self.max_memory_share.to_string(),
				range: "over 0 and at most 1".into(),
			});
		}
		Ok(())
	}
}

/// Whole milliseconds, rounded up, as they travel on the wire.
pub(crate) fn milliseconds(duration: Duration) -> u32 {
	u32::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn defaults_are_valid_and_zero_is_not() {
		Limits::default().validate().unwrap();
		let error = Limits {
			max_calls: 0,
			..Limits::default()
		}
		.validate()
		.unwrap_err()
		.to_string();
		assert!(
			error.contains("max_calls") && error.contains("between 1 and"),
			"{error}"
		);
		assert!(
			Limits {
				max_streams: usize::MAX,
				..Limits::default()
			}
			.validate()
			.is_err()
		);
		assert!(
			Limits {
				write_timeout: Duration::ZERO,
				..Limits::default()
			}
			.validate()
			.is_err()
		);
		assert!(
			Limits {
				write_timeout: Duration::MAX,
				..Limits::default()
			}
			.validate()
			.is_err()
		);
	}

	#[test]
	fn milliseconds_round_up_and_saturate() {
		assert_eq!(milliseconds(Duration::from_nanos(1)), 1);
		assert_eq!(milliseconds(Duration::from_millis(5)), 5);
		assert_eq!(milliseconds(Duration::MAX), u32::MAX);
	}
}
