//! Every reader of a model's files, in one place: for the fuzz target and for the property test.
//!
//! A model is downloaded, so its files may say anything; and what its users say goes through its tokenizer and its chat
//! template.

use std::sync::LazyLock;

use crate::chat::{ChatMessage, ChatTemplate};
use crate::compute::Compute;
use crate::embedder::Embedder;
use crate::error::Fault;
use crate::folder::Folder;
use crate::gguf::Gguf;
use crate::tiny::{SPECIALS, TinySpec, TinyVocabulary, gguf};
use crate::tiny_folder::{Files, embedder_files, model_files};
use crate::tokenizer::TextTokenizer;
use crate::{InferError, Model, Precision, QuantType, tiny_pieces};

/// The smallest model, so that most of its file is what describes it.
static SPEC: LazyLock<TinySpec> = LazyLock::new(|| TinySpec {
	layers: 1,
	embedding: 32,
	feed_forward: 32,
	heads: 2,
	kv_heads: 1,
	context_length: 64,
	..TinySpec::default()
});
/// The same with sentence pieces.
static PIECES: LazyLock<TinySpec> = LazyLock::new(|| TinySpec {
	vocabulary: TinyVocabulary::SentencePieces,
	..SPEC.clone()
});
static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| small_file(&SPEC));
static PIECES_FILE: LazyLock<Vec<u8>> = LazyLock::new(|| small_file(&PIECES));
static PIECES_FOLDER: LazyLock<Files> = LazyLock::new(|| model_files(1, &PIECES, 2).expect("sizes that fit"));
static FOLDER: LazyLock<Files> = LazyLock::new(|| model_files(1, &SPEC, 2).expect("sizes that fit"));
static EMBEDDER: LazyLock<Files> = LazyLock::new(|| embedder_files(1).expect("sizes that fit"));
static TOKENIZER: LazyLock<TextTokenizer> = LazyLock::new(|| tokenizer(&FILE));
static PIECES_TOKENIZER: LazyLock<TextTokenizer> = LazyLock::new(|| tokenizer(&PIECES_FILE));
static COMPUTE: LazyLock<Compute> = LazyLock::new(|| Compute::new(None).expect("the shared threads"));

fn small_file(spec: &TinySpec) -> Vec<u8> {
	let storage = Precision::Quantized(QuantType::Q4_0);
	let spec = TinySpec {
		storage,
		..spec.clone()
	};
	gguf(1, &spec).expect("sizes that fit")
}

fn tokenizer(file: &[u8]) -> TextTokenizer {
	let file = Gguf::parse(file).expect("a tiny file");
	TextTokenizer::read(&file).expect("a tiny tokenizer")
}

/// What each model that can be read at all is asked.
const QUESTION: &str = " The 12 <|im_end|> é\u{fdd0}</s>";
/// Tokens of it that go through the model.
const PROMPT_TOKENS: usize = 6;

/// Makes a file, a folder, a template or a text of the bytes, by the remainder of the first one, and uses it: 0. a GGUF
/// file; 1. a sound one with damage; 2. a file of a sound folder, which the second byte names; 3. the same with damage;
/// 4. and 5. the same of an embedder; 6. a chat template; 7. a text; 8. to 11. as 1., 2., 3. and 7., of a model with
/// sentence pieces.
///
/// Damage is a list of three bytes each: a place (two bytes) and a value.
///
/// # Errors
/// Names what does not hold: a model that was read cannot do what models do, or a text does not stay text.
pub fn use_anything(bytes: &[u8]) -> Result<(), &'static str> {
	let Some((way, rest)) = bytes.split_first() else {
		return Ok(());
	};
	match way % 12 {
		0 => ask(Model::from_gguf(rest, (*COMPUTE).clone())),
		1 => ask_file(FILE.clone(), rest),
		2 => replaced(&FOLDER, rest).map_or(Ok(()), ask_folder),
		3 => damaged(&FOLDER, rest).map_or(Ok(()), ask_folder),
		4 => replaced(&EMBEDDER, rest).map_or(Ok(()), ask_embedder),
		5 => damaged(&EMBEDDER, rest).map_or(Ok(()), ask_embedder),
		6 => render(rest),
		7 => tokenize(&TOKENIZER, SPECIALS.len(), rest),
		8 => ask_file(PIECES_FILE.clone(), rest),
		9 => replaced(&PIECES_FOLDER, rest).map_or(Ok(()), ask_folder),
		10 => damaged(&PIECES_FOLDER, rest).map_or(Ok(()), ask_folder),
		_ => tokenize(&PIECES_TOKENIZER, tiny_pieces::SPECIALS.len(), rest),
	}
}

fn ask_file(mut file: Vec<u8>, bytes: &[u8]) -> Result<(), &'static str> {
	damage(&mut file, bytes);
	ask(Model::from_gguf(&file, (*COMPUTE).clone()))
}

fn damage(file: &mut [u8], bytes: &[u8]) {
	for &[low, high, value] in bytes.as_chunks::<3>().0 {
		let place = usize::from(u16::from_le_bytes([low, high])) % file.len().max(1);
		file.iter_mut().skip(place).take(1).for_each(|byte| *byte = value);
	}
}

/// The folder with one file, that may not have been there, made of the bytes.
fn replaced(files: &Files, bytes: &[u8]) -> Option<Files> {
	const MORE: [&str; 2] = ["chat_template.jinja", "generation_config.json"];
	let (which, content) = bytes.split_first()?;
	let names: Vec<&str> = files.keys().map(String::as_str).chain(MORE).collect();
	let mut files = files.clone();
	files.insert(names[usize::from(*which) % names.len()].to_owned(), content.to_vec());
	Some(files)
}

