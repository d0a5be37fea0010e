//! Reading answers: text as it comes, characters in pieces, stop sequences, ends.

mod common;

use std::sync::Arc;

use common::{END_OF_TURN, MODEL_HASH, Toy, answer, context, mechanism, request};
use proptest::prelude::*;
use subnet_sdk::Mechanism;
use subnet_text::{AnswerError, AnswerReader, Chunk, Emitted, Finish, Leaf, Sampling, Task};

fn emitted(token: u32) -> Emitted {
	Emitted {
		token,
		logprob: 0.0,
		leaf: Leaf::default(),
	}
}

fn reader(max_tokens: u16, stop: &[&str]) -> AnswerReader {
	let task = Task {
		max_tokens,
		stop: stop.iter().map(|text| (*text).to_owned()).collect(),
		..request(Sampling::PLAIN)
	};
	AnswerReader::new(Arc::new(Toy::default()), task)
}

/// Pushes bytes, a token each, until the reader says that the answer is over; the pieces of text that came out.
fn feed(reader: &mut AnswerReader, text: &[u8]) -> Vec<String> {
	let mut pieces = Vec::new();
	for byte in text {
		if reader.finish().is_some() {
			break;
		}
		pieces.push(reader.push_token(emitted(u32::from(*byte))).expect("a sound token"));
	}
	pieces
}

#[test]
fn characters_come_whole() {
	let mut reader = reader(6, &[]);
	let pieces = feed(&mut reader, "aé😀".as_bytes());
	assert_eq!(pieces, ["a", "", "é", "", "", "\u{fffd}"]);
	// The answer above ended within a character, and what was there was shown as it was.
	let mut reader = self::reader(7, &[]);
	assert_eq!(feed(&mut reader, "aé😀".as_bytes()).concat(), "aé😀");
	assert_eq!(reader.end().map(|answer| answer.finish), Ok(Finish::Length));
}

#[test]
fn stop_sequences_end_the_answer_and_are_not_shown() {
	let mut stopped = reader(32, &["<end>", "\n\n"]);
	let pieces = feed(&mut stopped, b"one < two <end> three");
	assert_eq!(pieces.concat(), "one < two ");
	assert_eq!(stopped.finish(), Some(Finish::StopSequence));
	let error = stopped.push_token(emitted(65)).expect_err("after the end");
	assert!(error.to_string().contains("after a stop sequence"), "{error}");
	let answer = stopped.end().expect("a whole answer");
	assert_eq!((answer.text.as_str(), answer.tokens.len()), ("one < two ", 15));

	// What only begins like one comes out as soon as it is none, at the latest at the end.
	let mut length = reader(6, &["<end>"]);
	assert_eq!(feed(&mut length, b"ab<en."), ["a", "b", "", "", "", "<en."]);
	let mut cut = reader(4, &["<end>"]);
	assert_eq!(feed(&mut cut, b"ab<e"), ["a", "b", "", "<e"]);
	// The earliest wins.
	let mut two = reader(32, &["cd", "bcd"]);
	assert_eq!(feed(&mut two, b"abcdef").concat(), "a");
}

#[test]
fn an_end_of_turn_ends_the_answer() {
	let mut reader = reader(32, &["zz"]);
	feed(&mut reader, b"hiz");
	assert_eq!(reader.push_token(emitted(END_OF_TURN)), Ok("z".into()));
	let answer = reader.end().expect("a whole answer");
	assert_eq!((answer.text.as_str(), answer.finish), ("hiz", Finish::EndOfTurn));
	assert!(matches!(self::reader(3, &[]).end(), Err(AnswerError::Malformed(_))));
}

/// Bytes that waited for the rest of their character are shown at the end, and may complete a stop sequence then.
#[test]
fn a_stop_sequence_of_the_last_bytes_is_not_shown_either() {
	for (max_tokens, last) in [(32, END_OF_TURN), (3, 0xf0)] {
		let mut reader = reader(max_tokens, &["\u{fffd}"]);
		assert_eq!(feed(&mut reader, &[b'a', 0xca]), ["a", ""]);
		let shown = reader.push_token(emitted(last)).expect("a sound token");
		let answer = reader.end().expect("a whole answer");
		assert_eq!((shown.as_str(), answer.text.as_str()), ("", "a"));
		assert_eq!(answer.finish, Finish::StopSequence);
	}
}

#[test]
fn miners_stop_where_readers_stop() {
	let model = mechanism(Toy::default());
	let mut stopped = 0;
	for nonce in 1..=60 {
		let context = context(nonce, 1);
		// The toy writes random bytes: single letters are met soon.
		let task = Task {
			stop: ["a", "e", "i", "o"].map(String::from).to_vec(),
			..request(Sampling::PLAIN)
		};
		let transcript = answer(&model, &task, &context, 1_000);
		let score = model.score(&context, &task, &transcript).expect("a score");
		assert_eq!(score.value(), 1.0, "{score}");
		let mut reader = AnswerReader::new(Arc::new(Toy::default()), task);
		for timed in &transcript.chunks {
			reader.push(&timed.chunk).expect("a sound chunk");
		}
		stopped += usize::from(reader.finish() == Some(Finish::StopSequence));
	}
	assert!(stopped > 10, "{stopped} of 60 answers stopped: the test tests nothing");
}

proptest! {
	/// Whatever comes, the pieces are the text, and nothing of a stop sequence is in it.
	#[test]
	fn pieces_make_the_text(bytes in prop::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), any::<u8>()], 1..60)) {
		let mut reader = reader(60, &["ab", "bba", "é"]);
		reader.push(&Chunk::Header { model_hash: MODEL_HASH }).expect("a header");
		let mut pieces = feed(&mut reader, &bytes);
		if reader.finish().is_none() {
			pieces.push(reader.push_token(emitted(END_OF_TURN)).expect("an end"));
		}
		let answer = reader.end().expect("a whole answer");
		prop_assert_eq!(pieces.concat(), answer.text.clone());
		prop_assert!(!answer.text.contains("ab") && !answer.text.contains("bba") && !answer.text.contains('é'));
	}
}
