//! The fallback where no distribution server answers: a toolchain for the runtime's wasm alone, made from
//! Debian's packages.
//!
//! Debian's newest compiler comes without a standard library for `wasm32v1-none` but with its source. `core`,
//! `alloc` and `compiler_builtins` are compiled from it, with bitcode embedded because the runtime is linked
//! with LTO, and laid into a small sysroot of our own. Nothing below `/usr` is touched beyond the packages:
//!
//! ```text
//! <cache>/wasm-toolchain/bin/rustc          calls Debian's with this folder as its sysroot
//!                        bin/cargo          calls Debian's with that rustc
//!                        bin/clippy-driver  lints nothing: passes a compilation through
//!                        lib/rustlib/<host>             Debian's, linked
//!                        lib/rustlib/wasm32v1-none/lib  the three libraries
//! ```

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{debian, wasm};
use crate::process;
use crate::workspace::{Workspace, shell_quoted};

/// The name that rustup knows the toolchain by.
pub(super) const NAME: &str = "ganglion-wasm";
/// Debian's packages: the compiler, its source, and the linker for wasm.
const PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22"];
/// Where Debian puts them. Not from the search path: there rustup's come first.
const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
const RUSTLIB: &str = "/usr/lib/rustlib";
/// Compiling three libraries takes a minute on an idle machine.
const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);
const LINK_LIMIT: Duration = Duration::from_secs(60);
/// To be raised when what is made here changes, so that it is made again.
const RECIPE: u32 = 1;

/// Where the toolchain is, made or not.
pub(super) fn folder(workspace: &Workspace) -> PathBuf {
	workspace.cache().join("wasm-toolchain")
}

/// Whether the toolchain is made, fits the compiler that is installed, and rustup knows it.
pub(super) fn is_ready(workspace: &Workspace) -> bool {
	let folder = folder(workspace);
	wasm::has_libraries(&wasm::target_libraries(&folder))
		&& fs::read_to_string(note(&folder)).ok() == debian_version(workspace).map(|it| noted(&it))
		&& process::probe(workspace.program("rustup").args(["run", NAME, "rustc", "--version"])).is_some()
}

/// Makes the toolchain and tells rustup about it.
///
/// # Errors
/// The packages cannot be installed, or the libraries do not compile.
pub(super) fn make(workspace: &Workspace) -> Result<()> {
	if !debian::installed(workspace, PACKAGES) {
		debian::install(workspace, PACKAGES, "a compiler for the runtime's wasm")?;
	}
	let version = debian_version(workspace)
		.with_context(|| format!("{RUSTC} does not answer although its package is installed"))?;
	let libraries = compile_libraries(workspace)?;
	let folder = folder(workspace);
	lay_out(&folder, &host(&version)?, &libraries)?;
	fs::write(note(&folder), noted(&version)).context("cannot note the compiler's version")?;
	let mut link = workspace.program("rustup");
	link.args(["toolchain", "link", NAME]).arg(&folder);
	process::quiet("rustup toolchain link", &mut link, LINK_LIMIT)?;
	if !is_ready(workspace) {
		bail!(
			"the toolchain {NAME} in {} was made but does not answer",
			folder.display()
		);
	}
	Ok(())
}

fn note(folder: &Path) -> PathBuf {
	folder.join("made-with")
}

fn noted(version: &str) -> String {
	format!("recipe {RECIPE}\n{version}\n")
}

fn debian_version(workspace: &Workspace) -> Option<String> {
	process::probe(workspace.program(RUSTC).arg("-vV"))
}

/// The host's triple, from what `rustc -vV` says.
fn host(version: &str) -> Result<String> {
	version
		.lines()
		.find_map(|line| line.strip_prefix("host: "))
		.map(str::to_owned)
		.with_context(|| format!("`{RUSTC} -vV` names no host:\n{version}"))
}

