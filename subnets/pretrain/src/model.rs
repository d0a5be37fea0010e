//! The byte transformer: its loss on a window of text, and the derivative of the loss by every weight.

use pulp::Arch;

use crate::architecture::{Architecture, LayerOffsets, VOCABULARY};
use crate::kernels::{Sizes, add_scaled, dot, multiply_add, rms_norm, rms_norm_backward, softmax, transpose};
use crate::weights::Weights;

/// What a layer computed, kept for the way back.
struct LayerTrace {
	/// What came in.
	input: Vec<f32>,
	normed: Vec<f32>,
	/// Queries, keys, values side by side, a row a position.
	projected: Vec<f32>,
	/// Attention, a triangle a head: row `t` has the shares of positions 0 to `t`.
	shares: Vec<f32>,
	mixed: Vec<f32>,
	/// After attention.
	middle: Vec<f32>,
	middle_normed: Vec<f32>,
	up: Vec<f32>,
	activated: Vec<f32>,
}

/// A pass over one window.
struct Pass<'a> {
	arch: Arch,
	sizes: Architecture,
	weights: &'a [f32],
	/// Positions.
	count: usize,
}

/// The mean loss of `weights` on `window`, in nats a byte: each byte but the first is predicted from those before it.
///
/// A window has 2 to [`Architecture::context`] + 1 bytes; of a longer one the rest is left out. The loss of one that is
/// shorter is 0.
pub fn loss(weights: &Weights, window: &[u8]) -> f64 {
	let (window, count) = cut(weights, window);
	if count == 0 {
		return 0.0;
	}
	let pass = Pass::new(weights, count);
	let (_, output) = pass.layers(window);
	let normed = rms_norm(&output, pass.range(pass.sizes.norm(), pass.sizes.width));
	let mut logits = pass.logits(&normed);
	pass.losses(&mut logits, window) / count as f64
}

/// The mean loss of `weights` on `window`, and adds its derivatives to `gradient`, which has a number for each weight.
pub(crate) fn gradient(weights: &Weights, window: &[u8], gradient: &mut [f32]) -> f64 {
	let (window, count) = cut(weights, window);
	if count == 0 {
		return 0.0;
	}
	let pass = Pass::new(weights, count);
	let (traces, output) = pass.layers(window);
	let sizes = pass.sizes;
	let width = sizes.width;
	let gains = pass.range(sizes.norm(), width);
	let normed = rms_norm(&output, gains);
	let mut logits = pass.logits(&normed);
	let total = pass.losses(&mut logits, window);
	// The derivative by the logits: probabilities, less 1 at the byte that came, over the number of predictions.
	for (row, byte) in logits.chunks_exact_mut(VOCABULARY).zip(&window[1..]) {
		row[usize::from(*byte)] -= 1.0;
		row.iter_mut().for_each(|number| *number /= count as f32);
	}
	let embedding = &weights.numbers()[sizes.embedding()];
	let mut to_normed = vec![0.0; count * width];
	pass.product(&mut to_normed, &logits, embedding, VOCABULARY, width);
	let by_byte = transpose(&logits, VOCABULARY);
	let shape = Sizes {
		rows: VOCABULARY,
		inner: count,
		columns: width,
	};
	multiply_add(pass.arch, &mut gradient[sizes.embedding()], &by_byte, &normed, shape);
	let mut flow = vec![0.0; count * width];
	rms_norm_backward(
		&output,
		gains,
		&to_normed,
		&mut flow,
		&mut gradient[sizes.norm()..][..width],
	);
	for (index, trace) in traces.iter().enumerate().rev() {
		flow = pass.layer_backward(sizes.layer(index), trace, flow, gradient);
	}
	for (position, (byte, row)) in window.iter().zip(flow.chunks_exact(width)).enumerate() {
		add_scaled(&mut gradient[usize::from(*byte) * width..][..width], 1.0, row);
		add_scaled(&mut gradient[sizes.positions() + position * width..][..width], 1.0, row);
	}
	total / count as f64
}

/// The window as far as it is looked at, and the number of predictions in it.
fn cut<'a>(weights: &Weights, window: &'a [u8]) -> (&'a [u8], usize) {
	let window = &window[..window.len().min(weights.architecture().context + 1)];
	(window, window.len().saturating_sub(1))
}

