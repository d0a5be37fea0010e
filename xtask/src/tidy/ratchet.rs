//! The list of what is larger than the rules allow. Entries are added by hand, with a reason in the commit, and
//! may only shrink.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Where the list is.
pub(super) const PATH: &str = "xtask/tidy-ratchet.toml";

const HEADER: &str = "\
# What is larger than the house rules allow, with its size in lines. Entries may only shrink:
# `cargo xtask tidy --lower` lowers them and drops those that are no longer needed.
";

/// Sizes by name: a file's path, or `path::function`.
pub(super) type Sizes = BTreeMap<String, usize>;

/// Today's sizes, or the allowed ones.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Ratchet {
	pub(super) files: Sizes,
	pub(super) functions: Sizes,
}

impl Ratchet {
	/// Reads the list; a project without one allows nothing.
	pub(super) fn read(root: &Path) -> Result<Self> {
		let path = root.join(PATH);
		if !path.exists() {
			return Ok(Self::default());
		}
		let text = fs::read_to_string(&path).with_context(|| format!("cannot read {PATH}"))?;
		Self::parse(&text)
	}

	fn parse(text: &str) -> Result<Self> {
		let table: toml::Table = text.parse().with_context(|| format!("{PATH} is no TOML"))?;
		let mut ratchet = Self::default();
		for (name, section) in &table {
			let sizes = match name.as_str() {
				"files" => &mut ratchet.files,
				"functions" => &mut ratchet.functions,
				_ => bail!("{PATH}: expected the tables [files] and [functions], found [{name}]"),
			};
			let section = section
				.as_table()
				.with_context(|| format!("{PATH}: {name} is no table"))?;
			for (key, value) in section {
				let size = value.as_integer().and_then(|size| usize::try_from(size).ok());
				let size = size.with_context(|| format!("{PATH}: {key} = {value} is no size"))?;
				sizes.insert(key.clone(), size);
			}
		}
		Ok(ratchet)
	}

	/// The list with each entry at most as large as what `measured` says, without what `measured` lacks.
	pub(super) fn lowered(&self, measured: &Self) -> Self {
		let lower = |listed: &Sizes, measured: &Sizes| {
			let entry = |(name, size): (&String, &usize)| measured.get(name).map(|now| (name.clone(), *now.min(size)));
			listed.iter().filter_map(entry).collect()
		};
		Self {
			files: lower(&self.files, &measured.files),
			functions: lower(&self.functions, &measured.functions),
		}
	}

	pub(super) fn write(&self, root: &Path) -> Result<()> {
		fs::write(root.join(PATH), self.text()).with_context(|| format!("cannot write {PATH}"))
	}

	fn text(&self) -> String {
		let mut text = HEADER.to_owned();
		for (name, sizes) in [("files", &self.files), ("functions", &self.functions)] {
			text.push_str(&format!("\n[{name}]\n"));
			for (key, size) in sizes {
				text.push_str(&format!("\"{key}\" = {size}\n"));
			}
		}
		text
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn sizes(entries: &[(&str, usize)]) -> Sizes {
		entries.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect()
	}

	#[test]
	fn what_is_written_is_read_again() {
		let ratchet = Ratchet {
			files: sizes(&[("a/b.rs", 600)]),
			functions: sizes(&[("a/b.rs::long", 90)]),
		};
		assert_eq!(Ratchet::parse(&ratchet.text()).unwrap(), ratchet);
		assert_eq!(Ratchet::parse(&Ratchet::default().text()).unwrap(), Ratchet::default());
	}

	#[test]
	fn entries_are_lowered_and_dropped_but_never_raised_or_added() {
		let listed = Ratchet {
			files: sizes(&[("grown", 600), ("shrunk", 600), ("gone", 600)]),
			functions: Sizes::new(),
		};
		let measured = Ratchet {
			files: sizes(&[("grown", 700), ("shrunk", 550), ("new", 650)]),
			functions: sizes(&[("new::f", 99)]),
		};
		let lowered = listed.lowered(&measured);
		assert_eq!(lowered.files, sizes(&[("grown", 600), ("shrunk", 550)]));
		assert!(lowered.functions.is_empty());
	}

	#[test]
	fn a_broken_list_is_an_error_not_an_empty_list() {
		for text in [
			"[files",
			"[other]\n",
			"files = 1",
			"[files]\na = -1",
			"[files]\na = \"x\"",
		] {
			assert!(Ratchet::parse(text).is_err(), "{text}");
		}
	}
}
