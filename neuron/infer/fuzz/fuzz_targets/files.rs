//! Any bytes, as a model's files, its chat template, or what its users say.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
	if let Err(what) = neuron_infer::untrusted::use_anything(bytes) {
		panic!("{what}");
	}
});
