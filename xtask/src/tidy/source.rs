//! Rust text with its comments and strings told apart from its code, and the functions found in it.
//!
//! This is no parser: it knows just enough of the lexical rules that a brace in a string is no brace and a
//! word in a comment is no code.

/// A Rust file in layers of the same length: what is not in a layer is a space there. Line breaks are in all.
pub(super) struct Source {
	/// Without comments, and with the insides of strings and characters blanked.
	pub(super) code: String,
	/// Only comments.
	pub(super) comments: String,
	/// Only the insides of strings.
	pub(super) strings: String,
	/// Number of lines.
	pub(super) lines: usize,
}

/// A function with a body.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Function {
	pub(super) name: String,
	/// The line of its `fn`, from 1.
	pub(super) line: usize,
	/// From there to the closing brace.
	pub(super) lines: usize,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Layer {
	Code,
	Comment,
	Text,
}

impl Source {
	pub(super) fn new(text: &str) -> Self {
		let characters: Vec<char> = text.chars().collect();
		let layers = layers(&characters);
		let only = |wanted: Layer| {
			let pick = |(character, layer): (&char, &Layer)| {
				if *character == '\n' || *layer == wanted {
					*character
				} else {
					' '
				}
			};
			characters.iter().zip(&layers).map(pick).collect()
		};
		Self {
			code: only(Layer::Code),
			comments: only(Layer::Comment),
			strings: only(Layer::Text),
			lines: text.lines().count(),
		}
	}

	/// All functions with bodies, nested ones too.
	pub(super) fn functions(&self) -> Vec<Function> {
		let code: Vec<char> = self.code.chars().collect();
		let mut functions = Vec::new();
		let mut line = 1;
		for (at, character) in code.iter().enumerate() {
			if *character == '\n' {
				line += 1;
			}
			if *character != 'f' || code.get(at + 1) != Some(&'n') {
				continue;
			}
			let starts_word = at == 0 || !is_word(code.get(at - 1).copied());
			if !starts_word || is_word(code.get(at + 2).copied()) {
				continue;
			}
			let rest = code.get(at + 2..).unwrap_or_default();
			let name: String = rest
				.iter()
				.skip_while(|character| character.is_whitespace())
				.take_while(|character| is_word(Some(**character)))
				.collect();
			let after = rest
				.iter()
				.find(|character| !(character.is_whitespace() || is_word(Some(**character))));
			// Without a name it is a function pointer's type, without parameters a name in an attribute.
			let is_signature = !name.is_empty() && matches!(after, Some('(' | '<'));
			if let (true, Some(lines)) = (is_signature, body_lines(rest)) {
				functions.push(Function { name, line, lines });
			}
		}
		functions
	}
}

/// Lines up to the end of the body that follows a signature; nothing where there is a `;` instead of a body.
fn body_lines(code: &[char]) -> Option<usize> {
	let mut lines = 1;
	let mut braces = 0_usize;
	let mut brackets = 0_usize;
	for character in code {
		match character {
			'\n' => lines += 1,
			'(' | '[' => brackets += 1,
			')' | ']' => brackets = brackets.saturating_sub(1),
			// A `;` inside brackets is an array's length.
			';' if braces == 0 && brackets == 0 => return None,
			'{' => braces += 1,
			'}' if braces == 1 => return Some(lines),
			'}' => braces = braces.saturating_sub(1),
			_ => {}
		}
	}
	None
}

/// Whether `character` may be part of a name.
pub(super) fn is_word(character: Option<char>) -> bool {
	character.is_some_and(|character| character.is_alphanumeric() || character == '_')
}

/// Which layer each character belongs to. Quotes are code, what is between them is text.
fn layers(characters: &[char]) -> Vec<Layer> {
	let mut layers = Vec::with_capacity(characters.len());
	let at = |index: usize| characters.get(index).copied();
	while layers.len() < characters.len() {
		let start = layers.len();
		let (layer, end) = match (at(start), at(start + 1)) {
			(Some('/'), Some('/')) => (Layer::Comment, line_end(characters, start)),
			(Some('/'), Some('*')) => (Layer::Comment, block_comment_end(characters, start)),
			(Some('"'), _) => (
				Layer::Text,
				string_end(characters, start + 1, raw_hashes(characters, start)),
			),
			(Some('\''), _) => match character_end(characters, start) {
				Some(end) => (Layer::Text, end),
				None => (Layer::Code, start + 1),
			},
			_ => (Layer::Code, start + 1),
		};
		let end = end.clamp(start + 1, characters.len());
		if layer == Layer::Text {
			// The opening quote, the inside, the closing quote.
			layers.push(Layer::Code);
			layers.resize(end - 1, Layer::Text);
			layers.resize(end, Layer::Code);
		} else {
			layers.resize(end, layer);
		}
	}
	layers
}

fn line_end(characters: &[char], start: usize) -> usize {
	let length = characters
		.iter()
		.skip(start)
		.take_while(|character| **character != '\n')
		.count();
	start + length
}

