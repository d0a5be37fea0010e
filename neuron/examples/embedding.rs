//! The mechanism `embedding` with a real model, without chain and network: what an honest miner and some cheats score, and
//! what a challenge costs both sides.
//!
//! ```text
//! cargo run --release -p neuron --example embedding -- FOLDER [CHALLENGES]
//! ```
//!
//! `FOLDER` is an embedder (`config.json`, `tokenizer.json`, safetensors); `cargo xtask setup --mechanisms` fetches one.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use neuron_infer::{Embedder, LoadOptions};
use safetensors::tensor::{SafeTensors, TensorView};
use subnet_embedding::{Chunk, EmbeddingMechanism, EmbeddingParameters, Task, seal};
use subnet_sdk::{ChallengeContext, Epoch, Hotkey, Mechanism, Nonce, Outcome, Score, TimedChunk, Transcript};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let (Some(folder), challenges) = (arguments.first(), arguments.get(1)) else {
		return Err("name the folder of an embedder".into());
	};
	let challenges: u8 = challenges.map_or(Ok(10), |text| text.parse())?;
	let folder = Path::new(folder);
	let scratch = tempfile::tempdir()?;
	let cheaper = scratch.path().join("cheaper");
	write_rounded(folder, &cheaper)?;
	let load = |path: &Path| Embedder::load(path, &LoadOptions::default());
	let (declared, rounded) = (load(folder)?, load(&cheaper)?);
	let validator = neuron::embedder::mechanism(declared.clone(), neuron::embedder::corpus(None)?, [7; 32])?;
	let mut table = Table::default();
	for nonce in 0..challenges {
		let context = ChallengeContext {
			nonce: Nonce([nonce; 32]),
			validator: Hotkey([200; 32]),
			miner: Hotkey([1; 32]),
		};
		let task = Mechanism::task(&validator, &context, &Epoch::default())?;
		table.challenge(&validator, &context, &task, (&declared, &rounded))?;
	}
	table.print(challenges);
	Ok(())
}

/// Scores and times, by who it was.
#[derive(Default)]
struct Table {
	rows: Vec<&'static str>,
	scores: HashMap<&'static str, Vec<Score>>,
	answered: Duration,
	judged: Duration,
	bytes: usize,
	/// How far the vectors of 8-bit weights are from the declared model's.
	distances: Vec<f64>,
}

impl Table {
	/// One challenge, answered by everybody.
	fn challenge(
		&mut self,
		validator: &EmbeddingMechanism,
		context: &ChallengeContext,
		task: &Task,
		(declared, rounded): (&Embedder, &Embedder),
	) -> Result<(), Failure> {
		let started = Instant::now();
		let honest = embed_all(declared, task)?;
		let took = started.elapsed();
		self.answered += took;
		let speed_us = u64::try_from(took.as_micros())? / (task.passages.len() as u64 + 2);
		let cheap = embed_all(rounded, task)?;
		for (own, cheap) in honest.iter().zip(&cheap) {
			let squares = own.iter().zip(cheap).map(|(a, b)| f64::from(a - b).powi(2));
			self.distances.push(squares.sum::<f64>().sqrt());
		}
		let fakes = |count: usize| {
			let mut answer = honest.clone();
			answer.iter_mut().take(count).for_each(|vector| vector.reverse());
			answer
		};
		let other = ChallengeContext {
			miner: Hotkey([2; 32]),
			..*context
		};
		let answers = [
			("honest", context, honest.clone(), speed_us),
			("8-bit weights", context, cheap, speed_us),
			("makes up 1 of 32", context, fakes(1), speed_us),
			("makes up 4 of 32", context, fakes(4), speed_us),
			("makes up 16 of 32", context, fakes(16), speed_us),
			("another miner's answer", &other, honest.clone(), speed_us),
			("relays live, 100 ms a vector more", context, honest, speed_us + 100_000),
		];
		for (who, sealed_for, vectors, interval_us) in answers {
			let transcript = sealed(sealed_for, task, declared.sha256(), &vectors, interval_us);
			let started = Instant::now();
			let score = Mechanism::score(validator, context, task, &transcript)?;
			if who == "honest" {
				self.judged += started.elapsed();
				let encoded = |timed: &TimedChunk<Chunk>| codec::Encode::encoded_size(&timed.chunk);
				self.bytes += transcript.chunks.iter().map(encoded).sum::<usize>();
			}
			if !self.rows.contains(&who) {
				self.rows.push(who);
			}
			self.scores.entry(who).or_default().push(score);
		}
		Ok(())
	}

