//! The ChatML template, applied without a template engine.
//!
//! A GGUF file carries its chat template as a Jinja program. ChatML programs all render
//!
//! ```text
//! <|im_start|>system\n{system prompt}<|im_end|>\n
//! <|im_start|>user\n{user}<|im_end|>\n
//! <|im_start|>assistant\n
//! ```
//!
//! and differ in the default system prompt only, which stands in the program as a literal between
//! `<|im_start|>system` and `<|im_end|>`. So the literal is taken from there and the rest is done
//! here. A program without the two markers is not ChatML and is refused when it is needed.

use crate::InferError;
use crate::tokenizer::TextTokenizer;

const START: &str = "<|im_start|>";
const END: &str = "<|im_end|>";

/// What a model's template says, once read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ChatTemplate {
	/// ChatML, with the system prompt used when the conversation has none.
	ChatMl { system: Option<String> },
	/// Something else, and why it cannot be applied.
	Unknown(String),
}

impl ChatTemplate {
	/// Reads the Jinja program, as far as described above.
	pub(crate) fn read(program: Option<&str>) -> Self {
		match program {
			None => Self::Unknown("the file has no tokenizer.chat_template".to_owned()),
			Some(program) if program.contains(START) && program.contains(END) => Self::ChatMl {
				system: default_system(program),
			},
			Some(_) => Self::Unknown(format!("its template lacks {START} or {END}")),
		}
	}

	/// Tokens of a conversation with one user message, up to the assistant's turn.
	pub(crate) fn encode(&self, tokenizer: &TextTokenizer, user: &str) -> Result<Vec<u32>, InferError> {
		self.encode_turns(tokenizer, &[("user", user)])
	}

	/// Tokens of a conversation of (role, content), up to the assistant's turn.
	pub(crate) fn encode_turns(
		&self,
		tokenizer: &TextTokenizer,
		turns: &[(&str, &str)],
	) -> Result<Vec<u32>, InferError> {
		let system = match self {
			Self::ChatMl { system } => system,
			Self::Unknown(reason) => return Err(InferError::NoChatTemplate(reason.clone())),
		};
		let (Some(start), Some(end)) = (tokenizer.special(START), tokenizer.special(END)) else {
			let reason = format!("the vocabulary has no special tokens {START} and {END}");
			return Err(InferError::NoChatTemplate(reason));
		};
		let mut tokens: Vec<u32> = tokenizer.beginning().into_iter().collect();
		let own_system = turns.first().is_some_and(|(role, _)| *role == "system");
		let default_system = system.iter().filter(|_| !own_system);
		let turns = default_system
			.map(|text| ("system", text.as_str()))
			.chain(turns.iter().copied());
		for (role, content) in turns {
			tokens.push(start);
			tokens.extend(tokenizer.encode_plain(&format!("{role}\n{content}"))?);
			tokens.push(end);
			tokens.extend(tokenizer.encode_plain("\n")?);
		}
		tokens.push(start);
		tokens.extend(tokenizer.encode_plain("assistant\n")?);
		Ok(tokens)
	}
}

/// The literal between `<|im_start|>system` and `<|im_end|>`, if the program has one.
fn default_system(program: &str) -> Option<String> {
	// Files hold the line break either as it is or as Jinja's escape.
	let program = program.replace("\\n", "\n");
	let (_, after) = program.split_once("<|im_start|>system\n")?;
	let (literal, _) = after.split_once(END)?;
	// A quote or brace means that the text is put together at run time (`' + content + '`).
	let computed = literal.contains(['{', '}', '"']) || literal.contains("' +");
	(!literal.is_empty() && !computed).then(|| literal.to_owned())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_default_system_prompt_is_the_literal_of_the_program() {
		let literal = "{% if x %}{{ '<|im_start|>system\nBe kind<|im_end|>\n' }}{% endif %}";
		let escaped = literal.replace('\n', "\\n");
		let computed = "{{ '<|im_start|>system\n' + m['content'] + '<|im_end|>' }}";
		let system = |program: &str| match ChatTemplate::read(Some(program)) {
			ChatTemplate::ChatMl { system } => system,
			ChatTemplate::Unknown(reason) => panic!("{reason}"),
		};
		assert_eq!(system(literal).as_deref(), Some("Be kind"));
		assert_eq!(system(&escaped).as_deref(), Some("Be kind"));
		assert_eq!(system(computed), None);
		assert!(matches!(ChatTemplate::read(Some("[INST]")), ChatTemplate::Unknown(_)));
		assert!(matches!(ChatTemplate::read(None), ChatTemplate::Unknown(_)));
	}
}
