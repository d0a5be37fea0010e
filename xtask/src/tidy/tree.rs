//! The files that belong to the project, read once, with each Rust file's code told apart from its text.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::source::Source;
use crate::process;

/// Folders that hold nothing of ours, for trees that git does not know.
const FOREIGN: [&str; 3] = [".git", "target", "node_modules"];

/// A file of the project.
pub(super) struct File {
	/// In bytes.
	pub(super) size: u64,
	/// Nothing for binary files.
	pub(super) text: Option<String>,
	/// For Rust files.
	pub(super) source: Option<Source>,
}

/// All files of the project, by path relative to its top folder, with `/` between the parts.
pub(super) struct Tree {
	files: BTreeMap<String, File>,
}

impl Tree {
	/// Reads the checkout at `root`: what git tracks or would add, or everything where git knows nothing.
	pub(super) fn read(root: &Path) -> Result<Self> {
		let mut paths = Vec::new();
		if root.join(".git").exists() {
			let mut list = Command::new("git");
			list.current_dir(root);
			list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
			let names = process::probe(&mut list).context("`git ls-files` fails in this checkout")?;
			paths.extend(names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned));
		} else {
			walk(root, "", &mut paths)?;
		}
		let mut files = BTreeMap::new();
		for path in paths {
			// A file that is deleted and not yet committed as such is still in git's list.
			let Ok(bytes) = fs::read(root.join(&path)) else {
				continue;
			};
			files.insert(path.clone(), File::new(&path, bytes));
		}
		Ok(Self { files })
	}

	#[cfg(test)]
	pub(super) fn of(files: &[(&str, &str)]) -> Self {
		let file = |(path, text): &(&str, &str)| ((*path).to_owned(), File::new(path, text.as_bytes().to_vec()));
		Self {
			files: files.iter().map(file).collect(),
		}
	}

	pub(super) fn len(&self) -> usize {
		self.files.len()
	}

	pub(super) fn files(&self) -> impl Iterator<Item = (&str, &File)> {
		self.files.iter().map(|(path, file)| (path.as_str(), file))
	}

	/// The Rust files.
	pub(super) fn sources(&self) -> impl Iterator<Item = (&str, &Source)> {
		self.files()
			.filter_map(|(path, file)| Some((path, file.source.as_ref()?)))
	}

	#[cfg(test)]
	pub(super) fn has(&self, path: &str) -> bool {
		self.files.contains_key(path)
	}

	pub(super) fn source(&self, path: &str) -> Option<&Source> {
		self.files.get(path)?.source.as_ref()
	}

	/// The manifests of the workspace's crates: their folder (empty for the top one), path and text.
	pub(super) fn manifests(&self) -> impl Iterator<Item = Manifest<'_>> {
		self.files().filter_map(|(path, file)| {
			let folder = if path == "Cargo.toml" {
				""
			} else {
				path.strip_suffix("/Cargo.toml")?
			};
			Some(Manifest {
				folder,
				path,
				text: file.text.as_deref()?,
			})
		})
	}
}

/// A `Cargo.toml`.
#[derive(Clone, Copy)]
pub(super) struct Manifest<'a> {
	/// The crate's folder; empty for the top one.
	pub(super) folder: &'a str,
	pub(super) path: &'a str,
	pub(super) text: &'a str,
}

impl File {
	fn new(path: &str, bytes: Vec<u8>) -> Self {
		let size = bytes.len() as u64;
		let text = String::from_utf8(bytes).ok();
		let source = text.as_deref().filter(|_| path.ends_with(".rs")).map(Source::new);
		Self { size, text, source }
	}
}

fn walk(folder: &Path, prefix: &str, paths: &mut Vec<String>) -> Result<()> {
	let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
	for entry in entries {
		let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
		let name = entry.file_name().to_string_lossy().into_owned();
		let kind = entry.file_type()?;
		if kind.is_dir() && !FOREIGN.contains(&name.as_str()) {
			walk(&entry.path(), &format!("{prefix}{name}/"), paths)?;
		} else if kind.is_file() {
			paths.push(format!("{prefix}{name}"));
		}
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_folder_without_git_is_read_whole_but_for_build_output() {
		let folder = tempfile::tempdir().unwrap();
		for path in ["a/src", "target/debug"] {
			fs::create_dir_all(folder.path().join(path)).unwrap();
		}
		fs::write(folder.path().join("a/src/lib.rs"), "//! Docs.\n").unwrap();
		fs::write(folder.path().join("a/Cargo.toml"), "[package]\n").unwrap();
		fs::write(folder.path().join("binary"), [0xff, 0xfe]).unwrap();
		fs::write(folder.path().join("target/debug/x.rs"), "").unwrap();
		let tree = Tree::read(folder.path()).unwrap();
		assert_eq!(tree.len(), 3);
		assert!(tree.source("a/src/lib.rs").is_some());
		assert!(!tree.has("target/debug/x.rs"));
		let folders: Vec<_> = tree.manifests().map(|manifest| manifest.folder).collect();
		assert_eq!(folders, ["a"]);
		assert!(tree.files().any(|(path, file)| path == "binary" && file.text.is_none()));
	}
}
