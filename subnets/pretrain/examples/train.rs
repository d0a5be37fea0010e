//! A miner's work: trains a model of the subnet's architecture on a text and keeps the best of it in a file, which
//! `neuron miner --mechanism pretrain --model FILE` submits. Both may run at the same time.
//!
//! ```text
//! cargo run --release -p subnet-pretrain --example train -- --out FILE [--from FILE] [--text FILE] [--minutes N]
//!                                                          [--learning-rate X]
//! ```
//!
//! Without `--from` it goes on from `--out` where there is such a file, else from the untrained model. Without `--text` it
//! takes the text that comes with the mechanisms. The last tenth of the text is not trained on: a model is kept when it is
//! better there.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use subnet_pretrain::{Architecture, PretrainParameters, Text, Trainer, TrainingParameters, Weights, mean_loss};

type Failure = Box<dyn std::error::Error>;

/// Steps between two measurements.
const STEPS: u32 = 50;
/// Windows of a measurement.
const WINDOWS: usize = 256;

struct Options {
	out: PathBuf,
	from: Option<PathBuf>,
	text: Option<PathBuf>,
	minutes: u64,
	training: TrainingParameters,
}

fn options() -> Result<Options, Failure> {
	let mut options = Options {
		out: PathBuf::new(),
		from: None,
		text: None,
		minutes: 10,
		training: TrainingParameters {
			learning_rate: 1e-3,
			..TrainingParameters::default()
		},
	};
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	for pair in arguments.chunks(2) {
		let [name, value] = pair else {
			return Err(format!("{} needs a value", pair.concat()).into());
		};
		match name.as_str() {
			"--out" => options.out = value.into(),
			"--from" => options.from = Some(value.into()),
			"--text" => options.text = Some(value.into()),
			"--minutes" => options.minutes = value.parse()?,
			"--learning-rate" => options.training.learning_rate = value.parse()?,
			_ => return Err(format!("there is no option {name}").into()),
		}
	}
	if options.out.as_os_str().is_empty() {
		return Err("say where the model goes: --out FILE".into());
	}
	Ok(options)
}

fn start(path: Option<&Path>, architecture: Architecture) -> Result<Weights, Failure> {
	match path {
		Some(path) => Ok(Weights::from_file(architecture, &std::fs::read(path)?)?),
		None => Ok(Weights::initial(
			architecture,
			PretrainParameters::default().initial_seed,
		)?),
	}
}

fn main() -> Result<(), Failure> {
	let mut options = options()?;
	let text = match &options.text {
		Some(path) => Text::new(std::fs::read(path)?)?,
		None => Text::clone(&Text::bundled()),
	};
	let (train, measure) = text.split()?;
	if options.from.is_none() && options.out.exists() {
		options.from = Some(options.out.clone());
	}
	let start = start(options.from.as_deref(), PretrainParameters::default().architecture)?;
	let id = start.id();
	// Another run, other windows.
	options.training.seed = id.0;
	let mut best = mean_loss(&start, &measure, [1; 32], WINDOWS);
	println!("begin with {id}: {best:.4} nats a byte");
	let mut trainer = Trainer::new(start, options.training);
	let began = Instant::now();
	while began.elapsed() < Duration::from_secs(60 * options.minutes) {
		let losses: f64 = (0..STEPS).map(|_| trainer.step(&train)).sum();
		let loss = mean_loss(trainer.weights(), &measure, [1; 32], WINDOWS);
		let seconds = began.elapsed().as_secs();
		let steps = trainer.steps();
		println!(
			"{seconds} s, {steps} steps: trained on {:.4}, unseen {loss:.4}",
			losses / f64::from(STEPS)
		);
		if loss < best {
			best = loss;
			// A miner may read at any time: it gets the old or the new file.
			let fresh = options.out.with_extension("new");
			std::fs::write(&fresh, trainer.weights().to_file()?)?;
			std::fs::rename(&fresh, &options.out)?;
		}
	}
	println!("kept {best:.4} nats a byte in {}", options.out.display());
	Ok(())
}
