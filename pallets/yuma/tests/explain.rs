//! Explanations against the engine, which comes to its numbers by another way, and against the vectors; and each
//! explanation against itself: every number follows from those before it.

mod common;
#[path = "explain/consistency.rs"]
mod consistency;

use std::path::{Path, PathBuf};

use common::Case;
use common::subnets::{any_owned_input, subnet};
use consistency::{check_miner, check_validator, proportion};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use yuma::{
	Basis, Entry, EpochInput, EpochOutput, Explanation, LiquidAlpha, OwnedEpochInput, OwnedMechanism, Parameters,
	Payout, Verdict, Workspace, explain, run_epoch,
};

/// Cases up to this size are explained for every uid, others for a few.
const SMALL: u16 = 64;

fn cases() -> Vec<Case> {
	let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
	let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
	let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
	paths.sort();
	let read = |path: &PathBuf| Case::parse(&std::fs::read(path).unwrap());
	paths.iter().map(|path| read(path).unwrap()).collect()
}

fn run(input: &EpochInput<'_>) -> EpochOutput {
	let mut output = EpochOutput::default();
	run_epoch(input, &mut Workspace::default(), &mut output);
	output
}

fn stored(explanation: &Explanation) -> Vec<Entry> {
	let holdings = explanation.as_validator.holdings.iter();
	holdings
		.filter_map(|holding| Some((holding.miner, holding.stored?)))
		.collect()
}

fn sorted(row: &[Entry]) -> Vec<Entry> {
	let mut row = row.to_vec();
	row.sort_unstable();
	row
}

/// The explanation of a uid of an epoch with one mechanism, against what the epoch put out.
fn check(input: &EpochInput<'_>, output: &EpochOutput, uid: u16) {
	let explanation = explain(input, 0, uid).unwrap();
	check_miner(&explanation);
	check_validator(&explanation, input);
	let Explanation {
		standing,
		as_miner,
		as_validator,
		payout,
		..
	} = &explanation;
	let i = usize::from(uid);
	assert_eq!(standing.is_active, output.active[i]);
	assert_eq!(proportion(standing.stake_share), output.stake_weight[i]);
	assert_eq!(standing.has_next_permit, output.new_validator_permits[i]);
	assert_eq!(as_miner.consensus.weight_u16, output.consensus[i]);
	assert_eq!(as_miner.incentive_u16, output.incentive[i]);
	assert_eq!(as_validator.trust_u16, output.validator_trust[i]);
	assert_eq!(as_validator.dividends_u16, output.dividends[i]);
	assert_eq!(payout.server.rao, output.server_emission[i]);
	assert_eq!(payout.validator.rao, output.validator_emission[i]);
	assert_eq!(payout.combined.rao, output.combined_emission[i]);
	assert_eq!(stored(&explanation), sorted(output.mechanisms[0].bonds.row(uid)));
}

#[test]
fn explanations_of_the_vectors_end_in_what_the_engine_and_the_vectors_say() {
	let mut explained = 0;
	for case in cases() {
		let expected = case.output.as_ref().unwrap();
		case.input.owned().with_borrowed(|input| {
			let output = run(input);
			assert_eq!(
				common::Output::from(output.clone()).differences(expected),
				Vec::<&str>::new()
			);
			let step = if input.n <= SMALL { 1 } else { usize::from(input.n / 2) };
			for uid in (0..input.n).step_by(step) {
				check(input, &output, uid);
				explained += 1;
			}
		});
	}
	println!("{explained} uids explained");
	assert!(
		explained > 2_000,
		"only {explained} uids explained: tests/vectors lacks cases"
	);
}

fn row() -> impl Strategy<Value = Vec<Entry>> {
	let value = prop_oneof![Just(0), Just(1), Just(u16::MAX), any::<u16>()];
	vec((0_u16..8, value), 0..9)
}

fn mechanism() -> impl Strategy<Value = OwnedMechanism> {
	let blocks = || vec(90_u64..110, 0..8);
	let share = prop_oneof![Just(0), any::<u16>()];
	let rows = || vec(row(), 0..8);
	(share, blocks(), vec(option::of(90_u64..110), 0..8), rows(), rows()).prop_map(
		|(emission_share, last_update, commit_block, weights, bonds)| OwnedMechanism {
			emission_share,
			last_update,
			commit_block,
			weights,
			bonds,
		},
	)
}

