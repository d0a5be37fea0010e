//! The validator's side: from a transcript to a score.

use std::sync::Arc;

use subnet_sdk::{ChallengeContext, Evidence, MechanismError, Score, TimedChunk, Transcript};

use crate::mechanism::{embed, seal};
use crate::model::TextEmbedder;
use crate::parameters::EmbeddingParameters;
use crate::wire::{Chunk, Task};

/// How far the sum of a vector's squares may be from 1.
const LENGTH_TOLERANCE: f64 = 1e-3;

/// A well-formed, sealed answer of a model that is accepted.
pub(crate) struct TimedAnswer<'a> {
	model: &'a dyn TextEmbedder,
	vectors: Vec<&'a [f32]>,
	/// From the request to the last chunk, microseconds, at least 1.
	elapsed_us: u64,
}

/// What the validator's own vectors say.
pub(crate) struct Agreement {
	evidence: Evidence,
	/// The largest difference, and where it was.
	worst: f64,
	worst_at: usize,
}

/// Takes a transcript apart; a wrong form is a zero score that says what is wrong. Costs no inference.
pub(crate) fn read_answer<'a>(
	models: &'a [Arc<dyn TextEmbedder>],
	context: &ChallengeContext,
	task: &Task,
	transcript: &'a Transcript<Chunk>,
) -> Result<TimedAnswer<'a>, Score> {
	let chunks = transcript.complete_chunks()?;
	let expected = task.passages.len();
	let (header, body, end) = match chunks {
		[header, body @ .., end] if body.len() == expected => (header, body, end),
		_ => {
			let count = chunks.len();
			return Err(Score::zero(format!(
				"{count} chunks came, expected {}: a header, {expected} vectors, a seal",
				expected + 2
			)));
		}
	};
	let (Chunk::Header { model_hash }, Chunk::Seal(sealed)) = (&header.chunk, &end.chunk) else {
		return Err(Score::zero(
			"the answer does not begin with a header and end with a seal",
		));
	};
	let model = models
		.iter()
		.find(|model| model.model_hash() == *model_hash && task.models.contains(model_hash))
		.ok_or_else(|| Score::zero("the answer comes from a model that was not asked for"))?;
	let vectors = body
		.iter()
		.enumerate()
		.map(|(index, timed)| vector(index, timed, model.dimensions()).map_err(Score::zero))
		.collect::<Result<Vec<_>, _>>()?;
	if *sealed != seal(context, task, model_hash, vectors.iter().copied()) {
		return Err(Score::zero(
			"the seal does not fit: the answer was made for another miner, validator or task, or was changed",
		));
	}
	Ok(TimedAnswer {
		model: &**model,
		vectors,
		elapsed_us: transcript.last_arrival_us().unwrap_or(0).max(1),
	})
}

fn vector(index: usize, timed: &TimedChunk<Chunk>, dimensions: usize) -> Result<&[f32], String> {
	let Chunk::Vector(vector) = &timed.chunk else {
		return Err(format!("chunk {} is no vector", index + 1));
	};
	if vector.len() != dimensions {
		let count = vector.len();
		return Err(format!(
			"vector {index} has {count} numbers, the model's have {dimensions}"
		));
	}
	let squares: f64 = vector.iter().map(|number| f64::from(*number).powi(2)).sum();
	// Written so that what is no number is refused too.
	if (squares - 1.0).abs() <= LENGTH_TOLERANCE {
		Ok(vector)
	} else {
		Err(format!("vector {index} has length² {squares}, not 1"))
	}
}