/// Compiles the target's libraries by building an empty crate with them. Returns their paths.
fn compile_libraries(workspace: &Workspace) -> Result<Vec<PathBuf>> {
	let scratch = workspace.cache().join("wasm-toolchain-build");
	if scratch.exists() {
		fs::remove_dir_all(&scratch).with_context(|| format!("cannot clear {}", scratch.display()))?;
	}
	fs::create_dir_all(scratch.join("src")).context("cannot make a scratch crate")?;
	fs::write(
		scratch.join("Cargo.toml"),
		"[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n",
	)?;
	fs::write(scratch.join("src/lib.rs"), "#![no_std]\n")?;
	let mut build = workspace.program(CARGO);
	build.current_dir(&scratch);
	for name in [
		"RUSTUP_TOOLCHAIN",
		"CARGO_ENCODED_RUSTFLAGS",
		"RUSTC_WORKSPACE_WRAPPER",
		"RUSTC_WRAPPER",
	] {
		build.env_remove(name);
	}
	build
		.env("RUSTC", RUSTC)
		.env("RUSTC_BOOTSTRAP", "1")
		.env("RUSTFLAGS", "-Cembed-bitcode=yes")
		.env("CARGO_TARGET_DIR", scratch.join("target"))
		.args(["build", "--release", "-Zbuild-std=core,alloc", "--target", wasm::TARGET]);
	process::quiet(
		&format!("compile core and alloc for {}", wasm::TARGET),
		&mut build,
		BUILD_LIMIT,
	)?;
	let compiled = scratch.join("target").join(wasm::TARGET).join("release/deps");
	if !wasm::has_libraries(&compiled) {
		bail!("{} lacks core, alloc or compiler_builtins", compiled.display());
	}
	Ok(fs::read_dir(&compiled)?
		.filter_map(|entry| Some(entry.ok()?.path()))
		.filter(|path| {
			let name = path.file_name().unwrap_or_default().to_string_lossy();
			name.ends_with(".rlib") && !name.starts_with("libempty-")
		})
		.collect())
}

/// Lays the toolchain out beside `folder` and puts it there in one step.
fn lay_out(folder: &Path, host: &str, libraries: &[PathBuf]) -> Result<()> {
	let fresh = folder.with_extension("new");
	for old in [&fresh, &folder.to_path_buf()] {
		if old.exists() {
			fs::remove_dir_all(old).with_context(|| format!("cannot remove {}", old.display()))?;
		}
	}
	let target = wasm::target_libraries(&fresh);
	fs::create_dir_all(&target).with_context(|| format!("cannot make {}", target.display()))?;
	for library in libraries {
		let name = library.file_name().context("a library without a name")?;
		fs::copy(library, target.join(name)).with_context(|| format!("{}", library.display()))?;
	}
	std::os::unix::fs::symlink(Path::new(RUSTLIB).join(host), fresh.join("lib/rustlib").join(host))
		.context("cannot link the host's libraries")?;
	let bin = fresh.join("bin");
	fs::create_dir_all(&bin)?;
	// The scripts name the final place: cargo and rustup call them from there.
	let home = shell_quoted(folder.to_str().context("the cache's path is not UTF-8")?);
	script(&bin.join("rustc"), &format!("exec {RUSTC} --sysroot {home} \"$@\""))?;
	script(
		&bin.join("cargo"),
		&format!("PATH={home}/bin:$PATH RUSTC={home}/bin/rustc exec {CARGO} \"$@\""),
	)?;
	// The workspace's wrapper: lints belong to the pinned toolchain, here it only has to compile.
	script(&bin.join("clippy-driver"), "exec \"$@\"")?;
	fs::rename(&fresh, folder).with_context(|| format!("cannot make {}", folder.display()))
}

fn script(path: &Path, line: &str) -> Result<()> {
	fs::write(path, format!("#!/bin/sh\n{line}\n"))
		.and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o755)))
		.with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_host_is_read_from_the_compilers_version() {
		let version = "rustc 1.96.0\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\nrelease: 1.96.0";
		assert_eq!(host(version).unwrap(), "x86_64-unknown-linux-gnu");
		assert!(host("rustc 1.96.0").is_err());
	}

	#[test]
	fn a_toolchain_has_scripts_that_run_and_the_libraries() {
		let cache = tempfile::tempdir().unwrap();
		let library = cache.path().join("libcore-1.rlib");
		fs::write(&library, b"x").unwrap();
		let folder = cache.path().join("it's a toolchain");
		for _ in 0..2 {
			lay_out(&folder, "some-host", std::slice::from_ref(&library)).unwrap();
		}
		assert!(wasm::target_libraries(&folder).join("libcore-1.rlib").is_file());
		assert!(folder.join("lib/rustlib/some-host").is_symlink());
		let mut wrapper = std::process::Command::new(folder.join("bin/clippy-driver"));
		assert_eq!(
			process::probe(wrapper.args(["echo", "passed through"])).unwrap(),
			"passed through"
		);
		assert!(!folder.with_extension("new").exists());
	}
}
