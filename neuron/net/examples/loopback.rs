//! Requests per second and latency of 1 KiB echo calls on this machine's loopback, signatures on, and where the time
//! goes. Two processes: a miner that echoes, and a caller that keeps a number of calls in flight.
//!
//! ```text
//! cargo run -p neuron-net --example loopback -- [--quic] [--seconds S] [IN_FLIGHT ..]
//! ```

mod common;

use std::{
	hint::black_box,
	sync::{
		Arc,
		atomic::{AtomicU64, Ordering},
	},
	time::{Duration, Instant},
};

use common::{anyhow_lite::Result, at_ms};
use neuron_net::{
	AdmissionPolicy, Answer, Config, Handle, Identity, Limits, Network, Quic, RateLimit, Receipt, Response, Signer,
	Target,
	evidence::{RequestHeader, hash_body, hash_chunks},
	frame,
};

/// Calls before the clock starts.
const WARM_UP: u64 = 200;

fn main() -> Result<()> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let runtime = tokio::runtime::Builder::new_multi_thread()
		.worker_threads(2)
		.enable_all()
		.build()?;
	match arguments.first().map(String::as_str) {
		Some("serve") => runtime.block_on(serve(&arguments[1], quic(&arguments))),
		_ => runtime.block_on(drive(&arguments)),
	}
}

fn quic(arguments: &[String]) -> Quic {
	if arguments.iter().any(|argument| argument == "--quic") {
		Quic::First
	} else {
		Quic::Off
	}
}

async fn serve(caller: &str, quic: Quic) -> Result<()> {
	let directory = common::Known::new(&[(caller.to_owned(), 1)]);
	let config = Config {
		quic,
		admission: AdmissionPolicy {
			rate: RateLimit {
				burst: u32::MAX,
				refill: Duration::from_nanos(1),
			},
			max_concurrent_per_hotkey: 1024,
			max_in_flight: 1024,
			..AdmissionPolicy::default()
		},
		limits: Limits {
			incoming_queue: 1024,
			..Limits::default()
		},
		..common::config(Identity::generate())
	};
	let (handle, mut incoming) = Network::start(config, directory).await?;
	println!("{}", common::introduction(&handle));
	while let Some(mut incoming) = incoming.next().await {
		tokio::spawn(async move {
			if incoming.responder.send(incoming.request.body).await.is_ok() {
				incoming.responder.finish().await;
			}
		});
	}
	Ok(())
}

async fn drive(arguments: &[String]) -> Result<()> {
	let quic = quic(arguments);
	let mut counts: Vec<usize> = Vec::new();
	let mut seconds = 5.0;
	let mut rest = arguments.iter();
	while let Some(argument) = rest.next() {
		match argument.as_str() {
			"--quic" => {}
			"--seconds" => seconds = rest.next().ok_or("--seconds needs a number")?.parse()?,
			count => counts.push(count.parse()?),
		}
	}
	if counts.is_empty() {
		counts = vec![1, 16, 128];
	}
	let identity = Identity::generate();
	let directory = common::Known::new(&[]);
	let config = Config {
		quic,
		..common::config(identity.clone())
	};
	let (handle, _incoming) = Network::start(config, directory).await?;
	let mut serving = vec!["serve".to_owned(), hex::encode(identity.public_key())];
	serving.extend((quic == Quic::First).then(|| "--quic".to_owned()));
	let (miner, introduction) = common::Peer::spawn(&serving)?;
	let target = common::target(&introduction)?;
	for number in 0..WARM_UP {
		call(&handle, &target, number).await?;
	}
	let parts = Parts::measure(&handle);
	for in_flight in counts {
		let cpu_before = miner.cpu() + common::cpu_of("self");
		let (latencies, elapsed) = flight(&handle, &target, in_flight, Duration::from_secs_f64(seconds)).await?;
		let cpu = miner.cpu() + common::cpu_of("self") - cpu_before;
		report(in_flight, &latencies, elapsed, cpu, &parts);
	}
	Ok(())
}

async fn call(handle: &Handle, target: &Target, number: u64) -> Result<()> {
	let mut answer: Answer = handle
		.call(target.clone(), common::request(number), Duration::from_secs(60))
		.await?;
	let mut bytes = 0;
	while let Some(chunk) = answer.next().await {
		bytes += chunk?.len();
	}
	if bytes == common::BODY_BYTES && answer.receipt().is_some() {
		Ok(())
	} else {
		Err(format!("an echo of {bytes} bytes").into())
	}
}