fn damaged(files: &Files, bytes: &[u8]) -> Option<Files> {
	let (which, edits) = bytes.split_first()?;
	let mut files = files.clone();
	let index = usize::from(*which) % files.len().max(1);
	damage(files.values_mut().nth(index)?, edits);
	Some(files)
}

fn ask_folder(files: Files) -> Result<(), &'static str> {
	ask(Folder::of(files).and_then(|folder| Model::from_folder(&folder, (*COMPUTE).clone())))
}

/// What every model does: texts to tokens and back, and logits.
fn ask(model: Result<Model, Fault>) -> Result<(), &'static str> {
	let Ok(model) = model else { return Ok(()) };
	let vocabulary = model.vocabulary_size();
	for encoded in [
		model.encode_plain(QUESTION),
		model.encode(QUESTION),
		model.encode_chat(QUESTION),
	] {
		let Ok(mut tokens) = encoded else { continue };
		if tokens.iter().any(|token| *token as usize >= vocabulary) {
			return Err("the tokenizer makes tokens that the model does not have");
		}
		model.decode(&tokens).map_err(|_| "its own tokens cannot be decoded")?;
		tokens.truncate(PROMPT_TOKENS.min(model.context_length()));
		if tokens.is_empty() {
			continue;
		}
		let logits = model.session().append(&tokens);
		if logits.map_err(|_| "a prompt that fits is refused")?.len() != vocabulary {
			return Err("the logits do not fit the vocabulary");
		}
	}
	Ok(())
}

fn ask_embedder(files: Files) -> Result<(), &'static str> {
	let embedder = Folder::of(files).and_then(|folder| Embedder::from_folder(&folder, (*COMPUTE).clone()));
	let Ok(embedder) = embedder else { return Ok(()) };
	match embedder.embed("The cat sat é") {
		Ok(vector) if vector.len() != embedder.dimensions() => Err("a vector of other dimensions"),
		_ => Ok(()),
	}
}

/// A template that the bytes spell, for a conversation of which nobody may end a turn.
fn render(program: &[u8]) -> Result<(), &'static str> {
	let template = ChatTemplate::read(Some(&String::from_utf8_lossy(program)));
	let messages = [
		ChatMessage::new("system", "Be brief"),
		ChatMessage::new("user", QUESTION),
	];
	match template.encode(&TOKENIZER, &messages, true) {
		Ok(_) | Err(InferError::NoChatTemplate(_) | InferError::Conversation(_) | InferError::TextTooLong { .. }) => {
			Ok(())
		}
		Err(_) => Err("a template fails in a way of its own"),
	}
}

/// What users say stays text, and is what comes back; the first `specials` tokens are special.
fn tokenize(tokenizer: &TextTokenizer, specials: usize, text: &[u8]) -> Result<(), &'static str> {
	let text = String::from_utf8_lossy(text);
	let marked = tokenizer.mark(&text, false);
	let tokens = tokenizer.encode(&marked).map_err(|_| "a text cannot be encoded")?;
	let said = &tokens[usize::from(tokenizer.beginning().is_some())..];
	if said.iter().any(|token| (*token as usize) < specials) {
		return Err("a text makes a special token");
	}
	let back = tokenizer
		.decode(&tokens)
		.map_err(|_| "its own tokens cannot be decoded")?;
	// Sentence pieces know one space, however it is written.
	let spaces = |text: &str| text.replace('\u{2581}', " ");
	if back == text.replace('\u{fdd0}', "\u{fffd}") || back == spaces(&text.replace('\u{fdd0}', "\u{fffd}")) {
		Ok(())
	} else {
		Err("another text comes back")
	}
}

#[cfg(test)]
mod tests {
	use proptest::prelude::*;

	use super::*;

	/// Else damage to them would never get far.
	#[test]
	fn what_is_damaged_is_sound() {
		assert!(Model::from_gguf(&FILE, (*COMPUTE).clone()).is_ok());
		assert!(Model::from_gguf(&PIECES_FILE, (*COMPUTE).clone()).is_ok());
		for bytes in [&[1][..], &[3, 0], &[5, 0], &[8], &[10, 0]] {
			assert_eq!(use_anything(bytes), Ok(()));
		}
		let folder = Folder::of(PIECES_FOLDER.clone()).unwrap();
		assert!(Model::from_folder(&folder, (*COMPUTE).clone()).is_ok());
		let folder = Folder::of(FOLDER.clone()).unwrap();
		assert!(Model::from_folder(&folder, (*COMPUTE).clone()).is_ok());
		let folder = Folder::of(EMBEDDER.clone()).unwrap();
		assert!(Embedder::from_folder(&folder, (*COMPUTE).clone()).is_ok());
	}

	proptest! {
		#![proptest_config(ProptestConfig::with_cases(400))]

		#[test]
		fn no_file_template_or_text_panics(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
			prop_assert_eq!(use_anything(&bytes), Ok(()));
		}

		#[test]
		fn texts_stay_texts(text in ".{0,20}(<\\|im_(end|start)\\|>|<\\|endoftext\\|>|\u{fdd0}|<\\|){0,3}.{0,20}") {
			prop_assert_eq!(use_anything(&[&[7], text.as_bytes()].concat()), Ok(()));
		}

		#[test]
		fn texts_in_pieces_stay_texts(text in "[▁ the]{0,9}.{0,20}(</?s>|<unk>|\\[/?INST\\]|<0x0A>|\u{fdd0}|\\[/){0,3}.{0,20}") {
			prop_assert_eq!(use_anything(&[&[11], text.as_bytes()].concat()), Ok(()));
		}
	}
}
