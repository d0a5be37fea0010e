//! Mechanisms in any language: a subprocess that speaks JSON lines over its standard streams.
//!
//! [`ProcessMechanism`] starts a command and is a [`DynMechanism`] for the neuron: tasks, solutions and scores come from the
//! process. What goes over the pipes is in the crate's README; `python/ganglion_mechanism.py` is the other end for Python,
//! with its standard library alone, and `python/proof_of_work.py` an example.
//!
//! ```text
//!  DynMechanism call ─▶ Pool ─ idle or new ─▶ Worker ─ line ─▶ standard input    of one process, which works on
//!                        │ backoff              ◀─ line ──────  standard output   one request at a time
//!                        └ kill, restart         log ◀────────  standard error
//! ```
//!
//! A process that dies, hangs or prints rubbish costs one answer, never the neuron: it is killed together with the processes
//! that it started, and another one is started, at once the first time and later and later if that does not help.
//! - A *miner* refuses the request in hand, with the reason.
//! - A *validator* tries the answer again with a new process. An answer that a second process fails over, too, is worth
//!   nothing: otherwise sending what breaks the scorer would keep a cheat's average where it is. A process that cannot even
//!   be started is the validator's own fault, and says nothing about a miner.
//!
//! # Example
//!
//! ```
//! use subnet_process::{ProcessMechanism, ProcessOptions};
//!
//! // Whatever a command does, the worst is an error that says what happened.
//! let options = ProcessOptions::new("sh -c 'echo no model >&2; exit 3'")?;
//! let error = ProcessMechanism::start(options).err().unwrap().to_string();
//! assert!(error.contains("exit status: 3") && error.contains("no model"), "{error}");
//! # Ok::<(), subnet_process::ProcessError>(())
//! ```

mod backoff;
mod group;
mod hangs;
mod log;
mod mechanism;
mod memory;
mod options;
mod pool;
mod protocol;
pub mod untrusted;
mod worker;

pub use log::{MAX_LOG_LINE_BYTES, MAX_LOG_LINES_PER_SECOND};
pub use mechanism::{MAX_ANSWER_BYTES, ProcessMechanism};
pub use options::{DEFAULT_MEMORY_MIB, Limits, MAX_PROCESSES, MEMORY_MIB, ProcessError, ProcessOptions};
pub use protocol::{MAX_NAME_BYTES, MAX_REPLY_BYTES, PROTOCOL};

#[cfg(doc)]
use subnet_sdk::DynMechanism;
