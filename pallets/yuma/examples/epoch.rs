//! Runs one case: `cargo run -p yuma --example epoch < case.json > output.json`.
//!
//! The case is an object with an `input` as in the test vectors, or such an input by itself; what is printed is the
//! `output` object. Exits with 2 if the case cannot be read as one, and with 1 if reading or writing fails.

#[path = "../tests/common/mod.rs"]
mod common;

use std::io::{Read, Write, stdin, stdout};
use std::process::ExitCode;

/// Why there is no output: the exit code and a message.
type Failure = (u8, String);

fn main() -> ExitCode {
	match run() {
		Ok(()) => ExitCode::SUCCESS,
		Err((code, message)) => {
			eprintln!("epoch: {message}");
			ExitCode::from(code)
		}
	}
}

fn run() -> Result<(), Failure> {
	let mut text = Vec::new();
	let broken = |error: std::io::Error| (1, error.to_string());
	stdin().lock().read_to_end(&mut text).map_err(broken)?;
	let case = common::Case::parse(&text).map_err(|error| (2, format!("the case on the standard input: {error}")))?;
	let mut output = serde_json::to_vec(&case.input.run()).map_err(|error| (1, error.to_string()))?;
	output.push(b'\n');
	stdout().lock().write_all(&output).map_err(broken)
}
