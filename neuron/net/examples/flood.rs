//! What an honest validator sees while others hammer the miner that it asks.
//!
//! The miner echoes after a few milliseconds of pretended work, one request a worker. The honest validator asks twenty
//! times a second. The attackers run in processes of their own, on the same processors: a peer that the chain does not
//! know, a validator that asks for far more than its share, and somebody who opens connections and says nothing.
//!
//! ```text
//! cargo run -p neuron-net --example flood -- [--seconds S]
//! ```

mod common;

use std::{
	sync::{
		Arc,
		atomic::{AtomicU64, Ordering},
	},
	time::{Duration, Instant},
};

use common::{anyhow_lite::Result, at_ms};
use neuron_net::{AdmissionPolicy, CallError, Config, Handle, Identity, Limits, Network, RateLimit, Target};
use tokio::sync::Semaphore;

/// Time that the miner pretends to work on a request.
const WORK: Duration = Duration::from_millis(5);
/// Requests that it works on at a time.
const WORKERS: usize = 4;
/// Time between two requests of the honest validator.
const HONEST_INTERVAL: Duration = Duration::from_millis(50);
/// Calls that an attacker keeps in flight.
const ATTACK_CALLS: usize = 32;
/// Stake of the honest validator and of the greedy one.
const STAKES: [u64; 2] = [1_000_000_000_000, 10_000_000_000];

fn main() -> Result<()> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let runtime = tokio::runtime::Builder::new_multi_thread()
		.worker_threads(2)
		.enable_all()
		.build()?;
	let texts: Vec<&str> = arguments.iter().map(String::as_str).collect();
	match texts.as_slice() {
		["serve", honest, greedy] => runtime.block_on(serve(honest, greedy)),
		["greedy"] => runtime.block_on(attack(true)),
		["stranger"] => runtime.block_on(attack(false)),
		["silent", addr] => runtime.block_on(stay_silent(addr)),
		["--seconds", seconds] => runtime.block_on(measure(Duration::from_secs_f64(seconds.parse()?))),
		[] => runtime.block_on(measure(Duration::from_secs(8))),
		_ => Err("flood [--seconds S]".into()),
	}
}

async fn serve(honest: &str, greedy: &str) -> Result<()> {
	let directory = common::Known::new(&[(honest.to_owned(), STAKES[0]), (greedy.to_owned(), STAKES[1])]);
	let config = Config {
		admission: AdmissionPolicy {
			rate: RateLimit {
				burst: 32,
				refill: Duration::from_millis(40),
			},
			max_concurrent_per_hotkey: 16,
			..AdmissionPolicy::default()
		},
		limits: Limits::default(),
		..common::config(Identity::generate())
	};
	let (handle, mut incoming) = Network::start(config, directory).await?;
	println!("{}", common::introduction(&handle));
	let workers = Arc::new(Semaphore::new(WORKERS));
	while let Ok(worker) = Arc::clone(&workers).acquire_owned().await {
		let Some(mut incoming) = incoming.next().await else {
			break;
		};
		tokio::spawn(async move {
			tokio::time::sleep(WORK).await;
			if incoming.responder.send(incoming.request.body).await.is_ok() {
				incoming.responder.finish().await;
			}
			drop(worker);
		});
	}
	Ok(())
}

async fn call(handle: &Handle, target: &Target, number: u64) -> std::result::Result<(), CallError> {
	let request = common::request(number);
	let mut answer = handle.call(target.clone(), request, Duration::from_secs(30)).await?;
	while let Some(chunk) = answer.next().await {
		chunk?;
	}
	Ok(())
}

