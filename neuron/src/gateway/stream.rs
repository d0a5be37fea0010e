//! Answers piece by piece, as server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::response::{
	IntoResponse, Response,
	sse::{Event, KeepAlive, Sse},
};
use futures::{StreamExt, stream, stream::BoxStream};
use serde_json::{Value, json};

use super::{
	error::ApiError,
	http::Ticket,
	openai::Form,
	respond::{Kind, answered_by, finish_word, logprobs, usage},
	upstream::{Answerer, Generation, Piece, UpstreamError},
};

/// A sign of life where the miner is silent for so long.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// What comes last.
const DONE: &str = "[DONE]";

/// An answer on its way to an application; dropping it stops the miner.
struct Sending {
	ticket: Ticket,
	kind: Kind,
	model: String,
	form: Form,
	answerer: Answerer,
	attempts: u32,
	pieces: BoxStream<'static, Result<Piece, UpstreamError>>,
	begun: bool,
	over: bool,
}

/// Streams an answer that has begun.
pub(super) fn response(ticket: Ticket, kind: Kind, model: String, form: Form, generation: Generation) -> Response {
	let sending = Sending {
		ticket,
		kind,
		model,
		form,
		answerer: generation.answerer,
		attempts: generation.attempts,
		pieces: generation.pieces,
		begun: false,
		over: false,
	};
	let batches = stream::unfold(sending, |mut sending| async move {
		let batch = sending.next().await?;
		Some((stream::iter(batch), sending))
	});
	Sse::new(batches.flatten().map(Ok::<_, Infallible>))
		.keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
		.into_response()
}

impl Sending {
	/// The next events; none after the last ones.
	async fn next(&mut self) -> Option<Vec<Event>> {
		if self.over {
			return None;
		}
		let mut events = Vec::new();
		if !std::mem::replace(&mut self.begun, true) && self.kind == Kind::Chat {
			let delta = json!({"role": "assistant", "content": ""});
			events.push(self.chunk(json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": null})));
		}
		match self.pieces.next().await {
			Some(Ok(Piece::Text { text, tokens })) => {
				self.ticket.completion(tokens.len());
				if !text.is_empty() || self.form.logprobs {
					let logprobs = logprobs(self.form, &tokens);
					events.push(self.chunk(match self.kind {
						Kind::Chat => json!({
							"index": 0, "delta": {"content": text}, "logprobs": logprobs, "finish_reason": null,
						}),
						Kind::Completion => json!({"index": 0, "text": text, "logprobs": null, "finish_reason": null}),
					}));
				}
			}
			Some(Ok(Piece::End { finish, prompt_tokens })) => {
				self.over = true;
				self.ticket.prompt(prompt_tokens);
				let finish = finish_word(finish);
				events.push(self.chunk(match self.kind {
					Kind::Chat => json!({"index": 0, "delta": {}, "logprobs": null, "finish_reason": finish}),
					Kind::Completion => json!({"index": 0, "text": "", "logprobs": null, "finish_reason": finish}),
				}));
				if self.form.stream_usage {
					let mut last = self.object(Value::Array(Vec::new()));
					last["usage"] = usage(self.ticket.usage());
					events.push(event(&last));
				}
				events.push(Event::default().data(DONE));
			}
			failed => {
				self.over = true;
				let error = match failed {
					Some(Err(error)) => error,
					_ => UpstreamError::Failed("the answer ended without an end".into()),
				};
				tracing::info!(id = self.ticket.id, uid = self.answerer.uid, reason = %error, "answer broken off");
				events.push(event(&ApiError::from(error).object()));
			}
		}
		Some(events)
	}

	fn chunk(&self, choice: Value) -> Event {
		event(&self.object(json!([choice])))
	}

	fn object(&self, choices: Value) -> Value {
		let mut object = json!({
			"id": self.ticket.id,
			"object": self.kind.object(true),
			"created": self.ticket.created,
			"model": self.model,
			"choices": choices,
			"ganglion": answered_by(&self.answerer, self.attempts),
		});
		if self.form.stream_usage {
			// OpenAI has the field in every piece then.
			object["usage"] = Value::Null;
		}
		object
	}
}

fn event(object: &Value) -> Event {
	Event::default().data(object.to_string())
}
