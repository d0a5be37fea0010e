//! Ganglion's neuron: serves models as a miner, scores miners as a validator.
//!
//! ```text
//!             cli ── LowArgs (typed) ─▶ HiArgs (resolved: flags, environment, file, defaults)
//!              │
//!    ┌─────────┼─────────┬──────────────────┐
//!  miner      │     validator            gateway      long-running roles, with their metrics
//!    │  Dispatcher       │  Rounds, Submitter,  │  OpenAI's HTTP interface, Upstream, Routed
//!    │        │          │  ScoreStore ─▶ state │
//!    └────────┬──────────┴──────────────────────┘
//!          startup        keys ─▶ chain ─▶ registration ─▶ network ─▶ mechanism ─▶ axon on chain
//!             │
//!   chain_access (neuron-chain)   directory (neuron-net)   registry, model (subnets/*, neuron-infer)
//! ```
//!
//! A [`follower`](mod@follower) watches the chain's head; each role works from what it saw last and survives
//! restarts of the node. What a role needs of the outside world is a small trait
//! ([`chain_access::ChainAccess`], [`validator::peers::PeerCaller`], [`miner::Reply`], …), so that its logic
//! is tested without any.
//!
//! Other programs can run a miner with a mechanism of their own: see [`miner::run_with`].
//!
//! # Example
//!
//! What was typed, what the file says and the defaults resolve to one set of values:
//!
//! ```
//! use clap::Parser;
//! use neuron::{cli::{HiArgs, HiCommand, LowArgs}, config::FileConfig};
//!
//! let typed = LowArgs::parse_from(["neuron", "metagraph", "--json", "--url", "ws://10.0.0.1:9944"]);
//! let file = FileConfig::parse("netuid = 7\nurl = 'ws://ignored:1'", "neuron.toml".as_ref())?;
//! let resolved = HiArgs::resolve(typed, file, Some("/home/me".into()))?;
//! assert_eq!(resolved.url, "ws://10.0.0.1:9944");
//! assert!(matches!(resolved.command, HiCommand::Metagraph { netuid: 7, json: true }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bounded_listener;
pub mod chain_access;
pub mod cli;
pub mod condemned;
pub mod config;
pub mod directory;
pub mod doctor;
pub mod embedder;
pub mod events;
pub mod follower;
pub mod gateway;
pub mod logging;
pub mod metrics;
pub mod miner;
pub mod model;
pub mod neuron_options;
pub mod pretraining;
pub mod publish;
pub mod registry;
pub mod retry;
pub mod shutdown;
pub mod startup;
pub mod state;
pub mod table;
pub mod top;
pub mod units;
pub mod validator;
