//! Known answers: right for every honest miner, wrong for another model.

mod common;

use std::sync::Arc;

use common::{EPOCH, Toy, answer, context, mechanism};
use subnet_text::{Answer, AnswerReader, Canary, CanaryVerdict, Prompt, TextMechanism};

fn canary(index: u8) -> Canary {
	let prompt = Prompt::user(format!("What is {index} and {index}?"));
	Canary::new(Arc::new(Toy::default()), prompt, 24).expect("a canary")
}

fn answered(miner: &TextMechanism, canary: &Canary, hotkey: u8) -> Answer {
	let task = canary.task(EPOCH);
	let transcript = answer(miner, &task, &context(9, hotkey), 1_000);
	let mut reader = AnswerReader::new(Arc::new(Toy::default()), task);
	for timed in &transcript.chunks {
		reader.push(&timed.chunk).expect("a sound chunk");
	}
	reader.end().expect("a whole answer")
}

#[test]
fn honest_miners_give_the_known_answer_whoever_they_are() {
	let miner = mechanism(Toy::default());
	for index in 0..20 {
		for hotkey in 1..4 {
			let verdict = canary(index).check(&answered(&miner, &canary(index), hotkey).tokens);
			assert!(!matches!(verdict, CanaryVerdict::Wrong { .. }), "{index}: {verdict:?}");
		}
	}
}

#[test]
fn another_model_gives_itself_away() {
	let miner = mechanism(Toy {
		damage: 0.5,
		..Toy::default()
	});
	let wrong = (0..20).filter(|index| {
		let verdict = canary(*index).check(&answered(&miner, &canary(*index), 1).tokens);
		matches!(verdict, CanaryVerdict::Wrong { .. })
	});
	let wrong = wrong.count();
	assert!(wrong >= 10, "{wrong} of 20 canaries saw it");
}

#[test]
fn an_answer_that_is_cut_or_goes_on_is_not_the_known_one() {
	let canary = canary(1);
	let whole = answered(&mechanism(Toy::default()), &canary, 1);
	assert_eq!(canary.check(&whole.tokens), CanaryVerdict::Right);
	let mut cut = whole.clone();
	cut.tokens.truncate(5);
	assert_eq!(canary.check(&cut.tokens), CanaryVerdict::Wrong { position: 5 });
	let mut longer = whole.clone();
	longer.tokens.extend(whole.tokens.first().copied());
	let position = whole.tokens.len();
	assert_eq!(canary.check(&longer.tokens), CanaryVerdict::Wrong { position });
}

#[test]
fn of_a_long_answer_its_beginning_is_enough() {
	let prompt = Prompt::user("What is 1 and 1?".to_owned());
	let begun = Canary::begun(Arc::new(Toy::default()), prompt, 24, 3).expect("a canary");
	assert_eq!((begun.known_tokens(), begun.task(EPOCH)), (3, canary(1).task(EPOCH)));
	let whole = answered(&mechanism(Toy::default()), &begun, 1);
	assert!(whole.tokens.len() > 3);
	assert_eq!(begun.check(&whole.tokens), CanaryVerdict::Right);
	assert_eq!(begun.check(&whole.tokens[..3]), CanaryVerdict::Right);
	let missing = begun.check(&whole.tokens[..2]);
	assert_ne!(missing, CanaryVerdict::Right);
}

#[test]
fn canaries_keep_the_bounds_of_tasks() {
	for (prompt, tokens) in [(Prompt::user(""), 5), (Prompt::user("x"), 0)] {
		assert!(Canary::new(Arc::new(Toy::default()), prompt, tokens).is_err());
	}
}
