//! Any bytes, printed by a process that is a mechanism.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
	if let Err(bound) = subnet_process::untrusted::read_everything(bytes) {
		panic!("{bound}");
	}
});
