//! Crates document themselves and inherit the workspace's lints; a newcomer finds the top-level documents; the
//! lock file names only the public registry.

use toml::{Table, Value};

use super::Finding;
use super::tree::{Manifest, Tree};

/// What a visitor and a lawyer look for.
const DOCUMENTS: [&str; 5] = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "NOTICE"];
/// What every crate takes from the workspace.
const INHERITED: [&str; 4] = ["version", "edition", "license", "rust-version"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
	let mut findings = Vec::new();
	for document in DOCUMENTS {
		let text = tree
			.files()
			.find(|(path, _)| *path == document)
			.map(|(_, file)| &file.text);
		if text.is_none_or(|text| text.as_deref().is_none_or(|text| text.trim().is_empty())) {
			findings.push(Finding {
				file: document.to_owned(),
				line: 0,
				what: "it is missing or empty".into(),
				why: "it is what a newcomer looks for first",
				remedy: "write it".into(),
			});
		}
	}
	for manifest in tree.manifests() {
		// A manifest that is no TOML is reported by the check of the arrows.
		if let Ok(table) = manifest.text.parse::<Table>()
			&& table.contains_key("package")
		{
			findings.extend(check_manifest(manifest, &table));
			findings.extend(check_documentation(tree, manifest, &table));
		}
	}
	findings.extend(check_lock(tree));
	findings
}

fn check_manifest(manifest: Manifest<'_>, table: &Table) -> Vec<Finding> {
	let inherits =
		|value: Option<&Value>| value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true);
	let finding = |what: String, why: &'static str, remedy: String| Finding {
		file: manifest.path.to_owned(),
		line: 0,
		what,
		why,
		remedy,
	};
	let mut findings = Vec::new();
	if !inherits(table.get("lints")) {
		findings.push(finding(
			"the crate does not inherit the workspace's lints".into(),
			"one set of lints for all crates",
			"add `[lints]` with `workspace = true`".into(),
		));
	}
	for field in INHERITED {
		if !inherits(table.get("package").and_then(|package| package.get(field))) {
			findings.push(finding(
				format!("`{field}` is not the workspace's"),
				"what all crates share is written once",
				format!("write `{field}.workspace = true`"),
			));
		}
	}
	if table
		.get("package")
		.and_then(|package| package.get("description"))
		.is_none()
	{
		findings.push(finding(
			"the crate has no description".into(),
			"a crate that cannot be described in a line is two crates",
			"add `description` to [package]".into(),
		));
	}
	findings
}

/// Every root of the crate opens with documentation.
fn check_documentation(tree: &Tree, manifest: Manifest<'_>, table: &Table) -> Vec<Finding> {
	super::modules::roots(tree, manifest.folder, table)
		.into_iter()
		.filter(|root| root.needs_documentation)
		.filter(|root| {
			tree.source(&root.path)
				.is_some_and(|source| !opens_with_docs(&source.comments))
		})
		.map(|root| Finding {
			file: root.path,
			line: 1,
			what: "the crate does not say what it is for".into(),
			why: "its documentation is the first thing that a reader looks for",
			remedy: "open the file with `//!`: its purpose, a bird's-eye view, an example".into(),
		})
		.collect()
}

/// Whether the first comment that is no ordinary `//` line is `//!` and stands at the beginning.
fn opens_with_docs(comments: &str) -> bool {
	let mut lines = comments.lines().map(str::trim).filter(|line| !line.is_empty());
	lines
		.find(|line| !line.starts_with("// "))
		.is_some_and(|line| line.starts_with("//!"))
}

fn check_lock(tree: &Tree) -> Vec<Finding> {
	const PUBLIC: &str = "registry+https://github.com/rust-lang/crates.io-index";
	let lock = tree.files().find(|(path, _)| *path == "Cargo.lock");
	let Some(text) = lock.and_then(|(_, file)| file.text.as_deref()) else {
		return Vec::new();
	};
	let sources = text.lines().enumerate().filter_map(|(index, line)| {
		let source = line.strip_prefix("source = \"")?.strip_suffix('"')?;
		(source != PUBLIC).then_some((index + 1, source))
	});
	sources
		.map(|(line, source)| Finding {
			file: "Cargo.lock".into(),
			line,
			what: format!("a dependency comes from {source}"),
			why: "everybody builds from the public registry, with its checksums",
			remedy: "depend on a published version".into(),
		})
		.collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	const GOOD: &str = "[package]\nname = \"a\"\ndescription = \"d\"\nversion.workspace = true\n\
						edition.workspace = true\nlicense.workspace = true\n\
						rust-version.workspace = true\n[lints]\nworkspace = true\n";

	fn found(manifest: &str, library: &str) -> Vec<String> {
		let mut files = vec![("a/Cargo.toml", manifest), ("a/src/lib.rs", library)];
		files.extend(DOCUMENTS.map(|path| (path, "text")));
		check(&Tree::of(&files))
			.into_iter()
			.map(|finding| finding.what)
			.collect()
	}

	#[test]
	fn a_good_crate_is_quiet() {
		assert!(found(GOOD, "//! What it is for.\n").is_empty());
		assert!(found(GOOD, "// Licence line\n\n#![no_std]\n//! What it is for.\n").is_empty());
	}

	#[test]
	fn lints_fields_and_description_are_required() {
		let found_for = |from: &str, to: &str| found(&GOOD.replace(from, to), "//! Docs.\n");
		assert!(found_for("[lints]\nworkspace = true\n", "")[0].contains("lints"));
		assert!(found_for("edition.workspace = true", "edition = \"2024\"")[0].contains("edition"));
		assert!(found_for("license.workspace = true\n", "")[0].contains("license"));
		assert!(found_for("description = \"d\"\n", "")[0].contains("description"));
	}

	#[test]
	fn crates_open_with_their_documentation() {
		for library in ["", "pub fn f() {}\n", "/// Not the crate's.\nfn f() {}\n//! Late.\n"] {
			let found = found(GOOD, library);
			assert!(
				found.len() == 1 && found[0].contains("what it is for"),
				"{library}: {found:?}"
			);
		}
	}

	#[test]
	fn top_level_documents_are_there_and_not_empty() {
		let findings = check(&Tree::of(&[("README.md", "text"), ("NOTICE", "  \n")]));
		let files: Vec<_> = findings.iter().map(|finding| finding.file.as_str()).collect();
		assert_eq!(files, ["ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "NOTICE"]);
	}

	#[test]
	fn the_lock_file_names_the_public_registry_only() {
		let lock = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
					source = \"git+https://example.org/x#1\"\n";
		let findings = check_lock(&Tree::of(&[("Cargo.lock", lock)]));
		assert_eq!(findings.len(), 1);
		assert_eq!(findings[0].line, 2);
	}
}
