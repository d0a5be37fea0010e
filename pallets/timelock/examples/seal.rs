//! Seals a message to a round of quicknet, so that the SDK can open it:
//! `cargo run -p timelock --example seal -- ROUND MESSAGE SEED`, the last two in hexadecimal, the seed 32 bytes.
//! Prints the sealed message in hexadecimal.

use std::{env, error::Error};
use timelock::{PublicKey, quicknet, seal};

fn main() -> Result<(), Box<dyn Error>> {
	let arguments: Vec<String> = env::args().skip(1).collect();
	let [round, message, seed] = arguments.as_slice() else {
		return Err("expected three arguments: ROUND MESSAGE SEED".into());
	};
	let seed: [u8; 32] = hex::decode(seed)?
		.try_into()
		.map_err(|_| "the seed has to have 32 bytes")?;
	let beacon = PublicKey::from_bytes(&quicknet::PUBLIC_KEY)?;
	println!(
		"{}",
		hex::encode(seal(&beacon, round.parse()?, &hex::decode(message)?, seed)?)
	);
	Ok(())
}
