//! What honest work earns, and what each way of cheating earns.

mod common;

use std::sync::Arc;

use common::{
	END_OF_TURN, EPOCH, MODEL_HASH, Toy, VOCABULARY, answer, challenge, context, mechanism, proved, request, tokens,
	transcript,
};
use subnet_sdk::{
	ChallengeContext, Epoch, Evidence, Hotkey, Mechanism, Outcome, Score, SequentialTest, TimedChunk, Transcript,
};
use subnet_text::{Chunk, Emitted, Leaf, Sampling, Task, TextMechanism, TextParameters, check_tokens};

/// Five milliseconds a chunk: far above the target rate.
const QUICK_US: u64 = 5_000;
/// A model that errs by up to half a logit: what 4-bit weights do.
const DOWNGRADED: Toy = Toy {
	damage: 0.5,
	end_bias: -1_000.0,
	broken: None,
};
const GREEDY: Sampling = Sampling {
	temperature: 0.0,
	..Sampling::PLAIN
};

fn score(context: &ChallengeContext, task: &Task, transcript: &Transcript<Chunk>) -> Score {
	mechanism(Toy::default())
		.score(context, task, transcript)
		.expect("a score")
}

/// A context with its challenge and the honest answer to it.
fn honest(nonce: u8, interval_us: u64) -> (ChallengeContext, Task, Transcript<Chunk>) {
	let context = context(nonce, 1);
	let task = challenge(&context);
	let answer = answer(&mechanism(Toy::default()), &task, &context, interval_us);
	(context, task, answer)
}

/// An answer of 32 tokens to an application.
fn plain() -> (ChallengeContext, Task, Transcript<Chunk>) {
	let (context, task) = (context(1, 1), request(Sampling::PLAIN));
	let answer = answer(&mechanism(Toy::default()), &task, &context, QUICK_US);
	(context, task, answer)
}

#[track_caller]
fn assert_zero(score: &Score, reason: &str) {
	assert!(
		score.value() == 0.0 && score.reason.contains(reason),
		"expected 0 with '{reason}', got {score}"
	);
}

#[test]
fn honest_answers_earn_everything() {
	for nonce in 1..=60 {
		let (context, task, answer) = honest(nonce, QUICK_US);
		let score = score(&context, &task, &answer);
		let evidence = score.evidence();
		assert_eq!((score.value(), evidence.failures), (1.0, 0), "{score}");
		assert_eq!(evidence.trials as usize, tokens(&answer).len());
	}
}

#[test]
fn applications_get_answers_that_are_checked_the_same_way() {
	for sampling in [
		Sampling::PLAIN,
		GREEDY,
		Sampling {
			temperature: 0.7,
			top_p: 0.9,
			seed: 42,
		},
	] {
		let (context, task) = (context(3, 4), request(sampling));
		let answer = answer(&mechanism(Toy::default()), &task, &context, QUICK_US);
		assert_eq!(score(&context, &task, &answer).value(), 1.0);
	}
}

#[test]
fn speed_is_paid_up_to_the_target() {
	let (context, task) = (context(1, 1), request(Sampling::PLAIN));
	let at = |interval_us| {
		score(
			&context,
			&task,
			&answer(&mechanism(Toy::default()), &task, &context, interval_us),
		)
	};
	// 33 chunks at 100 ms: 32 tokens in 3.3 s is 9.7 tokens/s of the 10 asked for.
	let near = at(100_000);
	assert!((near.value() - 32.0 / 33.0).abs() < 1e-9, "{near}");
	let throttled = at(400_000);
	assert!((throttled.value() - 8.0 / 33.0).abs() < 1e-9, "{throttled}");
}

#[test]
fn holding_tokens_back_and_sending_them_in_one_burst_gains_nothing() {
	let (context, task, steady) = honest(1, 400_000);
	let mut burst = steady.clone();
	let count = burst.chunks.len() as u64;
	for (index, timed) in burst.chunks.iter_mut().enumerate() {
		timed.elapsed_us = 400_000 * count - count + index as u64 + 1;
	}
	assert_eq!(
		score(&context, &task, &burst).value(),
		score(&context, &task, &steady).value()
	);
	// Nor does a clock that stands still divide by zero.
	let mut instant = steady;
	instant.chunks.iter_mut().for_each(|timed| timed.elapsed_us = 0);
	assert_eq!(score(&context, &task, &instant).value(), 1.0);
}

