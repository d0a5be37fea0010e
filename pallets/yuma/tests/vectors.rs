//! Every case of the vector folder, which holds the outputs of the network's own implementation, in every field.
//!
//! `YUMA_VECTORS` names a further folder to run, for instance the one that the cases in `tests/vectors` were copied from.

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::Case;
use yuma::Workspace;

/// How many cases of a family ran, and how many of them were equal in every field.
#[derive(Default)]
struct Tally {
	cases: u32,
	equal: u32,
}

fn read_cases(folder: &Path) -> Vec<Case> {
	let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
	let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
	paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
	paths.sort();
	paths.iter().map(|path| read_case(path)).collect()
}

fn read_case(path: &Path) -> Case {
	let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
	Case::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn own_folder() -> PathBuf {
	Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

/// Prints a table of families, then panics unless every case of the folder was equal in every field.
fn check(folder: &Path) -> usize {
	let cases = read_cases(folder);
	let mut workspace = Workspace::default();
	let mut tallies = BTreeMap::<String, Tally>::new();
	let mut failures = Vec::new();
	for case in &cases {
		let expected = case
			.output
			.as_ref()
			.unwrap_or_else(|| panic!("{}: no output", case.name));
		let differences = case.input.run_in(&mut workspace).differences(expected);
		let tally = tallies.entry(case.family.clone()).or_default();
		tally.cases += 1;
		if differences.is_empty() {
			tally.equal += 1;
		} else {
			failures.push(format!("{}: {}", case.name, differences.join(", ")));
		}
	}
	println!("{}\n{:<20} {:>5} {:>5}", folder.display(), "family", "cases", "equal");
	for (family, tally) in &tallies {
		println!("{family:<20} {:>5} {:>5}", tally.cases, tally.equal);
	}
	println!("{:<20} {:>5} {:>5}", "all", cases.len(), cases.len() - failures.len());
	assert!(
		failures.is_empty(),
		"cases that differ, and where:\n{}",
		failures.join("\n")
	);
	cases.len()
}

#[test]
fn every_case_is_equal_in_every_field() {
	assert!(check(&own_folder()) >= 243, "tests/vectors lacks cases");
}

#[test]
fn every_case_of_the_folder_in_the_environment_is_equal_in_every_field() {
	match std::env::var_os("YUMA_VECTORS") {
		Some(folder) => assert!(check(Path::new(&folder)) > 0, "YUMA_VECTORS has no cases"),
		None => println!("YUMA_VECTORS is not set: nothing more to run"),
	}
}

#[test]
fn sequences_arrive_at_the_same_numbers_by_themselves() {
	let mut sequences = BTreeMap::<String, Vec<(u32, Case)>>::new();
	for case in read_cases(&own_folder()) {
		if let Some(place) = case.sequence.clone() {
			sequences.entry(place.id).or_default().push((place.epoch, case));
		}
	}
	assert!(!sequences.is_empty());
	for epochs in sequences.values_mut() {
		epochs.sort_by_key(|(epoch, _)| *epoch);
		let mut previous: Option<common::Output> = None;
		for (_, case) in epochs {
			if let Some(previous) = previous.take() {
				case.input.bonds = previous.bonds;
				case.input.validator_permits = previous.new_validator_permits;
			}
			let output = case.input.run();
			assert_eq!(
				output.differences(case.output.as_ref().unwrap()),
				Vec::<&str>::new(),
				"{}",
				case.name
			);
			previous = Some(output);
		}
	}
}

/// Whoever sends a case to the example is told which field is wrong.
#[test]
fn wrong_cases_are_refused_by_the_name_of_the_field() {
	let right = std::fs::read_to_string(own_folder().join("bonds_penalty_000_0_y2.json")).unwrap();
	let case: serde_json::Value = serde_json::from_str(&right).unwrap();
	let message = |edit: fn(&mut serde_json::Value)| {
		let mut case = case.clone();
		edit(&mut case);
		Case::parse(case.to_string().as_bytes()).map(|_| ()).unwrap_err()
	};
	let negative = message(|case| case["input"]["stake"][1] = (-1).into());
	assert!(
		negative.starts_with("input.stake[1]: invalid value: integer `-1`, expected u64"),
		"{negative}"
	);
	let missing = message(|case| {
		case["input"].as_object_mut().unwrap().remove("kappa");
	});
	assert!(missing.starts_with("input: missing field `kappa`"), "{missing}");
	let of_bare = message(|case| {
		*case = case["input"].take();
		case["weights"] = "none".into();
	});
	assert!(of_bare.starts_with("weights: invalid type: string"), "{of_bare}");
	let cut_off = Case::parse(&right.as_bytes()[..right.len() / 2])
		.map(|_| ())
		.unwrap_err();
	assert!(cut_off.contains("EOF"), "{cut_off}");
}

#[test]
fn an_input_needs_no_case_around_it() {
	let text = std::fs::read(own_folder().join("bonds_penalty_000_0_y2.json")).unwrap();
	let case: serde_json::Value = serde_json::from_slice(&text).unwrap();
	let bare = Case::parse(case["input"].to_string().as_bytes()).unwrap();
	assert_eq!(bare.input.run(), Case::parse(&text).unwrap().output.unwrap());
}
