//! The language model of `neuron-infer` as the mechanism `text` wants it, with an optional ceiling on its rate.

use std::{
	sync::{Mutex, PoisonError},
	time::{Duration, Instant},
};

use neuron_infer::{ChatMessage, InferError, Model};
use subnet_text::{LanguageModel, Message, ModelError, Role, Session};

/// A model file, loaded.
pub struct GgufModel {
	model: Model,
	pace: Option<Pace>,
}

impl GgufModel {
	/// A model that generates as fast as it can, or at most `max_tokens_per_second`, all sessions together.
	pub fn new(model: Model, max_tokens_per_second: Option<f64>) -> Self {
		Self {
			model,
			pace: max_tokens_per_second.map(Pace::new),
		}
	}
}

impl LanguageModel for GgufModel {
	fn model_hash(&self) -> [u8; 32] {
		self.model.sha256()
	}

	fn vocabulary_size(&self) -> usize {
		self.model.vocabulary_size()
	}

	fn context_length(&self) -> usize {
		self.model.context_length()
	}

	fn encode_chat(&self, messages: &[Message]) -> Result<Vec<u32>, ModelError> {
		let turn = |message: &Message| ChatMessage::new(role_name(message.role), message.content.as_str());
		let messages: Vec<_> = messages.iter().map(turn).collect();
		self.model.encode_messages(&messages, true).map_err(model_error)
	}

	fn encode_text(&self, text: &str) -> Result<Vec<u32>, ModelError> {
		self.model.encode_plain(text).map_err(model_error)
	}

	fn decode(&self, tokens: &[u32]) -> Result<String, ModelError> {
		self.model.decode(tokens).map_err(model_error)
	}

	fn end_of_turn(&self) -> Option<u32> {
		self.model.end_of_turn()
	}

	fn start(&self) -> Result<Box<dyn Session + '_>, ModelError> {
		Ok(Box::new(PacedSession {
			session: self.model.session(),
			pace: self.pace.as_ref(),
			prompt_seen: false,
		}))
	}

	fn score(
		&self,
		prompt: &[u32],
		continuation: &[u32],
		visit: &mut dyn FnMut(usize, &[f32]),
	) -> Result<(), ModelError> {
		self.model.score_rows(prompt, continuation, visit).map_err(model_error)
	}
}

/// What chat templates call the role.
fn role_name(role: Role) -> &'static str {
	match role {
		Role::System => "system",
		Role::User => "user",
		Role::Assistant => "assistant",
	}
}

fn model_error(error: InferError) -> ModelError {
	ModelError(error.to_string())
}

struct PacedSession<'a> {
	session: neuron_infer::Session,
	pace: Option<&'a Pace>,
	prompt_seen: bool,
}

impl Session for PacedSession<'_> {
	fn append(&mut self, tokens: &[u32]) -> Result<Vec<f32>, ModelError> {
		// The prompt comes first and in one piece; each token after it is one that was generated.
		if std::mem::replace(&mut self.prompt_seen, true)
			&& let Some(pace) = self.pace
		{
			pace.wait(tokens.len());
		}
		self.session.append(tokens).map_err(model_error)
	}
}

/// Hands out moments at which a token may be generated, evenly spaced.
struct Pace {
	interval: Duration,
	epoch: Instant,
	next: Mutex<Duration>,
}

/// The longest wait for one call, so that an absurdly small rate does not block a thread for ever.
const MAX_PAUSE: Duration = Duration::from_secs(60);

impl Pace {
	fn new(tokens_per_second: f64) -> Self {
		let interval = Duration::try_from_secs_f64(1.0 / tokens_per_second)
			.unwrap_or(MAX_PAUSE)
			.min(MAX_PAUSE);
		Self {
			interval,
			epoch: Instant::now(),
			next: Mutex::default(),
		}
	}

	fn wait(&self, tokens: usize) {
		let now = self.epoch.elapsed();
		let pause = self.reserve(now, tokens);
		std::thread::sleep(pause);
	}

	/// Takes the next free moments and says how long to wait, at time `now`, until they are over.
	fn reserve(&self, now: Duration, tokens: usize) -> Duration {
		let span = self.interval.saturating_mul(u32::try_from(tokens).unwrap_or(u32::MAX));
		let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
		let free = (*next).max(now).saturating_add(span);
		*next = free.min(now.saturating_add(MAX_PAUSE));
		next.saturating_sub(now)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn pace_spaces_tokens_evenly_and_never_lends() {
		let pace = Pace::new(10.0);
		let ms = Duration::from_millis;
		assert_eq!(pace.reserve(ms(0), 1), ms(100));
		assert_eq!(pace.reserve(ms(0), 1), ms(200), "a second session shares the rate");
		assert_eq!(pace.reserve(ms(200), 2), ms(200));
		assert_eq!(pace.reserve(ms(10_000), 1), ms(100), "time unused is not saved up");
	}

	#[test]
	fn pace_is_bounded() {
		let pace = Pace::new(1e-300);
		assert_eq!(pace.reserve(Duration::ZERO, usize::MAX), MAX_PAUSE);
	}
}