#[test]
fn relayed_and_replayed_answers_earn_nothing() {
	let model = mechanism(Toy::default());
	for nonce in 1..=40 {
		let own = context(nonce, 1);
		let task = challenge(&own);
		let other_miner = context(nonce, 2);
		let other_nonce = context(nonce + 100, 1);
		let other_validator = ChallengeContext {
			validator: Hotkey([151; 32]),
			..own
		};
		for solved_as in [other_miner, other_nonce, other_validator] {
			let relayed = answer(&model, &task, &solved_as, QUICK_US);
			assert_zero(&score(&own, &task, &relayed), "not this model under this seed");
		}
		// The same question at another time, or for another prompt, is another seed.
		let earlier = Task {
			epoch: Epoch { block: 4, ..EPOCH },
			..task.clone()
		};
		let replayed = answer(&model, &earlier, &own, QUICK_US);
		assert_zero(&score(&own, &task, &replayed), "not this model under this seed");
	}
}

/// At temperature 0 the tokens and their log-probabilities are the same for everybody: the leaves are not.
#[test]
fn relayed_greedy_answers_earn_nothing() {
	let model = mechanism(Toy::default());
	let (own, other, task) = (context(1, 1), context(1, 2), request(GREEDY));
	let relayed = answer(&model, &task, &other, QUICK_US);
	let mine = answer(&model, &task, &own, QUICK_US);
	let plain = |transcript: &Transcript<Chunk>| -> Vec<(u32, f32)> {
		let pair = |emitted: &Emitted| (emitted.token, emitted.logprob);
		tokens(transcript).iter().map(pair).collect()
	};
	assert_eq!(plain(&relayed), plain(&mine));
	assert_zero(&score(&own, &task, &relayed), "the leaf commits to other logits");
}

#[test]
fn a_downgraded_model_earns_nothing_although_most_of_its_tokens_agree() {
	let miner = mechanism(DOWNGRADED);
	let (mut agreeing, mut all) = (0, 0);
	for nonce in 1..=40 {
		let context = context(nonce, 1);
		let task = challenge(&context);
		let downgraded = answer(&miner, &task, &context, QUICK_US);
		assert_zero(&score(&context, &task, &downgraded), "not this model under this seed");
		let checks = check_tokens(
			&Toy::default(),
			&TextParameters::default(),
			&context,
			&task,
			&tokens(&downgraded),
		)
		.expect("checks");
		agreeing += checks.iter().filter(|check| check.margin == 0.0).count();
		all += checks.len();
	}
	let share = agreeing as f64 / all as f64;
	assert!(
		(0.7..0.97).contains(&share),
		"the toy downgrade agrees at {share}: not the cheat this test is about"
	);
}

/// A cheap model writes, the true one proves: log-probabilities and leaves are right, margins are not.
#[test]
fn pre_filled_answers_are_caught_at_once_or_over_some_answers() {
	let miner = mechanism(DOWNGRADED);
	let parameters = TextParameters::default();
	let mut over_answers = SequentialTest::new(parameters.test);
	let (mut caught, mut alone) = (0, 0);
	for nonce in 1..=40 {
		let context = context(nonce, 1);
		let task = challenge(&context);
		let written = tokens(&answer(&miner, &task, &context, QUICK_US));
		let answer = transcript(MODEL_HASH, proved(&context, &task, &written));
		let score = score(&context, &task, &answer);
		let checks = check_tokens(&Toy::default(), &parameters, &context, &task, &tokens(&answer)).expect("checks");
		assert!(
			checks
				.iter()
				.all(|check| check.leaf_matches && check.logprob_error < 0.005)
		);
		caught += usize::from(score.value() == 0.0);
		over_answers.observe_many(score.evidence());
		alone += usize::from(over_answers.condemned() && nonce <= 5);
	}
	assert!(caught >= 20, "{caught} of 40 caught alone");
	assert!(alone > 0, "not condemned after 5 answers");
}

#[test]
fn a_wrong_token_costs_its_share_and_more_cost_everything() {
	let (context, task, answer) = plain();
	let good = tokens(&answer);
	for (wrong, expected) in [(vec![3], 31.0 / 32.0), (vec![3, 30], 30.0 / 32.0), (vec![3, 4], 0.0)] {
		let mut bad = good.clone();
		wrong.iter().for_each(|index| bad[*index].logprob += 0.01);
		let score = score(&context, &task, &transcript(MODEL_HASH, bad));
		assert!((score.value() - expected).abs() < 1e-9, "{wrong:?} wrong: {score}");
		assert_eq!(
			score.evidence(),
			Evidence {
				trials: 32,
				failures: wrong.len() as u32
			}
		);
	}
}

