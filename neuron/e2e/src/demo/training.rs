//! What the miners of the mechanism `pretrain` do besides serving: one trains, one adds a little to the best model, one
//! copies it, one does nothing. They leave their models where their neurons read them.

use anyhow::{Context as _, Result, bail};
use std::{
	path::{Path, PathBuf},
	sync::{
		Arc,
		atomic::{AtomicBool, Ordering},
	},
	thread::{self, JoinHandle},
};
use subnet_pretrain::{Ledger, PretrainParameters, Text, Trainer, TrainingParameters, Weights, mean_loss};

/// Trains from the untrained model on.
pub(super) const TRAINS: &str = "trains";
/// Trains a fifth as much, and goes on from the best model where that is better than its own.
pub(super) const FOLLOWS: &str = "follows";
/// Submits the best model as its own.
pub(super) const COPIES: &str = "copies";
/// Submits the untrained model.
pub(super) const IDLES: &str = "idles";
/// Steps of the one that trains for one of the one that follows.
const STEPS_OF_A_TURN: u32 = 5;
/// Windows in a step: few, since all neurons share this machine.
const BATCH: usize = 8;
/// Windows of a measurement, and their seed.
const WINDOWS: usize = 128;
const WINDOWS_SEED: [u8; 32] = *b"the demo's look at the best one.";

/// Where the miner `name` has its model.
pub(super) fn model_path(folder: &Path, name: &str) -> PathBuf {
	folder.join("models").join(format!("{name}.safetensors"))
}

fn publish(folder: &Path, name: &str, weights: &Weights) -> Result<()> {
	let path = model_path(folder, name);
	// Its neuron may read at any time: it gets the old or the new file.
	let fresh = path.with_extension("new");
	std::fs::write(&fresh, weights.to_file()?)
		.and_then(|()| std::fs::rename(&fresh, &path))
		.with_context(|| format!("{}", path.display()))
}

fn untrained() -> Result<Weights> {
	let parameters = PretrainParameters::default();
	Ok(Weights::initial(parameters.architecture, parameters.initial_seed)?)
}

/// The best model that a validator has in its ledger, by which both the demo and the miners follow the contest: as if
/// the validator published it.
#[derive(Clone, Debug)]
pub(super) struct Leader {
	ledger: PathBuf,
	text: Text,
}

impl Leader {
	/// By the ledger in a validator's data folder, measured on what validators measure on.
	pub(super) fn new(data: PathBuf, text: Option<&Path>) -> Result<Self> {
		let text = match text {
			Some(path) => {
				let bytes = std::fs::read(path).with_context(|| format!("{}", path.display()))?;
				Text::new(bytes).with_context(|| format!("{}", path.display()))?
			}
			None => Text::clone(&Text::bundled()),
		};
		Ok(Self { ledger: data, text })
	}

	fn weights(&self) -> Result<Option<Arc<Weights>>> {
		let ledger = Ledger::open(&self.ledger, &PretrainParameters::default())?;
		Ok(ledger.best().map(|(weights, _)| weights))
	}

	/// Its loss in nats a byte, of the untrained model while there is none.
	pub(super) fn loss(&self) -> Result<f64> {
		let weights = match self.weights()? {
			Some(weights) => weights,
			None => Arc::new(untrained()?),
		};
		Ok(mean_loss(&weights, &self.text, WINDOWS_SEED, WINDOWS))
	}
}

/// The miners at work, until dropped.
#[derive(Debug)]
pub(super) struct Workshop {
	stop: Arc<AtomicBool>,
	/// Whether it is time to submit.
	submit: Arc<AtomicBool>,
	thread: Option<JoinHandle<Result<()>>>,
}

