//! What the examples share: peers in processes of their own that know each other.

#![allow(dead_code, reason = "each example uses a part of this")]

use std::{
	io::{BufRead as _, BufReader, Write as _},
	process::{Child, Command, Stdio},
	sync::Arc,
	time::Duration,
};

use neuron_net::{Caller, Config, Directory, Identity, LocalSigner, Request, Signer, Target};

/// Bytes of the body of each request.
pub(crate) const BODY_BYTES: usize = 1024;

/// A subnet whose neurons have their hotkey and network key from the same text: `name` knows `name`.
pub(crate) struct Known(Vec<Caller>, Vec<[u8; 32]>);

impl Known {
	/// Knows these network keys, in hexadecimal, each with the hotkey of [`hotkey`] and this stake.
	pub(crate) fn new(members: &[(String, u64)]) -> Arc<Self> {
		let (mut callers, mut keys) = (Vec::new(), Vec::new());
		for (uid, (key, stake_rao)) in members.iter().enumerate() {
			let mut bytes = [0; 32];
			hex::decode_to_slice(key, &mut bytes).expect("a network key in hexadecimal");
			keys.push(bytes);
			callers.push(Caller {
				hotkey: hotkey(&bytes).hotkey(),
				uid: u16::try_from(uid).expect("few members"),
				stake_rao: *stake_rao,
				validator_permit: true,
			});
		}
		Arc::new(Self(callers, keys))
	}
}

impl Directory for Known {
	fn caller(&self, public_key: &[u8; 32]) -> Option<Caller> {
		let position = self.1.iter().position(|key| key == public_key)?;
		self.0.get(position).cloned()
	}
}

/// The hotkey that goes with a network key: here it is derived from it.
pub(crate) fn hotkey(public_key: &[u8; 32]) -> Arc<LocalSigner> {
	Arc::new(LocalSigner::from_seed(*public_key))
}

/// A configuration on a free port of this machine.
pub(crate) fn config(identity: Identity) -> Config {
	let signer = hotkey(&identity.public_key());
	Config::new("127.0.0.1:0".parse().expect("an address"), identity, signer)
}

/// An echo request.
pub(crate) fn request(number: u64) -> Request {
	let mut nonce = [0; 32];
	nonce[..8].copy_from_slice(&number.to_le_bytes());
	Request {
		mechanism: "echo".into(),
		version: 1,
		nonce,
		deadline_ms: 60_000,
		body: vec![7; BODY_BYTES],
	}
}

/// Another process of this program; it ends with its handle.
pub(crate) struct Peer {
	child: Child,
}

impl Drop for Peer {
	fn drop(&mut self) {
		// An error means that it has ended already.
		drop(self.child.kill());
		drop(self.child.wait());
	}
}

impl Peer {
	/// Starts this program with other arguments and reads its first line.
	pub(crate) fn spawn(arguments: &[String]) -> anyhow_lite::Result<(Self, String)> {
		Self::start(arguments, Stdio::null())
	}

	fn start(arguments: &[String], input: Stdio) -> anyhow_lite::Result<(Self, String)> {
		let mut child = Command::new(std::env::current_exe()?)
			.args(arguments)
			.stdin(input)
			.stdout(Stdio::piped())
			.spawn()?;
		let stdout = child.stdout.take().ok_or("the process has no output")?;
		let mut line = String::new();
		BufReader::new(stdout).read_line(&mut line)?;
		Ok((Self { child }, line.trim().to_owned()))
	}

	/// As [`Peer::spawn`], for a process that waits to be told something.
	pub(crate) fn spawn_with_input(arguments: &[String]) -> anyhow_lite::Result<(Self, String)> {
		Self::start(arguments, Stdio::piped())
	}

	/// Tells the process something.
	pub(crate) fn say(&mut self, line: &str) -> anyhow_lite::Result<()> {
		let input = self.child.stdin.as_mut().ok_or("the process takes no input")?;
		writeln!(input, "{line}")?;
		Ok(())
	}

	/// Time on a processor that it has used, user and system.
	pub(crate) fn cpu(&self) -> Duration {
		cpu_of(&self.child.id().to_string())
	}
}

/// Time on a processor that a process has used; `self` for this one. Zero where the system does not tell.
pub(crate) fn cpu_of(process: &str) -> Duration {
	/// Linux counts in hundredths of a second on every platform.
	const TICKS_PER_SECOND: u64 = 100;
	let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
	let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
	let field = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
	Duration::from_millis((field(11) + field(12)) * 1000 / TICKS_PER_SECOND)
}

/// What a serving process says on its first line: where it is.
pub(crate) fn introduction(handle: &neuron_net::Handle) -> String {
	format!("{} {}", hex::encode(handle.public_key()), handle.local_addr())
}

/// The target that [`introduction`] describes.
pub(crate) fn target(introduction: &str) -> anyhow_lite::Result<Target> {
	let (key, addr) = introduction.split_once(' ').ok_or("the peer did not say where it is")?;
	let mut public_key = [0; 32];
	hex::decode_to_slice(key, &mut public_key)?;
	Ok(Target {
		hotkey: hotkey(&public_key).hotkey(),
		public_key,
		addr: addr.parse()?,
	})
}

/// The value at a share of sorted latencies, in milliseconds.
pub(crate) fn at_ms(sorted: &[Duration], share: f64) -> f64 {
	let index = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
	sorted
		.get(index)
		.map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
}

/// Errors of examples.
pub(crate) mod anyhow_lite {
	/// Any error.
	pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
}
