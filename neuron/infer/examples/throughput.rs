//! Measures the serving engine on a real model.
//!
//! `cargo run -p neuron-infer --example throughput -- MODEL single|batch|load DEVICE TOKENS [PRECISION]`
//!
//! `DEVICE` is a number of threads of the processor, or a device such as `cuda:0` in a build with the feature of its name.
//!
//! `single` decodes one stream, `batch` 1, 2, 4, 8 and 16 streams in turn (several rounds, the best of
//! each), `load` keeps eight clients busy with short and long prompts and reports the time to the
//! first token.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use neuron_infer::engine::{Engine, EngineOptions, Event, Request};
use neuron_infer::{Device, LoadOptions, Model, Precision};

const PROMPT: &str = "Write a short story about a lighthouse keeper who finds a letter in a bottle.";
const ROUNDS: usize = 5;
const CLIENTS: usize = 8;
const REQUESTS_PER_CLIENT: usize = 12;

fn main() -> Result<(), Box<dyn Error>> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let (path, what, device, tokens, precision) = match arguments.as_slice() {
		[path, what, device, tokens] => (path, what, device, tokens, Precision::F32),
		[path, what, device, tokens, precision] => (path, what, device, tokens, precision.parse()?),
		_ => return Err("usage: throughput MODEL single|batch|load THREADS|DEVICE TOKENS [PRECISION]".into()),
	};
	let options = LoadOptions {
		device: match device.parse() {
			Ok(threads) => Device::Cpu { threads: Some(threads) },
			Err(_) => device.parse()?,
		},
		precision,
		..LoadOptions::default()
	};
	let model = Model::load(Path::new(path), &options)?;
	let tokens: usize = tokens.parse()?;
	match what.as_str() {
		"single" => println!("1 stream: {:.1} tokens/s", streams(&model, 1, tokens)?),
		"batch" => batch(&model, tokens)?,
		"load" => load(&model, tokens)?,
		_ => return Err(format!("expected single, batch or load, found {what}").into()),
	}
	Ok(())
}

/// Tokens a second of `count` streams together, from when the last one has its first token to when
/// the first one has its last.
fn streams(model: &Model, count: usize, tokens: usize) -> Result<f64, Box<dyn Error>> {
	let engine = Engine::start(model.clone(), EngineOptions::default())?;
	let mut readers = Vec::new();
	for index in 0..count {
		let mut request = Request::new(model.encode(&format!("{index}. {PROMPT}"))?, tokens);
		request.stop_at_end_of_turn = false;
		let mut generation = engine.submit(request)?;
		readers.push(std::thread::spawn(move || {
			let mut times = Vec::new();
			while let Some(Event::Token(_)) = generation.blocking_next() {
				times.push(Instant::now());
			}
			times
		}));
	}
	let mut times = Vec::new();
	for reader in readers {
		times.push(reader.join().map_err(|_| "a reader failed")?);
	}
	let start = times.iter().filter_map(|times| times.first()).max();
	let end = times.iter().filter_map(|times| times.last()).min();
	let (Some(&start), Some(&end)) = (start, end) else {
		return Err("a stream gave no token".into());
	};
	let counted = times
		.iter()
		.flatten()
		.filter(|time| **time > start && **time <= end)
		.count();
	Ok(counted as f64 / (end - start).as_secs_f64())
}

fn batch(model: &Model, tokens: usize) -> Result<(), Box<dyn Error>> {
	let counts = [1, 2, 4, 8, 16];
	let mut best = [0.0f64; 5];
	for _ in 0..ROUNDS {
		for (best, count) in best.iter_mut().zip(counts) {
			*best = best.max(streams(model, count, tokens)?);
		}
	}
	for (speed, count) in best.iter().zip(counts) {
		println!(
			"{count:2} streams: {speed:6.1} tokens/s, {:.2} times one",
			speed / best[0]
		);
	}
	Ok(())
}

/// Eight clients, each with its next request as soon as it has its answer.
fn load(model: &Model, tokens: usize) -> Result<(), Box<dyn Error>> {
	let engine = Engine::start(model.clone(), EngineOptions::default())?;
	let started = Instant::now();
	let mut clients = Vec::new();
	for client in 0..CLIENTS {
		let (engine, model) = (engine.clone(), model.clone());
		clients.push(std::thread::spawn(move || {
			let mut times: Vec<(usize, Duration)> = Vec::new();
			for round in 0..REQUESTS_PER_CLIENT {
				// Every fourth prompt is long.
				let repeats = if (client + round) % 4 == 0 { 16 } else { 2 };
				let prompt = format!("{client}/{round}: {}", PROMPT.repeat(repeats));
				let prompt = model.encode(&prompt).unwrap_or_default();
				let length = prompt.len();
				let mut request = Request::new(prompt, tokens);
				request.stop_at_end_of_turn = false;
				if let Ok(generation) = engine.submit(request)
					&& let Ok(answer) = generation.blocking_complete()
				{
					times.extend(answer.finished.usage.time_to_first_token.map(|time| (length, time)));
				}
			}
			times
		}));
	}
	let mut times = Vec::new();
	for client in clients {
		times.extend(client.join().map_err(|_| "a client failed")?);
	}
	let elapsed = started.elapsed().as_secs_f64();
	let answered = CLIENTS * REQUESTS_PER_CLIENT;
	if times.len() != answered {
		return Err(format!("{} of {answered} requests were answered", times.len()).into());
	}
	println!(
		"{CLIENTS} clients: {:.1} tokens/s",
		(answered * tokens) as f64 / elapsed
	);
	report("all prompts", times.iter().map(|(_, time)| *time).collect());
	let longest = times.iter().map(|(length, _)| *length).max().unwrap_or(0);
	let (long, short): (Vec<_>, Vec<_>) = times.into_iter().partition(|(length, _)| 2 * length > longest);
	report("short prompts", short.into_iter().map(|(_, time)| time).collect());
	report(
		&format!("prompts of about {longest} tokens"),
		long.into_iter().map(|(_, time)| time).collect(),
	);
	Ok(())
}

fn report(name: &str, mut times: Vec<Duration>) {
	times.sort_unstable();
	let share =
		|percent: usize| times[((times.len() * percent).div_ceil(100)).clamp(1, times.len()) - 1].as_secs_f64() * 1e3;
	println!(
		"{name}: time to first token p50 {:.0} ms, p99 {:.0} ms",
		share(50),
		share(99)
	);
}
