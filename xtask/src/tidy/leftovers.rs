//! Nothing unfinished, nothing silenced without a reason, nothing tied to one machine.

use super::Finding;
use super::source::{Source, is_word};
use super::tree::Tree;

const UNFINISHED: &str = "what is merged is finished";
const LINT_REASON: &str = "an exception without a reason outlives it";

/// Macros that mark unfinished or temporary code.
const MACROS: [(&str, &str); 3] = [
	("todo!", "write it, or return an error that says what is absent"),
	(
		"unimplemented!",
		"write it, or return an error that says what is absent",
	),
	("dbg!", "remove it, or log with tracing"),
];
/// Words that mark unfinished work in comments.
const WORDS: [&str; 3] = ["FIXME", "TODO", "XXX"];
/// Beginnings of paths that exist on one machine only. In pieces, so that this file follows its own rule.
const MACHINE_PATHS: [&str; 4] = [
	concat!("/ro", "ot/"),
	concat!("/ho", "me/"),
	concat!("/wo", "rk/"),
	concat!("/Us", "ers/"),
];
/// Names of nobody in particular, for examples.
const NOBODY: [&str; 5] = ["me", "someone", "user", "you", "alice"];
/// Package registries: cargo, pip, npm and apt know where theirs are.
const REGISTRIES: [&str; 7] = [
	concat!("index.crates", ".io"),
	concat!("static.crates", ".io"),
	concat!("//crates", ".io"),
	concat!("py", "pi.org"),
	concat!("python", "hosted.org"),
	concat!("registry.npm", "js.org"),
	concat!("deb.deb", "ian.org"),
];
/// Files that name registries because their format wants it.
const REGISTRY_FORMATS: [&str; 2] = ["Cargo.lock", "package-lock.json"];
/// Data that was taken over as it is, and may say anything.
const DATA: [&str; 3] = [".txt", ".csv", ".jsonl"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
	let mut findings = Vec::new();
	for (path, source) in tree.sources() {
		check_macros(path, source, &mut findings);
		check_words(path, source, &mut findings);
		check_attributes(path, source, &mut findings);
		if path.starts_with("pallets/") && !is_test(path) {
			check_discarded(path, source, &mut findings);
		}
	}
	for (path, file) in tree.files() {
		let Some(text) = &file.text else { continue };
		if !DATA.iter().any(|end| path.ends_with(end)) {
			check_text(path, text, &mut findings);
		}
	}
	findings
}

fn is_test(path: &str) -> bool {
	path.split('/')
		.any(|part| matches!(part, "tests" | "tests.rs" | "mock.rs" | "benches"))
}

fn check_macros(path: &str, source: &Source, findings: &mut Vec<Finding>) {
	for (index, line) in source.code.lines().enumerate() {
		for (name, remedy) in MACROS {
			if has_word(line, name) {
				findings.push(Finding {
					file: path.to_owned(),
					line: index + 1,
					what: format!("`{name}` is left over"),
					why: UNFINISHED,
					remedy: remedy.to_owned(),
				});
			}
		}
	}
}

fn check_words(path: &str, source: &Source, findings: &mut Vec<Finding>) {
	for (index, line) in source.comments.lines().enumerate() {
		for word in WORDS {
			if has_word(line, word) {
				findings.push(Finding {
					file: path.to_owned(),
					line: index + 1,
					what: format!("{word} in a comment"),
					why: UNFINISHED,
					remedy: "do it, or say in plain words what is so and why".to_owned(),
				});
			}
		}
	}
}

/// Attributes that silence something: `allow`, `expect` and `ignore` need a reason, and `expect` tells when it
/// is no longer needed.
fn check_attributes(path: &str, source: &Source, findings: &mut Vec<Finding>) {
	for (line, attribute) in attributes(&source.code) {
		let words: String = attribute
			.chars()
			.filter(|character| !character.is_whitespace())
			.collect();
		let has_reason = words.contains("reason=");
		let broken = if words == "ignore" {
			Some((
				"a test is ignored without a reason",
				"write `#[ignore = \"why\"]`, or mend the test",
			))
		} else if words.starts_with("allow(") && !has_reason {
			Some((
				"a lint is allowed without a reason",
				"write `#[expect(..., reason = \"why\")]`",
			))
		} else if words.starts_with("expect(") && !has_reason {
			Some(("a lint is expected without a reason", "add `reason = \"why\"`"))
		} else {
			None
		};
		if let Some((what, remedy)) = broken {
			findings.push(Finding {
				file: path.to_owned(),
				line,
				what: what.to_owned(),
				why: LINT_REASON,
				remedy: remedy.to_owned(),
			});
		}
	}
}

/// The insides of all `#[…]` and `#![…]`, with their lines.
fn attributes(code: &str) -> Vec<(usize, &str)> {
	let mut attributes = Vec::new();
	for (at, _) in code.match_indices('#') {
		let rest = code.get(at + 1..).unwrap_or_default();
		let Some(inside) = rest.strip_prefix("![").or_else(|| rest.strip_prefix('[')) else {
			continue;
		};
		let mut depth = 1_usize;
		let end = inside.find(|character| {
			match character {
				'[' => depth += 1,
				']' => depth -= 1,
				_ => {}
			}
			depth == 0
		});
		let line = code.get(..at).unwrap_or_default().matches('\n').count() + 1;
		attributes.push((line, inside.get(..end.unwrap_or(inside.len())).unwrap_or_default()));
	}
	attributes
}

