//! What a challenge costs a validator, by what the miner sends: the least of several runs with the default parameters, and
//! the rate at which a miner trains.
//!
//! ```text
//! cargo run --release -p subnet-pretrain --example cost
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use subnet_pretrain::{
	Chunk, Ledger, Manifest, PIECE_BYTES, PretrainMechanism, PretrainParameters, Text, Trainer, TrainingParameters,
	Weights,
};
use subnet_sdk::{ChallengeContext, Epoch, Hotkey, Mechanism, Nonce, Outcome, TimedChunk, Transcript, ValidatorSecret};

type Failure = Box<dyn std::error::Error>;

const RUNS: u8 = 7;
const STEPS: u32 = 10;

fn main() -> Result<(), Failure> {
	let parameters = PretrainParameters::default();
	let start = Weights::initial(parameters.architecture, parameters.initial_seed)?;
	let scaled = |factor: f32| {
		Weights::new(
			start.architecture(),
			start.numbers().iter().map(|x| x * factor).collect(),
		)
	};
	let similar = scaled(1.01)?.to_file()?;
	let worse = scaled(20.0)?.to_file()?;
	let mut damaged = similar.clone();
	damaged[5_000..5_004].copy_from_slice(&f32::NAN.to_le_bytes());
	println!("| what comes | bytes | judging |\n| --- | ---: | ---: |");
	for (what, file) in [
		("a model about as good as the best", &similar),
		("a model that is clearly worse", &worse),
		("a model with a weight that is no number", &damaged),
		("rubbish of the same size", &vec![0xaa; similar.len()]),
	] {
		let mut least = Duration::MAX;
		let mut reason = String::new();
		for run in 0..RUNS {
			let (took, why) = judge(&start, file, run, parameters)?;
			least = least.min(took);
			reason = why;
		}
		println!(
			"| {what} | {} | {:.1} ms |   {reason}",
			file.len(),
			least.as_secs_f64() * 1e3
		);
	}
	let training = TrainingParameters::default();
	let bytes = training.batch * parameters.architecture.context;
	let mut trainer = Trainer::new(start, training);
	let mut least = Duration::MAX;
	for _ in 0..STEPS {
		let started = Instant::now();
		trainer.step(&Text::bundled());
		least = least.min(started.elapsed());
	}
	let rate = bytes as f64 / least.as_secs_f64();
	println!(
		"\ntraining: {:.0} ms a step of {bytes} bytes, {rate:.0} bytes a second",
		least.as_secs_f64() * 1e3
	);
	Ok(())
}

/// One submission of `file` in good form, and the time to judge it.
fn judge(start: &Weights, file: &[u8], run: u8, parameters: PretrainParameters) -> Result<(Duration, String), Failure> {
	let secret = ValidatorSecret::new([run; 32]);
	let ledger = Arc::new(Ledger::in_memory());
	let validator = PretrainMechanism::validator(Text::bundled(), ledger, secret, parameters)?;
	let context = ChallengeContext {
		nonce: Nonce([run; 32]),
		validator: Hotkey([200; 32]),
		miner: Hotkey([1; 32]),
	};
	let task = validator.task(&context, &Epoch::default())?;
	let weights = Weights::from_file(start.architecture(), file).map_or(start.id(), |weights| weights.id());
	let manifest = Manifest::of(weights, file);
	let binding = manifest.binding(&context);
	let pieces = file.chunks(PIECE_BYTES).map(|piece| Chunk::Piece(piece.to_vec()));
	let at = |chunk| TimedChunk { elapsed_us: 1, chunk };
	let chunks = [Chunk::Manifest { manifest, binding }]
		.into_iter()
		.chain(pieces)
		.map(at)
		.collect();
	let transcript = Transcript {
		chunks,
		outcome: Outcome::Complete,
	};
	let started = Instant::now();
	let score = validator.score(&context, &task, &transcript)?;
	Ok((started.elapsed(), score.to_string()))
}