#[test]
fn reported_numbers_must_be_true_and_so_must_tokens() {
	let (context, task, answer) = plain();
	let good = tokens(&answer);
	for forged in [0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
		let forged = good.iter().map(|emitted| Emitted {
			logprob: forged,
			..*emitted
		});
		let score = score(&context, &task, &transcript(MODEL_HASH, forged.collect()));
		assert_zero(&score, "the log-probability");
	}
	let unproved = good.iter().map(|emitted| Emitted {
		leaf: Leaf::default(),
		..*emitted
	});
	let unproved = transcript(MODEL_HASH, unproved.collect());
	assert_zero(&score(&context, &task, &unproved), "the leaf commits");
	// True numbers do not save another miner's tokens.
	let theirs = tokens(&common::answer(
		&mechanism(Toy::default()),
		&task,
		&common::context(1, 2),
		QUICK_US,
	));
	let relayed = transcript(MODEL_HASH, proved(&context, &task, &theirs));
	assert_zero(&score(&context, &task, &relayed), "below the seeded choice");
	// The control: on one's own tokens they are worth full marks.
	let control = transcript(MODEL_HASH, proved(&context, &task, &good));
	assert_eq!(score(&context, &task, &control).value(), 1.0);
}

#[test]
fn malformed_answers_earn_nothing_and_say_why() {
	let (context, task, answer) = plain();
	let good = tokens(&answer);
	let score = |transcript: &Transcript<Chunk>| score(&context, &task, transcript);
	let with = |edit: &dyn Fn(&mut Vec<Emitted>)| {
		let mut edited = good.clone();
		edit(&mut edited);
		transcript(MODEL_HASH, edited)
	};
	assert_zero(&score(&transcript([8; 32], good.clone())), "model 08080808… answered");
	assert_zero(&score(&with(&Vec::clear)), "without tokens");
	assert_zero(
		&score(&with(&|tokens| tokens.truncate(31))),
		"31 tokens came, 32 were asked for",
	);
	assert_zero(
		&score(&with(&|tokens| tokens.extend(tokens.clone()))),
		"more than the 32 tokens",
	);
	assert_zero(
		&score(&with(&|tokens| tokens[5].token = VOCABULARY as u32)),
		"does not exist",
	);
	assert_zero(&score(&with(&|tokens| tokens[5].token = u32::MAX)), "does not exist");
	assert_zero(
		&score(&with(&|tokens| tokens.reverse())),
		"not this model under this seed",
	);
	assert_zero(
		&score(&with(&|tokens| tokens[5].token = END_OF_TURN)),
		"goes on after its end of turn",
	);

	let edited = |edit: &dyn Fn(&mut Vec<TimedChunk<Chunk>>)| {
		let mut edited = answer.clone();
		edit(&mut edited.chunks);
		edited
	};
	let header = TimedChunk {
		elapsed_us: 9,
		chunk: Chunk::Header { model_hash: MODEL_HASH },
	};
	let headless = edited(&|chunks| drop(chunks.remove(0)));
	assert_zero(&score(&headless), "the first chunk is not the header");
	assert_zero(&score(&edited(&|chunks| chunks.truncate(1))), "has no tokens");
	assert_zero(
		&score(&edited(&|chunks| chunks.push(header.clone()))),
		"a second header",
	);
	assert_zero(&score(&edited(&Vec::clear)), "empty");
	for (outcome, reason) in [
		(Outcome::TimedOut, "deadline"),
		(Outcome::Failed("reset".into()), "reset"),
	] {
		let broken = Transcript {
			outcome,
			..answer.clone()
		};
		assert_zero(&score(&broken), reason);
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
		let task = request(Sampling::PLAIN);
		let solved = answer(&text, &task, &context, QUICK_US);
		let earned = text.score(&context, &task, &solved).expect("a score");
		assert_eq!(earned.value(), 1.0, "{earned}");
		let emitted = tokens(&solved);
		ended_early += usize::from(emitted.len() < 32);

		// Half the answer and an end of turn of one's own making.
		let mut cut: Vec<Emitted> = emitted[..emitted.len() / 2].to_vec();
		cut.push(Emitted {
			token: END_OF_TURN,
			logprob: 0.0,
			leaf: Leaf::default(),
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
