//! What a model is worth: its loss against the best one's, on the same windows.

use rayon::prelude::*;

use crate::model::loss;
use crate::parameters::PretrainParameters;
use crate::weights::Weights;

/// Windows after which a model that is clearly worse is looked at no longer.
const FIRST_LOOK: usize = 8;
/// How much worse, as a share of the best loss, is clear.
const CLEARLY_WORSE: f64 = 0.1;

/// A measurement of one model against another.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Comparison {
	/// Windows that were looked at.
	pub windows: usize,
	/// Mean loss of the best model so far, in nats a byte.
	pub best_loss: f64,
	/// Mean loss of the model in question, in nats a byte.
	pub loss: f64,
	/// The improvement, as a share of the best loss; below 0 for a worse model.
	pub improvement: f64,
	/// The standard error of the improvement, as a share of the best loss.
	pub error: f64,
}

/// Compares `model` with `best`. Both see the same windows, so that how hard those are cancels out; what is left is the
/// spread of the differences. `None` where a loss is no number.
pub fn compare(model: &Weights, best: &Weights, windows: &[&[u8]]) -> Option<Comparison> {
	let (first, rest) = windows.split_at(windows.len().min(FIRST_LOOK));
	let mut losses = measure(model, best, first);
	let look = summarise(&losses)?;
	if look.improvement < -CLEARLY_WORSE {
		return Some(look);
	}
	losses.extend(measure(model, best, rest));
	summarise(&losses)
}

/// For each window the best model's loss and the other's. In the order of the windows, however many threads there are.
fn measure(model: &Weights, best: &Weights, windows: &[&[u8]]) -> Vec<(f64, f64)> {
	windows
		.par_iter()
		.map(|window| (loss(best, window), loss(model, window)))
		.collect()
}

fn summarise(losses: &[(f64, f64)]) -> Option<Comparison> {
	let count = losses.len() as f64;
	let mean = |of: &dyn Fn(&(f64, f64)) -> f64| losses.iter().map(of).sum::<f64>() / count;
	let (best_loss, loss) = (mean(&|pair| pair.0), mean(&|pair| pair.1));
	let difference = best_loss - loss;
	let spread = mean(&|pair| (pair.0 - pair.1 - difference).powi(2)) * count / (count - 1.0).max(1.0);
	let comparison = Comparison {
		windows: losses.len(),
		best_loss,
		loss,
		improvement: difference / best_loss,
		error: (spread / count).sqrt() / best_loss,
	};
	let numbers = [comparison.loss, comparison.improvement, comparison.error];
	numbers.iter().all(|number| number.is_finite()).then_some(comparison)
}

impl Comparison {
	/// The improvement that is certain enough to be paid.
	pub fn certain(&self, parameters: &PretrainParameters) -> f64 {
		self.improvement - parameters.confidence * self.error
	}

	/// What it earns: nothing below the margin, else its share of the improvement that earns everything.
	pub fn value(&self, parameters: &PretrainParameters) -> f64 {
		let certain = self.certain(parameters);
		if certain < parameters.margin {
			0.0
		} else {
			(certain / parameters.full_improvement).min(1.0)
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn only_certain_improvements_beyond_the_margin_are_paid() {
		let parameters = PretrainParameters::default();
		let of = |losses: &[(f64, f64)]| summarise(losses).unwrap();
		let sure = of(&[(2.0, 1.9), (3.0, 2.85), (2.5, 2.375)]);
		assert!((sure.improvement - 0.05).abs() < 1e-9 && sure.value(&parameters) > 0.5);
		let lucky = of(&[(2.0, 1.0), (3.0, 3.8), (2.5, 2.4)]);
		assert!(lucky.improvement > 0.03 && lucky.value(&parameters) == 0.0);
		let little = of(&[(2.0, 1.996), (3.0, 2.994), (2.5, 2.495)]);
		assert!(little.certain(&parameters) > 0.0 && little.value(&parameters) == 0.0);
		assert_eq!(of(&[(2.0, 2.0), (3.0, 3.0)]).value(&parameters), 0.0);
		assert_eq!(summarise(&[(2.0, f64::NAN)]), None);
		assert_eq!(summarise(&[(2.0, f64::INFINITY)]), None);
	}
}
