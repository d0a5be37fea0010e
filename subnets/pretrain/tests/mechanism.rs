//! Who is paid, for how long, and who is not.

mod common;

use std::sync::Arc;

use common::{
	answer, ask, context, epoch, file, parameters, task, trained, transcript, untrained, validator, validator_with,
};
use subnet_pretrain::{Chunk, Ledger, PretrainMechanism, PretrainParameters, Text, Weights};
use subnet_sdk::{Mechanism, ValidatorSecret, conformance};

/// `weights` with a little noise: what somebody makes of a model that was stolen.
fn disguised(weights: &Weights, size: f32) -> Weights {
	let noise = |index: usize| size * ((index * 7_919 % 101) as f32 / 50.0 - 1.0);
	let numbers = weights.numbers().iter().enumerate();
	Weights::new(
		weights.architecture(),
		numbers.map(|(index, number)| number + noise(index)).collect(),
	)
	.unwrap()
}

#[test]
fn conforms() {
	let both = PretrainMechanism::new(
		Arc::new(file(&trained(0))),
		Text::bundled(),
		Arc::new(Ledger::in_memory()),
		ValidatorSecret::new([42; 32]),
		parameters(),
	);
	assert_eq!(conformance::check(&both.unwrap()), Ok(()));
}

#[test]
fn an_improvement_is_paid_and_a_copy_is_not() {
	let validator = validator();
	let first = ask(&validator, 1, &trained(0), 10);
	assert_eq!(first.value(), 1.0, "{first}");
	for (who, model) in [(2, trained(0)), (3, untrained()), (4, disguised(&trained(0), 1e-4))] {
		let score = ask(&validator, who, &model, 15);
		assert_eq!(score.value(), 0.0, "{who}: {score}");
	}
	assert!(ask(&validator, 2, &trained(0), 20).reason.contains("copy of the best"));
	let better = ask(&validator, 2, &trained(2), 25);
	assert!(better.value() > 0.5, "{better}");
}

/// Half a life later an award is worth 0.7 of it, whoever has beaten it since.
#[test]
fn awards_decay_and_outlive_being_beaten() {
	let validator = validator();
	assert_eq!(ask(&validator, 1, &trained(0), 100).value(), 1.0);
	let half = ask(&validator, 1, &trained(0), 150);
	assert!((half.value() - 0.5_f64.sqrt()).abs() < 1e-9, "{half}");
	assert!(ask(&validator, 2, &trained(2), 160).value() > 0.5);
	let full = ask(&validator, 1, &trained(0), 200);
	assert!((full.value() - 0.5).abs() < 1e-9, "{full}");
	// And the award goes to the hotkey: another one with the same model has none.
	assert_eq!(ask(&validator, 3, &trained(0), 200).value(), 0.0);
	// Long after, nothing is left.
	let late = ask(&validator, 1, &trained(0), 1_200);
	assert!(late.value() < 1e-3, "{late}");
}

/// A second improvement adds to what is left of the first.
#[test]
fn improvements_of_one_miner_add_up() {
	let validator = validator();
	ask(&validator, 1, &trained(0), 100);
	let second = ask(&validator, 1, &trained(1), 200).value();
	let award = task(&validator, 1, 205).award.unwrap();
	assert!(
		(award.value - (0.5 + second).min(1.0)).abs() < 1e-9,
		"{award:?} after {second}"
	);
	assert_eq!(award.weights, trained(1).id());
}

/// Within an epoch nothing changes: the order of answers, and how often they are scored, make no difference.
#[test]
fn the_order_within_an_epoch_does_not_matter() {
	let models = [(1, trained(2)), (2, trained(0)), (3, trained(1))];
	let run = |order: [usize; 3]| {
		let validator = validator();
		let mut scores = [0.0; 3];
		for index in order.into_iter().chain(order) {
			let (who, model) = &models[index];
			scores[index] = ask(&validator, *who, model, 10).value();
		}
		(scores, task(&validator, 9, 11).best.unwrap().weights)
	};
	let expected = run([0, 1, 2]);
	assert_eq!(
		expected.1,
		trained(2).id(),
		"the best of the epoch is to be beaten next"
	);
	for order in [[2, 1, 0], [1, 2, 0], [1, 0, 2]] {
		assert_eq!(run(order), expected);
	}
}

/// A copy that comes in the same epoch, as from a validator that passed it on at once, is paid for that epoch and has no
/// award: of models within the margin of each other the first one counts.
#[test]
fn a_copy_in_the_same_epoch_gets_no_award() {
	let validator = validator();
	assert_eq!(ask(&validator, 1, &trained(1), 10).value(), 1.0);
	let copy = disguised(&trained(1), 1e-4);
	assert_eq!(ask(&validator, 2, &copy, 10).value(), 1.0);
	assert_eq!(ask(&validator, 2, &copy, 15).value(), 0.0);
	assert!(task(&validator, 2, 15).award.is_none());
	assert!(task(&validator, 1, 15).award.is_some());
}

/// An answer to a task of a past epoch that beats only the champion of that epoch takes nothing from today's.
#[test]
fn a_late_answer_dethrones_nobody() {
	let validator = validator();
	let late_task = task(&validator, 2, 10);
	let late = transcript(answer(2, &trained(0), &late_task));
	ask(&validator, 1, &trained(2), 10);
	let best = |block| task(&validator, 9, block).best.unwrap().weights;
	assert_eq!(best(11), trained(2).id());
	let score = validator.score(&context(1, 2), &late_task, &late).unwrap();
	assert!(score.value() > 0.0, "for the task that it had it is right: {score}");
	assert_eq!(best(12), trained(2).id());
	assert!(task(&validator, 2, 12).award.is_none());
}

