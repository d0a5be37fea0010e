//! The validator's side: from a transcript to a score.

use std::sync::Arc;

use subnet_sdk::{ChallengeContext, Evidence, MechanismError, Score, SequentialTest, Transcript};

use crate::answer::{Answer, AnswerError, AnswerReader};
use crate::mechanism::{answer_leaves, answer_sampler, check_logits, encode_prompt};
use crate::model::LanguageModel;
use crate::parameters::TextParameters;
use crate::sampler::logprob;
use crate::wire::{Chunk, Emitted, Task};

/// A well-formed answer with the time that it took.
pub(crate) struct TimedAnswer {
	answer: Answer,
	/// From the request to the last chunk, microseconds, at least 1.
	elapsed_us: u64,
}

/// What the true model says about one token of an answer.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct TokenCheck {
	/// How far, in logits, the token is from the one that the seed picks: [`Sampler::margin`](crate::Sampler::margin).
	pub margin: f64,
	/// How far the reported log-probability is from the true one; infinite where it is no number.
	pub logprob_error: f64,
	/// Whether the leaf commits to the true logits.
	pub leaf_matches: bool,
}

impl TokenCheck {
	/// Whether an honest miner's token looks like this.
	pub fn holds(&self, parameters: &TextParameters) -> bool {
		let tolerance = f64::from(parameters.margin_tolerance);
		self.margin <= tolerance && self.logprob_error <= tolerance && self.leaf_matches
	}

	fn fault(&self, position: usize, emitted: &Emitted, parameters: &TextParameters) -> String {
		let token = emitted.token;
		if self.margin > f64::from(parameters.margin_tolerance) {
			let margin = self.margin;
			format!("position {position}: token {token} is {margin:.3} logits below the seeded choice")
		} else if self.logprob_error > f64::from(parameters.margin_tolerance) {
			let (error, reported) = (self.logprob_error, emitted.logprob);
			format!("position {position}: the log-probability {reported:.3} of token {token} is {error:.3} off")
		} else {
			format!("position {position}: the leaf commits to other logits, or to another hotkey or task")
		}
	}
}

/// Takes a transcript apart; a wrong form is a zero score that says what is wrong. Costs no inference.
pub(crate) fn read_answer(
	model: Arc<dyn LanguageModel>,
	task: &Task,
	transcript: &Transcript<Chunk>,
) -> Result<Result<TimedAnswer, Score>, MechanismError> {
	let chunks = match transcript.complete_chunks() {
		Ok([]) => return Ok(Err(Score::zero("the answer is empty"))),
		Ok(chunks) => chunks,
		Err(zero) => return Ok(Err(zero)),
	};
	let mut reader = AnswerReader::new(model, task.clone());
	let read = chunks
		.iter()
		.try_for_each(|timed| reader.push(&timed.chunk).map(drop))
		.and_then(|()| reader.end());
	match read {
		Ok(answer) => Ok(Ok(TimedAnswer {
			answer,
			elapsed_us: transcript.last_arrival_us().unwrap_or(0).max(1),
		})),
		Err(AnswerError::Malformed(reason)) => Ok(Err(Score::zero(reason))),
		Err(AnswerError::Model(error)) => Err(error.into()),
	}
}

/// Checks every token of an answer to `task` in one teacher-forced pass of `model`, in order.
///
/// # Errors
///
/// When the prompt cannot be encoded, a token does not exist, or the model gives no sound logits.
pub fn check_tokens(
	model: &dyn LanguageModel,
	parameters: &TextParameters,
	context: &ChallengeContext,
	task: &Task,
	tokens: &[Emitted],
) -> Result<Vec<TokenCheck>, MechanismError> {
	let prompt = encode_prompt(model, task)?;
	let sampler = answer_sampler(context, task)?;
	let leaves = answer_leaves(context, task);
	let leaf_tolerance = f64::from(parameters.leaf_tolerance);
	let ids: Vec<u32> = tokens.iter().map(|emitted| emitted.token).collect();
	let mut checks = Vec::with_capacity(tokens.len());
	let mut fault = None;
	let check = |position: u32, emitted: &Emitted, logits: &[f32]| -> Result<TokenCheck, MechanismError> {
		check_logits(model, logits)?;
		let missing = || MechanismError::Model(format!("token {} has no logit", emitted.token));
		let margin = sampler.margin(position, emitted.token, logits)?.ok_or_else(missing)?;
		let truth = logprob(emitted.token, logits)?.ok_or_else(missing)?;
		let error = (f64::from(emitted.logprob) - truth).abs();
		Ok(TokenCheck {
			margin,
			logprob_error: if error.is_nan() { f64::INFINITY } else { error },
			leaf_matches: leaves.matches(position, emitted.leaf, logits, leaf_tolerance),
		})
	};
	model.score(&prompt, &ids, &mut |row, logits| {
		if fault.is_some() || row != checks.len() {
			return;
		}
		let checked = match (tokens.get(row), u32::try_from(row)) {
			(Some(emitted), Ok(position)) => check(position, emitted, logits),
			_ => Err(MechanismError::Model("more rows of logits than tokens".into())),
		};
		match checked {
			Ok(check) => checks.push(check),
			Err(error) => fault = Some(error),
		}
	})?;
	match fault {
		Some(error) => Err(error),
		None if checks.len() != tokens.len() => Err(MechanismError::Model(format!(
			"expected {} rows of logits in order, the model gave {}",
			tokens.len(),
			checks.len()
		))),
		None => Ok(checks),
	}
}

