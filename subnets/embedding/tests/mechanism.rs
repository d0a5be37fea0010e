//! Honest answers and what cheats get.

mod common;

use std::sync::Arc;

use common::{EPOCH, Toy, context, mechanism, parameters, sealed, unit, vectors};
use subnet_embedding::{Corpus, EmbeddingMechanism, EmbeddingParameters, MAX_MODELS, SetupError, TextEmbedder};
use subnet_sdk::{Mechanism, ValidatorSecret, conformance};

const TRUE: Toy = Toy { hash: 9, damage: 0.0 };

#[test]
fn conforms() {
	assert_eq!(conformance::check(&mechanism(&[TRUE])), Ok(()));
}

#[test]
fn an_honest_answer_earns_by_retrieval_and_speed() {
	let mechanism = mechanism(&[TRUE]);
	let context = context(1, 2);
	let task = mechanism.task(&context, &EPOCH).unwrap();
	let honest = vectors(TRUE, &task);
	let quick = mechanism
		.score(&context, &task, &sealed(&context, &task, [9; 32], &honest, 1_000))
		.unwrap();
	assert!(quick.value() > 0.5, "{quick}");
	assert_eq!((quick.evidence().trials, quick.evidence().failures), (8, 0));
	// 34 chunks at 100 ms: 32 passages in 3.4 s, with 20 a second as the target.
	let slow = mechanism
		.score(&context, &task, &sealed(&context, &task, [9; 32], &honest, 100_000))
		.unwrap();
	let ratio = slow.value() / quick.value();
	assert!((ratio - 32.0 / 3.4 / 20.0).abs() < 1e-9, "{quick}, {slow}");
}

/// What the README says about a miner that computes a part only: four of 32 vectors made up are seen by a sample of eight in
/// 1 - C(28,8)/C(32,8) = 70% of the answers, and half of them practically always.
#[test]
fn made_up_vectors_are_found_as_often_as_the_odds_say() {
	let mechanism = mechanism(&[TRUE]);
	for (fakes, least, most) in [(4, 0.62, 0.78), (16, 0.99, 1.0)] {
		let mut found = 0;
		for round in 0..250_u8 {
			let context = context(round, 2);
			let task = mechanism.task(&context, &EPOCH).unwrap();
			let mut answer = vectors(TRUE, &task);
			for fake in answer.iter_mut().take(fakes) {
				let mut other = fake.clone();
				other.rotate_left(1);
				*fake = other;
			}
			let score = mechanism
				.score(&context, &task, &sealed(&context, &task, [9; 32], &answer, 1_000))
				.unwrap();
			found += u32::from(score.value() == 0.0);
		}
		let share = f64::from(found) / 250.0;
		assert!((least..=most).contains(&share), "{fakes} fakes: {share}");
	}
}

/// Damaged weights, and vectors rounded to 8 bits, are not the declared model.
#[test]
fn cheaper_models_are_found() {
	let mechanism = mechanism(&[TRUE]);
	let context = context(3, 2);
	let task = mechanism.task(&context, &EPOCH).unwrap();
	let damaged = vectors(Toy { damage: 0.02, ..TRUE }, &task);
	let round = |vector: &Vec<f32>| unit(vector.iter().map(|number| (number * 127.0).round() / 127.0).collect());
	let rounded = vectors(TRUE, &task).iter().map(round).collect();
	for (what, answer) in [("damaged", damaged), ("rounded", rounded)] {
		let score = mechanism
			.score(&context, &task, &sealed(&context, &task, [9; 32], &answer, 1_000))
			.unwrap();
		assert_eq!(score.value(), 0.0, "{what}: {score}");
		assert!(score.evidence().failures >= 4, "{what}: {score}");
	}
}

/// Rounding that another order of additions makes is no cheat.
#[test]
fn rounding_is_forgiven() {
	let mechanism = mechanism(&[TRUE]);
	let context = context(4, 2);
	let task = mechanism.task(&context, &EPOCH).unwrap();
	let nudge = |vector: Vec<f32>| vector.iter().map(|number| number * (1.0 + 1e-6)).collect();
	let answer: Vec<Vec<f32>> = vectors(TRUE, &task).into_iter().map(nudge).collect();
	let score = mechanism
		.score(&context, &task, &sealed(&context, &task, [9; 32], &answer, 1_000))
		.unwrap();
	assert!(score.value() > 0.3, "{score}");
}