impl<'a> Pass<'a> {
	fn new(weights: &'a Weights, count: usize) -> Self {
		Self {
			arch: Arch::new(),
			sizes: weights.architecture(),
			weights: weights.numbers(),
			count,
		}
	}

	fn range(&self, start: usize, length: usize) -> &'a [f32] {
		&self.weights[start..start + length]
	}

	/// `output += left · right` for one row a position.
	fn product(&self, output: &mut [f32], left: &[f32], right: &[f32], inner: usize, columns: usize) {
		let rows = self.count;
		multiply_add(self.arch, output, left, right, Sizes { rows, inner, columns });
	}

	/// `left` times the weights at `start`.
	fn project(&self, left: &[f32], start: usize, inner: usize, columns: usize) -> Vec<f32> {
		let mut output = vec![0.0; self.count * columns];
		self.product(&mut output, left, self.range(start, inner * columns), inner, columns);
		output
	}

	/// The way back through [`Pass::project`]: adds to the derivatives of the weights at `start`, and returns those of
	/// `left`.
	fn project_backward(
		&self,
		left: &[f32],
		output: &[f32],
		(start, inner, columns): (usize, usize, usize),
		gradient: &mut [f32],
	) -> Vec<f32> {
		let shape = Sizes {
			rows: inner,
			inner: self.count,
			columns,
		};
		let target = &mut gradient[start..start + inner * columns];
		multiply_add(self.arch, target, &transpose(left, inner), output, shape);
		let turned = transpose(self.range(start, inner * columns), columns);
		let mut to_left = vec![0.0; self.count * inner];
		self.product(&mut to_left, output, &turned, columns, inner);
		to_left
	}

	fn layers(&self, window: &[u8]) -> (Vec<LayerTrace>, Vec<f32>) {
		let width = self.sizes.width;
		let mut stream = Vec::with_capacity(self.count * width);
		for (position, byte) in window.iter().take(self.count).enumerate() {
			let meaning = self.range(usize::from(*byte) * width, width);
			let place = self.range(self.sizes.positions() + position * width, width);
			stream.extend(meaning.iter().zip(place).map(|(a, b)| a + b));
		}
		let mut traces = Vec::with_capacity(self.sizes.layers);
		for index in 0..self.sizes.layers {
			let (trace, next) = self.layer(self.sizes.layer(index), stream);
			traces.push(trace);
			stream = next;
		}
		(traces, stream)
	}

	fn layer(&self, at: LayerOffsets, input: Vec<f32>) -> (LayerTrace, Vec<f32>) {
		let width = self.sizes.width;
		let normed = rms_norm(&input, self.range(at.attention_norm, width));
		let projected = self.project(&normed, at.queries_keys_values, width, 3 * width);
		let (shares, mixed) = self.attention(&projected);
		let mut middle = self.project(&mixed, at.attention_output, width, width);
		add_scaled(&mut middle, 1.0, &input);
		let middle_normed = rms_norm(&middle, self.range(at.feed_forward_norm, width));
		let up = self.project(&middle_normed, at.up, width, 4 * width);
		let activated: Vec<f32> = up.iter().map(|x| x.max(0.0).powi(2)).collect();
		let mut output = self.project(&activated, at.down, 4 * width, width);
		add_scaled(&mut output, 1.0, &middle);
		let trace = LayerTrace {
			input,
			normed,
			projected,
			shares,
			mixed,
			middle,
			middle_normed,
			up,
			activated,
		};
		(trace, output)
	}

	fn layer_backward(&self, at: LayerOffsets, trace: &LayerTrace, output: Vec<f32>, gradient: &mut [f32]) -> Vec<f32> {
		let width = self.sizes.width;
		let mut to_up = self.project_backward(&trace.activated, &output, (at.down, 4 * width, width), gradient);
		to_up
			.iter_mut()
			.zip(&trace.up)
			.for_each(|(number, x)| *number *= 2.0 * x.max(0.0));
		let to_normed = self.project_backward(&trace.middle_normed, &to_up, (at.up, width, 4 * width), gradient);
		let mut to_middle = output;
		let gains = self.range(at.feed_forward_norm, width);
		let to_gains = &mut gradient[at.feed_forward_norm..][..width];
		rms_norm_backward(&trace.middle, gains, &to_normed, &mut to_middle, to_gains);
		let to_mixed = self.project_backward(&trace.mixed, &to_middle, (at.attention_output, width, width), gradient);
		let to_projected = self.attention_backward(trace, &to_mixed);
		let place = (at.queries_keys_values, width, 3 * width);
		let to_normed = self.project_backward(&trace.normed, &to_projected, place, gradient);
		let mut to_input = to_middle;
		let gains = self.range(at.attention_norm, width);
		let to_gains = &mut gradient[at.attention_norm..][..width];
		rms_norm_backward(&trace.input, gains, &to_normed, &mut to_input, to_gains);
		to_input
	}

	/// A head's part of a row of queries (0), keys (1) or values (2).
	fn part(&self, head: usize, position: usize, which: usize) -> core::ops::Range<usize> {
		let size = self.sizes.width / self.sizes.heads;
		let start = position * 3 * self.sizes.width + which * self.sizes.width + head * size;
		start..start + size
	}

	fn scale(&self) -> f32 {
		1.0 / ((self.sizes.width / self.sizes.heads) as f32).sqrt()
	}

	fn attention(&self, projected: &[f32]) -> (Vec<f32>, Vec<f32>) {
		let (count, width) = (self.count, self.sizes.width);
		let size = width / self.sizes.heads;
		let mut shares = Vec::with_capacity(self.sizes.heads * count * (count + 1) / 2);
		let mut mixed = vec![0.0; count * width];
		self.arch.dispatch(
			#[inline(always)]
			|| {
				for head in 0..self.sizes.heads {
					for position in 0..count {
						let query = &projected[self.part(head, position, 0)];
						let start = shares.len();
						for before in 0..=position {
							shares.push(dot(query, &projected[self.part(head, before, 1)]) * self.scale());
						}
						softmax(&mut shares[start..]);
						let target = &mut mixed[position * width + head * size..][..size];
						for (before, share) in shares[start..].iter().enumerate() {
							add_scaled(target, *share, &projected[self.part(head, before, 2)]);
						}
					}
				}
			},
		);
		(shares, mixed)
	}

	fn attention_backward(&self, trace: &LayerTrace, to_mixed: &[f32]) -> Vec<f32> {
		let (count, width) = (self.count, self.sizes.width);
		let size = width / self.sizes.heads;
		let projected = &trace.projected;
		let mut to_projected = vec![0.0; projected.len()];
		let mut shares = trace.shares.as_slice();
		let mut to_shares = Vec::with_capacity(count);
		self.arch.dispatch(
			#[inline(always)]
			|| {
				for head in 0..self.sizes.heads {
					for position in 0..count {
						let (own, rest) = shares.split_at(position + 1);
						shares = rest;
						let flow = &to_mixed[position * width + head * size..][..size];
						to_shares.clear();
						for (before, share) in own.iter().enumerate() {
							to_shares.push(dot(flow, &projected[self.part(head, before, 2)]));
							add_scaled(&mut to_projected[self.part(head, before, 2)], *share, flow);
						}
						let mean = dot(own, &to_shares);
						for (before, (share, to_share)) in own.iter().zip(&to_shares).enumerate() {
							let to_score = share * (to_share - mean) * self.scale();
							let (query, key) = (self.part(head, position, 0), self.part(head, before, 1));
							add_scaled(&mut to_projected[query.clone()], to_score, &projected[key.clone()]);
							add_scaled(&mut to_projected[key], to_score, &projected[query]);
						}
					}
				}
			},
		);
		to_projected
	}

	fn logits(&self, normed: &[f32]) -> Vec<f32> {
		let width = self.sizes.width;
		let turned = transpose(&self.weights[self.sizes.embedding()], width);
		let mut logits = vec![0.0; self.count * VOCABULARY];
		self.product(&mut logits, normed, &turned, width, VOCABULARY);
		logits
	}

	/// The sum of all losses; turns `logits` into probabilities.
	fn losses(&self, logits: &mut [f32], window: &[u8]) -> f64 {
		let rows = logits.chunks_exact_mut(VOCABULARY).zip(&window[1..]);
		rows.map(|(row, byte)| {
			let logit = f64::from(row[usize::from(*byte)]);
			let (largest, sum) = softmax(row);
			(f64::from(largest) - logit) + f64::from(sum).ln()
		})
		.sum()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const SMALL: Architecture = Architecture {
		layers: 2,
		width: 32,
		heads: 2,
		context: 24,
	};
	const TEXT: &[u8] = b"It was the best of times, it was the worst of times";

	/// Logits so large that a single-precision sum would swallow the uncertainty: knowing nothing costs `ln 256` all the same.
	#[test]
	fn large_numbers_hide_no_loss() {
		let sizes = SMALL;
		let mut weights = vec![0.0; sizes.weights()];
		weights[sizes.embedding()].fill(1e4);
		for (number, default) in weights
			.iter_mut()
			.zip(Weights::initial(sizes, [3; 32]).unwrap().numbers())
		{
			// Gains begin at 1; everything else between is nothing.
			if *default == 1.0 {
				*number = 1e4;
			}
		}
		let weights = Weights::new(sizes, weights).unwrap();
		let found = loss(&weights, TEXT.get(..=sizes.context).unwrap());
		assert!((found - 256_f64.ln()).abs() < 1e-6, "{found}");
	}

	/// Weights far enough from 0 that every part matters.
	fn weights() -> Weights {
		let small = Weights::initial(SMALL, [3; 32]).unwrap();
		let numbers = small
			.numbers()
			.iter()
			.map(|number| number * if number.abs() < 0.5 { 8.0 } else { 1.0 });
		Weights::new(SMALL, numbers.collect()).unwrap()
	}

	#[test]
	fn an_untrained_model_knows_nothing() {
		let untrained = Weights::initial(SMALL, [1; 32]).unwrap();
		let loss = loss(&untrained, TEXT);
		assert!((loss - 256_f64.ln()).abs() < 0.1, "{loss}");
	}

	/// Along a direction within each tensor, the loss changes as the derivatives say (central differences).
	#[test]
	fn derivatives_are_those_of_the_loss() {
		let weights = weights();
		let mut derivatives = vec![0.0; SMALL.weights()];
		let own = gradient(&weights, TEXT, &mut derivatives);
		assert!((own - loss(&weights, TEXT)).abs() < 1e-6);
		for tensor in SMALL.tensors() {
			// Along the derivative itself: the steepest way, where the difference stands out from rounding.
			let slope: f64 = derivatives[tensor.range.clone()]
				.iter()
				.map(|d| f64::from(*d).powi(2))
				.sum();
			let length = slope.sqrt();
			let step = 2e-3 / length.max(1e-6);
			let moved = |sign: f64| {
				let mut numbers = weights.numbers().to_vec();
				for index in tensor.range.clone() {
					numbers[index] += (sign * step * f64::from(derivatives[index])) as f32;
				}
				loss(&Weights::new(SMALL, numbers).unwrap(), TEXT)
			};
			let measured = (moved(1.0) - moved(-1.0)) / (2.0 * step);
			assert!(length > 1e-4, "{}: no derivative", tensor.name);
			assert!(
				(measured / slope - 1.0).abs() < 0.03,
				"{}: {measured} measured, {slope} computed",
				tensor.name
			);
		}
	}

	/// What comes later says nothing about what came before.
	#[test]
	fn predictions_look_back_only() {
		let weights = weights();
		let total = |window: &[u8]| loss(&weights, window) * (window.len() - 1) as f64;
		let (one, other) = (b"abcdefgX", b"abcdefgY");
		let prefix = total(b"abcdefg");
		assert!((total(one) - prefix).abs() > 1e-3 && (total(one) - total(other)).abs() > 1e-4);
		let mut longer = 0.0;
		for end in 2..=8 {
			let now = total(&one[..end]);
			assert!(now > longer, "a prediction more cannot lower the sum");
			longer = now;
		}
	}

	#[test]
	fn windows_are_cut_to_the_context_and_short_ones_are_worth_nothing() {
		let weights = weights();
		assert_eq!(loss(&weights, TEXT), loss(&weights, &TEXT[..25]));
		assert_eq!((loss(&weights, b""), loss(&weights, b"a")), (0.0, 0.0));
	}
}
