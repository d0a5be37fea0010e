//! Writes the cases of a folder as inputs of the fuzzer: `cargo run -p yuma --example seeds -- CASES CORPUS`.
//!
//! Each case is written as it is, and once more with what no case has: a second mechanism, and open commits. What is too
//! large for the fuzzer is left out.

#[path = "../tests/common/mod.rs"]
mod common;

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::{env, fs};

use yuma::{OwnedEpochInput, OwnedMechanism};

/// Longer inputs slow the fuzzer down more than they help it.
const LONGEST_SEED: usize = 4_096;

fn main() -> Result<(), Box<dyn Error>> {
	let folders: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
	let [cases, corpus] = &folders[..] else {
		return Err("expected two folders: one with cases, and the corpus to add to".into());
	};
	fs::create_dir_all(corpus)?;
	let mut written = 0;
	for file in fs::read_dir(cases)? {
		let path = file?.path();
		let Some(name) = path
			.file_stem()
			.filter(|_| path.extension().is_some_and(|extension| extension == "json"))
		else {
			continue;
		};
		let case = common::Case::parse(&fs::read(&path)?).map_err(|error| format!("{}: {error}", path.display()))?;
		let input = case.input.owned();
		let seeds = [
			(name.to_owned(), encoded(&input)),
			(twin_name(name), encoded(&twin(input))),
		];
		for (name, seed) in seeds {
			if let Some(seed) = seed {
				fs::write(corpus.join(name), seed)?;
				written += 1;
			}
		}
	}
	println!("{written} seeds written to {}", corpus.display());
	Ok(())
}

fn encoded(input: &OwnedEpochInput) -> Option<Vec<u8>> {
	common::raw::encode(input).filter(|seed| seed.len() <= LONGEST_SEED)
}

fn twin_name(name: &OsStr) -> OsString {
	let mut name = name.to_owned();
	name.push("-twin");
	name
}

/// The input with a second mechanism, in which weights and bonds have changed places, and with commits as old as the
/// registrations.
fn twin(mut input: OwnedEpochInput) -> OwnedEpochInput {
	let commits: Vec<Option<u64>> = input.block_at_registration.iter().rev().copied().map(Some).collect();
	for mechanism in input.mechanisms.clone() {
		input.mechanisms.push(OwnedMechanism {
			emission_share: 1_000,
			weights: mechanism.bonds,
			bonds: mechanism.weights,
			commit_block: commits.clone(),
			..mechanism
		});
	}
	input
}
