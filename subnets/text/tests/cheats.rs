//! What honest work earns, and what each way of cheating earns.

mod common;

use std::sync::Arc;

use common::{END_OF_TURN, MODEL_HASH, Toy, VOCABULARY, answer, context, mechanism, tokens, transcript};
use subnet_sdk::{Mechanism, Outcome, Score, TimedChunk, Transcript};
use subnet_text::{Chunk, Emitted, LanguageModel, SAMPLING_DOMAIN, Sampler, TextMechanism, TextParameters};

/// Five milliseconds a chunk: far above the target rate.
const QUICK_US: u64 = 5_000;
/// A model that errs by up to half a logit: what 4-bit weights do.
const DOWNGRADED: Toy = Toy {
	damage: 0.5,
	end_bias: -1_000.0,
	broken: None,
};

fn score(asked: u8, transcript: &Transcript<Chunk>) -> Score {
	let validator = mechanism(Toy::default());
	let context = context(asked, 1);
	let task = validator.task(&context).expect("a task");
	validator.score(&context, &task, transcript).expect("a score")
}

fn honest(nonce: u8, interval_us: u64) -> Transcript<Chunk> {
	answer(
		&mechanism(Toy::default()),
		&context(nonce, 1),
		&context(nonce, 1),
		interval_us,
	)
}

#[track_caller]
fn assert_zero(score: &Score, reason: &str) {
	assert!(
		score.value() == 0.0 && score.reason.contains(reason),
		"expected 0 with '{reason}', got {score}"
	);
}

/// The true model's logits along `tokens`, as somebody who owns both models could report them.
fn with_true_logits(nonce: u8, tokens: &[Emitted]) -> Vec<Emitted> {
	let model = Toy::default();
	let task = mechanism(model.clone()).task(&context(nonce, 1)).expect("a task");
	let prompt = model.encode_chat(&task.prompt).expect("a prompt");
	let ids: Vec<u32> = tokens.iter().map(|emitted| emitted.token).collect();
	let rows = model.score(&prompt, &ids).expect("logits");
	let logit = |(row, token): (&[f32], u32)| Emitted {
		token,
		logit: row[token as usize],
	};
	rows.chunks_exact(VOCABULARY).zip(ids).map(logit).collect()
}

#[test]
fn honest_answers_earn_everything() {
	for nonce in 1..=30 {
		let score = score(nonce, &honest(nonce, QUICK_US));
		assert!(
			score.value() == 1.0 && score.reason.starts_with("32 of 32 tokens verified"),
			"{score}"
		);
	}
}

#[test]
fn speed_is_paid_up_to_the_target() {
	// 33 chunks at 100 ms: 32 tokens in 3.3 s is 9.7 tokens/s of the 10 asked for.
	let near = score(1, &honest(1, 100_000));
	assert!((near.value() - 32.0 / 33.0).abs() < 1e-9, "{near}");
	let throttled = score(1, &honest(1, 400_000));
	assert!((throttled.value() - 8.0 / 33.0).abs() < 1e-9, "{throttled}");
}

#[test]
fn holding_tokens_back_and_sending_them_in_one_burst_gains_nothing() {
	let steady = honest(1, 400_000);
	let mut burst = steady.clone();
	for (index, timed) in burst.chunks.iter_mut().enumerate() {
		timed.elapsed_us = 400_000 * 33 - 33 + index as u64 + 1;
	}
	assert_eq!(score(1, &burst).value(), score(1, &steady).value());
	// Nor does a clock that stands still divide by zero.
	let mut instant = honest(1, QUICK_US);
	instant.chunks.iter_mut().for_each(|timed| timed.elapsed_us = 0);
	assert_eq!(score(1, &instant).value(), 1.0);
}

#[test]
fn relayed_answers_earn_nothing() {
	let model = mechanism(Toy::default());
	for nonce in 1..=30 {
		for (asked, solved_as) in [
			(context(nonce, 1), context(nonce, 2)),
			(context(nonce, 1), context(nonce + 100, 1)),
			(context(nonce, 2), context(nonce, 2)),
		] {
			let relayed = answer(&model, &asked, &solved_as, QUICK_US);
			assert_zero(&score(nonce, &relayed), "not this model under this seed");
		}
	}
}

#[test]
fn a_downgraded_model_earns_nothing_although_most_of_its_tokens_agree() {
	let miner = mechanism(DOWNGRADED);
	let (mut agreeing, mut all, mut would_pass) = (0, 0, 0);
	for nonce in 1..=30 {
		let downgraded = answer(&miner, &context(nonce, 1), &context(nonce, 1), QUICK_US);
		assert_zero(&score(nonce, &downgraded), "not this model under this seed");

		// How many of its tokens the true model would have picked: what a score without reported logits would pay.
		let sampler = Sampler::new(context(nonce, 1).seed(SAMPLING_DOMAIN), 1.0).expect("a sampler");
		let model = Toy::default();
		let task = mechanism(model.clone()).task(&context(nonce, 1)).expect("a task");
		let mut line = model.encode_chat(&task.prompt).expect("a prompt");
		let emitted = tokens(&downgraded);
		let mut same = 0;
		for (position, Emitted { token, .. }) in (0..).zip(&emitted) {
			same += usize::from(sampler.pick(position, &model.logits(&line, 1)).expect("a pick").token == *token);
			line.push(*token);
		}
		agreeing += same;
		all += emitted.len();
		would_pass += usize::from(same * 10 >= emitted.len() * 9);
	}
	let share = agreeing as f64 / all as f64;
	assert!(
		(0.7..0.97).contains(&share),
		"the toy downgrade agrees at {share}: not the cheat this test is about"
	);
	assert!(
		would_pass > 0,
		"counting tokens alone would have caught every answer: the cheat is too easy"
	);
}

