//! Every input of the fuzzer's corpus, and the encoding of its inputs.

mod common;

use std::path::Path;

use common::invariants::check_every_variant;
use common::raw::{decode, encode};
use common::subnets::any_owned_input;
use proptest::prelude::*;

/// The folder that the fuzzer reads and that its finds are added to.
const CORPUS: &str = "fuzz/corpus/epoch";

#[test]
fn every_input_of_the_corpus_keeps_the_invariants() {
	let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(CORPUS);
	let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
	let mut inputs = 0;
	for file in files {
		let path = file.unwrap().path();
		let bytes = std::fs::read(&path).unwrap();
		check_every_variant(&decode(&bytes)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
		inputs += 1;
	}
	assert!(inputs >= 30, "{}: {inputs} inputs", folder.display());
}

#[test]
fn no_bytes_are_an_empty_subnet() {
	let input = decode(&[]);
	assert_eq!((input.n, input.mechanisms.len()), (0, 0));
}

/// Extremes that the fuzzer has to be able to reach.
#[test]
fn short_strings_reach_extremes() {
	let input = decode(&[255, 4, 254, 255, 254]);
	assert_eq!(
		(input.n, input.block, input.last_mechanism_step_block),
		(1_000, u64::MAX, u64::MAX)
	);
	assert_eq!((input.owner_uid, input.stake.len()), (Some(u16::MAX), 1_000));
}

proptest! {
	#[test]
	fn every_string_is_an_input_and_the_encoding_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
		let input = decode(&bytes);
		let encoded = encode(&input).expect("whatever can be decoded can be encoded");
		prop_assert_eq!(decode(&encoded), input);
	}

	#[test]
	fn small_inputs_survive_the_encoding(input in any_owned_input()) {
		let encoded = encode(&input).expect("it has fewer neurons than the encoding allows");
		prop_assert_eq!(decode(&encoded), input);
	}
}
