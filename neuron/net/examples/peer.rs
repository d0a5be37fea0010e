//! One peer in a process of its own, for tests across hosts and network namespaces (`tests/namespaces.sh`).
//!
//! ```text
//! peer key IDENTITY                                       prints the network key
//! peer relay IDENTITY LISTEN KNOWN,..                     relays for the peers with these keys
//! peer miner IDENTITY LISTEN KNOWN,.. KEY@RELAY           echoes, behind a relay; prints how it is reached
//! peer call IDENTITY LISTEN KEY@ADDR SECONDS              calls three times a second; prints each second how that goes
//! ```

mod common;

use std::{
	path::Path,
	time::{Duration, Instant},
};

use common::{anyhow_lite::Result, at_ms};
use neuron_net::{Config, External, Handle, Identity, Incoming, Limits, Network, RelayAt, Target};

/// Time between two calls: below the rate that a miner grants each caller by default.
const INTERVAL: Duration = Duration::from_millis(333);
/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(4);

fn main() -> Result<()> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let texts: Vec<&str> = arguments.iter().map(String::as_str).collect();
	let runtime = tokio::runtime::Runtime::new()?;
	match texts.as_slice() {
		["key", identity] => {
			println!(
				"{}",
				hex::encode(Identity::load_or_create(Path::new(identity))?.public_key())
			);
			Ok(())
		}
		["relay", identity, listen, known] => runtime.block_on(relay(identity, listen, known)),
		["miner", identity, listen, known, relay] => runtime.block_on(mine(identity, listen, known, relay)),
		["call", identity, listen, target, seconds] => {
			runtime.block_on(call(identity, listen, target, Duration::from_secs(seconds.parse()?)))
		}
		_ => Err("see the head of this file".into()),
	}
}

fn config(identity: &str, listen: &str) -> Result<Config> {
	Ok(Config {
		listen: listen.parse()?,
		limits: Limits {
			connect_timeout: Duration::from_secs(4),
			..Limits::default()
		},
		..common::config(Identity::load_or_create(Path::new(identity))?)
	})
}

async fn start(config: Config, known: &str) -> Result<(Handle, Incoming)> {
	let keys = known.split(',').filter(|key| !key.is_empty());
	let members: Vec<_> = keys.map(|key| (key.to_owned(), 1)).collect();
	let started = Network::start(config, common::Known::new(&members)).await?;
	println!("up {}", started.0.local_addr());
	Ok(started)
}

/// `KEY@ADDR` as a target.
fn target(text: &str) -> Result<Target> {
	common::target(&text.replacen('@', " ", 1))
}

async fn relay(identity: &str, listen: &str, known: &str) -> Result<()> {
	let config = Config {
		relay: true,
		..config(identity, listen)?
	};
	let (_handle, mut incoming) = start(config, known).await?;
	while incoming.next().await.is_some() {}
	Ok(())
}

async fn mine(identity: &str, listen: &str, known: &str, relay: &str) -> Result<()> {
	let relay = target(relay)?;
	let config = Config {
		external: External::Unknown,
		relays: vec![RelayAt {
			public_key: relay.public_key,
			addr: relay.addr,
		}],
		..config(identity, listen)?
	};
	let (handle, mut incoming) = start(config, known).await?;
	let mut reach = handle.reach();
	tokio::spawn(async move {
		while reach.changed().await.is_ok() {
			let reach = reach.borrow_and_update().clone();
			println!(
				"reach relayed={} confirmed={} failed={} punched={} not_punched={}",
				reach.relayed.len(),
				reach.confirmed.len(),
				reach.failed.len(),
				reach.punched,
				reach.not_punched
			);
		}
	});
	while let Some(mut incoming) = incoming.next().await {
		if incoming.responder.send(incoming.request.body).await.is_ok() {
			incoming.responder.finish().await;
		}
	}
	Ok(())
}

async fn call(identity: &str, listen: &str, to: &str, time: Duration) -> Result<()> {
	let to = target(to)?;
	let config = Config {
		external: External::Unknown,
		..config(identity, listen)?
	};
	let (handle, _incoming) = start(config, "").await?;
	let begun = Instant::now();
	let mut number = 0;
	while begun.elapsed() < time {
		let (second, mut latencies, mut failed, mut last_error) = (Instant::now(), Vec::new(), 0, String::new());
		while second.elapsed() < Duration::from_secs(1) {
			number += 1;
			let started = Instant::now();
			match one(&handle, &to, number).await {
				Ok(()) => latencies.push(started.elapsed()),
				Err(error) => {
					failed += 1;
					last_error = error.to_string();
				}
			}
			tokio::time::sleep(INTERVAL).await;
		}
		latencies.sort_unstable();
		println!(
			"second={} answered={} failed={failed} p50_ms={:.1} max_ms={:.1} {last_error}",
			begun.elapsed().as_secs(),
			latencies.len(),
			at_ms(&latencies, 0.5),
			at_ms(&latencies, 1.0)
		);
	}
	Ok(())
}

async fn one(handle: &Handle, to: &Target, number: u64) -> Result<()> {
	let mut answer = handle.call(to.clone(), common::request(number), PATIENCE).await?;
	while let Some(chunk) = answer.next().await {
		chunk?;
	}
	Ok(())
}