#[test]
fn a_few_wrong_tokens_cost_their_share_and_more_cost_everything() {
	let good = tokens(&honest(1, QUICK_US));
	for (wrong, expected) in [(1, 31.0 / 32.0), (3, 29.0 / 32.0), (4, 0.0)] {
		let mut bad = good.clone();
		bad.iter_mut().take(wrong).for_each(|emitted| emitted.logit += 0.01);
		let score = score(1, &transcript(MODEL_HASH, bad));
		assert!((score.value() - expected).abs() < 1e-9, "{wrong} wrong: {score}");
	}
}

#[test]
fn reported_logits_must_be_true_and_so_must_tokens() {
	let good = tokens(&honest(1, QUICK_US));
	for forged in [0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
		let forged = good
			.iter()
			.map(|emitted| Emitted {
				logit: forged,
				..*emitted
			})
			.collect();
		assert_zero(
			&score(1, &transcript(MODEL_HASH, forged)),
			"not this model under this seed",
		);
	}
	// True logits do not save another miner's tokens.
	let relayed = tokens(&answer(
		&mechanism(Toy::default()),
		&context(1, 1),
		&context(1, 2),
		QUICK_US,
	));
	assert_zero(
		&score(1, &transcript(MODEL_HASH, with_true_logits(1, &relayed))),
		"below the seeded choice",
	);
	// The control: on one's own tokens they are worth full marks.
	assert_eq!(
		score(1, &transcript(MODEL_HASH, with_true_logits(1, &good))).value(),
		1.0
	);
}

#[test]
fn malformed_answers_earn_nothing_and_say_why() {
	let good = tokens(&honest(1, QUICK_US));
	let with = |edit: &dyn Fn(&mut Vec<Emitted>)| {
		let mut edited = good.clone();
		edit(&mut edited);
		transcript(MODEL_HASH, edited)
	};
	assert_zero(
		&score(1, &transcript([8; 32], good.clone())),
		"model 08080808… answered",
	);
	assert_zero(&score(1, &with(&Vec::clear)), "without tokens");
	assert_zero(
		&score(1, &with(&|tokens| tokens.truncate(31))),
		"31 tokens came, 32 were asked for",
	);
	assert_zero(
		&score(1, &with(&|tokens| tokens.extend(tokens.clone()))),
		"more than the 32 tokens",
	);
	assert_zero(
		&score(1, &with(&|tokens| tokens[5].token = VOCABULARY as u32)),
		"does not exist",
	);
	assert_zero(&score(1, &with(&|tokens| tokens[5].token = u32::MAX)), "does not exist");
	assert_zero(
		&score(1, &with(&|tokens| tokens.reverse())),
		"not this model under this seed",
	);
	assert_zero(
		&score(1, &with(&|tokens| tokens[5].token = END_OF_TURN)),
		"goes on after its end",
	);

	let mut headless = honest(1, QUICK_US);
	headless.chunks.remove(0);
	assert_zero(&score(1, &headless), "the first chunk is not the header");
	let mut only_header = honest(1, QUICK_US);
	only_header.chunks.truncate(1);
	assert_zero(&score(1, &only_header), "has no tokens");
	let mut two_headers = honest(1, QUICK_US);
	two_headers.chunks.push(TimedChunk {
		elapsed_us: 9,
		chunk: Chunk::Header { model_hash: MODEL_HASH },
	});
	assert_zero(&score(1, &two_headers), "a second header");
	let nothing = Transcript {
		chunks: Vec::new(),
		outcome: Outcome::Complete,
	};
	assert_zero(&score(1, &nothing), "empty");
	for (outcome, reason) in [
		(Outcome::TimedOut, "deadline"),
		(Outcome::Failed("reset".into()), "reset"),
	] {
		assert_zero(
			&score(
				1,
				&Transcript {
					outcome,
					..honest(1, QUICK_US)
				},
			),
			reason,
		);
	}
}

#[test]
fn an_answer_may_end_early_only_where_the_seeded_sampler_ends_it() {
	let talkative = Toy {
		end_bias: 6.0,
		..Toy::default()
	};
	let text = TextMechanism::new(Arc::new(talkative), TextParameters::default()).expect("sound parameters");
	let mut ended_early = 0;
	for nonce in 1..=30 {
		let context = context(nonce, 1);
		let task = text.task(&context).expect("a task");
		let solved = answer(&text, &context, &context, QUICK_US);
		let earned = text.score(&context, &task, &solved).expect("a score");
		assert_eq!(earned.value(), 1.0, "{earned}");
		let emitted = tokens(&solved);
		ended_early += usize::from(emitted.len() < 32);

		// Half the answer and an end of turn of one's own making.
		let mut cut: Vec<Emitted> = emitted[..emitted.len() / 2].to_vec();
		cut.push(Emitted {
			token: END_OF_TURN,
			logit: 0.0,
		});
		let earned = text
			.score(&context, &task, &transcript(MODEL_HASH, cut))
			.expect("a score");
		assert_zero(&earned, "without cause");
	}
	assert!(
		ended_early > 5,
		"only {ended_early} of 30 answers ended early: the test tests nothing"
	);
}