fn parameters() -> impl Strategy<Value = Parameters> {
	let share = || prop_oneof![Just(0), Just(u16::MAX), Just(32_767), any::<u16>()];
	let liquid_alpha =
		(any::<u16>(), any::<u16>(), any::<i16>()).prop_map(|(alpha_low, alpha_high, sigmoid_steepness)| LiquidAlpha {
			alpha_low,
			alpha_high,
			sigmoid_steepness,
		});
	let average = prop_oneof![Just(0), Just(900_000), 0_u64..1_200_000];
	(
		share(),
		share(),
		average,
		any::<bool>(),
		option::of(liquid_alpha),
		0_u16..8,
		0_u64..20,
	)
		.prop_map(
			|(
				kappa,
				bonds_penalty,
				bonds_moving_average,
				yuma3,
				liquid_alpha,
				max_allowed_validators,
				activity_cutoff,
			)| {
				Parameters {
					kappa,
					bonds_penalty,
					bonds_moving_average,
					yuma3,
					liquid_alpha,
					max_allowed_validators,
					activity_cutoff,
					stake_threshold: 3,
					tempo: 10,
				}
			},
		)
}

/// Small inputs without manners: repeated and unknown destinations, vectors of any length, blocks around one another.
fn small_input() -> impl Strategy<Value = OwnedEpochInput> {
	let stake = prop_oneof![0_u64..10, Just(u64::MAX)];
	let emission = prop_oneof![Just(0), Just(1_000_000_007), Just(u64::MAX)];
	let steps = (
		0_u16..8,
		prop_oneof![Just(0), 90_u64..110],
		option::of(0_u16..8),
		emission,
	);
	let uids = (vec(80_u64..110, 0..8), vec(stake, 0..8), vec(any::<bool>(), 0..8));
	(steps, uids, vec(mechanism(), 0..4), parameters()).prop_map(
		|(
			(n, last_mechanism_step_block, owner_uid, emission),
			(block_at_registration, stake, validator_permits),
			mechanisms,
			parameters,
		)| OwnedEpochInput {
			n,
			block: 110,
			last_mechanism_step_block,
			owner_uid,
			emission,
			block_at_registration,
			stake,
			validator_permits,
			mechanisms,
			parameters,
		},
	)
}

/// The explanations of a uid in each mechanism, against what the epoch put out.
fn check_mechanisms(input: &EpochInput<'_>, output: &EpochOutput, uid: u16) {
	let explanations: Vec<_> = (0..output.mechanisms.len())
		.map(|place| explain(input, place, uid).unwrap())
		.collect();
	let rao = |amount: fn(&Payout) -> u64| -> u64 {
		let payouts = explanations.iter().map(|explanation| &explanation.payout);
		payouts.map(amount).sum()
	};
	let i = usize::from(uid);
	assert_eq!(rao(|payout| payout.emission), input.emission);
	assert_eq!(rao(|payout| payout.server.rao), output.server_emission[i]);
	assert_eq!(rao(|payout| payout.validator.rao), output.validator_emission[i]);
	assert_eq!(rao(|payout| payout.combined.rao), output.combined_emission[i]);
	for (explanation, own) in explanations.iter().zip(&output.mechanisms) {
		check_miner(explanation);
		check_validator(explanation, input);
		assert_eq!(explanation.as_miner.incentive_u16, own.incentive[i]);
		assert_eq!(stored(explanation), sorted(own.bonds.row(uid)));
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(2_000))]

	#[test]
	fn explanations_of_any_input_end_in_what_the_engine_says(
		input in prop_oneof![
			4 => small_input(),
			2 => subnet().prop_map(|input| input.owned()),
			1 => any_owned_input(),
		],
	) {
		input.with_borrowed(|input| {
			let output = run(input);
			for uid in 0..input.n {
				check_mechanisms(input, &output, uid);
				if input.mechanisms.len() < 2 {
					check(input, &output, uid);
				}
			}
		});
	}
}