/// Calls as fast as it can until its process is ended. Says its key first, reads the target from standard input, and
/// tells each second how much it has tried.
async fn attack(known: bool) -> Result<()> {
	let (handle, _incoming) = Network::start(common::config(Identity::generate()), common::Known::new(&[])).await?;
	println!("{}", hex::encode(handle.public_key()));
	let mut line = String::new();
	std::io::stdin().read_line(&mut line)?;
	let target = common::target(line.trim())?;
	let (tried, served) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
	for _ in 0..ATTACK_CALLS {
		let (handle, target) = (handle.clone(), target.clone());
		let (tried, served) = (Arc::clone(&tried), Arc::clone(&served));
		tokio::spawn(async move {
			loop {
				let number = tried.fetch_add(1, Ordering::Relaxed);
				served.fetch_add(
					u64::from(call(&handle, &target, number).await.is_ok()),
					Ordering::Relaxed,
				);
			}
		});
	}
	let begun = Instant::now();
	loop {
		tokio::time::sleep(Duration::from_secs(2)).await;
		let per_second = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
		let who = if known { "over-quota validator" } else { "unknown peer" };
		eprintln!(
			"    {who}: {:.0} tries/s, {:.0} served/s",
			per_second(&tried),
			per_second(&served)
		);
	}
}

/// Opens connections and says nothing, until its process is ended.
async fn stay_silent(addr: &str) -> Result<()> {
	println!("silent");
	let addr: std::net::SocketAddr = addr.parse()?;
	let mut open = Vec::new();
	loop {
		if open.len() >= 512 {
			open.clear();
		}
		match tokio::net::TcpStream::connect(addr).await {
			Ok(stream) => open.push(stream),
			Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
		}
		tokio::time::sleep(Duration::from_millis(1)).await;
	}
}

/// The honest validator, in each situation.
async fn measure(time: Duration) -> Result<()> {
	println!("situation | answered | refused | p50 ms | p99 ms | miner's processor");
	println!("--- | --- | --- | --- | --- | ---");
	let situations: [(&str, &[&str]); 5] = [
		("quiet", &[]),
		("an unknown peer", &["stranger"]),
		("an over-quota validator", &["greedy"]),
		("both", &["stranger", "greedy"]),
		("both, and silent connections", &["stranger", "greedy", "silent"]),
	];
	for (name, attackers) in situations {
		let identity = Identity::generate();
		let config = common::config(identity.clone());
		let (handle, _incoming) = Network::start(config, common::Known::new(&[])).await?;
		let (mut greedy, greedy_key) = common::Peer::spawn_with_input(&["greedy".to_owned()])?;
		let (mut stranger, _) = common::Peer::spawn_with_input(&["stranger".to_owned()])?;
		let serving = ["serve".to_owned(), hex::encode(identity.public_key()), greedy_key];
		let (miner, introduction) = common::Peer::spawn(&serving)?;
		let target = common::target(&introduction)?;
		call(&handle, &target, 0).await?;
		let mut silent = None;
		for attacker in attackers {
			match *attacker {
				"greedy" => greedy.say(&introduction)?,
				"stranger" => stranger.say(&introduction)?,
				_ => silent = Some(common::Peer::spawn(&["silent".to_owned(), target.addr.to_string()])?),
			}
		}
		tokio::time::sleep(Duration::from_secs(1)).await;
		let (cpu, begun) = (miner.cpu(), Instant::now());
		let (latencies, refused) = ask(&handle, &target, time).await;
		let share = (miner.cpu() - cpu).as_secs_f64() / begun.elapsed().as_secs_f64();
		drop(silent);
		println!(
			"{name} | {} | {refused} | {:.1} | {:.1} | {:.0} %",
			latencies.len(),
			at_ms(&latencies, 0.5),
			at_ms(&latencies, 0.99),
			share * 100.0
		);
	}
	Ok(())
}

async fn ask(handle: &Handle, target: &Target, time: Duration) -> (Vec<Duration>, usize) {
	let begun = Instant::now();
	let mut ticks = tokio::time::interval(HONEST_INTERVAL);
	let mut calls = Vec::new();
	for number in 1.. {
		ticks.tick().await;
		if begun.elapsed() >= time {
			break;
		}
		let (handle, target) = (handle.clone(), target.clone());
		calls.push(tokio::spawn(async move {
			let started = Instant::now();
			call(&handle, &target, number).await.map(|()| started.elapsed())
		}));
	}
	let (mut latencies, mut refused) = (Vec::new(), 0);
	for finished in calls {
		match finished.await {
			Ok(Ok(latency)) => latencies.push(latency),
			_ => refused += 1,
		}
	}
	latencies.sort_unstable();
	(latencies, refused)
}
