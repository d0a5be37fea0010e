//! Any bytes, given to both sides of the mechanism `embedding`.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../embedding/tests/common/mod.rs"]
mod common;

fuzz_target!(|bytes: &[u8]| {
	if let Err(rule) = common::untrusted::feed(bytes) {
		panic!("{rule}");
	}
});
