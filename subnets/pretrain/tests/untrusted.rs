//! A little of what `subnets/fuzz` does, with the stable compiler.

mod common;

use common::untrusted::feed;
use proptest::prelude::*;

proptest! {
	#![proptest_config(ProptestConfig::with_cases(100))]

	#[test]
	fn no_bytes_panic_pay_twice_or_blame_the_validator(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
		prop_assert_eq!(feed(&bytes), Ok(()));
	}
}