fn check_discarded(path: &str, source: &Source, findings: &mut Vec<Finding>) {
	for (index, line) in source.code.lines().enumerate() {
		// What follows the test module of a file is tests.
		if line.contains("#[cfg(test)]") {
			return;
		}
		if line.contains("let _ =") {
			findings.push(Finding {
				file: path.to_owned(),
				line: index + 1,
				what: "`let _ =` in a pallet".into(),
				why: "a failure that vanishes on chain is a bug that nobody sees",
				remedy: "handle the result, pass it on with `?`, or emit an event".into(),
			});
		}
	}
}

fn check_text(path: &str, text: &str, findings: &mut Vec<Finding>) {
	for (index, line) in text.lines().enumerate() {
		for start in MACHINE_PATHS {
			// In the middle of a longer path or address it is not the machine's.
			let starts_path = |(at, _): (usize, &str)| {
				let before = line.get(..at).and_then(|before| before.chars().next_back());
				let rest = line.get(at + start.len()..).unwrap_or_default();
				let owner = rest
					.split(|character| !is_word(Some(character)))
					.next()
					.unwrap_or_default();
				!NOBODY.contains(&owner)
					&& !is_word(before)
					&& !before.is_some_and(|character| "./~}>*-".contains(character))
			};
			if line.match_indices(start).any(starts_path) {
				findings.push(Finding {
					file: path.to_owned(),
					line: index + 1,
					what: format!("a path that starts with {start}"),
					why: "it exists on one machine only",
					remedy: "make it relative, or take it from the environment".into(),
				});
			}
		}
		let named = REGISTRIES.iter().find(|host| line.contains(**host));
		let wants_it = REGISTRY_FORMATS.iter().any(|name| path.ends_with(name));
		if let (Some(host), false) = (named, wants_it) {
			findings.push(Finding {
				file: path.to_owned(),
				line: index + 1,
				what: format!("a package registry's address: {host}"),
				why: "clients know where their registries are, and mirrors differ",
				remedy: "name the package and its client instead".into(),
			});
		}
	}
}

fn has_word(line: &str, word: &str) -> bool {
	line.match_indices(word).any(|(at, _)| {
		let before = line.get(..at).and_then(|before| before.chars().next_back());
		let after = line.get(at + word.len()..).and_then(|after| after.chars().next());
		!is_word(before) && (word.ends_with('!') || !is_word(after))
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	fn found(path: &str, text: &str) -> Vec<(usize, String)> {
		check(&Tree::of(&[(path, text)]))
			.into_iter()
			.map(|it| (it.line, it.what))
			.collect()
	}

	fn one(path: &str, text: &str, line: usize, what: &str) {
		let found = found(path, text);
		assert!(
			found.len() == 1 && found[0].0 == line && found[0].1.contains(what),
			"{found:?}"
		);
	}

	#[test]
	fn unfinished_code_is_found_where_it_is_code() {
		for name in ["todo", "unimplemented", "dbg"] {
			one("a.rs", &format!("fn f() {{\n    {name}!();\n}}"), 2, name);
		}
		assert!(found("a.rs", "fn f() { \"todo!()\"; my_todo!(); } // todo!() would be odd").is_empty());
	}

	#[test]
	fn unfinished_words_are_found_in_comments() {
		for word in WORDS {
			one("a.rs", &format!("\n// {word}: later\n"), 2, word);
		}
		assert!(found("a.rs", "const X: &str = \"FIXME\"; // PREFIXME and XXXL are words").is_empty());
	}

	#[test]
	fn silencing_needs_a_reason() {
		one("a.rs", "#[ignore]\nfn f() {}", 1, "ignored");
		one("a.rs", "\n#![allow(dead_code)]", 2, "allowed");
		one("a.rs", "#[expect(\n    dead_code,\n)]\nfn f() {}", 1, "expected");
		let fine = "#[ignore = \"needs a GPU\"]\n#[expect(dead_code, reason = \"a [b]\")]\n\
					#[allow(x, reason = \"generated\")]\n#[derive(Debug)]\nfn f() {}";
		assert!(found("a.rs", fine).is_empty());
	}

	#[test]
	fn pallets_discard_nothing() {
		let text = "fn f() {\n    let _ = g();\n}\n#[cfg(test)]\nmod tests { fn h() { let _ = g(); } }\n";
		one("pallets/a/src/lib.rs", text, 2, "let _ =");
		assert!(found("pallets/a/src/tests/x.rs", text).is_empty());
		assert!(found("neuron/src/lib.rs", text).is_empty());
	}

	#[test]
	fn machine_paths_are_found_in_every_text() {
		for start in MACHINE_PATHS {
			one("a.md", &format!("see\n`{start}x`"), 2, start);
			one("a.rs", &format!("const X: &str = \"{start}x\";"), 1, start);
			assert!(found("a.md", &format!("https://example.org{start}x and $X.{start}y")).is_empty());
			assert!(
				found("a.md", &format!("{start}someone/.config")).is_empty(),
				"an example"
			);
			assert!(found("corpus.txt", start).is_empty());
		}
	}

	#[test]
	fn registry_addresses_are_found_outside_lock_files() {
		for host in REGISTRIES {
			one(
				"a.md",
				&format!("https:{}{host}/x", if host.starts_with('/') { "" } else { "//" }),
				1,
				"registry",
			);
			assert!(found("Cargo.lock", host).is_empty());
		}
	}
}
