//! A cheat: a "miner" without a model that passes each challenge on to an honest miner and returns its
//! answer as its own. The seed of a challenge binds the answer to the hotkey that was asked, so what it
//! returns fails verification; the demo shows that it earns nothing.

use core::time::Duration;
use neuron::{directory::network_key, follower::Followed, startup::Parts};
use neuron_chain::AccountId;
use neuron_net::{CallError, Handle, Request, Target};
use subnet_sdk::{ChallengeContext, Descriptor, DynMechanism, Epoch, MechanismError, Score, SinkClosed, Transcript};
use tokio::runtime::Handle as Runtime;

/// How long the other miner's answer may take: less than a validator waits for ours.
const DEADLINE: Duration = Duration::from_secs(30);

/// Speaks a mechanism by asking somebody else.
pub struct Relay {
	descriptor: Descriptor,
	victim: AccountId,
	network: Handle,
	followed: Followed,
	runtime: Runtime,
}

impl Relay {
	/// A relay of `victim`'s answers in the mechanism of `descriptor` that calls over a running miner's own network.
	#[must_use]
	pub fn new(descriptor: Descriptor, parts: &Parts, victim: AccountId) -> Self {
		Self {
			descriptor,
			victim,
			network: parts.handle.clone(),
			followed: parts.followed.clone(),
			runtime: parts.runtime.clone(),
		}
	}

	/// Where the other miner is now; `None` while it has published no address.
	fn target(&self) -> Option<Target> {
		let snapshot = self.followed.snapshot.borrow();
		let neuron = snapshot.metagraph.by_hotkey(&self.victim)?;
		let axon = neuron.axon.as_ref()?;
		Some(Target {
			hotkey: neuron.hotkey.into(),
			public_key: network_key(neuron)?,
			addr: (axon.ip, axon.port).into(),
		})
	}
}

impl DynMechanism for Relay {
	fn descriptor(&self) -> Descriptor {
		self.descriptor
	}

	fn deadline(&self) -> Duration {
		DEADLINE
	}

	fn task(&self, _context: &ChallengeContext, _epoch: &Epoch) -> Result<Vec<u8>, MechanismError> {
		Err(MechanismError::Model("a relay makes no tasks".into()))
	}

	fn solve(
		&self,
		context: &ChallengeContext,
		task: &[u8],
		sink: &mut dyn FnMut(Vec<u8>) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		let target = self
			.target()
			.ok_or_else(|| MechanismError::Model("the other miner has no address yet".into()))?;
		let request = Request {
			mechanism: self.descriptor().name.into(),
			version: self.descriptor().version,
			nonce: context.nonce.0,
			deadline_ms: u32::try_from(DEADLINE.as_millis()).unwrap_or(u32::MAX),
			body: task.to_vec(),
		};
		let failed = |error: CallError| MechanismError::Model(error.to_string());
		let mut answer = self
			.runtime
			.block_on(self.network.call(target, request, DEADLINE))
			.map_err(failed)?;
		// The sink blocks too, so it is called outside of the runtime.
		while let Some(chunk) = self.runtime.block_on(answer.next()) {
			sink(chunk.map_err(failed)?).map_err(|SinkClosed| MechanismError::Cancelled)?;
		}
		Ok(())
	}

	fn score(
		&self,
		_context: &ChallengeContext,
		_task: &[u8],
		_transcript: &Transcript<Vec<u8>>,
	) -> Result<Score, MechanismError> {
		Err(MechanismError::Model("a relay scores nobody".into()))
	}
}
