//! The mechanism `text` with a real model, without chain and network: what a challenge costs both sides, and what an honest
//! miner and three cheats score.
//!
//! ```text
//! cargo run --release -p neuron --example text -- MODEL [CHALLENGES]
//! ```
//!
//! `MODEL` is a GGUF file or a folder; `cargo xtask setup` fetches one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use neuron::registry::{MechanismOptions, build};
use subnet_sdk::{ChallengeContext, DynMechanism, Epoch, Hotkey, Nonce, Outcome, Score, TimedChunk, Transcript};

type Failure = Box<dyn std::error::Error>;
type Mechanism = Arc<dyn DynMechanism>;

/// What a downgraded miner computes in.
const DOWNGRADED: &str = "q4_0";

fn main() -> Result<(), Failure> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let (Some(model), challenges) = (arguments.first(), arguments.get(1)) else {
		return Err("name a model: a GGUF file or a folder".into());
	};
	let challenges: u8 = challenges.map_or(Ok(10), |text| text.parse())?;
	let load = |precision: Option<&str>| {
		build(&MechanismOptions {
			name: "text".into(),
			model: Some(model.into()),
			precision: precision.map(str::to_owned),
			..MechanismOptions::default()
		})
	};
	let (honest, downgraded) = (load(None)?, load(Some(DOWNGRADED))?);
	let mut rows = [
		Row::new("honest"),
		Row::new("4-bit weights (Q4_0)"),
		Row::new("another miner's answer"),
		Row::new("stops half-way"),
	];
	for nonce in 0..challenges {
		let context = ChallengeContext {
			nonce: Nonce([nonce; 32]),
			validator: Hotkey([200; 32]),
			miner: Hotkey([1; 32]),
		};
		let other = ChallengeContext {
			miner: Hotkey([2; 32]),
			..context
		};
		let task = honest.task(&context, &Epoch::default())?;
		let own = solve(&honest, &context, &task)?;
		let mut half = own.clone();
		half.chunks.truncate(own.chunks.len() / 2);
		let answers = [
			own,
			solve(&downgraded, &context, &task)?,
			solve(&honest, &other, &task)?,
			half,
		];
		for (row, answer) in rows.iter_mut().zip(answers) {
			row.judge(&honest, &context, &task, &answer)?;
		}
	}
	println!("| miner | mean score | zeros | answering, ms | judging, ms | bytes |");
	println!("| --- | ---: | ---: | ---: | ---: | ---: |");
	rows.iter().for_each(Row::print);
	println!("\nthe first honest verdict: {}", rows[0].scores[0].reason);
	Ok(())
}

fn solve(miner: &Mechanism, context: &ChallengeContext, task: &[u8]) -> Result<Transcript<Vec<u8>>, Failure> {
	let started = Instant::now();
	let mut chunks = Vec::new();
	miner.solve(context, task, &mut |chunk| {
		let elapsed_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
		chunks.push(TimedChunk { elapsed_us, chunk });
		Ok(())
	})?;
	Ok(Transcript {
		chunks,
		outcome: Outcome::Complete,
	})
}

/// Everything about one kind of miner.
struct Row {
	name: &'static str,
	scores: Vec<Score>,
	answering_us: u64,
	judging: Duration,
	bytes: usize,
}

impl Row {
	const fn new(name: &'static str) -> Self {
		Self {
			name,
			scores: Vec::new(),
			answering_us: 0,
			judging: Duration::ZERO,
			bytes: 0,
		}
	}

	fn judge(
		&mut self,
		validator: &Mechanism,
		context: &ChallengeContext,
		task: &[u8],
		answer: &Transcript<Vec<u8>>,
	) -> Result<(), Failure> {
		let started = Instant::now();
		self.scores.push(validator.score(context, task, answer)?);
		self.judging += started.elapsed();
		self.answering_us += answer.chunks.last().map_or(0, |chunk| chunk.elapsed_us);
		self.bytes += answer.chunks.iter().map(|timed| timed.chunk.len()).sum::<usize>();
		Ok(())
	}

	fn print(&self) {
		let count = self.scores.len().max(1);
		let zeros = self.scores.iter().filter(|score| score.value() == 0.0).count();
		let mean = self.scores.iter().map(Score::value).sum::<f64>() / count as f64;
		println!(
			"| {} | {mean:.3} | {zeros} of {count} | {} | {:.0} | {} |",
			self.name,
			self.answering_us / 1_000 / count as u64,
			self.judging.as_secs_f64() * 1e3 / count as f64,
			self.bytes / count
		);
	}
}
