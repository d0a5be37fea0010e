//! Tiny models, trained for a second, and both sides by hand.

#![allow(dead_code, reason = "every test file uses a part of it")]

pub(crate) mod untrusted;

use std::sync::{Arc, LazyLock};

use subnet_pretrain::{
	Architecture, Chunk, Ledger, PretrainMechanism, PretrainParameters, Task, Text, Trainer, TrainingParameters,
	Weights,
};
use subnet_sdk::{
	ChallengeContext, Epoch, Hotkey, Mechanism, Nonce, Outcome, Score, TimedChunk, Transcript, ValidatorSecret,
};

pub(crate) const TINY: Architecture = Architecture {
	layers: 1,
	width: 16,
	heads: 2,
	context: 32,
};

pub(crate) fn parameters() -> PretrainParameters {
	PretrainParameters {
		architecture: TINY,
		half_life_blocks: 100,
		..PretrainParameters::default()
	}
}

pub(crate) fn untrained() -> Weights {
	Weights::initial(TINY, parameters().initial_seed).expect("sound sizes")
}

/// One training run, looked at after 10, 20 and 60 steps. Short: every test is a process of its own and makes it anew.
static TRAINED: LazyLock<[Weights; 3]> = LazyLock::new(|| {
	let training = TrainingParameters {
		batch: 8,
		learning_rate: 1e-2,
		warm_up_steps: 5,
		..TrainingParameters::default()
	};
	let mut trainer = Trainer::new(untrained(), training);
	let mut until = |steps| {
		while trainer.steps() < steps {
			trainer.step(&Text::bundled());
		}
		trainer.weights().clone()
	};
	[until(10), until(20), until(60)]
});

/// A model that is the better the higher `grade` (0 to 2) is.
pub(crate) fn trained(grade: usize) -> Weights {
	TRAINED[grade].clone()
}

pub(crate) fn file(weights: &Weights) -> Vec<u8> {
	weights.to_file().expect("a file")
}

pub(crate) fn validator() -> PretrainMechanism {
	validator_with(Ledger::in_memory())
}

pub(crate) fn validator_with(ledger: Ledger) -> PretrainMechanism {
	let secret = ValidatorSecret::new([42; 32]);
	PretrainMechanism::validator(Text::bundled(), Arc::new(ledger), secret, parameters()).expect("sound parameters")
}

pub(crate) fn miner(file: Vec<u8>) -> PretrainMechanism {
	PretrainMechanism::miner(Arc::new(file), parameters()).expect("sound parameters")
}

pub(crate) fn context(nonce: u8, miner: u8) -> ChallengeContext {
	ChallengeContext {
		nonce: Nonce([nonce; 32]),
		validator: Hotkey([150; 32]),
		miner: Hotkey([miner; 32]),
	}
}

pub(crate) fn epoch(block: u64) -> Epoch {
	Epoch { block, hash: [5; 32] }
}

pub(crate) fn transcript(chunks: Vec<Chunk>) -> Transcript<Chunk> {
	let at = |chunk| TimedChunk {
		elapsed_us: 1_000,
		chunk,
	};
	Transcript {
		chunks: chunks.into_iter().map(at).collect(),
		outcome: Outcome::Complete,
	}
}

/// What the miner with this hotkey and model sends.
pub(crate) fn answer(hotkey: u8, model: &Weights, task: &Task) -> Vec<Chunk> {
	let mut chunks = Vec::new();
	miner(file(model))
		.solve(&context(1, hotkey), task.clone(), &mut |chunk| {
			chunks.push(chunk);
			Ok(())
		})
		.expect("an answer");
	chunks
}

pub(crate) fn task(validator: &PretrainMechanism, hotkey: u8, block: u64) -> Task {
	validator.task(&context(1, hotkey), &epoch(block)).expect("a task")
}

/// The whole challenge: what the miner with this hotkey gets for this model in the epoch of `block`.
pub(crate) fn ask(validator: &PretrainMechanism, hotkey: u8, model: &Weights, block: u64) -> Score {
	let task = task(validator, hotkey, block);
	let answer = transcript(answer(hotkey, model, &task));
	validator.score(&context(1, hotkey), &task, &answer).expect("a score")
}
