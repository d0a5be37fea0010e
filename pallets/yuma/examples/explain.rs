//! Prints how one uid came to its payout: `cargo run -p yuma --example explain -- <uid> < case.json`.
//!
//! The case is an object with an `input` as in the test vectors, or such an input by itself. Exits with 2 if the uid or
//! the case cannot be read as one, and with 1 if reading or writing fails.

#[path = "../tests/common/mod.rs"]
mod common;

use std::io::{Read, Write, stdin, stdout};
use std::process::ExitCode;

const USAGE: &str = "usage: cargo run -p yuma --example explain -- <uid> < case.json";

/// Why there is no output: the exit code and a message.
type Failure = (u8, String);

fn main() -> ExitCode {
	match run() {
		Ok(()) => ExitCode::SUCCESS,
		Err((code, message)) => {
			eprintln!("explain: {message}");
			ExitCode::from(code)
		}
	}
}

fn run() -> Result<(), Failure> {
	let uid = uid(std::env::args().skip(1))?;
	let mut text = Vec::new();
	let broken = |error: std::io::Error| (1, error.to_string());
	stdin().lock().read_to_end(&mut text).map_err(broken)?;
	let case = common::Case::parse(&text).map_err(|error| (2, format!("the case on the standard input: {error}")))?;
	let explanation = case.input.owned().with_borrowed(|input| yuma::explain(input, 0, uid));
	let n = case.input.n;
	let explanation =
		explanation.ok_or_else(|| (2, format!("the case has {n} uids, from 0 on, and so no uid {uid}")))?;
	write!(stdout().lock(), "{explanation}").map_err(broken)
}

fn uid(mut arguments: impl Iterator<Item = String>) -> Result<u16, Failure> {
	let (Some(uid), None) = (arguments.next(), arguments.next()) else {
		return Err((2, format!("expected one argument, the uid to explain\n{USAGE}")));
	};
	let error = |_| (2, format!("expected a uid between 0 and 65535, not {uid:?}\n{USAGE}"));
	uid.parse().map_err(error)
}
