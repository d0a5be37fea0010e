//! A contest on this machine, without chain and network: two miners that train, one that copies, one that disguises its
//! copy, one that sends rubbish. Shows the loss fall from round to round, and who is paid for it.
//!
//! ```text
//! cargo run --release -p subnet-pretrain --example rounds -- [ROUNDS] [STEPS]
//! ```
//!
//! The miners train on nine tenths of the bundled text; the validator measures on the rest, which they have not seen. In
//! every round each miner makes `STEPS` steps (a fifth of them for the slower one) and is asked once; a copier gets at the
//! best model as soon as the round is over, as if a validator had passed it on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use subnet_pretrain::{
	Architecture, Ledger, PretrainMechanism, PretrainParameters, SubmissionSource, Text, Trainer, TrainingParameters,
	Weights, mean_loss,
};
use subnet_sdk::{
	ChallengeContext, Epoch, Hotkey, Mechanism, Nonce, Outcome, Score, TimedChunk, Transcript, ValidatorSecret,
};

type Failure = Box<dyn std::error::Error>;

/// Small enough for a demo: 130,000 weights.
const ARCHITECTURE: Architecture = Architecture {
	layers: 2,
	width: 64,
	heads: 2,
	context: 64,
};
/// Blocks between two rounds.
const ROUND_BLOCKS: u64 = 1_200;

/// A file that changes from round to round.
#[derive(Default)]
struct Shelf(Mutex<Vec<u8>>);

impl Shelf {
	fn put(&self, file: Vec<u8>) {
		*self.0.lock().unwrap_or_else(PoisonError::into_inner) = file;
	}
}

impl SubmissionSource for Shelf {
	fn file(&self) -> Result<Vec<u8>, String> {
		Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
	}
}

struct Miner {
	name: &'static str,
	shelf: Arc<Shelf>,
	mechanism: PretrainMechanism,
}

fn miner(name: &'static str, parameters: PretrainParameters) -> Result<Miner, Failure> {
	let shelf = Arc::new(Shelf::default());
	let mechanism = PretrainMechanism::miner(shelf.clone(), parameters)?;
	Ok(Miner { name, shelf, mechanism })
}

/// One challenge: the score, and bytes that travelled.
fn ask(validator: &PretrainMechanism, miner: &Miner, index: u8, round: u64) -> Result<(Score, usize), Failure> {
	let mut nonce = [index; 32];
	nonce[..8].copy_from_slice(&round.to_le_bytes());
	let context = ChallengeContext {
		nonce: Nonce(nonce),
		validator: Hotkey([200; 32]),
		miner: Hotkey([index; 32]),
	};
	let epoch = Epoch {
		block: (round + 1) * ROUND_BLOCKS,
		hash: [0; 32],
	};
	let task = validator.task(&context, &epoch)?;
	let mut chunks = Vec::new();
	let solved = miner.mechanism.solve(&context, task.clone(), &mut |chunk| {
		chunks.push(TimedChunk { elapsed_us: 1, chunk });
		Ok(())
	});
	let outcome = match solved {
		Ok(()) => Outcome::Complete,
		Err(error) => Outcome::Failed(error.to_string()),
	};
	let bytes = chunks
		.iter()
		.map(|timed| codec::Encode::encoded_size(&timed.chunk))
		.sum();
	Ok((
		validator.score(&context, &task, &Transcript { chunks, outcome })?,
		bytes,
	))
}

fn noisy(weights: &Weights) -> Result<Weights, Failure> {
	let noise = |index: usize| 1e-4 * ((index * 7_919 % 101) as f32 / 50.0 - 1.0);
	let numbers = weights.numbers().iter().enumerate();
	let numbers = numbers.map(|(index, number)| number + noise(index));
	Ok(Weights::new(weights.architecture(), numbers.collect())?)
}

/// All that takes part.
struct Contest {
	train: Text,
	held_out: Text,
	validator: PretrainMechanism,
	/// With the steps that each makes in a round.
	trainers: [(Trainer, u32); 2],
	/// Two that train, one that copies, one that disguises its copy, one that sends rubbish.
	miners: Vec<Miner>,
	/// What the copiers have got at.
	stolen: Weights,
}

impl Contest {
	fn new(steps: u32) -> Result<Self, Failure> {
		let parameters = PretrainParameters {
			architecture: ARCHITECTURE,
			..PretrainParameters::default()
		};
		let (train, held_out) = Text::bundled().split()?;
		let (text, ledger) = (Arc::new(held_out.clone()), Arc::new(Ledger::in_memory()));
		let validator = PretrainMechanism::validator(text, ledger, ValidatorSecret::new([7; 32]), parameters)?;
		let start = Weights::initial(ARCHITECTURE, parameters.initial_seed)?;
		let trainer = |seed: u8| {
			let seed = [seed; 32];
			let training = TrainingParameters {
				seed,
				..TrainingParameters::default()
			};
			Trainer::new(start.clone(), training)
		};
		let names = [
			"trains",
			"trains less",
			"copies the best",
			"copies it with noise",
			"sends rubbish",
		];
		Ok(Self {
			train,
			held_out,
			validator,
			trainers: [(trainer(1), steps), (trainer(2), steps / 5)],
			miners: names
				.map(|name| miner(name, parameters))
				.into_iter()
				.collect::<Result<_, _>>()?,
			stolen: start,
		})
	}

	/// Everybody works, then everybody is asked.
	fn round(&mut self, round: u32) -> Result<(), Failure> {
		println!("\nround {}", round + 1);
		let started = Instant::now();
		for ((trainer, steps), miner) in self.trainers.iter_mut().zip(&self.miners) {
			for _ in 0..*steps {
				trainer.step(&self.train);
			}
			miner.shelf.put(trainer.weights().to_file()?);
		}
		let trained = started.elapsed();
		let files = [
			self.stolen.to_file()?,
			noisy(&self.stolen)?.to_file()?,
			vec![0xaa; 100_000],
		];
		for (miner, file) in self.miners.iter().skip(self.trainers.len()).zip(files) {
			miner.shelf.put(file);
		}
		for (miner, index) in self.miners.iter().zip(1..) {
			let started = Instant::now();
			let (score, bytes) = ask(&self.validator, miner, index, u64::from(round))?;
			let ms = started.elapsed().as_millis();
			println!(
				"  {:<21} {:.3}  {bytes:>7} bytes, {ms:>4} ms  {}",
				miner.name,
				score.value(),
				score.reason
			);
		}
		self.stolen = self.trainers[0].0.weights().clone();
		let loss = mean_loss(&self.stolen, &self.held_out, [9; 32], 256);
		println!("  best model: {loss:.3} nats a byte on text it has not seen ({trained:.1?} of training)");
		Ok(())
	}
}

fn main() -> Result<(), Failure> {
	let arguments: Vec<u32> = std::env::args()
		.skip(1)
		.map(|text| text.parse())
		.collect::<Result<_, _>>()?;
	let number = |index: usize, otherwise| arguments.get(index).copied().unwrap_or(otherwise);
	let mut contest = Contest::new(number(1, 100))?;
	let untrained = mean_loss(&contest.stolen, &contest.held_out, [9; 32], 256);
	println!(
		"{} weights; loss of the untrained model {untrained:.3}",
		ARCHITECTURE.weights()
	);
	(0..number(0, 5)).try_for_each(|round| contest.round(round))
}
