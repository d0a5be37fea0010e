//! Any bytes, given to both sides of the mechanism `text`.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../text/tests/common/mod.rs"]
mod common;

fuzz_target!(|bytes: &[u8]| {
	if let Err(rule) = common::untrusted::feed(bytes) {
		panic!("{rule}");
	}
});
