//! Where things are on this machine, and the environment that every child cargo process gets.
//!
//! All clones on a machine share one target directory outside the checkout, and every cargo process of
//! ours runs with the same environment. Both matter for the same reason: build scripts are run again when
//! a variable that they watch changes, and the dependency graph takes most of an hour to compile.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The checkout, the caches beside it, and what child processes are told.
pub(crate) struct Workspace {
	root: PathBuf,
	target: PathBuf,
	cache: PathBuf,
	environment: BTreeMap<String, String>,
}

impl Workspace {
	/// Finds the checkout that this program was built from, and the caches of the user who runs it.
	pub(crate) fn find() -> Result<Self> {
		let manifest_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
		let here = std::env::current_dir().context("the current folder cannot be read")?;
		// `cargo run` names the checkout it works for; the built-in path serves a binary started by hand.
		let root = std::env::var_os("CARGO_MANIFEST_DIR")
			.map_or_else(|| manifest_folder.to_path_buf(), PathBuf::from)
			.parent()
			.map(Path::to_path_buf)
			.context("the crate xtask has no folder above it")?;
		if !root.join("Cargo.toml").is_file() {
			bail!(
				"{} is no checkout of this project: it has no Cargo.toml; run `cargo xtask` inside one",
				root.display()
			);
		}
		let home = std::env::var_os("HOME").map(PathBuf::from);
		let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
		let target = target_folder(variable("CARGO_TARGET_DIR"), home.as_deref(), &here)?;
		let cache = cache_folder(variable("XDG_CACHE_HOME"), home.as_deref())?;
		let environment = BTreeMap::from([("CARGO_TARGET_DIR".to_owned(), text(&target)?)]);
		Ok(Self {
			root,
			target,
			cache,
			environment,
		})
	}

	/// The checkout's top folder.
	pub(crate) fn root(&self) -> &Path {
		&self.root
	}

	/// The target directory of every cargo process of ours.
	pub(crate) fn target(&self) -> &Path {
		&self.target
	}

	/// The folder for what is fetched or built once per machine: models, the fallback wasm toolchain.
	pub(crate) fn cache(&self) -> &Path {
		&self.cache
	}

	/// Where the build leaves the binary `name`.
	pub(crate) fn binary(&self, name: &str) -> PathBuf {
		self.target
			.join("debug")
			.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
	}

	/// What child cargo processes get on top of the inherited environment.
	pub(crate) fn environment(&self) -> &BTreeMap<String, String> {
		&self.environment
	}

	/// Adds a variable to the environment of every later child cargo process.
	pub(crate) fn export(&mut self, name: &str, value: &Path) -> Result<()> {
		self.environment.insert(name.to_owned(), text(value)?);
		Ok(())
	}

	/// A cargo process in the checkout, with the shared target directory and environment.
	pub(crate) fn cargo(&self) -> Command {
		let mut command = self.program("cargo");
		command.envs(&self.environment);
		command
	}

	/// Any program, in the checkout, without what `cargo run` put into our own environment.
	pub(crate) fn program(&self, program: &str) -> Command {
		let mut command = Command::new(program);
		command.current_dir(&self.root);
		for (name, _) in std::env::vars_os() {
			if name.to_str().is_some_and(is_set_by_cargo_run) {
				command.env_remove(name);
			}
		}
		if let Some(paths) = std::env::var_os("LD_LIBRARY_PATH") {
			match self.foreign_library_paths(&paths) {
				Some(kept) => command.env("LD_LIBRARY_PATH", kept),
				None => command.env_remove("LD_LIBRARY_PATH"),
			};
		}
		command
	}

	/// The library paths that the user set: those that `cargo run` put in front lie below a target
	/// directory or a toolchain.
	fn foreign_library_paths(&self, paths: &OsString) -> Option<OsString> {
		let kept: Vec<PathBuf> = std::env::split_paths(paths)
			.filter(|path| {
				let in_toolchain = path
					.components()
					.any(|part| part.as_os_str() == "rustlib" || part.as_os_str() == "toolchains");
				!path.as_os_str().is_empty()
					&& !in_toolchain
					&& !path.starts_with(&self.target)
					&& !path.starts_with(&self.root)
			})
			.collect();
		if kept.is_empty() {
			None
		} else {
			std::env::join_paths(kept).ok()
		}
	}
}

