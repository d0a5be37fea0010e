//! A process and all that it starts, which are ended together.

use std::process::{Child, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// The group that a process leads. Shared by those who may end it.
///
/// A group's number is its leader's id, which may be given to another process, and so to another group, once the leader has
/// been waited for and nobody is left in the group. So whether the leader runs is asked without waiting for it, and the group
/// is killed first: a leader that has ended and was not waited for keeps its number.
#[derive(Debug)]
pub(crate) struct Group {
	leader: Option<Pid>,
	state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
	/// The leader was waited for: the number may be another group's.
	is_gone: bool,
	/// What was used when the group was ended for using too much.
	used_too_much_bytes: Option<u64>,
}

impl Group {
	/// Of a process that was started as the first of a group.
	pub(crate) fn of(process: &Child) -> Self {
		Self {
			leader: i32::try_from(process.id()).ok().and_then(Pid::from_raw),
			state: Mutex::default(),
		}
	}

	/// The leader, and the number of the group.
	pub(crate) fn leader(&self) -> Option<Pid> {
		self.leader
	}

	/// Whether the leader runs.
	pub(crate) fn is_running(&self) -> bool {
		let state = self.state();
		let Some(leader) = self.leader.filter(|_| !state.is_gone) else {
			return false;
		};
		let only_looking = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
		matches!(waitid(WaitId::Pid(leader), only_looking), Ok(None))
	}

	/// Ends everybody in the group because it used so much memory.
	pub(crate) fn kill_for_memory(&self, used_bytes: u64) {
		let mut state = self.state();
		if !state.is_gone {
			state.used_too_much_bytes.get_or_insert(used_bytes);
			self.kill(&state);
		}
	}

	/// What the group used when it was ended for that.
	pub(crate) fn used_too_much_bytes(&self) -> Option<u64> {
		self.state().used_too_much_bytes
	}

	/// Ends everybody in the group, and waits for its leader.
	pub(crate) fn end(&self, process: &mut Child) -> Option<ExitStatus> {
		let mut state = self.state();
		if !state.is_gone {
			self.kill(&state);
		}
		// One that has left its own group; this asks whether it was waited for.
		if let Err(error) = process.kill() {
			tracing::debug!(process = process.id(), %error, "nothing to kill");
		}
		// Killed, so this does not last; and nobody else may kill from here on.
		let waited = process.wait();
		state.is_gone = true;
		match waited {
			Ok(status) => Some(status),
			Err(error) => {
				tracing::warn!(process = process.id(), %error, "a process of the mechanism was not waited for");
				None
			}
		}
	}

	fn kill(&self, _held: &MutexGuard<'_, State>) {
		if let Some(Err(error)) = self.leader.map(|leader| kill_process_group(leader, Signal::KILL)) {
			tracing::debug!(?error, "nothing to kill");
		}
	}

	fn state(&self) -> MutexGuard<'_, State> {
		self.state.lock().unwrap_or_else(PoisonError::into_inner)
	}
}
