//! The one build that the demo, the tests and CI share.
//!
//! The workspace compiles its own crates with `clippy-driver` (see `.cargo/config.toml`), so this build is the
//! clippy run too. Its warnings are read from cargo's messages instead of being denied by a compiler flag:
//! a flag would be part of the fingerprint, and a developer's plain `cargo build` would share nothing with
//! it. Cargo repeats a fresh crate's warnings, so a second run finds them all again.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, IsTerminal};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process;
use crate::workspace::Workspace;

/// What is built, the same for everything: the test runners take this selection too, and find it fresh.
pub(crate) const SELECTION: &[&str] = &["--workspace", "--bins", "--examples", "--tests", "--locked"];

/// Builds the binaries, examples and tests of the whole workspace. Shows the warnings in our crates and returns
/// how many there are.
///
/// # Errors
/// Something does not compile.
pub(crate) fn build(workspace: &Workspace) -> Result<usize> {
	let format = if std::io::stderr().is_terminal() {
		"json-diagnostic-rendered-ansi"
	} else {
		"json"
	};
	let mut command = workspace.cargo();
	command
		.arg("build")
		.args(SELECTION)
		.arg(format!("--message-format={format}"));
	let mut child = command
		.stdin(Stdio::null())
		.stdout(Stdio::piped())
		.spawn()
		.with_context(|| format!("`{}` cannot be started", process::line(&command)))?;
	let mut seen = BTreeSet::new();
	if let Some(messages) = child.stdout.take() {
		for line in BufReader::new(messages).lines() {
			let line = line.context("cargo's messages cannot be read")?;
			// A crate's library and its tests say the same: once is enough.
			if let Some(diagnostic) = diagnostic(&line)
				&& !seen.contains(&diagnostic)
			{
				eprint!("{}", diagnostic.rendered);
				seen.insert(diagnostic);
			}
		}
	}
	let status = child.wait().context("cargo cannot be waited for")?;
	if !status.success() {
		bail!("`{}` failed", process::line(&command));
	}
	Ok(seen.iter().filter(|diagnostic| diagnostic.is_warning).count())
}

/// Something that the compiler or clippy says about our code.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Diagnostic {
	is_warning: bool,
	rendered: String,
}

/// Reads one line of cargo's messages. Nothing for lines that are not about code, and for the compiler's own
/// counts (`3 warnings emitted`).
fn diagnostic(line: &str) -> Option<Diagnostic> {
	let message: Value = serde_json::from_str(line).ok()?;
	if message["reason"] != "compiler-message" {
		return None;
	}
	let message = &message["message"];
	let is_warning = message["level"] == "warning";
	let is_count = message["spans"].as_array().is_some_and(Vec::is_empty)
		&& message["message"]
			.as_str()
			.is_some_and(|text| text.ends_with(" emitted"));
	if is_warning && is_count {
		return None;
	}
	Some(Diagnostic {
		is_warning,
		rendered: message["rendered"].as_str()?.to_owned(),
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	fn message(level: &str, text: &str, spans: &str) -> String {
		format!(
			r#"{{"reason":"compiler-message","package_id":"p","message":{{"rendered":"{level}: {text}\n","level":"{level}","message":"{text}","spans":{spans}}}}}"#
		)
	}

	#[test]
	fn warnings_are_told_from_errors_and_counts() {
		let unused = diagnostic(&message("warning", "unused variable", "[{}]")).unwrap();
		assert!(unused.is_warning);
		assert_eq!(unused.rendered, "warning: unused variable\n");
		assert!(
			!diagnostic(&message("error", "mismatched types", "[{}]"))
				.unwrap()
				.is_warning
		);
		assert_eq!(diagnostic(&message("warning", "3 warnings emitted", "[]")), None);
		let no_span = diagnostic(&message("warning", "unknown lint", "[]")).unwrap();
		assert!(no_span.is_warning, "a warning about no particular line counts");
	}

	#[test]
	fn other_lines_are_not_diagnostics() {
		assert_eq!(diagnostic(r#"{"reason":"build-finished","success":true}"#), None);
		assert_eq!(diagnostic("plain text of a build script"), None);
		assert_eq!(diagnostic(""), None);
	}
}
