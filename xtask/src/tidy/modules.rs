//! Which Rust files belong to a crate: those that its roots reach by `mod`, `#[path]` or an `include`. The
//! others are dead: nobody compiles them, and every reader takes them for code.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::Finding;
use super::source::is_word;
use super::tree::Tree;

/// A file that cargo hands to the compiler.
pub(super) struct Root {
	pub(super) path: String,
	/// Libraries and binaries say what they are for; tests and examples may.
	pub(super) needs_documentation: bool,
}

/// The roots of the crate in `folder`: those that cargo finds by itself, and those that its manifest names.
pub(super) fn roots(tree: &Tree, folder: &str, manifest: &Table) -> Vec<Root> {
	let prefix = if folder.is_empty() {
		String::new()
	} else {
		format!("{folder}/")
	};
	let mut roots = Vec::new();
	for (path, _) in tree.sources() {
		let Some(inside) = path.strip_prefix(&prefix) else {
			continue;
		};
		let parts: Vec<&str> = inside.split('/').collect();
		let needs_documentation = matches!(
			parts[..],
			["src", "lib.rs" | "main.rs"] | ["src", "bin", _] | ["src", "bin", _, "main.rs"]
		);
		let by_itself = matches!(
			parts[..],
			["build.rs"] | ["tests" | "benches" | "examples", _] | ["tests" | "benches" | "examples", _, "main.rs"]
		);
		if needs_documentation || by_itself {
			roots.push(Root {
				path: path.to_owned(),
				needs_documentation,
			});
		}
	}
	for kind in ["lib", "bin", "test", "bench", "example"] {
		let entries: Vec<&Value> = match manifest.get(kind) {
			Some(Value::Array(entries)) => entries.iter().collect(),
			Some(entry) => vec![entry],
			None => Vec::new(),
		};
		for path in entries.iter().filter_map(|entry| entry.get("path")?.as_str()) {
			let path = format!("{prefix}{path}");
			if roots.iter().all(|root| root.path != path) {
				roots.push(Root {
					path,
					needs_documentation: matches!(kind, "lib" | "bin"),
				});
			}
		}
	}
	roots
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
	let folders: Vec<&str> = tree
		.manifests()
		.map(|manifest| manifest.folder)
		.filter(|folder| !folder.is_empty())
		.collect();
	// The innermost crate owns a file: `neuron/net` lies in `neuron`.
	let owner = |path: &str| {
		let owns = |folder: &&&str| path.strip_prefix(**folder).is_some_and(|rest| rest.starts_with('/'));
		folders.iter().filter(owns).max_by_key(|folder| folder.len()).copied()
	};
	let mut alive = BTreeSet::new();
	for manifest in tree.manifests() {
		let Ok(table) = manifest.text.parse::<Table>() else {
			continue;
		};
		for root in roots(tree, manifest.folder, &table) {
			reach(tree, root.path, true, &mut alive);
		}
	}
	tree.sources()
		.filter(|(path, _)| owner(path).is_some() && !alive.contains(*path))
		.map(|(path, _)| Finding {
			file: path.to_owned(),
			line: 0,
			what: "no `mod` names this file".into(),
			why: "nobody compiles it, and every reader takes it for code",
			remedy: "name it or remove it".into(),
		})
		.collect()
}

/// Adds `path` and all that it names to `alive`.
fn reach(tree: &Tree, path: String, is_root: bool, alive: &mut BTreeSet<String>) {
	let Some(source) = tree.source(&path) else { return };
	if !alive.insert(path.clone()) {
		return;
	}
	let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
	// Modules of a root and of `mod.rs` lie beside it, those of `x.rs` in the folder `x`.
	let own = if is_root || name == "mod.rs" {
		folder.to_owned()
	} else {
		format!("{folder}/{}", name.trim_end_matches(".rs"))
	};
	let modules = declared_modules(&source.code);
	// `#[path = "x.rs"]` and `include!("x.rs")`: the names are in strings.
	let texts: Vec<&str> = source
		.strings
		.split_whitespace()
		.filter(|text| text.ends_with(".rs"))
		.collect();
	let named: Vec<String> = tree
		.sources()
		.map(|(path, _)| path)
		.filter(|candidate| {
			let below = candidate.strip_prefix(&own).and_then(|rest| rest.strip_prefix('/'));
			let is_module = below.is_some_and(|below| names(&modules, below));
			let in_folder = candidate.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
			is_module || in_folder.is_some_and(|inside| texts.contains(&inside))
		})
		.map(str::to_owned)
		.collect();
	for path in named {
		reach(tree, path, false, alive);
	}
}

