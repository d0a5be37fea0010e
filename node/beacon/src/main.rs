//! A randomness beacon of one's own, for chains without access to a public one.
//!
//! It signs rounds with a key that is made from a seed, and serves them with the HTTP interface of drand. Without options
//! it is the beacon that the preset `development` follows: its seed is no secret, so its future rounds are none either. It
//! is for development and tests only.
//!
//! ```text
//! ganglion-beacon --listen 127.0.0.1:8890
//! ganglion-node --dev --beacon http://127.0.0.1:8890
//! ```
//!
//! | path | what |
//! | --- | --- |
//! | `/chains` | the hashes of the beacons: one |
//! | `/<hash>/info` | key, schedule and names |
//! | `/<hash>/public/latest` | the last round that came |
//! | `/<hash>/public/<round>` | a round; 404 until it comes |
//!
//! The hash may be left out, as in drand.

mod chain;
mod server;

use chain::Chain;
use clap::Parser;
use std::{error::Error, net::TcpListener};
use timelock::{Schedule, SecretKey, development};

/// A randomness beacon with a key of its own, for development and tests.
#[derive(Debug, Parser)]
struct Arguments {
	/// Where to listen; port 0 takes a free one, and the first line of output names it.
	#[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8890")]
	listen: String,

	/// Seconds between rounds.
	#[arg(long, value_name = "SECONDS", default_value_t = development::SCHEDULE.period, value_parser = clap::value_parser!(u64).range(1..=u64::from(u32::MAX)))]
	period: u64,

	/// When round 1 came, in seconds since 1970.
	#[arg(long, value_name = "SECONDS", default_value_t = development::SCHEDULE.genesis_time, value_parser = clap::value_parser!(u64).range(..=u64::from(u32::MAX)))]
	genesis_time: u64,

	/// The text that the key is made from. Who knows it knows every future round.
	#[arg(long, value_name = "TEXT")]
	seed: Option<String>,

	/// Print the beacon's description as a node's genesis patch has it, and stop.
	#[arg(long)]
	genesis_patch: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
	let arguments = Arguments::parse();
	let seed = arguments
		.seed
		.as_ref()
		.map_or(development::SEED, |seed| seed.as_bytes());
	let schedule = Schedule {
		genesis_time: arguments.genesis_time,
		period: arguments.period,
	};
	let chain = Chain::new(SecretKey::from_seed(seed), schedule)?;
	if arguments.genesis_patch {
		println!("{:#}", chain.genesis_patch());
		return Ok(());
	}
	let listener = TcpListener::bind(&arguments.listen).map_err(|error| {
		format!(
			"cannot listen on {}: {error}; choose another with --listen",
			arguments.listen
		)
	})?;
	println!("http://{} serves {}", listener.local_addr()?, chain.hash());
	server::serve(&listener, chain)
}