/// Whether `cargo run` sets this variable for the program it starts. Passed on to a child cargo process,
/// such variables make build scripts that watch them run again (ring's does), and all that hangs on them.
fn is_set_by_cargo_run(name: &str) -> bool {
	const EXACT: [&str; 7] = [
		"CARGO",
		"CARGO_BIN_NAME",
		"CARGO_CRATE_NAME",
		"CARGO_MANIFEST_DIR",
		"CARGO_MANIFEST_PATH",
		"CARGO_PRIMARY_PACKAGE",
		"OUT_DIR",
	];
	EXACT.contains(&name) || name.starts_with("CARGO_PKG_")
}

fn target_folder(set: Option<OsString>, home: Option<&Path>, here: &Path) -> Result<PathBuf> {
	match (set, home) {
		(Some(path), _) => Ok(here.join(path)),
		(None, Some(home)) => Ok(home.join(".cache/ganglion/target")),
		(None, None) => bail!(
			"neither CARGO_TARGET_DIR nor HOME is set, so there is no place to build in; \
			type: export CARGO_TARGET_DIR=<folder>"
		),
	}
}

fn cache_folder(set: Option<OsString>, home: Option<&Path>) -> Result<PathBuf> {
	// The base-directory rules say that a relative XDG_CACHE_HOME is to be ignored.
	let base = set
		.map(PathBuf::from)
		.filter(|path| path.is_absolute())
		.or_else(|| home.map(|home| home.join(".cache")))
		.context(
			"neither XDG_CACHE_HOME nor HOME is set, so there is no place for the model; \
			type: export XDG_CACHE_HOME=<folder>",
		)?;
	Ok(base.join("ganglion"))
}

fn text(path: &Path) -> Result<String> {
	path.to_str().map(str::to_owned).with_context(|| {
		format!(
			"the path {} is not UTF-8: cargo cannot be told about it",
			path.display()
		)
	})
}

/// `value` as one word for a POSIX shell.
pub(crate) fn shell_quoted(value: &str) -> String {
	let plain = |character: char| character.is_ascii_alphanumeric() || "/._-+:=".contains(character);
	if !value.is_empty() && value.chars().all(plain) {
		return value.to_owned();
	}
	format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn target_folder_is_outside_the_checkout_unless_set() {
		let home = Path::new("/h");
		let here = Path::new("/c");
		assert_eq!(
			target_folder(None, Some(home), here).unwrap(),
			Path::new("/h/.cache/ganglion/target")
		);
		assert_eq!(
			target_folder(Some("/t".into()), Some(home), here).unwrap(),
			Path::new("/t")
		);
		assert_eq!(target_folder(Some("t".into()), None, here).unwrap(), Path::new("/c/t"));
		let error = target_folder(None, None, here).unwrap_err().to_string();
		assert!(error.contains("export CARGO_TARGET_DIR"), "{error}");
	}

	#[test]
	fn cache_folder_follows_xdg_but_ignores_a_relative_one() {
		let home = Some(Path::new("/h"));
		assert_eq!(cache_folder(None, home).unwrap(), Path::new("/h/.cache/ganglion"));
		assert_eq!(cache_folder(Some("/x".into()), home).unwrap(), Path::new("/x/ganglion"));
		assert_eq!(
			cache_folder(Some("x".into()), home).unwrap(),
			Path::new("/h/.cache/ganglion")
		);
		assert!(cache_folder(None, None).is_err());
	}

	#[test]
	fn what_cargo_run_sets_is_not_passed_on_but_the_users_settings_are() {
		for name in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "CARGO", "OUT_DIR"] {
			assert!(is_set_by_cargo_run(name), "{name}");
		}
		for name in [
			"CARGO_HOME",
			"CARGO_TARGET_DIR",
			"CARGO_TERM_COLOR",
			"CARGO_NET_OFFLINE",
		] {
			assert!(!is_set_by_cargo_run(name), "{name}");
		}
	}

	#[test]
	fn library_paths_of_the_user_are_kept() {
		let workspace = Workspace {
			root: "/c".into(),
			target: "/t".into(),
			cache: "/k".into(),
			environment: BTreeMap::new(),
		};
		let mixed = "/t/debug/deps:/r/toolchains/1/lib:/opt/lib:".into();
		assert_eq!(workspace.foreign_library_paths(&mixed), Some("/opt/lib".into()));
		assert_eq!(workspace.foreign_library_paths(&"/t/debug:/c/target".into()), None);
	}

	#[test]
	fn shell_words_survive_quotes_and_spaces() {
		assert_eq!(shell_quoted("/a/b-c.d"), "/a/b-c.d");
		assert_eq!(shell_quoted("a b"), "'a b'");
		assert_eq!(shell_quoted("it's"), r"'it'\''s'");
		assert_eq!(shell_quoted(""), "''");
	}
}