	fn print(&self, challenges: u8) {
		println!("| miner | mean score | zeros | an answer's reason |\n| --- | ---: | ---: | --- |");
		for who in &self.rows {
			let scores = &self.scores[who];
			let mean = scores.iter().map(Score::value).sum::<f64>() / scores.len() as f64;
			let zeros = scores.iter().filter(|score| score.value() == 0.0).count();
			let reason = scores.last().map_or("", |score| score.reason.as_str());
			println!("| {who} | {mean:.3} | {zeros} of {} | {reason} |", scores.len());
		}
		let each = |total: Duration| total.as_secs_f64() * 1e3 / f64::from(challenges);
		let mut distances = self.distances.clone();
		distances.sort_by(f64::total_cmp);
		println!(
			"\nanswering {:.0} ms, judging {:.0} ms a challenge",
			each(self.answered),
			each(self.judged)
		);
		println!("{} bytes an answer", self.bytes / usize::from(challenges));
		if let (Some(least), Some(most)) = (distances.first(), distances.last()) {
			let tolerance = EmbeddingParameters::default().tolerance;
			println!("8-bit weights are off by {least:.4} to {most:.4} (tolerance {tolerance})");
		}
	}
}

fn embed_all(embedder: &Embedder, task: &Task) -> Result<Vec<Vec<f32>>, neuron_infer::InferError> {
	task.passages.iter().map(|text| embedder.embed(text)).collect()
}

fn sealed(
	context: &ChallengeContext,
	task: &Task,
	model_hash: [u8; 32],
	vectors: &[Vec<f32>],
	interval_us: u64,
) -> Transcript<Chunk> {
	let end = seal(context, task, &model_hash, vectors.iter().map(Vec::as_slice));
	let chunks = [Chunk::Header { model_hash }]
		.into_iter()
		.chain(vectors.iter().cloned().map(Chunk::Vector))
		.chain([Chunk::Seal(end)]);
	let at = |(chunk, index): (Chunk, u64)| TimedChunk {
		elapsed_us: interval_us * index,
		chunk,
	};
	Transcript {
		chunks: chunks.zip(1..).map(at).collect(),
		outcome: Outcome::Complete,
	}
}

/// The embedder with every matrix rounded to 8 bits, one scale a row, as cheap servers do.
fn write_rounded(from: &Path, to: &Path) -> Result<(), Failure> {
	std::fs::create_dir(to)?;
	for name in ["config.json", "tokenizer.json"] {
		std::fs::copy(from.join(name), to.join(name))?;
	}
	let file = std::fs::read(from.join("model.safetensors"))?;
	let tensors = SafeTensors::deserialize(&file)?;
	let mut rounded = Vec::new();
	for (name, view) in tensors.tensors() {
		let is_matrix = view.dtype() == safetensors::Dtype::F32 && view.shape().len() == 2;
		let bytes = if is_matrix {
			let numbers = view.data().chunks_exact(4).map(|bytes| {
				let mut word = [0; 4];
				word.copy_from_slice(bytes);
				f32::from_le_bytes(word)
			});
			round_rows(&numbers.collect::<Vec<f32>>(), view.shape()[1])
		} else {
			view.data().to_vec()
		};
		rounded.push((name, view.dtype(), view.shape().to_vec(), bytes));
	}
	let views = rounded
		.iter()
		.map(|(name, dtype, shape, bytes)| Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?)))
		.collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
	std::fs::write(to.join("model.safetensors"), safetensors::serialize(views, None)?)?;
	Ok(())
}

fn round_rows(numbers: &[f32], columns: usize) -> Vec<u8> {
	numbers
		.chunks(columns)
		.flat_map(|row| {
			let largest = row
				.iter()
				.fold(f32::MIN_POSITIVE, |most, number| most.max(number.abs()));
			let scale = largest / 127.0;
			row.iter()
				.flat_map(move |number| ((number / scale).round() * scale).to_le_bytes())
		})
		.collect()
}