impl Workshop {
	/// Lays out everybody's first model below `folder`, the untrained one, and begins to train.
	pub(super) fn open(folder: &Path, leader: Leader) -> Result<Self> {
		let start = untrained()?;
		std::fs::create_dir_all(folder.join("models"))?;
		for name in [TRAINS, FOLLOWS, COPIES, IDLES] {
			publish(folder, name, &start)?;
		}
		let (stop, submit) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
		let (folder, stopped, asked) = (folder.to_owned(), stop.clone(), submit.clone());
		let thread = thread::Builder::new().name("training".into()).spawn(move || {
			let mut miners = Miners::new(start)?;
			while !stopped.load(Ordering::Relaxed) {
				miners.train();
				if asked.swap(false, Ordering::Relaxed) {
					miners.submit(&folder, &leader)?;
				}
			}
			Ok(())
		})?;
		Ok(Self {
			stop,
			submit,
			thread: Some(thread),
		})
	}

	/// Has everybody submit what it has, once an epoch: all validators then measure the same models, so that what one of
	/// them has in its ledger is worth nothing to the copier with another.
	pub(super) fn submit(&self) {
		self.submit.store(true, Ordering::Relaxed);
	}

	/// Fails with what ended the work, if it ended.
	pub(super) fn ensure_running(&mut self) -> Result<()> {
		let Some(thread) = self.thread.take_if(|thread| thread.is_finished()) else {
			return Ok(());
		};
		match thread.join() {
			Ok(Err(error)) => Err(error.context("training ended")),
			Ok(Ok(())) | Err(_) => bail!("training ended by itself"),
		}
	}
}

impl Drop for Workshop {
	fn drop(&mut self) {
		self.stop.store(true, Ordering::Relaxed);
		if let Some(thread) = self.thread.take() {
			// Whether it failed is of no interest any more.
			drop(thread.join());
		}
	}
}

struct Miners {
	text: Text,
	trains: Trainer,
	follows: Trainer,
}

fn trainer(start: Weights, miner: u8) -> Trainer {
	// Another start or another miner: other windows.
	let mut seed = start.id().0;
	seed[31] ^= miner;
	Trainer::new(
		start,
		TrainingParameters {
			seed,
			batch: BATCH,
			..TrainingParameters::default()
		},
	)
}

impl Miners {
	fn new(start: Weights) -> Result<Self> {
		let (text, _held_out) = Text::bundled().split()?;
		Ok(Self {
			text,
			trains: trainer(start.clone(), 1),
			follows: trainer(start, 2),
		})
	}

	fn train(&mut self) {
		for _ in 0..STEPS_OF_A_TURN {
			self.trains.step(&self.text);
		}
		self.follows.step(&self.text);
	}

	fn submit(&mut self, folder: &Path, leader: &Leader) -> Result<()> {
		publish(folder, TRAINS, self.trains.weights())?;
		publish(folder, FOLLOWS, self.follows.weights())?;
		let Some(best) = leader.weights()? else {
			return Ok(());
		};
		publish(folder, COPIES, &best)?;
		let loss = |weights| mean_loss(weights, &self.text, WINDOWS_SEED, WINDOWS);
		if loss(&best) < loss(self.follows.weights()) {
			self.follows = trainer(Weights::clone(&best), 2);
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::time::Duration;

	#[test]
	fn everybody_has_a_model_and_two_get_better() {
		let folder = tempfile::tempdir().unwrap();
		let leader = Leader::new(folder.path().to_owned(), None).unwrap();
		let untrained = leader.loss().unwrap();
		let mut workshop = Workshop::open(folder.path(), leader.clone()).unwrap();
		let architecture = PretrainParameters::default().architecture;
		let model = |name| {
			let file = std::fs::read(model_path(folder.path(), name)).unwrap();
			Weights::from_file(architecture, &file).unwrap()
		};
		let start = model(IDLES);
		workshop.submit();
		while model(TRAINS).id() == start.id() || model(FOLLOWS).id() == start.id() {
			workshop.ensure_running().unwrap();
			thread::sleep(Duration::from_millis(50));
		}
		drop(workshop);
		assert_ne!(model(TRAINS).id(), model(FOLLOWS).id());
		assert_eq!(model(COPIES).id(), start.id(), "there is nothing to copy yet");
		for name in [TRAINS, FOLLOWS] {
			assert!(mean_loss(&model(name), &leader.text, WINDOWS_SEED, WINDOWS) < untrained);
		}
	}
}
