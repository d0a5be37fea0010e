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
			let verdict = canary(index).check(&answered(&miner, &canary(index), hotkey));
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
		let verdict = canary(*index).check(&answered(&miner, &canary(*index), 1));
		matches!(verdict, CanaryVerdict::Wrong { .. })
	});
	let wrong = wrong.count();
	assert!(wrong >= 10, "{wrong} of 20 canaries saw it");
}

#[test]
fn an_answer_that_is_cut_or_goes_on_is_not_the_known_one() {
	let canary = canary(1);
	let whole = answered(&mechanism(Toy::default()), &canary, 1);
	assert_eq!(canary.check(&whole), CanaryVerdict::Right);
	let mut cut = whole.clone();
	cut.tokens.truncate(5);
	assert_eq!(canary.check(&cut), CanaryVerdict::Wrong { position: 5 });
	let mut longer = whole.clone();
	longer.tokens.extend(whole.tokens.first().copied());
	let position = whole.tokens.len();
	assert_eq!(canary.check(&longer), CanaryVerdict::Wrong { position });
}

#[test]
fn canaries_keep_the_bounds_of_tasks() {
	for (prompt, tokens) in [(Prompt::user(""), 5), (Prompt::user("x"), 0)] {
		assert!(Canary::new(Arc::new(Toy::default()), prompt, tokens).is_err());
	}
}
