//! The validator's side: from a transcript to a score.

use subnet_sdk::{ChallengeContext, MechanismError, Score, Transcript};

use crate::mechanism::{SAMPLING_DOMAIN, check_logits, encode_prompt, hex};
use crate::model::LanguageModel;
use crate::parameters::TextParameters;
use crate::sampler::Sampler;
use crate::wire::{Chunk, Emitted, Task};

/// An answer of the right form; nothing is known about its truth.
pub(crate) struct Answer {
	tokens: Vec<Emitted>,
	/// From the request to the last chunk, microseconds, at least 1.
	elapsed_us: u64,
}

/// Takes a transcript apart; a wrong form is a zero score that says what is wrong. Costs no inference.
pub(crate) fn read_answer(
	model: &dyn LanguageModel,
	task: &Task,
	transcript: &Transcript<Chunk>,
) -> Result<Answer, Score> {
	let mut chunks = transcript.complete_chunks()?.iter().map(|timed| &timed.chunk);
	match chunks.next() {
		None => return Err(Score::zero("the answer is empty")),
		Some(Chunk::Tokens(_)) => return Err(Score::zero("the first chunk is not the header")),
		Some(Chunk::Header { model_hash }) if *model_hash != task.model_hash => {
			let (asked, answered) = (hex(&task.model_hash), hex(model_hash));
			return Err(Score::zero(format!("model {answered} answered, {asked} was asked for")));
		}
		Some(Chunk::Header { .. }) => {}
	}
	let asked = usize::from(task.tokens);
	let mut tokens: Vec<Emitted> = Vec::with_capacity(asked);
	for chunk in chunks {
		match chunk {
			Chunk::Header { .. } => return Err(Score::zero("a second header came")),
			Chunk::Tokens(more) if more.is_empty() => return Err(Score::zero("a chunk without tokens came")),
			Chunk::Tokens(more) if more.len() > asked - tokens.len() => {
				return Err(Score::zero(format!("more than the {asked} tokens asked for")));
			}
			Chunk::Tokens(more) => tokens.extend(more),
		}
	}
	check_tokens(model, asked, &tokens)?;
	Ok(Answer {
		tokens,
		elapsed_us: transcript.last_arrival_us().unwrap_or(0).max(1),
	})
}

/// Every token exists, and the answer ends where it should.
fn check_tokens(model: &dyn LanguageModel, asked: usize, tokens: &[Emitted]) -> Result<(), Score> {
	let vocabulary = model.vocabulary_size();
	if let Some(bad) = tokens.iter().find(|emitted| emitted.token as usize >= vocabulary) {
		return Err(Score::zero(format!(
			"token {} does not exist, the vocabulary has {vocabulary}",
			bad.token
		)));
	}
	let is_end = |emitted: &Emitted| Some(emitted.token) == model.end_of_turn();
	let Some((last, before)) = tokens.split_last() else {
		return Err(Score::zero("the answer has no tokens"));
	};
	if before.iter().any(is_end) {
		return Err(Score::zero("the answer goes on after its end of turn"));
	}
	if tokens.len() < asked && !is_end(last) {
		return Err(Score::zero(format!(
			"{} tokens came, {asked} were asked for",
			tokens.len()
		)));
	}
	Ok(())
}

/// Scores a well-formed answer in one teacher-forced pass.
pub(crate) fn score_answer(
	model: &dyn LanguageModel,
	parameters: &TextParameters,
	context: &ChallengeContext,
	task: &Task,
	answer: &Answer,
) -> Result<Score, MechanismError> {
	let prompt = encode_prompt(model, task)?;
	let tokens: Vec<u32> = answer.tokens.iter().map(|emitted| emitted.token).collect();
	let logits = model.score(&prompt, &tokens)?;
	check_logits(tokens.len(), model, &logits)?;

	let sampler = Sampler::new(context.seed(SAMPLING_DOMAIN), task.temperature)?;
	let tolerance = f64::from(parameters.margin_tolerance);
	let mut verified = 0_usize;
	let mut last_fault = None;
	let mut first_fault = None;
	for ((position, emitted), row) in (0_u32..)
		.zip(&answer.tokens)
		.zip(logits.chunks_exact(model.vocabulary_size()))
	{
		last_fault = find_fault(&sampler, position, emitted, row, tolerance)?;
		match &last_fault {
			None => verified += 1,
			Some(fault) => first_fault = first_fault.or_else(|| Some(fault.clone())),
		}
	}

	let count = answer.tokens.len();
	let first_fault = first_fault.unwrap_or_default();
	// A wrong token in the middle is one token of many; a wrong end of turn is a whole answer cut short.
	if let (Some(fault), true) = (&last_fault, count < usize::from(task.tokens)) {
		return Ok(Score::zero(format!(
			"stopped after {count} of {} tokens without cause: {fault}",
			task.tokens
		)));
	}
	let share = verified as f64 / count as f64;
	if share < parameters.min_verified_share {
		return Ok(Score::zero(format!(
			"{verified} of {count} tokens verified, {:.0}% are needed: not this model under this seed; {first_fault}",
			parameters.min_verified_share * 100.0
		)));
	}
	let rate = count as f64 / (answer.elapsed_us as f64 / 1e6);
	let speed = (rate / parameters.target_tokens_per_second).min(1.0);
	let target = parameters.target_tokens_per_second;
	let but = if first_fault.is_empty() { "" } else { "; " };
	Ok(Score::new(
		share * speed,
		format!("{verified} of {count} tokens verified at {rate:.1} tokens/s (target {target}){but}{first_fault}"),
	)?)
}

/// What is wrong with one token, if anything.
fn find_fault(
	sampler: &Sampler,
	position: u32,
	emitted: &Emitted,
	logits: &[f32],
	tolerance: f64,
) -> Result<Option<String>, MechanismError> {
	let Emitted { token, logit: reported } = *emitted;
	let Some(shortfall) = sampler.shortfall(position, token, logits)? else {
		return Ok(Some(format!("position {position}: token {token} does not exist")));
	};
	let logit = logits.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
	let error = (f64::from(reported) - f64::from(logit)).abs();
	// Written so that a reported NaN or infinity fails.
	let logit_agrees = error <= tolerance;
	if shortfall > tolerance {
		return Ok(Some(format!(
			"position {position}: token {token} is {shortfall:.3} logits below the seeded choice"
		)));
	}
	if !logit_agrees {
		return Ok(Some(format!(
			"position {position}: token {token} has logit {logit:.3}, not {reported:.3}"
		)));
	}
	Ok(None)
}
