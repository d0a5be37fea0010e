//! How a miner makes a model better.

use rayon::prelude::*;

use crate::model::{gradient, loss};
use crate::text::Text;
use crate::weights::{Weights, WeightsError};

/// Windows in one step at the most: the memory for their derivatives is this many models.
pub const MAX_BATCH: usize = 256;

/// How steps are made.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct TrainingParameters {
	/// Windows in a step, 1 to [`MAX_BATCH`].
	pub batch: usize,
	/// Size of a step at its largest.
	pub learning_rate: f32,
	/// Steps in which the size rises from 0.
	pub warm_up_steps: u32,
	/// Share of each weight of a matrix that a step takes away, in units of the learning rate.
	pub weight_decay: f32,
	/// Longest derivative: a longer one is scaled down.
	pub clip: f32,
	/// Seed of the windows.
	pub seed: [u8; 32],
}

impl Default for TrainingParameters {
	fn default() -> Self {
		Self {
			batch: 16,
			learning_rate: 3e-3,
			warm_up_steps: 20,
			weight_decay: 0.01,
			clip: 1.0,
			seed: [0; 32],
		}
	}
}

/// Decay of the moving averages of derivatives and of their squares, and what keeps their quotient finite: as in the
/// paper that [`Trainer`] names, but with a shorter memory for squares, which suits short runs.
const BETA_ONE: f32 = 0.9;
const BETA_TWO: f32 = 0.98;
const EPSILON: f32 = 1e-8;

/// A model in training, by AdamW (D. P. Kingma, J. Ba, *Adam*, 2015; I. Loshchilov, F. Hutter, *Decoupled Weight Decay
/// Regularization*, 2019). From one start and seed it comes to the same bits on one kind of processor, however many threads
/// there are.
///
/// ```
/// use subnet_pretrain::{Architecture, Text, Trainer, TrainingParameters, Weights};
/// let small = Architecture { layers: 1, width: 16, heads: 1, context: 16 };
/// let untrained = Weights::initial(small, [0; 32]).unwrap();
/// let text = Text::bundled();
/// let mut trainer = Trainer::new(untrained, TrainingParameters::default());
/// let first = trainer.step(&text);
/// for _ in 0..40 {
///     trainer.step(&text);
/// }
/// assert!(trainer.step(&text) < first - 0.5);
/// ```
pub struct Trainer {
	weights: Weights,
	parameters: TrainingParameters,
	means: Vec<f32>,
	squares: Vec<f32>,
	/// Whether decay applies to a weight: to matrices it does, to gains not.
	decays: Vec<bool>,
	steps: u32,
}

impl Trainer {
	/// Goes on from `weights`. A batch or a length out of range is brought into it.
	pub fn new(weights: Weights, parameters: TrainingParameters) -> Self {
		let count = weights.numbers().len();
		let mut decays = vec![false; count];
		for tensor in weights.architecture().tensors() {
			if let Some(range) = decays.get_mut(tensor.range) {
				range.fill(tensor.shape.len() > 1);
			}
		}
		Self {
			weights,
			parameters: TrainingParameters {
				batch: parameters.batch.clamp(1, MAX_BATCH),
				..parameters
			},
			means: vec![0.0; count],
			squares: vec![0.0; count],
			decays,
			steps: 0,
		}
	}

	/// The model as it is now.
	pub fn weights(&self) -> &Weights {
		&self.weights
	}

	/// Steps made.
	pub fn steps(&self) -> u32 {
		self.steps
	}

	/// One step on windows of `text`; returns their mean loss before it, in nats a byte. A step that would lead to weights
	/// that are no numbers is not made.
	pub fn step(&mut self, text: &Text) -> f64 {
		let mut seed = self.parameters.seed;
		for (to, from) in seed.iter_mut().zip(self.steps.to_le_bytes()) {
			*to ^= from;
		}
		let length = self.weights.architecture().context + 1;
		let windows = text.windows(seed, self.parameters.batch, length);
		let (total, mut derivatives) = self.batch(&windows);
		let batch = windows.len() as f32;
		let length = derivatives
			.iter()
			.map(|number| f64::from(number / batch).powi(2))
			.sum::<f64>()
			.sqrt();
		let scale = (f64::from(self.parameters.clip) / length.max(f64::MIN_POSITIVE)).min(1.0) as f32 / batch;
		derivatives.iter_mut().for_each(|number| *number *= scale);
		self.steps += 1;
		if let Ok(weights) = self.moved(&derivatives) {
			self.weights = weights;
		}
		total / windows.len() as f64
	}

	/// The sum of losses and of derivatives. Threads take windows, and the sums are made in the order of the windows.
	fn batch(&self, windows: &[&[u8]]) -> (f64, Vec<f32>) {
		let count = self.weights.numbers().len();
		let parts: Vec<(f64, Vec<f32>)> = windows
			.par_chunks(4)
			.map(|windows| {
				let mut derivatives = vec![0.0; count];
				let losses = windows
					.iter()
					.map(|window| gradient(&self.weights, window, &mut derivatives));
				(losses.sum(), derivatives)
			})
			.collect();
		let mut sum = (0.0, vec![0.0; count]);
		for (loss, derivatives) in parts {
			sum.0 += loss;
			sum.1.iter_mut().zip(derivatives).for_each(|(to, from)| *to += from);
		}
		sum
	}

	fn moved(&mut self, derivatives: &[f32]) -> Result<Weights, WeightsError> {
		let warm = (self.steps as f32 / self.parameters.warm_up_steps.max(1) as f32).min(1.0);
		let rate = self.parameters.learning_rate * warm;
		let steps = i32::try_from(self.steps).unwrap_or(i32::MAX);
		let (one, two) = (1.0 - BETA_ONE.powi(steps), 1.0 - BETA_TWO.powi(steps));
		let mut numbers = self.weights.numbers().to_vec();
		let averages = self.means.iter_mut().zip(&mut self.squares);
		for (((number, derivative), (mean, square)), decays) in
			numbers.iter_mut().zip(derivatives).zip(averages).zip(&self.decays)
		{
			*mean = BETA_ONE * *mean + (1.0 - BETA_ONE) * derivative;
			*square = BETA_TWO * *square + (1.0 - BETA_TWO) * derivative * derivative;
			if *decays {
				*number -= rate * self.parameters.weight_decay * *number;
			}
			*number -= rate * (*mean / one) / ((*square / two).sqrt() + EPSILON);
		}
		Weights::new(self.weights.architecture(), numbers)
	}
}

/// The mean loss of `weights` over `count` windows of `text` that `seed` draws, in nats a byte.
pub fn mean_loss(weights: &Weights, text: &Text, seed: [u8; 32], count: usize) -> f64 {
	let windows = text.windows(seed, count.max(1), weights.architecture().context + 1);
	let losses: Vec<f64> = windows.par_iter().map(|window| loss(weights, window)).collect();
	losses.iter().sum::<f64>() / losses.len() as f64
}
