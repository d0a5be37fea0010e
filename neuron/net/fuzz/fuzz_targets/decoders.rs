//! Any bytes, given to every decoder that a peer can reach: none panics, and what is accepted has one encoding.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
	if let Err(decoder) = neuron_net::untrusted::decode_everything(bytes) {
		panic!("the {decoder} decoder accepts another encoding, or a forgery");
	}
});
