//! Runs one case: `cargo run -p yuma --example epoch < case.json > output.json`.
//!
//! The case is an object with an `input` as in the test vectors; what is printed is the `output` object.

#[path = "../tests/common/mod.rs"]
mod common;

use std::error::Error;
use std::io::{Write, stdin, stdout};

fn main() -> Result<(), Box<dyn Error>> {
	let case: common::Case = serde_json::from_reader(stdin().lock())?;
	let mut out = stdout().lock();
	serde_json::to_writer(&mut out, &case.input.run())?;
	writeln!(out)?;
	Ok(())
}