/// Who knows the pairs (from the text itself) and moves neighbours together does not serve the declared model.
#[test]
fn moving_neighbours_together_costs_more_than_it_gains() {
	let mechanism = mechanism(&[TRUE]);
	let context = context(5, 2);
	let task = mechanism.task(&context, &EPOCH).unwrap();
	let answer: Vec<Vec<f32>> = vectors(TRUE, &task)
		.into_iter()
		.enumerate()
		.map(|(index, mut vector)| {
			vector[index / 2] += 0.1;
			unit(vector)
		})
		.collect();
	let score = mechanism
		.score(&context, &task, &sealed(&context, &task, [9; 32], &answer, 1_000))
		.unwrap();
	assert!(
		score.value() == 0.0 && score.reason.contains("not the declared model"),
		"{score}"
	);
}

#[test]
fn a_miner_may_declare_any_model_that_the_task_accepts() {
	let better = Toy { hash: 10, damage: 0.3 };
	let validator = mechanism(&[TRUE, better]);
	let context = context(6, 2);
	let task = validator.task(&context, &EPOCH).unwrap();
	assert_eq!(task.models, [[9; 32], [10; 32]]);
	for (model, name) in [(TRUE, [9; 32]), (better, [10; 32])] {
		let answer = sealed(&context, &task, name, &vectors(model, &task), 1_000);
		assert!(validator.score(&context, &task, &answer).unwrap().value() > 0.3);
	}
	let wrong = sealed(&context, &task, [10; 32], &vectors(TRUE, &task), 1_000);
	assert_eq!(validator.score(&context, &task, &wrong).unwrap().value(), 0.0);
	let mut sent = 0;
	let refused = mechanism(&[Toy { hash: 1, ..TRUE }]).solve(&context, task, &mut |_| {
		sent += 1;
		Ok(())
	});
	assert!(refused.unwrap_err().to_string().contains("none of the models") && sent == 0);
}

/// What applications send has no neighbours, and is checked and paid by agreement and speed.
#[test]
fn an_applications_passages_are_scored_too() {
	let mechanism = mechanism(&[TRUE]);
	let context = context(7, 2);
	let mut task = mechanism.task(&context, &EPOCH).unwrap();
	task.passages = vec!["whales and ships".into(), "the budget of the union".into()];
	let score = mechanism
		.score(
			&context,
			&task,
			&sealed(&context, &task, [9; 32], &vectors(TRUE, &task), 1_000),
		)
		.unwrap();
	assert_eq!(score.value(), 1.0, "{score}");
	let off = sealed(
		&context,
		&task,
		[9; 32],
		&vectors(Toy { damage: 0.1, ..TRUE }, &task),
		1_000,
	);
	assert_eq!(mechanism.score(&context, &task, &off).unwrap().value(), 0.0);
}

/// The miner knows the context. Neither the pairs nor the sample follow from it.
#[test]
fn passages_and_sample_depend_on_the_secret() {
	let of = |secret: u8| {
		let models: Vec<Arc<dyn TextEmbedder>> = vec![Arc::new(TRUE)];
		let secret = ValidatorSecret::new([secret; 32]);
		EmbeddingMechanism::new(models, Corpus::bundled(), secret, parameters()).unwrap()
	};
	let task = |secret| of(secret).task(&context(1, 2), &EPOCH).unwrap();
	assert_ne!(task(1).passages, task(2).passages);
	assert_eq!(task(1), task(1));
}

#[test]
fn senseless_settings_are_refused_by_name() {
	let sound = parameters();
	let cases: [(&str, EmbeddingParameters); 6] = [
		("pairs", EmbeddingParameters { pairs: 33, ..sound }),
		("samples", EmbeddingParameters { samples: 33, ..sound }),
		(
			"tolerance",
			EmbeddingParameters {
				tolerance: f32::NAN,
				..sound
			},
		),
		(
			"target_reciprocal_rank",
			EmbeddingParameters {
				target_reciprocal_rank: 0.0,
				..sound
			},
		),
		(
			"target_passages_per_second",
			EmbeddingParameters {
				target_passages_per_second: f64::INFINITY,
				..sound
			},
		),
		(
			"deadline",
			EmbeddingParameters {
				deadline: core::time::Duration::ZERO,
				..sound
			},
		),
	];
	for (name, parameters) in cases {
		let error = parameters.validate().unwrap_err().to_string();
		assert!(error.contains(name), "{error}");
	}
	let with = |count: usize| {
		let models = (0..count).map(|_| Arc::new(TRUE) as Arc<dyn TextEmbedder>).collect();
		EmbeddingMechanism::new(models, Corpus::bundled(), ValidatorSecret::new([0; 32]), sound).err()
	};
	assert_eq!(with(0), Some(SetupError::Models(0)));
	assert_eq!(with(MAX_MODELS + 1), Some(SetupError::Models(MAX_MODELS + 1)));
}
