//! OpenAI's request objects, and what of them is offered here.
//!
//! What would change an answer and is not offered is refused by name; what changes nothing is ignored.

use serde::Deserialize;
use serde_json::Value;
use subnet_text::{
	MAX_MESSAGES, MAX_STOP_BYTES, MAX_STOPS, MAX_TEMPERATURE, MAX_TOKENS, MIN_TEMPERATURE, MIN_TOP_P, Message, Prompt,
	Role,
};

use super::{error::ApiError, upstream::Generate};

/// Tokens that are asked for where a chat names no number.
pub const DEFAULT_CHAT_TOKENS: u32 = 512;
/// Tokens that are asked for where a completion names no number, as OpenAI has it.
pub const DEFAULT_COMPLETION_TOKENS: u32 = 16;
/// Most texts of one request for embeddings.
pub const MAX_EMBEDDING_INPUTS: usize = 256;

/// `POST /v1/chat/completions`
#[derive(Debug, Deserialize)]
pub struct ChatRequest {
	/// The model's name.
	pub model: String,
	messages: Vec<ChatMessage>,
	max_completion_tokens: Option<u32>,
	logprobs: Option<bool>,
	top_logprobs: Option<u32>,
	tools: Option<Vec<Value>>,
	functions: Option<Vec<Value>>,
	response_format: Option<Value>,
	modalities: Option<Vec<String>>,
	#[serde(flatten)]
	common: Common,
}

/// `POST /v1/completions`
#[derive(Debug, Deserialize)]
pub struct CompletionRequest {
	/// The model's name.
	pub model: String,
	prompt: OneOrMany,
	suffix: Option<String>,
	echo: Option<bool>,
	best_of: Option<u32>,
	logprobs: Option<u32>,
	#[serde(flatten)]
	common: Common,
}

/// `POST /v1/embeddings`
#[derive(Debug, Deserialize)]
pub struct EmbeddingRequest {
	/// The model's name.
	pub model: String,
	input: OneOrMany,
	encoding_format: Option<String>,
	dimensions: Option<u32>,
}