/// Windows follow from the secret and from the submission: they do not exist before it.
#[test]
fn nobody_knows_the_windows_beforehand() {
	let reason = |secret: u8, model: &Weights| {
		let secret = ValidatorSecret::new([secret; 32]);
		let ledger = Arc::new(Ledger::in_memory());
		let validator = PretrainMechanism::validator(Text::bundled(), ledger, secret, parameters()).unwrap();
		ask(&validator, 1, model, 10).reason
	};
	let model = trained(0);
	assert_eq!(reason(1, &model), reason(1, &model));
	assert_ne!(reason(1, &model), reason(2, &model));
	// The same weights to within nothing, but another file: other windows, and so another loss of the same best model.
	let baseline = |text: String| {
		text.split("best so far ")
			.nth(1)
			.unwrap()
			.split(' ')
			.next()
			.unwrap()
			.to_owned()
	};
	assert_ne!(
		baseline(reason(1, &model)),
		baseline(reason(1, &disguised(&model, 1e-7)))
	);
}

#[test]
fn who_was_paid_sends_a_manifest_and_no_more() {
	let validator = validator();
	let before = answer(1, &trained(0), &task(&validator, 1, 10));
	assert!(before.len() > 1);
	ask(&validator, 1, &trained(0), 10);
	let after = task(&validator, 1, 20);
	assert_eq!(answer(1, &trained(0), &after).len(), 1);
	// Who was not, and sends no more, gets nothing.
	let stranger = task(&validator, 5, 20);
	let manifest = answer(5, &trained(1), &stranger).into_iter().take(1).collect();
	let score = validator
		.score(&context(1, 5), &stranger, &transcript(manifest))
		.unwrap();
	assert!(score.value() == 0.0 && score.reason.contains("nothing new"), "{score}");
}

#[test]
fn a_ledger_outlives_the_process() {
	let folder = tempfile::tempdir().unwrap();
	let open = || validator_with(Ledger::open(folder.path(), &parameters()).unwrap());
	let first = open();
	ask(&first, 1, &trained(0), 100);
	let told = task(&first, 1, 110);
	drop(first);
	let second = open();
	assert_eq!(task(&second, 1, 110), told);
	assert_eq!(ask(&second, 2, &trained(0), 110).value(), 0.0);
	assert!(ask(&second, 2, &trained(2), 110).value() > 0.5);
	drop(second);

	let path = folder.path().join("pretrain-ledger");
	let good = std::fs::read(&path).unwrap();
	let damaged = |bytes: &[u8]| {
		std::fs::write(&path, bytes).unwrap();
		Ledger::open(folder.path(), &parameters()).unwrap_err().to_string()
	};
	let mut changed = good.clone();
	let middle = changed.len() / 2;
	changed[middle] ^= 1;
	for bad in [
		&good[..good.len() / 2],
		&changed,
		b"",
		b"rubbish",
		&[good.as_slice(), b"x"].concat(),
	] {
		let error = damaged(bad);
		assert!(error.contains("move it away"), "{error}");
	}
	let other = PretrainParameters::default();
	std::fs::write(&path, &good).unwrap();
	assert!(
		Ledger::open(folder.path(), &other).is_err(),
		"a ledger of another architecture was taken"
	);
}

/// A task that names a model which is two champions old cannot be judged; that is no fault of the miner.
#[test]
fn a_task_that_is_too_old_is_the_validators_own_fault() {
	let validator = validator();
	ask(&validator, 1, &trained(0), 10);
	let old = task(&validator, 9, 11);
	let model = trained(2);
	let chunks = transcript(answer(9, &model, &old));
	ask(&validator, 2, &trained(1), 20);
	let late = validator.score(&context(1, 9), &old, &chunks);
	assert!(late.is_ok(), "one champion later the answer still counts");
	task(&validator, 1, 30);
	ask(&validator, 1, &model, 40);
	task(&validator, 1, 50);
	let error = validator.score(&context(1, 9), &old, &chunks).unwrap_err();
	assert!(error.to_string().contains("too old"), "{error}");
}

#[test]
fn senseless_settings_are_refused_by_name() {
	let sound = parameters();
	let cases = [
		("windows", PretrainParameters { windows: 1, ..sound }),
		(
			"margin",
			PretrainParameters {
				margin: f64::NAN,
				..sound
			},
		),
		(
			"confidence",
			PretrainParameters {
				confidence: -1.0,
				..sound
			},
		),
		(
			"full_improvement",
			PretrainParameters {
				full_improvement: 0.0,
				..sound
			},
		),
		(
			"half_life_blocks",
			PretrainParameters {
				half_life_blocks: 0,
				..sound
			},
		),
	];
	for (name, parameters) in cases {
		let error = parameters.validate().unwrap_err().to_string();
		assert!(error.contains(name), "{error}");
	}
	assert!(epoch(3).block == 3 && sound.validate().is_ok());
}

/// What travels in the manifest is what `Chunk` says, whoever reads it.
#[test]
fn the_first_chunk_is_the_manifest() {
	let chunks = answer(1, &trained(0), &task(&validator(), 1, 10));
	let Chunk::Manifest { manifest, binding } = &chunks[0] else {
		panic!("no manifest");
	};
	assert_eq!(manifest.weights, trained(0).id());
	assert_eq!(manifest.pieces.len(), chunks.len() - 1);
	assert_eq!(*binding, manifest.binding(&context(1, 1)));
	assert_ne!(*binding, manifest.binding(&context(2, 1)));
	assert_ne!(*binding, manifest.binding(&context(1, 2)));
}
