//! Scores become averages, averages become weights.

use proptest::prelude::*;
use subnet_sdk::{BoardError, Hotkey, MINIMUM_SCORE, Score, ScoreBoard};

const ALICE: Hotkey = Hotkey([1; 32]);
const BOB: Hotkey = Hotkey([2; 32]);

fn score(value: f64) -> Score {
	Score::new(value, "test").expect("a value from 0 to 1")
}

#[test]
fn averages_start_from_nothing_and_move_by_alpha() {
	let mut board = ScoreBoard::new(0.25);
	board.record(3, ALICE, &score(1.0));
	assert_eq!(board.scores(), vec![(3, ALICE, 0.25)]);
	board.record(3, ALICE, &score(1.0));
	assert_eq!(board.scores(), vec![(3, ALICE, 0.4375)]);
	board.record(3, ALICE, &score(0.0));
	assert_eq!(board.scores(), vec![(3, ALICE, 0.328125)]);
}

#[test]
fn a_uid_that_changed_hands_inherits_nothing() {
	let mut board = ScoreBoard::new(0.5);
	board.record(3, ALICE, &score(1.0));
	board.record(3, BOB, &score(0.0));
	assert_eq!(board.scores(), vec![(3, BOB, 0.0)]);

	board.record(4, ALICE, &score(1.0));
	board.retain(&[(3, BOB), (4, BOB)]);
	assert_eq!(
		board.scores(),
		vec![(3, BOB, 0.0)],
		"uid 4 belongs to somebody else now"
	);
	board.retain(&[]);
	assert!(board.scores().is_empty());
}

#[test]
fn weights_are_relative_and_leave_zeros_out() {
	let mut board = ScoreBoard::new(1.0);
	assert!(board.weights().is_empty());
	board.record(9, ALICE, &score(0.0));
	assert!(board.weights().is_empty(), "nobody earned anything");
	board.record(1, ALICE, &score(0.4));
	board.record(5, BOB, &score(0.1));
	assert_eq!(board.weights(), vec![(1, 65_535), (5, 16_384)]);
}

#[test]
fn a_long_silent_miner_is_not_scaled_up_from_dust() {
	let mut board = ScoreBoard::new(0.5);
	board.record(1, ALICE, &score(1.0));
	for _ in 0..40 {
		board.record(1, ALICE, &score(0.0));
	}
	assert!(board.scores()[0].2 < MINIMUM_SCORE && board.weights().is_empty());
}

#[test]
fn stored_scores_are_checked() {
	let board = ScoreBoard::from_scores(0.5, [(1, ALICE, 0.5), (2, BOB, 1.0)]).expect("sound scores");
	assert_eq!(ScoreBoard::from_scores(0.5, board.scores()), Ok(board));
	assert_eq!(ScoreBoard::from_scores(0.0, []), Err(BoardError::Alpha(0.0)));
	assert!(matches!(
		ScoreBoard::from_scores(f64::NAN, []),
		Err(BoardError::Alpha(_))
	));
	assert_eq!(
		ScoreBoard::from_scores(0.5, [(1, ALICE, 1.5)]),
		Err(BoardError::Average { uid: 1, average: 1.5 })
	);
}

proptest! {
	/// Any history and any alpha, even a senseless one: averages stay in range, the best gets 65,535, order is kept.
	#[test]
	fn weights_keep_the_order_of_scores(alpha in any::<f64>(), history in prop::collection::vec((0_u16..6, 0.0..=1.0_f64), 1..60)) {
		let mut board = ScoreBoard::new(alpha);
		for (uid, value) in history {
			board.record(uid, ALICE, &score(value));
		}
		let scores = board.scores();
		prop_assert!(scores.iter().all(|(_, _, average)| (0.0..=1.0).contains(average)));
		let weights = board.weights();
		prop_assert!(weights.is_empty() || weights.iter().any(|(_, weight)| *weight == u16::MAX));
		let average = |uid: u16| scores.iter().find(|entry| entry.0 == uid).map(|entry| entry.2);
		for (left, left_weight) in &weights {
			for (right, right_weight) in &weights {
				if average(*left) >= average(*right) {
					prop_assert!(left_weight >= right_weight);
				}
			}
		}
	}
}
