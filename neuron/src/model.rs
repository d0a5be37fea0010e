//! The language model of `neuron-infer` as the mechanism `text` wants it, with an optional ceiling on its rate.
//!
//! A miner's answers are made by the serving engine, in one batch. In F32 their logits have the same bits as those of an
//! answer made alone, so that what a validator checks does not depend on the company.

use std::{
	sync::{Mutex, PoisonError, mpsc},
	time::{Duration, Instant},
};

use neuron_infer::{
	ChatMessage, InferError, Model,
	engine::{EVENT_CAPACITY, Engine, EngineError, EngineOptions, Event, FinishReason, Request, Sampler, Sampling},
};
use subnet_sdk::{Listener, MechanismError, SinkClosed};
use subnet_text::{Emitted, LanguageModel, Message, ModelError, Picked, Picker, Role, Session, generate_alone};

/// A model file, loaded.
pub struct GgufModel {
	model: Model,
	engine: Option<Engine>,
	pace: Option<Pace>,
}

impl GgufModel {
	/// A model whose answers are made one by one, each in a session of its own: for one that reads and checks answers.
	pub fn new(model: Model, max_tokens_per_second: Option<f64>) -> Self {
		Self {
			model,
			engine: None,
			pace: max_tokens_per_second.map(Pace::new),
		}
	}

	/// A model that makes many answers together, in the engine's batch, as fast as it can or at most
	/// `max_tokens_per_second`, all answers together.
	///
	/// # Errors
	///
	/// Options that no engine can run with.
	pub fn serving(
		model: Model,
		options: EngineOptions,
		max_tokens_per_second: Option<f64>,
	) -> Result<Self, EngineError> {
		let engine = Engine::start(model.clone(), options)?;
		Ok(Self {
			engine: Some(engine),
			..Self::new(model, max_tokens_per_second)
		})
	}

	/// The engine, where there is one.
	pub fn engine(&self) -> Option<&Engine> {
		self.engine.as_ref()
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

	fn generate(
		&self,
		prompt: &[u32],
		max_tokens: usize,
		picker: Box<dyn Picker>,
		visit: &mut dyn FnMut(Emitted) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		self.generate_for(&Listener::default(), prompt, max_tokens, picker, visit)
	}

	fn generate_for(
		&self,
		listener: &Listener,
		prompt: &[u32],
		max_tokens: usize,
		picker: Box<dyn Picker>,
		visit: &mut dyn FnMut(Emitted) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		let Some(engine) = &self.engine else {
			return generate_alone(self, prompt, max_tokens, picker, visit);
		};
		let asked = Asked {
			listener,
			prompt,
			max_tokens,
		};
		generate_together(engine, self.pace.as_ref(), asked, picker, visit)
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

/// What is asked for, and by whom.
struct Asked<'a> {
	listener: &'a Listener,
	prompt: &'a [u32],
	max_tokens: usize,
}

/// Makes one answer in the engine's batch. Returning early, as on a closed sink, takes it out; so does a caller that goes while
/// the request waits for its turn or its prompt is read, at the engine's next step.
fn generate_together(
	engine: &Engine,
	pace: Option<&Pace>,
	asked: Asked<'_>,
	picker: Box<dyn Picker>,
	visit: &mut dyn FnMut(Emitted) -> Result<(), SinkClosed>,
) -> Result<(), MechanismError> {
	// One place for each event that may wait, and one for the token whose event is not sent yet: never full.
	let (sender, picked) = mpsc::sync_channel(EVENT_CAPACITY + 1);
	let mut request = Request::new(asked.prompt.to_vec(), asked.max_tokens);
	// Only the picker knows where the answer ends: an end of turn is a token of it, with evidence.
	request.stop_at_end_of_turn = false;
	request.sampling = Sampling::Custom(Box::new(BatchPicker {
		picker,
		sender,
		done: false,
	}));
	let failed = |reason: String| Err(MechanismError::Model(reason));
	let mut generation = match engine.submit(request) {
		Ok(generation) => generation,
		Err(error) => return failed(error.to_string()),
	};
	let canceller = generation.canceller();
	let _watching = asked.listener.when_gone(move || canceller.cancel());
	let mut first = true;
	loop {
		match generation.blocking_next() {
			Some(Event::Token(_)) => {
				let Ok(emitted) = picked.try_recv() else {
					return failed("the engine sent a token that nobody picked".into());
				};
				if let Some(pace) = pace.filter(|_| !std::mem::take(&mut first)) {
					pace.wait(1);
				}
				visit(emitted)?;
			}
			Some(Event::Finished(finished)) => {
				return match finished.reason {
					FinishReason::Sampler | FinishReason::Length => Ok(()),
					FinishReason::Cancelled => Err(MechanismError::Cancelled),
					reason => failed(format!("the engine ended the answer early: {reason:?}")),
				};
			}
			Some(Event::Failed(error)) => return failed(error.to_string()),
			None => return failed("the engine ended the answer without a reason".into()),
		}
	}
}

/// A [`Picker`] in the engine's batch.
struct BatchPicker {
	picker: Box<dyn Picker>,
	sender: mpsc::SyncSender<Emitted>,
	done: bool,
}

impl Sampler for BatchPicker {
	fn sample(&mut self, logits: &[f32], _: usize) -> Result<u32, String> {
		let Picked { emitted, last } = self.picker.pick(logits).map_err(|error| error.0)?;
		// A reader that has gone away is noticed by the engine before the next step.
		self.sender.try_send(emitted).ok();
		self.done = last;
		Ok(emitted.token)
	}

	fn is_done(&self) -> bool {
		self.done
	}
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
