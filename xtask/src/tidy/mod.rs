//! The house rules as code: pure file checks that take a second, so that style is a test like any other.
//!
//! | module | rule |
//! | --- | --- |
//! | `sizes` | files and functions fit in a reader's head; old sins are listed and may only shrink |
//! | `arrows` | which crate may depend on which, and versions in one place only |
//! | `layout` | crates document themselves, inherit the lints, and have no dead files |
//! | `leftovers` | nothing unfinished, silenced without a reason, or tied to one machine |
//! | `source` | Rust text with its comments and strings told apart from its code |
//! | `tree` | the files that belong to the project |

mod arrows;
mod layout;
mod leftovers;
mod modules;
mod ratchet;
mod sizes;
mod source;
mod tree;

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::tidy::ratchet::Ratchet;
use crate::tidy::tree::Tree;

/// What `cargo xtask tidy` is told.
#[derive(clap::Args)]
pub(crate) struct Options {
	/// Lower the entries of the ratchet list to today's sizes, and drop those no longer needed.
	#[arg(long)]
	lower: bool,
}

/// A broken rule: where, what, why it is a rule, and what to do.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Finding {
	/// Relative to the checkout.
	file: String,
	/// From 1; 0 where the finding is about the whole file.
	line: usize,
	what: String,
	why: &'static str,
	remedy: String,
}

impl fmt::Display for Finding {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		let Self {
			file,
			line,
			what,
			why,
			remedy,
		} = self;
		match line {
			0 => write!(formatter, "{file}: ")?,
			_ => write!(formatter, "{file}:{line}: ")?,
		}
		write!(formatter, "{what}\n    why: {why}\n    do: {remedy}")
	}
}

/// `cargo xtask tidy`.
pub(crate) fn command(root: &Path, options: &Options) -> Result<ExitCode> {
	if options.lower {
		let tree = Tree::read(root)?;
		let lowered = Ratchet::read(root)?.lowered(&sizes::measure(&tree));
		lowered.write(root)?;
		println!("lowered {}", ratchet::PATH);
	}
	check(root)?;
	Ok(ExitCode::SUCCESS)
}

/// Checks the checkout at `root` and prints what breaks a rule.
///
/// # Errors
/// Something does.
pub(crate) fn check(root: &Path) -> Result<()> {
	let tree = Tree::read(root)?;
	let findings = findings(&tree, &Ratchet::read(root)?);
	for finding in &findings {
		println!("{finding}\n");
	}
	if !findings.is_empty() {
		bail!("{} house rules are broken (above)", findings.len());
	}
	println!("tidy: {} files follow the house rules", tree.len());
	Ok(())
}

fn findings(tree: &Tree, ratchet: &Ratchet) -> Vec<Finding> {
	let mut findings = sizes::check(tree, ratchet);
	findings.extend(arrows::check(tree));
	findings.extend(layout::check(tree));
	findings.extend(modules::check(tree));
	findings.extend(leftovers::check(tree));
	findings.sort();
	findings.dedup();
	findings
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn findings_say_where_what_why_and_what_to_do() {
		let mut finding = Finding {
			file: "a.rs".into(),
			line: 7,
			what: "is odd".into(),
			why: "even is better",
			remedy: "make it even".into(),
		};
		let text = "a.rs:7: is odd\n    why: even is better\n    do: make it even";
		assert_eq!(finding.to_string(), text);
		finding.line = 0;
		assert!(finding.to_string().starts_with("a.rs: is odd"));
	}

	#[test]
	fn a_broken_rule_fails_the_check() {
		let folder = tempfile::tempdir().unwrap();
		std::fs::write(folder.path().join("a.rs"), "fn f() { todo!() }\n").unwrap();
		let error = check(folder.path()).unwrap_err().to_string();
		assert!(error.contains("house rules"), "{error}");
	}
}
