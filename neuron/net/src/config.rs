//! What a network is started with.

use std::{net::SocketAddr, time::Duration};

use crate::{admission::AdmissionPolicy, identity::Identity, network::NetError};

/// Longest time that anything here may be told to wait, so that no sum of times overflows.
pub const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
/// Most entries that a queue, or most connections, streams or calls that a limit may allow.
pub const MAX_COUNT: usize = 1 << 16;

/// What [`crate::Network::start`] needs.
#[derive(Clone, Debug)]
pub struct Config {
	/// Where to listen, TCP; port 0 lets the system choose, see [`crate::Handle::local_addr`].
	pub listen: SocketAddr,
	/// The key pair to prove to peers.
	pub identity: Identity,
	/// Who is served.
	pub admission: AdmissionPolicy,
	/// Bounds on everything a peer can cause.
	pub limits: Limits,
}

impl Config {
	/// A configuration with default admission and limits.
	pub fn new(listen: SocketAddr, identity: Identity) -> Self {
		Self {
			listen,
			identity,
			admission: AdmissionPolicy::default(),
			limits: Limits::default(),
		}
	}
}

/// Bounds on time, connections and queues. No value may be zero.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
	/// Time for the transport and Noise to come up, either way.
	pub connect_timeout: Duration,
	/// Time for a caller to send its whole request, once its stream is open.
	pub request_timeout: Duration,
	/// Time for a caller to take one frame of the answer; a peer that reads nothing is dropped after it.
	pub write_timeout: Duration,
	/// Longest time that one answer may take, whatever its request says.
	pub max_deadline: Duration,
	/// A connection without streams is closed after this.
	pub idle_timeout: Duration,
	/// Time that requests in flight get to finish at shutdown.
	pub shutdown_grace: Duration,
	/// Connections with all peers.
	pub max_connections: usize,
	/// Connections with one peer.
	pub max_connections_per_peer: usize,
	/// Incoming connections of peers that the directory does not know; the rest is kept for known ones. Who a peer is
	/// shows only after the handshake: until then, for [`Limits::connect_timeout`] at most, it counts as anybody.
	pub max_stranger_connections: usize,
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
			idle_timeout: Duration::from_secs(60),
			shutdown_grace: Duration::from_secs(5),
			max_connections: 512,
			max_connections_per_peer: 4,
			max_stranger_connections: 64,
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
			("idle_timeout", self.idle_timeout),
			("shutdown_grace", self.shutdown_grace),
		];
		let counts = [
			("max_connections", self.max_connections),
			("max_connections_per_peer", self.max_connections_per_peer),
			("max_stranger_connections", self.max_stranger_connections),
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
