//! How much faster a miner is with many callers than with one.
//!
//! `cargo run -p neuron --example serving -- MODEL TOKENS [ROUNDS]`
//!
//! Each caller asks a [`Dispatcher`] for one answer of so many tokens of the mechanism `text`, evidence included; nothing
//! but the network is left out. In every round 1, 2, 4 and 8 callers ask together, first a miner that serves from the
//! engine's batch, then, eight callers again, one that makes each answer in a session of its own. The best of the rounds
//! counts, and all ratios are to one caller of the same run.

use std::{
	error::Error,
	path::{Path, PathBuf},
	sync::Arc,
	time::{Duration, Instant},
};

use async_trait::async_trait;
use codec::Encode;
use neuron::{
	miner::{CallerGone, Dispatcher, Job, Reply},
	registry::{self, MechanismOptions, Serving},
};
use neuron_net::{Caller, Refusal, Request};
use subnet_sdk::{DynMechanism, Epoch, Hotkey};
use subnet_text::{DESCRIPTOR, Prompt, Sampling, Task};
use tokio::sync::mpsc;

const CALLERS: [u8; 4] = [1, 2, 4, 8];
const MOST_CALLERS: usize = 8;
const DEFAULT_ROUNDS: usize = 3;

/// Tells when each chunk came.
struct Stopwatch(mpsc::UnboundedSender<Result<Instant, String>>);

#[async_trait]
impl Reply for Stopwatch {
	async fn accept(&mut self) -> Result<(), CallerGone> {
		Ok(())
	}

	async fn send(&mut self, _: Vec<u8>) -> Result<(), CallerGone> {
		self.0.send(Ok(Instant::now())).map_err(|_| CallerGone)
	}

	async fn finish(self: Box<Self>) {}

	async fn refuse(self: Box<Self>, refusal: Refusal) {
		self.0.send(Err(format!("{refusal:?}"))).ok();
	}

	async fn closed(&self) {
		self.0.closed().await;
	}
}

fn job(caller: u8, round: usize, task: &Task) -> (Job, mpsc::UnboundedReceiver<Result<Instant, String>>) {
	let (sender, receiver) = mpsc::unbounded_channel();
	let mut nonce = [caller; 32];
	nonce[0] = u8::try_from(round % 256).unwrap_or(0);
	let job = Job {
		caller: Caller {
			hotkey: [caller; 32],
			uid: caller.into(),
			stake_rao: 0,
			validator_permit: true,
		},
		request: Request {
			mechanism: DESCRIPTOR.name.into(),
			version: DESCRIPTOR.version,
			nonce,
			deadline_ms: u32::MAX,
			body: task.encode(),
		},
		reply: Box::new(Stopwatch(sender)),
	};
	(job, receiver)
}

/// Tokens a second of `callers` callers together, from when the last one has its first token to when the first one has
/// its last.
async fn measure(miner: &Dispatcher, callers: u8, round: usize, task: &Task) -> Result<f64, Box<dyn Error>> {
	let mut answers = Vec::new();
	for caller in 0..callers {
		let mut task = task.clone();
		task.prompt = Prompt::Text(format!(
			"Chapter {round}.{caller}. The lighthouse keeper found a letter in a bottle"
		));
		let (job, mut receiver) = job(caller, round, &task);
		miner.dispatch(job);
		answers.push(tokio::spawn(async move {
			let mut times = Vec::new();
			while let Some(time) = receiver.recv().await {
				times.push(time?);
			}
			// The first chunk is the header.
			times.remove(0);
			Ok::<_, String>(times)
		}));
	}
	let mut times = Vec::new();
	for answer in answers {
		times.push(answer.await??);
	}
	let start = times.iter().filter_map(|times| times.first()).max();
	let end = times.iter().filter_map(|times| times.last()).min();
	let (Some(&start), Some(&end)) = (start, end) else {
		return Err("an answer has no tokens".into());
	};
	let within = times
		.iter()
		.flatten()
		.filter(|time| **time > start && **time <= end)
		.count();
	Ok(within as f64
		/ end
			.saturating_duration_since(start)
			.max(Duration::from_micros(1))
			.as_secs_f64())
}

fn dispatcher(model: &Path, serving: Option<Serving>) -> Result<(Dispatcher, [u8; 32]), Box<dyn Error>> {
	let options = MechanismOptions {
		name: "text".into(),
		model: Some(model.to_owned()),
		serving,
		..MechanismOptions::default()
	};
	let mechanism: Arc<dyn DynMechanism> = registry::build(&options)?;
	let hash = mechanism.model_hash().ok_or("no model")?;
	Ok((Dispatcher::new(mechanism, Hotkey([5; 32]), MOST_CALLERS, 0), hash))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let (path, tokens, rounds) = match arguments.as_slice() {
		[path, tokens] => (path, tokens, DEFAULT_ROUNDS),
		[path, tokens, rounds] => (path, tokens, rounds.parse()?),
		_ => return Err("usage: serving MODEL TOKENS [ROUNDS]".into()),
	};
	let path = PathBuf::from(path);
	let batched = Serving {
		batch: MOST_CALLERS,
		kv_memory_mib: Serving::DEFAULT_KV_MEMORY_MIB,
	};
	let (engine, model_hash) = dispatcher(&path, Some(batched))?;
	let (sessions, _) = dispatcher(&path, None)?;
	let task = Task {
		model_hash,
		epoch: Epoch::default(),
		prompt: Prompt::Text(String::new()),
		max_tokens: tokens.parse()?,
		sampling: Sampling::PLAIN,
		stop: Vec::new(),
	};
	let mut best = [0.0_f64; CALLERS.len() + 1];
	for round in 0..rounds {
		for (best, callers) in best.iter_mut().zip(CALLERS) {
			*best = best.max(measure(&engine, callers, round, &task).await?);
		}
		let alone = measure(&sessions, MOST_CALLERS as u8, round, &task).await?;
		let last = &mut best[CALLERS.len()];
		*last = last.max(alone);
		eprintln!("round {round}: {best:.1?}");
	}
	for (rate, callers) in best.iter().zip(CALLERS) {
		println!(
			"{callers} callers: {rate:6.1} tokens/s, {:.2} times one",
			rate / best[0]
		);
	}
	let sessions = best[CALLERS.len()];
	println!(
		"{MOST_CALLERS} callers, a session each: {sessions:6.1} tokens/s, {:.2} times one",
		sessions / best[0]
	);
	Ok(())
}