/// Two validators with permits and the like, for the tests below.
fn small() -> OwnedEpochInput {
	OwnedEpochInput {
		n: 5,
		block: 110,
		last_mechanism_step_block: 100,
		owner_uid: None,
		emission: 1_000,
		block_at_registration: vec![1, 1, 1, 104, 106],
		stake: vec![60, 40],
		validator_permits: vec![true, true],
		mechanisms: vec![OwnedMechanism {
			last_update: vec![105, 108, 108],
			commit_block: vec![None, Some(103)],
			weights: vec![vec![(0, 5), (2, 3), (3, 1), (4, 7)], vec![(2, 1), (3, 3)], vec![(3, 1)]],
			bonds: vec![vec![(2, 65_535), (4, 9)]],
			..OwnedMechanism::default()
		}],
		parameters: Parameters {
			kappa: 32_767,
			bonds_penalty: 65_535,
			bonds_moving_average: 900_000,
			yuma3: true,
			liquid_alpha: None,
			max_allowed_validators: 1,
			activity_cutoff: 100,
			stake_threshold: 0,
			tempo: 10,
		},
	}
}

#[test]
fn what_is_void_is_shown_with_the_reason() {
	small().with_borrowed(|input| {
		let explanation = explain(input, 0, 0).unwrap();
		let verdicts: Vec<_> = explanation
			.as_validator
			.holdings
			.iter()
			.map(|holding| (holding.miner, holding.verdict, holding.is_old_bond_void))
			.collect();
		let expected = [
			(0, Verdict::OnItself, false),
			(2, Verdict::Counts, false),
			(3, Verdict::Counts, false),
			(4, Verdict::OlderThanMiner, true),
		];
		assert_eq!(verdicts, expected);
		let opinions = explain(input, 0, 3).unwrap().as_miner.opinions;
		let verdicts: Vec<_> = opinions
			.iter()
			.map(|opinion| (opinion.validator, opinion.verdict))
			.collect();
		let expected = [
			(0, Verdict::Counts),
			(1, Verdict::CommittedBeforeMiner),
			(2, Verdict::NotPermitted),
		];
		assert_eq!(verdicts, expected);
		assert!(
			explain(input, 0, 1)
				.unwrap()
				.as_validator
				.holdings
				.iter()
				.all(|holding| holding.stored.is_none())
		);
	});
}

#[test]
fn there_is_nothing_to_explain_about_who_does_not_exist() {
	let mut input = small();
	input.with_borrowed(|input| {
		assert!(explain(input, 0, 4).is_some());
		assert!(explain(input, 0, 5).is_none());
		assert!(explain(input, 1, 0).is_none());
	});
	input.mechanisms.clear();
	input.with_borrowed(|input| {
		let explanation = explain(input, 0, 0).unwrap();
		assert_eq!(explanation.payout.basis, Basis::AllStake);
		assert_eq!(explanation.payout.combined.rao, 599, "60% cut to 32 bits");
		assert!(explain(input, 1, 0).is_none());
	});
}

#[test]
fn the_text_has_a_line_for_each_step() {
	small().with_borrowed(|input| {
		let text = explain(input, 0, 0).unwrap().to_string();
		for part in [
			"uid 0, mechanism 0, Yuma 3\n",
			"  60 rao count, 0.600000 of all stake\n",
			"void: set before the miner registered",
			"void: on oneself",
			"payout of 1000 rao by incentive and dividends\n",
		] {
			assert!(text.contains(part), "{part:?} is not in\n{text}");
		}
		let text = explain(input, 0, 2).unwrap().to_string();
		assert!(
			explain(input, 0, 1)
				.unwrap()
				.to_string()
				.contains("  no validator lists the uid\n")
		);
		assert!(
			text.contains("  consensus  0.750000: 1.000000 of active stake holds"),
			"{text}"
		);
	});
}

/// The worked example of the crate's documentation, as far as miner 4 is concerned.
#[test]
fn the_text_in_the_documentation_is_what_is_printed() {
	let input = OwnedEpochInput {
		n: 6,
		stake: vec![400, 350, 250],
		validator_permits: vec![true; 3],
		block_at_registration: vec![],
		mechanisms: vec![OwnedMechanism {
			last_update: vec![110; 3],
			weights: vec![
				vec![(3, 5), (4, 3), (5, 2)],
				vec![(3, 4), (4, 4), (5, 2)],
				vec![(4, 1), (5, 9)],
			],
			..OwnedMechanism::default()
		}],
		..small()
	};
	let text = input.with_borrowed(|input| explain(input, 0, 4).unwrap().as_miner.to_string());
	let readme = include_str!("../README.md");
	assert!(
		readme.contains(&format!("```text\n{text}\n```")),
		"README.md lacks\n{text}"
	);
}
