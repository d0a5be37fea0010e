//! Conversations to tokens, by the template that the model carries.
//!
//! The template is a Jinja program that strangers wrote, so it runs under bounds: fuel, depth and
//! the length of what it writes. (Lists that a template doubles over and over escape them: the engine
//! charges for texts only. It takes a malicious model file.) What users say is text and stays text: special tokens spelled in
//! a message are broken up with a mark before the template sees them, and the mark is taken out
//! again when the rendered text has been searched for the special tokens of the template itself.

use std::io::{self, Write};

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, context};

use crate::InferError;
use crate::tokenizer::{MAX_TEXT_BYTES, TextTokenizer};

/// Messages in one conversation.
pub const MAX_MESSAGES: usize = 1_024;

/// Length of a role's name.
const MAX_ROLE_BYTES: usize = 32;

/// Steps of the template engine: those of a template of 1,000 steps for each of [`MAX_MESSAGES`].
const FUEL: u64 = 1 << 20;

/// Nested calls and includes.
const MAX_DEPTH: usize = 64;

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatMessage {
	/// Who speaks: `system`, `user`, `assistant`, or another role that the template knows.
	pub role: String,
	/// What is said. Special tokens spelled in it stay text.
	pub content: String,
}

impl ChatMessage {
	/// A message of that role.
	pub fn new(role: impl Into<String>, content: impl Into<String>) -> Self {
		Self {
			role: role.into(),
			content: content.into(),
		}
	}
}

/// A model's template.
#[derive(Clone, Debug)]
pub(crate) struct ChatTemplate {
	program: Result<String, String>,
}

impl ChatTemplate {
	/// Keeps the program; whether it can run turns out when it is needed.
	pub(crate) fn read(program: Option<&str>) -> Self {
		let program = program.ok_or_else(|| "the model has none".to_owned());
		Self {
			program: program.map(str::to_owned),
		}
	}

	/// The tokens of a conversation; with `answer`, up to where the assistant speaks next.
	pub(crate) fn encode(
		&self,
		tokenizer: &TextTokenizer,
		messages: &[ChatMessage],
		answer: bool,
	) -> Result<Vec<u32>, InferError> {
		check(messages)?;
		let program = self
			.program
			.as_ref()
			.map_err(|reason| InferError::NoChatTemplate(reason.clone()))?;
		let marked: Vec<_> = messages
			.iter()
			.map(|message| {
				let content = tokenizer.mark(&message.content, message.role == "assistant");
				context! { role => message.role.as_str(), content }
			})
			.collect();
		let special = |token: Option<u32>| {
			token
				.and_then(|token| tokenizer.special_text(token))
				.unwrap_or_default()
		};
		let text = render(
			program,
			context! {
				messages => marked,
				add_generation_prompt => answer,
				bos_token => special(tokenizer.named_beginning()),
				eos_token => special(tokenizer.end_of_turn()),
			},
		)?;
		let mut tokens = tokenizer.encode_specials(&text)?;
		// Many templates leave it to the tokenizer.
		if let Some(beginning) = tokenizer.beginning().filter(|token| tokens.first() != Some(token)) {
			tokens.insert(0, beginning);
		}
		Ok(tokens)
	}
}

fn check(messages: &[ChatMessage]) -> Result<(), InferError> {
	let refused = |detail: String| Err(InferError::Conversation(detail));
	if messages.is_empty() || messages.len() > MAX_MESSAGES {
		return refused(format!(
			"it has {} messages, expected 1 to {MAX_MESSAGES}",
			messages.len()
		));
	}
	let bytes = messages.iter().map(|message| message.content.len()).sum();
	if bytes > MAX_TEXT_BYTES {
		return Err(InferError::TextTooLong {
			found: bytes,
			limit: MAX_TEXT_BYTES,
		});
	}
	let plain = |role: &str| {
		(1..=MAX_ROLE_BYTES).contains(&role.len()) && role.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
	};
	match messages.iter().find(|message| !plain(&message.role)) {
		None => Ok(()),
		Some(message) => refused(format!(
			"it has the role {:?}; expected a name of 1 to {MAX_ROLE_BYTES} small letters",
			message.role.chars().take(MAX_ROLE_BYTES).collect::<String>()
		)),
	}
}

/// Runs the program as the Python library would that such programs are written for.
fn render(program: &str, values: minijinja::Value) -> Result<String, InferError> {
	let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
	let mut environment = Environment::new();
	environment.set_syntax(syntax.map_err(refusal)?);
	environment.set_undefined_behavior(UndefinedBehavior::Lenient);
	environment.set_recursion_limit(MAX_DEPTH);
	environment.set_fuel(Some(FUEL));
	environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
	environment.add_function("raise_exception", |message: String| -> Result<String, Error> {
		Err(Error::new(ErrorKind::InvalidOperation, message))
	});
	let template = environment
		.template_from_str(program)
		.map_err(|error| InferError::NoChatTemplate(format!("it cannot be read: {error}")))?;
	let mut text = Bounded(Vec::new());
	template.render_captured_to(values, &mut text).map_err(refusal)?;
	String::from_utf8(text.0).map_err(|error| InferError::Conversation(error.to_string()))
}

fn refusal(error: Error) -> InferError {
	let detail = match error.kind() {
		ErrorKind::OutOfFuel => "the template takes too long for it".to_owned(),
		ErrorKind::WriteFailure => format!("the template makes more than {} bytes of it", 2 * MAX_TEXT_BYTES),
		_ => error.detail().map_or_else(|| error.to_string(), str::to_owned),
	};
	InferError::Conversation(detail)
}

/// Text that may not grow for ever.
struct Bounded(Vec<u8>);

impl Write for Bounded {
	fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
		if self.0.len() + bytes.len() > 2 * MAX_TEXT_BYTES {
			return Err(io::Error::other("too long"));
		}
		self.0.extend_from_slice(bytes);
		Ok(bytes.len())
	}

	fn flush(&mut self) -> io::Result<()> {
		Ok(())
	}
}
