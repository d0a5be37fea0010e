//! `ganglion-node`: a node of a Ganglion chain.
//!
//! It produces blocks with Aura and finalises them with GRANDPA, or, with `--sealing <ms>`, makes and
//! finalises one by itself every so many milliseconds, so that a subnet's epoch takes seconds. Clients
//! talk to it over JSON-RPC (`ws://127.0.0.1:9944` unless told otherwise).
//!
//! | module | what |
//! | --- | --- |
//! | `cli` | the command line |
//! | `command` | what each sub-command does |
//! | `chain_spec` | which chain: a preset, a preset with a patch, or a file |
//! | `service` | the parts of a node and how they are put together |
//! | `authoring` | block production: Aura with GRANDPA, or sealing by the clock |
//! | `shield` | transactions that nobody can read before they are in a block |
//! | `offchain` | off-chain workers, which fetch the beacon's rounds |
//! | `rpc` | the JSON-RPC methods beyond the stock ones |

#![expect(
	clippy::result_large_err,
	reason = "the error types of sc-cli and sc-service are as large as they are"
)]

mod authoring;
mod chain_spec;
mod cli;
mod command;
mod offchain;
mod rpc;
mod service;
mod shield;

fn main() -> sc_cli::Result<()> {
	command::run()
}
