//! What the tests of processes share.

use std::time::Duration;

use subnet_process::{Limits, ProcessMechanism, ProcessOptions};
use subnet_sdk::{ChallengeContext, Hotkey, Nonce};

pub(crate) const CONTEXT: ChallengeContext = ChallengeContext {
	nonce: Nonce([1; 32]),
	validator: Hotkey([3; 32]),
	miner: Hotkey([2; 32]),
};

/// Long enough for a busy machine.
pub(crate) const LIMITS: Limits = Limits {
	startup: Duration::from_secs(20),
	task: Duration::from_secs(20),
	score: Duration::from_secs(20),
	cancel: Duration::from_secs(20),
	farewell: Duration::from_millis(50),
	first_pause: Duration::from_secs(3600),
	longest_pause: Duration::from_secs(3600),
};

/// A peer in a shell: says hello, with a model hash of sevens, then runs `work` for each line, in which `$id` is the
/// request's and `$line` all of it.
pub(crate) fn shell(work: &str) -> ProcessOptions {
	let script = format!(
		r#"read line; echo '{{"type":"hello","protocol":1,"name":"shell","version":3,"deadline_ms":20000,"model_hash":"{}"}}'
		while read line; do id=${{line#*\"id\":}}; id=${{id%%[,\}}]*}}; {work}; done"#,
		"07".repeat(32)
	);
	ProcessOptions {
		command: vec!["sh".into(), "-c".into(), script],
		processes: 1,
		limits: LIMITS,
		memory_limit_bytes: None,
	}
}

pub(crate) fn start(options: ProcessOptions) -> ProcessMechanism {
	ProcessMechanism::start(options).unwrap()
}