/// Whether `modules` name the file at `below`, a path relative to their folder. Modules in inline modules lie in
/// folders of these: every name on the way must be declared.
fn names(modules: &BTreeSet<String>, below: &str) -> bool {
	let Some(stem) = below.strip_suffix(".rs") else {
		return false;
	};
	let stem = stem.strip_suffix("/mod").unwrap_or(stem);
	stem.split('/').all(|part| modules.contains(part))
}

/// The names in all `mod name` of `code`, inline ones too.
fn declared_modules(code: &str) -> BTreeSet<String> {
	let mut modules = BTreeSet::new();
	let mut rest = code;
	while let Some(at) = rest.find("mod ") {
		let starts_word = !is_word(rest.get(..at).and_then(|before| before.chars().next_back()));
		rest = rest.get(at + 4..).unwrap_or_default();
		let name: String = rest
			.trim_start()
			.trim_start_matches("r#")
			.chars()
			.take_while(|character| is_word(Some(*character)))
			.collect();
		if starts_word && !name.is_empty() {
			modules.insert(name);
		}
	}
	modules
}

#[cfg(test)]
mod tests {
	use super::*;

	fn dead(files: &[(&str, &str)]) -> Vec<String> {
		let mut all = vec![
			(
				"a/Cargo.toml",
				"[package]\nname = \"a\"\n[[bench]]\nname = \"b\"\npath = \"speed/b.rs\"\n",
			),
			("a/b/Cargo.toml", "[package]\nname = \"b\"\n"),
		];
		all.extend_from_slice(files);
		check(&Tree::of(&all)).into_iter().map(|finding| finding.file).collect()
	}

	#[test]
	fn a_file_that_nothing_names_is_dead() {
		let files = [
			("a/src/lib.rs", "mod used;\n// mod dead;\n"),
			("a/src/used.rs", ""),
			("a/src/dead.rs", ""),
		];
		assert_eq!(dead(&files), ["a/src/dead.rs"]);
	}

	#[test]
	fn every_way_of_naming_a_file_counts() {
		let files = [
			(
				"a/src/lib.rs",
				"mod one;\npub(crate) mod two;\n#[path = \"odd/name.rs\"]\nmod three;\n",
			),
			("a/src/one.rs", "mod deep;\n#[cfg(test)]\nmod tests { mod inner; }\n"),
			("a/src/one/deep.rs", ""),
			("a/src/one/tests/inner.rs", ""),
			("a/src/two/mod.rs", "mod beside;\ninclude!(\"table.rs\");\n"),
			("a/src/two/beside.rs", ""),
			("a/src/two/table.rs", ""),
			("a/src/odd/name.rs", ""),
			("a/src/bin/tool.rs", ""),
			("a/tests/it.rs", "mod common;\n"),
			("a/tests/common/mod.rs", ""),
			("a/speed/b.rs", ""),
			("a/build.rs", ""),
		];
		assert_eq!(dead(&files), Vec::<String>::new());
	}

	#[test]
	fn a_module_of_another_folder_is_still_dead() {
		let files = [
			("a/src/lib.rs", "mod one;\n"),
			("a/src/one.rs", ""),
			("a/src/other/one.rs", ""),
		];
		assert_eq!(dead(&files), ["a/src/other/one.rs"]);
	}

	#[test]
	fn a_crate_inside_another_ones_folder_is_its_own() {
		let files = [
			("a/src/lib.rs", ""),
			("a/b/src/lib.rs", "mod x;"),
			("a/b/src/x.rs", ""),
			("a/b/src/y.rs", ""),
		];
		assert_eq!(dead(&files), ["a/b/src/y.rs"]);
	}
}
