//! Models whose vocabulary is one of sentence pieces.

use neuron_infer::engine::{Engine, EngineOptions, Request, Sampling, SamplingOptions};
use neuron_infer::tiny::{TinySpec, TinyVocabulary, write_folder};
use neuron_infer::{ChatMessage, LoadOptions, Model, Precision};

use crate::{load, written};

const BEGINNING: u32 = 1;
const END: u32 = 2;
/// The first token that is text.
const FIRST_BYTE: u32 = 5;

fn spec() -> TinySpec {
	TinySpec {
		vocabulary: TinyVocabulary::SentencePieces,
		..TinySpec::default()
	}
}

/// The same model from a file and from a folder.
fn both() -> [Model; 2] {
	let folder = tempfile::tempdir().unwrap();
	write_folder(folder.path(), 31, &spec(), 1).unwrap();
	let in_folder = Model::load(folder.path(), &LoadOptions::default()).unwrap();
	[load(&written(31, &spec()), Precision::F32), in_folder]
}

#[test]
fn files_and_folders_make_the_same_of_texts_and_conversations() {
	let [file, folder] = both();
	assert_eq!(file.vocabulary_size(), spec().vocabulary_size());
	assert_eq!(file.end_of_turn(), Some(END));
	let message = ChatMessage::new;
	let talk = [
		message("user", "the </s> thing"),
		message("assistant", "a thing"),
		message("user", "[INST] the\u{fdd0}n"),
	];
	for text in ["", "the thing", "  the  ", "é漢🙂\n\t", "<s></s>[INST]<0x0A><unk>"] {
		let tokens = file.encode_plain(text).unwrap();
		assert_eq!(tokens, folder.encode_plain(text).unwrap());
		assert_eq!(tokens[0], BEGINNING);
		assert!(
			tokens[1..].iter().all(|token| *token >= FIRST_BYTE),
			"{text:?}: {tokens:?}"
		);
		assert_eq!(file.decode(&tokens).unwrap(), text);
		assert_eq!(folder.decode(&tokens).unwrap(), text);
	}
	let tokens = file.encode_messages(&talk, true).unwrap();
	assert_eq!(tokens, folder.encode_messages(&talk, true).unwrap());
	let controls: Vec<u32> = tokens.iter().copied().filter(|token| *token < FIRST_BYTE).collect();
	assert_eq!(
		controls,
		[BEGINNING, 3, 4, END, 3, 4],
		"the template's own ones, in order"
	);
	assert_eq!(tokens[0], BEGINNING);
	let shown = file.decode(&tokens).unwrap();
	assert!(
		shown.contains("the </s> thing") && shown.contains("[INST] the\u{fffd}n"),
		"{shown}"
	);
	// Each part between special tokens gets a space of its own.
	let pieces = file.encode("[INST]the[/INST]the").unwrap();
	assert_eq!(
		(pieces[0], pieces[1], pieces[3], pieces[2]),
		(BEGINNING, 3, 4, pieces[4])
	);
	assert_eq!(file.decode(&pieces[2..3]).unwrap(), " the");
}

/// What is streamed is what the tokens stand for, for answers with bytes of characters and spaces at their beginnings.
#[test]
fn streamed_text_is_the_decoded_answer() {
	let [file, _] = both();
	let engine = Engine::start(file.clone(), EngineOptions::default()).unwrap();
	let mut spaces = 0;
	for seed in 0..12 {
		let mut request = Request::new(file.encode_chat("the thing").unwrap(), 40);
		request.stop_at_end_of_turn = false;
		request.sampling = Sampling::Options(SamplingOptions {
			temperature: 1.5,
			top_p: 1.0,
			top_k: 0,
			seed,
		});
		let answer = engine.submit(request).unwrap().blocking_complete().unwrap();
		let ids: Vec<u32> = answer.tokens.iter().map(|token| token.id).collect();
		assert_eq!(ids.len(), 40);
		let whole = file.decode(&ids).unwrap();
		let streamed: String = answer.tokens.iter().map(|token| token.text.as_str()).collect();
		assert_eq!(answer.text, whole, "seed {seed}");
		assert!(whole.starts_with(&streamed), "seed {seed}: {streamed:?}");
		spaces += usize::from(whole.contains(' '));
	}
	assert!(spaces > 0, "no answer of this model has a space");
}