async fn flight(
	handle: &Handle,
	target: &Target,
	in_flight: usize,
	time: Duration,
) -> Result<(Vec<Duration>, Duration)> {
	let numbers = Arc::new(AtomicU64::new(WARM_UP));
	let begun = Instant::now();
	let workers: Vec<_> = (0..in_flight)
		.map(|_| {
			let (handle, target, numbers) = (handle.clone(), target.clone(), Arc::clone(&numbers));
			tokio::spawn(async move {
				let mut latencies = Vec::new();
				while begun.elapsed() < time {
					let started = Instant::now();
					call(&handle, &target, numbers.fetch_add(1, Ordering::Relaxed)).await?;
					latencies.push(started.elapsed());
				}
				Ok::<_, Box<dyn std::error::Error + Send + Sync>>(latencies)
			})
		})
		.collect();
	let mut all = Vec::new();
	for worker in workers {
		all.extend(worker.await??);
	}
	let elapsed = begun.elapsed();
	all.sort_unstable();
	Ok((all, elapsed))
}

/// What one call costs, apart from its transport, on both sides together.
struct Parts {
	sign: Duration,
	verify: Duration,
	/// Hashes of bodies, headers and answers.
	hash: Duration,
	/// Frames, written and read.
	frames: Duration,
}

impl Parts {
	fn measure(handle: &Handle) -> Self {
		let signer = common::hotkey(&handle.public_key());
		let request = common::request(0);
		let header = RequestHeader {
			network: [0; 32],
			caller: signer.hotkey(),
			miner: signer.hotkey(),
			issued_at_ms: 1,
			mechanism: request.mechanism.clone(),
			version: 1,
			nonce: request.nonce,
			deadline_ms: 1,
			body_hash: hash_body(&request.body),
		};
		let signed = header.clone().sign(&*signer);
		let receipt = Receipt::sign(signed.clone(), [0; 32], [0; 32], &*signer);
		let hash_header = least(|| black_box(&header).hash());
		let sign = least(|| black_box(&header).clone().sign(&*signer)).saturating_sub(hash_header);
		// A receipt has both signatures.
		let verify = least(|| black_box(&receipt).verify()).saturating_sub(hash_header) / 2;
		let body = least(|| hash_body(black_box(&request.body)));
		let answer = least(|| hash_chunks([black_box(&request.body).as_slice()]));
		let question = neuron_net::Call {
			issued_at_ms: 1,
			signature: signed.signature,
			request,
		};
		let chunk = Response::Chunk(vec![7; common::BODY_BYTES]);
		let (question_bytes, chunk_bytes) = (encode(&question), encode(&chunk));
		let frames = least(|| encode(black_box(&question)))
			+ least(|| frame::decode::<neuron_net::Call>(black_box(&question_bytes)).is_ok())
			+ least(|| encode(black_box(&chunk)))
			+ least(|| frame::decode::<Response>(black_box(&chunk_bytes)).is_ok());
		Self {
			sign: sign * 2,
			verify: verify * 2,
			hash: (body + hash_header * 2 + answer) * 2,
			frames,
		}
	}
}

fn encode<F: frame::Frame>(value: &F) -> Vec<u8> {
	frame::encode(value).unwrap_or_default()
}

/// The least time of a call over many short rounds, so that some of them are not interrupted.
fn least<T>(mut work: impl FnMut() -> T) -> Duration {
	const ROUNDS: u32 = 300;
	const CALLS: u32 = 5;
	(0..ROUNDS)
		.map(|_| {
			let begun = Instant::now();
			for _ in 0..CALLS {
				black_box(work());
			}
			begun.elapsed() / CALLS
		})
		.min()
		.unwrap_or_default()
}

fn report(in_flight: usize, latencies: &[Duration], elapsed: Duration, cpu: Duration, parts: &Parts) {
	let requests = latencies.len();
	let cpu_us = cpu.as_secs_f64() * 1e6 / requests.max(1) as f64;
	let microseconds = |time: Duration| time.as_secs_f64() * 1e6;
	let (sign, verify) = (microseconds(parts.sign), microseconds(parts.verify));
	let (hash, frames) = (microseconds(parts.hash), microseconds(parts.frames));
	println!(
		"{{\"stack\": \"neuron-net\", \"in_flight\": {in_flight}, \"requests\": {requests}, \"per_second\": {:.1}, \
		 \"p50_ms\": {:.3}, \"p99_ms\": {:.3}, \"cpu_us\": {cpu_us:.1}, \"sign_us\": {sign:.1}, \"verify_us\": {verify:.1}, \
		 \"hash_us\": {hash:.1}, \"frames_us\": {frames:.1}, \"transport_us\": {:.1}}}",
		requests as f64 / elapsed.as_secs_f64(),
		at_ms(latencies, 0.50),
		at_ms(latencies, 0.99),
		(cpu_us - sign - verify - hash - frames).max(0.0),
	);
}