/// Block comments nest.
fn block_comment_end(characters: &[char], start: usize) -> usize {
	let mut depth = 0_usize;
	let mut at = start;
	while at < characters.len() {
		match (characters.get(at), characters.get(at + 1)) {
			(Some('/'), Some('*')) => {
				depth += 1;
				at += 2;
			}
			(Some('*'), Some('/')) => {
				depth -= 1;
				at += 2;
				if depth == 0 {
					return at;
				}
			}
			_ => at += 1,
		}
	}
	at
}

/// For the quote at `quote`: how many `#` open it if the string is raw (`r#"`, `br"`), else nothing.
fn raw_hashes(characters: &[char], quote: usize) -> Option<usize> {
	let before = characters.get(..quote).unwrap_or_default();
	let hashes = before.iter().rev().take_while(|character| **character == '#').count();
	let mut prefix = before.iter().rev().skip(hashes);
	if prefix.next() != Some(&'r') {
		return None;
	}
	match prefix.next().copied() {
		Some('b' | 'c') => (!is_word(prefix.next().copied())).then_some(hashes),
		other => (!is_word(other)).then_some(hashes),
	}
}

/// Just after the closing quote of the string whose inside starts at `start`.
fn string_end(characters: &[char], start: usize, raw: Option<usize>) -> usize {
	let mut at = start;
	while let Some(character) = characters.get(at) {
		match (character, raw) {
			('\\', None) => at += 1,
			('"', None) => return at + 1,
			('"', Some(hashes)) => {
				let closing = characters.iter().skip(at + 1).take(hashes);
				if closing.filter(|character| **character == '#').count() == hashes {
					return at + 1;
				}
			}
			_ => {}
		}
		at += 1;
	}
	at
}

/// Just after the character literal at `start`; nothing where the quote starts a lifetime or a label.
fn character_end(characters: &[char], start: usize) -> Option<usize> {
	match (characters.get(start + 1)?, characters.get(start + 2)?) {
		('\\', _) => {
			let rest = characters.iter().skip(start + 3);
			// The longest escape is `\u{10FFFF}`.
			rest.take(9)
				.position(|character| *character == '\'')
				.map(|length| start + length + 4)
		}
		(_, '\'') => Some(start + 3),
		_ => None,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn comments_strings_and_code_are_told_apart() {
		let text = "let a = \"in // string\"; // in comment\n/* out /* nested */ still */ let b;\n";
		let source = Source::new(text);
		assert_eq!(source.code.len(), text.len());
		assert!(source.code.contains("let a = \"") && source.code.contains("let b;"));
		assert!(!source.code.contains("string") && !source.code.contains("still"));
		assert!(source.comments.contains("// in comment") && source.comments.contains("still */"));
		assert!(!source.comments.contains("in // string"));
		assert!(source.strings.contains("in // string"));
		assert_eq!(source.lines, 2);
	}

	#[test]
	fn raw_strings_escapes_characters_and_lifetimes() {
		for (text, hidden) in [
			(r##"let x = r#"a " } b"#; fn after() {}"##, "} b"),
			(r#"let x = br"\"; fn after() {}"#, "\\"),
			(r#"let x = "a \" } b"; fn after() {}"#, "} b"),
			(r"let x = '}'; fn after() {}", "}'"),
			(r"let x = '\''; fn after() {}", "\\"),
			(r"let x = '\u{7d}'; fn after() {}", "7d"),
			("let x = '\"'; fn after() {}", "'\"'"),
			("impl<'a> X<'a> {} fn after() {}", "no such text"),
			(r#"let car = "}"; fn after() {}"#, "\"}\""),
		] {
			let source = Source::new(text);
			assert!(source.code.contains("fn after() {}"), "{text} became {}", source.code);
			assert!(!source.code.contains(hidden), "{text} became {}", source.code);
		}
	}

	#[test]
	fn functions_are_measured_to_their_closing_brace() {
		let text = "trait T { fn none(&self, a: [u8; 2]); }\n\
					fn one() { \"}\"; }\n\
					#[generate(pub fn named)] enum E {}\n\
					pub fn four(f: fn(u8) -> u8, a: [u8; 3])\nwhere u8: Copy\n{ fn inner() {\n} }\n";
		let functions = Source::new(text).functions();
		let expected = [("one", 2, 1), ("four", 3, 4), ("inner", 5, 2)];
		let expected = expected.map(|(name, line, lines)| Function {
			name: name.into(),
			line,
			lines,
		});
		assert_eq!(functions, expected);
	}

	#[test]
	fn unfinished_text_does_not_hang() {
		for text in ["\"abc", "/* abc", "r#\"abc", "'", "fn", "fn a", "fn a() {", "\\", "'\\"] {
			let source = Source::new(text);
			assert_eq!(source.code.chars().count(), text.chars().count(), "{text}");
			assert!(source.functions().is_empty(), "{text}");
		}
	}
}