/// What chats and completions share.
#[derive(Debug, Deserialize)]
struct Common {
	max_tokens: Option<u32>,
	temperature: Option<f32>,
	top_p: Option<f32>,
	n: Option<u32>,
	seed: Option<i64>,
	stop: Option<OneOrMany>,
	#[serde(default)]
	stream: Option<bool>,
	stream_options: Option<StreamOptions>,
	presence_penalty: Option<f32>,
	frequency_penalty: Option<f32>,
	logit_bias: Option<Value>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct StreamOptions {
	include_usage: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
	One(String),
	Many(Vec<String>),
	Other(Value),
}

#[derive(Debug, Deserialize)]
struct ChatMessage {
	role: String,
	content: Option<Content>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
	Text(String),
	Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
struct Part {
	#[serde(rename = "type")]
	kind: String,
	text: Option<String>,
}

/// How an answer is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
	/// Piece by piece.
	pub stream: bool,
	/// With the usage as the last piece.
	pub stream_usage: bool,
	/// With each token's probability.
	pub logprobs: bool,
}

impl ChatRequest {
	/// What is to be generated, and how it is wanted.
	///
	/// # Errors
	/// The field that is wrong or not offered.
	pub fn resolve(self, most_tokens: u32) -> Result<(Generate, Form), ApiError> {
		if self.tools.is_some_and(|tools| !tools.is_empty()) {
			return Err(ApiError::unsupported("tools", "tools are not offered here"));
		}
		if self.functions.is_some_and(|functions| !functions.is_empty()) {
			return Err(ApiError::unsupported("functions", "functions are not offered here"));
		}
		if self.response_format.is_some_and(|format| format["type"] != "text") {
			return Err(ApiError::unsupported(
				"response_format",
				"only the type text is offered here",
			));
		}
		if self.modalities.is_some_and(|modalities| modalities != ["text"]) {
			return Err(ApiError::unsupported("modalities", "only text is offered here"));
		}
		if self.top_logprobs.is_some_and(|count| count > 0) {
			return Err(ApiError::unsupported(
				"top_logprobs",
				"only the chosen token's probability is known: leave top_logprobs at 0",
			));
		}
		if self.messages.is_empty() || self.messages.len() > MAX_MESSAGES {
			return Err(ApiError::invalid(
				"messages",
				format!("{} messages; expected 1 to {MAX_MESSAGES}", self.messages.len()),
			));
		}
		let messages = self
			.messages
			.into_iter()
			.map(ChatMessage::resolve)
			.collect::<Result<_, _>>()?;
		let mut form = self.common.form();
		form.logprobs = self.logprobs.unwrap_or(false);
		let mut common = self.common;
		common.max_tokens = self.max_completion_tokens.or(common.max_tokens);
		let generate = common.generate(Prompt::Chat(messages), DEFAULT_CHAT_TOKENS, most_tokens)?;
		Ok((generate, form))
	}
}

impl ChatMessage {
	fn resolve(self) -> Result<Message, ApiError> {
		let role = match self.role.as_str() {
			"system" | "developer" => Role::System,
			"user" => Role::User,
			"assistant" => Role::Assistant,
			_ => {
				return Err(ApiError::invalid(
					"messages",
					"a message's role is none of: system, developer, user, assistant",
				));
			}
		};
		let content = match self.content {
			None => String::new(),
			Some(Content::Text(text)) => text,
			Some(Content::Parts(parts)) => {
				let mut content = String::new();
				for part in parts {
					match part.text {
						Some(text) if part.kind == "text" => content.push_str(&text),
						_ => {
							return Err(ApiError::unsupported(
								"messages",
								"only parts of the type text are offered here",
							));
						}
					}
				}
				content
			}
		};
		Ok(Message { role, content })
	}
}

impl CompletionRequest {
	/// What is to be generated, and how it is wanted.
	///
	/// # Errors
	/// The field that is wrong or not offered.
	pub fn resolve(self, most_tokens: u32) -> Result<(Generate, Form), ApiError> {
		let prompt = match self.prompt {
			OneOrMany::One(text) => text,
			OneOrMany::Many(texts) => match <[String; 1]>::try_from(texts) {
				Ok([text]) => text,
				Err(_) => return Err(ApiError::unsupported("prompt", "one prompt a request is offered here")),
			},
			OneOrMany::Other(_) => return Err(ApiError::unsupported("prompt", "the prompt must be text, not tokens")),
		};
		if self.suffix.is_some_and(|suffix| !suffix.is_empty()) {
			return Err(ApiError::unsupported("suffix", "a suffix is not offered here"));
		}
		if self.echo == Some(true) {
			return Err(ApiError::unsupported("echo", "the prompt is not repeated here"));
		}
		if self.best_of.is_some_and(|best_of| best_of > 1) {
			return Err(ApiError::unsupported("best_of", "only 1 is offered here"));
		}
		if self.logprobs.is_some() {
			return Err(ApiError::unsupported(
				"logprobs",
				"use /v1/chat/completions for probabilities",
			));
		}
		let form = self.common.form();
		let generate = self
			.common
			.generate(Prompt::Text(prompt), DEFAULT_COMPLETION_TOKENS, most_tokens)?;
		Ok((generate, form))
	}
}

impl EmbeddingRequest {
	/// The texts.
	///
	/// # Errors
	/// The field that is wrong or not offered.
	pub fn resolve(self) -> Result<Vec<String>, ApiError> {
		if self.encoding_format.is_some_and(|format| format != "float") {
			return Err(ApiError::unsupported("encoding_format", "only float is offered here"));
		}
		if self.dimensions.is_some() {
			return Err(ApiError::unsupported(
				"dimensions",
				"vectors have the length that the model gives them",
			));
		}
		let texts = match self.input {
			OneOrMany::One(text) => vec![text],
			OneOrMany::Many(texts) => texts,
			OneOrMany::Other(_) => return Err(ApiError::unsupported("input", "the input must be text, not tokens")),
		};
		if texts.is_empty() || texts.len() > MAX_EMBEDDING_INPUTS {
			return Err(ApiError::invalid(
				"input",
				format!("{} texts; expected 1 to {MAX_EMBEDDING_INPUTS}", texts.len()),
			));
		}
		Ok(texts)
	}
}

impl Common {
	fn form(&self) -> Form {
		Form {
			stream: self.stream.unwrap_or(false),
			stream_usage: self.stream_options.unwrap_or_default().include_usage.unwrap_or(false),
			logprobs: false,
		}
	}