/// Embeds the passages of `sample` and compares.
pub(crate) fn check_sample(
	task: &Task,
	answer: &TimedAnswer<'_>,
	sample: &[usize],
	tolerance: f32,
) -> Result<Agreement, MechanismError> {
	let mut agreement = Agreement {
		evidence: Evidence::default(),
		worst: 0.0,
		worst_at: 0,
	};
	for &index in sample {
		let (Some(passage), Some(claimed)) = (task.passages.get(index), answer.vectors.get(index)) else {
			return Err(MechanismError::Internal(format!("no passage {index} to look at")));
		};
		let own = embed(answer.model, passage)?;
		let distance = distance(&own, claimed);
		agreement.evidence.trials += 1;
		if !distance.is_finite() {
			return Err(MechanismError::Model(format!(
				"the vector of passage {index} is no number"
			)));
		}
		if distance > f64::from(tolerance) {
			agreement.evidence.failures += 1;
		}
		if distance > agreement.worst {
			(agreement.worst, agreement.worst_at) = (distance, index);
		}
	}
	Ok(agreement)
}

/// The length of the difference of two vectors.
fn distance(one: &[f32], other: &[f32]) -> f64 {
	let squares = one
		.iter()
		.zip(other)
		.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
	squares.sum::<f64>().sqrt()
}

/// The mean over all vectors of 1 / the place of its right neighbour among the others by cosine, 1 being the best. What is
/// as near as the neighbour goes before it, so that vectors which are all the same gain nothing.
pub(crate) fn mean_reciprocal_rank(vectors: &[&[f32]], neighbours: &[usize]) -> f64 {
	let cosine = |one: usize, other: usize| -> f64 {
		let products = vectors[one].iter().zip(vectors[other]);
		products.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
	};
	let reciprocal = |(query, &neighbour): (usize, &usize)| {
		let target = cosine(query, neighbour);
		let before = (0..vectors.len())
			.filter(|&other| other != query && other != neighbour && cosine(query, other) >= target)
			.count();
		1.0 / (before + 1) as f64
	};
	neighbours.iter().enumerate().map(reciprocal).sum::<f64>() / neighbours.len().max(1) as f64
}

pub(crate) fn conclude(
	answer: &TimedAnswer<'_>,
	agreement: &Agreement,
	neighbours: Option<&[usize]>,
	parameters: &EmbeddingParameters,
) -> Result<Score, MechanismError> {
	let Evidence { trials, failures } = agreement.evidence;
	if failures > 0 {
		let (worst, at, tolerance) = (agreement.worst, agreement.worst_at, parameters.tolerance);
		let reason = format!(
			"not the declared model: {failures} of {trials} vectors that were looked at are off, that of passage {at} by \
			 {worst:.4} (at most {tolerance})"
		);
		return Ok(Score::zero(reason).with_evidence(agreement.evidence));
	}
	let (retrieval, found) = match neighbours {
		Some(neighbours) => {
			let rank = mean_reciprocal_rank(&answer.vectors, neighbours);
			let share = (rank / parameters.target_reciprocal_rank).min(1.0);
			(
				share,
				format!("neighbours found with a mean reciprocal rank of {rank:.3}"),
			)
		}
		None => (1.0, "passages without known neighbours".to_owned()),
	};
	let rate = answer.vectors.len() as f64 / (answer.elapsed_us as f64 / 1e6);
	let speed = (rate / parameters.target_passages_per_second).min(1.0);
	let reason = format!("{trials} of {trials} vectors agree; {found}; {rate:.1} passages/s");
	Ok(Score::new(retrieval * speed, reason)?.with_evidence(agreement.evidence))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn ranks_count_from_the_nearest_and_ties_go_against_the_neighbour() {
		let (x, y) = ([1.0_f32, 0.0], [0.0_f32, 1.0]);
		// Two clear pairs.
		assert_eq!(mean_reciprocal_rank(&[&x, &y, &x, &y], &[2, 3, 0, 1]), 1.0);
		// The neighbours are the two farthest ones: third place, or shared by two with the tie against them.
		assert_eq!(mean_reciprocal_rank(&[&x, &x, &y, &y], &[2, 3, 0, 1]), 1.0 / 3.0);
		assert_eq!(mean_reciprocal_rank(&[&x, &x, &x, &x], &[2, 3, 0, 1]), 1.0 / 3.0);
	}
}
