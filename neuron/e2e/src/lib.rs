//! End-to-end runs with real processes: the demo (`ganglion-demo`, started by `cargo xtask demo`) and the
//! tests of this crate.
//!
//! | module | what |
//! | --- | --- |
//! | [`world`] | a node, a subnet and neurons with wallets of their own, below one folder |
//! | [`demo`] | two validators and four miners, two of which cheat; live progress; checks at the end |
//! | [`relay`] | the cheat that sells another miner's answers |
//! | [`careless`] | the cheat that makes up half of what it is asked for |
//!
//! Nothing is mocked: the programs are those that users run, the money is the chain's.
//!
//! ```
//! // The checks of the demo are plain functions of what was measured.
//! use neuron_e2e::demo::checks::{Check, cheats_share};
//!
//! let check: Check = cheats_share(&[970, 20], &[5, 5]);
//! assert!(check.passed);
//! ```

pub mod careless;
pub mod demo;
pub mod relay;
pub mod world;
