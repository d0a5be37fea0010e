//! Epochs of any input, in every variant: none panics, and all keep the invariants of the property tests.

#![no_main]

#[path = "../../tests/common/invariants.rs"]
mod invariants;
#[path = "../../tests/common/raw.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod raw;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
	let input = raw::decode(bytes);
	if let Err(error) = invariants::check_every_variant(&input) {
		panic!("{error}\n{input:?}");
	}
});