/// Scores the tokens of an answer of which no more is known: each by itself, with nothing said about where they end.
pub(crate) fn score_beginning(
	model: &dyn LanguageModel,
	parameters: &TextParameters,
	context: &ChallengeContext,
	task: &Task,
	tokens: &[Emitted],
) -> Result<Score, MechanismError> {
	let checks = check_tokens(model, parameters, context, task, tokens)?;
	let Summary {
		evidence,
		condemned_at,
		first_fault,
	} = summarise(&checks, tokens, parameters);
	let (count, failures) = (tokens.len(), evidence.failures);
	let share = if condemned_at.is_some() || count == 0 {
		0.0
	} else {
		(count - failures as usize) as f64 / count as f64
	};
	let but = if first_fault.is_empty() { "" } else { "; " };
	let reason = format!("{failures} of the first {count} tokens fail{but}{first_fault}");
	Ok(Score::new(share, reason)?.with_evidence(evidence))
}

/// What the checks of an answer's tokens come to.
struct Summary {
	evidence: Evidence,
	/// Tokens that were enough to condemn the miner, if they were.
	condemned_at: Option<usize>,
	/// What is wrong with the first token that fails; empty where none does.
	first_fault: String,
}

fn summarise(checks: &[TokenCheck], tokens: &[Emitted], parameters: &TextParameters) -> Summary {
	let mut test = SequentialTest::new(parameters.test);
	let mut summary = Summary {
		evidence: Evidence::default(),
		condemned_at: None,
		first_fault: String::new(),
	};
	for ((position, check), emitted) in checks.iter().enumerate().zip(tokens) {
		let failed = !check.holds(parameters);
		test.observe(failed);
		summary.evidence.trials += 1;
		if failed {
			summary.evidence.failures += 1;
			if summary.first_fault.is_empty() {
				summary.first_fault = check.fault(position, emitted, parameters);
			}
		}
		if summary.condemned_at.is_none() && test.condemned() {
			summary.condemned_at = Some(position + 1);
		}
	}
	summary
}

/// Scores a well-formed answer.
pub(crate) fn score_answer(
	model: &dyn LanguageModel,
	parameters: &TextParameters,
	context: &ChallengeContext,
	task: &Task,
	timed: &TimedAnswer,
) -> Result<Score, MechanismError> {
	let tokens = &timed.answer.tokens;
	let checks = check_tokens(model, parameters, context, task, tokens)?;
	let count = tokens.len();
	let Summary {
		evidence,
		condemned_at,
		first_fault,
	} = summarise(&checks, tokens, parameters);
	let failures = evidence.failures;
	if let Some(seen) = condemned_at {
		let alarm = parameters.test.false_alarm;
		return Ok(Score::zero(format!(
			"not this model under this seed: {failures} of {count} tokens fail, {seen} were enough (false alarm {alarm}); {first_fault}"
		))
		.with_evidence(evidence));
	}
	// A wrong token in the middle is one token of many; a wrong end is a whole answer cut short.
	if let (Some(last), Some(emitted), true) = (checks.last(), tokens.last(), count < usize::from(task.max_tokens))
		&& !last.holds(parameters)
	{
		let fault = last.fault(count - 1, emitted, parameters);
		return Ok(Score::zero(format!(
			"stopped after {count} of {} tokens without cause: {fault}",
			task.max_tokens
		))
		.with_evidence(evidence));
	}
	let verified = count - failures as usize;
	let share = verified as f64 / count as f64;
	let rate = count as f64 / (timed.elapsed_us as f64 / 1e6);
	let target = parameters.target_tokens_per_second;
	let speed = (rate / target).min(1.0);
	let but = if first_fault.is_empty() { "" } else { "; " };
	let reason =
		format!("{verified} of {count} tokens verified at {rate:.1} tokens/s (target {target}){but}{first_fault}");
	Ok(Score::new(share * speed, reason)?.with_evidence(evidence))
}