	fn generate(self, prompt: Prompt, default_tokens: u32, most_tokens: u32) -> Result<Generate, ApiError> {
		let zero = |value: Option<f32>| value.is_none_or(|value| value == 0.0);
		if self.n.is_some_and(|n| n != 1) {
			return Err(ApiError::unsupported(
				"n",
				"one answer a request is offered here: send the request again for more",
			));
		}
		if !zero(self.presence_penalty) {
			return Err(ApiError::unsupported("presence_penalty", "only 0 is offered here"));
		}
		if !zero(self.frequency_penalty) {
			return Err(ApiError::unsupported("frequency_penalty", "only 0 is offered here"));
		}
		if self
			.logit_bias
			.is_some_and(|bias| bias.as_object().is_none_or(|bias| !bias.is_empty()))
		{
			return Err(ApiError::unsupported("logit_bias", "a bias is not offered here"));
		}
		let most_tokens = most_tokens.min(MAX_TOKENS.into());
		let max_tokens = match self.max_tokens {
			None => default_tokens.min(most_tokens),
			Some(tokens) if (1..=most_tokens).contains(&tokens) => tokens,
			Some(tokens) => {
				return Err(ApiError::invalid(
					"max_tokens",
					format!("{tokens} tokens asked for; expected 1 to {most_tokens}"),
				));
			}
		};
		let temperature = self.temperature.unwrap_or(1.0);
		if !(0.0..=MAX_TEMPERATURE).contains(&temperature) {
			return Err(ApiError::invalid(
				"temperature",
				format!("temperature is {temperature}; expected 0 to {MAX_TEMPERATURE}"),
			));
		}
		let top_p = self.top_p.unwrap_or(1.0);
		if !(0.0..=1.0).contains(&top_p) {
			return Err(ApiError::invalid("top_p", format!("top_p is {top_p}; expected 0 to 1")));
		}
		Ok(Generate {
			prompt,
			max_tokens: u16::try_from(max_tokens).unwrap_or(MAX_TOKENS),
			// What is nearly 0 means 0.
			temperature: if temperature < MIN_TEMPERATURE {
				0.0
			} else {
				temperature
			},
			top_p: top_p.max(MIN_TOP_P),
			seed: self.seed.map_or(0, i64::cast_unsigned),
			stop: stops(self.stop)?,
		})
	}
}

fn stops(stop: Option<OneOrMany>) -> Result<Vec<String>, ApiError> {
	let stops = match stop {
		None | Some(OneOrMany::Other(Value::Null)) => Vec::new(),
		Some(OneOrMany::One(stop)) => vec![stop],
		Some(OneOrMany::Many(stops)) => stops,
		Some(OneOrMany::Other(_)) => return Err(ApiError::invalid("stop", "stop must be text, or a list of texts")),
	};
	if stops.len() > MAX_STOPS {
		return Err(ApiError::invalid(
			"stop",
			format!("{} stops; at most {MAX_STOPS} are taken", stops.len()),
		));
	}
	if stops.iter().any(|stop| stop.is_empty() || stop.len() > MAX_STOP_BYTES) {
		return Err(ApiError::invalid(
			"stop",
			format!("a stop has 1 to {MAX_STOP_BYTES} bytes"),
		));
	}
	Ok(stops)
}
