//! Whole answers as OpenAI's objects.

use axum::response::Response;
use futures::StreamExt;
use serde_json::{Value, json};

use super::{
	http::{REQUEST_ID_HEADER, Ticket, put_header},
	openai::Form,
	upstream::{Answerer, Embeddings, Finish, Generation, Model, Piece, TokenLogprob, UpstreamError},
};

/// What is being answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
	/// A chat.
	Chat,
	/// A text to be continued.
	Completion,
}

impl Kind {
	/// What ids begin with.
	pub(super) fn prefix(self) -> &'static str {
		match self {
			Self::Chat => "chatcmpl",
			Self::Completion => "cmpl",
		}
	}

	/// The objects' name.
	pub(super) fn object(self, stream: bool) -> &'static str {
		match (self, stream) {
			(Self::Chat, false) => "chat.completion",
			(Self::Chat, true) => "chat.completion.chunk",
			(Self::Completion, _) => "text_completion",
		}
	}
}

pub(super) fn finish_word(finish: Finish) -> &'static str {
	match finish {
		Finish::Stop => "stop",
		Finish::Length => "length",
	}
}

/// The fields beside OpenAI's: who answered.
pub(super) fn answered_by(answerer: &Answerer, attempts: u32) -> Value {
	json!({"hotkey": answerer.hotkey, "uid": answerer.uid, "attempts": attempts})
}

/// Usage, as OpenAI counts it.
pub(super) fn usage((prompt, completion): (u32, u32)) -> Value {
	json!({
		"prompt_tokens": prompt,
		"completion_tokens": completion,
		"total_tokens": prompt.saturating_add(completion),
	})
}

/// The tokens' probabilities, as OpenAI lists them; null where they were not asked for.
pub(super) fn logprobs(form: Form, tokens: &[TokenLogprob]) -> Value {
	if !form.logprobs {
		return Value::Null;
	}
	let content = tokens.iter().map(|token| {
		json!({
			"token": token.text,
			"logprob": token.logprob,
			"bytes": token.text.as_bytes(),
			"top_logprobs": [],
		})
	});
	json!({"content": content.collect::<Vec<_>>(), "refusal": null})
}

/// Waits for the whole answer.
pub(super) async fn whole(
	mut ticket: Ticket,
	kind: Kind,
	model: &str,
	form: Form,
	mut generation: Generation,
) -> Result<Value, UpstreamError> {
	let (mut text, mut all) = (String::new(), Vec::new());
	let finish = loop {
		match generation.pieces.next().await {
			Some(Ok(Piece::Text { text: more, tokens })) => {
				ticket.completion(tokens.len());
				text.push_str(&more);
				if form.logprobs {
					all.extend(tokens);
				}
			}
			Some(Ok(Piece::End { finish, prompt_tokens })) => {
				ticket.prompt(prompt_tokens);
				break finish_word(finish);
			}
			Some(Err(error)) => return Err(error),
			None => return Err(UpstreamError::Failed("the answer ended without an end".into())),
		}
	};
	let logprobs = logprobs(form, &all);
	let choice = match kind {
		Kind::Chat => json!({
			"index": 0,
			"message": {"role": "assistant", "content": text, "refusal": null},
			"logprobs": logprobs,
			"finish_reason": finish,
		}),
		Kind::Completion => json!({"index": 0, "text": text, "logprobs": null, "finish_reason": finish}),
	};
	Ok(json!({
		"id": ticket.id,
		"object": kind.object(false),
		"created": ticket.created,
		"model": model,
		"choices": [choice],
		"usage": usage(ticket.usage()),
		"ganglion": answered_by(&generation.answerer, generation.attempts),
	}))
}

/// A model, as OpenAI lists it.
pub(super) fn model(model: &Model) -> Value {
	json!({"id": model.name, "object": "model", "created": 0, "owned_by": "ganglion", "sha256": model.hash})
}

/// Vectors, as OpenAI lists them.
pub(super) fn embeddings(model: &str, made: &Embeddings) -> Value {
	let vectors = made.vectors.iter().enumerate();
	let data: Vec<_> = vectors
		.map(|(index, vector)| json!({"object": "embedding", "index": index, "embedding": vector}))
		.collect();
	json!({
		"object": "list",
		"data": data,
		"model": model,
		"usage": {"prompt_tokens": made.prompt_tokens, "total_tokens": made.prompt_tokens},
		"ganglion": answered_by(&made.answerer, 1),
	})
}

/// Puts the request's id and the answerer into a response's head.
pub(super) fn name(response: &mut Response, id: &str, answerer: &Answerer) {
	put_header(response, REQUEST_ID_HEADER, id);
	put_header(response, "x-ganglion-hotkey", &answerer.hotkey);
	put_header(response, "x-ganglion-uid", &answerer.uid.to_string());
}
